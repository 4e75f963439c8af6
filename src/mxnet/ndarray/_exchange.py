"""Arrays over the memory of other libraries, for both faces."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mxnet import _dtype
from mxnet.base import MXNetError
from mxnet.ndarray._array import wrap

__all__ = ["wrap_dlpack", "wrap_numpy"]


def wrap_numpy(values: Any, zero_copy: bool, cls: type) -> Any:
    """A NumPy array, or without `zero_copy` a copy of it, as an array of class `cls`.

    Raises
    ------
    TypeError
        If it is no NumPy array.
    ValueError
        If its memory is to be shared and is not C-contiguous.
    MXNetError
        If its type is one that arrays do not have.
    """
    if not isinstance(values, np.ndarray):
        raise TypeError(f"from_numpy takes a numpy.ndarray, not {type(values).__name__}")
    if values.dtype.name not in _dtype.NAMES:
        raise MXNetError(f"arrays cannot have the type {values.dtype}")
    if zero_copy and not values.flags["C_CONTIGUOUS"]:
        raise ValueError("Only c-contiguous arrays are supported for zero-copy: pass zero_copy=False")
    if not zero_copy or not values.flags.writeable:
        return wrap(cls, torch.from_numpy(values.copy(order="C")))
    tensor = torch.from_numpy(values)
    values.flags["WRITEABLE"] = False
    return wrap(cls, tensor)


def wrap_dlpack(dlpack: Any, cls: type) -> Any:
    """Memory shared by DLPack (a capsule, or an object with ``__dlpack__``) as an array of class `cls`."""
    tensor = torch.from_dlpack(dlpack)
    if tensor.dtype not in _dtype.NAMES.values():
        raise MXNetError(f"arrays cannot have the type {tensor.dtype}")
    return wrap(cls, tensor)
