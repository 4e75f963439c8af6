"""`Updater`: an optimizer together with the states of the parameters it has updated."""

from __future__ import annotations

from typing import Any

from mxnet._nested import map_leaves
from mxnet.ndarray._array import Array
from mxnet.optimizer._states import dump, load
from mxnet.optimizer.optimizer import Optimizer

__all__ = ["Updater", "get_updater"]


class Updater:
    """Updates parameters with an optimizer and keeps their states; what `get_updater` returns.

    Attributes
    ----------
    optimizer : Optimizer
    states : dict
        The state of each parameter by its index, made at its first update.

    Raises
    ------
    TypeError
        If `optimizer` is no `Optimizer`.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"an Updater needs an Optimizer, not {optimizer!r}; mx.optimizer.create makes one by name")
        self.optimizer = optimizer
        self.states: dict[Any, Any] = {}

    @property
    def aggregate_updates(self) -> bool:
        """Whether the optimizer gets several parameters in one call."""
        return self.optimizer._takes_all or self.optimizer.aggregate_num > 1

    def __call__(self, index: Any, grad: Any, weight: Any) -> None:
        """Update one parameter, or several given as lists.

        Parameters
        ----------
        index : int or str or list
            What tells the parameters apart.
        grad, weight : NDArray or list of NDArray
            All on one device.
        """
        if isinstance(index, (list, tuple)):
            indices, grads, weights = index, grad, weight
        else:
            indices, grads, weights = [index], [grad], [weight]
        if not indices:
            return
        optimizer, states = self.optimizer, self.states
        optimizer._set_current_context(weights[0].device.device_id)
        for key, array in zip(indices, weights, strict=True):
            if key not in states:
                states[key] = optimizer.create_state_multi_precision(key, array)
        size = len(indices) if optimizer._takes_all else max(1, min(optimizer.aggregate_num, len(indices)))
        for start in range(0, len(indices), size):
            part = slice(start, start + size)
            optimizer.update_multi_precision(
                indices[part], weights[part], grads[part], [states[key] for key in indices[part]]
            )

    def sync_state_context(self, state: Any, device: Any) -> Any:
        """A state, or each array in it, on `device`."""
        return map_leaves(state, Array, lambda array: array.as_in_ctx(device))

    def get_states(self, dump_optimizer: bool = False, loss_scaler: Any = None) -> bytes:
        """The states as bytes: safetensors, which hold numbers and no code.

        Parameters
        ----------
        dump_optimizer : bool, default False
            Add the optimizer's numbers: rates, counts, and the state of its scheduler.
        loss_scaler : LossScaler, optional
            Add its numbers.
        """
        return dump(self.states, self.optimizer if dump_optimizer else None, loss_scaler)

    def set_states(self, states: bytes, loss_scaler: Any = None) -> None:
        """Take over what `get_states` gave; a `loss_scaler` its numbers, if they are there.

        Raises
        ------
        MXNetError
            If the bytes are something else (genuine MXNet's states are pickles, which could run code), or
            belong to another class of optimizer or scheduler. Nothing has changed then.
        """
        self.states = load(states, self.optimizer, loss_scaler)


def get_updater(optimizer: Optimizer) -> Updater:
    """A function ``updater(index, grad, weight)`` that updates with `optimizer` and keeps the states."""
    return Updater(optimizer)
