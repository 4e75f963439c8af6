"""PyTorch's checkpoints: opened by hash or on demand, and never anything but tensors by name."""

import hashlib
import io
import pickle
import zipfile

import pytest
import torch
from formats_data import assert_same

from mxnet.base import MXNetError
from mxnet.formats import FileAccessError, FileFormatError, load, torch_checkpoint

STATE = {"weight": torch.arange(6.0).reshape(2, 3), "count": torch.tensor(3), "half": torch.ones(2).bfloat16()}
read = torch_checkpoint.read


def written(path, value, **options):
    torch.save(value, path, **options)
    return path


class Hostile:
    """Its pickle opens a file for writing when it is read."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_a_state_dict_is_read_by_hash_or_on_demand(legacy, tmp_path):
    path = written(tmp_path / "x.pth", STATE, _use_new_zipfile_serialization=not legacy)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for given in ({"sha256": digest}, {"sha256": digest[:8].upper()}, {"unsafe": True}):
        assert_same(read(path, **given), STATE)


def test_it_is_not_opened_otherwise(tmp_path):
    path = written(tmp_path / "x.pth", {"x": Hostile(tmp_path / "made")})
    with pytest.raises(FileFormatError, match="a pickle, which can run any program.*--unsafe-pickle"):
        read(path)
    with pytest.raises(FileFormatError, match="not the published file: its SHA-256 is .* It was not opened"):
        read(path, sha256="0" * 64)
    with pytest.raises(FileFormatError, match="not the published file"):
        read(path, sha256="0" * 8, unsafe=True)
    for wrong in ("", "abc", "g" * 8, "0" * 65):
        with pytest.raises(ValueError, match="8 to 64 hexadecimal digits"):
            read(path, sha256=wrong)


def test_no_program_runs_whatever_is_asked(tmp_path):
    path = written(tmp_path / "x.pth", {"x": Hostile(tmp_path / "made")})
    plain = tmp_path / "plain.pkl"
    plain.write_bytes(pickle.dumps({"x": Hostile(tmp_path / "made")}))
    for each in (path, plain):
        with pytest.raises(FileFormatError, match="torch cannot read this checkpoint"):
            read(each, unsafe=True)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("key", ["state_dict", "model"])
def test_nested_under_a_usual_key(key, tmp_path):
    path = written(tmp_path / "x.pth", {"epoch": 3, key: STATE, "optimizer": {"lr": 0.1}})
    assert_same(read(path, unsafe=True), STATE)


def test_a_zip_is_mapped_and_the_file_is_not_written_to(tmp_path):
    path = written(tmp_path / "x.pth", STATE)
    before = path.read_bytes()
    read(path, unsafe=True)["weight"].zero_()
    assert path.read_bytes() == before


def expanded():
    return torch.zeros(1).expand(1 << 40)


REFUSED = {
    "a list": ([torch.ones(1)], "holds a list"),
    "a tensor": (torch.ones(1), "holds a Tensor"),
    "nested": ({"a": {"b": torch.ones(1)}}, "'a' is a dict, not a tensor"),
    "a number": ({"a": 1}, "'a' is a int"),
    "no name": ({1: torch.ones(1)}, "1 is no name"),
    "complex": ({"a": torch.ones(1, dtype=torch.complex64)}, "torch.strided of complex64"),
    "sparse": ({"a": torch.eye(2).to_sparse()}, "torch.sparse_coo"),
    "more than its memory": ({"a": expanded()}, "over a memory of 4 bytes"),
    "nowhere": ({"a": torch.empty(2, device="meta")}, "on meta"),
}


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
@pytest.mark.parametrize(("value", "cause"), REFUSED.values(), ids=REFUSED.keys())
def test_anything_but_dense_tensors_by_name_is_refused(value, cause, tmp_path):
    path = written(tmp_path / "x.pth", value)
    with pytest.raises(FileFormatError, match=cause):
        read(path, unsafe=True)


def test_damaged_and_compressed_files_are_refused(tmp_path):
    path = written(tmp_path / "x.pth", STATE)
    data = path.read_bytes()
    for size in range(0, len(data), 40):
        path.write_bytes(data[:size])
        with pytest.raises(MXNetError):
            read(path, unsafe=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    path.write_bytes(packed.getvalue())
    with pytest.raises(FileFormatError, match="is compressed, which no checkpoint of PyTorch is"):
        read(path, unsafe=True)


def test_missing_file(tmp_path):
    for given in ({"unsafe": True}, {"sha256": "0" * 8}):
        with pytest.raises(FileAccessError, match="cannot read .*/none"):
            read(tmp_path / "none", **given)
    with pytest.raises(FileAccessError):
        torch_checkpoint.is_checkpoint(tmp_path / "none")


def test_load_says_what_to_do_and_opens_none(tmp_path):
    for legacy in (False, True):
        path = written(tmp_path / "x.pth", STATE, _use_new_zipfile_serialization=not legacy)
        assert torch_checkpoint.is_checkpoint(path)
        with pytest.raises(FileFormatError, match="pickles are never loaded.*mxzoo convert"):
            load(path)


def test_torch_reads_what_is_written(tmp_path):
    big = torch.arange(100.0)
    torch_checkpoint.save(tmp_path / "x.pth", {"part": big[3:5], "turned": torch.ones(2, 3).t(), **STATE})
    loaded = torch.load(tmp_path / "x.pth", weights_only=True)
    assert_same(loaded, {"part": big[3:5], "turned": torch.ones(3, 2), **STATE})
    assert loaded["part"].untyped_storage().nbytes() == 8
    with pytest.raises(TypeError, match="not a list"):
        torch_checkpoint.save(tmp_path / "x.pth", [big])


def test_a_file_that_changes_while_it_is_opened_is_refused(tmp_path, monkeypatch):
    path = written(tmp_path / "x.pth", STATE)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    unpickle = torch_checkpoint._unpickle

    def meanwhile(name):
        other = tmp_path / "other"
        torch.save({"weight": torch.ones(2)}, other)
        other.replace(path)
        return unpickle(name)

    monkeypatch.setattr(torch_checkpoint, "_unpickle", meanwhile)
    with pytest.raises(FileFormatError, match="x.pth: at byte 0: the file changed while it was read"):
        torch_checkpoint.read(path, digest)
