"""Pooling: of windows with MXNet's conventions, and adaptive."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import CHANNELS_LAST, channels_first, channels_last, check_floating, per_dimension
from mxnet.operators.neural.convolution import Layout

Tensor = torch.Tensor
PoolType = Literal["avg", "lp", "max", "sum"]

_MAX = {1: torch.max_pool1d, 2: torch.max_pool2d, 3: torch.max_pool3d}
_AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_ADAPTIVE = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}


@operator("Pooling", "_npx_pooling")
def pooling(
    data: Tensor,
    *,
    kernel: Shape = (),
    pool_type: PoolType = "max",
    global_pool: bool = False,
    cudnn_off: bool = False,
    pooling_convention: Literal["full", "same", "valid"] = "valid",
    stride: Shape = (),
    pad: Shape = (),
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: Layout = None,
    output_size: Shape | None = None,
) -> Tensor:
    """Maximum, mean, sum or p-norm of the windows a kernel passes over, in one to three spatial dimensions.

    'valid' rounds the number of windows down, 'full' rounds it up, 'same' gives one for each step of stride.
    """
    if not 3 <= data.dim() <= 5:
        raise MXNetError(
            f"Pooling: input data should be 3D, 4D or 5D (batch, channels and one to three spatial dimensions), "
            f"but has shape {tuple(data.shape)}"
        )
    check_floating("Pooling", data)
    if pool_type == "lp" and p_value not in (1, 2, 3):
        raise MXNetError(f"Pooling: pool_type='lp' needs p_value 1, 2 or 3, not {p_value}")
    if layout in CHANNELS_LAST:
        data = channels_first(data)
    if global_pool:
        result = _whole(data, pool_type, p_value)
    else:
        result = _windows(
            data, kernel, pool_type, pooling_convention, stride, pad, p_value, count_include_pad is not False
        )
    return channels_last(result) if layout in CHANNELS_LAST else result


def _whole(data: Tensor, kind: str, p: int | None) -> Tensor:
    axes = tuple(range(2, data.dim()))
    if kind == "avg":
        return _ADAPTIVE[len(axes)](data, 1)
    if kind == "max":
        # Among equals the first one gets the gradient; amax, which is faster, would share it out.
        return _MAX[len(axes)](data, data.shape[2:]) if data.requires_grad else data.amax(axes, keepdim=True)
    if kind == "sum":
        return data.sum(axes, keepdim=True)
    return _root(data.pow(p).sum(axes, keepdim=True), p)


def _windows(
    data: Tensor,
    kernel: tuple[int, ...],
    kind: str,
    convention: str,
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    p: int | None,
    count_pad: bool,
) -> Tensor:
    rank = len(kernel)
    if rank not in _MAX:
        raise MXNetError(f"Pooling: kernel={kernel} must have one, two or three entries")
    if data.dim() != rank + 2:
        raise MXNetError(
            f"Pooling: input data should be {rank + 2}D for kernel={kernel}, but has shape {tuple(data.shape)}"
        )
    stride = per_dimension(stride, rank, 1, "Pooling", "stride")
    pad = per_dimension(pad, rank, 0, "Pooling", "pad")
    ceil = _ceiling(data.shape[2:], kernel, stride, pad, convention)
    halved = all(2 * before <= size for before, size in zip(pad, kernel, strict=True))
    if ceil is None or not halved:
        data, ends = _padded(data, kernel, stride, pad, convention, kind)
        if kind == "avg":
            return _sums(data, kernel, stride) / _counts(data, kernel, stride, pad, ends, count_pad)
        ceil, pad = False, (0,) * rank
    if kind == "max":
        return _MAX[rank](data, kernel, stride, pad, 1, ceil)
    if kind == "avg":
        return _AVERAGE[rank](data, kernel, stride, pad, ceil, count_pad)
    if kind == "lp":
        data = data.pow(p)
    # torch divides by a fixed number if told so in two and three dimensions only; one is a thin case of two.
    sums = _sums(data, kernel, stride, pad, ceil)
    return sums if kind == "sum" else _root(sums, p)


def _root(sums: Tensor, p: int | None) -> Tensor:
    if p == 1:
        return sums
    return sums.sqrt() if p == 2 else sums.sign() * sums.abs().pow(1 / 3)


def _sums(
    data: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...] | None = None,
    ceil: bool = False,
) -> Tensor:
    pad = pad or (0,) * len(kernel)
    if len(kernel) == 1:
        return _sums(data.unsqueeze(2), (1, *kernel), (1, *stride), (0, *pad), ceil).squeeze(2)
    return _AVERAGE[len(kernel)](data, kernel, stride, pad, ceil, True, 1)


def _lengths(
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    convention: str,
) -> list[int]:
    """How many windows there are along each dimension."""
    lengths = []
    for length, k, step, before in zip(size, kernel, stride, pad, strict=True):
        span = length + 2 * before - k
        if convention == "same":
            lengths.append(-(-length // step))
        elif convention == "full":
            lengths.append(1 - (-span // step))
        else:
            lengths.append(1 + span // step)
    return lengths


def _ceiling(
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    convention: str,
) -> bool | None:
    """The rounding (up: True) with which torch has the same windows; None if it has not."""
    for length, k, before in zip(size, kernel, pad, strict=True):
        if k > length + 2 * before:
            raise MXNetError(f"Pooling: kernel size ({k}) exceeds input ({length} padded to {length + 2 * before})")
        if before >= k:
            raise MXNetError(f"Pooling: pad={pad} must be smaller than kernel={kernel}")
    if convention == "valid":
        return False
    if convention == "same":
        if any(pad):
            raise MXNetError(f"Pooling: pooling_convention='same' takes no pad, not {pad}")
        return None
    # torch leaves out a window that would begin beyond the data and its left padding.
    lengths = _lengths(size, kernel, stride, pad, convention)
    begun = all(
        (count - 1) * step < length + before
        for count, step, length, before in zip(lengths, stride, size, pad, strict=True)
    )
    return True if begun else None


def _padded(
    data: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    convention: str,
    kind: str,
) -> tuple[Tensor, list[int]]:
    """The data with its padding, as far as the last window reaches, and where each dimension ends for counting."""
    size = data.shape[2:]
    lengths = _lengths(size, kernel, stride, pad, convention)
    widths, ends = [], []
    for length, k, step, before, count in zip(size, kernel, stride, pad, lengths, strict=True):
        reach = (count - 1) * step + k
        widths.append((before, max(reach - before - length, 0)))
        ends.append(length + 2 * before)
    flat = [width for pair in reversed(widths) for width in pair]
    filler = torch.finfo(data.dtype).min if kind == "max" else 0.0
    return F.pad(data, flat, value=filler), ends


def _counts(
    padded: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    ends: list[int],
    count_pad: bool,
) -> Tensor:
    """How many elements of each window count in its mean."""
    marks = torch.zeros(padded.shape[2:], dtype=padded.dtype, device=padded.device)
    bounds = [(0, end) if count_pad else (before, end - before) for before, end in zip(pad, ends, strict=True)]
    marks[tuple([slice(*bound) for bound in bounds])] = 1
    return _sums(marks[None, None], kernel, stride).clamp(min=1)


@pooling.onnx
def _(
    graph: Any,
    data: Any,
    *,
    kernel: tuple[int, ...],
    pool_type: str,
    global_pool: bool,
    pooling_convention: str,
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    p_value: int | None,
    count_include_pad: bool | None,
    layout: str | None,
) -> Any:
    last = layout in CHANNELS_LAST
    data = graph.move_axis(data, -1, 1) if last else data
    if pool_type == "lp":
        data = graph.shaped(graph.node("Pow", data, p_value), data)
    if global_pool:
        result = _whole_in_onnx(graph, data, pool_type)
    else:
        stride, pad = stride or (1,) * len(kernel), pad or (0,) * len(kernel)
        counted = count_include_pad is not False
        if pool_type == "max" and pooling_convention == "full" and None in data.shape[2:]:
            result = _rounded_up_in_onnx(graph, data, kernel, stride, pad)
        else:
            extra = _beyond(graph, data, kernel, stride, pad, pooling_convention)
            result = _windows_in_onnx(graph, data, pool_type, kernel, stride, pad, extra, counted)
    if pool_type == "lp" and p_value == 2:
        result = graph.node("Sqrt", result)
    elif pool_type == "lp" and p_value == 3:
        root = graph.node("Pow", graph.node("Abs", result), 1 / 3)
        result = graph.node("Mul", graph.node("Sign", result), root)
    return graph.permute(result, (0, *range(2, data.rank), 1)) if last else result


def _whole_in_onnx(graph: Any, data: Any, kind: str) -> Any:
    if kind in ("avg", "max"):
        return graph.node("GlobalAveragePool" if kind == "avg" else "GlobalMaxPool", data)
    return graph.node("ReduceSum", data, list(range(2, data.rank)), keepdims=1)


def _rounded_up_in_onnx(
    graph: Any, data: Any, kernel: tuple[int, ...], stride: tuple[int, ...], pad: tuple[int, ...]
) -> Any:
    """Maxima for any size of the data: ONNX rounds up too, but leaves out windows that begin beyond the data."""
    if any(step + before > k for k, step, before in zip(kernel, stride, pad, strict=True)):
        graph.need_sizes(data, range(2, data.rank))
    return graph.node("MaxPool", data, kernel_shape=kernel, strides=stride, pads=pad * 2, ceil_mode=1)


def _beyond(
    graph: Any, data: Any, kernel: tuple[int, ...], stride: tuple[int, ...], pad: tuple[int, ...], convention: str
) -> tuple[int, ...]:
    """How far the last windows reach beyond the padded data."""
    if convention == "valid" or (convention == "full" and set(stride) == {1}):
        return (0,) * len(kernel)
    size = graph.need_sizes(data, range(2, data.rank))
    counts = _lengths(size, kernel, stride, pad, convention)
    rows = zip(size, kernel, stride, pad, counts, strict=True)
    return tuple([max((count - 1) * step + k - length - 2 * before, 0) for length, k, step, before, count in rows])


def _windows_in_onnx(
    graph: Any,
    data: Any,
    kind: str,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    extra: tuple[int, ...],
    count_pad: bool,
) -> Any:
    ends = tuple([before + more for before, more in zip(pad, extra, strict=True)])
    none = (0,) * len(kernel)
    within = all(end < k for end, k in zip(ends, kernel, strict=True))
    if kind == "max":
        if not within:  # windows that hold nothing but padding
            data = _padded_in_onnx(graph, data, pad, ends, torch.finfo(data.dtype).min)
            pad = ends = none
        return graph.node("MaxPool", data, kernel_shape=kernel, strides=stride, pads=(*pad, *ends))
    if kind == "avg" and not any(extra):
        return graph.node(
            "AveragePool",
            data,
            kernel_shape=kernel,
            strides=stride,
            pads=(*pad, *pad),
            count_include_pad=int(count_pad),
        )
    whole = _padded_in_onnx(graph, data, pad, ends, 0)
    mean = graph.node("AveragePool", whole, kernel_shape=kernel, strides=stride)
    total = graph.node("Mul", mean, float(math.prod(kernel)))
    if kind != "avg":
        return total
    size = graph.need_sizes(data, range(2, data.rank))
    padded = [before + length + end for before, length, end in zip(pad, size, ends, strict=True)]
    inside = [length + 2 * before for length, before in zip(size, pad, strict=True)]
    counts = _counts(torch.zeros(1, 1, *padded, dtype=data.dtype), kernel, stride, pad, inside, count_pad)
    return graph.node("Div", total, graph.constant(counts))


def _padded_in_onnx(graph: Any, data: Any, begin: tuple[int, ...], end: tuple[int, ...], filler: float) -> Any:
    if not any((*begin, *end)):
        return data
    return graph.node("Pad", data, [0, 0, *begin, 0, 0, *end], filler)


@operator("_contrib_AdaptiveAvgPooling2D")
def adaptive_average_pooling(
    data: Tensor,
    *,
    kernel: Shape = (),
    pool_type: PoolType = "max",
    global_pool: bool = False,
    cudnn_off: bool = False,
    pooling_convention: Literal["full", "same", "valid"] = "valid",
    stride: Shape = (),
    pad: Shape = (),
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: Layout = None,
    output_size: Shape | None = None,
) -> Tensor:
    """Mean of windows chosen so that the result has the height and width `output_size` (default 1)."""
    if data.dim() != 4:
        raise MXNetError(f"AdaptiveAvgPooling2D: input data should be 4D, but has shape {tuple(data.shape)}")
    if output_size is not None and len(output_size) not in (0, 1, 2):
        raise MXNetError(f"AdaptiveAvgPooling2D: output_size={output_size} must have one or two entries")
    if not output_size:
        size: tuple[int, ...] = (1, 1)
    else:
        size = output_size * 2 if len(output_size) == 1 else output_size
    return F.adaptive_avg_pool2d(data, size)


@adaptive_average_pooling.onnx
def _(graph: Any, data: Any, *, output_size: tuple[int, ...] | None) -> Any:
    wanted = (output_size or (1,)) * (1 if len(output_size or (1,)) == 2 else 2)
    if wanted == (1, 1):
        return graph.node("GlobalAveragePool", data)
    height, width = [
        F.adaptive_avg_pool1d(torch.eye(length, dtype=torch.float64)[None], count)[0].to(data.dtype)
        for length, count in zip(graph.need_sizes(data, [2, 3]), wanted, strict=True)
    ]
    rows = graph.node("MatMul", graph.constant(height.T), data, dtype=data.dtype)
    return graph.node("MatMul", rows, graph.constant(width))
