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
from mxnet.gluon.contrib.estimator._progress_bar import ProgressBarHandler
from mxnet.gluon.contrib.estimator._recording import LogFileHandler
from mxnet.gluon.contrib.estimator._tensorboard import TensorBoardHandler
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
    "LogFileHandler",
    "LoggingHandler",
    "MetricHandler",
    "ProgressBarHandler",
    "StoppingHandler",
    "TensorBoardHandler",
    "TrainBegin",
    "TrainEnd",
    "ValidationHandler",
]
