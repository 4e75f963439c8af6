"""`ProgressBarHandler`: how far the training has come, drawn in the terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as _np

from mxnet._progress import bar_columns
from mxnet.gluon.contrib.estimator._checks import list_of_metrics
from mxnet.gluon.contrib.estimator._events import BatchEnd, EpochBegin, EpochEnd, TrainBegin
from mxnet.gluon.contrib.estimator._logging import samples_in, values_of
from mxnet.gluon.metric import Loss

if TYPE_CHECKING:
    from mxnet.gluon.contrib.estimator.estimator import Estimator

__all__ = ["ProgressBarHandler"]


class ProgressBarHandler(TrainBegin, EpochBegin, BatchEnd, EpochEnd):
    """Draws a bar for each epoch on the standard error stream: batches, samples a second, time left, metrics.

    It takes the place of the default `LoggingHandler`. Where the stream is no terminal, there is a line for each epoch
    and no more.

    Parameters
    ----------
    metrics : EvalMetric or list of EvalMetric, optional
        Default: those of the training, and at the end of an epoch those of the validation too.
    interval : float, default 0.5
        After how many seconds each to read the metrics, which on a GPU means to wait for it.
    console : rich.console.Console, optional
        Where to draw instead.
    priority : float, default infinity
        After everything else.

    Examples
    --------
    >>> handler = mx.gluon.contrib.estimator.ProgressBarHandler()
    """

    def __init__(
        self, metrics: Any = None, interval: float = 0.5, console: Any = None, priority: float = _np.inf
    ) -> None:
        self.metrics = list_of_metrics(metrics)
        self.interval = interval
        self.priority = priority
        self._console = console
        self._bars: Any = None
        self._task: Any = None
        self._samples = 0
        self._begun = self._drawn = 0.0

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self._bars = _bars(self._console)
        estimator.at_exit(self._bars.stop)
        self._bars.start()

    def epoch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        epoch, done, _ = estimator.position
        label = f"epoch {epoch + 1}" + (f"/{estimator.max_epoch}" if estimator.max_epoch else "")
        self._task = self._bars.add_task(label, total=estimator.batches_per_epoch, completed=done, speed="", result="")
        self._samples = 0
        self._begun = self._drawn = time.monotonic()

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self._samples += samples_in(kwargs["batch"])
        now = time.monotonic()
        changes = {}
        if now - self._drawn >= self.interval:
            self._drawn = now
            changes = self._texts(self.metrics or estimator.train_metrics, now)
        self._bars.update(self._task, completed=estimator.position.batch, **changes)

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        done = estimator.position.batch
        metrics = self.metrics or [*estimator.train_metrics, *estimator.val_metrics]
        self._bars.update(self._task, total=done, completed=done, **self._texts(metrics, time.monotonic()))
        self._bars.stop_task(self._task)

    def _texts(self, metrics: list[Any], now: float) -> dict[str, str]:
        values = {name: value for name, value in _labelled(metrics).items() if value == value}  # those that have one
        seconds = now - self._begun
        return {
            "speed": f"{self._samples / seconds:.0f} samples/s" if seconds else "",
            "result": ", ".join(f"{name} {value:.4f}" for name, value in values.items()),
        }


def _labelled(metrics: list[Any]) -> dict[str, float]:
    """The values of metrics under names that are short, where these tell them apart."""
    values: dict[str, float] = {}
    for metric in metrics:
        for name, value in values_of([metric]).items():
            purpose, _, rest = name.partition(" ")
            prefix = {"training": "", "validation": "val "}.get(purpose)
            short = "loss" if isinstance(metric, Loss) else rest
            label = name if prefix is None else prefix + short
            values[name if label in values else label] = value
    return values


def _bars(console: Any) -> Any:
    from rich.console import Console
    from rich.progress import Progress, TextColumn
    from rich.table import Column

    return Progress(
        *bar_columns("speed"),
        # What is left of the line, so that it is the metrics that are cut short where a terminal is narrow.
        TextColumn("{task.fields[result]}", table_column=Column(ratio=1, no_wrap=True)),
        console=console or Console(stderr=True),
        expand=True,
    )
