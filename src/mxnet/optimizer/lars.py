"""LARS."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.ndarray._array import Array
from mxnet.optimizer._grouped import Group, GroupedOptimizer, norms, zeros_like
from mxnet.optimizer.optimizer import register
from mxnet.optimizer.sgd import follow

__all__ = ["LARS"]


@register
class LARS(GroupedOptimizer):
    """Momentum with a learning rate for each parameter, in proportion to the size of its weight: for large batches.

    ::

        rate = eta * |weight| / (|rescale_grad * grad| + wd * |weight| + epsilon)
        grad = clip(rescale_grad * grad) + wd * weight
        state = momentum * state - lr * rate * grad
        weight += state

    where ``|x|`` is the Euclidean norm. Where one of the norms is zero the rate is one, and so it is for parameters
    that `param_idx2name` gives a name that ends in "gamma", "beta" or "bias".

    "Large Batch Training of Convolutional Networks" (You, Gitman and Ginsburg, 2017, arXiv:1708.03888).

    Parameters
    ----------
    learning_rate : float, default 0.1
    momentum : float, default 0
    eta : float, default 0.001
    epsilon : float, default 1e-8
    lazy_update : bool, default False
        Accepted as in MXNet; gradients are dense.
    use_fused_step, aggregate_num, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.1,
        momentum: float = 0.0,
        eta: float = 0.001,
        epsilon: float = 1e-8,
        lazy_update: bool = False,
        use_fused_step: bool = True,
        aggregate_num: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate, use_fused_step=use_fused_step, aggregate_num=aggregate_num, **kwargs
        )
        self.momentum = momentum
        self.eta = eta
        self.epsilon = epsilon
        self.lazy_update = lazy_update

    def create_state(self, index: Any, weight: Array) -> Any:
        return zeros_like(weight) if self.momentum else None

    def _update_group(self, group: Group) -> None:
        grads = list(group.decayed_grads(self.rescale_grad, self.clip_gradient))
        adapted = [position for position, index in enumerate(group.indices) if self._adapts(index)]
        if adapted:
            scaled = torch._foreach_mul([grads[position] for position in adapted], self._rates(group, adapted))
            for position, grad in zip(adapted, scaled, strict=True):
                grads[position] = grad
        torch._foreach_add_(group.weights, follow(group, grads, self.momentum))

    def _adapts(self, index: Any) -> bool:
        return not str(self.idx2name.get(index, index)).endswith(("gamma", "beta", "bias"))

    def _rates(self, group: Group, positions: list[int]) -> tuple[torch.Tensor, ...]:
        """The factors on the learning rate of the parameters at these positions."""
        of_weights = norms([group.weights[position] for position in positions])
        of_grads = norms([group.grads[position] for position in positions]) * self.rescale_grad
        rates = self.eta * of_weights / (of_grads + group.wd * of_weights + self.epsilon)
        return torch.where((of_weights > 0) & (of_grads > 0), rates, 1.0).unbind()
