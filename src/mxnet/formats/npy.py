"""NumPy's .npy: one array; also each member of an .npz. The header is matched, never evaluated."""

from __future__ import annotations

import io
import os
import re

import numpy
import torch

from ._dtypes import BFLOAT16_DESCR, DESCR_OF, DTYPE_OF_DESCR
from ._reader import MAX_NDIM, Reader
from ._writer import atomic_write, named_tensors, tensor_bytes

__all__ = ["MAGIC", "header", "read", "save"]

MAGIC = b"\x93NUMPY"
_LENGTH_FORMAT = {(1, 0): "H", (2, 0): "I", (3, 0): "I"}
_MAX_HEADER = 4096  # NumPy's own are of 118 bytes unless there are dozens of dimensions
_FIELD = re.compile(
    r"""\s*['"](?P<key>descr|fortran_order|shape)['"]\s*:\s*
        (?: ['"](?P<text>[^'"]*)['"] | (?P<flag>True|False)
          | \((?P<sizes>[0-9,\s]*)\) | (?P<fields>\[[^\]]*\]) )
        \s*(?:,|(?=\s*\}))""",
    re.VERBOSE,
)
_BFLOAT16_FIELDS = re.sub(r"\s", "", str(list(BFLOAT16_DESCR)))


def read(reader: Reader, what: str = "the array") -> torch.Tensor:
    """The array, which must fill what remains of `reader`."""
    dtype, fortran_order, shape = _read_header(reader, what)
    tensor = reader.tensor(dtype, shape[::-1] if fortran_order else shape, what)
    reader.finish()
    return tensor.permute(*range(len(shape))[::-1]).contiguous() if fortran_order else tensor


def _read_header(reader: Reader, what: str) -> tuple[torch.dtype, bool, tuple[int, ...]]:
    at = reader.offset
    if reader.take(len(MAGIC), f"{what}'s magic") != MAGIC:
        raise reader.error(f"{what} does not begin as a .npy", at)
    version = reader.numbers("2B", f"{what}'s version")
    if version not in _LENGTH_FORMAT:
        raise reader.error(f"{what} is .npy of version {version[0]}.{version[1]}; known are 1.0, 2.0 and 3.0", at)
    length = reader.number(_LENGTH_FORMAT[version], f"{what}'s header length")
    if length > _MAX_HEADER:
        raise reader.error(f"{what}'s header has {length} bytes, at most {_MAX_HEADER} are read")
    at = reader.offset
    fields = _parse(reader.take(length, f"{what}'s header").decode("latin-1"))
    if fields is None:
        raise reader.error(f"{what}'s header is not a dict of descr, fortran_order and shape", at)
    descr, fortran_order, shape = fields
    if "O" in descr:
        raise reader.error(f"{what} holds Python objects ({descr}): pickles are never loaded", at)
    if descr == _BFLOAT16_FIELDS:
        return torch.bfloat16, fortran_order, shape
    if descr not in DTYPE_OF_DESCR:
        known = ", ".join(descr for descr in DTYPE_OF_DESCR if isinstance(descr, str) and "V" not in descr)
        raise reader.error(f"{what} has dtype {descr}; supported are {known} and bfloat16", at)
    return DTYPE_OF_DESCR[descr], fortran_order, shape


def _parse(text: str) -> tuple[str, bool, tuple[int, ...]] | None:
    """descr, fortran_order and shape of a header, None if it has any other form."""
    text = text.strip()
    fields: dict[str, re.Match] = {}
    position = 1
    while match := _FIELD.match(text, position):
        if match["key"] in fields:
            return None
        fields[match["key"]] = match
        position = match.end()
    if text[:1] != "{" or text[position:].strip() != "}" or len(fields) != 3:
        return None
    descr = fields["descr"]["text"] or fields["descr"]["fields"]
    flag, sizes = fields["fortran_order"]["flag"], fields["shape"]["sizes"]
    shape = None if sizes is None else _parse_shape(sizes)
    if descr is None or flag is None or shape is None:
        return None
    return re.sub(r"\s", "", descr), flag == "True", shape


def _parse_shape(text: str) -> tuple[int, ...] | None:
    """The sizes of ``"2, 3"``; one alone has a comma after it, as in Python."""
    parts = [part.strip() for part in text.split(",")]
    if parts[-1] == "":
        parts.pop()
    elif len(parts) == 1:
        return None
    # 19 digits hold every 64-bit size; longer numbers would only cost time
    if len(parts) > MAX_NDIM or not all(re.fullmatch(r"[0-9]{1,19}", part) for part in parts):
        return None
    return tuple(map(int, parts))


def header(tensor: torch.Tensor) -> bytes:
    """Magic, version and header for `tensor` in C order, padded as NumPy does to a multiple of 64 bytes."""
    descr = DESCR_OF[tensor.dtype]
    file = io.BytesIO()
    numpy.lib.format.write_array_header_1_0(
        file,
        {
            "descr": list(descr) if isinstance(descr, tuple) else descr,
            "fortran_order": False,
            "shape": tuple(tensor.shape),
        },
    )
    return file.getvalue()


def save(path: str | os.PathLike, tensor: torch.Tensor) -> None:
    """Write one tensor as .npy, atomically; errors as for `binary_list.save`."""
    named_tensors([tensor])
    with atomic_write(path) as file:
        file.write(header(tensor))
        file.write(tensor_bytes(tensor))
