"""`mx.executor` and running symbols: compared with genuine MXNet, and what it refuses."""

from typing import Any

import numpy as onp
import pytest
from references import load

import mxnet as mx
from mxnet.executor import Executor, evaluate
from mxnet.symbol import Symbol
from mxnet.symbol._graph import Node, topological, variables
from mxnet.symbol._labels import labels, without_labels
from mxnet.symbol._read import from_json

S, nd = mx.sym, mx.nd
GRAPHS = [pytest.param(record, id=f"{number}") for number, record in enumerate(load("executor.json"))]


def array_of(plain: dict[str, Any]) -> Any:
    return nd.array(onp.array(plain["values"], dtype="float32").reshape(plain["shape"]))


def head(shape: tuple[int, ...]) -> Any:
    from fill_rule import noise

    return nd.array(noise("head", shape))


def check(found: Any, plain: dict[str, Any]) -> None:
    assert list(found.shape) == plain["shape"]
    expected = onp.array(plain["values"]).reshape(plain["shape"])
    onp.testing.assert_allclose(found.asnumpy(), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("record", GRAPHS)
def test_agrees_with_genuine(record: dict[str, Any]) -> None:
    symbol = Symbol(from_json(record["json"], "executor.json"))
    values = {name: array_of(plain) for name, plain in record["values"].items()}
    gradients = {name: nd.ones(values[name].shape) for name in symbol.list_arguments()}
    states = {name: values[name] for name in symbol.list_auxiliary_states()}
    executor = symbol.bind(mx.cpu(), values, gradients, record["request"], states)
    for array, plain in zip(executor.forward(is_train=True), record["trained"], strict=True):
        check(array, plain)
    executor.backward([head(array.shape) for array in executor.outputs])
    for name, plain in record["gradients"].items():
        if plain is None:
            assert executor.grad_dict[name] is None
        else:
            check(executor.grad_dict[name], plain)
    for name, plain in record["states"].items():
        check(executor.aux_dict[name], plain)
    for array, plain in zip(executor.forward(is_train=False), record["predicted"], strict=True):
        check(array, plain)


def product() -> Symbol:
    return S.elemwise_mul(S.var("a"), S.var("b"), name="c")


def bound(**kwargs: Any) -> Executor:
    values = {"a": nd.array([1, 2]), "b": nd.array([3, 4])}
    return product().bind(mx.cpu(), values, {"a": nd.zeros(2), "b": nd.zeros(2)}, **kwargs)


# Binding


def test_lists_are_in_the_order_of_the_arguments() -> None:
    gradients = [nd.zeros(2), None]
    executor = product().bind(mx.cpu(), [nd.array([1, 2]), nd.array([3, 4])], gradients, ["add", "write"])
    executor.forward(is_train=True)
    executor.backward()
    assert gradients[0].asnumpy().tolist() == [3, 4]
    assert executor.grad_arrays[0] is gradients[0] and executor.grad_arrays[1] is None
    assert [array.asnumpy().tolist() for array in executor.arg_arrays] == [[1, 2], [3, 4]]
    assert executor.aux_arrays == []


def test_memory_is_shared_with_the_arrays_given() -> None:
    a = nd.array([1, 2])
    executor = product().bind(mx.cpu(), {"a": a, "b": nd.array([3, 4])})
    a[:] = 10
    assert executor.forward()[0].asnumpy().tolist() == [30, 40]
    executor.forward(a=nd.array([5, 6]))
    assert a.asnumpy().tolist() == [5, 6]
    assert a.grad is None


def test_arrays_of_one_class_come_out() -> None:
    a = mx.np.ones(2)
    assert type(S.relu(S.var("a")).eval(a=a)[0]) is nd.NDArray
    assert type(S.relu(S.var("a")).as_np_ndarray().eval(a=a)[0]) is mx.np.ndarray
    assert type(evaluate(product()._entries, {"a": a, "b": a})[0]) is mx.np.ndarray
    assert type(evaluate(S.zeros((2,))._entries, {})[0]) is mx.np.ndarray


@pytest.mark.parametrize(
    "error, match, kwargs",
    [
        (ValueError, "args has 1 arrays, but there are 2: 'a', 'b'", {"args": [nd.ones(2)]}),
        (ValueError, "args_grad has 3 arrays", {"args_grad": [None] * 3}),
        (TypeError, "args must be a list or dict", {"args": nd.ones(2)}),
        (TypeError, "args: 'a' must be an array, not list", {"args": {"a": [1, 2]}}),
        (ValueError, r"'a' has shape \(2,\), its gradient \(3,\)", {"args_grad": {"a": nd.ones(3)}}),
        (ValueError, "must be among write, add, null, not 'wrote'", {"grad_req": "wrote"}),
        (ValueError, "grad_req has 1 entries for 2 arguments", {"grad_req": ["write"]}),
        (TypeError, "grad_req must be a string", {"grad_req": 3}),
    ],
)
def test_what_does_not_fit_is_refused(error: type[Exception], match: str, kwargs: dict[str, Any]) -> None:
    given = {"args": {"a": nd.ones(2), "b": nd.ones(2)}} | kwargs
    with pytest.raises(error, match=match):
        product().bind(mx.cpu(), **given)


# Running


def test_values_are_written_before_the_pass() -> None:
    executor = bound()
    assert executor.forward(a=onp.array([5, 6]))[0].asnumpy().tolist() == [15, 24]
    assert executor.output_dict["c_output"] is executor.outputs[0]
    with pytest.raises(TypeError, match="no argument 'd'; the arguments are 'a', 'b'"):
        executor.forward(d=nd.ones(2))
    with pytest.raises(ValueError, match=r"'a' has shape \(2,\), not \(3,\)"):
        executor.forward(a=nd.ones(3))
    with pytest.raises(ValueError, match="not list"):
        executor.forward(a=[1, 2])


def test_arguments_may_come_with_the_first_pass() -> None:
    gradient = nd.zeros(2)
    executor = product().bind(None, {"a": nd.array([1, 2])}, {"b": gradient})
    with pytest.raises(ValueError, match="have no value: 'b'"):
        executor.forward()
    executor.forward(b=nd.array([3, 4]))
    executor.backward()
    assert gradient.asnumpy().tolist() == [1, 2]


def test_every_backward_needs_a_forward() -> None:
    executor = bound()
    assert executor.outputs is None and executor.output_dict == {}
    executor.backward()
    assert executor.grad_dict["a"].asnumpy().tolist() == [3, 4]
    with pytest.raises(mx.MXNetError, match="call forward"):
        executor.backward()


def test_gradients_may_be_asked_for_without_training() -> None:
    executor = bound()
    executor.forward(is_train=False)
    executor.backward({"c_output": nd.array([1, 10])})
    assert executor.grad_dict["b"].asnumpy().tolist() == [1, 20]


def test_head_gradients_must_fit() -> None:
    executor = bound()
    executor.forward(is_train=True)
    with pytest.raises(AssertionError, match="2 gradients are given for 1 outputs"):
        executor.backward([nd.ones(2)] * 2)
    with pytest.raises(mx.MXNetError, match="shape"):
        executor.backward(nd.ones(3))
    with pytest.raises(KeyError, match="no 'c_output', only 'c'"):
        executor.backward({"c": nd.ones(2)})
    for wrong in (3, [3], [onp.ones(2)]):
        with pytest.raises(TypeError, match="out_grads must be .* (int|ndarray)"):
            executor.backward(wrong)


def test_nothing_is_recorded_without_gradients() -> None:
    executor = bound(grad_req="null")
    output = executor.forward(is_train=True)[0]
    assert not output._data.requires_grad
    executor.backward()
    assert executor.grad_arrays == [None, None]
    assert not mx.autograd.is_recording()


def test_outputs_without_a_gradient_are_left_out() -> None:
    a = S.var("a")
    symbol = S.Group([a * 2, S.var("b") * 3, S.BlockGrad(a)])
    executor = symbol.bind(mx.cpu(), {"a": nd.ones(2), "b": nd.ones(3)}, {"a": nd.zeros(2)})
    executor.forward(is_train=True)
    executor.backward([nd.ones(2), nd.ones(3), nd.ones(2)])
    assert executor.grad_dict["a"].asnumpy().tolist() == [2, 2]


def test_a_variable_may_be_an_output() -> None:
    a = S.var("a")
    executor = S.Group([a, a * 2]).bind(None, {"a": nd.ones(2)}, {"a": nd.zeros(2)})
    executor.forward(is_train=True)
    executor.backward()
    assert executor.grad_dict["a"].asnumpy().tolist() == [3, 3]


# Arrays made for shapes


def test_simple_bind_makes_arrays() -> None:
    symbol = S.BatchNorm(S.var("x"), name="bn")
    executor = symbol.simple_bind(mx.cpu(1), "write", {"x": "float16"}, x=(4, 3))
    assert {name: (array.shape, array.dtype) for name, array in executor.arg_dict.items()} == {
        "x": ((4, 3), onp.float16),
        "bn_gamma": ((3,), onp.float32),
        "bn_beta": ((3,), onp.float32),
    }
    assert list(executor.aux_dict) == ["bn_moving_mean", "bn_moving_var"]
    assert executor.grad_dict["x"].dtype == onp.float16
    assert executor.arg_dict["x"].ctx == mx.cpu(1) and executor.forward()[0].ctx == mx.cpu(1)
    executor = symbol.simple_bind(None, {"bn_gamma": "add"}, x=(4, 3))
    assert [array is None for array in executor.grad_arrays] == [True, False, True]


def test_simple_bind_says_what_it_needs() -> None:
    with pytest.raises(mx.MXNetError, match="shape of 'a' does not follow"):
        product().simple_bind(mx.cpu())
    with pytest.raises(mx.MXNetError, match="memory"):
        S.relu(S.var("a")).simple_bind(mx.cpu(), a=(2**45,))
    with pytest.raises(TypeError, match="types must be a dict by name, not list"):
        product().simple_bind(mx.cpu(), type_dict=["float32"], a=(2,))
    with pytest.raises(mx.MXNetError, match="row_sparse"):
        product().simple_bind(mx.cpu(), stype_dict={"a": "row_sparse"}, a=(2,))


def test_parameters_are_copied_in() -> None:
    executor = S.BatchNorm(S.var("x"), name="bn").simple_bind(mx.cpu(), x=(4, 2))
    executor.copy_params_from({"bn_gamma": nd.array([1, 2])}, {"bn_moving_var": mx.np.array([3, 4])})
    assert executor.arg_dict["bn_gamma"].asnumpy().tolist() == [1, 2]
    assert executor.aux_dict["bn_moving_var"].asnumpy().tolist() == [3, 4]
    executor.copy_params_from({"other": nd.ones(1)}, allow_extra_params=True)
    with pytest.raises(ValueError, match="'other' is not among the arguments: 'x', 'bn_gamma', 'bn_beta'"):
        executor.copy_params_from({"bn_gamma": nd.ones(2), "other": nd.ones(1)})
    with pytest.raises(ValueError, match="auxiliary states"):
        executor.copy_params_from({}, {"bn_gamma": nd.ones(2)})
    with pytest.raises(mx.MXNetError, match=r"'bn_beta' has shape \(2,\), .* \(3,\)"):
        executor.copy_params_from({"bn_gamma": nd.ones(2), "bn_beta": nd.ones(3)})
    with pytest.raises(TypeError, match="'bn_beta' must be an array, not list"):
        executor.copy_params_from({"bn_gamma": nd.ones(2), "bn_beta": [1, 2]})
    assert executor.arg_dict["bn_gamma"].asnumpy().tolist() == [1, 2]  # nothing was written


def test_reshape_shares_memory() -> None:
    symbol = S.SoftmaxOutput(S.FullyConnected(S.var("x"), num_hidden=2, name="fc"), name="softmax")
    executor = symbol.simple_bind(mx.cpu(), x=(4, 3))
    small = executor.reshape(partial_shaping=True, x=(2, 3))
    assert [array.shape for array in small.grad_arrays] == [(2, 3), (2, 3), (2,), (2,)]
    small.arg_dict["fc_bias"][:] = 7
    small.arg_dict["x"][:] = 1
    assert executor.arg_dict["fc_bias"].asnumpy().tolist() == [7, 7]
    assert executor.arg_dict["x"].asnumpy().sum() == 6
    assert small.forward()[0].shape == (2, 2)
    large = executor.reshape(allow_up_sizing=True, x=(5, 3), softmax_label=(5,))
    assert large.arg_dict["x"].shape == (5, 3) and executor.arg_dict["x"].shape == (4, 3)
    flat = S.relu(S.var("y")).simple_bind(mx.cpu(), y=(2, 6))
    flat.reshape(y=(4, 3)).arg_dict["y"][:] = 5
    assert flat.arg_dict["y"].asnumpy().sum() == 60
    with pytest.raises(mx.MXNetError, match="'softmax_label' would change .* partial_shaping"):
        executor.reshape(x=(2, 3))
    with pytest.raises(mx.MXNetError, match=r"\(5, 3\) is larger than it was, \(4, 3\).*allow_up_sizing"):
        executor.reshape(partial_shaping=True, x=(5, 3))


def test_shapes_that_are_known_in_part_stay_when_others_change() -> None:
    symbol = S.Group([S.relu(S.var("x", shape=(-1, 3))), S.relu(S.var("y"))])
    executor = symbol.simple_bind(mx.cpu(), x=(4, 3), y=(5,))
    assert [array.shape for array in executor.reshape(y=(2,)).arg_arrays] == [(4, 3), (2,)]


def test_a_monitor_sees_results_and_inputs() -> None:
    symbol = S.SoftmaxOutput(S.FullyConnected(S.var("x"), num_hidden=2, name="fc"), name="softmax")
    executor = symbol.simple_bind(mx.cpu(), x=(2, 3))
    seen: list[str] = []
    executor.set_monitor_callback(lambda name, array: seen.append(name))
    executor.forward(is_train=True)
    assert seen == ["fc_output", "softmax_output"]
    seen.clear()
    with pytest.raises(TypeError, match="a monitor is a function"):
        executor.set_monitor_callback(None)
    executor.set_monitor_callback(lambda name, array: seen.append(name), monitor_all=True)
    executor.reshape(x=(2, 3)).forward(is_train=True)
    assert seen == (
        "x fc_data fc_weight fc_weight fc_bias fc_bias fc_output softmax_data softmax_label softmax_label "
        "softmax_output".split()
    )


# Evaluating


def test_eval_names_what_is_missing() -> None:
    with pytest.raises(ValueError, match="no value: 'b'"):
        product().eval(a=nd.ones(2))
    assert product().eval(a=nd.ones(2), b=nd.ones(2), other=nd.ones(3))[0].shape == (2,)


def test_arrays_are_made_where_the_graph_runs() -> None:
    symbol = S.zeros((2, 3), ctx="cpu(0)") + S.var("a")
    assert symbol.eval(mx.cpu(1), a=nd.ones((2, 3)))[0].ctx == mx.cpu(1)


def test_arrays_of_open_size_are_made_in_the_size_that_fits() -> None:
    state = S.FullyConnected(S.zeros((0, 3)), num_hidden=4, no_bias=True, name="h2h")
    cell = state + S.FullyConnected(S.var("x"), num_hidden=4, no_bias=True, name="i2h")
    arrays = {"x": nd.ones((2, 5)), "h2h_weight": nd.ones((4, 3)), "i2h_weight": nd.ones((4, 5))}
    assert cell.eval(**arrays)[0].asnumpy().tolist() == [[5] * 4] * 2
    assert S.zeros((0, 3)).eval()[0].shape == (0, 3)
    assert (S.full((0, 2), 7) + S.var("a")).eval(a=nd.ones((1, 2)))[0].asnumpy().tolist() == [[8, 8]]


def test_modes_are_those_of_the_thread_or_those_asked_for() -> None:
    entries = S.Dropout(S.var("x"), p=1.0)._entries
    x = nd.ones((2, 3))
    x.attach_grad()
    assert evaluate(entries, {"x": x})[0].asnumpy().sum() == 6
    assert evaluate(entries, {"x": x}, training=True)[0].asnumpy().sum() == 0
    with mx.autograd.record():
        output = evaluate(S.square(S.var("x"))._entries, {"x": x}, training=False)[0]
        assert mx.autograd.is_training()
    output.backward()
    assert x.grad.asnumpy().tolist() == [[2] * 3] * 2


def test_a_graph_can_be_traced_through() -> None:
    class Net(mx.gluon.HybridBlock):
        def forward(self, x: Any) -> Any:
            return evaluate(S.exp(S.var("x"), name="e")._entries, {"x": x})[0] + 1

    net = Net()
    x = mx.np.array([0.0, 1.0])
    expected = net(x).asnumpy()
    net.hybridize()
    onp.testing.assert_allclose(net(x).asnumpy(), expected, rtol=1e-6)


# Labels


@pytest.mark.parametrize(
    "operator, attributes, shape, label",
    [
        ("SoftmaxOutput", {}, (2, 3), (2,)),
        ("SoftmaxOutput", {}, (2, 3, 4), (2,)),
        ("SoftmaxOutput", {"multi_output": True}, (2, 3, 4), (2, 4)),
        ("SoftmaxOutput", {"preserve_shape": True}, (2, 3, 4), (2, 3)),
        ("LinearRegressionOutput", {}, (2, 3), (2, 3)),
        ("LogisticRegressionOutput", {}, (2, 3), (2, 3)),
        ("MAERegressionOutput", {}, (2, 3), (2, 3)),
        ("SVMOutput", {}, (2, 3), (2,)),
    ],
)
def test_a_graph_that_predicts_needs_no_labels(
    operator: str, attributes: dict[str, Any], shape: tuple[int, ...], label: tuple[int, ...]
) -> None:
    symbol = getattr(S, operator)(S.var("x") * 2, name="out", **attributes)
    x = head(shape)
    expected = symbol.eval(x=x, out_label=nd.zeros(label))[0].asnumpy()
    found = symbol.eval(x=x)[0].asnumpy()
    onp.testing.assert_allclose(found, expected, rtol=1e-6)
    entries = without_labels(symbol._entries, {"x"})
    assert [node.name for node in variables(entries)] == ["x"]
    assert Symbol(entries).list_outputs() == symbol.list_outputs()
    assert symbol.list_arguments() == ["x", "out_label"]
    assert without_labels(symbol._entries, {"x", "out_label"}) == symbol._entries


def test_training_needs_the_labels() -> None:
    symbol = S.SoftmaxOutput(S.var("x"), name="softmax")
    executor = symbol.bind(mx.cpu(), {"x": nd.ones((2, 3))})
    assert executor.forward(is_train=False)[0].shape == (2, 3)
    with pytest.raises(ValueError, match="softmax_label"):
        executor.forward(is_train=True)


def test_labels_that_are_computed_are_left_out_with_what_computes_them() -> None:
    body = S.FullyConnected(S.var("x"), num_hidden=2, name="fc")
    loss = S.LinearRegressionOutput(body, S.log(S.var("y")), name="out")
    entries = without_labels((S.Group([loss * 2, body]))._entries, {"x"})
    assert [node.name for node in variables(entries)] == ["x", "fc_weight", "fc_bias"]
    assert entries[1] == body._entries[0]  # what needs no change stays
    assert len({id(node) for node in topological(entries)}) == 6


def test_labels_are_read_by_nothing_else() -> None:
    x, y, z = S.var("x"), S.var("y"), S.var("z")
    losses = S.Group(
        [S.LinearRegressionOutput(S.var("data"), y), S.SoftmaxOutput(x * 2, z), S.SVMOutput(x + z, S.var("t"))]
    )
    assert labels(losses._entries) == {"y", "t"}


def test_a_label_that_something_else_needs_is_asked_for() -> None:
    symbol = S.LinearRegressionOutput(S.var("x"), S.var("y")) + S.var("y")
    with pytest.raises(ValueError, match="no value: 'y'"):
        symbol.eval(x=nd.ones(2))
    assert isinstance(symbol._entries[0][0], Node)
