"""NumPy semantics: the switches of MXNet 2.0, which are on from the start here, and decorators that use them.

`is_np_shape` and `is_np_array` only say what was asked for: shapes and arrays follow NumPy whatever they say.
`set_np_default_dtype` really switches the type of new arrays between float32 and float64.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import torch

from mxnet import _dtype

__all__ = [
    "default_array",
    "dtype_from_number",
    "get_gpu_count",
    "get_gpu_memory",
    "getenv",
    "is_np_array",
    "is_np_default_dtype",
    "is_np_shape",
    "np_array",
    "np_default_dtype",
    "np_shape",
    "reset_np",
    "set_module",
    "set_np",
    "set_np_default_dtype",
    "set_np_shape",
    "setenv",
    "use_np",
    "use_np_array",
    "use_np_default_dtype",
    "use_np_shape",
    "wrap_ctx_to_device_func",
]

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

_asked = {"shape": True, "array": True}


def is_np_shape() -> bool:
    """Whether NumPy shapes (with zero dimensions and zero sizes) were asked for; they are always there."""
    return _asked["shape"]


def is_np_array() -> bool:
    """Whether blocks are to give `mx.np.ndarray`; True unless `reset_np` was called."""
    return _asked["array"]


def is_np_default_dtype() -> bool:
    """Whether new arrays are float64 (and ranges of integers int64), as in NumPy."""
    return _dtype.default_float() is torch.float64


def set_np_shape(active: bool) -> bool:
    """Ask for NumPy shapes or not; returns what was asked for before."""
    before, _asked["shape"] = _asked["shape"], bool(active)
    return before


def _set_np_array(active: bool) -> bool:
    before, _asked["array"] = _asked["array"], bool(active)
    return before


def set_np_default_dtype(is_np_default_dtype: bool = True) -> bool:
    """Make float64 (True) or float32 (False) the type of new arrays; returns what it was."""
    before = _dtype.default_float() is torch.float64
    _dtype.set_default_float(torch.float64 if is_np_default_dtype else torch.float32)
    return before


def set_np(shape: bool = True, array: bool = True, dtype: bool = False) -> None:
    """Switch NumPy semantics on: shapes, arrays and, if asked for, default types.

    Raises
    ------
    ValueError
        For arrays without shapes.
    """
    if array and not shape:
        raise ValueError("NumPy shape semantics is required in using NumPy array semantics: array=True, shape=False")
    set_np_shape(shape)
    _set_np_array(array)
    set_np_default_dtype(dtype)


def reset_np() -> None:
    """Switch NumPy semantics off again."""
    set_np(shape=False, array=False, dtype=False)


class _Scope:
    """Sets a switch for a ``with`` block."""

    def __init__(self, switch: Callable[[bool], bool], active: bool) -> None:
        self._switch = switch
        self._active = active
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(self._switch(self._active))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._switch(self._before.pop())


def np_shape(active: bool = True) -> _Scope:
    """A ``with`` block in which `is_np_shape` says `active`."""
    return _Scope(set_np_shape, active)


def np_array(active: bool = True) -> _Scope:
    """A ``with`` block in which `is_np_array` says `active`."""
    return _Scope(_set_np_array, active)


def np_default_dtype(active: bool = True) -> _Scope:
    """A ``with`` block in which new arrays are float64 (or with False float32)."""
    return _Scope(set_np_default_dtype, active)


def use_np(func: _Decorated) -> _Decorated:
    """Mark a class or function as written for NumPy semantics. It is returned as it is: they are always there."""
    return func


def use_np_shape(func: _Decorated) -> _Decorated:
    """As `use_np`."""
    return func


def use_np_array(func: _Decorated) -> _Decorated:
    """As `use_np`."""
    return func


def use_np_default_dtype(func: _Decorated) -> _Decorated:
    """As `use_np`."""
    return func


def wrap_ctx_to_device_func(func: _Decorated) -> _Decorated:
    """The function as it is: those of this package take ``ctx`` and ``device`` themselves."""
    return func


def set_module(module: str | None) -> Callable[[_Decorated], _Decorated]:
    """A decorator that sets ``__module__`` of a function or class."""

    def decorate(func: _Decorated) -> _Decorated:
        if module is not None:
            func.__module__ = module
        return func

    return decorate


def default_array(source_array: Any, ctx: Any = None, dtype: Any = None, device: Any = None) -> Any:
    """An `mx.np.ndarray` of the given values, or an `mx.nd.NDArray` where `is_np_array` says False."""
    from mxnet import ndarray, numpy

    make = numpy.array if is_np_array() else ndarray.array
    return make(source_array, ctx=device or ctx, dtype=dtype)


def dtype_from_number(number: Any) -> type:
    """The NumPy type that holds a Python number: bool, int64 or the default float.

    Raises
    ------
    TypeError
        If `number` is no number.
    """
    import numpy as np

    if isinstance(number, (bool, np.bool_)):
        return np.bool_
    if isinstance(number, (int, np.integer)):
        return np.int64
    if isinstance(number, (float, np.floating)):
        return np.float64 if is_np_default_dtype() else np.float32
    raise TypeError(f"expected a number, not {type(number).__name__}")


def get_gpu_count() -> int:
    """Number of GPUs this process can use."""
    from mxnet.device import num_gpus

    return num_gpus()


def get_gpu_memory(gpu_dev_id: int) -> tuple[int, int]:
    """Free and total memory of a GPU, in bytes."""
    from mxnet.device import gpu_memory_info

    return gpu_memory_info(gpu_dev_id)


def getenv(name: str) -> str | None:
    """An environment variable, or None."""
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set an environment variable, or with None remove it."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
