"""What a file of arrays holds, without a look at the elements."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field

import torch

from . import binary_list, safetensors
from ._dtypes import name_of
from ._formats import Loaded, format_of
from ._reader import Reader, open_path

__all__ = ["ArrayInfo", "FileInfo", "describe", "infos_of"]


@dataclass(frozen=True)
class ArrayInfo:
    """One array of a file; `name` is None where the file has no names."""

    name: str | None
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class FileInfo:
    """A file of arrays.

    Attributes
    ----------
    path : str
    format : str
        ``"MXNet's binary list"``, ``"npz"``, ``"npy"`` or ``"safetensors"``.
    variant : str
        What the bytes say of the writer beyond that; mostly nothing.
    size : int
        Bytes.
    arrays : list of ArrayInfo
    metadata : dict of str to str
        What a safetensors file says of itself.
    """

    path: str
    format: str
    variant: str
    size: int
    arrays: list[ArrayInfo]
    metadata: dict[str, str] = field(default_factory=dict)


def describe(path: str | os.PathLike) -> FileInfo:
    """Names, types and shapes of the arrays in a file, checked as `load` checks them; no element is read.

    Of an npz the checksums are not compared, for which every byte would have to be read.

    Raises
    ------
    MXNetError
        As `load`.

    Examples
    --------
    >>> mx.formats.save_safetensors('net.safetensors', {'weight': mx.np.ones((2, 3)).as_torch()}, {'model': 'mine'})
    >>> info = mx.formats.describe('net.safetensors')
    >>> info.format, info.arrays, info.metadata
    ('safetensors', [ArrayInfo(name='weight', dtype='float32', shape=(2, 3))], {'model': 'mine'})
    """
    reader = open_path(path, shapes_only=True)
    found = format_of(reader)
    begin, size = reader.offset, reader.remaining
    arrays = infos_of(found.read(reader))
    return FileInfo(
        path=reader.name,
        format=found.label,
        variant=_variant(found.label, reader),
        size=size,
        arrays=arrays,
        metadata=safetensors.metadata(reader.window(begin, size)) if found.label == "safetensors" else {},
    )


def _variant(label: str, reader: Reader) -> str:
    if label != "MXNet's binary list":
        return ""
    return binary_list.layout(reader.buffer[:40])


def infos_of(loaded: Loaded) -> list[ArrayInfo]:
    """What there is to say of arrays that were read."""
    if isinstance(loaded, dict):
        return [_info(name, tensor) for name, tensor in loaded.items()]
    return [_info(None, tensor) for tensor in ([loaded] if isinstance(loaded, torch.Tensor) else loaded)]


def _info(name: str | None, tensor: torch.Tensor) -> ArrayInfo:
    return ArrayInfo(name, name_of(tensor.dtype), tuple(tensor.shape))
