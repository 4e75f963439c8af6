"""Who reads the samples of a `DataLoader`: this process, threads, or worker processes.

Each has ``start(index_batches, first)``, which gives the batches of one iteration in order; `first` is the number of
the first, where those before are left out. Processes are those of
`torch.utils.data`: batches come through shared memory, and whoever dies is noticed.
"""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple

import torch
import torch.utils.data

from mxnet import _generators
from mxnet._modes import modes
from mxnet._randomness import seed_all
from mxnet.base import MXNetError
from mxnet.device import cpu
from mxnet.ndarray._array import Array, wrap
from mxnet.ndarray.ndarray import NDArray
from mxnet.numpy.multiarray import ndarray

__all__ = ["InProcess", "Processes", "Threads"]

Batchify = Callable[[list[Any]], Any]


class InProcess:
    """Reads a batch when it is asked for."""

    def __init__(self, dataset: Any, batchify: Batchify) -> None:
        self._dataset = dataset
        self._batchify = batchify

    def start(self, index_batches: Iterator[Sequence[Any]], first: int = 0) -> Iterator[Any]:
        return (_read(self._dataset, self._batchify, indices) for indices in index_batches)


class Threads:
    """Reads batches ahead in threads."""

    def __init__(self, dataset: Any, batchify: Batchify, number: int, ahead: int, timeout: float) -> None:
        self._dataset = dataset
        self._batchify = batchify
        self._ahead = ahead
        self._timeout = timeout
        self._pool = ThreadPoolExecutor(number, thread_name_prefix="DataLoader")

    def start(self, index_batches: Iterator[Sequence[Any]], first: int = 0) -> Iterator[Any]:
        pending: deque[Future] = deque()
        for _ in range(self._ahead):
            self._submit(pending, index_batches)
        return self._deliver(pending, index_batches)

    def _submit(self, pending: deque[Future], index_batches: Iterator[Sequence[Any]]) -> None:
        indices = next(index_batches, None)
        if indices is not None:
            pending.append(self._pool.submit(_read, self._dataset, self._batchify, indices))

    def _deliver(self, pending: deque[Future], index_batches: Iterator[Sequence[Any]]) -> Iterator[Any]:
        try:
            while pending:
                try:
                    batch = pending[0].result(self._timeout)
                except FutureTimeoutError as error:
                    if pending[0].done():  # the dataset itself raised it
                        raise
                    raise _too_slow(self._timeout) from error
                pending.popleft()
                self._submit(pending, index_batches)
                yield batch
        finally:
            for future in pending:
                future.cancel()

    def close(self) -> None:
        """End the threads, each after the batch that it is reading."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Processes:
    """Reads batches ahead in processes, which are kept from one iteration to the next."""

    def __init__(self, dataset: Any, batchify: Batchify, number: int, ahead: int, timeout: float) -> None:
        self._reader = _Reader(dataset, batchify)
        self._number = number
        self._ahead = ahead
        self._timeout = timeout
        self._idle: list[_Workers] = []

    def start(self, index_batches: Iterator[Sequence[Any]], first: int = 0) -> Iterator[Any]:
        # Workers belong to one iteration at a time; one that runs beside it gets workers of its own.
        workers = self._idle.pop() if self._idle else self._new_workers()
        return self._deliver(workers, workers.begin(index_batches, first))

    def _new_workers(self) -> _Workers:
        tasks = _Tasks()
        loader = torch.utils.data.DataLoader(
            self._reader,
            batch_size=None,
            sampler=tasks,
            num_workers=self._number,
            collate_fn=_as_it_is,
            timeout=self._timeout,
            worker_init_fn=_begin_worker,
            generator=torch.Generator(),  # else it would draw from torch's own, which is the user's
            prefetch_factor=-(-self._ahead // self._number),
            persistent_workers=True,
        )
        return _Workers(tasks, loader)

    def _deliver(self, workers: _Workers, batches: Iterator[Any]) -> Iterator[Any]:
        while True:
            asked = time.monotonic()
            try:
                batch = next(batches, None)
            except RuntimeError as error:  # the workers are of no use any more
                if time.monotonic() - asked >= self._timeout:
                    raise _too_slow(self._timeout) from error
                raise MXNetError(f"a worker of the DataLoader failed: {error}") from error
            if batch is None:
                break
            if batch.failure is not None:
                self._keep(workers)
                try:
                    raise batch.failure.error from batch.failure.cause
                finally:
                    del batch  # its error refers to this frame: without the ring both go at once
            try:
                yield batch.values
            except GeneratorExit:
                self._keep(workers)
                raise
        self._keep(workers)

    def _keep(self, workers: _Workers) -> None:
        if not self._idle:
            self._idle.append(workers)


class _Workers(NamedTuple):
    tasks: _Tasks
    loader: torch.utils.data.DataLoader

    def begin(self, index_batches: Iterator[Sequence[Any]], first: int) -> Iterator[Any]:
        self.tasks.index_batches = index_batches
        self.tasks.first = first
        return iter(self.loader)


class _Tasks(torch.utils.data.Sampler):
    """What the workers are asked for in one iteration: batches of indices, each with the seeds for reading it."""

    index_batches: Iterator[Sequence[Any]]
    first: int

    def __iter__(self) -> Iterator[tuple[tuple[int, int], Sequence[Any]]]:
        generator = _generators.generator_for(torch.device("cpu"))
        seed = int(torch.randint(1 << 62, (), generator=generator))
        for number, indices in enumerate(self.index_batches, self.first):
            yield (seed, number), indices


class _Failure(NamedTuple):
    error: Exception
    cause: Exception


class _Batch(NamedTuple):
    values: Any
    failure: _Failure | None


class _Reader(torch.utils.data.Dataset):
    """A dataset of batches, as a worker process sees it."""

    def __init__(self, dataset: Any, batchify: Batchify) -> None:
        self._dataset = dataset
        self._batchify = batchify

    def __getitem__(self, task: tuple[tuple[int, int], Sequence[Any]]) -> _Batch:
        seeds, indices = task
        seed_all(*seeds)
        try:
            return _Batch(_read(self._dataset, self._batchify, indices), None)
        except Exception as error:
            return _Batch(None, _failure(error, indices))


class WorkerTraceback(Exception):
    """What a worker process saw of an error; the cause of the one that is raised."""

    def __str__(self) -> str:
        return str(self.args[0])


def _read(dataset: Any, batchify: Batchify, indices: Sequence[Any]) -> Any:
    samples = []
    for index in indices:
        try:
            samples.append(dataset[index])
        except Exception as error:
            error._dataset_index = index
            if hasattr(error, "add_note"):  # Python 3.11
                error.add_note(f"(while the DataLoader read item {index} of {type(dataset).__name__})")
            raise
    return batchify(samples)


def _failure(error: Exception, indices: Sequence[Any]) -> _Failure:
    """An error in a form that another process can raise."""
    where = "making a batch of items" if not hasattr(error, "_dataset_index") else "reading item"
    index = getattr(error, "_dataset_index", list(indices))
    worker = torch.utils.data.get_worker_info().id
    cause = WorkerTraceback(f"in DataLoader worker {worker}, {where} {index}:\n\n{traceback.format_exc()}")
    try:
        pickle.dumps(copy.copy(error))
    except Exception:  # it holds what cannot be sent, or cannot be made again from its arguments
        return _Failure(MXNetError(f"{type(error).__name__}: {error}"), cause)
    return _Failure(error, cause)


def _begin_worker(number: int) -> None:
    """Forget what a forked process inherits from the thread that started it."""
    modes.recording = modes.training = False
    cpu(0).__enter__()
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(0)


def _too_slow(timeout: float) -> multiprocessing.TimeoutError:
    return multiprocessing.TimeoutError(
        f"a worker of the DataLoader did not give a batch within {timeout} seconds: "
        "give a larger timeout, or smaller batches"
    )


def _as_it_is(batch: Any) -> Any:
    return batch


def _reduce(array: Array) -> tuple[Any, ...]:
    data = array._data.detach()
    if data.untyped_storage().nbytes() > data.nbytes:
        data = data.clone()  # a part of a large array travels alone
    return wrap, (type(array), data)


for _class in (NDArray, ndarray):
    ForkingPickler.register(_class, _reduce)
