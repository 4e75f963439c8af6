"""What the transforms share."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mxnet._generators import generator_for
from mxnet.gluon.block import HybridBlock
from mxnet.ndarray._array import Array, refuse_tracing, run, wrap
from mxnet.numpy.multiarray import ndarray
from mxnet.operators import find

__all__ = ["OperatorTransform", "as_image", "chance", "pair", "with_rest"]


class OperatorTransform(HybridBlock):
    """A transform that is one operator with fixed attributes, which are checked when it is made."""

    def _set_operator(self, name: str, **attributes: Any) -> None:
        self._operator = find(name)
        self._attributes = self._operator.canonical(attributes)

    def forward(self, x: Any, *args: Any) -> Any:
        return with_rest(run(self._operator, (as_image(x),), self._attributes), args)


def as_image(x: Any) -> Any:
    """`x`, or an array over its memory if it is NumPy's.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(x, Array):
        return x
    if isinstance(x, np.ndarray):
        return wrap(ndarray, torch.from_numpy(np.ascontiguousarray(x)))
    raise ValueError(
        f"a transform takes an image as an array, mx.np.array(image, dtype='uint8'), not {type(x).__name__}"
    )


def with_rest(result: Any, rest: tuple[Any, ...]) -> Any:
    return (result, *rest) if rest else result


def chance(p: float) -> bool:
    """True with probability `p`, from `mx.random`; a graph would hold what was drawn first."""
    refuse_tracing("a transform draws in Python whether it happens")
    return torch.rand((), generator=generator_for(torch.device("cpu"))).item() < p


def pair(size: Any) -> tuple[int, int]:
    """(width, height) of a size given as one number or as both."""
    return (size, size) if isinstance(size, (int, float)) else tuple(size)[:2]
