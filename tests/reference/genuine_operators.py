"""Finds operators of genuine MXNet by their names, and evaluates tables of expressions with them."""

import json
import os
import pickle
import sys
from pathlib import Path

from expressions import evaluate

FOLDER = Path(__file__).parent


def find(mx, name):
    """The eager function of the operator `name`."""
    from mxnet.ndarray.numpy import _internal as npi
    from mxnet.ndarray.numpy import _op as np_op

    places = [
        (npi, "_npi_"),
        (npi, "_np_"),
        (np_op, "_np_"),
        (mx.nd.sparse, "_sparse_"),
        (mx.nd.contrib, "_contrib_"),
        (mx.nd.linalg, "_linalg_"),
        (mx.nd, ""),
        (mx.nd._internal, ""),
    ]
    for module, prefix in places:
        if name.startswith(prefix) and hasattr(module, name[len(prefix) :]):
            return getattr(module, name[len(prefix) :])
    raise LookupError(name)


def make_table(name):
    """Evaluate the expressions of `name`.txt and write `name`.json: ``[[operator, expression, result], ...]``.

    Each expression runs in a process of its own: some wrong calls crash genuine MXNet. Those are left out.
    """
    import mxnet as mx

    table = []
    for operator, expression in _rows(FOLDER / f"{name}.txt"):
        result = _apart(lambda expression=expression: evaluate(mx, expression, lambda name: find(mx, name)))
        if result is None:
            print(f"crashed: {expression}", file=sys.stderr)
        else:
            table.append([operator, expression, result])
    text = ",\n".join(json.dumps(row) for row in table)
    (FOLDER / f"{name}.json").write_text(f"[\n{text}\n]\n")
    errors = sum("error" in row[2] for row in table)
    print(f"{len(table)} rows, {errors} of them errors, {sum('grad' in row[2] for row in table)} with gradients")


def _rows(path):
    """Operator and expression of each indented line; a line that is not indented names the operator of those below."""
    operator = None
    for line in path.read_text().splitlines():
        if line.startswith(" "):
            yield operator, line.strip()
        elif not line.startswith("#"):
            operator = line


def _apart(function):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(function(), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    return None if os.waitpid(child, 0)[1] else pickle.loads(data)
