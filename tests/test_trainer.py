"""`gluon.Trainer`: what it updates, when it refuses, and how it goes on from saved states."""

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.base import MXNetError

TWO = [mx.cpu(0), mx.cpu(1)]


def parameter(device=None, shape=(2,), **options):
    made = gluon.Parameter("w", shape=shape, **options)
    made.initialize(mx.init.One(), device=device)
    return made


def train(*parameters, devices=None, factor=3.0):
    """A backward pass that gives every element of each replica the gradient `factor`."""
    with autograd.record():
        heads = [
            (array * factor).sum()
            for param in parameters
            for array in param.list_data()
            if devices is None or array.device in devices
        ]
    autograd.backward(heads)


def values(param):
    return [array.asnumpy().tolist() for array in param.list_data()]


def test_step_divides_by_the_batch_size_and_keeps_the_users_rescaling():
    param = parameter()
    trainer = gluon.Trainer([param], "sgd", {"learning_rate": 0.1, "rescale_grad": 0.5})
    train(param)
    trainer.step(2)
    np.testing.assert_allclose(values(param), [[0.925, 0.925]])
    assert trainer.optimizer.rescale_grad == 0.25
    train(param)
    trainer.step(1)
    np.testing.assert_allclose(values(param), [[0.775, 0.775]], rtol=1e-6)


def test_multipliers_are_the_parameters_own():
    slow, plain = parameter(lr_mult=0.1), parameter(wd_mult=0.0)
    trainer = gluon.Trainer([slow, plain], "sgd", {"learning_rate": 0.1, "wd": 1.0})
    train(slow, plain)
    trainer.step(1)
    np.testing.assert_allclose([values(slow)[0][0], values(plain)[0][0]], [0.96, 0.7], rtol=1e-6)
    slow.lr_mult = 0.0
    train(slow, plain)
    trainer.step(1)
    np.testing.assert_allclose([values(slow)[0][0], values(plain)[0][0]], [0.96, 0.4], rtol=1e-6)


def test_a_gradient_of_zero_is_not_stale():
    stopped, trained = parameter(), parameter()
    trainer = gluon.Trainer([stopped, trained], "sgd", {"learning_rate": 0.1, "wd": 0.5})
    with autograd.record():
        head = (mx.npx.stop_gradient(stopped.data() * 2) * trained.data()).sum()
    head.backward()
    trainer.step(1)
    np.testing.assert_allclose([values(stopped)[0], values(trained)[0]], [[0.95] * 2, [0.75] * 2])


def test_a_stale_gradient_is_told_before_anything_changes():
    used, unused = parameter(), parameter()
    trainer = gluon.Trainer([used, unused], "sgd", {"learning_rate": 0.1})
    train(used)
    with pytest.raises(UserWarning, match=r"Gradient of Parameter `w` on device cpu\(0\) has not been updated"):
        trainer.step(1)
    assert values(used) == [[1, 1]] and trainer.optimizer.num_update == 0
    trainer.step(1, ignore_stale_grad=True)
    np.testing.assert_allclose([*values(used), *values(unused)], [[0.7, 0.7], [1, 1]], rtol=1e-6)
    trainer.step(1, ignore_stale_grad=True)
    np.testing.assert_allclose(values(used), [[0.7, 0.7]], rtol=1e-6)


def test_freshness_outlives_set_data_but_not_a_new_buffer():
    param = parameter()
    trainer = gluon.Trainer([param], "sgd", {"learning_rate": 0.1})
    train(param)
    param.set_data(mx.np.array([5.0, 5.0]))
    trainer.step(1)
    np.testing.assert_allclose(values(param), [[4.7, 4.7]], rtol=1e-6)
    train(param)
    param.reset_device(mx.cpu(1))
    with pytest.raises(UserWarning, match=r"on device cpu\(1\)"):
        trainer.step(1)


