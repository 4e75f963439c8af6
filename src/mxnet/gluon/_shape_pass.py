"""A forward pass that computes shapes only: everything in it is a meta tensor.

`HybridBlock.infer_shape` and tracing run the block's own `forward` once with shape-only inputs. Layers complete the
shapes of their parameters as they go, and parameters give out stand-ins of their shape, initialized or not. Nothing
is computed, no hook is called, no running statistic or random state is touched.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from mxnet import _dtype
from mxnet._modes import modes
from mxnet.ndarray._array import Array, wrap

__all__ = ["shape_only", "shape_pass", "without_values"]


class _ShapePass(threading.local):
    """Whether this thread is inside `shape_only`."""

    active = False

    def stand_in(self, parameter: Any) -> Any:
        """An array without memory that has a parameter's shape and type."""
        if modes.tracer is not None:
            return modes.tracer.parameter(parameter, partial(_shape_of, parameter))
        return _shape_of(parameter)


def _shape_of(parameter: Any) -> Any:
    from mxnet.numpy.multiarray import ndarray

    shape = parameter.shape
    if shape is None or any(size < 0 for size in shape):
        raise parameter._missing()
    return wrap(ndarray, torch.empty(shape, dtype=_dtype.to_torch(parameter.dtype), device="meta"))


shape_pass = _ShapePass()


@contextmanager
def shape_only() -> Iterator[None]:
    """Inside, parameters are shapes; recording and training are off."""
    before = shape_pass.active, modes.recording, modes.training
    shape_pass.active, modes.recording, modes.training = True, False, False
    try:
        yield
    finally:
        shape_pass.active, modes.recording, modes.training = before


def without_values(array: Array) -> Any:
    """An array of the same shape and type on the meta device."""
    return wrap(type(array), array._data.detach().to("meta"), array._tag)
