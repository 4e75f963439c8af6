"""Writing to parts of an array with operators alone, as graphs need it: the counterpart of `_traced_indexing`.

Nothing is written in place. The operators are ``_slice_assign`` for slices, a ``where`` for masks and
``_npx_index_update``, which only MXNet 2.0 has, for index arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch

from mxnet._dtype import name_of
from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, constant_like, is_known
from mxnet.ndarray._indexing import number_for
from mxnet.ndarray._traced_indexing import (
    call,
    joined,
    moved,
    part_of,
    permuted,
    pick,
    slice_bounds,
    to_front,
)
from mxnet.ndarray._traced_keys import Key, Selection, is_whole, parse, selection_of

__all__ = ["set_item"]


def set_item(array: Array, key: Any, value: Any) -> Any:
    """A copy of `array` with `value` in the place of the part that `key` selects.

    Raises
    ------
    IndexError, ValueError
        As `get_item`.
    MXNetError
        If `value` does not broadcast to that part.
    TypeError
        If `value` is no number and no array that the array can hold.
    DynamicShape
        If what is written where hangs on values that are not known.
    """
    parsed = parse(array, key)
    value = _value_for(array, value)
    if parsed.is_basic:
        return _with_part(array, parsed, value)
    if parsed.mask is not None:
        return _blended(array, parsed.mask, parsed.items[parsed.mask], value)
    selection = selection_of(parsed, array)
    basic = Key(selection.basic, bare=False, together=True)
    if basic.is_everything:
        return _with_picked(array, selection, value)
    return _with_part(array, basic, _with_picked(part_of(array, basic), selection, value))


def _value_for(array: Array, value: Any) -> Any:
    """A value as a number, or as an array of the type of `array`."""
    dtype = array._data.dtype
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return number_for(array._data, value)
    if isinstance(value, Array):
        return value if value._data.dtype is dtype else call("Cast", value, dtype=name_of(dtype))
    if isinstance(value, (list, tuple, np.ndarray)):
        value = torch.from_numpy(np.array(value))
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"an array takes numbers and arrays, not {value!r} of type {type(value).__name__}")
    return constant_like(array, value.to(dtype))


# Slices


def _with_part(array: Array, key: Key, value: Any) -> Any:
    along = [item for item in key.items if item is not None]
    everything = all(map(is_whole, along))
    if not isinstance(value, Array):
        if everything:
            return call("_npi_full_like", array, fill_value=value)
        return call("_slice_assign_scalar", array, scalar=value, **slice_bounds(along))
    value = _along_axes(value, key.items, _shape_of_part(array, key.items))
    if everything:
        return call("_copy", _spread(value, array))
    bounds = slice_bounds(along)
    return call("_slice_assign", array, _spread(value, call("slice", array, **bounds)), **bounds)


def _shape_of_part(array: Array, items: Sequence[Any]) -> tuple[int, ...]:
    """The shape of what a key without arrays selects."""
    sizes = iter(array.shape)
    shape = []
    for item in items:
        if item is None:
            shape.append(1)
            continue
        size = next(sizes)
        if isinstance(item, slice):
            shape.append(len(range(*item.indices(size))))
    return (*shape, *sizes)


def _along_axes(value: Array, items: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """A value for a part of a shape, with its axes in line with those of the array that the key is for."""
    value = _of_rank(value, shape)
    codes = [-3 if item is None else -2 for item in items if not isinstance(item, int)]
    if -3 in codes:
        value = call("_npx_reshape", value, newshape=(*codes, -4))
    for axis, item in enumerate([item for item in items if item is not None]):
        if isinstance(item, int):
            value = call("expand_dims", value, axis=axis)
    return value


def _of_rank(value: Array, shape: tuple[int, ...]) -> Any:
    """A value that broadcasts to a shape, with as many dimensions.

    Raises
    ------
    MXNetError
        If it does not broadcast.
    """
    given = value.shape
    value = _of_rank_at_most(value, len(shape))
    if not _broadcasts(value.shape, shape):
        raise MXNetError(f"cannot write a value of shape {given} to a part of shape {shape}")
    for _ in range(len(shape) - value.ndim):
        value = call("expand_dims", value, axis=0)
    return value


def _of_rank_at_most(value: Array, rank: int) -> Any:
    """A value without the dimensions of one that it has in front beyond a rank."""
    extra = value.ndim - rank
    if extra <= 0 or any(size != 1 for size in value.shape[:extra]):
        return value
    return call("_npx_reshape", value, newshape=(-3,) * extra + (-4,))


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def _spread(value: Array, part: Array) -> Any:
    """A value of the rank of `part`, in its shape."""
    return value if value.shape == part.shape and 1 not in value.shape else call("broadcast_like", value, part)


# Masks


def _blended(array: Array, axis: int, mask: Array, value: Any) -> Any:
    """The array with `value` where a mask from `axis` on is true."""
    behind = array.ndim - axis - mask.ndim
    condition = call("_npx_reshape", mask, newshape=(-2,) * mask.ndim + (1,) * behind) if behind else mask
    if not isinstance(value, Array):
        return call("_npi_where_lscalar", condition, array, scalar=value)
    value = _of_rank_at_most(value, axis + 1 + behind)
    counted = value.ndim - behind - 1  # the axis of the value that runs over the true elements
    if counted >= 0:
        if not value.shape[counted]:  # for a mask without true elements
            return call("_copy", array)
        value = _dealt_out(value, counted, mask)
    return call("_npi_where", condition, _of_rank(value, array.shape), array)


def _dealt_out(value: Array, axis: int, mask: Array) -> Any:
    """What a value has along an axis laid out so that each stands where the mask is true for it.

    Something stands elsewhere too, and one alone stands everywhere.
    """
    numbers = call("Cast", call("_np_reshape", mask, newshape=(prod(mask.shape),)), dtype="int64")
    numbers = call("_npi_subtract_scalar", call("_npi_cumsum", numbers, axis=0), scalar=1)
    dealt = call("take", value, numbers, axis=axis, mode="clip")
    return call("_np_reshape", dealt, newshape=(*value.shape[:axis], *mask.shape, *value.shape[axis + 1 :]))


# Index arrays


def _with_picked(source: Array, selection: Selection, value: Any) -> Any:
    axes = list(selection.arrays)
    part = pick(source, selection.arrays, selection.place)
    if isinstance(value, Array):
        value = _spread(_of_rank(value, part.shape), part)
    else:
        value = call("_npi_full_like", part, fill_value=value)
    front = to_front(source, axes)
    indices = joined([_from_the_front(index, source.shape[axis]) for axis, index in selection.arrays.items()])
    count = prod(indices.shape[1:])
    value = moved(value, selection.place, part.ndim - (source.ndim - len(axes)), 0)
    value = call("_np_reshape", value, newshape=(count, *front.shape[len(axes) :]))
    updated = call("_npx_index_update", front, call("_np_reshape", indices, newshape=(len(axes), count)), value)
    order = [*axes, *[axis for axis in range(source.ndim) if axis not in axes]]
    return permuted(updated, [order.index(axis) for axis in range(source.ndim)])


def _from_the_front(index: Array, size: int) -> Array:
    """Known positions counted from the front, which ``_npx_index_update`` of MXNet asks for."""
    values = index._data
    if not is_known(index) or values.is_floating_point() or not bool((values < 0).any()):
        return index
    return constant_like(index, torch.where(values < 0, values + size, values))