def test_frozen_parameters_are_left():
    frozen, free = parameter(grad_req="null"), parameter()
    trainer = gluon.Trainer([frozen, free], "sgd", {"learning_rate": 0.1})
    train(free)
    trainer.step(1)
    assert values(frozen) == [[1, 1]]
    free.grad_req = "null"
    trainer.step(1)


def test_accumulated_gradients():
    param = parameter(grad_req="add")
    trainer = gluon.Trainer([param], "sgd", {"learning_rate": 0.1})
    train(param)
    train(param)
    trainer.step(2)
    np.testing.assert_allclose(values(param), [[0.7, 0.7]], rtol=1e-6)
    assert param.grad().asnumpy().tolist() == [6, 6]
    param.zero_grad()
    train(param)
    trainer.step(1)
    np.testing.assert_allclose(values(param), [[0.4, 0.4]], rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("on_kvstore", [None, True, False])
def test_replicas_get_the_sum_of_their_gradients(on_kvstore, optimizer):
    param = parameter(device=TWO)
    trainer = gluon.Trainer([param], optimizer, {"learning_rate": 0.1}, update_on_kvstore=on_kvstore)
    for _ in range(3):
        train(param)
        trainer.step(2)
    expected = {"sgd": 0.1, "adam": 0.7}[optimizer]
    np.testing.assert_allclose(values(param), [[expected] * 2] * 2, rtol=1e-5)
    assert [array.device for array in param.list_data()] == TWO
    assert param.grad(mx.cpu(1)).asnumpy().tolist() == [6, 6]
    assert trainer.optimizer.num_update == 3


def test_sum_and_update_apart():
    param = parameter(device=TWO)
    trainer = gluon.Trainer([param], "sgd", {"learning_rate": 0.1}, update_on_kvstore=False)
    train(param)
    trainer.allreduce_grads()
    for grad in param.list_grad():
        grad[:] = grad * 0.5
    trainer.update(1)
    np.testing.assert_allclose(values(param), [[0.7, 0.7]] * 2, rtol=1e-6)


def test_sum_and_update_apart_need_an_update_beside_the_kvstore(monkeypatch):
    trainer = gluon.Trainer([parameter(device=TWO)], "sgd")
    with pytest.raises(AssertionError, match="Try setting `update_on_kvstore` to False"):
        trainer.update(1)
    with pytest.raises(AssertionError, match="allreduce_grads"):
        trainer.allreduce_grads()
    monkeypatch.setenv("MXNET_UPDATE_ON_KVSTORE", "0")
    gluon.Trainer([parameter(device=TWO)], "sgd").allreduce_grads()
    gluon.Trainer([parameter()], "sgd").allreduce_grads()


def test_without_a_kvstore_replicas_part():
    param = parameter(device=TWO)
    trainer = gluon.Trainer([param], "sgd", {"learning_rate": 0.1}, kvstore=None)
    train(param, devices=[mx.cpu(0)])
    trainer.step(1, ignore_stale_grad=True)
    np.testing.assert_allclose(values(param), [[0.7, 0.7], [1, 1]], rtol=1e-6)


def test_a_replica_without_a_gradient_counts_as_zero():
    param, unused = parameter(device=TWO), parameter(device=TWO)
    trainer = gluon.Trainer([param, unused], "sgd", {"learning_rate": 0.1, "wd": 0.5})
    train(param)
    with pytest.raises(UserWarning, match=r"on device cpu\(0\) has not been updated"):
        trainer.step(1)
    assert param.list_grad()[0].asnumpy().tolist() == [3, 3]
    trainer.step(1, ignore_stale_grad=True)
    train(param, devices=[mx.cpu(0)])
    with pytest.raises(UserWarning, match=r"on device cpu\(1\) has not been updated"):
        trainer.step(1)
    trainer.step(1, ignore_stale_grad=True)
    after_one = 1 - 0.1 * (6 + 0.5)
    np.testing.assert_allclose(values(param), [[after_one - 0.1 * (3 + 0.5 * after_one)] * 2] * 2, rtol=1e-6)
    assert values(unused) == [[1, 1]] * 2


def test_learning_rate():
    param = parameter()
    trainer = gluon.Trainer([param], "sgd", {"learning_rate": 0.5})
    assert trainer.learning_rate == 0.5
    trainer.set_learning_rate(0.1)
    train(param)
    trainer.step(1)
    np.testing.assert_allclose(values(param), [[0.7, 0.7]], rtol=1e-6)
    schedule = mx.lr_scheduler.FactorScheduler(1, 0.5, base_lr=0.1)
    trainer = gluon.Trainer([param], "sgd", {"learning_rate": 0.1, "lr_scheduler": schedule})
    rates = []
    for _ in range(3):
        train(param)
        trainer.step(1)
        rates.append(trainer.learning_rate)
    assert rates == [0.1, 0.05, 0.025]
    with pytest.raises(UserWarning, match="LRScheduler"):
        trainer.set_learning_rate(3)


def test_parameters_are_taken_in_the_order_of_their_names():
    second, first = parameter(shape=(2,)), parameter(shape=(3,))
    trainer = gluon.Trainer({"b": second, "a": first}, "sgd", {"momentum": 0.9})
    train(first, second)
    trainer.step(1)
    assert [state.shape for state in trainer._updaters[0].states.values()] == [(3,), (2,)]
    assert trainer.optimizer.param_dict == {0: first, 1: second}


def test_a_parameter_listed_twice_is_updated_once():
    param = parameter()
    trainer = gluon.Trainer([param, param], "sgd", {"learning_rate": 0.1})
    train(param)
    trainer.step(1)
    np.testing.assert_allclose(values(param), [[0.7, 0.7]], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (lambda: (parameter(), "sgd"), {}, ValueError, "must be a list or dict of Parameters, got .*Parameter"),
        (lambda: ("w", "sgd"), {}, ValueError, "must be a list or dict of Parameters"),
        (lambda: ([1], "sgd"), {}, ValueError, "got list of <class 'int'>"),
        (lambda: ({}, "sgd"), {}, TypeError, "at least one Parameter"),
        (lambda: ([parameter()], "sgdd"), {}, ValueError, "Cannot find optimizer sgdd"),
        (lambda: ([parameter()], "sgd", {"speed": 1}), {}, TypeError, "unknown arguments: speed"),
        (lambda: ([parameter()], mx.optimizer.SGD(), {"wd": 1}), {}, AssertionError, "optimizer_params must be None"),
        (lambda: ([gluon.Parameter("w", shape=(2,))], "sgd"), {}, RuntimeError, "'w' has not been initialized"),
        (
            lambda: ([parameter(device=TWO), parameter()], "sgd"),
            {},
            AssertionError,
            r"initialized on \[cpu\(0\)\] while",
        ),
        (lambda: ([parameter()], "sgd"), {"kvstore": "dist_sync"}, MXNetError, "torchrun --nproc-per-node 2"),
        (lambda: ([parameter()], "sgd"), {"kvstore": "lokal"}, MXNetError, "there is no kvstore 'lokal'"),
        (lambda: ([parameter()], "sgd"), {"kvstore": 3}, TypeError, "named by a string"),
        (lambda: ([parameter()], "sgd"), {"kvstore": None, "update_on_kvstore": True}, ValueError, "kvstore is None"),
    ],
)
def test_wrong_arguments(arguments, options, error, message):
    with pytest.raises(error, match=message):
        gluon.Trainer(*arguments(), **options)


