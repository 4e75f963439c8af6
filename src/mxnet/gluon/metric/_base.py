"""What all metrics share: the running sums, the registry, and metrics made of others or of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as _np
import torch

from mxnet import registry
from mxnet.ndarray._array import Array, read, wrap
from mxnet.numpy.multiarray import ndarray

__all__ = [
    "CompositeEvalMetric",
    "CustomMetric",
    "EvalMetric",
    "PairMetric",
    "alias",
    "as_tensors",
    "check_label_shapes",
    "create",
    "np",
    "register",
    "tensor_of",
    "total",
]

Names = Sequence[str] | None


def check_label_shapes(labels: Any, preds: Any, wrap: bool = False, shape: bool = False) -> tuple[Any, Any]:
    """Compare how many labels and predictions there are.

    Parameters
    ----------
    labels, preds : array or list of arrays
    wrap : bool, default False
        Return single arrays as lists of one.
    shape : bool, default False
        Compare the arrays' shapes instead of the lengths.

    Raises
    ------
    ValueError
        If they differ.
    """
    found = (tuple(labels.shape), tuple(preds.shape)) if shape else (len(labels), len(preds))
    if found[0] != found[1]:
        raise ValueError(f"Shape of labels {found[0]} does not match shape of predictions {found[1]}")
    if wrap:
        labels = labels if isinstance(labels, (list, tuple)) else [labels]
        preds = preds if isinstance(preds, (list, tuple)) else [preds]
    return labels, preds


def tensor_of(value: Any, device: torch.device | None = None) -> torch.Tensor:
    """The plain tensor of an array-like, on `device`; float16 and bfloat16 as float32."""
    if isinstance(value, Array):
        tensor = read(value, recording=False)
    elif isinstance(value, torch.Tensor):
        tensor = value.detach()
    else:
        tensor = torch.as_tensor(_np.asarray(value))
    if device is not None and tensor.device != device:
        tensor = tensor.to(device)
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def as_tensors(label: Any, pred: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Label and prediction as tensors on the device of the prediction."""
    prediction = tensor_of(pred)
    return tensor_of(label, prediction.device), prediction


def total(values: torch.Tensor) -> torch.Tensor:
    """The sum, in float64 where the device has it."""
    return values.sum(dtype=torch.float32 if values.device.type == "mps" else torch.float64)


class EvalMetric:
    """The base of all metrics.

    A subclass defines ``update(self, labels, preds)``, which adds to `sum_metric` and `num_inst`; the metric is
    their quotient.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
        Which of the predictions and labels `update_dict` uses; default all.
    """

    def __init__(self, name: str, output_names: Names = None, label_names: Names = None, **kwargs: Any) -> None:
        self.name = str(name)
        self.output_names = output_names
        self.label_names = label_names
        self._kwargs = kwargs
        self.reset()

    def __str__(self) -> str:
        return f"EvalMetric: {dict(self.get_name_value())}"

    __repr__ = __str__

    def get_config(self) -> dict[str, Any]:
        """What `create` makes an equal metric from."""
        return {
            **self._kwargs,
            "metric": type(self).__name__,
            "name": self.name,
            "output_names": self.output_names,
            "label_names": self.label_names,
        }

    def update_dict(self, label: Mapping[str, Any], pred: Mapping[str, Any]) -> None:
        """`update` with labels and predictions by name.

        Raises
        ------
        KeyError
            If one that `output_names` or `label_names` ask for is not there.
        """
        preds = list(pred.values()) if self.output_names is None else [pred[name] for name in self.output_names]
        labels = list(label.values()) if self.label_names is None else [label[name] for name in self.label_names]
        self.update(labels, preds)

    def update(self, labels: Any, preds: Any) -> None:
        """Count a batch in."""
        raise NotImplementedError(f"{type(self).__name__} must define update(self, labels, preds)")

    def reset(self) -> None:
        """Start anew."""
        self.num_inst: Any = 0
        self.sum_metric: Any = 0.0

    def get(self) -> tuple[Any, Any]:
        """Name and value; nan before the first update."""
        count = float(self.num_inst)
        return self.name, float(self.sum_metric) / count if count else float("nan")

    def get_name_value(self) -> list[tuple[str, Any]]:
        """A list of pairs of name and value."""
        name, value = self.get()
        return list(zip(name, value, strict=True)) if isinstance(name, list) else [(name, value)]


register = registry.get_register_func(EvalMetric, "metric")
alias = registry.get_alias_func(EvalMetric, "metric")
_create = registry.get_create_func(EvalMetric, "metric")


def create(metric: Any, *args: Any, **kwargs: Any) -> EvalMetric:
    """A metric, from its name, a function, or a list of these.

    Parameters
    ----------
    metric : str, callable, EvalMetric, dict or list
        A registered name (with the class's arguments after it), a function of labels and predictions, a metric
        (returned as it is), a configuration from `EvalMetric.get_config`, or several in a list.

    Raises
    ------
    AssertionError
        For a name that is not registered.

    Examples
    --------
    >>> mx.gluon.metric.create(['acc', 'ce']).get()[0]
    ['accuracy', 'cross-entropy']
    """
    if isinstance(metric, list):
        return CompositeEvalMetric([create(each, *args, **kwargs) for each in metric])
    if isinstance(metric, type) and issubclass(metric, EvalMetric):
        return metric(*args, **kwargs)
    if callable(metric):
        return CustomMetric(metric, *args, **kwargs)
    return _create(metric, *args, **kwargs)


