"""Hybridized blocks show what the blocks as they are written show, and run graphs: one forward pass at a time."""

from collections import OrderedDict, namedtuple
from types import SimpleNamespace

import numpy as onp
import pytest
from twins import Written, arrays_in, compare, forward_frames, noise

import mxnet as mx
from mxnet import autograd, gluon, nd, np, npx
from mxnet.gluon import nn

Pair = namedtuple("Pair", ["first", "second"])


def dense():
    return nn.Dense(3, in_units=3)


def norm():
    return nn.BatchNorm(in_channels=3)


def hybridized(forward, **children):
    net = Written(forward, **children)
    net.initialize()
    net.hybridize()
    return net


# Inputs and outputs


def test_nothing_runs_in_the_first_call_but_the_graph():
    seen = []

    def forward(net, x):
        seen.append(repr(x))
        return npx.dropout(net.norm(x), 0.5) + np.random.normal(size=x.shape)

    net, twin = hybridized(forward, norm=norm()), Written(forward, norm=norm())
    twin.initialize()
    x = noise(4, 3)
    statistics = net.norm.running_mean.data().copy()
    mx.random.seed(5)
    net.optimize_for(x)
    assert len(seen) == 1 and "without values" in seen[0]
    with autograd.record():  # another form, so that it is traced anew
        net.optimize_for(x)
    assert (net.norm.running_mean.data() == statistics).all()
    found = net(x)
    mx.random.seed(5)
    assert (found == twin(x)).all()  # tracing has drawn nothing


@pytest.mark.parametrize("request_", ["write", "add", "null"])
def test_gradients_of_inputs_and_parameters(request_):
    def forward(net, x, y):
        return net.second(npx.relu(net.norm(net.first(x)))) * y + x

    def make():
        return Written(forward, first=dense(), norm=norm(), second=dense())

    def ask(net):
        net.setattr("grad_req", request_)

    compare(make, noise(4, 3), noise(4, 3, seed=1), request=request_, before=ask)


def test_nested_inputs_and_outputs():
    def forward(net, x, nested, named, table):
        y = net.dense(x) * nested[0] + nested[1][1][0]
        return [y, (x * named.first, {"z": y * table["a"]})], Pair(named.second, y), OrderedDict(b=y, a=table["b"] * 1)

    x, y = noise(2, 3), noise(2, 3, seed=1)
    nested = [noise(2, 3, seed=2), (None, [noise(3, seed=3)])]
    compare(lambda: Written(forward, dense=dense()), x, nested, Pair(y, 5), {"b": x, "a": y})


def test_arguments_that_are_no_arrays():
    def forward(net, x, factor, act, axes, mask, flag, part):
        out = npx.activation(x * factor, act).sum(axis=axes)[part]
        return (out if mask is None else out * mask), flag and factor, x.shape, act

    inputs = (noise(2, 3), 2.5, "relu", (0,), None, True, ...)
    net = compare(lambda: Written(forward), *inputs)
    x = inputs[0]
    for others in ((2, "tanh", 1, None, False, 0), (True, "relu", 0, noise(3), True, ...), (1, "relu", 0, None, 1, 1)):
        expected, found = forward(net, x, *others), net(x, *others)
        assert (found[0] == expected[0]).all()
        assert found[1:] == expected[1:] and type(found[1]) is type(expected[1])


def test_arguments_that_graphs_cannot_be_told_apart_by():
    def forward(net, x, other):
        return x * np.array(getattr(other, "values", other))

    given = SimpleNamespace(values=noise(2, 3, seed=1))
    for other in (onp.ones((2, 3), "float32"), given):
        net = compare(lambda: Written(forward), noise(2, 3), other, graph=False)
    given.values = noise(2, 3, seed=2)
    assert (net(noise(2, 3), given) == noise(2, 3) * given.values).all()
    net.hybridize(partition_if_dynamic=False)
    with pytest.raises(mx.MXNetError, match="is given an object that is not hashable"):
        net(noise(2, 3), given)


def test_objects_with_arrays_are_returned_with_values():
    compare(lambda: Written(lambda net, x: SimpleNamespace(y=x * 2).y), noise(2, 3))
    net = hybridized(lambda net, x: SimpleNamespace(y=x * 2))
    assert (net(noise(2, 3)).y == noise(2, 3) * 2).all()


