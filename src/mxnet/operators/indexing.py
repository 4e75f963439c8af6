"""Operators that pick elements by position or condition, and put them there."""

from __future__ import annotations

from math import prod
from typing import Any, Literal

import torch

from mxnet.base import MXNetError
from mxnet.operators._checks import OutOfBounds, check_axis, check_positions, need_values
from mxnet.operators._completion import Known, filled
from mxnet.operators.attributes import Bounds, Scalar, Shape
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor


@operator("take", "_npi_take")
def take(a: Tensor, indices: Tensor, *, axis: int = 0, mode: Literal["clip", "raise", "wrap"] = "clip") -> Tensor:
    """The slices of `a` at `indices` along an axis; indices out of range are clipped, wrapped or refused."""
    axis = check_axis(axis, a.dim(), "take")
    size = a.shape[axis]
    index = indices.to(torch.int64)
    if mode == "raise":
        check_positions(index, 0, size - 1, axis, size, "take")
    elif size == 0 and index.numel():
        raise MXNetError(f"take: axis {axis} is empty")
    else:
        index = index.clamp(0, size - 1) if mode == "clip" else index.remainder(size)
    if index.dim() == 1:
        return a.index_select(axis, index)
    picked = a.index_select(axis, index.reshape(-1))
    return picked.reshape(*a.shape[:axis], *index.shape, *a.shape[axis + 1 :])


@operator("batch_take")
def batch_take(a: Tensor, indices: Tensor) -> Tensor:
    """From each row the element at its index, clipped into range."""
    index = indices.to(torch.int64).reshape(-1, 1).clamp(0, a.shape[1] - 1)
    return a.gather(1, index).reshape(indices.shape)


@operator("_npi_where")
def np_where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Elements of `x` where the condition holds and of `y` elsewhere; all three broadcast."""
    return torch.where(condition.to(torch.bool), x, y)


@operator("_npi_where_lscalar")
def where_lscalar(condition: Tensor, x: Tensor, *, scalar: Scalar = 0.0) -> Tensor:
    """A number where the condition holds, elements of `x` elsewhere, in the type of `x`."""
    return torch.where(condition.to(torch.bool), _number_like(scalar, x), x)


@operator("_npi_where_rscalar")
def where_rscalar(condition: Tensor, y: Tensor, *, scalar: Scalar = 0.0) -> Tensor:
    """Elements of `y` where the condition holds, a number elsewhere, in the type of `y`."""
    return torch.where(condition.to(torch.bool), y, _number_like(scalar, y))


def _number_like(value: float, array: Tensor) -> Tensor:
    return torch.full((), value, device=array.device).to(array.dtype)


@operator("_npi_where_scalar2")
def where_scalar2(condition: Tensor, *, x: Scalar = 0.0, y: Scalar = 0.0) -> Tensor:
    """The number `x` where the condition holds and `y` elsewhere, as float32."""
    numbers = torch.tensor([x, y], dtype=torch.float32, device=condition.device)
    return torch.where(condition.to(torch.bool), numbers[0], numbers[1])


@operator("where")
def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Elements of `x` where the condition holds and of `y` elsewhere; a vector of conditions chooses rows."""
    chosen = condition.to(torch.bool)
    if condition.dim() == 1 and x.dim() > 1:
        chosen = chosen.reshape(-1, *[1] * (x.dim() - 1))
    elif condition.shape != x.shape:
        raise MXNetError(f"where: condition {tuple(condition.shape)} must have the shape of x, {tuple(x.shape)}")
    if x.shape != y.shape:
        raise MXNetError(f"where: x {tuple(x.shape)} and y {tuple(y.shape)} must have the same shape")
    return torch.where(chosen, x, y)


@where.completes
def _(shapes: list[Known], attributes: dict[str, Any]) -> list[Known]:
    condition, x, y = shapes
    return [condition, filled(x, y), filled(y, x)]


@operator("_npx_nonzero", "_npi_nonzero", dynamic=True)
def nonzero(x: Tensor) -> Tensor:
    """Positions of the elements that are not zero, one row of indices for each."""
    return torch.nonzero(x)


@operator("_unravel_index", "unravel_index", "_npi_unravel_index")
def unravel_index(data: Tensor, *, shape: Shape | None = None) -> Tensor:
    """Indices into an array of a shape, one row for each dimension, of positions in the flattened array."""
    if shape is None:
        raise MXNetError("unravel_index: shape must be given")
    rows, rest = [], data
    for size in reversed(shape):
        rows.append(rest.remainder(size))
        rest = torch.div(rest, size, rounding_mode="floor")
    return torch.stack(rows[::-1])


