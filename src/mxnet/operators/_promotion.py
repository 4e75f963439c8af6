"""The types operators compute in: MXNet's rules of promotion, on torch tensors.

Only types decide, never the number of dimensions, unlike in torch, where a tensor without dimensions gives way.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from mxnet._dtype import name_of
from mxnet.base import MXNetError

__all__ = ["common", "counted", "floating", "with_number", "wrapped"]

Tensor = torch.Tensor

_SMALL = frozenset((torch.bool, torch.int8, torch.uint8, torch.int16, torch.uint16))


def common(x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    """Both tensors in the type that holds the values of either."""
    wanted = torch.promote_types(x1.dtype, x2.dtype)
    return x1.to(wanted), x2.to(wanted)


def counted(x: Tensor) -> Tensor:
    """Truth values as integers: arithmetic on bool is arithmetic on int64."""
    return x.to(torch.int64) if x.dtype is torch.bool else x


def floating(x: Tensor) -> Tensor:
    """Integers as floats: float16 for those of at most 16 bits, float32 for wider ones."""
    if x.dtype.is_floating_point:
        return x
    return x.to(torch.float16 if x.dtype in _SMALL else torch.float32)


def with_number(data: Tensor, number: Any) -> Tensor:
    """`data` in the type in which it meets a Python number.

    The type of the array stays, except that integers meeting a float become float64 and bool becomes int64.
    """
    if data.dtype.is_floating_point:
        return data
    if isinstance(number, float):
        return data.to(torch.float64)
    return counted(data)


def wrapped(number: Any, dtype: torch.dtype) -> int:
    """The whole part of a number, brought into an integer type as C converts: what is too large begins anew."""
    if not math.isfinite(number):
        raise MXNetError(f"an array of type {name_of(dtype)} has no {number}")
    limits = torch.iinfo(dtype)
    return (int(number) - limits.min) % (limits.max - limits.min + 1) + limits.min
