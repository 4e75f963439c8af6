"""npz and npy: NumPy and genuine files read, NumPy reading ours, round trips, every refusal."""

import re
import stat
import struct
import zipfile
import zlib

import numpy as onp
import pytest
import torch
from formats_data import (
    DTYPES,
    GENUINE,
    assert_same,
    collections,
    npy_file,
    numpy_npy,
    zip_file,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from mxnet.base import MXNetError
from mxnet.formats import FileFormatError, load, load_buffer, save_npy, save_npz

ONES = numpy_npy(onp.ones(3, "f4"))
HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n"
TWELVE = bytes(12)


@given(collections)
@settings(max_examples=60)
def test_round_trip(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    save_npz(path, data)
    named = data if isinstance(data, dict) else {f"arr_{index}": tensor for index, tensor in enumerate(data)}
    assert_same(load(path), named or [])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_numpy_reads_ours(dtype, tmp_path):
    tensor = torch.tensor([[0, 1, 2], [3, 1, 0]]).to(dtype)
    save_npz(tmp_path / "x.npz", {"a/b:c": tensor, "zero": tensor[0, 0], "none": tensor[:0]})
    save_npy(tmp_path / "x.npy", tensor)
    with onp.load(tmp_path / "x.npz", allow_pickle=False) as arrays:
        assert arrays["zero"].shape == ()
        assert arrays["none"].shape == (0, 3)
        for array in (arrays["a/b:c"], onp.load(tmp_path / "x.npy", allow_pickle=False)):
            if dtype is torch.bfloat16:
                assert array.dtype.names == ("bfloat16",)
                array = (array["bfloat16"].astype("u4") << 16).view("f4")
            onp.testing.assert_array_equal(array, tensor.float() if dtype is torch.bfloat16 else tensor.numpy())


@pytest.mark.parametrize("writer", [onp.savez, onp.savez_compressed])
def test_numpys_files_are_read(writer, tmp_path):
    matrix = onp.arange(6.0).reshape(2, 3)
    writer(
        tmp_path / "x",
        c=matrix,
        f=onp.asfortranarray(matrix),
        zero=onp.float32(3),
        none=onp.zeros((0, 2), "i2"),
    )
    loaded = load(tmp_path / "x.npz")
    assert all(tensor.is_contiguous() for tensor in loaded.values())
    expected = {"c": torch.tensor(matrix), "f": torch.tensor(matrix), "zero": torch.tensor(3.0)}
    assert_same(loaded, expected | {"none": torch.empty(0, 2, dtype=torch.int16)})


def test_npy_bytes_are_genuine_mxnets(tmp_path):
    save_npy(tmp_path / "x", load(GENUINE / "2.0.0b1-array.npy"))
    assert (tmp_path / "x").read_bytes() == (GENUINE / "2.0.0b1-array.npy").read_bytes()


@pytest.mark.parametrize("name", ["dtypes", "odd", "bfloat16", "positional", "empty"])
def test_npz_members_are_genuine_mxnets(name, tmp_path):
    """The members' bytes; the zip around them differs (dates, alignment, no data descriptors)."""
    genuine = GENUINE / f"2.0.0b1-{name}.npz"
    save_npz(tmp_path / "x", load(genuine))
    with zipfile.ZipFile(genuine) as theirs, zipfile.ZipFile(tmp_path / "x") as ours:
        assert {n: ours.read(n) for n in ours.namelist()} == {n: theirs.read(n) for n in theirs.namelist()}


def test_elements_lie_aligned_and_bytes_depend_on_the_data_only(tmp_path):
    data = {
        "a": torch.ones(3, dtype=torch.uint8),
        "longer/name": torch.ones(5),
        "é": torch.ones(1, 7).double(),
    }
    save_npz(tmp_path / "x", data)
    save_npz(tmp_path / "y", data)
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()
    assert all(tensor.data_ptr() % 64 == 0 for tensor in load(tmp_path / "x").values())


@pytest.mark.parametrize(
    "header",
    [
        "{'shape': (3,), 'fortran_order': False, 'descr': '<f4'}",
        '{"descr":"<f4","fortran_order":False,"shape":(3,)}   \n',
        "{'descr': '<f4', 'fortran_order': True, 'shape': ( 3 , ), }",
    ],
)
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_headers_of_other_writers(header, version):
    assert_same([load_buffer(npy_file(header, onp.ones(3, "f4").tobytes(), version))], [torch.ones(3)])


def test_bfloat16_of_ml_dtypes():
    header = "{'descr': '<V2', 'fortran_order': False, 'shape': (2,), }"
    assert_same([load_buffer(npy_file(header, b"\x80\x3f\x20\xc0"))], [torch.tensor([1, -2.5]).bfloat16()])


BAD_NPY = {
    "objects": (numpy_npy(onp.array([None], object)), "Python objects"),
    "object field": (npy_file(HEADER.replace("'<f4'", "[('a', '|O')]")), "Python objects"),
    "structure": (numpy_npy(onp.zeros(1, [("a", "f4"), ("b", "i2")])), "dtype"),
    "complex": (numpy_npy(onp.zeros(1, "c8")), "dtype <c8"),
    "text": (numpy_npy(onp.zeros(1, "U3")), "dtype <U3"),
    "big-endian": (numpy_npy(onp.zeros(1, ">f4")), "dtype >f4"),
    "version": (npy_file(HEADER, TWELVE, (4, 0)), "version 4.0"),
    "data missing": (npy_file(HEADER, TWELVE[:-1]), "takes 12 bytes, but only 11 remain"),
    "data left": (npy_file(HEADER, TWELVE + b"x"), "1 bytes follow"),
    "long header": (npy_file(HEADER.ljust(5000), TWELVE), "5000 bytes, at most 4096"),
    "header beyond the file": (npy_file(HEADER)[:20], "takes 58 bytes"),
    "huge header": (b"\x93NUMPY\2\0\xff\xff\xff\xff", "4294967295 bytes, at most"),
    "huge shape": (npy_file(HEADER.replace("3,", "3, 4000000000")), "takes 48000000000 bytes"),
    "overflow": (npy_file(HEADER.replace("3,", "9000000000000000000, 9")), "too large"),
    "endless digits": (npy_file(HEADER.replace("3,", "9" * 3000 + ",")), "not a dict of"),
    "65 dimensions": (npy_file(HEADER.replace("3,", "1," * 65)), "not a dict of"),
} | {
    f"header {text!r}": (npy_file(text, TWELVE), "not a dict of")
    for text in [
        "", "{}", "{", "}", HEADER[:-4], HEADER + "x", HEADER * 2, "(" * 4000, "-" * 4000 + "1",
        "{'descr': '<f4'}", "{" * 2000 + "}" * 2000, HEADER.replace("'<f4'", "__import__('os').abort()"),
        HEADER.replace("(3,)", "(3)"), HEADER.replace("(3,)", "(-3,)"), HEADER.replace("(3,)", "(3.0,)"),
        HEADER.replace("(3,)", "(,)"), HEADER.replace("(3,)", "(1 2,)"), HEADER.replace("(3,)", "(\u00b2,)"),
        HEADER.replace("False", "0"), HEADER.replace("False", "'False'"), HEADER.replace("'<f4'", "True"),
        HEADER.replace("}", "'shape': (3,)}"),
    ]
}  # fmt: skip


@pytest.mark.parametrize("inside", [False, True], ids=["npy", "npz"])
@pytest.mark.parametrize(("data", "cause"), BAD_NPY.values(), ids=list(map(str, range(len(BAD_NPY)))))
def test_bad_array_is_refused(data, cause, inside):
    with pytest.raises(FileFormatError, match=cause) as caught:
        load_buffer(zip_file(("x.npy", data)) if inside else data, "bad")
    assert re.match(r"bad: at byte \d+: ", str(caught.value))
    assert ("'x.npy'" in str(caught.value)) is (inside and "follow" not in cause)


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def patched(data, where, replacement):
    """`data` with bytes replaced, `where` counted from the directory's first entry."""
    start = data.index(b"PK\x01\x02") + where
    return data[:start] + replacement + data[start + len(replacement) :]


ONE_MEMBER = zip_file(("x.npy", ONES))
DEFLATED = zip_file(("x.npy", ONES), method=zipfile.ZIP_DEFLATED)
BAD_ZIP = {
    "absolute": (zip_file(("/x.npy", ONES)), "leaves the archive"),
    "parent": (zip_file(("a/../../x.npy", ONES)), "leaves the archive"),
    "windows parent": (zip_file(("..\\x.npy", ONES)), "leaves the archive"),
    "link": (zip_file((link("x.npy"), ONES)), "is a link"),
    "folder": (zip_file(("x/", b"")), "not a .npy"),
    "text": (zip_file(("x.npy", ONES), ("README", b"hello")), "'README' is not a .npy"),
    "checkpoint of PyTorch": (zip_file(("archive/data.pkl", b"\x80\x02")), "pickles are never loaded"),
    "lzma": (zip_file(("x.npy", ONES), method=zipfile.ZIP_LZMA), "compressed by method 14"),
    "encrypted": (patched(ONE_MEMBER, 8, b"\1\0"), "encrypted"),
    "crc": (patched(ONE_MEMBER, 16, b"\0\0\0\0"), "checksum"),
    "other name": (patched(ONE_MEMBER, 46, b"y"), "another name"),
    "other method": (patched(ONE_MEMBER, 10, b"\x08\0"), "contradicts"),
    "stored, sizes differ": (patched(ONE_MEMBER, 24, b"\0\0\0\1"), "declares sizes"),
    "stored size beyond the file": (patched(ONE_MEMBER, 20, b"\xff\xff\0\0\xff\xff\0\0"), "takes 65535"),
    "offset beyond the file": (patched(ONE_MEMBER, 42, b"\xff\xff\0\0"), "outside the file"),
    "offset at nothing": (patched(ONE_MEMBER, 42, b"\1\0\0\0"), "contradicts"),
    "inflates to less": (patched(DEFLATED, 24, b"\0\1\0\0"), "does not inflate to the 256"),
    "inflates to more": (patched(DEFLATED, 24, b"\1\0\0\0"), "does not inflate to the 1 bytes"),
    "inflates to something": (patched(DEFLATED, 24, b"\0\0\0\0"), "does not inflate to the 0 bytes"),
    "declares gigabytes": (patched(DEFLATED, 24, b"\0\0\0\xf0"), "would expand to 4026531840 bytes"),
    "bytes after the end": (ONE_MEMBER + b"x", "does not end the file"),
    "directory elsewhere": (ONE_MEMBER[:-6] + b"\xff\xff\xff\x7f\0\0", "cannot be read|outside|contradicts"),
    "directory too large": (ONE_MEMBER[:-10] + b"\xff\xff\xff\x7f" + ONE_MEMBER[-6:], "cannot be read"),
    "empty, and more": (b"PK\5\6" + bytes(19), "begins with its end"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "cause"), BAD_ZIP.values(), ids=BAD_ZIP.keys())
def test_bad_archive_is_refused(data, cause):
    with pytest.raises(FileFormatError, match=cause) as caught:
        load_buffer(data, "bad.npz")
    assert re.match(r"bad\.npz: at byte \d+: ", str(caught.value))


def test_duplicate_members_are_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zip_file(("x.npy", ONES), ("x.npy", ONES))
    with pytest.raises(FileFormatError, match="occurs twice"):
        load_buffer(data)


def test_overlapping_members_are_refused():
    """Two entries of the directory that share one member's bytes, as in a zip bomb without nesting."""
    data = zip_file(("x.npy", ONES), ("y.npy", ONES))
    second = data.rindex(b"PK\x01\x02")
    with pytest.raises(FileFormatError, match="overlaps"):
        load_buffer(data[: second + 42] + bytes(4) + data[second + 46 :])


def test_broken_deflate_stream_is_refused():
    data = bytearray(DEFLATED)
    data[35:40] = b"\xff" * 5
    with pytest.raises(FileFormatError, match="cannot be inflated"):
        load_buffer(data)


def test_bomb_is_refused_and_zeros_are_not(tmp_path):
    zeros = npy_file("{'descr': '|u1', 'fortran_order': False, 'shape': (8000000,)}", bytes(8000000))
    small = zip_file(("x.npy", zeros), method=zipfile.ZIP_DEFLATED)
    assert len(small) < 10000
    assert load_buffer(small)["x"].shape == (8000000,)
    bomb = zip_file(*((f"{name}.npy", zeros) for name in "abc"), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(FileFormatError, match="member 'c.npy' would expand"):
        load_buffer(bomb)


@pytest.mark.parametrize("name", ["2.0.0b1-odd.npz", "2.0.0b1-array.npy"])
def test_file_cut_anywhere_is_refused(name):
    data = (GENUINE / name).read_bytes()
    for size in range(len(data)):
        with pytest.raises(MXNetError, match=r"^cut: at byte \d+: "):
            load_buffer(data[:size], "cut")


@given(st.text(max_size=80))
@settings(max_examples=200)
def test_any_header_text_is_an_array_or_an_error(text):
    data = npy_file(text.encode("utf-8").decode("latin-1"), TWELVE)
    with pytest.raises(FileFormatError):
        load_buffer(data)


@pytest.mark.parametrize("name", ["../x", "/x", "a/../b", "x\0y", "n" * 70000])
def test_names_that_cannot_be_read_back_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match="^the name "):
        save_npz(tmp_path / "x", {name: torch.ones(1)})
    assert not list(tmp_path.iterdir())


def test_crc_is_of_the_members_bytes():
    """A guard for the tests above: `patched` finds the fields it means."""
    entry = ONE_MEMBER.index(b"PK\x01\x02")
    assert struct.unpack_from("<I", ONE_MEMBER, entry + 16)[0] == zlib.crc32(ONES)
