"""Follow the moving leader."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, average, average_squares, zeros_like
from mxnet.optimizer.optimizer import register

__all__ = ["FTML"]


@register
class FTML(GroupedOptimizer):
    """Follow the moving leader.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        v = beta2 * v + (1 - beta2) * grad ** 2
        before, d = d, (1 - beta1 ** t) / lr * (sqrt(v / (1 - beta2 ** t)) + epsilon)
        z = beta1 * z + (1 - beta1) * grad - (d - beta1 * before) * weight
        weight = -z / d

    "Follow the Moving Leader in Deep Learning" (Zheng and Kwok, 2017).

    Parameters
    ----------
    learning_rate : float, default 0.0025
    beta1, beta2 : float, default 0.6 and 0.999
    epsilon : float, default 1e-8
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.0025,
        beta1: float = 0.6,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        use_fused_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight), zeros_like(weight), zeros_like(weight)

    def _update_group(self, group: Group) -> None:
        grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
        d, v, z = group.states
        average_squares(v, grads, self.beta2)
        average(z, grads, self.beta1)
        following = torch._foreach_div(v, 1.0 - self.beta2**group.count)
        torch._foreach_sqrt_(following)
        torch._foreach_add_(following, self.epsilon)
        torch._foreach_mul_(following, 1.0 - self.beta1**group.count)
        torch._foreach_div_(following, group.lr)
        torch._foreach_mul_(d, self.beta1)
        torch._foreach_sub_(d, following)
        torch._foreach_addcmul_(z, d, group.weights)
        torch._foreach_copy_(d, following)
        torch._foreach_copy_(group.weights, torch._foreach_neg(torch._foreach_div(z, d)))
