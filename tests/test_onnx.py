"""Every operator's ONNX rule against its body in ONNX Runtime; models of the zoo; files written and read."""

import subprocess
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as onp
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx_cases import compare, expected, model, run
from recorded_calls import recorded
from references import REFERENCE

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision
from mxnet.ndarray._array import wrap
from mxnet.onnx import _export
from mxnet.operators import CATALOGUE, find
from mxnet.symbol._evaluate import evaluate
from mxnet.symbol._graph import variables

WITH_RULE = sorted({op.name for op in CATALOGUE.values() if op.onnx_rule is not None})
NEVER_CALLED = {
    *("BatchNorm_v1", "IdentityAttachKLSparseReg", "_image_normalize", "_image_to_tensor"),
    *("_square_sum", "_zeros_without_dtype", "amp_multicast"),
}
"""Operators that no row of a table calls with values: below they have tests of their own, or there is nothing to do."""

# Calls that have no ONNX form, that ONNX Runtime has no kernel for, or that it answers otherwise; by operator, some
# text of the call and some of the error.
NO_KERNEL = "Could not find an implementation"
OTHERWISE = {
    **dict.fromkeys(
        [f"_npi_{name}" for name in "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cosh sinh tan".split()],
        [("float64", NO_KERNEL)],
    ),
    "_contrib_ROIAlign": [("position_sensitive", "no ONNX form"), ("[1, 1, 2, 2]", "out of range")],
    "_contrib_box_nms": [
        ("'overlap_thresh': -1.0", "iou_threshold must be in range"),
        ("_format'", "no ONNX form"),
        ("[1, 2, 9, 6]", "is off by"),  # boxes whose right side is left of the left one: without area in MXNet
    ],
    "_npi_copysign": [("[5]", "is off by")],  # the sign of NaN
    "_npi_sign": [("[4]", "is off by")],  # of NaN
    **dict.fromkeys(["_npi_mean", "_npi_std", "_npi_var", "mean"], [("[0, 3]", "is off by")]),  # of nothing
    "_npi_norm": [("'flag'", "no ONNX form")],
    "_npi_pad": [("'m", "no ONNX form")],
    "_npx_nonzero": [("float32[]", "the shape")],
}
NOT_READ = {
    *("SequenceLast", "_contrib_arange_like", "_contrib_box_nms", "_slice_assign", "_slice_assign_scalar"),
    *("_contrib_box_iou", "batch_take", "fill_element_0index", "pick", "size_array", "softmax_cross_entropy", "topk"),
    *("_npi_all", "_npi_copysign", "_npx_reshape", "repeat"),
}
"""Operators of which some calls are written with ONNX operators or forms of them that are not read."""


@pytest.fixture(scope="module")
def calls():
    """The recorded calls by operator."""
    found = defaultdict(list)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in recorded():
            found[call.op.name].append(call)
    return found


def otherwise(call):
    """Text of the error that a call is known to end with; None if it is to agree."""
    rows = OTHERWISE.get(call.op.name, ())
    return next((error for text, error in rows if text in str(call)), None)


@pytest.mark.parametrize("name", WITH_RULE)
def test_rules_agree_with_bodies(name, calls):
    assert bool(calls[name]) is (name not in NEVER_CALLED)
    for call in calls[name]:
        wanted = expected(call)
        try:
            made, inputs = model(call)
            compare(run(made, inputs), wanted)
        except Exception as error:
            known = otherwise(call)
            assert known is not None and known in str(error), f"{call}: {error}"


@pytest.mark.parametrize("name", WITH_RULE)
def test_rules_hold_for_any_batch(name, calls):
    """With the first size of the first input unknown a rule agrees too, or says that it needs the size."""
    for call in calls[name][:2]:
        # A polynomial's coefficients are walked through one by one: thousands would be tried.
        if otherwise(call) is None and call.inputs and call.inputs[0] is not None and name != "_npi_polyval":
            try:
                made, inputs = model(call, dynamic=True)
            except (MXNetError, onnx.checker.ValidationError) as error:
                assert any(text in str(error) for text in ("not known", "cannot reshape", "'shape'")), (
                    f"{call}: {error}"
                )
            else:
                compare(run(made, inputs), expected(call))


