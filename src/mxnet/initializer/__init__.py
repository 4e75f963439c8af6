"""Initializers: how a parameter gets its first values (`mx.init` is the same module).

An initializer is called with a description of the parameter and the array to fill. The description names the
parameter; without an initializer of the parameter's own in it, the name decides: ``...weight`` gets the
initializer's distribution, ``...bias``, ``...beta`` and ``...min`` zeros, ``...gamma`` and ``...max`` ones.
"""

from __future__ import annotations

from mxnet.initializer._base import InitDesc, Initializer, alias, create, register
from mxnet.initializer._composite import Load, Mixed
from mxnet.initializer._fixed import Bilinear, Constant, LSTMBias, One, Zero
from mxnet.initializer._random import MSRAPrelu, Normal, Orthogonal, Uniform, Xavier
from mxnet.initializer._recurrent import RNNFused

__all__ = [
    "Bilinear",
    "Constant",
    "InitDesc",
    "Initializer",
    "LSTMBias",
    "Load",
    "MSRAPrelu",
    "Mixed",
    "Normal",
    "One",
    "Orthogonal",
    "RNNFused",
    "Uniform",
    "Xavier",
    "Zero",
    "alias",
    "create",
    "register",
]
