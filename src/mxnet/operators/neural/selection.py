"""Picking elements by number or by rank, and marking them."""

from __future__ import annotations

from math import prod
from typing import Any, Literal

import torch

from mxnet.base import MXNetError
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


@operator("_contrib_index_array")
def index_array(data: Tensor, *, axes: Shape | None = None) -> Tensor:
    """The position of every element of the data, as int64 in a new last dimension."""
    ranges = [torch.arange(size, device=data.device) for size in data.shape]
    grid = torch.meshgrid(*ranges, indexing="ij")
    chosen = range(data.dim()) if axes is None else axes
    return torch.stack([grid[axis] for axis in chosen], -1)


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
