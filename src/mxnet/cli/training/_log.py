"""What a run writes down as it goes: metrics.csv, log.jsonl, and TensorBoard's events where that is installed."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mxnet.formats._writer import atomic_write

__all__ = ["COLUMNS", "Log"]

COLUMNS = (
    "epoch", "step", "learning_rate", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_top5",
    "images_per_second", "seconds",
)  # fmt: skip


class Log:
    """The log of a run in a folder.

    ``metrics.csv`` has a row for each finished epoch, and is written whole each time. ``log.jsonl`` is added to: a JSON
    object in each line, with ``time`` (seconds since 1970) and ``event``; what a run that was cut off did after its
    last checkpoint is in it twice, before and after the event ``resume``.
    """

    def __init__(self, folder: Path, resumed_at: int | None = None) -> None:
        self._csv = folder / "metrics.csv"
        path = folder / "log.jsonl"
        if resumed_at is None:
            path.unlink(missing_ok=True)
        else:
            _drop_torn_line(path)
        self._lines = open(path, "a", encoding="utf-8", buffering=1)
        self._board = _board(folder, resumed_at)

    def event(self, event: str, **values: Any) -> None:
        """Add a line to log.jsonl."""
        self._lines.write(json.dumps({"time": round(time.time(), 3), "event": event, **values}) + "\n")

    def scalars(self, values: Mapping[str, float | None], step: int) -> None:
        """Give numbers to TensorBoard."""
        if self._board is not None:
            for name, value in values.items():
                if value is not None:
                    self._board.add_scalar(name, value, step)

    def epochs(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write metrics.csv."""
        text = io.StringIO()
        table = csv.DictWriter(text, COLUMNS)
        table.writeheader()
        table.writerows(rows)
        with atomic_write(self._csv) as file:
            file.write(text.getvalue().encode())

    def close(self) -> None:
        self._lines.close()
        if self._board is not None:
            self._board.close()


def _drop_torn_line(path: Path) -> None:
    """Cut off what a process that was killed has not written to the end of its line."""
    if not path.exists():
        return
    with open(path, "r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def _board(folder: Path, resumed_at: int | None) -> Any:
    if importlib.util.find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    # What TensorBoard has from later steps than the checkpoint's it forgets.
    return SummaryWriter(str(folder / "tensorboard"), purge_step=resumed_at)