@pytest.mark.parametrize(
    "forward",
    [
        lambda net, x, y: x,
        lambda net, x, y: (y, x, x),
        lambda net, x, y: [x * y] * 3,
        lambda net, x, y: (lambda z: (z, z.reshape(-1), z, z.T, z[0], z[:, 1:]))(x + y),
        lambda net, x, y: (x.reshape(-1), x.T, x[0], x[:, 1:], x.detach(), x),
        lambda net, x, y: (x.sum(), y.mean() * x, np.array(3.0) * x.sum()),
        lambda net, x, y: (net.dense.weight.data(), net.dense.weight.data().T, net.dense(x)),
        lambda net, x, y: (None, 3, "text", True, [], (), {}, x.shape, x.dtype),
        lambda net, x, y: (np.zeros((2, 3)), np.arange(3), np.ones_like(x), np.full((2,), 7.0), x),
    ],
)
def test_outputs_of_all_kinds(forward):
    compare(lambda: Written(forward, dense=dense()), noise(2, 3), noise(2, 3, seed=1))


def test_outputs_that_were_inputs_are_the_same_arrays():
    x, y = noise(2, 3), noise(2, 3)
    found = hybridized(lambda net, x, y: (y, [x, x * 2], y))(x, y)
    assert found[0] is y and found[2] is y and found[1][0] is x
    first, second = hybridized(lambda net, x: [x * 2] * 2)(x)
    assert first is second


def test_outputs_share_no_memory_with_inputs_whatever_the_layout():
    image = np.array(onp.ones((2, 4, 5, 3), "float32")).transpose(0, 3, 1, 2)  # channels last in memory
    net = hybridized(lambda net, x: (x.transpose(0, 2, 3, 1).reshape(-1), x.transpose(0, 2, 3, 1), x.reshape(-1)))
    for output in net(image):
        output[:] = 0
    assert (image == 1).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int32", "int64", "uint8", "bool"])
def test_types(dtype):
    compare(lambda: Written(lambda net, x, y: (x * 2, x + y, x.sum(), npx.relu(x) if x.dtype != bool else x)),
            noise(2, 3, dtype=dtype), noise(2, 3, dtype=dtype, seed=1))  # fmt: skip


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3), (), (1,)])
def test_shapes(shape):
    compare(lambda: Written(lambda net, x: (x * 2, x.sum(), x.reshape(-1), np.expand_dims(x, 0))), noise(*shape))
    if len(shape) > 1:
        compare(lambda: Written(lambda net, x: net.dense(x), dense=nn.Dense(2, flatten=False)), noise(*shape))


def test_arrays_of_both_faces():
    def forward(net, x, y):
        return nd.relu(x), x.as_np_ndarray(), x.as_np_ndarray() * y, nd.FullyConnected(
            x, nd.ones((4, 3)), num_hidden=4, no_bias=True
        ), y.as_nd_ndarray()  # fmt: skip

    compare(lambda: Written(forward), noise(2, 3).as_nd_ndarray(), noise(2, 3, seed=1))
    net = hybridized(lambda net, x: x * 2)
    assert [type(net(x)) for x in (noise(2), noise(2).as_nd_ndarray())] == [np.ndarray, nd.NDArray]


def test_python_decides_anew_for_each_form():
    def forward(net, x, y=None):
        if x.shape[0] > 2 or y is not None:
            return x * 2
        return x.astype("float32") + autograd.is_training() + 2 * autograd.is_recording()

    net, twin = hybridized(forward), Written(forward)
    for x in (noise(2, 3), noise(4, 3), noise(2, 3, dtype="float16"), noise(2, 3).as_nd_ndarray()):
        for recorded, training in ((False, False), (True, True), (True, False), (False, True)):
            with autograd._Scope(recorded, training):
                for inputs in ((x,), (x, x), (x, None)):
                    assert (net(*inputs).asnumpy() == twin(*inputs).asnumpy()).all()
                    assert forward_frames(net, *inputs) == 0


# Order of operators, states, random numbers


