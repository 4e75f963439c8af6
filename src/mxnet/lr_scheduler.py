"""Learning rates that change with the number of updates.

A scheduler is called with the number of updates done so far and gives the learning rate. `base_lr` is where it
stands now; an optimizer that is given a `learning_rate` of its own writes it there.
"""

from __future__ import annotations

import logging
from math import cos, pi

__all__ = ["CosineScheduler", "FactorScheduler", "LRScheduler", "MultiFactorScheduler", "PolyScheduler"]

logger = logging.getLogger(__name__)


class LRScheduler:
    """What every schedule shares: a base rate and a warm-up. Subclasses define ``__call__(self, num_update)``.

    Parameters
    ----------
    base_lr : float, default 0.01
        Learning rate after the warm-up.
    warmup_steps : int, default 0
        Number of updates before the schedule proper starts.
    warmup_begin_lr : float, default 0
        Learning rate at the first update of the warm-up.
    warmup_mode : {'linear', 'constant'}
        Whether the rate grows to `base_lr` during the warm-up or stays at `warmup_begin_lr`.

    Raises
    ------
    AssertionError
        If `warmup_steps` is no integer.
    ValueError
        If `warmup_begin_lr` exceeds `base_lr`, `warmup_steps` is negative or `warmup_mode` is another.
    """

    def __init__(
        self,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        if not isinstance(warmup_steps, int):
            raise AssertionError(f"warmup_steps must be an integer, not {warmup_steps!r}")
        if warmup_begin_lr > base_lr:
            raise ValueError(f"base_lr {base_lr} must not be below warmup_begin_lr {warmup_begin_lr}")
        if warmup_steps < 0:
            raise ValueError(f"warmup_steps must be positive or 0, not {warmup_steps}")
        if warmup_mode not in ("linear", "constant"):
            raise ValueError(f"warmup_mode must be 'linear' or 'constant', not {warmup_mode!r}")
        self.base_lr = base_lr
        self.warmup_steps = warmup_steps
        self.warmup_final_lr = base_lr
        self.warmup_begin_lr = warmup_begin_lr
        self.warmup_mode = warmup_mode

    def get_warmup_lr(self, num_update: int) -> float:
        """Learning rate at an update within the warm-up.

        Raises
        ------
        AssertionError
            If the warm-up is over by then.
        """
        if num_update >= self.warmup_steps:
            raise AssertionError(f"update {num_update} is not within the {self.warmup_steps} of the warm-up")
        if self.warmup_mode == "constant":
            return self.warmup_begin_lr
        rise = (self.warmup_final_lr - self.warmup_begin_lr) * float(num_update) / float(self.warmup_steps)
        return self.warmup_begin_lr + rise

    def __call__(self, num_update: int) -> float:
        """Learning rate at update `num_update`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, num_update)")


class FactorScheduler(LRScheduler):
    """Multiplies the rate by `factor` after every `step` updates, down to `stop_factor_lr`.

    It counts on from where it stands: asking for an earlier update does not bring the earlier rate back.

    Parameters
    ----------
    step : int
        Number of updates between two changes.
    factor : float, default 1
        At most 1.
    stop_factor_lr : float, default 1e-8
        The rate does not fall below it.
    base_lr, warmup_steps, warmup_begin_lr, warmup_mode
        As for `LRScheduler`.

    Raises
    ------
    ValueError
        If `step` is below 1 or `factor` above 1.

    Examples
    --------
    >>> schedule = mx.lr_scheduler.FactorScheduler(step=2, factor=0.5, base_lr=1.0)
    >>> [schedule(update) for update in (1, 2, 3, 4, 5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(
        self,
        step: int,
        factor: float = 1,
        stop_factor_lr: float = 1e-8,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if step < 1:
            raise ValueError(f"step must be at least 1, not {step}")
        _check_factor(factor)
        self.step = step
        self.factor = factor
        self.stop_factor_lr = stop_factor_lr
        self.count = 0

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while num_update > self.count + self.step:
            self.count += self.step
            self.base_lr *= self.factor
            if self.base_lr < self.stop_factor_lr:
                self.base_lr = self.stop_factor_lr
                logger.info("Update[%d]: learning rate stays at %.5e from now on", num_update, self.base_lr)
            else:
                _log_change(num_update, self.base_lr)
        return self.base_lr


class MultiFactorScheduler(LRScheduler):
    """Multiplies the rate by `factor` after each of the given updates.

    Parameters
    ----------
    step : list of int
        Numbers of updates, increasing.
    factor : float, default 1
        At most 1.
    base_lr, warmup_steps, warmup_begin_lr, warmup_mode
        As for `LRScheduler`.

    Raises
    ------
    AssertionError
        If `step` is no list, or empty.
    ValueError
        If it does not increase or starts below 1, or `factor` is above 1.

    Examples
    --------
    >>> schedule = mx.lr_scheduler.MultiFactorScheduler(step=[2, 3], factor=0.5, base_lr=1.0)
    >>> [schedule(update) for update in (1, 2, 3, 4, 5)]
    [1.0, 1.0, 0.5, 0.25, 0.25]
    """

    def __init__(
        self,
        step: list[int],
        factor: float = 1,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if not isinstance(step, list) or not step:
            raise AssertionError(f"step must be a list of at least one integer, not {step!r}")
        if any(later <= earlier for earlier, later in zip(step, step[1:], strict=False)):
            raise ValueError(f"step must be an increasing list of integers, not {step}")
        if step[0] < 1:
            raise ValueError(f"step must start at 1 or later, not {step[0]}")
        _check_factor(factor)
        self.step = step
        self.cur_step_ind = 0
        self.factor = factor
        self.count = 0

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while self.cur_step_ind < len(self.step) and num_update > self.step[self.cur_step_ind]:
            self.count = self.step[self.cur_step_ind]
            self.cur_step_ind += 1
            self.base_lr *= self.factor
            _log_change(num_update, self.base_lr)
        return self.base_lr


class _DecayScheduler(LRScheduler):
    """Falls from the base rate to `final_lr` in `max_update` updates, warm-up included, then stays."""

    def __init__(
        self,
        max_update: int,
        base_lr: float,
        final_lr: float,
        warmup_steps: int,
        warmup_begin_lr: float,
        warmup_mode: str,
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if not isinstance(max_update, int):
            raise AssertionError(f"max_update must be an integer, not {max_update!r}")
        if max_update < 1:
            raise ValueError(f"max_update must be at least 1, not {max_update}")
        self.base_lr_orig = base_lr
        self.max_update = max_update
        self.final_lr = final_lr
        self.max_steps = max_update - warmup_steps

    def _remaining(self, done: float) -> float:
        """Share of the fall still to come when `done` of the `max_steps` updates are over."""
        raise NotImplementedError

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        if num_update <= self.max_update:
            remaining = self._remaining(float(num_update - self.warmup_steps))
            self.base_lr = self.final_lr + (self.base_lr_orig - self.final_lr) * remaining
        return self.base_lr


class PolyScheduler(_DecayScheduler):
    """Falls to `final_lr` as a power of the updates still to come.

    Parameters
    ----------
    max_update : int
        Update at which `final_lr` is reached, warm-up included.
    base_lr : float, default 0.01
    pwr : int, default 2
        The power.
    final_lr : float, default 0
    warmup_steps, warmup_begin_lr, warmup_mode
        As for `LRScheduler`.

    Raises
    ------
    AssertionError
        If `max_update` is no integer.
    ValueError
        If `max_update` is below 1.

    Examples
    --------
    >>> schedule = mx.lr_scheduler.PolyScheduler(max_update=4, base_lr=1.0)
    >>> [schedule(update) for update in (0, 1, 2, 4, 9)]
    [1.0, 0.5625, 0.25, 0.0, 0.0]
    """

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        pwr: int = 2,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        self.power = pwr

    def _remaining(self, done: float) -> float:
        return pow(1 - done / float(self.max_steps), self.power)


class CosineScheduler(_DecayScheduler):
    """Falls to `final_lr` along half a period of a cosine.

    Parameters
    ----------
    max_update : int
        Update at which `final_lr` is reached, warm-up included.
    base_lr : float, default 0.01
    final_lr : float, default 0
    warmup_steps, warmup_begin_lr, warmup_mode
        As for `LRScheduler`.

    Raises
    ------
    AssertionError
        If `max_update` is no integer.
    ValueError
        If `max_update` is below 1.

    Examples
    --------
    >>> schedule = mx.lr_scheduler.CosineScheduler(max_update=4, base_lr=1.0)
    >>> [round(schedule(update), 3) for update in (0, 1, 2, 4, 9)]
    [1.0, 0.854, 0.5, 0.0, 0.0]
    """

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)

    def _remaining(self, done: float) -> float:
        return (1 + cos(pi * done / self.max_steps)) / 2


def _check_factor(factor: float) -> None:
    if factor > 1.0:
        raise ValueError(f"factor must be at most 1 for the learning rate to fall, not {factor}")


def _log_change(num_update: int, rate: float) -> None:
    logger.info("Update[%d]: learning rate is now %.5e", num_update, rate)
