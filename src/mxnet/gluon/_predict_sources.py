"""What `predict` reads: batches of every kind of data, of which a process takes its share."""

from __future__ import annotations

import copy
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch

from mxnet.device import cpu
from mxnet.gluon.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler, SimpleDataset
from mxnet.gluon.data._workers import InProcess, Threads
from mxnet.gluon.data.batchify import Stack
from mxnet.gluon.data.vision import ImageRecordDataset
from mxnet.gluon.data.vision.datasets import EXTENSIONS
from mxnet.image import imread
from mxnet.ndarray._array import Array
from mxnet.numpy.multiarray import array

__all__ = ["Reading", "Share", "Source", "source_of"]

_BATCH_SIZE = 32
_AHEAD = 2  # batches that the one thread of an iterable reads ahead
_PATIENCE = 24 * 3600  # seconds to wait for one batch: slow storage is no error
_END = object()
_ACCEPTED = (
    "a DataLoader, a Dataset, an array (mx, NumPy or torch) of samples, the path of a folder of images or of a .rec "
    "file, or an iterable of batches"
)


class Share(NamedTuple):
    """The batches that one of several processes computes: numbers `rank`, `rank` + `world`, and so on."""

    rank: int = 0
    world: int = 1

    def of(self, batches: Iterable[Any]) -> Iterator[Any]:
        return islice(batches, self.rank, None, self.world)

    def samples(self, count: int, batch_size: int) -> int:
        """How many of `count` samples are in these batches."""
        return sum(min(batch_size, count - start) for start in range(0, count, batch_size)[self.rank :: self.world])


class Source(NamedTuple):
    """The batches of one pass.

    Attributes
    ----------
    read : callable
        ``read()`` begins to read, and gives the batches; closing them ends the reading.
    total : int or None
        The number of samples in them, if it is known.
    name : str
        What to call the data in an error.
    """

    read: Callable[[], Iterator[Array]]
    total: int | None
    name: str


class Reading(NamedTuple):
    """How to read; see `Block.predict`."""

    batch_size: int | None
    transform: Callable[[Any], Any] | None
    workers: int
    share: Share


def source_of(data: Any, how: Reading) -> Source:
    """The batches of `data`, none of which is read yet.

    Raises
    ------
    TypeError
        If it is nothing that has batches.
    ValueError
        If arguments do not go with it, or a path leads to something else.
    FileNotFoundError
        If a path leads nowhere.
    """
    if isinstance(data, DataLoader):
        return _of_loader(data, how)
    if isinstance(data, (str, os.PathLike)):
        return _of_path(os.fspath(data), how)
    if isinstance(data, (Array, np.ndarray, torch.Tensor)):
        return _of_array(data, how)
    if _is_dataset(data):
        return _of_dataset(data, how, type(data).__name__)
    if isinstance(data, Iterable) and not isinstance(data, (Mapping, bytes, bytearray)):
        return _of_iterable(data, how)
    raise TypeError(f"predict takes {_ACCEPTED}, not {type(data).__name__}")


def _is_dataset(data: Any) -> bool:
    """Whether it has a length and an index; what also has an iterator, as lists do, holds batches."""
    kind = type(data)
    return isinstance(data, Dataset) or (
        hasattr(kind, "__getitem__") and hasattr(kind, "__len__") and not hasattr(kind, "__iter__")
    )


def _of_loader(loader: DataLoader, how: Reading) -> Source:
    _refuse_reading_of_samples(how, "a DataLoader")
    sampler = loader._batch_sampler
    plain = type(sampler) is BatchSampler
    if how.share.world > 1:
        if plain and isinstance(sampler._sampler, RandomSampler):
            raise ValueError(
                "a DataLoader that shuffles gives each process an order of its own: for predict in several "
                "processes make it with shuffle=False"
            )
        loader = copy.copy(loader)
        loader._batch_sampler = _Shared(sampler, how.share)
        loader._auto_reload, loader._next_epoch = False, None
    total = how.share.samples(_samples_of(sampler), sampler._batch_size) if plain else None
    here = isinstance(loader._source, InProcess)  # other loaders have workers of their own that read ahead
    return Source(partial(_read, loader, how.workers if here else 0), total, "the DataLoader")


def _samples_of(sampler: BatchSampler) -> int:
    if sampler._last_batch == "keep":
        return len(sampler._sampler)
    return len(sampler) * sampler._batch_size


class _Shared:
    """Batches, or lists of their indices, without those of other processes."""

    def __init__(self, batches: Iterable[Any], share: Share) -> None:
        self._batches = batches
        self._share = share

    def __iter__(self) -> Iterator[Any]:
        return self._share.of(self._batches)


