"""`NDArrayIter`: batches of arrays in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.io._base import DataDesc, DataIter
from mxnet.ndarray._array import Array, read, wrap
from mxnet.numpy.multiarray import array

__all__ = ["NDArrayIter"]

LAST_BATCH = ("pad", "discard", "roll_over")
_ACCEPTED = "an array (NDArray or numpy.ndarray), a list of them, or a dict of them by name"


class NDArrayIter(DataIter):
    """Batches of arrays in memory.

    Parameters
    ----------
    data : array, list of arrays, or dict of arrays by name
        NDArrays or NumPy arrays; their first dimension counts the samples.
    label : the same, optional
    batch_size : int, default 1
    shuffle : bool, default False
        Draw a new order (from ``numpy.random``) for each pass.
    last_batch_handle : {'pad', 'discard', 'roll_over'}
        Fill the last batch up from the beginning, leave it out, or begin the next pass with its samples.
    data_name, label_name : str
        Name of an array that has none; several are ``_0_data``, ``_1_data``, ...
    layout : str, default 'NCHW'
        What `provide_data` says of the dimensions.

    Raises
    ------
    AssertionError
        If there are no data.
    TypeError
        For data that are no arrays.
    ValueError
        If they do not all have the same length, or `last_batch_handle` is none of these.

    Examples
    --------
    >>> import numpy
    >>> batches = mx.io.NDArrayIter(numpy.arange(10).reshape(5, 2), numpy.arange(5), batch_size=2)
    >>> for batch in batches:
    ...     print(batch.data[0].shape, batch.label[0], batch.pad)
    (2, 2) [0. 1.] 0
    (2, 2) [2. 3.] 0
    (2, 2) [4. 0.] 1
    """

    def __init__(
        self,
        data: Any,
        label: Any = None,
        batch_size: int = 1,
        shuffle: bool = False,
        last_batch_handle: str = "pad",
        data_name: str = "data",
        label_name: str = "softmax_label",
        layout: str = "NCHW",
    ) -> None:
        super().__init__(batch_size)
        self.data = named_arrays(data, data_name)
        self.label = named_arrays(label, label_name, empty=True)
        self.data_list = [each for _, each in [*self.data, *self.label]]
        lengths = [len(each) for each in self.data_list]
        self.num_data = lengths[0]
        if len(set(lengths)) > 1:
            raise ValueError(f"data and labels must have the same length, but have {lengths}")
        if last_batch_handle not in LAST_BATCH:
            raise ValueError(f"last_batch_handle must be one of {', '.join(LAST_BATCH)}, not {last_batch_handle!r}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be positive, not {batch_size}")
        self.shuffle = shuffle
        self.last_batch_handle = last_batch_handle
        self.num_source = len(lengths)
        self._layout = layout
        self._permutation = np.arange(self.num_data)
        self.idx = np.arange(self.num_data)
        self._left = self.idx[:0]
        self.hard_reset()

    @property
    def provide_data(self) -> list[DataDesc]:
        """Name, shape and type of the data of a batch."""
        return self._described(self.data)

    @property
    def provide_label(self) -> list[DataDesc]:
        """Name, shape and type of the labels of a batch."""
        return self._described(self.label)

    def hard_reset(self) -> None:
        """Begin again, without what the last pass has left over."""
        self._left = self._left[:0]
        self.reset()

    def reset(self) -> None:
        """Begin the next pass, with what the last one has left over where `last_batch_handle` says so."""
        if self.shuffle:
            np.random.shuffle(self._permutation)
            self.idx = self.idx[self._permutation]
        self._order = np.concatenate([self._left, self.idx])
        self._carried, self._left = len(self._left), self._left[:0]
        self.cursor = -self.batch_size

    def iter_next(self) -> bool:
        """Go to the next batch; False at the end."""
        self.cursor += self.batch_size
        rest = len(self._order) - self.cursor
        if rest >= self.batch_size or (rest > 0 and self.last_batch_handle == "pad"):
            return True
        if rest > 0 and self.last_batch_handle == "roll_over":
            self._left = self._order[self.cursor :]
        return False

    def getdata(self) -> list[Any]:
        """The data of the current batch."""
        return self._batch_of(self.data)

    def getlabel(self) -> list[Any]:
        """The labels of the current batch."""
        return self._batch_of(self.label)

    def getpad(self) -> int:
        """How many samples only fill the current batch up, or with 'roll_over' were left over from the last pass."""
        if self.last_batch_handle == "roll_over":
            return self._carried if self.cursor == 0 else 0
        return max(self.cursor + self.batch_size - len(self._order), 0)

    def _batch_of(self, arrays: NamedArrays) -> list[Any]:
        if not 0 <= self.cursor < len(self._order):
            raise MXNetError("NDArrayIter has no current batch: call iter_next() or next() first")
        samples = self._order[self.cursor : self.cursor + self.batch_size]
        missing = self.batch_size - len(samples)
        if not missing and not self.shuffle and not self._carried:  # no copy
            return [each[self.cursor : self.cursor + self.batch_size] for _, each in arrays]
        samples = np.concatenate([samples, np.resize(self._order, missing)])
        where = torch.from_numpy(samples)
        return [
            wrap(type(each), data.index_select(0, where.to(data.device)), each._tag)
            for each, data in [(each, read(each)) for _, each in arrays]
        ]

    def _described(self, arrays: NamedArrays) -> list[DataDesc]:
        return [
            DataDesc(name, (self.batch_size, *each.shape[1:]), getattr(each.dtype, "type", each.dtype), self._layout)
            for name, each in arrays
        ]


NamedArrays = list[tuple[str, Array]]


def named_arrays(values: Any, default: str, empty: bool = False) -> NamedArrays:
    """Arrays with their names, in order of names where these are given.

    What is no array of MXNet becomes one of float32, as there.

    Raises
    ------
    AssertionError
        If there are none, unless they may be `empty`.
    TypeError
        For what is no array.
    """
    if isinstance(values, (Array, np.ndarray)) or hasattr(values, "tocsr"):
        values = [values]
    if isinstance(values, list):
        names = [default] if len(values) == 1 else [f"_{number}_{default}" for number in range(len(values))]
        values = dict(zip(names, values, strict=True))
    if values is None or (isinstance(values, Mapping) and not values):
        if not empty:
            raise AssertionError(f"NDArrayIter needs data: {_ACCEPTED}")
        return []
    if not isinstance(values, Mapping):
        raise TypeError(f"NDArrayIter takes {_ACCEPTED}, not {type(values).__name__}")
    return [(name, _array_of(name, values[name])) for name in sorted(values)]


def _array_of(name: str, value: Any) -> Array:
    if hasattr(value, "tocsr"):
        raise TypeError(f"{name} is a sparse matrix, and arrays here are dense: give NDArrayIter value.toarray()")
    try:
        made = value if isinstance(value, Array) else array(np.asarray(value, dtype=np.float32))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is no array of numbers but {type(value).__name__}: give {_ACCEPTED}") from error
    if made.ndim == 0:
        raise TypeError(f"{name} is a single number: its first dimension must count the samples")
    return made
