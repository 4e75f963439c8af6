"""What a network is to answer: classes, smoothed, and mixed where images are (Zhang et al., "mixup", 2018)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import mxnet as mx

__all__ = ["Targets"]

_MIX = 0x313C  # keeps these draws apart from those of _batches


class Targets:
    """Makes targets of labels, and mixes pairs of images.

    Parameters
    ----------
    classes : int
    smoothing : float
        What of the probability of the right class goes to all classes evenly.
    mixup : float
        The shares of two images that are mixed are drawn from a beta distribution with this for both parameters; 0
        mixes none.
    seed : int
    """

    def __init__(self, classes: int, smoothing: float, mixup: float, seed: int) -> None:
        self._classes = classes
        self._smoothing = smoothing
        self._mixup = mixup
        self._seed = seed
        self.loss = mx.gluon.loss.SoftmaxCrossEntropyLoss(sparse_label=not (smoothing or mixup))

    def __call__(self, images: mx.np.ndarray, labels: mx.np.ndarray, place: list[int]) -> tuple[Any, Any]:
        """Images and targets for `loss`.

        Parameters
        ----------
        images : (N, C, H, W)
        labels : (N,)
        place : list of int
            Where in the training: what is drawn follows from it.
        """
        if not (self._smoothing or self._mixup):
            return images, labels
        x, numbers = images.as_torch(), labels.as_torch()
        targets = torch.full(
            (len(numbers), self._classes), self._smoothing / self._classes, dtype=x.dtype, device=x.device
        )
        targets.scatter_(1, numbers[:, None], 1 - self._smoothing + self._smoothing / self._classes)
        if self._mixup:
            draw = np.random.default_rng([self._seed, _MIX, *place])
            share = float(draw.beta(self._mixup, self._mixup))
            partners = torch.from_numpy(draw.permutation(len(numbers))).to(x.device)
            x = x * share + x[partners] * (1 - share)
            targets = targets * share + targets[partners] * (1 - share)
        return mx.np.from_torch(x), mx.np.from_torch(targets)
