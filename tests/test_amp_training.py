"""Training in 16 bits: the loss scaler, trainers that use it, and networks that learn as they do in float32."""

import math
import warnings
from contextlib import nullcontext

import numpy as onp
import pytest
import torch
from references import load

import mxnet as mx
from mxnet import amp, autograd, gluon, np
from mxnet.amp.loss_scaler import LossScaler, all_finite
from mxnet.gluon import nn

SCALING = load("amp.json")["scaling"]


class Scaled(gluon.HybridBlock):
    """A product with a weight of ones: the network of `make_amp.py`."""

    def __init__(self):
        super().__init__()
        self.weight = gluon.Parameter("weight", shape=(1, 2), init="ones")

    def forward(self, x):
        return x * self.weight.data(x.device)


def scaled_and_trainer(loss_scaler=None, grad_req="write", **arguments):
    net = Scaled()
    net.initialize()
    net.weight.grad_req = grad_req
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5, **arguments})
    amp.init_trainer(trainer, loss_scaler or LossScaler())
    return net, trainer


def backward(net, trainer):
    with autograd.record():
        loss = net(np.ones((2, 2))).sum()
        with amp.scale_loss(loss, trainer) as scaled:
            autograd.backward(scaled)
    return float(scaled)


# The scaler


def test_steps_are_those_of_mxnet():
    scaler = LossScaler(scale_window=3)
    net, trainer = scaled_and_trainer(scaler, rescale_grad=0.5)
    rows = []
    for spoiled in [None, math.inf, math.nan, None, None, None, None, -math.inf, "unscale", None, None]:
        loss = backward(net, trainer)
        if spoiled == "unscale":
            amp.unscale(trainer)
            assert trainer._scale == 0.5
            assert net.weight.grad().asnumpy().tolist() == [[2, 2]]
        elif spoiled is not None:
            net.weight.grad()[0, 1] = spoiled
        assert loss == net(np.ones((2, 2))).sum() * scaler.loss_scale
        trainer.step(2)
        weight, updates = net.weight.data().asnumpy().tolist(), trainer.optimizer.num_update
        rows.append([weight, updates, scaler.loss_scale, scaler._unskipped])
    # MXNet takes a new scale one step late, which weights do not show.
    assert rows == [row[2:] for row in SCALING]


def test_the_scale_grows_to_a_limit_and_may_start_above_it():
    scaler = LossScaler(init_scale=4, scale_window=2, scale_factor=4, max_scale=100)
    scales = []
    for _ in range(7):
        scaler.update(overflow=False)
        scales.append(scaler.loss_scale)
    assert scales == [4, 16, 16, 64, 64, 100, 100]
    scaler.loss_scale = 1000
    scaler.update(False)
    assert scaler.loss_scale == 1000
    scaler.update(True)
    assert scaler.loss_scale == 250


def test_its_state_goes_on_where_it_was():
    scaler = LossScaler(init_scale=8, scale_window=3)
    scaler.update(True)
    scaler.update(False)
    state = scaler.state_dict()
    assert all(isinstance(value, (int, float)) for value in state.values())
    other = LossScaler()
    other.load_state_dict(state)
    for each in (scaler, other):
        each.update(False)
        each.update(False)
    assert other.state_dict() == scaler.state_dict() and other.loss_scale == 8
    for wrong in ({}, None, {**state, "loss_scale": math.nan}, {**state, "unskipped": -1}, {**state, "more": 1}):
        with pytest.raises(ValueError, match="LossScaler"):
            other.load_state_dict(wrong)
    assert other.state_dict() == scaler.state_dict()


@pytest.mark.parametrize(
    "wrong",
    [{"init_scale": 0}, {"init_scale": math.inf}, {"scale_window": 0}, {"scale_factor": 1}, {"max_scale": "big"}],
)
def test_numbers_of_a_scaler_are_checked(wrong):
    with pytest.raises(ValueError, match="LossScaler"):
        LossScaler(**wrong)


