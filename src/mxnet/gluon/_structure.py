"""Nested arguments and results: taken apart into their arrays, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mxnet.ndarray._array import Array

__all__ = ["ARRAY", "flatten", "map_arrays", "rebuild"]


class _Array:
    """Where an array stood."""

    def __repr__(self) -> str:
        return "<array>"


ARRAY = _Array()


def flatten(value: Any, arrays: list[Array]) -> Any:
    """Add the arrays of nested lists, tuples and dicts to `arrays`; returns the rest, which is hashable if they are."""
    if isinstance(value, Array):
        arrays.append(value)
        return ARRAY
    if isinstance(value, (list, tuple)):
        return type(value), tuple([flatten(item, arrays) for item in value])
    if isinstance(value, dict):
        return dict, tuple(value), tuple([flatten(item, arrays) for item in value.values()])
    return _Leaf(value)


class _Leaf(tuple):
    """A value that is no array; 1, 1.0 and True differ."""

    __slots__ = ()

    def __new__(cls, value: Any) -> _Leaf:
        return super().__new__(cls, (type(value), value))


def rebuild(structure: Any, arrays: Iterator[Any]) -> Any:
    """What `flatten` took apart, with other arrays."""
    if structure is ARRAY:
        return next(arrays)
    if type(structure) is _Leaf:
        return structure[1]
    if structure[0] is dict:
        return dict(zip(structure[1], [rebuild(item, arrays) for item in structure[2]], strict=True))
    kind, items = structure
    values = [rebuild(item, arrays) for item in items]
    return kind(*values) if hasattr(kind, "_fields") else kind(values)


def map_arrays(value: Any, fn: Callable[[Array], Any]) -> Any:
    """Nested arguments with `fn` applied to the arrays in them."""
    arrays: list[Array] = []
    structure = flatten(value, arrays)
    return rebuild(structure, iter([fn(array) for array in arrays]))
