"""Record what genuine MXNet 2.0.0b1 computes element by element, over axes, when ordering, counting and creating.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_numpy.py

reads numpy.txt beside itself and writes numpy.json: rows of operator, expression and result; and numpy_types.json,
the type of the result of each binary function for each pair of types and for each type with a number (null where it
refuses).
"""

import json

from genuine_operators import FOLDER, _apart, make_table

NAMES = (
    "add subtract multiply true_divide floor_divide mod fmod power fmax fmin maximum minimum copysign arctan2 "
    "logaddexp ldexp hypot equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor "
    "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift gcd lcm"
).split()
TYPES = "float16 float32 float64 int8 int32 int64 uint8 bool".split()
NUMBERS = (True, 2, 2.5)


def result_type(mx, name, *operands):
    made = [mx.np.array([3, 2], dtype=kind) if isinstance(kind, str) else kind for kind in operands]
    try:
        result = getattr(mx.np, name)(*made)
        result.wait_to_read()
        return str(result.dtype)
    except Exception:
        return None


def row_of_types(mx, name, pairs):
    """The types for a row of pairs of operands; one by one where a pair crashes the process."""
    row = _apart(lambda: [result_type(mx, name, *pair) for pair in pairs])
    return row or [_apart(lambda pair=pair: result_type(mx, name, *pair)) for pair in pairs]


def promotion(mx, name):
    return {
        "pairs": [row_of_types(mx, name, [(a, b) for b in TYPES]) for a in TYPES],
        "right": [row_of_types(mx, name, [(a, number) for number in NUMBERS]) for a in TYPES],
        "left": [row_of_types(mx, name, [(number, a) for number in NUMBERS]) for a in TYPES],
    }


if __name__ == "__main__":
    import mxnet as mx

    make_table("numpy")
    tables = {name: promotion(mx, name) for name in NAMES}
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(table)}" for name, table in tables.items())
    (FOLDER / "numpy_types.json").write_text(f"{{\n{text}\n}}\n")
