"""`mxzoo evaluate`: its options and its tables. The work is done in `mxnet.cli.training`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from mxnet._progress import bar_columns
from mxnet.base import MXNetError
from mxnet.cli._messages import fail

if TYPE_CHECKING:
    from mxnet.cli.training._evaluate import Evaluation

__all__ = ["evaluate"]

_MOST_SHOWN = 30  # classes in the printed table; the file has all


def evaluate(
    trained: Annotated[
        str, typer.Argument(help="The output folder of 'mxzoo train', one of its checkpoints, or a parameter file.")
    ],
    data: Annotated[str, typer.Argument(help="As for 'mxzoo train'; of folders with a val/ that part.")],
    model: Annotated[
        str | None, typer.Option(help="What network a parameter file belongs to.", show_default="as model.json says")
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(min=8, max=2048, help="With --model: height and width.", show_default="the network's")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images that are computed together.")] = 64,
    workers: Annotated[int, typer.Option(min=0, help="Processes that read images ahead.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, gpu or gpu(1).", show_default="gpu if there is one")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, help="Folder for confusion.csv, confusion.png, classes.csv.", show_default="no files"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON with exact numbers instead of tables.")] = False,
) -> None:
    """Measure a trained network: how often it is right, class by class, and what it takes for what."""
    from mxnet.cli.training import _evaluate
    from mxnet.cli.training._run import device_of

    console = Console(stderr=json)
    try:
        network = _evaluate.find_trained(trained, model, image_size)
        with Progress(*bar_columns(), console=console) as bar:
            task = bar.add_task("evaluate", total=None)
            evaluation = _evaluate.evaluate(
                network,
                data,
                batch_size=batch_size,
                workers=workers,
                device=device_of(device),
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        paths = evaluation.write(output) if output is not None else []
    except (MXNetError, OSError) as error:
        fail(str(error))
    if json:
        typer.echo(evaluation.as_json())
        return
    _say(console, evaluation, network.source)
    for path in paths:
        console.print(f"Written: {escape(str(path))}", highlight=False, soft_wrap=True)


def _say(console: Console, evaluation: Evaluation, source: str) -> None:
    measured = evaluation.measured
    summary = Table(show_header=False)
    summary.add_column(style="bold")
    summary.add_column()
    summary.add_row("parameters", escape(source))
    summary.add_row("images", f"{measured.images:,}: {evaluation.part}")
    summary.add_row("right", f"{measured.top1:.2%}")
    if len(evaluation.classes) > 5:
        summary.add_row("among its first five", f"{measured.top5:.2%}")
    summary.add_row("cross entropy", f"{measured.loss:.4f}")
    summary.add_row("speed", f"{measured.images / max(evaluation.seconds, 1e-9):.0f} images/s")
    console.print(summary)
    console.print(_per_class(evaluation))
    if len(evaluation.bad):
        console.print(f"[yellow]{evaluation.bad.total()} left out:[/]")
        for line in evaluation.bad.listed():
            console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)


def _per_class(evaluation: Evaluation) -> Table:
    rows = evaluation.per_class()
    shown = (
        sorted(rows, key=lambda row: 2.0 if row["f1"] is None else row["f1"])[:_MOST_SHOWN]
        if len(rows) > _MOST_SHOWN
        else rows
    )
    table = Table(title=f"The {_MOST_SHOWN} worst of {len(rows)} classes" if len(rows) > _MOST_SHOWN else None)
    table.add_column("class", style="bold")
    for name in ("images", "right", "precision", "recall", "F1"):
        table.add_column(name, justify="right")
    for row in shown:
        shares = ("-" if row[name] is None else f"{row[name]:.1%}" for name in ("precision", "recall", "f1"))
        table.add_row(escape(row["class"]), str(row["images"]), str(row["right"]), *shares)
    return table
