"""Bytes on disk: reading and writing files of arrays, all of them untrusted.

In memory a file is a dict of str to `torch.Tensor` (on the cpu), a list of them, or, for a .npy, one.
A file's format is told by its first bytes, never by its name. See the README beside this file for the bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

import torch

from . import torch_checkpoint
from ._description import ArrayInfo, FileInfo, describe
from ._errors import FileAccessError, FileFormatError, FileMissingError
from ._formats import Loaded, read_all
from ._reader import open_buffer, open_path
from .binary_list import save as save_list
from .npy import save as save_npy
from .npz import save as save_npz
from .safetensors import save as save_safetensors

__all__ = [
    "ArrayInfo",
    "FileAccessError",
    "FileFormatError",
    "FileInfo",
    "FileMissingError",
    "describe",
    "load",
    "load_buffer",
    "load_mapped",
    "save",
    "save_list",
    "save_npy",
    "save_npz",
    "save_safetensors",
    "torch_checkpoint",
]

_SAVERS: dict[str, Callable[..., None]] = {".npz": save_npz, ".safetensors": save_safetensors}


def load(source: str | os.PathLike | BinaryIO) -> Loaded:
    """Read the arrays of a file: MXNet's binary list (any version), .npz, .npy or safetensors.

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
        return read_all(open_path(source))
    if not hasattr(source, "read"):
        raise TypeError(f"expected a path or a binary file, got {type(source).__name__}")
    data = source.read()
    if isinstance(data, str):
        raise TypeError("the file is open as text; open it in binary mode, 'rb'")
    return load_buffer(data, str(getattr(source, "name", "<file>")))


def load_mapped(path: str | os.PathLike) -> tuple[Loaded, Callable[[torch.Tensor], None]]:
    """As `load`, and a function that gives back the memory of a tensor whose values have been copied elsewhere."""
    reader = open_path(path)
    return read_all(reader), reader.release


def load_buffer(data: bytes | bytearray | memoryview, name: str = "<buffer>") -> Loaded:
    """As `load`, from bytes in memory, which are copied; errors call them `name`."""
    return read_all(open_buffer(data, name))


def save(
    path: str | os.PathLike,
    data: Mapping[str, torch.Tensor] | Sequence[torch.Tensor],
    otherwise: Callable[..., None] = save_list,
) -> None:
    """Write `data` as safetensors or npz if the name ends so, and by `otherwise` under any other name."""
    ending = os.path.splitext(os.fsdecode(path))[1].lower()
    _SAVERS.get(ending, otherwise)(path, data)
