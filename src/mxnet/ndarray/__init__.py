"""`mx.nd`: the array face of MXNet 1.x."""

from __future__ import annotations

from mxnet.ndarray import image, random
from mxnet.ndarray.ndarray import NDArray, waitall

__all__ = ["NDArray", "image", "random", "waitall"]
