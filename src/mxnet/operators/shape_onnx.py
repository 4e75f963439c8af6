"""How the operators of `shape` are written in ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.operators import _onnx, shape
from mxnet.operators.reshape_codes import legacy_shape, npx_shape

__all__: list[str] = []

Sizes = tuple[int, ...]

_PROBES = (5040, 9240)
"""Sizes put in for one that is not known, to see what becomes of it: they have many divisors."""


def _reshape(graph: Any, data: Any, function: Callable[[Sizes], Sequence[int]]) -> Any:
    """The data in the shape that `function` makes of its shape.

    A size not known is followed by calling it with two different numbers in its place: a size of the result that is
    the same for both is known, one that is what was put in is that size, and one other may be worked out.
    """
    if None not in data.shape:
        return graph.reshape(data, _called(graph, function, data.shape))
    unknown = [axis for axis, size in enumerate(data.shape) if size is None]
    one, other = [
        _called(graph, function, [size or probe + 13860 * axis for axis, size in enumerate(data.shape)])
        for probe in _PROBES
    ]
    meaning = {tuple([probe + 13860 * axis for probe in _PROBES]): axis for axis in unknown}
    parts: list[Any] = []
    for pair in zip(one, other, strict=True):
        if pair[0] == pair[1]:
            parts.append(pair[0])
        else:
            parts.append(graph.size(data, meaning[pair]) if pair in meaning else None)
    if parts.count(None) > 1:
        graph.refuse(f"more than one size of its result hangs on sizes that are not known: {data.shape}")
    dynamic = [part for part in parts if not isinstance(part, int)]
    return graph.reshape(data, [None if part is dynamic[0] else part for part in parts] if len(dynamic) == 1 else parts)


def _called(graph: Any, function: Callable[[Sizes], Sequence[int]], sizes: Sequence[int]) -> Sequence[int]:
    try:
        found = [int(size) for size in function(tuple(sizes))]
    except MXNetError as error:
        return graph.refuse(str(error))
    if -1 in found:
        known = int(np.prod([size for size in found if size != -1]))
        found[found.index(-1)] = int(np.prod(sizes)) // known if known else 0
    return found


@shape.np_reshape.onnx
def _(graph: Any, a: Any, *, newshape: Sizes) -> Any:
    return _reshape(graph, a, lambda old: newshape)


@shape.npx_reshape.onnx
def _(graph: Any, a: Any, *, newshape: Sizes, reverse: bool) -> Any:
    return _reshape(graph, a, lambda old: npx_shape(old, newshape, reverse))


@shape.reshape.onnx
def _(graph: Any, data: Any, *, shape: Sizes, reverse: bool, target_shape: Sizes, keep_highest: bool) -> Any:
    if target_shape and not shape:
        return _reshape(graph, data, lambda old: (old[0], *target_shape[1:]) if keep_highest else target_shape)
    return _reshape(graph, data, lambda old: legacy_shape(old, shape, reverse))


@shape.reshape_like.onnx
def _(
    graph: Any,
    lhs: Any,
    rhs: Any,
    *,
    lhs_begin: int | None,
    lhs_end: int | None,
    rhs_begin: int | None,
    rhs_end: int | None,
) -> Any:
    if lhs_begin is lhs_end is rhs_begin is rhs_end is None:
        return graph.node("Reshape", lhs, graph.node("Shape", rhs))
    left, right = [[graph.size(value, axis) for axis in range(value.rank)] for value in (lhs, rhs)]
    before = left[:lhs_begin] if lhs_begin is not None else []
    after = left[lhs_end:] if lhs_end is not None else []
    return graph.reshape(lhs, [*before, *right[rhs_begin:rhs_end], *after])


def _permuted(graph: Any, data: Any, axes: Sizes | None) -> Any:
    order = range(data.rank)[::-1] if not axes else [graph.axis(data, axis) for axis in axes]
    return graph.node("Transpose", data, perm=list(order)) if data.rank else data


shape.np_transpose.onnx(lambda graph, a, *, axes: _permuted(graph, a, axes))
shape.transpose.onnx(lambda graph, data, *, axes: _permuted(graph, data, axes))


@shape.swapaxes.onnx
def _(graph: Any, data: Any, *, dim1: int, dim2: int) -> Any:
    order = list(range(data.rank))
    order[dim1], order[dim2] = order[dim2], order[dim1]
    return graph.permute(data, order)


def _rearranged(graph: Any, data: Any, function: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The data with its dimensions in the order that `function` brings them to."""
    numbered = function(torch.empty(tuple(range(data.rank)), device="meta"))
    return graph.permute(data, tuple(numbered.shape))


