"""Nested values with arrays in them as a file: safetensors, with the structure as JSON in its metadata.

A dict is ``{"dict": {...}}`` there, an array ``{"array": name, "kind": kind}``; everything else stands for itself.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.formats import safetensors
from mxnet.formats._writer import atomic_write
from mxnet.ndarray._array import Array, wrap
from mxnet.numpy.multiarray import ndarray

__all__ = ["from_bytes", "is_storable", "read_state", "to_bytes", "write_state"]

_KEY = "mxnet-training-state"
_PLAIN = (bool, int, float, str, type(None))
_RESTORED = {
    "array": lambda tensor: wrap(ndarray, tensor),
    "tensor": lambda tensor: tensor,
    "numpy": lambda tensor: tensor.numpy(),
}


def is_storable(value: Any) -> bool:
    """Whether a file can hold it: plain values and arrays, also within lists, tuples and dicts with names."""
    if isinstance(value, (*_PLAIN, np.generic, Array, torch.Tensor)):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf"
    if isinstance(value, dict):
        return all(isinstance(name, str) and is_storable(part) for name, part in value.items())
    return isinstance(value, (list, tuple)) and all(map(is_storable, value))


def to_bytes(state: dict[str, Any]) -> bytes:
    """The bytes of a file that holds `state`.

    Raises
    ------
    TypeError
        If there is something in it that no file can hold.
    """
    arrays: dict[str, torch.Tensor] = {}
    structure = _structure(state, arrays, "state")
    return safetensors.dump(arrays, {_KEY: json.dumps(structure)})


def from_bytes(data: bytes) -> Any:
    """What `to_bytes` was given; tuples have become lists.

    Raises
    ------
    MXNetError
        If the bytes are something else.
    """
    try:
        arrays, metadata = safetensors.parse(data, "state")
        return _restore(json.loads(metadata[_KEY]), arrays)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MXNetError(f"no state of a training: {error!r}") from error


def write_state(path: str | os.PathLike, state: dict[str, Any]) -> None:
    """Write `state` to a file, which is whole or not there.

    Raises
    ------
    TypeError
        If there is something in it that no file can hold.
    """
    data = to_bytes(state)
    with atomic_write(path) as file:
        file.write(data)


def read_state(path: str | os.PathLike) -> Any:
    """What `write_state` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    MXNetError
        If it holds something else.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        return from_bytes(data)
    except MXNetError as error:
        raise MXNetError(f"{os.fspath(path)}: {error}") from error


def _structure(value: Any, arrays: dict[str, torch.Tensor], where: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str):
                raise TypeError(f"{where}: the names in a state are str, not {name!r}")
        return {"dict": {name: _structure(part, arrays, f"{where}[{name!r}]") for name, part in value.items()}}
    if isinstance(value, (list, tuple)):
        return [_structure(part, arrays, f"{where}[{number}]") for number, part in enumerate(value)]
    kind, tensor = _as_tensor(value, where)
    name = str(len(arrays))
    arrays[name] = tensor
    return {"array": name, "kind": kind}


def _as_tensor(value: Any, where: str) -> tuple[str, torch.Tensor]:
    if isinstance(value, Array):
        return "array", value._data
    if isinstance(value, torch.Tensor):
        return "tensor", value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return "numpy", torch.from_numpy(np.array(value))
    raise TypeError(f"{where}: a state holds numbers, texts, arrays, lists and dicts, not {type(value).__name__}")


def _restore(structure: Any, arrays: dict[str, torch.Tensor]) -> Any:
    if isinstance(structure, dict):
        if "array" in structure:
            return _RESTORED[structure["kind"]](arrays[structure["array"]])
        return {name: _restore(part, arrays) for name, part in structure["dict"].items()}
    if isinstance(structure, list):
        return [_restore(part, arrays) for part in structure]
    return structure
