"""Reading and writing parts of an array: NumPy's indexing rules on torch tensors.

As in MXNet, a basic index that picks one contiguous block (``x[2]``, ``x[1:3]``, ``x[0, 1:]``) is a view and
every other one a copy. Torch knows most of the rules; what differs from NumPy is done here: slices with negative
steps, integers beside index arrays, and index arrays of other types than int64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from mxnet._dtype import name_of
from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, read

__all__ = ["get_item", "index_tensor", "number_for", "set_item"]

_BASIC = frozenset((int, slice, type(None), type(Ellipsis)))


def get_item(tensor: torch.Tensor, key: Any) -> torch.Tensor:
    """The part of `tensor` that `key` selects.

    Raises
    ------
    IndexError
        For an index out of range, or more indices than dimensions.
    ValueError
        For a key of a type that indexes nothing.
    """
    kind = type(key)
    if kind not in _BASIC and not (kind is tuple and _is_basic(key)):
        key = _torch_key(key, tensor)
        if type(key) is torch.Tensor:
            return _select(tensor, key)
        if not _is_basic(key):
            return _flipped(tensor, key, _select)
    try:
        part = tensor[key]
    except ValueError:
        return _flipped(tensor, key, _select)
    except IndexError as error:
        raise _translated(error) from None
    if kind is int or (part.is_contiguous() if tensor.is_contiguous() else _is_one_block(tensor, key)):
        return part
    return part.clone()


def set_item(tensor: torch.Tensor, key: Any, value: Any) -> None:
    """Write `value` (a tensor or number) to the part of `tensor` that `key` selects.

    Raises
    ------
    IndexError
        As `get_item`.
    MXNetError
        If `value` does not broadcast to that part.
    TypeError
        If `value` is not a number that the array can hold.
    """
    if isinstance(value, torch.Tensor):
        value = value.to(dtype=tensor.dtype, device=tensor.device)
        if value.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr():
            value = value.clone()
    else:
        value = number_for(tensor, value)
    if type(key) not in _BASIC:
        key = _torch_key(key, tensor)
    try:
        if _has_negative_step(key):
            _flipped(tensor, key, lambda part, rest: _write(part, rest, value))
        else:
            _write(tensor, key, value)
    except RuntimeError as error:
        given = tuple(value.shape) if isinstance(value, torch.Tensor) else value
        wanted = tuple(get_item(tensor, key).shape)
        raise MXNetError(f"cannot write a value of shape {given} to a part of shape {wanted}") from error


def number_for(tensor: torch.Tensor, value: Any) -> bool | int | float:
    """A number that `tensor` can hold.

    Raises
    ------
    TypeError
        If it is complex.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, complex):
        raise TypeError(f"an array of {name_of(tensor.dtype)} cannot hold the number {value}")
    return value


def _select(tensor: torch.Tensor, key: Any) -> torch.Tensor:
    tensor, key = _apart(tensor, key)
    try:
        return tensor[key].clone() if _is_basic(key) else tensor[key]
    except IndexError as error:
        raise _translated(error) from None
    except ValueError as error:  # an integer that no axis is long enough for
        raise IndexError(f"index out of bounds: {error}") from None


def _apart(tensor: torch.Tensor, key: Any) -> tuple[torch.Tensor, Any]:
    """The tensor and the key with index arrays in front where an ellipsis that takes no axis stands between them.

    NumPy puts their dimensions in front then; torch takes them for neighbours.
    """
    if type(key) is not tuple or not any([item is Ellipsis for item in key]):
        return tensor, key
    arrays = [isinstance(item, torch.Tensor) for item in key]
    gap = [item is Ellipsis for item in key].index(True)
    if not (any(arrays[:gap]) and any(arrays[gap:])) or sum(map(_width, key)) < tensor.dim():
        return tensor, key
    order = [
        axis + more
        for place, axis in _axes_of(list(key), tensor.dim())
        if arrays[place]
        for more in range(_width(key[place]))
    ]
    order += [axis for axis in range(tensor.dim()) if axis not in order]
    ordered = sorted(range(len(key)), key=lambda place: not arrays[place])
    return tensor.permute(order), tuple([key[place] for place in ordered if place != gap])


def _write(tensor: torch.Tensor, key: Any, value: Any) -> None:
    tensor, key = _apart(tensor, key)
    if isinstance(value, torch.Tensor) and value.dim() > 1 and value.shape[0] == 1 and not _is_basic(key):
        # NumPy drops leading dimensions of one from the value; torch does so only for basic keys.
        rank = tensor[key].dim()
        while value.dim() > rank and value.shape[0] == 1:
            value = value[0]
    try:
        tensor[key] = value
    except IndexError as error:
        raise _translated(error) from None


def _translated(error: IndexError) -> IndexError:
    text = str(error)
    if "0-dim" in text:
        return IndexError("too many indices for array of 0 dimensions")
    return IndexError(text.replace("tensor", "array").replace("for dimension", "for axis"))