@pytest.mark.parametrize("name", WITH_RULE)
def test_rules_are_read_back(name, calls, tmp_path):
    unread = 0
    for call in calls[name]:
        if otherwise(call) is not None:
            continue
        made, inputs = model(call)
        path = tmp_path / "call.onnx"
        path.write_bytes(made.SerializeToString())
        try:
            sym, args, aux = mx.onnx.import_model(path)
            given = {key: wrap(mx.np.ndarray, tensor) for key, tensor in inputs.items()} | args | aux
            needed = {node.name for node in variables(sym._entries)}
            found = evaluate(
                sym._entries, {key: each for key, each in given.items() if key in needed}, False, cls=mx.np.ndarray
            )
        except MXNetError as error:
            assert name in NOT_READ or "no counterpart" in str(error), f"{call}: {error}"
            unread += 1
        else:
            if name not in NOT_READ:
                compare([array.asnumpy() for array in found], expected(call))
    assert unread == 0 or name in NOT_READ | UNREAD_OPERATORS


UNREAD_OPERATORS = {"_linalg_det", "col2im", "scatter_nd", "size_array"}


def test_operators_without_a_rule():
    """Whoever adds an operator says whether it has an ONNX form: this list is what has none."""
    names = {op.name for op in CATALOGUE.values()} - set(WITH_RULE)
    assert sorted(names) == (REFERENCE / "onnx_without_rule.txt").read_text().split()


@pytest.mark.parametrize("opset", [18, 20, 24])
def test_other_opsets(opset, calls):
    for name in ("Pooling", "LeakyReLU", "BilinearSampler", "GroupNorm", "_npi_sum", "SliceChannel"):
        for call in calls[name][:4]:
            made, inputs = model(call, opset=opset)
            assert made.opset_import[0].version == opset
            compare(run(made, inputs), expected(call))


def test_calls_without_a_row_in_the_tables():
    image = mx.np.array(onp.arange(24).reshape(2, 4, 3), dtype="uint8")
    net = Function(lambda x: mx.npx.image.normalize(mx.npx.image.to_tensor(x), (0.1, 0.2, 0.3), (0.5, 0.4, 0.3)))
    check_block(net, image, dynamic=False)


