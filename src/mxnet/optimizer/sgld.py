"""Stochastic gradient Langevin dynamics."""

from __future__ import annotations

import math
from typing import Any

import torch

from mxnet._generators import generator_for
from mxnet.optimizer._grouped import Group, GroupedOptimizer
from mxnet.optimizer.optimizer import register

__all__ = ["SGLD"]


@register
class SGLD(GroupedOptimizer):
    """Stochastic gradient Langevin dynamics, whose weights are samples of a posterior distribution.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        weight += normal(0, sqrt(lr)) - lr / 2 * grad

    where the second number of the normal distribution is its standard deviation; `mx.random.seed` makes it repeat.

    "Bayesian Learning via Stochastic Gradient Langevin Dynamics" (Welling and Teh, 2011).

    Parameters
    ----------
    learning_rate : float, default 0.1
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(self, learning_rate: float = 0.1, use_fused_step: bool = False, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)

    def _update_group(self, group: Group) -> None:
        grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
        generator = generator_for(group.weights[0].device)
        noise = [torch.empty_like(weight).normal_(generator=generator) for weight in group.weights]
        torch._foreach_add_(group.weights, grads, alpha=-group.lr / 2)
        torch._foreach_add_(group.weights, noise, alpha=math.sqrt(group.lr))
