"""Small networks of odd make and one of each family of the zoo, exported and imported here and under genuine MXNet.

Arguments: the folder for the result, a folder of exports made elsewhere, a folder for exports of its own. Leaves in
`result.npz` what each network computes, ``written/<name>/<output>``, and what the imported one does, ``read/...``.
Every network is written once for `mx.np` (MXNet 2.0) and, where that differs, once as a 1.x program.
"""

import sys
from pathlib import Path

import numpy as onp

sys.path.append(str(Path(__file__).parents[2] / "reference"))

import fill_rule
import networks

import mxnet as mx
from mxnet import gluon
from mxnet.gluon import nn

V1 = mx.__version__.startswith("1.")


class Function(gluon.HybridBlock):
    """A forward pass as a function: of `F` and arrays in 1.x, of arrays in 2.0. Layers may be among its attributes."""

    def __init__(self, old, new, **layers):
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self._old, self._new = old, new

    if V1:

        def hybrid_forward(self, F, *arrays):
            return self._old(self, F, *arrays)

    else:

        def forward(self, *arrays):
            return self._new(self, *arrays)


def chain(*layers):
    def build():
        net = nn.HybridSequential()
        net.add(*[layer() for layer in layers])
        return net

    return build


def function(old, new, **layers):
    return lambda: Function(old, new, **{name: layer() for name, layer in layers.items()})


IMAGE, SEQUENCE, VOLUME, ROWS = (2, 4, 11, 9), (2, 4, 13), (2, 4, 6, 7, 5), (3, 8)


def conv(**options):
    return lambda: nn.Conv2D(6, 3, **options)


