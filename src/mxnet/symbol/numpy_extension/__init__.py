"""`mx.sym.npx`: the functions of `mx.npx` over symbols."""

from __future__ import annotations

from mxnet import numpy_extension as _arrays
from mxnet.symbol._array_functions import functions_face
from mxnet.symbol.numpy_extension import image, random

_face = functions_face(__name__, _arrays)

__all__ = ["image", "random", *_face.all]
__getattr__ = _face.get
__dir__ = _face.dir
