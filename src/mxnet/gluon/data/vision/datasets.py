"""Datasets of images: the small public ones, folders and lists of files, and record files."""

from __future__ import annotations

import os
import tarfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mxnet.base import MXNetError, data_dir
from mxnet.formats._writer import atomic_write
from mxnet.formats.idx import read_idx
from mxnet.gluon.data.dataset import Dataset, RecordFileDataset
from mxnet.gluon.utils import check_sha1
from mxnet.numpy.multiarray import array
from mxnet.recordio import unpack

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "FashionMNIST",
    "ImageFolderDataset",
    "ImageListDataset",
    "ImageRecordDataset",
    "MNIST",
]

REPOSITORY = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/gluon/dataset"
EXTENSIONS = (".jpg", ".jpeg", ".png")


class _Published(Dataset):
    """A dataset of images and labels in files that are downloaded once and checked by their sha1."""

    _folder: str

    def __init__(self, root: str | os.PathLike | None, train: bool, transform: Callable[..., Any] | None) -> None:
        self._root = Path(data_dir() / "datasets" / self._folder if root is None else root).expanduser()
        self._train = train
        self._transform = transform
        images, labels = self._read()
        self._data = array(images, dtype="uint8")
        self._label = array(labels, dtype="int32")

    def __getitem__(self, idx: int) -> Any:
        item = (self._data[idx], self._label[idx])
        return item if self._transform is None else self._transform(*item)

    def __len__(self) -> int:
        return len(self._label)

    def _read(self) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _file(self, name: str, sha1: str) -> Path:
        """The file of that name in `root`, downloaded if it is not there as published."""
        path = self._root / name
        if path.is_file() and check_sha1(path, sha1):
            return path
        from mxnet.gluon.utils import download

        url = f"{REPOSITORY}/{self._folder}/{name}"
        try:
            download(url, path=str(self._root), overwrite=path.exists(), sha1_hash=sha1)
        except Exception as error:
            raise MXNetError(
                f"{type(self).__name__} needs {path} (sha1 {sha1}), which is not there as published and could not "
                f"be downloaded from {url}: {error}"
            ) from error
        return path


