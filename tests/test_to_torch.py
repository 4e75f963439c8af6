"""Blocks and symbols as modules of PyTorch: the same numbers; trained, compiled, exported and copied by torch."""

import copy
import io
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import fx

import mxnet as mx
from mxnet import autograd, gluon, np, npx
from mxnet.gluon import HybridBlock, nn
from mxnet.gluon.model_zoo import vision
from mxnet.operators.catalogue import CATALOGUE

ZOO: dict[str, tuple[Callable[[], HybridBlock], int]] = {
    "alexnet": (lambda: vision.get_model("alexnet", classes=4), 64),
    "densenet": (lambda: vision.DenseNet(8, 4, [2, 2], classes=4), 56),
    "inception": (lambda: vision.get_model("inceptionv3", classes=4), 299),
    "mobilenet": (lambda: vision.get_model("mobilenet0.25", classes=4), 64),
    "mobilenetv2": (lambda: vision.get_model("mobilenetv2_0.25", classes=4), 64),
    "resnet_v1": (lambda: vision.get_model("resnet18_v1", classes=4, thumbnail=True), 16),
    "resnet_v2": (lambda: vision.get_model("resnet18_v2", classes=4, thumbnail=True), 16),
    "squeezenet": (lambda: vision.get_model("squeezenet1.1", classes=4), 224),
    "vgg": (lambda: vision.VGG([1, 1], [4, 8], classes=4, batch_norm=True), 16),
}


@pytest.fixture(params=ZOO)
def family(request: pytest.FixtureRequest) -> tuple[HybridBlock, Any]:
    """A network of each family of the zoo, and two images for it."""
    make, size = ZOO[request.param]
    net = make()
    net.initialize(mx.init.Xavier())
    return net, np.random.uniform(size=(2, 3, size, size))


def close(a: torch.Tensor, b: torch.Tensor, tolerance: float = 1e-5) -> bool:
    return torch.allclose(a, b, rtol=tolerance, atol=tolerance)


def tensors(net: HybridBlock) -> dict[str, torch.Tensor]:
    return {name: parameter.data().as_torch() for name, parameter in net.collect_params().items()}


def small(dropout: float = 0.5) -> HybridBlock:
    """A network with layers that behave in another way when they train."""
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.Dropout(dropout), nn.Flatten(), nn.Dense(3))
    net.initialize()
    return net


def images(count: int = 2) -> Any:
    return np.random.uniform(size=(count, 2, 5, 5))


