"""LANS."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.optimizer._grouped import Group, clipped, norms
from mxnet.optimizer._moments import MomentsOptimizer
from mxnet.optimizer.lamb import bounded_norms, trust
from mxnet.optimizer.optimizer import register

__all__ = ["LANS"]


@register
class LANS(MomentsOptimizer):
    """LAMB with gradients of length one and Nesterov momentum.

    ::

        grad = clip(rescale_grad * grad / |rescale_grad * grad|)
        mean = beta1 * mean + (1 - beta1) * grad
        var = beta2 * var + (1 - beta2) * grad ** 2
        divisor = sqrt(var / (1 - beta2 ** t)) + epsilon
        of_mean = mean / (1 - beta1 ** t) / divisor + wd * weight
        of_grad = grad / divisor + wd * weight
        weight -= lr * bound(|weight|) * (beta1 * of_mean / |of_mean| + (1 - beta1) * of_grad / |of_grad|)

    where ``|x|`` is the Euclidean norm, and a ratio of norms of which one is zero is one. A gradient of zeros stays
    one, where MXNet divides by zero.

    "Accelerated Large Batch Optimization of BERT Pretraining in 54 minutes" (Zheng and others, 2020,
    arXiv:2006.13484).

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta1, beta2 : float, default 0.9 and 0.999
    epsilon : float, default 1e-6
    lower_bound, upper_bound : float, optional
        The norm of the weight is taken as at least, or at most, this number, if that is positive.
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

    def _update_group(self, group: Group) -> None:
        grads = clipped(self._directions(group), self.clip_gradient)
        mean, var = self._follow(group, grads)
        divisors = self._deviations(var, 1.0 - self.beta2**group.count)
        lengths = bounded_norms(group.weights, self.lower_bound, self.upper_bound)
        of_mean = torch._foreach_div(mean, 1.0 - self.beta1**group.count)
        # Both steps start from the weights as they were.
        both = (of_mean, self.beta1), (grads, 1.0 - self.beta1)
        for steps, _ in both:
            torch._foreach_div_(steps, divisors)
            torch._foreach_add_(steps, group.weights, alpha=group.wd)
            trust(steps, lengths)
        for steps, share in both:
            torch._foreach_add_(group.weights, steps, alpha=-group.lr * share)

    def _directions(self, group: Group) -> list[torch.Tensor]:
        """The gradients divided by their norms, as copies; zeros stay zeros."""
        grads = group.scaled_grads(self.rescale_grad, None)
        lengths = norms(grads)
        return torch._foreach_div(grads, torch.where(lengths > 0, lengths, 1.0).unbind())
