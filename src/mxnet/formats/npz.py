"""NumPy's .npz, a zip of .npy members, as ``save_parameters`` and ``npx.savez`` of MXNet 2.0 write it.

`zipfile` reads the archive's directory; each member is then held against it: name, size, checksum, place.
Members that are stored, as MXNet and ``numpy.savez`` do, become views of the mapped file.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence

import torch

from . import npy
from ._errors import CHECKPOINT_ADVICE
from ._reader import Reader
from ._writer import atomic_write, named_tensors, tensor_bytes

__all__ = ["EMPTY_MAGIC", "MAGIC", "read", "read_empty", "save"]

MAGIC = b"PK\x03\x04"
EMPTY_MAGIC = b"PK\x05\x06"
_END_SIZE = 22
_LOCAL_HEADER = "4s5H3I2H"
_UTF8, _ENCRYPTED = 0x800, 0x1
_STEP = 1 << 18
_MOST_OF_A_HEADER = 1 << 13
_ALIGNMENT = 64
_PADDING_ID = 0xD935  # an extra field that says nothing, known from Android's zipalign


def read(reader: Reader) -> dict[str, torch.Tensor]:
    """All arrays by name (without ``.npy``)."""
    members = _directory(reader)
    tensors: dict[str, torch.Tensor] = {}
    for info in members:
        name = info.orig_filename
        cause = _objection(name, info)
        if cause is None and name.removesuffix(".npy") in tensors:
            cause = "occurs twice"
        if cause:
            raise reader.error(f"member {name!r} {cause}", info.header_offset)
        tensors[name.removesuffix(".npy")] = npy.read(_open_member(reader, info), f"member {name!r}")
    return tensors


def read_empty(reader: Reader) -> list[torch.Tensor]:
    """An archive that begins with its end: without members it is a fixed row of bytes."""
    if reader.take(reader.remaining, "the archive") != EMPTY_MAGIC.ljust(_END_SIZE, b"\0"):
        raise reader.error("the archive begins with its end, but is not empty", 0)
    return []


def _directory(reader: Reader) -> list[zipfile.ZipInfo]:
    """The members in the order of the directory, none of which overlaps another."""
    end = reader.stop - _END_SIZE
    if end < 0 or reader.buffer[end : end + 4] != EMPTY_MAGIC:
        raise reader.error(
            "the archive's directory does not end the file (truncated, or bytes were added)", reader.stop
        )
    try:
        with zipfile.ZipFile(reader.buffer) as archive:
            members = archive.infolist()
    # zipfile meets a broken directory with some ten types, struct.error and IndexError among them
    except Exception as cause:
        raise reader.error(f"the archive's directory cannot be read: {cause}", end) from cause
    places = sorted((info.header_offset, info.compress_size, info.orig_filename) for info in members)
    for (start, size, name), (following, _, _) in zip(places, places[1:], strict=False):
        if start + size + struct.calcsize("<" + _LOCAL_HEADER) > following:
            raise reader.error(f"member {name!r} overlaps the next one", start)
    return members


def _objection(name: str, info: zipfile.ZipInfo) -> str | None:
    """Why this member is refused, None if it may be read."""
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or "\0" in name:
        return "has a path that leaves the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if name.endswith((".pkl", ".pickle")):
        return "is a pickle, as in PyTorch's checkpoints: pickles are never loaded; " + CHECKPOINT_ADVICE
    if not name.endswith(".npy"):
        return "is not a .npy array"
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"is compressed by method {info.compress_type}; only stored and deflated ones are read"
    return None


def _open_member(reader: Reader, info: zipfile.ZipInfo) -> Reader:
    """A reader over the member's own bytes, inflated if need be, checksum verified."""
    what = f"member {info.orig_filename!r}"
    if not 0 <= info.header_offset < reader.stop:
        raise reader.error(f"{what} begins at byte {info.header_offset}, outside the file", 0)
    local = reader.window(info.header_offset, reader.stop - info.header_offset)
    signature, _, flags, method, *_, name_size, extra_size = local.numbers(_LOCAL_HEADER, f"{what}'s header")
    if signature != MAGIC or method != info.compress_type:
        raise reader.error(f"{what}'s header contradicts the directory", info.header_offset)
    encoding = "utf-8" if flags & _UTF8 else "cp437"
    if local.take(name_size, f"{what}'s name").decode(encoding, "replace") != info.orig_filename:
        raise reader.error(f"{what} has another name in its header", info.header_offset)
    local.skip(extra_size, f"{what}'s extra field")
    start = local.skip(info.compress_size, what)
    if method == zipfile.ZIP_STORED:
        if info.file_size != info.compress_size:
            raise reader.error(f"{what} is stored, but declares sizes {info.compress_size} and {info.file_size}", start)
        member = reader.window(start, info.file_size)
    else:
        inflated = _inflate(reader, start, info, what)
        member = Reader(inflated, f"{reader.name}[{info.orig_filename}]", 0, info.file_size, reader.shapes_only)
    if reader.shapes_only:
        return member
    with memoryview(member.buffer) as view, view[member.offset : member.stop] as data:
        if zlib.crc32(data) != info.CRC:
            raise reader.error(f"{what} does not match its checksum", start)
    return member


