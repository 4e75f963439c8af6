"""Graphs on disk, as text."""

from __future__ import annotations

import os
from typing import Any

from mxnet.base import MXNetError
from mxnet.formats._errors import access_error
from mxnet.formats._writer import atomic_write

__all__ = ["read_text", "write_text"]


def read_text(path: str | os.PathLike) -> str:
    """All of a file.

    Raises
    ------
    MXNetError
        If it cannot be read or is no text; of these `FileMissingError` if there is none.
    """
    name = _checked(path)
    try:
        with open(name, "rb") as file:
            data = file.read()
    except OSError as cause:
        raise access_error("read", name, cause) from cause
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MXNetError(f"{name}: not a graph, for byte {error.start} is not UTF-8 text") from None


def write_text(path: str | os.PathLike, text: str) -> None:
    """Replace a file, wholly or not at all.

    Raises
    ------
    MXNetError
        If it cannot be written.
    """
    name = _checked(path)
    with atomic_write(name) as file:
        file.write(text.encode())


def _checked(path: Any) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"a file is named by a string or path, not by {type(path).__name__}")
    return os.fspath(path)
