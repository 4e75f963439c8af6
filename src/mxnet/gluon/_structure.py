"""Nested arguments and results: taken apart into their arrays, and put together again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxnet._nested import LEAF as ARRAY
from mxnet._nested import flatten as _flatten
from mxnet._nested import rebuild
from mxnet.ndarray._array import Array

__all__ = ["ARRAY", "flatten", "map_arrays", "rebuild"]


def flatten(value: Any, arrays: list[Array]) -> Any:
    """Add the arrays of nested lists, tuples and dicts to `arrays`; returns the rest, which is hashable if they are."""
    return _flatten(value, arrays, Array)


def map_arrays(value: Any, fn: Callable[[Array], Any]) -> Any:
    """Nested arguments with `fn` applied to the arrays in them."""
    arrays: list[Array] = []
    structure = flatten(value, arrays)
    return rebuild(structure, iter([fn(array) for array in arrays]))
