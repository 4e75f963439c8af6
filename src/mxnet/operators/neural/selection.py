"""Picking elements by number or by rank, and marking them."""

from __future__ import annotations

from math import prod
from typing import Any, Literal

import torch

from mxnet.base import MXNetError
from mxnet.operators import _onnx
from mxnet.operators._checks import check_axis
from mxnet.operators._completion import Known, following, without
from mxnet.operators.attributes import DType, Shape
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor


@operator("pick", "choose_element_0index", "_npx_pick")
def pick(
    data: Tensor,
    index: Tensor,
    *,
    axis: int | None = -1,
    keepdims: bool = False,
    mode: Literal["clip", "wrap"] = "clip",
) -> Tensor:
    """From each row along `axis` the element that `index` counts; counts out of range are clipped or wrapped."""
    if axis is None:
        data, axis = data.reshape(-1), 0
    axis = check_axis(axis, data.dim(), "pick")
    size = data.shape[axis]
    kept = [*data.shape[:axis], 1, *data.shape[axis + 1 :]]
    if index.numel() != prod(kept):
        raise MXNetError(
            f"pick: index has shape {tuple(index.shape)}, but data of shape {tuple(data.shape)} with axis={axis} "
            f"takes {tuple(kept[:axis] + kept[axis + 1 :])}"
        )
    position = index.to(torch.int64).reshape(kept)
    position = position.clamp(0, size - 1) if mode == "clip" else position.remainder(size)
    result = data.gather(axis, position)
    return result if keepdims else result.squeeze(axis)


@pick.onnx
def _(graph: Any, data: Any, index: Any, *, axis: int | None, keepdims: bool, mode: str) -> Any:
    if axis is None:
        data, axis = graph.reshape(data, [-1]), 0
    axis = graph.axis(data, axis)
    position = graph.cast(index, torch.int64)
    if index.rank == data.rank - 1:
        position = graph.unsqueeze(position, axis)
    elif index.rank != data.rank:
        sizes = graph.need_sizes(data)
        position = graph.reshape(position, [*sizes[:axis], 1, *sizes[axis + 1 :]])
    position = _onnx.within(graph, position, graph.size(data, axis), mode)
    result = graph.node("GatherElements", data, position, axis=axis)
    return result if keepdims else graph.squeeze(result, axis)


@pick.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return (without(data, attributes["axis"]),)


@operator("one_hot", "_npx_one_hot")
def one_hot(
    indices: Tensor, *, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: DType = torch.float32
) -> Tensor:
    """A new last dimension of size `depth` with `on_value` at the place counted, `off_value` elsewhere."""
    places = torch.arange(depth, device=indices.device)
    hot = indices.to(torch.int64).unsqueeze(-1) == places
    if on_value == 1 and off_value == 0:
        return hot.to(dtype)
    values = torch.tensor([off_value, on_value], dtype=torch.float64).to(dtype=dtype, device=indices.device)
    return torch.where(hot, values[1], values[0])


@one_hot.onnx
def _(graph: Any, indices: Any, *, depth: int, on_value: float, off_value: float) -> Any:
    place = graph.unsqueeze(graph.cast(indices, torch.int64), indices.rank)
    hot = graph.node("Equal", place, graph.positions(depth))
    dtype = graph.results[0].dtype
    if on_value == 1 and off_value == 0:
        return graph.cast(hot, dtype)
    values = torch.tensor([off_value, on_value], dtype=torch.float64).to(dtype)
    return graph.node("Where", hot, graph.constant(values[1]), graph.constant(values[0]))


@operator("topk", "_npx_topk", outputs=lambda attributes, inputs: 2 if attributes["ret_typ"] == "both" else 1)
def topk(
    data: Tensor,
    *,
    axis: int | None = -1,
    k: int = 1,
    ret_typ: Literal["both", "indices", "mask", "value"] = "indices",
    is_ascend: bool = False,
    dtype: DType = torch.float32,
) -> Any:
    """The `k` largest (or smallest) elements along an axis: their places, values, both, or a mask over the data.

    ``k=0`` takes all. Among equals the first comes first.
    """
    shape = data.shape
    if axis is None:
        data, axis = data.reshape(-1), 0
    axis = check_axis(axis, data.dim(), "topk")
    size = data.shape[axis]
    if not 0 <= k <= size:
        raise MXNetError(f"topk: k={k} must be between 0 and {size}, the size of the axis")
    values, places = torch.sort(data, dim=axis, descending=not is_ascend, stable=True)
    if 0 < k < size:
        values, places = values.narrow(axis, 0, k), places.narrow(axis, 0, k)
    if ret_typ == "mask":
        return torch.zeros_like(data).scatter(axis, places, 1).reshape(shape)
    if ret_typ == "value":
        return values.contiguous()
    return places.to(dtype) if ret_typ == "indices" else (values.contiguous(), places.to(dtype))


