"""NumPy's own functions on our arrays: dispatched to `mx.np` where it has the function, else computed by NumPy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as _np
import torch

from mxnet.device import Device, current_device
from mxnet.ndarray._array import Array, place, refuse_tracing, wrap

__all__ = ["array_function", "array_ufunc", "compute_with_numpy"]


def array_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`numpy.add(x, y)` and the like, where one of the operands is an array of ours."""
    if method != "__call__":
        return NotImplemented
    targets = kwargs.pop("out", ())
    if any(not isinstance(target, Array) for target in targets):
        plain = [_to_numpy(value) for value in inputs]
        return ufunc(*plain, out=tuple(map(_to_numpy, targets)), **kwargs)
    function = getattr(sys.modules["mxnet.numpy"], ufunc.__name__, None)
    if function is None:
        return compute_with_numpy(ufunc, inputs, kwargs)
    if targets:
        kwargs["out"] = targets[0]
    return function(*inputs, **kwargs)


def array_function(func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`numpy.concatenate([x, y])` and the like, where one of the arguments is an array of ours."""
    if not all(issubclass(kind, (Array, _np.ndarray)) for kind in types):
        return NotImplemented
    home = sys.modules["mxnet.numpy"]
    for part in func.__module__.split(".")[1:]:
        home = getattr(home, part, None)
    function = getattr(home, func.__name__, None)
    if function is None:
        return compute_with_numpy(func, args, kwargs)
    return function(*args, **kwargs)


def compute_with_numpy(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a NumPy function on copies of the arrays among its arguments.

    Arrays in the result are `mx.np.ndarray` on the device of the first array given; numbers stay NumPy's.
    """
    first = _first_array([*args, *kwargs.values()])
    if first is not None:
        refuse_tracing(f"{func.__name__} is computed by NumPy")
    device = current_device() if first is None else first.device
    result = func(*[_to_numpy(value) for value in args], **{key: _to_numpy(v) for key, v in kwargs.items()})
    return _to_arrays(result, device)


def _first_array(values: Any) -> Array | None:
    for value in values:
        if isinstance(value, (list, tuple)):
            value = _first_array(value)
        if isinstance(value, Array):
            return value
    return None


def _to_numpy(value: Any) -> Any:
    if isinstance(value, Array):
        return value.asnumpy()
    if isinstance(value, (list, tuple)):
        return type(value)([_to_numpy(item) for item in value])
    return value


def _to_arrays(value: Any, device: Device) -> Any:
    if isinstance(value, _np.ndarray) and value.dtype.kind in "biuf":
        from mxnet.numpy.multiarray import ndarray

        where, tag = place(device)
        return wrap(ndarray, torch.from_numpy(_np.array(value, order="C")).to(where), tag)
    if type(value) in (list, tuple):
        return type(value)(_to_arrays(item, device) for item in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[_to_arrays(item, device) for item in value])
    return value
