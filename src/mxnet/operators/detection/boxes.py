"""Boxes compared, chosen, matched, and told from anchors."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators.catalogue import operator
from mxnet.operators.detection._geometry import decode, encode, overlap, to_center, to_corner
from mxnet.operators.detection._greedy import match, suppress
from mxnet.operators.neural._check import check_floating, check_types

Tensor = torch.Tensor
Format = Literal["center", "corner"]


@operator("_contrib_box_iou", "_npx_box_iou")
def box_iou(lhs: Tensor, rhs: Tensor, *, format: Format = "corner") -> Tensor:
    """Intersection over union of each box of `lhs` with each box of `rhs`; no gradient goes through it."""
    check_floating("box_iou", lhs)
    check_types("box_iou", lhs, rhs=rhs)
    for name, boxes in (("lhs", lhs), ("rhs", rhs)):
        if boxes.dim() < 2 or boxes.shape[-1] != 4:
            raise MXNetError(f"box_iou: {name} must have two or more dimensions, the last of 4, not {_shape(boxes)}")
    first, second = lhs.detach().reshape(_count(lhs), 4), rhs.detach().reshape(_count(rhs), 4)
    if format == "center":
        first, second = to_corner(first), to_corner(second)
    return overlap(first, second).reshape(*lhs.shape[:-1], *rhs.shape[:-1])


@operator("_contrib_box_nms", "_contrib_box_non_maximum_suppression", "_npx_box_nms")
def box_nms(
    data: Tensor,
    *,
    overlap_thresh: float = 0.5,
    valid_thresh: float = 0,
    topk: int = -1,
    coord_start: int = 2,
    score_index: int = 1,
    id_index: int = -1,
    background_id: int = -1,
    force_suppress: bool = False,
    in_format: Format = "corner",
    out_format: Format = "corner",
) -> Tensor:
    """Boxes without those that overlap with one of a higher score, by falling score; -1 fills the rows left over.

    Each row of `data` (..., n, k) is a box: its score, its four coordinates and maybe its class, in the columns
    given. Of rows with `valid_thresh` or less, those of the background and those after the first `topk` nothing is
    left. Boxes of different classes leave each other alone unless `force_suppress`.
    """
    _check_columns(data, coord_start, score_index, id_index)
    if topk == 0:
        return data.clone()
    number, width = data.shape[-2:]
    rows = data.reshape(math.prod(data.shape[:-2]), number, width)
    scores, boxes = rows[..., score_index].detach(), rows[..., coord_start : coord_start + 4].detach()
    valid = scores > valid_thresh
    labels = None
    if id_index >= 0:
        valid &= rows[..., id_index].detach() != background_id
        labels = None if force_suppress else rows[..., id_index].detach().long()
    order = torch.where(valid, scores, -torch.inf).argsort(dim=1, descending=True, stable=True)
    order = order[:, : topk if topk > 0 else number]
    boxes = to_corner(_rows(boxes, order)) if in_format == "center" else _rows(boxes, order)
    labels = None if labels is None else labels.gather(1, order)
    kept = suppress(boxes, labels, valid.gather(1, order), overlap_thresh, 0.0, False)
    # Those kept go to the front.
    kept, front = kept.to(torch.uint8).sort(dim=1, descending=True, stable=True)
    found = _converted(_rows(rows, order.gather(1, front)), coord_start, in_format, out_format)
    found = torch.where(kept[..., None] > 0, found, -1)
    return F.pad(found, (0, 0, 0, number - found.shape[1]), value=-1).reshape(data.shape)


def _check_columns(data: Tensor, coord_start: int, score_index: int, id_index: int) -> None:
    check_floating("box_nms", data)
    if data.dim() < 2:
        raise MXNetError(f"box_nms: data must have shape (..., boxes, columns), not {_shape(data)}")
    width = data.shape[-1]
    taken = {"coord_start": range(coord_start, coord_start + 4), "score_index": range(score_index, score_index + 1)}
    if id_index >= 0:
        taken["id_index"] = range(id_index, id_index + 1)
    for name, columns in taken.items():
        if columns[0] < 0 or columns[-1] >= width:
            raise MXNetError(f"box_nms: {name}={columns[0]} does not fit data of {width} columns")
    if len({column for columns in taken.values() for column in columns}) < sum(map(len, taken.values())):
        raise MXNetError(
            f"box_nms: score_index={score_index}, id_index={id_index} and the four coordinates from "
            f"coord_start={coord_start} on must be columns of their own"
        )


def _converted(rows: Tensor, start: int, given: Format, wanted: Format) -> Tensor:
    if given == wanted:
        return rows
    convert = to_corner if wanted == "corner" else to_center
    return torch.cat((rows[..., :start], convert(rows[..., start : start + 4]), rows[..., start + 4 :]), -1)


def _rows(data: Tensor, index: Tensor) -> Tensor:
    """The rows of each image (images, n, k) at `index` (images, m)."""
    return data.gather(1, index[..., None].expand(-1, -1, data.shape[2]))


@operator("_contrib_bipartite_matching", "_npx_bipartite_matching", outputs=2)
def bipartite_matching(
    data: Tensor, *, is_ascend: bool = False, threshold: float, topk: int = -1
) -> tuple[Tensor, Tensor]:
    """Pairs of rows and columns by falling score (rising if `is_ascend`), no row or column twice.

    The results are the column of each row and the row of each column, -1 where there is none. Scores must be above
    (below) `threshold`. As in MXNet, a `topk` above zero stops after ``topk + 1`` pairs.
    """
    check_floating("bipartite_matching", data)
    if data.dim() < 2:
        raise MXNetError(f"bipartite_matching: data must have shape (..., rows, columns), not {_shape(data)}")
    rows, columns = data.shape[-2:]
    scores = data.detach().reshape(math.prod(data.shape[:-2]), rows, columns)
    if is_ascend:
        scores, threshold = -scores, -threshold
    found = match(scores, threshold, topk + 1 if topk > 0 else min(rows, columns))
    # Rows without a column write to one beyond the last.
    number = torch.arange(rows, device=data.device).expand_as(found)
    back = torch.full((len(found), columns + 1), -1, device=data.device)
    back = back.scatter(1, torch.where(found < 0, columns, found), number)[:, :columns]
    return found.to(data.dtype).reshape(data.shape[:-1]), back.to(data.dtype).reshape(*data.shape[:-2], columns)


@operator("_contrib_box_encode", "_npx_box_encode", outputs=2)
def box_encode(
    samples: Tensor, matches: Tensor, anchors: Tensor, refs: Tensor, means: Tensor, stds: Tensor
) -> tuple[Tensor, Tensor]:
    """What a network should say of each anchor: its box from the anchor, normalized, and where that counts.

    Parameters
    ----------
    samples : Tensor
        (images, n): above 0.5 for the anchors that count.
    matches : Tensor
        (images, n): the number of each anchor's box.
    anchors, refs : Tensor
        Corners (images, n, 4) and of the boxes (images, m, 4).
    means, stds : Tensor
        Of the four codes.
    """
    inputs = {"matches": matches, "anchors": anchors, "refs": refs, "means": means, "stds": stds}
    check_floating("box_encode", samples)
    check_types("box_encode", samples, **inputs)
    expected = {"matches": samples.shape, "anchors": (*samples.shape, 4), "means": (4,), "stds": (4,)}
    fits = all(tuple(inputs[name].shape) == tuple(shape) for name, shape in expected.items())
    if samples.dim() != 2 or not fits or refs.dim() != 3 or (len(refs), refs.shape[2]) != (len(samples), 4):
        shapes = ", ".join(f"{name} {_shape(tensor)}" for name, tensor in ({"samples": samples} | inputs).items())
        raise MXNetError(
            "box_encode takes samples (images, n), matches (images, n), anchors (images, n, 4), refs (images, m, 4), "
            f"means (4,) and stds (4,), not {shapes}"
        )
    if not refs.shape[1]:
        return torch.zeros_like(anchors), torch.zeros_like(anchors)
    number = matches.detach().long().clamp(0, refs.shape[1] - 1)
    codes = (encode(_rows(refs.detach(), number), anchors.detach()) - means.detach()) / stds.detach()
    counts = (samples.detach() > 0.5)[..., None].expand_as(codes)
    return torch.where(counts, codes, 0), counts.to(samples.dtype)


@operator("_contrib_box_decode", "_npx_box_decode")
def box_decode(
    data: Tensor,
    anchors: Tensor,
    *,
    std0: float = 1.0,
    std1: float = 1.0,
    std2: float = 1.0,
    std3: float = 1.0,
    clip: float = -1.0,
    format: Format = "center",
) -> Tensor:
    """Boxes (corners) from what a network says of `anchors` (1, n, 4); no gradient goes through it."""
    check_floating("box_decode", data)
    check_types("box_decode", data, anchors=anchors)
    if data.dim() != 3 or data.shape[2] != 4 or tuple(anchors.shape) != (1, *data.shape[1:]):
        raise MXNetError(
            f"box_decode takes data (images, n, 4) and anchors (1, n, 4), not {_shape(data)} and {_shape(anchors)}"
        )
    anchors = anchors.detach()
    return decode(data.detach(), to_center(anchors) if format == "corner" else anchors, (std0, std1, std2, std3), clip)


def _count(boxes: Tensor) -> int:
    return math.prod(boxes.shape[:-1])


def _shape(tensor: Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)
