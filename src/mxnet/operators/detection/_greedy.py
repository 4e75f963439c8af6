"""Choices that go from the best to the worst: each hangs on the ones before it, how many there are on the values.

Both are operators of torch's own kind, so that compiled and exported graphs hold them as one call.
"""

from __future__ import annotations

import torch

from mxnet.operators.detection._geometry import overlap

__all__ = ["match", "suppress"]

Tensor = torch.Tensor

_BLOCK = 256  # boxes that are compared with all later ones at once


@torch.library.custom_op("mxnet::suppress", mutates_args=())
def suppress(
    boxes: Tensor, labels: Tensor | None, candidates: Tensor, threshold: float, margin: float, closed: bool
) -> Tensor:
    """Which boxes stay when each one that stays removes those behind it that overlap with it.

    Parameters
    ----------
    boxes : Tensor
        Corners (images, n, 4), the best box first.
    labels : Tensor, optional
        Integers (images, n): boxes with different ones leave each other alone.
    candidates : Tensor
        Truth values (images, n): the boxes that take part; others neither stay nor remove.
    threshold, margin : float
        Overlaps above `threshold` remove; `margin` as in `overlap`.
    closed : bool
        Whether an overlap equal to the threshold removes too.

    Returns
    -------
    Tensor
        Truth values (images, n).
    """
    kept = torch.zeros_like(candidates)
    for image, chosen in enumerate(kept):
        left = candidates[image].nonzero()[:, 0]
        while len(left):
            block, left = left[:_BLOCK], left[_BLOCK:]
            block = block[_survivors(_removes(boxes, labels, image, block, block, threshold, margin, closed))]
            chosen[block] = True
            left = left[~_removes(boxes, labels, image, block, left, threshold, margin, closed).any(0)]
    return kept


@suppress.register_fake
def _(boxes: Tensor, labels: Tensor | None, candidates: Tensor, *options: object) -> Tensor:
    return torch.empty_like(candidates)


def _removes(
    boxes: Tensor,
    labels: Tensor | None,
    image: int,
    first: Tensor,
    second: Tensor,
    threshold: float,
    margin: float,
    closed: bool,
) -> Tensor:
    shares = overlap(boxes[image, first], boxes[image, second], margin)
    removes = shares >= threshold if closed else shares > threshold
    if labels is None:
        return removes
    return removes & (labels[image, first, None] == labels[image, None, second])


def _survivors(removes: Tensor) -> Tensor:
    """Which of n boxes stay, by which of them would remove which: each round settles at least one more box."""
    removes = removes.triu(1)
    stays = removes.new_ones(len(removes))
    while True:
        found = ~(removes & stays[:, None]).any(0)
        if torch.equal(found, stays):
            return stays
        stays = found


@torch.library.custom_op("mxnet::match", mutates_args=())
def match(scores: Tensor, threshold: float, limit: int) -> Tensor:
    """Pairs of rows and columns, the pair with the highest score first, no row or column twice.

    Of equal scores the one in the first row is taken, and in that row the one in the first column.

    Parameters
    ----------
    scores : Tensor
        (images, rows, columns); NaN is never matched.
    threshold : float
        Only scores above it make a pair.
    limit : int
        The most pairs in an image.

    Returns
    -------
    Tensor
        For each row the number of its column, or -1: int64 (images, rows).
    """
    images, rows, columns = scores.shape
    found = torch.full((images, rows), -1, device=scores.device)
    if not scores.numel():
        return found
    left = scores.nan_to_num(-torch.inf, torch.inf, -torch.inf).transpose(1, 2).contiguous()
    best, place = left.amax(2), left.argmax(2)  # of each column
    image = torch.arange(images, device=scores.device)
    for _ in range(min(rows, columns, limit)):
        top = best.amax(1, keepdim=True)
        pairs = top[:, 0] > threshold
        if not pairs.any():
            break
        row = torch.where(best == top, place, rows).amin(1)
        column = ((best == top) & (place == row[:, None])).to(torch.uint8).argmax(1)
        found[image[pairs], row[pairs]] = column[pairs]
        left[image, :, row] = -torch.inf
        left[image, column] = -torch.inf
        stale = (place == row[:, None]).nonzero(as_tuple=True)
        best[stale], place[stale] = left[stale].amax(1), left[stale].argmax(1)
        best[image, column] = -torch.inf
    return found


@match.register_fake
def _(scores: Tensor, threshold: float, limit: int) -> Tensor:
    return torch.empty(scores.shape[:2], dtype=torch.int64, device=scores.device)
