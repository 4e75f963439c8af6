"""What `mxzoo train` finds in folders, record files and named datasets, and what it reports of it."""

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from training_runs import COLOURS, make_images

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.cli.training._bad import BadData
from mxnet.cli.training._data import find_data, find_part, split, verify
from mxnet.cli.training._sources import ArrayImages, decoded


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return make_images(tmp_path / "images", each=5)


@pytest.fixture
def bad() -> BadData:
    return BadData()


def found(bad: BadData) -> dict[str, str]:
    """Problems by file name."""
    return {Path(name).name: problem for name, problem in bad}


# Folders


def test_one_folder_of_classes_is_split(images, bad):
    data = find_data(str(images), bad, val_fraction=0.4)
    assert data.classes == sorted(COLOURS) and not len(bad)
    assert np.bincount(data.train.labels).tolist() == [3, 3, 3] and np.bincount(data.val.labels).tolist() == [2, 2, 2]
    names = [part.name(index) for part in (data.train, data.val) for index in range(len(part))]
    assert sorted(names) == sorted(str(path) for path in images.glob("*/*.png"))
    assert all(Path(data.val.name(i)).parent.name == data.classes[data.val.labels[i]] for i in range(len(data.val)))


def test_the_seed_decides_what_is_held_out(images, bad):
    first, again, other = (find_data(str(images), bad, seed=seed).identity() for seed in (1, 1, 2))
    assert first == again != other


def test_nothing_is_held_out_if_so_wished(images, bad):
    data = find_data(str(images), bad, val_fraction=0)
    assert data.val is None and len(data.train) == 15


@pytest.mark.parametrize("held_out", ["val", "test"])
def test_train_and_val_are_taken_as_they_are(tmp_path, bad, held_out):
    make_images(tmp_path / "train", each=3)
    make_images(tmp_path / held_out, each=2)
    data = find_data(str(tmp_path), bad)
    assert (len(data.train), len(data.val)) == (9, 6)
    part = find_part(str(tmp_path), bad, channels=3, classes=data.classes)
    assert len(part.images) == 6 and part.what == f"those in {held_out}/"


def test_val_may_lie_elsewhere_and_lack_classes(images, tmp_path, bad):
    make_images(tmp_path / "other", each=1)
    (tmp_path / "other" / "blue").rename(tmp_path / "other" / "violet")
    data = find_data(str(images), bad, val=str(tmp_path / "other"))
    assert data.val.labels.tolist() == [1, 2]
    assert found(bad) == {"violet": "unknown class: the network learns blue, green, red"}


def test_images_are_colour_or_grey(images, bad):
    colour = find_data(str(images), bad, val_fraction=0).train
    grey = find_data(str(images), bad, channels=1, val_fraction=0).train
    image = colour.read(0)
    assert image.shape == (20, 20, 3) and image.dtype == np.uint8
    assert image[..., 2].mean() > image[..., 0].mean() + 50, "blue is last"
    assert grey.read(0).shape == (20, 20, 1)


def test_bad_files_and_folders_are_left_out_by_name(images, bad):
    (images / "empty").mkdir()
    (images / "stray.png").write_bytes(b"x")
    (images / "red" / "zero.jpg").touch()
    (images / "red" / "notes.txt").write_text("hello")
    (images / "red" / "inner.png").mkdir()
    (images / "red" / "gone.png").symlink_to("nowhere.png")
    (images / "red" / ".DS_Store").touch()
    data = find_data(str(images), bad)
    assert data.classes == sorted(COLOURS) and len(data.train) + len(data.val) == 15
    problems = found(bad)
    assert {name: problem.partition(":")[0] for name, problem in problems.items()} == {
        "empty": "empty class",
        "stray.png": "not in a class folder",
        "zero.jpg": "empty file",
        "notes.txt": "not an image",
        "inner.png": "not a file",
        "gone.png": "not a file",
    }


