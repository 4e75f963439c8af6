"""Regions read from feature maps: where samples lie, which pixels they are made of, and sums and maxima of those.

How many samples or pixels a region has may hang on its size. What does is an operator of torch's own kind, so that
compiled and exported graphs hold it as one call.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mxnet.operators.neural.special import away_from_zero

__all__ = ["average", "bilinear", "image_of", "largest"]

Tensor = torch.Tensor

_TOGETHER = 64  # regions worked on at once, which bounds the memory that is needed


def bilinear(y: Tensor, x: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """The four pixels around each place, as numbers in a map of that size, and their weights: (..., 4) both.

    Places beyond the middles of the outer pixels read those pixels.
    """
    top, bottom, below = _around(y, height)
    left, right, after = _around(x, width)
    index = torch.stack((top * width + left, top * width + right, bottom * width + left, bottom * width + right), -1)
    above, before = 1 - below, 1 - after
    return index, torch.stack((above * before, above * after, below * before, below * after), -1)


def _around(place: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The whole numbers on either side of a place, and its distance from the lower one."""
    place = place.clamp(0, size - 1)
    low = place.detach().floor().long().clamp(0, size - 1)
    return low, (low + 1).clamp(max=size - 1), place - low


def image_of(rois: Tensor, images: int) -> tuple[Tensor, Tensor]:
    """The number of each region's image, and whether there is such an image."""
    number = rois[:, 0].detach()
    return number.long().clamp(0, max(images - 1, 0)), (number >= 0) & (number < images)


