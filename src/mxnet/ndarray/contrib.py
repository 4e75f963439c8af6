"""`mx.nd.contrib`: operators that MXNet called experimental, loops and branches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet._modes import modes
from mxnet.ndarray import _control
from mxnet.ndarray._array import Array, invoke, read, run
from mxnet.ndarray._control import foreach, while_loop
from mxnet.ndarray._register import function_of
from mxnet.operators.catalogue import CATALOGUE, find

_PREFIX = "_contrib_"
_NAMES = {name.removeprefix(_PREFIX): name for name in CATALOGUE if name.startswith(_PREFIX)}

__all__ = ["cond", "foreach", "isfinite", "isinf", "isnan", "while_loop", *sorted(_NAMES)]

for _name, _operator in _NAMES.items():
    globals()[_name] = function_of(CATALOGUE[_operator], _name, "mxnet.ndarray.contrib")


def cond(pred: Any, then_func: Callable[[], Any], else_func: Callable[[], Any]) -> Any:
    """``then_func()`` if the array `pred`, of one element, is not zero, else ``else_func()``."""
    return _control.cond(pred, then_func, else_func)


def isfinite(data: Array) -> Any:
    """One where an element is neither infinite nor NaN, else zero."""
    if modes.tracer is not None:
        return run(find("broadcast_logical_and"), (_compared_to_infinity("_not_equal_scalar", data), data == data), {})
    return _truth(torch.isfinite, data)


def isinf(data: Array) -> Any:
    """One where an element is infinite, else zero."""
    if modes.tracer is not None:
        return _compared_to_infinity("_equal_scalar", data)
    return _truth(torch.isinf, data)


def isnan(data: Array) -> Any:
    """One where an element is NaN, else zero."""
    return run(find("broadcast_not_equal"), (data, data), {})


def _compared_to_infinity(comparison: str, data: Array) -> Any:
    return invoke(find(comparison), (run(find("abs"), (data,), {}),), {"scalar": math.inf})


def _truth(test: Callable[[torch.Tensor], torch.Tensor], data: Array) -> Any:
    tensor = read(data)
    return data._like(test(tensor).to(tensor.dtype))
