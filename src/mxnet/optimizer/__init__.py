"""Optimizers: how parameters follow their gradients."""

from __future__ import annotations

from mxnet.optimizer.adadelta import AdaDelta
from mxnet.optimizer.adagrad import AdaGrad
from mxnet.optimizer.adam import Adam
from mxnet.optimizer.adamW import AdamW
from mxnet.optimizer.nag import NAG
from mxnet.optimizer.optimizer import Optimizer, Test, create, register
from mxnet.optimizer.rmsprop import RMSProp
from mxnet.optimizer.sgd import SGD
from mxnet.optimizer.updater import Updater, get_updater

__all__ = [
    "NAG",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSProp",
    "Test",
    "Updater",
    "create",
    "get_updater",
    "register",
]
