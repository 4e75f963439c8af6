"""`mx.sym.contrib`: operators that MXNet called experimental, over symbols."""

from __future__ import annotations

import math
from typing import Any

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.symbol._register import call, operators_face, prefixed
from mxnet.symbol.symbol import Symbol

_face = operators_face(__name__, prefixed("_contrib_"))

__all__ = ["rand_zipfian", *_face.all]
__getattr__ = _face.get
__dir__ = _face.dir


def rand_zipfian(true_classes: Symbol, num_sampled: int, range_max: int) -> tuple[Symbol, Symbol, Symbol]:
    """Draw classes with chances that fall as ``log(1 + 1 / (class + 1))``, for sampled losses.

    Parameters
    ----------
    true_classes : Symbol
        Numbers of the classes that are right.
    num_sampled : int
        How many to draw, with replacement.
    range_max : int
        The number of classes.

    Returns
    -------
    The classes drawn (int64), and how often each of `true_classes` and of those drawn is expected among so many
    draws (float64).
    """
    log_range = math.log(range_max + 1)

    def expected(classes: Any) -> Any:
        ratio = (classes + 2.0) / (classes + 1.0)
        return ratio.log() / log_range * num_sampled

    drawn = call("_random_uniform", low=0, high=log_range, shape=(num_sampled,), dtype="float64")
    classes = (drawn.exp() - 1).astype("int64") % range_max
    return classes, expected(true_classes.astype("float64")), expected(classes.astype("float64"))
