"""Record what executors of genuine MXNet 2.0.0b1 compute: outputs, gradients and auxiliary states.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_executor.py

writes executor.json beside itself: a list of graphs, each with its JSON text, the shapes of its variables, what is
asked for gradients, and the numbers: outputs of a forward pass in training, gradients, auxiliary states after it, and
outputs of a forward pass that predicts. Values of variables are `fill_rule.noise` of their names.
"""

import json
from pathlib import Path

import numpy as np
from fill_rule import noise

import mxnet as mx

S = mx.sym
a, b, c = S.var("a"), S.var("b"), S.var("c")


def convolutional():
    x = S.Convolution(a, kernel=(3, 3), num_filter=4, pad=(1, 1), name="conv")
    x = S.Activation(S.BatchNorm(x, fix_gamma=False, name="bn"), act_type="relu")
    x = S.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
    return S.SoftmaxOutput(S.FullyConnected(S.Flatten(x), num_hidden=3, name="fc"), name="softmax")


def shared():
    weight = S.var("w")
    first, second = (S.FullyConnected(x, weight, num_hidden=3, no_bias=True) for x in (a, b))
    return first * S.tanh(second)


EMBEDDED = {"a": "null", "e_weight": "write", "ln_gamma": "write", "ln_beta": "write"}
GRAPHS = [
    (a * b + a, {"a": (2, 3), "b": (2, 3)}, "write"),
    (a * b + a, {"a": (2, 3), "b": (2, 3)}, "add"),
    (a * b + a, {"a": (2, 3), "b": (2, 3)}, {"a": "write", "b": "null"}),
    (a * b + c, {"a": (2, 3), "b": (2, 3), "c": (2, 3)}, {"a": "add", "b": "write", "c": "null"}),
    (S.FullyConnected(a, num_hidden=3, name="fc"), {"a": (4, 5)}, "write"),
    (S.SoftmaxOutput(S.FullyConnected(a, num_hidden=3, name="fc"), name="softmax"), {"a": (4, 5)}, "write"),
    (S.SoftmaxOutput(a, multi_output=True, normalization="valid", name="softmax"), {"a": (2, 3, 4)}, "write"),
    (S.SoftmaxOutput(a, grad_scale=0.5, use_ignore=True, ignore_label=0, name="softmax"), {"a": (4, 3)}, "write"),
    (S.SoftmaxOutput(a, name="softmax"), {"a": (2, 3, 4)}, "null"),
    (S.LinearRegressionOutput(S.FullyConnected(a, num_hidden=2, name="fc"), name="out"), {"a": (4, 5)}, "write"),
    (S.LogisticRegressionOutput(a, name="out"), {"a": (4, 2)}, "write"),
    (S.MAERegressionOutput(a, name="out"), {"a": (4, 2)}, "write"),
    (S.SVMOutput(a, name="out"), {"a": (4, 3)}, "write"),
    (S.MakeLoss(S.square(a - b), grad_scale=2.0), {"a": (2, 3), "b": (2, 3)}, "write"),
    (S.BatchNorm(a, fix_gamma=False, momentum=0.8, name="bn"), {"a": (4, 3)}, "write"),
    (S.BatchNorm(S.Convolution(a, kernel=(3, 3), num_filter=2, name="c"), name="bn"), {"a": (2, 3, 5, 5)}, "write"),
    (S.BatchNorm(a, use_global_stats=True, name="bn"), {"a": (4, 3)}, "write"),
    (convolutional(), {"a": (2, 3, 6, 6)}, "write"),
    (shared(), {"a": (2, 4), "b": (2, 4)}, "add"),
    (S.Group([S.relu(a), S.sum(a * b, axis=1)]), {"a": (2, 3), "b": (2, 3)}, "write"),
    (S.Group([S.BlockGrad(a * b), S.exp(b)]), {"a": (2, 3), "b": (2, 3)}, "write"),
    (S.split(a, num_outputs=2, axis=1), {"a": (2, 4)}, "write"),
    (S.LayerNorm(S.Embedding(a, input_dim=5, output_dim=4, name="e"), name="ln"), {"a": (2, 3)}, EMBEDDED),
    (S.Dropout(S.sigmoid(a), p=0.0), {"a": (2, 3)}, "write"),
]


def value_of(name, shape):
    """Labels and indices are whole numbers; variances are positive."""
    numbers = noise(name, shape)
    if name in ("softmax_label", "out_label") and len(shape) < 3:
        return np.floor(np.abs(numbers) * 2.99)
    return np.abs(numbers) + 0.5 if name.endswith(("_var", "_gamma")) else numbers


def record(symbol, known, request):
    arguments, _, states = symbol.infer_shape(**known)
    shapes = dict(zip(symbol.list_arguments(), arguments, strict=True))
    shapes |= dict(zip(symbol.list_auxiliary_states(), states, strict=True))
    indices = any(name.startswith("e_") for name in shapes)
    values = {name: value_of(name, shape) for name, shape in shapes.items()}
    if indices:
        values["a"] = np.floor(np.abs(values["a"]) * 4.99)
    arrays = {name: mx.nd.array(value) for name, value in values.items()}
    gradients = {name: mx.nd.ones(shapes[name]) for name in symbol.list_arguments()}
    states = {name: arrays[name] for name in symbol.list_auxiliary_states()}
    executor = symbol._bind(mx.cpu(), arrays, gradients, request, states)
    trained = [array.asnumpy() for array in executor.forward(is_train=True)]
    if request != "null":
        executor.backward([mx.nd.array(noise("head", array.shape)) for array in trained])
    predicted = [array.asnumpy() for array in executor.forward(is_train=False)]
    return {
        "json": json.dumps(json.loads(symbol.tojson()), separators=(",", ":")),
        "values": {name: plain(value) for name, value in values.items()},
        "request": request,
        "trained": [plain(array) for array in trained],
        "gradients": {name: None if g is None else plain(g.asnumpy()) for name, g in executor.grad_dict.items()},
        "states": {name: plain(array.asnumpy()) for name, array in executor.aux_dict.items()},
        "predicted": [plain(array) for array in predicted],
    }


def plain(array):
    return {"shape": list(array.shape), "values": [float(f"{number:.7g}") for number in array.ravel()]}


if __name__ == "__main__":
    rows = [json.dumps(record(*graph), separators=(",", ":")) for graph in GRAPHS]
    Path(__file__).with_name("executor.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")
    print(f"{len(rows)} graphs")
