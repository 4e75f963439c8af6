"""How well a network does on images it does not learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch

import mxnet as mx
from mxnet.cli.training._batches import Batch, Preparation

__all__ = ["Measured", "measure"]

_TOP = 5


class Measured(NamedTuple):
    """Means over images.

    Attributes
    ----------
    loss : float
        Cross entropy.
    top1, top5 : float
        How often the right class was the best, or among the five best.
    images : int
    """

    loss: float
    top1: float
    top5: float
    images: int


def measure(
    net: mx.gluon.Block,
    batches: Iterable[Batch],
    prepare: Preparation,
    *,
    each: Callable[[torch.Tensor, torch.Tensor], Any] = lambda scores, labels: None,
    unreadable: Callable[[list[tuple[str, str]]], Any] = lambda names: None,
    total: Callable[[torch.Tensor], torch.Tensor] = lambda sums: sums,
) -> Measured:
    """Run `net` over all batches.

    Parameters
    ----------
    each : callable
        Gets the scores (N, classes) and labels (N,) of each batch.
    unreadable : callable
        Gets names and problems of what could not be read of a batch.
    total : callable
        Sums numbers over all processes.
    """
    sums = torch.zeros(4, dtype=torch.float64)
    for batch in batches:
        unreadable(batch.unreadable)
        if len(batch):
            labels = prepare.labels(batch.labels).as_torch()
            scores = net(prepare.images(batch.images)).as_torch().detach().float()
            each(scores, labels)
            sums += _sums(scores, labels).cpu().double()
    loss, top1, top5, images = total(sums).tolist()
    count = max(images, 1)
    return Measured(loss / count, top1 / count, top5 / count, int(images))


def _sums(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    loss = torch.nn.functional.cross_entropy(scores, labels, reduction="sum")
    best = scores.topk(min(_TOP, scores.shape[1]), dim=1).indices
    hits = best == labels[:, None]
    return torch.stack([loss, hits[:, 0].sum().float(), hits.sum().float(), loss.new_tensor(len(labels))])
