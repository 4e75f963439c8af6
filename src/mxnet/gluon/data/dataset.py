"""Datasets: sequences of samples that are read one by one, transformed on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from mxnet.gluon.data.sampler import FilterSampler, Sampler, SequentialSampler
from mxnet.ndarray.ndarray import NDArray
from mxnet.recordio import MXIndexedRecordIO

__all__ = ["ArrayDataset", "Dataset", "RecordFileDataset", "SimpleDataset"]


class Dataset:
    """The base of datasets. A subclass defines ``__getitem__(index)`` and ``__len__()``.

    Examples
    --------
    >>> class Squares(mx.gluon.data.Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, index):
    ...         return index ** 2
    >>> list(Squares().transform(lambda x: -x).take(3))
    [0, -1, -4]
    """

    def __getitem__(self, idx: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__")

    def filter(self, fn: Callable[[Any], Any]) -> Dataset:
        """The samples for which `fn` is true; all of them are read once, now."""
        return _Sampled(self, FilterSampler(fn, self))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Part `index` of `num_shards` parts of consecutive samples; the first parts are longer by one if need be.

        Raises
        ------
        AssertionError
            If there is no such part.
        """
        if num_shards <= 0:
            raise AssertionError(f"Number of shards must be greater than 0, but got {num_shards}")
        if not 0 <= index < num_shards:
            raise AssertionError(f"Shard index must be at least 0 and below the {num_shards} shards, but got {index}")
        length, longer = divmod(len(self), num_shards)
        start = index * length + min(index, longer)
        return _Sampled(self, SequentialSampler(length + (index < longer), start))

    def take(self, count: int | None) -> Dataset:
        """The first `count` samples, or all of them if there are no more or it is None.

        Raises
        ------
        ValueError
            If `count` is negative.
        """
        if count is not None and count < 0:
            raise ValueError(f"count must not be negative, but got {count}")
        length = len(self)
        return _Sampled(self, SequentialSampler(length if count is None else min(count, length)))

    def sample(self, sampler: Sampler) -> Dataset:
        """The samples that `sampler` names, in its order as it is now.

        Raises
        ------
        TypeError
            If it is no `Sampler`.
        """
        if not isinstance(sampler, Sampler):
            raise TypeError(f"Invalid sampler type: {type(sampler)}. Expected gluon.data.Sampler instead.")
        return _Sampled(self, sampler)

    def transform(self, fn: Callable[..., Any], lazy: bool = True) -> Dataset:
        """The samples after `fn`, which gets the parts of a sample that is a tuple as its arguments.

        Parameters
        ----------
        fn : callable
        lazy : bool, default True
            Call `fn` each time a sample is read, which random augmentation needs, rather than once for each now.
        """
        transformed = _Transformed(self, fn)
        return transformed if lazy else SimpleDataset([transformed[i] for i in range(len(transformed))])

    def transform_first(self, fn: Callable[[Any], Any], lazy: bool = True) -> Dataset:
        """As `transform`, but `fn` gets only the first part of a sample; the others (the label) stay as they are."""
        return self.transform(_OfFirst(fn), lazy)


class SimpleDataset(Dataset):
    """A dataset of a list, an array or anything else with a length and an index.

    Examples
    --------
    >>> len(mx.gluon.data.SimpleDataset(['a', 'b']))
    2
    """

    def __init__(self, data: Any) -> None:
        self._data = data

    def __getitem__(self, idx: int) -> Any:
        return self._data[idx]

    def __len__(self) -> int:
        return len(self._data)


class ArrayDataset(Dataset):
    """Samples made of the items of several arrays (lists, datasets) of the same length: images and labels, say.

    Raises
    ------
    AssertionError
        If there is none, or the lengths differ.

    Examples
    --------
    >>> mx.gluon.data.ArrayDataset([1, 2, 3], ['a', 'b', 'c'])[1]
    (2, 'b')
    """

    def __init__(self, *args: Any) -> None:
        if not args:
            raise AssertionError("Needs at least 1 arrays")
        self._length = len(args[0])
        for number, data in enumerate(args):
            if len(data) != self._length:
                raise AssertionError(
                    f"All arrays must have the same length; array[0] has length {self._length} "
                    f"while array[{number}] has {len(data)}."
                )
        # Single numbers of a label array leave it as numbers, as in MXNet.
        self._data = [data.asnumpy() if isinstance(data, NDArray) and data.ndim == 1 else data for data in args]

    def __getitem__(self, idx: int) -> Any:
        if len(self._data) == 1:
            return self._data[0][idx]
        return tuple([data[idx] for data in self._data])

    def __len__(self) -> int:
        return self._length


class RecordFileDataset(Dataset):
    """The records of a record file, as bytes, in the order of its index, which lies beside it and ends in ``.idx``.

    Worker processes and threads read the same file at the same time.

    Parameters
    ----------
    filename : path

    Raises
    ------
    MXNetError
        If the file or its index is missing (also a `FileNotFoundError`) or damaged.
    """

    def __init__(self, filename: str | os.PathLike) -> None:
        self.filename = os.fspath(filename)
        self.idx_file = os.path.splitext(self.filename)[0] + ".idx"
        self._record = MXIndexedRecordIO(self.idx_file, self.filename, "r")

    def __getitem__(self, idx: int) -> Any:
        return self._record.read_idx(self._record.keys[idx])

    def __len__(self) -> int:
        return len(self._record.keys)


class _Sampled(Dataset):
    """The samples of a dataset that a sampler names."""

    def __init__(self, dataset: Dataset, sampler: Sampler) -> None:
        self._dataset = dataset
        self._indices = list(sampler)

    def __getitem__(self, idx: int) -> Any:
        return self._dataset[self._indices[idx]]

    def __len__(self) -> int:
        return len(self._indices)


class _Transformed(Dataset):
    """A dataset whose samples go through a function when they are read."""

    def __init__(self, dataset: Dataset, fn: Callable[..., Any]) -> None:
        self._dataset = dataset
        self._fn = fn

    def __getitem__(self, idx: int) -> Any:
        item = self._dataset[idx]
        return self._fn(*item) if isinstance(item, tuple) else self._fn(item)

    def __len__(self) -> int:
        return len(self._dataset)


class _OfFirst:
    """A function of the first part of a sample; a class, so that it goes to worker processes."""

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self._fn = fn

    def __call__(self, first: Any, *others: Any) -> Any:
        return (self._fn(first), *others) if others else self._fn(first)
