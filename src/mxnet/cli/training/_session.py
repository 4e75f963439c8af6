"""`Session`: a network in training, step by step, and all that must be known to go on with it later."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch

import mxnet as mx
from mxnet import _randomness, amp, autograd
from mxnet._nested import map_leaves
from mxnet.base import MXNetError
from mxnet.cli.training._average import Average
from mxnet.cli.training._bad import BadData
from mxnet.cli.training._batches import Batch, Batches, Preparation
from mxnet.cli.training._checkpoint import Checkpoint
from mxnet.cli.training._log import COLUMNS
from mxnet.cli.training._measure import Measured, measure
from mxnet.cli.training._mixup import Targets
from mxnet.cli.training._network import Form, fill
from mxnet.cli.training._processes import Processes
from mxnet.cli.training._settings import Settings
from mxnet.ndarray._array import Array

__all__ = ["Session"]

_MOMENTUM = ("sgd", "nag", "signum", "lars", "dcasgd")
_STATISTICS = ("running_mean", "running_var")
_WARM_START = 0.01  # of the learning rate, at the first step


class Session:
    """A network, what trains it, and where the training stands.

    Parameters
    ----------
    settings : Settings
        None of whose values is left to be found out.
    form : Form
    net : HybridBlock
    train, val : Batches
        The latter is None where nothing is held out.
    device : Device
    processes : Processes
    bad : BadData
        Gets what cannot be read.
    data : str
        Checksum of the set of images.

    Attributes
    ----------
    epoch : int
        Epochs that are finished.
    batch : int
        Batches of the epoch under way that are finished.
    step : int
        Batches that are finished, of all epochs.
    rows : list of dict
        A row of metrics.csv for each finished epoch.
    best : dict
        ``epoch`` and ``accuracy`` of the epoch that did best on the held-out images; empty before the first.
    seconds : float
        Time spent in training so far, by this process and those whose checkpoints it goes on from.
    """

    def __init__(
        self,
        settings: Settings,
        form: Form,
        net: mx.gluon.HybridBlock,
        train: Batches,
        val: Batches | None,
        device: mx.Device,
        processes: Processes,
        bad: BadData,
        data: str,
    ) -> None:
        self.settings, self.form, self.net = settings, form, net
        self.train, self.val = train, val
        self.processes = processes
        self.bad = bad
        self.data = data
        self.prepare = Preparation(device, form.mean, form.std)
        self.targets = Targets(len(form.classes), settings.label_smoothing, settings.mixup, settings.seed)
        self.trainer = _trainer(settings, net, len(train), processes)
        self.average = Average(net, settings.ema) if settings.ema else None
        if settings.amp is not None:
            amp.init_trainer(self.trainer)
        self.device = device
        self.epoch = self.batch = self.step = 0
        self.rows: list[dict[str, Any]] = []
        self.best: dict[str, Any] = {}
        self.seconds = 0.0
        self._unreported: list[tuple[str, str]] = []
        where = device.torch_device if device.torch_device.type == "cuda" else "cpu"
        self._sums = torch.zeros(3, dtype=torch.float64, device=where)  # loss, right ones, images of this epoch

    @property
    def is_on_cpu(self) -> bool:
        return self.device.device_type == "cpu"

    @property
    def is_finished(self) -> bool:
        return self.epoch >= self.settings.epochs

    @property
    def has_whole_epoch(self) -> bool:
        """Whether all batches of the epoch under way are done."""
        return self.batch >= len(self.train)

    # One step

    def fit_batch(self, batch: Batch) -> dict[str, Any]:
        """Learn from a batch; returns what handlers of `batch_end` are told of it."""
        self._unreported += batch.unreadable
        result = self._learn(batch) if len(batch) or self.processes.world > 1 else {}
        self.batch += 1
        self.step += 1
        return result

    def _learn(self, batch: Batch) -> dict[str, Any]:
        if len(batch):
            images, labels = self.prepare.images(batch.images), self.prepare.labels(batch.labels)
        else:  # the other processes wait for this one's gradients: they are zero
            images, labels = self._nothing()
        inputs, targets = self.targets(images, labels, [self.epoch, self.batch, self.processes.rank])
        with autograd.record():
            scores = self.net(inputs)
            loss = self.targets.loss(scores, targets)
            if not len(batch):
                loss = loss * 0
            with self._scaled(loss) as scaled:
                autograd.backward(scaled)
        # Divided by what a whole batch has: an image that could not be read is one that teaches nothing.
        self.trainer.step(self.settings.batch_size)
        if self.average is not None:
            self.average.update(self.step)
        if len(batch):
            self._count(loss.as_torch().detach(), scores.as_torch().detach(), labels.as_torch())
        return {"label": [labels], "pred": [scores], "loss": [loss]}

    def _nothing(self) -> tuple[mx.np.ndarray, mx.np.ndarray]:
        size = self.form.image_size
        images = mx.np.zeros((2, self.form.in_channels, size, size), device=self.device)
        return images, mx.np.zeros((2,), dtype="int64", device=self.device)

    def _scaled(self, loss: Any) -> Any:
        return nullcontext(loss) if self.settings.amp is None else amp.scale_loss(loss, self.trainer)

    def _count(self, loss: torch.Tensor, scores: torch.Tensor, labels: torch.Tensor) -> None:
        right = (scores.argmax(dim=1) == labels).sum()
        sums = torch.stack([loss.float().sum(), right.float(), loss.new_tensor(float(len(labels))).float()])
        self._sums += sums.to(self._sums.device).double()

    def running(self) -> tuple[float, float]:
        """Mean loss and accuracy of this epoch so far, in this process.

        Raises
        ------
        MXNetError
            If the loss is no number any more.
        """
        loss, right, images = self._sums.tolist()
        if not math.isfinite(loss):
            raise MXNetError(
                f"the loss is {loss} after step {self.step}: the training has diverged. Go on from an earlier "
                f"checkpoint, or begin again, with a smaller --lr than {self.settings.lr:g}"
            )
        return loss / max(images, 1), right / max(images, 1)

    # One epoch

    def finish_epoch(self, seconds: float, images: int) -> dict[str, Any]:
        """Validate, and add a row for the epoch that is done, in which `seconds` were spent on `images`."""
        self._agree_on_statistics()
        held_out = self.validate()
        for unreadable in self.processes.gathered(self._unreported):
            self.bad.update(unreadable)
        self._unreported = []
        sums = self.processes.total(self._sums.cpu()).tolist()
        if not sums[2]:
            raise MXNetError("none of the images could be read in a whole epoch:\n" + "\n".join(self.bad.listed(5)))
        self.running()
        self.epoch, self.batch = self.epoch + 1, 0
        self._sums.zero_()
        row = {
            "epoch": self.epoch,
            "step": self.step,
            "learning_rate": self.trainer.learning_rate,
            "train_loss": sums[0] / sums[2],
            "train_accuracy": sums[1] / sums[2],
            "val_loss": held_out and held_out.loss,
            "val_accuracy": held_out and held_out.top1,
            "val_top5": held_out and held_out.top5,
            "images_per_second": images / seconds if seconds else None,
            "seconds": self.seconds,
        }
        self.rows.append(row)
        return row

    def _agree_on_statistics(self) -> None:
        """Give the running statistics, which each process has of its own images, their mean over all processes."""
        if self.processes.world == 1:
            return
        values = [self.parameters(), {} if self.average is None else self.average.values]
        tensors = [tensor for named in values for name, tensor in named.items() if name.endswith(_STATISTICS)]
        if not tensors:
            return
        means = self.processes.total(torch.cat([tensor.cpu().double().view(-1) for tensor in tensors]))
        means = (means / self.processes.world).split([tensor.numel() for tensor in tensors])
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean.view_as(tensor))

    def validate(self) -> Measured | None:
        """How the network, or its average, does on the held-out images."""
        if self.val is None:
            return None
        with self.averaged():
            return measure(
                self.net,
                self.val.epoch(0),
                self.prepare,
                unreadable=self._unreported.extend,
                total=self.processes.total,
            )

    def note_best(self, row: Mapping[str, Any]) -> bool:
        """Whether the last epoch is the best so far; the last is where nothing is held out."""
        accuracy = row["val_accuracy"]
        better = accuracy is None or not self.best or accuracy > self.best["accuracy"]
        if better:
            self.best = {"epoch": row["epoch"], "accuracy": accuracy, "top5": row["val_top5"], "loss": row["val_loss"]}
        return better

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the network has its averaged parameters, if they are kept."""
        with nullcontext() if self.average is None else self.average.in_place():
            yield

    # Going on later

    def parameters(self) -> dict[str, torch.Tensor]:
        return {name: parameter.data().as_torch().detach() for name, parameter in self.net.collect_params().items()}

    def state(self) -> dict[str, Any]:
        """What a checkpoint says besides tensors."""
        return {
            "settings": self.settings.as_json(),
            "form": self.form.as_json(),
            "data": self.data,
            "position": {"epoch": self.epoch, "batch": self.batch, "step": self.step},
            "sums": self._sums.tolist(),
            "rows": self.rows,
            "best": self.best,
            "seconds": self.seconds,
            "bad": [list(entry) for entry in (*self.bad, *self._unreported)],
        }

    def random(self) -> dict[str, torch.Tensor]:
        """The random states of all processes."""
        return {
            f"{rank}/{name}": tensor
            for rank, states in enumerate(self.processes.gathered(_randomness.capture()))
            for name, tensor in states.items()
        }

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint, whose settings are those of this session.

        Raises
        ------
        MXNetError
            If it is damaged, or of another network.
        """
        state = _checked(checkpoint)
        fill(self.net, checkpoint.parameters, self.form.model, str(checkpoint.path))
        self._restore_average(checkpoint)
        self.trainer.load_states(checkpoint.trainer)
        self._lay_out_states()
        self.epoch, self.batch, self.step = (state["position"][name] for name in ("epoch", "batch", "step"))
        self._sums.copy_(torch.tensor(state["sums"], dtype=torch.float64))
        self.rows, self.best, self.seconds = state["rows"], state["best"], state["seconds"]
        self.bad.update((name, problem) for name, problem in state["bad"])
        own = f"{self.processes.rank}/"
        _randomness.restore(
            {name.removeprefix(own): value for name, value in checkpoint.random.items() if name.startswith(own)}
        )

    def _restore_average(self, checkpoint: Checkpoint) -> None:
        if self.average is None:
            return
        saved, own = checkpoint.average or {}, self.average.values
        if {name: value.shape for name, value in saved.items()} != {name: value.shape for name, value in own.items()}:
            raise MXNetError(f"{checkpoint.path} has not the moving average of this network")
        self.average.load(saved)

    def _lay_out_states(self) -> None:
        """Have the optimizer's states lie in memory as the parameters do, which a file does not tell."""
        for updater in self.trainer._updaters:
            for index, state in updater.states.items():
                weight = self.trainer._params[index].data().as_torch()
                updater.states[index] = map_leaves(state, Array, partial(_like, weight))


