"""Adam."""

from __future__ import annotations

import functools
import math
from typing import Any

import torch

from mxnet.optimizer._grouped import Group
from mxnet.optimizer._moments import MomentsOptimizer
from mxnet.optimizer.optimizer import register

__all__ = ["Adam", "endless_step"]


@functools.lru_cache
def endless_step(device: torch.device) -> torch.Tensor:
    """A step number at which torch's fused kernels correct no bias: MXNet does that in the learning rate."""
    return torch.full((), math.inf, device=device)


@register
class Adam(MomentsOptimizer):
    """Adam.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        mean = beta1 * mean + (1 - beta1) * grad
        var = beta2 * var + (1 - beta2) * grad ** 2
        weight -= lr * sqrt(1 - beta2 ** t) / (1 - beta1 ** t) * mean / (sqrt(var) + epsilon)

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta1, beta2 : float, default 0.9 and 0.999
    epsilon : float, default 1e-8
    lazy_update : bool, default False
        Accepted as in MXNet; gradients are dense.
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        lazy_update: bool = False,
        use_fused_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(beta1, beta2, epsilon, learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.lazy_update = lazy_update

    def _update_group(self, group: Group) -> None:
        torch._fused_adam_(
            group.weights,
            group.scaled_grads(self.rescale_grad, self.clip_gradient),
            *group.states,
            [],
            [endless_step(group.weights[0].device)] * len(group.weights),
            lr=group.lr * self._correction(group.count),
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=group.wd,
            eps=self.epsilon,
            amsgrad=False,
            maximize=False,
        )
