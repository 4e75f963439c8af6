"""Operators that take an axis, several or all of them together: sums, extremes, moments, running sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import prod as product
from operator import itemgetter
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.operators import _onnx
from mxnet.operators._promotion import counted
from mxnet.operators.attributes import Axes, DType
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor


def axes_of(x: Tensor, axis: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """The axes meant by `axis`, counted from the front; None means all.

    Raises
    ------
    MXNetError
        If there is no such axis, or one is named twice.
    """
    rank = x.dim()
    if axis is None:
        return tuple(range(rank))
    if axis.__class__ is int and -rank <= axis < rank:
        return (axis % rank,)
    given = (axis,) if isinstance(axis, int) else axis
    for one in given:
        if not -rank <= one < rank:
            raise MXNetError(f"Reduction axis {one} exceeds the dimensions of an array of shape {tuple(x.shape)}")
    axes = tuple([one % rank for one in given])
    if len(set(axes)) != len(axes):
        raise MXNetError(f"Reduction axes {given} have duplicates")
    return axes


def _length(x: Tensor, axes: tuple[int, ...]) -> int:
    return product([x.shape[axis] for axis in axes])


@operator("_npi_sum")
def sum(
    a: Tensor,
    *,
    axis: Axes | None = None,
    dtype: DType | None = None,
    keepdims: bool = False,
    initial: float | None = None,
) -> Tensor:
    """Sum over axes in the type of the input (int64 for bool)."""
    dtype = dtype or (torch.int64 if a.dtype is torch.bool else a.dtype)
    if axis is None and not keepdims:
        total = torch.sum(a, dtype=dtype)
    else:
        axes = axes_of(a, axis)
        # torch takes no axes for all of them.
        total = torch.sum(a, axes, keepdim=keepdims, dtype=dtype) if axes else a.to(dtype, copy=True)
    return total if initial is None else total + initial


@operator("_npi_prod", "_np_product")
def prod(
    a: Tensor,
    *,
    axis: Axes | None = None,
    dtype: DType | None = None,
    keepdims: bool = False,
    initial: float | None = None,
) -> Tensor:
    """Product over axes in the type of the input (int64 for bool)."""
    result = a.to(dtype, copy=True) if dtype else counted(a).clone()
    for one in sorted(axes_of(a, axis), reverse=True):
        result = torch.prod(result, one, keepdim=keepdims, dtype=result.dtype)
    return result if initial is None else result * initial


@operator("_npi_mean")
def mean(
    a: Tensor,
    *,
    axis: Axes | None = None,
    dtype: DType | None = None,
    keepdims: bool = False,
    initial: float | None = None,
) -> Tensor:
    """Mean over axes; float32 for integers."""
    wanted = dtype or _moment_type(a)
    axes = axes_of(a, axis)
    working = wanted if wanted.is_floating_point else torch.float64
    total = torch.mean(a, axes, keepdim=keepdims, dtype=working) if axes else a.to(working, copy=True)
    if initial is not None:
        total = total + initial / (_length(a, axes) or 1)
    return total.to(wanted)


def _moment_type(a: Tensor) -> torch.dtype:
    """The type of a moment: float32 for integers, else that of the input."""
    return a.dtype if a.dtype.is_floating_point else torch.float32


@operator("_npi_var")
def var(
    a: Tensor, *, axis: Axes | None = None, dtype: DType | None = None, keepdims: bool = False, ddof: int = 0
) -> Tensor:
    """Variance over axes, the divisor being the number of elements less `ddof`; float32 for integers."""
    return _spread(torch.var, a, axis, dtype, keepdims, ddof)


@operator("_npi_std")
def std(
    a: Tensor, *, axis: Axes | None = None, dtype: DType | None = None, keepdims: bool = False, ddof: int = 0
) -> Tensor:
    """Square root of the variance."""
    return _spread(torch.std, a, axis, dtype, keepdims, ddof)


def _spread(
    function: Callable[..., Tensor],
    a: Tensor,
    axis: int | tuple[int, ...] | None,
    dtype: torch.dtype | None,
    keepdims: bool,
    ddof: int,
) -> Tensor:
    wanted = dtype or _moment_type(a)
    axes = axes_of(a, axis)
    a = a.to(wanted if wanted.is_floating_point else torch.float64)
    if not axes:
        result = a * 0
    elif _length(a, axes) > ddof and a.numel():
        result = function(a, axes, correction=ddof, keepdim=keepdims)
    else:
        # torch warns of a divisor that is not positive; MXNet divides by zero.
        squares = torch.square(a - torch.mean(a, axes, keepdim=True))
        result = torch.sum(squares, axes, keepdim=keepdims) / 0
    return result.to(wanted)


class _Extreme(torch.autograd.Function):
    """Largest or smallest value, whose gradient goes to every element that has it; torch would share it out."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, axes: tuple[int, ...], largest: bool) -> Tensor:
        value = (torch.amax if largest else torch.amin)(a, axes, keepdim=True)
        ctx.save_for_backward(a == value)
        return value

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        (reached,) = ctx.saved_tensors
        return torch.where(reached, gradient, 0), None, None


