"""Handlers that record numbers as the training goes: `LogFileHandler`, and what `TensorBoardHandler` shares with it."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as _np

from mxnet.base import MXNetError
from mxnet.formats._writer import atomic_write
from mxnet.gluon.contrib.estimator._checkpoint_files import writes_files
from mxnet.gluon.contrib.estimator._checks import list_of_metrics
from mxnet.gluon.contrib.estimator._events import BatchEnd, EpochEnd, TrainBegin
from mxnet.gluon.contrib.estimator._logging import check_interval, samples_in, values_of
from mxnet.gluon.contrib.estimator._training import ValidationHandler

if TYPE_CHECKING:
    from mxnet.gluon.contrib.estimator.estimator import Estimator

__all__ = ["LogFileHandler", "Recorder"]

Row = dict[str, float]


class Recorder(TrainBegin, BatchEnd, EpochEnd):
    """Hands rows of numbers to `write`, after each epoch and as often as it is told in between.

    Of several processes only the first records.

    Parameters
    ----------
    metrics : EvalMetric or list of EvalMetric, optional
        Default: those of the training, and those of the validation if there is one.
    log_interval : int or 'epoch', default 'epoch'
        Record after each epoch, and with a number after so many batches each too.
    priority : float, default infinity
        After everything else.
    """

    def __init__(self, metrics: Any = None, log_interval: int | str = "epoch", priority: float = _np.inf) -> None:
        check_interval(log_interval)
        self.metrics = list_of_metrics(metrics)
        self.log_interval = log_interval
        self.priority = priority
        self._recorded = self.metrics
        self._samples = 0
        self._since = 0.0

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        validates = any(isinstance(handler, ValidationHandler) for handler in estimator.event_handlers)
        found = [*estimator.train_metrics, *(estimator.val_metrics if validates else [])]
        self._recorded = self.metrics or found
        self._samples, self._since = 0, time.monotonic()
        if writes_files():
            self.open(list(self._row(estimator, 0)), estimator.position.total_batches)
            estimator.at_exit(self.close)

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self._samples += samples_in(kwargs["batch"])
        if self.log_interval != "epoch" and estimator.position.total_batches % self.log_interval == 0:
            self._record(estimator, estimator.position.epoch)

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self._record(estimator, estimator.position.epoch)

    def _record(self, estimator: Estimator, epoch: int) -> None:
        if writes_files():
            self.write(self._row(estimator, epoch))
        self._samples, self._since = 0, time.monotonic()

    def _row(self, estimator: Estimator, epoch: int) -> Row:
        seconds = time.monotonic() - self._since
        return {
            "time": round(time.time(), 3),
            "epoch": epoch,
            "batch": estimator.position.total_batches,
            "learning_rate": estimator.trainer.learning_rate,
            "samples_per_second": round(self._samples / seconds, 3) if self._samples and seconds else math.nan,
            **values_of(self._recorded),
        }

    # To be defined

    def open(self, columns: list[str], begin: int) -> None:
        """Begin to record rows with these columns; `begin` batches have been trained before."""
        raise NotImplementedError

    def write(self, row: Row) -> None:
        """Record a row."""
        raise NotImplementedError

    def close(self) -> None:
        """End, in whatever way the training has ended."""
        raise NotImplementedError


class LogFileHandler(Recorder):
    """Writes the numbers of the training to a file: a row of a CSV table, or a line of JSON, for each time.

    The columns are ``time`` (seconds since 1970), ``epoch`` (counted from 0), ``batch`` (trained so far in all),
    ``learning_rate``, ``samples_per_second`` (since the last row), and the metrics. A training that is resumed goes on
    in the file it has, without the rows that were written after its checkpoint; any other begins it anew.

    Parameters
    ----------
    filename : path
        Its ending tells the format: ``.csv``, ``.jsonl`` or ``.json``.
    metrics, log_interval, priority
        As for `LoggingHandler`; by default all metrics are recorded.

    Raises
    ------
    ValueError
        For another ending or interval, or what is no metric.

    Examples
    --------
    >>> handler = mx.gluon.contrib.estimator.LogFileHandler('run.csv', log_interval=10)
    """

    def __init__(
        self,
        filename: str | os.PathLike,
        metrics: Any = None,
        log_interval: int | str = "epoch",
        priority: float = _np.inf,
    ) -> None:
        super().__init__(metrics, log_interval, priority)
        self.filename = os.fspath(filename)
        ending = os.path.splitext(self.filename)[1].lower()
        if ending not in (".csv", ".jsonl", ".json"):
            raise ValueError(f"a log ends in .csv, .jsonl or .json, which tells its format; not {self.filename!r}")
        self._is_csv = ending == ".csv"
        self._columns: list[str] = []
        self._file: Any = None

    def open(self, columns: list[str], begin: int) -> None:
        folder = os.path.dirname(self.filename)
        if folder:
            os.makedirs(folder, exist_ok=True)
        self._columns = columns
        rows = self._rows_until(begin) if begin and os.path.exists(self.filename) else []
        with atomic_write(self.filename) as file:
            header = self._line(dict(zip(columns, columns, strict=True))) if self._is_csv else ""
            file.write((header + "".join(map(self._line, rows))).encode())
        self._file = open(self.filename, "a", encoding="utf-8", newline="", buffering=1)

    def write(self, row: Row) -> None:
        self._file.write(self._line(row))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _line(self, row: Mapping[str, Any]) -> str:
        if not self._is_csv:
            # JSON has no nan and no infinity.
            return json.dumps({name: value if _is_finite(value) else None for name, value in row.items()}) + "\n"
        text = io.StringIO()
        csv.DictWriter(text, self._columns, restval="", extrasaction="ignore", lineterminator="\n").writerow(row)
        return text.getvalue()

    def _rows_until(self, batch: int) -> list[Mapping[str, Any]]:
        """The rows of an older file up to that batch; a line that was cut off is left out."""
        with open(self.filename, encoding="utf-8", newline="") as file:
            lines = [line for line in file if line.endswith("\n")]
        try:
            rows = list(csv.DictReader(lines)) if self._is_csv else [json.loads(line) for line in lines]
            return [row for row in rows if int(row["batch"]) <= batch]
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise MXNetError(
                f"{self.filename} is not a log that can be gone on with ({error!r}): move it away, or name another"
            ) from error


def _is_finite(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
