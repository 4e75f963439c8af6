"""A reader that never trusts a number: every length is held against the bytes that remain.

A `Reader` walks over a buffer that is mapped, not read: the tensors it hands out are views of the
mapping (private, copy-on-write), so that loading a large file costs no second copy of it.
"""

from __future__ import annotations

import math
import mmap
import os
import struct

import torch

from ._dtypes import name_of
from ._errors import FileFormatError, access_error, check_regular

__all__ = ["MAX_NDIM", "Reader", "open_buffer", "open_path"]

MAX_NDIM = 64  # NumPy's and torch's kernels stop there
# What a file may expand to when it holds compressed or sparse arrays: deflate can reach 1000:1, real
# parameters stay near 1:1, so these leave room for arrays of zeros and still bound a hostile file.
EXPANSION_FLOOR = 16 << 20
EXPANSION_RATIO = 200


class Reader:
    """Bounded little-endian reading from ``buffer[start:stop]``; `name` is what errors call the file.

    With `shapes_only` the tensors are on torch's meta device: the same checks, and no element is looked at.
    """

    def __init__(
        self, buffer: mmap.mmap, name: str, start: int = 0, stop: int | None = None, shapes_only: bool = False
    ) -> None:
        self.buffer = buffer
        self.name = name
        self.shapes_only = shapes_only
        self.offset = start
        self.stop = len(buffer) if stop is None else stop
        self._expansion_left = max(EXPANSION_FLOOR, EXPANSION_RATIO * len(buffer))

    @property
    def remaining(self) -> int:
        """Bytes not read yet."""
        return self.stop - self.offset

    def error(self, cause: str, at: int | None = None) -> FileFormatError:
        """The error to raise for `cause`, found at byte `at` (default: here)."""
        return FileFormatError(f"{self.name}: at byte {self.offset if at is None else at}: {cause}")

    def head(self, size: int) -> bytes:
        """Up to `size` of the next bytes, without moving on."""
        return self.buffer[self.offset : min(self.offset + size, self.stop)]

    def window(self, start: int, size: int) -> Reader:
        """A reader for `size` bytes from byte `start` of the same buffer."""
        return Reader(self.buffer, self.name, start, start + size, self.shapes_only)

    def skip(self, size: int, what: str) -> int:
        """Move over `size` bytes and return where they start; an error if fewer remain."""
        if size > self.remaining:
            raise self.error(f"{what} takes {size} bytes, but only {self.remaining} remain")
        start = self.offset
        self.offset += size
        return start

    def take(self, size: int, what: str) -> bytes:
        """The next `size` bytes."""
        start = self.skip(size, what)
        return self.buffer[start : start + size]

    def numbers(self, format: str, what: str) -> tuple[int, ...]:
        """Little-endian integers, `format` as in `struct`: ``"3q"`` for three of 64 bits."""
        format = "<" + format
        return struct.unpack_from(format, self.buffer, self.skip(struct.calcsize(format), what))

    def number(self, format: str, what: str) -> int:
        """One little-endian integer."""
        return self.numbers(format, what)[0]

    def count(self, size: int, what: str) -> int:
        """A 64-bit count of things that take at least `size` bytes each."""
        at = self.offset
        count = self.number("Q", f"the number of {what}")
        if count * size > self.remaining:
            raise self.error(f"{count} {what} cannot fit in the {self.remaining} bytes that remain", at)
        return count

    def tensor(self, dtype: torch.dtype, shape: tuple[int, ...], what: str) -> torch.Tensor:
        """A tensor over the next bytes in C order: a view of the buffer where alignment allows."""
        self.check_shape(shape, dtype, what)
        count = math.prod(shape)
        start = self.skip(count * dtype.itemsize, f"{what} ({name_of(dtype)}, shape {shape})")
        if self.shapes_only:
            return torch.empty(shape, dtype=dtype, device="meta")
        if count == 0:
            return torch.empty(shape, dtype=dtype)
        if dtype is torch.bool:  # any other byte than 0 and 1 would be undefined behaviour in torch
            return torch.frombuffer(self.buffer, dtype=torch.uint8, count=count, offset=start).ne(0).reshape(shape)
        if start % dtype.itemsize:  # the buffer begins on a page, so this is the address's alignment
            raw = torch.frombuffer(self.buffer, dtype=torch.uint8, count=count * dtype.itemsize, offset=start)
            return raw.clone().view(dtype).reshape(shape)
        return torch.frombuffer(self.buffer, dtype=dtype, count=count, offset=start).reshape(shape)

    def check_shape(self, shape: tuple[int, ...], dtype: torch.dtype, what: str) -> None:
        """Refuse a shape whose strides overflow, which torch cannot hold even if it has no elements."""
        if len(shape) > MAX_NDIM:
            raise self.error(f"{what} has {len(shape)} dimensions, at most {MAX_NDIM} are supported")
        if math.prod(max(size, 1) for size in shape) * dtype.itemsize >= 1 << 63:
            raise self.error(f"{what} has shape {shape}, too large for any memory")

    def grant(self, size: int, what: str) -> None:
        """Allow `size` bytes beyond the file's own, or refuse what expands out of proportion."""
        if size > self._expansion_left:
            raise self.error(
                f"{what} would expand to {size} bytes; a file of {len(self.buffer)} bytes may expand to "
                f"{max(EXPANSION_FLOOR, EXPANSION_RATIO * len(self.buffer))} in all"
            )
        self._expansion_left -= size

    def release(self, tensor: torch.Tensor) -> None:
        """Give back the memory that a view of the mapped file takes, which is read anew where it is looked at again.

        Its elements must be as they are in the file. Nothing happens to a tensor that is no view.
        """
        base = torch.frombuffer(self.buffer, dtype=torch.uint8, count=1).data_ptr()
        start = tensor.data_ptr() - base
        first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE  # whole pages: others have neighbours in them
        last = (start + tensor.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
        if 0 <= first < last <= len(self.buffer) and hasattr(mmap, "MADV_DONTNEED"):
            self.buffer.madvise(mmap.MADV_DONTNEED, first, last - first)

    def finish(self) -> None:
        """Refuse bytes that belong to nothing."""
        if self.remaining:
            raise self.error(f"{self.remaining} bytes follow the end of the data")


def open_path(path: str | os.PathLike, shapes_only: bool = False) -> Reader:
    """A reader over the mapped file at `path`; `FileAccessError` if it cannot be opened."""
    name = os.fsdecode(path)
    try:
        check_regular(path)
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            buffer = _map(file, size) if size else None
    except OSError as cause:
        raise access_error("read", name, cause) from cause
    if buffer is None:
        raise FileFormatError(f"{name}: at byte 0: the file is empty")
    return Reader(buffer, name, shapes_only=shapes_only)


def open_buffer(data: bytes | bytearray | memoryview, name: str = "<buffer>") -> Reader:
    """A reader over a private copy of `data`, so that tensors never alias the caller's bytes."""
    data = memoryview(data).cast("B")
    if not len(data):
        raise FileFormatError(f"{name}: at byte 0: the buffer is empty")
    buffer = mmap.mmap(-1, len(data))
    buffer[:] = data
    return Reader(buffer, name)


def _map(file, size: int) -> mmap.mmap:
    """The file's bytes as private, writable memory."""
    # Windows cannot replace a file while it is mapped, so saving over a loaded file would fail there;
    # some network file systems cannot map at all. Both get a copy.
    if os.name != "nt":
        try:
            return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)
        except ValueError as cause:  # longer than the file
            raise OSError(None, "the file shrank while it was read") from cause
        except OSError:
            pass
    buffer = mmap.mmap(-1, size)
    if file.readinto(buffer) != size:
        raise OSError(None, "the file shrank while it was read")
    return buffer
