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
    "SplitSampler",
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


class SplitSampler(Sampler):
    """The indices of one of `num_parts` parts of a dataset: what one of several processes reads.

    Parameters
    ----------
    length : int
        Of the dataset.
    num_parts : int, default 1
        In training, the kvstore's `num_workers`.
    part_index : int, default 0
        In training, the kvstore's `rank`.
    even_size : bool, default True
        Make all parts as long as the longest by giving some an index of the next part too: a process with fewer
        batches than the others would leave them waiting. False gives every index to one part only.
    repeat : int, default 1
        How often an iteration gives each index.
    shuffle : bool, default True
        Draw a new order for each iteration, from ``numpy.random``. What is in the part does not change.

    Raises
    ------
    ValueError
        If `part_index` is not among the parts, or a number is too small.

    Examples
    --------
    >>> [list(mx.gluon.data.SplitSampler(5, 2, part, shuffle=False)) for part in (0, 1)]
    [[0, 1, 2], [2, 3, 4]]
    """

    def __init__(
        self,
        length: int,
        num_parts: int = 1,
        part_index: int = 0,
        even_size: bool = True,
        repeat: int = 1,
        shuffle: bool = True,
    ) -> None:
        if length < 0 or num_parts < 1 or repeat < 1:
            raise ValueError(
                f"length must be at least 0, num_parts and repeat at least 1, not {length}, {num_parts} and {repeat}"
            )
        if not 0 <= part_index < num_parts:
            raise ValueError(f"part_index must be from 0 to {num_parts - 1}, that is below num_parts, not {part_index}")
        begin, end = length * part_index // num_parts, length * (part_index + 1) // num_parts
        size = -(-length // num_parts) if even_size else end - begin
        self._indices = [index % length for index in range(begin, begin + size)] * repeat
        self._shuffle = shuffle

    def __iter__(self) -> Iterator[int]:
        return iter(np.random.permutation(self._indices).tolist() if self._shuffle else self._indices)

    def __len__(self) -> int:
        return len(self._indices)


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
