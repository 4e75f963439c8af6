"""NumPy's own functions on our arrays: dispatched to `mx.np` where it has the function, else computed by NumPy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as _np
import torch

from mxnet._nested import flatten, map_leaves, rebuild
from mxnet.device import Device, current_device
from mxnet.ndarray._array import Array, place, refuse_tracing, wrap

__all__ = ["array_function", "array_ufunc", "compute_with_numpy"]


def array_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`numpy.add(x, y)` and the like, where one of the operands is an array of ours."""
    if method != "__call__":
        return NotImplemented
    targets = kwargs.pop("out", ())
    if any(not isinstance(target, Array) for target in targets):
        plain, out = map_leaves((inputs, targets), Array, lambda array: array.asnumpy())
        return ufunc(*plain, out=out, **kwargs)
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
    arrays: list[Array] = []
    structure = flatten((args, kwargs), arrays, Array)
    if arrays:
        refuse_tracing(f"{func.__name__} is computed by NumPy")
    device = arrays[0].device if arrays else current_device()
    args, kwargs = rebuild(structure, iter([array.asnumpy() for array in arrays]))
    return map_leaves(func(*args, **kwargs), _np.ndarray, lambda array: _to_array(array, device))


def _to_array(array: _np.ndarray, device: Device) -> Any:
    """An array of NumPy's as one of ours, if it holds numbers."""
    if array.dtype.kind not in "biuf":
        return array
    from mxnet.numpy.multiarray import ndarray

    where, tag = place(device)
    return wrap(ndarray, torch.from_numpy(_np.array(array, order="C")).to(where), tag)
