"""`im2rec` against the files that genuine MXNet's makes, and its own promises."""

import errno
import json
import os
import re
import subprocess
import sys

import cv2
import numpy as onp
import pytest
from references import load
from typer.testing import CliRunner

import mxnet as mx
from mxnet.cli.app import app
from mxnet.gluon.data.vision import ImageRecordDataset
from mxnet.tools import _image_records
from mxnet.tools.im2rec import main

import im2rec_cases as cases  # isort: skip  (of reference/, found through references)

EXPECTED = load("im2rec.json.gz")
PNG = {"colour", "grey", "as it is", "resized", "square"}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    cases.plant(folder)
    return folder


def files_in(folder):
    return {
        path.name: path.read_text() if path.suffix == ".lst" else path.read_bytes().hex()
        for path in sorted(folder.iterdir())
    }


def pixels(folder, content):
    """Headers and pixels of a record file given in hexadecimal: how tightly zlib packs them is its own affair."""
    (folder / "b.rec").write_bytes(bytes.fromhex(content))
    record = mx.recordio.MXRecordIO(folder / "b.rec", "r")
    found = []
    while (payload := record.read()) is not None:
        header, image = mx.recordio.unpack_img(payload)
        found.append([header._replace(label=onp.ravel(header.label).tolist()), image.tolist()])
    record.close()
    return found


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("name", cases.RUNS)
def test_files_equal_genuine(name, threads, images, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for step in cases.RUNS[name]:
        if step == "several":
            cases.write_several(folder / "a.lst")
        else:
            assert main(["--num-thread", threads, *step, "a", str(images)]) == 0
    found, expected = files_in(folder), EXPECTED[name]
    assert found.keys() == expected.keys()
    if name in PNG:
        assert pixels(tmp_path, found.pop("a.rec")) == pixels(tmp_path, expected["a.rec"])
        found.pop("a.idx")
    assert found == {file: expected[file] for file in found}


def test_every_run_was_recorded():
    assert EXPECTED.keys() == cases.RUNS.keys()


def test_jpeg_is_opencvs(images, tmp_path):
    main(["--list", "--recursive", str(tmp_path / "a"), str(images)])
    assert main(["--quality", "70", str(tmp_path / "a"), str(images)]) == 0
    line = (tmp_path / "a.lst").read_text().splitlines()[0].split("\t")
    payload = mx.recordio.MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r").read_idx(int(line[0]))
    header, content = mx.recordio.unpack(payload)
    image = cv2.imread(str(images / line[2]))
    assert content == cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes()
    assert (header.label, header.id) == (float(line[1]), int(line[0]))


def test_records_are_read_by_the_data_set(images, tmp_path):
    main(["--list", "--recursive", "--no-shuffle", str(tmp_path / "a"), str(images)])
    main(["--pass-through", str(tmp_path / "a"), str(images)])
    dataset = ImageRecordDataset(tmp_path / "a.rec")
    assert [label for _, label in dataset] == [0, 1, 2, 2, 2, 3, 3, 4, 4]
    assert dataset[0][0].shape == (10, 12, 3)


@pytest.fixture
def with_bad_images(images, tmp_path):
    (tmp_path / "a.lst").write_text("3\t1\tbad.png\n4\t1\tant/p0.png\n5\t1\tmissing.png\n6\t2\tempty.png\n")
    folder = tmp_path / "images"
    cases.plant(folder)
    (folder / "bad.png").write_bytes(b"no image")
    (folder / "empty.png").write_bytes(b"")
    return str(folder)


def test_bad_images_are_named_and_counted(with_bad_images, tmp_path, capsys):
    assert main([str(tmp_path / "a"), with_bad_images]) == 0
    said = capsys.readouterr().err
    for name, reason in (("bad.png", "not an image"), ("missing.png", "No such file"), ("empty.png", "empty buffer")):
        assert f"{name}: " in said and reason in said
    assert "3 of 4 images were left out" in said
    assert (tmp_path / "a.idx").read_text() == "4\t0\n"


def test_strict_fails_on_bad_images(with_bad_images, tmp_path):
    assert main(["--strict", str(tmp_path / "a"), with_bad_images]) == 1


def test_numbers_labels_and_names_that_cannot_be_are_left_out(tmp_path, capsys):
    rows = ["-1\t1\tant/p0.png", "2\t1e300\tant/p0.png", "3\t1\ta\0b.png", "4\t1\tant/p0.png"]
    (tmp_path / "a.lst").write_text("\n".join(rows))
    cases.plant(tmp_path / "images")
    assert main([str(tmp_path / "a"), str(tmp_path / "images")]) == 0
    assert "3 of 4 images were left out" in capsys.readouterr().err
    assert (tmp_path / "a.idx").read_text() == "4\t0\n"


def test_a_wrong_folder_leaves_the_older_files(images, tmp_path, capsys):
    main(["--list", "--recursive", str(tmp_path / "a"), str(images)])
    main(["--pass-through", str(tmp_path / "a"), str(images)])
    before = files_in(tmp_path)
    assert main([str(tmp_path / "a"), str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert re.search(r"none of the \d+ images in .*a\.lst can be read, such as .*: No such file", said)
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("name", ["a\tb.png", "a\nb.png", " a.png", os.fsdecode(b"a\xff.png")])
def test_names_that_no_list_can_hold_are_told(name, tmp_path, capsys):
    (tmp_path / "images").mkdir()
    try:
        (tmp_path / "images" / name).write_bytes(b"")
    except OSError:
        pytest.skip("no such name on this file system")
    assert main(["--list", str(tmp_path / "a"), str(tmp_path / "images")]) == 1
    assert f"a list cannot hold the name {name!r}" in capsys.readouterr().err
    assert not (tmp_path / "a.lst").exists()


def test_an_interrupted_run_leaves_the_older_files(images, tmp_path, monkeypatch):
    main(["--list", "--recursive", str(tmp_path / "a"), str(images)])
    main(["--pass-through", str(tmp_path / "a"), str(images)])
    before = files_in(tmp_path)

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(_image_records, "_record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        main([str(tmp_path / "a"), str(images)])
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(("replaced", "left"), [(0, "older.rec"), (1, "newer.rec")])
def test_a_run_that_is_killed_between_two_files_leaves_no_index_of_another(
    replaced, left, images, tmp_path, monkeypatch
):
    main(["--list", "--recursive", str(tmp_path / "a"), str(images)])
    contents = {}
    for name, size in (("older", "8"), ("newer", "4")):
        main(["--resize", size, "--encoding", ".png", str(tmp_path / "a"), str(images)])
        contents[f"{name}.rec"] = (tmp_path / "a.rec").read_bytes()
    main(["--resize", "8", "--encoding", ".png", str(tmp_path / "a"), str(images)])
    calls, replace = [], os.replace

    def killed(source, target):
        if len(calls) == replaced:
            raise KeyboardInterrupt
        calls.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        main(["--resize", "4", "--encoding", ".png", str(tmp_path / "a"), str(images)])
    assert (tmp_path / "a.rec").read_bytes() == contents[left]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.lst", "a.rec"]
    with pytest.raises(mx.MXNetError, match=r"a\.idx"):
        ImageRecordDataset(tmp_path / "a.rec")


def test_a_disk_that_gets_full_leaves_the_older_pair(images, tmp_path, monkeypatch, capsys):
    main(["--list", "--recursive", str(tmp_path / "a"), str(images)])
    main(["--pass-through", str(tmp_path / "a"), str(images)])
    before = files_in(tmp_path)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert main([str(tmp_path / "a"), str(images)]) == 1
    assert re.search(r"cannot write .*a\.(rec|idx).*No space left", capsys.readouterr().err)
    assert files_in(tmp_path) == before


def test_links_and_permissions_of_older_files_are_kept(images, tmp_path):
    main(["--list", "--recursive", str(tmp_path / "a"), str(images)])
    (tmp_path / "elsewhere").write_text("older")
    (tmp_path / "elsewhere").chmod(0o640)
    (tmp_path / "a.idx").symlink_to("elsewhere")
    assert main(["--pass-through", str(tmp_path / "a"), str(images)]) == 0
    assert (tmp_path / "a.idx").is_symlink() and (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o640
    assert len((tmp_path / "elsewhere").read_text().splitlines()) == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--list", "a", "missing"), "there is no folder 'missing'"),
        (("--list", "a", "."), "there are no images (.jpeg, .jpg, .png) in '.'; with --recursive subfolders count too"),
        (("--list", "--chunks", "0", "a", "."), "chunks must be at least 1"),
        (("--list", "--train-ratio", "0.9", "--test-ratio", "0.2", "a", "."), "at most 1 together"),
        (("zz", "."), "there is no list zz*.lst: make one with --list"),
        (("--quality", "101", "a", "."), "quality must be between 0 and 100"),
        (("--resize", "-2", "a", "."), "resize must not be negative"),
        (("--num-thread", "0", "a", "."), "num-thread must be at least 1"),
        (("broken", "."), "broken.lst, line 2: expected 'number<tab>label...<tab>file', not 'x\\tb.png\\n'"),
        (("void", "."), "void.lst names no images"),
    ],
)
def test_mistakes_are_told(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.lst").write_text("1\t0\ta.png\nx\tb.png\n")
    (tmp_path / "void.lst").write_text("\n")
    (tmp_path / "a.lst").write_text("1\t0\ta.png\n")
    assert main(arguments) == 1
    assert message in capsys.readouterr().err


def test_a_link_back_up_is_followed_once(images, tmp_path):
    cases.plant(tmp_path / "images")
    (tmp_path / "images" / "cat" / "up").symlink_to(tmp_path / "images")
    assert main(["--list", "--recursive", str(tmp_path / "a"), str(tmp_path / "images")]) == 0
    assert len((tmp_path / "a.lst").read_text().splitlines()) == 9


def test_several_lists_begin_alike(images, tmp_path):
    main(["--list", "--recursive", "--train-ratio", "0.5", str(tmp_path / "a"), str(images)])
    assert main(["--pass-through", str(tmp_path / "a"), str(images)]) == 0
    assert {"a_train.rec", "a_val.rec"} <= {path.name for path in tmp_path.iterdir()}
    assert main(["--pass-through", str(tmp_path / "a_val.lst"), str(images)]) == 0


def test_the_command_does_the_same(images, tmp_path):
    for prefix, run in (
        (tmp_path / "a", lambda *options: main([str(option) for option in options])),
        (tmp_path / "b", lambda *options: CliRunner().invoke(app, ["im2rec", *map(str, options)]).exit_code),
    ):
        assert run("--list", "--recursive", "--train-ratio", "0.5", "--test-ratio", "0.25", prefix, images) == 0
        assert run("--encoding", ".png", "--quality", "5", "--resize", "5", "--num-thread", "2", prefix, images) == 0
    files = files_in(tmp_path)
    assert len(files) == 18
    for name in [name for name in files if name.startswith("a")]:
        assert files[name] == files["b" + name[1:]], name


def test_the_command_tells_mistakes():
    result = CliRunner().invoke(app, ["im2rec", "--list", "a", "missing"])
    assert result.exit_code == 1
    assert "there is no folder 'missing'" in result.stderr


def test_it_runs_as_a_module(images, tmp_path):
    command = [sys.executable, "-m", "mxnet.tools.im2rec", "--list", "--recursive", str(tmp_path / "a"), str(images)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.lst").read_text() == EXPECTED["recursive"]["a.lst"]
    assert json.dumps(done.stdout) == '""'
