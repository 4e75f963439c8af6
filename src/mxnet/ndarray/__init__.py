"""`mx.nd`: the array face of MXNet 1.x."""

from __future__ import annotations

from mxnet.ndarray import _functions, contrib, image, linalg, op, random
from mxnet.ndarray._functions import *  # noqa: F403
from mxnet.ndarray.ndarray import NDArray, waitall
from mxnet.ndarray.op import *  # noqa: F403

__all__ = [
    "NDArray",
    "contrib",
    "image",
    "linalg",
    "op",
    "random",
    "waitall",
    *sorted({*_functions.__all__, *op.__all__}),
]
