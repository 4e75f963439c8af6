"""IDX files, the form of MNIST: an array of bytes behind its shape, gzipped or not."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from typing import BinaryIO

import numpy as np

from ._errors import FileFormatError, access_error, check_regular
from ._reader import EXPANSION_FLOOR, EXPANSION_RATIO, MAX_NDIM

__all__ = ["read_idx"]

_GZIP = b"\x1f\x8b"
_BYTES = 8  # the code of the only type that MNIST has
_LARGEST = 1 << 30  # bytes that a file of images may claim to hold
_PIECE = 1 << 20


def read_idx(path: str | os.PathLike) -> np.ndarray:
    """The array of bytes in an IDX file.

    Raises
    ------
    FileFormatError
        If it is something else, not as long as it says, or expands out of proportion.
    FileAccessError
        If the operating system refuses.
    """
    try:
        about = check_regular(path)
        with open(path, "rb") as file:
            zipped = file.read(2) == _GZIP
        most = max(EXPANSION_FLOOR, EXPANSION_RATIO * about.st_size) if zipped else about.st_size
        with gzip.open(path, "rb") if zipped else open(path, "rb") as file:
            zero, kind, rank = struct.unpack(">HBB", file.read(4))
            if (zero, kind) != (0, _BYTES):
                raise FileFormatError(f"{path} is no IDX file of bytes: it begins with {zero:04x}{kind:02x}{rank:02x}")
            shape = struct.unpack(f">{rank}I", file.read(4 * rank))
            size = int(np.prod(shape, dtype=object))
            extent = int(np.prod([max(side, 1) for side in shape], dtype=object))  # which NumPy bounds too
            if size > min(most, _LARGEST) or extent >= 1 << 63 or rank > MAX_NDIM:
                raise FileFormatError(f"{path} of {about.st_size} bytes claims to hold {size} of shape {shape}")
            values = _read(file, size + 1)
    except (gzip.BadGzipFile, zlib.error, EOFError, struct.error) as error:
        raise FileFormatError(f"{path} is no IDX file: {error}") from error
    except OSError as error:
        raise access_error("read", os.fspath(path), error) from error
    if len(values) != size:
        more = "more" if len(values) > size else "fewer"
        raise FileFormatError(f"{path} holds {more} bytes than its shape {shape} takes")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _read(file: BinaryIO, size: int) -> bytes:
    """The next `size` bytes, or all there are: in pieces, since a read allocates what it is asked for beforehand."""
    pieces = []
    while size and (piece := file.read(min(size, _PIECE))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
