"""What the iterators over files have in common: passes over numbered samples, and threads that read ahead."""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import numpy as np

from mxnet.base import MXNetError
from mxnet.io._base import DataBatch, DataDesc, DataIter

__all__ = ["Job", "MXDataIter", "ReadAhead", "Rounds", "Source"]


class Source(Protocol):
    """Where an `MXDataIter` gets its batches from."""

    provide_data: list[DataDesc]
    provide_label: list[DataDesc]
    batch_size: int

    def start(self, carried: int) -> Iterator[DataBatch]:
        """Begin a pass; see `Rounds.start`."""

    def close(self) -> None:
        """Give up threads and files."""


class MXDataIter(DataIter):
    """The base of the iterators that read files: `CSVIter`, `MNISTIter`, `ImageRecordIter` and their kin.

    The first batch is read when it is made, so that what is wrong with the files shows there.

    Parameters
    ----------
    source : Source
        Gives the batches of each pass.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source.batch_size)
        self.provide_data = source.provide_data
        self.provide_label = source.provide_label
        self._source = source
        self._close = weakref.finalize(self, source.close)
        self._current: DataBatch | None = None
        self._carried = 0  # samples of the next pass that the last batch has held already
        try:
            self._batches = source.start(0)
            self.first_batch: DataBatch | None = next(self._batches, None)
        except BaseException:
            self._close()
            raise

    def __repr__(self) -> str:
        parts = [f"{each.name} {each.shape}" for each in (*self.provide_data, *self.provide_label)]
        return f"{type(self).__name__}({', '.join(parts)})"

    def reset(self) -> None:
        """Begin the next pass; nothing happens where the first one has not begun.

        Raises
        ------
        MXNetError
            If the iterator is closed.
        """
        if not self._close.alive:
            raise MXNetError(f"this {type(self).__name__} is closed: make a new one")
        if self.first_batch is None:
            self._batches.close()
            self._batches = self._source.start(self._carried)
            self._carried = 0
        self._current = None

    def next(self) -> DataBatch:
        """The next batch; StopIteration at the end."""
        batch, self.first_batch = self.first_batch, None
        if batch is None:
            batch = next(self._batches)
        self._current, self._carried = batch, batch.pad
        return batch

    def iter_next(self) -> bool:
        """Go to the next batch; False at the end."""
        try:
            self.next()
        except StopIteration:
            self._current = None
            return False
        return True

    def close(self) -> None:
        """End the threads that read ahead; the iterator gives no more batches. Dropping it does the same."""
        self.first_batch = None
        self._batches.close()
        self._close()

    def getdata(self) -> Any:
        """The data of the current batch."""
        return self._now().data[0]

    def getlabel(self) -> Any:
        """The labels of the current batch."""
        return self._now().label[0]

    def getindex(self) -> Any:
        """The numbers of the samples of the current batch."""
        return self._now().index

    def getpad(self) -> int:
        """How many samples at the end of the current batch only fill it up."""
        return self._now().pad

    def _now(self) -> DataBatch:
        if self._current is None:
            raise MXNetError("there is no current batch: call iter_next() or next() first")
        return self._current


class Rounds:
    """Which of `count` samples the batches of each pass are made of.

    With `round_batch` the last batch is filled up with the first samples of the next pass, which then begins behind
    them; else with the first of the same pass.
    """

    def __init__(self, count: int, batch_size: int, round_batch: bool, shuffle: bool = False, seed: int = 0) -> None:
        self._count = count
        self._batch_size = batch_size
        self._round = round_batch
        self._seed = seed if shuffle else None
        self._next = 0

    def start(self, carried: int) -> Iterator[tuple[np.ndarray, int]]:
        """The numbers of the samples of each batch of a pass, and how many at the end only fill it up.

        Parameters
        ----------
        carried : int
            What the last batch of the pass before told of that; 0 if that was not read to its end.
        """
        skipped, offset = divmod(carried, self._count) if self._round else (0, 0)
        number = self._next + skipped
        self._next = number + 1
        return self._batches(number, offset)

    def _batches(self, number: int, offset: int) -> Iterator[tuple[np.ndarray, int]]:
        order = self._order(number)
        for start in range(offset, self._count, self._batch_size):
            samples = order[start : start + self._batch_size]
            pad = self._batch_size - len(samples)
            yield (np.concatenate([samples, self._filling(number, pad)]) if pad else samples), pad

    def _filling(self, number: int, pad: int) -> np.ndarray:
        if not self._round:
            return np.resize(self._order(number), pad)
        orders = [self._order(number + later) for later in range(1, 2 + pad // self._count)]
        return np.concatenate(orders)[:pad]

    def _order(self, number: int) -> np.ndarray:
        if self._seed is None:
            return np.arange(self._count)
        return np.random.default_rng([self._seed, number]).permutation(self._count)


class Job(NamedTuple):
    """A batch to be made: what threads do for it, and then who hands it over."""

    parts: Sequence[Callable[[], None]]
    finish: Callable[[], DataBatch]


class ReadAhead:
    """Threads that make batches ahead of who asks for them; the batches come in order.

    Parameters
    ----------
    threads : int
    batches : int
        How many batches are under way or waiting at most.
    name : str
        Of the threads.
    """

    def __init__(self, threads: int, batches: int, name: str) -> None:
        self._ahead = max(batches, 1)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._process = os.getpid()

    def start(self, jobs: Iterator[Job]) -> Iterator[DataBatch]:
        """Begin now; closing what is returned leaves undone what has not begun."""
        pending: deque[tuple[Job, list[Future]]] = deque()
        for _ in range(self._ahead):
            self._submit(pending, jobs)
        return self._deliver(pending, jobs)

    def _submit(self, pending: deque[tuple[Job, list[Future]]], jobs: Iterator[Job]) -> None:
        job = next(jobs, None)
        if job is not None:
            pending.append((job, [self._pool.submit(part) for part in job.parts]))

    def _deliver(self, pending: deque[tuple[Job, list[Future]]], jobs: Iterator[Job]) -> Iterator[DataBatch]:
        try:
            while pending:
                if os.getpid() != self._process:  # which has the threads; here nothing would ever come
                    raise MXNetError("an iterator that reads ahead works in the process that made it: make one here")
                job, parts = pending[0]
                for part in parts:
                    part.result()
                pending.popleft()
                self._submit(pending, jobs)
                yield job.finish()
        finally:
            for _, parts in pending:
                for part in parts:
                    part.cancel()

    def close(self) -> None:
        """End the threads, each after the part it is at."""
        self._pool.shutdown(wait=False, cancel_futures=True)
