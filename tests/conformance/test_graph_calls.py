"""Genuine MXNet loads the traces of the operators' tables, and computes what this package computes eagerly."""

import json
import re
from collections import Counter
from typing import Any

import numpy as onp
import pytest
import traced_calls
from expression_table import operator
from references import load

import mxnet as mx

from expressions import evaluate  # isort: skip  (found through `references`)

CALLS = load("graphs/calls.json.gz")

# Only types and shapes of what is drawn can agree.
DRAWN = re.compile(r"random|_npi_powerd|'always'|rrelu|shuffle")

# What comes out otherwise, and why: patterns of expressions and of what was seen.
BOTH = {
    "it writes in place only": (r"_npi_boolean_mask_assign|_scatter_set_nd", r"WriteInplace|dptr_"),
    "it refuses what it should compute": (r"np\.insert\(x\(4\), .*7\.0|out_dtype='float64'", r"data type do not match"),
    "where the lower bound is above the upper one it takes either": (r"np\.clip\(x\(2\), (1/3|0\.0001)", "values"),
    "singular vectors have either sign": (r"np\.linalg\.svd\(x\(2, 3\)\)", "values"),
    "repeating nothing gives a vector": (r"np\.repeat\(x\(2, 3\), 0", "shapes"),
}
KNOWN = {
    "2.0.0b1": BOTH
    | {
        "the gradient, which it makes ready first, is wrongly declared": (
            r"np\.(copysign|bitwise_(left|right)_shift)",
            r"_backward_npi_\w+ \(1\) does not match",
        ),
        "it refuses vectors here": (r"axisc=0", "no specialized NumpyCrossOp"),
        "it is written in Python": (r"multivariate_normal", "not registered"),
    },
    "1.9.1": BOTH
    | {
        "it has no such operator": ("", "is not registered"),
        "it has no functions of truth values": (r"b\(\[", "Unknown type enum 7"),
        "functions of integers are integers": (r"np\.", r"types u?int\d+, not float"),
        "its executors know no shapes that hang on values": (
            r"unique|nonzero|bincount|delete|b\(\[|boolean_mask",
            "shapes|Shape inconsistent",
        ),
        "its attributes have other names": (
            r"np\.(full|linspace|broadcast_to|pad)|nd\.linspace|np\.random\.power",
            "Cannot find argument",
        ),
        "it joins along an axis only": (r"concatenate|append", 'dim="None"'),
        "it has fewer activations": (r"'log_sigmoid'|'mish'", "Invalid Input"),
        "its group normalization has parameters for each group": (r"group_norm", "Shape size mismatch"),
        "it returns the rows otherwise": (r"unravel_index", "shapes"),
        "the mean of nothing is zero": (r"np\.mean\(x\(0, 3\)\)", "values"),
    },
}


@pytest.fixture(scope="module")
def records() -> dict[str, dict[str, Any]]:
    """For every expression that can be computed its graph, inputs and results."""
    found = {}
    for expression in CALLS:
        results = evaluate(mx, expression, operator, backward=False)
        if "error" not in results:
            text, inputs = traced_calls.trace(expression)
            inputs = {name: plain(array.asnumpy()) for name, array in inputs.items()}
            found[expression] = {"graph": text, "inputs": inputs, "out": results["out"]}
    return found


def plain(values: onp.ndarray) -> dict[str, Any]:
    return {"dtype": str(values.dtype), "shape": list(values.shape), "values": values.ravel().tolist()}


def difference(found: dict[str, Any], expected: list[dict[str, Any]], drawn: bool) -> str:
    """What is otherwise than expected; results that are plain numbers are no part of a graph."""
    if "error" in found:
        return found["error"]
    for one, other in zip(found["out"], expected, strict=False):
        if one["dtype"] != other["dtype"]:
            return f"types {one['dtype']}, not {other['dtype']}"
        if one["shape"] != other["shape"]:
            return f"shapes {one['shape']}, not {other['shape']}"
        precision = 1e-2 if one["dtype"] == "float16" else 1e-4
        if not drawn and not onp.allclose(one["values"], other["values"], precision, 1e-5, equal_nan=True):
            return f"values {one['values']}, not {other['values']}"
    return "" if found["out"] else "nothing"


def reason(version: str, expression: str, seen: str) -> str | None:
    for known, (expressions, outcomes) in KNOWN[version].items():
        if re.search(expressions, expression) and re.search(outcomes, seen):
            return known
    return None


@pytest.mark.parametrize("version, at_least", [("2.0.0b1", 2400), ("1.9.1", 1880)])
def test_genuine_mxnet_computes_our_traces(
    version: str, at_least: int, records: dict[str, dict[str, Any]], run_genuine: Any, tmp_path: Any
) -> None:
    path = tmp_path / "graphs.json"
    path.write_text(json.dumps(records))
    found = run_genuine(version, "graph_calls.py", path).values
    seen = {name: difference(found[name], records[name]["out"], bool(DRAWN.search(name))) for name in records}
    reasons = {name: reason(version, name, outcome) for name, outcome in seen.items() if outcome}
    assert {name: seen[name][-500:] for name, why in reasons.items() if why is None} == {}
    assert set(reasons.values()) == KNOWN[version].keys(), Counter(reasons.values())
    print(f"{len(records)} graphs, {len(records) - len(reasons)} computed alike", Counter(reasons.values()))
    assert len(records) - len(reasons) >= at_least
