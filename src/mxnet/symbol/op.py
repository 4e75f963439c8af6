"""`mx.sym.op`: every operator as a function over symbols, made from the catalogue."""

from __future__ import annotations

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.operators.catalogue import CATALOGUE
from mxnet.symbol._register import operators_face

_face = operators_face(__name__, {name: name for name in CATALOGUE if not name.startswith("_")})

__all__ = _face.all
__getattr__ = _face.get
__dir__ = _face.dir
