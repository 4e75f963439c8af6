"""How alike two feature maps are, where one is moved against the other."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import check_floating, check_types

Tensor = torch.Tensor


@operator("Correlation")
def correlation(
    data1: Tensor,
    data2: Tensor,
    *,
    kernel_size: int = 1,
    max_displacement: int = 1,
    stride1: int = 1,
    stride2: int = 1,
    pad_size: int = 0,
    is_multiply: bool = True,
) -> Tensor:
    """Means of products (or of distances) of windows of one map with windows of another one, moved.

    The result has a channel for each move up to `max_displacement` pixels in both directions, in steps of `stride2`;
    windows of `kernel_size` pixels lie `stride1` pixels apart.
    """
    _check(data1, data2, kernel_size, max_displacement, stride1, stride2, pad_size)
    border = max_displacement + kernel_size // 2
    rows, columns = [-(-(size + 2 * pad_size - 2 * border) // stride1) for size in data1.shape[2:]]
    if min(rows, columns) < 1:
        raise MXNetError(
            f"Correlation: windows of {kernel_size} and displacements of {max_displacement} do not fit in data of "
            f"shape {tuple(data1.shape)} with pad_size={pad_size}"
        )
    # The pixels that windows cover; those of the second map begin as many pixels earlier or later as it is moved.
    height, width = (rows - 1) * stride1 + kernel_size, (columns - 1) * stride1 + kernel_size
    data1, data2 = [F.pad(data, (pad_size,) * 4) for data in (data1, data2)]
    fixed = data1[:, :, max_displacement:][:, :, :height, max_displacement:][..., :width]
    reach = max_displacement // stride2 * stride2
    moves = range(max_displacement - reach, max_displacement + reach + 1, stride2)
    maps = []
    for down in moves:
        band = data2[:, :, down : down + height]
        for right in moves:
            maps.append(_likeness(fixed, band[..., right : right + width], is_multiply))
    return F.avg_pool2d(torch.stack(maps, 1), kernel_size, stride1)


def _likeness(first: Tensor, second: Tensor, multiply: bool) -> Tensor:
    if multiply:
        return (first * second).mean(1)
    apart = first - second
    return torch.where(apart >= 0, apart, -apart).mean(1)  # abs would have no gradient where they are equal


def _check(data1: Tensor, data2: Tensor, kernel: int, reach: int, stride1: int, stride2: int, pad: int) -> None:
    check_floating("Correlation", data1)
    check_types("Correlation", data1, data2=data2)
    if data1.dim() != 4 or data1.shape != data2.shape:
        raise MXNetError(
            "Correlation takes two maps of one shape (images, channels, y, x), not "
            f"{tuple(data1.shape)} and {tuple(data2.shape)}"
        )
    if min(stride1, stride2) < 1 or min(reach, pad) < 0 or kernel < 1 or kernel % 2 == 0:
        raise MXNetError(
            f"Correlation: kernel_size={kernel} must be odd, stride1={stride1} and stride2={stride2} above 0, and "
            f"max_displacement={reach} and pad_size={pad} not below 0"
        )
