"""`KVStoreBase`, what a `Trainer` asks of a store, and the registry of stores by name."""

from __future__ import annotations

import os
import warnings
from typing import Any, ClassVar

__all__ = ["KVStoreBase"]


class KVStoreBase:
    """The base of all stores. One of one's own, registered, is found by `create`, and so by `Trainer`.

    It defines `broadcast` and `pushpull`; what else it does not define raises `NotImplementedError`.

    Examples
    --------
    >>> @mx.kv.KVStoreBase.register
    ... class Alone(mx.kv.KVStoreBase):
    ...     type, rank, num_workers = 'alone', 0, 1
    ...     def broadcast(self, key, value, out, priority=0):
    ...         for array in out:
    ...             value.copyto(array)
    ...     def pushpull(self, key, value, out=None, priority=0):
    ...         pass
    >>> mx.kv.create('alone').num_workers
    1
    """

    OPTIMIZER = "optimizer"
    kv_registry: ClassVar[dict[str, type[KVStoreBase]]] = {}

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """Write the first process's `value` to each array of `out`, in every process."""
        raise self._lacks("broadcast")

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """Write the sum of the arrays of `value`, over all processes, to each array of `out`, else to those."""
        raise self._lacks("pushpull")

    @staticmethod
    def is_capable(capability: str) -> bool:
        """Whether the store can do something: ``KVStoreBase.OPTIMIZER`` is to update with an optimizer of its own."""
        return False

    def set_optimizer(self, optimizer: Any) -> None:
        """Update what is stored with `optimizer` from here on."""
        raise self._lacks("set_optimizer")

    def save_optimizer_states(self, fname: str | os.PathLike, dump_optimizer: bool = False) -> None:
        """Write the states of the optimizer to a file."""
        raise self._lacks("save_optimizer_states")

    def load_optimizer_states(self, fname: str | os.PathLike) -> None:
        """Read what `save_optimizer_states` wrote."""
        raise self._lacks("load_optimizer_states")

    @property
    def type(self) -> str:
        """The name it was made by."""
        raise self._lacks("type")

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""
        raise self._lacks("rank")

    @property
    def num_workers(self) -> int:
        """The number of processes."""
        raise self._lacks("num_workers")

    @staticmethod
    def register(klass: type[KVStoreBase]) -> type[KVStoreBase]:
        """Let `create` find a class under its name in lower case; usable as a decorator.

        Raises
        ------
        AssertionError
            If it is no class.
        """
        if not isinstance(klass, type):
            raise AssertionError(f"register takes a class, not {klass!r}")
        name = klass.__name__.lower()
        known = KVStoreBase.kv_registry.get(name)
        if known is not None:
            warnings.warn(f"kvstore {klass!r} replaces {known!r} under the name {name!r}", stacklevel=2)
        KVStoreBase.kv_registry[name] = klass
        return klass

    def _lacks(self, method: str) -> NotImplementedError:
        return NotImplementedError(f"the kvstore {type(self).__name__} does not define {method}")
