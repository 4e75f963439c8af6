"""Every layer, every loss and every model of the zoo: hybridized they show, bit by bit, what they show as written."""

import numpy as onp
import pytest
import references  # noqa: F401  (finds the modules below)
from twins import compare, noise

import mxnet as mx
from mxnet import gluon, np
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision

import fill_rule  # isort: skip
import make_layers  # isort: skip
import make_loss  # isort: skip


def without_error(case):
    source, shape = case
    try:
        layer = eval(source, vars(make_layers).copy())
        layer.initialize()
        layer(given(source, shape))
    except Exception:
        return False
    return True


def given(source, shape):
    return np.arange(shape[0]) if "Embedding" in source else np.array(fill_rule.noise("x", shape))


LAYERS = [case for case in make_layers.LAYERS if without_error(case)] + [
    ("nn.SyncBatchNorm()", (4, 3, 2)),
    ("nn.ModulatedDeformableConvolution(3, kernel_size=3, padding=1)", (1, 2, 5, 5)),
]
FEW = [(False, False), (True, True), (True, True), (False, False)]


def test_no_layer_is_left_out():
    names = {name for name in nn.__all__ if name not in ("Block", "HybridBlock", "Sequential", "Concatenate")}
    tested = {source.split("(")[0].removeprefix("nn.") for source, _ in LAYERS}
    assert tested - {"chain", "beside"} | {"HybridSequential", "HybridConcatenate"} == names


@pytest.mark.parametrize(("source", "shape"), LAYERS, ids=[f"{source}{shape}" for source, shape in LAYERS])
def test_layers(source, shape):
    hybrid = not source.startswith("nn.Lambda")  # which is a Block that calls any Python
    compare(lambda: eval(source, vars(make_layers).copy()), given(source, shape), graph=hybrid)


@pytest.mark.parametrize("number", range(len(make_loss.CASES)), ids=lambda n: f"{n}-{make_loss.CASES[n][0]}")
def test_losses(number):
    constructor, inputs, _ = make_loss.CASES[number]
    arrays = [item and np.array(make_loss.numbers(*item, name=f"input{n}")) for n, item in enumerate(inputs)]
    compare(lambda: eval(f"loss.{constructor}", {"loss": gluon.loss}), *arrays, passes=FEW)


SIZES = {"alexnet": 64, "densenet": 224, "inception": 299, "squeezenet": 224}
WHOLE = ["densenet121", "mobilenet0.25", "mobilenetv2_0.25", "resnet18_v1", "resnet50_v2", "squeezenet1.1", "vgg11_bn"]


@pytest.mark.parametrize("name", vision.list_models())
def test_models(name):
    size = next((size for family, size in SIZES.items() if name.startswith(family)), 32)
    images = noise(2, 3, size, size) if name in WHOLE else noise(1, 3, size, size)
    passes = FEW if name in WHOLE else FEW[:1]
    net = compare(lambda: vision.get_model(name, classes=10), images, passes=passes, init=mx.init.Xavier(magnitude=2))
    out = net(images).asnumpy()
    assert onp.isfinite(out).all() and onp.ptp(out) > 0
