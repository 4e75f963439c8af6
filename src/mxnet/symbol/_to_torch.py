"""A symbol with its parameters as a module of PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError, listed
from mxnet.engines._module import to_module
from mxnet.formats._marks import without_marks
from mxnet.ndarray._array import Array
from mxnet.symbol._compose import substitute
from mxnet.symbol._graph import Entry, Node, auxiliary, variables
from mxnet.symbol._labels import labels, without_labels

__all__ = ["to_torch"]


def to_torch(
    entries: Sequence[Entry],
    params: Mapping[str, Any],
    input_names: str | Sequence[str] | None,
    share: bool,
    name: str,
) -> torch.fx.GraphModule:
    """See `Symbol.to_torch`."""
    values = without_marks(params)
    names = _input_names(entries, values, input_names)
    entries = without_labels(entries, {*values, *names})
    nodes = {node.name: node for node in variables(entries)}
    if len(nodes) < len(variables(entries)):  # those of one name are one
        entries = substitute(entries, {name: (node, 0) for name, node in nodes.items()})
    missing = [name for name in nodes if name not in values and name not in names]
    if missing:
        raise MXNetError(f"to_torch: the variables {listed(missing)} are no inputs and have no values in params")
    states = auxiliary(entries)
    tensors = {
        node: _tensor(node, values[name], id(node) in states, share)
        for name, node in nodes.items()
        if name not in names
    }
    devices = {tensor.device for tensor in tensors.values()}
    if len(devices) > 1:
        raise MXNetError(f"to_torch: params are on several devices, {listed(sorted(map(str, devices)))}")
    inputs = [nodes.get(name) or Node(None, name) for name in names]
    return to_module(entries, inputs, tensors, name=name)


def _input_names(entries: Sequence[Entry], values: Mapping[str, Any], given: str | Sequence[str] | None) -> list[str]:
    there = list(dict.fromkeys(node.name for node in variables(entries)))
    if given is None:
        unused = labels(entries)
        return [name for name in there if name not in values and name not in unused]
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if name not in there:
            raise MXNetError(f"to_torch: the graph has no input {name!r}; its variables are {listed(there)}")
    return names


def _tensor(node: Node, value: Any, is_state: bool, share: bool) -> torch.Tensor:
    if isinstance(value, Array):
        tensor = value._data.detach()
    elif isinstance(value, torch.Tensor):
        tensor = value.detach()
    elif isinstance(value, np.ndarray):
        tensor = torch.from_numpy(value)
    else:
        raise TypeError(f"to_torch: params[{node.name!r}] must be an array, not {type(value).__name__}")
    tensor = tensor if share else tensor.clone(memory_format=torch.contiguous_format)
    return tensor if is_state or not tensor.is_floating_point() else torch.nn.Parameter(tensor)
