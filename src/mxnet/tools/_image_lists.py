"""Lists of the images below a folder."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from mxnet.formats._writer import atomic_write
from mxnet.formats.image_list import ListEntry, line_of

__all__ = ["EXTENSIONS", "ListSettings", "Lists", "find_images", "make_lists"]

EXTENSIONS = (".jpeg", ".jpg", ".png")
_SEED = 100  # MXNet's: the same folder gives the same list


@dataclass(frozen=True)
class ListSettings:
    """How to list images; as the options of the program.

    Raises
    ------
    ValueError
        If the ratios or the number of chunks make no sense.
    """

    recursive: bool = False
    shuffle: bool = True
    chunks: int = 1
    train_ratio: float = 1.0
    test_ratio: float = 0.0
    exts: tuple[str, ...] = EXTENSIONS

    def __post_init__(self) -> None:
        if self.chunks < 1:
            raise ValueError(f"chunks must be at least 1, not {self.chunks}")
        if min(self.train_ratio, self.test_ratio) < 0 or self.train_ratio + self.test_ratio > 1 + 1e-9:
            raise ValueError(
                "train-ratio and test-ratio must not be negative, and at most 1 together, "
                f"not {self.train_ratio} and {self.test_ratio}"
            )


@dataclass
class Lists:
    """What was written: each file with its number of images, and the class of each folder."""

    files: list[tuple[str, int]] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)


def find_images(
    root: str, recursive: bool, exts: tuple[str, ...] = EXTENSIONS
) -> tuple[list[ListEntry], dict[str, int]]:
    """The images below `root` in order of names, and with `recursive` the class of each folder, by its path.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    if not os.path.isdir(root):
        raise FileNotFoundError(f"there is no folder {root!r}")
    endings = tuple(each.lower() for each in exts)
    classes: dict[str, int] = {}
    entries: list[ListEntry] = []
    for folder, names in _folders(root, recursive):
        for name in names:
            path = os.path.join(folder, name)
            if name.lower().endswith(endings) and os.path.isfile(path):
                label = classes.setdefault(folder, len(classes)) if recursive else 0
                entries.append(ListEntry(len(entries), (float(label),), os.path.relpath(path, root)))
    return entries, {os.path.relpath(folder, root): label for folder, label in classes.items()}


def _folders(root: str, recursive: bool) -> Iterator[tuple[str, list[str]]]:
    if not recursive:
        yield root, sorted(os.listdir(root))
        return
    seen = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        place = os.path.realpath(folder)
        if place in seen:  # a link that leads back up would be followed for ever
            folders.clear()
            continue
        seen.add(place)
        folders.sort()
        yield folder, sorted(names)


def make_lists(prefix: str, root: str, settings: ListSettings) -> Lists:
    """Write ``prefix.lst``, or one list for training, testing and validation each, for each chunk.

    Raises
    ------
    FileNotFoundError
        If there is no folder `root`.
    ValueError
        If there are no images in it, or a list cannot hold the name of one.
    """
    entries, classes = find_images(root, settings.recursive, settings.exts)
    if not entries:
        where = "below" if settings.recursive else "in"
        hint = "" if settings.recursive else "; with --recursive subfolders count too"
        raise ValueError(f"there are no images ({', '.join(settings.exts)}) {where} {root!r}{hint}")
    lines = [line_of(entry) for entry in entries]
    if settings.shuffle:
        random.Random(_SEED).shuffle(lines)
    lists = Lists(classes=classes)
    size = math.ceil(len(lines) / settings.chunks)
    for chunk in range(settings.chunks):
        name = f"{prefix}_{chunk}" if settings.chunks > 1 else prefix
        for ending, part in _shares(lines[chunk * size : (chunk + 1) * size], size, settings):
            with atomic_write(f"{name}{ending}.lst") as file:
                file.writelines(part)
            lists.files.append((f"{name}{ending}.lst", len(part)))
    return lists


def _shares(lines: list[bytes], size: int, settings: ListSettings) -> Iterator[tuple[str, list[bytes]]]:
    """The lines for each purpose, with what the name of its list ends in."""
    if settings.train_ratio == 1.0:
        yield "", lines
        return
    test = int(size * settings.test_ratio)
    train = test + int(size * settings.train_ratio)
    if settings.test_ratio:
        yield "_test", lines[:test]
    if settings.train_ratio + settings.test_ratio < 1.0:
        yield "_val", lines[train:]
    yield "_train", lines[test:train]
