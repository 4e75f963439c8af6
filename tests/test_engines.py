"""Engines: graphs in parts, compiled and put together again; every engine beside the block as it is written."""

import copy
import gc
import itertools
import json
import subprocess
import sys
import threading
import warnings
import weakref

import numpy as onp
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import mxnet as mx
from mxnet import engines, gluon, np
from mxnet.base import MXNetError
from mxnet.engines._assembly import compile_parts, on_torch
from mxnet.engines._folding import fold_normalization
from mxnet.engines._partition import partition
from mxnet.engines._watched import Watched
from mxnet.engines.engine import Assembled, Engine, Subgraph, engine_named
from mxnet.gluon import nn
from mxnet.operators import find
from mxnet.symbol._graph import Node, topological

NAMES = [name for name in ("openvino", "openvino-split", "onnxruntime", "torch") if not engines.engines()[name]]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Choices are remembered in a folder of the test's own."""
    monkeypatch.setenv("MXNET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("mxnet.engines._auto._remembered", {})
    return tmp_path / "home"


def residual(seed=0):
    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.stem = nn.HybridSequential()
            self.stem.add(nn.Conv2D(4, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"))
            self.body = nn.HybridSequential()
            self.body.add(nn.Conv2D(4, 3, padding=1, use_bias=False), nn.BatchNorm(scale=False), nn.LeakyReLU(0.1))
            self.head = nn.Dense(3)

        def forward(self, x):
            x = self.stem(x)
            return self.head(self.body(x) + x)

    mx.random.seed(seed)
    net = Net()
    net.initialize(mx.init.Xavier())
    images = np.array(onp.random.RandomState(seed).rand(2, 3, 6, 6).astype("float32"))
    with mx.autograd.record():
        net(images)  # statistics that are not the first ones
    return net, images


def graph_of(net, *arrays):
    net.optimize_for(*arrays)
    trace = net._graphs.latest
    constants = {node: parameter.data()._data for node, parameter in trace.parameters.items()}
    examples = [torch.empty(array.shape, dtype=array._data.dtype, device="meta") for array in arrays]
    return Subgraph(trace.entries, trace.inputs, examples, constants, torch.device("cpu"))


def check(engine, net, images, tolerance=1e-5):
    expected = net(images).asnumpy()
    graph = graph_of(net, images)
    (found,) = engine.assemble(graph, [images._data])(images._data)
    onp.testing.assert_allclose(found.numpy(), expected, rtol=tolerance, atol=tolerance * onp.abs(expected).max())


class Some(Engine):
    """Takes the operators of some names, on torch, and remembers what it was asked for."""

    name = "some"

    def __init__(self, *names):
        self.names = names
        self.parts = None

    def takes(self, node, inputs):
        return node.op.name in self.names

    def after(self, parts):
        self.parts = parts

    def compile(self, graph):
        return on_torch(graph)


# Parts


@st.composite
def graphs(draw):
    """A random graph of sums, with the names of the operators that are taken."""
    count = draw(st.integers(1, 12))
    nodes = [Node(None, "x"), Node(None, "y")]
    add = find("elemwise_add")
    for number in range(count):
        inputs = [(nodes[draw(st.integers(0, len(nodes) - 1))], 0) for _ in range(2)]
        nodes.append(Node(add, f"n{number}", {}, inputs))
    heads = draw(st.lists(st.integers(2, len(nodes) - 1), min_size=1, max_size=3))
    taken = draw(st.sets(st.integers(0, count - 1)))
    return [(nodes[head], 0) for head in heads], {f"n{number}" for number in taken}, nodes[:2]


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_parts_are_disjoint_ordered_and_complete(made):
    entries, taken, _ = made
    parts = partition(entries, lambda node: node.name in taken)
    nodes = [node for part in parts for node in part.nodes]
    assert sorted(map(id, nodes)) == sorted(id(node) for node in topological(entries) if node.op is not None)
    known = {id(node) for node in topological(entries) if node.op is None}
    for part in parts:
        assert all((node.name in taken) == part.taken for node in part.nodes)
        assert {id(node) for node, _ in part.inputs} <= known
        known |= {id(node) for node, _ in part.outputs}
    assert {id(node) for node, _ in entries} <= known


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_parts_put_together_compute_the_graph(made):
    entries, taken, inputs = made
    used = [node for node in inputs if node in {entry[0] for n in topological(entries) for entry in n.inputs}]
    tensors = [torch.tensor([float(number + 1)]) for number in range(len(used))]
    graph = Subgraph(entries, used, [tensor.to("meta") for tensor in tensors], {}, torch.device("cpu"))

    class Named(Some):
        def takes(self, node, inputs):
            return node.name in taken

    expected = on_torch(graph)(*tensors)
    found = compile_parts(Named(), graph)(*tensors)
    assert [float(tensor) for tensor in found] == [float(tensor) for tensor in expected]


def test_an_engine_gets_its_operators_and_torch_the_others():
    net, images = residual()
    engine = Some("Convolution", "Activation")
    check(engine, net, images, tolerance=0)
    assert [node.op.name for part in engine.parts for node in topological(part.entries) if node.op is not None] == [
        "Convolution",
        "Activation",
        "Convolution",
    ]


def test_an_operator_that_no_engine_knows_runs_on_torch():
    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Dense(4), nn.Dense(2)

        def forward(self, x):
            return self.two(mx.npx.gamma(self.one(x)))

    net = Net()
    net.initialize()
    for name in NAMES:
        check(engine_named(name)(), net, np.ones((2, 3)), tolerance=1e-4)


def test_a_part_that_fails_to_compile_runs_on_torch_with_a_warning():
    class Broken(Some):
        def compile(self, graph):
            raise RuntimeError("no such instruction")

    net, images = residual()
    with pytest.warns(
        UserWarning, match="some failed to compile Convolution, which runs on torch: no such instruction"
    ):
        check(Broken("Convolution"), net, images)


# Engines


@pytest.mark.parametrize("name", NAMES)
def test_every_engine_computes_what_the_block_does(name):
    net, images = residual()
    check(engine_named(name)(), net, images, tolerance=1e-4)


@pytest.mark.skipif(bool(engines.engines()["inductor"]), reason="torch.compile cannot be used")
@pytest.mark.filterwarnings("ignore")  # its own, of torch and of what it imports
def test_inductor_computes_what_the_block_does():
    net, images = residual()
    check(engine_named("inductor")(), net, images, tolerance=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_threads_share_a_compiled_network_and_results_are_their_own(name):
    net, images = residual()
    function = engine_named(name)().assemble(graph_of(net, images), [images._data])
    inputs = [torch.rand(2, 3, 6, 6) for _ in range(8)]
    expected = [function(tensor)[0].clone() for tensor in inputs]
    found = [None] * len(inputs)

    def work(number):
        for _ in range(10):
            found[number] = function(inputs[number])[0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_sixteen_threads_on_one_network_with_inputs_of_several_shapes(name):
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.GlobalAvgPool2D(), nn.Dense(3))
    net.initialize(mx.init.Xavier())
    shapes = [(batch, 3, size, 6) for batch in (1, 2, 3) for size in (6, 8)]
    inputs = [np.array(onp.random.RandomState(number).rand(*shape)) for number, shape in enumerate(shapes)]
    expected = [net(array).asnumpy() for array in inputs]
    for array in inputs:
        net.optimize_for(array, backend=name)
    wrong, calls = [], itertools.count()

    def work(first):
        for turn in range(first, first + 63):
            number = turn % len(inputs)
            found = net(inputs[number]).asnumpy()
            next(calls)
            if not onp.allclose(found, expected[number], rtol=1e-4, atol=1e-5):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(first,), daemon=True) for first in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert next(calls) == 16 * 63 and not wrong
    assert len(net._graphs._plans) == len(inputs)


_FORGOTTEN = """
import faulthandler, gc, signal, subprocess, threading
import mxnet as mx

faulthandler.enable()
signal.signal(signal.SIGCHLD, lambda *_: None)
net = mx.gluon.nn.HybridSequential()
net.add(mx.gluon.nn.Conv2D(4, 3), mx.gluon.nn.GlobalAvgPool2D(), mx.gluon.nn.Dense(3))
net.initialize()
inputs = [mx.np.ones((batch, 3, size, 6)) for batch in (1, 2, 3) for size in (6, 8)]
for x in inputs:
    net.optimize_for(x, backend="openvino")
threads = [threading.Thread(target=lambda: [net(x) for x in inputs]) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
del net
gc.collect()
for _ in range(3):
    subprocess.run(["true"])
print("alive")
"""


@pytest.mark.skipif("openvino" not in NAMES, reason="openvino is not installed")
def test_signals_after_networks_are_gone():
    done = subprocess.run([sys.executable, "-c", _FORGOTTEN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("checked", ["np.take(x, i, axis=0, mode='raise')", "x[i, i]"])
def test_positions_out_of_range_are_refused_by_every_engine(name, checked):
    class Net(gluon.HybridBlock):
        def forward(self, x, i):
            return eval(checked, {"np": np, "x": x, "i": i}) * 2

    net, x = Net(), np.ones((3, 3))
    net.optimize_for(x, np.array([0, 2]), backend=name)
    assert net(x, np.array([0, 2])).sum().item() in (4, 12)
    with pytest.raises(MXNetError, match="index 9 is out of bounds for axis 0 with size 3"):
        net(x, np.array([0, 9]))


def test_normalization_is_folded_where_it_follows_a_layer_of_its_own():
    net, images = residual()
    graph = graph_of(net, images)
    constants = dict(graph.constants)
    kinds = [node.op.name for node in topological(fold_normalization(graph.entries, constants)) if node.op is not None]
    assert "BatchNorm" not in kinds and kinds.count("Convolution") == 2


def test_normalization_of_a_result_that_others_need_stays():
    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2D(2, 1), nn.BatchNorm()

        def forward(self, x):
            y = self.conv(x)
            return self.norm(y) + y

    net = Net()
    net.initialize()
    images = np.ones((1, 1, 3, 3))
    graph = graph_of(net, images)
    kinds = [node.op.name for node in topological(fold_normalization(graph.entries, dict(graph.constants))) if node.op]
    assert "BatchNorm" in kinds
    check(engine_named("torch")(), net, images)


# By name


def test_names_are_found_without_case_and_by_mxnets_names():
    assert engine_named("Torch").name == "torch"
    if "openvino" in NAMES:
        assert engine_named("ONEDNN") is engine_named("openvino") is engine_named("MKLDNN")
    with pytest.raises(ValueError, match="no backend 'magic'. Registered are 'auto', "):
        engine_named("magic")
    with pytest.raises(ValueError, match="'TensorRT'. On a GPU 'inductor' comes nearest"):
        engine_named("TensorRT")
    with pytest.raises(ValueError, match="no backend 3"):
        engine_named(3)


def test_an_engine_whose_package_is_missing_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MXNetError, match="'openvino' cannot be used here: .* pip install openvino"):
        engine_named("openvino")
    assert "pip install onnxruntime" in engines.engines()["onnxruntime"]


def test_registered_are_engines_with_names():
    with pytest.raises(TypeError, match="a subclass of mxnet.engines.Engine with a name"):
        engines.register(object)
    with pytest.raises(TypeError, match="with a name"):
        engines.register(type("Nameless", (Engine,), {}))
    with pytest.raises(ValueError, match="the name 'torch' is taken"):
        engines.register(type("Other", (Engine,), {"name": "torch"}))


# The fastest


def test_auto_measures_once_and_remembers(home, monkeypatch):
    measured = []
    fastest = mx.engines._auto._fastest
    monkeypatch.setattr("mxnet.engines._auto._fastest", lambda *args: measured.append(1) or fastest(*args))
    net, images = residual()
    check(engine_named("auto")(), net, images, tolerance=1e-4)
    check(engine_named("auto")(), net, images, tolerance=1e-4)
    if len(NAMES) > 1:
        assert len(measured) == 1
        assert set(engines.choices().values()) <= set(NAMES)
        mx.engines._auto._remembered.clear()  # as in a new process
        check(engine_named("auto")(), net, images, tolerance=1e-4)
        assert len(measured) == 1 and (home / "engines.json").exists()


@pytest.fixture
def without_collector():
    """Memory that comes back at once does so without Python's collector."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("order", list(itertools.permutations([3.0, 2.0, 1.0])))
@pytest.mark.parametrize("heavy, most", [(1 << 40, 2), (0, 1)])
def test_the_fastest_is_found_with_few_held_at_a_time(monkeypatch, without_collector, order, heavy, most):
    monkeypatch.setattr("mxnet.engines._auto._HEAVY", heavy)
    monkeypatch.setattr("mxnet.engines._auto._seconds", lambda function, sample: function())
    held, highest = weakref.WeakSet(), []

    class Function:
        def __init__(self, seconds):
            self.seconds = seconds

        def __call__(self):
            if self.seconds == 0:
                raise RuntimeError("does not run")
            return self.seconds

    class Contender:
        def __init__(self, seconds):
            self.seconds = seconds

        def assemble(self, graph, sample):
            if self.seconds is None:
                raise RuntimeError("does not compile")
            function = Function(self.seconds)
            held.add(function)
            highest.append(len(held))
            return Assembled(function, {})

    graph = Subgraph([], [], [], {}, torch.device("cpu"))
    contenders = {"broken": Contender(None), "refuses": Contender(0)}
    for seconds in order:
        contenders |= {f"takes {seconds}": Contender(seconds), f"refuses after {seconds}": Contender(0)}
    best, assembled = mx.engines._auto._fastest(contenders, graph, [])
    assert best == "takes 1.0" and assembled.function.seconds == 1.0
    assert max(highest) == most and list(held) == [assembled.function]
    del assembled
    assert not held
    with pytest.raises(RuntimeError, match="does not compile"):
        mx.engines._auto._fastest({"broken": Contender(None)}, graph, [])


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 3}', "[" * 100_000])
def test_a_damaged_memory_is_measured_anew(home, text):
    home.mkdir()
    (home / "engines.json").write_text(text)
    net, images = residual()
    check(engine_named("auto")(), net, images, tolerance=1e-4)


def test_a_home_that_cannot_be_written_to_is_done_without(home, monkeypatch):
    home.write_text("a file where a folder should be")
    net, images = residual()
    check(engine_named("auto")(), net, images, tolerance=1e-4)


@pytest.mark.skipif(len(NAMES) == 1, reason="one engine is not measured")
def test_choices_of_other_processes_are_kept(home):
    net, images = residual()
    check(engine_named("auto")(), net, images, tolerance=1e-4)
    stored = json.loads((home / "engines.json").read_text())
    (home / "engines.json").write_text(json.dumps(stored | {"of another process": "torch"}))
    check(engine_named("auto")(), net, np.concatenate([images, images]), tolerance=1e-4)
    stored = json.loads((home / "engines.json").read_text())
    assert len(stored) == 3 and stored["of another process"] == "torch"


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({"MXNET_INFERENCE_ENGINE": "torch"}, "torch"),
        ({"MXNET_INFERENCE_AUTOTUNE": "0"}, NAMES[0]),
        ({"MXNET_ENFORCE_DETERMINISM": "1"}, NAMES[0]),
    ],
)
def test_the_environment_chooses(monkeypatch, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    asked = []
    assemble = Engine.assemble
    monkeypatch.setattr(Engine, "assemble", lambda self, *args: asked.append(self.name) or assemble(self, *args))
    net, images = residual()
    check(engine_named("auto")(), net, images, tolerance=1e-4)
    assert asked == [expected] and not engines.choices()


# Weights that change


def test_changed_weights_are_never_stale():
    net, images = residual()
    graph = graph_of(net, images)
    nodes, tensors = list(graph.constants), list(graph.constants.values())
    compiled = []

    class Counted(Some):
        def assemble(self, graph, sample):
            compiled.append(1)
            return super().assemble(graph, sample)

    watched = Watched(Counted("Convolution"), graph.entries, graph.inputs, nodes, [images._data], tensors)
    for change, count in ((None, 1), ("body.0.weight", 1), (None, 2), ("stem.1.running_mean", 2), (None, 3)):
        if change is not None:
            parameter = net.collect_params()[change]
            parameter.set_data(parameter.data() * 1.5 + 0.1)
        (found,) = watched([images._data], tensors)
        onp.testing.assert_allclose(found.numpy(), net(images).asnumpy(), rtol=1e-5, atol=1e-6)
        assert len(compiled) == count


def test_engines_warn_of_nothing_where_all_is_well():
    net, images = residual()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in NAMES:
            check(engine_named(name)(), net, images, tolerance=1e-4)


# In networks


def test_static_hybridize_uses_the_fastest_engine_to_predict_and_torch_to_train(monkeypatch):
    monkeypatch.setenv("MXNET_INFERENCE_AUTOTUNE", "0")
    net, images = residual()
    expected = net(images).asnumpy()
    net.hybridize(static_alloc=True, static_shape=True)
    for _ in range(2):
        onp.testing.assert_allclose(net(images).asnumpy(), expected, rtol=1e-4, atol=1e-5)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    twin, _ = residual()
    twin_trainer = gluon.Trainer(twin.collect_params(), "sgd", {"learning_rate": 0.1})
    for each, step in ((net, trainer), (twin, twin_trainer)):
        with mx.autograd.record():
            loss = (each(images) ** 2).sum()
        loss.backward()
        step.step(2)
    onp.testing.assert_allclose(net(images).asnumpy(), twin(images).asnumpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("change", ["set_data", "load_parameters", "cast", "step"])
def test_predictions_are_never_stale(change, tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_INFERENCE_AUTOTUNE", "0")
    net, images = residual()
    other, _ = residual(seed=1)
    other.save_parameters(tmp_path / "other")
    net.hybridize(static_alloc=True, static_shape=True)
    net(images)
    net(images)
    if change == "set_data":
        net.head.bias.set_data(np.ones(3))
    elif change == "load_parameters":
        net.load_parameters(tmp_path / "other")
    elif change == "cast":
        net.cast("float64")
        images = images.astype("float64")
    else:
        with mx.autograd.record():
            net(images).backward()
        gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}).step(1)
    found = [net(images).asnumpy() for _ in range(3)]
    net.hybridize(False)
    expected = net(images).asnumpy()
    for each in found:
        onp.testing.assert_allclose(each, expected, rtol=1e-4, atol=1e-4 * onp.abs(expected).max())


def test_hooks_on_operators_still_see_them(monkeypatch):
    monkeypatch.setenv("MXNET_INFERENCE_AUTOTUNE", "0")
    net, images = residual()
    seen = []
    net.register_op_hook(lambda name, op, array: seen.append(op))
    net.hybridize(static_alloc=True, static_shape=True)
    net(images)
    assert seen.count("Convolution") == 2


def test_backends_of_ones_own(monkeypatch):
    monkeypatch.setattr("mxnet.engines.engine._ENGINES", {"torch": engine_named("torch")})
    compiled = []

    @engines.register
    class Mine(Some):
        name = "mine"

        def __init__(self, operator):
            super().__init__(operator)

        def compile(self, graph):
            compiled.extend(node.op.name for node, _ in graph.entries)
            return super().compile(graph)

    net, images = residual()
    expected = net(images).asnumpy()
    net.optimize_for(images, backend="MINE", operator="Activation")
    onp.testing.assert_allclose(net(images).asnumpy(), expected, rtol=1e-5, atol=1e-6)
    assert compiled == ["Activation"]


def test_options_that_an_engine_does_not_take():
    net, images = residual()
    with pytest.raises(TypeError, match="does not take the options speed"):
        net.optimize_for(images, backend="torch", speed=3)


def test_a_copied_network_keeps_its_engine():
    net, images = residual()
    net.optimize_for(images, backend="torch")
    again = copy.deepcopy(net)
    onp.testing.assert_array_equal(again(images).asnumpy(), net(images).asnumpy())
