"""`TensorBoardHandler`: the numbers of a training for TensorBoard."""

from __future__ import annotations

import os
from typing import Any

import numpy as _np

from mxnet.gluon.contrib.estimator._recording import Recorder, Row

__all__ = ["TensorBoardHandler"]


class TensorBoardHandler(Recorder):
    """Writes the learning rate, the speed and the metrics for TensorBoard, by the number of batches trained.

    ``training accuracy`` is the curve ``accuracy/training``, so that it is drawn beside ``accuracy/validation``. What
    an earlier run has written after the checkpoint that is resumed is left out by TensorBoard.

    Parameters
    ----------
    log_dir : path, optional
        The folder for the events; see ``tensorboard --logdir``.
    metrics, log_interval, priority
        As for `LoggingHandler`; by default all metrics are recorded.
    writer : optional
        A ``SummaryWriter`` to use instead of one for `log_dir`. It is not closed.

    Raises
    ------
    ImportError
        If TensorBoard is not installed.
    ValueError
        For another interval, what is no metric, or if not one of `log_dir` and `writer` is given.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike | None = None,
        metrics: Any = None,
        log_interval: int | str = "epoch",
        priority: float = _np.inf,
        *,
        writer: Any = None,
    ) -> None:
        super().__init__(metrics, log_interval, priority)
        if (log_dir is None) == (writer is None):
            raise ValueError("TensorBoardHandler takes one of log_dir and writer")
        self.log_dir = None if log_dir is None else os.fspath(log_dir)
        self._make = None if log_dir is None else _summary_writer()
        self.writer = writer

    def open(self, columns: list[str], begin: int) -> None:
        if self._make is not None:
            self.writer = self._make(self.log_dir, purge_step=begin + 1 if begin else None)

    def write(self, row: Row) -> None:
        for name, value in row.items():
            if name not in ("time", "batch"):
                self.writer.add_scalar(_tag(name), value, row["batch"], walltime=row["time"])

    def close(self) -> None:
        if self._make is not None:
            self.writer.close()
        else:
            self.writer.flush()


def _tag(name: str) -> str:
    purpose, _, metric = name.partition(" ")
    return f"{metric}/{purpose}" if purpose in ("training", "validation") else name


def _summary_writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ImportError("TensorBoardHandler needs TensorBoard: pip install tensorboard") from error
    return SummaryWriter