class Function(mx.gluon.HybridBlock):
    """A function as a block."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *arrays):
        return self.function(*arrays)


def check_block(net, *arrays, **options):
    """Export a block, which compares it; returns the path."""
    net.hybridize()
    net(*arrays)
    return net.export("block", format="onnx", **options)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def small_network():
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(), nn.Dense(3))
    net.initialize()
    net.hybridize()
    net(mx.np.ones((2, 3, 8, 8)))
    return net


# Models

SMALL = ["resnet18_v2", "mobilenet0.25", "mobilenetv2_0.25", "squeezenet1.1", "densenet121"]


@pytest.mark.parametrize("name", SMALL)
def test_zoo_models(name):
    net = vision.get_model(name)
    net.initialize()
    net.hybridize()
    batches = [mx.np.random.uniform(size=(size, 3, 224, 224)) for size in (1, 3)]
    wanted = [net(batch).asnumpy() for batch in batches]
    path = net.export(name, format="onnx", verify=False)
    assert not list(Path().glob(".*"))
    session = onnxruntime.InferenceSession(path)
    again = mx.onnx.import_to_gluon(path)
    for batch, expected_values in zip(batches, wanted, strict=True):
        (found,) = session.run(None, {"data": batch.asnumpy()})
        onp.testing.assert_allclose(found, expected_values, rtol=0, atol=1e-4 * abs(expected_values).max())
        onp.testing.assert_allclose(again(batch).asnumpy(), expected_values, rtol=0, atol=1e-6)
    initializers = {tensor.name for tensor in onnx.load(path).graph.initializer}
    unused = {key for key in net.collect_params() if key not in initializers}
    assert all(key.endswith("gamma") for key in unused)  # those that fix_gamma replaces by ones


@pytest.mark.parametrize("name", ["mobilenetv2_0.25", "squeezenet1.1"])
def test_openvino_reads_models(name):
    openvino = pytest.importorskip("openvino")
    net = vision.get_model(name)
    net.initialize()
    net.hybridize()
    batches = [mx.np.random.uniform(size=(size, 3, 224, 224)) for size in (1, 3)]
    wanted = [net(batch).asnumpy() for batch in batches]
    core = openvino.Core()
    read = core.read_model(net.export(name, format="onnx", verify=False))
    compiled = core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for batch, expected_values in zip(batches, wanted, strict=True):
        found = next(iter(compiled([batch.asnumpy()]).values()))
        onp.testing.assert_allclose(found, expected_values, rtol=0, atol=1e-4 * abs(expected_values).max())


def test_openvino_normalizes_over_channels():
    """Its LRN is another function for other exponents than 0.75, unless the constant is one."""
    openvino = pytest.importorskip("openvino")
    net = mx.sym.LRN(mx.sym.var("data"), alpha=0.1, beta=0.5, knorm=1.5, nsize=3)
    path = mx.onnx.export_model(net, {}, [(1, 5, 4, 4)], onnx_file_path="lrn.onnx")
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    values = onp.random.rand(1, 5, 4, 4).astype("float32")
    found = next(iter(compiled([values]).values()))
    onp.testing.assert_allclose(found, net.eval(data=mx.nd.array(values))[0].asnumpy(), atol=1e-6)


# Writing


def test_importing_the_package_imports_no_onnx():
    code = "import sys, mxnet; assert 'onnx' not in sys.modules and 'onnxruntime' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_files_as_genuine_mxnet_takes_them(capsys):
    """Graph and parameters from files, from a dict with marks, and as two dicts, in the order of its signature."""
    net = small_network()
    json, params = net.export("net")
    assert mx.onnx.export_model(json, params, [(1, 3, 8, 8)], onp.float32, "one.onnx", True) == "one.onnx"
    assert "one.onnx: 6 nodes" in capsys.readouterr().out
    symbol, arrays = net.export(None)
    mx.onnx.export_model(
        symbol, arrays, input_shape=[(1, 3, 8, 8)], input_type=[onp.float32], onnx_file_path="two.onnx"
    )
    args = {key[4:]: each for key, each in arrays.items() if key.startswith("arg:")}
    aux = {key[4:]: each for key, each in arrays.items() if key.startswith("aux:")}
    mx.onnx.export_model(symbol, [args, aux], [(1, 3, 8, 8)], onnx_file_path="three.onnx", run_shape_inference=True)
    with pytest.raises(mx.MXNetError, match="is there twice"):
        mx.onnx.export_model(symbol, {**arrays, **args}, [(1, 3, 8, 8)], onnx_file_path="four.onnx")
    mx.npx.savez("twice.npz", **arrays, **args)
    with pytest.raises(mx.MXNetError, match="twice.npz: .* is there twice"):
        mx.onnx.export_model(symbol, "twice.npz", [(1, 3, 8, 8)], onnx_file_path="four.onnx")
    one, two, three = [onnx.load(name) for name in ("one.onnx", "two.onnx", "three.onnx")]
    assert one == two
    assert len(three.graph.value_info) > 0 and one.graph.node == three.graph.node
    assert [value.name for value in one.graph.input] == ["data"]
    assert [value.name for value in one.graph.output] == symbol.list_outputs()
    assert {tensor.name for tensor in one.graph.initializer} == {*args, *aux}


def test_dynamic_sizes():
    symbol, arrays = small_network().export(None)
    path = mx.onnx.export_model(symbol, arrays, [(2, 3, 8, 8)], onnx_file_path="any.onnx", dynamic=True)
    (data,) = onnx.load(path).graph.input
    assert [dim.dim_param or dim.dim_value for dim in data.type.tensor_type.shape.dim] == ["batch", 3, 8, 8]
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3, strides=2), nn.GlobalAvgPool2D(), nn.Flatten())
    net.initialize()
    net.hybridize()
    net(mx.np.ones((1, 3, 8, 8)))
    symbol, arrays = net.export(None)
    shapes = [("n", 3, None, None)]
    mx.onnx.export_model(
        symbol, arrays, [(1, 3, 8, 8)], onnx_file_path="sizes.onnx", dynamic=True, dynamic_input_shapes=shapes
    )
    images = mx.np.random.uniform(size=(5, 3, 17, 11))
    (found,) = onnxruntime.InferenceSession("sizes.onnx").run(None, {"data": images.asnumpy()})
    onp.testing.assert_allclose(found, net(images).asnumpy(), atol=1e-6)


@pytest.mark.parametrize("sizes", [(8, 9), (7, 10), (3, 3)])
def test_pooling_rounded_up_for_any_size(sizes):
    data = mx.sym.var("data")
    net = mx.sym.Pooling(data, kernel=(3, 3), stride=(2, 2), pad=(1, 0), pooling_convention="full", pool_type="max")
    shapes = [(None, 2, None, None)]
    mx.onnx.export_model(net, {}, [(1, 2, 8, 8)], onnx_file_path="pool.onnx", dynamic=True, dynamic_input_shapes=shapes)
    values = onp.random.rand(3, 2, *sizes).astype("float32")
    (found,) = onnxruntime.InferenceSession("pool.onnx").run(None, {"data": values})
    onp.testing.assert_array_equal(found, net.eval(data=mx.nd.array(values))[0].asnumpy())


def test_pooling_with_a_window_for_each_step():
    data = mx.sym.var("data")
    for kind in ("max", "avg", "sum"):
        for stride in (1, 2):
            net = mx.sym.Pooling(data, kernel=(3, 2), stride=(stride, 1), pooling_convention="same", pool_type=kind)
            mx.onnx.export_model(net, {}, [(1, 2, 7, 6)], onnx_file_path="pool.onnx", dynamic=True)


def test_sizes_left_open():
    """Graphs of MXNet 1.x begin a recurrent network with zeros of whatever size fits."""
    data, state = mx.sym.var("data"), mx.sym.zeros(shape=(0, 5))
    net = mx.sym.FullyConnected(state, num_hidden=4, name="h") + mx.sym.FullyConnected(data, num_hidden=4, name="i")
    params = {
        name: mx.nd.ones(shape)
        for name, shape in {"h_weight": (4, 5), "h_bias": (4,), "i_weight": (4, 3), "i_bias": (4,)}.items()
    }
    mx.onnx.export_model(net, params, [(2, 3)], onnx_file_path="open.onnx")
    with pytest.raises(MXNetError, match="its size is not known"):
        mx.onnx.export_model(net, params, [(2, 3)], onnx_file_path="open.onnx", dynamic=True, verify=False)


def test_labels_are_no_inputs():
    symbol = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc"), name="softmax")
    params = {"fc_weight": mx.nd.ones((2, 3)), "fc_bias": mx.nd.zeros(2)}
    path = mx.onnx.export_model(symbol, params, [(1, 3)], onnx_file_path="label.onnx", dynamic=True)
    assert [value.name for value in onnx.load(path).graph.input] == ["data"]


def test_weights_beside_the_file(monkeypatch):
    net = nn.Dense(100, in_units=50)
    net.initialize()
    net.hybridize()
    data = mx.np.random.uniform(size=(2, 50))
    wanted = net(data).asnumpy()
    path = net.export("large", format="onnx", large_model=True)
    assert Path(path).stat().st_size < 2000 < Path("large.onnx.data").stat().st_size
    (found,) = onnxruntime.InferenceSession(path).run(None, {"data": data.asnumpy()})
    onp.testing.assert_allclose(found, wanted, atol=1e-6)
    onp.testing.assert_allclose(mx.onnx.import_to_gluon(path)(data).asnumpy(), wanted, atol=1e-6)
    monkeypatch.setattr(_export, "EXTERNAL_ABOVE", 1000)
    net.export("above", format="onnx")
    assert Path("above.onnx.data").exists()


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_types(dtype):
    net = nn.Dense(4, activation="relu")
    net.initialize()
    net.cast(dtype)
    check_block(net, mx.np.ones((2, 3), dtype=dtype))
    net.cast(dtype)


def test_operators_without_a_form_are_named():
    Path("net.onnx").write_text("older")
    data = mx.sym.var("data")
    with pytest.raises(MXNetError, match=r"gammaln \(node 'odd'\)"):
        mx.onnx.export_model(mx.sym.gammaln(data, name="odd"), {}, [(2, 3)], onnx_file_path="net.onnx")
    padded = find("_npi_pad")
    assert padded.onnx_rule is not None
    with pytest.raises(MXNetError, match=r"Dropout \(node 'drop'\).*mode='always'"):
        mx.onnx.export_model(mx.sym.Dropout(data, mode="always", name="drop"), {}, [(2, 3)], onnx_file_path="net.onnx")
    assert Path("net.onnx").read_text() == "older" and len(list(Path().iterdir())) == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"in_shapes": [(1, 3), (2,)]}, "2 shapes, but the graph has 1 inputs: 'data'"),
        ({"in_shapes": None}, "in_shapes must give the shapes"),
        ({"in_types": ["float32", "float32"]}, "in_types has 2 types"),
        ({"dynamic": True, "dynamic_input_shapes": [(None, 4)]}, "do not fit in_shapes"),
        ({"opset": 5}, "opset must be between 18"),
        ({"in_shapes": [(1, 4)]}, "fc"),
        ({"onnx_file_path": "no/such/folder.onnx"}, "no/such"),
    ],
)
def test_wrong_arguments(options, text):
    symbol = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc")
    params = {"fc_weight": mx.nd.ones((2, 3)), "fc_bias": mx.nd.zeros(2)}
    with pytest.raises(MXNetError, match=text):
        mx.onnx.export_model(symbol, params, **{"in_shapes": [(1, 3)]} | options)
    assert not list(Path().iterdir())


def test_wrong_formats():
    net = small_network()
    with pytest.raises(ValueError, match="'mxnet' or 'onnx'"):
        net.export("net", format="coreml")
    with pytest.raises(TypeError, match="opset"):
        net.export("net", opset=20)
    with pytest.raises(TypeError, match="params must be"):
        mx.onnx.export_model(net.export(None)[0], 3, [(1, 3, 8, 8)])


def test_a_wrong_rule_is_found_out(monkeypatch):
    monkeypatch.setattr(find("_npx_relu"), "onnx_rule", lambda graph, data: graph.node("Sigmoid", data))
    net = Function(mx.npx.relu)
    with pytest.raises(MXNetError, match="computes something else"):
        check_block(net, mx.np.ones((2, 3)))
    assert not list(Path().iterdir())
    assert check_block(net, mx.np.ones((2, 3)), verify=False) == "block.onnx"


def test_a_missing_onnxruntime_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.warns(UserWarning, match="not verified"):
        check_block(Function(mx.npx.relu), mx.np.ones((2, 3)))
    assert Path("block.onnx").exists()


# Reading


def saved(nodes, inputs, outputs, arrays=(), opset=17, name="made.onnx"):
    infos = [
        [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in group.items()]
        for group in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "graph", *infos, [numpy_helper.from_array(value, key) for key, value in arrays])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(made, name)
    return name


def torch_model(net, data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net.eval(), (data,), "torch.onnx", dynamo=False, input_names=["x"], **options)
    return mx.onnx.import_to_gluon("torch.onnx")


class Residual(torch.nn.Module):
    """What convolutional networks in PyTorch are made of."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, 2, 1, bias=False), torch.nn.BatchNorm2d(8))
        self.depthwise = torch.nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.norm = torch.nn.GroupNorm(2, 8)
        self.head = torch.nn.Linear(8 * 9, 5)

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(torch.relu(self.first(x)), 3, 2, 1)
        x = x + torch.nn.functional.hardswish(self.depthwise(x))
        x = self.norm(x) * torch.sigmoid(x.mean((2, 3), keepdim=True))
        left, right = x.chunk(2, 1)
        x = torch.cat([torch.nn.functional.relu6(left), torch.nn.functional.leaky_relu(right)], 1)
        x = torch.nn.functional.interpolate(x, scale_factor=2, mode="nearest")
        x = torch.nn.functional.avg_pool2d(x, 4, 3, ceil_mode=True)
        return torch.log_softmax(self.head(x.view(x.size(0), -1)), 1)


