"""A whole run of `mxzoo train`, from its settings to its outcome."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import filelock
from rich.console import Console
from rich.markup import escape

import mxnet as mx
from mxnet import amp, formats
from mxnet._randomness import seed_all
from mxnet.base import MXNetError
from mxnet.cli.training._augment import preset
from mxnet.cli.training._bad import BadData
from mxnet.cli.training._batches import Batches
from mxnet.cli.training._checkpoint import Checkpoint, Checkpoints
from mxnet.cli.training._data import Data, find_data, largest_side, verify
from mxnet.cli.training._handlers import Bars, BestParameters, Epochs, Saving, Stopping, Writing, has_come_to_rest
from mxnet.cli.training._interrupts import Interrupts
from mxnet.cli.training._log import Log
from mxnet.cli.training._named import is_written
from mxnet.cli.training._network import STATISTICS, Form, build, fill, freeze, load_pretrained
from mxnet.cli.training._processes import Processes
from mxnet.cli.training._session import Session
from mxnet.cli.training._settings import Settings, default_rate, restored
from mxnet.formats._writer import atomic_write
from mxnet.gluon.contrib.estimator import Estimator, EventHandler
from mxnet.gluon.contrib.estimator._events import by_event
from mxnet.gluon.model_zoo import vision

__all__ = ["Outcome", "PARAMETERS", "FORM", "train"]

CHECKPOINTS, PARAMETERS, FORM = "checkpoints", "best.params", "model.json"
_SMALL = 64  # up to this size images are shown larger, to a form of the network for small ones


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes
    ----------
    stopped_by : str or None
        The signal that ended it before it was finished.
    came_to_rest : bool
        Whether --early-stop ended it.
    best : dict
        ``epoch``, ``accuracy``, ``top5`` and ``loss`` of the best epoch, all but the first None where nothing is held
        out; empty if no epoch is finished.
    """

    settings: Settings
    form: Form
    parameters: int
    train_images: int
    val_images: int
    epochs: int
    best: dict[str, Any]
    seconds: float
    images_per_second: float | None
    bad: BadData
    stopped_by: str | None
    came_to_rest: bool
    folder: Path


class FineTuning(Estimator):
    """An `Estimator` whose loop is a session's: its first epoch begins where the session's checkpoint was written, and
    an epoch that is cut off has no end."""

    def __init__(self, session: Session, handlers: Sequence[EventHandler]) -> None:
        super().__init__(session.net, session.targets.loss, trainer=session.trainer, device=session.device)
        self.session = session
        self.event_handlers, self._handlers = list(handlers), by_event(handlers)

    def run(self) -> None:
        """Train to the end, or until a handler returns True."""
        session = self.session
        self._tell("train_begin")
        stop = session.is_finished or has_come_to_rest(session)
        while not stop:
            self._tell("epoch_begin")
            stop = self._epoch_is_cut_off() or self._tell("epoch_end") or session.is_finished
        self._tell("train_end")

    def _epoch_is_cut_off(self) -> bool:
        """Train with the batches of the epoch that are left; returns whether a handler wants no more of them."""
        session = self.session
        for batch in session.train.epoch(session.epoch, session.batch):
            self._tell("batch_begin", batch=batch)
            result = session.fit_batch(batch)
            if self._tell("batch_end", batch=batch, **result):
                return True
        return False


