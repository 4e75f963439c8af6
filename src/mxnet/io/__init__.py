"""`mx.io`: iterators over batches of data, and what describes these."""

from __future__ import annotations

from typing import Any

from mxnet.io import io
from mxnet.io.io import *

__all__ = [*io.__all__]


def __getattr__(name: str) -> Any:
    if name == "LibSVMIter":
        raise AttributeError(
            "mx.io.LibSVMIter gives sparse arrays, and there are none here: read the file with "
            "sklearn.datasets.load_svmlight_file and give what .toarray() makes of it to mx.io.NDArrayIter"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