@shape.moveaxis.onnx
def _(graph: Any, a: Any, *, source: Sizes, destination: Sizes) -> Any:
    return _rearranged(graph, a, lambda x: torch.movedim(x, source, destination))


@shape.rollaxis.onnx
def _(graph: Any, data: Any, *, axis: int, start: int) -> Any:
    return _rearranged(graph, data, lambda x: shape.rollaxis.body(x, axis=axis, start=start))


@shape.expand_dims.onnx
def _(graph: Any, data: Any, *, axis: int) -> Any:
    return graph.unsqueeze(data, graph.axis(data, axis, extra=1))


def _squeezed(graph: Any, data: Any, axis: Sizes | None) -> Any:
    if axis is None:
        sizes = graph.need_sizes(data)
        axis = tuple([place for place, size in enumerate(sizes) if size == 1])
    return graph.squeeze(data, *axis) if axis else data


@shape.np_squeeze.onnx
def _(graph: Any, a: Any, *, axis: Sizes | None) -> Any:
    return _squeezed(graph, a, axis)


@shape.squeeze.onnx
def _(graph: Any, data: Any, *, axis: Sizes | None) -> Any:
    result = _squeezed(graph, data, axis)
    return result if result.rank else graph.node("Reshape", result, [1])


def _expanded(graph: Any, data: Any, sizes: Sequence[int | None]) -> Any:
    """The data repeated along dimensions of one; a size None is kept, which Expand does for 1."""
    return graph.node("Expand", data, [1 if size is None else size for size in sizes])


@shape.np_broadcast_to.onnx
def _(graph: Any, array: Any, *, shape: Sizes) -> Any:
    return _expanded(graph, array, [None if size == -2 else size for size in shape])


@shape.broadcast_to.onnx
def _(graph: Any, data: Any, *, shape: Sizes) -> Any:
    return _expanded(graph, data, [size or None for size in shape])


@shape.broadcast_axis.onnx
def _(graph: Any, data: Any, *, axis: Sizes, size: Sizes) -> Any:
    wanted: list[int | None] = [None] * data.rank
    for place, length in zip(axis, size, strict=True):
        wanted[graph.axis(data, place)] = length
    return _expanded(graph, data, wanted)


@shape.broadcast_like.onnx
def _(graph: Any, lhs: Any, rhs: Any, *, lhs_axes: Sizes | None, rhs_axes: Sizes | None) -> Any:
    if lhs_axes is None:
        return graph.node("Expand", lhs, graph.node("Shape", rhs))
    wanted: list[Any] = [1] * lhs.rank
    for place, other in zip(lhs_axes, rhs_axes, strict=True):
        wanted[graph.axis(lhs, place)] = graph.size(rhs, graph.axis(rhs, other))
    return graph.node("Expand", lhs, graph.sizes(wanted))


def _turned(graph: Any, data: Any, axes: Sequence[int]) -> Any:
    for axis in axes:
        data = graph.part(data, axis, -1, None, -1)
    return data


@shape.np_flip.onnx
def _(graph: Any, data: Any, *, axis: Sizes | None) -> Any:
    axes = _onnx.axes(graph, data, axis)
    return _turned(graph, data, [place for place in sorted(set(axes)) if axes.count(place) % 2])


@shape.reverse.onnx
def _(graph: Any, data: Any, *, axis: Sizes) -> Any:
    return _turned(graph, data, sorted(set(_onnx.axes(graph, data, axis))))


@shape.roll.onnx
def _(graph: Any, data: Any, *, shift: Sizes, axis: Sizes | None) -> Any:
    if axis is None:
        rolled = _rolled(graph, graph.reshape(data, [-1]), 0, sum(shift), graph.need_sizes(data))
        return graph.node("Reshape", rolled, graph.node("Shape", data))
    axes = _onnx.axes(graph, data, axis)
    for place, by in zip(axes, shift * len(axes) if len(shift) == 1 else shift, strict=True):
        data = _rolled(graph, data, place, by, graph.need_sizes(data, [place]))
    return data


