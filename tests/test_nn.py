"""Every layer of `gluon.nn` against genuine MXNet, and what this package promises beyond it."""

import builtins

import numpy as onp
import pytest
import references
from make_layers import LAYERS, describe  # `references` has put its folder on the path

import mxnet as mx
from mxnet import autograd, gluon, np
from mxnet.gluon import nn

CASES = list(zip(LAYERS, references.load("layers.json"), strict=True))


def assert_told(told, expected, where=""):
    """Compare nested records: numbers nearly, everything else exactly."""
    if isinstance(expected, dict):
        assert told.keys() == expected.keys(), where
        for key in expected:
            assert_told(told[key], expected[key], f"{where} {key}")
    elif isinstance(expected, list) and len(expected) == 2 and isinstance(expected[1], list):
        assert told[0] == expected[0], where
        onp.testing.assert_allclose(told[1], expected[1], rtol=1e-4, atol=2e-6, err_msg=where)
    else:
        assert told == expected, where


@pytest.mark.parametrize(("case", "expected"), CASES, ids=[f"{layer}{shape}" for (layer, shape), _ in CASES])
def test_layer_equals_genuine(case, expected):
    told = describe(*case)
    if "error" in expected:
        assert issubclass(getattr(builtins, told["error"]), getattr(builtins, expected["error"]))
        return
    if case[0] == "nn.SELU()":  # genuine MXNet's gradient is not the derivative: see below and docs/differences.md
        del told["gradients"], expected["gradients"]
    assert_told(told, expected)


def test_gradient_of_selu_is_its_derivative():
    x = np.array([-2.0, -0.5, 0.5, 2.0], dtype="float64")
    x.attach_grad()
    layer = nn.SELU()
    with autograd.record():
        y = layer(x)
    y.backward()
    step = 1e-6
    expected = (layer(x + step) - layer(x - step)) / (2 * step)
    onp.testing.assert_allclose(x.grad.asnumpy(), expected.asnumpy(), rtol=1e-6)


def test_every_layer_has_a_case():
    layers = {name for name in nn.__all__ if name not in ("Block", "HybridBlock", "Sequential", "Concatenate")}
    tested = {layer.split("(")[0].removeprefix("nn.") for layer, _ in LAYERS}
    tested |= {"HybridSequential", "HybridConcatenate"}  # through chain() and beside()
    missing = layers - tested
    assert missing == {"SyncBatchNorm", "ModulatedDeformableConvolution"}  # tested below


def test_sequential_indexing_and_passing_on():
    net = nn.Sequential()
    net.add(nn.Dense(2), nn.Dense(3), nn.Dense(4))
    assert len(net) == 3
    assert net[-1] is list(net)[2]
    part = net[1:]
    assert type(part) is nn.Sequential and part[0] is net[1]
    with pytest.raises(IndexError):
        net[3]


def test_sequential_calls_the_children_it_has_now():
    net = nn.HybridSequential()
    net.add(nn.Dense(2), nn.Dense(3))
    net.register_child(nn.Dense(7), "1")
    net.register_child(nn.Dense(5), "last")
    net.initialize()
    assert net(np.ones((1, 3))).shape == (1, 5) and net[1].weight.shape == (7, 2) and len(net) == 3


def test_sequential_passes_several_values():
    class Pair(gluon.HybridBlock):
        def forward(self, x, y=None):
            return x, y

    net = nn.HybridSequential()
    net.add(Pair(), Pair())
    x, y = np.ones(1), np.zeros(2)
    assert net(x, y) == (x, y)
    first, second = net(x)
    assert first is x and second is None


def test_empty_sequential_is_the_identity():
    x = np.ones(2)
    assert nn.HybridSequential()(x) is x


def test_sync_batch_norm_is_batch_norm_on_one_device():
    x = np.array(onp.random.RandomState(0).rand(4, 3, 2, 2))
    plain, synced = nn.BatchNorm(), nn.SyncBatchNorm()
    for layer in (plain, synced):
        layer.initialize()
    with autograd.record():
        onp.testing.assert_allclose(synced(x).asnumpy(), plain(x).asnumpy(), rtol=1e-6)
    onp.testing.assert_allclose(synced.running_var.data().asnumpy(), plain.running_var.data().asnumpy(), rtol=1e-6)


def test_modulated_deformable_convolution_begins_as_a_convolution():
    """The weights of the elements read are 2 * sigmoid(0) = 1 at first; genuine MXNet's layer does not run."""
    x = np.array(onp.random.RandomState(0).rand(1, 2, 5, 5))
    layer, plain = nn.ModulatedDeformableConvolution(3, 3, padding=1), nn.Conv2D(3, 3, padding=1)
    for block in (layer, plain):
        block.initialize()
        block(x)
    plain.weight.set_data(layer.deformable_conv_weight.data())
    onp.testing.assert_allclose(layer(x).asnumpy(), plain(x).asnumpy(), atol=1e-6)
    assert layer.offset_weight.shape == (27, 2, 3, 3)


def test_bases_that_programs_ask_for_are_where_mxnet_has_them():
    layers = [nn.Conv2D(2, 3), nn.Conv1DTranspose(2, 3), nn.MaxPool2D(), nn.GlobalAvgPool3D(), nn.Dense(2)]
    kinds = nn.conv_layers._Conv, nn.conv_layers._Pooling
    found = [[isinstance(layer, kind) for kind in kinds] for layer in layers]
    assert found == [[True, False], [True, False], [False, True], [False, True], [False, False]]


def test_in_channels_given_needs_no_first_pass():
    conv = nn.Conv2D(4, 3, in_channels=6, groups=2)
    conv.initialize()
    assert conv.weight.data().shape == (4, 3, 3, 3)
    transposed = nn.Conv2DTranspose(4, 3, in_channels=6, groups=2)
    transposed.initialize()
    assert transposed.weight.data().shape == (6, 2, 3, 3)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_layouts_give_the_same_numbers(layout):
    x = onp.random.RandomState(0).rand(2, 5, 6, 3).astype("float32")
    weight = onp.random.RandomState(1).rand(4, 3, 3, 3).astype("float32")
    conv = nn.Conv2D(4, 3, layout="NHWC", use_bias=False)
    conv.load_dict({"weight": np.array(weight)})
    other = nn.Conv2D(4, 3, use_bias=False)
    other.load_dict({"weight": np.array(weight.transpose(0, 3, 1, 2))})
    expected = other(np.array(x.transpose(0, 3, 1, 2))).asnumpy().transpose(0, 2, 3, 1)
    onp.testing.assert_allclose(conv(np.array(x)).asnumpy(), expected, rtol=1e-5)


def test_wrong_shapes_are_refused_by_name():
    dense = nn.Dense(3, in_units=4)
    dense.initialize()
    with pytest.raises(mx.MXNetError, match="FullyConnected"):
        dense(np.ones((2, 5)))
    norm = nn.BatchNorm(in_channels=3)
    norm.initialize()
    with pytest.raises(mx.MXNetError, match="BatchNorm"):
        norm(np.ones((2, 4, 2, 2)))
