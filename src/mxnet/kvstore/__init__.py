"""Key-value stores: sums and copies of arrays over the devices of one process."""

from __future__ import annotations

from mxnet.kvstore.kvstore import KVStore, create

__all__ = ["KVStore", "create"]
