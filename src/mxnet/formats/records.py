"""Record files (RecordIO): payloads of any bytes one after another, each to be found by its offset."""

from __future__ import annotations

import os
import struct
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from ._errors import FileFormatError, access_error, check_regular

__all__ = ["LARGEST", "Appender", "RecordReader", "index_line", "index_lines", "read_index", "record_bytes"]

MAGIC = b"\x0a\x23\xd7\xce"
LARGEST = (1 << 29) - 1
"""Bytes in a payload: the length has the lower 29 bits of its word, the kind of the part the upper three."""
_LONGEST_LINE = 1 << 16  # bytes of an index: what is longer is no line of one
_NO_OFFSET = 1 << 63
_HEAD = struct.Struct("<4sI")
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
_KINDS = ("a whole record", "a first part", "a middle part", "a last part")


def record_bytes(payload: bytes) -> bytes:
    """The record that holds `payload`, as genuine MXNet writes it.

    Where the magic number stands in the payload on a multiple of four it is left out and the payload is cut in two,
    so that whoever looks for the beginning of a record in the midst of a file cannot be misled.

    Raises
    ------
    FileFormatError
        If it has more than `LARGEST` bytes.
    """
    if len(payload) > LARGEST:
        raise FileFormatError(f"a record holds at most {LARGEST} bytes, but {len(payload)} were given")
    ends = []
    found = payload.find(MAGIC)
    while found >= 0:
        if found % 4 == 0:
            ends.append(found)
        found = payload.find(MAGIC, found + len(MAGIC))
    pieces = []
    start = 0
    for end in ends:
        pieces += [_HEAD.pack(MAGIC, (_MIDDLE if start else _FIRST) << 29 | end - start), payload[start:end]]
        start = end + len(MAGIC)
    length = len(payload) - start
    pieces += [_HEAD.pack(MAGIC, (_LAST if start else _WHOLE) << 29 | length), payload[start:], bytes(-length % 4)]
    return b"".join(pieces)


class RecordReader:
    """A record file open for reading.

    Reading moves no place in the file: threads, and processes forked with it, may read at the same time.
    ``close()`` closes the file, as does dropping the reader.

    Raises
    ------
    FileAccessError
        If the operating system refuses, or it is no regular file.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.name = os.fsdecode(path)
        self._lock = threading.Lock()
        try:
            check_regular(path)
            self._file = open(path, "rb", buffering=0)
        except OSError as cause:
            raise access_error("read", self.name, cause) from cause
        self.close = weakref.finalize(self, self._file.close)  # also when nobody holds the reader any more

    def record(self, offset: int) -> tuple[bytes, int] | None:
        """The payload of the record at byte `offset` and where the next one begins; None at the end of the file.

        Raises
        ------
        FileFormatError
            If no whole record is there.
        """
        size = os.fstat(self._file.fileno()).st_size
        if offset == size:
            return None
        parts: list[bytes] = []
        for start, length in self._parts(offset, size):
            parts.append(self._read(length, start))
            offset = start + length + -length % 4
        return MAGIC.join(parts), offset

    def beginning(self, offset: int, size: int) -> bytes:
        """The first `size` bytes of the payload of the record at byte `offset`, or all of it if it has fewer.

        Raises
        ------
        FileFormatError
            If no record is there.
        """
        kind, length = self._head(offset, os.fstat(self._file.fileno()).st_size, False)
        if kind == _WHOLE or length >= size:
            return self._read(min(length, size), offset + _HEAD.size)
        found = self.record(offset)
        return found[0][:size] if found is not None else b""

    def offsets(self) -> Iterator[int]:
        """Where each record begins, found by going from one to the next.

        Raises
        ------
        FileFormatError
            If what stands where a record should begin is none.
        """
        offset, begun = 0, False
        size = os.fstat(self._file.fileno()).st_size
        while offset < size:
            kind, length = self._head(offset, size, begun)
            if not begun:
                yield offset
            begun = kind in (_FIRST, _MIDDLE)
            offset += _HEAD.size + length + -length % 4

    def sizes(self) -> Iterator[int]:
        """The bytes in the payload of each record, by the headers alone: no payload is read.

        Raises
        ------
        FileFormatError
            Where `record` would, after the sizes of the records before.
        """
        offset, size = 0, os.fstat(self._file.fileno()).st_size
        while offset < size:
            total = -len(MAGIC)  # which stands between two parts, and was left out there
            for start, length in self._parts(offset, size):
                total += len(MAGIC) + length
                offset = start + length + -length % 4
            yield total

    def error(self, cause: str, offset: int) -> FileFormatError:
        """The error to raise for `cause`, found at byte `offset`."""
        return FileFormatError(f"{self.name}: at byte {offset}: {cause}")

    def _parts(self, offset: int, size: int) -> Iterator[tuple[int, int]]:
        """Where the bytes of each part of the record at byte `offset` are, and how many."""
        begun = False
        while True:
            kind, length = self._head(offset, size, begun)
            yield offset + _HEAD.size, length
            if kind in (_WHOLE, _LAST):
                return
            offset, begun = offset + _HEAD.size + length + -length % 4, True

    def _head(self, offset: int, size: int, begun: bool) -> tuple[int, int]:
        """Kind and length of the part at `offset`, which is all within the file's `size`."""
        if not begun and not 0 <= offset < size:
            raise self.error(f"no record can begin here, the file has {size} bytes", offset)
        if offset + _HEAD.size > size:
            raise self.error(f"a record takes at least {_HEAD.size} bytes, but only {size - offset} remain", offset)
        magic, word = _HEAD.unpack(self._read(_HEAD.size, offset))
        if magic != MAGIC:
            raise self.error(f"no record begins here: expected {MAGIC.hex(' ')}, found {magic.hex(' ')}", offset)
        kind, length = word >> 29, word & LARGEST
        if kind not in ((_MIDDLE, _LAST) if begun else (_WHOLE, _FIRST)):
            found = _KINDS[kind] if kind < len(_KINDS) else f"a part of unknown kind {kind}"
            raise self.error(f"{found} stands where a record {'goes on' if begun else 'begins'}", offset)
        remaining = size - offset - _HEAD.size
        if length + -length % 4 > remaining:
            raise self.error(f"{length} bytes with their padding do not fit in the {remaining} that remain", offset)
        return kind, length

    def _read(self, size: int, offset: int) -> bytes:
        try:
            if hasattr(os, "pread"):
                data = os.pread(self._file.fileno(), size, offset)
            else:  # Windows, which does not fork either
                with self._lock:
                    self._file.seek(offset)
                    data = self._file.read(size)
        except OSError as cause:
            raise access_error("read", self.name, cause) from cause
        if len(data) != size:
            raise self.error("the file shrank while it was read", offset)
        return data


