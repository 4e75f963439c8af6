"""Published parameter files: where they are looked for, how they are checked, what is said where there are none."""

import hashlib
import multiprocessing
import os
import signal
import socket
import stat
import time
import zipfile
from pathlib import Path

import pytest
from misbehaving_server import hanging, serving, status
from references import load

from mxnet.base import MXNetError
from mxnet.gluon.model_zoo import model_store, vision

MODEL = "squeezenet1.1"
DATA = bytes(range(256)) * 800


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """No waiting between attempts, and nothing of the surroundings."""
    monkeypatch.setenv("MXNET_DOWNLOAD_BACKOFF", "0")
    monkeypatch.setenv("MXNET_DOWNLOAD_ATTEMPTS", "3")
    for variable in ("MXNET_OFFLINE", "MXNET_GLUON_REPO", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def file(monkeypatch):
    """Name of the file of `MODEL`, which `DATA` is declared to be."""
    monkeypatch.setitem(model_store._model_sha1, MODEL, hashlib.sha1(DATA).hexdigest())
    return f"{MODEL}-{model_store.short_hash(MODEL)}.params"


@pytest.fixture
def server(monkeypatch):
    with serving() as served:
        monkeypatch.setenv("MXNET_GLUON_REPO", served.url)
        yield served


def zip_of(path, *members, method=zipfile.ZIP_DEFLATED):
    """Bytes of a zip at `path` with members of (name or ZipInfo, bytes)."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path.read_bytes()


def test_checksums_are_the_published_ones():
    assert model_store._model_sha1 == load("zoo.json")["sha1"]


def test_short_hash():
    assert model_store.short_hash("resnet18_v1") == "a0666292"


def test_the_published_address():
    assert model_store.address_of("alexnet") == (
        "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/gluon/models/alexnet-44335d1f.zip"
    )


# Where files are looked for


def test_root_may_be_a_path_or_start_at_home(tmp_path, file, monkeypatch):
    (tmp_path / file).write_bytes(DATA)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert model_store.get_model_file(MODEL, tmp_path) == str(tmp_path / file)
    assert model_store.get_model_file(MODEL, "~") == str(tmp_path / file)


def test_default_folder_follows_the_environment(tmp_path, file, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / file).write_bytes(DATA)
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    assert model_store.get_model_file(MODEL) == str(tmp_path / "models" / file)


@pytest.mark.parametrize("place", ["/gluon/models", ""])
@pytest.mark.parametrize("zipped", [True, False])
def test_repositories_have_files_in_zips_or_as_they_are(server, file, tmp_path, place, zipped):
    name = file.replace(".params", ".zip") if zipped else file
    server.files[f"{place}/{name}"] = zip_of(tmp_path / "made", (file, DATA)) if zipped else DATA
    path = Path(model_store.get_model_file(MODEL, tmp_path / "root"))
    assert path == tmp_path / "root" / file and path.read_bytes() == DATA
    assert os.listdir(tmp_path / "root") == [file]
    asked = len(server.requests)
    assert asked == 1 + 2 * (place == "") + (not zipped)
    model_store.get_model_file(MODEL, tmp_path / "root")
    assert len(server.requests) == asked


def test_repositories_are_tried_in_order(server, file, tmp_path, monkeypatch):
    server.files[f"/second/{file}"] = DATA
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / file).write_bytes(DATA)
    third = (tmp_path / "third").as_uri()
    monkeypatch.setenv("MXNET_GLUON_REPO", f" {server.url}/first/ ,{server.url}/second,,{third}")
    model_store.get_model_file(MODEL, tmp_path / "root")
    assert [path.split("/")[1] for path in server.paths] == ["first"] * 4 + ["second"] * 4
    monkeypatch.setenv("MXNET_GLUON_REPO", f"{server.url}/first,{third}")
    model_store.get_model_file(MODEL, tmp_path / "root2")


@pytest.mark.parametrize("folder", ["{home}/third", "~/third", "third", "./third/"])
def test_a_repository_may_be_a_folder(file, tmp_path, monkeypatch, folder):
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / file).write_bytes(DATA)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MXNET_GLUON_REPO", folder.format(home=tmp_path))
    path = Path(model_store.get_model_file(MODEL, tmp_path / "root"))
    assert path.read_bytes() == DATA


def test_offline_makes_no_connection(tmp_path, file, monkeypatch):
    def refuse(*arguments):
        raise AssertionError(f"a connection: {arguments}")

    for name in ("connect", "connect_ex", "bind", "send", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("MXNET_OFFLINE", "1")
    with pytest.raises(MXNetError, match=r"alexnet-44335d1f\.zip: not asked, since MXNET_OFFLINE is set"):
        model_store.get_model_file("alexnet", tmp_path)
    with pytest.raises(MXNetError) as caught:
        vision.alexnet(pretrained=True, root=tmp_path)
    assert "alexnet-owt-7be5be79.pth: not asked, since MXNET_OFFLINE is set" in str(caught.value)
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / file).write_bytes(DATA)
    monkeypatch.setenv("MXNET_GLUON_REPO", f"http://127.0.0.1:9,{(tmp_path / 'mirror').as_uri()}")
    assert model_store.get_model_file(MODEL, tmp_path) == str(tmp_path / file)


# What is refused, and what is said


def test_a_file_that_is_nowhere(server, tmp_path):
    server.manners = [status(403), status(500), status(500), status(500)]
    with pytest.raises(MXNetError) as caught:
        model_store.get_model_file("resnet18_v1", tmp_path)
    assert isinstance(caught.value, FileNotFoundError)
    place = tmp_path / "resnet18_v1-a0666292.params"
    assert str(caught.value) == (
        "no pretrained parameters of resnet18_v1\n"
        "Looked for resnet18_v1-a0666292.params (SHA-1 a0666292f0a30ff61f857b0b66efc0228eb6a54b):\n"
        f"  {place}: not there\n"
        f"  {server.url}/gluon/models/resnet18_v1-a0666292.zip: answers 403 Forbidden\n"
        f"  {server.url}/gluon/models/resnet18_v1-a0666292.params: answers 500 Internal Server Error (3 attempts)\n"
        "Any one of these helps:\n"
        "  - set MXNET_GLUON_REPO to mirrors that have the file: http, https or file://, with commas between\n"
        f"  - place the file by hand: {place} (SHA-1 a0666292f0a30ff61f857b0b66efc0228eb6a54b)\n"
        "  - choose another folder with root= or MXNET_HOME, where this one cannot be written\n"
        "  - convert a checkpoint of PyTorch with `mxzoo convert`, and pass its path: "
        'pretrained="resnet18_v1.safetensors"'
    )


def test_a_wrong_file_is_replaced_if_that_can_be(server, tmp_path, file):
    path = tmp_path / file
    path.write_bytes(b"something else")
    with pytest.raises(
        MXNetError, match=f"{file}: not the published file: it has SHA-1 {hashlib.sha1(b'something else').hexdigest()}"
    ) as caught:
        model_store.get_model_file(MODEL, tmp_path)
    assert "answers 404" in str(caught.value) and path.read_bytes() == b"something else"
    server.files[f"/{file}"] = DATA
    model_store.get_model_file(MODEL, tmp_path)
    assert path.read_bytes() == DATA


def test_a_folder_under_the_name_is_no_file(server, tmp_path, file):
    (tmp_path / file).mkdir()
    with pytest.raises(MXNetError, match=f"{file}: not a file"):
        model_store.get_model_file(MODEL, tmp_path)


def test_a_folder_that_cannot_be_written(server, tmp_path, file):
    (tmp_path / "root").write_text("no folder")
    with pytest.raises(MXNetError, match="root: cannot write .*root: (Not a directory|File exists)"):
        model_store.get_model_file(MODEL, tmp_path / "root")
    assert server.requests == []


@pytest.mark.parametrize("call", [model_store.get_model_file, model_store.short_hash])
def test_unpublished_names(call):
    with pytest.raises(ValueError, match="resnet19_v1 is not available: choose from alexnet,"):
        call("resnet19_v1")
    with pytest.raises(ValueError, match="mobilenet0.6 is not available"):
        vision.get_mobilenet(0.6, pretrained=True)


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("../{file}", DATA), ("{file}", DATA)], "member '../squeezenet.* leaves its folder"),
        ([("{file}", DATA), ("a\\..\\..\\b", DATA)], "leaves its folder"),
        ([("/etc/passwd", b""), ("{file}", DATA)], "member '/etc/passwd' leaves its folder"),
        ([("C:/x", b""), ("{file}", DATA)], "member 'C:/x' leaves its folder"),
        ([(link, b"/etc/passwd")], "is a link"),
        ([("{file}", bytes(30 << 20))], "has more than the .* bytes that it may have"),
        ([(f"{number}", b"") for number in range(2000)], "a larger directory than one file needs"),
        ([("another.params", DATA)], "0 files named squeezenet"),
        ([("{file}", DATA), ("{file}", DATA)], "2 files named squeezenet"),
        ([("{file}", DATA[:-1])], "another file under this name: 204799 bytes"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_zips(server, tmp_path, file, members, message, monkeypatch):
    named = [(link(file) if name is link else name.format(file=file), data) for name, data in members]
    server.files[f"/gluon/models/{file.replace('.params', '.zip')}"] = zip_of(tmp_path / "made", *named)
    monkeypatch.setattr(model_store, "_LARGEST", 1 << 20)
    with pytest.raises(MXNetError, match=message):
        model_store.get_model_file(MODEL, tmp_path / "root")
    assert os.listdir(tmp_path / "root") == []


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zips_that_would_unpack_without_a_bound(server, tmp_path, file, method):
    whole = zip_of(tmp_path / "made", (file, DATA), method=method)
    server.files[f"/gluon/models/{file.replace('.params', '.zip')}"] = whole
    with pytest.raises(MXNetError, match=f"compressed by method {method}: none but deflate is read"):
        model_store.get_model_file(MODEL, tmp_path / "root")


def test_a_file_that_is_too_long_is_not_read(server, tmp_path, file, monkeypatch):
    monkeypatch.setattr(model_store, "_LARGEST", 1 << 20)
    server.files[f"/{file}"] = bytes(3 << 20)
    with pytest.raises(MXNetError, match=f"{file}: holds more than the 2228224 bytes that this file may have"):
        model_store.get_model_file(MODEL, tmp_path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "comment", "page"])
def test_damaged_zips(server, tmp_path, file, damage):
    whole = zip_of(tmp_path / "made", (file, DATA))
    middle = len(whole) // 2
    server.files[f"/gluon/models/{file.replace('.params', '.zip')}"] = {
        "cut": whole[:-30],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
        "comment": whole[:-2] + b"\1\0!",
        "page": b"<html>",
    }[damage]
    message = {
        "cut": "no zip, or part of one",
        "flipped": "no sound zip",
        "comment": "zip",
        "page": "a web page: 6 bytes",
    }
    with pytest.raises(MXNetError, match=message[damage]):
        model_store.get_model_file(MODEL, tmp_path / "root")


# Several at once, and death in the middle

fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def in_processes(count, target, *arguments):
    """Run `target` in as many forked processes; their exit codes."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=target, args=arguments) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def ask(root):
    if Path(model_store.get_model_file(MODEL, root)).read_bytes() != DATA:
        raise AssertionError("other bytes")


@fork
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_twenty_processes_download_once(server, tmp_path, file):
    server.files[f"/gluon/models/{file.replace('.params', '.zip')}"] = zip_of(tmp_path / "made", (file, DATA))
    assert in_processes(20, ask, tmp_path / "root") == [0] * 20
    assert len(server.requests) == 1
    assert os.listdir(tmp_path / "root") == [file]


@fork
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_killed_download_is_taken_up(server, tmp_path, file):
    server.files[f"/gluon/models/{file}"] = DATA
    server.manners = [status(404), hanging(100_000)]
    process = multiprocessing.get_context("fork").Process(target=ask, args=(tmp_path,))
    process.start()
    wait_for(lambda: any(size_of(path) > 50_000 for path in tmp_path.glob(".*.part")))
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    left = {path.suffix for path in tmp_path.iterdir()}
    assert left == {".lock", ".part"}
    ask(tmp_path)
    assert server.ranges[-1].startswith("bytes=") and int(server.ranges[-1][6:-1]) > 50_000
    assert os.listdir(tmp_path) == [file]


def size_of(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:  # that of an address which had nothing is gone at once
        return 0


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("waited for too long")
        time.sleep(0.005)


def test_purge_deletes_parameter_files_and_leftovers_only(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.params", "b.txt", "c.params.npz", "sub/d.params", ".a.params.01234567.part", ".a.params.lock"):
        (tmp_path / name).write_bytes(b"")
    model_store.purge(tmp_path)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["b.txt", "c.params.npz", str(Path("sub", "d.params"))]
    model_store.purge(tmp_path / "nowhere")
