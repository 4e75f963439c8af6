"""Mixed precision: what operators compute in, by hand and in graphs, eager and recorded."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as onp
import pytest
import torch
import torch.nn.functional as F
from references import load

import mxnet as mx
from mxnet import amp, autograd, gluon, np, npx
from mxnet._modes import modes, set_precision
from mxnet.gluon import nn
from mxnet.operators import CATALOGUE, find
from mxnet.symbol._graph import topological

from amp_cases import results  # isort: skip  (found by `references`)

TYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16}
REFERENCE = load("amp.json")


@pytest.fixture(autouse=True)
def off_afterwards():
    yield
    set_precision(None)
    assert modes.amp is None


def kinds_of(symbol):
    return [node.op.name for node in topological(symbol._entries) if node.op is not None]


def images(*shape, seed=0):
    return np.array(onp.random.RandomState(seed).rand(*shape).astype("float32"))


def network():
    mx.random.seed(4)
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(4, 3, in_channels=3, use_bias=False), nn.BatchNorm(), nn.Activation("relu"), nn.Flatten(), nn.Dense(3)
    )
    net.initialize(mx.init.Xavier())
    return net


# Which operators


@pytest.mark.parametrize("name", sorted(REFERENCE["lists"]))
def test_lists_are_those_of_mxnet_for_float16(name):
    ours = {
        find(each).name for each in map(str, map(first, getattr(amp, f"list_{name}")("float16"))) if each in CATALOGUE
    }
    theirs = {CATALOGUE[first(each)].name for each in REFERENCE["lists"][name] if first(each) in CATALOGUE}
    # MXNet leaves four operators of several arrays with arrays of different types, which they refuse.
    meeting = {"BilinearSampler", "SpatialTransformer", "ROIPooling", "_contrib_index_copy"}
    # Operators with two names that are one here, in two of MXNet's lists.
    one_here = {"Concat", "elemwise_add"}
    assert theirs - ours == (meeting | one_here if name == "lp16_fp32_ops" else set())
    unlisted = {"BatchNorm_v1", "Pooling_v1", "_npi_cumprod", "_npi_multivariate_normal"}
    assert ours - theirs - unlisted == (meeting if name == "widest_type_cast" else set())


def first(entry):
    return entry if isinstance(entry, str) else entry[0]


def test_conditions_are_those_of_mxnet():
    assert list(map(list, amp.list_conditional_fp32_ops("float16"))) == REFERENCE["lists"]["conditional_fp32_ops"]
    assert amp.list_lp16_use_fp32_params("bfloat16")["BatchNorm"] == ["", "gamma", "beta", "moving_mean", "moving_var"]


@pytest.mark.parametrize("dtype", ["float32", "int8", "narrow", None, 3])
def test_other_types_are_refused(dtype):
    for call in (amp.init, amp.autocast, amp.list_lp16_ops, amp.list_fp32_ops):
        with pytest.raises(ValueError, match="'float16' or 'bfloat16', not"):
            call(dtype)


def test_types_are_those_of_mxnet():
    with amp.autocast("float16"):
        found = {name: str(result.dtype) for name, result in results().items()}
    assert found == REFERENCE["eager"]


@pytest.mark.parametrize("dtype", TYPES)
def test_numbers_are_those_of_the_narrow_type(dtype):
    x, weight = images(2, 3, 6, 6), images(4, 3, 3, 3, seed=1)
    with amp.autocast(dtype):
        found = npx.convolution(x, weight, kernel=(3, 3), num_filter=4, no_bias=True)
        wide = npx.softmax(found)
    low = F.conv2d(torch.tensor(x.asnumpy()).to(TYPES[dtype]), torch.tensor(weight.asnumpy()).to(TYPES[dtype]))
    assert found.dtype == dtype and wide.dtype == "float32"
    assert torch.equal(found._data, low)
    torch.testing.assert_close(wide._data, torch.softmax(low.float(), -1), rtol=1e-6, atol=1e-6)


def test_what_needs_float32_has_it():
    low = np.ones((2, 3)).astype("bfloat16") * 3
    with amp.autocast("bfloat16"):
        for wide in (np.exp(low), np.sum(low), npx.layer_norm(low, np.ones(3), np.ones(3)), low**2, np.mean(low)):
            assert wide.dtype == "float32"
        assert npx.activation(low, "softrelu").dtype == npx.leaky_relu(low, act_type="elu").dtype == "float32"
        assert npx.activation(low, "relu").dtype == npx.leaky_relu(low, act_type="leaky").dtype == "bfloat16"
        normal = npx.batch_norm(np.ones((2, 3)).astype("bfloat16"), *[np.ones(3)] * 4)
        assert normal.dtype == "bfloat16"


def test_arrays_of_both_kinds_meet_in_float32():
    low, wide = np.ones((2, 2)).astype("bfloat16"), np.ones((2, 2))
    with amp.autocast("bfloat16"):
        for meeting in (np.dot(low, wide), npx.batch_dot(low[None], wide[None]), np.maximum(low, wide), low * wide):
            assert meeting.dtype == "float32"
        assert mx.nd.concat(low.as_nd_ndarray(), wide.as_nd_ndarray(), dim=0).dtype == onp.float32
        assert np.dot(low, low).dtype == "bfloat16"


def test_parameters_of_float32_go_with_data_of_16_bits():
    low = images(1, 2, 4, 4).astype("bfloat16")
    layer = nn.PReLU(in_channels=2)
    layer.initialize()
    assert layer(low).dtype == "bfloat16"
    grid = np.zeros((1, 2, 4, 4))
    boxes = np.array([[0, 0, 0, 3, 3]])
    assert mx.nd.LeakyReLU(low.as_nd_ndarray(), mx.nd.ones((2,)), act_type="prelu").dtype == "bfloat16"
    with amp.autocast("bfloat16"):
        sampled = mx.nd.BilinearSampler(low.as_nd_ndarray(), grid.as_nd_ndarray())
        pooled = mx.nd.ROIPooling(low.as_nd_ndarray(), boxes.as_nd_ndarray(), pooled_size=(2, 2), spatial_scale=1)
    assert sampled.dtype == pooled.dtype == onp.float32


def test_results_are_written_to_arrays_of_either_type():
    x, out = np.ones((2, 2)), np.zeros((2, 2))
    low = np.zeros((2, 2)).astype("bfloat16")
    with amp.autocast("bfloat16"):
        assert np.matmul(x, x, out=out) is out and out.dtype == "float32"
        np.exp(x, out=low)
        low += x
        out += low
    assert out.asnumpy().tolist() == [[5.71875] * 2] * 2  # 2 + (e + 1), with e + 1 in bfloat16
    assert low.dtype == "bfloat16"


def test_own_lists_take_the_place_of_the_defaults():
    x = np.ones((2, 2))
    amp.init("bfloat16", ["_npi_exp", "dot"], [("Activation", "act_type", ["relu"])], ["_npi_matmul"])
    low = np.exp(x)
    assert low.dtype == "bfloat16" and mx.nd.dot(x.as_nd_ndarray(), x.as_nd_ndarray()).dtype == "bfloat16"
    assert np.matmul(low, low).dtype == npx.activation(low, "relu").dtype == "float32"
    assert npx.activation(low, "softrelu").dtype == npx.softmax(low).dtype == "bfloat16"
    with pytest.raises(ValueError, match="no operator is named 'Convolve'"):
        amp.init("float16", target_precision_ops=["Convolve"])
    with pytest.raises(ValueError, match="exp stands in target_dtype_ops and in fp32_ops"):
        amp.init("float16", target_precision_ops=["exp"], fp32_ops=["exp"])
    with pytest.raises(ValueError, match="Activation has no attribute 'kind'"):
        amp.init("float16", conditional_fp32_ops=[("Activation", "kind", ["relu"])])
    with pytest.raises(TypeError, match="must be a list of operators' names"):
        amp.init("float16", fp32_ops="exp")


# On and off


def test_it_ends_with_the_lines_it_is_for():
    x = np.ones((2, 2))

    def dtype():
        return str(np.matmul(x, x).dtype)

    with pytest.raises(KeyError), amp.autocast("bfloat16"):
        assert dtype() == "bfloat16"
        with amp.autocast("float16"):
            assert dtype() == "float16"
            with amp.autocast(enabled=False):
                assert dtype() == "float32"
        assert dtype() == "bfloat16"
        raise KeyError
    assert dtype() == "float32"


def test_threads_have_their_own():
    x = np.ones((2, 2))
    seen = {}
    both = threading.Barrier(2, timeout=60)

    def work(name, dtype):
        with amp.autocast(dtype, enabled=name == "low"):
            both.wait()
            seen[name] = str(np.matmul(x, x).dtype)
            both.wait()

    threads = [threading.Thread(target=work, args=pair) for pair in (("low", "bfloat16"), ("off", "float16"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"low": "bfloat16", "off": "float32"} and np.matmul(x, x).dtype == "float32"


PROCESS = """
import threading
import mxnet as mx
from mxnet import amp
x = mx.np.ones((2, 2))
dtype = lambda: print(mx.np.matmul(x, x).dtype)
with amp.autocast(enabled=False):
    amp.init("float16")
    dtype()
