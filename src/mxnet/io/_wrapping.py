"""Iterators around other iterators: of another length, or read ahead in threads."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from mxnet.base import MXNetError
from mxnet.io._base import DataBatch, DataDesc, DataIter

__all__ = ["PrefetchingIter", "ResizeIter"]


class _Wrapping(DataIter):
    """An iterator that holds its current batch."""

    current_batch: DataBatch | None = None

    def getdata(self) -> Any:
        return self._now().data

    def getlabel(self) -> Any:
        return self._now().label

    def getindex(self) -> Any:
        return self._now().index

    def getpad(self) -> Any:
        return self._now().pad

    def _now(self) -> DataBatch:
        if self.current_batch is None:
            raise MXNetError("there is no current batch: call iter_next() or next() first")
        return self.current_batch


class ResizeIter(_Wrapping):
    """Another iterator, with `size` batches in each pass; it begins again when it ends before.

    Parameters
    ----------
    data_iter : DataIter
    size : int
    reset_internal : bool, default True
        Let `reset` begin `data_iter` again too; else the next pass goes on where the last one stopped.

    Examples
    --------
    >>> import numpy
    >>> batches = mx.io.ResizeIter(mx.io.NDArrayIter(numpy.arange(4), batch_size=2), 3)
    >>> [batch.data[0].tolist() for batch in batches]
    [[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]]
    """

    def __init__(self, data_iter: DataIter, size: int, reset_internal: bool = True) -> None:
        super().__init__()
        self.data_iter = data_iter
        self.size = size
        self.reset_internal = reset_internal
        self.cur = 0
        self.provide_data = data_iter.provide_data
        self.provide_label = data_iter.provide_label
        self.batch_size = data_iter.batch_size
        if hasattr(data_iter, "default_bucket_key"):
            self.default_bucket_key = data_iter.default_bucket_key

    def reset(self) -> None:
        """Begin the next pass."""
        self.cur = 0
        if self.reset_internal:
            self.data_iter.reset()

    def next(self) -> DataBatch:
        """The next batch; StopIteration at the end."""
        if not self.iter_next():
            raise StopIteration
        return self.current_batch

    def iter_next(self) -> bool:
        """Go to the next batch; False at the end."""
        if self.cur == self.size:
            return False
        try:
            self.current_batch = self.data_iter.next()
        except StopIteration:
            self.data_iter.reset()
            self.current_batch = self.data_iter.next()
        self.cur += 1
        return True


class PrefetchingIter(_Wrapping):
    """One or several iterators, each read one batch ahead in a thread; of several the batches are put together.

    The threads end when the iterator is dropped.

    Parameters
    ----------
    iters : DataIter or list of DataIter
    rename_data, rename_label : list of dict of str to str, optional
        For each iterator the new names of its data and labels, by the old ones.

    Raises
    ------
    AssertionError
        If there is no iterator.
    ValueError
        If there is not one dict of names for each.
    """

    def __init__(
        self,
        iters: DataIter | Sequence[DataIter],
        rename_data: Sequence[Mapping[str, str]] | None = None,
        rename_label: Sequence[Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__()
        self.iters = list(iters) if isinstance(iters, (list, tuple)) else [iters]
        self.n_iter = len(self.iters)
        if not self.iters:
            raise AssertionError("PrefetchingIter needs at least one iterator")
        for name, renamed in (("rename_data", rename_data), ("rename_label", rename_label)):
            if renamed is not None and len(renamed) != self.n_iter:
                raise ValueError(f"{name} needs a dict for each of the {self.n_iter} iterators, not {len(renamed)}")
        self.rename_data = rename_data
        self.rename_label = rename_label
        self.batch_size = self.provide_data[0].shape[0]
        self._pool = ThreadPoolExecutor(self.n_iter, thread_name_prefix="PrefetchingIter")
        self._close = weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)
        self._pending = self._submit()

    @property
    def provide_data(self) -> list[DataDesc]:
        """Descriptions of the data of all iterators."""
        return _described([each.provide_data for each in self.iters], self.rename_data)

    @property
    def provide_label(self) -> list[DataDesc]:
        """Descriptions of the labels of all iterators."""
        return _described([each.provide_label for each in self.iters], self.rename_label)

    def reset(self) -> None:
        """Begin all iterators again."""
        self._settle()
        for each in self.iters:
            each.reset()
        self._pending = self._submit()

    def next(self) -> DataBatch:
        """The next batch; StopIteration at the end."""
        if not self.iter_next():
            raise StopIteration
        return self.current_batch

    def iter_next(self) -> bool:
        """Go to the next batch; False at the end.

        Raises
        ------
        MXNetError
            If the iterators do not end at the same batch, or their batches do not have the same padding.
        """
        batches = [future.result() for future in self._pending]
        if any(batch is None for batch in batches):
            if not all(batch is None for batch in batches):
                raise MXNetError("the iterators of a PrefetchingIter do not have the same number of batches")
            return False
        if len({batch.pad for batch in batches}) > 1:
            raise MXNetError(f"the batches of the iterators have different padding: {[batch.pad for batch in batches]}")
        self.current_batch = DataBatch(
            [array for batch in batches for array in batch.data],
            [array for batch in batches for array in batch.label or []],
            batches[0].pad,
            batches[0].index,
            provide_data=self.provide_data,
            provide_label=self.provide_label,
        )
        self._pending = self._submit()
        return True

    def _submit(self) -> list[Future]:
        return [self._pool.submit(_next_of, each) for each in self.iters]

    def _settle(self) -> None:
        """Wait until no thread is in an iterator; what went wrong there is of the pass that is given up."""
        for future in self._pending:
            if not future.cancel():
                future.exception()


def _next_of(iterator: DataIter) -> DataBatch | None:
    try:
        return iterator.next()
    except StopIteration:
        return None


def _described(descriptions: Sequence[Sequence[Any]], names: Sequence[Mapping[str, str]] | None) -> list[DataDesc]:
    found = []
    for number, each in enumerate(descriptions):
        for one in each:
            description = one if isinstance(one, DataDesc) else DataDesc(*one)
            if names is not None:
                name = names[number][description.name]
                description = DataDesc(name, description.shape, description.dtype, description.layout)
            found.append(description)
    return found
