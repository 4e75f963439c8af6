"""Operators that join, split, repeat, pad and extend arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch

from mxnet.base import MXNetError
from mxnet.operators._checks import check_axis
from mxnet.operators._completion import Known, filled, without
from mxnet.operators.attributes import Shape, Shapes
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor


def _nonempty(data: Sequence[Tensor], where: str) -> None:
    if not data or any([array is None for array in data]):
        raise MXNetError(f"{where}: need at least one array, and no None among them")


@operator("Concat", "concat", "_npi_concatenate")
def concat(*data: Tensor, dim: int | None = 1) -> Tensor:
    """Join arrays along an axis they have; with `dim` None join them flattened."""
    _nonempty(data, "concatenate")
    if dim is None:
        return torch.cat([array.reshape(-1) for array in data])
    rank = data[0].dim()
    axis = check_axis(dim, rank, "concatenate")
    for array in data:
        if array.dim() != rank:  # torch would take an array of shape (0,) beside any other
            shapes = [tuple(array.shape) for array in data]
            raise MXNetError(f"concatenate: the arrays must have as many dimensions as each other, not {shapes}")
    return torch.cat(data, axis)


@concat.completes
def _(shapes: list[Known], attributes: dict[str, Any]) -> list[Known]:
    """All sizes but those along the axis are the same."""
    common: Known = None
    for shape in shapes:
        if shape is not None and without(shape, attributes["dim"]) is not None:
            axis = attributes["dim"] % len(shape)
            common = filled(common, (*shape[:axis], -1, *shape[axis + 1 :]))
    return [filled(shape, common) for shape in shapes]


@operator("stack", "_npi_stack")
def stack(*data: Tensor, axis: int = 0) -> Tensor:
    """Join arrays of one shape along a new axis."""
    _nonempty(data, "stack")
    return torch.stack(data, check_axis(axis, data[0].dim() + 1, "stack"))


@operator("_npi_vstack")
def vstack(*data: Tensor) -> Tensor:
    """Join arrays along the first axis; vectors count as rows."""
    _nonempty(data, "vstack")
    return torch.vstack(data)


@operator("_npi_hstack")
def hstack(*data: Tensor, dim: int | None = 1) -> Tensor:
    """Join arrays along the second axis, vectors along their only one."""
    _nonempty(data, "hstack")
    return torch.hstack(data)


@operator("_npi_dstack")
def dstack(*data: Tensor, dim: int | None = 1) -> Tensor:
    """Join arrays along the third axis; vectors and matrices are given one."""
    _nonempty(data, "dstack")
    return torch.dstack(data)


@operator("_npi_column_stack")
def column_stack(*data: Tensor) -> Tensor:
    """Join arrays along the second axis; vectors count as columns."""
    _nonempty(data, "column_stack")
    return torch.column_stack(data)


def _as_many(attributes: dict[str, Any], inputs: int) -> int:
    return inputs


@operator("_npi_atleast_1d", views=True, outputs=_as_many)
def atleast_1d(*arys: Tensor) -> list[Tensor]:
    """The arrays with at least one dimension."""
    return [torch.atleast_1d(array) for array in arys]


@operator("_npi_atleast_2d", views=True, outputs=_as_many)
def atleast_2d(*arys: Tensor) -> list[Tensor]:
    """The arrays with at least two dimensions; vectors become rows."""
    return [torch.atleast_2d(array) for array in arys]


@operator("_npi_atleast_3d", views=True, outputs=_as_many)
def atleast_3d(*arys: Tensor) -> list[Tensor]:
    """The arrays with at least three dimensions; vectors become (1, n, 1), matrices (m, n, 1)."""
    return [torch.atleast_3d(array) for array in arys]


def _parts(attributes: dict[str, Any], inputs: int) -> int:
    return attributes["sections"] if attributes["sections"] > 0 else len(attributes["indices"])


@operator("_split_v2", "_npi_split", "_npi_array_split", "_npi_dsplit", views=True, outputs=_parts)
def split_v2(
    data: Tensor, *, indices: Shape, axis: int = 1, squeeze_axis: bool = False, sections: int = 0
) -> list[Tensor]:
    """Cut an array before each of `indices`, or into `sections` parts; the first are longer by one if need be.

    `indices` begin with 0, where the first part begins.
    """
    axis = check_axis(axis, data.dim(), "split")
    if sections > 0:
        parts = torch.tensor_split(data, sections, axis)
    else:
        size = data.shape[axis]
        bounds = [*indices, size]
        if any(low > high for low, high in zip(bounds, bounds[1:], strict=False)) or bounds[0] < 0:
            raise MXNetError(f"split: indices {indices[1:]} must ascend from 0 to the size of axis {axis}, {size}")
        parts = [data.narrow(axis, low, high - low) for low, high in zip(bounds, bounds[1:], strict=False)]
    return _squeezed(parts, axis, squeeze_axis)


@operator("_npi_hsplit", views=True, outputs=_parts)
def hsplit(
    data: Tensor, *, indices: Shape, axis: int = 1, squeeze_axis: bool = False, sections: int = 0
) -> list[Tensor]:
    """Cut an array along the second axis, a vector along its only one."""
    axis = 1 if data.dim() > 1 else 0
    return split_v2.body(data, indices=indices, axis=axis, squeeze_axis=squeeze_axis, sections=sections)


@operator(
    "SliceChannel",
    "split",
    "_npx_slice_channel",
    views=True,
    outputs=lambda attributes, inputs: attributes["num_outputs"],
)
def slice_channel(data: Tensor, *, num_outputs: int, axis: int = 1, squeeze_axis: bool = False) -> list[Tensor]:
    """Cut an array into parts of one size along an axis; `squeeze_axis` drops it where the parts have size one."""
    axis = check_axis(axis, data.dim(), "split")
    size = data.shape[axis]
    if num_outputs < 1 or size % num_outputs:
        raise MXNetError(f"split: axis {axis} of size {size} does not divide into {num_outputs} parts")
    return _squeezed(torch.tensor_split(data, num_outputs, axis), axis, squeeze_axis)


def _squeezed(parts: Sequence[Tensor], axis: int, squeeze: bool) -> list[Tensor]:
    if not squeeze:
        return list(parts)
    for part in parts:
        if part.shape[axis] != 1:
            raise MXNetError(f"split: squeeze_axis needs parts of size one, not {part.shape[axis]}")
    return [part.squeeze(axis) for part in parts]


@operator("tile", "_npi_tile")
def tile(data: Tensor, *, reps: Shape) -> Tensor:
    """Repeat an array as a whole, `reps` times along each axis."""
    if any(count < 0 for count in reps):
        raise MXNetError(f"tile: reps must not be negative, but are {reps}")
    return torch.tile(data, reps)


@operator("repeat", "_npi_repeat")
def repeat(data: Tensor, *, repeats: int, axis: int | None = None) -> Tensor:
    """Repeat each element, `repeats` times, along an axis or in the flattened array."""
    return _repeat(data, (repeats,), axis)


@operator("_npi_repeats")
def repeats(data: Tensor, *, repeats: Shape | None, axis: int | None = None) -> Tensor:
    """Repeat each element along an axis or in the flattened array, each as often as `repeats` says."""
    return _repeat(data, repeats or (), axis)


def _repeat(data: Tensor, counts: tuple[int, ...], axis: int | None) -> Tensor:
    if any(count < 0 for count in counts):
        raise MXNetError(f"repeat: repeats must not be negative, but are {counts}")
    if axis is None:
        data, axis = data.reshape(-1), 0
    axis = check_axis(axis, data.dim(), "repeat")
    if len(counts) == 1:
        return data.repeat_interleave(counts[0], axis)
    if len(counts) != data.shape[axis]:
        raise MXNetError(f"repeat: {len(counts)} repeats for axis {axis} of size {data.shape[axis]}")
    total = sum(counts)
    return data.repeat_interleave(torch.tensor(counts, device=data.device), axis, output_size=total)


@operator("_npi_pad")
def np_pad(
    data: Tensor,
    *,
    pad_width: Shapes,
    mode: Literal["constant", "edge", "maximum", "minimum", "reflect", "symmetric"] = "constant",
    constant_values: float = 0.0,
    reflect_type: str = "even",
) -> Tensor:
    """Put elements before and after those of an array, as many along each axis as `pad_width` says."""
    if data.dim() == 1 and len(pad_width) == 2:  # MXNet takes a vector's pair apart
        pad_width = (pad_width[0] + pad_width[1],)
    if len(pad_width) != data.dim():
        raise MXNetError(f"pad: pad_width {pad_width} must be a pair for each of {data.dim()} axes")
    if mode == "constant":
        flat = [count for pair in reversed(pad_width) for count in pair]
        return torch.nn.functional.pad(data, flat, value=constant_values)
    for axis, (before, after) in enumerate(pad_width):
        if before < 0 or after < 0:
            raise MXNetError(f"pad: pad_width {pad_width} must not be negative with mode {mode!r}")
        if before or after:
            data = _padded(data, axis, before, after, mode)
    return data


@operator("Pad", "pad", "_npx_pad")
def pad(
    data: Tensor,
    *,
    mode: Literal["constant", "edge", "reflect"],
    pad_width: Shape,
    constant_value: float = 0.0,
) -> Tensor:
    """Pad images (N, C, H, W) or volumes (N, C, D, H, W); the first two axes keep their sizes."""
    if data.dim() not in (4, 5) or len(pad_width) != 2 * data.dim() or any(pad_width[:4]):
        raise MXNetError(
            f"Pad: takes data of 4 or 5 dimensions and two widths for each, the first four 0; not {data.dim()} "
            f"dimensions and {pad_width}"
        )
    pairs = tuple(zip(pad_width[::2], pad_width[1::2], strict=True))
    if mode == "reflect" and any(max(pair) >= size for pair, size in zip(pairs, data.shape, strict=True) if any(pair)):
        raise MXNetError(
            f"Pad: with mode 'reflect' pad_width {pad_width} must be less than the sizes {list(data.shape)}"
        )
    return np_pad.body(data, pad_width=pairs, mode=mode, constant_values=constant_value)


def _padded(data: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    size = data.shape[axis]
    if size == 0:
        raise MXNetError(f"pad: axis {axis} is empty; mode {mode!r} has nothing to take values from")
    if mode in ("maximum", "minimum"):
        value = (torch.amax if mode == "maximum" else torch.amin)(data, axis, keepdim=True)
        return torch.cat(
            [value.expand(_resized(data, axis, n)) for n in (before,)]
            + [data]
            + [value.expand(_resized(data, axis, n)) for n in (after,)],
            axis,
        )
    place = torch.arange(-before, size + after, device=data.device)
    return data.index_select(axis, _SOURCE[mode](place, size))


def _resized(data: Tensor, axis: int, size: int) -> list[int]:
    shape = list(data.shape)
    shape[axis] = size
    return shape


def _edge(place: Tensor, size: int) -> Tensor:
    return place.clamp(0, size - 1)


def _reflect(place: Tensor, size: int) -> Tensor:
    """A walk to and fro between the first element and the last, neither of them twice."""
    period = max(2 * (size - 1), 1)
    place = place.remainder(period)
    return torch.minimum(place, period - place) if size > 1 else place


def _symmetric(place: Tensor, size: int) -> Tensor:
    """A walk to and fro between the first element and the last, both of them twice."""
    place = place.remainder(2 * size)
    return torch.minimum(place, 2 * size - 1 - place)


_SOURCE = {"edge": _edge, "reflect": _reflect, "symmetric": _symmetric}
