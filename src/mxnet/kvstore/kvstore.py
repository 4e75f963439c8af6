"""`KVStore` for one process."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.formats._writer import atomic_write
from mxnet.kvstore._compression import Compression
from mxnet.kvstore.base import KVStoreBase
from mxnet.ndarray._array import Array
from mxnet.optimizer import Optimizer, Updater, get_updater

__all__ = ["KVStore", "grouped", "keyed", "sum_over_devices"]

Pairs = Sequence[tuple[int | str, list[Array]]]


class KVStore(KVStoreBase):
    """Arrays under keys, which many devices of one process add to and read from. Made by `create`.

    Keys are integers or strings, in one store of one kind. Where a method takes one key it also takes a list of
    keys with a list of values; a value is an array, or a list of arrays, one on each device.

    Examples
    --------
    >>> store = mx.kv.create('local')
    >>> store.init(3, mx.np.zeros(2))
    >>> store.push(3, [mx.np.ones(2), mx.np.ones(2)])
    >>> out = mx.np.zeros(2)
    >>> store.pull(3, out)
    >>> out
    array([2., 2.])
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._values: dict[int | str, Array] = {}
        self._updater: Callable[[Any, Any, Any], None] | None = None

    @property
    def type(self) -> str:
        """The name it was made by."""
        return self._name

    @property
    def rank(self) -> int:
        """Number of this worker: 0."""
        return 0

    @property
    def num_workers(self) -> int:
        """Number of workers: 1."""
        return 1

    @staticmethod
    def is_capable(capability: str) -> bool:
        """Whether the store can do something: it can update with an optimizer (``'optimizer'``)."""
        return capability == KVStoreBase.OPTIMIZER

    def barrier(self) -> None:
        """Return once every worker is here: at once."""

    _barrier = barrier  # MXNet's name

    def init(self, key: Any, value: Any) -> None:
        """Store a copy of `value` under a new key.

        Raises
        ------
        MXNetError
            If the key is taken, or not of the kind of those there are. Nothing has changed then.
        AssertionError
            If it is neither an integer nor a string.
        """
        pairs = keyed(key, value)
        self._check_new([one for one, _ in pairs])
        with torch.no_grad():
            self._values |= {one: arrays[0].copy() for one, arrays in pairs}

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        """Sum the arrays of each key and store the sum; or let the updater take it in, if one is set.

        Arrays of a key that is given more than once are summed too.

        Raises
        ------
        MXNetError
            For a key that is not there, or another shape. Nothing has changed then.
        """
        pairs = grouped(keyed(key, value))
        targets = [self._get(one, arrays) for one, arrays in pairs]
        for (one, _), stored, total in zip(pairs, targets, self._totals(pairs), strict=True):
            if self._updater is None:
                stored._data.copy_(total)
            else:
                self._updater(one, stored._like(total.to(stored._data.device)), stored)

    def _totals(self, pairs: Pairs) -> list[torch.Tensor]:
        """The sum for each key."""
        return [sum_over_devices(arrays) for _, arrays in pairs]

    def pull(self, key: Any, out: Any, priority: int = 0, ignore_sparse: bool = True) -> None:
        """Write what is stored to each array of `out`.

        Raises
        ------
        MXNetError
            As `push`.
        """
        pairs = keyed(key, out)
        targets = [self._get(one, arrays) for one, arrays in pairs]
        for (_, arrays), stored in zip(pairs, targets, strict=True):
            for array in arrays:
                stored.copyto(array)

    def row_sparse_pull(self, key: Any, out: Any = None, priority: int = 0, row_ids: Any = None) -> None:
        """Not there: arrays are dense.

        Raises
        ------
        MXNetError
        """
        raise MXNetError(
            "row_sparse_pull needs arrays of sparse storage, which are not there: use pull, which is dense"
        )

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """`push`, then `pull` to `out`, by default to where the values came from."""
        self.push(key, value, priority)
        self.pull(key, value if out is None else out, priority)

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """`init`, then `pull`."""
        self.init(key, value)
        self.pull(key, out, priority)

    def set_gradient_compression(self, compression_params: Mapping[str, Any]) -> None:
        """Take note of how gradients are to travel between processes: within one, none does.

        Parameters
        ----------
        compression_params : dict
            ``{'type': 'fp16'}``, ``{'type': 'bf16'}`` or ``{'type': '2bit', 'threshold': 0.5}``.

        Raises
        ------
        MXNetError
            If it is something else.
        """
        Compression(compression_params)
        warnings.warn(f"kvstore {self._name!r}: gradients within one process are not compressed", stacklevel=2)

    def set_optimizer(self, optimizer: Optimizer) -> None:
        """Update what is stored with the arrays pushed, as gradients, from here on.

        Raises
        ------
        TypeError
            If `optimizer` is no `Optimizer`.
        """
        self._updater = get_updater(optimizer)

    def _set_updater(self, updater: Callable[[Any, Any, Any], None]) -> None:
        """Let ``updater(key, pushed, stored)`` write what is stored."""
        self._updater = updater

    def save_optimizer_states(self, fname: str | os.PathLike, dump_optimizer: bool = False) -> None:
        """Write the states of the optimizer to a file.

        Raises
        ------
        AssertionError
            If no optimizer is set.
        """
        data = self._own_updater().get_states(dump_optimizer)
        with atomic_write(fname) as file:
            file.write(data)

    def load_optimizer_states(self, fname: str | os.PathLike) -> None:
        """Read what `save_optimizer_states` wrote.

        Raises
        ------
        AssertionError
            If no optimizer is set.
        MXNetError
            If the file is something else.
        """
        with open(fname, "rb") as file:
            self._own_updater().set_states(file.read())

    def _own_updater(self) -> Updater:
        if not isinstance(self._updater, Updater):
            raise AssertionError("this store has no optimizer: call set_optimizer first")
        return self._updater

    def _check_new(self, keys: Sequence[int | str]) -> None:
        there = set(self._values)
        for key in keys:
            if key in there:
                raise MXNetError(f"key {key!r} is in the store already, or comes twice")
            if any(type(known) is not type(key) for known in there):
                raise MXNetError(f"the keys of a store are all integers or all strings, so {key!r} cannot join them")
            there.add(key)

    def _get(self, key: int | str, arrays: list[Array]) -> Array:
        if key not in self._values:
            raise MXNetError(f"key {key!r} is not in the store: call init first")
        stored = self._values[key]
        for array in arrays:
            if array._data.shape != stored._data.shape:
                raise MXNetError(
                    f"key {key!r} holds an array of shape {stored.shape}, but one of shape {array.shape} was given"
                )
        return stored


