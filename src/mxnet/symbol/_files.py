"""Graphs on disk."""

from __future__ import annotations

import os
from typing import Any

from mxnet.formats._errors import access_error
from mxnet.formats._writer import atomic_write

__all__ = ["read_bytes", "write_text"]


def read_bytes(path: str | os.PathLike, at_most: int) -> bytes:
    """The first bytes of a file; all of it, if there are no more than `at_most`.

    Raises
    ------
    MXNetError
        If it cannot be read; of these `FileMissingError` if there is none.
    """
    name = _checked(path)
    try:
        with open(name, "rb") as file:
            return file.read(at_most)
    except OSError as cause:
        raise access_error("read", name, cause) from cause


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
