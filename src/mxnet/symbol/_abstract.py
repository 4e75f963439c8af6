"""Operators without values: the shapes and types of a body's results, from running it on torch's meta tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from mxnet.base import MXNetError, NotTraceable
from mxnet.operators._forms import Forms
from mxnet.operators.catalogue import Operator
from mxnet.symbol._graph import Node

__all__ = ["Bodies", "Refusal", "Result", "Shape", "refused"]

Shape = tuple[int, ...]
Result = tuple[Shape, torch.dtype]

_REFUSALS = (RuntimeError, LookupError, TypeError, ValueError, ArithmeticError, AssertionError, MemoryError)
_ANY_TYPES = (torch.float32, torch.int64, torch.bool)


class Refusal(Exception):
    """A body does not take inputs of these shapes and types."""


class Bodies:
    """Runs the bodies of nodes without values, and remembers: the layers of a network are often alike."""

    def __init__(self) -> None:
        self._found: dict[Any, list[Result] | str | None] = {}  # a string says why the body refuses

    def results(
        self, node: Node, shapes: Sequence[Shape | None], types: Sequence[torch.dtype | None]
    ) -> list[Result] | None:
        """Shape and type of each result; None if they hang on values.

        Parameters
        ----------
        node : Node
        shapes, types : sequence
            Of each input; None for an optional one that is not given.

        Raises
        ------
        Refusal
            If the body does not take such inputs; the message is the body's own.
        """
        key = (node.op.name, _key(node.attributes), tuple(shapes), tuple(types))
        if key not in self._found:
            try:
                self._found[key] = _run(node.op, node.attributes, shapes, types)
            except Refusal as refusal:
                self._found[key] = str(refusal)
        found = self._found[key]
        if isinstance(found, str):
            raise Refusal(found)
        return found

    def types(
        self, node: Node, shapes: Sequence[Shape | None], types: Sequence[torch.dtype | None]
    ) -> list[torch.dtype]:
        """The type of each result, for shapes that may be any: where results hang on values, those of a few zeros.

        Raises
        ------
        Refusal
            If the body does not take such inputs.
        """
        results = self.results(node, shapes, types)
        if results is None:
            few = [None if shape is None else (2,) * len(shape) for shape in shapes]
            results = _run(node.op, node.attributes, few, types, torch.zeros)
        if results is None:
            raise Refusal("the type of its results hangs on values")
        return [dtype for _, dtype in results]

    def shapes(
        self, node: Node, shapes: Sequence[Shape | None], types: Sequence[torch.dtype | None]
    ) -> list[Result] | None:
        """`results` where the shapes are what counts: if these types are refused, any others will do.

        Raises
        ------
        Refusal
            If the body takes such shapes with no types.
        """
        try:
            return self.results(node, shapes, types)
        except Refusal as refusal:
            for other in _other_types(types):
                try:
                    return self.results(node, shapes, other)
                except Refusal:
                    continue
            raise refusal


def _other_types(types: Sequence[torch.dtype | None]) -> Iterator[list[torch.dtype | None]]:
    for dtype in _ANY_TYPES:
        other = [None if given is None else dtype for given in types]
        if other != list(types):
            yield other


def _without_values(shape: Shape, dtype: torch.dtype) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def _run(
    op: Operator,
    attributes: dict[str, Any],
    shapes: Sequence[Shape | None],
    types: Sequence[torch.dtype | None],
    make: Callable[..., torch.Tensor] = _without_values,
) -> list[Result] | None:
    if "ctx" in op.attributes and make is _without_values:
        attributes = attributes | {"ctx": "meta"}
    if op.modal:
        attributes = attributes | {"training": False}
    pairs = list(zip(shapes, types, strict=True))
    try:
        tensors = [None if shape is None else make(shape, dtype=dtype) for shape, dtype in pairs]
        with Forms():
            made = op.body(*tensors, **attributes)
    except (NotImplementedError, NotTraceable):  # how torch and bodies say that a shape hangs on values
        return None
    except _REFUSALS as error:
        raise Refusal(str(error).split("\n", 1)[0] or type(error).__name__) from error
    results = [made] if isinstance(made, torch.Tensor) else made
    return [(tuple(tensor.shape), tensor.dtype) for tensor in results]


def _key(attributes: dict[str, Any]) -> tuple[Any, ...]:
    return tuple([(name, value.__class__, value) for name, value in attributes.items()])


def refused(node: Node, values: Sequence[Any], refusal: Refusal) -> MXNetError:
    """The error for a node that does not take its inputs, of each of which `values` tell what is known."""
    op = node.op
    pairs = zip(op.input_names(len(values)), values, node.inputs, strict=False)
    given = ", ".join(f"{name} {value}" for name, value, entry in pairs if entry is not None)
    return MXNetError(f"operator {node.name!r} ({op.name}) does not take {given or 'its attributes'}: {refusal}")
