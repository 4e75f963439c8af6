"""Record what every layer of `gluon.nn` is and computes in genuine MXNet 2.0.0b1.

Run from this folder, in an environment of its own (`pip install mxnet==2.0.0b1 numpy==1.23.5`, Python 3.11):

    python make_layers.py

writes `layers.json`: for each expression of `LAYERS` the layer's repr, parameters, output in prediction and in
training, gradients and running statistics; or the type of the error it raises. The tests import `LAYERS` and
`describe` from here and run them on this project.
"""

import json

import numpy as onp
from fill_rule import noise

import mxnet as mx
from mxnet import autograd, np
from mxnet.gluon import nn

# (layer, input shape)
LAYERS = [
    ("nn.Dense(3)", (2, 4)),
    ("nn.Dense(3, activation='tanh', use_bias=False, in_units=4)", (2, 4)),
    ("nn.Dense(3, flatten=False)", (2, 3, 4)),
    ("nn.Dense(3)", (2, 3, 4)),
    ("nn.Flatten()", (2, 3, 4)),
    ("nn.Flatten()", (2,)),
    ("nn.Identity()", (2, 3)),
    ("nn.Dropout(0.5)", (2, 3)),
    ("nn.Dropout(0.5, axes=(1,))", (2, 3)),
    ("nn.Embedding(5, 3)", (4,)),
    ("nn.Lambda('tanh')", (2, 3)),
    ("nn.HybridLambda('relu')", (2, 3)),
    ("nn.HybridLambda('no_such_function')", (2, 3)),
    ("nn.Lambda(5)", (2, 3)),
    ("chain(nn.Dense(3), nn.Dense(2))", (2, 4)),
    ("chain(nn.Dense(3), chain(nn.Dense(2), nn.Activation('relu')))", (2, 4)),
    ("beside(nn.Dense(3), nn.Identity())", (2, 4)),
    ("beside(nn.Dense(3), nn.Dense(1), axis=1)", (2, 4)),
    *[(f"nn.Activation({name!r})", (2, 5)) for name in ("relu", "sigmoid", "tanh", "softrelu", "softsign", "mish")],
    ("nn.Activation('log_sigmoid')", (2, 5)),
    ("nn.LeakyReLU(0.1)", (2, 5)),
    ("nn.LeakyReLU(-0.1)", (2, 5)),
    ("nn.PReLU()", (2, 5)),
    ("nn.PReLU(in_channels=5)", (2, 5, 2)),
    ("nn.ELU(0.5)", (2, 5)),
    ("nn.SELU()", (2, 5)),
    ("nn.GELU()", (2, 5)),
    ("nn.Swish(beta=2.0)", (2, 5)),
    ("nn.SiLU()", (2, 5)),
    ("nn.BatchNorm()", (4, 3, 2, 2)),
    ("nn.BatchNorm(scale=False, center=False)", (4, 3, 2, 2)),
    ("nn.BatchNorm(use_global_stats=True, epsilon=0.01)", (4, 3, 2, 2)),
    ("nn.BatchNorm(axis=-1, momentum=0.5, in_channels=2)", (4, 3, 2)),
    ("nn.BatchNorm()", (4, 3)),
    ("nn.BatchNorm()", (4,)),
    ("nn.BatchNormReLU()", (4, 3, 2, 2)),
    ("nn.LayerNorm()", (2, 3, 4)),
    ("nn.LayerNorm(axis=1, center=False, epsilon=0.01)", (2, 3, 4)),
    ("nn.GroupNorm(2)", (2, 4, 3)),
    ("nn.GroupNorm(3)", (2, 4, 3)),
    ("nn.InstanceNorm()", (2, 3, 4, 2)),
    ("nn.Conv1D(4, 3)", (2, 3, 7)),
    ("nn.Conv1D(4, 3, strides=2, padding=1, dilation=2, activation='relu')", (2, 3, 9)),
    ("nn.Conv2D(4, 3)", (2, 3, 5, 6)),
    ("nn.Conv2D(4, (3, 1), strides=(1, 2), padding=(1, 0), use_bias=False)", (2, 3, 5, 6)),
    ("nn.Conv2D(4, 3, groups=2, dilation=2)", (2, 6, 7, 7)),
    ("nn.Conv2D(6, 3, groups=6, padding=1)", (2, 6, 4, 4)),
    ("nn.Conv2D(4, (3, 3, 3))", (2, 3, 5, 5)),
    ("nn.Conv2D(4, 3, layout='NCW')", (2, 3, 5, 5)),
    ("nn.Conv2D(4, 3)", (2, 3, 5)),
    ("nn.Conv2D(4, 3, activation='no_such_activation')", (2, 3, 5, 5)),
    ("nn.Conv3D(2, 2, strides=(1, 2, 1))", (1, 2, 3, 4, 3)),
    ("nn.Conv1DTranspose(3, 3, strides=2, output_padding=1)", (2, 4, 5)),
    ("nn.Conv2DTranspose(3, 3)", (2, 4, 3, 3)),
    ("nn.Conv2DTranspose(4, 3, strides=2, padding=1, output_padding=1, groups=2)", (2, 4, 3, 3)),
    ("nn.Conv3DTranspose(2, 2, strides=2, use_bias=False)", (1, 2, 2, 3, 2)),
    ("nn.MaxPool1D()", (2, 3, 7)),
    ("nn.MaxPool2D()", (2, 3, 5, 6)),
    ("nn.MaxPool2D(3, strides=2, padding=1, ceil_mode=True)", (2, 3, 6, 6)),
    ("nn.MaxPool2D((2, 2, 2))", (2, 3, 5, 6)),
    ("nn.MaxPool2D(layout='NCW')", (2, 3, 5, 6)),
    ("nn.MaxPool3D((1, 2, 2))", (1, 2, 3, 4, 4)),
    ("nn.AvgPool1D(3, strides=1, padding=1)", (2, 3, 7)),
    ("nn.AvgPool2D(3, strides=2, padding=1)", (2, 3, 5, 6)),
    ("nn.AvgPool2D(3, strides=2, padding=1, ceil_mode=True, count_include_pad=False)", (2, 3, 6, 6)),
    ("nn.AvgPool3D()", (1, 2, 4, 4, 4)),
    ("nn.GlobalMaxPool1D()", (2, 3, 4)),
    ("nn.GlobalMaxPool2D()", (2, 3, 4, 5)),
    ("nn.GlobalMaxPool3D()", (1, 2, 3, 2, 2)),
    ("nn.GlobalAvgPool1D()", (2, 3, 4)),
    ("nn.GlobalAvgPool2D()", (2, 3, 4, 5)),
    ("nn.GlobalAvgPool3D()", (1, 2, 3, 2, 2)),
    ("nn.ReflectionPad2D(1)", (1, 2, 3, 4)),
    ("nn.PixelShuffle1D(2)", (1, 4, 3)),
    ("nn.PixelShuffle2D((2, 3))", (1, 12, 2, 2)),
    ("nn.PixelShuffle3D(2)", (1, 8, 1, 2, 2)),
    ("nn.DeformableConvolution(3, kernel_size=3, padding=1)", (1, 2, 5, 5)),
    ("nn.DeformableConvolution(4, kernel_size=(2, 3), strides=2, use_bias=False)", (1, 2, 6, 6)),
]


