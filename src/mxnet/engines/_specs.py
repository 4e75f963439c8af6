"""Shapes and types of what a graph computes: its operators run on tensors without values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from mxnet.operators._forms import Forms
from mxnet.operators.catalogue import Operator
from mxnet.symbol._graph import Entry, Node, replay, variables

__all__ = ["Key", "key_of", "made_without_values", "results_of", "specs_of", "without_values"]

Tensor = torch.Tensor
Key = tuple[int, int]
"""The id of a node and the number of its result."""


def key_of(entry: Entry) -> Key:
    return id(entry[0]), entry[1]


def without_values(tensor: Tensor) -> Tensor:
    """A tensor of the same shape and type on torch's meta device."""
    return tensor if tensor.is_meta else torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")


def results_of(node: Node, given: Sequence[Any]) -> tuple[Tensor, ...]:
    """The results of an operator's node that predicts, for inputs without values."""
    attributes = node.attributes | {"training": False} if node.op.modal else node.attributes
    if any(isinstance(value, Tensor) for value in given):
        with Forms():
            result = node.op.body(*given, **attributes)
    else:
        result = made_without_values(node.op, attributes)
    results = (result,) if isinstance(result, Tensor) else tuple(result)
    return tuple(without_values(tensor) for tensor in results)


def made_without_values(op: Operator, attributes: dict[str, Any]) -> Any:
    """The results of an operator without inputs, without values; nothing is drawn from a random generator."""
    result = op.body(**(attributes | {"ctx": "meta"} if "ctx" in op.attributes else attributes))
    return result.to("meta") if isinstance(result, Tensor) else [tensor.to("meta") for tensor in result]


def specs_of(entries: Sequence[Entry], known: Mapping[Node, Tensor]) -> dict[Key, Tensor]:
    """A tensor without values for every result in a graph, from tensors for its variables."""
    found: dict[Key, Tensor] = {}

    def call(node: Node, given: list[Any]) -> Sequence[Tensor]:
        results = results_of(node, given)
        found.update({(id(node), number): tensor for number, tensor in enumerate(results)})
        return results

    stand_ins = {id(node): without_values(known[node]) for node in variables(entries)}
    found.update({(key, 0): tensor for key, tensor in stand_ins.items()})
    replay(entries, stand_ins, call)
    return found
