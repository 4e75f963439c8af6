"""Training passes that engines compile: the numbers, states and gradients as without, and refusals that come first."""

import logging

import numpy as onp
import pytest
import torch
from torch._dynamo.utils import counters

import mxnet as mx
from mxnet import autograd, engines, gluon, np
from mxnet.base import MXNetError
from mxnet.engines.engine import Engine
from mxnet.gluon import nn
from mxnet.operators.functions import clip

needs_compiler = pytest.mark.skipif(bool(engines.engines()["inductor"]), reason=engines.engines()["inductor"])


def network():
    """A convolutional network whose first bias is frozen, and whose last weight adds its gradients up."""
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(4, 3, padding=1, in_channels=3),
        nn.BatchNorm(in_channels=4),
        nn.Activation("relu"),
        gluon.nn.HybridLambda(lambda x: np.clip(x, 0, 6)),
        nn.MaxPool2D(),
        nn.Dense(3, in_units=36),
    )
    net.initialize()
    for number, parameter in enumerate(net.collect_params().values()):
        values = onp.random.RandomState(number).uniform(0.1, 0.5, parameter.shape) - 0.2 * (number == 0)
        parameter.set_data(np.array(values, dtype="float32"))
    net[0].bias.grad_req = "null"
    net[5].weight.grad_req = "add"
    return net


def batch(seed=0, count=4):
    return np.array(onp.random.RandomState(seed).rand(count, 3, 6, 6).astype("float32"))


def go_back(net, images, **options):
    with autograd.record():
        loss = (net(images) ** 2).sum()
    loss.backward(**options)
    return loss


def state(net):
    """Values and gradients of all parameters."""
    found = {}
    for name, parameter in net.collect_params().items():
        found[name] = parameter.data().asnumpy()
        if parameter.grad_req != "null":
            found[f"{name}'s gradient"] = parameter.grad().asnumpy()
    return found


def assert_alike(net, twin):
    found, wanted = state(net), state(twin)
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        onp.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5 * onp.abs(values).max(), err_msg=name)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_clip_does_not_cut_a_program_in_pieces(dtype):
    values = torch.tensor([-1.0, 0.0, 3.0, 6.0, 7.0], dtype=dtype, requires_grad=True)
    torch.compile(lambda data: clip.body(data * 1, a_min=0.0, a_max=6.0), backend="eager", fullgraph=True)(
        values
    ).sum().backward()
    assert values.grad.tolist() == [0, 1, 1, 1, 0]  # with the gradient that MXNet has at the bounds


@pytest.fixture(scope="module")
def compiled():
    """The network, compiled once for the module."""
    net = network()
    before = state(net)
    counters.clear()
    net.optimize_for(batch(), backend="inductor", training=True)
    assert not counters["graph_break"]
    after = state(net)
    for name, values in before.items():
        assert onp.array_equal(values, after[name]), f"compiling changed {name}"
    return net


@pytest.fixture
def pair(compiled):
    """The compiled network and a twin as written, with the same values and no gradients; compiling more is an error."""
    twin = network()
    for parameter, source in zip(compiled.collect_params().values(), twin.collect_params().values(), strict=True):
        parameter.set_data(source.data())
        if parameter.grad_req != "null":
            parameter.zero_grad()
    with torch.compiler.set_stance("fail_on_recompile"):
        yield compiled, twin


@needs_compiler
def test_steps_are_those_of_the_network_as_written(pair):
    trainers = [gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1e-3, "momentum": 0.9}) for net in pair]
    first = state(pair[0])
    for step in range(3):
        losses = [go_back(net, batch(step)).item() for net in pair]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
        assert_alike(*pair)
        for trainer in trainers:
            trainer.step(4)
    assert_alike(*pair)
    changed = {name for name, values in state(pair[0]).items() if not onp.array_equal(values, first[name])}
    assert {"0.weight", "1.running_mean", "1.running_var", "5.weight's gradient"} < changed
    assert "0.bias" not in changed


@needs_compiler
def test_changes_of_parameters_are_seen(pair):
    for net in pair:
        go_back(net, batch())
        net[5].bias.set_data(np.array([1.0, -2.0, 3.0]))
        net[0].weight.data()[:] = 0.1
        go_back(net, batch(1))
    assert_alike(*pair)


