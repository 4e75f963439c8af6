"""One network of each family of the zoo, written and read here and under genuine MXNet, in every form they have.

Arguments: the folder for the result, a folder of files written elsewhere (`<family>.params`), a folder for files of
its own. Leaves in `result.npz` the logits of the network it filled, ``written/<family>``, and those of a fresh one
that loaded the file, ``read/<family>``. Version 1.9.1 runs it as a 1.x program does: `mx.nd`, no NumPy arrays.
"""

import sys
from pathlib import Path

import numpy as onp

sys.path.append(str(Path(__file__).parents[2] / "reference"))

import fill_rule

import mxnet as mx
from mxnet.gluon.model_zoo import vision

V1 = mx.__version__.startswith("1.")
CLASSES = 10

# family: what builds the network, input shape
FAMILIES = {
    "alexnet": (lambda: vision.AlexNet(classes=CLASSES), (2, 3, 63, 63)),
    "densenet": (lambda: vision.DenseNet(8, 4, [2, 2], classes=CLASSES), (2, 3, 64, 64)),
    "inception": (lambda: vision.Inception3(classes=CLASSES), (1, 3, 299, 299)),
    "mobilenet": (lambda: vision.MobileNet(0.25, classes=CLASSES), (2, 3, 32, 32)),
    "mobilenetv2": (lambda: vision.MobileNetV2(0.25, classes=CLASSES), (2, 3, 32, 32)),
    "resnet_v1": (lambda: vision.resnet18_v1(thumbnail=True, classes=CLASSES), (2, 3, 16, 16)),
    "resnet_v1b": (
        lambda: vision.ResNetV1(vision.BottleneckV1, [1, 2], [16, 32, 64], classes=CLASSES),
        (2, 3, 32, 32),
    ),
    "resnet_v2": (
        lambda: vision.ResNetV2(vision.BottleneckV2, [1, 2], [16, 32, 64], classes=CLASSES),
        (2, 3, 32, 32),
    ),
    "squeezenet": (lambda: vision.SqueezeNet("1.1", classes=CLASSES), (1, 3, 209, 209)),
    "vgg": (lambda: vision.VGG([1, 2], [4, 8], classes=CLASSES), (2, 3, 16, 16)),
    "vgg_bn": (lambda: vision.VGG([1, 2], [4, 8], classes=CLASSES, batch_norm=True), (2, 3, 16, 16)),
}


def array(values):
    """An array of the kind this version's networks take."""
    return mx.nd.array(values) if V1 else mx.np.array(values)


def filled(family):
    """The network with parameters by the rule."""
    build, shape = FAMILIES[family]
    net = build()
    net.initialize()
    net(array(onp.zeros(shape, "float32")))
    params = net._collect_params_with_prefix() if V1 else net.collect_params()
    for name, parameter in params.items():
        parameter.set_data(array(fill_rule.parameter(name, parameter.shape)))
    return net


def logits(family, net):
    """What the network makes of the rule's images."""
    return net(array(fill_rule.images(FAMILIES[family][1]))).asnumpy()


def save(family, folder):
    """Write the filled network with `save_parameters`, under 1.9.1 with `export` too; return its logits."""
    net = filled(family)
    net.save_parameters(str(folder / f"{family}.params"))
    if V1:
        net.hybridize()
        net(array(onp.zeros(FAMILIES[family][1], "float32")))
        net.export(str(folder / family))
    return logits(family, net)


def load(family, path):
    """The logits of a fresh network that loaded the file."""
    net = FAMILIES[family][0]()
    net.load_parameters(str(path))
    return logits(family, net)


def main():
    result, theirs, own = map(Path, sys.argv[1:])
    if not V1:
        mx.npx.set_np()
    found = {}
    for family in FAMILIES:
        found[f"read/{family}"] = load(family, theirs / f"{family}.params")
        found[f"written/{family}"] = save(family, own)
    onp.savez(result / "result.npz", **found)


if __name__ == "__main__":
    main()
