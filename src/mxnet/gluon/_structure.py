"""Nested arguments and results: taken apart into their arrays, and put together again."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import BuiltinFunctionType, EllipsisType, FunctionType, NoneType
from typing import Any

import numpy as np
import torch

from mxnet._nested import LEAF as ARRAY
from mxnet._nested import flatten as _flatten
from mxnet._nested import map_leaves, others, rebuild
from mxnet.base import NotTraceable
from mxnet.device import Device
from mxnet.ndarray._array import Array

__all__ = ["ARRAY", "check_plain", "flatten", "from_nesting", "map_arrays", "nesting", "rebuild"]

# What neither holds arrays nor ever changes.
_PLAIN = (
    NoneType, bool, int, float, complex, str, bytes, EllipsisType, range, slice, type, Enum, np.generic, np.dtype,
    torch.dtype, Device, FunctionType, BuiltinFunctionType,
)  # fmt: skip


def flatten(value: Any, arrays: list[Array]) -> Any:
    """Add the arrays of nested lists, tuples and dicts to `arrays`; returns the rest, which is hashable if they are."""
    return _flatten(value, arrays, Array)


def map_arrays(value: Any, fn: Callable[[Array], Any]) -> Any:
    """Nested arguments with `fn` applied to the arrays in them."""
    return map_leaves(value, Array, fn)


def check_plain(structure: Any, what: str) -> None:
    """Refuse a structure with objects that may hold arrays of their own; `what` says where it comes from.

    Raises
    ------
    NotTraceable
    """
    for value in others(structure):
        if not isinstance(value, _PLAIN):
            raise NotTraceable(f"{what} a {type(value).__name__}, whose arrays, if it has any, are not seen")


_NONE = flatten(None, [])  # as it stands in a structure


def nesting(structure: Any) -> Any:
    """A structure in the words of MXNet's files: 0 for an array, -1 for None, a list for a list or tuple.

    None if there is anything else in it.
    """
    if structure is ARRAY:
        return 0
    if structure == _NONE:
        return -1
    if structure[0] not in (list, tuple):
        return None
    items = [nesting(item) for item in structure[1]]
    return None if None in items else items


def from_nesting(words: Any) -> Any:
    """The structure that `nesting` tells; MXNet also writes a number for a flat list of as many arrays.

    Raises
    ------
    TypeError
        For words that say nothing of the kind.
    """
    if words == 0:
        return ARRAY
    if words == -1:
        return _NONE
    if isinstance(words, int) and words > 0:
        return list, (ARRAY,) * words
    if isinstance(words, list):
        return list, tuple([from_nesting(item) for item in words])
    raise TypeError(f"a nesting of arrays that is known, but {words!r}")
