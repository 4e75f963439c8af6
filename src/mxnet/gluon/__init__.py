"""`mx.gluon`: networks as Python objects."""

from __future__ import annotations

from mxnet.gluon.block import Block, HybridBlock
from mxnet.gluon.parameter import Constant, DeferredInitializationError, Parameter, tensor_types

__all__ = ["Block", "Constant", "DeferredInitializationError", "HybridBlock", "Parameter", "tensor_types"]