NETWORKS = {
    # name: what builds it, shapes of the inputs
    "dilation": (chain(conv(dilation=2, padding=1)), [IMAGE]),
    "groups": (chain(conv(groups=2, strides=2)), [IMAGE]),
    "oblong": (chain(lambda: nn.Conv2D(5, (1, 3), (2, 1), (0, 2), use_bias=False)), [IMAGE]),
    "conv1d": (chain(lambda: nn.Conv1D(5, 3, padding=1, activation="tanh")), [SEQUENCE]),
    "conv3d": (chain(lambda: nn.Conv3D(3, 2, strides=2)), [VOLUME]),
    "transposed": (chain(lambda: nn.Conv2DTranspose(5, 3, strides=2, padding=1, output_padding=1)), [IMAGE]),
    "transposed groups": (
        chain(lambda: nn.Conv2DTranspose(4, 4, strides=3, groups=2, use_bias=False, in_channels=4)),
        [IMAGE],
    ),
    "transposed 1d": (chain(lambda: nn.Conv1DTranspose(3, 4, strides=2)), [SEQUENCE]),
    "ceil pooling": (
        chain(
            lambda: nn.MaxPool2D(3, 2, ceil_mode=True),
            lambda: nn.AvgPool2D(2, 3, padding=1, ceil_mode=True, count_include_pad=False),
        ),
        [IMAGE],
    ),
    "pooling 1d": (chain(lambda: nn.MaxPool1D(3), lambda: nn.AvgPool1D(2, 1)), [SEQUENCE]),
    "pooling 3d": (chain(lambda: nn.AvgPool3D(2, padding=1), lambda: nn.MaxPool3D(2, 1)), [VOLUME]),
    "global max": (chain(nn.GlobalMaxPool2D), [IMAGE]),
    "global average": (chain(nn.GlobalAvgPool2D, nn.Flatten), [IMAGE]),
    "reflection": (chain(lambda: nn.ReflectionPad2D(2)), [IMAGE]),
    "batch norm": (chain(lambda: nn.BatchNorm(scale=False, epsilon=1e-3), lambda: nn.BatchNorm(center=False)), [IMAGE]),
    "global statistics": (chain(lambda: nn.BatchNorm(use_global_stats=True, axis=1)), [SEQUENCE]),
    "layer norm": (chain(nn.LayerNorm), [ROWS]),
    "group norm": (chain(lambda: nn.GroupNorm(2)), [IMAGE]),
    "instance norm": (chain(nn.InstanceNorm), [IMAGE]),
    "dense": (chain(lambda: nn.Dense(5, flatten=False), lambda: nn.Dense(3, use_bias=False)), [(2, 3, 4)]),
    "dropout": (chain(lambda: nn.Dense(5), lambda: nn.Dropout(0.4, axes=(0,))), [ROWS]),
    "embedding": (
        function(
            lambda self, F, x: self.table(F.floor(F.abs(x) * 6)),
            lambda self, x: self.table(mx.np.floor(mx.np.abs(x) * 6)),
            table=lambda: nn.Embedding(7, 3),
        ),
        [ROWS],
    ),
    "slicing": (
        function(
            lambda self, F, x: F.slice(
                F.slice_axis(x, axis=1, begin=1, end=3), begin=(None, None, 2), end=(None, None, 7)
            ),
            lambda self, x: x[:, 1:3, 2:7],
        ),
        [IMAGE],
    ),
    "picking": (
        function(lambda self, F, x: F.squeeze(F.slice_axis(x, axis=0, begin=1, end=2), axis=0), lambda self, x: x[1]),
        [IMAGE],
    ),
    "strided": (
        function(
            lambda self, F, x: F.slice(x, begin=(None, 3), end=(None, 0), step=(None, -2)), lambda self, x: x[:, 3:0:-2]
        ),
        [IMAGE],
    ),
    "concatenation": (
        function(
            lambda self, F, x, y: F.concat(x, y, x, dim=2), lambda self, x, y: mx.np.concatenate([x, y, x], axis=2)
        ),
        [IMAGE, (2, 4, 3, 9)],
    ),
    "stacking": (
        function(lambda self, F, x, y: F.stack(x, y, axis=1), lambda self, x, y: mx.np.stack([x, y], axis=1)),
        [ROWS, ROWS],
    ),
    "broadcasting": (
        function(
            lambda self, F, x, y: F.broadcast_maximum(F.broadcast_mul(F.broadcast_add(x, y), y), x) - 0.5 * x,
            lambda self, x, y: mx.np.maximum((x + y) * y, x) - 0.5 * x,
        ),
        [IMAGE, (1, 4, 1, 9)],
    ),
    "numbers": (
        function(
            lambda self, F, x: (2 - x) * 3 / (x * x + 1) ** 0.5,
            lambda self, x: (2 - x) * 3 / (x * x + 1) ** 0.5,
        ),
        [ROWS],
    ),
    "softmax": (
        function(
            lambda self, F, x: F.softmax(x, axis=1) + F.log_softmax(x, axis=-1) * F.softmax(x, axis=2, temperature=2.0),
            lambda self, x: (
                mx.npx.softmax(x, axis=1) + mx.npx.log_softmax(x, axis=-1) * mx.npx.softmax(x, axis=2, temperature=2.0)
            ),
        ),
        [IMAGE],
    ),
    "several outputs": (
        function(
            lambda self, F, x, y: [self.one(x), self.two(self.one(y)), x + y],
            lambda self, x, y: [self.one(x), self.two(self.one(y)), x + y],
            one=lambda: nn.Dense(4),
            two=lambda: nn.Dense(2),
        ),
        [ROWS, ROWS],
    ),
    "splitting": (
        function(lambda self, F, x: F.split(x, num_outputs=2, axis=1)[1], lambda self, x: mx.np.split(x, 2, axis=1)[1]),
        [IMAGE],
    ),
    "shapes": (
        function(
            lambda self, F, x: F.expand_dims(F.swapaxes(F.reshape(x, (0, -1)), 0, 1), axis=1),
            lambda self, x: mx.np.expand_dims(mx.np.swapaxes(mx.npx.reshape(x, (-2, -1)), 0, 1), axis=1),
        ),
        [IMAGE],
    ),
    "functions": (
        function(
            lambda self, F, x: F.exp(x) + F.sqrt(F.abs(x)) * F.sin(x) - F.log1p(F.square(x)) + F.clip(x, -0.5, 0.5),
            lambda self, x: (
                mx.np.exp(x)
                + mx.np.sqrt(mx.np.abs(x)) * mx.np.sin(x)
                - mx.np.log1p(mx.np.square(x))
                + mx.np.clip(x, -0.5, 0.5)
            ),
        ),
        [ROWS],
    ),
    "means": (
        function(
            lambda self, F, x: F.broadcast_mul(F.mean(x, axis=(2, 3), keepdims=True), x),
            lambda self, x: mx.np.mean(x, axis=(2, 3), keepdims=True) * x,
        ),
        [IMAGE],
    ),
}
for _name in ("relu", "sigmoid", "tanh", "softrelu", "softsign"):
    NETWORKS[_name] = (chain(lambda name=_name: nn.Activation(name)), [ROWS])
