"""Batches in parts: which networks may be computed so, and what comes out."""

import numpy as onp
import pytest
import torch
from twins import Written, noise

import mxnet as mx
from mxnet import engines, np, npx
from mxnet.engines._separable import is_separable
from mxnet.engines.engine import Subgraph
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision

pytestmark = pytest.mark.skipif(bool(engines.engines()["openvino"]), reason="openvino is not installed")


def separable(function, *arrays, **children):
    net = Written(lambda net, *inputs: function(net, *inputs), **children)
    net.initialize()
    net.optimize_for(*arrays)
    trace = net._graphs.latest
    constants = {node: parameter.data()._data for node, parameter in trace.parameters.items()}
    constants |= {node: array._data for node, array in trace.constants.items()}
    examples = [torch.empty(array.shape, dtype=array._data.dtype, device="meta") for array in arrays]
    return is_separable(Subgraph(trace.entries, trace.inputs, examples, constants, torch.device("cpu")))


APART = {
    "layers": lambda net, x: net.conv(x),
    "a sum of both": lambda net, x: net.conv(x) + net.conv(x) * 2,
    "channels together": lambda net, x: np.concatenate([net.conv(x), x], axis=1),
    "softmax of channels": lambda net, x: npx.softmax(x, axis=1),
    "a number for each channel": lambda net, x: x * np.ones((1, 3, 1, 1)),
}
TOGETHER = {
    "a mean over samples": lambda net, x: x - x.mean(axis=0, keepdims=True),
    "softmax of samples": lambda net, x: npx.softmax(x, axis=0),
    "the same by a negative axis": lambda net, x: npx.softmax(x, axis=-4),
    "samples together": lambda net, x: np.concatenate([x, x], axis=0),
    "a number for each sample": lambda net, x: x * np.arange(4).reshape(4, 1, 1, 1),
    "another place of the samples": lambda net, x: x.transpose(1, 0, 2, 3),
    "their number in the shape": lambda net, x: npx.reshape(x, (2, -1)),
    "one sample for all": lambda net, x: x + x[:1],
    "a result of no sample": lambda net, x: (net.conv(x), np.ones((4, 2)) * 2),
    "a weight from the data": lambda net, x: npx.fully_connected(x, x.reshape(4, -1), num_hidden=4, no_bias=True),
}


@pytest.mark.parametrize("name", APART)
def test_samples_are_apart(name):
    assert separable(APART[name], noise(4, 3, 5, 5), conv=nn.Conv2D(3, 3, padding=1))


@pytest.mark.parametrize("name", TOGETHER)
def test_samples_may_be_mixed(name):
    assert not separable(TOGETHER[name], noise(4, 3, 5, 5), conv=nn.Conv2D(3, 3, padding=1))


def test_inputs_of_several_batches():
    assert separable(lambda net, x, y: x + y, noise(4, 3), noise(4, 3))
    assert not separable(lambda net, x, y: x + y, noise(4, 3), noise(1, 3))


FAMILIES = ["alexnet", "densenet121", "inceptionv3", "mobilenet0.25", "mobilenetv2_0.25", "resnet18_v1", "resnet18_v2"]
FAMILIES += ["squeezenet1.1", "vgg11", "vgg11_bn"]
SIZES = {"alexnet": 64, "densenet121": 224, "inceptionv3": 299, "squeezenet1.1": 224}


@pytest.mark.parametrize("name", FAMILIES)
def test_networks_of_the_zoo(name):
    size = SIZES.get(name, 32)
    net = vision.get_model(name, classes=10)
    net.initialize(mx.init.Xavier(magnitude=2))
    images = noise(4, 3, size, size)
    expected = net(images).asnumpy()
    net.optimize_for(images, backend="openvino-split")
    found = [net(images) for _ in range(2)]  # results are the caller's own
    [report] = net.engine_report()
    assert report["engine"].startswith("openvino-split, ") and "parts of" in report["engine"]
    for each in found:
        onp.testing.assert_allclose(each.asnumpy(), expected, rtol=0, atol=1e-4 * onp.abs(expected).max())


def test_what_cannot_be_parted_is_computed_whole():
    net = Written(lambda net, x: npx.softmax(net.dense(x), axis=0), dense=nn.Dense(3))
    net.initialize()
    x = noise(4, 3)
    expected = net(x).asnumpy()
    net.optimize_for(x, backend="openvino-split")
    onp.testing.assert_allclose(net(x).asnumpy(), expected, rtol=1e-4, atol=1e-5)
    assert net.engine_report()[0]["engine"] == "openvino-split"
