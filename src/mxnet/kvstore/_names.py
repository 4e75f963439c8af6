"""The names of stores, and `create`, which makes one."""

from __future__ import annotations

import warnings
from typing import Any

from mxnet.base import MXNetError
from mxnet.kvstore._distributed import DistributedKVStore
from mxnet.kvstore.base import KVStoreBase
from mxnet.kvstore.kvstore import KVStore

__all__ = ["create"]

_LOCAL = ("local", "device", "nccl", "local_allreduce_cpu", "local_allreduce_device", "local_update_cpu")
_DISTRIBUTED = ("dist", "dist_sync", "dist_device_sync", "dist_sync_device", "p3", "p3store_dist")
_ASYNCHRONOUS = ("dist_async", "dist_async_device", "dist_device_async")
_ASYNCHRONOUS_IS_NOT = (
    "kvstore {name!r}: there are no servers that apply gradients as they come, so it does what 'dist_sync' does: in "
    "each step all processes wait for the sum of their gradients"
)


def create(name: str = "local") -> KVStoreBase:
    """A store for arrays: on the devices of this process, or of all processes that torchrun has started.

    Parameters
    ----------
    name : str, default 'local'
        - ``'local'``, ``'device'``, ``'nccl'``: within this process; all do the same.
        - ``'dist_sync'``, ``'dist_device_sync'``, ``'dist'``, ``'p3'``, ``'horovod'``, ``'byteps'``: over all
          processes, by torch.distributed, started with ``torchrun --nproc-per-node 2 train.py``; all sum in the same
          way, the last two have no optimizer of their own.
        - ``'dist_async'``: the same, with a warning.
        - the name of a class that `KVStoreBase.register` was told.

    Raises
    ------
    TypeError
        If `name` is no string.
    MXNetError
        If there is no such store, or this process was not started as one of several and the store is for those.
    """
    if not isinstance(name, str):
        raise TypeError(f"a store is named by a string, not {name!r}")
    lower = name.lower()
    if lower in KVStoreBase.kv_registry:
        return KVStoreBase.kv_registry[lower]()
    if lower in _LOCAL:
        return KVStore(lower)
    if lower in _ASYNCHRONOUS:
        _warn_once(lower)
    elif lower not in _DISTRIBUTED:
        known: list[Any] = [*_LOCAL[:3], *_DISTRIBUTED, *_ASYNCHRONOUS, *KVStoreBase.kv_registry]
        raise MXNetError(f"there is no kvstore {name!r}: choose among {', '.join(known)}")
    return DistributedKVStore(lower)


_warned: set[str] = set()


def _warn_once(name: str) -> None:
    if name not in _warned:
        _warned.add(name)
        warnings.warn(_ASYNCHRONOUS_IS_NOT.format(name=name), stacklevel=3)
