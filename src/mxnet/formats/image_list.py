"""Lists of images: lines of a number, labels and a file name, separated by tabs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from ._errors import FileFormatError, access_error

__all__ = ["ListEntry", "line_of", "read_image_list"]


class ListEntry(NamedTuple):
    """A line of a list."""

    number: int
    labels: tuple[float, ...]
    name: str


def read_image_list(path: str | os.PathLike) -> Iterator[ListEntry]:
    """The entries of a list file, in its order; empty lines count as none.

    Raises
    ------
    FileFormatError
        For a line of another form; the message names it.
    FileAccessError
        If the operating system refuses.
    """
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                entry = _entry(line)
                if entry is None:
                    raise FileFormatError(
                        f"{path}, line {number}: expected 'number<tab>label...<tab>file', not {line[:200]!r}"
                    )
                yield entry
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path} is no list of images: {error}") from error
    except OSError as error:
        raise access_error("read", os.fspath(path), error) from error


def _entry(line: str) -> ListEntry | None:
    try:
        number, *labels, name = [part.strip() for part in line.split("\t")]
        entry = ListEntry(int(number), tuple([float(label) for label in labels]), name)
    except ValueError:
        return None
    return entry if entry.labels and entry.name else None


def line_of(entry: ListEntry) -> bytes:
    """The line of an entry, as genuine MXNet writes it.

    Raises
    ------
    ValueError
        If a list cannot hold the name; the message has it.
    """
    name = entry.name
    if name != name.strip() or any(each in name for each in "\t\n\r") or not _is_utf8(name):
        raise ValueError(f"a list cannot hold the name {name!r}: blanks at its ends, tabs, line breaks, or no UTF-8")
    labels = "".join(f"{label:f}\t" for label in entry.labels)
    return f"{entry.number}\t{labels}{name}\n".encode()


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
