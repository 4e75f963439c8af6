"""The two per-thread modes: is a gradient tape being recorded, and does the code train or predict."""

from __future__ import annotations

import threading

__all__ = ["modes"]


class _Modes(threading.local):
    recording = False
    training = False
    epoch = 0  # number of backward passes in this thread that freed their graph


modes = _Modes()
