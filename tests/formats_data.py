"""What the tests of `mxnet.formats` share: genuine files, hand-made bytes, tensors to round-trip."""

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as onp
import torch
from hypothesis import strategies as st

GENUINE = Path(__file__).parent / "reference" / "formats"
DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.bool,
    torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64,
]  # fmt: skip


def genuine_files():
    """(file, what genuine MXNet loads from it) for each file it wrote."""
    for version in ("1.9.1", "2.0.0b1"):
        expected = json.loads((GENUINE / f"{version}.json").read_text())
        for name, arrays in expected.items():
            yield GENUINE / f"{version}-{name}", arrays


def assert_same(actual, expected):
    """Equal structure, names in order, dtypes, shapes and bytes."""
    assert type(actual) is type(expected)
    if isinstance(expected, dict):
        assert list(actual) == list(expected)
        actual, expected = list(actual.values()), list(expected.values())
    assert len(actual) == len(expected)
    for left, right in zip(actual, expected, strict=True):
        assert (left.dtype, left.shape) == (right.dtype, right.shape)
        assert raw(left) == raw(right)


def raw(tensor):
    """The bytes in C order, taken another way than the writers do."""
    same_size = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.dtype.itemsize]
    return tensor.contiguous().view(same_size).numpy().tobytes()


@st.composite
def tensors(draw):
    """A tensor of any dtype and shape, scalars and empty ones included, of random bits, perhaps strided."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    size = int(onp.prod(shape, dtype=int)) * dtype.itemsize
    data = torch.tensor(list(draw(st.binary(min_size=size, max_size=size))), dtype=torch.uint8)
    tensor = (data % 2 if dtype is torch.bool else data).view(dtype).reshape(shape)
    return tensor.transpose(0, -1) if shape and draw(st.booleans()) else tensor


names = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=8)
collections = st.lists(tensors(), max_size=4) | st.dictionaries(names, tensors(), max_size=4)


def list_file(arrays, label_bytes=()):
    """An NDArray list of arrays given as bytes."""
    labels = b"".join(struct.pack("<Q", len(label)) + label for label in label_bytes)
    return struct.pack("<QQQ", 0x112, 0, len(arrays)) + b"".join(arrays) + struct.pack("<Q", len(label_bytes)) + labels


def dense(shape, data=b"", code=0, magic=0xF993FACA, storage=0, ndim=None):
    """One dense array of layout V2 or V3."""
    ndim = len(shape) if ndim is None else ndim
    return struct.pack(f"<Iii{len(shape)}q", magic, storage, ndim, *shape) + struct.pack("<iii", 1, 0, code) + data


def row_sparse(shape, rows, row_data):
    """A row_sparse float32 array."""
    head = struct.pack(f"<Iii{len(shape)}q", 0xF993FAC9, 1, len(shape), len(rows), *shape[1:])
    head += struct.pack(f"<i{len(shape)}qiii", len(shape), *shape, 1, 0, 0)
    return head + struct.pack("<iiq", 6, 1, len(rows)) + row_data + struct.pack(f"<{len(rows)}q", *rows)


def csr(shape, pointers, columns, data):
    """A csr float32 matrix."""
    head = struct.pack("<Iiiq", 0xF993FAC9, 2, 1, len(columns)) + struct.pack("<i2qiii", 2, *shape, 1, 0, 0)
    head += struct.pack("<iiqiiq", 6, 1, len(pointers), 6, 1, len(columns))
    return head + data + struct.pack(f"<{len(pointers) + len(columns)}q", *pointers, *columns)


def npy_file(header, data=b"", version=(1, 0)):
    """A .npy with this text as its header."""
    text = header.encode("latin-1")
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + data


def numpy_npy(array):
    """What NumPy itself writes."""
    file = io.BytesIO()
    onp.save(file, array)
    return file.getvalue()


def zip_file(*members, method=zipfile.ZIP_STORED):
    """A zip of (name or ZipInfo, bytes)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()