def _rolled(graph: Any, data: Any, axis: int, by: int, sizes: Sizes) -> Any:
    count = int(np.prod(sizes))
    by = by % count if count else 0
    if not by:
        return data
    parts = graph.part(data, axis, count - by, None), graph.part(data, axis, 0, count - by)
    return graph.shaped(graph.node("Concat", *parts, axis=axis), data)


@shape.rot90.onnx
def _(graph: Any, data: Any, *, k: int, axes: Sizes | None) -> Any:
    first, second = _onnx.axes(graph, data, (0, 1) if axes is None else axes)
    order = list(range(data.rank))
    order[first], order[second] = second, first
    if k % 4 == 2:
        return _turned(graph, data, [first, second])
    if k % 4 == 1:
        return graph.permute(_turned(graph, data, [second]), order)
    return _turned(graph, graph.permute(data, order), [second]) if k % 4 == 3 else data


def _diagonal(graph: Any, data: Any, offset: int, axis1: int, axis2: int) -> Any:
    """The diagonal of two axes, as the last: its places in the flattened planes."""
    first, second = graph.axis(data, axis1), graph.axis(data, axis2)
    rows, columns = graph.need_sizes(data, [first, second])
    rest = [axis for axis in range(data.rank) if axis not in (first, second)]
    planes = graph.permute(data, [*rest, first, second])
    flat = graph.reshape(planes, [*[graph.size(planes, axis) for axis in range(len(rest))], rows * columns])
    places = torch.arange(rows * columns).reshape(rows, columns)
    return graph.node("Gather", flat, graph.constant(shape._diagonal(places, offset, 0, 1)), axis=len(rest))


def _matrix(graph: Any, data: Any, offset: int) -> Any:
    """A matrix with the given diagonal."""
    (count,) = graph.need_sizes(data)
    inside = graph.constant(torch.diag_embed(torch.ones(count, dtype=torch.bool), offset))
    before, after = max(-offset, 0), max(offset, 0)
    column = graph.node("Pad", graph.unsqueeze(data, 1), [before, 0, after, 0], 0)
    return graph.node("Where", inside, column, 0)


@shape.np_diag.onnx
def _(graph: Any, data: Any, *, k: int) -> Any:
    return _matrix(graph, data, k) if data.rank == 1 else _diagonal(graph, data, k, 0, 1)


@shape.diag.onnx
def _(graph: Any, data: Any, *, k: int, axis1: int, axis2: int) -> Any:
    return _matrix(graph, data, k) if data.rank == 1 else _diagonal(graph, data, k, axis1, axis2)


@shape.diagflat.onnx
def _(graph: Any, data: Any, *, k: int) -> Any:
    return _matrix(graph, graph.reshape(data, [int(np.prod(graph.need_sizes(data)))]), k)


@shape.diagonal.onnx
def _(graph: Any, data: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    return _diagonal(graph, data, offset, axis1, axis2)


@shape.trace.onnx
def _(graph: Any, data: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    part = _diagonal(graph, _onnx.comparable(graph, data), offset, axis1, axis2)
    return graph.node("ReduceSum", part, [-1], keepdims=0)


def _triangle(upper: int) -> Callable[..., Any]:
    def lower(graph: Any, data: Any, *, k: int) -> Any:
        if data.rank == 1:
            data = graph.node("Expand", data, graph.sizes([graph.size(data, 0)] * 2))
        return graph.node("Trilu", data, np.array(k), upper=upper)

    return lower


shape.tril.onnx(_triangle(0))
shape.triu.onnx(_triangle(1))


@shape.depth_to_space.onnx
def _(graph: Any, data: Any, *, block_size: int) -> Any:
    return graph.node("DepthToSpace", data, blocksize=block_size, mode="DCR")


@shape.space_to_depth.onnx
def _(graph: Any, data: Any, *, block_size: int) -> Any:
    return graph.node("SpaceToDepth", data, blocksize=block_size)


shape.shape_array.onnx(lambda graph, data: graph.node("Shape", data))
shape.size_array.onnx(lambda graph, data: graph.node("Reshape", graph.node("Size", data), [1]))
