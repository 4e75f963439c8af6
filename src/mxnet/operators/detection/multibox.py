"""The operators of single-shot detectors: boxes over a feature map, what each should find, and what it found."""

from __future__ import annotations

import torch

from mxnet.base import MXNetError
from mxnet.operators.attributes import Floats
from mxnet.operators.catalogue import operator
from mxnet.operators.detection._geometry import decode, encode, overlap, to_center
from mxnet.operators.detection._greedy import match, suppress
from mxnet.operators.neural._check import check_floating, check_types

Tensor = torch.Tensor

_LEAST_OVERLAP = 1e-6  # with less an anchor is never a box's own


@operator("_contrib_MultiBoxPrior", "_npx_multibox_prior")
def multibox_prior(
    data: Tensor,
    *,
    sizes: Floats = (1.0,),
    ratios: Floats = (1.0,),
    clip: bool = False,
    steps: Floats = (-1.0, -1.0),
    offsets: Floats = (0.5, 0.5),
) -> Tensor:
    """Anchors over each place of a feature map, in parts of the image: corners (1, anchors, 4).

    A place has one for each size (with the first ratio of width to height) and one for each further ratio (with the
    first size). `steps` and `offsets` are of y and x.
    """
    check_floating("MultiBoxPrior", data)
    if data.dim() < 4 or 0 in data.shape[2:4]:
        raise MXNetError(f"MultiBoxPrior: data must have shape (batch, channels, y, x), not {tuple(data.shape)}")
    _check_prior(sizes, ratios, steps, offsets)
    height, width = data.shape[2:4]
    places = []
    for length, step, offset in zip((height, width), steps, offsets, strict=True):
        step = step if step > 0 else 1 / length
        places.append((torch.arange(length, dtype=data.dtype, device=data.device) + offset) * step)
    y, x = torch.meshgrid(*places, indexing="ij")
    size = data.new_tensor(sizes + sizes[:1] * (len(ratios) - 1))
    root = data.new_tensor(ratios[:1] * len(sizes) + ratios[1:]).sqrt()
    half = torch.stack((size * height / width * root, size / root), -1) / 2
    middle = torch.stack((x, y), -1).reshape(-1, 1, 2)
    anchors = torch.cat((middle - half, middle + half), -1).reshape(1, -1, 4)
    return anchors.clamp(0, 1) if clip else anchors


def _check_prior(
    sizes: tuple[float, ...], ratios: tuple[float, ...], steps: tuple[float, ...], offsets: tuple[float, ...]
) -> None:
    fits = sizes and ratios and len(steps) == 2 and steps[0] * steps[1] >= 0
    if not fits or len(offsets) != 2 or not all(0 <= offset <= 1 for offset in offsets):
        raise MXNetError(
            "MultiBoxPrior takes one or more sizes and ratios, two steps of one sign and two offsets between 0 and 1, "
            f"not sizes={sizes}, ratios={ratios}, steps={steps}, offsets={offsets}"
        )


@operator("_contrib_MultiBoxTarget", "_npx_multibox_target", outputs=3)
def multibox_target(
    anchor: Tensor,
    label: Tensor,
    cls_pred: Tensor,
    *,
    overlap_threshold: float = 0.5,
    ignore_label: float = -1.0,
    negative_mining_ratio: float = -1.0,
    negative_mining_thresh: float = 0.5,
    minimum_negative_samples: int = 0,
    variances: Floats = (0.1, 0.1, 0.2, 0.2),
) -> tuple[Tensor, Tensor, Tensor]:
    """What a network should say of each anchor.

    Parameters
    ----------
    anchor : Tensor
        Corners (1, anchors, 4).
    label : Tensor
        (images, boxes, 5 or more): class and corners of the boxes of an image; from the first class -1 on none.
    cls_pred : Tensor
        (images, classes, anchors): scores, from which the hardest negatives are told.

    Returns
    -------
    tuple of Tensor
        The box from the anchor and a mask of where that counts, both (images, 4 * anchors), and the class plus one
        (images, anchors): 0 is background, `ignore_label` what does not count.
    """
    _check_target(anchor, label, cls_pred, negative_mining_ratio, negative_mining_thresh, variances)
    anchors, label, cls_pred = anchor[0].detach(), label.detach(), cls_pred.detach()
    classes, boxes = label[..., 0], label[..., 1:5]
    valid = (classes != -1).cumprod(1) > 0
    shares = torch.where(valid[:, None, :], overlap(anchors, boxes).nan_to_num(0), -1)
    owner = match(shares, _LEAST_OVERLAP, boxes.shape[1])
    best, nearest = shares.amax(2), shares.argmax(2)
    positive = owner >= 0
    if overlap_threshold > 0:
        positive |= best > overlap_threshold
    number = torch.where(owner >= 0, owner, nearest)
    if negative_mining_ratio > 0:
        candidates = ~positive & (best < negative_mining_thresh)
        negative = _hardest(cls_pred, candidates, positive, negative_mining_ratio)
    else:
        negative = ~positive
    counts = valid.any(1, keepdim=True)
    found = torch.where(positive, classes.gather(1, number) + 1, torch.where(negative, 0, ignore_label))
    codes = encode(boxes.gather(1, number[..., None].expand(-1, -1, 4)), anchors) / label.new_tensor(variances)
    mask = (positive & counts)[..., None].expand_as(codes)
    return (
        torch.where(mask, codes, 0).flatten(1),
        mask.to(label.dtype).flatten(1),
        torch.where(counts, found, ignore_label).to(label.dtype),
    )