def test_files_of_pytorch():
    torch.manual_seed(0)
    net, data = Residual(), torch.randn(2, 3, 18, 18)
    read = torch_model(net, data, dynamic_axes={"x": {0: "n"}})
    assert "head.weight" in read.collect_params()
    for size in (2, 3):
        data = torch.randn(size, 3, 18, 18)
        found = read(mx.np.array(data.numpy())).asnumpy()
        onp.testing.assert_allclose(found, net(data).detach().numpy(), atol=1e-5)
    read.hybridize()
    assert read(mx.np.array(data.numpy())).shape == (3, 5)


def test_a_read_model_trains_and_is_written_again():
    symbol, arrays = small_network().export(None)
    mx.onnx.export_model(symbol, arrays, [(1, 3, 8, 8)], onnx_file_path="net.onnx", dynamic=True)
    described = mx.onnx.get_model_metadata("net.onnx")
    assert described["input_tensor_data"] == [("data", (0, 3, 8, 8))]
    assert [shape for _, shape in described["output_tensor_data"]] == [(0, 3)]
    sym, args, aux = mx.onnx.import_model("net.onnx")
    assert set(args) | set(aux) == {key[4:] for key in arrays}
    assert sorted(aux) == sorted(key[4:] for key in arrays if key.startswith("aux:"))
    mx.onnx.export_model(sym, [args, aux], [(1, 3, 8, 8)], onnx_file_path="again.onnx")
    block = mx.onnx.import_to_gluon("net.onnx", device=mx.cpu())
    trainer = mx.gluon.Trainer(block.collect_params(), "sgd", {"learning_rate": 0.1})
    data = mx.np.ones((2, 3, 8, 8))
    before = block(data).asnumpy()
    with mx.autograd.record():
        loss = block(data).sum()
    loss.backward()
    trainer.step(2)
    assert not onp.allclose(block(data).asnumpy(), before)


