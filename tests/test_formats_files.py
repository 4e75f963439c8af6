"""Opening and replacing files: which errors, what is left behind, how much memory, mutated bytes."""

import errno
import gzip
import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from formats_data import GENUINE, assert_same, genuine_files
from hypothesis import given, settings
from hypothesis import strategies as st

from mxnet.base import MXNetError
from mxnet.formats import (
    FileAccessError,
    FileFormatError,
    FileMissingError,
    _writer,
    load,
    load_buffer,
    save_list,
    save_npy,
    save_npz,
    save_safetensors,
    torch_checkpoint,
)
from mxnet.formats.idx import read_idx

DATA = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([1, -1], dtype=torch.int8)}
SAVERS = {
    "list": save_list,
    "npz": save_npz,
    "npy": lambda path, data: save_npy(path, data["weight"]),
    "safetensors": save_safetensors,
    "checkpoint": torch_checkpoint.save,
}
save = pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS.keys())


@pytest.mark.parametrize("kind", [str, Path, os.fsencode], ids=["str", "Path", "bytes"])
def test_paths_of_every_kind(kind, tmp_path):
    save_list(kind(tmp_path / "x"), DATA)
    assert_same(load(kind(tmp_path / "x")), DATA)


def test_format_is_told_by_bytes_not_by_name(tmp_path):
    save_npz(tmp_path / "x.params", DATA)
    save_list(tmp_path / "x.npz", DATA)
    assert_same(load(tmp_path / "x.params"), DATA)
    assert_same(load(tmp_path / "x.npz"), DATA)


def test_open_files_and_buffers(tmp_path):
    save_list(tmp_path / "x", DATA)
    data = (tmp_path / "x").read_bytes()
    with open(tmp_path / "x", "rb") as file:
        assert_same(load(file), DATA)
    for form in (data, bytearray(data), memoryview(data)):
        assert_same(load_buffer(form), DATA)
    assert_same(load(io.BytesIO(data)), DATA)
    with pytest.raises(TypeError, match="binary mode"):
        load(io.StringIO("x"))
    with pytest.raises(TypeError, match="got int"):
        load(3)


def test_buffer_is_not_aliased(tmp_path):
    save_list(tmp_path / "x", DATA)
    data = bytearray((tmp_path / "x").read_bytes())
    loaded = load_buffer(data)
    data[:] = bytes(len(data))
    assert_same(loaded, DATA)


def test_missing_file_is_every_error_a_caller_may_expect(tmp_path):
    for kind in (FileMissingError, MXNetError, ValueError, FileNotFoundError):
        with pytest.raises(kind, match=r"cannot read .*/nofile: No such file or directory") as caught:
            load(tmp_path / "nofile")
        assert caught.value.errno == errno.ENOENT


@pytest.mark.parametrize("path", [Path(__file__).parent, Path("/dev/zero")], ids=["folder", "device"])
def test_what_is_no_file_is_refused(path):
    with pytest.raises(FileAccessError, match="not a regular file"):
        load(path)
    with pytest.raises(FileAccessError, match="not a regular file"):
        save_list(path, DATA)


MISTAKES = {
    "empty": (b"", "at byte 0: the (file|buffer) is empty"),
    "unknown": (b"hello world", "at byte 0: unknown format, the first bytes are 68 65 6c 6c 6f 20 77 6f"),
    "web page": (b"\n<!DOCTYPE html>", "web page or XML"),
    "json": (b'{"nodes": []}', "symbol.json"),
    "git lfs": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "pickle": (b"\x80\x04K\x01.", "pickles are never loaded"),
}