class Appender:
    """A file that is written from its beginning, record by record or line by line.

    What is written is in the file when `write` returns: no buffer is left that a forked process would write again.

    Raises
    ------
    FileAccessError
        If the operating system refuses.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.name = os.fsdecode(path)
        try:
            self._file = open(path, "wb", buffering=0)
        except OSError as cause:
            raise access_error("write", self.name, cause) from cause

    def close(self) -> None:
        self._file.close()

    def tell(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as cause:
            raise access_error("write", self.name, cause) from cause


def index_line(key: Any, offset: int) -> bytes:
    """The line of an index that says at which byte the record of a key begins."""
    return f"{key}\t{offset}\n".encode()


def read_index(path: str, key_type: Callable[[Any], Any]) -> tuple[list[Any], dict[Any, int]]:
    """Keys in order, and offset by key, of the index of a record file. Errors are those of `index_lines`."""
    lines = list(index_lines(path, key_type))
    return [key for key, _ in lines], dict(lines)


def index_lines(path: str, key_type: Callable[[Any], Any]) -> Iterator[tuple[Any, int]]:
    """Key and offset of each line of the index of a record file; a tab stands between them.

    `key_type` makes the keys of their text.

    Raises
    ------
    FileFormatError
        If a line is of another form, or `key_type` raises `ValueError`.
    FileAccessError
        If the operating system refuses.
    """
    start, number = 0, 0
    try:
        check_regular(path)
        with open(path, "rb") as lines:
            while line := lines.readline(_LONGEST_LINE):
                number += 1
                try:
                    name, place, *_ = line.decode().strip().split("\t", 2)
                    key, offset = key_type(name), int(place)
                    if not 0 <= offset < _NO_OFFSET:
                        raise ValueError(f"no file has the offset {offset}")
                except ValueError as error:
                    shown = line if len(line) <= 80 else line[:80] + b"..."
                    raise FileFormatError(
                        f"{path}: at byte {start}: expected 'key<tab>offset' in line {number}, not {shown!r}: {error}"
                    ) from error
                start += len(line)
                yield key, offset
    except OSError as cause:
        raise access_error("read", path, cause) from cause
