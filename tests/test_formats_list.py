"""MXNet's NDArray list: genuine files read and written byte for byte, round trips, every refusal."""

import re
import struct

import pytest
import torch
from formats_data import (
    DTYPES,
    GENUINE,
    assert_same,
    collections,
    csr,
    dense,
    genuine_files,
    list_file,
    row_sparse,
)
from hypothesis import given, settings

from mxnet.base import MXNetError
from mxnet.formats import FileFormatError, load, load_buffer, save_list

ONE = struct.pack("<f", 1)


@pytest.mark.parametrize(("path", "expected"), [pytest.param(*row, id=row[0].name) for row in genuine_files()])
def test_genuine_file_loads_as_genuine_mxnet_loads_it(path, expected):
    loaded = load(path)
    if path.suffix == ".npy":
        loaded, expected = [loaded], [expected]
    assert isinstance(loaded, dict) == isinstance(expected, dict)
    if isinstance(expected, dict):
        assert set(loaded) == set(expected)  # genuine MXNet gives the members of an .npz in no order
        loaded, expected = [loaded[name] for name in expected], list(expected.values())
    assert len(loaded) == len(expected)
    for tensor, (dtype, shape, values) in zip(loaded, expected, strict=True):
        assert (str(tensor.dtype), list(tensor.shape)) == (f"torch.{dtype}", shape)
        assert tensor.reshape(-1).tolist() == values


@pytest.mark.parametrize(
    ("name", "layout"),
    [(f"1.9.1-{stem}.params", "v2") for stem in ("dtypes", "list", "empty", "bfloat16", "net", "net-0000")]
    + [(f"2.0.0b1-{stem}.params", "v3") for stem in ("dtypes", "list", "empty", "bfloat16", "odd")]
    + [("1.9.1-np.params", "auto")],
)
def test_written_bytes_are_genuine_mxnets(name, layout, tmp_path):
    save_list(tmp_path / "ours", load(GENUINE / name), layout)
    assert (tmp_path / "ours").read_bytes() == (GENUINE / name).read_bytes()


def test_sparse_files_are_read_dense():
    arrays = load(GENUINE / "1.9.1-sparse.params")
    assert_same([arrays["csr_float32"]], [torch.tensor([[0, 1, 0], [0, 0, 0], [2, 0, 3.0]])])
    assert_same([load(GENUINE / "1.9.1-sparse-unfinished.params")["x"]], [torch.tensor([[0, 1], [0, 0], [2, 3.0]])])