dtype()
thread = threading.Thread(target=dtype)
thread.start()
thread.join()
amp.init("bfloat16")
dtype()
"""


def test_init_is_for_the_whole_process():
    done = subprocess.run([sys.executable, "-c", PROCESS], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["float32", "float16", "float16", "bfloat16"]


def test_nothing_is_cast_without_it():
    x = np.ones((2, 3)).astype("bfloat16")
    assert npx.softmax(x).dtype == "bfloat16" and np.matmul(x, x.T).dtype == "bfloat16"


# Gradients and graphs


@pytest.mark.parametrize("hybrid", [False, True])
def test_gradients_are_float32_and_close(hybrid):
    x = images(2, 3, 8, 8)

    def gradients(context):
        net = network()
        if hybrid:
            net.hybridize()
        with context:
            with autograd.record():
                loss = (npx.log_softmax(net(x)) ** 2).sum()
            loss.backward()
        return {name: param.grad() for name, param in net.collect_params().items() if param.grad_req != "null"}

    expected = gradients(amp.autocast(enabled=False))
    found = gradients(amp.autocast("bfloat16"))
    for name, gradient in expected.items():
        assert found[name].dtype == "float32"
        scale = onp.abs(gradient.asnumpy()).max() + 1e-3
        onp.testing.assert_allclose(found[name].asnumpy(), gradient.asnumpy(), rtol=0, atol=0.06 * scale, err_msg=name)


def test_a_graph_has_the_casts_and_computes_the_same():
    net, x = network(), images(2, 3, 8, 8)
    with amp.autocast("bfloat16"):
        expected = net(x)
        net.hybridize()
        found = net(x)
        graph = net.export(None)[0]
    assert found.dtype == expected.dtype == "bfloat16"
    assert torch.equal(found._data, expected._data)
    assert kinds_of(graph).count("amp_cast") == 4  # the images, two weights, a bias
    assert net(x).dtype == "float32"  # another graph
    with amp.autocast("bfloat16"):
        assert net(x).dtype == "bfloat16"


def test_files_have_the_casts_if_asked(tmp_path):
    net, x = network(), images(2, 3, 8, 8)
    net.hybridize()
    with amp.autocast("bfloat16"):
        expected = net(x)
        plain = net.export(tmp_path / "plain")
        low = net.export(tmp_path / "low", remove_amp_cast=False)
    assert "amp_cast" not in Path(plain[0]).read_text() and "amp_cast" in Path(low[0]).read_text()
    assert gluon.SymbolBlock.imports(plain[0], "data", plain[1])(x).dtype == "float32"
    assert torch.equal(gluon.SymbolBlock.imports(low[0], "data", low[1])(x)._data, expected._data)
    with amp.autocast("bfloat16"):
        assert gluon.SymbolBlock.imports(plain[0], "data", plain[1])(x).dtype == "bfloat16"


class Shared(gluon.HybridBlock):
    def __init__(self):
        super().__init__()
        self.weight = gluon.Parameter("weight", shape=(2, 2), init="ones")

    def forward(self, x):
        for _ in range(3):
            x = np.matmul(x, self.weight.data())
        with autograd.pause():
            y = np.matmul(x, self.weight.data())
        return x + y


def test_a_graph_casts_each_array_once():
    net = Shared()
    net.initialize()
    net.hybridize()
    x = np.ones((1, 2))
    gradients = []
    for context in (amp.autocast(enabled=False), amp.autocast("bfloat16")):
        with context, autograd.record():
            y = net(x)
        y.backward()
        gradients.append(net.weight.grad().asnumpy())
    # The weight once with and once without a gradient, x once.
    assert kinds_of(net.export(None)[0]).count("amp_cast") == 3
    onp.testing.assert_array_equal(*gradients)


def test_a_torch_module_gets_float32():
    block = gluon.contrib.TorchBlock(torch.nn.Linear(2, 2))
    block.initialize()
    with amp.autocast("bfloat16"):
        assert block(np.ones((1, 2)).astype("bfloat16")).dtype == "float32"


@pytest.mark.parametrize("hybrid", [False, True])
def test_gradients_that_operators_make_are_scaled(hybrid):
    class Output(gluon.HybridBlock):
        def forward(self, scores, labels):
            return mx.nd.SoftmaxOutput(scores, labels, grad_scale=2)

    net = Output()
    if hybrid:
        net.hybridize()
    weight = gluon.Parameter("weight", shape=(1,), init="ones")
    weight.initialize()
    scores = mx.nd.array([[1, 2, 3], [0, 1, 0]])
    scores.attach_grad()
    with amp.autocast("float16"):
        trainer = gluon.Trainer([weight], "sgd")
        amp.init_trainer(trainer)
        for _ in range(2):
            with autograd.record():
                probabilities = net(scores, mx.nd.array([0, 1]))
            probabilities.backward()
            onp.testing.assert_allclose(scores.grad.asnumpy(), REFERENCE["loss_output"], rtol=1e-6)
        trainer._amp_loss_scaler.loss_scale = 1
        with autograd.record():
            probabilities = net(scores, mx.nd.array([0, 1]))
        probabilities.backward()
        onp.testing.assert_allclose(scores.grad.asnumpy() * 65536, REFERENCE["loss_output"], rtol=1e-6)


def test_the_operators_that_cast_leave_other_types():
    def types(arrays):
        return [onp.dtype(array.dtype).name for array in arrays]

    arrays = [mx.nd.ones((2,), dtype=dtype) for dtype in ("float16", "int32", "float32", "float64")]
    cast = [mx.nd.amp_cast(array, dtype="float16") for array in arrays]
    assert types(cast) == ["float16", "int32", "float16", "float64"]
    assert types(mx.nd.amp_multicast(*arrays, num_outputs=4)) == ["float32", "int32", "float32", "float64"]
    narrow = mx.nd.amp_multicast(*arrays, num_outputs=4, cast_narrow=True)
    assert types(narrow) == ["float16", "int32", "float16", "float64"]
