"""Compares this package with a table of expressions that genuine MXNet evaluated (`reference/expressions.py`)."""

from collections.abc import Collection
from typing import Any

import numpy as onp
import pytest
from references import load

import mxnet as mx
from mxnet.ndarray._array import invoke
from mxnet.operators import Operator, find

Row = tuple[str, str, dict[str, Any]]


def rows(name: str, leave_out: Collection[str] = ()) -> list[Any]:
    """The rows of a table, but for some expressions that must be in it, as parameters of a test."""
    table = load(name)
    assert set(leave_out) <= {expression for _, expression, _ in table}
    return [pytest.param(*row, id=row[1]) for row in table if row[1] not in leave_out]


def operator(name: str) -> Any:
    """The operator of that name as a function of arrays."""

    def call(*arrays: Any, out: Any = None, **attributes: Any) -> Any:
        return invoke(find(name), arrays, attributes, out, cls=None if arrays else mx.nd.NDArray)

    return call


def check_row(name: str, expression: str, expected: dict[str, Any], rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Evaluate an expression here; values, types, shapes, gradients or the error's type must be the recorded ones."""
    from expressions import evaluate

    found = evaluate(mx, expression, operator, backward="grad" in expected)
    if "error" in expected:
        assert found.get("error") == expected["error"]
        return
    assert "error" not in found, found["error"]
    _check_values(found["out"], expected["out"], rtol, atol)
    if "grad" in expected:
        assert "grad" in found, "no gradient"
        _check_values(found["grad"], expected["grad"], rtol, atol)


def _check_values(found: list[Any], expected: list[Any], rtol: float, atol: float) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        if other is None:
            assert one is None
            continue
        assert (one["dtype"], one["shape"]) == (other["dtype"], other["shape"])
        onp.testing.assert_allclose(one["values"], other["values"], rtol=rtol, atol=atol)


def called_operators(monkeypatch: pytest.MonkeyPatch, expressions: list[str], names: set[str]) -> set[str]:
    """Which of the named operators run when the expressions are evaluated."""
    from expressions import evaluate

    called = set()

    def spy(name: str, body: Any) -> Any:
        def run(*tensors: Any, **attributes: Any) -> Any:
            called.add(name)
            return body(*tensors, **attributes)

        return run

    for name in names:
        monkeypatch.setattr(find(name), "body", spy(name, find(name).body))
    for expression in expressions:
        evaluate(mx, expression, operator, backward=False)
    return called


def operators_of(*modules: Any) -> set[str]:
    """Names of the catalogue's operators whose bodies stand in these modules."""
    from mxnet.operators import CATALOGUE

    homes = {module.__name__ for module in modules}
    return {op.name for op in CATALOGUE.values() if home_of(op) in homes}


def home_of(op: Operator) -> str:
    """The module that an operator's body was written in; all bodies say of themselves that they are in `bodies`."""
    return op.body.__globals__["__name__"]
