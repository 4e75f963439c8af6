"""Operators that order and count: sort, unique, histograms, quantiles, differences and interpolation."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Literal

import torch

from mxnet.base import MXNetError
from mxnet.operators import _onnx
from mxnet.operators._promotion import counted
from mxnet.operators.attributes import Axes, DType, Floats
from mxnet.operators.catalogue import operator
from mxnet.operators.reduction import axes_of

Tensor = torch.Tensor


@operator("sort", "_npi_sort")
def sort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True) -> Tensor:
    """The elements in order along an axis, or of the flattened array."""
    data, axis = _along(data, axis)
    return torch.sort(data, dim=axis, descending=not is_ascend, stable=True).values if data.dim() else data.clone()


@operator("argsort", "_npi_argsort")
def argsort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True, dtype: DType = torch.float32) -> Tensor:
    """The positions that put the elements in order; equal ones keep theirs."""
    data, axis = _along(data.detach(), axis)
    if not data.dim():
        return torch.zeros_like(data, dtype=dtype)
    return torch.sort(data, dim=axis, descending=not is_ascend, stable=True).indices.to(dtype)


def _order_in_onnx(graph: Any, data: Any, axis: int | None, is_ascend: bool) -> tuple[Any, Any]:
    """The elements in order, and their positions."""
    if axis is None:
        data, axis = graph.reshape(data, [-1]), 0
    axis = graph.axis(data, axis)
    count = graph.sizes([graph.size(data, axis)])
    return graph.node("TopK", _onnx.comparable(graph, data), count, outputs=2, axis=axis, largest=int(not is_ascend))


@sort.onnx
def _(graph: Any, data: Any, *, axis: int | None, is_ascend: bool) -> Any:
    return _order_in_onnx(graph, data, axis, is_ascend)[0] if data.rank else data


@argsort.onnx
def _(graph: Any, data: Any, *, axis: int | None, is_ascend: bool) -> Any:
    return _order_in_onnx(graph, data, axis, is_ascend)[1] if data.rank else graph.node("Mul", data, 0)


def _along(data: Tensor, axis: int | None) -> tuple[Tensor, int]:
    if axis is None:
        return data.reshape(-1), 0
    if data.dim():
        (axis,) = axes_of(data, axis)
    return data, axis


@operator("_npi_bincount", when={"weights": itemgetter("has_weights")}, dynamic=True)
def bincount(data: Tensor, weights: Tensor | None = None, *, minlength: int = 0, has_weights: bool = False) -> Tensor:
    """How often each integer from zero occurs, or the sum of the weights where it does."""
    if data.dtype.is_floating_point or data.dtype is torch.bool:
        raise MXNetError(f"_npi_bincount: the values must be integers, not {data.dtype}")
    if minlength < 0:
        raise MXNetError(f"_npi_bincount: minlength must not be negative, given {minlength}")
    if weights is None:
        return torch.bincount(data, minlength=minlength).to(data.dtype)
    return torch.bincount(data, weights, minlength).to(weights.dtype)


@operator("_histogram", "_npi_histogram", outputs=2, when={"bins": lambda attributes: attributes["bin_cnt"] is None})
def histogram(
    data: Tensor, bins: Tensor | None = None, *, bin_cnt: int | None = None, range: Floats | None = None
) -> tuple[Tensor, Tensor]:
    """Number of elements (int64) in each bin, and the edges of the bins; the last bin takes its right edge."""
    values = data.detach().reshape(-1)
    values = values if values.dtype.is_floating_point else values.to(torch.float32)
    if bins is None:
        if bin_cnt is None or bin_cnt < 1 or range is None or range[0] > range[1]:
            raise MXNetError(f"_histogram needs a positive bin_cnt and a range, given {bin_cnt} and {range}")
        bins = torch.linspace(*range, bin_cnt + 1, dtype=values.dtype, device=data.device)
    if bins.dim() != 1 or bins.numel() < 2:
        raise MXNetError(f"_histogram: the edges must be a vector of at least two, given shape {tuple(bins.shape)}")
    edges = bins.to(torch.promote_types(bins.dtype, values.dtype))
    values = values.to(edges.dtype)
    inside = (values >= edges[0]) & (values <= edges[-1])
    found = torch.bucketize(values, edges, right=True).clamp_(1, edges.numel() - 1) - 1
    counts = torch.zeros(edges.numel() - 1, dtype=torch.int64, device=values.device)
    return counts.scatter_add_(0, found, inside.to(torch.int64)), bins.clone()


@operator("_npi_percentile", when={"q": lambda attributes: attributes["q_scalar"] is None})
def percentile(
    a: Tensor,
    q: Tensor | None = None,
    *,
    axis: Axes | None = None,
    interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] = "linear",
    keepdims: bool = False,
    q_scalar: float | None = None,
) -> Tensor:
    """The values below which `q` per cent of the elements lie; float32, or float64 for such an input."""
    axes = axes_of(a, axis)
    if q_scalar is not None and not 0 <= q_scalar <= 100:
        raise MXNetError(f"_npi_percentile: a percentage must lie between 0 and 100, given {q_scalar}")
    a = a.to(torch.float64 if a.dtype is torch.float64 else torch.float32)
    q = a.new_full((), q_scalar) if q is None else q.to(a.dtype)
    kept = [size for number, size in enumerate(a.shape) if number not in axes]
    lines = a.movedim(axes, tuple(range(-len(axes), 0))).reshape((*kept, -1))
    count = lines.shape[-1]
    if count == 0:
        raise MXNetError(f"_npi_percentile: there is no element along axes {axes} of shape {tuple(a.shape)}")
    ordered = torch.sort(lines, -1).values.movedim(-1, 0)
    place = q.reshape(-1).to(torch.float64) * ((count - 1) / 100)
    low, high = torch.floor(place).long(), torch.ceil(place).long()
    share = _SHARE[interpolation](place - low).to(a.dtype).reshape((-1, *[1] * len(kept)))
    result = torch.lerp(ordered[low], ordered[high], share)
    shape = [1 if number in axes else size for number, size in enumerate(a.shape)] if keepdims else kept
    return result.reshape((*q.shape, *shape))


_SHARE = {
    "linear": lambda part: part,
    "lower": torch.zeros_like,
    "higher": torch.ones_like,
    "midpoint": lambda part: torch.where(part > 0, 0.5, part),
    "nearest": lambda part: torch.floor(part + 0.5),
}


@operator("_npi_diff")
def diff(a: Tensor, *, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along an axis, taken `n` times."""
    if n < 0:
        raise MXNetError(f"_npi_diff: n must not be negative, given {n}")
    (axis,) = axes_of(a, axis)
    a = counted(a)
    return torch.diff(a, n, axis) if n else a.clone()


