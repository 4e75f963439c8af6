"""The names of `mx.io` under the path that programs written for MXNet import them from."""

from __future__ import annotations

from mxnet.io._arrays import NDArrayIter
from mxnet.io._base import DataBatch, DataDesc, DataIter
from mxnet.io._csv import CSVIter
from mxnet.io._det_records import ImageDetRecordIter
from mxnet.io._image_records import (
    ImageRecordInt8Iter,
    ImageRecordIter,
    ImageRecordIter_v1,
    ImageRecordUInt8Iter,
    ImageRecordUInt8Iter_v1,
)
from mxnet.io._mnist import MNISTIter
from mxnet.io._rounds import MXDataIter
from mxnet.io._wrapping import PrefetchingIter, ResizeIter

__all__ = [
    "CSVIter",
    "DataBatch",
    "DataDesc",
    "DataIter",
    "ImageDetRecordIter",
    "ImageRecordInt8Iter",
    "ImageRecordIter",
    "ImageRecordIter_v1",
    "ImageRecordUInt8Iter",
    "ImageRecordUInt8Iter_v1",
    "MNISTIter",
    "MXDataIter",
    "NDArrayIter",
    "PrefetchingIter",
    "ResizeIter",
]
