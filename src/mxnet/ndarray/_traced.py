"""What arrays do while a block is traced, where it is otherwise done to their memory: parts, writing, sharing."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from mxnet._modes import modes
from mxnet.base import NotTraceable
from mxnet.device import Device
from mxnet.ndarray import _indexing
from mxnet.ndarray._array import Array, device_of_array, invoke, run
from mxnet.ndarray._traced_assignment import set_item
from mxnet.ndarray._traced_indexing import get_item
from mxnet.ndarray._traced_keys import parse
from mxnet.operators.catalogue import find

__all__ = ["detached", "part", "reshaped", "to_device", "write"]


def part(array: Array, key: Any) -> Any:
    """``array[key]``; where that is a view, writing to one of the two writes to the other."""
    found = get_item(array, key)
    if found is not array and parse(array, key).is_basic and _is_view(array, key):
        modes.tracer.share(
            found, array, read=partial(get_item, key=key), write=lambda base, value: set_item(base, key, value)
        )
    return found


def _is_view(array: Array, key: Any) -> bool:
    return _indexing.get_item(torch.empty(array.shape, device="meta"), key)._is_view()


def write(array: Array, key: Any, value: Any) -> None:
    """``array[key] = value``."""
    modes.tracer.replace(array, set_item(array, key, value))


def detached(array: Array) -> Any:
    """The array as a constant for gradients, which shares its memory."""

    def stop_gradient(base: Array) -> Any:
        stopped = run(find("BlockGrad"), (base,), {})
        modes.tracer.cut(stopped)
        return stopped

    found = stop_gradient(array)
    modes.tracer.share(found, array, read=stop_gradient, write=lambda base, value: value)
    return found


def reshaped(array: Array, shape: tuple[int, ...]) -> Any:
    """The array in another shape, sharing its memory."""
    reshape = find("_np_reshape")
    found = invoke(reshape, (array,), {"newshape": shape})
    modes.tracer.share(
        found,
        array,
        read=lambda base: invoke(reshape, (base,), {"newshape": shape}),
        write=lambda base, value: invoke(reshape, (value,), {"newshape": array.shape}),
    )
    return found


def to_device(array: Array, device: Device) -> Any:
    """A copy on a device.

    Raises
    ------
    NotTraceable
        If it is another device than the array's: a graph runs on one.
    """
    if device != device_of_array(array):
        raise NotTraceable(f"the forward pass copies an array from {device_of_array(array)} to {device}")
    return run(find("_copy"), (array,), {})