def _of_path(path: str, how: Reading) -> Source:
    path = os.path.expanduser(path)
    if how.transform is None:
        from mxnet.gluon.model_zoo.vision import Preprocessing  # the zoo imports blocks

        how = how._replace(transform=Preprocessing().transforms())
    if os.path.isdir(path):
        return _of_dataset(_Images(path), how, f"the folder {path!r}, which has no images ({', '.join(EXTENSIONS)})")
    if not os.path.exists(path):
        raise FileNotFoundError(f"predict: there is no file or folder {path!r}")
    if not path.lower().endswith(".rec"):
        raise ValueError(f"predict reads folders of images and .rec files, and {path!r} is neither")
    return _of_dataset(ImageRecordDataset(path), how, repr(path))


class _Images(Dataset):
    """All images below a folder, by their paths."""

    def __init__(self, folder: str) -> None:
        self._paths = sorted(
            os.path.join(parent, name)
            for parent, _, names in os.walk(folder)
            for name in names
            if os.path.splitext(name)[1].lower() in EXTENSIONS
        )

    def __getitem__(self, idx: int) -> Any:
        return imread(self._paths[idx])

    def __len__(self) -> int:
        return len(self._paths)


def _of_array(data: Any, how: Reading) -> Source:
    if data.ndim == 0:
        raise ValueError("predict takes an array whose first axis counts the samples, not a single number")
    name = f"an array of shape {tuple(data.shape)}"
    if how.transform is not None:
        return _of_dataset(SimpleDataset(data), how, name)
    size = how.batch_size or _BATCH_SIZE
    slices = (data[start : start + size] for start in how.share.of(range(0, len(data), size)))
    return Source(partial(_read, slices, how.workers), how.share.samples(len(data), size), name)


def _of_dataset(dataset: Any, how: Reading, name: str) -> Source:
    size = how.batch_size or _BATCH_SIZE
    loader = DataLoader(
        _Inputs(dataset, how.transform),
        batch_sampler=_Shared(BatchSampler(SequentialSampler(len(dataset)), size), how.share),
        batchify_fn=_batch_of,
        num_workers=how.workers,
        thread_pool=True,
        timeout=_PATIENCE,
    )
    return Source(partial(_read_samples, loader), how.share.samples(len(dataset), size), name)


class _Inputs(Dataset):
    """What the network gets of each sample: its first part, transformed."""

    def __init__(self, dataset: Any, transform: Callable[[Any], Any] | None) -> None:
        self._dataset = dataset
        self._transform = transform

    def __getitem__(self, idx: int) -> Any:
        sample = self._dataset[idx]
        if isinstance(sample, (list, tuple)):
            sample = sample[0]
        return sample if self._transform is None else self._transform(sample)

    def __len__(self) -> int:
        return len(self._dataset)


def _of_iterable(batches: Iterable[Any], how: Reading) -> Source:
    _refuse_reading_of_samples(how, "an iterable of batches")
    read = partial(_read, _Shared(batches, how.share), how.workers)
    return Source(read, None, f"a {type(batches).__name__} of batches")


def _refuse_reading_of_samples(how: Reading, kind: str) -> None:
    given = [name for name in ("batch_size", "transform") if getattr(how, name) is not None]
    if given:
        raise ValueError(f"predict: {' and '.join(given)} cannot be given with {kind}, which makes its own batches")


def _read(batches: Iterable[Any], workers: int) -> Iterator[Array]:
    inputs = map(_input_of, batches)
    yield from _read_ahead(inputs, _AHEAD) if workers else inputs


def _read_samples(loader: DataLoader) -> Iterator[Array]:
    try:
        yield from loader
    finally:
        if isinstance(loader._source, Threads):
            loader._source.close()


def _batch_of(samples: list[Any]) -> Array:
    return _input_of(Stack()(samples))


def _input_of(batch: Any) -> Array:
    """What the network gets of a batch: an array."""
    given = batch[0] if isinstance(batch, (list, tuple)) and batch else batch
    if isinstance(given, (np.ndarray, torch.Tensor)):
        given = array(given, device=cpu())
    if not isinstance(given, Array):
        raise TypeError(
            f"predict: a batch must be an array, or a list or tuple that begins with one, not {_kind_of(batch)}"
        )
    if given.ndim == 0:
        raise ValueError("predict: a batch must be an array whose first axis counts the samples, not a single number")
    return given


def _kind_of(batch: Any) -> str:
    kind = type(batch).__name__
    return f"{kind} of {type(batch[0]).__name__}" if isinstance(batch, (list, tuple)) and batch else kind


def _read_ahead(batches: Iterator[Any], number: int) -> Iterator[Any]:
    """The same batches, of which a thread reads up to `number` before they are asked for."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="predict-reads")
    try:
        pending = deque([pool.submit(next, batches, _END) for _ in range(number)])
        while (batch := pending.popleft().result()) is not _END:
            pending.append(pool.submit(next, batches, _END))
            yield batch
            del batch  # no longer needed while the next one is waited for
    finally:
        # Without waiting: the thread ends with the batch it is at, which may be long in coming.
        pool.shutdown(wait=False, cancel_futures=True)
