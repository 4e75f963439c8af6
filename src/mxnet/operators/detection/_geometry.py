"""Boxes: their two formats, how far they overlap, and how a box is told from an anchor.

A box is four numbers: left, top, right and bottom ("corner"), or the middle's x and y, width and height ("center").
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["decode", "encode", "overlap", "to_center", "to_corner"]

Tensor = torch.Tensor


def to_corner(boxes: Tensor, margin: float = 0) -> Tensor:
    """Boxes (..., 4) given by middle, width and height; of pixels (`margin` 1) the last one still belongs to a box."""
    middle, half = boxes[..., :2], (boxes[..., 2:] - margin) / 2
    return torch.cat((middle - half, middle + half), -1)


def to_center(boxes: Tensor, margin: float = 0) -> Tensor:
    """The way back from `to_corner`."""
    size = boxes[..., 2:] - boxes[..., :2] + margin
    return torch.cat((boxes[..., :2] + (size - margin) / 2, size), -1)


def overlap(first: Tensor, second: Tensor, margin: float = 0) -> Tensor:
    """Area shared by each of `first` (..., n, 4) with each of `second` (..., m, 4), divided by their union's area."""
    shared = _shared(first, second, 0, margin) * _shared(first, second, 1, margin)
    union = _area(first, margin)[..., :, None] + _area(second, margin)[..., None, :] - shared
    return torch.where(union <= 0, 0, shared / union)


def _shared(first: Tensor, second: Tensor, axis: int, margin: float) -> Tensor:
    low = torch.maximum(first[..., :, None, axis], second[..., None, :, axis])
    high = torch.minimum(first[..., :, None, axis + 2], second[..., None, :, axis + 2])
    return (high - low + margin).clamp(min=0)


def _area(boxes: Tensor, margin: float) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2] + margin).clamp(min=0).prod(-1)


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Middles of boxes from those of anchors, in sizes of the anchors, and logarithms of the ratios of sizes."""
    boxes, anchors = to_center(boxes), to_center(anchors)
    size = anchors[..., 2:]
    return torch.cat(((boxes[..., :2] - anchors[..., :2]) / size, torch.log(boxes[..., 2:] / size)), -1)


def decode(codes: Tensor, anchors: Tensor, scales: Sequence[float], limit: float = -1, margin: float = 0) -> Tensor:
    """The way back from `encode`, in corners.

    Parameters
    ----------
    codes : Tensor
    anchors : Tensor
        By middle, width and height.
    scales : sequence of float
        What each of the four codes is multiplied with first.
    limit : float
        The most that the logarithm of a ratio of sizes may be; no limit unless above zero.
    margin : float
        As in `to_corner`.
    """
    x, y, wide, high = [codes[..., place] * scale for place, scale in enumerate(scales)]
    if limit > 0:
        wide, high = wide.clamp(max=limit), high.clamp(max=limit)
    size = anchors[..., 2:]
    middle = torch.stack((x, y), -1) * size + anchors[..., :2]
    return to_corner(torch.cat((middle, torch.stack((wide, high), -1).exp() * size), -1), margin)
