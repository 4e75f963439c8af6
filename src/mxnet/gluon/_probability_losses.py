"""Losses whose predictions are probabilities, or what probabilities follow from."""

from __future__ import annotations

import math
from typing import Any

from mxnet import numpy as np
from mxnet import numpy_extension as npx
from mxnet.gluon._loss import Loss, weighted

__all__ = [
    "CTCLoss",
    "KLDivLoss",
    "LogisticLoss",
    "PoissonNLLLoss",
    "SigmoidBCELoss",
    "SigmoidBinaryCrossEntropyLoss",
    "SoftmaxCELoss",
    "SoftmaxCrossEntropyLoss",
]


class SigmoidBinaryCrossEntropyLoss(Loss):
    """Cross entropy of independent yes-or-no labels.

    Parameters
    ----------
    from_sigmoid : bool, default False
        Whether predictions are probabilities; else they are what a sigmoid would make probabilities of, which is
        numerically safer.
    weight : float, optional
    batch_axis : int, default 0

    Notes
    -----
    The call takes a fourth argument ``pos_weight``, an array that broadcasts against the predictions: the weight
    of positive labels.
    """

    def __init__(
        self, from_sigmoid: bool = False, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_sigmoid = from_sigmoid

    def forward(self, pred: Any, label: Any, sample_weight: Any = None, pos_weight: Any = None) -> Any:
        label = npx.reshape_like(label, pred)
        compare = _cross_entropy_of_probability if self._from_sigmoid else _cross_entropy_of_logit
        return self._mean(weighted(compare(pred, label, pos_weight), self._weight, sample_weight))


def _cross_entropy_of_logit(pred: Any, label: Any, pos_weight: Any = None) -> Any:
    if pos_weight is None:
        return npx.relu(pred) - pred * label + _softplus(-np.abs(pred))
    weight = 1 + (pos_weight - 1) * label
    return pred - pred * label + weight * (_softplus(-np.abs(pred)) + npx.relu(-pred))


def _cross_entropy_of_probability(pred: Any, label: Any, pos_weight: Any = None) -> Any:
    tiny = 1e-12
    positive = np.log(pred + tiny) * label
    if pos_weight is not None:
        positive = positive * pos_weight
    return -(positive + np.log(1.0 - pred + tiny) * (1.0 - label))


def _softplus(x: Any) -> Any:
    return npx.activation(x, act_type="softrelu")


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss


class LogisticLoss(Loss):
    """``log(1 + exp(-pred * label))`` for labels -1 and 1.

    Parameters
    ----------
    weight : float, optional
    batch_axis : int, default 0
    label_format : {'signed', 'binary'}, default 'signed'
        Whether labels are -1 and 1, or 0 and 1.

    Raises
    ------
    ValueError
        For another `label_format`.
    """

    def __init__(
        self, weight: float | None = None, batch_axis: int = 0, label_format: str = "signed", **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        if label_format not in ("signed", "binary"):
            raise ValueError(f"label_format can only be signed or binary, received {label_format}.")
        self._label_format = label_format

    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        label = npx.reshape_like(label, pred)
        if self._label_format == "signed":
            label = (label + 1.0) / 2.0
        return self._mean(weighted(_cross_entropy_of_logit(pred, label), self._weight, sample_weight))


class SoftmaxCrossEntropyLoss(Loss):
    """Cross entropy of labels that exclude one another.

    Parameters
    ----------
    axis : int, default -1
        Axis of the classes.
    sparse_label : bool, default True
        Whether labels are numbers of classes, of the shape of the predictions without `axis`; else they are
        probabilities, of the shape of the predictions.
    from_logits : bool, default False
        Whether predictions are logarithms of probabilities already.
    weight : float, optional
    batch_axis : int, default 0

    Examples
    --------
    >>> mx.gluon.loss.SoftmaxCrossEntropyLoss()(mx.np.zeros((2, 2)), mx.np.array([0, 1]))
    array([0.6931472, 0.6931472])
    """

    def __init__(
        self,
        axis: int = -1,
        sparse_label: bool = True,
        from_logits: bool = False,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._axis = axis
        self._sparse_label = sparse_label
        self._from_logits = from_logits

    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        if not self._from_logits:
            pred = npx.log_softmax(pred, axis=self._axis)
        if self._sparse_label:
            loss = -npx.pick(pred, label, axis=self._axis, keepdims=True)
        else:
            loss = -(pred * npx.reshape_like(label, pred)).sum(axis=self._axis, keepdims=True)
        return self._mean(weighted(loss, self._weight, sample_weight))


SoftmaxCELoss = SoftmaxCrossEntropyLoss


class KLDivLoss(Loss):
    """Kullback-Leibler divergence of the predicted distribution from that of the labels.

    Parameters
    ----------
    from_logits : bool, default True
        Whether predictions are logarithms of probabilities already.
    axis : int, default -1
        Axis of the classes, where `from_logits` is False.
    weight : float, optional
    batch_axis : int, default 0
    """

    def __init__(
        self,
        from_logits: bool = True,
        axis: int = -1,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._axis = axis

    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        if not self._from_logits:
            pred = npx.log_softmax(pred, self._axis)
        loss = label * (np.log(label + 1e-12) - pred)
        return self._mean(weighted(loss, self._weight, sample_weight))


class CTCLoss(Loss):
    """Connectionist temporal classification: predictions in time against a shorter sequence of labels.

    The last class is the blank. Predictions are not normalized; a softmax is part of the loss.

    Parameters
    ----------
    layout : {'NTC', 'TNC'}, default 'NTC'
        Order of batch, time and class in the predictions.
    label_layout : {'NT', 'TN'}, default 'NT'
        Order of batch and time in the labels.
    weight : float, optional

    Raises
    ------
    AssertionError
        For another layout.

    Notes
    -----
    The call takes ``(pred, label, pred_lengths=None, label_lengths=None, sample_weight=None)``. Without
    `label_lengths` a sequence of labels ends at its first -1.
    """

    def __init__(
        self, layout: str = "NTC", label_layout: str = "NT", weight: float | None = None, **kwargs: Any
    ) -> None:
        if layout not in ("NTC", "TNC"):
            raise AssertionError(f"Only 'NTC' and 'TNC' layouts for pred are supported. Got: {layout}")
        if label_layout not in ("NT", "TN"):
            raise AssertionError(f"Only 'NT' and 'TN' layouts for label are supported. Got: {label_layout}")
        super().__init__(weight, label_layout.find("N"), **kwargs)
        self._layout = layout
        self._label_layout = label_layout

    def forward(
        self, pred: Any, label: Any, pred_lengths: Any = None, label_lengths: Any = None, sample_weight: Any = None
    ) -> Any:
        if self._layout == "NTC":
            pred = np.swapaxes(pred, 0, 1)
        if self._batch_axis == 1:
            label = np.swapaxes(label, 0, 1)
        loss = npx.ctc_loss(
            pred,
            label,
            pred_lengths,
            label_lengths,
            use_data_lengths=pred_lengths is not None,
            use_label_lengths=label_lengths is not None,
            blank_label="last",
        )
        return weighted(loss, self._weight, sample_weight)


class PoissonNLLLoss(Loss):
    """Negative log likelihood of counts with a Poisson distribution.

    Parameters
    ----------
    weight : float, optional
    from_logits : bool, default True
        Whether predictions are logarithms of the expected counts.
    batch_axis : int, default 0
    compute_full : bool, default False
        Add Stirling's approximation of the term that does not depend on the prediction.

    Notes
    -----
    The call takes ``(pred, target, sample_weight=None, epsilon=1e-08)``; `epsilon` keeps the logarithm finite.
    """

    def __init__(
        self,
        weight: float | None = None,
        from_logits: bool = True,
        batch_axis: int = 0,
        compute_full: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._compute_full = compute_full

    def forward(self, pred: Any, target: Any, sample_weight: Any = None, epsilon: float = 1e-08) -> Any:
        target = npx.reshape_like(target, pred)
        if self._from_logits:
            loss = np.exp(pred) - target * pred
        else:
            loss = pred - target * np.log(pred + epsilon)
        if self._compute_full:
            stirling = target * np.log(target) - target + 0.5 * np.log(2 * target * math.pi)
            loss = loss + stirling * (target > 1)
        return self._mean(weighted(loss, self._weight, sample_weight))
