"""Metrics of likelihood, and of losses that are computed already."""

from __future__ import annotations

import math
from typing import Any

import torch

from mxnet.gluon.metric._base import EvalMetric, Names, PairMetric, alias, register, tensor_of, total

__all__ = ["CrossEntropy", "Loss", "Perplexity", "Torch"]

Tensor = torch.Tensor


@alias("ce")
@register
class CrossEntropy(PairMetric):
    """The mean negative logarithm of the probability that is given to the label.

    Parameters
    ----------
    eps : float, default 1e-12
        The least that a probability counts for.
    ignore_label : int, optional
        A label that is left out.
    axis : int, default -1
        Where the classes are in the predictions.
    from_logits : bool, default False
        Whether predictions are scores that a softmax makes probabilities of.

    Raises
    ------
    AssertionError
        On update, if labels and predictions do not fit.

    Examples
    --------
    >>> metric = mx.gluon.metric.CrossEntropy()
    >>> metric.update(mx.np.array([1, 0]), mx.np.array([[0.0, 1.0], [0.5, 0.5]]))
    >>> round(metric.get()[1], 4)
    0.3466
    """

    def __init__(
        self,
        eps: float = 1e-12,
        ignore_label: int | None = None,
        axis: int = -1,
        from_logits: bool = False,
        name: str = "cross-entropy",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        super().__init__(name, output_names, label_names)
        self.eps = eps
        self.ignore_label = ignore_label
        self.axis = axis
        self.from_logits = from_logits

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Tensor, int | Tensor]:
        classes = pred.shape[self.axis] if -pred.dim() <= self.axis < pred.dim() else 0
        if not classes or label.numel() * classes != pred.numel():
            raise AssertionError(
                f"shape mismatch: {tuple(label.shape)} vs. {tuple(pred.shape)} with the classes on axis {self.axis}"
            )
        scores = pred.movedim(self.axis, -1).reshape(-1, classes)
        label = label.reshape(-1).long()
        chosen = label.clamp(0, classes - 1).unsqueeze(1)
        floor = math.log(self.eps) if self.eps > 0 else -math.inf
        if self.from_logits:
            log_probability = torch.log_softmax(scores.float(), -1).gather(1, chosen).clamp_min(floor)
        else:
            log_probability = scores.gather(1, chosen).log().clamp_min(floor)
        if self.ignore_label is None:
            return -total(log_probability), label.numel()
        kept = label != self.ignore_label
        return -total(log_probability.squeeze(1) * kept), kept.sum()


@register
class Perplexity(CrossEntropy):
    """The exponential of the cross entropy; arguments are those of `CrossEntropy`."""

    def __init__(
        self,
        eps: float = 1e-12,
        ignore_label: int | None = None,
        axis: int = -1,
        from_logits: bool = False,
        name: str = "perplexity",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        super().__init__(eps, ignore_label, axis, from_logits, name, output_names, label_names)

    def get(self) -> tuple[str, float]:
        """Name and value; nan before the first update."""
        name, value = super().get()
        return name, math.exp(value)


@register
class Loss(EvalMetric):
    """The mean of the predictions, which are losses; labels do not matter."""

    def __init__(self, name: str = "loss", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def update(self, _: Any, preds: Any) -> None:
        """Count an array of losses, or a list of such arrays, in."""
        tensors = [tensor_of(pred) for pred in (preds if isinstance(preds, (list, tuple)) else [preds])]
        for tensor in tensors:
            PairMetric._add(self, total(tensor), tensor.numel())


@register
class Torch(Loss):
    """`Loss` under the name that 1.x gives losses computed in Torch."""

    def __init__(self, name: str = "torch", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)
