"""`mx.np`: NumPy's functions on devices, with gradients."""

from __future__ import annotations

from mxnet.numpy import _indexing, _joining, _manipulation, _products, _sets, linalg, random
from mxnet.numpy._indexing import *  # noqa: F403
from mxnet.numpy._joining import *  # noqa: F403
from mxnet.numpy._manipulation import *  # noqa: F403
from mxnet.numpy._products import *  # noqa: F403
from mxnet.numpy._sets import *  # noqa: F403
from mxnet.numpy.multiarray import array, from_torch, ndarray

__all__ = [
    "array",
    "from_torch",
    "linalg",
    "ndarray",
    "random",
    *_indexing.__all__,
    *_joining.__all__,
    *_manipulation.__all__,
    *_products.__all__,
    *_sets.__all__,
]
