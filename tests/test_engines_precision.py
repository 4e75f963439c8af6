"""Engines that compute less precisely when asked to, and what they tell of it."""

import importlib.util

import numpy as onp
import pytest
import torch

import mxnet as mx
from mxnet import engines, gluon, np
from mxnet.base import MXNetError
from mxnet.engines._precision import lowered
from mxnet.engines.engine import Subgraph
from mxnet.gluon import nn
from mxnet.operators import find
from mxnet.symbol._graph import Node, topological

HAS = {name: not problem for name, problem in engines.engines().items()}
needs_openvino = pytest.mark.skipif(not HAS["openvino"], reason="openvino is not installed")
needs_nncf = pytest.mark.skipif(
    not HAS["openvino"] or importlib.util.find_spec("nncf") is None, reason="openvino and nncf are not both installed"
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Choices are remembered in a folder of the test's own."""
    monkeypatch.setenv("MXNET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("mxnet.engines._auto._remembered", {})


def classifier():
    """A small network whose classes are far enough apart."""
    mx.random.seed(3)
    net = nn.HybridSequential()
    net.add(nn.Conv2D(16, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"))
    net.add(nn.Conv2D(16, 3, padding=1, groups=4), nn.Activation("relu"), nn.GlobalAvgPool2D(), nn.Dense(5))
    net.initialize(mx.init.Xavier())
    return net, np.array(onp.random.RandomState(0).rand(4, 3, 12, 12).astype("float32"))


def graph_of(*operators, inputs=1):
    """A chain of operators, each of the one before it and of weights that are given as tensors."""
    data = Node(None, "x")
    entry, constants = (data, 0), {}
    for number, (name, attributes, *weights) in enumerate(operators):
        nodes = [Node(None, f"w{number}_{place}") for place in range(len(weights))]
        constants |= dict(zip(nodes, weights, strict=True))
        entry = (Node(find(name), f"n{number}", attributes, [entry, *[(node, 0) for node in nodes]]), 0)
    return data, entry, constants


def kinds_and_types(graph):
    """The operators, and the types they are given, constants included."""
    found = {id(node): tensor.dtype for node, tensor in zip(graph.inputs, graph.examples, strict=True)}
    found |= {id(node): tensor.dtype for node, tensor in graph.constants.items()}
    return [node.op.name for node in topological(graph.entries) if node.op], set(found.values())


def test_products_are_narrow_and_sums_wide():
    dense = {"num_hidden": 3, "no_bias": True}
    weight = torch.randn(3, 3)
    data, entry, constants = graph_of(
        ("FullyConnected", dense, weight),
        ("Activation", {"act_type": "relu"}),
        ("FullyConnected", dense, weight),
        ("softmax", {}),
    )
    graph = Subgraph([entry], [data], [torch.empty(2, 3, device="meta")], constants, torch.device("cpu"))
    low = lowered(graph, torch.bfloat16)
    kinds, types = kinds_and_types(low)
    # One cast into the narrow type, one out of it before the softmax: none around the activation.
    assert kinds == ["amp_cast", "FullyConnected", "Activation", "FullyConnected", "amp_cast", "softmax"]
    assert types == {torch.float32, torch.bfloat16} and len(low.constants) == 2
    assert all(tensor.dtype is torch.bfloat16 for tensor in low.constants.values())


def test_a_sum_of_both_types_is_wide_and_results_keep_their_type():
    data = Node(None, "x")
    weight = Node(None, "w")
    dense = Node(find("FullyConnected"), "fc", {"num_hidden": 3, "no_bias": True}, [(data, 0), (weight, 0)])
    both = Node(find("elemwise_add"), "sum", {}, [(dense, 0), (data, 0)])
    graph = Subgraph(
        [(both, 0), (dense, 0)], [data], [torch.empty(2, 3, device="meta")], {weight: torch.eye(3)}, torch.device("cpu")
    )
    low = lowered(graph, torch.float16)
    kinds, _ = kinds_and_types(low)
    assert kinds == ["amp_cast", "FullyConnected", "amp_cast", "elemwise_add"]
    from mxnet.engines._assembly import on_torch

    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    found = on_torch(low)(x)
    assert [tensor.dtype for tensor in found] == [torch.float32] * 2
    assert found[0].tolist() == (x + x).tolist() and found[1].tolist() == x.tolist()


def test_other_types_stay_as_they_are():
    data, entry, constants = graph_of(("FullyConnected", {"num_hidden": 3, "no_bias": True}, torch.eye(3).double()))
    example = torch.empty(2, 3, dtype=torch.float64, device="meta")
    low = lowered(Subgraph([entry], [data], [example], constants, torch.device("cpu")), torch.bfloat16)
    assert kinds_and_types(low) == (["FullyConnected"], {torch.float64})


ENGINES = [
    pytest.param("torch", "bfloat16"),
    pytest.param("torch", "float16"),
    pytest.param("openvino", "bfloat16", marks=needs_openvino),
    pytest.param("openvino", "float16", marks=needs_openvino),
    pytest.param("auto", "bfloat16"),
]


@pytest.mark.parametrize(("backend", "precision"), ENGINES)
def test_less_precise_networks_are_close(backend, precision):
    net, images = classifier()
    expected = net(images).asnumpy()
    net.optimize_for(images, backend=backend, precision=precision, calibration=[images])
    found = net(images)
    assert found.dtype == onp.float32
    onp.testing.assert_allclose(found.asnumpy(), expected, rtol=0, atol=0.03 * onp.abs(expected).max())
    [report] = net.engine_report()
    assert "of 4 samples" in report["accuracy"] and report["inputs"] == "(4, 3, 12, 12) float32"


@pytest.mark.parametrize("name", ["squeezenet1.1", "mobilenetv2_0.25", "densenet121"])
def test_networks_of_the_zoo_in_bfloat16_on_torch(name):
    mx.random.seed(1)
    net = gluon.model_zoo.vision.get_model(name, classes=10)
    net.initialize(mx.init.Xavier())
    images = np.random.uniform(size=(1, 3, 224, 224))
    expected = net(images).asnumpy()
    net.optimize_for(images, backend="torch", precision="bfloat16")
    onp.testing.assert_allclose(net(images).asnumpy(), expected, rtol=0, atol=0.05 * onp.abs(expected).max())


def test_float32_is_told_without_accuracy_unless_it_is_asked_for():
    net, images = classifier()
    net.optimize_for(images, backend="torch")
    [report] = net.engine_report()
    assert report["engine"] == "torch" and "accuracy" not in report and report["compiled in"].endswith(" s")
    net.hybridize()
    net(images)
    assert net.engine_report() == []


# int8


@needs_nncf
def test_int8_is_calibrated_and_tells_how_far_it_is_off():
    net, images = classifier()
    many = np.array(onp.random.RandomState(1).rand(32, 3, 12, 12).astype("float32"))
    expected = net(many).asnumpy()
    loader = gluon.data.DataLoader(gluon.data.ArrayDataset(many, onp.arange(32)), batch_size=12)
    net.optimize_for(images, backend="openvino", precision="int8", calibration=loader)
    found = onp.concatenate([net(many[start : start + 4]).asnumpy() for start in range(0, 32, 4)])
    off = onp.abs(found - expected).max() / onp.abs(expected).max()
    assert 1e-5 < off < 0.1  # other numbers, but close ones
    [report] = net.engine_report()
    assert report["engine"] == "openvino" and "of 32 samples" in report["accuracy"]


@needs_nncf
def test_int8_of_a_network_in_parts():
    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Dense(16), nn.Dense(4)

        def forward(self, x):
            return self.two(mx.npx.gamma(mx.npx.sigmoid(self.one(x)) + 1))  # an operator that OpenVINO does not know

    net = Net()
    net.initialize(mx.init.Xavier())
    x = np.array(onp.random.RandomState(0).rand(8, 16).astype("float32"))
    expected = net(x).asnumpy()
    net.optimize_for(x, backend="openvino", precision="int8", calibration=[x])
    onp.testing.assert_allclose(net(x).asnumpy(), expected, rtol=0, atol=0.05 * onp.abs(expected).max())
    [report] = net.engine_report()
    assert report["engine"] == "openvino, but 'gamma' on torch"


@needs_openvino
def test_int8_needs_calibration():
    net, images = classifier()
    with pytest.raises(ValueError, match="precision='int8' needs calibration"):
        net.optimize_for(images, backend="openvino", precision="int8")


@needs_openvino
def test_int8_without_its_package_says_how_to_get_it(monkeypatch):
    net, images = classifier()
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "nncf" else find_spec(name))
    with pytest.raises(MXNetError, match="pip install 'mxnet-torch\\[int8\\]'"):
        net.optimize_for(images, backend="openvino", precision="int8", calibration=[images])


@pytest.mark.parametrize(
    ("calibration", "error", "message"),
    [
        ([], ValueError, "calibration has no batches"),
        (["cat.jpg"], TypeError, "arrays or lists of arrays, not str"),
        ([onp.ones((2, 3, 9, 9))], MXNetError, r"\(2, 3, 9, 9\).*does not fit the network's inputs.*\(4, 3, 12, 12\)"),
        ([[]], MXNetError, "does not fit"),
    ],
)
def test_calibration_that_does_not_fit(calibration, error, message):
    net, images = classifier()
    with pytest.raises(error, match=message):
        net.optimize_for(images, backend="torch", precision="bfloat16", calibration=calibration)


def test_precisions_that_an_engine_does_not_have():
    net, images = classifier()
    for backend, known in (("torch", "'float32', 'bfloat16', 'float16'"), ("auto", "'float32'.*'int8'")):
        with pytest.raises(ValueError, match=f"precision must be one of {known}, not 'int3'"):
            net.optimize_for(images, backend=backend, precision="int3")


def test_results_keep_the_type_they_have_in_full_precision():
    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.dense = nn.Dense(3)

        def forward(self, x):
            y = self.dense(x)
            return y, y.astype("float16"), np.clip(y, -1e30, 1e30)

    net = Net()
    net.initialize()
    x = np.ones((2, 4))
    expected = net(x)
    net.optimize_for(x, backend="torch", precision="float16")
    for found, wanted in zip(net(x), expected, strict=True):
        assert found.dtype == wanted.dtype
        onp.testing.assert_allclose(found.asnumpy(), wanted.asnumpy(), rtol=0, atol=0.01)


def test_integers_beside_narrow_results_are_not_rounded():
    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.dense = nn.Dense(4, use_bias=False)

        def forward(self, x):
            return self.dense(x) + np.arange(1000, 1004, dtype="int32")

    net = Net()
    net.initialize(mx.init.Zero())
    x = np.ones((1, 4))
    net.optimize_for(x, backend="torch", precision="bfloat16")
    assert net(x).tolist() == [[1000, 1001, 1002, 1003]]


def test_random_numbers_are_those_of_the_network_as_it_is_written():
    class Net(gluon.HybridBlock):
        def forward(self, x):
            return x + np.random.normal(size=(3,))

    def drawn(prepare):
        net, x = Net(), np.zeros(3)
        mx.random.seed(5)
        prepare(net, x)
        return net(x).tolist()

    assert drawn(lambda net, x: net.optimize_for(x, backend="torch")) == drawn(lambda net, x: None)


def test_calibration_of_other_shapes_is_left_out_later():
    net, images = classifier()
    net.optimize_for(images, backend="torch", precision="bfloat16", calibration=[images])
    larger = np.ones((2, 3, 20, 20))
    assert net(larger).shape == (2, 5)
    assert ["accuracy" in report for report in net.engine_report()] == [True, False]


def test_the_same_calibration_is_the_same_engine():
    net, images = classifier()
    for x in (images, images[:2]):
        net.optimize_for(x, backend="torch", precision="bfloat16", calibration=[images])
    assert len(net.engine_report()) == 2
    net.optimize_for(images, backend="torch", precision="bfloat16", calibration=[images * 2])
    assert len(net.engine_report()) == 1


def test_samples_that_fill_up_a_batch_do_not_count():
    net, images = classifier()
    more = np.array(onp.random.RandomState(9).rand(6, 3, 12, 12).astype("float32"))
    net.optimize_for(images, backend="torch", precision="bfloat16", calibration=[more])
    assert net.engine_report()[0]["accuracy"].endswith("of 6 samples")


def test_engines_without_a_precision_of_their_own_can_be_compared_too():
    net, images = classifier()
    net.optimize_for(images, backend="auto", calibration=[images])
    [report] = net.engine_report()
    assert "off by 0.00%" in report["accuracy"] and "tried" in report


def test_first_calls_in_torchs_inference_mode():
    net, images = classifier()
    net.hybridize(static_alloc=True, static_shape=True)
    with torch.inference_mode():
        found = net(images).asnumpy()
    onp.testing.assert_allclose(net(images).asnumpy(), found, rtol=1e-4, atol=1e-5)
