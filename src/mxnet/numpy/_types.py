"""Names of data types and constants, and the rules between types."""

from __future__ import annotations

import math
from typing import Any

import numpy as _np
import torch

from mxnet import _dtype
from mxnet.ndarray._array import Array

__all__ = [
    "NAN",
    "NINF",
    "NZERO",
    "NaN",
    "PINF",
    "PZERO",
    "bfloat16",
    "bool",
    "bool_",
    "boolean_dtypes",
    "can_cast",
    "dtype",
    "e",
    "finfo",
    "float16",
    "float32",
    "float64",
    "floating_dtypes",
    "iinfo",
    "inf",
    "int16",
    "int32",
    "int64",
    "int8",
    "integer_dtypes",
    "nan",
    "newaxis",
    "numeric_dtypes",
    "pi",
    "promote_types",
    "result_type",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
]

int8, int16, int32, int64 = map(_np.dtype, ("int8", "int16", "int32", "int64"))
uint8, uint16, uint32, uint64 = map(_np.dtype, ("uint8", "uint16", "uint32", "uint64"))
float16, float32, float64 = map(_np.dtype, ("float16", "float32", "float64"))
bool = bool_ = _np.dtype("bool")
bfloat16 = _dtype.bfloat16

integer_dtypes = [int8, int16, int32, int64, uint8, uint16, uint32, uint64]
floating_dtypes = [float16, float32, float64]
numeric_dtypes = [*integer_dtypes, *floating_dtypes]
boolean_dtypes = [bool]

pi = math.pi
e = math.e
inf = PINF = math.inf
NINF = -math.inf
nan = NaN = NAN = math.nan
PZERO = 0.0
NZERO = -0.0
newaxis = None


def dtype(obj: Any) -> Any:
    """The data type that `obj` names: a NumPy dtype, or ``'bfloat16'``.

    Raises
    ------
    MXNetError
        If arrays have no such type.
    """
    return _dtype.from_torch(_dtype.to_torch(obj))


def finfo(dtype: Any) -> torch.finfo:
    """The limits of a floating point type: bits, eps, max, min, tiny, smallest_normal.

    Raises
    ------
    TypeError
        For another type.
    """
    return torch.finfo(_dtype.to_torch(dtype))


def iinfo(dtype: Any) -> torch.iinfo:
    """The limits of an integer type: bits, max, min.

    Raises
    ------
    TypeError
        For another type.
    """
    return torch.iinfo(_dtype.to_torch(dtype))


def _type_of(value: Any) -> torch.dtype:
    if isinstance(value, Array):
        return value._data.dtype
    if isinstance(value, (_np.dtype, type, str, torch.dtype)):
        return _dtype.to_torch(value)
    raise ValueError(f"Inputs of result_type must be ndarrays or dtypes, not {value!r}")


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The type in which arrays and types meet in arithmetic.

    Raises
    ------
    ValueError
        Without an argument, or for one that is neither an array nor a type.

    Examples
    --------
    >>> mx.np.result_type(mx.np.ones(1, dtype='int64'), mx.np.float16)
    dtype('float16')
    """
    if not arrays_and_dtypes:
        raise ValueError("at least one array or dtype is required")
    found = _type_of(arrays_and_dtypes[0])
    for value in arrays_and_dtypes[1:]:
        found = torch.promote_types(found, _type_of(value))
    return _dtype.from_torch(found)


def promote_types(type1: Any, type2: Any) -> Any:
    """The smallest type that holds the values of both, by NumPy's rules."""
    return _np.promote_types(type1, type2)


def can_cast(from_: Any, to: Any) -> Any:
    """Whether a type or an array can be cast to another type without loss, by NumPy's rules."""
    source, target = (value.dtype if isinstance(value, Array) else value for value in (from_, to))
    return _np.can_cast(source, target)
