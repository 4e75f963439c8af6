"""`Optimizer`, the base of all optimizers, and the registry of their names."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import torch

from mxnet.lr_scheduler import LRScheduler
from mxnet.ndarray._array import Array

__all__ = ["Optimizer", "Test", "create", "register"]

_HALF = (torch.float16, torch.bfloat16)


class Optimizer:
    """Base of all optimizers: learning rate, weight decay, their factors by parameter, and the count of updates.

    A subclass defines ``create_state(index, weight)``, which returns None, an array or a tuple of arrays, and
    ``step(indices, weights, grads, states)``, which takes lists of as many and writes new values to the weights
    and states. Within `step`, ``_update_count``, ``_get_lr`` and ``_get_wd`` count an update and give the
    rates of one parameter.

    Parameters
    ----------
    rescale_grad : float, default 1
        Factor on all gradients; a `Trainer` divides it by the batch size.
    param_idx2name : dict of int to str, optional
        Names of the parameters, for factors given by name.
    wd : float, default 0
        Weight decay.
    clip_gradient : float, optional
        Gradients are clipped, after rescaling, to between minus and plus this number.
    learning_rate : float, optional
        Default: that of `lr_scheduler`, else 0.01.
    lr_scheduler : LRScheduler, optional
        Gives the learning rate from the number of updates; a `learning_rate` becomes its base rate.
    sym : Symbol, optional
        Its attributes ``__lr_mult__`` and ``__wd_mult__`` are factors too.
    begin_num_update : int, default 0
        Number of updates to count from.
    multi_precision : bool, default False
        Update float16 and bfloat16 weights through a float32 copy.
    param_dict : dict of int to Parameter, optional
        Parameters whose ``lr_mult`` and ``wd_mult`` are the factors.
    aggregate_num : int, optional
        The most parameters that one call of `step` gets from an `Updater`, default 1. The optimizers of this
        package take all there are in one call whatever it says.
    use_fused_step : bool, default False
        Call `fused_step` instead of `step`.

    Raises
    ------
    TypeError
        For other keyword arguments.
    AssertionError
        If `param_idx2name` is no dict.
    """

    opt_registry: ClassVar[dict[str, type[Optimizer]]] = {}
    _takes_all: ClassVar[bool] = False  # whether `step` is made for all parameters at once

    def __init__(
        self,
        rescale_grad: float = 1.0,
        param_idx2name: dict[int, str] | None = None,
        wd: float = 0.0,
        clip_gradient: float | None = None,
        learning_rate: float | None = None,
        lr_scheduler: LRScheduler | None = None,
        sym: Any = None,
        begin_num_update: int = 0,
        multi_precision: bool = False,
        param_dict: dict[int, Any] | None = None,
        aggregate_num: int | None = None,
        use_fused_step: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise TypeError(f"{type(self).__name__} got unknown arguments: {', '.join(kwargs)}")
        names = {} if param_idx2name is None else param_idx2name
        if not isinstance(names, dict):
            raise AssertionError(f"param_idx2name should be a dict of param indexes to names, not {names!r}")
        self.rescale_grad = rescale_grad
        self.lr_scheduler = lr_scheduler
        self.lr = self._agree_on_rate(learning_rate)
        self.wd = wd
        self.begin_num_update = begin_num_update
        self.num_update = begin_num_update
        self._all_index_update_counts: dict[int, dict[Any, int]] = {0: {}}
        self._index_update_count = self._all_index_update_counts[0]
        self.clip_gradient = clip_gradient
        self.multi_precision = multi_precision
        self.aggregate_num = 1 if aggregate_num is None else aggregate_num
        self.use_fused_step = bool(use_fused_step)
        self.idx2name = names.copy()
        self.sym_info = () if sym is None else (sym.attr_dict(), sym.list_arguments())
        self.param_dict = {} if param_dict is None else param_dict
        self.lr_mult: dict[Any, float] = {}
        self.wd_mult: dict[Any, float] = {}
        self.set_lr_mult({})
        self.set_wd_mult({})

    def _agree_on_rate(self, learning_rate: float | None) -> float | None:
        """The rate to start with; an explicit one becomes the base of the schedule."""
        if self.lr_scheduler is None:
            return 0.01 if learning_rate is None else learning_rate
        if learning_rate is not None and self.lr_scheduler.base_lr != learning_rate:
            warnings.warn(
                f"the scheduler's base_lr {self.lr_scheduler.base_lr} is replaced by the optimizer's "
                f"learning_rate {learning_rate}; pass learning_rate as well to say which",
                stacklevel=4,
            )
            self.lr_scheduler.base_lr = learning_rate
        return learning_rate

    # The registry

    @staticmethod
    def register(klass: type[Optimizer]) -> type[Optimizer]:
        """Let `create` find a class under its name in lower case; usable as a decorator."""
        name = klass.__name__.lower()
        known = Optimizer.opt_registry.get(name)
        if known is not None:
            warnings.warn(f"optimizer {klass!r} replaces {known!r} under the name {name!r}", stacklevel=2)
        Optimizer.opt_registry[name] = klass
        return klass

    @staticmethod
    def create_optimizer(name: str, **kwargs: Any) -> Optimizer:
        """An optimizer by its name, case forgiven, made with the given arguments.

        Raises
        ------
        ValueError
            If none is registered under that name.
        TypeError
            If `name` is no string.
        """
        if not isinstance(name, str):
            raise TypeError(f"an optimizer is named by a string, not {name!r}")
        registry = Optimizer.opt_registry
        if name.lower() not in registry:
            raise ValueError(f"Cannot find optimizer {name}; there are {', '.join(sorted(registry))}")
        return registry[name.lower()](**kwargs)

    # State

    def create_state(self, index: Any, weight: Array) -> Any:
        """What the update of one parameter remembers: None, an array or a tuple of arrays."""
        return None

    def create_state_multi_precision(self, index: Any, weight: Array) -> Any:
        """As `create_state`; in multi-precision mode a pair of a float32 copy of the weight and its state."""
        if not self._keeps_copy(weight):
            if weight._data.dtype is torch.float16:
                warnings.warn(
                    "Accumulating with float16 in optimizer can lead to poor accuracy or slow convergence. "
                    "Consider using multi_precision=True option of the optimizer",
                    stacklevel=2,
                )
            return self.create_state(index, weight)
        copy = weight.astype("float32")
        return copy, self.create_state(index, copy)

    def _keeps_copy(self, weight: Array) -> bool:
        return self.multi_precision and weight._data.dtype in _HALF

    # Updates

    def step(self, indices: Sequence[Any], weights: Sequence[Any], grads: Sequence[Any], states: Sequence[Any]) -> None:
        """Update the given weights and states in place."""
        raise NotImplementedError(f"{type(self).__name__} must define step(self, indices, weights, grads, states)")

    def fused_step(
        self, indices: Sequence[Any], weights: Sequence[Any], grads: Sequence[Any], states: Sequence[Any]
    ) -> None:
        """As `step`, by whatever is fastest; called where `use_fused_step` is true."""
        raise NotImplementedError(
            f"{type(self).__name__} has no fused_step(self, indices, weights, grads, states); use_fused_step=False "
            "uses step"
        )

    def update(self, indices: Any, weights: Any, grads: Any, states: Any) -> None:
        """Update weights and states in place.

        Parameters
        ----------
        indices : sequence
            Numbers or names that tell the parameters apart.
        weights, grads : sequence of NDArray
        states : sequence
            What `create_state` returned for each.
        """
        step = self.fused_step if self.use_fused_step else self.step
        step(indices, weights, grads, states)

    def update_multi_precision(self, indices: Any, weights: Any, grads: Any, states: Any) -> None:
        """As `update`, for states that `create_state_multi_precision` returned."""
        copied = [n for n, weight in enumerate(weights) if self.multi_precision and self._keeps_copy(weight)]
        if not copied:
            self.update(indices, weights, grads, states)
            return
        originals, weights, grads, states = weights, list(weights), list(grads), list(states)
        for n in copied:
            weights[n], states[n] = states[n]
            grads[n] = grads[n].astype("float32")
        self.update(indices, weights, grads, states)
        with torch.no_grad():
            for n in copied:
                originals[n]._data.copy_(weights[n]._data)

    # Rates

    @property
    def learning_rate(self) -> float:
        """The learning rate now, before factors by parameter."""
        return self.lr if self.lr_scheduler is None else self.lr_scheduler(self.num_update)

    def set_learning_rate(self, lr: float) -> None:
        """Set the learning rate.

        Raises
        ------
        UserWarning
            If a scheduler gives it.
        """
        if self.lr_scheduler is not None:
            raise UserWarning(
                "an LRScheduler gives this optimizer's learning rate, so set_learning_rate cannot: "
                "change lr_scheduler.base_lr, or make the optimizer without one"
            )
        self.lr = lr

    def set_lr_mult(self, args_lr_mult: Mapping[Any, float]) -> None:
        """Set factors on the learning rate by parameter name or index; all others become 1."""
        self.lr_mult = {**self._symbol_factors("__lr_mult__"), **args_lr_mult}

    def set_wd_mult(self, args_wd_mult: Mapping[Any, float]) -> None:
        """Set factors on the weight decay by parameter name or index; all others become 1."""
        self.wd_mult = {**self._symbol_factors("__wd_mult__"), **args_wd_mult}

    def _symbol_factors(self, attribute: str) -> dict[str, float]:
        if not self.sym_info:
            return {}
        attributes, arguments = self.sym_info
        return {name: float(attributes[name][attribute]) for name in arguments if attribute in attributes.get(name, {})}

    def _get_lrs(self, indices: Iterable[Any]) -> list[float]:
        """Learning rate of each parameter."""
        return self._scaled(self.learning_rate, indices, "lr_mult")

    def _get_lr(self, index: Any) -> float:
        """Learning rate of one parameter."""
        return self._get_lrs([index])[0]

    def _get_wds(self, indices: Iterable[Any]) -> list[float]:
        """Weight decay of each parameter."""
        return self._scaled(self.wd, indices, "wd_mult")

    def _get_wd(self, index: Any) -> float:
        """Weight decay of one parameter."""
        return self._get_wds([index])[0]

    def _scaled(self, rate: float, indices: Iterable[Any], factor: str) -> list[float]:
        """`rate` times the factor of each parameter: its Parameter's, else the one set by index or name."""
        parameters = self.param_dict
        factors = getattr(self, factor)
        rates = []
        for index in indices:
            parameter = parameters.get(index)
            if parameter is not None:
                rates.append(rate * getattr(parameter, factor))
            elif index in factors:
                rates.append(rate * factors[index])
            else:
                rates.append(rate * factors.get(self.idx2name.get(index), 1.0))
        return rates

    # Counts

    def _set_current_context(self, device_id: int) -> None:
        """Count the updates of the replicas on one device from here on."""
        self._index_update_count = self._all_index_update_counts.setdefault(device_id, {})

    def _update_count(self, index: Any) -> None:
        """Count an update of one parameter, or of each in a list."""
        counts = self._index_update_count
        for one in index if isinstance(index, (list, tuple)) else (index,):
            count = counts.get(one, self.begin_num_update) + 1
            counts[one] = count
            if count > self.num_update:
                self.num_update = count


register = Optimizer.register
create = Optimizer.create_optimizer


@register
class Test(Optimizer):
    """The plainest update, for tests: ``weight -= lr * (rescale_grad * grad + wd * weight)``."""

    __test__ = False  # not a class of pytest's

    def create_state(self, index: Any, weight: Array) -> Array:
        return weight._like(torch.zeros_like(weight._data))

    def step(self, indices: Sequence[Any], weights: Sequence[Any], grads: Sequence[Any], states: Sequence[Any]) -> None:
        self._update_count(list(indices))
        rates = zip(self._get_lrs(indices), self._get_wds(indices), strict=True)
        with torch.no_grad():
            for weight, grad, (lr, wd) in zip(weights, grads, rates, strict=True):
                tensor = weight._writable_tensor()
                tensor.sub_(lr * (self.rescale_grad * grad._data + wd * tensor))
