"""`mx.sym.linalg`: linear algebra over symbols, made from the catalogue."""

from __future__ import annotations

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.symbol._register import operators_face, prefixed

_face = operators_face(__name__, prefixed("_linalg_"))

__all__ = _face.all
__getattr__ = _face.get
__dir__ = _face.dir