def test_hopeless_losses_are_told_of():
    scaler = LossScaler(init_scale=2.0**60)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(49):
            scaler.update(True)
    with pytest.warns(UserWarning, match="50 steps one after the other.*most likely the loss itself"):
        scaler.update(True)
    assert "of 2000 steps until it grows" in repr(scaler)
    for _ in range(1200):
        scaler.update(True)
    assert scaler.loss_scale > 0 and 1 / scaler.loss_scale < math.inf
    LossScaler().load_state_dict(scaler.state_dict())


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_one_bad_element_is_found(dtype, bad):
    tensors = [torch.zeros(0), torch.full((1000,), 6e4, dtype=dtype), torch.zeros((), dtype=torch.float32)]
    tensors += [
        torch.randn(4, 3, 2, 2).to(memory_format=torch.channels_last),
        torch.full((3,), 1e300, dtype=torch.float64),
    ]
    assert all_finite(tensors)
    tensors[1][777] = bad
    assert not all_finite(tensors)
    assert all_finite([]) and all_finite([torch.zeros(0)])


# Trainers


def test_gradients_are_added_clipped_and_applied_as_without_scaling():
    net, trainer = scaled_and_trainer(grad_req="add")
    for _ in range(3):
        backward(net, trainer)
    assert net.weight.grad().asnumpy().tolist() == [[6 * 65536] * 2]
    amp.unscale(trainer)
    amp.unscale(trainer)  # once is enough
    assert net.weight.grad().asnumpy().tolist() == [[6, 6]]
    norm = gluon.utils.clip_global_norm([net.weight.grad()], 3)
    assert float(norm) == pytest.approx(72**0.5)
    trainer.step(2)
    onp.testing.assert_allclose(net.weight.data().asnumpy(), [[1 - 0.25 * 3 / 2**0.5] * 2], rtol=1e-5)


def test_an_overflow_shows_after_unscaling_and_clipping_too():
    net, trainer = scaled_and_trainer()
    backward(net, trainer)
    net.weight.grad()[0, 0] = math.inf
    amp.unscale(trainer)
    with pytest.warns(UserWarning, match="nan or inf"):
        gluon.utils.clip_global_norm([net.weight.grad()], 1)
    trainer.step(2)
    assert net.weight.data().asnumpy().tolist() == [[1, 1]] and trainer._amp_loss_scaler.loss_scale == 2.0**15
    with pytest.raises(UserWarning, match="has not been updated by backward"):
        trainer.step(2)


def test_several_losses_and_losses_scaled_after_recording():
    net, trainer = scaled_and_trainer(LossScaler(init_scale=4))
    with autograd.record():
        losses = [net(np.ones((2, 2))).sum(), net(np.ones((2, 2))).sum()]
    with amp.scale_loss(losses, trainer) as scaled:
        assert isinstance(scaled, list)
        autograd.backward(scaled)
    assert not autograd.is_recording()
    assert net.weight.grad().asnumpy().tolist() == [[16, 16]]
    with autograd.record():
        half = net(np.ones((2, 2))).astype("float16").sum()
    trainer._amp_loss_scaler.loss_scale = 2.0**20
    with amp.scale_loss(half, trainer) as scaled:
        assert scaled.dtype == "float32" and math.isfinite(float(scaled))


def test_separate_reduction_and_update_are_checked_too():
    net, trainer = scaled_and_trainer()
    backward(net, trainer)
    trainer.allreduce_grads()
    net.weight.grad()[0, 0] = math.nan
    trainer.update(2)
    assert net.weight.data().asnumpy().tolist() == [[1, 1]]


def test_a_gradient_on_any_device_counts():
    net = Scaled()
    net.initialize(device=[mx.cpu(0), mx.cpu(1)])
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1}, kvstore=None)
    amp.init_trainer(trainer, LossScaler(init_scale=2))
    with autograd.record():
        losses = [net(np.ones((2, 2), device=device)).sum() for device in (mx.cpu(0), mx.cpu(1))]
        with amp.scale_loss(losses, trainer) as scaled:
            autograd.backward(scaled)
    net.weight.list_grad()[1][0, 0] = math.inf
    trainer.step(1)
    assert all(weight.asnumpy().tolist() == [[1, 1]] for weight in net.weight.list_data())


