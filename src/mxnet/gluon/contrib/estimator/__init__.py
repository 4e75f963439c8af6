"""`Estimator`: training and evaluation, with event handlers for all that happens beside."""

from __future__ import annotations

from mxnet.gluon.contrib.estimator import batch_processor, estimator, event_handler
from mxnet.gluon.contrib.estimator.batch_processor import *  # noqa: F403
from mxnet.gluon.contrib.estimator.estimator import *  # noqa: F403
from mxnet.gluon.contrib.estimator.event_handler import *  # noqa: F403

__all__ = [*batch_processor.__all__, *estimator.__all__, *event_handler.__all__]
