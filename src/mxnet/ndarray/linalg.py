"""`mx.nd.linalg`: linear algebra of the 1.x face, made from the catalogue."""

from __future__ import annotations

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.ndarray._register import function_of
from mxnet.operators.catalogue import CATALOGUE

_PREFIX = "_linalg_"
_NAMES = {name.removeprefix(_PREFIX): name for name in CATALOGUE if name.startswith(_PREFIX)}

__all__ = sorted(_NAMES)

for _name, _operator in _NAMES.items():
    globals()[_name] = function_of(CATALOGUE[_operator], _name, "mxnet.ndarray.linalg")