def _like(weight: torch.Tensor, state: Array) -> Array:
    if state.shape != tuple(weight.shape):
        return state
    tensor = state.as_torch()
    return mx.np.from_torch(torch.empty_like(weight, dtype=tensor.dtype, requires_grad=False).copy_(tensor))


def _trainer(settings: Settings, net: Any, batches: int, processes: Processes) -> mx.gluon.Trainer:
    updates = settings.epochs * batches
    warmup = min(round(settings.warmup * batches), updates - 1)
    schedule = mx.lr_scheduler.CosineScheduler(
        max_update=updates,
        base_lr=settings.lr,
        final_lr=0,
        warmup_steps=warmup,
        warmup_begin_lr=settings.lr * _WARM_START,
    )
    options = {"learning_rate": settings.lr, "wd": settings.weight_decay, "lr_scheduler": schedule}
    if settings.optimizer in _MOMENTUM:
        options["momentum"] = 0.9
    kvstore = "device" if processes.world == 1 else "dist_sync"
    return mx.gluon.Trainer(net.collect_params(), settings.optimizer, options, kvstore=kvstore)


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float))


def _checked(checkpoint: Checkpoint) -> dict[str, Any]:
    """The state of a checkpoint, if all that `Session.restore` reads is there and of its type."""
    state = checkpoint.state
    kinds = {"position": dict, "sums": list, "rows": list, "best": dict, "seconds": float, "bad": list}
    try:
        right = all(type(state[name]) is kind for name, kind in kinds.items())
        right = right and all(
            type(state["position"][name]) is int and 0 <= state["position"][name] < 1 << 60
            for name in ("epoch", "batch", "step")
        )
        right = right and len(state["sums"]) == 3 and all(map(_is_number, state["sums"]))
        right = right and all(isinstance(row, dict) and set(row) == set(COLUMNS) for row in state["rows"])
        right = right and all(
            len(entry) == 2 and all(isinstance(text, str) for text in entry) for entry in state["bad"]
        )
    except (KeyError, TypeError):
        right = False
    if not right:
        raise MXNetError(f"{checkpoint.path} does not say where the training stands")
    return state
