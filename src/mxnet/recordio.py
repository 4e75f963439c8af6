"""Record files: many small things, such as images with their labels, in one file that is fast to read.

`MXRecordIO` reads and writes payloads in order, `MXIndexedRecordIO` by key; `pack` and `pack_img` put a label before
a payload, `unpack` and `unpack_img` take it off. Files are those of genuine MXNet, byte for byte.
"""

from __future__ import annotations

import numbers
import os
import struct
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mxnet.base import MXNetError
from mxnet.formats import FileFormatError
from mxnet.formats.records import Appender, RecordReader, index_line, read_index, record_bytes
from mxnet.operators import _opencv

__all__ = ["IRHeader", "MXIndexedRecordIO", "MXRecordIO", "pack", "pack_img", "unpack", "unpack_img"]


class _Place:
    """How far a process has come in a file that it reads from beginning to end."""

    def __init__(self) -> None:
        self.offset = 0
        self.lock = threading.Lock()


class MXRecordIO:
    """A record file, to be read or written in order.

    Several threads may use one object: each record goes to one of them. A forked process that reads begins at the
    first record, as does a copy (by ``copy`` or ``pickle``), whose file is opened anew.

    Parameters
    ----------
    uri : path
        Or the address of a file, ``file:///...``.
    flag : {'r', 'w'}
        Read, or write a new file, in which each record can be read as soon as it is written.

    Attributes
    ----------
    is_open, writable : bool

    Raises
    ------
    ValueError
        For another flag.
    MXNetError
        If the operating system refuses to open the file (`FileNotFoundError` too if there is none).

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), 'data.rec')
    >>> record = mx.recordio.MXRecordIO(path, 'w')
    >>> record.write(b'first')
    >>> record.write(b'second')
    >>> record.close()
    >>> record = mx.recordio.MXRecordIO(path, 'r')
    >>> record.read(), record.read(), record.read()
    (b'first', b'second', None)
    >>> record.close()
    """

    is_open = False
    writable = False

    def __init__(self, uri: str | os.PathLike, flag: str) -> None:
        self.uri = os.fspath(uri)
        self.flag = flag
        self.open()

    def __del__(self) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        if self.writable and self.is_open:
            raise TypeError(f"{self.uri!r} is being written: opening it again elsewhere would empty it")
        return {
            name: value for name, value in self.__dict__.items() if name not in ("_file", "_index", "_lock", "_places")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        is_open = state.pop("is_open", False)
        self.__dict__.update(state)
        if is_open:
            self.open()

    def open(self) -> None:
        """Open the file (again), at its beginning; one that is written is emptied."""
        if self.flag not in ("r", "w"):
            raise ValueError(f"Invalid flag {self.flag!r}: expected 'r' to read or 'w' to write")
        if self.is_open and self.writable:
            self._check_writing()
        self.close()
        self.writable = self.flag == "w"
        path = self.uri.removeprefix("file://") if isinstance(self.uri, str) else self.uri
        self._file = Appender(path) if self.writable else RecordReader(path)
        self._pid = os.getpid()
        self._places: dict[int, _Place] = {}
        self._lock = threading.RLock()
        self.is_open = True

    def close(self) -> None:
        """Close the file; nothing happens if it is closed."""
        if self.is_open:
            self.is_open = False
            self._file.close()

    def reset(self) -> None:
        """Go back to the first record; a file that is written begins anew, empty."""
        self.open()

    def write(self, buf: bytes) -> None:
        """Append a record.

        Raises
        ------
        AssertionError
            If the file is open for reading.
        MXNetError
            If it is closed, `buf` has 2**29 bytes or more, or the operating system refuses; in a forked process.
        """
        self._check_writing()
        data = record_bytes(_payload(buf))
        with self._lock:
            self._file.write(data)

    def read(self) -> bytes | None:
        """The next record, None after the last one.

        Raises
        ------
        AssertionError
            If the file is open for writing.
        MXNetError
            If the file is damaged (the message has the offset) or closed.
        """
        self._check_reading()
        place = self._place()
        with place.lock:
            found = self._file.record(place.offset)
            if found is None:
                return None
            payload, place.offset = found
        return payload

    def _place(self) -> _Place:
        """This process's place in the file."""
        process = os.getpid()
        # A forked process finds no place of its own and begins; one lock per process, for a fork may copy a held one.
        return self._places.get(process) or self._places.setdefault(process, _Place())

    def _check_reading(self, reopen: bool = False) -> None:
        if self.writable:
            raise AssertionError(f"{self.uri!r} is open for writing and cannot be read")
        if not self.is_open:
            if not reopen:
                raise MXNetError(f"{self.uri!r} is closed")
            self.open()

    def _check_writing(self) -> None:
        if not self.writable:
            raise AssertionError(f"{self.uri!r} is open for reading and cannot be written")
        if not self.is_open:
            raise MXNetError(f"{self.uri!r} is closed")
        if self._pid != os.getpid():
            raise MXNetError(f"{self.uri!r} is being written by process {self._pid}, this is {os.getpid()}")


class MXIndexedRecordIO(MXRecordIO):
    """A record file with an index beside it: lines of a key, a tab and the offset of its record.

    Parameters
    ----------
    idx_path : path
        The index.
    uri : path
        The record file.
    flag : {'r', 'w'}
    key_type : callable, default int
        Makes a key of the text in the index, and of what `write_idx` is given.

    Attributes
    ----------
    keys : list
        In the order of the index.
    idx : dict
        Offset by key.

    Raises
    ------
    ValueError, MXNetError
        As for `MXRecordIO`; also if a line of the index is none, with its offset.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), 'data')
    >>> record = mx.recordio.MXIndexedRecordIO(path + '.idx', path + '.rec', 'w')
    >>> record.write_idx(10, b'ten')
    >>> record.write_idx(20, b'twenty')
    >>> record.close()
    >>> record = mx.recordio.MXIndexedRecordIO(path + '.idx', path + '.rec', 'r')
    >>> record.keys, record.read_idx(20)
    ([10, 20], b'twenty')
    >>> record.close()
    """

    _index: Appender | None = None

    def __init__(
        self,
        idx_path: str | os.PathLike,
        uri: str | os.PathLike,
        flag: str,
        key_type: Callable[[Any], Any] = int,
    ) -> None:
        self.idx_path = os.fspath(idx_path)
        self.key_type = key_type
        self.idx: dict[Any, int] = {}
        self.keys: list[Any] = []
        super().__init__(uri, flag)

    def __getstate__(self) -> dict[str, Any]:
        # The index is read again with the file; it can be large.
        return {**super().__getstate__(), "idx": {}, "keys": []}

    def open(self) -> None:
        super().open()
        try:
            if self.writable:
                self.keys, self.idx = [], {}
                self._index = Appender(self.idx_path)
            else:
                self.keys, self.idx = read_index(self.idx_path, self.key_type)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        super().close()
        if self._index is not None:
            self._index.close()
            self._index = None

    def seek(self, idx: Any) -> None:
        """Have `read` go on with the record of key `idx`; a file that is closed is opened again.

        Raises
        ------
        KeyError
            If there is no such key.
        AssertionError
            If the file is open for writing.
        """
        self._check_reading(reopen=True)
        self._place().offset = self.idx[idx]

    def tell(self) -> int:
        """The offset of the record that is written next.

        Raises
        ------
        AssertionError
            If the file is open for reading.
        """
        self._check_writing()
        return self._file.tell()

    def read_idx(self, idx: Any) -> bytes:
        """The record of key `idx`; `read` goes on behind it. Else as `seek` and `read`."""
        self._check_reading(reopen=True)
        offset = self.idx[idx]
        found = self._file.record(offset)
        if found is None:
            raise self._file.error(f"the file ends where the record of key {idx!r} should begin", offset)
        payload, self._place().offset = found
        return payload

    def write_idx(self, idx: Any, buf: bytes) -> None:
        """Append a record with a key. Errors are those of `write`.

        Raises
        ------
        ValueError
            If `key_type` cannot make a key of it, or its text cannot stand in a line of the index.
        """
        self._check_writing()
        key = self.key_type(idx)
        text = str(key)
        if not text or text != text.strip() or any(character in text for character in "\t\n\r"):
            raise ValueError(f"the index cannot hold the key {text!r}: empty, or with blanks at its ends or tabs")
        data = record_bytes(_payload(buf))
        with self._lock:
            offset = self._file.tell()
            self._file.write(data)
            self._index.write(index_line(text, offset))
            self.idx[key] = offset
            self.keys.append(key)


class IRHeader(NamedTuple):
    """What stands before the payload of a record.

    Parameters
    ----------
    flag : int
        Numbers in the label if it is an array; `pack` sees to it.
    label : float or array_like of float32
    id, id2 : int
        Up to 64 bits each; `id2` is 0 by custom.
    """

    flag: int
    label: Any
    id: int
    id2: int


_HEADER = struct.Struct("<IfQQ")
_USUAL_LABELS = 128  # of a record: more of them are read in a second step


def pack(header: IRHeader, s: bytes) -> bytes:
    """A header and a payload as the bytes of a record.

    Parameters
    ----------
    header : IRHeader or tuple
        Its label may be a number or an array; its flag is not looked at.
    s : bytes

    Raises
    ------
    struct.error, OverflowError
        If an id does not fit into 64 bits, or a label that is one number into a float32.

    Examples
    --------
    >>> record = mx.recordio.pack(mx.recordio.IRHeader(0, [1.0, 2.5], 7, 0), b'payload')
    >>> header, payload = mx.recordio.unpack(record)
    >>> header.label.tolist(), header.id, payload
    ([1.0, 2.5], 7, b'payload')
    """
    header = IRHeader(*header)
    payload = _payload(s)
    if isinstance(header.label, numbers.Number):
        return _HEADER.pack(0, header.label, header.id, header.id2) + payload
    label = np.asarray(header.label, dtype="<f4")
    return _HEADER.pack(label.size, 0, header.id, header.id2) + label.tobytes() + payload


def unpack(s: bytes) -> tuple[IRHeader, bytes]:
    """Header and payload of a record; a label of several numbers is a float32 array (labels,).

    Raises
    ------
    MXNetError
        If the record is too short.
    """
    if len(s) < _HEADER.size:
        raise FileFormatError(f"a record's header takes {_HEADER.size} bytes, but the record has {len(s)}")
    header = IRHeader(*_HEADER.unpack_from(s))
    start = _HEADER.size
    if header.flag > 0:
        remaining = len(s) - start
        if header.flag * 4 > remaining:
            raise FileFormatError(
                f"at byte {start} of a record: {header.flag} labels do not fit in the {remaining} bytes that remain"
            )
        header = header._replace(label=np.frombuffer(s, "<f4", header.flag, start).copy())
        start += header.flag * 4
    return header, s[start:]


def read_header(reader: RecordReader, offset: int) -> IRHeader:
    """The header of the record at byte `offset` of a file, as `unpack` gives it; the payload is not read.

    Raises
    ------
    MXNetError
        If no record is there, or it is too short.
    """
    content = reader.beginning(offset, _HEADER.size + 4 * _USUAL_LABELS)
    if len(content) >= _HEADER.size:
        flag = IRHeader(*_HEADER.unpack_from(content)).flag
        if flag > _USUAL_LABELS:
            content = reader.beginning(offset, _HEADER.size + 4 * flag)
    return unpack(content)[0]


def pack_img(header: IRHeader, img: Any, quality: int = 95, img_fmt: str = ".jpg") -> bytes:
    """A header and an image as the bytes of a record.

    Parameters
    ----------
    header : IRHeader
        As for `pack`.
    img : numpy.ndarray or NDArray
        (H, W) or (H, W, C), blue before red as in OpenCV.
    quality : int, default 95
        For JPEG 0 to 100; for PNG the compression, 0 to 9, which more than that is too.
    img_fmt : {'.jpg', '.png'}
        Or another ending that OpenCV writes.

    Raises
    ------
    MXNetError
        If OpenCV cannot encode it.
    """
    return pack(header, _opencv.encode(np.asarray(img), img_fmt, quality))


def unpack_img(s: bytes, iscolor: int = -1) -> tuple[IRHeader, np.ndarray]:
    """Header and image, (H, W) or (H, W, C) with blue before red, of a record.

    Parameters
    ----------
    s : bytes
    iscolor : int, default -1
        1 gives three channels, 0 grey, -1 what is in the file.

    Raises
    ------
    MXNetError
        If the record is too short, or OpenCV finds no image in it.
    """
    header, content = unpack(s)
    return header, _opencv.decode_bytes(np.frombuffer(content, np.uint8), iscolor)


def _payload(buf: Any) -> bytes:
    if isinstance(buf, (bytearray, memoryview)):
        return bytes(buf)
    if not isinstance(buf, bytes):
        raise TypeError(f"a record holds bytes, not {type(buf).__name__}")
    return buf
