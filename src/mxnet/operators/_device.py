"""The attribute ``ctx`` of operators that make arrays."""

from __future__ import annotations

import functools

import torch

from mxnet.base import MXNetError
from mxnet.device import Device

__all__ = ["CPU", "torch_device"]

CPU = torch.device("cpu")


@functools.cache
def torch_device(ctx: str) -> torch.device | None:
    """The torch device behind ``ctx`` as graphs spell it, such as ``cpu(0)`` or ``gpu``; '' leaves the choice.

    ``meta`` is the device of arrays without values.

    Raises
    ------
    MXNetError
        If `ctx` names no device, or one that this machine has not.
    """
    if not ctx:
        return None
    if ctx == "meta":
        return torch.device("meta")
    kind, _, number = ctx.rstrip(")").partition("(")
    try:
        return Device(kind, int(number or 0)).torch_device
    except (KeyError, ValueError):
        raise MXNetError(f"ctx={ctx!r} is no device: expected for example 'cpu(0)' or 'gpu(0)'") from None
