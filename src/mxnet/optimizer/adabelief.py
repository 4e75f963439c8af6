"""AdaBelief."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.optimizer._grouped import Group, average, average_squares, clipped
from mxnet.optimizer._moments import MomentsOptimizer
from mxnet.optimizer.optimizer import register

__all__ = ["AdaBelief"]


@register
class AdaBelief(MomentsOptimizer):
    """Adam with the variance of the gradient about its mean; as in MXNet, the weight decay is clipped too.

    ::

        grad = clip(rescale_grad * grad + wd * weight)
        mean = beta1 * mean + (1 - beta1) * grad
        var = beta2 * var + (1 - beta2) * (grad - mean) ** 2 + epsilon
        lr *= sqrt(1 - beta2 ** t) / (1 - beta1 ** t)  # if correct_bias
        weight -= lr * mean / (sqrt(var) + epsilon)

    "AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients" (Zhuang and others, 2020,
    arXiv:2010.07468).

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta1, beta2 : float, default 0.9 and 0.999
    epsilon : float, default 1e-6
    correct_bias : bool, default True
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        correct_bias: bool = True,
        use_fused_step: bool = True,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("aggregate_num", 4)
        super().__init__(beta1, beta2, epsilon, learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.correct_bias = correct_bias

    def _update_group(self, group: Group) -> None:
        grads = clipped(group.decayed_grads(self.rescale_grad, None), self.clip_gradient)
        mean, var = group.states
        average(mean, grads, self.beta1)
        average_squares(var, torch._foreach_sub(grads, mean), self.beta2)
        torch._foreach_add_(var, self.epsilon)
        divisors = torch._foreach_sqrt(var)
        torch._foreach_add_(divisors, self.epsilon)
        correction = self._correction(group.count) if self.correct_bias else 1.0
        torch._foreach_addcdiv_(group.weights, mean, divisors, -group.lr * correction)
