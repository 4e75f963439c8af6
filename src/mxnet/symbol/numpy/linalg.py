"""`mx.sym.np.linalg`: the functions of `mx.np.linalg` over symbols."""

from __future__ import annotations

from mxnet.numpy import linalg as _arrays
from mxnet.symbol._array_functions import functions_face

_face = functions_face(__name__, _arrays)

__all__ = _face.all
__getattr__ = _face.get
__dir__ = _face.dir