def sum_over_devices(arrays: Sequence[Array]) -> torch.Tensor:
    """The sum of the arrays, on the device of the first; of one array its own tensor."""
    total = arrays[0]._data.detach()
    for array in arrays[1:]:
        total = total + array._data.detach().to(total.device)
    return total


def keyed(key: Any, value: Any) -> list[tuple[int | str, list[Array]]]:
    """Each key with its list of arrays.

    Raises
    ------
    AssertionError
        If a key is neither an integer nor a string, or there are not as many values.
    TypeError
        If a value is neither an array nor a list of arrays.
    """
    if not isinstance(key, (list, tuple)):
        key, value = [key], [value]
    for one in key:
        if not isinstance(one, (int, str)):
            raise AssertionError(f"a key is an integer or a string, not {one!r}")
    if len(key) != len(value):
        raise AssertionError(f"{len(key)} keys and {len(value)} values: the numbers must be equal")
    return [(one, _arrays_of(one, given)) for one, given in zip(key, value, strict=True)]


def _arrays_of(key: int | str, given: Any) -> list[Array]:
    arrays = [given] if isinstance(given, Array) else given
    if not isinstance(arrays, (list, tuple)) or not arrays or not all(isinstance(each, Array) for each in arrays):
        kinds = [type(each).__name__ for each in arrays] if isinstance(arrays, (list, tuple)) else type(given).__name__
        raise TypeError(f"the value of key {key!r} must be an array or a list of arrays, not {kinds}")
    return list(arrays)


def grouped(pairs: Pairs) -> list[tuple[int | str, list[Array]]]:
    """Each key once, with all its arrays."""
    found: dict[int | str, list[Array]] = {}
    for key, arrays in pairs:
        found.setdefault(key, []).extend(arrays)
    return list(found.items())
