"""Region proposals: where a two-stage detector should look."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from mxnet.base import MXNetError
from mxnet.operators.attributes import Floats
from mxnet.operators.catalogue import operator
from mxnet.operators.detection._geometry import decode, to_center
from mxnet.operators.detection._greedy import suppress
from mxnet.operators.neural._check import check_floating, check_types

Tensor = torch.Tensor


def _proposals(where: str) -> Callable[..., Tensor | tuple[Tensor, Tensor]]:
    """The body of both operators, which differ in how many images they take."""

    def body(
        cls_prob: Tensor,
        bbox_pred: Tensor,
        im_info: Tensor,
        *,
        rpn_pre_nms_top_n: int = 6000,
        rpn_post_nms_top_n: int = 300,
        threshold: float = 0.7,
        rpn_min_size: int = 16,
        scales: Floats = (4.0, 8.0, 16.0, 32.0),
        ratios: Floats = (0.5, 1.0, 2.0),
        feature_stride: int = 16,
        output_score: bool = False,
        iou_loss: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """The regions (image number, left, top, right, bottom) where a region proposal network sees objects.

        Of `cls_prob` (images, 2 * anchors, y, x) the first half are the probabilities of background. `bbox_pred`
        (images, 4 * anchors, y, x) are boxes from their anchors, or with `iou_loss` the distances of their corners.
        `im_info` (images, 3) are the height, width and scale of each image.

        The result has `rpn_post_nms_top_n` rows for each image, the best first, over again from the first one where
        there are fewer; with `output_score` the scores (rows, 1) come as well.
        """
        _check(where, cls_prob, bbox_pred, im_info, len(scales) * len(ratios), rpn_post_nms_top_n)
        cls_prob, bbox_pred, im_info = cls_prob.detach(), bbox_pred.detach(), im_info.detach()
        anchors = _anchors(cls_prob, scales, ratios, feature_stride)
        boxes = _clipped(_boxes(bbox_pred, anchors, iou_loss), im_info)
        scores = cls_prob[:, cls_prob.shape[1] // 2 :].permute(0, 2, 3, 1)
        scores = _within_images(scores, im_info, feature_stride).flatten(1)
        boxes, scores = _without_small(boxes, scores, rpn_min_size * im_info[:, 2])
        order = scores.argsort(dim=1, descending=True, stable=True)
        order = order[:, : rpn_pre_nms_top_n if rpn_pre_nms_top_n > 0 else order.shape[1]]
        boxes, scores = boxes.gather(1, order[..., None].expand(-1, -1, 4)), scores.gather(1, order)
        kept = suppress(boxes, None, torch.ones_like(order, dtype=torch.bool), threshold, 1.0, False)
        chosen = _over_again(kept, rpn_post_nms_top_n)
        image = torch.arange(len(boxes), dtype=boxes.dtype, device=boxes.device)[:, None, None]
        regions = boxes.gather(1, chosen[..., None].expand(-1, -1, 4))
        regions = torch.cat((image.expand(*chosen.shape, 1), regions), -1).reshape(-1, 5)
        return (regions, scores.gather(1, chosen).reshape(-1, 1)) if output_score else regions

    return body


def _results(attributes: dict[str, object], inputs: int) -> int:
    return 2 if attributes["output_score"] else 1


operator("_contrib_Proposal", outputs=_results)(_proposals("Proposal"))
operator("_contrib_MultiProposal", outputs=_results)(_proposals("MultiProposal"))


def _check(where: str, cls_prob: Tensor, bbox_pred: Tensor, im_info: Tensor, anchors: int, count: int) -> None:
    check_floating(where, cls_prob)
    check_types(where, cls_prob, bbox_pred=bbox_pred, im_info=im_info)
    if cls_prob.dim() != 4 or cls_prob.shape[1] != 2 * anchors or not math.prod(cls_prob.shape[1:]):
        raise MXNetError(
            f"{where}: cls_prob must have shape (images, {2 * anchors}, y, x), two channels for each of "
            f"the {anchors} scales and ratios, not {tuple(cls_prob.shape)}"
        )
    images, _, height, width = cls_prob.shape
    if where == "Proposal" and images != 1:
        raise MXNetError(f"Proposal takes one image, not {images}: use MultiProposal")
    for name, tensor, shape in (
        ("bbox_pred", bbox_pred, (images, 4 * anchors, height, width)),
        ("im_info", im_info, (images, 3)),
    ):
        if tuple(tensor.shape) != shape:
            raise MXNetError(f"{where}: {name} must have shape {shape}, not {tuple(tensor.shape)}")
    if count < 1:
        raise MXNetError(f"{where}: rpn_post_nms_top_n={count} must be above 0")


def _anchors(maps: Tensor, scales: tuple[float, ...], ratios: tuple[float, ...], stride: int) -> Tensor:
    """Corners of the anchors of a map (images, channels, y, x), for every ratio and scale: (y * x * anchors, 4)."""
    sides = []
    for ratio in ratios:
        # Whole numbers of pixels, as the anchors of Faster R-CNN have been since its first program.
        wide = math.floor(math.sqrt(math.floor(stride * stride / ratio)) + 0.5)
        high = math.floor(wide * ratio + 0.5)
        sides += [(wide * scale, high * scale) for scale in scales]
    half = (maps.new_tensor(sides) - 1) / 2
    base = torch.cat((-half, half), -1) + (stride - 1) / 2
    y, x = [torch.arange(length, dtype=maps.dtype, device=maps.device) * stride for length in maps.shape[2:]]
    y, x = torch.meshgrid(y, x, indexing="ij")
    return (torch.stack((x, y, x, y), -1)[:, :, None] + base).reshape(-1, 4)


def _boxes(codes: Tensor, anchors: Tensor, distances: bool) -> Tensor:
    images, channels, height, width = codes.shape
    codes = codes.reshape(images, channels // 4, 4, height, width).permute(0, 3, 4, 1, 2).reshape(images, -1, 4)
    return anchors + codes if distances else decode(codes, to_center(anchors, 1), (1, 1, 1, 1), margin=1)


def _clipped(boxes: Tensor, im_info: Tensor) -> Tensor:
    last = (im_info[:, [1, 0, 1, 0]] - 1)[:, None]
    return torch.minimum(boxes, last).clamp(min=0)


def _within_images(scores: Tensor, im_info: Tensor, stride: int) -> Tensor:
    """Scores (images, y, x, anchors) with -1 at places beyond an image, which is smaller than its batch."""
    bottom, right = torch.trunc(im_info[:, :2] / stride).unbind(1)
    y, x = [torch.arange(length, device=scores.device) for length in scores.shape[1:3]]
    beyond = (y >= bottom[:, None])[:, :, None] | (x >= right[:, None])[:, None, :]
    return torch.where(beyond[..., None], -1, scores)


def _without_small(boxes: Tensor, scores: Tensor, least: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes with a side below `least` get the score -1 and are enlarged by as much, as in MXNet."""
    least = least[:, None]
    sides = boxes[..., 2:] - boxes[..., :2] + 1
    small = (sides < least[..., None]).any(-1)
    grown = boxes + torch.cat((-least, -least, least, least), 1)[:, None] / 2
    return torch.where(small[..., None], grown, boxes), torch.where(small, -1, scores)


def _over_again(kept: Tensor, count: int) -> Tensor:
    """The numbers of the first `count` that are kept, again from the first one where there are fewer."""
    order = kept.to(torch.uint8).argsort(dim=1, descending=True, stable=True)
    place = torch.arange(count, device=kept.device) % kept.sum(1, keepdim=True)
    return order.gather(1, place)
