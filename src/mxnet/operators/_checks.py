"""Checks of axes and positions that operators of all families share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from mxnet.base import DynamicShape, MXNetError

__all__ = ["OutOfBounds", "check_axes", "check_axis", "check_positions", "need_values", "refusing_meta"]


class OutOfBounds(IndexError, MXNetError):
    """An index beyond the size of its axis."""


def check_axis(axis: int, rank: int, where: str) -> int:
    """`axis` counted from the front.

    Raises
    ------
    MXNetError
        If an array of that rank has no such axis.
    """
    if not -rank <= axis < rank:
        raise MXNetError(f"{where}: axis {axis} is out of bounds for array of dimension {rank}")
    return axis % rank


def check_axes(axes: tuple[int, ...], rank: int, where: str) -> tuple[int, ...]:
    return tuple([check_axis(axis, rank, where) for axis in axes])


def check_positions(
    index: torch.Tensor,
    low: int,
    high: int,
    axis: int,
    size: int,
    where: str,
    error: type[Exception] = MXNetError,
) -> None:
    """Refuse positions of an axis below `low` or above `high`.

    Positions that have no values yet (meta tensors, code being compiled) are taken as they are.

    Raises
    ------
    error
        With one such position.
    """
    if index.is_meta or torch.compiler.is_compiling() or not index.numel():
        return
    least, most = (int(bound) for bound in torch.aminmax(index))
    if least < low or most > high:
        wrong = least if least < low else most
        raise error(f"{where}: index {wrong} is out of bounds for axis {axis} with size {size}")


def need_values(where: str, *tensors: Any) -> None:
    """Refuse tensors without values (those on torch's meta device), on which the shape of a result hangs.

    Raises
    ------
    DynamicShape
        With one such tensor.
    """
    if any(isinstance(tensor, torch.Tensor) and tensor.is_meta for tensor in tensors):
        raise DynamicShape(
            f"{where}: the shape of the result hangs on values, and while a graph is traced there are none"
        )


def refusing_meta(where: str, body: Callable[..., Any]) -> Callable[..., Any]:
    """A body that refuses tensors without values."""

    @functools.wraps(body)
    def checked(*tensors: Any, **attributes: Any) -> Any:
        need_values(where, *tensors)
        return body(*tensors, **attributes)

    return checked
