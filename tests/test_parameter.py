"""Parameters: initialization at once and deferred, replicas, gradients, types; facts observed in MXNet 2.0.0b1."""

import copy
import pickle

import numpy as onp
import pytest

import mxnet as mx
from mxnet import autograd, gluon, np
from mxnet.gluon import Constant, DeferredInitializationError, Parameter


@pytest.fixture
def weight():
    parameter = Parameter("weight", shape=(2, 3))
    parameter.initialize("ones")
    return parameter


@pytest.fixture
def deferred():
    parameter = Parameter("weight", shape=(0, 3), allow_deferred_init=True)
    parameter.initialize("ones")
    return parameter


def test_arrays_handed_out_keep_type_and_memory(weight):
    before = weight.data()
    weight.reset_device(mx.cpu(1))
    weight.set_data(np.zeros((2, 3)))
    assert before.tolist() == [[1, 1, 1], [1, 1, 1]]
    before = weight.data()
    weight.cast("float16")
    assert (before.dtype, weight.data().dtype, weight.grad().dtype) == ("float32", "float16", "float16")


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda block: pickle.loads(pickle.dumps(block))])
def test_a_copied_network_trains_by_itself(twin_of):
    block = gluon.nn.HybridSequential()
    block.add(gluon.nn.Dense(2, in_units=3), gluon.nn.BatchNorm(in_channels=2))
    block.initialize("ones")
    block[0].bias.grad_req = "add"
    gluon.Trainer(block.collect_params(), "sgd", {"lr_scheduler": lambda step: 1.0, "learning_rate": None})
    twin = twin_of(block)
    trainer = gluon.Trainer(twin[0].collect_params(), "sgd", {"learning_rate": 1.0})
    for _ in range(2):
        with autograd.record():
            loss = twin[0](np.ones((1, 3))).sum()
        loss.backward()
    trainer.step(1)
    assert twin[0].weight.data().tolist() == [[0, 0, 0], [0, 0, 0]]
    assert (twin[0].bias.grad_req, twin[0].bias.grad().tolist()) == ("add", [2, 2])
    assert twin[1].running_mean.grad_req == "null"
    assert block[0].weight.data().tolist() == [[1, 1, 1], [1, 1, 1]]
    assert block[0].weight.grad().tolist() == [[0, 0, 0], [0, 0, 0]]


def test_gradients_take_no_memory_before_there_are_any(weight):
    assert weight._gradients() == []
    weight.zero_grad()
    assert weight._gradients() == []
    assert weight.grad().tolist() == [[0, 0, 0], [0, 0, 0]]
    with autograd.record():
        loss = (weight.data() * 2).sum()
    loss.backward()
    (gradient,) = weight._gradients()
    weight.zero_grad()
    assert not gradient.any() and not weight.grad().any()


def test_attributes_and_their_defaults():
    parameter = Parameter("w", shape=(2, 0))
    assert (parameter.name, parameter.shape, parameter.grad_req) == ("w", (2, -1), "write")
    assert (parameter.lr_mult, parameter.wd_mult, parameter.init, parameter.stype) == (1.0, 1.0, None, "default")
    assert repr(parameter) == "Parameter (shape=(2, -1), dtype=<class 'numpy.float32'>)"
    assert Parameter("w", shape=3).shape == (3,)
    assert Parameter("w").shape is None


@pytest.mark.parametrize(
    "ask", [lambda p: p.data(), lambda p: p.grad(), lambda p: p.list_data(), lambda p: p.list_grad()]
)
def test_uninitialized_parameter_says_what_to_do(ask):
    with pytest.raises(RuntimeError, match=r"'w' has not been initialized.*initialize\(\)"):
        ask(Parameter("w", shape=(2,)))


@pytest.mark.parametrize("ask", [lambda p: p.data(), lambda p: p.grad(), lambda p: p.list_data()])
def test_deferred_parameter_says_what_to_do(deferred, ask):
    with pytest.raises(DeferredInitializationError, match="initialization was deferred.*one batch"):
        ask(deferred)
    assert issubclass(DeferredInitializationError, mx.MXNetError)


