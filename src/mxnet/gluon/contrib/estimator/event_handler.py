"""The event handlers of an `Estimator`."""

from __future__ import annotations

from mxnet.gluon.contrib.estimator._checkpoint import CheckpointHandler
from mxnet.gluon.contrib.estimator._early_stopping import EarlyStoppingHandler
from mxnet.gluon.contrib.estimator._events import (
    BatchBegin,
    BatchEnd,
    EpochBegin,
    EpochEnd,
    EventHandler,
    TrainBegin,
    TrainEnd,
)
from mxnet.gluon.contrib.estimator._logging import LoggingHandler
from mxnet.gluon.contrib.estimator._training import (
    GradientUpdateHandler,
    MetricHandler,
    StoppingHandler,
    ValidationHandler,
)

__all__ = [
    "BatchBegin",
    "BatchEnd",
    "CheckpointHandler",
    "EarlyStoppingHandler",
    "EpochBegin",
    "EpochEnd",
    "EventHandler",
    "GradientUpdateHandler",
    "LoggingHandler",
    "MetricHandler",
    "StoppingHandler",
    "TrainBegin",
    "TrainEnd",
    "ValidationHandler",
]
