"""AdaDelta."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, average_squares, zeros_like
from mxnet.optimizer.optimizer import register

__all__ = ["AdaDelta"]


@register
class AdaDelta(GroupedOptimizer):
    """AdaDelta.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        acc_grad = rho * acc_grad + (1 - rho) * grad ** 2
        delta = sqrt(acc_delta + epsilon) / sqrt(acc_grad + epsilon) * grad
        acc_delta = rho * acc_delta + (1 - rho) * delta ** 2
        weight -= lr * delta

    Parameters
    ----------
    learning_rate : float, default 1
    rho : float, default 0.9
    epsilon : float, default 1e-6
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 1.0,
        rho: float = 0.9,
        epsilon: float = 1e-6,
        use_fused_step: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight), zeros_like(weight)

    def _update_group(self, group: Group) -> None:
        grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
        acc_grad, acc_delta = group.states
        average_squares(acc_grad, grads, self.rho)
        delta = torch._foreach_add(acc_delta, self.epsilon)
        torch._foreach_div_(delta, torch._foreach_add(acc_grad, self.epsilon))
        torch._foreach_sqrt_(delta)
        torch._foreach_mul_(delta, grads)
        average_squares(acc_delta, delta, self.rho)
        torch._foreach_add_(group.weights, delta, alpha=-group.lr)
