"""`mx.gluon`: networks as Python objects."""

from __future__ import annotations

from mxnet.gluon import contrib, data, loss, metric, model_zoo, nn, utils
from mxnet.gluon.block import Block, HybridBlock, SymbolBlock
from mxnet.gluon.parameter import Constant, DeferredInitializationError, Parameter, tensor_types
from mxnet.gluon.trainer import Trainer

__all__ = [
    "Block",
    "Constant",
    "DeferredInitializationError",
    "HybridBlock",
    "Parameter",
    "SymbolBlock",
    "Trainer",
    "contrib",
    "data",
    "loss",
    "metric",
    "model_zoo",
    "nn",
    "tensor_types",
    "utils",
]
