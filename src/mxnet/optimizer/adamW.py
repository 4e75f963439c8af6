"""Adam with decoupled weight decay."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.optimizer._grouped import Group
from mxnet.optimizer._moments import MomentsOptimizer
from mxnet.optimizer.adam import endless_step
from mxnet.optimizer.optimizer import register

__all__ = ["AdamW"]


@register
class AdamW(MomentsOptimizer):
    """Adam whose weight decay bypasses the moments; as in MXNet, the bias correction applies to the decay too.

    ::

        grad = clip(rescale_grad * grad)
        mean = beta1 * mean + (1 - beta1) * grad
        var = beta2 * var + (1 - beta2) * grad ** 2
        lr *= sqrt(1 - beta2 ** t) / (1 - beta1 ** t)  # if correct_bias
        weight -= lr * (mean / (sqrt(var) + epsilon) + wd * weight)

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
        correction = self._correction(group.count) if self.correct_bias else 1.0
        torch._fused_adamw_(
            group.weights,
            group.scaled_grads(self.rescale_grad, self.clip_gradient),
            *group.states,
            [],
            [endless_step(group.weights[0].device)] * len(group.weights),
            lr=group.lr * correction,
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=group.wd,
            eps=self.epsilon,
            amsgrad=False,
            maximize=False,
        )