def test_asymmetric_padding():
    data = {"x": (1, 2, 5, 6)}
    nodes = [
        helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=(2, 3), pads=(0, 1, 1, 2), strides=(2, 2)),
        helper.make_node("MaxPool", ["x"], ["z"], kernel_shape=(3, 2), auto_pad="SAME_UPPER", strides=(2, 2)),
        helper.make_node("Conv", ["x", "w"], ["v"], pads=(0, 1, 2, 0)),
    ]
    weight = onp.random.rand(3, 2, 3, 3).astype("float32")
    path = saved(nodes, data, {"y": (None,) * 4, "z": (None,) * 4, "v": (None,) * 4}, [("w", weight)])
    values = onp.random.rand(1, 2, 5, 6).astype("float32")
    wanted = onnxruntime.InferenceSession(path).run(None, {"x": values})
    for one, other in zip(mx.onnx.import_to_gluon(path)(mx.np.array(values)), wanted, strict=True):
        onp.testing.assert_allclose(one.asnumpy(), other, atol=1e-5)


def test_operators_that_are_not_known():
    path = saved([helper.make_node("Hardmax", ["x"], ["y"], name="odd")], {"x": (2, 3)}, {"y": (2, 3)})
    with pytest.raises(MXNetError, match=r"made.onnx: node 'odd' \(Hardmax\) cannot be read: .* no counterpart"):
        mx.onnx.import_model(path)
    path = saved(
        [helper.make_node("Resize", ["x", "", "", "s"], ["y"], name="odd", mode="cubic")],
        {"x": (1, 1, 4, 4)},
        {"y": (1, 1, 8, 8)},
        [("s", onp.array([1, 1, 8, 8]))],
    )
    with pytest.raises(MXNetError, match="'odd' .* 'cubic'"):
        mx.onnx.import_model(path)