for _layer in (lambda: nn.LeakyReLU(0.2), nn.PReLU, lambda: nn.ELU(0.7), nn.SELU, nn.GELU, lambda: nn.Swish(1.5)):
    _name = "activation " + type(_layer()).__name__
    NETWORKS[_name] = (chain(_layer), [IMAGE])

for _family, (_build, _shape) in networks.FAMILIES.items():
    NETWORKS[_family] = (_build, [_shape])

# Only 2.0 has the operators that these leave in a graph.
NEW = {
    "sums": (
        function(None, lambda self, x: mx.np.sum(x, axis=1) - mx.np.max(x, axis=(1,)) * mx.np.min(x)),
        [IMAGE],
    ),
    "silu": (chain(lambda: nn.SiLU()), [ROWS]),
}
# 1.9.1's group normalization has parameters for each group, 2.0's for each channel.
OLD = [name for name in NETWORKS if name != "group norm"]


def inputs(name):
    shapes = (NETWORKS if name in NETWORKS else NEW)[name][1]
    return [fill_rule.noise(f"{name} {number}", shape) for number, shape in enumerate(shapes)]


def input_names(name):
    count = len(inputs(name))
    return ["data"] if count == 1 else [f"data{number}" for number in range(count)]


def file_name(name):
    return name.replace(" ", "_")


def listed(outputs):
    return [output.asnumpy() for output in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


def written(name, folder):
    """Build, fill and export a network; returns what it computes."""
    make = mx.nd.array if V1 else mx.np.array
    net = (NETWORKS if name in NETWORKS else NEW)[name][0]()
    net.initialize()
    arrays = [make(values) for values in inputs(name)]
    net.hybridize()
    net(*arrays)
    params = net._collect_params_with_prefix() if V1 else net.collect_params()
    for path, parameter in params.items():
        parameter.set_data(make(fill_rule.parameter(path, parameter.shape)))
    outputs = listed(net(*arrays))
    net.export(str(folder / file_name(name)))
    return outputs


def read(name, folder):
    """What an exported network computes."""
    make = mx.nd.array if V1 else mx.np.array
    prefix = str(folder / file_name(name))
    net = gluon.SymbolBlock.imports(f"{prefix}-symbol.json", input_names(name), f"{prefix}-0000.params")
    return listed(net(*[make(values) for values in inputs(name)]))


def main():
    result, theirs, own = map(Path, sys.argv[1:])
    if not V1:
        mx.npx.set_np()
    found = {}
    for name in NETWORKS if V1 else [*NETWORKS, *NEW]:
        for number, output in enumerate(written(name, own)):
            found[f"written/{name}/{number}"] = output
    for name in OLD if V1 else [*NETWORKS, *NEW]:
        for number, output in enumerate(read(name, theirs)):
            found[f"read/{name}/{number}"] = output
    onp.savez(result / "result.npz", **found)


if __name__ == "__main__":
    main()
