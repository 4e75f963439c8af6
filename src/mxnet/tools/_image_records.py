"""Record files of the images in a list: read, resized and encoded in threads, written in the order of the list."""

from __future__ import annotations

import os
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from mxnet.base import MXNetError
from mxnet.formats._writer import atomic_write
from mxnet.formats.image_list import ListEntry, read_image_list
from mxnet.formats.records import index_line, record_bytes
from mxnet.operators import _opencv
from mxnet.recordio import IRHeader, pack, pack_img

__all__ = ["Outcome", "RecordSettings", "lists_of", "make_records"]

_AHEAD = 8  # images under way for each thread


@dataclass(frozen=True)
class RecordSettings:
    """How to make records; as the options of the program.

    Raises
    ------
    ValueError
        For a quality, an encoding or a number of threads that is none.
    """

    pass_through: bool = False
    resize: int = 0
    center_crop: bool = False
    quality: int = 95
    color: int = 1
    encoding: str = ".jpg"
    pack_label: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.quality <= 100:
            raise ValueError(f"quality must be between 0 and 100 (for PNG 0 and 9), not {self.quality}")
        if self.encoding not in (".jpg", ".png"):
            raise ValueError(f"encoding must be .jpg or .png, not {self.encoding!r}")
        if self.color not in (-1, 0, 1):
            raise ValueError(f"color must be 1 (colour), 0 (grey) or -1 (as in the file), not {self.color}")
        if self.threads < 1:
            raise ValueError(f"num-thread must be at least 1, not {self.threads}")
        if self.resize < 0:
            raise ValueError(f"resize must not be negative, but is {self.resize}")


@dataclass
class Outcome:
    """What came of it: the record file, the images and bytes in it, and the files left out with the reason."""

    record: str
    images: int = 0
    bytes: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)


def lists_of(prefix: str) -> list[str]:
    """The list files whose names begin with `prefix`, in order; or `prefix` itself if it is one.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    if os.path.isfile(prefix) and prefix.endswith(".lst"):
        return [prefix]
    folder, base = os.path.split(os.path.abspath(prefix))
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = [os.path.join(folder, name) for name in names if name.startswith(base) and name.endswith(".lst")]
    if not found:
        raise FileNotFoundError(f"there is no list {prefix}*.lst: make one with --list")
    return found


def make_records(
    path: str, root: str, settings: RecordSettings, advance: Callable[[int, int], None] = lambda done, total: None
) -> Outcome:
    """Write the record file and the index of a list; both take their places when all of it is on disk.

    Parameters
    ----------
    path : str
        The list; ``a.lst`` gives ``a.rec`` and ``a.idx``.
    root : str
        Folder that file names start from.
    advance : callable, optional
        Told the images done and their number, image by image.

    Raises
    ------
    ValueError
        If the list is broken or empty, or none of its images can be read; an older record file stays as it was.
    """
    entries = list(read_image_list(path))
    if not entries:
        raise ValueError(f"{path} names no images")
    base = os.path.splitext(path)[0]
    outcome = Outcome(f"{base}.rec")
    # Left in reverse: the record file takes its place before the index.
    with atomic_write(f"{base}.idx") as index, atomic_write(outcome.record) as record:
        for done, (entry, made) in enumerate(_records(entries, root, settings), 1):
            if isinstance(made, bytes):
                index.write(index_line(entry.number, outcome.bytes))
                outcome.bytes += record.write(record_bytes(made))
                outcome.images += 1
            else:
                outcome.bad.append((os.path.join(root, entry.name), str(made)))
            advance(done, len(entries))
        if not outcome.images:
            name, reason = outcome.bad[0]
            raise ValueError(f"none of the {len(entries)} images in {path} can be read, such as {name}: {reason}")
        _remove_older(f"{base}.idx", index, record)
    return outcome


def _remove_older(older_index: str, *written: BinaryIO) -> None:
    """Remove the index there was, once all that is to take its place is on disk and no full disk can stop that.

    Two files cannot be replaced at once. Whoever reads, or finds what a run left that was killed here, has the older
    pair, then a record file (older or new) without an index, which is an error, then the new pair: never a record file
    with the offsets of another.
    """
    for file in written:
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileNotFoundError):
        os.unlink(os.path.realpath(older_index))


def _records(
    entries: Iterable[ListEntry], root: str, settings: RecordSettings
) -> Iterator[tuple[ListEntry, bytes | Exception]]:
    """The record of each entry, or why there is none, in order; threads work a little ahead."""
    pending: deque[tuple[ListEntry, Future]] = deque()
    with ThreadPoolExecutor(settings.threads, thread_name_prefix="im2rec") as pool:
        try:
            for entry in entries:
                pending.append((entry, pool.submit(_record_or_error, entry, root, settings)))
                if len(pending) > settings.threads * _AHEAD:
                    first, future = pending.popleft()
                    yield first, future.result()
            for first, future in pending:
                yield first, future.result()
        finally:
            for _, future in pending:
                future.cancel()


def _record_or_error(entry: ListEntry, root: str, settings: RecordSettings) -> bytes | Exception:
    try:
        return _record(entry, root, settings)
    except MXNetError as error:
        return error
    except OSError as error:
        return MXNetError(error.strerror or str(error))
    except (ValueError, OverflowError, struct.error) as error:  # a name, a number or a label that cannot be
        return MXNetError(str(error))


def _record(entry: ListEntry, root: str, settings: RecordSettings) -> bytes:
    several = settings.pack_label and len(entry.labels) > 1
    header = IRHeader(0, list(entry.labels) if several else entry.labels[0], entry.number, 0)
    with open(os.path.join(root, entry.name), "rb") as file:
        content = file.read()
    if settings.pass_through:
        return pack(header, content)
    image = _opencv.decode_bytes(np.frombuffer(content, np.uint8), settings.color)
    if settings.center_crop:
        image = _square(image)
    if settings.resize:
        image = _resized(image, settings.resize)
    return pack_img(header, image, settings.quality, settings.encoding)


def _square(image: np.ndarray) -> np.ndarray:
    """The middle of an image, as wide as high."""
    height, width = image.shape[:2]
    margin = abs(height - width) // 2
    if height > width:
        return image[margin : margin + width]
    return image[:, margin : margin + height]


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    """The image with a shorter side of `size`, in proportion."""
    height, width = image.shape[:2]
    if height > width:
        return _opencv.resize_image(image, size, height * size // width)
    return _opencv.resize_image(image, width * size // height, size)
