"""The catalogue of operators. Importing this room enters every family into it."""

from __future__ import annotations

from mxnet.operators import elementwise, indexing, joining, neural, products, random, sampling, shape  # noqa: F401  (each enters its operators)
from mxnet.operators.catalogue import CATALOGUE, Operator, find, operator

__all__ = ["CATALOGUE", "Operator", "find", "operator"]
