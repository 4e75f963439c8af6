"""Reductions and orderings as MXNet 1.x has them: everything reduced has shape (1,), places come as float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.operators import _onnx
from mxnet.operators._checks import check_axis
from mxnet.operators.attributes import Axes
from mxnet.operators.catalogue import Operator, operator
from mxnet.operators.reduction import extreme

Tensor = torch.Tensor


def _chosen(name: str, rank: int, axis: Any, exclude: bool) -> tuple[int, ...]:
    """The axes to reduce, counted from the front; none given, or an empty tuple, means all."""
    if axis is None or axis == ():
        return tuple(range(rank))
    given = (axis,) if isinstance(axis, int) else axis
    axes = tuple([check_axis(number, rank, name) for number in given])
    return tuple([number for number in range(rank) if number not in axes]) if exclude else axes


def _reduction(
    name: str, function: Callable[[Tensor, tuple[int, ...]], Tensor], *aliases: str, empty: bool = True, doc: str
) -> Operator:
    """Enter ``function(data, axes)``, which keeps the reduced dimensions; `empty` says if it knows a value for none."""

    def body(data: Tensor, *, axis: Axes | None = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        axes = _chosen(name, data.dim(), axis, exclude)
        if not empty and data.numel() == 0:
            raise MXNetError(f"{name}: an array of shape {tuple(data.shape)} has no elements to reduce")
        return _squeezed(function(data, axes) if axes else data.clone(), axes, keepdims)

    body.__doc__ = doc
    return operator(name, *aliases)(body)


def _squeezed(result: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    if keepdims and result.dim():
        return result
    if len(axes) == result.dim():
        return result.reshape(1)
    return result.squeeze(axes)


def _sum(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return x.sum(axes, keepdim=True, dtype=x.dtype)


def _mean(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    if x.dtype.is_floating_point:
        return x.mean(axes, keepdim=True)
    return x.double().mean(axes, keepdim=True).to(x.dtype)


def _product(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    for axis in axes:
        x = x.prod(axis, keepdim=True, dtype=x.dtype)
    return x


def _without_nan(x: Tensor, filler: float) -> Tensor:
    return torch.where(torch.isnan(x), torch.full((), filler, dtype=x.dtype, device=x.device), x)


def _largest(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return extreme(x, axes, keepdims=True, largest=True)


def _smallest(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return extreme(x, axes, keepdims=True, largest=False)


sum = _reduction("sum", _sum, "sum_axis", doc="Sum along axes.")
mean = _reduction("mean", _mean, doc="Mean along axes; that of integers is cut off.")
prod = _reduction("prod", _product, doc="Product along axes.")
nansum = _reduction("nansum", lambda x, axes: _sum(_without_nan(x, 0), axes), doc="Sum of what is not NaN.")
square_sum = _reduction("_square_sum", lambda x, axes: _sum(x * x, axes), doc="Sum of squares along axes.")
nanprod = _reduction("nanprod", lambda x, axes: _product(_without_nan(x, 1), axes), doc="Product of what is not NaN.")
max = _reduction("max", _largest, "max_axis", empty=False, doc="Maximum along axes.")
min = _reduction("min", _smallest, "min_axis", empty=False, doc="Minimum along axes.")


def _extremum(name: str, function: Callable[..., Tensor], doc: str) -> Operator:
    def body(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
        if data.numel() == 0:
            raise MXNetError(f"{name}: an array of shape {tuple(data.shape)} has no elements")
        if axis is None:
            place = function(data.reshape(-1), 0).reshape((1,) * data.dim() if keepdims and data.dim() else (1,))
        else:
            place = function(data, check_axis(axis, data.dim(), name), keepdims)
        return (place if place.dim() else place.reshape(1)).to(torch.float32)

    body.__doc__ = doc
    return operator(name)(body)


argmax = _extremum("argmax", torch.argmax, "Place of the maximum along an axis, as float32.")
argmin = _extremum("argmin", torch.argmin, "Place of the minimum along an axis, as float32.")


@operator("argmax_channel")
def argmax_channel(data: Tensor) -> Tensor:
    """Place of the maximum along the last dimension, as float32."""
    return torch.argmax(data, -1).to(torch.float32)


# ONNX


def _in_onnx(kind: str, prepare: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """The rule of a reduction; `prepare` makes the array that is reduced."""

    def lower(graph: Any, data: Any, *, axis: int | tuple[int, ...] | None, keepdims: bool, exclude: bool) -> Any:
        axes = _chosen(kind, data.rank, axis, exclude)
        dtype = data.dtype
        if not dtype.is_floating_point:
            data = graph.cast(data, torch.float64 if kind == "ReduceMean" else torch.int64)
        data = data if prepare is None else prepare(graph, data)
        if keepdims and data.rank:
            return _onnx.reduce(graph, kind, data, axes, True)
        result = _onnx.reduce(graph, kind, data, axes, False)
        return graph.node("Reshape", result, [1]) if len(axes) == data.rank else result

    return lower


def _number_for_nan(number: float) -> Callable[..., Any]:
    def prepare(graph: Any, data: Any) -> Any:
        if not data.dtype.is_floating_point:
            return data
        return graph.shaped(graph.node("Where", graph.node("IsNaN", data), number, data), data)

    return prepare


def _squares(graph: Any, data: Any) -> Any:
    return graph.shaped(graph.node("Mul", data, data), data)


sum.onnx(_in_onnx("ReduceSum"))
mean.onnx(_in_onnx("ReduceMean"))
prod.onnx(_in_onnx("ReduceProd"))
nansum.onnx(_in_onnx("ReduceSum", _number_for_nan(0.0)))
nanprod.onnx(_in_onnx("ReduceProd", _number_for_nan(1.0)))
square_sum.onnx(_in_onnx("ReduceSum", _squares))
max.onnx(_in_onnx("ReduceMax"))
min.onnx(_in_onnx("ReduceMin"))
argmax.onnx(_onnx.place("ArgMax"))
argmin.onnx(_onnx.place("ArgMin"))


@argmax_channel.onnx
def _(graph: Any, data: Any) -> Any:
    return graph.node("ArgMax", data, axis=-1, keepdims=0)
