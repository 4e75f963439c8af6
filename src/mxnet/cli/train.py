"""`mxzoo train`: its options, and what it says at the end. The work is done in `mxnet.cli.training`."""

from __future__ import annotations

import math
import os
import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import mxnet as mx
from mxnet._processes import place
from mxnet.base import MXNetError
from mxnet.cli._messages import fail, pip_install
from mxnet.cli.training import Settings
from mxnet.cli.training._processes import STOPPED, launch, leave_to_launcher

if TYPE_CHECKING:
    from mxnet.cli.training._run import Outcome

__all__ = ["train"]

_NETWORK, _LEARNING, _IMAGES, _MACHINE, _FILES = (
    "Network", "Learning", "Images and how they are changed", "Machine", "Files and checkpoints",
)  # fmt: skip
_DEFAULTS = Settings("")


class Augmentation(str, Enum):
    none = "none"
    light = "light"
    standard = "standard"
    strong = "strong"


class Precision(str, Enum):
    bfloat16 = "bfloat16"
    float16 = "float16"


def _optimizers() -> list[str]:
    return sorted(set(mx.optimizer.Optimizer.opt_registry) - {"test"})


def _optimizer(name: str) -> str:
    if name.lower() not in _optimizers():
        raise typer.BadParameter(f"there is no optimizer {name!r}: choose one of {', '.join(_optimizers())}")
    return name.lower()


def _option(*names: str, panel: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=panel, **more)


