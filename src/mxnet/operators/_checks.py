"""Checks of axes and positions that operators of all families share."""

from __future__ import annotations

import torch

from mxnet.base import MXNetError

__all__ = ["OutOfBounds", "check_axes", "check_axis", "check_positions"]


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
