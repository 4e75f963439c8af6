"""Nesterov's accelerated gradient."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, zeros_like
from mxnet.optimizer.optimizer import register
from mxnet.optimizer.sgd import follow, is_half

__all__ = ["NAG"]


@register
class NAG(GroupedOptimizer):
    """Nesterov's accelerated gradient.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        state = momentum * state - lr * grad
        weight += momentum * state - lr * grad

    Parameters
    ----------
    learning_rate : float, default 0.1
    momentum : float, default 0.9
    multi_precision, use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.1,
        momentum: float = 0.9,
        multi_precision: bool = False,
        use_fused_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate, multi_precision=multi_precision, use_fused_step=use_fused_step, **kwargs
        )
        self.momentum = momentum

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight) if self.momentum else None

    def _update_group(self, group: Group) -> None:
        if is_half(group):
            grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
            change = follow(group, grads, self.momentum)
            if group.states:
                torch._foreach_add_(group.weights, grads, alpha=-group.lr)
                change = torch._foreach_mul(change, self.momentum)
            torch._foreach_add_(group.weights, change)
            return
        # torch's formula without its learning rate, on gradients that carry MXNet's.
        grads = group.scaled_grads(-group.lr * self.rescale_grad, (self.clip_gradient or 0) * abs(group.lr))
        momentum = self.momentum if group.states else 0.0
        torch._fused_sgd_(
            group.weights,
            grads,
            group.states[0] if momentum else [],
            weight_decay=-group.lr * group.wd,
            momentum=momentum,
            lr=-1.0,
            dampening=0.0,
            nesterov=bool(momentum),
            maximize=False,
            is_first_step=False,
        )