@diff.onnx
def _(graph: Any, a: Any, *, n: int, axis: int) -> Any:
    axis = graph.axis(a, axis)
    a = _onnx.comparable(graph, a)
    for _time in range(n):
        a = graph.node("Sub", graph.part(a, axis, 1, None), graph.part(a, axis, 0, -1))
    return a


@operator(
    "_npi_ediff1d",
    when={
        "input2": lambda attributes: attributes["to_begin_arr_given"] or attributes["to_end_arr_given"],
        "input3": lambda attributes: attributes["to_begin_arr_given"] and attributes["to_end_arr_given"],
    },
)
def ediff1d(
    input1: Tensor,
    input2: Tensor | None = None,
    input3: Tensor | None = None,
    *,
    to_begin_arr_given: bool = False,
    to_end_arr_given: bool = False,
    to_begin_scalar: float | None = None,
    to_end_scalar: float | None = None,
) -> Tensor:
    """Differences of neighbours in the flattened array, with values put before and after them."""
    extra = [part for part in (input2, input3) if part is not None]
    begin = extra.pop(0) if to_begin_arr_given else to_begin_scalar
    end = extra.pop(0) if to_end_arr_given else to_end_scalar
    parts = [torch.diff(counted(input1).reshape(-1))]
    if begin is not None:
        parts.insert(0, _flat(begin, parts[0]))
    if end is not None:
        parts.append(_flat(end, parts[0]))
    return torch.cat(parts)


def _flat(value: Tensor | float, like: Tensor) -> Tensor:
    if isinstance(value, torch.Tensor):
        return value.reshape(-1).to(like.dtype)
    return like.new_full((1,), value if like.dtype.is_floating_point else int(value))


@operator("_npi_interp", when={"x": lambda attributes: not attributes["x_is_scalar"]})
def interp(
    xp: Tensor,
    fp: Tensor,
    x: Tensor | None = None,
    *,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
    x_scalar: float = 0.0,
    x_is_scalar: bool = False,
) -> Tensor:
    """Piecewise linear interpolation in float64: the values at `x` of a function known at ascending `xp`."""
    xp, fp = xp.to(torch.float64), fp.to(torch.float64)
    if xp.dim() != 1 or xp.shape != fp.shape or not xp.numel():
        raise ValueError(
            f"_npi_interp: xp and fp must be vectors of one length, given {tuple(xp.shape)} and {tuple(fp.shape)}"
        )
    x = xp.new_full((), x_scalar) if x is None else x.to(torch.float64)
    if period is not None:
        if period == 0:
            raise MXNetError("_npi_interp: period must not be zero")
        xp, fp, x, left, right = *_unrolled(xp, fp, abs(period)), torch.remainder(x, abs(period)), None, None
    above = torch.searchsorted(xp, x.contiguous(), right=True).clamp(1, max(xp.numel() - 1, 1))
    below = above - 1
    above = above.clamp(max=xp.numel() - 1)
    start, begin = xp.take(below), fp.take(below)
    width = xp.take(above) - start
    share = ((x - start) / torch.where(width == 0, 1, width)).clamp(0, 1)
    result = begin + share * (fp.take(above) - begin)
    result = torch.where(x < xp[0], fp[0] if left is None else left, result)
    return torch.where(x > xp[-1], fp[-1] if right is None else right, result)


def _unrolled(xp: Tensor, fp: Tensor, period: float) -> tuple[Tensor, Tensor]:
    """One period of a function in ascending order, with a point of its neighbours at either end."""
    xp, order = torch.sort(torch.remainder(xp, period))
    fp = fp[order]
    return torch.cat([xp[-1:] - period, xp, xp[:1] + period]), torch.cat([fp[-1:], fp, fp[:1]])
