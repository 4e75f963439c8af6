"""Checkpoints of 1.x programs: a graph and its parameters, by a prefix and the number of an epoch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from operator import index
from typing import Any

from mxnet import ndarray
from mxnet.base import MXNetError
from mxnet.ndarray.ndarray import NDArray
from mxnet.symbol import Symbol, load

__all__ = ["load_checkpoint", "load_params", "save_checkpoint"]


def save_checkpoint(
    prefix: str | os.PathLike,
    epoch: int,
    symbol: Symbol | None,
    arg_params: Mapping[str, NDArray],
    aux_params: Mapping[str, NDArray],
    remove_amp_cast: bool = True,
) -> None:
    """Write ``prefix-symbol.json`` and, with the epoch in its name, ``prefix-0001.params``.

    Parameters
    ----------
    prefix : path
        What the names of the files begin with.
    epoch : int
        The number in the parameter file's name.
    symbol : Symbol or None
        The graph; None writes the parameters only.
    arg_params, aux_params : dict of str to NDArray
        Values of arguments and auxiliary states.
    remove_amp_cast : bool, default True
        Leave out the casts that automatic mixed precision put in.

    Raises
    ------
    TypeError
        If `symbol` is no Symbol, or `epoch` no integer.
    ValueError
        If a value is no array.
    MXNetError
        If a file cannot be written.
    """
    if not isinstance(symbol, Symbol | None):
        raise TypeError(f"save_checkpoint: symbol must be a Symbol or None, not {type(symbol).__name__}")
    prefix = os.fspath(prefix)
    arrays = {f"arg:{name}": value for name, value in arg_params.items()}
    arrays |= {f"aux:{name}": value for name, value in aux_params.items()}
    ndarray.save(_parameter_file(prefix, epoch), arrays)
    if symbol is not None:
        symbol.save(f"{prefix}-symbol.json", remove_amp_cast=remove_amp_cast)


def load_params(prefix: str | os.PathLike, epoch: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of arguments and auxiliary states that `save_checkpoint` has written.

    Raises
    ------
    MXNetError
        If the file is missing or broken, or its names do not say which of the two each array is.
    """
    name = _parameter_file(os.fspath(prefix), epoch)
    loaded = ndarray.load(name)
    arg_params: dict[str, Any] = {}
    aux_params: dict[str, Any] = {}
    kinds = {"arg": arg_params, "aux": aux_params}
    for key, value in loaded.items() if isinstance(loaded, dict) else [("", None)] if loaded else []:
        kind, mark, own = key.partition(":")
        if not mark or kind not in kinds:
            raise MXNetError(f"{name}: holds {key or 'arrays without names'!r}, not 'arg:<name>' and 'aux:<name>'")
        kinds[kind][own] = value
    return arg_params, aux_params


def load_checkpoint(prefix: str | os.PathLike, epoch: int) -> tuple[Symbol, dict[str, Any], dict[str, Any]]:
    """The graph, and the values of its arguments and auxiliary states, that `save_checkpoint` has written.

    Raises
    ------
    MXNetError
        As `load_params`, and if the graph cannot be read.
    """
    symbol = load(f"{os.fspath(prefix)}-symbol.json")
    return symbol, *load_params(prefix, epoch)


def _parameter_file(prefix: str, epoch: int) -> str:
    return f"{prefix}-{index(epoch):04d}.params"
