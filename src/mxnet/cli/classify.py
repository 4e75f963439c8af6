"""What `mxzoo classify` shows: the most probable classes of images."""

from __future__ import annotations

import json
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from mxnet.cli._messages import printable
from mxnet.gluon.model_zoo import vision

__all__ = ["as_json", "as_table", "by_trained", "read_labels"]


def read_labels(file: Path) -> list[str]:
    """The names of classes in a text file, one a line.

    Raises
    ------
    ValueError
        If it is no text, or empty.
    OSError
        If it cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is no text of names, one a line: {error}") from error
    names = [line.strip() for line in text.splitlines() if line.strip()]
    if not names:
        raise ValueError(f"{file} has no names of classes")
    return names


def by_trained(folder: str, images: list[Path], k: int) -> list[vision.Predictions]:
    """The `k` most probable classes of each image, by what `mxzoo train` has left in a folder.

    Raises
    ------
    MXNetError, OSError
        If there is no network in it, or an image cannot be read.
    """
    from mxnet.cli.training._evaluate import find_trained, probabilities

    trained = find_trained(folder)
    names = trained.form.classes
    return [
        vision.Predictions(
            vision.Prediction(names[index], float(row[index]), int(index))
            for index in (-row).argsort(kind="stable")[:k]
        )
        for row in probabilities(trained, [str(image) for image in images])
    ]


def as_table(images: list[Path], results: list[vision.Predictions]) -> Table:
    """A table for people."""
    table = Table()
    table.add_column("image", style="bold", overflow="fold")
    table.add_column("class")
    table.add_column("probability", justify="right")
    for image, predictions in zip(images, results, strict=True):
        for place, one in enumerate(predictions):
            last = place == len(predictions) - 1
            name = "" if place else escape(printable(str(image)))
            table.add_row(name, escape(printable(one.label)), f"{one.probability:.2%}", end_section=last)
    return table


def as_json(images: list[Path], results: list[vision.Predictions]) -> str:
    """The same for programs, with exact numbers."""
    rows = [
        {"image": str(image), "predictions": [one._asdict() for one in predictions]}
        for image, predictions in zip(images, results, strict=True)
    ]
    return json.dumps(rows, indent=2)
