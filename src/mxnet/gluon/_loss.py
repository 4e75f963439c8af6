"""`Loss`, the base of the losses."""

from __future__ import annotations

import numbers
from typing import Any

from mxnet import numpy as np
from mxnet.gluon.block import HybridBlock

__all__ = ["Loss", "weighted"]


class Loss(HybridBlock):
    """Base of the losses; subclasses define `forward`.

    Parameters
    ----------
    weight : float or None
        Factor on the loss.
    batch_axis : int
        Axis along which the samples lie.
    """

    def __init__(self, weight: float | None, batch_axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._weight = weight
        self._batch_axis = batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def forward(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The loss of each sample."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, x, ...)")

    def _mean(self, loss: Any) -> Any:
        """The mean over all axes but the batch's."""
        return np.mean(loss, axis=self._other_axes(loss))

    def _other_axes(self, loss: Any) -> tuple[int, ...]:
        return tuple(axis for axis in range(loss.ndim) if axis != self._batch_axis % loss.ndim)


def weighted(loss: Any, weight: float | None, sample_weight: Any) -> Any:
    """The loss times the weights of the samples and the weight of the loss, where there are any."""
    if sample_weight is not None:
        loss = loss * sample_weight
    if weight is None:
        return loss
    if not isinstance(weight, numbers.Number):
        raise AssertionError(f"weight must be a number, not {weight!r}")
    return loss * weight
