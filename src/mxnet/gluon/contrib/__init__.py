"""What MXNet keeps beside the core of Gluon, `estimator`; and blocks beyond those of MXNet."""

from mxnet.gluon.contrib import estimator
from mxnet.gluon.contrib._torch_block import TorchBlock

__all__ = ["TorchBlock", "estimator"]
