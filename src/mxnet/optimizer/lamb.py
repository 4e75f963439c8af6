"""LAMB."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.optimizer._grouped import Group, norms
from mxnet.optimizer._moments import MomentsOptimizer
from mxnet.optimizer.optimizer import register

__all__ = ["LAMB", "bounded_norms", "trust"]


@register
class LAMB(MomentsOptimizer):
    """Adam whose step for each parameter has a length in proportion to that of the weight: for large batches.

    ::

        grad = clip(rescale_grad * grad)
        mean = beta1 * mean + (1 - beta1) * grad
        var = beta2 * var + (1 - beta2) * grad ** 2
        unbiased = mean / (1 - beta1 ** t), var / (1 - beta2 ** t)  # if bias_correction
        step = mean / (sqrt(var) + epsilon) + wd * weight
        weight -= lr * bound(|weight|) / |step| * step

    where ``|x|`` is the Euclidean norm. Where one of the norms is zero, their ratio is one.

    "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (You and others, 2019,
    arXiv:1904.00962).

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta1, beta2 : float, default 0.9 and 0.999
    epsilon : float, default 1e-6
    lower_bound, upper_bound : float, optional
        The norm of the weight is taken as at least, or at most, this number, if that is positive.
    bias_correction : bool, default True
    aggregate_num, use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        lower_bound: float | None = None,
        upper_bound: float | None = None,
        bias_correction: bool = True,
        aggregate_num: int = 4,
        use_fused_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            beta1,
            beta2,
            epsilon,
            learning_rate=learning_rate,
            aggregate_num=aggregate_num,
            use_fused_step=use_fused_step,
            **kwargs,
        )
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound
        self.bias_correction = bias_correction

    def _update_group(self, group: Group) -> None:
        grads = group.scaled_grads(self.rescale_grad, self.clip_gradient)
        mean, var = self._follow(group, grads)
        of_mean, of_var = 1.0, 1.0
        if self.bias_correction:
            of_mean, of_var = 1.0 - self.beta1**group.count, 1.0 - self.beta2**group.count
        divisors = self._deviations(var, of_var)
        steps = torch._foreach_div(mean, of_mean)
        torch._foreach_div_(steps, divisors)
        torch._foreach_add_(steps, group.weights, alpha=group.wd)
        trust(steps, bounded_norms(group.weights, self.lower_bound, self.upper_bound))
        torch._foreach_add_(group.weights, steps, alpha=-group.lr)


def bounded_norms(weights: list[torch.Tensor], lower: float | None, upper: float | None) -> torch.Tensor:
    """The norms of the weights, kept between the bounds that are positive numbers."""
    lengths = norms(weights)
    if lower is not None and lower > 0:
        lengths = lengths.clamp(min=lower)
    if upper is not None and upper > 0:
        lengths = lengths.clamp(max=upper)
    return lengths


def trust(steps: list[torch.Tensor], lengths: torch.Tensor) -> None:
    """Give each step its length, in place; if that or its own is zero, it stays as it is."""
    own = norms(steps)
    ratios = torch.where((lengths > 0) & (own > 0), lengths / own, 1.0)
    torch._foreach_mul_(steps, ratios.unbind())
