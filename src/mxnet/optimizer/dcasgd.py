"""Stochastic gradient descent that makes up for delays."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, zeros_like
from mxnet.optimizer.optimizer import register

__all__ = ["DCASGD"]


@register
class DCASGD(GroupedOptimizer):
    """Asynchronous stochastic gradient descent that makes up for the delay of its gradients.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        mom = momentum * mom - lr * (grad + lamda * grad ** 2 * (weight - previous))
        previous = weight
        weight += mom

    "Asynchronous Stochastic Gradient Descent with Delay Compensation" (Zheng and others, 2016, arXiv:1609.08326).

    Parameters
    ----------
    learning_rate : float, default 0.1
    momentum : float, default 0
    lamda : float, default 0.04
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.1,
        momentum: float = 0.0,
        lamda: float = 0.04,
        use_fused_step: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.momentum = momentum
        self.lamda = lamda

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight) if self.momentum else None, weight._like(weight._data.clone())

    def _update_group(self, group: Group) -> None:
        grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
        *momentum, previous = group.states
        steps = torch._foreach_sub(group.weights, previous)
        torch._foreach_mul_(steps, grads)
        torch._foreach_mul_(steps, self.lamda)
        torch._foreach_add_(steps, 1.0)
        torch._foreach_mul_(steps, grads)
        torch._foreach_mul_(steps, -group.lr)
        if momentum:
            torch._foreach_mul_(momentum[0], self.momentum)
            torch._foreach_add_(momentum[0], steps)
            steps = momentum[0]
        torch._foreach_copy_(previous, group.weights)
        torch._foreach_add_(group.weights, steps)
