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
from mxnet._nested import others, rebuild
from mxnet.base import NotTraceable
from mxnet.device import Device
from mxnet.ndarray._array import Array

__all__ = ["ARRAY", "check_plain", "flatten", "map_arrays", "rebuild"]

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
    arrays: list[Array] = []
    structure = flatten(value, arrays)
    return rebuild(structure, iter([fn(array) for array in arrays]))


def check_plain(structure: Any, what: str) -> None:
    """Refuse a structure with objects that may hold arrays of their own; `what` says where it comes from.

    Raises
    ------
    NotTraceable
    """
    for value in others(structure):
        if not isinstance(value, _PLAIN):
            raise NotTraceable(f"{what} a {type(value).__name__}, whose arrays, if it has any, are not seen")
