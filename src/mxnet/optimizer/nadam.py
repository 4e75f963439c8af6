"""Adam with Nesterov momentum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from mxnet.optimizer._grouped import Group
from mxnet.optimizer._moments import MomentsOptimizer
from mxnet.optimizer.optimizer import register

__all__ = ["Nadam"]


@register
class Nadam(MomentsOptimizer):
    """Adam with Nesterov momentum.

    ::

        grad = clip(rescale_grad * grad) + wd * weight
        mean = beta1 * mean + (1 - beta1) * grad
        var = beta2 * var + (1 - beta2) * grad ** 2
        now = beta1 * (1 - 0.5 * 0.96 ** (schedule_decay * t))
        next = beta1 * (1 - 0.5 * 0.96 ** (schedule_decay * (t + 1)))
        m_schedule *= now
        step = (1 - now) * grad / (1 - m_schedule) + next * mean / (1 - m_schedule * next)
        weight -= lr * step / (sqrt(var / (1 - beta2 ** t)) + epsilon)

    As in MXNet, there is one `m_schedule` for all parameters, and the update of each multiplies it: the order of the
    parameters matters in the first steps.

    "Incorporating Nesterov Momentum into Adam" (Dozat, 2016).

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta1, beta2 : float, default 0.9 and 0.999
    epsilon : float, default 1e-8
    schedule_decay : float, default 0.004
    use_fused_step, **kwargs
        As for `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        schedule_decay: float = 0.004,
        use_fused_step: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(beta1, beta2, epsilon, learning_rate=learning_rate, use_fused_step=use_fused_step, **kwargs)
        self.schedule_decay = schedule_decay
        self.m_schedule = 1.0
        self._factors: dict[Any, tuple[float, float]] = {}

    def _groups(self, indices: Sequence[Any], rows: list[list[torch.Tensor]]) -> Iterator[Group]:
        # The schedule goes by the order of the parameters, which groups do not keep.
        self._factors = {index: self._advance(self._index_update_count[index]) for index in indices}
        return super()._groups(indices, rows)

    def _advance(self, count: int) -> tuple[float, float]:
        """Multiply the schedule by the momentum of one update; the factors on its gradient and on its mean."""
        now, following = (self.beta1 * (1 - 0.5 * 0.96 ** (t * self.schedule_decay)) for t in (count, count + 1))
        self.m_schedule *= now
        return (1 - now) / (1 - self.m_schedule), following / (1 - self.m_schedule * following)

    def _update_group(self, group: Group) -> None:
        grads = group.decayed_grads(self.rescale_grad, self.clip_gradient)
        mean, var = self._follow(group, grads)
        of_grads, of_means = zip(*(self._factors[index] for index in group.indices), strict=True)
        steps = torch._foreach_mul(grads, of_grads)
        torch._foreach_add_(steps, torch._foreach_mul(mean, of_means))
        divisors = self._deviations(var, 1.0 - self.beta2**group.count)
        torch._foreach_addcdiv_(group.weights, steps, divisors, -group.lr)
