"""`CheckpointHandler`: saves a training as it goes, and takes it up again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as _np

from mxnet.base import MXNetError
from mxnet.formats._writer import atomic_write
from mxnet.gluon.block import HybridBlock
from mxnet.gluon.contrib.estimator._checkpoint_files import PARAMETERS, STATES, Checkpoints, states_of_all, writes_files
from mxnet.gluon.contrib.estimator._events import BatchEnd, EpochEnd, TrainBegin
from mxnet.gluon.contrib.estimator._monitor import check_monitor, comparison
from mxnet.gluon.contrib.estimator._position import Position

if TYPE_CHECKING:
    from mxnet.gluon.contrib.estimator.estimator import Estimator

__all__ = ["CheckpointHandler"]


class CheckpointHandler(TrainBegin, BatchEnd, EpochEnd):
    """Saves the training after epochs, after batches, or both.

    A checkpoint is ``<prefix>-epoch<E>batch<B>`` with ``.params`` (the network), ``.states`` (the trainer) and
    ``.progress`` (where the training stands, metrics, handlers, random generators): all that it takes to go on as if
    there had been no break. ``<prefix>-symbol.json`` is the graph of a network that is hybridized.

    Parameters
    ----------
    model_dir : path
        The folder; it is made.
    model_prefix : str, default 'model'
    monitor : EvalMetric, optional
        For `save_best`: one of ``estimator.train_metrics`` or ``estimator.val_metrics``.
    verbose : int, default 0
        Above 0, log each checkpoint.
    save_best : bool, default False
        Whenever a checkpoint is saved and the metric is better than ever, save ``<prefix>-best`` too.
    mode : {'auto', 'min', 'max'}
        Which way is better. With ``'auto'`` the name of the metric decides, with a warning.
    epoch_period : int, optional, default 1
        After how many epochs each.
    batch_period : int, optional
        After how many batches each.
    max_checkpoints : int, default 5
        How many of the last to keep, beside the best.
    resume_from_checkpoint : bool, default False
        Go on from the last checkpoint in the folder that is whole, if there is one.

    Raises
    ------
    ValueError
        If `save_best` is asked for without a metric; in `fit`, if the training that is to be resumed has reached its
        end already.
    NotADirectoryError
        If `model_dir` is a file.
    AssertionError, MXNetError
        In `fit`, if the checkpoint that is to be resumed is incomplete or damaged.
    """

    def __init__(
        self,
        model_dir: str | os.PathLike,
        model_prefix: str = "model",
        monitor: Any = None,
        verbose: int = 0,
        save_best: bool = False,
        mode: str = "auto",
        epoch_period: int | None = 1,
        batch_period: int | None = None,
        max_checkpoints: int = 5,
        resume_from_checkpoint: bool = False,
    ) -> None:
        self.model_dir = os.fspath(model_dir)
        if os.path.exists(self.model_dir) and not os.path.isdir(self.model_dir):
            raise NotADirectoryError(f"model_dir must be a folder, and {self.model_dir} is a file")
        self.monitor = monitor
        self.verbose = verbose
        self.model_prefix = model_prefix
        self.save_best = save_best
        if save_best:
            self.monitor_op = comparison(mode, check_monitor(monitor), "ModelCheckpoint")
            self.best = -_np.inf if self.monitor_op is _np.greater else _np.inf
        self.epoch_period = epoch_period
        self.batch_period = batch_period
        self.max_checkpoints = max_checkpoints
        self.resume_from_checkpoint = resume_from_checkpoint
        self.current_batch = 0
        self.current_epoch = 0
        self.saved_checkpoints: list[str] = []
        os.makedirs(self.model_dir, exist_ok=True)
        self._files = Checkpoints(self.model_dir, model_prefix)

    def state_dict(self) -> dict[str, Any]:
        return {"best": float(self.best)} if self.save_best else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.save_best:
            self.best = state.get("best", self.best)

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.saved_checkpoints = []
        if self.save_best:
            self.best = -_np.inf if self.monitor_op is _np.greater else _np.inf
        if self.resume_from_checkpoint:
            self._resume(estimator)
        self.current_epoch, _, self.current_batch = estimator.position
        self._is_first_batch = True

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        total = estimator.position.total_batches
        if self._is_first_batch:
            self._is_first_batch = False
            if writes_files():
                self._save_symbol(estimator)
        if self.batch_period and total % self.batch_period == 0:
            self._save(estimator, total - 1)  # MXNet names it by the number of the batch, the first being 0
        self.current_batch = total

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        if self.epoch_period and (estimator.position.epoch + 1) % self.epoch_period == 0:
            self._save(estimator, estimator.position.total_batches)
        self.current_epoch = estimator.position.epoch + 1

    # Saving

    def _save(self, estimator: Estimator, batch: int) -> None:
        epoch, _, total = estimator.position
        name = f"{self.model_prefix}-epoch{epoch}batch{batch}"
        self._say(
            estimator,
            f"[Epoch {epoch}] CheckpointHandler: trained total {total} batches, saving model at {self.model_dir} with "
            f"prefix: {name}",
        )
        is_best = self.save_best and self._is_best(estimator)
        # What other handlers count of this event belongs to it too.
        estimator.after_event(lambda: self._write(estimator, name, is_best))

    def _is_best(self, estimator: Estimator) -> bool:
        name, value = self.monitor.get()
        is_best = bool(self.monitor_op(value, self.best))
        epoch = estimator.position.epoch
        if is_best:
            self._say(
                estimator,
                f"[Epoch {epoch}] CheckpointHandler: {name} improved from {self.best:.5f} to {value:.5f}, updating "
                f"best model at {self.model_dir} with prefix: {self.model_prefix}-best",
            )
            self.best = value
        else:
            self._say(
                estimator,
                f"[Epoch {epoch}] CheckpointHandler: {name} did not improve from {self.best:.5f}, skipping updating "
                "best model",
            )
        return is_best

    def _write(self, estimator: Estimator, name: str, is_best: bool) -> None:
        states = states_of_all(estimator)
        if not writes_files():
            return
        if self.max_checkpoints > 0:
            self._files.save(name, estimator, states)
            self.saved_checkpoints = [*(old for old in self.saved_checkpoints if old != name), name]
        if is_best:
            self._files.save(f"{self.model_prefix}-best", estimator, states)
        while len(self.saved_checkpoints) > max(self.max_checkpoints, 0):
            self._files.remove(self.saved_checkpoints.pop(0))

    def _save_symbol(self, estimator: Estimator) -> None:
        """Write the graph of a hybridized network, or log why there is none."""
        net = estimator.net
        path = os.path.join(self.model_dir, f"{self.model_prefix}-symbol.json")
        if not isinstance(net, HybridBlock) or not net._active:
            estimator.logger.info(
                "Model architecture(symbol file) is not saved, please use HybridBlock to construct your model, and "
                "call net.hybridize() before passing to Estimator in order to save model architecture as %s.",
                path,
            )
            return
        try:
            symbol, _ = net.export(None)
        except RuntimeError as error:  # there is no graph of it, or not the only one that it runs
            estimator.logger.info("Model architecture(symbol file) is not saved: %s", error)
            return
        with atomic_write(path) as file:
            file.write(symbol.tojson().encode())

    # Resuming

    def _resume(self, estimator: Estimator) -> None:
        if writes_files():
            self._files.tidy()
        candidates, problems = self._files.complete()
        for problem in problems:
            estimator.logger.warning("CheckpointHandler: a checkpoint is damaged and is passed over: %s", problem)
        self.saved_checkpoints = names = self._files.names()
        if candidates:
            self._go_on(estimator, *candidates[0])
        elif problems:
            raise MXNetError(f"no checkpoint in {self.model_dir} can be read: {problems[-1]}")
        elif names:
            self._go_on(estimator, names[-1], None)
        else:
            self._say(
                estimator, f"CheckpointHandler: No checkpoint found, training from scratch for {_left(estimator)}"
            )

    def _go_on(self, estimator: Estimator, name: str, state: dict[str, Any] | None) -> None:
        """Take up a checkpoint; of genuine MXNet, which tells no more than its name, with the epoch after it."""
        states = self._files.path(name, STATES)
        if not os.path.exists(states):
            raise AssertionError(f"Failed to load checkpoint, {states} does not exist")
        if state is None:
            epoch, batch = self._files.numbers(name)
            estimator.position = Position(epoch + 1, 0, batch)
        else:
            estimator.load_state_dict(state)
        _check_unfinished(estimator)
        estimator.net.load_parameters(self._files.path(name, PARAMETERS), device=estimator.device)
        estimator.trainer.load_states(states)
        epoch, batch, total = estimator.position
        self._say(
            estimator,
            f"CheckpointHandler: Checkpoint resumed from epoch {epoch if batch else epoch - 1} batch {total}, continue "
            f"to train for {_left(estimator)} ",
        )

    def _say(self, estimator: Estimator, line: str) -> None:
        if self.verbose > 0:
            estimator.logger.info(line)


def _check_unfinished(estimator: Estimator) -> None:
    epoch, _, total = estimator.position
    limits = [("epoch", epoch, estimator.max_epoch), ("batch", total, estimator.max_batch)]
    for what, done, limit in limits:
        if limit and done >= limit:
            raise ValueError(
                f"Found checkpoint with maximum number of {what} {limit} reached, please specify "
                "resume_from_checkpoint=False (default value) if you want to train from scratch."
            )


def _left(estimator: Estimator) -> str:
    """What there is still to train."""
    epoch, _, total = estimator.position
    return f"{estimator.max_epoch - epoch} epochs" if estimator.max_epoch else f"{estimator.max_batch - total} batches"