def test_what_is_wrong_is_said():
    net = Scaled()
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    with pytest.raises(AssertionError, match=r"call amp.init\(\) first"):
        amp.init_trainer(trainer)
    with pytest.raises(AssertionError, match=r"call amp.init_trainer\(trainer\) first"), amp.scale_loss(1, trainer):
        pass
    amp.unscale(trainer)  # nothing is scaled
    with pytest.raises(TypeError, match=r"takes a gluon.Trainer, not an optimizer"):
        amp.init_trainer(mx.optimizer.SGD())
    with pytest.raises(TypeError, match=r"takes a gluon.Trainer, not int"):
        amp.init_trainer(3)
    with pytest.raises(TypeError, match="must be a LossScaler, not int"):
        amp.init_trainer(trainer, 3)
    for call in (amp.unscale, lambda value: amp.scale_loss(1, value).__enter__()):
        with pytest.raises(TypeError, match="takes a gluon.Trainer, not Scaled"):
            call(net)
    amp.init_trainer(trainer, LossScaler())
    with pytest.raises(TypeError, match="takes arrays, not float"), amp.scale_loss(1.5, trainer):
        pass


def test_bfloat16_is_not_scaled():
    net = Scaled()
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    with amp.autocast("bfloat16"):
        amp.init_trainer(trainer)
    loss = np.ones(())
    with amp.scale_loss(loss, trainer) as scaled:
        assert scaled is loss
    assert repr(trainer._amp_loss_scaler) == "LossScaler(loss_scale=1, dynamic=False)"


def test_states_of_a_trainer_have_the_scale(tmp_path):
    _, trainer = scaled_and_trainer(LossScaler(init_scale=32, scale_window=7))
    trainer._amp_loss_scaler.update(True)
    trainer.save_states(tmp_path / "states")
    _, other = scaled_and_trainer()
    other.load_states(tmp_path / "states")
    assert other._amp_loss_scaler.state_dict() == trainer._amp_loss_scaler.state_dict()
    # A trainer without a scaler takes the rest, and one with a scaler the states of one without.
    net = Scaled()
    net.initialize()
    plain = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    plain.load_states(tmp_path / "states")
    assert plain.learning_rate == 0.5 and plain._amp_loss_scaler is None
    plain.save_states(tmp_path / "plain")
    other.load_states(tmp_path / "plain")
    assert other._amp_loss_scaler.loss_scale == 16


# Networks


def fit(dtype, net, x, y, steps, scaler=None, hybrid=True):
    """Losses of some steps, and the trainer."""
    if hybrid:
        net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.02, "momentum": 0.9})
    cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
    losses = []
    with amp.autocast(dtype) if dtype else nullcontext():
        amp.init_trainer(trainer, scaler or (None if dtype else LossScaler(1.0, dynamic=False)))
        for _ in range(steps):
            with autograd.record():
                loss = cross_entropy(net(x), y).mean()
                with amp.scale_loss(loss, trainer) as scaled:
                    autograd.backward(scaled)
            trainer.step(1)
            losses.append(float(loss))
    return losses, trainer


def zoo_network():
    mx.random.seed(7)
    net = gluon.model_zoo.vision.get_model("resnet18_v1", classes=4, thumbnail=True)
    net.initialize(mx.init.Xavier())
    return net


def test_a_network_of_the_zoo_learns_in_bfloat16_as_in_float32():
    random = onp.random.RandomState(0)
    labels = onp.arange(8) % 4
    values = random.rand(8, 3, 16, 16) + labels[:, None, None, None]
    x, y = np.array(values.astype("float32")), np.array(labels)
    expected, _ = fit(None, zoo_network(), x, y, 8)
    net = zoo_network()
    losses, _ = fit("bfloat16", net, x, y, 8)
    assert expected[-1] < expected[0] / 4
    assert losses[0] == pytest.approx(expected[0], rel=0.02)
    assert losses[-1] == pytest.approx(expected[-1], abs=0.15)
    for parameter in net.collect_params().values():
        assert parameter.data().dtype == "float32" and onp.isfinite(parameter.data().asnumpy()).all()
        if parameter.grad_req != "null":
            assert parameter.grad().dtype == "float32" and onp.isfinite(parameter.grad().asnumpy()).all()


