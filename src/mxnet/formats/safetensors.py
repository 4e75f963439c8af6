"""Safetensors: what most of PyTorch's world exchanges parameters in. The README beside this file draws the bytes.

Not through the package `safetensors`: its reader gives no offsets in errors and no views of bytes that are mapped
already, and its writer makes a file of its own beside the one that `atomic_write` looks after. The tests have it read
what is written here, and write what is read.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from ._reader import Reader, open_buffer
from ._writer import atomic_write, named_tensors, tensor_bytes

__all__ = ["begins", "dump", "metadata", "parse", "read", "save"]

_METADATA = "__metadata__"
_LENGTH_SIZE = 8
_ALIGNMENT = 64
_MAX_HEADER = 100_000_000  # what the package reads at most, too
_DTYPES = {
    "F32": torch.float32,
    "F64": torch.float64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "U16": torch.uint16,
    "U32": torch.uint32,
    "U64": torch.uint64,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


def begins(head: bytes) -> bool:
    """Whether a file that begins so is safetensors: there is no magic number, but a length and a JSON object."""
    return (
        head[_LENGTH_SIZE : _LENGTH_SIZE + 1] == b"{" and int.from_bytes(head[:_LENGTH_SIZE], "little") <= _MAX_HEADER
    )


def read(reader: Reader) -> dict[str, torch.Tensor]:
    """All tensors by name, in the header's order."""
    header = _read_header(reader)
    header.pop(_METADATA, None)
    start = reader.offset
    places = {name: _place(reader, name, entry) for name, entry in header.items()}
    tensors: dict[str, torch.Tensor] = {}
    # In the order of their bytes, which must leave no gap: what nobody looks at is a place to hide things.
    for name, (dtype, shape, begin, end) in sorted(places.items(), key=lambda item: item[1][2:]):
        if start + begin != reader.offset:
            raise reader.error(f"tensor {name!r} begins at byte {start + begin}: the tensors overlap or leave a gap")
        if math.prod(shape) * dtype.itemsize != end - begin:
            raise reader.error(f"tensor {name!r} of {dtype} and shape {shape} has {end - begin} bytes")
        tensors[name] = reader.tensor(dtype, shape, f"tensor {name!r}")
    reader.finish()
    return {name: tensors[name] for name in header}


def metadata(reader: Reader) -> dict[str, str]:
    """The texts in the header that describe the file."""
    return _read_header(reader).get(_METADATA, {})


def _read_header(reader: Reader) -> dict[str, Any]:
    """The header's object, in which ``__metadata__`` is texts if it is there."""
    length = reader.number("Q", "the header's length")
    if length > _MAX_HEADER:
        raise reader.error(f"the header has {length} bytes, at most {_MAX_HEADER} are read", 0)
    at = reader.offset
    raw = reader.take(length, "the header")
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_twins)
    # RecursionError is what json raises for brackets in brackets; numbers without end are a ValueError
    except (ValueError, RecursionError) as cause:
        raise reader.error(f"the header is not JSON: {cause}", at) from cause
    if not isinstance(header, dict):
        raise reader.error("the header is not a JSON object", at)
    texts = header.get(_METADATA, {})
    if not isinstance(texts, dict) or not all(isinstance(value, str) for value in texts.values()):
        raise reader.error(f"the header's {_METADATA} is not an object of texts", at)
    return header


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name!r:.80} occurs twice")
        found[name] = value
    return found


def _place(reader: Reader, name: str, entry: Any) -> tuple[torch.dtype, tuple[int, ...], int, int]:
    """Type, shape, first byte and end of a tensor, as the header tells them."""
    at = _LENGTH_SIZE
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise reader.error(f"tensor {name!r} is not described by dtype, shape and data_offsets", at)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise reader.error(f"tensor {name!r} has dtype {dtype!r:.40}; supported are {', '.join(_DTYPES)}", at)
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise reader.error(f"tensor {name!r} has shape {shape!r:.80} and data_offsets {offsets!r:.80}", at)
    return _DTYPES[dtype], tuple(shape), *offsets


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 1 << 63 for value in values)


def save(
    path: str | os.PathLike,
    data: Mapping[str, torch.Tensor] | Sequence[torch.Tensor],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write `data` as safetensors, atomically; a list's arrays are named ``arr_0``, ``arr_1``, ...

    Names stay in their order. The same arrays always give the same bytes. Errors as for `binary_list.save`.

    Parameters
    ----------
    path : path
    data : dict of str to tensor, or list of tensors, of any device and any strides.
    metadata : dict of str to str, optional
        What the file shall say of itself; `mxnet.formats.describe` reads it.

    Raises
    ------
    ValueError
        For the name ``__metadata__``, which the format keeps to itself.
    """
    pieces = _pieces(data, metadata)
    first = next(pieces)  # what is wrong is raised before there is a file
    with atomic_write(path) as file:
        file.write(first)
        file.writelines(pieces)


def dump(data: Mapping[str, torch.Tensor] | Sequence[torch.Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of the file that `save` writes."""
    return b"".join(_pieces(data, metadata))


def parse(data: bytes, name: str = "<buffer>") -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors and the metadata in the bytes of a file, which are copied; errors call it `name`."""
    reader = open_buffer(data, name)
    return read(reader), metadata(reader.window(0, len(data)))


def _pieces(
    data: Mapping[str, torch.Tensor] | Sequence[torch.Tensor], metadata: Mapping[str, str] | None
) -> Iterator[bytes | memoryview]:
    """The header, and the bytes of each tensor."""
    names, tensors = named_tensors(data)
    names = names or [f"arr_{index}" for index in range(len(tensors))]
    if _METADATA in names:
        raise ValueError(f"safetensors keeps the name {_METADATA!r} to itself")
    texts = dict(metadata or {})
    if not all(isinstance(text, str) for pair in texts.items() for text in pair):
        raise TypeError(f"metadata must be a dict of str to str, got {texts!r:.80}")
    header = {_METADATA: texts} if texts else {}
    # Wide elements first, so that each lies where its type may lie in memory.
    order = sorted(range(len(tensors)), key=lambda index: -tensors[index].dtype.itemsize)
    header |= dict(zip(names, _entries(tensors, order), strict=True))
    raw = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    raw += b" " * (-len(raw) % _ALIGNMENT)
    yield len(raw).to_bytes(_LENGTH_SIZE, "little") + raw
    for index in order:
        yield tensor_bytes(tensors[index])


def _entries(tensors: Sequence[torch.Tensor], order: Sequence[int]) -> list[dict[str, Any]]:
    """What the header says of each tensor, if their bytes are written in `order`."""
    places: dict[int, tuple[int, int]] = {}
    end = 0
    for index in order:
        begin, end = end, end + tensors[index].numel() * tensors[index].dtype.itemsize
        places[index] = begin, end
    return [
        {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": list(places[index])}
        for index, tensor in enumerate(tensors)
    ]
