"""What `inference.py` measures, as rows of CSV files."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import ClassVar, NamedTuple, TypeVar

__all__ = ["CONTESTANTS", "ENGINES", "PEERS", "PRECISIONS", "Agreement", "Contestant", "Speed", "add", "read"]

PEERS = ("torch", "torch.compile", "onnxruntime", "openvino", "genuine-1.9.1", "genuine-2.0.0b1")
ENGINES = ("mxnet", *PEERS)
PRECISIONS = ("float32", "bfloat16", "int8")


class Contestant(NamedTuple):
    """An engine in a precision."""

    engine: str
    precision: str = "float32"

    def __str__(self) -> str:
        return self.engine if self.precision == "float32" else f"{self.engine} {self.precision}"


CONTESTANTS = (
    *map(Contestant, ENGINES),
    Contestant("mxnet", "bfloat16"),
    Contestant("mxnet", "int8"),
    Contestant("openvino", "bfloat16"),
)


@dataclass(frozen=True)
class Speed:
    """One contestant's figures for a network and a batch size.

    Attributes
    ----------
    mxnet_ratio : float
        The time of this package in float32 over this contestant's.
    float32_ratio : float
        This contestant's time over that of the same engine in float32.
    chosen : str
        The engine that this package chose.
    calls : int
        Those that were timed, in all rounds.
    """

    model: str
    batch: int
    size: int
    engine: str
    precision: str
    median_ms: float
    min_ms: float
    mxnet_ratio: float
    float32_ratio: float
    cold_start_s: float
    peak_mb: float
    chosen: str
    rounds: int
    calls: int
    setup: str
    command: str

    file: ClassVar[str] = "inference.csv"

    @property
    def contestant(self) -> Contestant:
        return Contestant(self.engine, self.precision)

    @property
    def case(self) -> tuple[str, int]:
        return self.model, self.batch

    @property
    def key(self) -> tuple[object, ...]:
        return *self.case, self.contestant


@dataclass(frozen=True)
class Agreement:
    """What a precision does to the predictions of a trained network.

    Attributes
    ----------
    accuracy : float
        The part of the held-out images that is read right.
    same : float
        The part for which the prediction is that of float32.
    """

    model: str
    precision: str
    images: int
    accuracy: float
    same: float
    setup: str

    file: ClassVar[str] = "agreement.csv"

    @property
    def key(self) -> tuple[object, ...]:
        return self.model, self.precision


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