def test_calls_at_the_wrong_time():
    deferred = gluon.Parameter("w", shape=(0,), allow_deferred_init=True)
    deferred.initialize()
    trainer = gluon.Trainer([deferred], "sgd")
    for call in (lambda: trainer.step(1), lambda: trainer.save_states("nowhere")):
        with pytest.raises(gluon.DeferredInitializationError):
            call()
    param = parameter()
    trainer = gluon.Trainer([param], "sgd")
    train(param)
    with pytest.raises(ZeroDivisionError):
        trainer.step(0)
    with autograd.record(), pytest.raises(MXNetError, match="computational graph"):
        trainer.step(1)
    assert values(param) == [[1, 1]]
    param.reset_device(TWO)
    with pytest.raises(AssertionError, match="make a new one"):
        trainer.step(1)


def test_compression_is_said_to_be_ignored():
    with pytest.warns(UserWarning, match="not compressed"):
        gluon.Trainer([parameter()], "sgd", compression_params={"type": "2bit"})


@pytest.mark.parametrize("devices", [None, TWO])
def test_states_go_on_from_a_file(tmp_path, devices):
    path = tmp_path / "trainer.states"

    def make():
        param = parameter(device=devices)
        schedule = mx.lr_scheduler.PolyScheduler(10, base_lr=0.1)
        return param, gluon.Trainer([param], "adam", {"learning_rate": 0.1, "lr_scheduler": schedule})

    first, trainer = make()
    for factor in (1.0, -3.0):
        train(first, factor=factor)
        trainer.step(1)
    trainer.save_states(path)
    second, other = make()
    second.set_data(first.list_data()[0])
    other.load_states(path)
    assert other.learning_rate == trainer.learning_rate
    for param, at in ((first, trainer), (second, other)):
        train(param, factor=0.5)
        at.step(1)
    assert values(first) == values(second)
    assert list(tmp_path.iterdir()) == [path]