def test_what_is_no_image_is_found_when_it_is_read(images, bad):
    (images / "red" / "text.png").write_text("this is no image")
    whole = (images / "red" / "000.png").read_bytes()
    (images / "red" / "short.png").write_bytes(whole[: len(whole) // 2])
    data = find_data(str(images), bad, val_fraction=0)
    assert not len(bad)
    verify(data.train, bad)
    assert set(found(bad)) == {"text.png", "short.png"} and "cut off" in found(bad)["short.png"]
    with pytest.raises(MXNetError, match="--strict: 2 bad entries(.|\n)*short.png"):
        bad.refuse()


@pytest.mark.parametrize("extension", [".jpg", ".png"])
def test_images_that_are_cut_off_are_refused(extension):
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    content = cv2.imencode(extension, image)[1].tobytes()
    assert decoded(content, 3).shape == (40, 40, 3)
    assert decoded(content + b"trailing bytes of a camera", 3).shape == (40, 40, 3)
    for length in (len(content) // 2, len(content) - 13):
        with pytest.raises(MXNetError, match="cut off"):
            decoded(content[:length], 3)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda root: None, "there is no .*one of digits, mnist"),
        (lambda root: root.mkdir(), "images of 0 classes"),
        (lambda root: make_images(root, 1) and [(root / name).rename(root.parent / name) for name in ("red", "blue")],
         "images of 1 class,"),
        (lambda root: root.write_text("x"), "neither a folder of images nor a .rec file"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_from_is_refused(tmp_path, bad, make, message):
    make(tmp_path / "data")
    with pytest.raises(MXNetError, match=message):
        find_data(str(tmp_path / "data"), bad)


def test_a_class_with_one_image_holds_out_none():
    images = ArrayImages("x", np.zeros((6, 2, 2, 1), np.uint8), [0, 1, 1, 1, 1, 1], 1)
    kept, held_out = split(images, 0.5, 0)
    assert np.bincount(kept.labels).tolist() == [1, 3] and held_out.labels.tolist() == [1, 1]


# Record files


def make_record(path: Path, labels: list[object], images: bool = True) -> Path:
    record = mx.recordio.MXIndexedRecordIO(str(path.with_suffix(".idx")), str(path), "w")
    for key, label in enumerate(labels):
        header = mx.recordio.IRHeader(0, label, key, 0)
        image = np.full((8, 9, 3), 10 * key, np.uint8)
        record.write_idx(key, mx.recordio.pack_img(header, image, img_fmt=".png") if images else b"short")
    record.close()
    return path


def test_record_file(tmp_path, bad):
    path = make_record(tmp_path / "data.rec", [0, 1, 2, 0, 1, 2])
    data = find_data(str(path), bad, val_fraction=0.5)
    assert data.classes == ["0", "1", "2"] and not len(bad)
    assert sorted(data.train.labels) == sorted(data.val.labels) == [0, 1, 2]
    index = int(np.flatnonzero(data.train.labels == 2)[0])
    key = int(data.train.name(index).rpartition(" ")[2])
    assert (data.train.read(index) == 10 * key).all() and data.train.name(index) == f"{path}, record {key}"


def test_labels_that_are_no_classes_are_left_out(tmp_path, bad):
    labels = [0, 1, 0, 1, -1, 0.5, 7, [1.0], [0.0, 1.0], float("nan"), float("inf")]
    path = make_record(tmp_path / "data.rec", labels)
    data = find_data(str(path), bad, classes="2", val_fraction=0)
    assert data.train.labels.tolist() == [0, 1, 0, 1, 1]
    assert [name.rpartition(" ")[2] for name, _ in bad] == ["4", "5", "6", "8", "9", "10"]
    assert "label: 7 is no class, they are 0 to 1" in dict(bad).values()


def test_a_wild_label_makes_no_giant_head(tmp_path, bad):
    path = make_record(tmp_path / "data.rec", [0, 1, 5000])
    with pytest.raises(MXNetError, match="labels up to 5000 in 3 records.*--classes 5001"):
        find_data(str(path), bad)


def test_classes_of_a_record_file_may_have_names(tmp_path, bad):
    path = make_record(tmp_path / "data.rec", [0, 1, 0])
    (tmp_path / "names.txt").write_text("cat\ndog\n\nbird\n")
    data = find_data(str(path), bad, classes=str(tmp_path / "names.txt"), val_fraction=0)
    assert data.classes == ["cat", "dog", "bird"]


def test_classes_without_records_are_reported(tmp_path, bad):
    find_data(str(make_record(tmp_path / "data.rec", [0, 2, 0, 2])), bad)
    assert list(bad) == [(f"{tmp_path / 'data.rec'}, class 1", "empty class")]


def test_damaged_records_are_left_out(tmp_path, bad):
    path = make_record(tmp_path / "data.rec", [0, 1, 0, 1])
    offset = int((tmp_path / "data.idx").read_text().splitlines()[1].split("\t")[1])
    content = bytearray(path.read_bytes())
    content[offset : offset + 4] = b"oops"
    path.write_bytes(content)
    data = find_data(str(path), bad, val_fraction=0)
    assert data.train.labels.tolist() == [0, 0, 1]
    assert "no record begins here" in dict(bad)[f"{path}, record 1"]


def test_a_record_file_needs_its_index(tmp_path, bad):
    path = make_record(tmp_path / "data.rec", [0, 1])
    (tmp_path / "data.idx").unlink()
    with pytest.raises(MXNetError, match="has no index"):
        find_data(str(path), bad)


@pytest.mark.parametrize("classes, message", [("1", "at least two"), ("no-such-file", "a number or a text file")])
def test_wrong_classes_are_refused(tmp_path, bad, classes, message):
    with pytest.raises(MXNetError, match=message):
        find_data(str(make_record(tmp_path / "data.rec", [0, 1])), bad, classes=classes)


# Named datasets


def test_digits(bad):
    data = find_data("digits", bad)
    assert (len(data.train), len(data.val), data.classes) == (1437, 360, [str(digit) for digit in range(10)])
    assert data.train.read(0).shape == (8, 8, 1) and data.train.read(0).max() == 255
    assert find_data("digits", bad, channels=3).train.read(0).shape == (8, 8, 3)
    with pytest.raises(MXNetError, match="leave --val and --classes out"):
        find_data("digits", bad, val="there")


def test_part_to_evaluate_is_the_held_out_one(tmp_path, bad):
    make_images(tmp_path / "train", each=3)
    make_images(tmp_path / "val", each=2)
    classes = sorted(COLOURS)
    assert len(find_part(str(tmp_path), bad, channels=3, classes=classes).images) == 6
    assert len(find_part(str(tmp_path / "train"), bad, channels=3, classes=classes).images) == 9
    with pytest.raises(MXNetError, match="no images of the network's classes"):
        find_part(str(tmp_path / "train"), bad, channels=3, classes=["cat", "dog"])


def test_list_of_bad_data_is_written_and_goes_again(tmp_path, bad):
    bad.write(tmp_path / "bad.csv")
    assert not (tmp_path / "bad.csv").exists()
    assert bad.add("a, b.png", "unreadable: one\nline") and not bad.add("a, b.png", "again")
    bad.write(tmp_path / "bad.csv")
    assert (tmp_path / "bad.csv").read_text().splitlines() == ["name,problem", '"a, b.png",unreadable: one line']
    assert bad.counted() == [("unreadable", 1)]
    BadData().write(tmp_path / "bad.csv")
    assert not (tmp_path / "bad.csv").exists()


def test_scanning_warns_of_nothing(images, bad):
    (images / "readme.md").write_text("")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_data(str(images), bad)