class PairMetric(EvalMetric):
    """A metric that looks at each label with its prediction; a subclass defines `_measure`."""

    def update(self, labels: Any, preds: Any) -> None:
        """Count a batch in.

        Parameters
        ----------
        labels, preds : array or list of arrays

        Raises
        ------
        ValueError
            If there are not as many labels as predictions.
        """
        labels, preds = check_label_shapes(labels, preds, True)
        measured = [self._measure(*as_tensors(label, pred)) for label, pred in zip(labels, preds, strict=True)]
        for sum_, count in measured:
            self._add(sum_, count)

    def _measure(self, label: torch.Tensor, pred: torch.Tensor) -> tuple[torch.Tensor, int | torch.Tensor]:
        """What to add to the sum and to the count."""
        raise NotImplementedError

    def _add(self, sum_: torch.Tensor, count: int | torch.Tensor) -> None:
        self.sum_metric = _plus(self.sum_metric, sum_)
        self.num_inst = _plus(self.num_inst, count) if isinstance(count, torch.Tensor) else self.num_inst + count


def _plus(so_far: Any, more: torch.Tensor) -> ndarray:
    if isinstance(so_far, Array):
        so_far = so_far._data.to(more.device)
    return wrap(ndarray, so_far + more)


@alias("composite")
@register
class CompositeEvalMetric(EvalMetric):
    """Several metrics as one; names and values come as lists.

    Parameters
    ----------
    metrics : list
        Anything that `create` takes.
    """

    def __init__(
        self,
        metrics: Sequence[Any] | None = None,
        name: str = "composite",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        self.metrics = [create(metric) for metric in metrics or []]
        super().__init__(name, output_names, label_names)

    def add(self, metric: Any) -> None:
        """Add another metric."""
        self.metrics.append(create(metric))

    def get_metric(self, index: int) -> EvalMetric:
        """The metric at a position.

        Raises
        ------
        ValueError
            If there is none.
        """
        try:
            return self.metrics[index]
        except IndexError:
            raise ValueError(f"Metric index {index} is out of range 0 and {len(self.metrics)}") from None

    def update_dict(self, label: Mapping[str, Any], pred: Mapping[str, Any]) -> None:
        """`update_dict` of each metric, of what the names of this one pick."""
        if self.label_names is not None:
            label = {name: value for name, value in label.items() if name in self.label_names}
        if self.output_names is not None:
            pred = {name: value for name, value in pred.items() if name in self.output_names}
        for metric in self.metrics:
            metric.update_dict(label, pred)

    def update(self, labels: Any, preds: Any) -> None:
        """Count a batch in, in each metric."""
        for metric in self.metrics:
            metric.update(labels, preds)

    def reset(self) -> None:
        """Start each metric anew."""
        for metric in self.metrics:
            metric.reset()

    def get(self) -> tuple[list[str], list[Any]]:
        """The names and the values of all metrics."""
        pairs = [pair for metric in self.metrics for pair in metric.get_name_value()]
        return [name for name, _ in pairs], [value for _, value in pairs]

    def get_config(self) -> dict[str, Any]:
        """What `create` makes an equal metric from."""
        return {**super().get_config(), "metrics": [metric.get_config() for metric in self.metrics]}


@register
class CustomMetric(EvalMetric):
    """A metric from a function of a label and its prediction.

    Parameters
    ----------
    feval : callable
        Takes two arrays and returns the value for the batch, or a pair of sum and count.
    name : str, optional
        Default: the function's name.
    allow_extra_outputs : bool, default False
        Whether there may be more predictions than labels.
    """

    def __init__(
        self,
        feval: Callable[[Any, Any], Any],
        name: str | None = None,
        allow_extra_outputs: bool = False,
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        if name is None:
            name = getattr(feval, "__name__", type(feval).__name__)
            name = f"custom({name})" if "<" in name else name
        self._feval = feval
        self._allow_extra_outputs = allow_extra_outputs
        super().__init__(name, output_names, label_names, feval=feval, allow_extra_outputs=allow_extra_outputs)

    def update(self, labels: Any, preds: Any) -> None:
        """Count a batch in.

        Raises
        ------
        ValueError
            If there are more predictions than labels and that is not allowed.
        """
        if not self._allow_extra_outputs:
            labels, preds = check_label_shapes(labels, preds, True)
        for label, pred in zip(labels, preds, strict=False):
            value = self._feval(label, pred)
            value, count = value if isinstance(value, tuple) else (value, 1)
            self.sum_metric += value
            self.num_inst += count

    def get_config(self) -> dict[str, Any]:
        """A function has no configuration.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError("CustomMetric cannot be serialized")


def np(
    numpy_feval: Callable[[Any, Any], Any], name: str | None = None, allow_extra_outputs: bool = False
) -> CustomMetric:
    """A `CustomMetric` from a function; it gets the arrays as they are.

    Examples
    --------
    >>> hits = mx.gluon.metric.np(lambda label, pred: float((label == pred).mean()), name='hits')
    """
    return CustomMetric(numpy_feval, name, allow_extra_outputs)
