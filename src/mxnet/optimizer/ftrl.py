"""FTRL-Proximal."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, zeros_like
from mxnet.optimizer.optimizer import register

__all__ = ["Ftrl"]


@register
class Ftrl(GroupedOptimizer):
    """Follow the regularized leader, which sets weights of little use to zero.

    ::

        grad = clip(rescale_grad * grad)
        z += grad - (sqrt(n + grad ** 2) - sqrt(n)) / lr * weight
        n += grad ** 2
        weight = (sign(z) * lamda1 - z) / ((beta + sqrt(n)) / lr + wd)  # zero where |z| <= lamda1

    "Ad Click Prediction: a View from the Trenches" (McMahan and others, 2013).

    Parameters
    ----------
    learning_rate : float, default 0.1
    lamda1 : float, default 0.01
        Strength of the L1 regularization; `wd` is that of L2.
    beta : float, default 1
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.1,
        lamda1: float = 0.01,
        beta: float = 1.0,
        use_fused_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.lamda1 = lamda1
        self.beta = beta

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight), zeros_like(weight)

    def _update_group(self, group: Group) -> None:
        grads = group.scaled_grads(self.rescale_grad, self.clip_gradient)
        z, n = group.states
        growth = torch._foreach_sqrt(n)
        torch._foreach_addcmul_(n, grads, grads)
        divisors = torch._foreach_sqrt(n)
        torch._foreach_sub_(growth, divisors)
        torch._foreach_div_(growth, group.lr)
        torch._foreach_add_(z, grads)
        torch._foreach_addcmul_(z, growth, group.weights)
        torch._foreach_add_(divisors, self.beta)
        torch._foreach_div_(divisors, group.lr)
        torch._foreach_add_(divisors, group.wd)
        # What is left of -z when it is pulled towards zero by lamda1, and no further.
        pulled = torch._foreach_clamp_max(z, self.lamda1)
        torch._foreach_clamp_min_(pulled, -self.lamda1)
        torch._foreach_sub_(pulled, z)
        torch._foreach_div_(pulled, divisors)
        torch._foreach_copy_(group.weights, pulled)
