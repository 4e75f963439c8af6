"""Optimizers: how parameters follow their gradients."""

from __future__ import annotations

from mxnet.optimizer.adabelief import AdaBelief
from mxnet.optimizer.adadelta import AdaDelta
from mxnet.optimizer.adagrad import AdaGrad
from mxnet.optimizer.adam import Adam
from mxnet.optimizer.adamax import Adamax
from mxnet.optimizer.adamW import AdamW
from mxnet.optimizer.dcasgd import DCASGD
from mxnet.optimizer.ftml import FTML
from mxnet.optimizer.ftrl import Ftrl
from mxnet.optimizer.lamb import LAMB
from mxnet.optimizer.lans import LANS
from mxnet.optimizer.lars import LARS
from mxnet.optimizer.nadam import Nadam
from mxnet.optimizer.nag import NAG
from mxnet.optimizer.optimizer import Optimizer, Test, create, register
from mxnet.optimizer.rmsprop import RMSProp
from mxnet.optimizer.sgd import SGD
from mxnet.optimizer.sgld import SGLD
from mxnet.optimizer.signum import Signum
from mxnet.optimizer.updater import Updater, get_updater

__all__ = [
    "DCASGD",
    "FTML",
    "LAMB",
    "LANS",
    "LARS",
    "NAG",
    "SGD",
    "SGLD",
    "AdaBelief",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Nadam",
    "Optimizer",
    "RMSProp",
    "Signum",
    "Test",
    "Updater",
    "create",
    "get_updater",
    "register",
]
