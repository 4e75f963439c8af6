"""`Constant`: an array that a network holds and does not learn."""

from __future__ import annotations

import warnings
from typing import Any

from mxnet import initializer
from mxnet.gluon._parameter import Parameter
from mxnet.ndarray._array import Array

__all__ = ["Constant"]


class Constant(Parameter):
    """A parameter that keeps its value: it is saved and moved with the block, and never trained.

    Parameters
    ----------
    value : array_like
        The value; types are kept as `mx.np.array` keeps them.
    """

    def __init__(self, value: Any) -> None:
        if not isinstance(value, Array):
            from mxnet.numpy import array

            value = array(value)
        self.value = value
        super().__init__(
            name="const",
            grad_req="null",
            shape=value.shape,
            dtype=value.dtype,
            init=initializer.Constant(value),
            differentiable=False,
        )

    @property
    def grad_req(self) -> str:
        return "null"

    @grad_req.setter
    def grad_req(self, request: str) -> None:
        if request != "null":
            warnings.warn(
                f'Constant parameter "{self.name}" does not support grad_req other than "null", '
                f'and new value "{request}" is ignored.',
                stacklevel=2,
            )
