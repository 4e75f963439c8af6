"""Operators of the 1.x face whose rules differ from NumPy's. Importing this package enters them."""

from __future__ import annotations

from mxnet.operators.legacy import (  # noqa: F401  (each enters its operators)
    arithmetic,
    creation,
    functions,
    reduction,
    retired,
)