def test_unknown_shape_needs_permission_to_defer():
    with pytest.raises(ValueError, match=r"invalid shape: \(2, -1\)"):
        Parameter("w", shape=(2, 0)).initialize()


def test_deferred_initialization_finishes_once_the_shape_is_known(deferred):
    deferred.shape = (4, 3)
    deferred._finish_deferred_init()
    assert deferred.data().asnumpy().tolist() == [[1.0] * 3] * 4


def test_deferred_parameter_remembers_values_set_early(deferred):
    deferred.set_data(np.full((4, 3), 7.0))
    assert deferred.shape == (4, 3)
    with pytest.raises(DeferredInitializationError):
        deferred.data()
    deferred._finish_deferred_init()
    assert (deferred.data().asnumpy() == 7).all()


def test_shape_can_be_completed_but_not_changed(deferred):
    deferred.shape = (5, 3)
    with pytest.raises(AssertionError, match=r"Expected shape \(6, 3\) is incompatible with given shape \(5, 3\)"):
        deferred.shape = (6, 3)
    with pytest.raises(AssertionError, match="incompatible"):
        deferred.shape = (5, 3, 1)


def test_second_initialization_warns_unless_forced(weight):
    with pytest.warns(UserWarning, match="'weight' is already initialized, ignoring"):
        weight.initialize("zeros")
    assert (weight.data().asnumpy() == 1).all()
    weight.initialize("zeros", force_reinit=True)
    assert (weight.data().asnumpy() == 0).all()


@pytest.mark.parametrize(
    ("own", "given", "default", "expected"),
    [(None, None, "ones", 1), ("ones", None, "zeros", 1), ("ones", "zeros", "ones", 0), (None, "zeros", "ones", 0)],
)
def test_which_initializer_wins(own, given, default, expected):
    parameter = Parameter("bias", shape=(2, 2), init=own)
    parameter.initialize(init=given, default_init=default)
    assert (parameter.data().asnumpy() == expected).all()


def test_unknown_initializer_is_refused():
    with pytest.raises(AssertionError, match="foo"):
        Parameter("w", shape=(2, 3)).initialize(init="foo")


def test_set_data_checks_the_shape(weight):
    with pytest.raises(AssertionError, match=r"Expected shape \(3, 3\) is incompatible"):
        weight.set_data(np.ones((3, 3)))
    weight.set_data(onp.full((2, 3), 3.0))
    assert weight.data().asnumpy().tolist() == [[3.0] * 3] * 2
    with pytest.raises(AssertionError, match="not been initialized"):
        Parameter("w", shape=(2,)).set_data(np.ones(2))


def test_set_data_keeps_the_array(weight):
    before = weight.data()
    weight.set_data(np.zeros((2, 3)))
    assert weight.data() is before


@pytest.mark.parametrize("request_", ["foo", None, 1])
def test_grad_req_is_one_of_three(weight, request_):
    with pytest.raises(AssertionError, match="'write', 'add', or 'null'"):
        weight.grad_req = request_
    assert weight.grad_req == "write"


def test_grad_req_null_takes_the_gradient_away(weight):
    weight.grad_req = "null"
    assert weight.data().grad is None
    with pytest.raises(RuntimeError, match="because grad_req='null'"):
        weight.grad()
    with pytest.raises(RuntimeError, match="because grad_req='null'"):
        weight.list_grad()
    weight.grad_req = "write"
    assert weight.grad().shape == (2, 3)


def test_a_parameter_without_derivative_stays_null():
    parameter = Parameter("w", shape=(2,), differentiable=False)
    parameter.grad_req = "write"
    assert parameter.grad_req == "null"


@pytest.mark.parametrize(("request_", "expected"), [("write", 2.0), ("add", 4.0)])
def test_gradients_are_written_or_added(weight, request_, expected):
    weight.grad_req = request_
    for _ in range(2):
        with autograd.record():
            loss = (weight.data() * 2).sum()
        loss.backward()
    assert (weight.grad().asnumpy() == expected).all()
    weight.zero_grad()
    assert (weight.grad().asnumpy() == 0).all()


