"""The catalogue of operators. Importing this room enters every family into it."""

from __future__ import annotations

from mxnet.operators import (  # noqa: F401  (each enters its operators)
    creation,
    detection,
    editing,
    elementwise,
    functions,
    image,
    image_color,
    indexing,
    indexing_onnx,
    joining,
    joining_onnx,
    legacy,
    linalg,
    linalg_blas,
    logic,
    names,
    neural,
    products,
    random,
    reduction,
    sampling,
    shape,
    shape_onnx,
    sorting,
)
from mxnet.operators.catalogue import CATALOGUE, Operator, find, operator

__all__ = ["CATALOGUE", "Operator", "find", "operator"]
