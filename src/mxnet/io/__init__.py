"""`mx.io`: batches with their description, and the base of iterators over them."""

from __future__ import annotations

from mxnet.io.io import DataBatch, DataDesc, DataIter

__all__ = ["DataBatch", "DataDesc", "DataIter"]
