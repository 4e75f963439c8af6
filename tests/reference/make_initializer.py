"""Record what genuine MXNet 2.0.0b1's initializers do: by name, exactly where there is no chance, by spread elsewhere.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_initializer.py

writes initializer.json beside itself.
"""

import json
import pathlib

import mxnet as mx

init = mx.init
NAMES = (
    "weight bias gamma beta min max running_mean running_var moving_mean moving_var fc_weight stage1.0.bias "
    "bn_gamma bn_beta q_min q_max foo weight_foo parameters alpha WEIGHT fooweight"
).split()
MADE = ["Zero()", "One()", "Constant(3.0)", "Constant([1.0, 2.0, 3.0])", "Bilinear()", "LSTMBias(2.0)"]
SHAPES = [(8,), (4, 3), (5, 3), (2, 1, 4, 4), (1, 1, 3, 3), (3, 2, 2, 5), (1, 1, 1, 1)]
DRAWN = [
    "Uniform()",
    "Uniform(2)",
    "Normal()",
    "Normal(2.0)",
    "Xavier()",
    "Xavier('gaussian')",
    "Xavier('gaussian', 'in', 2)",
    "Xavier('uniform', 'out', 2)",
    "MSRAPrelu()",
    "MSRAPrelu('in', 0.0)",
    "MSRAPrelu('out', 0.5)",
    "Orthogonal()",
    "Orthogonal(1.0, 'normal')",
]
DRAWN_SHAPES = [(200, 300), (64, 32, 3, 3), (300, 10, 7), (30,)]
CREATED = [
    "'xavier'",
    "'Xavier'",
    "'zeros'",
    "'ones'",
    "'one'",
    "'zero'",
    "'uniform'",
    "'normal'",
    "'orthogonal'",
    "'msraprelu'",
    "'bilinear'",
    "'lstmbias'",
    "'uniform', scale=3",
    "'constant', 3",
    """'["xavier", {"magnitude": 2}]'""",
    """'["Uniform", {"scale": 3}]'""",
    "'gaussian'",
    "'load'",
    "3",
    "None",
    "init.One",
    "init.One(), 2",
    "'constant'",
    "'xavier', foo=3",
    "",
]
FUSED = [
    ("rnn_relu", 1, 2, False, None),
    ("rnn_tanh", 2, 2, True, None),
    ("lstm", 1, 2, False, None),
    ("lstm", 2, 3, True, None),
    ("lstm", 1, 2, False, 1),
    ("gru", 2, 2, True, None),
]
GATES = {"lstm": 4, "gru": 3}


def fill(made, name, shape):
    array = mx.np.full(shape, 7.0)
    try:
        made(init.InitDesc(name), array)
        return array.asnumpy()
    except Exception as error:
        return type(error).__name__


def by_name(name):
    values = fill(init.Constant(3.0), name, (2, 2))
    return values if isinstance(values, str) else float(values.ravel()[0])


def exact(expression, shape):
    values = fill(eval(f"init.{expression}"), "weight", shape)
    return values if isinstance(values, str) else values.tolist()


def spread(expression, shape):
    values = fill(eval(f"init.{expression}"), "weight", shape)
    return values if isinstance(values, str) else [float(values.std()), float(abs(values).max())]


def created(arguments):
    try:
        return eval(f"init.create({arguments})").dumps()
    except Exception as error:
        return type(error).__name__


def fused(mode, layers, size, bidirectional, projection):
    """A parameter vector for 3 inputs whose parts are told apart by their values."""
    rows, directions, output = GATES.get(mode, 1) * size, 1 + bidirectional, projection or size
    length = 0
    for layer in range(layers):
        inputs = directions * output if layer else 3
        length += directions * (rows * (inputs + output + 2) + (projection * size if projection else 0))
    made = init.RNNFused(mode, layers, size, bidirectional, projection, *[init.Constant(i) for i in range(1, 6)])
    return fill(made, "rnn_weight", (length,)).astype(int).tolist()


if __name__ == "__main__":
    record = {
        "by_name": {name: by_name(name) for name in NAMES},
        "exact": [[e, s, exact(e, s)] for e in MADE for s in SHAPES],
        "spread": [[e, s, spread(e, s)] for e in DRAWN for s in DRAWN_SHAPES],
        "created": {arguments: created(arguments) for arguments in CREATED},
        "dumps": {e: eval(f"init.{e}").dumps() for e in [*DRAWN, *MADE[:3], *MADE[4:]]},
        "fused": [[list(f), fused(*f)] for f in FUSED],
    }
    record["exact"] = [row for row in record["exact"] if not isinstance(row[2], str)]
    text = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items())
    pathlib.Path(__file__).with_name("initializer.json").write_text("{\n" + text + "\n}\n")