def test_states_of_one_device_serve_two(tmp_path):
    one, two = parameter(), parameter(device=TWO)
    trainer = gluon.Trainer([one], "adam")
    train(one)
    trainer.step(1)
    trainer.save_states(tmp_path / "states")
    wider = gluon.Trainer([two], "adam")
    wider.load_states(tmp_path / "states")
    train(two)
    wider.step(1)
    assert values(two)[0] == values(two)[1]
    assert wider.optimizer.num_update == 2


NAMES = sorted(set(mx.optimizer.Optimizer.opt_registry) - {"test", "sgld"})


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_learns_and_goes_on_from_a_file(tmp_path, name):
    inputs = mx.np.array(np.random.RandomState(0).uniform(-1, 1, (16, 3)))
    targets = (inputs * mx.np.array([0.5, -0.3, 0.2])).sum(1, keepdims=True) + 0.4

    def make():
        net = gluon.nn.Dense(1, in_units=3)
        net.initialize(mx.init.Constant(0.1))
        return net, gluon.Trainer(net.collect_params(), name, {"learning_rate": 0.02})

    def learn(net, trainer, steps):
        losses = []
        for _ in range(steps):
            with autograd.record():
                loss = ((net(inputs) - targets) ** 2).sum()
            loss.backward()
            trainer.step(16)
            losses.append(loss.item())
        return losses

    net, trainer = make()
    losses = learn(net, trainer, 5)
    assert losses[-1] < losses[0]
    net.save_parameters(str(tmp_path / "net"))
    trainer.save_states(tmp_path / "states")
    other, another = make()
    other.load_parameters(str(tmp_path / "net"))
    another.load_states(tmp_path / "states")
    assert learn(other, another, 3) == learn(net, trainer, 3)


def test_wrong_state_files(tmp_path):
    trainer = gluon.Trainer([parameter()], "sgd")
    with pytest.raises(FileNotFoundError):
        trainer.load_states(tmp_path / "none")
    (tmp_path / "junk").write_bytes(b"junk")
    with pytest.raises(MXNetError, match="no optimizer states"):
        trainer.load_states(tmp_path / "junk")


def test_float16_through_a_float32_copy():
    param = parameter(dtype="float16")
    trainer = gluon.Trainer([param], "sgd", {"learning_rate": 1e-4, "multi_precision": True})
    for _ in range(3):
        train(param)
        trainer.step(1)
    np.testing.assert_allclose(trainer._updaters[0].states[0][0].asnumpy(), [0.9991] * 2, rtol=1e-6)
    assert param.data().dtype == np.float16