def train(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(
            help="A folder of train/ and val/ with a folder of images for each class; one folder of classes; a .rec "
            "file; or digits, mnist, fashion-mnist, cifar10, cifar100. With --resume it may be left out.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str, _option(panel=_NETWORK, help="A network of the zoo; 'mxzoo list' prints them.")
    ] = _DEFAULTS.model,
    pretrained: Annotated[
        str | None,
        _option(
            panel=_NETWORK,
            metavar="FILE|zoo|...",
            help="Start from a file of parameters, what the zoo finds, mxnet, torchvision, or hf://owner/name.",
            show_default="from scratch",
        ),
    ] = None,
    freeze: Annotated[bool, _option("--freeze", panel=_NETWORK, help="Train the new head only.")] = False,
    thumbnail: Annotated[
        bool | None,
        _option(panel=_NETWORK, help="A ResNet's form for small images.", show_default="up to 64 pixels"),
    ] = None,
    epochs: Annotated[int, _option(panel=_LEARNING, min=1, help="Passes over the images.")] = _DEFAULTS.epochs,
    batch_size: Annotated[
        int, _option(panel=_LEARNING, min=1, help="Images in a step, over all processes.")
    ] = _DEFAULTS.batch_size,
    optimizer: Annotated[
        str, _option(panel=_LEARNING, callback=_optimizer, help="Any of mx.optimizer.")
    ] = _DEFAULTS.optimizer,
    lr: Annotated[
        float | None,
        _option(panel=_LEARNING, min=0, help="Largest learning rate.", show_default="suits optimizer and batch"),
    ] = None,
    weight_decay: Annotated[
        float, _option(panel=_LEARNING, min=0, help="On weights; biases and norms have none.")
    ] = _DEFAULTS.weight_decay,
    warmup: Annotated[
        float, _option(panel=_LEARNING, min=0, help="Epochs in which the rate rises; then it falls as a cosine.")
    ] = _DEFAULTS.warmup,
    label_smoothing: Annotated[
        float, _option(panel=_LEARNING, min=0, max=0.9, help="Share of a label that goes to all classes.")
    ] = _DEFAULTS.label_smoothing,
    mixup: Annotated[
        float, _option(panel=_LEARNING, min=0, max=10, help="Mix pairs of images; 0.2 is usual, 0 mixes none.")
    ] = _DEFAULTS.mixup,
    ema: Annotated[
        float,
        _option(panel=_LEARNING, min=0, max=0.999999, help="Keep averaged parameters; 0.999 is usual, 0 keeps none."),
    ] = _DEFAULTS.ema,
    early_stop: Annotated[
        int, _option(panel=_LEARNING, min=0, help="Stop after so many epochs without progress; 0 never.")
    ] = _DEFAULTS.early_stop,
    seed: Annotated[
        int, _option(panel=_LEARNING, min=0, max=2**32 - 1, help="The same seed gives the same network.")
    ] = _DEFAULTS.seed,
    val: Annotated[
        str | None, _option(panel=_IMAGES, help="Folder of classes, or .rec file, to hold out.", show_default=False)
    ] = None,
    val_fraction: Annotated[
        float, _option(panel=_IMAGES, min=0, max=0.9, help="What is held out of each class where no part is.")
    ] = _DEFAULTS.val_fraction,
    classes: Annotated[
        str | None,
        _option(panel=_IMAGES, help="For .rec: number of classes, or a file of names.", show_default="as labels"),
    ] = None,
    image_size: Annotated[
        int | None,
        _option(panel=_IMAGES, min=8, max=2048, help="Height and width.", show_default="the network's; 32 for small"),
    ] = None,
    in_channels: Annotated[
        int | None, _option(panel=_IMAGES, min=1, max=3, help="1 grey, 3 colour.", show_default="as the images")
    ] = None,
    greyscale: Annotated[bool, _option("--greyscale", panel=_IMAGES, help="The same as --in-channels 1.")] = False,
    augment: Annotated[
        Augmentation | None,
        _option(panel=_IMAGES, help="How images are changed.", show_default="standard; light up to 64 pixels"),
    ] = None,
    flip: Annotated[
        bool | None, _option(panel=_IMAGES, help="Mirror every other image.", show_default="all but numerals")
    ] = None,
    strict: Annotated[
        bool, _option("--strict", panel=_IMAGES, help="Read all images first, and refuse bad ones.")
    ] = False,
    device: Annotated[
        str | None, _option(panel=_MACHINE, help="cpu, gpu or gpu(1).", show_default="gpu if there is one")
    ] = None,
    workers: Annotated[
        int, _option(panel=_MACHINE, min=0, help="Processes that read images ahead.")
    ] = _DEFAULTS.workers,
    amp: Annotated[
        Precision | None,
        _option(
            panel=_MACHINE, help="Compute in 16 bits where that is safe; on CPUs bfloat16.", show_default="32 bits"
        ),
    ] = None,
    nproc: Annotated[
        int, _option(panel=_MACHINE, min=1, max=1024, help="Processes that train together, one for each GPU.")
    ] = _DEFAULTS.nproc,
    output: Annotated[str, _option(panel=_FILES, help="Folder for all files.")] = _DEFAULTS.output,
    resume: Annotated[
        bool, _option("--resume", panel=_FILES, help="Go on from the newest checkpoint in the folder.")
    ] = False,
    overwrite: Annotated[
        bool, _option("--overwrite", panel=_FILES, help="Begin anew where there is a training already.")
    ] = False,
    checkpoint_every: Annotated[
        int, _option(panel=_FILES, min=0, help="Steps between checkpoints, beside those after each epoch.")
    ] = _DEFAULTS.checkpoint_every,
    keep: Annotated[int, _option(panel=_FILES, min=1, help="Checkpoints to keep.")] = _DEFAULTS.keep,
    export: Annotated[
        bool, _option("--export", panel=_FILES, help="Write the best network as a graph too (model-symbol.json).")
    ] = False,
) -> None:
    """Train a network of the zoo on your own images: with a new head, from scratch or from pretrained weights.

    Ctrl-C writes a checkpoint; --resume goes on from the last one, to the same network as without interruption.
    """
    if greyscale and in_channels not in (None, 1):
        raise typer.BadParameter("--greyscale means --in-channels 1")
    if in_channels == 2:
        raise typer.BadParameter("images have 1 channel (grey) or 3 (colour)", param_hint="--in-channels")
    if resume and overwrite:
        raise typer.BadParameter("--resume goes on with a training, --overwrite throws it away: choose one")
    if freeze and pretrained is None and not resume:
        raise typer.BadParameter("--freeze keeps the body as it is, so it needs one that knows something: --pretrained")
    if data is None and not resume:
        raise typer.BadParameter("what to train with is missing", param_hint="DATA")
    values = {name: value for name, value in context.params.items() if name in Settings.__dataclass_fields__}
    values["in_channels"] = 1 if greyscale else in_channels
    values["augment"] = augment and augment.value
    values["amp"] = amp and amp.value
    given = {name for name in values if context.get_parameter_source(name).name != "DEFAULT"}
    given |= {"output"} | ({"in_channels"} if greyscale else set())
    if data is None:
        given -= {"data"}
    if "WORLD_SIZE" in os.environ:  # one of the processes that torchrun has started
        values["nproc"] = int(os.environ["WORLD_SIZE"])
    elif nproc > 1:
        _launch(nproc, output)
    _train({**values, "data": data or ""}, given, resume, overwrite)


