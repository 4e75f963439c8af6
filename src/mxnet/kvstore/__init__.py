"""Key-value stores: sums and copies of arrays over the devices of one process, or over processes."""

from __future__ import annotations

from mxnet.kvstore._distributed import BytePS, Horovod
from mxnet.kvstore._names import create
from mxnet.kvstore.base import KVStoreBase
from mxnet.kvstore.kvstore import KVStore

__all__ = ["BytePS", "Horovod", "KVStore", "KVStoreBase", "create"]
