"""The handlers that make up a training: updates, metrics, validation, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mxnet.gluon.contrib.estimator._checks import list_of_handlers, list_of_metrics
from mxnet.gluon.contrib.estimator._events import BatchEnd, EpochBegin, EpochEnd, TrainBegin
from mxnet.gluon.metric import EvalMetric
from mxnet.gluon.metric import Loss as LossMetric

if TYPE_CHECKING:
    from mxnet.gluon.contrib.estimator.estimator import Estimator

__all__ = ["GradientUpdateHandler", "MetricHandler", "StoppingHandler", "ValidationHandler"]


class StoppingHandler(TrainBegin, BatchEnd, EpochEnd):
    """Ends the training after a number of epochs or batches.

    `Estimator.fit` has one of its own for what it is told; one that is given can only end the training earlier.

    Parameters
    ----------
    max_epoch, max_batch : int, optional
    """

    def __init__(self, max_epoch: int | None = None, max_batch: int | None = None) -> None:
        self.max_epoch = max_epoch
        self.max_batch = max_batch
        self.current_batch = 0
        self.current_epoch = 0
        self.stop_training = False

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_epoch, _, self.current_batch = estimator.position
        self.stop_training = False

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> bool:
        self.current_batch = estimator.position.total_batches
        if self.max_batch and self.current_batch >= self.max_batch:
            self.stop_training = True
        return self.stop_training

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> bool:
        self.current_epoch = estimator.position.epoch + 1
        if self.max_epoch and self.current_epoch >= self.max_epoch:
            self.stop_training = True
        return self.stop_training


class GradientUpdateHandler(BatchEnd):
    """Updates the parameters after each batch, with the gradients divided by the number of its samples.

    Parameters
    ----------
    priority : float, default -2000
        Before metrics and everything else.
    """

    def __init__(self, priority: float = -2000) -> None:
        self.priority = priority

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        losses = kwargs["loss"] if isinstance(kwargs["loss"], (list, tuple)) else [kwargs["loss"]]
        # The loss of a batch that is one number has no samples to count: it is taken to be a mean already.
        estimator.trainer.step(sum(loss.shape[0] if loss.ndim else 1 for loss in losses))


class MetricHandler(EpochBegin, BatchEnd):
    """Has metrics begin anew in each epoch, and updates them after each batch.

    Metrics of the kind `gluon.metric.Loss` get the losses, all others labels and predictions.

    Parameters
    ----------
    metrics : EvalMetric or list of EvalMetric
    priority : float, default -1000

    Raises
    ------
    ValueError
        For what is no metric.
    """

    def __init__(self, metrics: Any, priority: float = -1000) -> None:
        self.metrics = list_of_metrics(metrics)
        self.priority = priority

    def epoch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        for metric in self.metrics:
            metric.reset()

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        for metric in self.metrics:
            _update(metric, kwargs["label"], kwargs["pred"], kwargs["loss"])


def _update(metric: EvalMetric, label: Any, pred: Any, loss: Any) -> None:
    if isinstance(metric, LossMetric):
        metric.update(0, loss)
    else:
        metric.update(label, pred)


class ValidationHandler(TrainBegin, BatchEnd, EpochEnd):
    """Evaluates the network after epochs, after batches, or both.

    Parameters
    ----------
    val_data : DataLoader
    eval_fn : callable
        Called with ``val_data=``, ``batch_axis=`` and ``event_handlers=``; `Estimator.evaluate` as a rule.
    epoch_period : int, optional, default 1
        After how many epochs each.
    batch_period : int, optional
        After how many batches each.
    priority : float, default -1000
    event_handlers : EventHandler or list of EventHandler, optional
        For the evaluation.

    Raises
    ------
    ValueError
        If a handler is none.
    """

    def __init__(
        self,
        val_data: Any,
        eval_fn: Callable[..., Any],
        epoch_period: int | None = 1,
        batch_period: int | None = None,
        priority: float = -1000,
        event_handlers: Any = None,
    ) -> None:
        self.val_data = val_data
        self.eval_fn = eval_fn
        self.epoch_period = epoch_period
        self.batch_period = batch_period
        self.current_batch = 0
        self.current_epoch = 0
        self.priority = priority
        self.event_handlers = None if event_handlers is None else list_of_handlers(event_handlers)

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_epoch, _, self.current_batch = estimator.position

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_batch = estimator.position.total_batches
        if self.batch_period and self.current_batch % self.batch_period == 0:
            self._evaluate(estimator)

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_epoch = estimator.position.epoch + 1
        if self.epoch_period and self.current_epoch % self.epoch_period == 0:
            self._evaluate(estimator)

    def _evaluate(self, estimator: Estimator) -> None:
        self.eval_fn(val_data=self.val_data, batch_axis=0, event_handlers=self.event_handlers)
