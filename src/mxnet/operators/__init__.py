"""The catalogue of operators. Importing this room enters every family into it."""

from __future__ import annotations

from mxnet.operators import (  # noqa: F401  (each enters its operators)
    editing,
    elementwise,
    image,
    image_color,
    indexing,
    joining,
    linalg,
    linalg_blas,
    neural,
    products,
    random,
    sampling,
    shape,
)
from mxnet.operators.catalogue import CATALOGUE, Operator, find, operator

__all__ = ["CATALOGUE", "Operator", "find", "operator"]
