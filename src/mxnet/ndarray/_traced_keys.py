"""Keys of ``x[key]`` in canonical form, for `_traced_indexing`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mxnet.ndarray._array import Array, constant_like, invoke, is_known
from mxnet.ndarray._indexing import index_tensor
from mxnet.operators.catalogue import find

__all__ = ["ALL", "Key", "Selection", "check_position", "is_mask", "is_whole", "parse", "selection_of", "width"]

ALL = slice(None)


@dataclass(frozen=True)
class Key:
    """What stands between the brackets, item by item.

    Attributes
    ----------
    items : list of int, slice, None or Array
        An ellipsis is spelled out; axes behind the last item are whole.
    bare : bool
        Whether the key is one item and no tuple.
    together : bool
        Whether the integers and arrays stand side by side.
    """

    items: list[Any]
    bare: bool
    together: bool

    @property
    def is_basic(self) -> bool:
        return not any(isinstance(item, Array) for item in self.items)

    @property
    def is_everything(self) -> bool:
        """Whether the key names the whole array without giving it new axes."""
        return all(map(is_whole, self.items))

    @property
    def mask(self) -> int | None:
        """The place of the one mask, if the key is nothing else: whole axes may stand before and behind it."""
        others = [number for number, item in enumerate(self.items) if not is_whole(item)]
        alone = len(others) == 1 and is_mask(self.items[others[0]]) and width(self.items[others[0]]) > 0
        return others[0] if alone else None


@dataclass(frozen=True)
class Selection:
    """A key with arrays, in two steps.

    Attributes
    ----------
    basic : list of int, slice or None
        What comes first: the key with whole axes in the place of arrays.
    arrays : dict of int to Array
        The positions along axes of what `basic` gives, in ascending order of the axes.
    place : int
        Where the dimensions of the positions go in the result.
    """

    basic: list[Any]
    arrays: dict[int, Array]
    place: int


def parse(array: Array, key: Any) -> Key:
    """The key for an array.

    Raises
    ------
    IndexError
        If it has more items than the array has dimensions, or a position is out of bounds.
    ValueError
        For an item of a type that indexes nothing.
    """
    bare = type(key) is not tuple
    given = [_item(item, array) for item in ((key,) if bare else key)]
    if sum([item is Ellipsis for item in given]) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    rank = array._data.dim()
    used = sum(map(width, given))
    if used > rank:
        raise IndexError(f"too many indices ({used}) for array of {rank} dimensions")
    advanced = [number for number, item in enumerate(given) if isinstance(item, (int, Array))]
    together = not advanced or advanced[-1] - advanced[0] < len(advanced)
    items: list[Any] = []
    for item in given:
        items += [ALL] * (rank - used) if item is Ellipsis else [item]
    _check(items, array)
    return Key(items, bare, together)


def _item(item: Any, array: Array) -> Any:
    """An item as an integer, slice, None, Ellipsis or array."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        bounds = [None if bound is None else bound.__index__() for bound in (item.start, item.stop, item.step)]
        if bounds[2] == 0:
            raise ValueError("slice step cannot be zero")
        return slice(*bounds)
    if isinstance(item, (bool, np.bool_)):
        return constant_like(array, torch.tensor(bool(item)))
    if isinstance(item, (int, np.integer)):
        return int(item)
    if isinstance(item, Array):
        is_number = not item._data.dim() and item._data.dtype is not torch.bool and is_known(item)
        return int(item) if is_number else item
    index = index_tensor(item)
    return int(index) if index.dim() == 0 and index.dtype is not torch.bool else constant_like(array, index)


def width(item: Any) -> int:
    """How many axes of an array an item takes."""
    if item is None or item is Ellipsis:
        return 0
    return item._data.dim() if is_mask(item) else 1


def is_whole(item: Any) -> bool:
    """Whether an item takes a whole axis as it is."""
    return isinstance(item, slice) and item in (ALL, slice(None, None, 1))


def is_mask(item: Any) -> bool:
    return isinstance(item, Array) and item._data.dtype is torch.bool


def _check(items: list[Any], array: Array) -> None:
    """Refuse positions that are known and out of bounds, and masks that do not fit."""
    axis = 0
    for item in items:
        if isinstance(item, int):
            check_position(item, array.shape[axis], axis)
        elif is_mask(item):
            if item._data.shape != array._data.shape[axis : axis + width(item)]:
                raise IndexError(
                    f"a mask of shape {tuple(item._data.shape)} does not fit an array of shape {array.shape} "
                    f"at axis {axis}"
                )
        elif isinstance(item, Array) and is_known(item) and item._data.numel():
            for position in torch.aminmax(item._data):
                check_position(int(position), array.shape[axis], axis)
        axis += width(item)


def check_position(position: int, size: int, axis: int) -> None:
    """Refuse a position that an axis of that size does not have.

    Raises
    ------
    IndexError
        If it is out of bounds.
    """
    if not -size <= position < size:
        raise IndexError(f"index {position} is out of bounds for axis {axis} with size {size}")


def selection_of(key: Key, array: Array) -> Selection:
    """The two steps of a key with arrays.

    A mask stands for one array of positions for each of its dimensions; one without dimensions for positions along
    a new axis of size one.
    """
    basic: list[Any] = []
    arrays: dict[int, Array] = {}
    kept = 0  # axes so far that the basic items leave
    place = None
    for item in key.items:
        if place is None and isinstance(item, (int, Array)):
            place = kept
        if not isinstance(item, Array):
            basic.append(item)
            kept += not isinstance(item, int)
            continue
        positions = _positions(item, array) if is_mask(item) else [item]
        for each in positions:
            basic.append(ALL if width(item) else None)
            arrays[kept] = each
            kept += 1
    return Selection(basic, arrays, place if key.together else 0)


def _positions(mask: Array, array: Array) -> list[Array]:
    """Where a mask is true: positions along each of its dimensions, or along one if it has none."""
    if is_known(mask):
        values = mask._data if mask._data.dim() else mask._data.reshape(1)
        return [constant_like(array, positions) for positions in torch.nonzero(values).unbind(1)]
    if not mask._data.dim():
        mask = _call("_np_reshape", mask, newshape=(1,))
    columns = _call("_npx_nonzero", mask)
    picked = [_call("slice_axis", columns, axis=1, begin=axis, end=axis + 1) for axis in range(mask._data.dim())]
    return [_call("_np_reshape", column, newshape=(-1,)) for column in picked]


def _call(name: str, array: Array, **attributes: Any) -> Any:
    return invoke(find(name), (array,), attributes)
