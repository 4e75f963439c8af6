"""Hybridized blocks that change, are copied, called from threads and let go of: graphs are never stale, and freed."""

import copy
import gc
import threading
import tracemalloc
import weakref

import numpy as onp
import pytest
import torch
from twins import Written, arrays_in, compare, forward_frames, noise, observe, values

import mxnet as mx
from mxnet import autograd, gluon, np, npx
from mxnet.gluon import nn


def dense():
    return nn.Dense(3, in_units=3)


def network(hybridize=True):
    net = nn.HybridSequential()
    net.add(nn.Dense(4, activation="relu"), nn.BatchNorm(), nn.Dropout(0.5), nn.Dense(3))
    net.initialize(mx.init.Normal(0.5))
    net.hybridize(hybridize)
    return net


def eager(net, *inputs):
    """What a block computes as it is written."""
    twin = copy.deepcopy(net)
    twin.hybridize(False)
    return twin(*inputs)


def assert_current(net, *inputs):
    """Assert that a hybridized block computes what it would unhybridized, by a graph from the second call on."""
    expected = values(arrays_in(eager(net, *inputs)))
    for _ in range(2):
        for (_, one), (_, other) in zip(values(arrays_in(net(*inputs))), expected, strict=True):
            onp.testing.assert_array_equal(one, other, strict=True)
    assert forward_frames(net, *inputs) == 0


# Values


def test_constants_of_closures_are_read_anew():
    constant = noise(2, 3, seed=1)
    net, x = Written(lambda net, x: x * constant), noise(2, 3)
    net.hybridize()
    assert (net(x) == x * constant).all()
    constant[:] = 5
    assert (net(x) == x * 5).all()
    constant += 1
    assert (net(x) == x * 6).all()
    constant[0] = 0
    assert (net(x)[0] == 0).all()


def test_a_constant_that_gets_a_gradient_later():
    constant, x = noise(2, 3, seed=1), noise(2, 3)
    net = Written(lambda net, x: x * constant + npx.stop_gradient(constant) * 2)
    net.hybridize()
    with autograd.record():
        net(x)
    constant.attach_grad()
    for _ in range(2):
        with autograd.record():
            y = net(x)
        y.backward()
        assert (constant.grad == x).all()
    constant.drop_grad()
    with autograd.record():
        y = net(x)
    assert not y._data.requires_grad


def test_set_data_load_parameters_and_trainer_steps(tmp_path):
    net, x = network(), noise(4, 5)
    net(x)
    net[0].weight.set_data(noise(4, 5, seed=3))
    assert_current(net, x)
    net[3].bias.data()[:] = 7
    assert_current(net, x)
    other = network(hybridize=False)
    other(x)
    other.save_parameters(str(tmp_path / "other.params"))
    net.load_parameters(str(tmp_path / "other.params"))
    assert (net(x) == other(x)).all()
    net.initialize(mx.init.Normal(2), force_reinit=True)
    assert_current(net, x)


def test_training_takes_the_same_way():
    def train(hybridize):
        mx.random.seed(3)
        net = network(hybridize)
        net(noise(8, 5))
        trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})
        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        loss.hybridize(hybridize)
        for step in range(5):
            with autograd.record():
                value = loss(net(noise(8, 5, seed=step)), np.arange(8) % 3)
            value.backward()
            trainer.step(8)
        return [value.asnumpy()] + [param.data().asnumpy() for param in net.collect_params().values()]

    for one, other in zip(train(True), train(False), strict=True):
        onp.testing.assert_array_equal(one, other)


# Make


def test_freezing_and_unfreezing():
    net, x = Written(lambda net, x: net.dense(x), dense=dense()), noise(2, 3)
    net.initialize()
    net.hybridize()

    def gradients():
        with autograd.record():
            y = net(x)
        y.backward()
        return [param.data().grad for param in net.collect_params().values()]

    first = gradients()[0].asnumpy()
    net.dense.weight.grad_req = "null"
    assert gradients()[0] is None
    net.dense.weight.grad_req = "add"
    gradients()
    onp.testing.assert_array_equal(gradients()[0].asnumpy(), 2 * first)
    net.setattr("grad_req", "null")
    with autograd.record():
        assert not net(x)._data.requires_grad
    net.dense.bias.data().attach_grad()  # behind the parameter's back
    assert gradients()[1].tolist() == [2, 2, 2]


def test_casting_moving_and_another_child():
    net, x = network(), noise(4, 5)
    net(x)
    net.cast("float64")
    assert_current(net, x.astype("float64"))
    net.cast("float32")
    assert_current(net, x)
    net.reset_device(mx.cpu(1))
    assert net(x.as_in_ctx(mx.cpu(1))).device == mx.cpu(1)
    net.reset_device(mx.cpu(0))
    net.add(nn.Dense(2, in_units=3))
    net[-1].initialize()
    assert_current(net, x)
    assert net(x).shape == (4, 2)


