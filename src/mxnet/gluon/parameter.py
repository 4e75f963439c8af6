"""Parameters: the arrays a network holds, one replica on each of its devices."""

from __future__ import annotations

from mxnet.gluon._constant import Constant
from mxnet.gluon._initialization import DeferredInitializationError
from mxnet.gluon._parameter import Parameter
from mxnet.ndarray._array import Array

__all__ = ["Constant", "DeferredInitializationError", "Parameter", "tensor_types"]

tensor_types = (Array,)
