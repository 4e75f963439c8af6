"""Functions of `mx.npx` that are an operator as it stands, made from the catalogue."""

from __future__ import annotations

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.ndarray._register import function_of
from mxnet.operators.catalogue import find

_MODULE = "mxnet.numpy_extension"

# Public name: operator.
_OPERATORS = {
    "batch_flatten": "_npx_batch_flatten",
    "batch_norm_with_relu": "_npx_batch_norm_with_relu",
    "gather_nd": "gather_nd",
    "norm": "norm",
    "pad": "_npx_pad",
    "relu": "relu",
    "reshape_like": "_npx_reshape_like",
    "roi_pooling": "ROIPooling",
    "shape_array": "_npx_shape_array",
    "sigmoid": "sigmoid",
    "slice": "_npx_slice",
    "slice_channel": "_npx_slice_channel",
    "slice_like": "_npx_slice_like",
    "softsign": "softsign",
    "sync_batch_norm": "_contrib_SyncBatchNorm",
}

__all__ = sorted(_OPERATORS)

for _name, _operator in _OPERATORS.items():
    globals()[_name] = function_of(find(_operator), _name, _MODULE)
