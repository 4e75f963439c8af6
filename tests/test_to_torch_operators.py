"""Operators in modules that `to_torch` makes: the tables of expressions again, each as a network of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from expression_table import operator
from references import load

import mxnet as mx
from mxnet.gluon import HybridBlock

import expressions  # isort: skip  (found through `references`)

TABLES = ("neural", "numpy_shape", "legacy")
REFUSALS = ("is computed by NumPy", "writes to an array that was made outside of it")


class Scope(expressions._Scope):
    """Evaluates an expression whose arrays are made here, or are given."""

    def __init__(self, given: Any = None) -> None:
        super().__init__(mx, operator)
        self.made: list[Any] = []
        self.given: Iterator[Any] | None = None if given is None else iter(given)

    def leaf(self, array: Any) -> Any:
        self.leaves.append(array)
        return array

    def evaluate(self, expression: str) -> Any:
        make = mx.np.array

        def array(*args: Any, **kwargs: Any) -> Any:
            if self.given is not None:
                return next(self.given)
            self.made.append(make(*args, **kwargs))
            return self.made[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mx.np, "array", array)
            return self.run(expression)


class Expression(HybridBlock):
    def __init__(self, expression: str) -> None:
        super().__init__()
        self.expression = expression

    def forward(self, *arrays: Any) -> Any:
        return Scope(arrays).evaluate(self.expression)


def rows(table: str) -> list[str]:
    """The expressions of arrays that draw no random numbers."""
    return [text for _, text, found in load(f"{table}.json") if "error" not in found and "random" not in text]


def flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@pytest.mark.parametrize("table", TABLES)
def test_operators_give_the_same_numbers(table):
    compared = 0
    for text in rows(table):
        scope = Scope()
        expected = flat(scope.evaluate(text))
        if not scope.made or not all(isinstance(value, mx.nd.NDArray) for value in expected):
            continue
        try:
            module = Expression(text).to_torch(*scope.made)
        except mx.MXNetError as error:
            assert str(error).endswith(REFUSALS), text
            continue
        found = flat(module(*[array.as_torch() for array in scope.made]))
        for one, array in zip(found, expected, strict=True):
            other = array.as_torch()
            assert (one.dtype, one.shape) == (other.dtype, other.shape), text
            assert torch.allclose(one.double(), other.double(), rtol=1e-5, atol=1e-6, equal_nan=True), text
        compared += 1
    assert compared > 200