def test_damaged_files():
    with pytest.raises(MXNetError, match="none.onnx"):
        mx.onnx.import_model("none.onnx")
    Path("text.onnx").write_text("no model")
    with pytest.raises(MXNetError, match="text.onnx: no valid ONNX file"):
        mx.onnx.import_model("text.onnx")
    path = Path(small_network().export("net", format="onnx"))
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(MXNetError):
            mx.onnx.import_model(path)


@pytest.mark.parametrize(
    ("location", "length"), [("../outside.data", 24), ("/etc/hostname", 24), ("w.data", 25), ("w.data", 2**40)]
)
def test_weights_elsewhere_are_checked(location, length, tmp_path):
    (tmp_path / "outside.data").write_bytes(bytes(100))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "w.data").write_bytes(bytes(24))
    count = max(length // 4, 1)
    node = helper.make_node("Add", ["x", "w"], ["y"])
    infos = [helper.make_tensor_value_info(key, TensorProto.FLOAT, (count,)) for key in ("x", "y")]
    tensor = TensorProto(name="w", dims=(count,), data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, "offset": 0, "length": length}.items():
        tensor.external_data.add(key=key, value=str(value))
    made = helper.make_model(helper.make_graph([node], "g", infos[:1], infos[1:], [tensor]), ir_version=8)
    (folder / "made.onnx").write_bytes(made.SerializeToString())
    with pytest.raises(MXNetError):
        mx.onnx.import_model(folder / "made.onnx")
