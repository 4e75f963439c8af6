"""Checksums that are remembered, and when they are not."""

import hashlib
import os

import pooch
import pytest

from mxnet.formats import _checksum
from mxnet.formats._checksum import checksum


@pytest.fixture
def read(monkeypatch):
    """The names of the files that are read for their checksums."""
    names, file_hash = [], pooch.file_hash
    monkeypatch.setattr(pooch, "file_hash", lambda name, alg: names.append(name) or file_hash(name, alg))
    return names


def test_a_file_that_stays_as_it_is_is_read_once(tmp_path, read, monkeypatch):
    monkeypatch.setattr(_checksum, "_SETTLED", 0)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x"
    path.write_bytes(b"one")
    for name in (path, "x", os.fsencode(path)):
        assert checksum(name, "sha256") == hashlib.sha256(b"one").hexdigest()
    assert read == [str(path)]
    assert checksum(path, "sha1") == hashlib.sha1(b"one").hexdigest()
    assert len(read) == 2


@pytest.mark.parametrize("how", ["written", "replaced", "as old"])
def test_a_changed_file_is_read_again(tmp_path, read, monkeypatch, how):
    monkeypatch.setattr(_checksum, "_SETTLED", 0)
    path = tmp_path / "x"
    path.write_bytes(b"one")
    os.utime(path, ns=(1, 1))
    assert checksum(path, "sha256") == hashlib.sha256(b"one").hexdigest()
    if how == "written":
        path.write_bytes(b"two")
    else:
        (tmp_path / "y").write_bytes(b"two")
        (tmp_path / "y").replace(path)
    if how == "as old":
        os.utime(path, ns=(1, 1))
    assert checksum(path, "sha256") == hashlib.sha256(b"two").hexdigest()
    assert len(read) == 2


@pytest.mark.parametrize("changed", ["content", "status"])
def test_a_file_that_has_just_changed_is_not_trusted_to_stay_so(tmp_path, read, monkeypatch, changed):
    """It may change again without another time; Windows has no time of the status."""
    path = tmp_path / "x"
    path.write_bytes(b"one")
    now = path.stat().st_ctime + 1
    if changed == "content":
        now += 100
        os.utime(path, (now, now))
    else:
        os.utime(path, (1, 1))
    monkeypatch.setattr(_checksum.time, "time", lambda: now)
    for _ in range(2):
        checksum(path, "sha256")
    assert len(read) == 2


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        checksum(tmp_path / "x", "sha256")
    os.mkfifo(tmp_path / "x")
    with pytest.raises(OSError, match="not a regular file"):
        checksum(tmp_path / "x", "sha256")
