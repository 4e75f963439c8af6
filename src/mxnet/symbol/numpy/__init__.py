"""`mx.sym.np`: the functions of `mx.np` over symbols."""

from __future__ import annotations

from mxnet import numpy as _arrays
from mxnet.symbol._array_functions import functions_face
from mxnet.symbol.numpy import linalg, random
from mxnet.symbol.numpy._splitting import dsplit, hsplit, split, vsplit  # noqa: F401  (in the face's names)
from mxnet.symbol.numpy._symbol import _Symbol

_face = functions_face(__name__, _arrays)

__all__ = ["_Symbol", "linalg", "random", *_face.all]
__getattr__ = _face.get
__dir__ = _face.dir
