"""Record the shapes and types that genuine MXNet 2.0.0b1 finds in graphs.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_infer.py

reads infer.txt beside itself and writes infer.json.gz: a list of graphs, each with its expression, its JSON text, the
names of its arguments and auxiliary states, and rows of what is asked and found:

    shapes: whether NumPy shapes are on, known shapes by name, what infer_shape_partial returns, whether it is all
    types: known types by name, what infer_type_partial returns, whether it is all

What is found is three lists (arguments, outputs, auxiliary states), or the name of the error's class. Rows that make
genuine MXNet crash are left out.
"""

import gzip
import json
import re
import warnings
from pathlib import Path

from genuine_operators import _apart

import mxnet as mx
from mxnet.base import MXNetError

FOLDER = Path(__file__).parent


def main():
    graphs = [record for record in map(graph, lines()) if record is not None]
    text = json.dumps(graphs, separators=(",", ":"))
    (FOLDER / "infer.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(graphs)} graphs, {sum(len(one['shapes']) + len(one['types']) for one in graphs)} questions")


def lines():
    for line in (FOLDER / "infer.txt").read_text().splitlines():
        if line.startswith("#"):
            integers = line.split()[1] in ("Arithmetic", "Shape", "Reductions", "NumPy's")
            continue
        shapes, expression = line.split("|", 1)
        known = {name: eval(shape) for name, shape in re.findall(r"(\w)=(\(.*?\))", shapes)}
        yield known, expression.strip(), integers


def graph(line):
    known, expression, integers = line
    return _apart(lambda: answers(compose(expression), known, expression, integers))


def compose(expression):
    names = {name: mx.sym.var(name) for name in "abc"}
    names |= {name: mx.sym.var(name).as_np_ndarray() for name in "xyz"}
    with mx.name.NameManager():
        made = eval(expression, {"S": mx.sym, **names})
    return mx.sym.Group(list(made)) if isinstance(made, (list, tuple)) else made


def answers(symbol, known, expression, integers):
    text = json.dumps(json.loads(symbol.tojson()), separators=(",", ":"))
    record = {
        "expression": expression,
        "json": text,
        "arguments": symbol.list_arguments(),
        "auxiliary": symbol.list_auxiliary_states(),
        "shapes": [],
        "types": [],
    }
    for given in dict.fromkeys(map(repr, shape_questions(known))):
        found = _apart(lambda given=given: ask(symbol, "shape", eval(given)))
        record["shapes"] += [] if found is None else [[True, eval(given), *found]]
        mx.npx.reset_np()
        given = eval(given.replace("-1", "0"))
        found = _apart(lambda given=given: ask(symbol, "shape", given))
        record["shapes"] += [] if found is None else [[False, given, *found]]
        mx.npx.set_np()
    for given in type_questions(known, integers):
        found = _apart(lambda given=given: ask(symbol, "type", given))
        record["types"] += [] if found is None else [[given, *found]]
    return record


def shape_questions(known):
    yield known
    yield {}
    yield {name: (-1, *shape[1:]) for name, shape in known.items()}
    yield {name: (*shape[:-1], -1) for name, shape in known.items()}
    yield {name: (-1,) * len(shape) for name, shape in known.items()}
    yield dict(list(known.items())[:1])


def type_questions(known, integers):
    """What is asked of types; many layers of MXNet take integers for granted and cannot compute with them."""
    names = list(known)
    yield {}
    for dtype in ("float16", "int32") if integers else ("float16",):
        yield dict.fromkeys(names[:1], dtype)
        if names[1:]:
            yield dict.fromkeys(names[1:2], dtype)
    if names:
        yield dict.fromkeys(names, "float64")


def ask(symbol, what, given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = getattr(symbol, f"infer_{what}_partial")(**given)
            complete = getattr(symbol, f"infer_{what}")(**given)[0] is not None
        except MXNetError:
            return "MXNetError", False
    return [[plain(one) for one in group] for group in found], complete


def plain(value):
    if value is None or isinstance(value, tuple):
        return value
    return getattr(value, "__name__", str(value))


if __name__ == "__main__":
    main()
