"""Record five training steps of genuine MXNet 2.0.0b1: one small net of each zoo family, and each optimizer.

Run from this folder, in an environment of its own (`pip install mxnet==2.0.0b1 numpy==1.23.5`, Python 3.11):

    MXNET_ONEDNN_ENABLED=0 python make_training.py

writes `training.json`: the losses of the steps, and of each final parameter and running statistic the mean, the
standard deviation and the first values. The wheel's oneDNN kernels cannot train DenseNet on current CPUs
(`could not construct a sub-memory`), MXNet's plain ones can; with them off all of this comes from 2.0.0b1.

The families train in float64: in float32, rounding pushes single units of a deep net across the kink of ReLU, and
two correct programs part in the third digit (MobileNet does that in MXNet itself, between its two sets of kernels).
For the same reason their rates are powers of two, since MXNet rounds an optimizer's attributes to float32, and their
loss is two operators, since `SoftmaxCrossEntropyLoss` rounds to float32 too. The optimizers train in float32 on it.

Nets with dropout and no BatchNorm train with `record(train_mode=False)`, which leaves dropout out (the gradients of
the wheel's oneDNN kernels are wrong there, another reason to switch them off). VGG with BatchNorm and dropout has no
such mode; its parts are in the other nets. Inception-v3 takes no input below 299, so it makes two steps on one image.
The tests import `train_family` and `train_optimizer` from here and run them on this project.
"""

import importlib.metadata
import json
import os

import fill_rule
import numpy as np

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision

CLASSES = 10
STEPS = 5

# family: what builds the net, batch shape, record's train_mode, steps, learning rate
FAMILIES = {
    "alexnet": (lambda: vision.AlexNet(classes=10), (2, 3, 63, 63), False, STEPS, 2**-12),
    "densenet": (lambda: vision.DenseNet(8, 4, [2, 2], classes=10), (4, 3, 56, 56), True, STEPS, 2**-6),
    "inception": (lambda: vision.Inception3(classes=10), (1, 3, 299, 299), False, 2, 2**-10),
    "mobilenet": (lambda: vision.MobileNet(0.25, classes=10), (8, 3, 64, 64), True, STEPS, 2**-10),
    "mobilenetv2": (lambda: vision.MobileNetV2(0.25, classes=10), (8, 3, 64, 64), True, STEPS, 2**-10),
    "resnet_basic_v1": (
        lambda: vision.ResNetV1(vision.BasicBlockV1, [1, 1], [8, 8, 16], classes=10, thumbnail=True),
        (8, 3, 16, 16),
        True,
        STEPS,
        2**-6,
    ),
    "resnet_basic_v2": (
        lambda: vision.ResNetV2(vision.BasicBlockV2, [1, 1], [8, 8, 16], classes=10, thumbnail=True),
        (8, 3, 16, 16),
        True,
        STEPS,
        2**-6,
    ),
    "resnet_bottleneck_v1": (
        lambda: vision.ResNetV1(vision.BottleneckV1, [1, 2], [8, 16, 32], classes=10),
        (8, 3, 32, 32),
        True,
        STEPS,
        2**-6,
    ),
    "resnet_bottleneck_v2": (
        lambda: vision.ResNetV2(vision.BottleneckV2, [1, 2], [8, 16, 32], classes=10),
        (8, 3, 32, 32),
        True,
        STEPS,
        2**-6,
    ),
    "squeezenet": (lambda: vision.SqueezeNet("1.1", classes=10), (2, 3, 209, 209), False, STEPS, 2**-6),
    "vgg": (lambda: vision.VGG([1, 2], [4, 8], classes=10), (4, 3, 16, 16), False, STEPS, 2**-6),
}