def _launch(nproc: int, output: str) -> None:
    try:
        status, error = launch(nproc, sys.argv[1:])
    except MXNetError as killed:
        fail(f"{killed}. {_how_to_resume(output, nproc)}")
    if error is not None:
        fail(error, status)
    raise typer.Exit(status)


def _refuse(message: str) -> NoReturn:
    """Say what went wrong, once: of several processes all find a mistake of their user's."""
    if leave_to_launcher(message):
        raise typer.Exit(1)
    fail(message)


def _train(values: dict[str, Any], given: set[str], resume: bool, overwrite: bool) -> None:
    from mxnet.cli.training import _run

    settings = Settings(**values)
    console = Console()
    try:
        outcome = _run.train(
            settings,
            console,
            resume=resume,
            given={name: getattr(settings, name) for name in given},
            overwrite=overwrite,
        )
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sklearn":
            raise
        _refuse(
            "the digits come with scikit-learn, which is missing. Install it with\n\n"
            f"    {pip_install('scikit-learn')}\n"
        )
    except (MXNetError, OSError) as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        fail(f"stopped at once. {_how_to_resume(settings.output, settings.nproc)}", STOPPED)
    if place().rank:
        return  # without a status that would have the first process ended while it still writes
    _say_outcome(console, outcome)
    if outcome.stopped_by is not None:
        raise typer.Exit(STOPPED)


def _say_outcome(console: Console, outcome: Outcome) -> None:
    console.print(_report(outcome))
    if len(outcome.bad):
        console.print(f"[yellow]{outcome.bad.total()} left out[/] (bad-data.csv):")
        for line in outcome.bad.listed():
            console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
    console.print(f"The files are in {escape(str(outcome.folder))}", highlight=False, soft_wrap=True)
    if outcome.stopped_by is not None:
        nproc = outcome.settings.nproc
        text = f"Stopped by {outcome.stopped_by}; a checkpoint is written. {_how_to_resume(str(outcome.folder), nproc)}"
        console.print(escape(text), highlight=False, soft_wrap=True)


def _how_to_resume(folder: str, nproc: int) -> str:
    return f"To go on: mxzoo train --resume --output {folder}" + (f" --nproc {nproc}" if nproc > 1 else "")


def _report(outcome: Outcome) -> Table:
    """The outcome as a table."""
    settings, best = outcome.settings, outcome.best
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("model", f"{settings.model}, {outcome.parameters:,} parameters, {len(outcome.form.classes)} classes")
    size = f"{outcome.form.image_size} x {outcome.form.image_size}"
    table.add_row("images", f"{outcome.train_images:,} to learn from, {outcome.val_images:,} held out, {size}")
    ended = "; it became no better" if outcome.came_to_rest else ""
    table.add_row("epochs", f"{outcome.epochs} of {settings.epochs}{ended}")
    if best and best["accuracy"] is not None:
        table.add_row("best on held-out images", f"{best['accuracy']:.2%} right, in epoch {best['epoch']}")
        if len(outcome.form.classes) > 5:
            table.add_row("among its first five", f"{best['top5']:.2%}")
    rate = "" if outcome.images_per_second is None else f", {outcome.images_per_second:.0f} images/s"
    table.add_row("training", f"{outcome.seconds:.1f} s{rate}")
    for name in ("best.params", "model.json", "metrics.csv", "curves.png", "model-symbol.json"):
        path = outcome.folder / name
        if path.exists():
            table.add_row("file", f"{name}, {math.ceil(path.stat().st_size / 1e3):,} kB")
    return table
