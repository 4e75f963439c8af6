"""Convolution at positions that are inputs themselves."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators._completion import Known, following, product, size
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import check_types, has_bias, per_dimension

Tensor = torch.Tensor
Layout = Literal["NCDHW", "NCHW", "NCW"] | None


@operator("_npx_deformable_convolution", "_contrib_DeformableConvolution", when={"bias": has_bias})
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


@deformable_convolution.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    offset, _, weight, bias = _shapes(data, attributes)
    return offset, weight, bias


@operator("_npx_modulated_deformable_convolution", "_contrib_ModulatedDeformableConvolution", when={"bias": has_bias})
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


@modulated_deformable_convolution.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return _shapes(data, attributes)


def _shapes(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    """Shapes of offset, mask, weight and bias."""
    kernel, filters, groups = attributes["kernel"], attributes["num_filter"], attributes["num_group"]
    channels = size(data, 1)
    weight = (filters, channels if channels == -1 else channels // max(groups, 1), *kernel)
    windows = [kernel, attributes["stride"] or (1, 1), attributes["dilate"] or (1, 1), attributes["pad"] or (0, 0)]
    if len(data) != 4 or any(len(sizes) != 2 for sizes in windows):
        return None, None, weight, (filters,)
    places = [
        length if length == -1 else _windows(length, *window)
        for length, *window in zip(data[2:], *windows, strict=True)
    ]
    taps = attributes["num_deformable_group"] * product(kernel)
    return (data[0], 2 * taps, *places), (data[0], taps, *places), weight, (filters,)


def _windows(length: int, kernel: int, stride: int, dilate: int, pad: int) -> int:
    """How many windows there are along a dimension."""
    return (length + 2 * pad - dilate * (kernel - 1) - 1) // stride + 1


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
    sizes = [
        _windows(length, *window) for length, *window in zip(data.shape[2:], kernel, stride, dilate, pad, strict=True)
    ]
    taps = kernel[0] * kernel[1]
    _check_shape(where, "offset", offset, (data.shape[0], 2 * groups * taps, *sizes))
    if mask is not None:
        _check_shape(where, "mask", mask, (data.shape[0], groups * taps, *sizes))
    shift = offset.reshape(data.shape[0] * groups, taps, 2, *sizes)
    y = shift[:, :, 0] + _grid(kernel, sizes, stride, dilate, pad, 0, data.device)
    x = shift[:, :, 1] + _grid(kernel, sizes, stride, dilate, pad, 1, data.device)
    weights = None if mask is None else mask.reshape(data.shape[0], groups, 1, taps, *sizes)
    return _read(data, y, x, weights, groups)


def _check_shape(where: str, name: str, tensor: Tensor, expected: tuple[int, ...]) -> None:
    if tuple(tensor.shape) != expected:
        raise MXNetError(f"{where}: {name} has shape {tuple(tensor.shape)}, but data and kernel take {expected}")


def _grid(
    kernel: tuple[int, ...],
    sizes: list[int],
    stride: tuple[int, ...],
    dilate: tuple[int, ...],
    pad: tuple[int, ...],
    axis: int,
    device: torch.device,
) -> Tensor:
    """Where each element of each window lies along `axis`, without its offset: it broadcasts against the offsets."""
    tap = torch.arange(kernel[axis], device=device) * dilate[axis]
    tap = tap.repeat_interleave(kernel[1]) if axis == 0 else tap.repeat(kernel[0])
    window = torch.arange(sizes[axis], device=device) * stride[axis] - pad[axis]
    window = window[:, None] if axis == 0 else window[None, :]
    return tap.view(1, -1, 1, 1) + window


def _read(data: Tensor, y: Tensor, x: Tensor, weights: Tensor | None, groups: int) -> Tensor:
    """Read images bilinearly at places (batch * groups, kernel size, rows, columns), times `weights`.

    Without weights a place between the last pixel and the edge reads that pixel, and one before the first reads
    nothing; with them what is read fades to zero on either side. So MXNet's two operators do.
    """
    batch, channels, height, width = data.shape
    taps, rows, columns = y.shape[1:]
    if weights is None:
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        weights = inside.reshape(batch, groups, 1, taps, rows, columns)
        y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    # grid_sample counts from -1 to 1 between the centres of the outer pixels.
    y = y * (2 / max(height - 1, 1)) - 1
    x = x * (2 / max(width - 1, 1)) - 1
    grid = torch.stack((x, y), -1).reshape(batch * groups, taps * rows, columns, 2)
    images = data.reshape(batch * groups, channels // groups, height, width)
    read = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=True)
    read = read.reshape(batch, groups, channels // groups, taps, rows, columns) * weights
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
