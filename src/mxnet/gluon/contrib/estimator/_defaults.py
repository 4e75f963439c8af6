"""What an `Estimator` adds to what it is given: handlers, and a log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mxnet.gluon.contrib.estimator._checks import check_metric_references, list_of_handlers
from mxnet.gluon.contrib.estimator._logging import LoggingHandler
from mxnet.gluon.contrib.estimator._progress_bar import ProgressBarHandler
from mxnet.gluon.contrib.estimator._training import (
    GradientUpdateHandler,
    MetricHandler,
    StoppingHandler,
    ValidationHandler,
)

if TYPE_CHECKING:
    from mxnet.gluon.contrib.estimator.estimator import Estimator

__all__ = ["stdout_logger", "training_handlers", "validation_handlers"]


def training_handlers(estimator: Estimator, handlers: Any, val_data: Any, stopping: StoppingHandler) -> list[Any]:
    """The given handlers of a training, and those that are always there.

    Raises
    ------
    ValueError
        If a handler is none, or has metrics that nobody updates.
    """
    found = list_of_handlers(handlers)
    metrics = estimator.train_metrics
    check_metric_references(found, [*metrics, *estimator.val_metrics])
    added = _unless_given(found, GradientUpdateHandler, GradientUpdateHandler)
    added += _unless_given(found, MetricHandler, lambda: MetricHandler(metrics))
    if val_data is not None:
        added += _unless_given(found, ValidationHandler, lambda: ValidationHandler(val_data, estimator.evaluate))
    if not _draws(found):
        added += _unless_given(found, LoggingHandler, lambda: LoggingHandler(metrics=metrics))
    return [*found, stopping, *added]


def validation_handlers(estimator: Estimator, handlers: Any) -> list[Any]:
    """The given handlers of an evaluation, and those that are always there.

    Raises
    ------
    ValueError
        If a handler is none, or has metrics that nobody updates.
    """
    found = list_of_handlers(handlers)
    metrics = estimator.val_metrics
    check_metric_references(found, metrics)
    added = _unless_given(found, MetricHandler, lambda: MetricHandler(metrics))
    if not (estimator.is_fitting and _draws(estimator.event_handlers)):
        added += _unless_given(found, LoggingHandler, lambda: LoggingHandler(metrics=metrics))
    return [*found, *added]


def _unless_given(handlers: list[Any], kind: type, make: Callable[[], Any]) -> list[Any]:
    """A new handler, unless there is one of its kind."""
    return [] if any(isinstance(handler, kind) for handler in handlers) else [make()]


def _draws(handlers: list[Any]) -> bool:
    """Whether there is a progress bar, which takes the place of the lines of a `LoggingHandler`."""
    return any(isinstance(handler, ProgressBarHandler) for handler in handlers)


def stdout_logger() -> logging.Logger:
    """A log that is written to the standard output, and nowhere else."""
    logger = _Logger("Estimator", level=logging.INFO)
    logger.addHandler(_StdoutHandler())
    return logger


class _Logger(logging.Logger):
    """One that is not registered, so that each estimator has its own: its level may be set at any time all the same."""

    def isEnabledFor(self, level: int) -> bool:
        # Python's own remembers its answers until a logger that is registered changes.
        return not self.disabled and level > self.manager.disable and level >= self.getEffectiveLevel()


class _StdoutHandler(logging.StreamHandler):
    """Writes to what is the standard output at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stdout