def _inflate(reader: Reader, start: int, info: zipfile.ZipInfo, what: str) -> mmap.mmap:
    """The member inflated into memory of its own: of the declared size, which must prove exact.

    Of a reader that wants no more than shapes, only as much as an array's header can take.
    """
    reader.grant(info.file_size, what)
    wrong_size = reader.error(f"{what} does not inflate to the {info.file_size} bytes it declares", start)
    if info.file_size == 0:
        raise wrong_size
    wanted = min(info.file_size, _MOST_OF_A_HEADER) if reader.shapes_only else info.file_size
    inflated = mmap.mmap(-1, wanted)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    try:
        for data in _pieces(reader, start, start + info.compress_size):
            while size <= wanted and not inflater.eof:
                # One byte more than wanted is asked for, which tells whether the stream goes on.
                piece = inflater.decompress(data, min(_STEP, wanted - size + 1))
                if not piece:
                    break
                kept = piece[: wanted - size]
                inflated[size : size + len(kept)] = kept
                size += len(piece)
                data = inflater.unconsumed_tail
    except zlib.error as cause:
        raise reader.error(f"{what} cannot be inflated: {cause}", start) from cause
    if size < wanted or (wanted == info.file_size and (size > wanted or not inflater.eof)):
        raise wrong_size
    return inflated


def _pieces(reader: Reader, start: int, stop: int) -> Iterator[bytes]:
    for position in range(start, stop, _STEP):
        yield reader.buffer[position : min(position + _STEP, stop)]


def save(path: str | os.PathLike, data: Mapping[str, torch.Tensor] | Sequence[torch.Tensor]) -> None:
    """Write `data` as an uncompressed .npz, atomically; a list's arrays are named ``arr_0``, ``arr_1``, ...

    NumPy and MXNet 2.0 read it (MXNet 2.0 cannot read bfloat16 from any .npz, its own included). The same
    arrays always give the same bytes. Errors as for `binary_list.save`; ValueError for a name that could
    not be read back.
    """
    names, tensors = named_tensors(data)
    members = [f"{name}.npy" for name in names or (f"arr_{index}" for index in range(len(tensors)))]
    for member in members:
        cause = _objection(member, zipfile.ZipInfo(member)) or (len(member.encode()) > 0xFFFF and "is too long")
        if cause:
            raise ValueError(f"the name {member!r} {cause}")
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        for member, tensor in zip(members, tensors, strict=True):
            _write_member(archive, file.tell(), member, tensor)


def _write_member(archive: zipfile.ZipFile, offset: int, member: str, tensor: torch.Tensor) -> None:
    head, size = npy.header(tensor), tensor.numel() * tensor.dtype.itemsize
    info = zipfile.ZipInfo(member)
    large = len(head) + size >= zipfile.ZIP64_LIMIT
    # Padded so that the elements lie aligned in the file and a reader can map them.
    start = offset + struct.calcsize("<" + _LOCAL_HEADER) + len(member.encode()) + 4 + (20 if large else 0)
    padding = -start % _ALIGNMENT
    info.extra = struct.pack("<HH", _PADDING_ID, padding) + bytes(padding)
    with archive.open(info, "w", force_zip64=large) as out:
        out.write(head)
        out.write(tensor_bytes(tensor))