@pytest.mark.parametrize(("data", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_other_files_are_named(data, message, tmp_path):
    (tmp_path / "x.params").write_bytes(data)
    with pytest.raises(FileFormatError, match=rf"x\.params: .*{message}"):
        load(tmp_path / "x.params")
    with pytest.raises(FileFormatError, match=rf"<buffer>: .*{message}"):
        load_buffer(data)


@save
def test_failure_leaves_the_old_file_and_nothing_else(save, tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MXNetError, match=r"cannot write .*/x: No space left on device") as caught:
        save(path, DATA)
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        save(path, DATA)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@save
def test_an_interrupt_while_the_file_is_being_opened_leaves_nothing(save, tmp_path, monkeypatch):
    def interrupted(name, mode):
        open(name, mode).close()
        raise KeyboardInterrupt

    monkeypatch.setattr(_writer, "open", interrupted, raising=False)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "x", DATA)
    assert not list(tmp_path.iterdir())


@save
def test_missing_folder(save, tmp_path):
    with pytest.raises(FileMissingError, match=r"cannot write .*nowhere"):
        save(tmp_path / "nowhere" / "x", DATA)


@save
def test_permissions_and_links_are_kept(save, tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    save(link, DATA)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.read_bytes() != b"old"
    fresh = tmp_path / "fresh"
    save(fresh, DATA)
    (tmp_path / "plain").write_bytes(b"")
    assert fresh.stat().st_mode == (tmp_path / "plain").stat().st_mode


@save
def test_file_can_be_replaced_while_its_tensors_live(save, tmp_path):
    path = tmp_path / "x"
    save_list(path, DATA)
    loaded = load(path)
    save(path, {"weight": torch.zeros(100)})
    assert_same(loaded, DATA)


SMALL_FILES = [path.read_bytes() for path, _ in genuine_files()]
SMALL_FILES += [safetensors.torch.save({}), safetensors.torch.save(DATA, {"of": "mine"})]


@given(st.data())
@settings(max_examples=400)
def test_mutated_files_load_or_raise_mxneterror(data):
    """Bits flipped, bytes inserted or removed: an error of ours, or arrays, and never another exception."""
    content = bytearray(data.draw(st.sampled_from(SMALL_FILES)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1)) if content else 0
        action = data.draw(st.sampled_from(["flip", "insert", "remove", "number"]))
        if action == "flip" and content:
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        elif action == "insert":
            content[place:place] = data.draw(st.binary(max_size=9))
        elif action == "remove":
            del content[place : place + data.draw(st.integers(1, 9))]
        else:
            content[place : place + 8] = data.draw(st.sampled_from([b"\xff" * 8, b"\xff" * 7 + b"\x7f", bytes(8)]))
    try:
        loaded = load_buffer(bytes(content), "mutated")
    except MXNetError as error:
        assert str(error).startswith("mutated")
        assert "at byte" in str(error)
    else:
        arrays = [loaded] if isinstance(loaded, torch.Tensor) else loaded
        for tensor in arrays.values() if isinstance(arrays, dict) else arrays:
            tensor.clone()


UNDER_A_LIMIT = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import test_formats_list, test_formats_npz, test_formats_safetensors
from mxnet.base import MXNetError
from mxnet.formats import load_buffer
tables = test_formats_list.HOSTILE, test_formats_npz.BAD_NPY, test_formats_npz.BAD_ZIP, test_formats_safetensors.BAD
files = [row[0] for table in tables for row in table.values()]
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + (64 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for data in files:
    try:
        load_buffer(data)
    except MXNetError:
        continue
    sys.exit("a hostile file was loaded")
print(len(files))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space through /proc and setrlimit")
def test_hostile_files_allocate_little():
    """Every hostile file of these tests, in a process that may allocate 64 MiB more than it has."""
    done = subprocess.run(
        [sys.executable, "-c", UNDER_A_LIMIT, str(Path(__file__).parent)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 80


def test_idx_files_that_claim_more_than_they_have(tmp_path):
    def written(sizes, content, pack=bytes):
        data = b"\0\0\x08" + bytes([len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + content
        (tmp_path / "x").write_bytes(pack(data))
        return tmp_path / "x"

    for pack in (bytes, gzip.compress):
        assert read_idx(written((2, 3), b"abcdef", pack)).tolist() == [list(b"abc"), list(b"def")]
        assert read_idx(written((0, 3), b"", pack)).shape == (0, 3)
        with pytest.raises(FileFormatError, match=r"x of \d+ bytes claims to hold 1000000000 of shape"):
            read_idx(written((1_000_000_000,), b"abc", pack))
        with pytest.raises(FileFormatError, match="holds more bytes than its shape"):
            read_idx(written((2,), b"abc", pack))
    with pytest.raises(FileFormatError, match="holds fewer bytes than its shape"):
        read_idx(written((1000,), b"abc", gzip.compress))
    with pytest.raises(FileFormatError, match="claims to hold 30000000"):  # which are there, and no images
        read_idx(written((30_000_000,), bytes(30_000_000), gzip.compress))
    with pytest.raises(FileFormatError, match="claims to hold 0 of shape"):  # whose strides no array has
        read_idx(written((1 << 31, 1 << 31, 1 << 31, 0), b""))
    with pytest.raises(FileFormatError, match="claims to hold 1 of shape"):  # nor so many dimensions
        read_idx(written((1,) * 255, b"a"))
    with pytest.raises(FileAccessError, match="not a regular file"):
        read_idx(tmp_path)


def test_large_file_is_mapped_not_read(tmp_path):
    """A sparse file of 3 GiB loads at once; only what is looked at is read."""
    header = (GENUINE / "2.0.0b1-list.params").read_bytes()[:24]
    count = 3 << 28
    array = b"\xca\xfa\x93\xf9" + bytes(4) + b"\1\0\0\0" + count.to_bytes(8, "little") + b"\1" + bytes(11)
    with open(tmp_path / "x", "wb") as file:
        file.write(header[:16] + b"\1" + bytes(7) + array)
        file.truncate(24 + len(array) + 4 * count + 8)
    (tensor,) = load(tmp_path / "x")
    assert tensor.shape == (count,)
    assert tensor[-1] == 0


FULL_DISK = """
import resource, sys
from pathlib import Path
import torch
from mxnet import formats
from mxnet.base import MXNetError
folder = Path(sys.argv[1])
savers = [formats.save_list, formats.save_npz, formats.save_safetensors, formats.torch_checkpoint.save]
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for number, save in enumerate(savers):
    path = folder / str(number)
    save(path, {"x": torch.ones(3)})
    before = path.read_bytes()
    for data in ({"x": torch.ones(1_000_000)}, {str(i): torch.ones(5_000) for i in range(50)}):
        try:
            save(path, data)
        except OSError as error:
            assert isinstance(error, MXNetError) and f"cannot write {path}" in str(error), error
        else:
            sys.exit(f"{save} wrote more than there is room for")
        assert path.read_bytes() == before
assert len(list(folder.iterdir())) == len(savers), list(folder.iterdir())
"""

KILLED = """
import os, signal, sys
import torch
from mxnet import formats
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
for path in sys.argv[1:]:
    if (child := os.fork()) == 0:
        formats.save(path, {"x": torch.ones(1_000_000)})
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""


def run_apart(program, *arguments):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.skipif(os.name == "nt", reason="limits the size of files through setrlimit")
def test_a_disk_that_gets_full_leaves_the_old_file(tmp_path):
    done = run_apart(FULL_DISK, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="kills a process by a signal")
def test_a_process_that_is_killed_leaves_the_old_file(tmp_path):
    paths = [tmp_path / name for name in ("x.params", "x.npz", "x.safetensors")]
    for path in paths:
        save_list(path, DATA)
    done = run_apart(KILLED, *paths)
    assert done.returncode == 0, done.stderr
    for path in paths:
        assert_same(load(path), DATA)
