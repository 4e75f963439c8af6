"""Finds the images: their classes, those to train with and those held out, and what is wrong among them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from mxnet.base import MXNetError
from mxnet.cli.training._bad import BadData, printable
from mxnet.cli.training._named import NAMED
from mxnet.cli.training._sources import ArrayImages, FileImages, Images, RecordImages
from mxnet.recordio import MXIndexedRecordIO, read_header

__all__ = ["Data", "Part", "find_data", "find_part", "largest_side", "split", "verify"]

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_TRAINING = ("train", "training")
_HELD_OUT = ("val", "valid", "validation", "test")
_MOST_CLASSES = 100_000  # a label beyond is taken for damage unless --classes says otherwise
_LONGEST_LIST = 1 << 24  # bytes of a file of class names
_IMAGES_AND_LABELS = "a folder with a folder of images for each class, a .rec file, or one of {names}"


@dataclass(frozen=True)
class Part:
    """A set of images before it is split: what a folder, a record file or a name stands for, and what to call that."""

    images: Images
    classes: list[str]
    what: str = "all images"


@dataclass(frozen=True)
class Data:
    """Images to train with, images held out (None if there are none), and the names of their classes."""

    train: Images
    val: Images | None
    classes: list[str]

    def identity(self) -> str:
        """A checksum of names, labels and classes."""
        parts = [*self.classes, self.train.identity(), self.val.identity() if self.val is not None else ""]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


# What there is at a path


def find_data(
    data: str,
    bad: BadData,
    *,
    channels: int | None = None,
    val: str | None = None,
    val_fraction: float = 0.2,
    classes: str | None = None,
    seed: int = 0,
) -> Data:
    """The images that `data` stands for; what is wrong with some goes to `bad`.

    Parameters
    ----------
    data : str
        A folder of ``train`` and ``val`` with a folder for each class, one folder of them, a record file, or a name
        of `NAMED`.
    bad : BadData
    channels : {1, 3}, optional
        Default: as the data are; 3 for files.
    val : str, optional
        A folder of classes, or a record file, to hold out.
    val_fraction : float
        What is held out of each class where there is no `val`; 0 for nothing.
    classes : str, optional
        The number of classes, or a file with a name in each line.
    seed : int
        Decides what is held out.

    Raises
    ------
    MXNetError
        If it is none of these, or not enough to learn from.
    """
    names = _class_names(classes)
    if not os.path.exists(data) and data.lower() in NAMED:
        found = _named(data.lower(), channels, val, names)
    else:
        found = _at_path(data, val, names, channels or 3, bad)
    train, held_out = found
    if held_out is not None:
        result = Data(train.images, held_out, train.classes)
    elif val_fraction == 0:
        result = Data(train.images, None, train.classes)
    else:
        result = Data(*split(train.images, val_fraction, seed), train.classes)
    _check(result, data, bad)
    return result


def find_part(data: str, bad: BadData, *, channels: int, classes: list[str]) -> Part:
    """What a trained network is to be evaluated on: the held-out part where `data` has one, else all of it.

    Raises
    ------
    MXNetError
        As `find_data`.
    """
    if not os.path.exists(data) and data.lower() in NAMED:
        part = Part(_array_images(data.lower(), False, channels)[0], classes, f"the test images of {data.lower()}")
    elif os.path.isdir(data):
        folder = _below(data, _HELD_OUT) if _below(data, _TRAINING) else None
        part = _folder(folder or data, channels, classes, bad)
        if folder is not None:
            part = replace(part, what=f"those in {os.path.basename(folder)}/")
    else:
        part = _record(data, channels, classes, bad)
    labels = part.images.labels
    if len(labels) and labels.max() >= len(classes):
        raise MXNetError(f"{data} has class {labels.max()}, but the network knows {len(classes)} classes")
    if not len(labels):
        raise MXNetError(f"there are no images of the network's classes in {data}" + _because(bad))
    return part


def _named(name: str, channels: int | None, val: str | None, names: list[str] | int | None) -> tuple[Part, Images]:
    if val is not None or names is not None:
        raise MXNetError(f"{name} has classes and held-out images of its own: leave --val and --classes out")
    images, classes = _array_images(name, True, channels)
    return Part(images, classes), _array_images(name, False, channels)[0]


def _array_images(name: str, train: bool, channels: int | None) -> tuple[ArrayImages, list[str]]:
    images, labels, classes = NAMED[name](train)
    part = "training" if train else "test"
    return ArrayImages(f"{name} ({part})", images, labels, channels or images.shape[-1]), classes


def _at_path(
    data: str, val: str | None, names: list[str] | int | None, channels: int, bad: BadData
) -> tuple[Part, Images | None]:
    if os.path.isdir(data):
        if names is not None:
            raise MXNetError("--classes is for record files: the classes of a folder are the folders in it")
        inner = _below(data, _TRAINING)
        held_out = val or (_below(data, _HELD_OUT) if inner else None)
        train = _folder(inner or data, channels, None, bad)
    elif os.path.exists(data):
        train = _record(data, channels, names, bad)
        held_out = val
    else:
        what = _IMAGES_AND_LABELS.format(names=", ".join(NAMED))
        raise MXNetError(f"there is no {data!r}: the data are {what}")
    if held_out is None:
        return train, None
    if not os.path.exists(held_out):
        raise MXNetError(f"there is no {held_out!r} to hold out")
    read = _folder if os.path.isdir(held_out) else _record
    return train, read(held_out, channels, train.classes, bad).images


def _below(folder: str, names: Iterable[str]) -> str | None:
    return next((path for name in names if os.path.isdir(path := os.path.join(folder, name))), None)


def _class_names(classes: str | None) -> list[str] | int | None:
    """A number, or names from a file."""
    if classes is None:
        return None
    if classes.isdecimal():
        if int(classes) < 2:
            raise MXNetError(f"--classes: a network tells at least two classes apart, not {classes}")
        return int(classes)
    try:
        with open(classes, "rb") as file:
            content = file.read(_LONGEST_LIST + 1)
        lines = [line.strip() for line in content.decode().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise MXNetError(f"--classes takes a number or a text file with a name in each line: {error}") from error
    names = [line for line in lines if line]
    if len(content) > _LONGEST_LIST or len(set(names)) != len(names) or len(names) < 2:
        raise MXNetError(f"--classes: {classes} must hold at least two names, all different, one in each line")
    return names


# Folders


def _folder(root: str, channels: int, classes: list[str] | None, bad: BadData) -> Part:
    """The images in the class folders of `root`: of the given classes, or of all that have images."""
    files: list[str] = []
    labels: list[int] = []
    kept: list[str] = []
    number = None if classes is None else {name: place for place, name in enumerate(classes)}
    for folder in sorted(_entries(root), key=lambda entry: entry.name):
        if folder.name.startswith("."):
            continue
        if not folder.is_dir():
            bad.add(folder.path, "not in a class folder")
            continue
        name = printable(folder.name)
        if number is not None and name not in number:
            bad.add(folder.path, f"unknown class: the network learns {_some(classes)}")
            continue
        found = _images_in(folder, bad)
        if not found:
            bad.add(folder.path, "empty class")
            continue
        label = len(kept) if number is None else number[name]
        kept.append(name)
        files += [os.path.join(folder.name, file) for file in found]
        labels += [label] * len(found)
    return Part(FileImages(root, files, labels, channels), kept if classes is None else classes)


def _entries(folder: str) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise MXNetError(f"cannot read the folder {folder}: {error.strerror or error}") from error


def _images_in(folder: os.DirEntry, bad: BadData) -> list[str]:
    """Names of the images in a class folder that are not plainly bad, sorted."""
    found = []
    for entry in _entries(folder.path):
        if entry.name.startswith("."):
            continue
        problem = _problem_of(entry)
        if problem is None:
            found.append(entry.name)
        else:
            bad.add(entry.path, problem)
    return sorted(found)


def _problem_of(entry: os.DirEntry) -> str | None:
    if os.path.splitext(entry.name)[1].lower() not in EXTENSIONS:
        return "not an image: its name ends in none of " + ", ".join(EXTENSIONS)
    try:
        if not entry.is_file():
            return "not a file"
        return None if entry.stat().st_size else "empty file"
    except OSError as error:
        return f"unreadable: {error.strerror or error}"


# Record files


def _record(path: str, channels: int, classes: list[str] | int | None, bad: BadData) -> Part:
    """The images in a record file, whose labels are numbers of classes from 0."""
    if not path.lower().endswith(".rec"):
        raise MXNetError(f"{path} is neither a folder of images nor a .rec file")
    index = os.path.splitext(path)[0] + ".idx"
    if not os.path.exists(index):
        raise MXNetError(f"{path} has no index: {index} is missing")
    record = MXIndexedRecordIO(index, path, "r")
    limit = len(classes) if isinstance(classes, list) else classes or _MOST_CLASSES
    keys, labels = [], []
    for key in record.keys:
        label = _label_of(record, key, limit)
        if isinstance(label, str):
            bad.add(f"{path}, record {key}", label)
        else:
            keys.append(key)
            labels.append(label)
    if classes is None:
        classes = max(labels, default=-1) + 1
        if classes > len(labels):
            raise MXNetError(
                f"{path} has labels up to {classes - 1} in {len(labels)} records: one of them is wrong, or the number "
                f"of classes must be said: --classes {classes}"
            )
        for missing in sorted(set(range(classes)) - set(labels)):
            bad.add(f"{path}, class {missing}", "empty class")
    if isinstance(classes, int):
        classes = [str(number) for number in range(classes)]
    return Part(RecordImages(record, np.asarray(keys, dtype=np.int64), labels, channels), classes)


def _label_of(record: MXIndexedRecordIO, key: int, limit: int) -> int | str:
    """The label in a record's header, or what is wrong with it; the image is not read."""
    try:
        labels = np.atleast_1d(read_header(record._file, record.idx[key]).label)
    except MXNetError as error:
        return f"unreadable: {error}"
    if len(labels) != 1:
        return f"label: {len(labels)} numbers, where the number of a class is expected"
    label = float(labels[0])
    if not label.is_integer() or not 0 <= label < limit:
        return f"label: {label:g} is no class, they are 0 to {limit - 1}"
    return int(label)


