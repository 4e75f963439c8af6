"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, zeros_like
from mxnet.optimizer.optimizer import register

__all__ = ["SGD", "follow", "is_half"]


@register
class SGD(GroupedOptimizer):
    """Stochastic gradient descent, with momentum if asked for.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        state = momentum * state - lr * grad
        weight += state

    Parameters
    ----------
    learning_rate : float, default 0.1
    momentum : float, default 0
    lazy_update : bool, default False
        Accepted as in MXNet; gradients are dense.
    multi_precision, use_fused_step, aggregate_num, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.1,
        momentum: float = 0.0,
        lazy_update: bool = False,
        multi_precision: bool = False,
        use_fused_step: bool = True,
        aggregate_num: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            multi_precision=multi_precision,
            aggregate_num=aggregate_num,
            use_fused_step=use_fused_step,
            **kwargs,
        )
        self.momentum = momentum
        self.lazy_update = lazy_update

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight) if self.momentum else None

    def _update_group(self, group: Group) -> None:
        if is_half(group):
            grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
            torch._foreach_add_(group.weights, follow(group, grads, self.momentum))
            return
        scale, grads = self.rescale_grad, group.grads
        if (self.clip_gradient or 0) > 0 or not scale:
            grads = group.scaled_grads(scale, self.clip_gradient)
            scale = 1.0
        # torch computes state = momentum * state + (1 - dampening) * (grad + weight_decay * weight) and
        # weight -= lr * state, so MXNet's learning rate goes where torch has its dampening, and the factor on
        # the gradient with it.
        momentum = self.momentum if group.states else 0.0
        torch._fused_sgd_(
            group.weights,
            grads,
            group.states[0] if momentum else [],
            weight_decay=group.wd / scale,
            momentum=momentum,
            lr=-1.0 if momentum else group.lr * scale,
            dampening=1.0 + group.lr * scale if momentum else 0.0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )


def is_half(group: Group) -> bool:
    """Whether the weights have 16 bits: torch 2.13's fused kernel leaves most of those as they are on a CPU."""
    return group.weights[0].dtype.itemsize == 2


def follow(group: Group, grads: list[torch.Tensor], momentum: float) -> list[torch.Tensor]:
    """The change of each weight: the states after they have followed the gradients, if there are any."""
    if not group.states:
        return torch._foreach_mul(grads, -group.lr)
    (states,) = group.states
    torch._foreach_mul_(states, momentum)
    torch._foreach_add_(states, grads, alpha=-group.lr)
    return states