@operator("_ravel_multi_index", "ravel_multi_index")
def ravel_multi_index(data: Tensor, *, shape: Shape | None = None) -> Tensor:
    """Positions in the flattened array of indices into an array of a shape, one row for each dimension."""
    if shape is None or data.shape[0] != len(shape):
        raise MXNetError(f"ravel_multi_index: data of shape {tuple(data.shape)} needs a shape of {data.shape[0]}")
    steps = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    return sum(row * step for row, step in zip(data, steps, strict=True))


@operator("gather_nd", "_npi_gather_nd", "_npx_gather_nd")
def gather_nd(data: Tensor, indices: Tensor) -> Tensor:
    """The parts of `data` at ``data[indices[0], indices[1], ...]``; negative indices count from the end."""
    return data[_nd_index(indices, tuple(data.shape), "gather_nd")]


def _nd_index(indices: Tensor, shape: tuple[int, ...], where: str) -> tuple[Tensor, ...]:
    if indices.dim() == 0 or indices.shape[0] > len(shape):
        raise MXNetError(
            f"{where}: indices of shape {tuple(indices.shape)} must have one row for each of at most "
            f"{len(shape)} dimensions"
        )
    rows = tuple(indices.to(torch.int64).unbind(0))
    for axis, (row, size) in enumerate(zip(rows, shape, strict=False)):
        check_positions(row, -size, size - 1, axis, size, where, OutOfBounds)
    return rows


@operator("scatter_nd")
def scatter_nd(data: Tensor, indices: Tensor, *, shape: Shape) -> Tensor:
    """An array of zeros of a shape with `data` at ``[indices[0], indices[1], ...]``."""
    empty = torch.zeros(shape, dtype=data.dtype, device=data.device)
    return empty.index_put(_nd_index(indices, shape, "scatter_nd"), data)


@operator("_scatter_set_nd", "_npi_scatter_set_nd")
def scatter_set_nd(lhs: Tensor, rhs: Tensor, indices: Tensor, *, shape: Shape) -> Tensor:
    """`lhs` with `rhs` at ``[indices[0], indices[1], ...]``."""
    return lhs.index_put(_nd_index(indices, shape, "scatter_set_nd"), rhs)


@operator("_npx_index_add")
def index_add(a: Tensor, ind: Tensor, val: Tensor) -> Tensor:
    """`a` with `val` added at ``[ind[0], ind[1], ...]``; a position named twice is added to twice."""
    rows = _nd_index(ind.reshape(-1, 1) if ind.dim() == 1 else ind, tuple(a.shape), "index_add")
    return a.index_put(rows, val.to(a.dtype), accumulate=True)


@operator("_npx_index_update")
def index_update(a: Tensor, ind: Tensor, val: Tensor) -> Tensor:
    """`a` with `val` in place of what stands at ``[ind[0], ind[1], ...]``."""
    rows = _nd_index(ind.reshape(-1, 1) if ind.dim() == 1 else ind, tuple(a.shape), "index_update")
    return a.index_put(rows, val.to(a.dtype))


@operator("_npi_advanced_indexing")
def advanced_indexing(data: Tensor, indices: Tensor) -> Tensor:
    """The parts of `data` at `indices` along the first axis, or where they are True."""
    if indices.dtype is torch.bool:
        need_values("advanced_indexing", indices)
        return data[indices]
    return data[indices.to(torch.int64)]


@operator("_npi_advanced_indexing_multiple")
def advanced_indexing_multiple(data: Tensor, indices: Tensor) -> Tensor:
    """The parts of `data` at ``data[indices[0], indices[1], ...]``."""
    return data[_nd_index(indices, tuple(data.shape), "advanced_indexing")]


@operator("_contrib_boolean_mask", "_npi_boolean_mask", dynamic=True)
def boolean_mask(data: Tensor, index: Tensor, *, axis: int = 0) -> Tensor:
    """The slices along an axis where `index` is not zero."""
    axis = check_axis(axis, data.dim(), "boolean_mask")
    if index.dim() != 1 or index.shape[0] != data.shape[axis]:
        raise MXNetError(
            f"boolean_mask: index of shape {tuple(index.shape)} must be a vector of {data.shape[axis]}, "
            f"the size of axis {axis}"
        )
    return data.index_select(axis, torch.nonzero(index).reshape(-1))


@operator("_npi_boolean_mask_assign_scalar")
def boolean_mask_assign_scalar(data: Tensor, mask: Tensor, *, value: float, start_axis: int) -> Tensor:
    """`data` with a number where `mask`, laid over the axes from `start_axis` on, is True."""
    return torch.where(_spread(mask, data, start_axis), _number_like(value, data), data)