def test_a_replaced_child_and_a_replaced_parameter():
    net, x = (
        Written(lambda net, x: net.inner(x), inner=Written(lambda net, x: net.dense(x), dense=dense())),
        noise(2, 3),
    )
    net.initialize()
    net.hybridize()
    assert_current(net, x)
    net.inner.dense = dense()
    net.initialize(mx.init.Normal(1), force_reinit=True)
    assert_current(net, x)
    net.inner.dense.weight = gluon.Parameter("weight", shape=(3, 3))
    net.inner.dense.weight.initialize(mx.init.One())
    assert_current(net, x)
    other = dense()
    other.initialize(mx.init.Normal(3))
    net.inner.dense.share_parameters(other.collect_params())
    assert_current(net, x)
    assert (net(x) == other(x)).all()


def test_hybridizing_again_and_not():
    net, x = network(), noise(4, 5)
    net(x)
    assert forward_frames(net, x) == 0
    net.hybridize(False)
    assert forward_frames(net, x) == 6
    net[0].hybridize()  # a part of it only
    net(x)
    assert forward_frames(net, x) == 4
    net.hybridize(static_alloc=True)
    net(x)
    assert forward_frames(net, x) == 0


def test_python_attributes_count_until_the_next_hybridize():
    def forward(net, x):
        return x * net.factor

    net = Written(forward)
    net.factor = 2
    net.hybridize()
    net(noise(3))
    net.factor = 3
    assert (net(noise(3)) == noise(3) * 2).all()
    net.hybridize()
    assert (net(noise(3)) == noise(3) * 3).all()


# Parameters


def test_deferred_parameters_are_filled_as_without_a_graph():
    x = noise(4, 5)
    for recorded in (False, True):
        parameters = []
        for hybridize in (False, True):
            mx.random.seed(3)
            net = nn.HybridSequential()
            net.add(nn.Dense(4), nn.HybridConcatenate(), nn.LayerNorm(), nn.Dense(2))
            net[1].add(nn.Dense(3), nn.Dense(2, use_bias=False), nn.Identity())
            net.initialize(mx.init.Normal(0.5))
            net.hybridize(hybridize)
            with autograd._Scope(recorded, recorded):
                net(x)
            parameters.append([param.data().asnumpy() for param in net.collect_params().values()])
        for one, other in zip(*parameters, strict=True):
            onp.testing.assert_array_equal(one, other)


def test_parameters_that_the_forward_pass_does_not_use():
    def forward(net, x):
        return net.first(x)

    def make():
        return Written(forward, first=dense(), second=nn.Dense(4, in_units=3), third=nn.Dense(4))

    net = compare(make, noise(2, 3))
    assert net.third.weight.shape == (4, -1)
    with pytest.raises(gluon.DeferredInitializationError):
        net.third.weight.data()


def test_shared_parameters():
    def make():
        net = nn.HybridSequential()
        net.add(dense(), nn.Dense(3, activation="tanh", in_units=3), dense())
        net[2].share_parameters(net[0].collect_params())
        return net

    net = compare(make, noise(2, 3))
    assert net[0].weight is net[2].weight


def test_a_block_called_twice():
    compare(lambda: Written(lambda net, x: net.dense(npx.relu(net.dense(x))), dense=dense()), noise(2, 3))


def test_replicas_on_two_devices():
    devices = [mx.cpu(0), mx.cpu(1)]
    net, x = dense(), noise(4, 3)
    net.initialize(device=devices)
    net.hybridize()

    def outputs():
        return [net(x.as_in_ctx(device)) for device in devices]

    for _ in range(2):
        with autograd.record():
            found = outputs()
        autograd.backward(found)
        assert [output.device for output in found] == devices
    first, second = net.weight.list_grad()
    assert first.asnumpy().any() and (first.asnumpy() == second.asnumpy()).all()
    net.weight.list_data()[1][:] = 0
    assert [output.asnumpy().any() for output in outputs()] == [True, False]
    net.reset_device(devices[0])
    expected = net(x).asnumpy()
    net.reset_device(devices)
    assert all((output.asnumpy() == expected).all() for output in outputs())
    net.initialize(mx.init.Zero(), device=devices, force_reinit=True)
    assert not any(output.asnumpy().any() for output in outputs())


# Hooks


def test_hooks_of_the_root_are_called_around_the_graph():
    net, x, seen = network(), noise(4, 5), []
    before = net.register_forward_pre_hook(lambda block, inputs: seen.append(("before", block, inputs[0])))
    after = net.register_forward_hook(lambda block, inputs, out: seen.append(("after", block, out)))
    net(x)
    seen.clear()
    assert forward_frames(net, x) == 0
    assert [(kind, block) for kind, block, _ in seen] == [("before", net), ("after", net)]
    assert seen[0][2] is x
    before.detach()
    after.detach()
    net(x)
    assert len(seen) == 2