def train(
    settings: Settings,
    console: Console,
    *,
    resume: bool = False,
    given: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Outcome:
    """Train as `settings` say.

    Parameters
    ----------
    settings : Settings
    console : Console
        What is said, and the progress bars, go there.
    resume : bool
        Go on from the newest checkpoint in the output folder, if there is one.
    given : mapping, optional
        With `resume` the settings that were given anew, which must be those of the checkpoint where they matter;
        default all.
    overwrite : bool
        Begin anew where there is a run already.

    Raises
    ------
    MXNetError
        If something about the data, a file or the settings is not as it has to be.
    """
    processes = Processes()
    console = console if processes.is_first else Console(quiet=True)
    folder = Path(settings.output)
    with ExitStack() as stack:
        if processes.is_first:
            stack.enter_context(_alone_in(folder))
        checkpoints = Checkpoints(folder / CHECKPOINTS, settings.keep)
        checkpoint = _to_go_on_from(checkpoints, resume, overwrite, console)
        if checkpoint is None and not settings.data:
            raise MXNetError(f"there is no checkpoint in {checkpoints.folder} to go on from: say what to train with")
        if checkpoint is None and resume:
            _say(
                console, "{}", f"There is no checkpoint in {checkpoints.folder} yet: the training begins at its start."
            )
        if checkpoint is not None:
            if given is None:
                given = {name: value for name, value in settings.as_json().items() if value is not None}
            settings = restored(checkpoint.state.get("settings"), given, str(checkpoint.path))
        if settings.nproc != processes.world:
            raise MXNetError(
                f"this training is for {settings.nproc} processes, and there are {processes.world}: give --nproc"
            )
        processes.connect()
        if settings.amp is not None:
            stack.enter_context(amp.autocast(settings.amp))
        session, data = _session(settings, console, checkpoint, processes)
        return _fit(session, data, console, checkpoints, checkpoint)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """A folder, made if need be, with other runs kept out of it; after an error nothing stays that would be empty."""
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    is_new = not path.exists()
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise MXNetError(f"another mxzoo train is at work in {folder}: choose another --output") from error
    try:
        yield
    except BaseException:
        if is_new and _names_in(folder) == [path.name]:
            with suppress(OSError):  # Windows refuses, and removes it when it is released
                path.unlink()
            lock.release()
            with suppress(OSError):  # up to the first in which something is
                for each in made:
                    each.rmdir()
        raise
    finally:
        lock.release()


def _names_in(folder: Path) -> list[str]:
    """What is in a folder; nothing if it is gone."""
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _to_go_on_from(checkpoints: Checkpoints, resume: bool, overwrite: bool, console: Console) -> Checkpoint | None:
    if resume:
        return checkpoints.newest(lambda text: _say(console, "[yellow]{}[/]", text))
    folder = checkpoints.folder.parent
    if not overwrite and (checkpoints.all() or any((folder / name).exists() for name in (PARAMETERS, FORM))):
        raise MXNetError(
            f"there is a training in {folder} already: --resume goes on with it, --overwrite begins "
            "anew, and --output chooses another folder"
        )
    return None


def _clear(checkpoints: Checkpoints) -> None:
    """Delete what an earlier training has left, so that none of it is taken for this one's."""
    for path in checkpoints.all():
        checkpoints.remove(path)
    folder = checkpoints.folder.parent
    exported = ("model-symbol.json", "model-0000.params")
    for name in (PARAMETERS, FORM, "metrics.csv", "curves.png", "bad-data.csv", *exported):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "tensorboard", ignore_errors=True)


def _say(console: Console, style: str, text: str) -> None:
    console.print(style.format(escape(text)), highlight=False, soft_wrap=True)


def _session(
    settings: Settings, console: Console, checkpoint: Checkpoint | None, processes: Processes
) -> tuple[Session, Data]:
    """What is to be trained, standing where the checkpoint was written; nothing has been written yet."""
    bad = BadData()
    data = _data(settings, bad, console)
    device = device_of(settings.device, processes.local_rank)
    if checkpoint is None:
        settings, form = _complete(settings, data)
    else:
        form = Form.from_json(checkpoint.state.get("form"), str(checkpoint.path))
        if data.identity() != checkpoint.state.get("data"):
            raise MXNetError(
                f"the images in {settings.data} are not those that {checkpoint.path} was trained with: files were "
                "added, removed or renamed, so that it cannot go on as it was"
            )
    if settings.amp == "float16" and device.device_type == "cpu":
        text = "On CPUs training in float16 is many times slower than in float32; bfloat16 is the type for them."
        _say(console, "[yellow]{}[/]", text)
    seed_all(settings.seed, processes.rank)
    net = build(form, device)
    if checkpoint is None and settings.pretrained is not None:
        load_pretrained(net, form, settings.pretrained, lambda text: _say(console, "{}", text))
    if settings.freeze:
        freeze(net)
    net.hybridize()
    train_batches, val_batches = _batches(settings, form, data, device, processes)
    session = Session(settings, form, net, train_batches, val_batches, device, processes, bad, data.identity())
    if checkpoint is not None:
        session.restore(checkpoint)
        place = "finished" if session.is_finished else f"epoch {session.epoch + 1}, batch {session.batch + 1}"
        _say(console, "{}", f"Going on from {checkpoint.path}: {place}.")
    return session, data