def _check_target(
    anchor: Tensor, label: Tensor, scores: Tensor, ratio: float, threshold: float, variances: tuple[float, ...]
) -> None:
    check_floating("MultiBoxTarget", anchor)
    check_types("MultiBoxTarget", anchor, label=label, cls_pred=scores)
    fits = anchor.dim() == 3 and (anchor.shape[0], anchor.shape[2]) == (1, 4) and anchor.shape[1]
    fits = fits and label.dim() == 3 and label.shape[1] and label.shape[2] >= 5
    if not fits or scores.dim() != 3 or (len(scores), scores.shape[2]) != (len(label), anchor.shape[1]):
        raise MXNetError(
            "MultiBoxTarget takes anchor (1, anchors, 4), label (images, boxes, 5 or more) and cls_pred (images, "
            f"classes, anchors), not {tuple(anchor.shape)}, {tuple(label.shape)} and {tuple(scores.shape)}"
        )
    if ratio > 0 and threshold <= 0:
        raise MXNetError(f"MultiBoxTarget: negative_mining_thresh={threshold} must be above 0")
    _check_variances("MultiBoxTarget", variances)


def _check_variances(where: str, variances: tuple[float, ...]) -> None:
    if len(variances) != 4:
        raise MXNetError(f"{where}: variances={variances} must be four numbers")


def _hardest(scores: Tensor, candidates: Tensor, positive: Tensor, ratio: float) -> Tensor:
    """Of the candidates those that are least of all seen as background, `ratio` times as many as there are positives.

    There are never more than anchors that are not positive.
    """
    matched = positive.sum(1, keepdim=True)
    number = torch.minimum((matched.float() * ratio).long(), positive.shape[1] - matched)
    background = scores.softmax(1)[:, 0].nan_to_num(1)
    order = torch.where(candidates, background, torch.inf).argsort(dim=1, stable=True)
    rank = order.argsort(1)
    return candidates & (rank < number)


@operator("_contrib_MultiBoxDetection", "_npx_multibox_detection")
def multibox_detection(
    cls_prob: Tensor,
    loc_pred: Tensor,
    anchor: Tensor,
    *,
    clip: bool = True,
    threshold: float = 0.01,
    background_id: int = 0,
    nms_threshold: float = 0.5,
    force_suppress: bool = False,
    variances: Floats = (0.1, 0.1, 0.2, 0.2),
    nms_topk: int = -1,
) -> Tensor:
    """Boxes that a single-shot detector found: rows of class, score and corners (images, anchors, 6).

    Class 0 of `cls_prob` (images, classes, anchors) is the background, as in MXNet whatever `background_id` is, and
    the classes of the result count from the one after it. Class -1 marks boxes that one of a higher score removed;
    rows of -1 follow on the last box. A `nms_threshold` that is not within (0, 1] leaves all boxes in the order of
    their anchors.
    """
    _check_detection(cls_prob, loc_pred, anchor, variances)
    cls_prob, loc_pred, anchor = cls_prob.detach(), loc_pred.detach(), anchor.detach()
    anchors = anchor.shape[1]
    if cls_prob.shape[1] < 2:
        return cls_prob.new_full((len(cls_prob), anchors, 6), -1)
    scores = cls_prob[:, 1:].nan_to_num(-1, torch.inf, -torch.inf)
    best, classes = scores.amax(1), scores.argmax(1)
    valid = (best > -1) & (best >= threshold)
    boxes = decode(loc_pred.reshape(len(loc_pred), anchors, 4), to_center(anchor), variances)
    boxes = boxes.clamp(0, 1) if clip else boxes
    rows = torch.cat((classes[..., None].to(boxes.dtype), best[..., None], boxes), -1)
    rows, valid = _in_order((~valid).to(torch.uint8), False, rows, valid)
    if 0 < nms_threshold <= 1:
        rows = _removed(rows, valid, nms_threshold, force_suppress, nms_topk)
    return torch.where(valid[..., None], rows, -1)


def _check_detection(cls_prob: Tensor, loc_pred: Tensor, anchor: Tensor, variances: tuple[float, ...]) -> None:
    check_floating("MultiBoxDetection", cls_prob)
    check_types("MultiBoxDetection", cls_prob, loc_pred=loc_pred, anchor=anchor)
    if (
        cls_prob.dim() != 3
        or not cls_prob.shape[2]
        or tuple(loc_pred.shape) != (len(cls_prob), 4 * cls_prob.shape[2])
        or tuple(anchor.shape) != (1, cls_prob.shape[2], 4)
    ):
        raise MXNetError(
            "MultiBoxDetection takes cls_prob (images, classes, anchors), loc_pred (images, 4 * anchors) and anchor "
            f"(1, anchors, 4), not {tuple(cls_prob.shape)}, {tuple(loc_pred.shape)} and {tuple(anchor.shape)}"
        )
    _check_variances("MultiBoxDetection", variances)


def _in_order(keys: Tensor, descending: bool, rows: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    order = keys.argsort(dim=1, descending=descending, stable=True)
    return rows.gather(1, order[..., None].expand_as(rows)), valid.gather(1, order)


def _removed(rows: Tensor, valid: Tensor, threshold: float, force: bool, topk: int) -> Tensor:
    """The rows by falling score, with class -1 where one is removed; valid ones come first already.

    Only the first `topk` take part. Behind them MXNet leaves what stood there before sorting, as removed.
    """
    best, _ = _in_order(torch.where(valid, rows[..., 1], -torch.inf), True, rows, valid)
    takes_part = valid.clone()
    if topk > 0:
        best = torch.cat((best[:, :topk], rows[:, topk:]), 1)
        takes_part[:, topk:] = False
    kept = suppress(best[..., 2:], None if force else best[..., 0].long(), takes_part, threshold, 0.0, True)
    return torch.cat((torch.where(kept[..., None], best[..., :1], -1), best[..., 1:]), -1)
