"""`mx.np`: NumPy's functions on devices, with gradients."""

from __future__ import annotations

from mxnet.numpy import (
    _creation,
    _elementwise,
    _fallback,
    _indexing,
    _joining,
    _manipulation,
    _products,
    _reduction,
    _sets,
    _sorting,
    _types,
    linalg,
    random,
)
from mxnet.numpy._creation import *  # noqa: F403
from mxnet.numpy._elementwise import *  # noqa: F403
from mxnet.numpy._fallback import *  # noqa: F403
from mxnet.numpy._indexing import *  # noqa: F403
from mxnet.numpy._joining import *  # noqa: F403
from mxnet.numpy._manipulation import *  # noqa: F403
from mxnet.numpy._products import *  # noqa: F403
from mxnet.numpy._reduction import *  # noqa: F403
from mxnet.numpy._sets import *  # noqa: F403
from mxnet.numpy._sorting import *  # noqa: F403
from mxnet.numpy._types import *  # noqa: F403
from mxnet.numpy.multiarray import array, from_torch, ndarray

__all__ = [
    "array",
    "from_torch",
    "linalg",
    "ndarray",
    "random",
    *_creation.__all__,
    *_elementwise.__all__,
    *_fallback.__all__,
    *_indexing.__all__,
    *_joining.__all__,
    *_manipulation.__all__,
    *_products.__all__,
    *_reduction.__all__,
    *_sets.__all__,
    *_sorting.__all__,
    *_types.__all__,
]