def _fit(
    session: Session,
    data: Data,
    console: Console,
    checkpoints: Checkpoints,
    checkpoint: Checkpoint | None,
) -> Outcome:
    settings, first, folder = session.settings, session.processes.is_first, checkpoints.folder.parent
    before, log = (session.seconds, session.step), None
    with ExitStack() as stack:
        interrupts = Interrupts()
        stack.enter_context(interrupts.watched())
        if first:
            if checkpoint is None:
                _clear(checkpoints)
            checkpoints.tidy()
            with atomic_write(folder / FORM) as file:
                about = {"data": session.data, "val_fraction": settings.val_fraction, "seed": settings.seed}
                file.write(json.dumps({**session.form.as_json(), **about}, indent=1).encode())
            log = Log(folder, None if checkpoint is None else session.step)
            stack.callback(log.close)
            log.event("start" if checkpoint is None else "resume", step=session.step, settings=settings.as_json())
        saving = Saving(session, checkpoints, settings.checkpoint_every, log)
        stopping = Stopping(session, saving, interrupts)
        handlers = [Epochs(session), BestParameters(session, folder / PARAMETERS)]
        if first:
            bars = Bars(session, console)
            stack.callback(bars.close)
            handlers += [bars, Writing(session, log, folder)]
        handlers += [saving, stopping]
        FineTuning(session, handlers).run()
        if first:
            session.bad.write(folder / "bad-data.csv")
            log.event("stop" if stopping.reason else "end", step=session.step, best=session.best)
            if settings.export and stopping.reason is None:
                _export(session, folder)
    seconds = session.seconds - before[0]
    return Outcome(
        settings=settings,
        form=session.form,
        parameters=sum(parameter.data().size for parameter in session.net.collect_params().values()),
        train_images=len(data.train),
        val_images=0 if data.val is None else len(data.val),
        epochs=session.epoch,
        best=session.best,
        seconds=session.seconds,
        images_per_second=(session.step - before[1]) * session.train.batch_size / seconds if seconds else None,
        bad=session.bad,
        stopped_by=stopping.reason,
        came_to_rest=has_come_to_rest(session) and not session.is_finished,
        folder=folder,
    )


def _data(settings: Settings, bad: BadData, console: Console) -> Data:
    data = find_data(
        settings.data,
        bad,
        channels=settings.in_channels,
        val=settings.val,
        val_fraction=settings.val_fraction,
        classes=settings.classes,
        seed=settings.seed,
    )
    if settings.strict:
        bad.refuse()
        for images in filter(None, (data.train, data.val)):
            with console.status(f"Reading {len(images)} images once (--strict)"):
                verify(images, bad)
        bad.refuse()
    for line in bad.listed():
        _say(console, "[yellow]Left out:[/] {}", line)
    return data


def device_of(name: str | None, number: int = 0) -> mx.Device:
    """``cpu``, ``gpu`` or ``gpu(1)``; None stands for a GPU where there is one.

    Raises
    ------
    MXNetError
        If it is none of these, or not there.
    """
    if name is None:
        name = "gpu" if mx.device.num_gpus() else "cpu"
    kind, _, rest = name.partition("(")
    if kind not in ("cpu", "gpu") or (rest and not rest.rstrip(")").isdecimal()):
        raise MXNetError(f"--device is cpu, gpu, gpu(0), gpu(1), ..., not {name}")
    device = mx.Device(kind, int(rest.rstrip(")")) if rest else (number if kind == "gpu" else 0))
    device.torch_device  # noqa: B018  raises where there is none
    return device


def _complete(settings: Settings, data: Data) -> tuple[Settings, Form]:
    """The settings with nothing left open, and the network that they and the data ask for."""
    try:
        info = vision.model_info(settings.model)
    except ValueError as error:
        raise MXNetError(str(error)) from error
    may_be_small = info.family == "resnet" and settings.pretrained is None and settings.thumbnail is not False
    size = settings.image_size or _size_for(largest_side(data.train), info.input_size, may_be_small)
    thumbnail = may_be_small and size <= _SMALL if settings.thumbnail is None else settings.thumbnail
    settings = replace(
        settings,
        model=info.name,
        image_size=size,
        in_channels=data.train.channels,
        thumbnail=thumbnail,
        lr=default_rate(settings) if settings.lr is None else settings.lr,
        augment=settings.augment or ("light" if size <= _SMALL else "standard"),
        flip=not is_written(settings.data) if settings.flip is None else settings.flip,
    )
    mean, std = STATISTICS[data.train.channels]
    return settings, Form(info.name, data.classes, size, data.train.channels, thumbnail, mean, std)


def _size_for(side: int, input_size: int, may_be_small: bool) -> int:
    """At what size to show images whose larger side is `side` to a network made for `input_size`."""
    if side > _SMALL:
        return input_size
    # Twice that of the digits gives the form for small images room to halve it three times; others need more.
    return 16 if may_be_small and side <= 16 else 32


def _batches(
    settings: Settings, form: Form, data: Data, device: mx.Device, processes: Processes
) -> tuple[Batches, Batches | None]:
    share = (processes.rank, processes.world)
    common = {"workers": settings.workers, "share": share, "pinned": device.torch_device.type == "cuda"}
    augment = preset(settings.augment, form.image_size, settings.flip)
    train = Batches(data.train, form.image_size, settings.batch_size, augment=augment, seed=settings.seed, **common)
    if data.val is None:
        return train, None
    return train, Batches(data.val, form.image_size, 2 * settings.batch_size, **common)


def _export(session: Session, folder: Path) -> None:
    """Write the best network as a graph with its parameters, which need no zoo to run."""
    net = session.net
    fill(net, formats.load(folder / PARAMETERS), session.form.model, str(folder / PARAMETERS))
    size = session.form.image_size
    net(mx.np.zeros((1, session.form.in_channels, size, size), device=session.device))
    net.export(str(folder / "model"))
