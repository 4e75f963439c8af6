"""From a NumPy-style call to the catalogue."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as _np
import torch

from mxnet import _dtype
from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.ndarray._array import Array, as_device, constant_like, invoke, place, run, wrap
from mxnet.operators.catalogue import Operator
from mxnet.operators.elementwise import Binary

__all__ = [
    "apply",
    "apply_binary",
    "apply_unary",
    "as_array",
    "as_operand",
    "create",
    "is_number",
    "is_operand",
    "type_of",
]

_NUMBERS = (numbers.Real, _np.generic)
_NO_ATTRIBUTES: dict[str, Any] = {}


def is_number(value: Any) -> bool:
    """Whether `value` is a Python or NumPy number."""
    return isinstance(value, _NUMBERS)


def type_of(array: Array) -> torch.dtype | None:
    """The type of an array's elements; None for what stands for a symbol."""
    try:
        return array._data.dtype
    except MXNetError:
        return None


def is_operand(value: Any) -> bool:
    """Whether `value` can stand in arithmetic beside an array."""
    return isinstance(value, (Array, *_NUMBERS, _np.ndarray, list, tuple, torch.Tensor))


def apply_binary(op: Binary, x1: Any, x2: Any, out: Any = None, official: Callable[..., Any] | None = None) -> Any:
    """Run an operator of two operands, each an array, a number or something array-like.

    `official` is NumPy's own function, which answers for two numbers.
    """
    if isinstance(x1, Array):
        if isinstance(x2, Array):
            return run(op.arrays, (x1, x2), _NO_ATTRIBUTES, out)
        if isinstance(x2, _NUMBERS):
            return run(op.scalar, (x1,), _number(x2), out)
        return run(op.arrays, (x1, as_operand(x2, x1)), _NO_ATTRIBUTES, out)
    if isinstance(x2, Array):
        if isinstance(x1, _NUMBERS):
            return run(op.reverse, (x2,), _number(x1), out)
        return run(op.arrays, (as_operand(x1, x2), x2), _NO_ATTRIBUTES, out)
    if official is not None and isinstance(x1, _NUMBERS) and isinstance(x2, _NUMBERS):
        return official(x1, x2)
    if isinstance(x1, _NUMBERS):
        return apply_binary(op, x1, as_array(x2), out)
    return apply_binary(op, as_array(x1), x2, out)


def apply_unary(op: Operator, x: Any, out: Any = None, official: Callable[..., Any] | None = None) -> Any:
    """Run an operator of one operand; `official` is NumPy's own function, which answers for a number."""
    if isinstance(x, Array):
        return run(op, (x,), _NO_ATTRIBUTES, out)
    if official is not None and isinstance(x, _NUMBERS):
        return official(x)
    if not is_operand(x):
        raise TypeError(f"type {type(x)} not supported: expected an array or a number")
    return run(op, (as_array(x),), _NO_ATTRIBUTES, out)


def apply(op: Operator, inputs: Sequence[Any], out: Any = None, **attributes: Any) -> Any:
    """Run an operator on array-likes; None stands for an input that may be missing."""
    for value in inputs:
        if not isinstance(value, Array):
            inputs = _arrays(op, inputs)
            break
    return run(op, inputs, op.canonical(attributes), out)


def _arrays(op: Operator, inputs: Sequence[Any]) -> list[Any]:
    for name, value in zip(op.inputs, inputs, strict=False):
        if value is None and name not in op.optional:
            raise MXNetError(f"{op.name}: input {name!r} must be an array, not None")
    first = next((value for value in inputs if isinstance(value, Array)), None)
    return [None if value is None else as_array(value, like=first) for value in inputs]


def create(op: Operator, device: Device | str | None, out: Any = None, **attributes: Any) -> Any:
    """Run an operator that makes an array from attributes alone; `device` None is the current one."""
    device = as_device(device)
    return invoke(op, (), {**attributes, "ctx": str(device)}, out, _ndarray(), device)


def _ndarray() -> type:
    # The class's module imports this one.
    return sys.modules["mxnet.numpy.multiarray"].ndarray


def as_array(value: Any, like: Array | None = None) -> Any:
    """An array-like value as an `mx.np.ndarray`; Python floats become float32, NumPy's types are kept."""
    if isinstance(value, Array):
        return value
    if like is not None:
        return constant_like(like, _tensor(value))
    where, tag = place(None)
    return wrap(_ndarray(), _tensor(value).to(where), tag)


def as_operand(value: Any, like: Array) -> Any:
    """An array-like value as an array beside `like`: same class, same device."""
    return as_array(value, like)


def _tensor(value: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, complex):
        raise TypeError(f"must be real number, not {type(value).__name__}")
    if not is_operand(value):
        raise MXNetError(f"expected an array or a number, not {value!r} of type {type(value).__name__}")
    if isinstance(value, (list, tuple)):
        value = [item.asnumpy() if isinstance(item, Array) else item for item in value]
    values = _np.asarray(value)
    if values.dtype.name not in _dtype.NAMES:
        raise MXNetError(f"cannot make an array of type {values.dtype} from {type(value).__name__}")
    tensor = torch.from_numpy(_np.ascontiguousarray(values).reshape(values.shape))
    narrow = values.dtype == _np.float64 and isinstance(value, (list, tuple, float))
    return tensor.to(torch.float32) if narrow else tensor


def _number(value: Any) -> dict[str, Any]:
    if isinstance(value, _np.generic):
        value = value.item()
    if not isinstance(value, (int, float)):
        value = _real(value)
    if value is True or value is False:
        value = int(value)  # torch subtracts no truth values
    return {"scalar": value, "is_int": isinstance(value, int)}


def _real(value: Any) -> float:
    try:
        return float(value)
    except TypeError:
        raise TypeError(f"must be real number, not {type(value).__name__}") from None
