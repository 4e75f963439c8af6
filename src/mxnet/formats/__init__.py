"""Bytes on disk: reading and writing files of arrays, all of them untrusted.

In memory a file is a dict of str to `torch.Tensor` (on the cpu), a list of them, or, for a .npy, one.
A file's format is told by its first bytes, never by its name. See the README beside this file for the bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

import torch

from . import binary_list, npy, npz
from ._errors import FileAccessError, FileFormatError, FileMissingError
from ._reader import Reader, open_buffer, open_path
from .binary_list import save as save_list
from .npy import save as save_npy
from .npz import save as save_npz

__all__ = [
    "FileAccessError",
    "FileFormatError",
    "FileMissingError",
    "load",
    "load_buffer",
    "save_list",
    "save_npy",
    "save_npz",
]

Loaded = dict[str, torch.Tensor] | list[torch.Tensor] | torch.Tensor

# A format is its first bytes and its reader; one without a magic number would be asked last.
_READERS: tuple[tuple[bytes, Callable[[Reader], Loaded]], ...] = (
    (binary_list.MAGIC, binary_list.read),
    (npz.MAGIC, npz.read),
    (npz.EMPTY_MAGIC, npz.read_empty),
    (npy.MAGIC, npy.read),
)
_HEAD = 64

# What people open by mistake, and what to tell them.
_MISTAKES: tuple[tuple[bytes, str], ...] = (
    (
        b"version https://git-lfs",
        "this is a pointer left by Git LFS, not the file itself: run 'git lfs pull'",
    ),
    (b"<", "this is a web page or XML, not a parameter file: the download went wrong"),
    (b"{", "this is JSON, perhaps a -symbol.json: the parameters are in the .params file beside it"),
    (b"\x80", "this is a pickle: pickles are never loaded, for they can run any program"),
)


def load(source: str | os.PathLike | BinaryIO) -> Loaded:
    """Read the arrays of a file: MXNet's binary list (any version), .npz or .npy.

    The tensors of a path are views of the mapped file, copied page by page when they are written to, so a
    large file costs no second copy; replace such a file by renaming, as the writers here do, rather than by
    overwriting it in place while its tensors are in use.

    Parameters
    ----------
    source : a path, or an open binary file, which is read to its end.

    Returns
    -------
    dict of str to tensor if the file names its arrays, a list if it does not or is empty, a tensor for .npy.

    Raises
    ------
    MXNetError
        `FileFormatError` (also a ValueError) with file, offset and cause for bytes that are damaged, hostile
        or of another format; `FileAccessError` (also an OSError) if the file cannot be read, and of these
        `FileMissingError` (also a FileNotFoundError) if there is none.
    """
    if isinstance(source, (str, bytes, os.PathLike)):
        return _read(open_path(source))
    if not hasattr(source, "read"):
        raise TypeError(f"expected a path or a binary file, got {type(source).__name__}")
    data = source.read()
    if isinstance(data, str):
        raise TypeError("the file is open as text; open it in binary mode, 'rb'")
    return load_buffer(data, str(getattr(source, "name", "<file>")))


def load_buffer(data: bytes | bytearray | memoryview, name: str = "<buffer>") -> Loaded:
    """As `load`, from bytes in memory, which are copied; errors call them `name`."""
    return _read(open_buffer(data, name))


def _read(reader: Reader) -> Loaded:
    head = reader.head(_HEAD)
    for magic, read in _READERS:
        if head.startswith(magic):
            return read(reader)
    for magic, advice in _MISTAKES:
        if head.lstrip().startswith(magic):
            raise reader.error(advice)
    raise reader.error(
        f"unknown format, the first bytes are {head[:8].hex(' ')}; known are MXNet's binary list, .npz and .npy"
    )
