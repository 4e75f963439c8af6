"""Record what genuine MXNet composes: the programs of symbol_programs.py, and every operator with all inputs missing.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_symbol.py
    /path/to/genuine-1.9.1/bin/python tests/reference/make_symbol.py

writes symbol.json beside itself; 1.9.1 adds the programs that only it knows.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

from mxnet.operator import get_all_registered_operators, get_operator_arguments
from symbol_programs import NUMPY, ONLY_1_9, PROGRAMS, evaluate, names_of, required

import mxnet as mx

FILE = Path(__file__).with_name("symbol.json")
NOT_MADE = ("_backward", "_sg_", "_sparse_", "_CachedOp", "_Custom", "_NDArray", "_Native", "Custom", "_contrib_dgl")


def compose(name):
    """`names_of` an operator that is given no input."""
    arguments = get_operator_arguments(name)
    if not arguments.names:  # another name of an operator
        return None
    kinds = dict(zip(arguments.names, arguments.types, strict=True))
    needed = [key for key, kind in kinds.items() if "required" in kind or key == "num_args"]
    try:
        symbol = _find(name)(name="n", **required(name, needed))
    except (KeyError, LookupError):
        return None
    return names_of(mx.sym.Group(list(symbol)) if isinstance(symbol, (list, tuple)) else symbol)


def _find(name):
    import mxnet.symbol.numpy._internal as npi
    import mxnet.symbol.numpy._op as np_op

    places = [
        (npi, "_npi_"),
        (npi, "_np_"),
        (np_op, "_np_"),
        (mx.sym.npx, "_npx_"),
        (mx.sym.contrib, "_contrib_"),
        (mx.sym.linalg, "_linalg_"),
        (mx.sym.image, "_image_"),
        (mx.sym.random, "_random_"),
        (mx.sym, ""),
        (mx.sym._internal, ""),
    ]
    for module, prefix in places:
        if name.startswith(prefix) and hasattr(module, name[len(prefix) :]):
            return getattr(module, name[len(prefix) :])
    raise LookupError(name)


def apart(function, *arguments):
    """The result of a function in a process of its own, as JSON; None if it fails or crashes."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with contextlib.suppress(Exception), os.fdopen(writing, "w") as pipe:
            json.dump(function(*arguments), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def record(programs, names_only=False):
    # MXNet words an error of composing with the text of the last error there was, and stumbles if there was none.
    with contextlib.suppress(mx.MXNetError):
        mx.sym.Activation(act_type="none")
    return [[program, apart(evaluate, mx, program, names_only)] for program in programs]


def operators():
    names = [name for name in sorted(get_all_registered_operators()) if not name.startswith(NOT_MADE)]
    found = {name: apart(compose, name) for name in names}
    print(*(name for name, row in found.items() if row is None), file=sys.stderr)
    return {name: row for name, row in found.items() if row is not None}


def dump(recorded):
    parts = []
    for key, rows in recorded.items():
        items = [[name, row] for name, row in rows.items()] if isinstance(rows, dict) else rows
        body = ",\n".join(json.dumps(row) for row in items)
        parts.append(f"{json.dumps(key)}: [\n{body}\n]")
    FILE.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    if mx.__version__.startswith("2"):
        dump({"programs": record(PROGRAMS), "numpy": record(NUMPY, True), "operators": operators()})
    else:
        dump({**json.loads(FILE.read_text()), "only 1.9.1": record(ONLY_1_9, True)})