class MNIST(_Published):
    """Handwritten digits: 60,000 for training and 10,000 for testing.

    A sample is an image (28, 28, 1) uint8 and its label, an int32.

    Parameters
    ----------
    root : path, optional
        Where the files are, or go; default ``$MXNET_HOME/datasets/mnist``.
    train : bool, default True
    transform : callable, optional
        ``transform(image, label)`` of every sample; `Dataset.transform` does the same.

    Raises
    ------
    MXNetError
        If a file is missing and cannot be downloaded, or is not what it should be.
    """

    _folder = "mnist"
    _FILES = {
        True: (
            ("train-images-idx3-ubyte.gz", "6c95f4b05d2bf285e1bfb0e7960c31bd3b3f8a7d"),
            ("train-labels-idx1-ubyte.gz", "2a80914081dc54586dbdf242f9805a6b8d2a15fc"),
        ),
        False: (
            ("t10k-images-idx3-ubyte.gz", "c3a25af1f52dad7f726cce8cacb138654b760d48"),
            ("t10k-labels-idx1-ubyte.gz", "763e7fa3757d93b0cdec073cef058b2004252c17"),
        ),
    }

    def __init__(
        self,
        root: str | os.PathLike | None = None,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(root, train, transform)

    def _read(self) -> tuple[np.ndarray, np.ndarray]:
        images, labels = [read_idx(self._file(*file)) for file in self._FILES[bool(self._train)]]
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise MXNetError(
                f"{self._root}: images of shape {images.shape} do not go with labels of shape {labels.shape}"
            )
        return images[..., None], labels


class FashionMNIST(MNIST):
    """Zalando's articles of clothing, in the form of `MNIST`."""

    _folder = "fashion-mnist"
    _FILES = {
        True: (
            ("train-images-idx3-ubyte.gz", "0cf37b0d40ed5169c6b3aba31069a9770ac9043d"),
            ("train-labels-idx1-ubyte.gz", "236021d52f1e40852b06a4c3008d8de8aef1e40b"),
        ),
        False: (
            ("t10k-images-idx3-ubyte.gz", "626ed6a7c06dd17c0eec72fa3be1740f146a2863"),
            ("t10k-labels-idx1-ubyte.gz", "17f9ab60e7257a1620f4ad76bbbaf857c3920701"),
        ),
    }


class CIFAR10(_Published):
    """Small photographs of ten kinds of things: 50,000 for training and 10,000 for testing.

    A sample is an image (32, 32, 3) uint8 and its label, an int32. Arguments and errors are those of `MNIST`.
    """

    _folder = "cifar10"
    _ARCHIVE = ("cifar-10-binary.tar.gz", "fab780a1e191a7eda0f345501ccd62d20f7ed891")
    _FILES = {
        True: (
            ("data_batch_1.bin", "aadd24acce27caa71bf4b10992e9e7b2d74c2540"),
            ("data_batch_2.bin", "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795"),
            ("data_batch_3.bin", "1dd00a74ab1d17a6e7d73e185b69dbf31242f295"),
            ("data_batch_4.bin", "aab85764eb3584312d3c7f65fd2fd016e36a258e"),
            ("data_batch_5.bin", "26e2849e66a845b7f1e4614ae70f4889ae604628"),
        ),
        False: (("test_batch.bin", "67eb016db431130d61cd03c7ad570b013799c88c"),),
    }
    _LABEL_BYTES = 1
    _LABEL = 0

    def __init__(
        self,
        root: str | os.PathLike | None = None,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(root, train, transform)

    def _read(self) -> tuple[np.ndarray, np.ndarray]:
        files = self._FILES[bool(self._train)]
        if not all((self._root / name).is_file() and check_sha1(self._root / name, sha1) for name, sha1 in files):
            self._unpack(self._file(*self._ARCHIVE), files)
        rows = np.concatenate([_rows(self._root / name, self._LABEL_BYTES + 3072) for name, _ in files])
        images = rows[:, self._LABEL_BYTES :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(images), rows[:, self._LABEL]

    def _unpack(self, archive: Path, files: Sequence[tuple[str, str]]) -> None:
        """Write the named files of the archive, wherever in it they are, beside it."""
        wanted = dict(files)
        with tarfile.open(archive) as members:
            for member in members:
                name = Path(member.name).name
                if name in wanted and member.isfile():
                    with atomic_write(self._root / name) as file:  # other processes may read it at this moment
                        file.write(members.extractfile(member).read())
        for name, sha1 in files:
            path = self._root / name
            if not path.is_file() or not check_sha1(path, sha1):
                raise MXNetError(f"{archive} does not contain {name} with sha1 {sha1}")


class CIFAR100(CIFAR10):
    """Small photographs of a hundred kinds of things (`fine_label`), in twenty groups, in the form of `CIFAR10`."""

    _folder = "cifar100"
    _ARCHIVE = ("cifar-100-binary.tar.gz", "a0bb982c76b83111308126cc779a992fa506b90b")
    _FILES = {
        True: (("train.bin", "e207cd2e05b73b1393c74c7f5e7bea451d63e08e"),),
        False: (("test.bin", "8fb6623e830365ff53cf14adec797474f5478006"),),
    }
    _LABEL_BYTES = 2

    def __init__(
        self,
        root: str | os.PathLike | None = None,
        fine_label: bool = False,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        self._LABEL = int(fine_label)
        super().__init__(root, train, transform)


class ImageFolderDataset(Dataset):
    """Images in a folder for each class: ``root/car/0001.jpg``, ``root/bus/1000.png``.

    A sample is an image (H, W, C) uint8 and its label, an int: the number of its folder in order of names.

    Parameters
    ----------
    root : path
    flag : int, default 1
        As for `mx.image.imread`: 1 colour, 0 grey.
    transform : callable, optional
        ``transform(image, label)`` of every sample.

    Attributes
    ----------
    synsets : list of str
        Names of the classes.
    items : list of (str, int)
        File and label of every sample.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    MXNetError
        When a sample is read, if its file is no image; the message names it.
    """

    def __init__(self, root: str | os.PathLike, flag: int = 1, transform: Callable[..., Any] | None = None) -> None:
        self._flag = flag
        self._transform = transform
        self.synsets: list[str] = []
        self.items: list[tuple[str, int]] = []
        root = os.path.expanduser(root)
        for folder in sorted(os.listdir(root)):
            path = os.path.join(root, folder)
            if not os.path.isdir(path):
                warnings.warn(f"Ignoring {path}, which is not a directory.", stacklevel=2)
                continue
            label = len(self.synsets)
            self.synsets.append(folder)
            self._add(path, label)

    def _add(self, folder: str, label: int) -> None:
        for name in sorted(os.listdir(folder)):
            extension = os.path.splitext(name)[1]
            if extension.lower() in EXTENSIONS:
                self.items.append((os.path.join(folder, name), label))
            else:
                warnings.warn(
                    f"Ignoring {os.path.join(folder, name)} of type {extension}. Only support {', '.join(EXTENSIONS)}",
                    stacklevel=3,
                )

    def __getitem__(self, idx: int) -> Any:
        from mxnet.image import imread

        path, label = self.items[idx]
        item = (imread(path, self._flag), label)
        return item if self._transform is None else self._transform(*item)

    def __len__(self) -> int:
        return len(self.items)


class ImageListDataset(Dataset):
    """Images named in a list, with their labels.

    A sample is an image (H, W, C) uint8 and its label, a float32 array (labels,).

    Parameters
    ----------
    root : path, default '.'
        Folder that file names start from.
    imglist : path or list
        A list file (key, labels and file name in each line, separated by tabs), or a list of [label, file name].
    flag : int, default 1
        As for `mx.image.imread`: 1 colour, 0 grey.

    Raises
    ------
    ValueError
        If `imglist` is neither.
    """

    def __init__(self, root: str | os.PathLike = ".", imglist: Any = None, flag: int = 1) -> None:
        from mxnet.image.iterator import entries_of, read_list

        self._root = os.path.expanduser(root)
        self._flag = flag
        if isinstance(imglist, (str, os.PathLike)):
            entries = read_list(os.path.join(self._root, imglist))
        elif isinstance(imglist, list):
            entries = entries_of(imglist)
        else:
            raise ValueError(f"imglist must be filename or list of valid entries, given {type(imglist)}")
        self._items = [(os.path.join(self._root, name), label) for label, name in entries.values()]

    def __getitem__(self, idx: int) -> Any:
        from mxnet.image import imread

        path, label = self._items[idx]
        return imread(path, self._flag), array(label)

    def __len__(self) -> int:
        return len(self._items)


class ImageRecordDataset(RecordFileDataset):
    """Images with their labels in a record file, as `mx.recordio.pack_img` makes them.

    A sample is an image (H, W, C) uint8 and its label, a float or an array (labels,) float32.

    Parameters
    ----------
    filename : path
        As for `RecordFileDataset`.
    flag : int, default 1
        As for `mx.image.imread`: 1 colour, 0 grey.
    transform : callable, optional
        ``transform(image, label)`` of every sample.

    Raises
    ------
    MXNetError
        As for `RecordFileDataset`; when a sample is read, if it is no image (the message names file and key).
    """

    def __init__(self, filename: str | os.PathLike, flag: int = 1, transform: Callable[..., Any] | None = None) -> None:
        super().__init__(filename)
        self._flag = flag
        self._transform = transform

    def __getitem__(self, idx: int) -> Any:
        from mxnet.image import imdecode

        record = super().__getitem__(idx)
        try:
            header, content = unpack(record)
            image = imdecode(content, self._flag)
        except MXNetError as error:
            raise MXNetError(f"{self.filename}: record of key {self._record.keys[idx]!r}: {error}") from error
        return (image, header.label) if self._transform is None else self._transform(image, header.label)


def _rows(path: Path, length: int) -> np.ndarray:
    values = np.fromfile(path, np.uint8)
    if values.size % length:
        raise MXNetError(f"{path} has {values.size} bytes, which are no whole number of records of {length}")
    return values.reshape(-1, length)
