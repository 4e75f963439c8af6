"""The 34 networks of the zoo at a size that tests can afford: the same layers, fewer of them, narrower Dense ones."""

import pytest

import mxnet as mx
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision
from mxnet.gluon.model_zoo.vision import densenet, resnet, vgg

MODELS = vision.list_models()
FAMILIES = ["alexnet", "densenet121", "inceptionv3", "mobilenet0.25", "mobilenetv2_0.25", "resnet18_v1"]
FAMILIES += ["resnet50_v2", "squeezenet1.0", "vgg11_bn"]


@pytest.fixture
def small(monkeypatch):
    """One narrow block a stage in ResNets, two layers a block in DenseNets, a quarter of VGG's channels, and 8 units
    where VGG and AlexNet have 4096."""
    dense = nn.Dense

    def narrow(units, *args, **kwargs):
        return dense(8 if units == 4096 else units, *args, **kwargs)

    monkeypatch.setattr(nn, "Dense", narrow)
    for depth, (kind, _, channels) in resnet._SPECIFICATIONS.items():
        monkeypatch.setitem(resnet._SPECIFICATIONS, depth, (kind, (1, 1, 1, 1), [size // 4 for size in channels]))
    for depth, (first, growth, _) in densenet._SPECIFICATIONS.items():
        monkeypatch.setitem(densenet._SPECIFICATIONS, depth, (first, growth, (2, 2, 2, 2)))
    for depth, (layers, filters) in vgg._SPECIFICATIONS.items():
        monkeypatch.setitem(vgg._SPECIFICATIONS, depth, (layers, [size // 4 for size in filters]))


def smallest(net, least=32):
    """The height and width of a small image that a network takes."""
    return max(net._minimum_size, least)


def made(name, seed, **kwargs):
    """A network with random parameters, all of them there."""
    mx.random.seed(seed)
    net = vision.get_model(name, **kwargs)
    net.infer_shape(mx.np.zeros((1, 3, smallest(net), smallest(net))))
    net.initialize(mx.init.Xavier())
    return net


def values(net):
    """The parameters of a network, as NumPy arrays by their names."""
    return {name: parameter.data().asnumpy() for name, parameter in net.collect_params().items()}
