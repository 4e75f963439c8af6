"""One file out of a zip from elsewhere, without trusting anything that the zip says."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from mxnet.gluon._transfer import TransferError

__all__ = ["unpack"]

_END = struct.Struct("<4s4H2IH")  # the record that ends a zip
_LOCATOR = struct.Struct("<4sIQI")  # what comes before it where the zip is a large one
_MOST_DIRECTORY = 1 << 16
_STEP = 1 << 20


def unpack(archive: Path, to: Path, member: str, limit: int | None = None) -> None:
    """Write the file `member` of the zip `archive` to `to`, which must not exist.

    Raises
    ------
    TransferError
        If the zip is damaged or hostile, has no such file, or a larger one than `limit` bytes.
    OSError
        If `to` cannot be written.
    """
    with to.open("xb") as target:
        for data in _pieces(archive, member, limit):
            target.write(data)


def _pieces(archive: Path, member: str, limit: int | None) -> Iterator[bytes]:
    try:
        _check_directory(archive)
        with zipfile.ZipFile(archive) as opened, opened.open(_only(opened.infolist(), member)) as source:
            size = 0
            while data := source.read(_STEP):
                size += len(data)
                if limit is not None and size > limit:
                    raise TransferError(f"is a zip whose {member} has more than the {limit} bytes that it may have")
                yield data
    except TransferError:
        raise
    except Exception as cause:  # zipfile meets a broken zip with some ten types
        raise TransferError(f"is no sound zip: {cause or type(cause).__name__}") from cause


def _check_directory(archive: Path) -> None:
    """Refuse what is no zip, or has a directory that would take much memory to read; zipfile sets no bound."""
    with archive.open("rb") as file:
        head = file.read(64).lstrip()
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END.size - _LOCATOR.size))
        tail = file.read()
    end = tail[-_END.size :]
    if len(end) < _END.size or not end.startswith(b"PK\5\6"):
        raise TransferError(f"is {'a web page' if head.startswith(b'<') else 'no zip, or part of one'}: {size} bytes")
    *_, directory, _, comment = _END.unpack(end)
    if directory > _MOST_DIRECTORY or comment or tail.startswith(b"PK\6\7"):
        raise TransferError("is a zip with a larger directory than one file needs")


def _only(members: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    """The one member of that name, where no member would leave the folder."""
    for info in members:
        path = info.orig_filename
        parts = path.replace("\\", "/").split("/")
        if path.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in path:
            raise TransferError(f"is a zip whose member {path!r} leaves its folder")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise TransferError(f"is a zip whose member {path!r} is a link")
    found = [info for info in members if info.orig_filename == name]
    if len(found) != 1:
        raise TransferError(f"is a zip with {len(found)} files named {name}")
    # The others unpack without a bound, and LZMA's files choose the size of its memory.
    if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise TransferError(f"is a zip that is compressed by method {found[0].compress_type}: none but deflate is read")
    return found[0]
