"""`mx.nd.op`: every operator of the 1.x face as a function, made from the catalogue."""

from __future__ import annotations

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.ndarray._register import function_of
from mxnet.operators.catalogue import CATALOGUE

_OPERATORS = {name: op for name, op in CATALOGUE.items() if not name.startswith("_")}

__all__ = sorted(_OPERATORS)

for _name, _operator in _OPERATORS.items():
    globals()[_name] = function_of(_operator, _name, "mxnet.ndarray.op")