def chain(*layers):
    """Layers in a HybridSequential."""
    net = nn.HybridSequential()
    net.add(*layers)
    return net


def beside(*layers, axis=-1):
    """Layers in a HybridConcatenate."""
    net = nn.HybridConcatenate(axis=axis)
    net.add(*layers)
    return net


def describe(expression, shape):
    """All there is to compare of one layer, as plain numbers and strings."""
    try:
        layer = eval(expression, globals())
        told = {"repr": repr(layer)}
        layer.initialize()
        values = noise("input", shape)
        x = np.array(onp.arange(shape[0]) if "Embedding" in expression else values)
        layer(x)
    except Exception as error:
        return {"error": next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")}
    for name, param in layer.collect_params().items():
        numbers = noise(name, param.shape)
        param.set_data(np.array(onp.abs(numbers) + 0.5 if name.endswith("running_var") else numbers))
    told["repr_after"] = repr(layer)
    told["parameters"] = {name: [list(p.shape), p.grad_req] for name, p in layer.collect_params().items()}
    told["predicted"] = plain(layer(x))
    # What Dropout drops is left to chance; the others genuine MXNet cannot differentiate.
    if expression.startswith(("nn.Dropout", "nn.Identity", "nn.Embedding")):
        return told
    x.attach_grad()
    with autograd.record():
        out = layer(x)
    weights = np.array(noise("head", out.shape))
    out.backward(weights)
    told["trained"] = plain(out)
    told["gradients"] = {"input": plain(x.grad)}
    for name, param in layer.collect_params().items():
        if param.grad_req == "null":
            told["gradients"]["state of " + name] = plain(param.data())
        else:
            told["gradients"][name] = plain(param.grad())
    return told


def plain(array):
    """Shape and numbers, of six digits."""
    values = array.asnumpy().astype("float64")
    return [list(values.shape), [float(f"{value:.6g}") for value in values.ravel()]]


if __name__ == "__main__":
    assert mx.__version__.startswith("2.0.0"), mx.__version__
    records = [describe(*case) for case in LAYERS]
    with open("layers.json", "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(record) for record in records) + "\n]\n")
