"""Data types: MXNet's names, NumPy's types and torch's types, and the way between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError

__all__ = ["NAMES", "default_float", "from_torch", "is_floating", "name_of", "set_default_float", "to_torch"]

NAMES: dict[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in (
        "float16 float32 float64 bfloat16 bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 complex128"
    ).split()
}
_NAME_OF = {dtype: name for name, dtype in NAMES.items()}
_NUMPY_OF = {dtype: np.dtype(name) for name, dtype in NAMES.items() if name != "bfloat16"}
_PYTHON = {float: torch.float64, int: torch.int64, bool: torch.bool, complex: torch.complex128}
_torch_of: dict[Any, torch.dtype] = {**NAMES, **_PYTHON, **{dtype: dtype for dtype in _NAME_OF}}


class _BFloat16(str):
    """`dtype` of a bfloat16 array: NumPy has no such type, so it is told by its name."""

    __slots__ = ()
    itemsize = 2
    kind = "f"

    @property
    def name(self) -> str:
        return str(self)


bfloat16 = _BFloat16("bfloat16")


def to_torch(dtype: Any) -> torch.dtype:
    """The torch dtype of a name, a NumPy dtype or scalar type, a Python type or a torch dtype.

    Raises
    ------
    MXNetError
        If `dtype` names no type that arrays can have.
    """
    try:
        return _torch_of[dtype]
    except (KeyError, TypeError):
        pass
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = getattr(dtype, "__name__", dtype)
    if name not in NAMES:
        raise MXNetError(f"unknown type {dtype!r}: expected one of {', '.join(sorted(NAMES))}")
    _torch_of[dtype] = NAMES[name]
    return NAMES[name]


def from_torch(dtype: torch.dtype) -> Any:
    """The NumPy dtype that stands for a torch dtype (the name ``'bfloat16'`` where NumPy has none)."""
    return _NUMPY_OF.get(dtype, bfloat16)


def name_of(dtype: torch.dtype) -> str:
    """MXNet's name of a torch dtype."""
    return _NAME_OF[dtype]


def is_floating(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point


_default = torch.float32


def default_float() -> torch.dtype:
    """The type of new arrays for which none is given: float32, or float64 after ``set_np_default_dtype``."""
    return _default


def set_default_float(dtype: torch.dtype) -> None:
    """Change what `default_float` says, for the whole process."""
    global _default
    _default = dtype
