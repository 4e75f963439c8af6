"""AdaGrad."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, zeros_like
from mxnet.optimizer.optimizer import register

__all__ = ["AdaGrad"]


@register
class AdaGrad(GroupedOptimizer):
    """AdaGrad.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        history += grad ** 2
        weight -= lr * grad / (sqrt(history) + epsilon)

    Parameters
    ----------
    learning_rate : float, default 0.01
    epsilon : float, default 1e-6
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self, learning_rate: float = 0.01, epsilon: float = 1e-6, use_fused_step: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.epsilon = epsilon

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight)

    def _update_group(self, group: Group) -> None:
        grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
        (history,) = group.states
        torch._foreach_addcmul_(history, grads, grads)
        divisors = torch._foreach_sqrt(history)
        torch._foreach_add_(divisors, self.epsilon)
        torch._foreach_addcdiv_(group.weights, grads, divisors, -group.lr)