# case: optimizer, its arguments
OPTIMIZERS = {
    "sgd": ("sgd", {"learning_rate": 0.1, "wd": 1e-2}),
    "sgd_momentum": ("sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 1e-2}),
    "sgd_clipped": ("sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 1e-2, "clip_gradient": 0.01}),
    "nag": ("nag", {"learning_rate": 0.1, "momentum": 0.9, "wd": 1e-2}),
    "nag_plain": ("nag", {"learning_rate": 0.1, "momentum": 0.0, "wd": 1e-2}),
    "adam": ("adam", {"learning_rate": 0.01, "wd": 1e-2}),
    "adam_options": ("adam", {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4}),
    "adamw": ("adamw", {"learning_rate": 0.01, "wd": 1e-2}),
    "adamw_uncorrected": ("adamw", {"learning_rate": 0.01, "wd": 1e-2, "correct_bias": False}),
    "rmsprop": ("rmsprop", {"learning_rate": 0.01, "wd": 1e-2}),
    "rmsprop_centered": ("rmsprop", {"learning_rate": 0.01, "wd": 1e-2, "centered": True}),
    "rmsprop_clipped": ("rmsprop", {"learning_rate": 0.01, "clip_weights": 0.3}),
    "adagrad": ("adagrad", {"learning_rate": 0.05, "wd": 1e-2}),
    "adadelta": ("adadelta", {"learning_rate": 1.0, "wd": 1e-2}),
    "adadelta_options": ("adadelta", {"rho": 0.8, "epsilon": 1e-3, "wd": 1e-2}),
    "defaults_sgd": ("sgd", {}),
    "defaults_nag": ("nag", {}),
    "defaults_adam": ("adam", {}),
    "defaults_adamw": ("adamw", {}),
    "defaults_rmsprop": ("rmsprop", {}),
    "defaults_adagrad": ("adagrad", {}),
    "defaults_adadelta": ("adadelta", {}),
}


def small_net():
    """The net every optimizer trains: convolution, BatchNorm, ReLU, pooling, Dense."""
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(4, 3, padding=1, use_bias=False),
        nn.BatchNorm(),
        nn.Activation("relu"),
        nn.MaxPool2D(),
        nn.Dense(CLASSES),
    )
    return net


def cross_entropy(scores, labels):
    """Softmax cross-entropy in the precision of the scores."""
    return -mx.npx.pick(mx.npx.log_softmax(scores), labels)


def train_family(name, hybridize=False):
    """Train the small net of a family with momentum and weight decay."""
    build, shape, train_mode, steps, rate = FAMILIES[name]
    options = {"learning_rate": rate, "momentum": 0.875, "wd": 2**-10}
    net = build()
    net.hybridize(hybridize)
    return train(net, shape, "sgd", options, loss=cross_entropy, train_mode=train_mode, steps=steps, dtype="float64")


def train_optimizer(name):
    """Train the small net with one row of `OPTIMIZERS`."""
    return train(small_net(), (8, 3, 8, 8), *OPTIMIZERS[name], loss=gluon.loss.SoftmaxCrossEntropyLoss())


def train(net, shape, optimizer, options, *, loss, train_mode=True, steps=STEPS, dtype="float32"):
    """Fill a net by the rule, train it on images made by the rule; return its losses and its final state."""
    net.initialize()
    net.cast(dtype)
    net(mx.np.array(fill_rule.images(shape), dtype=dtype))
    for name, parameter in net.collect_params().items():
        parameter.set_data(mx.np.array(fill_rule.parameter(name, parameter.shape), dtype=dtype))
    trainer = gluon.Trainer(net.collect_params(), optimizer, dict(options), kvstore=None)
    labels = mx.np.array(np.arange(shape[0]) * 7 % CLASSES, dtype="int32")
    losses = []
    for step in range(steps):
        batch = mx.np.array(fill_rule.images(shape, f"step {step}"), dtype=dtype)
        with autograd.record(train_mode=train_mode):
            values = loss(net(batch), labels)
        values.backward(train_mode=train_mode)
        trainer.step(shape[0])
        losses.append(float(values.asnumpy().mean()))
    return {"losses": losses, "parameters": state(net)}


def state(net):
    """Return mean, standard deviation and first values of each parameter (of every eighth in a big net)."""
    items = list(net.collect_params().items())
    return {
        name: [float(f"{number:.9g}") for number in describe(parameter.data().asnumpy())]
        for name, parameter in items[:: 8 if len(items) > 200 else 1]
    }


def describe(values):
    """Return mean, standard deviation, and the first three values."""
    values = values.astype(np.float64).ravel()
    return [values.mean(), values.std(), *values[:3]]


def main():
    mx.npx.set_np()
    assert importlib.metadata.version("mxnet") == "2.0.0b1"
    assert os.environ.get("MXNET_ONEDNN_ENABLED") == "0"
    record = {
        "families": {name: train_family(name) for name in FAMILIES},
        "optimizers": {name: train_optimizer(name) for name in OPTIMIZERS},
    }
    with open("training.json", "w") as file:
        json.dump(record, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main()
