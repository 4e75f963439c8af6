"""`EarlyStoppingHandler`: ends a training that does not get better."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as _np

from mxnet.gluon.contrib.estimator._events import EpochEnd, TrainBegin, TrainEnd
from mxnet.gluon.contrib.estimator._monitor import check_monitor, comparison

if TYPE_CHECKING:
    from mxnet.gluon.contrib.estimator.estimator import Estimator

__all__ = ["EarlyStoppingHandler"]


class EarlyStoppingHandler(TrainBegin, EpochEnd, TrainEnd):
    """Ends the training when a metric has not improved for some epochs.

    Parameters
    ----------
    monitor : EvalMetric
        One of ``estimator.train_metrics`` or ``estimator.val_metrics``.
    min_delta : float, default 0
        By how much more than this it has to improve.
    patience : int, default 0
        The number of epochs without improvement after which the training ends; 0 does as 1.
    mode : {'auto', 'min', 'max'}
        Which way is better. With ``'auto'`` the name of the metric decides, with a warning.
    baseline : float, optional
        What the metric has to be better than from the beginning.

    Attributes
    ----------
    best : float
    wait : int
        Epochs since then.
    stopped_epoch : int
        The epoch, counted from 0, that it ended the training after; 0 if it did not.

    Raises
    ------
    ValueError
        If `monitor` is no metric.
    """

    _state = ("wait", "current_epoch", "best")

    def __init__(
        self,
        monitor: Any,
        min_delta: float = 0,
        patience: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
    ) -> None:
        self.monitor = check_monitor(monitor)
        self.baseline = baseline
        self.patience = patience
        self.monitor_op = comparison(mode, monitor, "EarlyStopping")
        self.min_delta = min_delta if self.monitor_op is _np.greater else -min_delta
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.current_epoch = 0
        self.stop_training = False
        worst = -_np.inf if self.monitor_op is _np.greater else _np.inf
        self.best = worst if self.baseline is None else self.baseline

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self._reset()
        self.current_epoch = estimator.position.epoch

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> bool:
        name, value = self.monitor.get()
        if _np.isnan(value):
            warnings.warn(
                f"{name} is not updated, make sure you pass one of the metric objects from estimator.train_metrics "
                "and estimator.val_metrics as monitor.",
                RuntimeWarning,
                stacklevel=2,
            )
        elif self.monitor_op(value - self.min_delta, self.best):
            self.best = value
            self.wait = 0
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped_epoch = self.current_epoch
                self.stop_training = True
        self.current_epoch += 1
        return self.stop_training

    def train_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        if self.stop_training:
            estimator.logger.info(
                "[Epoch %d] EarlyStoppingHandler: early stopping due to %s not improving",
                self.stopped_epoch,
                self.monitor.get()[0],
            )
