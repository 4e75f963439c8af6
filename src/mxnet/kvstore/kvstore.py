"""`KVStore` for one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.formats._writer import atomic_write
from mxnet.ndarray._array import Array
from mxnet.optimizer import Optimizer, Updater, get_updater

__all__ = ["KVStore", "check_name", "create"]

_LOCAL = ("local", "local_allreduce_cpu", "local_allreduce_device", "local_update_cpu")
_DEVICE = ("device",)


class KVStore:
    """Arrays under keys, which many devices add to and read from. Made by `create`.

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

    def init(self, key: Any, value: Any) -> None:
        """Store a copy of `value` under a new key.

        Raises
        ------
        MXNetError
            If the key is taken, or not of the kind of those there are.
        AssertionError
            If it is neither an integer nor a string.
        """
        pairs = _pairs(key, value)
        for one, arrays in pairs:
            self._check_new(one)
            with torch.no_grad():
                self._values[one] = arrays[0].copy()

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        """Sum the arrays of each key and store the sum; or let the updater take it in, if one is set.

        Raises
        ------
        MXNetError
            For a key that is not there, or another shape.
        """
        for one, arrays in _pairs(key, value):
            stored = self._get(one, arrays)
            total = _sum(arrays, stored)
            if self._updater is None:
                stored._data.copy_(total)
            else:
                self._updater(one, stored._like(total), stored)

    def pull(self, key: Any, out: Any, priority: int = 0, ignore_sparse: bool = True) -> None:
        """Write what is stored to each array of `out`.

        Raises
        ------
        MXNetError
            As `push`.
        """
        for one, arrays in _pairs(key, out):
            stored = self._get(one, arrays)
            for array in arrays:
                stored.copyto(array)

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """`push`, then `pull` to `out`, by default to where the values came from."""
        self.push(key, value, priority)
        self.pull(key, value if out is None else out, priority)

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """`init`, then `pull`."""
        self.init(key, value)
        self.pull(key, out, priority)

    def _allreduce(self, arrays: list[Array]) -> None:
        """Write the sum of arrays on several devices to each of them; nothing is stored."""
        total = _sum(arrays, arrays[0])
        for array in arrays:
            array._data.copy_(total)

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

    def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
        """Write the states of the optimizer to a file.

        Raises
        ------
        AssertionError
            If no optimizer is set.
        """
        data = self._own_updater().get_states(dump_optimizer)
        with atomic_write(fname) as file:
            file.write(data)

    def load_optimizer_states(self, fname: str) -> None:
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

    def _check_new(self, key: int | str) -> None:
        if key in self._values:
            raise MXNetError(f"key {key!r} is in the store already")
        if any(type(known) is not type(key) for known in self._values):
            raise MXNetError(f"the keys of a store are all integers or all strings, so {key!r} cannot join them")

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


def check_name(name: Any) -> str:
    """`name`, if `create` knows it.

    Raises
    ------
    TypeError
        If it is no string.
    MXNetError
        If there is no such store.
    """
    if not isinstance(name, str):
        raise TypeError(f"a store is named by a string, not {name!r}")
    if name.lower() in (*_LOCAL, *_DEVICE):
        return name.lower()
    if name.lower().startswith("dist"):
        raise MXNetError(f"kvstore {name!r}: training in several processes comes with a later release")
    raise MXNetError(f"there is no kvstore {name!r}: choose among {', '.join((*_LOCAL, *_DEVICE))}")


def create(name: str = "local") -> KVStore:
    """A store for arrays on the devices of this process.

    Parameters
    ----------
    name : {'local', 'device'}, default 'local'
        In one process both do the same.

    Raises
    ------
    TypeError
        If `name` is no string.
    MXNetError
        If there is no such store; those for several processes (``'dist_sync'``, ...) come with a later release.
    """
    return KVStore(check_name(name))


def _sum(arrays: list[Array], like: Array) -> torch.Tensor:
    """The sum of the arrays, on the device of `like`."""
    device = like._data.device
    total = arrays[0]._data.detach().to(device)
    for array in arrays[1:]:
        total = total + array._data.detach().to(device)
    return total


def _pairs(key: Any, value: Any) -> list[tuple[int | str, list[Array]]]:
    """Each key with its list of arrays."""
    if not isinstance(key, (list, tuple)):
        key, value = [key], [value]
    for one in key:
        if not isinstance(one, (int, str)):
            raise AssertionError(f"a key is an integer or a string, not {one!r}")
    if len(key) != len(value):
        raise AssertionError(f"{len(key)} keys and {len(value)} values: the numbers must be equal")
    return [(one, [v] if isinstance(v, Array) else list(v)) for one, v in zip(key, value, strict=True)]
