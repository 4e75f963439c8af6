"""RMSProp."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, average, average_squares, zeros_like
from mxnet.optimizer.optimizer import register

__all__ = ["RMSProp"]


@register
class RMSProp(GroupedOptimizer):
    """RMSProp, plain or centered.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        var = rho * var + (1 - rho) * grad ** 2
        weight -= lr * grad / (sqrt(var) + epsilon)

    and centered, the only form with momentum,

    ::

        mean = rho * mean + (1 - rho) * grad
        mom = momentum * mom - lr * grad / sqrt(var - mean ** 2 + epsilon)
        weight += mom

    Parameters
    ----------
    learning_rate : float, default 0.001
    rho, momentum : float, default 0.9
    epsilon : float, default 1e-8
    centered : bool, default False
    clip_weights : float, optional
        Weights are clipped to between minus and plus this number.
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.9,
        epsilon: float = 1e-8,
        centered: bool = False,
        clip_weights: float | None = None,
        use_fused_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.centered = centered
        self.epsilon = epsilon
        self.clip_weights = clip_weights

    def create_state(self, index: Any, weight: Array) -> Any:
        if self.centered:
            return zeros_like(weight), zeros_like(weight), zeros_like(weight)
        return zeros_like(weight)

    def _update_group(self, group: Group) -> None:
        grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
        mean, var, momentum = group.states if self.centered else (None, group.states[0], None)
        average_squares(var, grads, self.rho)
        if self.centered:
            average(mean, grads, self.rho)
            divisors = torch._foreach_addcmul(var, mean, mean, -1)
            torch._foreach_add_(divisors, self.epsilon)
            torch._foreach_sqrt_(divisors)
            torch._foreach_mul_(momentum, self.momentum)
            torch._foreach_addcdiv_(momentum, grads, divisors, -group.lr)
            torch._foreach_add_(group.weights, momentum)
        else:
            divisors = torch._foreach_sqrt(var)
            torch._foreach_add_(divisors, self.epsilon)
            torch._foreach_addcdiv_(group.weights, grads, divisors, -group.lr)
        if self.clip_weights is not None and self.clip_weights > 0:
            torch._foreach_clamp_max_(group.weights, self.clip_weights)
            torch._foreach_clamp_min_(group.weights, -self.clip_weights)