@topk.onnx
def _(graph: Any, data: Any, *, axis: int | None, k: int, ret_typ: str, is_ascend: bool) -> Any:
    whole = data
    if axis is None:
        data, axis = graph.reshape(data, [-1]), 0
    axis = graph.axis(data, axis)
    count = [k] if k else graph.sizes([graph.size(data, axis)])
    ordered = _onnx.comparable(graph, data)
    values, places = graph.node("TopK", ordered, count, outputs=2, axis=axis, largest=int(not is_ascend))
    if ret_typ == "mask":
        zeros = graph.node("Expand", graph.constant(0, data.dtype), graph.node("Shape", data))
        ones = graph.node("Expand", graph.constant(1, data.dtype), graph.node("Shape", places))
        marked = graph.node("ScatterElements", zeros, places, ones, axis=axis)
        return marked if data is whole else graph.node("Reshape", marked, graph.node("Shape", whole))
    return {"value": values, "indices": places}.get(ret_typ) or (values, places)


@operator("_contrib_index_copy")
def index_copy(old_tensor: Tensor, index_vector: Tensor, new_tensor: Tensor) -> Tensor:
    """The old array with some of its rows taken from the new one."""
    if tuple(new_tensor.shape) != (*index_vector.shape, *old_tensor.shape[1:]):
        raise MXNetError(
            f"index_copy: new_tensor has shape {tuple(new_tensor.shape)}, but old_tensor of shape "
            f"{tuple(old_tensor.shape)} and index_vector of shape {tuple(index_vector.shape)} take "
            f"{(*index_vector.shape, *old_tensor.shape[1:])}"
        )
    return old_tensor.index_copy(0, index_vector.long(), new_tensor)


@index_copy.onnx
def _(graph: Any, old_tensor: Any, index_vector: Any, new_tensor: Any) -> Any:
    rows = graph.unsqueeze(graph.cast(index_vector, torch.int64), 1)
    return graph.node("ScatterND", old_tensor, rows, new_tensor)


@operator("_contrib_index_array")
def index_array(data: Tensor, *, axes: Shape | None = None) -> Tensor:
    """The position of every element of the data, as int64 in a new last dimension."""
    ranges = [torch.arange(size, device=data.device) for size in data.shape]
    grid = torch.meshgrid(*ranges, indexing="ij")
    chosen = range(data.dim()) if axes is None else axes
    return torch.stack([grid[axis] for axis in chosen], -1)


@index_array.onnx
def _(graph: Any, data: Any, *, axes: tuple[int, ...] | None) -> Any:
    return graph.constant(index_array.body(torch.empty(graph.need_sizes(data), device="cpu"), axes=axes))


@operator("_contrib_arange_like", "_npx_arange_like")
def arange_like(
    data: Tensor,
    *,
    start: float = 0.0,
    step: float = 1.0,
    repeat: int = 1,
    ctx: str = "",
    axis: int | None = None,
) -> Tensor:
    """Evenly spaced numbers in the shape of the data, or as many as one of its axes has."""
    count = data.numel() if axis is None else data.shape[check_axis(axis, data.dim(), "arange_like")]
    numbers = torch.arange(count, device=data.device)
    if repeat > 1:
        numbers = torch.div(numbers, repeat, rounding_mode="floor")
    numbers = (numbers * step + start).to(data.dtype)
    return numbers.reshape(data.shape) if axis is None else numbers


@arange_like.onnx
def _(graph: Any, data: Any, *, start: float, step: float, repeat: int, axis: int | None) -> Any:
    if axis is None:
        count = graph.node("Reshape", graph.node("Size", data), [1])
    else:
        count = graph.size(data, graph.axis(data, axis))
    numbers = graph.positions(count)
    if repeat > 1:
        numbers = graph.node("Div", numbers, repeat)
    numbers = graph.node("Add", graph.node("Mul", graph.cast(numbers, torch.float32), float(step)), float(start))
    return numbers if axis is not None else graph.node("Reshape", numbers, graph.node("Shape", data))
