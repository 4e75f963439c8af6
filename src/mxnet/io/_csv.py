"""`CSVIter`: batches of the rows of a file of comma-separated numbers."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

import numpy as np

from mxnet.base import MXNetError
from mxnet.formats._errors import access_error
from mxnet.io._base import DataBatch, DataDesc
from mxnet.io._parameters import takes
from mxnet.io._rounds import Job, MXDataIter, ReadAhead, Rounds
from mxnet.numpy.multiarray import array
from mxnet.operators.attributes import Shape

__all__ = ["CSVIter"]

_BLOCK = 1 << 24  # bytes looked through at a time for the ends of lines


@dataclass(frozen=True)
class Parameters:
    """What a `CSVIter` is told."""

    data_csv: str
    data_shape: Shape
    batch_size: int
    label_csv: str = "NULL"
    label_shape: Shape = (1,)
    round_batch: bool = True
    prefetch_buffer: int = 4
    ctx: Literal["cpu", "cpu_pinned", "gpu"] = "gpu"
    device_id: int = -1
    dtype: Literal["float32", "int32", "int64"] | None = None
    data_name: str = "data"
    label_name: str = "softmax_label"


@takes(Parameters)
class CSVIter(MXDataIter):
    """Batches of the rows of a file of comma-separated numbers.

    A file is gone through once for the ends of its lines; rows are read when their batch comes near, in a thread.

    Parameters
    ----------
    data_csv : path
        A row is a sample.
    data_shape : tuple of int
        Shape of a sample; its size is the length of a row.
    batch_size : int
    label_csv : path, optional
        The labels, row by row; without it they are 0.
    label_shape : tuple of int, default (1,)
    round_batch : bool, default True
        Fill the last batch up with rows from the beginning; the next pass then begins behind these.
    prefetch_buffer : int, default 4
        Batches to read ahead.
    ctx, device_id
        Without a meaning here.
    dtype : {'float32', 'int32', 'int64'}, optional
        Default float32.
    data_name, label_name : str

    Raises
    ------
    MXNetError
        For a parameter it does not have, a file that is missing or empty, files of different lengths, or a row that
        does not have as many numbers as the shape; the message names file and line.
    """

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(_Source(parameters))


class _Source:
    def __init__(self, parameters: Parameters) -> None:
        self.batch_size = parameters.batch_size
        if self.batch_size < 1:
            raise MXNetError(f"batch_size must be positive, not {self.batch_size}")
        self._dtype = np.dtype(parameters.dtype or "float32")
        self._data = _Rows(parameters.data_csv, parameters.data_shape, self._dtype)
        self._label = None
        label_shape = () if parameters.label_shape == (1,) else parameters.label_shape
        if parameters.label_csv not in ("NULL", ""):
            self._label = _Rows(parameters.label_csv, label_shape, self._dtype)
            if len(self._label) != len(self._data):
                raise MXNetError(
                    f"{parameters.data_csv} has {len(self._data)} rows, but {parameters.label_csv} {len(self._label)}"
                )
        self._label_shape = (self.batch_size, *label_shape)
        self.provide_data = [DataDesc(parameters.data_name, (self.batch_size, *self._data.shape), self._dtype.type)]
        self.provide_label = [DataDesc(parameters.label_name, self._label_shape, self._dtype.type)]
        self._rounds = Rounds(len(self._data), self.batch_size, parameters.round_batch)
        self._threads = ReadAhead(1, parameters.prefetch_buffer, "CSVIter")
        self.close = self._threads.close

    def start(self, carried: int) -> Iterator[DataBatch]:
        return self._threads.start(self._job(rows, pad) for rows, pad in self._rounds.start(carried))

    def _job(self, rows: np.ndarray, pad: int) -> Job:
        made: list[DataBatch] = []
        return Job([lambda: made.append(self._batch(rows, pad))], made.pop)

    def _batch(self, rows: np.ndarray, pad: int) -> DataBatch:
        data = array(self._data.read(rows), dtype=self._dtype)
        labels = np.zeros(self._label_shape, self._dtype) if self._label is None else self._label.read(rows)
        return DataBatch([data], [array(labels, dtype=self._dtype)], pad, rows)


class _Rows:
    """The rows of a file, by number."""

    def __init__(self, path: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.path = path
        self.shape = shape
        self._dtype = dtype
        try:
            self._file = open(path, "rb")
            weakref.finalize(self, self._file.close)
            self._starts, self._ends = _lines_of(self._file)
        except OSError as error:
            raise access_error("read", path, error) from error
        if not len(self):
            raise MXNetError(f"{path} has no rows")

    def __len__(self) -> int:
        return len(self._starts)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """The numbers of some rows, (rows, *shape)."""
        lines = []
        for row in rows:
            self._file.seek(self._starts[row])
            lines.append(self._file.read(self._ends[row] - self._starts[row]))
        try:
            return self._numbers(lines).reshape(len(rows), *self.shape)
        except ValueError as error:
            raise self._error(rows, lines) from error

    def _numbers(self, lines: list[bytes]) -> np.ndarray:
        try:
            return np.loadtxt(lines, self._dtype, comments=None, delimiter=",", ndmin=2, encoding="ascii")
        except ValueError:
            if self._dtype.kind == "f":
                raise
            # As MXNet does, cut what is behind the point of numbers that are to be integers.
            return np.loadtxt(lines, np.float64, comments=None, delimiter=",", ndmin=2).astype(self._dtype)

    def _error(self, rows: np.ndarray, lines: list[bytes]) -> MXNetError:
        """What is wrong with the first of the lines that is none."""
        size = math.prod(self.shape)
        for row, line in zip(rows, lines, strict=True):
            where = f"{self.path}, row {row + 1}"
            numbers = line.count(b",") + 1
            if numbers != size:
                return MXNetError(f"{where}: it has {numbers} numbers, but the shape {self.shape} takes {size}")
            try:
                self._numbers([line])
            except ValueError:
                return MXNetError(f"{where}: not all of it are numbers of type {self._dtype}: {line[:80]!r}")
        return MXNetError(f"{self.path}: rows {rows[0] + 1} to {rows[-1] + 1} are no numbers")


def _lines_of(file: BinaryIO) -> tuple[np.ndarray, np.ndarray]:
    """Where each line of a file that is not empty begins and ends."""
    breaks = []
    start = 0
    while block := file.read(_BLOCK):
        breaks.append(np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + start)
        start += len(block)
    ends = np.concatenate([*breaks, [start]])
    starts = np.concatenate([[0], ends[:-1] + 1])
    filled = ends - starts > 1
    short = np.flatnonzero(ends - starts == 1)
    for line in short.tolist():  # one character: a digit, or what Windows ends lines with
        file.seek(starts[line])
        filled[line] = file.read(1).strip() != b""
    return starts[filled], ends[filled]
