"""Samplers: in which order, and in which batches, a dataset is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from typing import Any

import numpy as np

__all__ = [
    "BatchSampler",
    "FilterSampler",
    "IntervalSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
]


class Sampler:
    """The base of samplers: an iterable of indices with a length."""

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__")

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__")


class SequentialSampler(Sampler):
    """The indices `start`, `start` + 1, ..., `length` of them.

    Examples
    --------
    >>> list(mx.gluon.data.SequentialSampler(3, start=2))
    [2, 3, 4]
    """

    def __init__(self, length: int, start: int = 0) -> None:
        self._length = length
        self._start = start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._start, self._start + self._length))

    def __len__(self) -> int:
        return self._length


class RandomSampler(Sampler):
    """The indices from 0 to `length` - 1 in an order that is drawn anew each time, from ``numpy.random``."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[int]:
        return iter(np.random.permutation(self._length).tolist())

    def __len__(self) -> int:
        return self._length


class IntervalSampler(Sampler):
    """Every `interval`-th index below `length`; with `rollover` once more from 1, from 2, ... until all are given.

    Raises
    ------
    AssertionError
        If `interval` is larger than `length`, or not positive.

    Examples
    --------
    >>> list(mx.gluon.data.IntervalSampler(5, interval=2))
    [0, 2, 4, 1, 3]
    >>> list(mx.gluon.data.IntervalSampler(5, interval=2, rollover=False))
    [0, 2, 4]
    """

    def __init__(self, length: int, interval: int, rollover: bool = True) -> None:
        if not 0 < interval <= length:
            raise AssertionError(
                f"Interval {interval} must be smaller than or equal to length {length}, and at least 1"
            )
        self._length = length
        self._interval = interval
        self._starts = interval if rollover else 1

    def __iter__(self) -> Iterator[int]:
        for start in range(self._starts):
            yield from range(start, self._length, self._interval)

    def __len__(self) -> int:
        return sum(len(range(start, self._length, self._interval)) for start in range(self._starts))


class FilterSampler(Sampler):
    """The indices of the items of `dataset` for which `fn` is true; every item is looked at when this is made."""

    def __init__(self, fn: Callable[[Any], Any], dataset: Any) -> None:
        self._indices = [index for index in range(len(dataset)) if fn(dataset[index])]

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


class BatchSampler(Sampler):
    """Lists of `batch_size` indices from another sampler.

    Parameters
    ----------
    sampler : Sampler
    batch_size : int
    last_batch : {'keep', 'discard', 'rollover'}
        What happens to indices too few for a batch: they are a small batch, are left out, or begin the next
        iteration.

    Raises
    ------
    ValueError
        If `batch_size` is not positive, or `last_batch` is something else.

    Examples
    --------
    >>> list(mx.gluon.data.BatchSampler(mx.gluon.data.SequentialSampler(5), 2))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Any, batch_size: int, last_batch: str = "keep") -> None:
        if batch_size <= 0:
            raise ValueError(f"batch_size must be positive, but got {batch_size}")
        if last_batch not in ("keep", "discard", "rollover"):
            raise ValueError(f"last_batch must be one of 'keep', 'discard', or 'rollover', but got {last_batch}")
        self._sampler: Sized = sampler
        self._batch_size = batch_size
        self._last_batch = last_batch
        self._left: list[Any] = []

    def __iter__(self) -> Iterator[list[Any]]:
        batch, self._left = self._left, []
        for index in self._sampler:
            batch.append(index)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if batch and self._last_batch == "keep":
            yield batch
        elif self._last_batch == "rollover":
            self._left = batch

    def __len__(self) -> int:
        whole, left = divmod(len(self._sampler) + len(self._left), self._batch_size)
        return whole + (left > 0 and self._last_batch == "keep")
