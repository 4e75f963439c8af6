"""Neural operators. Importing this package enters them into the catalogue."""

from __future__ import annotations

from mxnet.operators.neural import (  # noqa: F401  (each enters its operators)
    activation,
    batch_normalization,
    convolution,
    dense,
    dropout,
    pooling,
    softmax,
)
