"""Operators that rearrange an array and compute nothing: reshape, transpose, broadcast, flip, roll, diagonals."""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.operators._checks import check_axes, check_axis
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.reshape_codes import legacy_shape, npx_shape

Tensor = torch.Tensor


@operator("_np_reshape", views=True)
def np_reshape(a: Tensor, *, newshape: Shape, order: str = "C") -> Tensor:
    """Give an array a new shape of as many elements; one -1 is worked out from the others."""
    return a.reshape(newshape)


@operator("_npx_reshape", "_npi_reshape", views=True)
def npx_reshape(a: Tensor, *, newshape: Shape, reverse: bool = False, order: str = "C") -> Tensor:
    """Give an array a new shape; the codes -2 to -6 copy, drop, join and split dimensions of the old one."""
    if min(newshape, default=0) < -1:
        newshape = npx_shape(tuple(a.shape), newshape, reverse)
    return a.reshape(newshape)


@operator("Reshape", "reshape", views=True)
def reshape(
    data: Tensor,
    *,
    shape: Shape = (),
    reverse: bool = False,
    target_shape: Shape = (),
    keep_highest: bool = False,
) -> Tensor:
    """Give an array a new shape by MXNet 1.x's codes: 0 copies a dimension, -2 to -4 copy, join and split."""
    if target_shape and not shape:
        return data.reshape((data.shape[0], *target_shape[1:]) if keep_highest else target_shape)
    return data.reshape(legacy_shape(tuple(data.shape), shape, reverse))


@operator("reshape_like", "_npx_reshape_like", views=True)
def reshape_like(
    lhs: Tensor,
    rhs: Tensor,
    *,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
) -> Tensor:
    """Give dimensions `lhs_begin` to `lhs_end` of `lhs` the shape of `rhs_begin` to `rhs_end` of `rhs`."""
    left, right = tuple(lhs.shape), tuple(rhs.shape)
    part = slice(rhs_begin, rhs_end)
    before = left[:lhs_begin] if lhs_begin is not None else ()
    after = left[lhs_end:] if lhs_end is not None else ()
    return lhs.reshape(before + right[part] + after)


@operator("Flatten", "flatten", "_npx_batch_flatten", views=True)
def flatten(data: Tensor) -> Tensor:
    """Join all dimensions but the first."""
    if data.dim() == 0:
        raise MXNetError("Flatten: data has no dimension to keep; it takes an array of at least one")
    return data.reshape(data.shape[0], prod(data.shape[1:]))


@flatten.onnx
def _(graph: Any, data: Any) -> Any:
    return graph.node("Flatten", data, axis=1)


@operator("_npi_transpose", views=True)
def np_transpose(a: Tensor, *, axes: Shape | None = None) -> Tensor:
    """Permute the dimensions; without `axes` reverse them."""
    return _permute(a, axes, "transpose")


@operator("transpose", views=True)
def transpose(data: Tensor, *, axes: Shape = ()) -> Tensor:
    """Permute the dimensions; with empty `axes` reverse them."""
    return _permute(data, axes or None, "transpose")


def _permute(a: Tensor, axes: tuple[int, ...] | None, where: str) -> Tensor:
    rank = a.dim()
    if axes is None:
        return a.permute(tuple(range(rank - 1, -1, -1)))
    order = check_axes(axes, rank, where)
    if len(set(order)) != len(order):
        raise ValueError(f"{where}: repeated axis in axes {axes}")
    if len(order) != rank:
        raise MXNetError(f"{where}: axes {axes} do not match an array of {rank} dimensions")
    return a.permute(order)


@operator("SwapAxis", "swapaxes", "_npi_swapaxes", views=True)
def swapaxes(data: Tensor, *, dim1: int = 0, dim2: int = 0) -> Tensor:
    """Exchange two dimensions."""
    rank = data.dim()
    return data.transpose(check_axis(dim1, rank, "swapaxes"), check_axis(dim2, rank, "swapaxes"))


