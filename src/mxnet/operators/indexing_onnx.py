"""How the operators of `indexing` are written in ONNX."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

from mxnet.operators import _onnx, indexing

__all__: list[str] = []

Sizes = tuple[int, ...]
Bounds = tuple[int | None, ...]

_LAST = np.iinfo(np.int64).max
_FIRST = np.iinfo(np.int64).min


@indexing.take.onnx
def _(graph: Any, a: Any, indices: Any, *, axis: int, mode: str) -> Any:
    axis = graph.axis(a, axis)
    index = graph.cast(indices, torch.int64)
    index = index if mode == "raise" else _onnx.within(graph, index, graph.size(a, axis), mode)
    return graph.node("Gather", a, index, axis=axis)


@indexing.batch_take.onnx
def _(graph: Any, a: Any, indices: Any) -> Any:
    index = graph.node("Reshape", graph.cast(indices, torch.int64), [-1, 1])
    index = _onnx.within(graph, index, graph.size(a, 1), "clip")
    return graph.node("Reshape", graph.node("GatherElements", a, index, axis=1), graph.node("Shape", indices))


@indexing.np_where.onnx
def _(graph: Any, condition: Any, x: Any, y: Any) -> Any:
    return graph.node("Where", graph.cast(condition, torch.bool), *graph.promoted(x, y))


@indexing.where.onnx
def _(graph: Any, condition: Any, x: Any, y: Any) -> Any:
    chosen = graph.cast(condition, torch.bool)
    if condition.rank == 1 and x.rank > 1:
        chosen = graph.unsqueeze(chosen, *range(1, x.rank))
    return graph.node("Where", chosen, *graph.promoted(x, y))


def _number(value: float, dtype: torch.dtype) -> torch.Tensor:
    return torch.full((), value).to(dtype)


@indexing.where_lscalar.onnx
def _(graph: Any, condition: Any, x: Any, *, scalar: float) -> Any:
    return graph.node("Where", graph.cast(condition, torch.bool), graph.constant(_number(scalar, x.dtype)), x)


@indexing.where_rscalar.onnx
def _(graph: Any, condition: Any, y: Any, *, scalar: float) -> Any:
    return graph.node("Where", graph.cast(condition, torch.bool), y, graph.constant(_number(scalar, y.dtype)))


@indexing.where_scalar2.onnx
def _(graph: Any, condition: Any, *, x: float, y: float) -> Any:
    numbers = [graph.constant(_number(each, torch.float32)) for each in (x, y)]
    return graph.node("Where", graph.cast(condition, torch.bool), *numbers)


@indexing.nonzero.onnx
def _(graph: Any, x: Any) -> Any:
    found = graph.node("Transpose", graph.node("NonZero", x), perm=[1, 0])
    found.note_shape((None, x.rank))
    return found


@indexing.unravel_index.onnx
def _(graph: Any, data: Any, *, shape: Sizes | None) -> Any:
    rows, rest = [], data if not data.dtype.is_floating_point else graph.cast(data, torch.int64)
    for size in reversed(shape or ()):
        rows.append(graph.unsqueeze(graph.node("Mod", rest, size), 0))
        rest = graph.node("Div", rest, size)
        rest.note_shape(data.shape)
    return graph.node("Concat", *[graph.shaped(row, row) for row in rows[::-1]], axis=0)


@indexing.ravel_multi_index.onnx
def _(graph: Any, data: Any, *, shape: Sizes | None) -> Any:
    steps = torch.tensor([prod(shape[axis + 1 :]) for axis in range(len(shape))], dtype=data.dtype)
    scaled = graph.node("Mul", data, graph.constant(steps.reshape(-1, *[1] * (data.rank - 1))))
    return graph.node("ReduceSum", scaled, [0], keepdims=0)


def _places(graph: Any, indices: Any) -> Any:
    """Indices as ONNX has them: those of one element in the last dimension."""
    return graph.move_axis(graph.cast(indices, torch.int64), 0, -1)


@indexing.gather_nd.onnx
def _(graph: Any, data: Any, indices: Any) -> Any:
    return graph.node("GatherND", data, _places(graph, indices))


@indexing.advanced_indexing_multiple.onnx
def _(graph: Any, data: Any, indices: Any) -> Any:
    return graph.node("GatherND", data, _places(graph, indices))


@indexing.advanced_indexing.onnx
def _(graph: Any, data: Any, indices: Any) -> Any:
    if indices.dtype is not torch.bool:
        return graph.node("Gather", data, graph.cast(indices, torch.int64), axis=0)
    found = graph.node("GatherND", data, graph.node("Transpose", graph.node("NonZero", indices), perm=[1, 0]))
    found.note_shape((None, *data.shape[indices.rank :]))
    return found


@indexing.boolean_mask.onnx
def _(graph: Any, data: Any, index: Any, *, axis: int) -> Any:
    axis = graph.axis(data, axis)
    found = graph.node("Compress", data, graph.cast(index, torch.bool), axis=axis)
    found.note_shape((*data.shape[:axis], None, *data.shape[axis + 1 :]))
    return found


@indexing.scatter_nd.onnx
def _(graph: Any, data: Any, indices: Any, *, shape: Sizes) -> Any:
    empty = graph.constant(torch.zeros(shape, dtype=data.dtype))
    return graph.node("ScatterND", empty, _places(graph, indices), data)


def _updated(graph: Any, whole: Any, indices: Any, part: Any, reduction: str | None = None) -> Any:
    """`whole` with `part`, broadcast, at the indices."""
    places = _places(graph, graph.unsqueeze(indices, 1) if indices.rank == 1 else indices)
    shape = graph.node("Shape", graph.node("GatherND", whole, places))
    part = graph.node("Expand", graph.cast(part, whole.dtype), shape)
    return graph.node("ScatterND", whole, places, part, reduction=reduction)


@indexing.scatter_set_nd.onnx
def _(graph: Any, lhs: Any, rhs: Any, indices: Any) -> Any:
    return _updated(graph, lhs, indices, rhs)


@indexing.index_update.onnx
def _(graph: Any, a: Any, ind: Any, val: Any) -> Any:
    return _updated(graph, a, ind, val)


@indexing.index_add.onnx
def _(graph: Any, a: Any, ind: Any, val: Any) -> Any:
    return _updated(graph, a, ind, val, reduction="add")


def _spread(graph: Any, mask: Any, data: Any, start_axis: int) -> Any:
    behind = data.rank - start_axis - mask.rank
    mask = graph.cast(mask, torch.bool)
    return graph.unsqueeze(mask, *range(mask.rank, mask.rank + behind)) if behind else mask


@indexing.boolean_mask_assign_scalar.onnx
def _(graph: Any, data: Any, mask: Any, *, value: float, start_axis: int) -> Any:
    chosen = _spread(graph, mask, data, start_axis)
    return graph.node("Where", chosen, graph.constant(_number(value, data.dtype)), data)


def _ends(graph: Any, data: Any, begin: Bounds, end: Bounds, step: Bounds) -> list[list[int]]:
    """Starts, ends, axes and steps, as ONNX's Slice takes them."""
    rows = []
    for axis, (low, high) in enumerate(zip(begin, end, strict=True)):
        stride = step[axis] if step and step[axis] is not None else 1
        first, last = (0, _LAST) if stride > 0 else (_LAST, _FIRST)
        rows.append([first if low is None else low, last if high is None else high, axis, stride])
    return [list(column) for column in zip(*rows, strict=True)]