def _members(counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For sets of these sizes, one after the other: each member's set, its place in it, and where each set begins."""
    owner = torch.repeat_interleave(counts)
    start = counts.cumsum(0) - counts
    return owner, torch.arange(len(owner), device=counts.device) - start[owner], start


# Means of samples


@torch.library.custom_op("mxnet::region_average", mutates_args=())
def average(
    data: Tensor, rois: Tensor, size: Sequence[int], scale: float, samples: int, sensitive: bool, aligned: bool
) -> Tensor:
    """Means of the samples in each cell of each region.

    Parameters
    ----------
    data : Tensor
        Maps (images, channels, height, width).
    rois : Tensor
        (regions, 5): image number and corners; or (regions, 6): image number, middle, width, height and angle in
        degrees.
    size : sequence of int
        Rows and columns of cells.
    scale : float
        Of the map to the coordinates of regions.
    samples : int
        In each direction of a cell; if not above zero, as many as the cell is pixels long.
    sensitive : bool
        Whether each cell reads channels of its own.
    aligned : bool
        Whether the middle of the first pixel is at one half, and small regions stay small.

    Returns
    -------
    Tensor
        (regions, channels, rows, columns); of `sensitive` maps the channels for one cell.
    """
    groups = size[0] * size[1] if sensitive else 1
    table = _table(data, groups)
    if not len(rois):
        return data.new_empty(0, table.shape[1], *size)
    parts = []
    for some in rois.split(_TOGETHER):
        index, weight, start = _plan(data.shape, some, size, scale, samples, sensitive, aligned)
        weight = weight.flatten().to(table.dtype)
        parts.append(torch.embedding_bag(table, index.flatten(), start * 4, mode=0, per_sample_weights=weight)[0])
    return torch.cat(parts).reshape(len(rois), *size, table.shape[1]).permute(0, 3, 1, 2).contiguous()


@average.register_fake
def _(data: Tensor, rois: Tensor, size: Sequence[int], scale: float, samples: int, sensitive: bool, aligned: bool):
    return data.new_empty(len(rois), data.shape[1] // (size[0] * size[1] if sensitive else 1), *size)


@torch.library.custom_op("mxnet::region_average_backward", mutates_args=())
def _average_backward(
    grad: Tensor, rois: Tensor, shape: Sequence[int], scale: float, samples: int, sensitive: bool, aligned: bool
) -> Tensor:
    size = grad.shape[2:]
    groups = size[0] * size[1] if sensitive else 1
    table = grad.new_zeros(shape[0] * shape[2] * shape[3] * groups, shape[1] // groups)
    for some, part in zip(rois.split(_TOGETHER), grad.split(_TOGETHER), strict=True):
        index, weight, start = _plan(shape, some, size, scale, samples, sensitive, aligned)
        ends = torch.cat((start[1:], start.new_tensor([len(index)])))
        terms = part.permute(0, 2, 3, 1).flatten(0, 2).repeat_interleave(ends - start, 0)
        for tap in range(4):
            table.index_add_(0, index[:, tap], terms * weight[:, tap, None].to(terms.dtype))
    maps = table.reshape(shape[0], shape[2], shape[3], groups, shape[1] // groups)
    return maps.permute(0, 4, 3, 1, 2).reshape(list(shape))


@_average_backward.register_fake
def _(grad: Tensor, rois: Tensor, shape: Sequence[int], *options: object) -> Tensor:
    return grad.new_empty(list(shape))


def _keep(ctx: torch.autograd.function.FunctionCtx, inputs: tuple, output: Tensor) -> None:
    data, rois, _, *ctx.options = inputs
    ctx.shape = data.shape
    ctx.save_for_backward(rois)


def _gradient(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
    found = _average_backward(grad, *ctx.saved_tensors, list(ctx.shape), *ctx.options)
    return found, *[None] * 6


average.register_autograd(_gradient, setup_context=_keep)


def _table(data: Tensor, groups: int) -> Tensor:
    """Maps as a table: a row for each image, pixel and group of channels."""
    images, channels, height, width = data.shape
    grouped = data.reshape(images, channels // groups, groups, height, width)
    return grouped.permute(0, 3, 4, 2, 1).reshape(-1, channels // groups)


def _plan(
    shape: Sequence[int],
    rois: Tensor,
    size: Sequence[int],
    scale: float,
    samples: int,
    sensitive: bool,
    aligned: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Rows of the table that each sample is made of and their weights (samples, 4), and each cell's first sample."""
    images, _, height, width = shape
    rois = rois.to(torch.promote_types(rois.dtype, torch.float32))
    image, there = image_of(rois, images)
    start, extent = _frames(rois, scale, aligned)
    cell = extent / torch.tensor(size, dtype=rois.dtype, device=rois.device)  # (regions, 2), rows first
    # So many samples in each direction; none where a number is not finite.
    count = torch.full_like(cell, samples) if samples > 0 else cell.ceil().clamp(min=0)
    count = torch.where(cell.isfinite(), count, 0).long()
    each = count.prod(1)
    owner, place, first = _members(each.repeat_interleave(size[0] * size[1]))
    region, number = owner // (size[0] * size[1]), owner % (size[0] * size[1])
    step = (cell / count)[region]
    steps = torch.stack((place // count[region, 1], place % count[region, 1]), 1) + 0.5
    cells = torch.stack((number // size[1], number % size[1]), 1)
    y, x = (start[region] + cells * cell[region] + steps * step).unbind(1)
    if rois.shape[1] == 6:
        y, x = _turned(y, x, rois[region], scale)
    inside = (y >= -1) & (y <= height) & (x >= -1) & (x <= width) & there[region]
    index, weight = bilinear(y, x, height, width)
    index = index + (image * height * width)[region, None]
    if sensitive:
        index = index * (size[0] * size[1]) + number[:, None]
    return index, torch.where(inside[:, None], weight / each[region, None], 0), first


def _frames(rois: Tensor, scale: float, aligned: bool) -> tuple[Tensor, Tensor]:
    """Where regions begin and how long they are, rows first: (regions, 2) both. Turned ones lie around zero."""
    if rois.shape[1] == 6:
        extent = (rois[:, [4, 3]] * scale).clamp(min=1)
        return -extent / 2, extent
    start, end = [rois[:, columns] * scale - (0.5 if aligned else 0) for columns in ([2, 1], [4, 3])]
    return start, end - start if aligned else (end - start).clamp(min=1)


def _turned(y: Tensor, x: Tensor, rois: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    angle = torch.deg2rad(rois[:, 5])
    sine, cosine = angle.sin(), angle.cos()
    return y * cosine - x * sine + rois[:, 2] * scale, x * cosine + y * sine + rois[:, 1] * scale


# Maxima of pixels


@torch.library.custom_op("mxnet::region_largest", mutates_args=())
def largest(data: Tensor, rois: Tensor, size: Sequence[int], scale: float) -> Tensor:
    """The number of the largest pixel in each cell of each region, the first of equal ones, -1 where there is none.

    Takes maps (images, channels, height, width) and corners (regions, 5) like `average`, and gives int64 (regions,
    channels, rows, columns).
    """
    images, channels, height, width = data.shape
    table = _table(data, 1)
    if not len(rois):
        return torch.empty(0, channels, *size, dtype=torch.int64, device=data.device)
    parts = []
    for some in rois.split(_TOGETHER):
        image, there = image_of(some, images)
        top, bottom, left, right = _cells(some, size, scale, height, width)
        counts = (bottom - top)[:, :, None] * (right - left)[:, None, :] * there[:, None, None]
        owner, place, start = _members(counts.flatten())
        region, row, column = owner // (size[0] * size[1]), owner // size[1] % size[0], owner % size[1]
        wide = (right - left)[region, column]
        pixel = (top[region, row] + place // wide) * width + left[region, column] + place % wide
        index = image[region] * height * width + pixel
        found = torch.embedding_bag(table, index, start, mode=2)[3].reshape(len(some), *size, channels)
        found = torch.where(counts[..., None] > 0, found - (image * height * width)[:, None, None, None], -1)
        parts.append(found)
    return torch.cat(parts).permute(0, 3, 1, 2).contiguous()


@largest.register_fake
def _(data: Tensor, rois: Tensor, size: Sequence[int], scale: float) -> Tensor:
    return torch.empty(len(rois), data.shape[1], *size, dtype=torch.int64, device=data.device)


def _cells(
    rois: Tensor, size: Sequence[int], scale: float, height: int, width: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The first pixels and those behind the last ones of the rows and columns of cells, for regions of whole pixels.

    Returns
    -------
    tuple of Tensor
        Top, bottom (regions, rows), left and right (regions, columns).
    """
    left, top, right, bottom = away_from_zero(rois[:, 1:].detach() * scale).unbind(1)
    return *_spans(top, bottom, size[0], height), *_spans(left, right, size[1], width)


def _spans(first: Tensor, last: Tensor, count: int, length: int) -> tuple[Tensor, Tensor]:
    step = (last - first + 1).clamp(min=1)[:, None] / count
    number = torch.arange(count, device=first.device)
    begin = (torch.floor(number * step) + first[:, None]).clamp(0, length)
    end = (torch.ceil((number + 1) * step) + first[:, None]).clamp(0, length)
    return begin.long(), torch.maximum(begin, end).long()
