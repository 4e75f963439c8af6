"""What the benchmarks of networks measure, as rows of CSV files that a later run adds to."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import NamedTuple, TypeVar

__all__ = ["Contestant", "OfContestant", "add", "read"]


class Contestant(NamedTuple):
    """An engine in a precision."""

    engine: str
    precision: str = "float32"

    def __str__(self) -> str:
        return self.engine if self.precision == "float32" else f"{self.engine} {self.precision}"


class OfContestant:
    """A row about a contestant, which has its ``engine`` and ``precision``, in a ``case``."""

    @property
    def contestant(self) -> Contestant:
        return Contestant(self.engine, self.precision)

    @property
    def key(self) -> tuple[object, ...]:
        return *self.case, self.contestant


Row = TypeVar("Row")
"""A dataclass with a ``file``, and a ``key`` that no two rows share."""

_READERS = {"str": str, "int": int, "float": lambda text: float(text or "nan")}


def read(kind: type[Row], folder: Path) -> list[Row]:
    """The rows of a folder's file; none if there is no file."""
    path = folder / kind.file
    if not path.exists():
        return []
    readers = {field.name: _READERS[field.type] for field in fields(kind)}
    with path.open(newline="", encoding="utf-8") as file:
        return [kind(**{name: readers[name](text) for name, text in row.items()}) for row in csv.DictReader(file)]


def add(rows: Sequence[Row], folder: Path) -> None:
    """Put rows into the folder's files; one of the same key that is there already is replaced."""
    for kind in dict.fromkeys(map(type, rows)):
        merged = {row.key: row for row in [*read(kind, folder), *(row for row in rows if type(row) is kind)]}
        _write(kind, merged.values(), folder / kind.file)


def _write(kind: type[Row], rows: Iterable[Row], path: Path) -> None:
    beside = path.with_suffix(".new")
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(kind)], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _text(value) for name, value in asdict(row).items()})
    os.replace(beside, path)


def _text(value: object) -> object:
    if isinstance(value, float):
        return "" if value != value else f"{value:.5g}"
    return value
