"""`ImageIter`: batches of images named in a list."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from mxnet.base import MXNetError
from mxnet.image.augmenter import CreateAugmenter
from mxnet.image.image import imdecode
from mxnet.io import DataBatch, DataDesc, DataIter
from mxnet.numpy.multiarray import array

__all__ = ["ImageIter", "entries_of", "read_list"]

LAST_BATCH = ("pad", "discard", "roll_over")
LABEL_TYPES = ("int32", "float32", "int64", "float64")


def read_list(path: str | os.PathLike) -> dict[int, tuple[np.ndarray, str]]:
    """Labels and file name by key from a list file: lines of key, labels and file name, separated by tabs.

    Raises
    ------
    MXNetError
        For a line that is not of that form; the message names it.
    """
    entries = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            key, *labels, name = line.rstrip("\n").split("\t") if "\t" in line else (line, "")
            if not line.strip():
                continue
            try:
                entries[int(key)] = (np.array(labels, dtype=np.float32), name.strip())
            except ValueError:
                labels = []
            if not labels:
                raise MXNetError(f"{path}, line {number}: expected 'key<tab>label...<tab>file', not {line!r}")
    return entries


class ImageIter(DataIter):
    """Batches of images from files, augmented, with their labels.

    Parameters
    ----------
    batch_size : int
    data_shape : (channels, height, width)
        Shape of an image after the augmenters.
    label_width : int, default 1
        Numbers in a label.
    path_imglist : path, optional
        A list file: key, labels and file name in each line, separated by tabs.
    path_root : path, optional
        Folder that file names start from.
    shuffle : bool, default False
        Draw a new order (from Python's ``random``) at each `reset`.
    part_index, num_parts : int
        Read one of so many equal parts of the list.
    aug_list : list of callable, optional
        Default what `CreateAugmenter` makes of `data_shape` and the remaining keyword arguments.
    imglist : list of [label, file name], optional
        The list itself; a label is a number or a list of numbers.
    data_name, label_name : str
    dtype : str, default 'float32'
        Type of the labels.
    last_batch_handle : {'pad', 'discard', 'roll_over'}
        Fill the last batch up from the beginning, leave it out, or begin the next round with its images.

    Raises
    ------
    AssertionError
        If no list is given, or the type of the labels is not known.
    ValueError
        For a `data_shape` or a `last_batch_handle` that is none.
    MXNetError
        If record files are asked for; while iterating, if a file is no image (the message names it).
    FileNotFoundError
        If a file is missing.
    """

    def __init__(
        self,
        batch_size: int,
        data_shape: Sequence[int],
        label_width: int = 1,
        path_imgrec: Any = None,
        path_imglist: str | os.PathLike | None = None,
        path_root: str | os.PathLike | None = None,
        path_imgidx: Any = None,
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
        if path_imgrec is not None or path_imgidx is not None:
            raise MXNetError("ImageIter reads lists of files in this version, no record files: give path_imglist")
        if path_imglist is None and not isinstance(imglist, list):
            raise AssertionError("ImageIter needs path_imglist, or imglist, a list of [label, file name]")
        if str(dtype) not in LABEL_TYPES:
            raise AssertionError(f"{dtype} label not supported: expected one of {', '.join(LABEL_TYPES)}")
        if last_batch_handle not in LAST_BATCH:
            raise ValueError(f"last_batch_handle must be one of {', '.join(LAST_BATCH)}, not {last_batch_handle!r}")
        if not 0 <= part_index < num_parts:
            raise AssertionError(f"there is no part {part_index} of {num_parts} parts")
        self.check_data_shape(data_shape)
        self.imglist = read_list(path_imglist) if path_imglist is not None else entries_of(imglist)
        self.path_root = path_root
        keys = list(self.imglist)
        length = len(keys) // num_parts
        self.seq = keys if num_parts == 1 else keys[part_index * length : (part_index + 1) * length]
        self.shuffle = shuffle
        self.data_shape = tuple(data_shape)
        self.label_width = label_width
        self.dtype = dtype
        self.last_batch_handle = last_batch_handle
        self.auglist = CreateAugmenter(self.data_shape, **kwargs) if aug_list is None else aug_list
        self.provide_data = [DataDesc(data_name, (batch_size, *self.data_shape))]
        label_shape = (batch_size, label_width) if label_width > 1 else (batch_size,)
        self.provide_label = [DataDesc(label_name, label_shape)]
        self._left: list[Any] = []
        self._pending: list[Any] = []
        self._place = 0
        self.reset()

    def reset(self) -> None:
        """Begin again, with what the last round left over where `last_batch_handle` says so."""
        if self.shuffle:
            random.shuffle(self.seq)
        self._carried = len(self._left)
        self._pending, self._left, self._place = [*self._left, *self.seq], [], 0

    def hard_reset(self) -> None:
        """Begin again from the start of the list."""
        self._left = []
        self.reset()

    def next(self) -> DataBatch:
        """The next batch; StopIteration at the end."""
        keys = self._pending[self._place : self._place + self.batch_size]
        self._place += self.batch_size
        missing = self.batch_size - len(keys)
        pad = 0
        if missing and self.last_batch_handle == "roll_over":
            self._left = keys
        if not keys or (missing and self.last_batch_handle != "pad"):
            raise StopIteration
        if missing:
            keys += [self.seq[number % len(self.seq)] for number in range(missing)]
            pad = missing
        elif self._carried:
            pad, self._carried = self.batch_size - self._carried, 0
        images, labels = zip(*[self._sample(key) for key in keys], strict=True)
        data = array(np.stack(images), dtype="float32")
        return DataBatch([data], [array(self._labels(labels), dtype=self.dtype)], pad)

    def _sample(self, key: Any) -> tuple[np.ndarray, np.ndarray]:
        label, name = self.imglist[key]
        try:
            image = imdecode(self.read_image(name))
        except MXNetError as error:
            raise MXNetError(f"Broken image filename: {name}, {error}") from error
        for change in self.auglist:
            image = change(image)
        values = image.asnumpy().transpose(2, 0, 1)
        if values.shape != self.data_shape:
            raise MXNetError(f"{name} has shape {values.shape} after the augmenters, not {self.data_shape}")
        return values, label

    def _labels(self, labels: Sequence[np.ndarray]) -> np.ndarray:
        for label in labels:
            if label.size != self.label_width:
                raise MXNetError(f"a label has {label.size} numbers, but label_width is {self.label_width}")
        stacked = np.stack(labels)
        return stacked[:, 0] if self.label_width == 1 else stacked

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


def entries_of(imglist: Sequence[Any]) -> dict[str, tuple[np.ndarray, str]]:
    """As `read_list`, of a list of [label, file name]; the keys count from '1'."""
    entries = {}
    for number, entry in enumerate(imglist, 1):
        *label, name = entry
        label = label[0] if len(label) == 1 and isinstance(label[0], (list, tuple, np.ndarray)) else label
        entries[str(number)] = (np.array(label, dtype=np.float32), name)
    return entries
