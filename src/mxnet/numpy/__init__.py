"""`mx.np`: NumPy's functions on devices, with gradients."""

from __future__ import annotations

from mxnet.numpy import random
from mxnet.numpy.multiarray import array, from_torch, ndarray

__all__ = ["array", "from_torch", "ndarray", "random"]
