"""Poolings in which each cell of a region reads channels of its own."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators.catalogue import operator
from mxnet.operators.detection._sampling import bilinear, image_of
from mxnet.operators.detection.regions import check_regions
from mxnet.operators.neural._check import check_types
from mxnet.operators.neural.special import away_from_zero

Tensor = torch.Tensor


@operator("_contrib_PSROIPooling")
def position_sensitive_roi_pooling(
    data: Tensor, rois: Tensor, *, spatial_scale: float, output_dim: int, pooled_size: int, group_size: int = 0
) -> Tensor:
    """Means over a grid of cells in each region of interest, each cell in channels of its own.

    `data` has `output_dim` channels for each of ``group_size * group_size`` groups of cells (default: single cells).
    """
    check_regions("PSROIPooling", data, rois, 5, (pooled_size, pooled_size), spatial_scale)
    groups = group_size or pooled_size
    _check_channels("PSROIPooling", data, output_dim, groups)
    images, channels, height, width = data.shape
    image, there = image_of(rois, images)
    start, cell = _frames(rois, spatial_scale, pooled_size)
    top, bottom = _spans(start[:, 1], cell[:, 1], pooled_size, height)
    left, right = _spans(start[:, 0], cell[:, 0], pooled_size, width)
    top, bottom, left, right = top[..., None], bottom[..., None], left[:, :, None], right[:, :, None]
    channel = torch.arange(output_dim, device=data.device)[:, None, None] * groups**2
    channel = (image * channels)[:, None, None, None] + channel + _groups(pooled_size, groups, data.device)
    # The sum over a rectangle comes from four sums over rectangles that begin in the first pixel.
    sums = F.pad(data.double().cumsum(2).cumsum(3), (1, 0, 1, 0)).flatten()

    def up_to(y: Tensor, x: Tensor) -> Tensor:
        return sums[(channel * (height + 1) + y) * (width + 1) + x]

    total = up_to(bottom, right) - up_to(top, right) - up_to(bottom, left) + up_to(top, left)
    area = (bottom - top) * (right - left) * there[:, None, None, None]
    return torch.where(area > 0, total / area.clamp(min=1), 0).to(data.dtype)


@operator("_contrib_DeformablePSROIPooling", when={"trans": lambda attributes: not attributes["no_trans"]})
def deformable_position_sensitive_roi_pooling(
    data: Tensor,
    rois: Tensor,
    trans: Tensor | None = None,
    *,
    spatial_scale: float,
    output_dim: int,
    group_size: int,
    pooled_size: int,
    part_size: int = 0,
    sample_per_part: int = 1,
    trans_std: float = 0.0,
    no_trans: bool = False,
) -> Tensor:
    """`_contrib_PSROIPooling` with samples read bilinearly, and cells moved.

    `trans` (regions, 2 * classes, part_size, part_size) says for each class and part how far cells move in x and y;
    a move of 1 is `trans_std` times the region.
    """
    where = "DeformablePSROIPooling"
    check_regions(where, data, rois, 5, (pooled_size, pooled_size), spatial_scale)
    _check_channels(where, data, output_dim, group_size)
    moves = None if no_trans else trans
    _check_moves(where, data, rois, moves, output_dim, no_trans)
    images, channels, height, width = data.shape
    image, there = image_of(rois, images)
    start, cell = _frames(rois, spatial_scale, pooled_size, 0.5)
    x, y = _samples(start, cell, moves, pooled_size, part_size or pooled_size, sample_per_part, trans_std)
    inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    inside &= there.view(-1, *[1] * (inside.dim() - 1))
    index, weight = bilinear(y, x, height, width)
    weight = torch.where(inside[..., None], weight, 0).flatten(4)
    weight = weight / inside.sum((-2, -1)).clamp(min=1)[..., None]
    # A row of the table for each image, pixel, group of cells and class.
    classes = weight.shape[1]
    table = data.reshape(images, classes, output_dim // classes, group_size**2, height, width)
    table = table.permute(0, 4, 5, 3, 1, 2).reshape(-1, output_dim // classes)
    index = index.flatten(4) + (image * height * width).view(-1, 1, 1, 1, 1)
    index = index * group_size**2 + _groups(pooled_size, group_size, data.device)[..., None]
    index = index * classes + torch.arange(classes, device=data.device).view(1, -1, 1, 1, 1)
    found = F.embedding_bag(
        index.flatten(0, 3), table, mode="sum", per_sample_weights=weight.flatten(0, 3).to(data.dtype)
    )
    found = found.reshape(len(rois), classes, pooled_size, pooled_size, output_dim // classes)
    return found.permute(0, 1, 4, 2, 3).flatten(1, 2)


def _check_channels(where: str, data: Tensor, output_dim: int, groups: int) -> None:
    if output_dim < 1 or groups < 1 or data.shape[1] != output_dim * groups**2:
        raise MXNetError(
            f"{where}: output_dim={output_dim} and group_size={groups} take {output_dim * groups**2} channels, "
            f"not {data.shape[1]}"
        )


def _check_moves(where: str, data: Tensor, rois: Tensor, moves: Tensor | None, output_dim: int, without: bool) -> None:
    if moves is None:
        if not without:
            raise MXNetError(f"{where} needs the input trans, or no_trans=True")
        return
    check_types(where, data, trans=moves)
    if moves.dim() != 4 or len(moves) != len(rois) or moves.shape[1] % 2 or output_dim % (moves.shape[1] // 2 or 1):
        raise MXNetError(
            f"{where}: trans must have shape ({len(rois)}, 2 * classes, parts, parts), with classes that divide "
            f"output_dim={output_dim}, not {tuple(moves.shape)}"
        )


def _frames(rois: Tensor, scale: float, pooled_size: int, shift: float = 0.0) -> tuple[Tensor, Tensor]:
    """Where regions begin, and the size of their cells: (regions, 2) both, x first."""
    corners = away_from_zero(rois[:, 1:].detach())
    start, end = corners[:, :2] * scale - shift, (corners[:, 2:] + 1) * scale - shift
    return start, (end - start).clamp(min=0.1) / pooled_size


def _spans(start: Tensor, cell: Tensor, count: int, length: int) -> tuple[Tensor, Tensor]:
    """The first pixels of rows (or columns) of cells and those behind their last ones: (regions, 1, count) both."""
    number = torch.arange(count, device=start.device)
    begin = torch.floor(number * cell[:, None, None] + start[:, None, None])
    end = torch.ceil((number + 1) * cell[:, None, None] + start[:, None, None])
    begin = begin.nan_to_num(0).clamp(0, length).long()
    return begin, torch.maximum(begin, end.nan_to_num(0).clamp(0, length).long())


def _groups(pooled_size: int, groups: int, device: torch.device) -> Tensor:
    """The group of each cell: (rows, columns)."""
    group = torch.arange(pooled_size, device=device) * groups // pooled_size
    return group[:, None] * groups + group


def _samples(
    start: Tensor, cell: Tensor, moves: Tensor | None, pooled: int, parts: int, samples: int, reach: float
) -> tuple[Tensor, Tensor]:
    """Places x and y of samples: (regions, classes, rows, columns, samples, samples) both, where they differ."""
    number = torch.arange(pooled, dtype=cell.dtype, device=cell.device)
    place = number[:, None] + torch.arange(samples, dtype=cell.dtype, device=cell.device) / samples
    x, y = (start[:, :, None, None] + cell[:, :, None, None] * place).unbind(1)  # (regions, cells, samples)
    x, y = x[:, None, None, :, None, :], y[:, None, :, None, :, None]
    if moves is None:
        return x + 0 * y, y + 0 * x
    part = torch.floor(number / pooled * parts).long()
    moves = moves.unflatten(1, (-1, 2))[:, :, :, part][..., part] * (reach * pooled)
    moves = (moves * cell[:, None, :, None, None])[..., None, None]
    return x + moves[:, :, 0] + 0 * y, y + moves[:, :, 1] + 0 * x