@operator("_npi_moveaxis", views=True)
def moveaxis(a: Tensor, *, source: Shape, destination: Shape) -> Tensor:
    """Move dimensions to other places; those not named keep their order."""
    if len(source) != len(destination):
        raise MXNetError(
            f"moveaxis: source {source} and destination {destination} must have as many axes as each other"
        )
    return torch.movedim(a, source, destination)


@operator("_npi_rollaxis", views=True)
def rollaxis(data: Tensor, *, axis: int, start: int = 0) -> Tensor:
    """Move one dimension back until it lies before dimension `start`."""
    rank = data.dim()
    axis = check_axis(axis, rank, "rollaxis")
    if not -rank <= start <= rank:
        raise MXNetError(f"rollaxis: start {start} is out of bounds for array of dimension {rank}")
    start = start + rank if start < 0 else start
    return data.movedim(axis, start - 1 if start > axis else start)


@operator("expand_dims", "_npi_expand_dims", views=True)
def expand_dims(data: Tensor, *, axis: int) -> Tensor:
    """Insert a dimension of one at place `axis`."""
    return data.unsqueeze(check_axis(axis, data.dim() + 1, "expand_dims"))


@operator("_npi_squeeze", views=True)
def np_squeeze(a: Tensor, *, axis: Shape | None = None) -> Tensor:
    """Drop the dimensions of one, or those of them that `axis` names."""
    return _squeeze(a, axis)


@operator("squeeze", views=True)
def squeeze(data: Tensor, *, axis: Shape | None = None) -> Tensor:
    """Drop the dimensions of one, or those of them that `axis` names; what is left has at least one dimension."""
    result = _squeeze(data, axis)
    return result.reshape(1) if result.dim() == 0 else result


def _squeeze(a: Tensor, axis: tuple[int, ...] | None) -> Tensor:
    if axis is None:
        return a.squeeze()
    places = set(check_axes(axis, a.dim(), "squeeze"))
    for place in places:
        if a.shape[place] != 1:
            raise MXNetError(f"squeeze: cannot drop axis {place} of size {a.shape[place]}; only axes of size one")
    return a.squeeze(tuple(places))


@operator("_npi_broadcast_to", views=True)
def np_broadcast_to(array: Tensor, *, shape: Shape = ()) -> Tensor:
    """Repeat an array along dimensions of one, and along new ones in front, until it has a shape.

    A -2 keeps the dimension that stands at that place, counted from the end.
    """
    if -2 in shape:
        old = (1,) * (len(shape) - array.dim()) + tuple(array.shape)
        shape = tuple([have if want == -2 else want for have, want in zip(old, shape, strict=True)])
    return array.expand(shape)


@operator("broadcast_to", views=True)
def broadcast_to(data: Tensor, *, shape: Shape = ()) -> Tensor:
    """Repeat an array along dimensions of one until it has a shape of the same rank; 0 keeps a dimension."""
    if len(shape) != data.dim():
        raise MXNetError(f"broadcast_to: shape {shape} must have {data.dim()} dimensions as data has")
    return data.expand([have if want == 0 else want for have, want in zip(data.shape, shape, strict=True)])


@operator("broadcast_axis", "broadcast_axes", views=True)
def broadcast_axis(data: Tensor, *, axis: Shape = (), size: Shape = ()) -> Tensor:
    """Repeat an array `size` times along each `axis`, which must be of size one."""
    if len(axis) != len(size):
        raise MXNetError(f"broadcast_axis: axis {axis} and size {size} must have the same length")
    shape = list(data.shape)
    for place, length in zip(check_axes(axis, data.dim(), "broadcast_axis"), size, strict=True):
        if shape[place] != 1:
            raise MXNetError(f"broadcast_axis: axis {place} has size {shape[place]}; only axes of size one repeat")
        shape[place] = length
    return data.expand(shape)