@needs_compiler
def test_gradients_of_several_passes_and_of_one_pass_twice(pair):
    for net in pair:
        with autograd.record():
            loss = net(batch()).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        with pytest.raises(MXNetError, match="computational graph"):
            loss.backward()
    assert_alike(*pair)


@needs_compiler
def test_hooks_fire(pair):
    net, _ = pair
    calls = []
    handles = [
        net.register_forward_pre_hook(lambda block, given: calls.append("before")),
        net.register_forward_hook(lambda block, given, result: calls.append(result.shape)),
    ]
    go_back(net, batch())
    for handle in handles:
        handle.detach()
    assert calls == ["before", (4, 3)]


@needs_compiler
def test_inputs_in_another_layout_are_not_compiled_for(pair):
    images = batch(2).as_torch().permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0)
    assert images.stride() != batch(2).as_torch().stride()
    for net in pair:
        go_back(net, np.from_torch(images))
    assert_alike(*pair)


@needs_compiler
def test_mixed_precision_with_the_statistics_of_float32(recwarn):
    nets = [network(), network()]
    for net in nets:
        net.add(nn.Dense(36), nn.HybridLambda(lambda x: x.reshape(-1, 4, 3, 3)), nn.Conv2D(4, 3, strides=2, groups=4))
        net.initialize(mx.init.One())
    net, twin = nets
    counters.clear()
    with mx.amp.autocast("bfloat16"):
        net.optimize_for(batch(), backend="inductor", training=True)
        loss = go_back(net, batch())
        eager = go_back(twin, batch())
    assert not counters["graph_break"]
    assert [report["engine"] for report in net.engine_report()] == ["inductor"], [str(each.message) for each in recwarn]
    assert loss.item() == pytest.approx(eager.item(), rel=2e-2)
    for name, wanted in state(twin).items():
        tolerance = 1e-6 if "running" in name else 4e-2 * onp.abs(wanted).max()
        onp.testing.assert_allclose(state(net)[name], wanted, atol=tolerance, err_msg=name)


@needs_compiler
def test_predictions_run_as_before_and_the_report_tells(pair):
    net, twin = pair
    onp.testing.assert_allclose(net(batch(1)).asnumpy(), twin(batch(1)).asnumpy(), rtol=1e-5)
    with autograd.train_mode():
        net(batch(1))
    [report] = net.engine_report()
    assert (report["inputs"], report["engine"], report["pass"]) == ("(4, 3, 6, 6) float32", "inductor", "training")
    assert report["compiled in"].endswith(" s")
    with pytest.warns(UserWarning, match="fail_on_recompile"):
        go_back(net, batch(count=5))  # other inputs would be compiled for, if the test let them


@needs_compiler
def test_random_numbers_are_those_of_mx_random():
    net = nn.HybridSequential()
    net.add(nn.Dense(200, in_units=2, weight_initializer="ones"), nn.Dropout(0.25))
    net.initialize()
    net.hybridize(training_engine="inductor")
    torch_state = torch.get_rng_state()

    def drawn():
        with autograd.record():
            result = net(np.ones((5, 2)))
        result.backward()
        gradient = net[0].bias.grad().asnumpy()
        onp.testing.assert_allclose(gradient, result.asnumpy().sum(axis=0) / 2, rtol=1e-5)  # the same mask both ways
        return result.asnumpy()

    mx.random.seed(3)
    first, second = drawn(), drawn()
    assert set(onp.unique(first.round(5))) == {0, onp.float32(8 / 3).round(5)}
    assert 0.65 < (first != 0).mean() < 0.85
    assert (first != second).any()
    mx.random.seed(3)
    assert onp.array_equal(drawn(), first) and onp.array_equal(drawn(), second)
    mx.random.seed(4)
    assert (drawn() != first).any()
    assert torch.equal(torch.get_rng_state(), torch_state), "torch's own generator is left as it was"


# What needs no compiler


