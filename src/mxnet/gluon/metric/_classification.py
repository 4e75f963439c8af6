"""Metrics of classifiers."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from mxnet.gluon.metric._base import (
    Names,
    PairMetric,
    alias,
    check_label_shapes,
    register,
    tensor_of,
    total,
)
from mxnet.ndarray._array import Array, wrap
from mxnet.numpy.multiarray import ndarray

__all__ = [
    "F1",
    "MCC",
    "PCC",
    "Accuracy",
    "BinaryAccuracy",
    "Fbeta",
    "TopKAccuracy",
    "one_hot",
    "predict_with_threshold",
]

Tensor = torch.Tensor


def one_hot(idx: Any, num: int) -> ndarray:
    """Rows of int32 zeros with a one at each index.

    Examples
    --------
    >>> mx.gluon.metric.one_hot(mx.np.array([1, 0]), 2)
    array([[0, 1],
           [1, 0]], dtype=int32)
    """
    return wrap(ndarray, _one_hot(tensor_of(idx), num).to(torch.int32))


def predict_with_threshold(pred: Any, threshold: Any = 0.5) -> ndarray:
    """Whether each probability is above the threshold: a number, or one for each class.

    Raises
    ------
    ValueError
        If `threshold` is neither a number nor an array.
    """
    return wrap(ndarray, _above(tensor_of(pred), threshold))


def _one_hot(index: Tensor, num: int) -> Tensor:
    return index.long().unsqueeze(-1) == torch.arange(num, device=index.device)


def _above(pred: Tensor, threshold: Any) -> Tensor:
    if isinstance(threshold, (int, float)):
        return pred > threshold
    if isinstance(threshold, Array):
        return pred > tensor_of(threshold, pred.device)
    raise ValueError(f"{type(threshold)} is a wrong type for threshold! It is a number or an array")


def _hits(label: Tensor, pred: Tensor) -> tuple[Tensor, int]:
    label, pred = label.flatten().long(), pred.flatten().long()
    check_label_shapes(label, pred)
    return total(label == pred), label.numel()


@alias("acc")
@register
class Accuracy(PairMetric):
    """The share of labels that are predicted.

    Predictions are class numbers in the shape of the labels, or scores with the classes along `axis`.

    Examples
    --------
    >>> metric = mx.gluon.metric.Accuracy()
    >>> metric.update(mx.np.array([0, 1, 1]), mx.np.array([[0.3, 0.7], [0.0, 1.0], [0.4, 0.6]]))
    >>> metric.get()
    ('accuracy', 0.6666666666666666)
    """

    def __init__(
        self, axis: int = 1, name: str = "accuracy", output_names: Names = None, label_names: Names = None
    ) -> None:
        super().__init__(name, output_names, label_names, axis=axis)
        self.axis = axis

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Tensor, int]:
        if pred.shape != label.shape:
            if not -pred.dim() <= self.axis < pred.dim():
                raise ValueError(
                    f"accuracy along axis {self.axis} of predictions of shape {tuple(pred.shape)} "
                    f"for labels of shape {tuple(label.shape)}: there is no such axis"
                )
            pred = pred.argmax(self.axis)
        return _hits(label, pred)


@alias("top_k_accuracy", "top_k_acc")
@register
class TopKAccuracy(PairMetric):
    """The share of labels that are among the `top_k` highest scores.

    Raises
    ------
    AssertionError
        If `top_k` is less than 2; on update, if predictions have more than 2 dimensions.
    ValueError
        On update, if there are fewer classes than `top_k`.
    """

    def __init__(
        self, top_k: int = 1, name: str = "top_k_accuracy", output_names: Names = None, label_names: Names = None
    ) -> None:
        if top_k < 2:
            raise AssertionError("Please use Accuracy if top_k is no more than 1")
        suffix = f"_{top_k}"
        name = name if name.endswith(suffix) else name + suffix  # as `get_config` hands it back
        super().__init__(name, output_names, label_names, top_k=top_k)
        self.top_k = top_k

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Tensor, int]:
        if pred.dim() > 2:
            raise AssertionError(f"Predictions should be no more than 2 dims, not {pred.dim()}")
        if pred.dim() < 2:
            return _hits(label, pred)
        label = label.flatten().long()
        check_label_shapes(label, pred)
        if pred.shape[1] < self.top_k:
            raise ValueError(f"the {self.top_k} highest of {pred.shape[1]} classes: there are not as many")
        best = pred.topk(self.top_k, dim=1).indices
        return total(best == label.unsqueeze(1)), len(label)


@register
class BinaryAccuracy(PairMetric):
    """The share of labels 0 and 1 on whose side of `threshold` (a number or an array) the prediction is."""

    def __init__(
        self,
        name: str = "binary_accuracy",
        output_names: Names = None,
        label_names: Names = None,
        threshold: Any = 0.5,
    ) -> None:
        super().__init__(name, output_names, label_names)
        self.threshold = threshold

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Tensor, int]:
        return _hits(label, _above(pred, self.threshold))


class _Counts(NamedTuple):
    """Numbers of cases, one of each for each class."""

    true_positives: Tensor
    false_positives: Tensor
    false_negatives: Tensor
    true_negatives: Tensor


def _counts(actual: Tensor, predicted: Tensor) -> _Counts:
    """Counts by column."""
    return _Counts(
        (actual & predicted).sum(0),
        (~actual & predicted).sum(0),
        (actual & ~predicted).sum(0),
        (~actual & ~predicted).sum(0),
    )


def _binary_counts(label: Tensor, pred: Tensor, threshold: Any) -> _Counts:
    label = label.flatten().long()
    if bool(((label < 0) | (label > 1)).any()):
        raise ValueError("Wrong label for binary classification: labels are 0 and 1")
    if pred.dim() == 1 or (pred.dim() == 2 and pred.shape[-1] == 1):
        predicted = _above(pred.flatten(), threshold)
    elif pred.dim() == 2 and pred.shape[-1] == 2:
        predicted = _above(pred[:, 1], threshold)
    else:
        raise ValueError(f"The shape of prediction {tuple(pred.shape)} is wrong for binary classification.")
    check_label_shapes(label, predicted)
    return _counts((label == 1).unsqueeze(1), predicted.unsqueeze(1))


def _multiclass_counts(label: Tensor, pred: Tensor) -> _Counts:
    if pred.dim() != 2:
        raise ValueError(f"Multiclass predictions are scores of shape (n, classes), not {tuple(pred.shape)}")
    label, classes = label.flatten().long(), pred.shape[-1]
    check_label_shapes(label, pred)
    if bool((label >= classes).any()):
        raise AssertionError(f"pred contains fewer classes than label: {classes} classes and label {int(label.max())}")
    return _counts(_one_hot(label, classes), _one_hot(pred.argmax(-1), classes))


def _multilabel_counts(label: Tensor, pred: Tensor, threshold: Any) -> _Counts:
    if pred.shape != label.shape:
        raise AssertionError(
            "The shape of label should be same as that of prediction for multilabel classification, "
            f"but they are {tuple(label.shape)} and {tuple(pred.shape)}"
        )
    return _counts((label == 1).reshape(-1, label.shape[-1]), _above(pred, threshold).reshape(-1, label.shape[-1]))


class _CountMetric(PairMetric):
    """A metric of the counts over all batches so far, which `sum_metric` spreads over the instances."""

    def reset(self) -> None:
        self._sum: _Counts | None = None
        super().reset()

    def _add(self, counts: _Counts, instances: int) -> None:  # type: ignore[override]
        if self._sum is not None:
            counts = _Counts(*(old.to(new.device) + new for old, new in zip(self._sum, counts, strict=True)))
        self._sum = counts
        self.num_inst += instances

    def _value(self) -> float:
        raise NotImplementedError

    @property
    def sum_metric(self) -> float:
        return 0.0 if self._sum is None else self._value() * self.num_inst

    @sum_metric.setter
    def sum_metric(self, value: float) -> None:
        if value:
            raise AttributeError(f"{type(self).__name__}.sum_metric follows from the counts")

    def get(self) -> tuple[str, float]:
        """Name and value; nan before the first update."""
        return self.name, self._value() if self.num_inst else float("nan")


@register
class Fbeta(_CountMetric):
    """The F-beta score: the harmonic mean of precision and recall, recall counting `beta` times as much.

    Parameters
    ----------
    class_type : {'binary', 'multiclass', 'multilabel'}
        Binary predictions are probabilities of class 1, or of both classes in two columns, where the second counts.
    beta : float, default 1
    threshold : float or array, default 0.5
        Above it a (binary or multilabel) probability counts as 1.
    average : {'micro', 'macro'}
        Score of the counts of all classes together, or mean of the classes' scores.

    Raises
    ------
    ValueError
        For another `class_type` or `average`; on update, for wrong labels or shapes.
    """

    def __init__(
        self,
        name: str = "fbeta",
        output_names: Names = None,
        label_names: Names = None,
        class_type: str = "binary",
        beta: float = 1,
        threshold: Any = 0.5,
        average: str = "micro",
    ) -> None:
        if class_type not in ("binary", "multiclass", "multilabel"):
            raise ValueError(f"Wrong class_type {class_type}! Only supports ['binary', 'multiclass', 'multilabel']")
        if average not in ("micro", "macro"):
            raise ValueError(f"average must be 'micro' or 'macro', not {average!r}")
        self.class_type = class_type
        self.beta = beta
        self.threshold = threshold
        self.average = average
        super().__init__(name, output_names, label_names)

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Any, int]:
        if self.class_type == "binary":
            return _binary_counts(label, pred, self.threshold), len(pred)
        if self.class_type == "multiclass":
            return _multiclass_counts(label, pred), len(pred)
        return _multilabel_counts(label, pred, self.threshold), len(pred)

    def _value(self) -> float:
        hits, false_positives, misses, _ = (count.double().cpu() for count in self._sum)
        if self.average == "micro":
            hits, false_positives, misses = hits.sum(), false_positives.sum(), misses.sum()
        weight = self.beta**2
        below = (1 + weight) * hits + weight * misses + false_positives
        return float(torch.where(below > 0, (1 + weight) * hits / below, 0.0).mean())


@register
class F1(Fbeta):
    """The F1 score: the harmonic mean of precision and recall. See `Fbeta`.

    Examples
    --------
    >>> metric = mx.gluon.metric.F1()
    >>> metric.update(mx.np.array([0, 1, 1]), mx.np.array([[0.3, 0.7], [0.0, 1.0], [0.4, 0.6]]))
    >>> metric.get()
    ('f1', 0.8)
    """

    def __init__(
        self,
        name: str = "f1",
        output_names: Names = None,
        label_names: Names = None,
        class_type: str = "binary",
        threshold: Any = 0.5,
        average: str = "micro",
    ) -> None:
        super().__init__(name, output_names, label_names, class_type, 1, threshold, average)


@register
class MCC(_CountMetric):
    """Matthews' correlation coefficient of binary labels and predictions; 0 where it is undefined.

    Raises
    ------
    ValueError
        On update, for wrong labels or shapes.
    """

    def __init__(self, name: str = "mcc", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Any, int]:
        return _binary_counts(label, pred, 0.5), len(pred)

    def _value(self) -> float:
        hits, false_positives, misses, rejections = (float(count[0]) for count in self._sum)
        below = 1.0
        for term in (hits + false_positives, hits + misses, rejections + false_positives, rejections + misses):
            below *= term or 1.0
        return (hits * rejections - false_positives * misses) / below**0.5


@register
class PCC(PairMetric):
    """Pearson's correlation coefficient of a confusion matrix: Matthews' for any number of classes.

    Predictions are class numbers in the shape of the labels, or scores with the classes along axis 1.
    """

    def __init__(self, name: str = "pcc", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def reset(self) -> None:
        self._matrix = torch.zeros(2, 2, dtype=torch.int64)
        self._updates = 0

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Tensor, int]:
        if pred.shape != label.shape:
            pred = pred.argmax(1)
        label, pred = label.flatten().long(), pred.flatten().long()
        check_label_shapes(label, pred)
        if not label.numel():
            return self._matrix[:0, :0], 1
        lowest = min(int(label.min()), int(pred.min()))
        if lowest < 0:
            raise ValueError(f"classes are numbered from 0, but there is a {lowest}")
        size = max(int(label.max()), int(pred.max())) + 1
        return torch.bincount(pred * size + label, minlength=size * size).reshape(size, size).cpu(), 1

    def _add(self, matrix: Tensor, count: int) -> None:  # type: ignore[override]
        size = max(len(self._matrix), len(matrix))
        self._matrix = sum(torch.nn.functional.pad(each, [0, size - len(each)] * 2) for each in (self._matrix, matrix))
        self._updates += count

    @property
    def num_inst(self) -> float:
        """How many updates there were."""
        return float(self._updates)

    @property
    def sum_metric(self) -> float:
        return self._value() * self._updates

    def get(self) -> tuple[str, float]:
        """Name and value; nan before the first update, and where it is undefined."""
        return self.name, self._value()

    def _value(self) -> float:
        matrix = self._matrix.double()
        count, predicted, actual = matrix.sum(), matrix.sum(1), matrix.sum(0)
        covariance = matrix.trace() * count - predicted @ actual
        spread = (count**2 - predicted @ predicted) * (count**2 - actual @ actual)
        return float(covariance / spread.sqrt()) if spread else float("nan")
