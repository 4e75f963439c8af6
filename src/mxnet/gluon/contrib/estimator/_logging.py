"""`LoggingHandler`: lines about a training, in the estimator's log."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as _np

from mxnet.gluon.contrib.estimator._checks import is_count, list_of_metrics
from mxnet.gluon.contrib.estimator._events import BatchBegin, BatchEnd, EpochBegin, EpochEnd, TrainBegin, TrainEnd
from mxnet.gluon.metric import EvalMetric

if TYPE_CHECKING:
    from mxnet.gluon.contrib.estimator.estimator import Estimator

__all__ = ["LoggingHandler", "check_interval", "samples_in", "values_of"]


def values_of(metrics: Iterable[EvalMetric]) -> dict[str, float]:
    """The values of metrics by name, those of composite ones too."""
    return {name: value for metric in metrics for name, value in metric.get_name_value()}


def samples_in(batch: Any) -> int:
    """How many samples a batch has, going by its first part; 0 where that cannot be told."""
    first = next(iter(batch.values())) if isinstance(batch, dict) else batch[0]
    return len(first) if hasattr(first, "__len__") else 0


def check_interval(log_interval: Any) -> None:
    """Refuse what is neither 'epoch' nor a number of batches.

    Raises
    ------
    ValueError
    """
    if log_interval != "epoch" and not is_count(log_interval):
        raise ValueError(
            f"log_interval must be either an integer or string 'epoch': a positive one, not {log_interval!r}"
        )


class LoggingHandler(TrainBegin, TrainEnd, EpochBegin, EpochEnd, BatchBegin, BatchEnd):
    """Writes what happens to ``estimator.logger``.

    Parameters
    ----------
    log_interval : int or 'epoch', default 'epoch'
        Write a line for each epoch, and with a number one for every so many batches too.
    metrics : EvalMetric or list of EvalMetric, optional
        What to write down of.
    priority : float, default infinity
        After everything else.

    Raises
    ------
    ValueError
        For another interval, or what is no metric.
    """

    _state = ("batch_index", "current_epoch", "processed_samples")

    def __init__(self, log_interval: int | str = "epoch", metrics: Any = None, priority: float = _np.inf) -> None:
        check_interval(log_interval)
        self.metrics = list_of_metrics(metrics)
        self.batch_index = 0
        self.current_epoch = 0
        self.processed_samples = 0
        self.priority = priority
        self.log_interval = log_interval
        self.log_interval_time = 0.0
        self.train_start = self.epoch_start = self.batch_start = time.monotonic()

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.train_start = time.monotonic()
        optimizer = type(estimator.trainer.optimizer).__name__
        rate = estimator.trainer.learning_rate
        epoch, _, batches = estimator.position
        if estimator.max_epoch:
            length = f"{estimator.max_epoch - epoch} epochs"
        else:
            length = f"{estimator.max_batch - batches} batches"
        estimator.logger.info(
            "Training begin: using optimizer %s with current learning rate %.4f \nTrain for %s.",
            optimizer,
            rate,
            length,
        )
        self.current_epoch = epoch
        self.batch_index = self.processed_samples = 0
        self.log_interval_time = 0.0

    def train_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        seconds = time.monotonic() - self.train_start
        line = f"Train finished using total {int(seconds)}s with {self.current_epoch} epochs. {self._metrics()}"
        estimator.logger.info(line.rstrip(", "))

    def epoch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.epoch_start = time.monotonic()
        self.batch_index = self.processed_samples = 0
        self.log_interval_time = 0.0
        self.current_epoch = estimator.position.epoch if estimator.is_fitting else 0
        if estimator.is_training:
            rate = estimator.trainer.learning_rate
            estimator.logger.info("[Epoch %d] Begin, current learning rate: %.4f", self.current_epoch, rate)
        else:
            estimator.logger.info("Validation Begin")

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        seconds = time.monotonic() - self.epoch_start
        line = f"[Epoch {self.current_epoch}] Finished in {seconds:.3f}s, {self._metrics()}"
        estimator.logger.info(line.rstrip(", "))
        self.current_epoch += 1

    def batch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.batch_start = time.monotonic()

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.processed_samples += samples_in(kwargs["batch"])
        self.log_interval_time += time.monotonic() - self.batch_start
        if self.log_interval != "epoch" and self.batch_index % self.log_interval == 0:
            estimator.logger.info(
                f"[Epoch {self.current_epoch}][Batch {self.batch_index}][Samples {self.processed_samples}] "
                f"time/interval: {self.log_interval_time:.3f}s {self._metrics()}".rstrip()
            )
            self.log_interval_time = 0.0
        self.batch_index += 1

    def _metrics(self) -> str:
        return ", ".join(f"{name}: {value:.4f}" for name, value in values_of(self.metrics).items())
