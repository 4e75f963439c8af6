"""The calls of operators that the expression tables make: operator, inputs and attributes, each different one once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import torch
from expression_table import operator
from references import load

import mxnet as mx
from mxnet.operators import CATALOGUE, Operator

TABLES = (
    "detection.json",
    "legacy.json",
    "linalg.json",
    "neural.json",
    "numpy.json",
    "numpy_shape.json",
    "retired.json",
)


class Call(NamedTuple):
    """One call of an operator's body; the attributes are those that the caller gave, in canonical form."""

    op: Operator
    inputs: tuple[torch.Tensor | None, ...]
    attributes: dict[str, Any]

    def __str__(self) -> str:
        shapes = [None if each is None else f"{str(each.dtype)[6:]}{list(each.shape)}" for each in self.inputs]
        return f"{self.op.name}({shapes}, {self.attributes})"


def recorded(tables: Sequence[str] = TABLES) -> list[Call]:
    """The calls of all expressions that genuine MXNet evaluated without an error."""
    from expressions import evaluate

    calls: dict[str, Call] = {}
    with _recording(calls):
        for table in tables:
            for _, expression, expected in load(table):
                if "error" not in expected:
                    evaluate(mx, expression, operator, backward=False)
    return list(calls.values())


@contextmanager
def _recording(calls: dict[str, Call]) -> Iterator[None]:
    def spy(op: Operator, body: Any) -> Any:
        def run(*tensors: torch.Tensor | None, **attributes: Any) -> Any:
            given = {name: value for name, value in attributes.items() if name != "training"}
            inputs = tuple([None if each is None else each.detach().clone() for each in tensors])
            call = Call(op, inputs, given)
            if not any(each is not None and each.is_meta for each in inputs):
                calls.setdefault(str(call), call)
            return body(*tensors, **attributes)

        return run

    with pytest.MonkeyPatch.context() as patch:
        for op in {id(op): op for op in CATALOGUE.values()}.values():
            patch.setattr(op, "body", spy(op, op.body))
        yield