@given(collections)
@settings(max_examples=60)
def test_round_trip(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("list") / "x.params"
    save_list(path, data)
    assert_same(load(path), data or [])
    assert_same(load_buffer(path.read_bytes()), data or [])


def test_channels_last_and_gradient_tensors_are_written_in_logical_order(tmp_path):
    tensor = torch.arange(120.0).reshape(2, 3, 4, 5)
    save_list(tmp_path / "x", [tensor.to(memory_format=torch.channels_last).requires_grad_(), tensor[:, ::2].mT])
    assert_same(load(tmp_path / "x"), [tensor, tensor[:, ::2].mT.contiguous()])


def test_loaded_tensors_are_writable_and_leave_the_file_alone(tmp_path):
    path = tmp_path / "x"
    save_list(path, {"a": torch.zeros(3)})
    before = path.read_bytes()
    load(path)["a"] += 1
    assert path.read_bytes() == before


def test_unaligned_elements_are_read(tmp_path):
    arrays = [
        torch.tensor([7], dtype=torch.uint8),
        torch.tensor([1.5, -2]),
        torch.tensor([3], dtype=torch.int64),
    ]
    save_list(tmp_path / "x", arrays)
    loaded = load(tmp_path / "x")
    assert_same(loaded, arrays)
    assert all(tensor.data_ptr() % tensor.dtype.itemsize == 0 for tensor in loaded)


def test_bool_bytes_other_than_one_are_true():
    (tensor,) = load_buffer(list_file([dense((3,), b"\0\1\xff", code=7)]))
    assert tensor.to(torch.uint8).tolist() == [0, 1, 1]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_in_both_layouts(dtype, tmp_path):
    data = {"x": torch.tensor([[0, 1], [1, 0]]).to(dtype)}
    for layout, magic in (("v2", 0xF993FAC9), ("v3", 0xF993FACA), ("auto", 0xF993FAC9)):
        save_list(tmp_path / "x", data, layout)
        assert struct.unpack_from("<I", (tmp_path / "x").read_bytes(), 24)[0] == magic
        assert_same(load(tmp_path / "x"), data)


@pytest.mark.parametrize("odd", [torch.tensor(1.0), torch.empty(0, 3)])
def test_v3_is_taken_for_what_only_it_can_hold(odd, tmp_path):
    data = [torch.ones(2), odd]
    save_list(tmp_path / "x", data)
    assert_same(load(tmp_path / "x"), data)
    with pytest.raises(ValueError, match="without dimensions or elements"):
        save_list(tmp_path / "y", data, "v2")
    assert not (tmp_path / "y").exists()


HOSTILE = {
    "more arrays than bytes": (struct.pack("<QQQ", 0x112, 0, 1 << 62), 16, "arrays cannot fit"),
    "more names than bytes": (list_file([])[:-8] + struct.pack("<Q", 1 << 60), 24, "names cannot fit"),
    "names without arrays": (list_file([], [b"a"]), 24, "1 names for 0 arrays"),
    "fewer names than arrays": (list_file([dense((0,)), dense((0,))], [b"a"]), 88, "1 names for 2 arrays"),
    "longer name": (list_file([dense((0,))])[:-8] + struct.pack("<QQ", 1, 1 << 63), 72, "a name"),
    "name twice": (list_file([dense((0,)), dense((0,))], [b"a", b"a"]), 105, "'a' occurs twice"),
    "name that is no text": (list_file([dense((0,))], [b"\xff"]), 72, "not UTF-8"),
    "bytes after the end": (list_file([]) + b"\0", 32, "1 bytes follow"),
    "huge dimension": (list_file([dense((1 << 40,))]), 56, "only 8 remain"),
    "dimensions that overflow": (list_file([dense((1 << 62, 1 << 62))]), 64, "too large for any"),
    "empty, with strides that overflow": (list_file([dense((0, 1 << 62, 4))]), 72, "too large for any"),
    "negative dimension": (list_file([dense((-1,))]), 32, "not known"),
    "unknown shape": (list_file([dense((), ndim=-1)]), 32, "not known"),
    "too many dimensions": (list_file([dense((1,) * 65, ONE)]), 32, "65 dimensions"),
    "dimensions by the billion": (list_file([dense((), ndim=(1 << 31) - 1)]), 32, "at most 64"),
    "old layout without a shape": (list_file([struct.pack("<Iiii", 0, 1, 0, 0)]), 24, "holds no data"),
    "V2 without a shape": (list_file([dense((), magic=0xF993FAC9)]), 24, "holds no data"),
    "unknown layout": (list_file([struct.pack("<IIII", 0xF993FACB, 0, 0, 0)]), 24, "0xf993facb"),
    "unknown storage": (list_file([dense((1,), ONE, storage=7)]), 28, "storage type 7"),
    "unknown dtype": (list_file([dense((1,), ONE, code=13)]), 52, "dtype code 13"),
    "row out of range": (list_file([row_sparse((4, 1), [4], ONE)]), 32, "outside 0 to 3"),
    "negative row": (list_file([row_sparse((4, 1), [-1], ONE)]), 32, "outside 0 to 3"),
    "sparse bomb": (list_file([row_sparse((1 << 33, 1), [0], ONE)]), 100, "would expand to 34359738368"),
    "sparse bombs": (list_file([row_sparse((3 << 20, 1), [0], ONE)] * 2), None, "would expand to 12582912"),
    "csr pointers that fall": (list_file([csr((2, 2), [0, 2, 1], [0], ONE)]), 32, "do not divide"),
    "csr pointers too few": (list_file([csr((2, 2), [0, 1], [0], ONE)]), 32, "do not divide"),
    "csr without pointers": (list_file([csr((0, 2), [], [], b"")]), 32, "do not divide"),
    "csr column out of range": (list_file([csr((2, 2), [0, 1, 1], [2], ONE)]), 32, "outside 0 to 1"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "offset", "cause"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_file_is_refused(data, offset, cause):
    with pytest.raises(FileFormatError, match=cause) as caught:
        load_buffer(data, "bad.params")
    assert re.match(r"bad\.params: at byte \d+: ", str(caught.value))
    if offset is not None:
        assert f"at byte {offset}:" in str(caught.value)


@pytest.mark.parametrize("name", ["1.9.1-layout0.params", "1.9.1-sparse.params", "2.0.0b1-odd.params"])
def test_file_cut_anywhere_is_refused(name):
    data = (GENUINE / name).read_bytes()
    for size in range(len(data)):
        with pytest.raises(MXNetError, match=r"^cut: at byte \d+: "):
            load_buffer(data[:size], "cut")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (3, "got int"),
        (torch.ones(1), "got Tensor"),
        ({1: torch.ones(1)}, "names must be str, got 1"),
        ({"a": 3}, "'a' must be a torch.Tensor, got int"),
        ([torch.ones(1), None], "array 1 must be"),
        ({"c": torch.ones(1, dtype=torch.complex64)}, "'c' is torch.strided of complex64"),
        ([torch.ones(2, 2).to_sparse()], "sparse_coo"),
    ],
)
def test_what_cannot_be_written_is_refused_first(data, message, tmp_path):
    with pytest.raises(TypeError, match=message):
        save_list(tmp_path / "x", data)
    assert not list(tmp_path.iterdir())


def test_unknown_layout():
    with pytest.raises(ValueError, match="'auto', 'v2' or 'v3', got 'v1'"):
        save_list("nowhere", [], "v1")
