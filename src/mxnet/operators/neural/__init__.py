"""Neural operators. Importing this package enters them into the catalogue."""

from __future__ import annotations

from mxnet.operators.neural import (  # noqa: F401  (each enters its operators)
    activation,
    attention,
    batch_normalization,
    convolution,
    correlation,
    deformable,
    dense,
    dropout,
    losses,
    normalization,
    pooling,
    resize,
    sampler,
    selection,
    sequence,
    softmax,
    special,
)
