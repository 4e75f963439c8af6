"""`ImageIter`: batches of images named in a list, or in a record file."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError, listed
from mxnet.formats.image_list import read_image_list
from mxnet.formats.records import RecordReader, read_index
from mxnet.image.augmenter import CreateAugmenter
from mxnet.image.image import imdecode
from mxnet.io import DataBatch, DataDesc, DataIter
from mxnet.io._arrays import LAST_BATCH
from mxnet.ndarray._array import wrap
from mxnet.numpy.multiarray import array, ndarray
from mxnet.recordio import IRHeader, read_header, unpack

__all__ = ["ImageIter", "entries_of", "read_list"]

Sample = tuple[np.ndarray, np.ndarray]
"""An image (C, H, W), float32, and its label."""

LABEL_TYPES = ("int32", "float32", "int64", "float64")


def read_list(path: str | os.PathLike) -> dict[int, tuple[np.ndarray, str]]:
    """Labels and file name by key from a list file: lines of key, labels and file name, separated by tabs.

    Raises
    ------
    MXNetError
        For a line that is not of that form; the message names it.
    """
    return {entry.number: (np.array(entry.labels, np.float32), entry.name) for entry in read_image_list(path)}


class ImageIter(DataIter):
    """Batches of images from files or from a record file, augmented, with their labels.

    It works in this thread, one image after the other, and takes any augmenter; `mx.io.ImageRecordIter` is faster.

    Parameters
    ----------
    batch_size : int
    data_shape : (channels, height, width)
        Shape of an image after the augmenters.
    label_width : int, default 1
        Numbers in a label.
    path_imgrec : path, optional
        A record file.
    path_imglist : path, optional
        A list file: key, labels and file name in each line, separated by tabs. With `path_imgrec` its labels, by the
        keys, take the place of those in the records.
    path_root : path, optional
        Folder that file names start from.
    path_imgidx : path, optional
        The index of the record file, whose order is kept; without it the records are read as they lie.
    shuffle : bool, default False
        Draw a new order (from Python's ``random``) at each `reset`.
    part_index, num_parts : int
        Read one of so many equal parts.
    aug_list : list of callable, optional
        Default what `CreateAugmenter` makes of `data_shape` and the remaining keyword arguments.
    imglist : list of [label, file name], optional
        The list itself; a label is a number or a list of numbers.
    data_name, label_name : str
    dtype : str, default 'float32'
        Type of the labels.
    last_batch_handle : {'pad', 'discard', 'roll_over'}
        Fill the last batch up from the beginning, leave it out, or begin the next round with its images.

    Attributes
    ----------
    seq : list
        Keys of the images in the order of this round.
    num_image : int

    Raises
    ------
    AssertionError
        If there is neither a list nor a record file, or the type of the labels is not known.
    ValueError
        For a `data_shape` or a `last_batch_handle` that is none.
    MXNetError
        If a record file or an index is missing or damaged, or has records that the list does not name; while
        iterating, if something is no image (the message names it).
    FileNotFoundError
        If a file is missing.
    """

    def __init__(
        self,
        batch_size: int,
        data_shape: Sequence[int],
        label_width: int = 1,
        path_imgrec: str | os.PathLike | None = None,
        path_imglist: str | os.PathLike | None = None,
        path_root: str | os.PathLike | None = None,
        path_imgidx: str | os.PathLike | None = None,
        shuffle: bool = False,
        part_index: int = 0,
        num_parts: int = 1,
        aug_list: Sequence[Any] | None = None,
        imglist: Sequence[Any] | None = None,
        data_name: str = "data",
        label_name: str = "softmax_label",
        dtype: str = "float32",
        last_batch_handle: str = "pad",
        **kwargs: Any,
    ) -> None:
        super().__init__(batch_size)
        if path_imgrec is None and path_imglist is None and not isinstance(imglist, list):
            raise AssertionError("ImageIter needs path_imgrec, path_imglist, or imglist, a list of [label, file name]")
        if str(dtype) not in LABEL_TYPES:
            raise AssertionError(f"{dtype} label not supported: expected one of {', '.join(LABEL_TYPES)}")
        if last_batch_handle not in LAST_BATCH:
            raise ValueError(f"last_batch_handle must be one of {', '.join(LAST_BATCH)}, not {last_batch_handle!r}")
        if not 0 <= part_index < num_parts:
            raise AssertionError(f"there is no part {part_index} of {num_parts} parts")
        self.check_data_shape(data_shape)
        self.imglist = read_list(path_imglist) if path_imglist is not None else entries_of(imglist or [])
        self.path_root = path_root
        if path_imgrec is not None:
            self._source = RecordSource(path_imgrec, path_imgidx, self.imglist)
        else:
            self._source = FileSource(self.imglist, self.read_image)
        keys = self._source.keys
        length = len(keys) // num_parts
        self.seq = keys if num_parts == 1 else keys[part_index * length : (part_index + 1) * length]
        if not self.seq:
            raise MXNetError("there are no images to iterate over")
        self.num_image = len(self.seq)
        self.shuffle = shuffle
        self.data_shape = tuple(data_shape)
        self.label_width = label_width
        self.dtype = dtype
        self.last_batch_handle = last_batch_handle
        self.auglist = CreateAugmenter(self.data_shape, **kwargs) if aug_list is None else aug_list
        self.provide_data = [DataDesc(data_name, (batch_size, *self.data_shape))]
        label_shape = (batch_size, label_width) if label_width > 1 else (batch_size,)
        self.provide_label = [DataDesc(label_name, label_shape)]
        self._left: list[Sample] = []  # of the round before
        self._carried: list[Sample] = []  # of the round before, for the first batch of this one
        self.reset()

    def reset(self) -> None:
        """Begin again, with what the last round left over where `last_batch_handle` says so."""
        if self.shuffle:
            random.shuffle(self.seq)
        self._carried, self._left = self._left or self._carried, []
        self._keys = iter(self.seq)

    def hard_reset(self) -> None:
        """Begin again from the start of the list."""
        self._left, self._carried = [], []
        self.reset()

    def next_sample(self) -> tuple[np.ndarray, bytes]:
        """Label and file content of the next image; StopIteration at the end."""
        return self._source.read(next(self._keys))

    def next(self) -> DataBatch:
        """The next batch; StopIteration at the end."""
        samples, self._carried = self._carried, []
        pad = self.batch_size - len(samples) if samples else 0
        self._gather(samples, self._keys)
        missing = self.batch_size - len(samples)
        if samples and missing and self.last_batch_handle == "roll_over":
            self._left = samples
        if not samples or (missing and self.last_batch_handle != "pad"):
            raise StopIteration
        if missing:
            pad = missing
            self._gather(samples, islice(cycle(self.seq), missing + len(self.seq)))
            samples += islice(cycle(samples), self.batch_size - len(samples))
        images, labels = zip(*samples, strict=True)
        return DataBatch([wrap(ndarray, torch.from_numpy(np.stack(images)))], [self._labels(labels)], pad)

    def _gather(self, samples: list[Sample], keys: Iterator[Any]) -> None:
        """Add the samples of `keys` until there are enough for a batch."""
        made = (self._sample(key) for key in keys)
        samples.extend(islice((each for each in made if each is not None), self.batch_size - len(samples)))

    def _sample(self, key: Any) -> Sample | None:
        """Image and label as they go into a batch; None if they do not."""
        label, content = self._source.read(key)
        name = self._source.name_of(key)
        try:
            changed = self._changed(self.imdecode(content), label)
            if changed is None:
                return None
            image, label = changed
            values = self.postprocess_data(image).asnumpy().astype(np.float32, copy=False)
        except MXNetError as error:
            raise MXNetError(f"Broken image {name}, {error}") from error
        if values.shape != self.data_shape:
            raise MXNetError(f"{name} has shape {values.shape} after the augmenters, not {self.data_shape}")
        return values, label

    def _changed(self, image: ndarray, label: np.ndarray) -> tuple[Any, np.ndarray] | None:
        """Image and label after the augmenters; None if nothing is to be learnt from them."""
        return self.augmentation_transform(image), label

    def _labels(self, labels: Sequence[np.ndarray]) -> Any:
        for label in labels:
            if label.size != self.label_width:
                raise MXNetError(f"a label has {label.size} numbers, but label_width is {self.label_width}")
        stacked = np.stack(labels)
        return array(stacked[:, 0] if self.label_width == 1 else stacked, dtype=self.dtype)

    def imdecode(self, s: bytes) -> ndarray:
        """The image (H, W, 3) in the content of a file."""
        return imdecode(s)

    def augmentation_transform(self, data: Any) -> Any:
        """An image after the augmenters."""
        for change in self.auglist:
            data = change(data)
        return data

    def postprocess_data(self, datum: Any) -> Any:
        """An image as it goes into the batch: (C, H, W)."""
        return datum.transpose((2, 0, 1))

    def read_image(self, fname: str) -> bytes:
        """The bytes of an image file of the list."""
        with open(fname if self.path_root is None else os.path.join(self.path_root, fname), "rb") as file:
            return file.read()

    def check_data_shape(self, data_shape: Sequence[int]) -> None:
        """Refuse a shape that is not (3, height, width).

        Raises
        ------
        ValueError
        """
        if len(data_shape) != 3:
            raise ValueError("data_shape should have length 3, with dimensions CxHxW")
        if data_shape[0] != 3:
            raise ValueError(f"This iterator expects inputs to have 3 channels, not {data_shape[0]}.")


class FileSource:
    """Images in files of their own, by their keys in a list."""

    def __init__(self, entries: dict[Any, tuple[np.ndarray, str]], read: Callable[[str], bytes]) -> None:
        self._entries = entries
        self._read = read
        self.keys = list(entries)

    def read(self, key: Any) -> tuple[np.ndarray, bytes]:
        """Label and content."""
        label, name = self._entries[key]
        return label, self._read(name)

    def label_of(self, key: Any) -> np.ndarray:
        """The label alone; no file is read."""
        return self._entries[key][0]

    def name_of(self, key: Any) -> str:
        return f"filename: {self._entries[key][1]}"


class RecordSource:
    """Images in a record file, by the keys of its index, or by their numbers if there is none.

    Labels are those of a list, if it has entries, by these keys, or without an index by the ids in the records.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        index_path: str | os.PathLike | None,
        entries: dict[Any, tuple[np.ndarray, str]],
    ) -> None:
        self._path = os.fspath(path)
        self._reader = RecordReader(path)
        self._by_id = index_path is None
        self._entries = entries
        if index_path is not None:
            self.keys, self._offsets = read_index(os.fspath(index_path), int)
            missing = [key for key in self.keys if entries and key not in entries]
            if missing:
                raise MXNetError(f"the list has no labels for the records {listed(missing)} of {self._path}")
        else:
            self._offsets = dict(enumerate(self._reader.offsets()))
            self.keys = list(self._offsets)

    def read(self, key: Any) -> tuple[np.ndarray, memoryview]:
        """Label and content."""
        with self._named(key):
            found = self._reader.record(self._offsets[key])
            if found is None:
                raise MXNetError("the file ends where it should begin")
            header, content = unpack(memoryview(found[0]))
            return self._label(key, header), content

    def label_of(self, key: Any) -> np.ndarray:
        """The label alone; the image is not read."""
        with self._named(key):
            return self._label(key, read_header(self._reader, self._offsets[key]))

    def _label(self, key: Any, header: IRHeader) -> np.ndarray:
        if not self._entries:
            return np.atleast_1d(np.asarray(header.label, np.float32))
        key = header.id if self._by_id else key
        if key not in self._entries:
            raise MXNetError(f"the list has no label for its id {key}")
        return self._entries[key][0]

    @contextmanager
    def _named(self, key: Any) -> Iterator[None]:
        """Let errors inside name a record."""
        try:
            yield
        except MXNetError as error:
            raise MXNetError(f"Broken image {self.name_of(key)}, {error}") from error

    def name_of(self, key: Any) -> str:
        return f"record: {key} of {self._path}"


def entries_of(imglist: Sequence[Any]) -> dict[str, tuple[np.ndarray, str]]:
    """As `read_list`, of a list of [label, file name]; the keys count from '1'."""
    entries = {}
    for number, entry in enumerate(imglist, 1):
        *label, name = entry
        label = label[0] if len(label) == 1 and isinstance(label[0], (list, tuple, np.ndarray)) else label
        entries[str(number)] = (np.array(label, dtype=np.float32), name)
    return entries