@indexing.slice_.onnx
def _(graph: Any, data: Any, *, begin: Bounds, end: Bounds, step: Bounds) -> Any:
    return graph.node("Slice", data, *_ends(graph, data, begin, end, step)) if begin else data


def _assigned(graph: Any, data: Any, value: Any, begin: Bounds, end: Bounds, step: Bounds) -> Any:
    """`data` with a value in place of a part: it goes to the places that the part has in the flattened array."""
    sizes = graph.need_sizes(data)
    key = [slice(low, high) for low, high in zip(begin, end, strict=True)]
    strides = [1 if each is None else each for each in (step or (1,) * len(begin))]
    numbers = np.arange(prod(sizes)).reshape(sizes)
    places = numbers[tuple([slice(each.start, each.stop, by) for each, by in zip(key, strides, strict=True)])]
    part = graph.node("Expand", value, list(places.shape))
    flat = graph.node(
        "ScatterElements",
        graph.node("Reshape", data, [-1]),
        graph.constant(np.ascontiguousarray(places.reshape(-1))),
        graph.node("Reshape", part, [-1]),
    )
    return graph.node("Reshape", flat, list(sizes))


@indexing.slice_assign.onnx
def _(graph: Any, lhs: Any, rhs: Any, *, begin: Bounds, end: Bounds, step: Bounds) -> Any:
    return _assigned(graph, lhs, graph.cast(rhs, lhs.dtype), begin, end, step)


@indexing.slice_assign_scalar.onnx
def _(graph: Any, data: Any, *, scalar: float, begin: Bounds, end: Bounds, step: Bounds) -> Any:
    return _assigned(graph, data, graph.constant(_number(scalar, data.dtype)), begin, end, step)


@indexing.slice_axis.onnx
def _(graph: Any, data: Any, *, axis: int, begin: int, end: int | None) -> Any:
    return graph.part(data, graph.axis(data, axis), begin, end)


@indexing.slice_like.onnx
def _(graph: Any, data: Any, shape_like: Any, *, axes: Sizes) -> Any:
    chosen = axes or tuple(range(data.rank))
    places = [graph.axis(data, axis) for axis in chosen]
    ends = graph.sizes([graph.size(shape_like, graph.axis(shape_like, axis)) for axis in chosen])
    return graph.node("Slice", data, [0] * len(places), ends, places)
