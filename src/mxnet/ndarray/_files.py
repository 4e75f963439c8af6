"""Arrays to files and back, for both faces."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import torch

from mxnet import formats
from mxnet.ndarray._array import Array, known, wrap

__all__ = ["load_arrays", "tensors_of", "wrap_loaded"]


def load_arrays(file: str | os.PathLike | Any, cls: type) -> Any:
    """The arrays of a file of any of the known formats, as arrays of class `cls`."""
    return wrap_loaded(formats.load(file), cls)


def wrap_loaded(loaded: Any, cls: type) -> Any:
    """Tensors read from a file, a dict or list of them, as arrays of class `cls`."""
    if isinstance(loaded, dict):
        return {name: wrap(cls, tensor) for name, tensor in loaded.items()}
    if isinstance(loaded, torch.Tensor):
        return wrap(cls, loaded)
    return [wrap(cls, tensor) for tensor in loaded]


def tensors_of(data: Any, where: str) -> dict[str, torch.Tensor] | list[torch.Tensor]:
    """The tensors of an array, a sequence or a dict of arrays.

    Raises
    ------
    ValueError
        If `data` is none of these.
    """
    if isinstance(data, Array):
        return [_plain(data)]
    values = list(data.values()) if isinstance(data, dict) else data
    if not isinstance(values, Sequence) or not all(isinstance(value, Array) for value in values):
        raise ValueError(f"{where} takes an array, a list of arrays or a dict of str to array, not {data!r:.80}")
    if isinstance(data, dict):
        if not all(isinstance(name, str) for name in data):
            raise ValueError(f"{where}: the keys must be strings, not {list(data)!r:.80}")
        return {name: _plain(value) for name, value in data.items()}
    return [_plain(value) for value in values]


def _plain(array: Array) -> torch.Tensor:
    return known(array, "saving").detach()
