"""What happens beside learning: bars, logs, checkpoints, stopping. Handlers of the events of a training."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn

from mxnet import formats
from mxnet._progress import bar_columns
from mxnet.cli.training._checkpoint import Checkpoints
from mxnet.cli.training._interrupts import Interrupts
from mxnet.cli.training._log import Log
from mxnet.cli.training._picture import draw_curves
from mxnet.cli.training._session import Session
from mxnet.gluon.contrib.estimator import BatchEnd, EpochBegin, EpochEnd, TrainBegin, TrainEnd

__all__ = ["Bars", "BestParameters", "Saving", "Stopping", "Epochs", "Writing", "has_come_to_rest"]

_AGREE_EVERY = 10  # batches between the questions among processes whether to stop


class Epochs(TrainBegin, EpochBegin, BatchEnd, EpochEnd):
    """Measures the time spent in training, and finishes an epoch: validates, and adds its row."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._since = 0.0
        self._epoch_seconds = 0.0
        self._epoch_images = 0

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        self._since = time.perf_counter()

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        self._since = time.perf_counter()
        self._epoch_seconds, self._epoch_images = 0.0, 0

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        now = time.perf_counter()
        self._epoch_seconds += now - self._since
        self._session.seconds += now - self._since
        self._epoch_images += self._session.train.batch_size
        self._since = now

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        self._session.finish_epoch(self._epoch_seconds, self._epoch_images)


class BestParameters(EpochEnd):
    """Writes the parameters of the best epoch so far, before a checkpoint says that they are written."""

    def __init__(self, session: Session, path: Path) -> None:
        self._session = session
        self._path = path

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        session = self._session
        if not session.note_best(session.rows[-1]) or not session.processes.is_first:
            return
        with session.averaged():
            formats.save_list(self._path, session.parameters())


class Writing(EpochEnd):
    """Keeps the logs, the curves and the list of bad data."""

    def __init__(self, session: Session, log: Log, folder: Path) -> None:
        self._session = session
        self._log = log
        self._folder = folder

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        session, row = self._session, self._session.rows[-1]
        self._log.event("epoch", **row)
        self._log.scalars({name: row[name] for name in row if name not in ("epoch", "step", "seconds")}, row["step"])
        self._log.epochs(session.rows)
        draw_curves(session.rows, self._folder / "curves.png")
        session.bad.write(self._folder / "bad-data.csv")


class Saving(BatchEnd, EpochEnd):
    """Writes a checkpoint after a number of steps, and after each epoch.

    Parameters
    ----------
    every : int
        Steps; 0 for none but at the end of an epoch.
    """

    def __init__(self, session: Session, checkpoints: Checkpoints, every: int, log: Log | None) -> None:
        self._session = session
        self._checkpoints = checkpoints
        self._every = every
        self._log = log

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        session = self._session
        if self._every and session.step % self._every == 0 and not session.has_whole_epoch:
            self.save()

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        self.save()

    def save(self) -> None:
        """Write a checkpoint now; all processes take part."""
        session = self._session
        session.running()  # what has diverged is not worth going on from
        random = session.random()
        if not session.processes.is_first:
            return
        average = None if session.average is None else session.average.values
        path = self._checkpoints.write(
            session.step, session.state(), session.parameters(), average, session.trainer.save_states, random
        )
        if self._log is not None:
            self._log.event("checkpoint", step=session.step, path=path.name)


class Stopping(BatchEnd, EpochEnd):
    """Ends the training early: when asked to from outside, or when it has not become better for some epochs.

    Attributes
    ----------
    reason : str or None
    """

    def __init__(self, session: Session, saving: Saving, interrupts: Interrupts) -> None:
        self._session = session
        self._saving = saving
        self._interrupts = interrupts
        self.reason: str | None = None

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        session = self._session
        if session.has_whole_epoch:
            return False  # the epoch's own end comes next
        if session.processes.world > 1:
            asked = session.step % _AGREE_EVERY == 0 and session.processes.any(self._interrupts.asked)
        else:
            asked = self._interrupts.asked
        if asked:
            self._saving.save()
            self.reason = self._interrupts.name or "another process"
        return asked

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        session = self._session
        if session.processes.any(self._interrupts.asked) and not session.is_finished:
            self.reason = self._interrupts.name or "another process"
            return True
        return has_come_to_rest(session)


def has_come_to_rest(session: Session) -> bool:
    """Whether --early-stop ends the training here."""
    patience = session.settings.early_stop
    return bool(patience and session.best) and session.epoch - session.best["epoch"] >= patience


class Bars(TrainEnd, EpochBegin, BatchEnd, EpochEnd):
    """A progress bar for each epoch, with images per second and the time left."""

    def __init__(self, session: Session, console: Console) -> None:
        self._session = session
        self._progress = Progress(*bar_columns("rate", width=12), TextColumn("{task.fields[result]}"), console=console)
        self._task: Any = None
        self._begun = (0.0, 0)

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        session = self._session
        self._progress.start()
        self._task = self._progress.add_task(
            f"epoch {session.epoch + 1}/{session.settings.epochs}",
            total=len(session.train),
            completed=session.batch,
            rate="",
            result="",
        )
        self._begun = (time.perf_counter(), session.batch)

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        session = self._session
        since, first = self._begun
        images = (session.batch - first) * session.train.batch_size
        rate = images / max(time.perf_counter() - since, 1e-9)
        fields = {"rate": f"{rate:.0f} images/s"}
        if session.is_on_cpu or session.step % 20 == 0:  # a GPU would have to be waited for
            loss, accuracy = session.running()
            fields["result"] = f"loss {loss:.3f}, {accuracy:.1%} right"
        self._progress.update(self._task, completed=session.batch, **fields)

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        row = self._session.rows[-1]
        part, what = ("train", "right") if row["val_accuracy"] is None else ("val", "held out")
        result = f"loss {row['train_loss']:.3f}, {row[f'{part}_accuracy']:.1%} {what}"
        self._progress.update(self._task, result=result)

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        self.close()

    def close(self) -> None:
        self._progress.stop()
