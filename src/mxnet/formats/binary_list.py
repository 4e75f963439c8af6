"""MXNet's NDArray list: what ``mx.nd.save`` of every version and 1.x ``save_parameters`` write.

The README beside this file draws the bytes. All four layouts of an array are read; the two that current
versions write are written. Sparse arrays are read into dense ones.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import torch

from ._dtypes import CODE_OF, DTYPE_OF_CODE
from ._reader import MAX_NDIM, Reader
from ._sparse import dense_from_csr, dense_from_rows
from ._writer import atomic_write, named_tensors, tensor_bytes

__all__ = ["MAGIC", "layout", "read", "save"]

MAGIC = struct.pack("<Q", 0x112)
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_LAYOUTS = {
    _V1: "V1, of MXNet before 1.0",
    _V2: "V2, as MXNet 1.x writes and every version's load_parameters reads",
    _V3: "V3, as MXNet 2.0 writes",
}
_DENSE, _ROW_SPARSE, _CSR = 0, 1, 2
_CPU = (1, 0)  # device type and number
_SMALLEST_ARRAY = 12
_HEAD_SIZE = 24  # magic, reserved field, number of arrays


def read(reader: Reader) -> dict[str, torch.Tensor] | list[torch.Tensor]:
    """All arrays: a dict if the file names them, else a list (also when there are none)."""
    reader.skip(len(MAGIC), "the list's magic")
    reader.skip(8, "the reserved field")
    count = reader.count(_SMALLEST_ARRAY, "arrays")
    tensors = [_read_array(reader, f"array {index}") for index in range(count)]
    at = reader.offset
    names = reader.count(8, "names")
    if names not in (0, count):
        raise reader.error(f"{names} names for {count} arrays", at)
    if not names:
        reader.finish()
        return tensors
    named: dict[str, torch.Tensor] = {}
    for tensor in tensors:
        at = reader.offset
        name = _read_name(reader)
        if name in named:
            raise reader.error(f"the name {name!r} occurs twice", at)
        named[name] = tensor
    reader.finish()
    return named


def layout(head: bytes) -> str:
    """What the first array's layout says of the writer; `head` is 40 bytes of the file, or all."""
    magic = int.from_bytes(head[_HEAD_SIZE : _HEAD_SIZE + 4], "little")
    return _LAYOUTS.get(magic, "V0, of MXNet before 0.12" if len(head) > _HEAD_SIZE + 8 else "empty")


def _read_name(reader: Reader) -> str:
    length = reader.number("Q", "a name's length")
    at = reader.offset
    raw = reader.take(length, "a name")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as cause:
        raise reader.error("a name is not UTF-8", at) from cause


def _read_array(reader: Reader, what: str) -> torch.Tensor:
    at = reader.offset
    magic = reader.number("I", f"{what}'s magic")
    if magic in (_V2, _V3):
        storage = reader.number("i", f"{what}'s storage type")
        if storage in (_ROW_SPARSE, _CSR):
            return _read_sparse(reader, what, storage)
        if storage != _DENSE:
            raise reader.error(f"{what} has storage type {storage}; known are 0 dense, 1 row_sparse, 2 csr", at + 4)
        shape = _read_shape(reader, what)
    elif magic == _V1:
        shape = _read_shape(reader, what)
    elif magic <= MAX_NDIM:  # before there was a magic the array began with its number of dimensions
        shape = reader.numbers(f"{magic}I", f"{what}'s shape")
    else:
        raise reader.error(f"{what} begins with {magic:#x}, which is no known array layout", at)
    if magic != _V3 and not shape:
        raise reader.error(f"{what} was never given a shape and holds no data", at)
    return reader.tensor(_read_device_and_dtype(reader, what), shape, what)


def _read_shape(reader: Reader, what: str) -> tuple[int, ...]:
    at = reader.offset
    ndim = reader.number("i", f"{what}'s number of dimensions")
    if ndim > MAX_NDIM:
        raise reader.error(f"{what} has {ndim} dimensions, at most {MAX_NDIM} are supported", at)
    shape = reader.numbers(f"{max(ndim, 0)}q", f"{what}'s shape")
    if ndim < 0 or any(size < 0 for size in shape):
        raise reader.error(f"{what} has a shape that is not known ({shape if ndim >= 0 else ndim})", at)
    return shape


def _read_device_and_dtype(reader: Reader, what: str) -> torch.dtype:
    reader.skip(8, f"{what}'s device")  # where it lived when it was saved: everything is loaded to the cpu
    return _read_dtype(reader, what)


