"""Record what `repr` and `summary` print in genuine MXNet 2.0.0b1.

Run from this folder, in an environment of its own (`pip install mxnet==2.0.0b1 numpy==1.23.5`, Python 3.11):

    python make_summary.py

writes `summary.json`: for each network of `NETWORKS` its repr before and after the first forward, and the table
that `summary` prints. The tests import `NETWORKS` and `describe` from here and run them on this project.
"""

import contextlib
import io
import json

import mxnet as mx
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision

IMAGE = (1, 3, 224, 224)

# name: (what builds it, input shape)
NETWORKS = {
    "resnet18_v1": (vision.resnet18_v1, IMAGE),
    "resnet18_v2_thumbnail": (lambda: vision.resnet18_v2(thumbnail=True, classes=10), (2, 3, 32, 32)),
    "squeezenet1.1": (vision.squeezenet1_1, IMAGE),
    "mobilenetv2_0.25": (vision.mobilenet_v2_0_25, IMAGE),
    "alexnet": (vision.alexnet, IMAGE),
    "densenet_small": (lambda: vision.DenseNet(8, 4, [2, 2], classes=5), (1, 3, 64, 64)),
    "dense": (lambda: nn.Dense(4), (2, 3)),
    "shared": (lambda: shared(), (2, 8)),
    "nested": (lambda: nested(), (2, 3, 16, 16)),
    "lambda": (lambda: lambdas(), (2, 6)),
}


def shared():
    """A Sequential whose last layer has the parameters of its first."""
    net = nn.HybridSequential()
    first, last = nn.Dense(8, in_units=8), nn.Dense(8, in_units=8)
    last.share_parameters(first.collect_params())
    net.add(first, nn.Activation("relu"), last)
    return net


class Residual(nn.HybridSequential):
    """A block of our own that adds its input to what its children make of it."""

    def forward(self, x):
        """Return the children's result plus the input."""
        return super().forward(x) + x


def nested():
    """Blocks three deep: convolutions, norms, pooling, dropout, an embedded residual block."""
    inner = Residual()
    inner.add(nn.Conv2D(4, 3, padding=1, use_bias=False), nn.BatchNorm(), nn.LeakyReLU(0.1))
    outer = nn.HybridSequential()
    outer.add(nn.Conv2D(4, 1), inner, nn.MaxPool2D())
    net = nn.Sequential()
    net.add(outer, nn.LayerNorm(), nn.Dropout(0.5), nn.Flatten(), nn.Dense(3, activation="relu"))
    return net


def lambdas():
    """Layers without parameters between layers with them."""
    net = nn.HybridSequential()
    net.add(nn.Dense(6), nn.HybridLambda("tanh"), nn.Identity(), nn.SELU(), nn.Dense(2, use_bias=False))
    return net


def printed(net, x):
    """Return what `net.summary(x)` prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        net.summary(x)
    return text.getvalue()


def describe(build, shape):
    """Return the texts of one network."""
    net = build()
    record = {"repr_before": repr(net)}
    net.initialize()
    record["summary"] = printed(net, mx.np.zeros(shape))
    record["repr_after"] = repr(net)
    return record


def main():
    mx.npx.set_np()
    records = {name: describe(*row) for name, row in NETWORKS.items()}
    with open("summary.json", "w") as file:
        json.dump(records, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