def test_states_are_updated_in_the_order_of_the_forward_pass():
    def forward(net, x):
        first = net.norm(x)
        second = net.norm(x * 3 + 1)
        return second * 2 - first, net.norm.running_mean.data() * 1, net.norm.running_var.data()

    compare(lambda: Written(forward, norm=norm()), noise(4, 3))


def test_random_numbers_are_drawn_in_the_order_of_the_forward_pass():
    def forward(net, x):
        first = net.drop(x)
        np.random.uniform(size=(3,))  # nobody uses it
        second = net.drop(x * 2) * np.random.normal(size=x.shape)
        return second - first

    net = compare(lambda: Written(forward, drop=nn.Dropout(0.5)), noise(4, 3))
    assert not (net(noise(4, 3)) == net(noise(4, 3))).all()


def test_states_of_results_that_nobody_uses():
    def forward(net, x):
        net.norm(x)
        return x * 2

    net = compare(lambda: Written(forward, norm=norm()), noise(4, 3))
    assert not (net.norm.running_mean.data() == 0).any()


def test_another_mode_inside():
    def forward(net, x):
        with autograd.train_mode():
            y = net.drop(x)
        with autograd.predict_mode():
            return net.norm(y) + x

    def make():
        return Written(forward, drop=nn.Dropout(0.5), norm=norm())

    compare(make, noise(4, 3), graph=False)


# Gradients


def _paused(net, x):
    with autograd.pause(train_mode=autograd.is_training()):
        y = net.second(x)
    return net.first(x) + y, y.argmax(axis=1)


@pytest.mark.parametrize(
    "forward",
    [
        lambda net, x: net.first(x),
        lambda net, x: net.first(x).argmax(axis=1),
        lambda net, x: net.first(x) + npx.stop_gradient(net.second(x)),
        lambda net, x: net.first(x) + net.second(x).detach(),
        lambda net, x: (net.first(x), npx.stop_gradient(net.second(x)), (net.second(x) > 0) * x),
        lambda net, x: (net.first(npx.stop_gradient(x)) > 0).astype("float32") * x,
        lambda net, x: np.where(net.first(x) > net.second(x), x, npx.stop_gradient(net.first(x))),
        _paused,
    ],
)
def test_where_gradients_end(forward):
    compare(lambda: Written(forward, first=dense(), second=dense()), noise(2, 3))


def test_dead_ends_before_and_behind_a_graph():
    def run(hybridize):
        mx.random.seed(3)
        net = Written(lambda net, x, y: (x * 2 + net.dense(y), x * 1), dense=dense())
        net.initialize()
        net.hybridize(hybridize)
        given = [noise(2, 3, seed=seed) for seed in range(3)]
        for each in given:
            each.attach_grad()
            each.grad[:] = 3
        with autograd.record():
            first, second = net(npx.stop_gradient(given[0] * 2) * given[1], given[2])
            loss = npx.stop_gradient(second) * second + 0 * second
        loss.backward()
        return [each.grad.asnumpy() for each in given] + [net.dense.weight.grad().asnumpy()]

    for one, other in zip(run(False), run(True), strict=True):
        onp.testing.assert_array_equal(one, other)


def test_gradients_of_gradients():
    def run(hybridize):
        mx.random.seed(3)
        net = nn.HybridSequential()
        net.add(nn.Dense(4, activation="tanh", in_units=3), nn.LayerNorm(in_channels=4), nn.Dense(2, in_units=4))
        net.initialize(mx.init.Normal(1))
        net.hybridize(hybridize)
        x = noise(2, 3)
        x.attach_grad()
        with autograd.record():
            y = net(x)
            (slope,) = autograd.grad((y * y).sum(), [x], create_graph=True)
            loss = (slope * slope).sum()
        loss.backward()
        return [x.grad.asnumpy(), *[param.grad().asnumpy() for param in net.collect_params().values()]]

    for one, other in zip(run(False), run(True), strict=True):
        assert one.any() or one.shape == (2,)
        onp.testing.assert_array_equal(one, other)


