"""Downloads from a server that misbehaves: what is fetched again, what is taken up where it broke, what is given up."""

import errno
import hashlib
import os
import socket
import threading
import time
import zlib
from collections import namedtuple
from email.utils import formatdate
from pathlib import Path

import filelock
import pytest
from misbehaving_server import (
    breaking,
    chunked,
    content,
    dripping,
    etag,
    hanging,
    redirect,
    serving,
    status,
    without_ranges,
    wrong_range,
)

from mxnet.base import MXNetError
from mxnet.gluon import _download, _transfer, _turns, utils
from mxnet.gluon._download import Digest, NotObtained, Source, obtain
from mxnet.gluon._transfer import Patience, StorageError

DATA = bytes(range(256)) * 800
SHA1 = Digest("sha1", hashlib.sha1(DATA).hexdigest())


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """No waiting between attempts, and little for a silent server."""
    monkeypatch.setenv("MXNET_DOWNLOAD_BACKOFF", "0")
    monkeypatch.setenv("MXNET_DOWNLOAD_TIMEOUT", "5")
    monkeypatch.setenv("MXNET_DOWNLOAD_ATTEMPTS", "3")
    for variable in ("MXNET_OFFLINE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def server():
    with serving() as served:
        served.files["/file"] = DATA
        yield served


@pytest.fixture
def waits(monkeypatch):
    """The waits between attempts, which are not waited."""
    waited = []
    monkeypatch.setattr(_transfer, "_sleep", waited.append)
    return waited


def fetch(server, target, digest=SHA1, **options):
    obtain(target, [Source(f"{server.url}/file")], digest, **options)
    return target.read_bytes()


def hidden(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


# What goes well in the end


@pytest.mark.parametrize(
    ("manners", "requests"),
    [
        ([], 1),
        ([status(500), status(503)], 3),
        ([breaking(60_000), breaking(60_000)], 3),
        ([breaking(60_000, reset=True)], 2),
        ([breaking(0)], 2),
        ([without_ranges], 1),
        ([breaking(60_000), without_ranges], 2),
        ([breaking(60_000), wrong_range], 3),
        ([breaking(60_000), status(416)], 3),
        ([chunked], 1),
        ([content(b"<html>Please log in</html>")], 2),
        ([content(DATA[:-1])], 2),
        ([content(DATA + b"!")], 2),
    ],
)
@pytest.mark.parametrize("keep", [False, True])
def test_it_arrives_all_the_same(server, tmp_path, manners, requests, keep):
    server.manners = list(manners)
    assert fetch(server, tmp_path / "file", keep=keep) == DATA
    assert len(server.requests) == requests
    assert os.listdir(tmp_path) == ["file"]


def test_what_broke_is_taken_up_where_it_broke(server, tmp_path):
    server.manners = [breaking(60_000), breaking(1000, reset=False)]
    assert fetch(server, tmp_path / "file") == DATA
    assert server.ranges == [None, "bytes=60000-", "bytes=61000-"]
    assert server.requests[1][1]["If-Range"] == etag(DATA)


def test_a_file_that_changed_in_between_is_fetched_whole(server, tmp_path):
    server.manners = [breaking(60_000, ETag='"older"')]
    assert fetch(server, tmp_path / "file", digest=None) == DATA
    assert server.requests[1][1]["If-Range"] == '"older"'


@pytest.mark.parametrize(("mark", "ranges"), [('W/"weak"', [None, None]), ('"strong"', [None, "bytes=60000-"])])
def test_without_a_checksum_only_a_strong_mark_lets_it_go_on(server, tmp_path, mark, ranges):
    server.manners = [breaking(60_000, ETag=mark)]
    assert fetch(server, tmp_path / "file", digest=None) == DATA
    assert server.ranges == ranges


def test_a_long_file_over_a_bad_line_needs_more_attempts_than_a_dead_server(server, tmp_path, monkeypatch):
    monkeypatch.setattr(_transfer, "_PROGRESS", 10_000)
    server.manners = [breaking(20_000) for _ in range(9)]
    assert fetch(server, tmp_path / "file") == DATA
    server.manners = [breaking(20_000, ETag='W/""') for _ in range(9)]  # from the beginning each time: no progress
    with pytest.raises(NotObtained, match="broke off after 20000 of 204800 bytes"):
        fetch(server, tmp_path / "other", digest=None)


def test_redirects(server, tmp_path):
    server.manners = [redirect("/elsewhere"), redirect(f"{server.url}/file")]
    assert fetch(server, tmp_path / "file") == DATA
    assert server.paths == ["/file", "/elsewhere", "/file"]


def test_waits_grow_and_follow_the_server(server, tmp_path, monkeypatch, waits):
    monkeypatch.setenv("MXNET_DOWNLOAD_BACKOFF", "1.5")
    server.manners = [status(500), status(500), status(500), status(429, Retry_After="7"), status(503, Retry_After="x")]
    fetch(server, tmp_path / "file", patience=Patience(attempts=9, backoff=1.5))
    assert waits == [0, 3, 6, 7, 24]
    server.manners = [status(503, Retry_After=formatdate(time.time() + 60, usegmt=True))]
    fetch(server, tmp_path / "file", overwrite=True)
    assert waits[-1] == pytest.approx(60, abs=5)


# What is given up, and what is said


@pytest.mark.parametrize(
    ("manners", "message", "requests"),
    [
        ([status(404)], "answers 404 Not Found", 1),
        ([status(410)], "answers 410 Gone", 1),
        ([status(403)], "answers 403 Forbidden", 1),
        ([status(418)], "answers 418 I'm a Teapot", 1),
        ([status(500)] * 3, r"answers 500 Internal Server Error \(3 attempts\)", 3),
        ([status(429, Retry_After="3600")], "answers 429 Too Many Requests, and asks to wait 3600 s", 1),
        ([breaking(60_000), breaking(0), breaking(0)], r"broke off after 60000 of 204800 bytes \(3 attempts\)", 3),
        ([breaking(60_000, reset=True)] + [breaking(0, reset=True)] * 2, r"the connection broke: .*\(3 attempts\)", 3),
        ([content(b"<html></html>")] * 2, "another file under this name: 13 bytes, a web page, with SHA-1 ", 2),
        ([content(DATA * 2)], "holds more than the 204800 bytes that this file may have", 1),
        ([redirect("/file")] * 11, "redirects more than 10 times", 11),
        ([redirect("gopher://127.0.0.1/")], "is no address to download from", 1),
    ],
)
def test_it_is_given_up(server, tmp_path, manners, message, requests):
    server.manners = list(manners)
    with pytest.raises(NotObtained, match=message):
        fetch(server, tmp_path / "file", limit=len(DATA))
    assert len(server.requests) == requests
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("manner", [hanging(), hanging(60_000), dripping])
def test_a_silent_or_dripping_server_is_left(server, tmp_path, monkeypatch, manner):
    monkeypatch.setenv("MXNET_DOWNLOAD_TIMEOUT", "0.15")
    server.manners = [manner, manner, manner]
    with pytest.raises(NotObtained, match=r"(silent for 0.15 s|too slow).*3 attempts"):
        fetch(server, tmp_path / "file")


def test_nobody_listens(server, tmp_path, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    sources = [Source(f"{nobody}/a"), Source(f"{nobody}/b"), Source(f"{server.url}/file")]
    obtain(tmp_path / "file", sources, SHA1)
    with pytest.raises(NotObtained, match=r"/a: no connection: Connection refused \(2 attempts\)$"):
        obtain(tmp_path / "other", sources[:2], SHA1)  # of one host that fails, one address is enough


def test_a_server_without_certificate(server, tmp_path):
    address = server.url.replace("http:", "https:")
    with pytest.raises(NotObtained, match="no secure connection: "):
        obtain(tmp_path / "file", [Source(f"{address}/file")], SHA1)
    assert os.listdir(tmp_path) == []


def test_certificates_that_are_not_there(server, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    address = server.url.replace("http:", "https:")
    with pytest.raises(NotObtained, match=r"not asked: .* TLS CA certificate bundle, invalid path: .*nowhere\.pem"):
        obtain(tmp_path / "file", [Source(f"{address}/file")], SHA1)


def test_a_proxy_that_is_not_there(server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://me:secret@127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(NotObtained, match=r"no connection through the proxy: Connection refused \(2 attempts\)$"):
        obtain(tmp_path / "file", [Source("http://example.invalid/file")], SHA1)


@pytest.mark.parametrize("url", ["http://me:secret@[bad/file", "http://[1::2::3]/file", "no address", "//host/file"])
def test_what_is_no_address(server, tmp_path, url):
    sources = [Source(url), Source(f"{server.url}/file")]
    with pytest.raises(NotObtained, match="is no address to download from") as caught:
        obtain(tmp_path / "file", sources[:1], SHA1)
    assert "secret" not in str(caught.value)
    obtain(tmp_path / "file", sources, SHA1)
    assert (tmp_path / "file").read_bytes() == DATA


def test_names_and_passwords_are_not_shown(server, tmp_path):
    address = server.url.replace("http://", "http://me:secret@")
    with pytest.raises(NotObtained) as caught:
        obtain(tmp_path / "file", [Source(f"{address}/none")], SHA1)
    assert "secret" not in str(caught.value) and "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf"])
def test_settings_are_checked(monkeypatch, text):
    monkeypatch.setenv("MXNET_DOWNLOAD_TIMEOUT", text)
    with pytest.raises(MXNetError, match="MXNET_DOWNLOAD_TIMEOUT must be a number of at least 0.001, not"):
        Patience().from_environment()


def test_the_first_source_that_has_it(server, tmp_path):
    server.files["/wrong"] = b"wrong"
    addresses = ["missing", "wrong", "file", "never"]
    obtain(tmp_path / "file", [Source(f"{server.url}/{name}") for name in addresses], SHA1)
    assert server.paths == ["/missing", "/wrong", "/wrong", "/file"]
    assert os.listdir(tmp_path) == ["file"]


def test_files_of_this_machine(tmp_path):
    source = tmp_path / "a file"
    source.write_bytes(DATA)
    obtain(tmp_path / "copy", [Source((tmp_path / "none").as_uri()), Source(source.as_uri())], SHA1)
    assert (tmp_path / "copy").read_bytes() == DATA
    with pytest.raises(NotObtained, match="No such file or directory"):
        obtain(tmp_path / "other", [Source((tmp_path / "none").as_uri())], SHA1)
    with pytest.raises(NotObtained, match="three slashes"):
        obtain(tmp_path / "other", [Source("file://data/file")], SHA1)


# What is left, what is kept


def test_a_broken_download_is_kept_for_the_next_call(server, tmp_path):
    server.manners = [breaking(60_000), breaking(0), breaking(0)]
    with pytest.raises(NotObtained):
        fetch(server, tmp_path / "file", keep=True)
    assert [path.stat().st_size for path in tmp_path.glob(".*.part")] == [60_000]
    assert fetch(server, tmp_path / "file", keep=True) == DATA
    assert server.ranges[-1] == "bytes=60000-"
    assert os.listdir(tmp_path) == ["file"]


def test_a_kept_part_that_was_complete_is_not_fetched(server, tmp_path):
    partial = tmp_path / f".file.{_mark(server)}.part"
    partial.write_bytes(DATA)
    assert fetch(server, tmp_path / "file", keep=True) == DATA
    assert server.ranges == [f"bytes={len(DATA)}-"]


@pytest.mark.parametrize("stale", [b"of another file" * 100, DATA + b"longer", b""])
def test_a_stale_part_does_no_harm(server, tmp_path, stale):
    (tmp_path / f".file.{_mark(server)}.part").write_bytes(stale)
    (tmp_path / ".file.00000000.part").write_bytes(b"of another address")
    assert fetch(server, tmp_path / "file", keep=True) == DATA
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_in_place_of_the_part_is_not_followed(server, tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / f".file.{_mark(server)}.part").symlink_to(tmp_path / "precious")
    with pytest.raises(StorageError, match="cannot write"):
        fetch(server, tmp_path / "file", keep=True)
    assert (tmp_path / "precious").read_text() == "precious"
    assert fetch(server, tmp_path / "file", keep=True) == DATA


def _mark(server):
    return f"{zlib.crc32(f'{server.url}/file'.encode()):08x}"


def test_a_wrong_file_is_replaced_and_a_right_one_left(server, tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"damaged")
    assert fetch(server, target) == DATA
    assert fetch(server, target) == DATA
    assert len(server.requests) == 1


def test_links_in_the_way(server, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "cache").symlink_to("real")
    assert fetch(server, tmp_path / "cache" / "file") == DATA
    assert (tmp_path / "cache").is_symlink() and (tmp_path / "real" / "file").is_file()
    (tmp_path / "dangling").symlink_to("nowhere")
    assert fetch(server, tmp_path / "dangling") == DATA
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="cannot write .*/file: (Not a directory|File exists)"):
        fetch(server, tmp_path / "file" / "model")
    assert server.requests == []


def test_too_little_room_is_seen_before(server, tmp_path, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(_transfer.shutil, "disk_usage", lambda folder: usage(1000))
    with pytest.raises(StorageError, match="204800 bytes are needed and 1000 are free"):
        fetch(server, tmp_path / "file", keep=True)
    assert os.listdir(tmp_path) == []


def test_a_disk_that_runs_full_keeps_nothing(server, tmp_path, monkeypatch):
    class Full:
        def __init__(self, file):
            self._file = file
            self._left = 100_000

        def write(self, data):
            self._left -= len(data)
            if self._left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self._file.write(data)

        def __getattr__(self, name):
            return getattr(self._file, name)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self._file.close()

    original = _download._open
    monkeypatch.setattr(_download, "_open", lambda *arguments: Full(original(*arguments)))
    monkeypatch.setattr(_transfer, "_STEP", 10_000)
    with pytest.raises(StorageError, match="No space left on device"):
        fetch(server, tmp_path / "file", keep=True)
    assert os.listdir(tmp_path) == []


# Several at once


def test_threads_download_once(server, tmp_path):
    threads = [threading.Thread(target=fetch, args=(server, tmp_path / "file")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests) == 1 and os.listdir(tmp_path) == ["file"]


def test_files_whose_names_begin_alike_do_not_meet(server, tmp_path):
    started, go_on = threading.Event(), threading.Event()

    def slow(handler, data):
        started.set()
        go_on.wait(20)
        handler.answer(200, data)

    server.manners = [slow]
    thread = threading.Thread(target=fetch, args=(server, tmp_path / "model.zip"))
    thread.start()
    started.wait(20)
    assert fetch(server, tmp_path / "model") == DATA
    go_on.set()
    thread.join()
    assert (tmp_path / "model.zip").read_bytes() == DATA
    assert sorted(os.listdir(tmp_path)) == ["model", "model.zip"]


def test_who_waited_for_a_failure_does_not_try_the_same(server, tmp_path, monkeypatch):
    waiting, failures = threading.Semaphore(0), []

    def slow_refusal(handler, data):
        assert waiting.acquire(timeout=20) and waiting.acquire(timeout=20)  # both others
        handler.answer(404, b"")

    def attempt():
        with pytest.raises(NotObtained, match="answers 404") as caught:
            fetch(server, tmp_path / "file", keep=True)
        failures.append(caught.value.outcomes)

    monkeypatch.setattr(_turns.logger, "info", lambda *arguments: waiting.release())
    server.manners = [slow_refusal]
    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 3
    assert len(server.requests) == 1
    assert os.listdir(tmp_path) == [".file.lock.failed"]  # nobody knows whether others still want to read it
    assert fetch(server, tmp_path / "file", keep=True) == DATA
    assert os.listdir(tmp_path) == ["file"]


def test_a_failure_that_nobody_waits_for_leaves_nothing(server, tmp_path):
    server.manners = [status(404)]
    with pytest.raises(NotObtained):
        fetch(server, tmp_path / "file", keep=True)
    assert os.listdir(tmp_path) == []


def waiting_for(path):
    """A thread that waits for its turn, and the list that gets what the one before has failed with."""
    found = []

    def wait():
        with _turns.take_turn(path) as turn:
            found.append(turn.failure)

    return threading.Thread(target=wait), found


def test_clocks_do_not_tell_whether_a_failure_is_new(tmp_path, monkeypatch):
    """That of a file server may be ahead or behind."""
    waits = threading.Event()
    monkeypatch.setattr(_turns.logger, "info", lambda *arguments: waits.set())
    note = tmp_path / "lock.failed"
    thread, found = waiting_for(tmp_path / "lock")
    with _turns.take_turn(tmp_path / "lock") as turn:
        thread.start()
        assert waits.wait(20)
        turn.leave([("there", "gone")])
        os.utime(note, (1, 1))
    thread.join()
    assert found == [[("there", "gone")]]
    waits.clear()
    os.utime(note, (1 << 32, 1 << 32))
    thread, found = waiting_for(tmp_path / "lock")
    with filelock.FileLock(tmp_path / "lock"):  # of a process that does not get to leave anything
        thread.start()
        assert waits.wait(20)
    thread.join()
    assert found == [None]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_lies_in_place_of_a_note_is_not_written_to(tmp_path, kind):
    note, other = tmp_path / "lock.failed", tmp_path / "other"
    other.write_text("mine")
    with _turns.take_turn(tmp_path / "lock") as turn:
        note.symlink_to(other) if kind == "link" else os.mkfifo(note)
        turn.leave([("there", "gone")])
    assert other.read_text() == "mine" and "gone" in note.read_text()


@pytest.mark.parametrize("note", [b"", b"[", b'{"a": 1}', b"\xff", b"[[1]]", b"[]" * 100_000])
def test_a_damaged_note_is_ignored(tmp_path, note):
    (tmp_path / "note").write_bytes(note)
    assert _turns._read(tmp_path / "note") is None


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks(server, tmp_path, monkeypatch, caplog, number):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(_turns, "_told_of_missing_locks", False)
    server.manners = [breaking(60_000)]
    for name in ("one", "two"):
        assert fetch(server, tmp_path / name, keep=True) == DATA
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]
    assert [record.message.partition(" has ")[2] for record in caplog.records] == [
        "no locks: processes that want one file at the same time each download it"
    ]


# `gluon.utils.download`


def test_download_takes_up_what_broke(server, tmp_path):
    server.manners = [breaking(60_000)]
    assert utils.download(f"{server.url}/file", tmp_path, sha1_hash=SHA1.digits) == str(tmp_path / "file")
    assert server.ranges == [None, "bytes=60000-"]
    assert (tmp_path / "file").read_bytes() == DATA


@pytest.mark.parametrize("folder", ["", "new/", "new/deep/"])
def test_download_into_a_folder(server, tmp_path, folder):
    path = utils.download(f"{server.url}/file", f"{tmp_path}/{folder}")
    assert path == f"{tmp_path}/{folder}file" and Path(path).read_bytes() == DATA


def test_download_offline(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_OFFLINE", "1")
    with pytest.raises(MXNetError, match="Failed downloading url .*not asked, since MXNET_OFFLINE is set"):
        utils.download(f"{server.url}/file", tmp_path)
    assert server.requests == [] and os.listdir(tmp_path) == []


def test_download_leaves_nothing_behind(server, tmp_path):
    server.manners = [breaking(60_000), breaking(0)]
    with pytest.raises(MXNetError, match="broke off"):
        utils.download(f"{server.url}/file", tmp_path, sha1_hash=SHA1.digits, retries=2)
    assert os.listdir(tmp_path) == []


def test_a_bar_is_drawn_on_terminals_only(server, tmp_path, monkeypatch, capsys):
    fetch(server, tmp_path / "file")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    fetch(server, tmp_path / "drawn")
    assert "drawn" in capsys.readouterr().err


def test_unusual_names(server, tmp_path):
    name = "[a]*?" + "x" * 200
    assert fetch(server, tmp_path / name) == DATA
    assert os.listdir(tmp_path) == [name]


def test_leftovers_are_removed(tmp_path):
    theirs = [".a.part", ".b.lock", ".c.npz.lock", ".d", ".e.params", ".f.params.part", "g.params.01234567.part"]
    ours = [".a.params.0123abcd.part", ".b.params.lock", ".c.pth.lock.failed"]
    for name in theirs + ours:
        (tmp_path / name).touch()
    _download.remove_leftovers(tmp_path, (".params", ".pth"))
    assert sorted(os.listdir(tmp_path)) == theirs
    _download.remove_leftovers(Path(tmp_path, "nowhere"), (".params",))
