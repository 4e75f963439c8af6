"""Pictures: curves of a training, a confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mxnet.formats._writer import atomic_write

__all__ = ["draw_confusion", "draw_curves"]

_MOST_NAMED = 40  # classes whose names, and up to half as many whose counts, can still be read


def draw_curves(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Loss and accuracy by epoch, of the training and of the held-out images."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, what in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for part, label in (("train", "training"), ("val", "held out")):
            points = [(row["epoch"], row[f"{part}_{what}"]) for row in rows if row[f"{part}_{what}"] is not None]
            if points:
                axes.plot(*zip(*points, strict=True), marker="o" if len(points) < 30 else None, ms=3, label=label)
        axes.set_xlabel("epoch")
        axes.set_ylabel(what)
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        if axes.lines:
            axes.legend()
    _save(figure, path)


def draw_confusion(counts: np.ndarray, classes: Sequence[str], path: Path) -> None:
    """A confusion matrix: rows are the classes images are of, columns those they are taken for, shares of the row."""
    size = len(classes)
    side = min(4 + 0.3 * size, 20)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the class")
    axes.set_xlabel("taken for")
    axes.set_ylabel("is")
    if size <= _MOST_NAMED:
        axes.set_xticks(range(size), _short(classes), rotation=90)
        axes.set_yticks(range(size), _short(classes))
    if size <= _MOST_NAMED // 2:
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=8)
    _save(figure, path)


def _short(names: Sequence[str]) -> list[str]:
    # A dollar sign would begin a formula.
    return [(name if len(name) <= 20 else name[:19] + "…").replace("$", r"\$") for name in names]


def _save(figure: Figure, path: Path) -> None:
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=100)
