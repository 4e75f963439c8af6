"""Checks and conversions that the neural operators share."""

from __future__ import annotations

from typing import Any

import torch

from mxnet._dtype import name_of
from mxnet.base import MXNetError

__all__ = [
    "CHANNELS_LAST",
    "HALF",
    "channels_first",
    "channels_last",
    "check_floating",
    "check_types",
    "has_bias",
    "per_dimension",
    "with_statistics",
]

Tensor = torch.Tensor

CHANNELS_LAST = ("NWC", "NHWC", "NDHWC")
HALF = (torch.float16, torch.bfloat16)


def check_types(where: str, data: Tensor, **others: Tensor | None) -> None:
    """Neural operators do not promote: every input has the type of the data.

    Raises
    ------
    MXNetError
        If one differs.
    """
    for name, tensor in others.items():
        if tensor is not None and tensor.dtype is not data.dtype:
            raise MXNetError(
                f"{where}: this layer requires uniform type: data is {name_of(data.dtype)}, "
                f"but {name} is {name_of(tensor.dtype)}"
            )


def check_floating(where: str, data: Tensor) -> None:
    """Most neural operators are defined for floating point types only.

    Raises
    ------
    MXNetError
        If `data` is of another type.
    """
    if not data.dtype.is_floating_point:
        raise MXNetError(f"{where} supports floating point types only, not {name_of(data.dtype)}")


def per_dimension(value: tuple[int, ...], rank: int, default: int, where: str, name: str) -> tuple[int, ...]:
    """An attribute such as stride with one entry for each spatial dimension; empty means `default` in all.

    Raises
    ------
    MXNetError
        If there are entries, but not `rank` of them.
    """
    if not value:
        return (default,) * rank
    if len(value) != rank:
        raise MXNetError(f"{where}: {name}={value} must have {rank} entries, as kernel has")
    return value


def with_statistics(attributes: dict[str, Any], inputs: int) -> int:
    """The number of results of a normalization: on demand mean and deviation come along."""
    return 3 if attributes["output_mean_var"] else 1


def has_bias(attributes: dict[str, Any]) -> bool:
    """Whether a layer takes the input ``bias``."""
    return not attributes["no_bias"]


def channels_first(data: Tensor) -> Tensor:
    """A view with the last dimension moved to the second place: memory stays as it is."""
    return data.movedim(-1, 1)


def channels_last(data: Tensor) -> Tensor:
    """The way back from `channels_first`."""
    return data.movedim(1, -1)
