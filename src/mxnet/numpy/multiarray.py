"""`mx.np.ndarray` and the functions that make one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as _np
import torch

from mxnet import _dtype
from mxnet._modes import modes
from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.ndarray._array import Array, as_device, is_known, place, read, run, wrap
from mxnet.numpy import _protocols
from mxnet.numpy._dispatch import apply_binary, apply_unary, is_operand
from mxnet.numpy._elementwise import around, ceil, floor, trunc
from mxnet.numpy._methods import Methods
from mxnet.operators import creation, elementwise, functions, logic
from mxnet.operators.elementwise import Binary

__all__ = ["array", "from_torch", "ndarray"]

_Operation = Callable[[Any, Any], Any]


def _operators(op: Binary) -> tuple[_Operation, _Operation, _Operation]:
    """The methods for ``x + y``, ``y + x`` and ``x += y``."""

    def plain(self: Any, other: Any) -> Any:
        return apply_binary(op, self, other)

    def reflected(self: Any, other: Any) -> Any:
        if isinstance(other, Array):  # one of 1.x on the left: the result is NumPy's all the same
            return run(op.arrays, (other, self), {}, cls=type(self))
        return apply_binary(op, other, self)

    def in_place(self: Any, other: Any) -> Any:
        return apply_binary(op, self, other, self)

    return plain, reflected, in_place


def _comparison(op: Binary) -> _Operation:
    def compare(self: Any, other: Any) -> Any:
        return apply_binary(op, self, other) if is_operand(other) else NotImplemented

    return compare


class ndarray(Methods):
    """An array with NumPy's behaviour, on a device, with gradients.

    Made by `mx.np.array` and its kin; the default type is float32.
    """

    __slots__ = ()
    __module__ = "mxnet.numpy"

    @property
    def dtype(self) -> Any:
        """The NumPy data type of the elements (``'bfloat16'`` where NumPy has none)."""
        return _dtype.from_torch(self._data.dtype)

    def __repr__(self) -> str:
        if not is_known(self):
            return self._without_values()
        values = self.asnumpy()
        text = _np.array2string(values, separator=", ", prefix="array(", suffix=")")
        if values.size == 0 and values.shape != (0,):
            text = f"[], shape={values.shape}"
        kind = self._data.dtype
        if kind is not torch.float32 and (kind is not torch.bool or values.size == 0):
            # NumPy puts the types that it names itself on a line of their own where they do not fit.
            width = len(text) - text.rfind("\n") - 1 + len("array(") * ("\n" not in text)
            note = f"dtype={_dtype.name_of(kind)}"
            fits = width + len(note) + 3 <= _np.get_printoptions()["linewidth"]
            text += f", {note}" if fits or kind in (torch.float64, torch.int64) else f",\n      {note}"
        device = self.device
        return f"array({text})" if device.device_type == "cpu" else f"array({text}, device={device})"

    def __str__(self) -> str:
        return str(self.asnumpy()) if is_known(self) else self._without_values()

    def __format__(self, form: str) -> str:
        if not form:
            return str(self)
        if self.ndim:
            raise TypeError(f"cannot format an array of shape {self.shape} as {form!r}: only one without dimensions")
        return format(self.item(), form)

    __add__, __radd__, __iadd__ = _operators(elementwise.add)
    __sub__, __rsub__, __isub__ = _operators(elementwise.subtract)
    __mul__, __rmul__, __imul__ = _operators(elementwise.multiply)
    __truediv__, __rtruediv__, __itruediv__ = _operators(elementwise.true_divide)
    __floordiv__, __rfloordiv__, __ifloordiv__ = _operators(elementwise.floor_divide)
    __mod__, __rmod__, __imod__ = _operators(elementwise.mod)
    __pow__, __rpow__, __ipow__ = _operators(elementwise.power)
    __and__, __rand__, __iand__ = _operators(logic.bitwise_and)
    __or__, __ror__, __ior__ = _operators(logic.bitwise_or)
    __xor__, __rxor__, __ixor__ = _operators(logic.bitwise_xor)
    __lshift__, __rlshift__, __ilshift__ = _operators(logic.bitwise_left_shift)
    __rshift__, __rrshift__, __irshift__ = _operators(logic.bitwise_right_shift)

    __eq__ = _comparison(logic.equal)
    __ne__ = _comparison(logic.not_equal)
    __lt__ = _comparison(logic.less)
    __le__ = _comparison(logic.less_equal)
    __gt__ = _comparison(logic.greater)
    __ge__ = _comparison(logic.greater_equal)
    __hash__ = Array.__hash__

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __matmul__(self, other: Any) -> Any:
        return sys.modules["mxnet.numpy"].matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return sys.modules["mxnet.numpy"].matmul(other, self)

    def __imatmul__(self, other: Any) -> Any:
        return sys.modules["mxnet.numpy"].matmul(self, other, out=self)

    def __neg__(self) -> Any:
        return apply_unary(functions.negative, self)

    def __pos__(self) -> Any:
        return apply_unary(creation.copy, self)

    def __abs__(self) -> Any:
        return apply_unary(functions.absolute, self)

    def __invert__(self) -> Any:
        return apply_unary(logic.bitwise_not, self)

    def __round__(self, decimals: int | None = None) -> Any:
        return around(self, decimals or 0)

    def __ceil__(self) -> Any:
        return ceil(self)

    def __floor__(self) -> Any:
        return floor(self)

    def __trunc__(self) -> Any:
        return trunc(self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _protocols.array_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _protocols.array_function(func, types, args, kwargs)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        """The module of the functions for this array: `mx.np`."""
        return sys.modules["mxnet.numpy"]


def array(object: Any, dtype: Any = None, device: Device | None = None, ctx: Device | None = None) -> ndarray:
    """An array with a copy of the given values.

    Parameters
    ----------
    object : array_like
        Numbers, nested sequences, NumPy arrays, torch tensors or arrays.
    dtype : optional
        Default: that of an MXNet array or torch tensor, float32 for everything else.
    device : Device, optional
        Default: that of an MXNet array, else the current device; `ctx` is its old name.

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
    if modes.tracer is not None and isinstance(object, (list, tuple)) and object:
        if all(isinstance(value, Array) for value in object):
            dtype = _dtype.default_float() if dtype is None else dtype
            object = sys.modules["mxnet.numpy"].stack(object)
    where, tag = place(device)
    wanted = None if dtype is None else _dtype.to_torch(dtype)
    if isinstance(object, Array):
        if modes.tracer is not None:
            return _traced_copy(object, dtype, device)
        tensor = read(object)
        return wrap(ndarray, tensor.to(device=where, dtype=wanted or tensor.dtype, copy=True), tag)
    if isinstance(object, torch.Tensor):
        tensor = object.detach()
        return wrap(ndarray, tensor.to(device=where, dtype=wanted or tensor.dtype, copy=True), tag)
    return wrap(ndarray, _from_values(object, wanted or _default_type(object)).to(where), tag)


def _traced_copy(values: Array, dtype: Any, device: Device | None) -> ndarray:
    """`array` of an array while a block is traced: operators, as `copyto` and `astype` leave them."""
    copied = values.as_np_ndarray()
    copied = copied.copy() if device is None else copied.copyto(as_device(device))
    return copied if dtype is None else copied.astype(dtype, copy=False)


def _default_type(values: Any) -> torch.dtype:
    """The default type; where that is float64, NumPy's arrays keep the type they have."""
    if _dtype.default_float() is not torch.float32 and isinstance(values, (_np.ndarray, _np.generic)):
        return _dtype.to_torch(values.dtype)
    return _dtype.default_float()


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
