"""How unknown shapes of an operator's inputs follow from those that are known.

A shape is None, or a tuple in which -1 is a size that is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from math import prod
from typing import Any

__all__ = ["Known", "Rule", "alike", "filled", "following", "product", "size", "without"]

Known = tuple[int, ...] | None
Rule = Callable[[list[Known], dict[str, Any]], list[Known]]
"""``rule(shapes, attributes)``: the shapes of all inputs, with what follows filled in."""


def filled(shape: Known, wanted: Known) -> Known:
    """`shape` with what it leaves open taken from `wanted`; where the two disagree it stays."""
    if shape is None or wanted is None:
        return wanted if shape is None else shape
    if len(shape) != len(wanted):
        return shape
    return tuple([want if have == -1 else have for have, want in zip(shape, wanted, strict=True)])


def size(shape: tuple[int, ...], axis: int) -> int:
    """A size of a shape; -1 as well if there is no such axis, which the operator's body will say."""
    return shape[axis] if -len(shape) <= axis < len(shape) else -1


def without(shape: tuple[int, ...], axis: int | None) -> Known:
    """A shape without one of its axes; None if there is no such axis."""
    if axis is None or not -len(shape) <= axis < len(shape):
        return None
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]


def product(sizes: Sequence[int]) -> int:
    """The product of sizes; -1 if one of them is not known."""
    return -1 if -1 in sizes else prod(sizes)


def following(rule: Callable[[tuple[int, ...], dict[str, Any]], Sequence[Known]]) -> Rule:
    """The rule of inputs that follow from the first one: ``rule(data, attributes)`` tells the shapes of the others.

    It may tell of fewer than there are, or of more.
    """

    def complete(shapes: list[Known], attributes: dict[str, Any]) -> list[Known]:
        data, *others = shapes
        return shapes if data is None else [data, *map(filled, others, chain(rule(data, attributes), repeat(None)))]

    return complete


def alike(shapes: list[Known], attributes: dict[str, Any]) -> list[Known]:
    """The rule of inputs that all have one shape."""
    common: Known = None
    for shape in shapes:
        common = filled(common, shape)
    return [filled(shape, common) for shape in shapes]
