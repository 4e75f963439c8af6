"""Reading and writing parts of an array: NumPy's indexing rules on torch tensors.

As in MXNet, a basic index that picks one contiguous block (``x[2]``, ``x[1:3]``, ``x[0, 1:]``) is a view and
every other one a copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mxnet.ndarray._array import Array, read

__all__ = ["get_item", "set_item"]

_BASIC = (int, slice, type(None), type(Ellipsis))


def get_item(tensor: torch.Tensor, key: Any) -> torch.Tensor:
    """The part of `tensor` that `key` selects.

    Raises
    ------
    IndexError
        For an index out of range, or more indices than dimensions.
    ValueError
        For a key of a type that indexes nothing.
    """
    if type(key) is int:
        return tensor[_check_bound(key, tensor)]
    key = _tensor_key(key, tensor)
    if _has_negative_step(key):
        return tensor.reshape(-1)[_positions(tensor, key)]
    part = tensor[key]
    if _is_basic(key) and not _is_one_block(key, tensor):
        return part.clone()
    return part


def set_item(tensor: torch.Tensor, key: Any, value: Any) -> None:
    """Write `value` (a tensor or number) to the part of `tensor` that `key` selects.

    Raises
    ------
    IndexError
        As `get_item`.
    ValueError
        If `value` does not broadcast to that part.
    """
    key = _tensor_key(key, tensor)
    if isinstance(value, torch.Tensor):
        value = value.to(dtype=tensor.dtype, device=tensor.device)
    try:
        if _has_negative_step(key):
            tensor.copy_(tensor.reshape(-1).index_put((_positions(tensor, key),), _as_tensor(value, tensor)).view(tensor.shape))
        elif isinstance(value, torch.Tensor):
            _assign(tensor, key, value)
        else:
            tensor[key] = value
    except RuntimeError as error:
        given = tuple(value.shape) if isinstance(value, torch.Tensor) else value
        wanted = tuple(get_item(tensor, key).shape)
        raise ValueError(f"cannot write a value of shape {given} to a part of shape {wanted}") from error


def _assign(tensor: torch.Tensor, key: Any, value: torch.Tensor) -> None:
    if _is_basic(key):
        part = tensor[key]
        # NumPy drops leading dimensions of one from the value; torch.copy_ does not.
        while value.dim() > part.dim() and value.shape[0] == 1:
            value = value[0]
        part.copy_(value)
    else:
        tensor[key] = value


def _as_tensor(value: Any, like: torch.Tensor) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=like.dtype, device=like.device)


def _check_bound(key: int, tensor: torch.Tensor) -> int:
    if tensor.dim() == 0:
        raise IndexError("too many indices (1) for array with 0 dimensions")
    size = tensor.shape[0]
    if not -size <= key < size:
        raise IndexError(f"index {key} is out of bounds for axis 0 with size {size}")
    return key


def _tensor_key(key: Any, tensor: torch.Tensor) -> Any:
    """`key` with arrays, lists and NumPy values as torch understands them, its bounds checked."""
    items = list(key) if isinstance(key, tuple) else [key]
    items = [_tensor_item(item, tensor) for item in items]
    used = sum(item.dim() if _is_mask(item) else 1 for item in items if item is not None and item is not Ellipsis)
    if used > tensor.dim():
        raise IndexError(f"too many indices ({used}) for array with {tensor.dim()} dimensions")
    _check_integers(items, tensor, used)
    return tuple(items)


def _tensor_item(item: Any, tensor: torch.Tensor) -> Any:
    if item is None or item is Ellipsis or type(item) is int:
        return item
    if isinstance(item, slice):
        return slice(*[None if bound is None else _bound(bound) for bound in (item.start, item.stop, item.step)])
    if isinstance(item, (bool, np.bool_)):
        return torch.tensor(bool(item), device=tensor.device)
    if isinstance(item, (int, np.integer)):
        return int(item)
    if isinstance(item, Array):
        item = read(item)
    elif isinstance(item, (np.ndarray, list, tuple, range)):
        values = np.asarray(item)
        if values.size == 0 and not isinstance(item, np.ndarray):
            values = values.astype(np.int64)
        if values.dtype.kind not in "biuf":
            raise ValueError(f"arrays do not support slicing with key {item!r} of type {type(item)}")
        item = torch.from_numpy(np.ascontiguousarray(values))
    elif not isinstance(item, torch.Tensor):
        raise ValueError(f"arrays do not support slicing with key {item!r} of type {type(item)}")
    if item.dtype is not torch.bool:
        item = item.to(torch.int64)
        if item.dim() == 0:
            return int(item)
    return item.to(tensor.device)


def _bound(value: Any) -> int:
    if isinstance(value, Array):
        return int(read(value))
    return value.__index__()


def _is_mask(item: Any) -> bool:
    return isinstance(item, torch.Tensor) and item.dtype is torch.bool


def _check_integers(items: list[Any], tensor: torch.Tensor, used: int) -> None:
    axis = 0
    for item in items:
        if item is None:
            continue
        if item is Ellipsis:
            axis += tensor.dim() - used
            continue
        if type(item) is int:
            size = tensor.shape[axis]
            if not -size <= item < size:
                raise IndexError(f"index {item} is out of bounds for axis {axis} with size {size}")
        elif _is_mask(item):
            _check_mask(item, tensor, axis)
            axis += item.dim()
            continue
        elif isinstance(item, torch.Tensor) and item.device.type == "cpu" and item.numel():
            _check_range(item, tensor.shape[axis], axis)
        axis += 1


def _check_mask(mask: torch.Tensor, tensor: torch.Tensor, axis: int) -> None:
    found = tuple(tensor.shape[axis : axis + mask.dim()])
    if tuple(mask.shape) != found:
        raise IndexError(
            f"boolean index of shape {tuple(mask.shape)} did not match indexed array of shape {found} at axis {axis}"
        )


def _check_range(index: torch.Tensor, size: int, axis: int) -> None:
    low, high = (int(bound) for bound in torch.aminmax(index))
    if low < -size or high >= size:
        wrong = low if low < -size else high
        raise IndexError(f"index {wrong} is out of bounds for axis {axis} with size {size}")


def _is_basic(key: tuple[Any, ...]) -> bool:
    return all(isinstance(item, _BASIC) for item in key)


def _is_one_block(key: tuple[Any, ...], tensor: torch.Tensor) -> bool:
    """Whether a basic key picks one contiguous block of the array in C order."""
    items = [item for item in key if item is not None]
    if Ellipsis in items:
        at = items.index(Ellipsis)
        items[at : at + 1] = [slice(None)] * (tensor.dim() - len(items) + 1)
    items += [slice(None)] * (tensor.dim() - len(items))
    block = False  # set once an axis is taken as a run of more than one: all after it must be whole
    for item, size in zip(items, tensor.shape, strict=True):
        if isinstance(item, int):
            if block:
                return False
            continue
        start, stop, step = item.indices(size)
        length = len(range(start, stop, step))
        if block and length != size:
            return False
        if length > 1:
            if step != 1:
                return False
            block = True
    return True


def _has_negative_step(key: tuple[Any, ...]) -> bool:
    return any(isinstance(item, slice) and item.step is not None and item.step < 0 for item in key)


def _positions(tensor: torch.Tensor, key: tuple[Any, ...]) -> torch.Tensor:
    """Flat positions that `key` selects: torch's slices know no negative step, NumPy's do."""
    numbers = np.arange(tensor.numel()).reshape(tuple(tensor.shape))
    numpy_key = tuple(item.cpu().numpy() if isinstance(item, torch.Tensor) else item for item in key)
    return torch.from_numpy(np.ascontiguousarray(numbers[numpy_key])).to(tensor.device)
