"""Optimizer states as bytes and back.

The format is safetensors: the arrays under the names "0", "1", ..., and in the header's metadata one JSON text,
``mxnet``, with ``states``, a list of [index, structure] where a structure is null, the name of an array, or a list
of structures; and, where asked for, ``optimizer``: its class, its plain attributes and those of its scheduler, and
``loss_scaler``: the numbers of mixed precision.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.formats import safetensors
from mxnet.ndarray._array import Array, wrap
from mxnet.numpy.multiarray import ndarray
from mxnet.optimizer.optimizer import Optimizer

__all__ = ["dump", "load"]

_TABLES = ("lr_mult", "wd_mult", "idx2name")
_COUNTS = "_all_index_update_counts"
_PLAIN = (bool, int, float, str, type(None))


def dump(states: dict[Any, Any], optimizer: Optimizer | None, loss_scaler: Any = None) -> bytes:
    """States, and the numbers of the optimizer and the `amp.LossScaler` if they are given, as bytes."""
    arrays: dict[str, torch.Tensor] = {}
    header = {
        "states": [[index, _structure(state, arrays)] for index, state in states.items()],
        "optimizer": None if optimizer is None else _describe(optimizer),
        "loss_scaler": None if loss_scaler is None else loss_scaler.state_dict(),
    }
    return safetensors.dump(arrays, {"mxnet": json.dumps(header)})


def load(data: bytes, optimizer: Optimizer, loss_scaler: Any = None) -> dict[Any, Any]:
    """The states in `data`; numbers of an optimizer there are written to `optimizer`, those of a scaler to the scaler.

    Raises
    ------
    MXNetError
        If `data` is not what `dump` makes, or its optimizer or scheduler is of another class.
    """
    arrays, header = _parse(data)
    try:
        states = {index: _restore(structure, arrays) for index, structure in header["states"]}
        described = header["optimizer"]
        changes = None if described is None else _changes(described, optimizer)
        if loss_scaler is not None and header.get("loss_scaler") is not None:
            loss_scaler.load_state_dict(header["loss_scaler"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise MXNetError(f"these optimizer states are damaged: {error!r}") from error
    if changes is not None:
        _apply(changes, optimizer)
    return states


def _parse(data: bytes) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    try:
        arrays, metadata = safetensors.parse(data, "optimizer states")
        return arrays, json.loads(metadata["mxnet"])
    except (ValueError, KeyError, RecursionError) as error:
        if data[:1] == b"\x80" and data[-1:] == b".":
            raise MXNetError(
                "these optimizer states are a pickle, as genuine MXNet writes them; unpickling could run code, so "
                "they are not read. Train on from the parameters, with fresh states"
            ) from error
        raise MXNetError(f"these are no optimizer states: {error}") from error


def _structure(state: Any, arrays: dict[str, torch.Tensor]) -> Any:
    if state is None:
        return None
    if isinstance(state, Array):
        name = str(len(arrays))
        arrays[name] = state._data
        return name
    if isinstance(state, (tuple, list)):
        return [_structure(part, arrays) for part in state]
    raise MXNetError(f"optimizer states are arrays, tuples of arrays or None, not {type(state).__name__}")


def _restore(structure: Any, arrays: dict[str, torch.Tensor]) -> Any:
    if structure is None:
        return None
    if isinstance(structure, str):
        return wrap(ndarray, arrays[structure])
    return tuple(_restore(part, arrays) for part in structure)


def _describe(optimizer: Optimizer) -> dict[str, Any]:
    scheduler = optimizer.lr_scheduler
    return {
        "class": type(optimizer).__name__,
        "values": _plain_values(optimizer),
        "tables": {name: list(getattr(optimizer, name).items()) for name in _TABLES},
        "counts": [[device, list(counts.items())] for device, counts in getattr(optimizer, _COUNTS).items()],
        "scheduler": scheduler and {"class": type(scheduler).__name__, "values": _plain_values(scheduler)},
    }


def _plain_values(thing: Any) -> dict[str, Any]:
    values = {name: _to_plain(value) for name, value in vars(thing).items()}
    return {name: value for name, value in values.items() if _is_plain(value)}


def _to_plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_plain(value: Any) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, list) and all(map(_is_plain, value)))


def _changes(described: dict[str, Any], optimizer: Optimizer) -> tuple[dict[str, Any], dict[str, Any]]:
    """What to set on the optimizer and on its scheduler; checked before anything is set."""
    _check_class("optimizer", described["class"], optimizer)
    values = {**_checked(described["values"], optimizer)}
    values.update({name: dict(map(tuple, described["tables"][name])) for name in _TABLES})
    values[_COUNTS] = {int(device): {key: int(n) for key, n in counts} for device, counts in described["counts"]}
    scheduler = described["scheduler"]
    _check_class("lr_scheduler", scheduler and scheduler["class"], optimizer.lr_scheduler)
    return values, _checked(scheduler["values"], optimizer.lr_scheduler) if scheduler else {}


def _check_class(what: str, name: str | None, present: Any) -> None:
    own = None if present is None else type(present).__name__
    if name != own:
        raise MXNetError(f"the states were saved with {what} {name}, but here it is {own}: make it the same first")


def _checked(values: dict[str, Any], thing: Any) -> dict[str, Any]:
    """The values, if each is plain and names an attribute that `thing` has."""
    for name, value in values.items():
        if name not in vars(thing) or not _is_plain(value):
            raise ValueError(f"{type(thing).__name__} has no number {name!r}")
    return values


def _apply(changes: tuple[dict[str, Any], dict[str, Any]], optimizer: Optimizer) -> None:
    values, schedule = changes
    vars(optimizer).update(values)
    optimizer._set_current_context(0)
    if optimizer.lr_scheduler is not None:
        vars(optimizer.lr_scheduler).update(schedule)
