"""The command line: what `mxzoo` takes, and how it speaks to its user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import mxnet as mx
from mxnet.cli import evaluate, train, zoo
from mxnet.cli._messages import fail, pip_install
from mxnet.cli.convert import Names, convert_file
from mxnet.cli.im2rec import im2rec
from mxnet.gluon.model_zoo import vision

if TYPE_CHECKING:
    from mxnet.cli.demo import Outcome, Settings

__all__ = ["app", "main"]

app = typer.Typer(
    help="Networks of mxnet-torch's model zoo.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a mistake of the user's ends in a message; a defect deserves a plain traceback
)


app.command()(im2rec)


def main() -> None:
    """Run the command `mxzoo`."""
    app(prog_name="mxzoo")


def print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mxnet-torch {mx.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Networks of mxnet-torch's model zoo."""


@app.command("list")
def list_zoo(
    pattern: Annotated[
        str, typer.Argument(help="Part of a name, or a shell pattern: resnet, 'vgg*_bn'.", show_default="all")
    ] = "*",
    json: Annotated[bool, typer.Option("--json", help="Print JSON with exact numbers instead of a table.")] = False,
) -> None:
    """Print the zoo: name, parameters, multiply-adds for one image, input size."""
    models = zoo.find_models(pattern)
    if not models:
        raise typer.BadParameter(f"no model matches {pattern!r}; there are {', '.join(vision.list_models())}")
    if json:
        typer.echo(zoo.as_json(models))
    else:
        Console().print(zoo.as_table(models))


def model_name(name: str) -> str:
    """MXNet's spelling of the name of a model."""
    try:
        return vision.model_info(name).name
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def classify(
    context: typer.Context,
    images: Annotated[list[Path], typer.Argument(help="Files of images.", exists=True, dir_okay=False)],
    model: Annotated[str, typer.Option(callback=model_name, help="A model of the zoo.")] = "densenet121",
    weights: Annotated[
        str | None,
        typer.Option(
            help="A file of its parameters, or a source; or the output folder of 'mxzoo train', which says all.",
            show_default="published ones",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The names of the classes, one a line.", show_default="ImageNet's"
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Classes to print for each image.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print JSON with exact numbers instead of a table.")] = False,
) -> None:
    """Say what is in images: the most probable classes by a network of the zoo."""
    from mxnet.cli.classify import as_json, as_table, by_trained, read_labels

    trained = weights is not None and Path(weights).is_dir()
    if trained and (labels is not None or context.get_parameter_source("model").name != "DEFAULT"):
        raise typer.BadParameter("the folder says what network and classes: leave --model and --labels out")

    try:
        names = None if labels is None else read_labels(labels)
        results = by_trained(weights, images, k) if trained else vision.classify(list(images), model, k, weights, names)
    except (mx.MXNetError, ValueError, AssertionError, OSError) as error:
        fail(str(error))
    if json:
        typer.echo(as_json(images, results))
    else:
        Console().print(as_table(images, results))


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="MXNet's .params, .npz, .safetensors, or PyTorch's .pth.")],
    target: Annotated[Path, typer.Argument(help="Its ending says the format: .params, .npz, .safetensors, .pth.")],
    model: Annotated[
        str | None, typer.Option(help="The model of the zoo whose parameters they are.", show_default="names stay")
    ] = None,
    to: Annotated[
        Names | None,
        typer.Option(
            help="Names: Gluon's, MXNet 1.x's (1.x-export: with arg: and aux:), or PyTorch's.",
            show_default="structural, if a model is given",
        ),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(help="The published hash of a .pth, or its first 8 digits or more.")
    ] = None,
    unsafe_pickle: Annotated[
        bool, typer.Option("--unsafe-pickle", help="Open a .pth whatever its hash: only if you know who made it.")
    ] = False,
) -> None:
    """Convert a parameter file: between formats, and between the names of MXNet 2.0, MXNet 1.x and PyTorch."""
    try:
        typer.echo(convert_file(source, target, model, to, sha256, unsafe_pickle))
    except (mx.MXNetError, ValueError) as error:
        fail(str(error))


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="Parameters of any format, a -symbol.json or a .rec.")],
    unsafe_pickle: Annotated[
        bool, typer.Option("--unsafe-pickle", help="Open a .pth: only if you know who made it.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what a file holds: names, types, shapes, hash, format and origin. The data are not loaded."""
    from mxnet.cli.inspect import as_json, as_text, look_at

    try:
        report = look_at(file, unsafe_pickle)
    except mx.MXNetError as error:
        fail(str(error))
    if json:
        typer.echo(as_json(report))
    else:
        Console().print(as_text(report))


def resnet(name: str) -> str:
    """MXNet's spelling of a ResNet's name."""
    try:
        info = vision.model_info(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if info.family != "resnet":
        choices = ", ".join(vision.list_models("resnet*"))
        raise typer.BadParameter(f"the demo trains a ResNet, not {info.name}: choose one of {choices}")
    return info.name


app.command()(train.train)
app.command()(evaluate.evaluate)


@app.command()
def demo(
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images.")] = 6,
    batch_size: Annotated[int, typer.Option(min=1, help="Images in a training step.")] = 64,
    model: Annotated[str, typer.Option(callback=resnet, help="A ResNet of the zoo.")] = "resnet18_v1",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same network.")] = 42,
    workers: Annotated[int, typer.Option(min=0, help="Processes that prepare images; 0: none beside this one.")] = 0,
    output: Annotated[Path, typer.Option(file_okay=False, help="Folder for the files.")] = Path("demo-output"),
    at_least: Annotated[
        float, typer.Option(min=0, max=1, help="Fail if a smaller part of the held-out images is read right.")
    ] = 0.0,
) -> None:
    """Train a network to read handwritten digits, offline; save it, reload it and draw what it predicts."""
    from mxnet.cli.demo import Settings, run

    settings = Settings(model, epochs, batch_size, seed, workers, output)
    console = Console()
    try:
        outcome = run(settings, console)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sklearn":
            raise
        fail(
            "the images come with scikit-learn, which is missing. Install it with\n\n"
            f"    {pip_install('scikit-learn')}\n"
        )
    except OSError as error:
        fail(str(error))
    console.print(report(settings, outcome))
    console.print(f"The files are in {escape(str(output))}", highlight=False, soft_wrap=True)
    if not outcome.same_after_reload:
        fail("the reloaded network does not predict what the trained one predicted")
    if outcome.accuracy < at_least:
        fail(f"{outcome.accuracy:.1%} of the held-out images were read right, less than {at_least:.1%}")


def report(settings: Settings, outcome: Outcome) -> Table:
    """The demo's outcome as a table."""
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("model", f"{settings.model}, {outcome.parameters:,} parameters")
    table.add_row("epochs", str(settings.epochs))
    table.add_row("held-out images read right", f"{outcome.accuracy:.1%} of {outcome.held_out}")
    table.add_row("training", f"{outcome.seconds:.1f} s, {outcome.images_per_second:.0f} images/s")
    table.add_row("after save and reload", "the same predictions" if outcome.same_after_reload else "OTHER predictions")
    for path in (outcome.parameter_file, outcome.picture):
        table.add_row("file", f"{path.name}, {path.stat().st_size / 1e3:,.0f} kB")
    return table
