"""`DataLoader`: batches of a dataset, made in this process, in threads or in worker processes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from mxnet._nested import map_leaves
from mxnet.device import Device, cpu_pinned
from mxnet.gluon.data._workers import InProcess, Processes, Threads
from mxnet.gluon.data.batchify import Stack, stack
from mxnet.gluon.data.sampler import (
    BatchSampler,
    FilterSampler,
    IntervalSampler,
    RandomSampler,
    SequentialSampler,
    SplitSampler,
)
from mxnet.ndarray._array import Array, wrap

__all__ = ["DataLoader", "default_batchify_fn", "default_mp_batchify_fn"]


def default_batchify_fn(data: Sequence[Any]) -> Any:
    """Samples stacked into one array; samples that are tuples part by part into a list of arrays."""
    return stack(data, False, tuple)


def default_mp_batchify_fn(data: Sequence[Any]) -> Any:
    """As `default_batchify_fn`, in memory that processes share."""
    return stack(data, True, tuple)


class DataLoader:
    """Iterate over batches of a dataset.

    Each iteration gives batches of `mx.np.ndarray`; of a dataset whose samples are tuples (image, label) lists of
    them. They come in the sampler's order whatever the number of workers.

    Parameters
    ----------
    dataset : Dataset
        Anything with a length and an index.
    batch_size : int
        Samples in a batch; not with `batch_sampler`.
    shuffle : bool, default False
        Draw a new order for each iteration (from ``numpy.random``, as in MXNet).
    sampler : Sampler, optional
        The order of the samples instead.
    last_batch : {'keep', 'discard', 'rollover'}, optional
        What to do with samples too few for a batch; default ``'keep'``.
    batch_sampler : Sampler, optional
        Lists of indices; takes the place of `batch_size`, `shuffle`, `sampler` and `last_batch`.
    batchify_fn : callable, optional
        Makes a batch of a list of samples; default `batchify.Stack`. It runs in the workers.
    num_workers : int, default 0
        Worker processes (or threads) that read samples ahead; 0 reads them when they are asked for. Processes
        start with the first iteration, by Python's ``multiprocessing`` start method, stay for the next ones and
        end with the loader.
    pin_memory : bool, default False
        Put batches into page-locked memory, from which copies to a GPU are faster.
    pin_device_id : int, default 0
    prefetch : int, optional
        Batches to read ahead; default twice the workers, at least one for each.
    thread_pool : bool, default False
        Use threads: for datasets that spend their time in OpenCV, NumPy or waiting for files.
    timeout : int, default 120
        Seconds to wait for one batch of a worker.
    try_nopython : bool, optional
        Without a meaning here: there is one implementation.
    auto_reload : bool, default False
        Have workers begin the next iteration as soon as one ends.

    Raises
    ------
    ValueError
        For a combination of arguments that makes no sense.
    AssertionError
        If `timeout` is not positive.
    multiprocessing.TimeoutError
        While iterating, if a worker is slower than `timeout`.

    Notes
    -----
    An error of the dataset in a worker is raised here; its cause shows the traceback there and the index of the
    sample. In worker processes ``random``, ``numpy.random``, torch and `mx.random` are seeded for each batch, from
    `mx.random`'s generator and the number of the batch: what is drawn depends neither on the number of workers
    nor on their speed.

    Examples
    --------
    >>> data = mx.gluon.data.ArrayDataset(mx.np.arange(6).reshape(3, 2), [0, 1, 0])
    >>> for x, y in mx.gluon.data.DataLoader(data, batch_size=2):
    ...     print(x.shape, y)
    (2, 2) [0 1]
    (1, 2) [0]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = None,
        shuffle: bool = False,
        sampler: Any = None,
        last_batch: str | None = None,
        batch_sampler: Any = None,
        batchify_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        pin_device_id: int = 0,
        prefetch: int | None = None,
        thread_pool: bool = False,
        timeout: int = 120,
        try_nopython: bool | None = None,
        auto_reload: bool = False,
    ) -> None:
        if timeout <= 0:
            raise AssertionError(f"timeout must be positive, given {timeout}")
        self._batch_sampler = _batch_sampler(dataset, batch_size, shuffle, sampler, last_batch, batch_sampler)
        self._pinned = cpu_pinned(pin_device_id) if pin_memory else None
        self._auto_reload = auto_reload
        batchify = batchify_fn or Stack(use_shared_mem=num_workers > 0 and not thread_pool)
        if num_workers <= 0:
            self._source = InProcess(dataset, batchify)
        else:
            ahead = max(2 * num_workers if prefetch is None else prefetch, num_workers)
            workers = Threads if thread_pool else Processes
            self._source = workers(dataset, batchify, num_workers, ahead, timeout)
        self._next_epoch: Iterator[Any] | None = None

    def __len__(self) -> int:
        return len(self._batch_sampler)

    def __iter__(self) -> Iterator[Any]:
        batches, self._next_epoch = self._next_epoch, None
        return self._deliver(self._source.start(iter(self._batch_sampler)) if batches is None else batches)

    def begin_at(self, batch: int) -> Iterator[Any]:
        """Iterate over the batches from number `batch` on, the first being 0.

        Those before are not read, unless the sampler is one of the program's own, which may draw as it goes.
        """
        index_batches = iter(self._batch_sampler)
        if _draws_at_once(self._batch_sampler):
            skipped = sum(1 for _ in itertools.islice(index_batches, batch))
            return self._deliver(self._source.start(index_batches, skipped))
        batches = self._deliver(self._source.start(index_batches))
        for _ in itertools.islice(batches, batch):
            pass
        return batches

    def _deliver(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            yield batch if self._pinned is None else _pin(batch, self._pinned)
        if self._auto_reload and self._next_epoch is None:
            self._next_epoch = self._source.start(iter(self._batch_sampler))


def _batch_sampler(
    dataset: Any, batch_size: int | None, shuffle: bool, sampler: Any, last_batch: str | None, batch_sampler: Any
) -> Any:
    if batch_sampler is not None:
        if batch_size is not None or shuffle or sampler is not None or last_batch is not None:
            raise ValueError(
                "batch_size, shuffle, sampler and last_batch must not be specified if batch_sampler is specified."
            )
        return batch_sampler
    if batch_size is None:
        raise ValueError("batch_size must be specified unless batch_sampler is specified")
    if sampler is None:
        sampler = RandomSampler(len(dataset)) if shuffle else SequentialSampler(len(dataset))
    elif shuffle:
        raise ValueError("shuffle must not be specified if sampler is specified")
    return BatchSampler(sampler, batch_size, last_batch or "keep")


def _draws_at_once(batch_sampler: Any) -> bool:
    """Whether all that the sampler draws at random it draws when an iteration begins."""
    known = (FilterSampler, IntervalSampler, RandomSampler, SequentialSampler, SplitSampler)
    return type(batch_sampler) is BatchSampler and type(batch_sampler._sampler) in known


def _pin(batch: Any, device: Device) -> Any:
    """The batch with its arrays in page-locked memory, where there is a GPU to copy them to."""

    def pinned(array: Array) -> Array:
        data = array._data
        return wrap(type(array), data.pin_memory() if torch.cuda.is_available() else data, device)

    return map_leaves(batch, Array, pinned)
