"""The records of a part of a record file by number, each with its label."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from mxnet.base import MXNetError
from mxnet.formats.records import RecordReader, index_lines
from mxnet.recordio import IRHeader, read_header, unpack

__all__ = ["Records"]


class Records:
    """The records of one of `num_parts` parts of a record file.

    Parts are those of MXNet: with an index of the same number of records, without one of the same number of bytes.

    Parameters
    ----------
    path : str
    index_path : str
        The index; empty if there is none, then the file is gone through from record to record.
    num_parts, part_index : int
    labels : mapping of int to array, optional
        Labels by the id of the record, instead of those in the records.

    Raises
    ------
    MXNetError
        If a file is missing, damaged or empty, or there is no such part.
    """

    def __init__(
        self,
        path: str,
        index_path: str,
        num_parts: int,
        part_index: int,
        labels: Mapping[int, np.ndarray] | None = None,
    ) -> None:
        if not 0 <= part_index < num_parts:
            raise MXNetError(f"there is no part {part_index} of {num_parts} parts")
        self.path = path
        self._reader = RecordReader(path)
        self._labels = labels
        if index_path:
            offsets = np.sort(np.fromiter((offset for _, offset in index_lines(index_path, str)), dtype=np.int64))
            step = -(-len(offsets) // num_parts)
            self._first = min(step * part_index, len(offsets))
            self._offsets = offsets[self._first : step * (part_index + 1)]
        else:
            offsets = np.fromiter(self._reader.offsets(), dtype=np.int64)
            ends = _part_of_bytes(os.path.getsize(path), num_parts, part_index)
            self._first, last = np.searchsorted(offsets, ends).tolist()
            self._offsets = offsets[self._first : last]

    def __len__(self) -> int:
        return len(self._offsets)

    def close(self) -> None:
        self._reader.close()

    def read(self, number: int) -> tuple[IRHeader, memoryview]:
        """Header and payload of a record.

        Raises
        ------
        MXNetError
            If it is damaged, or the list of labels has none for it; the message names file and record.
        """
        with self.named(number):
            found = self._reader.record(int(self._offsets[number]))
            if found is None:
                raise MXNetError("the file ends where it should begin")
            header, payload = unpack(memoryview(found[0]))
            return self._labelled(header), payload

    def header(self, number: int) -> IRHeader:
        """The header of a record; errors as those of `read`."""
        with self.named(number):
            return self._labelled(read_header(self._reader, int(self._offsets[number])))

    def _labelled(self, header: IRHeader) -> IRHeader:
        if self._labels is None:
            return header
        if header.id not in self._labels:
            raise MXNetError(f"its id {header.id} is not in the list of labels")
        return header._replace(label=self._labels[header.id])

    @contextmanager
    def named(self, number: int) -> Iterator[None]:
        """Let errors inside name a record."""
        try:
            yield
        except MXNetError as error:
            raise MXNetError(f"{self.name_of(number)}: {error}") from error

    def name_of(self, number: int) -> str:
        """A record as messages name it; records are counted from 0, over all parts."""
        return f"{self.path}, record {self._first + number} (at byte {self._offsets[number]})"


def _part_of_bytes(size: int, num_parts: int, part_index: int) -> tuple[int, int]:
    """Where a part begins and ends, in whole words of four bytes."""
    step = math.ceil(math.ceil(size / num_parts) / 4) * 4
    return min(step * part_index, size), min(step * (part_index + 1), size)
