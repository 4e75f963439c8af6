"""`mx.gluon.nn`: the layers."""

from __future__ import annotations

from mxnet.gluon.block import Block, HybridBlock
from mxnet.gluon.nn import activations, basic_layers, conv_layers, deformable_layers, norm_layers
from mxnet.gluon.nn.activations import *
from mxnet.gluon.nn.basic_layers import *
from mxnet.gluon.nn.conv_layers import *
from mxnet.gluon.nn.deformable_layers import *
from mxnet.gluon.nn.norm_layers import *

__all__ = [
    "Block",
    "HybridBlock",
    *activations.__all__,
    *basic_layers.__all__,
    *conv_layers.__all__,
    *deformable_layers.__all__,
    *norm_layers.__all__,
]