def _read_dtype(reader: Reader, what: str) -> torch.dtype:
    at = reader.offset
    code = reader.number("i", f"{what}'s dtype")
    if code not in DTYPE_OF_CODE:
        raise reader.error(f"{what} has dtype code {code}; known are 0 to {max(DTYPE_OF_CODE)}", at)
    return DTYPE_OF_CODE[code]


def _read_sparse(reader: Reader, what: str, storage: int) -> torch.Tensor:
    at = reader.offset
    stored = _read_shape(reader, f"{what}'s stored part")
    shape = _read_shape(reader, what)
    dtype = _read_device_and_dtype(reader, what)
    if len(shape) < 1 or (storage == _CSR and len(shape) != 2):
        raise reader.error(f"{what} is sparse and has shape {shape}", at)
    indices = [f"{what}'s row pointers", f"{what}'s columns"] if storage == _CSR else [f"{what}'s row numbers"]
    headers = [(_read_index_dtype(reader, label), _read_shape(reader, label), label) for label in indices]
    # The first dimension of `stored` is taken from the indices: 1.9.1 writes 0 there for an array whose
    # computation had not finished when it was saved.
    data_shape = (math.prod(headers[-1][1]), *(() if storage == _CSR else shape[1:]))
    if len(stored) != len(data_shape) or stored[1:] != data_shape[1:]:
        raise reader.error(f"{what} stores a part of shape {stored} of shape {shape}", at)
    reader.check_shape(shape, dtype, what)
    reader.grant(math.prod(shape) * dtype.itemsize, what)
    data = reader.tensor(dtype, data_shape, what)
    parts = [reader.tensor(kind, size, label).long().reshape(-1) for kind, size, label in headers]
    if reader.shapes_only:
        return torch.empty(shape, dtype=dtype, device="meta")
    try:
        return (dense_from_csr if storage == _CSR else dense_from_rows)(shape, data, *parts)
    except IndexError as cause:
        raise reader.error(f"{what}: {cause}", at) from cause


def _read_index_dtype(reader: Reader, what: str) -> torch.dtype:
    at = reader.offset
    dtype = _read_dtype(reader, what)
    if dtype not in (torch.int64, torch.int32):
        raise reader.error(f"{what} must be int64 or int32, not {dtype}", at)
    return dtype


def save(
    path: str | os.PathLike,
    data: Mapping[str, torch.Tensor] | Sequence[torch.Tensor],
    layout: Literal["auto", "v2", "v3"] = "auto",
) -> None:
    """Write `data` as an NDArray list, atomically.

    Parameters
    ----------
    path : where to; an older file there stays whole if anything fails.
    data : dict of str to tensor, or list of tensors, of any device and any strides.
    layout : ``"v2"`` is what 1.9.1 writes; ``load_parameters`` of both MXNet 1.9.1 and 2.0 reads it, but
        no other function of 2.0. ``"v3"`` is what ``mx.nd.save`` of 2.0 writes: read by everything in 2.0, by
        1.9.1 under ``npx.set_np()`` only. ``"auto"`` takes v2 unless an array has no dimensions or no
        elements, which only v3 can say.

    Raises
    ------
    TypeError
        For something that is not a strided tensor of a dtype that MXNet has, or a name that is not a string.
    ValueError
        For ``layout="v2"`` and an array without dimensions or elements.
    MXNetError
        `FileAccessError` if the file cannot be written.
    """
    if layout not in ("auto", "v2", "v3"):
        raise ValueError(f"layout must be 'auto', 'v2' or 'v3', got {layout!r}")
    names, tensors = named_tensors(data)
    needs_v3 = any(tensor.ndim == 0 or tensor.numel() == 0 for tensor in tensors)
    if needs_v3 and layout == "v2":
        raise ValueError("layout 'v2' cannot hold an array without dimensions or elements: use 'v3' or 'auto'")
    magic = _V3 if layout == "v3" or needs_v3 else _V2
    raw_names = [name.encode("utf-8") for name in names]
    with atomic_write(path) as file:
        for chunk in _chunks(magic, raw_names, tensors):
            file.write(chunk)


def _chunks(magic: int, names: list[bytes], tensors: list[torch.Tensor]) -> Iterator[bytes | memoryview]:
    yield MAGIC + struct.pack("<QQ", 0, len(tensors))
    for tensor in tensors:
        yield struct.pack(f"<Iii{tensor.ndim}q", magic, _DENSE, tensor.ndim, *tensor.shape)
        yield struct.pack("<iii", *_CPU, CODE_OF[tensor.dtype])
        yield tensor_bytes(tensor)
    yield struct.pack("<Q", len(names))
    for name in names:
        yield struct.pack("<Q", len(name)) + name
