"""Convolution, its transpose, and the rearrangement of patches into columns."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators._completion import Known, following, size
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import (
    CHANNELS_LAST,
    channels_first,
    channels_last,
    check_floating,
    check_types,
    has_bias,
    per_dimension,
)
from mxnet.operators.neural._depthwise import depthwise, is_depthwise

Tensor = torch.Tensor
Layout = Literal["NCDHW", "NCHW", "NCW", "NDHWC", "NHWC", "NWC"] | None

_FORWARD = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}
_TRANSPOSED = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}


def _rank(where: str, kernel: tuple[int, ...]) -> int:
    """The number of spatial dimensions."""
    if len(kernel) not in _FORWARD:
        raise MXNetError(f"{where}: kernel={kernel} must have one, two or three entries")
    return len(kernel)


@operator("Convolution", "_npx_convolution", when={"bias": has_bias})
def convolution(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    cudnn_tune: Literal["fastest", "limited_workspace", "off"] | None = None,
    cudnn_off: bool = False,
    layout: Layout = None,
) -> Tensor:
    """Convolution over one, two or three spatial dimensions."""
    if layout in CHANNELS_LAST:
        data, weight = channels_first(data), channels_first(weight)
    rank = _rank("Convolution", kernel)
    if data.dim() != rank + 2 or tuple(weight.shape[2:]) != kernel:
        _refuse("Convolution", data, weight, kernel, (num_filter, _part(data, num_group)), layout)
    if weight.shape[0] != num_filter or weight.shape[1] * num_group != data.shape[1]:
        _refuse("Convolution", data, weight, kernel, (num_filter, _part(data, num_group)), layout, num_group)
    if data.dtype is not weight.dtype or (bias is not None and bias.dtype is not data.dtype):
        check_types("Convolution", data, weight=weight, bias=bias)
    check_floating("Convolution", data)
    stride = per_dimension(stride, rank, 1, "Convolution", "stride")
    dilate = per_dimension(dilate, rank, 1, "Convolution", "dilate")
    pad = per_dimension(pad, rank, 0, "Convolution", "pad")
    bias = None if no_bias else bias
    if is_depthwise(data, weight, stride):
        result = depthwise(data, weight, bias, stride, pad, dilate)
    else:
        result = _FORWARD[rank](data, weight, bias, stride, pad, dilate, num_group)
    return channels_last(result) if layout in CHANNELS_LAST else result


@convolution.onnx
def _(
    graph: Any,
    data: Any,
    weight: Any,
    bias: Any = None,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilate: tuple[int, ...],
    pad: tuple[int, ...],
    num_group: int,
    no_bias: bool,
    layout: str | None,
) -> Any:
    last = layout in CHANNELS_LAST
    if last:
        data, weight = graph.move_axis(data, -1, 1), graph.move_axis(weight, -1, 1)
    rank = len(kernel)
    result = graph.node(
        "Conv",
        data,
        weight,
        None if no_bias else bias,
        kernel_shape=kernel,
        strides=stride or (1,) * rank,
        dilations=dilate or (1,) * rank,
        pads=(pad or (0,) * rank) * 2,
        group=num_group,
    )
    return graph.permute(result, (0, *range(2, rank + 2), 1)) if last else result


@convolution.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    filters, channels = attributes["num_filter"], _channels(data, attributes)
    inside = channels if channels == -1 else channels // max(attributes["num_group"], 1)
    return _weight(filters, inside, attributes), (filters,)


def _channels(data: tuple[int, ...], attributes: dict[str, Any]) -> int:
    return size(data, -1 if attributes["layout"] in CHANNELS_LAST else 1)


def _weight(outer: int, inner: int, attributes: dict[str, Any]) -> tuple[int, ...]:
    kernel = attributes["kernel"]
    return (outer, *kernel, inner) if attributes["layout"] in CHANNELS_LAST else (outer, inner, *kernel)


@operator("Deconvolution", "_npx_deconvolution", when={"bias": has_bias})
def deconvolution(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    adj: Shape = (),
    target_shape: Shape | None = None,
    num_filter: int,
    num_group: int = 1,
    workspace: int = 512,
    no_bias: bool = True,
    cudnn_tune: Literal["fastest", "limited_workspace", "off"] | None = None,
    cudnn_off: bool = False,
    layout: Layout = None,
) -> Tensor:
    """Transposed convolution; `target_shape` sets `pad` and `adj` so that the result has that size."""
    if layout in CHANNELS_LAST:
        data, weight = channels_first(data), channels_first(weight)
    rank = _rank("Deconvolution", kernel)
    channels = (_part(data, 1), num_filter // max(num_group, 1))
    if data.dim() != rank + 2 or tuple(weight.shape[2:]) != kernel:
        _refuse("Deconvolution", data, weight, kernel, channels, layout)
    if weight.shape[0] != data.shape[1] or weight.shape[1] * num_group != num_filter:
        _refuse("Deconvolution", data, weight, kernel, channels, layout, num_group)
    check_types("Deconvolution", data, weight=weight, bias=bias)
    check_floating("Deconvolution", data)
    stride = per_dimension(stride, rank, 1, "Deconvolution", "stride")
    dilate = per_dimension(dilate, rank, 1, "Deconvolution", "dilate")
    if target_shape is not None and any(target_shape):
        pad, adj = _reach(data.shape[2:], kernel, stride, dilate, target_shape)
    else:
        pad = per_dimension(pad, rank, 0, "Deconvolution", "pad")
        adj = per_dimension(adj, rank, 0, "Deconvolution", "adj")
    if any(extra >= step for extra, step in zip(adj, stride, strict=True)):
        raise MXNetError(f"Deconvolution: adj={adj} must be smaller than stride={stride}")
    bias = None if no_bias else bias
    result = _TRANSPOSED[rank](data, weight, bias, stride, pad, adj, num_group, dilate)
    return channels_last(result) if layout in CHANNELS_LAST else result


@deconvolution.onnx
def _(
    graph: Any,
    data: Any,
    weight: Any,
    bias: Any = None,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilate: tuple[int, ...],
    pad: tuple[int, ...],
    adj: tuple[int, ...],
    target_shape: tuple[int, ...],
    num_group: int,
    no_bias: bool,
    layout: str | None,
) -> Any:
    last = layout in CHANNELS_LAST
    if last:
        data, weight = graph.move_axis(data, -1, 1), graph.move_axis(weight, -1, 1)
    rank = len(kernel)
    stride, dilate = stride or (1,) * rank, dilate or (1,) * rank
    if any(target_shape or ()):
        size = torch.Size(graph.need_sizes(data, range(2, rank + 2)))
        pad, adj = _reach(size, kernel, stride, dilate, target_shape)
    result = graph.node(
        "ConvTranspose",
        data,
        weight,
        None if no_bias else bias,
        kernel_shape=kernel,
        strides=stride,
        dilations=dilate,
        pads=(pad or (0,) * rank) * 2,
        output_padding=adj or (0,) * rank,
        group=num_group,
    )
    return graph.permute(result, (0, *range(2, rank + 2), 1)) if last else result


@deconvolution.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    filters = attributes["num_filter"]
    inside = filters // max(attributes["num_group"], 1)
    return _weight(_channels(data, attributes), inside, attributes), (filters,)


def _reach(
    size: torch.Size,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilate: tuple[int, ...],
    target: tuple[int, ...],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Padding and adjustment with which a transposed convolution gives the spatial shape `target`."""
    if len(target) != len(kernel):
        raise MXNetError(f"Deconvolution: target_shape={target} must have {len(kernel)} entries, as kernel has")
    pads, adjustments = [], []
    for length, k, step, gap, wanted in zip(size, kernel, stride, dilate, target, strict=True):
        surplus = (length - 1) * step + (k - 1) * gap + 1 - wanted
        if surplus < 0:
            raise MXNetError(
                f"Deconvolution: target_shape={target} is too big: without padding the result has "
                f"{surplus + wanted} where {wanted} are asked for"
            )
        pads.append((surplus + 1) // 2)
        adjustments.append(surplus % 2)
    return tuple(pads), tuple(adjustments)


def _part(data: Tensor, groups: int) -> int:
    return data.shape[1] // max(groups, 1) if data.dim() > 1 else 0


def _refuse(
    where: str,
    data: Tensor,
    weight: Tensor,
    kernel: tuple[int, ...],
    channels: tuple[int, int],
    layout: str | None,
    groups: int = 1,
) -> None:
    rank = len(kernel)
    if rank not in _FORWARD:
        raise MXNetError(f"{where}: kernel={kernel} must have one, two or three entries")
    note = " (shown channels first)" if layout in CHANNELS_LAST else ""
    if data.dim() != rank + 2:
        raise MXNetError(
            f"{where}: input data should be {rank + 2}D (batch, channels and {rank} spatial dimensions) "
            f"for kernel={kernel}, but has shape {tuple(data.shape)}{note}"
        )
    raise MXNetError(
        f"{where}: shape inconsistent, weight has shape {tuple(weight.shape)}, but data of shape "
        f"{tuple(data.shape)} with num_group={groups} takes {(*channels, *kernel)}{note}"
    )


@operator("im2col", "_npx_im2col")
def im2col(data: Tensor, *, kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = ()) -> Tensor:
    """The patches a kernel passes over, each as one column: (batch, channels * kernel size, positions)."""
    return F.unfold(data, **_patches("im2col", kernel, stride, dilate, pad))


@im2col.onnx
def _(
    graph: Any,
    data: Any,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilate: tuple[int, ...],
    pad: tuple[int, ...],
) -> Any:
    (channels,) = graph.need_sizes(data, [1])
    count = kernel[0] * kernel[1]
    taps = torch.eye(count, dtype=data.dtype).repeat(channels, 1).reshape(channels * count, 1, *kernel)
    columns = graph.node(
        "Conv",
        data,
        graph.constant(taps),
        kernel_shape=kernel,
        strides=stride or (1, 1),
        dilations=dilate or (1, 1),
        pads=(pad or (0, 0)) * 2,
        group=channels,
    )
    return graph.node("Reshape", columns, [0, channels * count, -1])


@operator("col2im", "_npx_col2im")
def col2im(
    data: Tensor,
    *,
    output_size: Shape,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
) -> Tensor:
    """Add the columns of `im2col` back into an image of the given size; overlapping values sum up."""
    return F.fold(data, output_size, **_patches("col2im", kernel, stride, dilate, pad))


@col2im.onnx
def _(
    graph: Any,
    data: Any,
    *,
    output_size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilate: tuple[int, ...],
    pad: tuple[int, ...],
) -> Any:
    return graph.node(
        "Col2Im",
        data,
        output_size,
        kernel,
        strides=stride or (1, 1),
        dilations=dilate or (1, 1),
        pads=(pad or (0, 0)) * 2,
    )


def _patches(
    where: str, kernel: tuple[int, ...], stride: tuple[int, ...], dilate: tuple[int, ...], pad: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    if len(kernel) != 2:
        raise MXNetError(f"{where}: kernel={kernel} must have two entries, height and width")
    return {
        "kernel_size": kernel,
        "stride": per_dimension(stride, 2, 1, where, "stride"),
        "dilation": per_dimension(dilate, 2, 1, where, "dilate"),
        "padding": per_dimension(pad, 2, 0, where, "pad"),
    }