@operator("broadcast_like", "_npx_broadcast_like", views=True)
def broadcast_like(lhs: Tensor, rhs: Tensor, *, lhs_axes: Shape | None = None, rhs_axes: Shape | None = None) -> Tensor:
    """Repeat `lhs` until it has the shape of `rhs`, or until `lhs_axes` have the sizes of `rhs_axes`."""
    if (lhs_axes is None) != (rhs_axes is None) or (lhs_axes and len(lhs_axes) != len(rhs_axes)):
        raise MXNetError(f"broadcast_like: lhs_axes {lhs_axes} and rhs_axes {rhs_axes} must come in pairs")
    if lhs_axes is None:
        if lhs.dim() != rhs.dim():
            raise MXNetError(f"broadcast_like: lhs has {lhs.dim()} dimensions, rhs {rhs.dim()}; give lhs_axes")
        return lhs.expand(rhs.shape)
    shape = list(lhs.shape)
    left = check_axes(lhs_axes, lhs.dim(), "broadcast_like")
    for place, other in zip(left, check_axes(rhs_axes, rhs.dim(), "broadcast_like"), strict=True):
        shape[place] = rhs.shape[other]
    return lhs.expand(shape)


@operator("_npi_flip")
def np_flip(data: Tensor, *, axis: Shape | None) -> Tensor:
    """Reverse the order of the elements along axes, without any along all; one named twice is reversed twice."""
    axes = check_axes(range(data.dim()) if axis is None else axis, data.dim(), "flip")
    return data.flip([place for place in set(axes) if axes.count(place) % 2])


@operator("reverse", "flip")
def reverse(data: Tensor, *, axis: Shape) -> Tensor:
    """Reverse the order of the elements along axes."""
    return data.flip(sorted(set(check_axes(axis, data.dim(), "reverse"))))


@operator("_npi_roll")
def roll(data: Tensor, *, shift: Shape | None = None, axis: Shape | None = None) -> Tensor:
    """Move elements along axes (without any: along the flattened array); the last come back first."""
    if shift is None:
        raise MXNetError("roll: shift must be an integer or a tuple of them, not None")
    if axis is None:
        return torch.roll(data, sum(shift))
    axes = check_axes(axis, data.dim(), "roll")
    if len(shift) == 1:
        shift = shift * len(axes)
    if len(shift) != len(axes):
        raise MXNetError(f"roll: shift {shift} and axis {axis} must have the same length")
    return torch.roll(data, shift, axes)


@operator("_npi_rot90", views=True)
def rot90(data: Tensor, *, k: int = 1, axes: Shape | None = None) -> Tensor:
    """Turn the plane of two axes by 90 degrees, `k` times, from the first towards the second."""
    axes = (0, 1) if axes is None else axes
    if len(axes) != 2:
        raise MXNetError(f"rot90: axes must be two, not {axes}")
    first, second = check_axes(axes, data.dim(), "rot90")
    if first == second:
        raise MXNetError(f"rot90: axes must differ, not {axes}")
    return torch.rot90(data, k, (first, second))


@operator("_npi_diag", views=True)
def np_diag(data: Tensor, *, k: int = 0) -> Tensor:
    """The `k`-th diagonal of a matrix, or a matrix with the given one."""
    if data.dim() not in (1, 2):
        raise MXNetError(f"diag: data must have one or two dimensions, not {data.dim()}")
    return torch.diag_embed(data, k) if data.dim() == 1 else _diagonal(data, k, 0, 1)


