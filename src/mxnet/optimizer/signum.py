"""Signum and signSGD."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, zeros_like
from mxnet.optimizer.optimizer import register

__all__ = ["Signum"]


@register
class Signum(GroupedOptimizer):
    """The sign of the gradient, or of its running mean, as the step.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        state = momentum * state - (1 - momentum) * grad
        weight = (1 - lr * wd_lh) * weight + lr * sign(state)

    and without momentum, which is signSGD,

    ::

        weight = (1 - lr * (wd_lh + wd)) * weight - lr * sign(rescale_grad * grad)

    "signSGD: Compressed Optimisation for Non-Convex Problems" (Bernstein and others, 2018, arXiv:1802.04434).

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float, default 0.9
    wd_lh : float, default 0
        Weight decay that bypasses the sign.
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        wd_lh: float = 0.0,
        use_fused_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.momentum = momentum
        self.wd_lh = wd_lh

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight) if self.momentum else None

    def _update_group(self, group: Group) -> None:
        decay, rate = self.wd_lh, group.lr
        if group.states:
            grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
            (directions,) = group.states
            torch._foreach_mul_(directions, self.momentum)
            torch._foreach_add_(directions, grads, alpha=self.momentum - 1)
        else:
            directions = group.scaled_grads(self.rescale_grad, None)
            decay, rate = decay + group.wd, -rate
        if decay:
            torch._foreach_mul_(group.weights, 1.0 - group.lr * decay)
        torch._foreach_add_(group.weights, torch._foreach_sign(directions), alpha=rate)
