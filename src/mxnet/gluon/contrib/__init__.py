"""Blocks beyond those of MXNet."""

from mxnet.gluon.contrib._torch_block import TorchBlock

__all__ = ["TorchBlock"]