def test_a_state_carried_from_one_tape_to_the_next():
    def run(hybridize):
        mx.random.seed(3)
        net = Written(lambda net, x, state: npx.stop_gradient(state) * 2 + net.dense(x) + state, dense=dense())
        net.initialize()
        net.hybridize(hybridize)
        state, seen = np.zeros((2, 3)), []
        for step in range(5):
            with autograd.record():
                for _ in range(1 + step % 2):  # the state comes from the last tape, or from this one
                    state = net(noise(2, 3), state)
                loss = (state * state).sum()
            loss.backward()
            seen += [loss.item(), net.dense.weight.grad().tolist()]
        return seen

    assert run(True) == run(False)


def test_a_function_with_its_own_gradient_keeps_it():
    class Square(autograd.Function):
        def forward(self, x):
            self.save_for_backward(x)
            return x * x

        def backward(self, gradient):
            return 5 * self.saved_tensors[0] * gradient

    def make():
        return Written(lambda net, x: Square()(net.dense(x)), dense=dense())

    compare(make, noise(2, 3), graph=False, passes=[(True, True), (True, False)])
    compare(make, noise(2, 3), passes=[(False, True), (False, False)])


def test_recording_inside():
    def forward(net, x):
        weight = np.ones((3,))
        weight.attach_grad()
        with autograd.record():
            loss = (weight * x.detach()).sum()
        loss.backward()
        return x + weight.grad

    compare(lambda: Written(forward), noise(2, 3), graph=False)


# Where no graph holds the forward pass


@pytest.mark.parametrize(
    "forward",
    [
        lambda net, x: x[x[:, 0] > 0],
        lambda net, x: (x * 2, np.nonzero(x > 0)),
        lambda net, x: npx.cond(x.sum() < 0, lambda x: x * 2, lambda x: x * 3, x),
        lambda net, x: npx.while_loop(
            lambda count, y: count < 3, lambda count, y: (y, (count + 1, y * 2)), (x.sum() * 0, x), max_iterations=5
        ),
    ],
)
def test_shapes_and_conditions_that_hang_on_values(forward):
    def whole(net, x):
        return forward(net, net.dense(x))

    net = compare(lambda: Written(whole, dense=dense()), noise(5, 3), graph=False)
    assert forward_frames(net.dense, noise(5, 3)) == 0
    net.hybridize(partition_if_dynamic=False)
    with pytest.raises(mx.MXNetError, match="Written cannot be one graph: .*values"):
        net(noise(5, 3))


def test_loops_over_arrays():
    def forward(net, x, state):
        return npx.foreach(lambda row, state: (net.dense(row) + state, state * 2), x, state)

    compare(lambda: Written(forward, dense=dense()), noise(4, 2, 3), noise(2, 3))


def test_writing_to_an_input():
    def forward(net, x):
        with autograd.pause():
            x += 1
        return x * 2

    net, x = hybridized(forward), noise(2, 3)
    for call in range(1, 4):
        assert (net(x) == x * 2).all()
        onp.testing.assert_allclose(x.asnumpy(), noise(2, 3).asnumpy() + call, rtol=1e-6)


def test_blocks_that_are_not_hybrid_run_as_they_are():
    class Outer(gluon.Block):
        def __init__(self):
            super().__init__()
            self.calls = 0
            self.inner = nn.HybridSequential()
            self.inner.add(nn.Dense(3, in_units=3), nn.BatchNorm(in_channels=3))

        def forward(self, x):
            self.calls += 1
            return self.inner(x) * float(x.sum())

    net = compare(Outer, noise(4, 3), graph=False)
    assert net.calls == 10  # passes, and those of the count of frames
    assert forward_frames(net.inner, noise(4, 3)) == 0


def test_refusals_of_operators_when_the_graph_runs():
    net = hybridized(lambda net, x, places: nd.take(x, places, mode="raise"))
    x = nd.ones((3, 2))
    assert net(x, nd.array([1])).shape == (1, 2)
    for active in (True, False):
        net.hybridize(active)
        with pytest.raises(mx.MXNetError, match="index 7 is out of bounds"):
            net(x, nd.array([7]))
    net = hybridized(lambda net, x: np.linalg.cholesky(x))
    for active in (True, False):
        net.hybridize(active)
        with pytest.raises(mx.MXNetError, match="not positive-definite"):
            net(-np.eye(2))


def test_arrays_are_found_in_arguments():
    assert list(arrays_in([1, {"a": (noise(2), None)}]))  # the comparison above compares nothing otherwise