class Function(HybridBlock):
    """A function of arrays as a block."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


# The zoo


def test_module_predicts_what_the_block_does(family):
    net, x = family
    module = net.to_torch(x)
    assert not module.training
    assert set(module.state_dict()) == set(net.collect_params())
    trained = {name for name, parameter in net.collect_params().items() if parameter.grad_req != "null"}
    assert {name for name, _ in module.named_parameters()} == trained
    assert close(module(x.as_torch()), net(x).as_torch())


def test_module_trains_as_the_block_does(family):
    net, x = family
    net.cast("float64")  # two images are few for BatchNorm: small differences would grow
    x, labels = x.astype("float64"), np.array([1, 3])
    # In one layout both draw the same random numbers for the same elements.
    module = net.to_torch(x).to(memory_format=torch.channels_last).train()
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()
    steps = 1 if x.shape[-1] > 256 else 2
    options = {"learning_rate": 0.001, "momentum": 0.9}
    trainer = gluon.Trainer(net.collect_params(), "sgd", options)
    mx.random.seed(7)
    for _ in range(steps):
        with autograd.record():
            loss = loss_of(net(x), labels).mean()
        loss.backward()
        trainer.step(1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.001, momentum=0.9)
    torch.manual_seed(7)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(x.as_torch()), labels.as_torch().long()).backward()
        optimizer.step()
    state = module.state_dict()
    for name, tensor in tensors(net).items():
        assert close(state[name], tensor), name


def test_module_compiles_whole(family):
    net, x = family
    module = net.to_torch(x)
    compiled = torch.compile(module, backend="eager", fullgraph=True)
    with torch.no_grad():
        assert torch.equal(compiled(x.as_torch()), module(x.as_torch()))


def test_exported_module_takes_any_batch(family):
    net, x = family
    module = net.to_torch(x)
    exported = torch.export.export(module, (x.as_torch(),), dynamic_shapes=({0: torch.export.Dim("batch", max=64)},))
    more = torch.cat([x.as_torch(), x.as_torch().flip(-1), x.as_torch()])
    with torch.no_grad():
        assert close(exported.module()(more), module(more))


# Training


@pytest.mark.parametrize("training", [False, True])
def test_aot_backends_compile_both_modes(training):
    x = images().as_torch()
    module = small(dropout=0).to_torch(images()).train(training)
    plain = copy.deepcopy(module)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    compiled(x).sum().backward()
    plain(x).sum().backward()
    for (name, one), (_, other) in zip(module.named_parameters(), plain.named_parameters(), strict=True):
        assert close(one.grad, other.grad), name
    for name, buffer in module.named_buffers():
        assert close(buffer, plain.get_buffer(name)), name


def test_running_statistics_follow_mxnets_rule():
    net = nn.BatchNorm(momentum=0.75)
    net.initialize()
    x = torch.randn(6, 3, 2)
    module = net.to_torch(np.from_torch(x))
    module(x)
    assert close(module.running_mean, torch.zeros(3))
    module.train()(x)
    assert close(module.running_mean, 0.25 * x.mean((0, 2)))
    assert close(module.running_var, 0.75 + 0.25 * x.var((0, 2), unbiased=False))


def test_exported_training_updates_the_statistics():
    net = small()
    x = images().as_torch()
    program = torch.export.export(net.to_torch(images()).train(), (x,)).module()
    before = program.state_dict()["1.running_mean"].clone()
    program(x)
    assert not torch.equal(program.state_dict()["1.running_mean"], before)


def test_fixed_scale_is_no_parameter():
    net = nn.BatchNorm(scale=False)
    net.initialize()
    module = net.to_torch(images())
    assert [name for name, _ in module.named_parameters()] == ["beta"]
    assert "gamma" in module.state_dict()


def test_frozen_parameters_stay_frozen():
    net = small()
    net(images())
    net[0].setattr("grad_req", "null")
    module = net.to_torch(images())
    assert not module.get_parameter("0.weight").requires_grad
    assert module.get_parameter("5.weight").requires_grad


def test_random_numbers_are_torchs():
    net = small()
    x = images().as_torch()
    module = net.to_torch(images()).train()
    torch.manual_seed(5)
    first = module(x)
    torch.manual_seed(5)
    assert torch.equal(module(x), first)
    assert not torch.equal(module(x), first)
    mx.random.seed(1)
    drawn = np.random.uniform(size=(3,))
    mx.random.seed(1)
    module(x)
    assert (np.random.uniform(size=(3,)) == drawn).all()


def test_samplers_draw_from_torch():
    net = Function(lambda x: x + np.random.normal(0, 1, size=(4,)))
    module = net.to_torch(np.zeros(4))
    torch.manual_seed(5)
    first = module(torch.zeros(4))
    assert not torch.equal(module(torch.zeros(4)), first)
    torch.manual_seed(5)
    assert torch.equal(module(torch.zeros(4)), first)


# Memory


def test_module_holds_copies():
    net = small()
    x = images()
    module = net.to_torch(x)
    before = net(x).as_torch().clone()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    assert torch.equal(net(x).as_torch(), before)


def test_shared_memory_trains_both():
    net = small()
    x = images()
    module = net.to_torch(x, share=True)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    module.train()(x.as_torch()).sum().backward()
    optimizer.step()
    for name, tensor in tensors(net).items():
        assert torch.equal(module.state_dict()[name], tensor)
    net[5].weight.set_data(np.zeros_like(net[5].weight.data()))
    assert not module.get_parameter("5.weight").any()


def test_tied_parameters_are_one_under_both_names():
    net = nn.HybridSequential()
    net.add(nn.Dense(3, in_units=3), nn.Dense(3, in_units=3))
    net[1].share_parameters(net[0].collect_params())
    net.initialize()
    x = np.random.uniform(size=(2, 3))
    module = net.to_torch(x)
    assert set(module.state_dict()) == set(net.collect_params())
    assert module.get_parameter("0.weight") is module.get_parameter("1.weight")
    assert torch.equal(module(x.as_torch()), net(x).as_torch())
    assert len(list(module.parameters())) == 2


def test_what_is_made_in_forward_goes_with_the_module():
    class Net(HybridBlock):
        def __init__(self):
            super().__init__()
            self.scale = gluon.Constant([1.0, 2.0, 3.0])
            self.offset = np.array([1.0, 0.0, 1.0])

        def forward(self, x):
            return x * (self.scale.data() + self.offset) + np.arange(3)

    net = Net()
    net.initialize()
    x = np.random.uniform(size=(2, 3))
    module = net.to_torch(x)
    assert list(module.state_dict()) == ["scale"]
    assert not list(module.parameters())
    assert torch.equal(module(x.as_torch()), net(x).as_torch())
    wide = copy.deepcopy(module).double()
    assert wide(x.as_torch().double()).dtype is torch.float64
    assert list(wide.state_dict()) == ["scale"]


# Copies, types, files


def same_everywhere(one: torch.nn.Module, other: torch.nn.Module, x: torch.Tensor) -> None:
    assert set(one.state_dict()) == set(other.state_dict())
    for training in (False, True):
        torch.manual_seed(2)
        expected = one.train(training)(x)
        torch.manual_seed(2)
        assert torch.equal(other.train(training)(x), expected)


def test_module_is_copied():
    module = small().to_torch(images())
    same_everywhere(module, copy.deepcopy(module), images().as_torch())


def test_module_is_pickled():
    class Weighted(HybridBlock):
        def __init__(self):
            super().__init__()
            self.weight = gluon.Parameter("weight", shape=(3,))
            self.constant = gluon.Constant([1.0, 2.0, 3.0])

        def forward(self, x):
            return x * npx.relu(self.weight.data() * 2) + np.exp(self.constant.data())

    for net, x in ((small(), images()), (Weighted(), np.ones((2, 3)))):
        net.initialize(force_reinit=True)
        module = net.to_torch(x)
        file = io.BytesIO()
        torch.save(module, file)
        file.seek(0)
        loaded = torch.load(file, weights_only=False)
        same_everywhere(module, loaded, x.as_torch())
        # What hangs on parameters and buffers alone is computed in every call, not when the module is read.
        with torch.no_grad():
            for tensor in loaded.state_dict().values():
                tensor.fill_(2)
            module.load_state_dict(loaded.state_dict())
        same_everywhere(module, loaded, x.as_torch())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_module_is_cast(dtype):
    module = small().to_torch(images())
    x = images().as_torch()
    expected = module(x)
    cast = module.to(dtype)
    assert torch.allclose(cast(x.to(dtype)).float(), expected, atol=0.02)
    cast.train()(x.to(dtype)).sum().backward()
    assert all(parameter.grad.dtype is dtype for parameter in cast.parameters())


def test_state_goes_between_module_and_block():
    net, other = small(), small()
    x = images()
    net(x), other(x)
    module = net.to_torch(x)
    module.load_state_dict(tensors(other))
    assert torch.equal(module(x.as_torch()), other(x).as_torch())
    net.load_dict(module.state_dict())
    assert torch.equal(net(x).as_torch(), other(x).as_torch())


def test_exported_file_runs_without_this_package(tmp_path):
    net = small()
    x = images(3).as_torch()
    module = net.to_torch(images())
    program = torch.export.export(module, (images().as_torch(),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, tmp_path / "net.pt2")
    torch.save(x, tmp_path / "x.pt")
    script = (
        "import sys; sys.modules['mxnet'] = None\n"
        "import torch\n"
        "module = torch.export.load('net.pt2').module()\n"
        "torch.save(module(torch.load('x.pt')).detach(), 'y.pt')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    assert close(torch.load(tmp_path / "y.pt"), module(x))


# Structure


def test_outputs_stay_nested():
    net = Function(lambda x, y: {"sum": x + y, "parts": [x, (y, None)], "count": 2})
    x, y = np.ones((2,)), np.zeros((2,))
    module = net.to_torch(x, y)
    result = module(x.as_torch(), y.as_torch())
    assert list(result) == ["sum", "parts", "count"]
    assert torch.equal(result["sum"], torch.ones(2))
    assert torch.equal(result["parts"][1][0], torch.zeros(2))
    assert result["parts"][1][1] is None and result["count"] == 2


def test_nested_inputs_come_one_after_the_other():
    net = Function(lambda x, states: x + states[0] * states[1])
    module = net.to_torch(np.ones(2), [np.ones(2), np.ones(2)])
    assert [node.name for node in module.graph.nodes if node.op == "placeholder"] == ["data0", "data1", "data2"]
    assert module(torch.ones(2), torch.full((2,), 2.0), torch.full((2,), 3.0)).tolist() == [7, 7]


@pytest.mark.parametrize("sections", [1, 2])
def test_splits(sections):
    net = Function(lambda x: npx.slice_channel(x, num_outputs=sections))
    x = np.random.uniform(size=(2, 4))
    parts = net.to_torch(x)(x.as_torch())
    expected = net(x)
    expected = list(expected) if isinstance(expected, (list, tuple)) else [expected]
    parts = list(parts) if isinstance(parts, (list, tuple)) else [parts]
    assert len(parts) == len(expected) == sections
    for part, other in zip(parts, expected, strict=True):
        assert torch.equal(part, other.as_torch())


def test_layers_and_code_are_readable():
    module = small().to_torch(images())
    assert "(0): Convolution(kernel=(3, 3), " in str(module)
    assert "(1): BatchNorm(eps=1e-05, fix_gamma=False)" in str(module)
    assert "def forward(self, data):" in module.code
    assert "mxnet_operators_bodies_Activation(_1, act_type = 'relu')" in module.code
    assert type(module).__name__ == "HybridSequential"
    assert isinstance(module, fx.GraphModule)


def test_layers_are_modules_with_hooks():
    module = small().to_torch(images())
    seen = []
    module.get_submodule("0").register_forward_hook(lambda layer, given, result: seen.append(result.shape))
    module(images(3).as_torch())
    assert seen == [(3, 4, 3, 3)]


def test_a_layer_used_twice_is_one():
    class Net(HybridBlock):
        def __init__(self):
            super().__init__()
            self.dense = nn.Dense(3, in_units=3)
            self.norm = nn.BatchNorm(in_channels=3)

        def forward(self, x):
            return self.norm(self.dense(self.norm(self.dense(x))))

    net = Net()
    net.initialize()
    x = np.random.uniform(size=(4, 3))
    module = net.to_torch(x)
    assert torch.equal(module(x.as_torch()), net(x).as_torch())
    assert [name for name, _ in module.named_children()] == ["dense", "norm"]


def test_several_operators_of_one_block_use_its_parameters():
    class Net(HybridBlock):
        def __init__(self):
            super().__init__()
            self.gamma = gluon.Parameter("gamma", shape=(3,), init="ones")
            self.running_mean = gluon.Parameter("running_mean", shape=(3,), init="zeros", differentiable=False)
            self.running_var = gluon.Parameter("running_var", shape=(3,), init="ones", differentiable=False)

        def forward(self, x):
            states = self.running_mean.data(), self.running_var.data()
            return npx.batch_norm(x, self.gamma.data(), self.gamma.data(), *states, fix_gamma=False) * self.gamma.data()

    net = nn.HybridSequential()
    net.add(Net())
    net.initialize()
    x = np.random.uniform(size=(4, 3))
    module = net.to_torch(x)
    assert torch.equal(module(x.as_torch()), net(x).as_torch())
    with autograd.record():
        expected = net(x)
    assert close(module.train()(x.as_torch()), expected.as_torch())
    assert close(module.get_buffer("0.running_mean"), net[0].running_mean.data().as_torch())


def test_names_that_torchs_modules_have_themselves():
    class Net(HybridBlock):
        def __init__(self):
            super().__init__()
            self.train = nn.Dense(2, in_units=2)
            self.code = nn.BatchNorm(in_channels=2)

        def forward(self, x):
            return self.code(self.train(x))

    net = Net()
    net.initialize()
    x = np.random.uniform(size=(2, 2))
    module = net.to_torch(x)
    assert torch.equal(module(x.as_torch()), net(x).as_torch())
    assert "train_.weight" in module.state_dict() and "code_.gamma" in module.state_dict()


# Operators


def test_every_body_is_found_by_its_name():
    for op in CATALOGUE.values():
        assert pickle.loads(pickle.dumps(op.body)) is op.body, op.name


def test_code_with_every_operator_is_pickled():
    operators = list({op.name: op for op in CATALOGUE.values()}.values())
    graph = fx.Graph()
    given = graph.placeholder("data")
    for op in operators:
        place = graph.call_function(op.body, (given,) * max(len(op.inputs), 1))
        place.meta["is_wrapped"] = True
    graph.output(given)
    loaded = pickle.loads(pickle.dumps(fx.GraphModule({}, graph)))
    called = [node.target for node in loaded.graph.nodes if node.op == "call_function"]
    assert called == [op.body for op in operators]


DYNAMIC: dict[str, Callable[[Any], Any]] = {
    "indices": lambda x: x[:, 0] * x[:, -1],
    "slices": lambda x: x[:, 1:3, ::-1],
    "rows": lambda x: x[-1:],
    "index arrays": lambda x: x[:, np.array([0, 2])],
    "assignment": lambda x: assigned(x * 1),
    "reshape": lambda x: npx.reshape(x, (-2, -5)).reshape(-1, 12),
    "transpose": lambda x: np.swapaxes(x, 0, 1),
    "split": lambda x: np.concatenate(np.split(x, 2, axis=1), axis=2),
    "stack": lambda x: np.stack([x, x], axis=1),
    "repeat": lambda x: np.tile(np.repeat(x, 2, axis=1), (1, 1, 2)),
    "pad": lambda x: np.pad(x, ((0, 0), (1, 1), (0, 2))),
    "where": lambda x: np.where(x > 0.5, x, 0),
    "pick": lambda x: npx.pick(x, x[:, 0] * 0, axis=1),
    "one hot": lambda x: npx.one_hot(x.argmax(axis=1), 4),
    "topk": lambda x: npx.topk(x, k=2, axis=1, ret_typ="both"),
    "sequence": lambda x: npx.sequence_mask(x, x[0, :, 0] * 0 + 1, use_sequence_length=True),
    "arange like": lambda x: npx.arange_like(x, axis=1),
    "broadcast": lambda x: npx.broadcast_like(x[:, :1], x),
    "batch dot": lambda x: npx.batch_dot(x, x, transpose_b=True),
    "einsum": lambda x: np.einsum("bij,bkj->bik", x, x),
    "norm": lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
    "variance": lambda x: x.var(axis=(1, 2)),
    "softmax": lambda x: npx.masked_softmax(x, x > 0, axis=-1),
    "loop": lambda x: npx.foreach(lambda row, state: (row + state, row + state), x.swapaxes(0, 1), np.zeros(3))[0],
    "loss": lambda x: gluon.loss.L2Loss()(x, x * 2),
}


def assigned(x: Any) -> Any:
    x[:, 0] = 0
    x[:, 1:3, 2] = x[:, 1:3, 1] * 2
    return x


@pytest.mark.parametrize("function", DYNAMIC.values(), ids=DYNAMIC)
def test_no_operator_fixes_the_batch(function):
    net = Function(function)
    x = np.random.uniform(0.1, 1, size=(3, 4, 3))
    module = net.to_torch(x)
    more = np.random.uniform(0.1, 1, size=(5, 4, 3))
    expected = net(more)
    expected = list(expected) if isinstance(expected, (list, tuple)) else [expected]
    dynamic = ({0: torch.export.Dim("batch", max=64)},)
    program = torch.export.export(module, (x.as_torch(),), dynamic_shapes=dynamic).module()
    for run in (module, program):
        found = run(more.as_torch())
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        for one, other in zip(found, expected, strict=True):
            assert close(one, other.as_torch())


LAYERS = {
    "PixelShuffle2D": (lambda: nn.PixelShuffle2D((1, 2)), (2, 4, 3, 3)),
    "Conv1DTranspose": (lambda: nn.Conv1DTranspose(2, 3, strides=2), (2, 3, 5)),
    "MaxPool2D": (lambda: nn.MaxPool2D(3, 2, 1, ceil_mode=True), (2, 3, 6, 6)),
    "AvgPool3D": (lambda: nn.AvgPool3D(2), (2, 3, 4, 4, 4)),
    "LayerNorm": (nn.LayerNorm, (2, 3, 4)),
    "GroupNorm": (lambda: nn.GroupNorm(2), (2, 4, 3)),
    "InstanceNorm": (nn.InstanceNorm, (2, 3, 4)),
    "BatchNormReLU": (nn.BatchNormReLU, (2, 3, 4)),
    "PReLU": (nn.PReLU, (2, 3)),
    "DeformableConvolution": (lambda: nn.DeformableConvolution(2, 3), (2, 3, 6, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("training", [False, True])
def test_layers_take_any_batch(name, training):
    make, shape = LAYERS[name]
    net = make()
    net.initialize()
    x = np.random.uniform(size=shape)
    module = net.to_torch(x).train(training)
    more = np.random.uniform(size=(5, *shape[1:]))
    with autograd.predict_mode() if not training else autograd.train_mode():
        expected = net(more).as_torch()
    dynamic = ({0: torch.export.Dim("batch", max=64)},)
    program = torch.export.export(copy.deepcopy(module), (x.as_torch(),), dynamic_shapes=dynamic).module()
    assert close(program(more.as_torch()), expected)
    assert close(module(more.as_torch()), expected)


# Calls


def test_example_inputs_are_needed_once():
    net = small()
    x = images()
    with pytest.raises(mx.MXNetError, match="needs example inputs"):
        net.to_torch()
    net.hybridize()
    expected = net(x)
    assert torch.equal(net.to_torch()(x.as_torch()), expected.as_torch())


def test_parameters_must_be_initialized():
    with pytest.raises(RuntimeError, match="has not been initialized"):
        nn.Dense(2).to_torch(np.ones((1, 2)))


def test_deferred_parameters_are_completed():
    net = nn.Dense(2)
    net.initialize()
    assert net.to_torch(np.ones((1, 3))).weight.shape == (2, 3)
    assert net.weight.shape == (2, 3)


def test_several_devices_are_refused():
    net = nn.Dense(2, in_units=2)
    net.initialize(device=[mx.cpu(0), mx.cpu(1)])
    with pytest.raises(mx.MXNetError, match="is on several devices"):
        net.to_torch(np.ones((1, 2)))


def test_what_no_graph_can_hold_is_refused():
    with pytest.raises(mx.MXNetError, match="Function"):
        Function(lambda x: x if x.sum() > 0 else -x).to_torch(np.ones(2))


def test_shapes_may_hang_on_values():
    net = Function(lambda x: npx.relu(x[x > 0.5]) * 2)
    module = net.to_torch(np.array([0.0, 1.0, 2.0]))
    assert module(torch.tensor([3.0, 0.0, 4.0, 5.0])).tolist() == [6, 8, 10]


def test_something_else_than_arrays_is_refused():
    with pytest.raises(TypeError, match="takes arrays as forward does, not int"):
        Function(lambda x: x).to_torch(1)


# Symbols


def classifier() -> tuple[Any, dict[str, Any]]:
    data = mx.sym.var("data")
    body = mx.sym.Convolution(data, num_filter=4, kernel=(3, 3), name="conv")
    body = mx.sym.Activation(mx.sym.BatchNorm(body, name="bn"), act_type="relu", name="relu")
    symbol = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(body, num_hidden=3, name="fc"), name="softmax")
    arguments, _, states = symbol.infer_shape(data=(2, 2, 5, 5))
    params = {
        f"arg:{name}": mx.nd.random.normal(shape=shape)
        for name, shape in zip(symbol.list_arguments(), arguments, strict=True)
        if name not in ("data", "softmax_label")
    }
    params |= {
        f"aux:{name}": mx.nd.ones(shape) for name, shape in zip(symbol.list_auxiliary_states(), states, strict=True)
    }
    return symbol, params


def test_symbol_becomes_a_module():
    symbol, params = classifier()
    module = symbol.to_torch(params)
    x = images()
    block = gluon.SymbolBlock(symbol, mx.sym.var("data"))
    block.load_dict(params)
    assert close(module(x.as_torch()), block(x).as_torch())
    assert {f"arg:{name}" for name, _ in module.named_parameters()} == {key for key in params if key.startswith("arg:")}
    assert {f"aux:{name}" for name, _ in module.named_buffers()} == {key for key in params if key.startswith("aux:")}
    assert "relu = " in module.code
    assert torch.equal(block.to_torch()(x.as_torch()), module(x.as_torch()))


def test_symbol_with_a_label_trains():
    symbol, params = classifier()
    module = symbol.to_torch(params, ["data", "softmax_label"]).train()
    label = torch.tensor([0.0, 2.0])
    chances = module(images().as_torch(), label)
    fed = chances.detach() - torch.nn.functional.one_hot(label.long(), 3)
    chances.sum().backward()
    assert close(module.fc_bias.grad, fed.sum(0))


def test_part_of_a_symbol_needs_some_params():
    symbol, params = classifier()
    inner = symbol.get_internals()
    module = mx.sym.Group([inner["relu_output"], inner["fc_output"]]).to_torch(params)
    features, result = module(images().as_torch())
    assert features.shape == (2, 4, 3, 3) and result.shape == (2, 3)


def test_symbol_shares_memory():
    symbol, params = classifier()
    module = symbol.to_torch(params, share=True)
    with torch.no_grad():
        module.fc_bias.fill_(4)
    assert (params["arg:fc_bias"].asnumpy() == 4).all()


def test_symbol_refuses_what_does_not_fit():
    symbol, params = classifier()
    with pytest.raises(mx.MXNetError, match="no input 'image'"):
        symbol.to_torch(params, "image")
    with pytest.raises(mx.MXNetError, match="'fc_bias' is there twice"):
        symbol.to_torch({**params, "fc_bias": params["arg:fc_bias"]})
    del params["arg:fc_bias"]
    with pytest.raises(mx.MXNetError, match="'fc_bias' are no inputs and have no values"):
        symbol.to_torch(params, "data")
    with pytest.raises(TypeError, match=r"params\['fc_bias'\] must be an array, not float"):
        symbol.to_torch({**params, "fc_bias": 1.0})
