"""What `mxzoo classify` shows: the most probable classes of images."""

from __future__ import annotations

import json
from pathlib import Path

from rich.table import Table

from mxnet.gluon.model_zoo import vision

__all__ = ["as_json", "as_table", "read_labels"]


def read_labels(file: Path) -> list[str]:
    """The names of classes in a text file, one a line."""
    return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def as_table(images: list[Path], results: list[vision.Predictions]) -> Table:
    """A table for people."""
    table = Table()
    table.add_column("image", style="bold", overflow="fold")
    table.add_column("class")
    table.add_column("probability", justify="right")
    for image, predictions in zip(images, results, strict=True):
        for place, one in enumerate(predictions):
            last = place == len(predictions) - 1
            table.add_row("" if place else str(image), one.label, f"{one.probability:.2%}", end_section=last)
    return table


def as_json(images: list[Path], results: list[vision.Predictions]) -> str:
    """The same for programs, with exact numbers."""
    rows = [
        {"image": str(image), "predictions": [one._asdict() for one in predictions]}
        for image, predictions in zip(images, results, strict=True)
    ]
    return json.dumps(rows, indent=2)
