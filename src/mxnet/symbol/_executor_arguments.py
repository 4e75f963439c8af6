"""What an `Executor` is given: arrays in lists or dicts, requests for gradients, and new shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from mxnet.base import MXNetError, listed
from mxnet.device import Device
from mxnet.ndarray import zeros
from mxnet.ndarray._array import Array, wrap
from mxnet.ndarray.ndarray import GRADIENT_REQUESTS, NDArray
from mxnet.util import is_np_shape

__all__ = ["Given", "Requests", "check_resized", "in_order", "of_outputs", "requests_of", "resized", "zeros_for"]

Given = Sequence[Any] | Mapping[str, Any] | None
Requests = str | Sequence[str] | Mapping[str, str]


def zeros_for(name: str, shape: tuple[int, ...] | None, dtype: Any, device: Device | None) -> NDArray:
    """The array that `simple_bind` makes for a variable, float32 unless a type is known."""
    least = 0 if is_np_shape() else 1
    if shape is None or min(shape, default=int(is_np_shape())) < least:
        raise MXNetError(f"the shape of {name!r} does not follow from those given (found: {shape}); give it too")
    return zeros(shape, device, dtype)


def check_resized(name: str, array: Any, shape: tuple[int, ...], may_change: bool, may_grow: bool) -> None:
    """Refuse a new shape of the array of a variable, where that may not change or grow.

    Raises
    ------
    MXNetError
    """
    if array is None or array.shape == shape:
        return
    if not may_change:
        raise MXNetError(
            f"{name!r} would change from shape {array.shape} to {shape}, and it is not named: "
            "pass partial_shaping=True if that is meant"
        )
    if prod(shape) > array.size and not may_grow:
        raise MXNetError(
            f"{name!r} of shape {shape} is larger than it was, {array.shape}: make the largest executor "
            "first, or pass allow_up_sizing=True"
        )


def resized(array: Any, shape: tuple[int, ...]) -> Any:
    """An array of another shape, over the same memory if that is large enough."""
    if array is None or array.shape == shape:
        return array
    size = prod(shape)
    if size > array.size:
        return wrap(type(array), array._data.new_zeros(shape), array._tag)
    return wrap(type(array), array._data.flatten()[:size].view(shape), array._tag)


def requests_of(given: Requests, names: Sequence[str]) -> list[str]:
    """What is asked for the gradient of each argument."""
    if isinstance(given, str):
        requests = [given] * len(names)
    elif isinstance(given, Mapping):
        requests = [given.get(name, "null") for name in names]
    elif isinstance(given, (list, tuple)):
        requests = list(given)
    else:
        raise TypeError(f"grad_req must be a string, or a list or dict of strings, not {type(given).__name__}")
    if len(requests) != len(names):
        raise ValueError(f"grad_req has {len(requests)} entries for {len(names)} arguments: {listed(names)}")
    for request in requests:
        if request not in GRADIENT_REQUESTS:
            raise ValueError(f"grad_req must be among {', '.join(GRADIENT_REQUESTS)}, not {request!r}")
    return requests


def in_order(given: Given, names: Sequence[str], what: str) -> list[Any]:
    """Arrays in the order of `names`, None for those not given."""
    if given is None:
        return [None] * len(names)
    if isinstance(given, Mapping):
        arrays = [given.get(name) for name in names]
    elif isinstance(given, (list, tuple)):
        arrays = list(given)
    else:
        raise TypeError(f"{what} must be a list or dict of arrays, not {type(given).__name__}")
    if len(arrays) != len(names):
        raise ValueError(f"{what} has {len(arrays)} arrays, but there are {len(names)}: {listed(names)}")
    for name, array in zip(names, arrays, strict=True):
        if array is not None and not isinstance(array, Array):
            raise TypeError(f"{what}: {name!r} must be an array, not {type(array).__name__}")
    return arrays


def of_outputs(given: Any, names: Sequence[str]) -> list[Any]:
    """The gradients with regard to outputs, in the order of their `names`; None for the default ones.

    Raises
    ------
    AssertionError
        If there are not as many gradients as outputs.
    KeyError
        If one is missing among those given by name.
    TypeError
        If one is no array.
    """
    if given is None:
        return [None] * len(names)
    if isinstance(given, Mapping):
        for name in names:
            if name not in given:
                raise KeyError(f"out_grads has no {name!r}, only {listed(given)}")
        given = [given[name] for name in names]
    gradients = [given] if isinstance(given, Array) else given
    if not isinstance(gradients, (list, tuple)):
        raise TypeError(f"out_grads must be an array, or a list or dict of arrays, not {type(given).__name__}")
    if len(gradients) != len(names):
        raise AssertionError(f"{len(gradients)} gradients are given for {len(names)} outputs")
    for gradient in gradients:
        if not (gradient is None or isinstance(gradient, Array)):
            raise TypeError(f"out_grads must be arrays, but one is of type {type(gradient).__name__}")
    return list(gradients)