def extreme(a: Tensor, axes: tuple[int, ...], keepdims: bool, largest: bool) -> Tensor:
    """The largest or smallest value over one or more axes."""
    if not a.requires_grad:
        return (torch.amax if largest else torch.amin)(a, axes, keepdim=keepdims)
    value = _Extreme.apply(a, axes, largest)
    return value if keepdims else value.squeeze(axes)


def _extreme(a: Tensor, axis: Any, keepdims: bool, initial: float | None, largest: bool) -> Tensor:
    axes = axes_of(a, axis)
    if a.numel() == 0 and _length(a, axes) == 0:
        raise MXNetError(
            f"zero-size array to reduction operation {'maximum' if largest else 'minimum'} which has no identity: "
            f"shape {tuple(a.shape)}, axes {axes}"
        )
    if not axes:
        return a.clone()
    value = extreme(a, axes, keepdims, largest)
    if initial is None:
        return value
    return value.clamp(min=initial) if largest else value.clamp(max=initial)


@operator("_npi_max", "_npi_amax")
def max(a: Tensor, *, axis: Axes | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """Largest element over axes; NaN if there is one."""
    return _extreme(a, axis, keepdims, initial, largest=True)


@operator("_npi_min", "_npi_amin")
def min(a: Tensor, *, axis: Axes | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """Smallest element over axes; NaN if there is one."""
    return _extreme(a, axis, keepdims, initial, largest=False)


def _position(data: Tensor, axis: int | None, keepdims: bool, largest: bool) -> Tensor:
    axes = axes_of(data, axis)
    if data.numel() == 0 and _length(data, axes) == 0:
        raise MXNetError(f"attempt to search an empty sequence: shape {tuple(data.shape)}, axis {axis}")
    data = data.to(torch.uint8) if data.dtype is torch.bool else data
    return (torch.argmax if largest else torch.argmin)(data.detach(), axis, keepdim=keepdims)


@operator("_npi_argmax")
def argmax(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Position (int64) of the first largest element along an axis, or in the flattened array."""
    return _position(data, axis, keepdims, largest=True)


@operator("_npi_argmin")
def argmin(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Position (int64) of the first smallest element along an axis, or in the flattened array."""
    return _position(data, axis, keepdims, largest=False)


@operator("_npi_all")
def all(data: Tensor, *, axis: Axes | None = None, keepdims: bool = False) -> Tensor:
    """Whether all elements over axes are true."""
    axes = axes_of(data, axis)
    return torch.all(data != 0, axes, keepdim=keepdims) if axes else data != 0


@operator("_npi_any", "_np_sometrue")
def any(data: Tensor, *, axis: Axes | None = None, keepdims: bool = False) -> Tensor:
    """Whether any element over axes is true."""
    axes = axes_of(data, axis)
    return torch.any(data != 0, axes, keepdim=keepdims) if axes else data != 0


@operator("_npi_average", outputs=2, when={"weights": itemgetter("weighted")})
def average(
    a: Tensor,
    weights: Tensor | None = None,
    *,
    axis: Axes | None = None,
    returned: bool = False,
    weighted: bool = True,
) -> tuple[Tensor, Tensor]:
    """Mean over axes weighted by `weights`, and the sum of the weights."""
    axes = axes_of(a, axis)
    a = a.to(_moment_type(a))
    if weights is None:
        return torch.mean(a, axes), torch.full((), float(_length(a, axes)), dtype=a.dtype, device=a.device)
    wanted = torch.promote_types(a.dtype, weights.dtype)
    a, weights = a.to(wanted), _aligned(weights.to(wanted), a, axes)
    total = torch.sum(weights, axes)
    return torch.sum(a * weights, axes) / total, total.squeeze()


def _aligned(weights: Tensor, a: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Weights that broadcast against `a`, from those of its shape or of the length of its one axis."""
    if weights.shape == a.shape:
        return weights
    if len(axes) != 1 or weights.dim() != 1 or weights.shape[0] != a.shape[axes[0]]:
        raise MXNetError(
            f"weights of shape {tuple(weights.shape)} fit neither an array of shape {tuple(a.shape)} "
            f"nor the length of its axes {axes}"
        )
    shape = [1] * a.dim()
    shape[axes[0]] = -1
    return weights.reshape(shape)


@operator("_npi_cumsum")
def cumsum(a: Tensor, *, axis: int | None = None, dtype: DType | None = None) -> Tensor:
    """Running sum along an axis, or of the flattened array."""
    return _running(torch.cumsum, a, axis, dtype or (torch.int64 if a.dtype is torch.bool else a.dtype))


@operator("_npi_cumprod")
def cumprod(a: Tensor, *, axis: int | None = None, dtype: DType | None = None) -> Tensor:
    """Running product along an axis, or of the flattened array; int64 for integers."""
    return _running(torch.cumprod, a, axis, dtype or (a.dtype if a.dtype.is_floating_point else torch.int64))


def _running(function: Any, a: Tensor, axis: int | None, dtype: torch.dtype) -> Tensor:
    if axis is None:
        return function(a.reshape(-1), 0, dtype=dtype)
    (axis,) = axes_of(a, axis)
    return function(a, axis, dtype=dtype)


# ONNX


def _narrow(graph: Any, a: Any, dtype: torch.dtype) -> Any:
    """The input in a type, or if ONNX cannot sum in that in int64."""
    return graph.cast(a, dtype if dtype.is_floating_point or dtype is torch.int32 else torch.int64)


def _sum_in_onnx(kind: str, join: str) -> Callable[..., Any]:
    def lower(graph: Any, a: Any, *, axis: int | tuple[int, ...] | None, keepdims: bool, initial: float | None) -> Any:
        dtype = graph.results[0].dtype
        total = _onnx.reduce(graph, kind, _narrow(graph, a, dtype), _onnx.axes(graph, a, axis), keepdims)
        return total if initial is None else graph.node(join, total, initial)

    return lower


sum.onnx(_sum_in_onnx("ReduceSum", "Add"))
prod.onnx(_sum_in_onnx("ReduceProd", "Mul"))


@mean.onnx
def _(graph: Any, a: Any, *, axis: int | tuple[int, ...] | None, keepdims: bool, initial: float | None) -> Any:
    dtype = graph.results[0].dtype
    axes = _onnx.axes(graph, a, axis)
    total = _onnx.reduce(
        graph, "ReduceMean", graph.cast(a, dtype if dtype.is_floating_point else torch.float64), axes, keepdims
    )
    if initial is None:
        return total
    return graph.node("Add", total, initial / (product(graph.need_sizes(a, axes)) or 1))


def _spread_in_onnx(root: bool) -> Callable[..., Any]:
    def lower(graph: Any, a: Any, *, axis: int | tuple[int, ...] | None, keepdims: bool, ddof: int) -> Any:
        dtype = graph.results[0].dtype
        axes = _onnx.axes(graph, a, axis)
        a = graph.cast(a, dtype if dtype.is_floating_point else torch.float64)
        if not axes:
            return graph.node("Mul", a, 0)
        distance = graph.node("Sub", a, graph.node("ReduceMean", a, axes, keepdims=1))
        variance = graph.node("ReduceMean", graph.node("Mul", distance, distance), axes, keepdims=int(keepdims))
        if ddof:
            count = product(graph.need_sizes(a, axes))
            variance = graph.node("Mul", variance, count / (count - ddof) if count > ddof else math.inf)
        return graph.node("Sqrt", variance) if root else variance

    return lower


var.onnx(_spread_in_onnx(False))
std.onnx(_spread_in_onnx(True))


def _extreme_in_onnx(kind: str, join: str) -> Callable[..., Any]:
    def lower(graph: Any, a: Any, *, axis: int | tuple[int, ...] | None, keepdims: bool, initial: float | None) -> Any:
        a = _onnx.comparable(graph, a)
        value = _onnx.reduce(graph, kind, a, _onnx.axes(graph, a, axis), keepdims)
        return value if initial is None else graph.node(join, value, initial)

    return lower


max.onnx(_extreme_in_onnx("ReduceMax", "Max"))
min.onnx(_extreme_in_onnx("ReduceMin", "Min"))
argmax.onnx(_onnx.place("ArgMax"))
argmin.onnx(_onnx.place("ArgMin"))


def _truth_in_onnx(kind: str) -> Callable[..., Any]:
    def lower(graph: Any, data: Any, *, axis: int | tuple[int, ...] | None, keepdims: bool) -> Any:
        truth = graph.cast(graph.cast(data, torch.bool), torch.int32)
        return _onnx.reduce(graph, kind, truth, _onnx.axes(graph, data, axis), keepdims)

    return lower


all.onnx(_truth_in_onnx("ReduceMin"))
any.onnx(_truth_in_onnx("ReduceSum"))


@cumsum.onnx
def _(graph: Any, a: Any, *, axis: int | None) -> Any:
    if axis is None:
        a, axis = graph.reshape(a, [-1]), 0
    return graph.node("CumSum", _narrow(graph, a, graph.results[0].dtype), np.array(graph.axis(a, axis)))
