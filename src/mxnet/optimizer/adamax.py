"""Adamax."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.optimizer._grouped import Group, average
from mxnet.optimizer._moments import MomentsOptimizer
from mxnet.optimizer.optimizer import register

__all__ = ["Adamax"]


@register
class Adamax(MomentsOptimizer):
    """Adam with the largest recent gradient in place of the root of the mean square.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        mean = beta1 * mean + (1 - beta1) * grad
        largest = max(beta2 * largest, |grad|)
        weight -= lr / (1 - beta1 ** t) * mean / (largest + epsilon)

    Section 7 of "Adam: A Method for Stochastic Optimization" (Kingma and Ba, 2014, arXiv:1412.6980).

    Parameters
    ----------
    learning_rate : float, default 0.002
    beta1, beta2 : float, default 0.9 and 0.999
    epsilon : float, default 1e-8
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        use_fused_step: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(beta1, beta2, epsilon, learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)

    def _update_group(self, group: Group) -> None:
        grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
        mean, largest = group.states
        average(mean, grads, self.beta1)
        torch._foreach_mul_(largest, self.beta2)
        torch._foreach_maximum_(largest, torch._foreach_abs(grads))
        divisors = torch._foreach_add(largest, self.epsilon)
        torch._foreach_addcdiv_(group.weights, mean, divisors, -group.lr / (1.0 - self.beta1**group.count))