@operator("diag", views=True)
def diag(data: Tensor, *, k: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The `k`-th diagonal of the planes of two axes, or a matrix with the given one."""
    return torch.diag_embed(data, k) if data.dim() == 1 else _diagonal(data, k, axis1, axis2)


@operator("_npi_diagflat")
def diagflat(data: Tensor, *, k: int = 0) -> Tensor:
    """A matrix whose `k`-th diagonal is the flattened array."""
    return torch.diag_embed(data.reshape(-1), k)


@operator("_npi_diagonal", views=True)
def diagonal(data: Tensor, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Diagonals of the planes of two axes, as a last dimension in their place."""
    return _diagonal(data, offset, axis1, axis2)


@operator("_npi_trace")
def trace(data: Tensor, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Sums along diagonals, in the type of the array."""
    part = _diagonal(data, offset, axis1, axis2)
    return part.sum(-1, dtype=data.dtype)


def _diagonal(data: Tensor, offset: int, axis1: int, axis2: int) -> Tensor:
    rank = data.dim()
    if rank < 2:
        raise MXNetError(f"a diagonal needs at least two dimensions, not {rank}")
    first, second = check_axis(axis1, rank, "diagonal"), check_axis(axis2, rank, "diagonal")
    if first == second:
        raise MXNetError(f"diagonal: axis1 and axis2 must differ, not {axis1} and {axis2}")
    rows, columns = data.shape[first], data.shape[second]
    return torch.diagonal(data, max(-rows, min(offset, columns)), first, second)


def _square(data: Tensor, where: str) -> Tensor:
    """A vector stands for a square matrix of rows like it."""
    if data.dim() == 0:
        raise MXNetError(f"{where}: data must have at least one dimension")
    return data.expand(data.shape[0], data.shape[0]) if data.dim() == 1 else data


@operator("_npi_tril")
def tril(data: Tensor, *, k: int = 0) -> Tensor:
    """The matrices with zeros above the `k`-th diagonal."""
    return torch.tril(_square(data, "tril"), k)


@operator("_npi_triu")
def triu(data: Tensor, *, k: int = 0) -> Tensor:
    """The matrices with zeros below the `k`-th diagonal."""
    return torch.triu(_square(data, "triu"), k)


@operator("depth_to_space")
def depth_to_space(data: Tensor, *, block_size: int) -> Tensor:
    """Spread channels over blocks of the image: (N, C·b², H, W) becomes (N, C, H·b, W·b)."""
    images, channels, height, width = _image_shape(data, "depth_to_space")
    block = _block(block_size, "depth_to_space", channels=(channels, block_size**2))
    parts = data.reshape(images, block, block, channels // block**2, height, width)
    return parts.permute(0, 3, 4, 1, 5, 2).reshape(images, channels // block**2, height * block, width * block)


@operator("space_to_depth")
def space_to_depth(data: Tensor, *, block_size: int) -> Tensor:
    """Gather blocks of the image into channels: (N, C, H·b, W·b) becomes (N, C·b², H, W)."""
    images, channels, height, width = _image_shape(data, "space_to_depth")
    block = _block(block_size, "space_to_depth", height=(height, block_size), width=(width, block_size))
    parts = data.reshape(images, channels, height // block, block, width // block, block)
    return parts.permute(0, 3, 5, 1, 2, 4).reshape(images, channels * block**2, height // block, width // block)


def _image_shape(data: Tensor, where: str) -> tuple[int, ...]:
    if data.dim() != 4:
        raise MXNetError(f"{where}: data must have four dimensions (N, C, H, W), not {data.dim()}")
    return tuple(data.shape)


def _block(size: int, where: str, **divided: tuple[int, int]) -> int:
    for name, (length, divisor) in divided.items():
        if size < 1 or length % divisor:
            raise MXNetError(f"{where}: {name} {length} is not divisible for block_size {size}")
    return size


@operator("shape_array", "_npx_shape_array")
def shape_array(data: Tensor) -> Tensor:
    """The shape as an array of int64."""
    return torch.tensor(tuple(data.shape), dtype=torch.int64, device=data.device)


@operator("size_array")
def size_array(data: Tensor) -> Tensor:
    """The number of elements as an array of one int64."""
    return torch.tensor([data.numel()], dtype=torch.int64, device=data.device)