@pytest.fixture
def recorder():
    """An engine that trains by calling the function it is given, and counts."""
    known = dict(engines.engine._ENGINES)

    @engines.register
    class Recorder(Engine):
        name = "recorder"
        compiled = 0
        calls = 0

        def __init__(self, fails=False):
            self.fails = fails

        def compile(self, graph):
            raise AssertionError("nobody asked for predictions")

        def compile_training(self, function, tensors):
            type(self).compiled += 1
            if self.fails:
                raise ValueError("no room left")

            def call(*given):
                type(self).calls += 1
                return function(*given)

            return call

    yield Recorder
    engines.engine._ENGINES.clear()
    engines.engine._ENGINES.update(known)


def test_an_engine_of_ones_own(recorder, caplog):
    net, twin = network(), network()
    with caplog.at_level(logging.INFO, "mxnet.engines"):
        net.optimize_for(batch(), backend="recorder", training=True)
    assert "recorder compiles HybridSequential on (4, 3, 6, 6) float32 for training" in caplog.text
    assert "for training in " in caplog.text
    assert (recorder.compiled, recorder.calls) == (1, 0)
    for each in (net, twin):
        go_back(each, batch())
        go_back(each, batch(1))
    assert_alike(net, twin)
    net(batch())
    with autograd.train_mode():
        net(batch())
    assert (recorder.compiled, recorder.calls) == (1, 2), "what is not recorded is not compiled"
    go_back(net, batch(count=2))
    net[0].weight.grad_req = "null"
    go_back(net, batch())
    assert recorder.compiled == 3, "other inputs, and other parameters with gradients"
    net[0].weight.grad_req = "write"
    net.register_forward_hook(lambda block, given, result: None)
    go_back(net, batch())
    assert recorder.compiled == 3, "a graph like an earlier one"
    net.add(nn.Dense(2, in_units=3))
    net[6].initialize()
    go_back(net, batch())
    assert recorder.compiled == 4


