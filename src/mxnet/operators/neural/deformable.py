"""Convolution at positions that are inputs themselves."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import check_types, per_dimension

Tensor = torch.Tensor
Layout = Literal["NCDHW", "NCHW", "NCW"] | None


@operator("_npx_deformable_convolution", "_contrib_DeformableConvolution")
def deformable_convolution(
    data: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    num_deformable_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    layout: Layout = None,
) -> Tensor:
    """Convolution that reads each element of a window at its place plus an offset, bilinearly."""
    columns = _columns(
        "DeformableConvolution", data, offset, None, weight, kernel, stride, dilate, pad, num_deformable_group
    )
    return _multiply(columns, weight, None if no_bias else bias, num_filter, num_group)


@operator("_npx_modulated_deformable_convolution", "_contrib_ModulatedDeformableConvolution")
def modulated_deformable_convolution(
    data: Tensor,
    offset: Tensor,
    mask: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    num_deformable_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    im2col_step: int = 64,
    layout: Layout = None,
) -> Tensor:
    """`deformable_convolution` with each element read multiplied by an element of `mask`."""
    columns = _columns(
        "ModulatedDeformableConvolution",
        data,
        offset,
        mask,
        weight,
        kernel,
        stride,
        dilate,
        pad,
        num_deformable_group,
    )
    return _multiply(columns, weight, None if no_bias else bias, num_filter, num_group)


def _columns(
    where: str,
    data: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    weight: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilate: tuple[int, ...],
    pad: tuple[int, ...],
    groups: int,
) -> Tensor:
    """The elements read for each window: (batch, channels, kernel size, height, width)."""
    if data.dim() != 4 or len(kernel) != 2:
        raise MXNetError(
            f"{where}: input data should be 4D and kernel of two entries, not {tuple(data.shape)}, {kernel}"
        )
    check_types(where, data, offset=offset, weight=weight, mask=mask)
    stride = per_dimension(stride, 2, 1, where, "stride")
    dilate = per_dimension(dilate, 2, 1, where, "dilate")
    pad = per_dimension(pad, 2, 0, where, "pad")
    batch, channels, height, width = data.shape
    taps = kernel[0] * kernel[1]
    rows, columns = [
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, k, s, d, p in zip((height, width), kernel, stride, dilate, pad, strict=True)
    ]
    expected = (batch, 2 * groups * taps, rows, columns)
    if tuple(offset.shape) != expected:
        raise MXNetError(f"{where}: offset has shape {tuple(offset.shape)}, but data and kernel take {expected}")
    if mask is not None and tuple(mask.shape) != (batch, groups * taps, rows, columns):
        raise MXNetError(
            f"{where}: mask has shape {tuple(mask.shape)}, but data and kernel take "
            f"{(batch, groups * taps, rows, columns)}"
        )
    shift = offset.reshape(batch * groups, taps, 2, rows, columns)
    places = []
    for axis, count in ((0, rows), (1, columns)):
        tap = torch.arange(kernel[axis], device=data.device) * dilate[axis]
        tap = tap.repeat_interleave(kernel[1]) if axis == 0 else tap.repeat(kernel[0])
        window = torch.arange(count, device=data.device) * stride[axis] - pad[axis]
        shape = (1, 1, count, 1) if axis == 0 else (1, 1, 1, count)
        places.append(shift[:, :, axis] + tap.view(1, taps, 1, 1) + window.view(shape))
    inside = None
    if mask is None:
        # Between the last pixel and the edge the plain form reads that pixel, and nothing before the first one;
        # the modulated form fades to zero on either side.
        inside = (places[0] >= 0) & (places[0] < height) & (places[1] >= 0) & (places[1] < width)
        places = [places[0].clamp(0, height - 1), places[1].clamp(0, width - 1)]
    # grid_sample counts from -1 to 1 between the centres of the outer pixels.
    y = places[0] * (2 / max(height - 1, 1)) - 1
    x = places[1] * (2 / max(width - 1, 1)) - 1
    grid = torch.stack((x, y), -1).reshape(batch * groups, taps * rows, columns, 2)
    images = data.reshape(batch * groups, channels // groups, height, width)
    read = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=True)
    read = read.reshape(batch, groups, channels // groups, taps, rows, columns)
    if inside is not None:
        read = read * inside.reshape(batch, groups, 1, taps, rows, columns)
    else:
        read = read * mask.reshape(batch, groups, 1, taps, rows, columns)
    return read.reshape(batch, channels, taps, rows, columns)


def _multiply(columns: Tensor, weight: Tensor, bias: Tensor | None, num_filter: int, groups: int) -> Tensor:
    batch, channels, taps, rows, width = columns.shape
    expected = (num_filter, channels // groups, taps)
    if tuple(weight.flatten(2).shape) != expected:
        raise MXNetError(
            f"DeformableConvolution: weight has shape {tuple(weight.shape)}, but data, kernel and num_filter take "
            f"{expected[:2]} and the kernel"
        )
    grouped = columns.reshape(batch, groups, channels // groups * taps, rows * width)
    kernels = weight.reshape(groups, num_filter // groups, -1)
    result = torch.matmul(kernels, grouped).reshape(batch, num_filter, rows, width)
    return result if bias is None else result + bias.view(1, -1, 1, 1)
