"""What each thread is doing: recording a gradient tape, training or predicting, tracing a graph."""

from __future__ import annotations

import threading
from typing import Any

__all__ = ["modes"]


class _Modes(threading.local):
    recording = False
    training = False
    epoch = 0  # number of backward passes in this thread that freed their graph
    tracer: Any = None  # the `symbol._tracer.Tracer` that operator calls go to instead of being computed


modes = _Modes()
