"""What the optimizers of Adam's kind share: running means of the gradient and of its square."""

from __future__ import annotations

import math
from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, average, average_squares, zeros_like

__all__ = ["MomentsOptimizer"]

Tensors = list[torch.Tensor]


class MomentsOptimizer(GroupedOptimizer):
    """Base of the optimizers that remember two arrays for each weight, which `beta1` and `beta2` let fade.

    Parameters
    ----------
    beta1, beta2 : float
        The share that the first and the second array keep in each update.
    epsilon : float
        What keeps divisors from zero.
    **kwargs
        As for `Optimizer`.
    """

    def __init__(self, beta1: float, beta2: float, epsilon: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight), zeros_like(weight)

    def _follow(self, group: Group, grads: Tensors) -> tuple[Tensors, Tensors]:
        """The running means of the gradients and of their squares, after these gradients."""
        mean, var = group.states
        average(mean, grads, self.beta1)
        average_squares(var, grads, self.beta2)
        return mean, var

    def _deviations(self, var: Tensors, share: float) -> Tensors:
        """``sqrt(var / share) + epsilon``, as copies."""
        found = torch._foreach_div(var, share)
        torch._foreach_sqrt_(found)
        torch._foreach_add_(found, self.epsilon)
        return found

    def _correction(self, count: int) -> float:
        """The factor on the learning rate that makes up for running means that start at zero."""
        return math.sqrt(1.0 - self.beta2**count) / (1.0 - self.beta1**count)
