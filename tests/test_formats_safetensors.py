"""Safetensors: the package's files read and ours read by it, metadata, every refusal."""

import json
import re
import struct

import pytest
import safetensors
import safetensors.torch
import torch
from formats_data import DTYPES, assert_same, collections, raw
from hypothesis import given, settings
from hypothesis import strategies as st

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.formats import FileFormatError, describe, load, load_buffer, save_safetensors
from mxnet.formats import safetensors as safetensors_format


def file_of(header, data=b"", length=None):
    """A safetensors file of this header, an object or text."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_bytes_in_memory_are_those_of_the_file(tmp_path):
    data = {"a": torch.arange(6.0).view(2, 3).t(), "b": torch.tensor(True), "c": torch.zeros(0, 2)}
    save_safetensors(tmp_path / "x", data, {"made": "here"})
    written = safetensors_format.dump(data, {"made": "here"})
    assert written == (tmp_path / "x").read_bytes()
    assert_same(dict(sorted(safetensors.torch.load(written).items())), data)
    found, metadata = safetensors_format.parse(bytearray(written))
    assert_same(found, data)
    assert metadata == {"made": "here"}
    with pytest.raises(FileFormatError, match="states: at byte .* only 0 remain"):
        safetensors_format.parse(written[:-1], "states")


@given(collections)
@settings(max_examples=60)
def test_round_trip_and_the_packages_reader(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("safetensors") / "x"
    save_safetensors(path, data)
    named = data if isinstance(data, dict) else {f"arr_{index}": tensor for index, tensor in enumerate(data)}
    theirs = safetensors.torch.load_file(path)
    ours = load(path)
    assert ours.keys() == theirs.keys() == named.keys()
    for name, tensor in named.items():
        for read in (ours[name], theirs[name]):
            assert (read.dtype, read.shape, raw(read)) == (tensor.dtype, tensor.shape, raw(tensor))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_packages_files_are_read(dtype, tmp_path):
    data = {"x": torch.tensor([[0, 1, 2], [3, 1, 0]]).to(dtype), "none": torch.empty(0, 3, dtype=dtype)}
    safetensors.torch.save_file(data, tmp_path / "x", {"format": "pt"})
    loaded = load(tmp_path / "x")
    assert_same({name: loaded[name] for name in data}, data)
    assert_same(load_buffer(safetensors.torch.save(data)), loaded)


def test_order_of_the_header_is_kept():
    header = {"b": entry([1], 4, 8), "a": entry([1], 0, 4)}
    assert_same(
        load_buffer(file_of(header, struct.pack("<2f", 1, 2))), {"b": torch.tensor([2.0]), "a": torch.tensor([1.0])}
    )


def test_metadata(tmp_path):
    save_safetensors(tmp_path / "x", {"a": torch.ones(2)}, {"model": "mine", "é": "ü"})
    assert describe(tmp_path / "x").metadata == {"model": "mine", "é": "ü"}
    with safetensors.safe_open(tmp_path / "x", "pt") as file:
        assert file.metadata() == {"model": "mine", "é": "ü"}
    assert list(load(tmp_path / "x")) == ["a"]


def test_tensors_that_share_memory_or_have_strides(tmp_path):
    base = torch.arange(6.0).reshape(2, 3)
    data = {"base": base, "again": base, "turned": base.t(), "row": base[1]}
    save_safetensors(tmp_path / "x", data)
    loaded = load(tmp_path / "x")
    assert_same({name: loaded[name] for name in data}, data)


@pytest.mark.parametrize(
    ("data", "metadata", "error"),
    [
        ({"__metadata__": torch.ones(1)}, None, ValueError),
        ({"x": torch.ones(1)}, {"a": 1}, TypeError),
        ({1: torch.ones(1)}, None, TypeError),
        ({"x": torch.ones(1, dtype=torch.complex64)}, None, TypeError),
        ({"x": [1]}, None, TypeError),
    ],
)
def test_what_cannot_be_written(data, metadata, error, tmp_path):
    with pytest.raises(error):
        save_safetensors(tmp_path / "x", data, metadata)
    assert not list(tmp_path.iterdir())


FOUR, EIGHT = bytes(4), bytes(8)
BAD = {
    "header beyond the file": (file_of({"a": entry([1], 0, 4)}, length=1000), "the header takes 1000 bytes"),
    "no JSON": (file_of(b"{a: 1}"), "not JSON"),
    "no UTF-8": (file_of(b'{"\xff": 1}'), "not JSON"),
    "nested without end": (file_of(b'{"a":' + b"[" * 100_000), "not JSON"),
    "endless digits": (file_of(b'{"a": {"dtype": "F32", "shape": [' + b"9" * 5000 + b"]}}"), "not JSON"),
    "twice": (
        file_of(b'{"a": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}, "a": 1}'),
        "the name 'a' occurs twice",
    ),
    "a key twice": (file_of(b'{"a": {"dtype": "U8", "dtype": "U8"}}'), "the name 'dtype' occurs twice"),
    "entry is a number": (file_of({"a": 1}), "is not described by"),
    "entry lacks a field": (file_of({"a": {"dtype": "F32", "shape": []}}), "is not described by"),
    "entry has more": (file_of({"a": entry([1], 0, 4) | {"x": 1}}, FOUR), "is not described by"),
    "dtype unknown": (file_of({"a": entry([1], 0, 1, "F8_E4M3")}, b"x"), "has dtype 'F8_E4M3'; supported are F32"),
    "dtype is a list": (file_of({"a": entry([1], 0, 1, ["F32"])}, b"x"), r"has dtype \['F32'\]"),
    "shape is text": (file_of({"a": entry("1", 0, 4)}, FOUR), "has shape '1'"),
    "negative": (file_of({"a": entry([-1], 0, 4)}, FOUR), r"has shape \[-1\]"),
    "true": (file_of({"a": entry([True], 0, 4)}, FOUR), r"has shape \[True\]"),
    "float": (file_of({"a": entry([1.0], 0, 4)}, FOUR), r"has shape \[1.0\]"),
    "NaN": (file_of(b'{"a": {"dtype": "F32", "shape": [NaN], "data_offsets": [0, 4]}}', FOUR), "has shape"),
    "too large": (file_of({"a": entry([1 << 64], 0, 4)}, FOUR), "has shape"),
    "three offsets": (file_of({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 4]}}, FOUR), "data_offsets"),
    "backwards": (file_of({"a": entry([1], 4, 0)}, FOUR), "data_offsets"),
    "size contradicts": (file_of({"a": entry([2], 0, 4)}, FOUR), "has 4 bytes"),
    "overflow": (file_of({"a": entry([1 << 62, 1 << 62, 0], 0, 0)}), "too large for any memory"),
    "65 dimensions": (file_of({"a": entry([1] * 65, 0, 4)}, FOUR), "65 dimensions"),
    "beyond the file": (file_of({"a": entry([3], 0, 12)}, FOUR), "takes 12 bytes, but only 4 remain"),
    "gap": (file_of({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, bytes(12)), "overlap or leave a gap"),
    "overlap": (file_of({"a": entry([1], 0, 4), "b": entry([1], 0, 4)}, EIGHT), "overlap or leave a gap"),
    "gap at the start": (file_of({"a": entry([1], 4, 8)}, EIGHT), "overlap or leave a gap"),
    "bytes at the end": (file_of({"a": entry([1], 0, 4)}, EIGHT), "4 bytes follow"),
    "metadata of numbers": (file_of({"__metadata__": {"a": 1}}), "not an object of texts"),
    "metadata is a list": (file_of({"__metadata__": []}), "not an object of texts"),
}


@pytest.mark.parametrize(("data", "cause"), BAD.values(), ids=BAD.keys())
def test_bad_file_is_refused(data, cause, tmp_path):
    with pytest.raises(FileFormatError, match=cause) as caught:
        load_buffer(data, "bad")
    assert re.match(r"bad: at byte \d+: ", str(caught.value))
    (tmp_path / "bad").write_bytes(data)
    with pytest.raises(FileFormatError, match=cause):
        describe(tmp_path / "bad")


def test_file_cut_anywhere_is_refused():
    data = safetensors.torch.save({"a": torch.ones(2, 2), "b": torch.ones(3, dtype=torch.int8)})
    for size in range(len(data)):
        with pytest.raises(MXNetError):
            load_buffer(data[:size], "cut")


def test_bytes_of_a_bool_are_true_or_false():
    assert load_buffer(file_of({"a": entry([3], 0, 3, "BOOL")}, b"\0\1\7"))["a"].tolist() == [False, True, True]


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_any_header_is_refused_or_empty(text):
    try:
        loaded = load_buffer(file_of(text.encode()), "any")
    except FileFormatError:
        return
    assert loaded == {}


def test_arrays_and_networks(tmp_path):
    a, b = mx.np.arange(6).reshape(2, 3), mx.np.ones(2, dtype="int8")
    mx.npx.savez(tmp_path / "x.safetensors", a, b=b)
    assert {name: array.asnumpy().tolist() for name, array in mx.npx.load(tmp_path / "x.safetensors").items()} == {
        "arr_0": [[0, 1, 2], [3, 4, 5]],
        "b": [1, 1],
    }
    mx.npx.save(tmp_path / "y.safetensors", a)
    assert list(safetensors.torch.load_file(tmp_path / "y.safetensors")) == ["arr_0"]
    mx.nd.save(tmp_path / "z.safetensors", {"c": mx.nd.ones((1, 2))})
    assert mx.nd.load(tmp_path / "z.safetensors")["c"].shape == (1, 2)
    net, other = mx.gluon.nn.Dense(2, in_units=3), mx.gluon.nn.Dense(2)
    net.initialize()
    net.save_parameters(tmp_path / "net.SafeTensors")
    assert set(safetensors.torch.load_file(tmp_path / "net.SafeTensors")) == {"weight", "bias"}
    other.load_parameters(tmp_path / "net.SafeTensors")
    x = mx.np.ones((1, 3))
    assert (net(x) == other(x)).all()
