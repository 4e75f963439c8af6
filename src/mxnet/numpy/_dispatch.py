"""From a NumPy-style call to the catalogue."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as _np
import torch

from mxnet.ndarray._array import Array, run, wrap
from mxnet.operators.elementwise import Binary

__all__ = ["apply_binary", "as_operand"]


def apply_binary(op: Binary, x1: Any, x2: Any, out: Any = None) -> Any:
    """Run an operator of two operands, each an array, a number or something array-like."""
    if isinstance(x1, Array):
        if isinstance(x2, Array):
            return run(op.arrays, (x1, x2), {}, out)
        if isinstance(x2, numbers.Number) or isinstance(x2, _np.generic):
            return run(op.scalar, (x1,), _number(x2), out)
        return run(op.arrays, (x1, as_operand(x2, x1)), {}, out)
    if isinstance(x1, numbers.Number) or isinstance(x1, _np.generic):
        return run(op.reverse, (x2,), _number(x1), out)
    return run(op.arrays, (as_operand(x1, x2), x2), {}, out)


def _number(value: Any) -> dict[str, Any]:
    if isinstance(value, _np.generic):
        value = value.item()
    return {"scalar": value, "is_int": isinstance(value, int)}


def as_operand(value: Any, like: Array) -> Any:
    """An array-like value as an array beside `like`: same class, same device; NumPy's types are kept."""
    tensor = torch.from_numpy(_np.ascontiguousarray(value)).to(like._data.device)
    return wrap(type(like), tensor, like._tag)