def test_hooks_of_children_are_called_every_time():
    net, x, seen = network(), noise(4, 5), []
    net(x)
    handle = net[0].register_forward_hook(lambda block, inputs, out: seen.append(out))
    for calls in range(1, 4):
        expected = eager(net, x)
        assert (net(x) == expected).all()
        assert len(seen) == 2 * calls and not seen[-1]._data.is_meta
    handle.detach()
    net(x)
    assert forward_frames(net, x) == 0


def test_hooks_on_operators_see_the_pass_and_change_nothing():
    def forward(net, x):
        first = net.drop(x)
        np.random.uniform(size=(3,))
        return net.drop(x) - first

    def seen_by_user(*hooks):
        net = Written(forward, drop=nn.Dropout(0.5))
        net.hybridize()
        for hook in hooks:
            net.register_op_hook(hook)
        return observe(net, (noise(2, 3),), [(False, True), (True, True), (False, False)])

    called = []
    found = seen_by_user(lambda name, op, array: called.append(op))
    for one, other in zip(found, seen_by_user(), strict=True):
        onp.testing.assert_array_equal(one["outputs"][0][1], other["outputs"][0][1])
        assert one["next draw"] == other["next draw"]
    assert called == ["Dropout", "_npi_uniform", "Dropout", "_npi_subtract"] * 3


# Copies and threads


def test_copies_are_hybridized_and_apart():
    net, x = network(), noise(4, 5)
    with autograd.record():
        net(x)
    twin = copy.deepcopy(net)
    assert (twin(x) == net(x)).all()
    assert forward_frames(twin, x) == 0
    twin[0].weight.data()[:] = 0
    twin[3].bias.grad_req = "null"
    assert not (twin(x) == net(x)).all()
    assert_current(twin, x)
    assert_current(net, x)


def test_hybridized_blocks_in_hybridized_blocks():
    inner = network()
    outer = Written(lambda net, x: net.inner(x) * 2, inner=inner)
    outer.hybridize()
    x = noise(4, 5)
    assert (outer(x) == inner(x) * 2).all()
    assert forward_frames(outer, x) == forward_frames(inner, x) == 0
    inner.hybridize(False)
    assert_current(outer, x)
    assert forward_frames(inner, x) == 6


def test_threads_that_come_first_together():
    for _ in range(5):
        net, x = network(), noise(4, 5)
        gate, found = threading.Barrier(4), [None] * 4

        def call(number, net=net, x=x, gate=gate, found=found):
            gate.wait()
            with autograd._Scope(number % 2 == 1, False):
                found[number] = net(x).asnumpy()

        threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = eager(net, x).asnumpy()
        for one in found:
            onp.testing.assert_array_equal(one, expected)


def test_modes_of_other_threads_do_not_matter():
    net, x = network(), noise(4, 5)
    expected = net(x).asnumpy()
    with autograd.record():
        thread = threading.Thread(target=lambda: onp.testing.assert_array_equal(net(x).asnumpy(), expected))
        thread.start()
        thread.join()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_torch_grad_mode_does_not_matter(mode):
    net, x = network(), noise(4, 5)
    expected = net(x).asnumpy()
    with torch.no_grad():
        onp.testing.assert_array_equal(net(x).asnumpy(), expected)
        x.attach_grad()
        with autograd.record(train_mode=False):
            y = net(x)
        y.backward()
    assert x.grad.asnumpy().any()


# Memory


def test_a_network_is_freed_with_its_last_name():
    net, x = network(), noise(4, 5)
    for recorded in (False, True):
        with autograd._Scope(recorded, recorded):
            y = net(x)
    y.backward()
    left = weakref.ref(net), weakref.ref(net[0]), weakref.ref(net[0].weight)
    gc.collect()
    gc.disable()
    try:
        del net, y
        assert [each() for each in left] == [None] * 3  # at once: its memory does not wait for the collector
    finally:
        gc.enable()


def test_new_shapes_do_not_grow_the_process():
    net = Written(lambda net, x: net.dense(x) * 2, dense=dense())
    net.initialize()
    net.hybridize()
    rows = np.ones((700, 3))

    def call(sizes):
        for size in sizes:
            with autograd._Scope(size % 2 == 0, True):
                y = net(rows[:size])
            if size % 2 == 0:
                y.backward()
        gc.collect()

    tracemalloc.start()
    try:
        call(range(1, 150))
        before = tracemalloc.get_traced_memory()[0]
        call(range(150, 450))
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 50_000
