"""Reading and writing parts of an array with operators alone, as graphs need it.

Keys of integers, slices and masks become the operators that MXNet 2.0 writes for them: ``x[:, 0]`` a ``slice`` and
an ``_npx_reshape`` that drops the dimension. Where MXNet 2.0 refuses a key in a hybridized block (index arrays,
``None``, an ellipsis), and where it writes the size of an axis into the graph (``x[-1]``, ``x[1:]``), operators are
taken that both 1.9.1 and 2.0 load and that do not depend on sizes.

Positions that are known are checked; others are taken modulo the size of the axis when the graph runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet._dtype import name_of
from mxnet.ndarray._array import Array, invoke, is_known
from mxnet.ndarray._traced_keys import Key, is_whole, parse, selection_of
from mxnet.operators.catalogue import find

__all__ = [
    "call",
    "get_item",
    "joined",
    "moved",
    "part_of",
    "permuted",
    "pick",
    "reads_mask",
    "slice_bounds",
    "to_front",
]


def get_item(array: Array, key: Any) -> Any:
    """The part of `array` that `key` selects; for all of it `array` itself.

    Raises
    ------
    IndexError
        For a known position out of bounds, or more items than dimensions.
    ValueError
        For a key of a type that indexes nothing.
    DynamicShape
        If the shape of the part hangs on values that are not known.
    """
    parsed = parse(array, key)
    if parsed.is_basic:
        return part_of(array, parsed)
    if parsed.mask == 0 and reads_mask(array, parsed.items[0]):
        return _masked(array, parsed.items[0])
    selection = selection_of(parsed, array)
    basic = Key(selection.basic, bare=False, together=True)
    source = array if basic.is_everything else part_of(array, basic)
    return pick(source, selection.arrays, selection.place)


def call(name: str, *inputs: Array, **attributes: Any) -> Any:
    """Run an operator of the catalogue."""
    return invoke(find(name), inputs, attributes)


# Integers, slices and new axes


def part_of(array: Array, key: Key) -> Any:
    """The part that a key without arrays selects."""
    items = key.items
    if not items or (key.bare and key.is_everything):
        return array
    if key.bare:
        return _part_of_first_axis(array, items[0])
    if len(items) == array.ndim and all(isinstance(item, int) for item in items):
        for item in items:
            array = _part_of_first_axis(array, item)
        return array
    along = [item for item in items if item is not None]
    if along and not (len(along) < len(items) and all(map(is_whole, along))):
        array = call("slice", array, **slice_bounds(along))
        if len(along) == len(items) or any(isinstance(item, int) for item in along):
            codes = [-3 if isinstance(item, int) else -2 for item in along]
            array = call("_npx_reshape", array, newshape=(*codes, -4), reverse=False, order="C")
    for axis, item in enumerate([item for item in items if not isinstance(item, int)]):
        if item is None:
            array = call("expand_dims", array, axis=axis)
    return array


def slice_bounds(items: Sequence[int | slice]) -> dict[str, tuple[int | None, ...]]:
    """The attributes of ``slice`` that pick the same; an integer is a slice of one, from the end if negative."""
    bounds = []
    for item in items:
        if isinstance(item, int):
            step = -1 if item < 0 else 1
            item = slice(item, item + step, step)
        bounds.append((item.start, item.stop, item.step))
    begin, end, step = zip(*bounds, strict=True)
    return {"begin": begin, "end": end, "step": step}


def _part_of_first_axis(array: Array, item: int | slice | None) -> Any:
    """``array[item]``, in the shorter form that MXNet has for it."""
    if item is None:
        return call("expand_dims", array, axis=0)
    if isinstance(item, int):
        bounds = slice_bounds([item]) if item < 0 else {"begin": (item,), "end": (item + 1,)}
        return call("_npx_reshape", call("slice", array, **bounds), newshape=(-3, -4))
    if item.step not in (None, 1):
        return call("slice", array, **slice_bounds([item]))
    return call("slice", array, begin=(item.start or 0,), end=(item.stop,))


# Masks and index arrays


def reads_mask(array: Array, mask: Array) -> bool:
    """Whether operators are to read a mask; one known beside an array that is not stands for its true positions."""
    return is_known(array) or not is_known(mask)


def _masked(array: Array, mask: Array) -> Any:
    rest = array.shape[mask.ndim :]
    size = prod(mask.shape) if 0 in array.shape else -1  # a size would hold for this batch only
    rows = call("_np_reshape", array, newshape=(size, *rest))
    chosen = call("_contrib_boolean_mask", rows, call("_np_reshape", mask, newshape=(size,)))
    return call("_np_reshape", chosen, newshape=(-1, *rest))


def pick(source: Array, arrays: dict[int, Array], place: int) -> Any:
    """The elements at positions along axes, whose dimensions go to `place`."""
    if len(arrays) == 1:
        ((axis, index),) = arrays.items()
        picked = call("take", source, index, axis=axis, mode="wrap")
        return moved(picked, axis, index.ndim, place)
    indices = joined(list(arrays.values()))
    picked = call("gather_nd", to_front(source, list(arrays)), indices)
    if not _shape_of_all(arrays.values()):
        return call("_npx_reshape", picked, newshape=(-3, -4))
    return moved(picked, 0, indices.ndim - 1, place)


def _shape_of_all(indices: Any) -> tuple[int, ...]:
    shapes = [index.shape for index in indices]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexError(f"index arrays of shapes {', '.join(map(str, shapes))} do not broadcast together") from None


def joined(indices: Sequence[Array]) -> Any:
    """Index arrays broadcast and stacked, as ``gather_nd`` takes them: one row for each axis."""
    shape = _shape_of_all(indices)
    one_type = len({index._data.dtype for index in indices}) == 1
    rows = []
    for index in indices:
        if not one_type and name_of(index._data.dtype) != "int64":
            index = call("Cast", index, dtype="int64")
        rows.append(index if index.shape == shape else call("_npi_broadcast_to", index, shape=shape))
    stacked = call("stack", *rows, axis=0)
    return stacked if shape else call("expand_dims", stacked, axis=1)


def to_front(array: Array, axes: Sequence[int]) -> Any:
    """The array with these axes first."""
    return permuted(array, [*axes, *[axis for axis in range(array.ndim) if axis not in axes]])


def moved(array: Array, start: int, count: int, place: int) -> Any:
    """The array with `count` axes from `start` on moved to `place` among the others."""
    block = list(range(start, start + count))
    rest = [axis for axis in range(array.ndim) if axis not in block]
    return permuted(array, [*rest[:place], *block, *rest[place:]])


def permuted(array: Array, axes: Sequence[int]) -> Any:
    """The array with its axes in another order."""
    return array if list(axes) == list(range(array.ndim)) else call("transpose", array, axes=tuple(axes))