@operator("_npi_boolean_mask_assign_tensor")
def boolean_mask_assign_tensor(data: Tensor, mask: Tensor, value: Tensor, *, start_axis: int) -> Tensor:
    """`data` with `value`, broadcast, where `mask`, laid over the axes from `start_axis` on, is True."""
    return data.index_put((_spread(mask, data, start_axis),), value.to(data.dtype).reshape(-1))


def _spread(mask: Tensor, data: Tensor, start_axis: int) -> Tensor:
    shape = [1] * start_axis + list(mask.shape) + [1] * (data.dim() - start_axis - mask.dim())
    return mask.to(torch.bool).reshape(shape).expand(data.shape)


@operator("slice", "crop", "_npi_slice", "_npx_slice", views=True)
def slice_(data: Tensor, *, begin: Bounds, end: Bounds, step: Bounds = ()) -> Tensor:
    """The part between `begin` and `end` along the first axes, every `step`-th element."""
    turned, key = _key(data, begin, end, step)
    return data.flip(turned)[key] if turned else data[key]


def _key(data: Tensor, begin: tuple, end: tuple, step: tuple) -> tuple[list[int], tuple[slice, ...]]:
    """The axes to turn round first, since torch knows no negative steps, and what to take of the axes then.

    No size is read: it may be a symbol while a program is exported.
    """
    if len(begin) != len(end) or len(begin) > data.dim() or (step and len(step) != len(begin)):
        raise MXNetError(
            f"slice: begin {begin}, end {end} and step {step} must have the same length, at most {data.dim()}"
        )
    turned, key = [], []
    for axis, (low, high) in enumerate(zip(begin, end, strict=True)):
        stride = step[axis] if step and step[axis] is not None else 1
        if stride == 0:
            raise MXNetError("slice: step must not be 0")
        if stride < 0:
            turned.append(axis)
            low, high, stride = _from_behind(low), _from_behind(high), -stride
        key.append(slice(low, high, stride))
    return turned, tuple(key)


def _from_behind(place: int | None) -> int | None:
    """Where a position is on an axis that is turned round."""
    return None if place is None else -1 - place


def _with_part(data: Tensor, value: Tensor, begin: tuple, end: tuple, step: tuple) -> Tensor:
    turned, key = _key(data, begin, end, step)
    result = data.flip(turned) if turned else data.clone()
    result[key] = value
    return result.flip(turned) if turned else result


@operator("_slice_assign", "_crop_assign", "_npi_slice_assign")
def slice_assign(lhs: Tensor, rhs: Tensor, *, begin: Bounds, end: Bounds, step: Bounds = ()) -> Tensor:
    """`lhs` with `rhs` in place of its part between `begin` and `end`."""
    return _with_part(lhs, rhs.to(lhs.dtype), begin, end, step)


@operator("_slice_assign_scalar", "_crop_assign_scalar", "_npi_slice_assign_scalar")
def slice_assign_scalar(data: Tensor, *, scalar: Scalar = 0.0, begin: Bounds, end: Bounds, step: Bounds = ()) -> Tensor:
    """`data` with a number in place of its part between `begin` and `end`."""
    return _with_part(data, _number_like(scalar, data), begin, end, step)


@operator("slice_axis", views=True)
def slice_axis(data: Tensor, *, axis: int, begin: int, end: int | None) -> Tensor:
    """The part between `begin` and `end` along one axis."""
    axis = check_axis(axis, data.dim(), "slice_axis")
    part = data[(slice(None),) * axis + (slice(begin, end),)]
    if not part.shape[axis]:
        raise MXNetError(f"slice_axis: nothing lies between {begin} and {end} of axis {axis}")
    return part


@operator("slice_like", "_npx_slice_like", views=True)
def slice_like(data: Tensor, shape_like: Tensor, *, axes: Shape = ()) -> Tensor:
    """The first part of `data`, as large as `shape_like` along the given axes, by default all."""
    if not axes and data.dim() != shape_like.dim():
        raise MXNetError(f"slice_like: data has {data.dim()} dimensions, shape_like {shape_like.dim()}; give axes")
    for axis in axes or range(data.dim()):
        place = check_axis(axis, data.dim(), "slice_like")
        size = shape_like.shape[check_axis(axis, shape_like.dim(), "slice_like")]
        if size > data.shape[place]:
            raise MXNetError(f"slice_like: axis {place} of size {data.shape[place]} has no first {size}")
        data = data.narrow(place, 0, size)
    return data