def test_replicas_on_several_devices():
    parameter = Parameter("w", shape=(2,))
    parameter.initialize(device=[mx.cpu(0), mx.cpu(1)])
    first, second = parameter.list_data()
    assert parameter.list_device() == [mx.cpu(0), mx.cpu(1)]
    assert first.asnumpy().tolist() == second.asnumpy().tolist()
    assert parameter.data(mx.cpu(1)) is second
    first[:] = 5
    assert second.asnumpy().tolist() != [5, 5]
    with pytest.raises(RuntimeError, match=r"not initialized on device cpu\(2\).*only initialized on"):
        parameter.data(mx.cpu(2))


def test_data_without_device_means_the_current_one():
    parameter = Parameter("w", shape=(2,))
    parameter.initialize(device=[mx.cpu(0), mx.cpu(1)])
    with mx.cpu(1):
        assert parameter.data() is parameter.list_data()[1]


def test_reset_device_averages_the_replicas():
    parameter = Parameter("w", shape=(2,))
    parameter.initialize("zeros", device=[mx.cpu(0), mx.cpu(1)])
    parameter.list_data()[1][:] = 4
    parameter.reset_device(mx.cpu(2))
    assert parameter.data().asnumpy().tolist() == [2.0, 2.0]
    assert parameter.list_device() == [mx.cpu(2)]


def test_reset_device_needs_an_initialized_parameter():
    with pytest.raises(ValueError, match="Cannot reset device"):
        Parameter("w", shape=(2,)).reset_device(mx.cpu())


def test_old_names_warn(weight):
    with pytest.warns(DeprecationWarning, match="renamed to Parameter.reset_device"):
        weight.reset_ctx(mx.cpu(1))
    with pytest.warns(DeprecationWarning, match="renamed to Parameter.list_device"):
        assert weight.list_ctx() == [mx.cpu(1)]


def test_cast_changes_values_and_gradient(weight):
    weight.cast("float16")
    assert weight.data().dtype == onp.float16
    assert weight.grad().dtype == onp.float16
    assert weight.dtype == "float16"


def test_constants_keep_their_value():
    constant = Constant([[1, 2], [3, 4]])
    constant.initialize()
    assert (constant.name, constant.grad_req, constant.shape) == ("const", "null", (2, 2))
    assert constant.data().asnumpy().tolist() == [[1, 2], [3, 4]]
    with pytest.warns(UserWarning, match="does not support grad_req"):
        constant.grad_req = "write"
    assert constant.grad_req == "null"


def test_a_constant_in_a_block_is_saved_and_not_trained(tmp_path):
    class Scale(gluon.HybridBlock):
        def __init__(self, factor):
            super().__init__()
            self.factor = Constant(factor)

        def forward(self, x):
            return x * self.factor.data_for(x)

    block = Scale([2.0, 3.0])
    block.initialize()
    block.save_parameters(tmp_path / "scale.params")
    other = Scale([0.0, 0.0])
    other.load_parameters(tmp_path / "scale.params")
    assert other(np.ones((1, 2))).asnumpy().tolist() == [[2.0, 3.0]]


def test_sparse_storage_is_refused():
    with pytest.raises(mx.MXNetError, match="row_sparse"):
        Parameter("w", shape=(2,), stype="row_sparse")


def test_convolution_weights_are_laid_out_for_speed_and_no_one_sees_it():
    parameter = Parameter("weight", shape=(4, 3, 2, 2))
    parameter.initialize(mx.init.Normal(1.0))
    values = parameter.data().asnumpy()
    assert values.flags.c_contiguous
    assert values.shape == (4, 3, 2, 2)
    parameter.set_data(values * 2)
    onp.testing.assert_array_equal(parameter.data().asnumpy(), values * 2)


def test_errors_are_named_after_where_programs_import_them_from():
    assert DeferredInitializationError is gluon.parameter.DeferredInitializationError
    assert DeferredInitializationError.__module__ == "mxnet.gluon.parameter"