@pytest.mark.parametrize("hybrid", [False, True])
def test_float16_recovers_from_overflow(hybrid):
    mx.random.seed(2)
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.Flatten(), nn.Dense(3))
    net.initialize(mx.init.Xavier())
    random = onp.random.RandomState(1)
    y = np.array(onp.arange(6) % 3)
    x = np.array((random.rand(6, 1, 6, 6) + onp.arange(6)[:, None, None, None] % 3).astype("float32"))
    losses, trainer = fit("float16", net, x, y, 30, LossScaler(init_scale=2.0**26, scale_window=10), hybrid)
    scaler = trainer._amp_loss_scaler
    skipped = 30 - trainer.optimizer.num_update
    assert 0 < skipped < 15 and scaler.loss_scale < 2.0**26
    assert losses[1] == losses[0]  # the first step was left out
    assert losses[-1] < 0.5 * losses[0] and all(map(math.isfinite, losses))
    assert all(onp.isfinite(parameter.data().asnumpy()).all() for parameter in net.collect_params().values())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_network_that_is_cast_trains_with_float32_copies(dtype, optimizer):
    def run(dtype):
        mx.random.seed(5)
        net = nn.HybridSequential()
        net.add(nn.Conv2D(4, 3, in_channels=1), nn.BatchNorm(), nn.Activation("relu"), nn.Flatten(), nn.Dense(2))
        net.initialize(mx.init.Xavier())
        random = onp.random.RandomState(3)
        x = np.array(random.rand(4, 1, 5, 5).astype("float32") + onp.arange(4).reshape(4, 1, 1, 1) % 2)
        y = np.array([0, 1, 0, 1])
        net(x)
        net.cast(dtype)
        net.hybridize()
        arguments = {"learning_rate": 0.01, "multi_precision": dtype != "float32"}
        trainer = gluon.Trainer(net.collect_params(), optimizer, arguments)
        cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
        losses = []
        for _ in range(12):
            with autograd.record():
                loss = cross_entropy(net(x.astype(dtype)).astype("float32"), y).mean()
            loss.backward()
            trainer.step(1)
            losses.append(float(loss))
        return net, trainer, losses

    _, _, expected = run("float32")
    net, trainer, losses = run(dtype)
    params = net.collect_params()
    assert params["0.weight"].data().dtype == params["4.weight"].grad().dtype == dtype
    assert params["1.gamma"].data().dtype == params["1.running_mean"].data().dtype == "float32"
    copies = [state[0] for state in trainer._updaters[0].states.values() if isinstance(state, tuple)]
    assert copies and all(copy.dtype == "float32" for copy in copies[:1])
    onp.testing.assert_allclose(losses, expected, rtol=0.1, atol=0.03)
    assert losses[-1] < losses[0]


# On a GPU


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_training_on_a_gpu(dtype):
    random = onp.random.RandomState(0)
    labels = onp.arange(8) % 4
    values = random.rand(8, 3, 32, 32) + labels[:, None, None, None]
    with mx.gpu():
        x, y = np.array(values.astype("float32")), np.array(labels)
        expected, _ = fit(None, zoo_network(), x, y, 8)
        net = zoo_network()
        losses, trainer = fit(dtype, net, x, y, 8, LossScaler(init_scale=2.0**12) if dtype == "float16" else None)
    assert trainer.optimizer.num_update == 8
    assert losses[-1] == pytest.approx(expected[-1], abs=0.2)
    assert all(onp.isfinite(parameter.data().asnumpy()).all() for parameter in net.collect_params().values())


@pytest.mark.gpu
def test_an_overflow_on_a_gpu_is_found():
    with mx.gpu():
        net, trainer = scaled_and_trainer()
        backward(net, trainer)
        net.weight.grad()[0, 1] = math.inf
        trainer.step(2)
    assert net.weight.data().asnumpy().tolist() == [[1, 1]] and trainer._amp_loss_scaler.loss_scale == 2.0**15
