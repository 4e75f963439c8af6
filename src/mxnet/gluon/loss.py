"""Losses: blocks that compare predictions with labels and give one number for each sample.

All take, where not said otherwise, ``weight``, a number the loss is multiplied with; ``batch_axis``, the axis along
which the samples lie; and in the call a last argument ``sample_weight``, an array that broadcasts against the
loss of each element, for example of shape (N, 1). The loss is the mean over all axes but the batch's.
"""

from __future__ import annotations

from typing import Any

from mxnet import numpy as np
from mxnet import numpy_extension as npx
from mxnet.gluon._loss import Loss, weighted
from mxnet.gluon._probability_losses import (
    CTCLoss,
    KLDivLoss,
    LogisticLoss,
    PoissonNLLLoss,
    SigmoidBCELoss,
    SigmoidBinaryCrossEntropyLoss,
    SoftmaxCELoss,
    SoftmaxCrossEntropyLoss,
)

__all__ = [
    "CTCLoss",
    "CosineEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "L2Loss",
    "LogisticLoss",
    "Loss",
    "PoissonNLLLoss",
    "SDMLLoss",
    "SigmoidBCELoss",
    "SigmoidBinaryCrossEntropyLoss",
    "SoftmaxCELoss",
    "SoftmaxCrossEntropyLoss",
    "SquaredHingeLoss",
    "TripletLoss",
]


class L2Loss(Loss):
    r"""Half the squared difference, :math:`\frac{1}{2} (label - pred)^2`.

    Parameters
    ----------
    weight : float, default 1
    batch_axis : int, default 0

    Examples
    --------
    >>> mx.gluon.loss.L2Loss()(mx.np.array([[1., 2.], [3., 4.]]), mx.np.array([[1., 0.], [3., 3.]]))
    array([1.  , 0.25])
    """

    def __init__(self, weight: float = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        loss = np.square(npx.reshape_like(label, pred) - pred)
        return self._mean(weighted(loss, self._weight / 2, sample_weight))


class L1Loss(Loss):
    """The absolute difference, ``|label - pred|``.

    Parameters
    ----------
    weight : float, optional
    batch_axis : int, default 0
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        loss = np.abs(npx.reshape_like(label, pred) - pred)
        return self._mean(weighted(loss, self._weight, sample_weight))


class HuberLoss(Loss):
    """Squared difference near zero, absolute difference beyond `rho`.

    Parameters
    ----------
    rho : float, default 1
    weight : float, optional
    batch_axis : int, default 0
    """

    def __init__(self, rho: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._rho = rho

    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        loss = np.abs(npx.reshape_like(label, pred) - pred)
        loss = np.where(loss > self._rho, loss - 0.5 * self._rho, (0.5 / self._rho) * np.square(loss))
        return self._mean(weighted(loss, self._weight, sample_weight))


class HingeLoss(Loss):
    """``max(0, margin - pred * label)`` for labels -1 and 1.

    Parameters
    ----------
    margin : float, default 1
    weight : float, optional
    batch_axis : int, default 0
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        return self._mean(weighted(_hinge(pred, label, self._margin), self._weight, sample_weight))


def _hinge(pred: Any, label: Any, margin: float) -> Any:
    return npx.relu(margin - pred * npx.reshape_like(label, pred))


class SquaredHingeLoss(Loss):
    """``max(0, margin - pred * label) ** 2`` for labels -1 and 1.

    Parameters
    ----------
    margin : float, default 1
    weight : float, optional
    batch_axis : int, default 0
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        loss = np.square(_hinge(pred, label, self._margin))
        return self._mean(weighted(loss, self._weight, sample_weight))


class TripletLoss(Loss):
    """How much nearer, in squared distance, a sample is to a positive than to a negative one, short of `margin`.

    The call takes ``(pred, positive, negative, sample_weight=None)``, and sums over all axes but the batch's.

    Parameters
    ----------
    margin : float, default 1
    weight : float, optional
    batch_axis : int, default 0
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def forward(self, pred: Any, positive: Any, negative: Any, sample_weight: Any = None) -> Any:
        positive = npx.reshape_like(positive, pred)
        negative = npx.reshape_like(negative, pred)
        difference = np.square(positive - pred) - np.square(negative - pred)
        loss = npx.relu(np.sum(difference, axis=self._other_axes(difference)) + self._margin)
        return weighted(loss, self._weight, sample_weight)


class CosineEmbeddingLoss(Loss):
    """One minus the cosine of two vectors for label 1; the cosine, as far as it exceeds `margin`, for label -1.

    The call takes ``(input1, input2, label, sample_weight=None)``; the vectors lie along the last axis.

    Parameters
    ----------
    weight : float, optional
    batch_axis : int, default 0
    margin : float, default 0
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, margin: float = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def forward(self, input1: Any, input2: Any, label: Any, sample_weight: Any = None) -> Any:
        cosine = _cosine(npx.reshape_like(input1, input2), input2)
        label = npx.reshape_like(label, cosine)
        loss = np.where(label == 1, 1.0 - cosine, np.clip(cosine - self._margin, 0, 1 - self._margin))
        return self._mean(weighted(loss, self._weight, sample_weight))


def _cosine(x: Any, y: Any) -> Any:
    """The cosine of the vectors along the last axis."""
    lengths = npx.norm(x, axis=-1).reshape((-1, 1)) * npx.norm(y, axis=-1).reshape((-1, 1))
    return np.sum(x * y, axis=-1).reshape((-1, 1)) / np.maximum(lengths, 1e-12)


class SDMLLoss(Loss):
    """Smoothed deep metric learning: each vector of one batch should be nearest to its partner in another.

    The call takes ``(x1, x2)``, both of shape (N, features), and compares the softmax of the distances between
    all pairs with a smoothed unit matrix.

    Parameters
    ----------
    smoothing_parameter : float, default 0.3
        What of a row's probability goes to the vectors that are not its partner.
    weight : float, default 1
    batch_axis : int, default 0
    """

    def __init__(
        self, smoothing_parameter: float = 0.3, weight: float = 1.0, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self.kl_loss = KLDivLoss(from_logits=True)
        self.smoothing_parameter = smoothing_parameter

    def forward(self, x1: Any, x2: Any) -> Any:
        distances = np.sum(np.square(np.expand_dims(x1, 1) - np.expand_dims(x2, 0)), axis=2)
        labels = self._labels(x1.shape[0], x1)
        return self.kl_loss(npx.log_softmax(-distances, axis=1), labels)

    def _labels(self, size: int, like: Any) -> Any:
        partner = np.eye(size, dtype=like.dtype, device=like.device)
        return partner * (1 - self.smoothing_parameter) + (1 - partner) * self.smoothing_parameter / (size - 1)
