"""What each thread is doing: recording a gradient tape, training or predicting, tracing, with which precision."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["modes", "set_precision", "with_precision"]


class _Modes(threading.local):
    recording = False
    training = False
    epoch = 0  # number of backward passes in this thread that freed their graph
    tracer: Any = None  # the `symbol._tracer.Tracer` that operator calls go to instead of being computed
    amp: Any = None  # the `amp._policy.Policy` that casts what operators are given; on the class, for all threads


modes = _Modes()


def set_precision(policy: Any) -> None:
    """Set the policy of mixed precision, or None, of every thread that is not inside `with_precision`."""
    _Modes.amp = policy


@contextmanager
def with_precision(policy: Any) -> Iterator[None]:
    """Inside, this thread has that policy, or with None computes in the types it is given."""
    own = vars(modes)
    before = own.get("amp", own)  # `own` itself: it had none
    modes.amp = policy
    try:
        yield
    finally:
        if before is own:
            del modes.amp  # so that it follows `set_precision` again
        else:
            modes.amp = before
