"""Images with labels, read one at a time: from files, from a record file, from an array."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mxnet.base import MXNetError
from mxnet.operators._opencv import decode_bytes
from mxnet.recordio import MXIndexedRecordIO, unpack

__all__ = ["ArrayImages", "FileImages", "Images", "RecordImages"]

_LARGEST = 1 << 30  # bytes of a file that is read as an image


class Images:
    """Images of a set number of channels, each with the number of its class.

    Attributes
    ----------
    labels : numpy.ndarray of int64, (images,)
    channels : int
        1 grey, 3 colour (red first).
    """

    def __init__(self, labels: Sequence[int] | np.ndarray, channels: int) -> None:
        self.labels = np.asarray(labels, dtype=np.int64)
        self.channels = channels

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, index: int) -> np.ndarray:
        """The image (H, W, channels), uint8.

        Raises
        ------
        MXNetError, OSError
            If it cannot be read.
        """
        raise NotImplementedError

    def name(self, index: int) -> str:
        """What to call it in a report."""
        raise NotImplementedError

    def select(self, indices: np.ndarray) -> Images:
        """Those of the given numbers, in that order."""
        raise NotImplementedError

    def identity(self) -> str:
        """A checksum of names and labels (not of contents): tells whether it is the same set of images."""
        digest = hashlib.sha256(self.labels.tobytes())
        for index in range(len(self)):
            digest.update(self._key(index).encode("utf-8", "surrogateescape") + b"\0")
        return digest.hexdigest()

    def _key(self, index: int) -> str:
        """What tells the image apart from others of the set, wherever the set lies."""
        return self.name(index)


class FileImages(Images):
    """Images in files below a folder.

    Parameters
    ----------
    root : str
    files : list of str
        Relative to `root`.
    """

    def __init__(self, root: str, files: list[str], labels: Any, channels: int) -> None:
        super().__init__(labels, channels)
        self._root = root
        self._files = files

    def read(self, index: int) -> np.ndarray:
        with open(self.name(index), "rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise MXNetError(f"the file is larger than {_LARGEST} bytes")
        return decoded(content, self.channels)

    def name(self, index: int) -> str:
        return os.path.join(self._root, self._files[index])

    def select(self, indices: np.ndarray) -> FileImages:
        return FileImages(self._root, [self._files[i] for i in indices], self.labels[indices], self.channels)

    def _key(self, index: int) -> str:
        return self._files[index].replace(os.sep, "/")


class RecordImages(Images):
    """Images in the records of given keys of a record file that has an index."""

    def __init__(self, record: MXIndexedRecordIO, keys: np.ndarray, labels: Any, channels: int) -> None:
        super().__init__(labels, channels)
        self._record = record
        self._keys = keys

    def read(self, index: int) -> np.ndarray:
        return decoded(unpack(self._record.read_idx(int(self._keys[index])))[1], self.channels)

    def name(self, index: int) -> str:
        return f"{self._record.uri}, record {self._keys[index]}"

    def select(self, indices: np.ndarray) -> RecordImages:
        return RecordImages(self._record, self._keys[indices], self.labels[indices], self.channels)

    def _key(self, index: int) -> str:
        return str(self._keys[index])


class ArrayImages(Images):
    """Images (N, H, W, 1 or 3), uint8, in memory."""

    def __init__(self, what: str, images: np.ndarray, labels: Any, channels: int) -> None:
        super().__init__(labels, channels)
        self._what = what
        self._images = images

    def read(self, index: int) -> np.ndarray:
        image = self._images[index]
        if image.shape[-1] == self.channels:
            return image
        if self.channels == 3:
            return np.repeat(image, 3, axis=-1)
        return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None]

    def name(self, index: int) -> str:
        return f"{self._what}, image {index}"

    def select(self, indices: np.ndarray) -> ArrayImages:
        return ArrayImages(self._what, self._images[indices], self.labels[indices], self.channels)


def decoded(content: bytes, channels: int) -> np.ndarray:
    """The image (H, W, channels), uint8, in the bytes of a file.

    Raises
    ------
    MXNetError
        If they are no whole image.
    """
    if _is_cut_off(content):
        raise MXNetError("the image is cut off: its file ends too early")
    image = decode_bytes(np.frombuffer(content, np.uint8), int(channels == 3))
    return image[:, :, None] if channels == 1 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _is_cut_off(content: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end mark; OpenCV gives such an image with grey where there is nothing."""
    if content.startswith(b"\xff\xd8"):
        # The mark cannot occur within the data of a scan, but a thumbnail before the scan has one of its own.
        return content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda")
    return content.startswith(b"\x89PNG") and content.rfind(b"IEND") < 0