def _is_basic(key: Any) -> bool:
    """Whether integers, slices, None and an ellipsis are all there is in a key."""
    if type(key) is not tuple:
        return type(key) in _BASIC
    ellipses = 0
    for item in key:
        if type(item) not in _BASIC:
            return False
        ellipses += item is Ellipsis
    if ellipses > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    return True


def _is_one_block(tensor: torch.Tensor, key: Any) -> bool:
    """Whether a basic key picks one block of the array in C order, however the tensor lies in memory."""
    return torch.empty(tensor.shape, device="meta")[key].is_contiguous()


# Keys in torch's words


def _torch_key(key: Any, tensor: torch.Tensor) -> Any:
    """`key` as an index tensor, or a tuple of what torch understands as NumPy does."""
    if isinstance(key, Array) and key._data.dim():
        return _torch_item(key, tensor)
    items = [_torch_item(item, tensor) for item in (key if type(key) is tuple else (key,))]
    if sum([item is Ellipsis for item in items]) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if any([isinstance(item, torch.Tensor) for item in items]):
        # Beside an index array an integer is one too, which decides where the axes of the result go.
        items = [torch.tensor([item], device=tensor.device) if type(item) is int else item for item in items]
    return tuple(items)


def _torch_item(item: Any, tensor: torch.Tensor) -> Any:
    if type(item) is int or item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        return slice(*[None if bound is None else _bound(bound) for bound in (item.start, item.stop, item.step)])
    if isinstance(item, (bool, np.bool_)):
        return torch.tensor(bool(item), device=tensor.device)
    if isinstance(item, (int, np.integer)):
        return int(item)
    index = index_tensor(item)
    if index.dtype is torch.bool:
        return index.to(tensor.device)
    if index.dim() == 0:
        return int(index)
    return index.to(tensor.device, torch.int64)


def index_tensor(item: Any) -> torch.Tensor:
    """The positions or truth values of an array-like item of a key.

    Raises
    ------
    ValueError
        If it is no such thing.
    """
    if isinstance(item, Array):
        return read(item).detach()
    if isinstance(item, torch.Tensor):
        return item
    if isinstance(item, (np.ndarray, Sequence)) and not isinstance(item, (str, bytes)):
        values = np.asarray(_without_arrays(item))
        if values.size == 0 and not isinstance(item, np.ndarray):
            values = values.astype(np.int64)
        if values.dtype.kind in "biuf":
            return torch.from_numpy(np.ascontiguousarray(values).reshape(values.shape))
    raise ValueError(f"arrays do not support slicing with key {item!r} of type {type(item)}")


def _without_arrays(item: Any) -> Any:
    """A sequence with the arrays in it as NumPy's."""
    if isinstance(item, Array):
        return item.asnumpy()
    return [_without_arrays(part) for part in item] if isinstance(item, (list, tuple)) else item


def _bound(value: Any) -> int:
    return int(read(value)) if isinstance(value, Array) else value.__index__()


# Negative steps


def _has_negative_step(key: Any) -> bool:
    items = key if type(key) is tuple else (key,)
    return any([type(item) is slice and item.step is not None and item.step < 0 for item in items])


def _flipped(tensor: torch.Tensor, key: Any, act: Any) -> Any:
    """Call ``act(tensor, key)`` with axes of the tensor reversed and each negative step made positive.

    What it writes to the reversed axes is written back.
    """
    if not _has_negative_step(key):
        if any([type(item) is slice and item.step == 0 for item in (key if type(key) is tuple else (key,))]):
            raise ValueError("slice step cannot be zero")
        return act(tensor, key)
    items = list(key if type(key) is tuple else (key,))
    axes = []
    for place, axis in _axes_of(items, tensor.dim()):
        item = items[place]
        if type(item) is slice and item.step is not None and item.step < 0:
            size = tensor.shape[axis]
            picked = range(*item.indices(size))
            start = size - 1 - picked.start
            items[place] = slice(start, start + (len(picked) - 1) * -item.step + 1 if picked else start, -item.step)
            axes.append(axis)
    reversed_axes = tensor.flip(axes)
    result = act(reversed_axes, tuple(items))
    if result is None:
        tensor.copy_(reversed_axes.flip(axes))
    return result


def _axes_of(items: list[Any], rank: int) -> list[tuple[int, int]]:
    """The first axis that each item of a key takes, as pairs of place in the key and axis."""
    used = sum([_width(item) for item in items])
    if used > rank:
        raise IndexError(f"too many indices ({used}) for array of {rank} dimensions")
    pairs, axis = [], 0
    for place, item in enumerate(items):
        pairs.append((place, axis))
        axis += rank - used if item is Ellipsis else _width(item)
    return pairs


def _width(item: Any) -> int:
    """How many axes an item of a key takes."""
    if item is None or item is Ellipsis:
        return 0
    return item.dim() if isinstance(item, torch.Tensor) and item.dtype is torch.bool else 1
