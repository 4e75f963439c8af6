"""`mx.np.ndarray` and the functions that make one."""

from __future__ import annotations

from typing import Any

import numpy as _np
import torch

from mxnet import _dtype
from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.ndarray._array import Array, place, read, wrap
from mxnet.ndarray.ndarray import NDArray
from mxnet.numpy._dispatch import apply_binary
from mxnet.operators import elementwise as _ops

__all__ = ["array", "from_torch", "ndarray"]


class ndarray(NDArray):
    """An array with NumPy's behaviour, on a device, with gradients.

    Made by `mx.np.array` and its kin; the default type is float32.
    """

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        return _dtype.from_torch(self._data.dtype)

    def __repr__(self) -> str:
        text = repr(self.asnumpy())
        if self._data.dtype is torch.float32:
            text = text.replace(", dtype=float32", "")
        device = self.device
        return text if device == _CPU else f"{text[:-1]}, device={device})"

    def __str__(self) -> str:
        return str(self.asnumpy())

    def __format__(self, form: str) -> str:
        return format(self.item() if self.ndim == 0 else str(self), form)

    def __add__(self, other: Any) -> Any:
        return apply_binary(_ops.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return apply_binary(_ops.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return apply_binary(_ops.subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        return apply_binary(_ops.subtract, other, self)

    def __mul__(self, other: Any) -> Any:
        return apply_binary(_ops.multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return apply_binary(_ops.multiply, other, self)


_CPU = Device("cpu", 0)


def array(object: Any, dtype: Any = None, device: Device | None = None, ctx: Device | None = None) -> ndarray:
    """An array with a copy of the given values.

    Parameters
    ----------
    object : array_like
        Numbers, nested sequences, NumPy arrays, torch tensors or arrays.
    dtype : optional
        Default: that of an MXNet array or torch tensor, float32 for everything else.
    device : Device, optional
        Default: that of an MXNet array, else the current device.

    Raises
    ------
    TypeError
        If the values are no numbers or the nesting is ragged.

    Examples
    --------
    >>> mx.np.array([[1, 2], [3, 4]])
    array([[1., 2.],
           [3., 4.]])
    """
    device = device or ctx
    if device is None and isinstance(object, Array):
        device = object.device
    where, tag = place(device)
    wanted = None if dtype is None else _dtype.to_torch(dtype)
    if isinstance(object, Array):
        tensor = read(object)
        return wrap(ndarray, tensor.to(device=where, dtype=wanted or tensor.dtype, copy=True), tag)
    if isinstance(object, torch.Tensor):
        tensor = object.detach()
        return wrap(ndarray, tensor.to(device=where, dtype=wanted or tensor.dtype, copy=True), tag)
    return wrap(ndarray, _from_values(object, wanted or torch.float32).to(where), tag)


def _from_values(values: Any, dtype: torch.dtype) -> torch.Tensor:
    if isinstance(values, (list, tuple)):
        values = _plain(values)
    target = _dtype.from_torch(dtype)
    try:
        converted = _np.array(values, dtype=target if isinstance(target, _np.dtype) else _np.float32, order="C")
    except (TypeError, ValueError) as error:
        raise TypeError(f"cannot make an array from {type(values).__name__}: {error}") from error
    return torch.from_numpy(converted).to(dtype)


def _plain(values: Any) -> Any:
    """Nested sequences with the arrays inside them as NumPy's."""
    if isinstance(values, Array):
        return values.asnumpy()
    return [_plain(value) for value in values] if isinstance(values, (list, tuple)) else values


def from_torch(tensor: torch.Tensor) -> ndarray:
    """An array over a torch tensor's memory, without a copy; inside `record` it stays part of torch's graph.

    Raises
    ------
    TypeError
        If `tensor` is not a torch tensor.
    MXNetError
        If its type is one that arrays do not have.
    """
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"from_torch takes a torch tensor, not {type(tensor).__name__}")
    if tensor.dtype not in _dtype.NAMES.values():
        raise MXNetError(f"arrays cannot have the type {tensor.dtype}")
    return wrap(ndarray, tensor)
