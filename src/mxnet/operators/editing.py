"""Operators that put elements into an array, take some out, or list the distinct ones."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.operators._checks import check_axis, check_positions, need_values
from mxnet.operators.attributes import Floats
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor


def _along(arr: Tensor, axis: int | None, where: str) -> tuple[Tensor, int]:
    """The array and the axis to edit it along: without one it is flattened."""
    if axis is None:
        return arr.reshape(-1), 0
    return arr, check_axis(axis, arr.dim(), where)


def _places(start: int | None, stop: int | None, step: int | None, size: int, device: torch.device) -> Tensor:
    """The positions a slice picks from `size`."""
    picked = range(*slice(start, stop, step).indices(size))
    return torch.arange(picked.start, picked.stop, picked.step, device=device) if picked else _none(device)


def _none(device: torch.device) -> Tensor:
    return torch.zeros(0, dtype=torch.int64, device=device)


def _checked(index: Tensor, size: int, last: int, axis: int, where: str) -> Tensor:
    """`index` counted from the front; `last` is the largest place allowed."""
    index = index.to(torch.int64)
    check_positions(index, -size, last, axis, size, where)
    return torch.where(index < 0, index + size, index)


def _no_number(attributes: dict[str, Any]) -> bool:
    return attributes["val"] is None


@operator("_npi_insert_scalar", when={"values": _no_number})
def insert_scalar(
    arr: Tensor,
    values: Tensor | None = None,
    *,
    val: float | None = None,
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
    int_ind: int | None = None,
    axis: int | None = None,
) -> Tensor:
    """`arr` with `values`, or the number `val`, before position `int_ind` of an axis."""
    if int_ind is None:
        raise MXNetError("insert: int_ind must be given")
    arr, axis = _along(arr, axis, "insert")
    size = arr.shape[axis]
    if not -size <= int_ind <= size:
        raise MXNetError(f"insert: index {int_ind} is out of bounds for axis {axis} with size {size}")
    place = int_ind % size if int_ind < 0 else int_ind
    added = _values(values, val, arr)
    if added.dim() > arr.dim():
        raise MXNetError(f"insert: values of shape {tuple(added.shape)} have more dimensions than the array")
    added = added.reshape((1,) * (arr.dim() - added.dim()) + tuple(added.shape)).movedim(0, axis)
    shape = list(arr.shape)
    shape[axis] = added.shape[axis]
    before, after = arr.narrow(axis, 0, place), arr.narrow(axis, place, size - place)
    return torch.cat([before, added.expand(shape), after], axis)


@operator("_npi_insert_slice", when={"values": _no_number})
def insert_slice(
    arr: Tensor,
    values: Tensor | None = None,
    *,
    val: float | None = None,
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
    int_ind: int | None = None,
    axis: int | None = None,
) -> Tensor:
    """`arr` with `values`, or the number `val`, before each position of a slice of an axis."""
    arr, axis = _along(arr, axis, "insert")
    places = _places(start, stop, step, arr.shape[axis], arr.device)
    return _insert(arr, _values(values, val, arr), places, axis)


@operator("_npi_insert_tensor", when={"values": _no_number, "obj": lambda attributes: True})
def insert_tensor(
    arr: Tensor,
    values: Tensor | None = None,
    obj: Tensor | None = None,
    *,
    val: float | None = None,
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
    int_ind: int | None = None,
    axis: int | None = None,
) -> Tensor:
    """`arr` with `values`, or the number `val`, before each position in `obj` along an axis."""
    if obj is None:  # with a number for values, the second input are the positions
        values, obj = None, values
    if obj is None or obj.dtype.is_floating_point:
        raise MXNetError("insert: positions must be integers")
    arr, axis = _along(arr, axis, "insert")
    size = arr.shape[axis]
    if obj.dtype is torch.bool:
        need_values("insert", obj)
        obj = torch.nonzero(obj).reshape(-1)
    places = _checked(obj.reshape(-1), size, size, axis, "insert")
    return _insert(arr, _values(values, val, arr), places, axis)


def _values(values: Tensor | None, number: float | None, arr: Tensor) -> Tensor:
    if values is None:
        return torch.full((), 0 if number is None else number, device=arr.device).to(arr.dtype)
    return values.to(arr.dtype)


def _insert(arr: Tensor, values: Tensor, places: Tensor, axis: int) -> Tensor:
    size, count = arr.shape[axis], places.numel()
    shape = list(arr.shape)
    shape[axis] = values.shape[axis - arr.dim()] if count == 1 and values.dim() >= arr.dim() - axis else count
    if count == 1:
        places = places.expand(shape[axis])
    # What is inserted before a place comes before what stood there: a stable order of all by place.
    order = torch.argsort(torch.cat([places, torch.arange(size, device=arr.device)]), stable=True)
    return torch.cat([values.expand(shape), arr], axis).index_select(axis, order)


@operator(
    "_npi_delete",
    when={"obj": lambda attributes: attributes["int_ind"] is None and attributes["step"] is None},
)
def delete(
    arr: Tensor,
    obj: Tensor | None = None,
    *,
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
    int_ind: int | None = None,
    axis: int | None = None,
) -> Tensor:
    """`arr` without position `int_ind`, those of a slice, or those in `obj`, along an axis."""
    arr, axis = _along(arr, axis, "delete")
    size = arr.shape[axis]
    if obj is None:
        return arr.index_select(axis, _kept(start, stop, step, int_ind, size, axis, arr.device))
    need_values("delete", obj)
    if obj.dtype is torch.bool:
        if obj.numel() != size:
            raise MXNetError(f"delete: a mask of {obj.numel()} does not fit axis {axis} with size {size}")
        keep = ~obj.reshape(-1)
    else:
        gone = _checked(obj.reshape(-1), size, size - 1, axis, "delete")
        keep = torch.ones(size, dtype=torch.bool, device=arr.device).index_fill(0, gone, False)
    return arr.index_select(axis, torch.nonzero(keep).reshape(-1))


def _kept(
    start: int | None,
    stop: int | None,
    step: int | None,
    place: int | None,
    size: int,
    axis: int,
    device: torch.device,
) -> Tensor:
    """The positions of an axis that are neither `place` nor in a slice."""
    if place is None:
        gone = set(range(*slice(start, stop, step).indices(size)))
    elif -size <= place < size:
        gone = {place % size}
    else:
        raise MXNetError(f"delete: index {place} is out of bounds for axis {axis} with size {size}")
    return torch.tensor([number for number in range(size) if number not in gone], dtype=torch.int64, device=device)


def _flagged(attributes: dict[str, Any], inputs: int) -> int:
    return 1 + sum(attributes[name] for name in ("return_index", "return_inverse", "return_counts"))


@operator("_npi_unique", outputs=_flagged, dynamic=True)
def unique(
    data: Tensor,
    *,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Tensor | list[Tensor]:
    """The distinct elements, or slices along an axis, in ascending order.

    After them, on demand: where each occurs first, which of them each element is, and how often each occurs.
    """
    if axis is None:
        data = data.reshape(-1)
    place = None if axis is None else check_axis(axis, data.dim(), "unique")
    values, inverse, counts = torch.unique(data, return_inverse=True, return_counts=True, dim=place)
    inverse = inverse.reshape(-1)
    found = [values]
    if return_index:
        numbers = torch.arange(inverse.numel(), device=data.device)
        first = torch.full_like(counts, inverse.numel())
        found.append(first.scatter_reduce(0, inverse, numbers, "amin"))
    if return_inverse:
        found.append(inverse)
    if return_counts:
        found.append(counts)
    return found if len(found) > 1 else values


@operator("_npi_fill_diagonal")
def fill_diagonal(a: Tensor, *, val: Floats, wrap: bool = False) -> Tensor:
    """`a` with the values of `val`, over and over, on its main diagonal.

    `wrap` begins the diagonal of a tall matrix anew below the last column.
    """
    if a.dim() < 2:
        raise MXNetError(f"fill_diagonal: takes arrays of at least two dimensions, not {a.dim()}")
    if a.dim() > 2 and len(set(a.shape)) > 1:
        raise MXNetError(f"fill_diagonal: all dimensions must be of equal length, not {tuple(a.shape)}")
    step = a.shape[1] + 1 if a.dim() == 2 else sum(a.shape[0] ** power for power in range(a.dim()))
    end = a.numel() if wrap or a.dim() > 2 else min(a.numel(), a.shape[1] ** 2)
    places = torch.arange(0, end, step, device=a.device)
    numbers = torch.tensor(val, dtype=torch.float64).to(device=a.device, dtype=a.dtype)
    repeated = numbers[torch.arange(places.numel(), device=a.device).remainder(numbers.numel())]
    return a.reshape(-1).index_copy(0, places, repeated).reshape(a.shape)


@operator("_npi_diag_indices_from")
def diag_indices_from(data: Tensor) -> Tensor:
    """Indices of the main diagonal, one row for each dimension; all dimensions must be of one size."""
    if data.dim() < 2:
        raise MXNetError(f"diag_indices_from: takes arrays of at least two dimensions, not {data.dim()}")
    if len(set(data.shape)) > 1:
        raise ValueError(f"All dimensions of input must be of equal length, not {tuple(data.shape)}")
    return torch.arange(data.shape[0], device=data.device).expand(data.dim(), -1).clone()


@operator("_npi_tril_indices", outputs=2)
def tril_indices(*, n: int, k: int = 0, m: int) -> list[Tensor]:
    """Row and column numbers of the lower triangle of an `n` by `m` matrix."""
    return list(torch.tril_indices(n, m, k).unbind(0))