def test_it_is_told_in_a_terminal(recorder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    network().optimize_for(batch(), backend="recorder", training=True)
    first, second = capsys.readouterr().err.splitlines()
    assert first == "recorder compiles HybridSequential on (4, 3, 6, 6) float32 for training ..."
    assert second.startswith("recorder compiled HybridSequential on (4, 3, 6, 6) float32 for training in 0.")


def test_training_engine_of_hybridize(recorder):
    net = network()
    net.hybridize()
    go_back(net, batch())
    net.hybridize(static_alloc=True, static_shape=True)
    go_back(net, batch())
    assert recorder.compiled == 0, "unless asked for, training is not compiled"
    net.hybridize(training_engine="recorder")
    go_back(net, batch())
    assert (recorder.compiled, recorder.calls) == (1, 1)
    net.optimize_for(batch(1))
    go_back(net, batch(1))
    assert (recorder.compiled, recorder.calls) == (1, 2), "another call of optimize_for keeps it"
    net.hybridize()
    go_back(net, batch())
    assert recorder.calls == 2
    net.hybridize(training_engine=recorder())
    go_back(net, batch())
    assert recorder.calls == 3


def test_blocks_below_a_block_compile_each_for_itself(recorder):
    class Two(gluon.Block):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Dense(3, in_units=2), nn.Dense(3, in_units=3)

        def forward(self, x):
            return self.two(self.one(x))

    net = Two()
    net.initialize()
    net.hybridize(training_engine="recorder")
    go_back(net, np.ones((1, 2)))
    assert recorder.compiled == 2


def test_one_that_fails_is_warned_of_and_training_goes_on(recorder):
    net, twin = network(), network()
    with pytest.warns(UserWarning, match=r"recorder failed to compile HybridSequential on .* torch: no room left"):
        net.optimize_for(batch(), backend="recorder", training=True, fails=True)
    for each in (net, twin):
        go_back(each, batch())
    assert_alike(net, twin)
    assert net.engine_report()[0]["engine"] == "torch, since recorder failed"


class ChoosesRows(gluon.HybridBlock):
    def forward(self, x):
        return x[x.sum(axis=1) > 0]


def test_a_block_that_is_no_graph_is_refused(recorder):
    net = ChoosesRows()
    x = np.array([[1.0, 2.0], [-1.0, -2.0]])
    message = "ChoosesRows cannot be compiled for training by recorder: it cannot be one graph: .*Give the blocks below"
    with pytest.raises(MXNetError, match=message):
        net.optimize_for(x, backend="recorder", training=True)
    net.hybridize(training_engine="recorder")
    x.attach_grad()
    with autograd.record(), pytest.raises(MXNetError, match="cannot be compiled for training"):
        net(x)
    assert net(x).asnumpy().tolist() == [[1, 2]], "it predicts without a graph all the same"
    net.hybridize()
    with autograd.record():
        result = net(x)
    result.backward()
    assert x.grad.asnumpy().tolist() == [[1, 1], [0, 0]]
    assert recorder.compiled == 0


@pytest.mark.parametrize("before", ["as written", "hybridized", "hybridized with an engine"])
def test_after_a_refusal_all_blocks_are_as_they_were(recorder, before):
    net, x = nn.HybridSequential(), np.array([[1.0, 2.0], [-1.0, -2.0]])
    net.add(nn.Dense(2, in_units=2), ChoosesRows())
    net.initialize()
    if before != "as written":
        net.hybridize(training_engine=recorder() if "engine" in before else None)
    net[0].hybridize(before == "as written")
    net.register_op_hook(lambda *args: None)
    blocks = [net, net[0], net[1]]

    def found():
        return [(block._active, block._graphs, block._graphs.training_engine, block._op_hooks[:]) for block in blocks]

    earlier = found()
    with pytest.raises(MXNetError, match="cannot be compiled for training"):
        net.optimize_for(x, backend="recorder", training=True, clear=True)
    with pytest.raises(MXNetError, match="cannot be one graph"):
        net.optimize_for(x, partition_if_dynamic=False, clear=True)
    assert found() == earlier
    assert net(x).shape[1] == 2


def test_hooks_below_a_compiled_block_are_refused_instead_of_passed_over(recorder):
    net = network()
    net.optimize_for(batch(), backend="recorder", training=True)
    net[2].register_forward_hook(lambda block, given, result: None)
    with pytest.raises(MXNetError, match="cannot be compiled for training .* hook"):
        go_back(net, batch())


@pytest.mark.parametrize("backend", [name for name, problem in engines.engines().items() if not problem])
def test_engines_that_only_predict_are_refused(backend):
    if backend == "inductor":
        return
    net = network()
    message = f"{backend} cannot compile training: it only predicts. Engines that can: 'inductor'"
    with pytest.raises(MXNetError, match=message):
        net.optimize_for(batch(), backend=backend, training=True)
    with pytest.raises(MXNetError, match=message):
        net.hybridize(training_engine=backend)
    assert not net._active, "nothing has changed"


def test_other_wrong_calls():
    net = network()
    with pytest.raises(MXNetError, match="needs a backend that can train"):
        net.optimize_for(batch(), training=True)
    with pytest.raises(ValueError, match="no backend 'inducktor'"):
        net.hybridize(training_engine="inducktor")
    with pytest.raises(TypeError, match="training_engine must be the name of an engine or an Engine, not 3"):
        net.hybridize(training_engine=3)
    with pytest.raises(NotImplementedError, match="Engine must define compile_training"):
        Engine().compile_training(None, [])


@needs_compiler
def test_options_of_predictions_are_refused():
    net = network()
    with pytest.raises(MXNetError, match=r"precision='bfloat16' is for predictions; mx.amp trains in 16 bits"):
        net.optimize_for(batch(), backend="inductor", training=True, precision="bfloat16")
    with pytest.raises(MXNetError, match="calibration is for predictions"):
        net.optimize_for(batch(), backend="inductor", training=True, calibration=[batch()])


@needs_compiler
@pytest.mark.gpu
def test_on_a_gpu():
    net, twin = network(), network()
    for each in (net, twin):
        each.reset_device(mx.gpu())
    images = batch().to_device(mx.gpu())
    net.optimize_for(images, backend="inductor", training=True)
    for each in (net, twin):
        go_back(each, images)
    assert_alike(net, twin)