# Splitting and checking


def split(images: Images, fraction: float, seed: int) -> tuple[Images, Images]:
    """Images to train with, and a share of each class to hold out; a class of one image has none."""
    draw = np.random.default_rng([seed, _SPLIT])
    kept, held_out = [], []
    for label in np.unique(images.labels):
        members = draw.permutation(np.flatnonzero(images.labels == label))
        count = min(max(1, round(len(members) * fraction)), len(members) - 1)
        held_out.append(members[:count])
        kept.append(members[count:])
    if not kept:
        return images, images
    return images.select(np.sort(np.concatenate(kept))), images.select(np.sort(np.concatenate(held_out)))


_SPLIT = 0x5917  # keeps these draws apart from those of _batches


def _check(data: Data, name: str, bad: BadData) -> None:
    known = len(np.unique(data.train.labels))
    if known < 2:
        raise MXNetError(
            f"{name} has images of {known} class{'' if known == 1 else 'es'}, and a network learns to tell at least "
            "two apart: put the images of each class into a folder of their own, "
            + os.path.join(name, "<class>", "...")
            + _because(bad)
        )
    if data.val is not None and not len(data.val):
        raise MXNetError(f"there are no images to hold out in {name} (--val-fraction 0 trains without)" + _because(bad))


def _because(bad: BadData) -> str:
    return "".join(f"\n  {line}" for line in bad.listed(5)) if len(bad) else ""


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f", ... ({len(names)} in all)" if len(names) > 5 else "")


def verify(images: Images, bad: BadData, workers: int = 4) -> None:
    """Read every image once, in threads, and note those that cannot be read."""

    def problem(index: int) -> str | None:
        try:
            images.read(index)
        except (MXNetError, OSError) as error:
            return f"unreadable: {error}"
        return None

    with ThreadPoolExecutor(workers) as pool:
        for index, found in enumerate(pool.map(problem, range(len(images)))):
            if found is not None:
                bad.add(images.name(index), found)


def largest_side(images: Images) -> int:
    """The larger side of the first image that can be read; a large number if none of the first few can."""
    for index in range(min(len(images), 8)):
        try:
            return max(images.read(index).shape[:2])
        except (MXNetError, OSError):
            continue
    return 1 << 30
