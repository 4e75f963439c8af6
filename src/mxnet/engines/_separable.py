"""Whether a graph computes each sample of a batch by itself, so that a batch may be computed in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from mxnet.engines._specs import Key, key_of, specs_of
from mxnet.engines.engine import Subgraph
from mxnet.operators import find
from mxnet.symbol._graph import Node, topological

__all__ = ["is_separable"]

Tensor = torch.Tensor
Attributes = dict[str, Any]

# The first input has the samples along its first axis, and so has the result; the others are weights.
_LAYERS = """
    Convolution Deconvolution FullyConnected Pooling Activation LeakyReLU relu sigmoid tanh clip _npi_clip Flatten
    Dropout LRN UpSampling InstanceNorm identity _npi_copy BlockGrad _plus_scalar _minus_scalar _mul_scalar _div_scalar
    _npi_add_scalar _npi_subtract_scalar _npi_multiply_scalar _npi_true_divide_scalar _npi_maximum_scalar
    _npi_minimum_scalar hard_sigmoid
"""
# Every input may have them, or be a constant that broadcasts along the first axis.
_ELEMENTWISE = """
    elemwise_add elemwise_sub elemwise_mul elemwise_div broadcast_add broadcast_sub broadcast_mul broadcast_div
    broadcast_maximum broadcast_minimum add_n _npi_add _npi_subtract _npi_multiply _npi_true_divide _npi_maximum
    _npi_minimum
"""
# The attribute that must not name the first axis.
_ALONG = {"Concat": "dim", "softmax": "axis", "log_softmax": "axis", "BatchNorm": "axis", "SliceChannel": "axis"}

_LAYER_NAMES = frozenset(find(name).name for name in _LAYERS.split())
_ELEMENTWISE_NAMES = frozenset(find(name).name for name in _ELEMENTWISE.split())
_ALONG_NAMES = {find(name).name: attribute for name, attribute in _ALONG.items()}
_TOGETHER = frozenset(("Concat",))  # of these, all inputs have the samples


def is_separable(graph: Subgraph) -> bool:
    """Whether the results for a batch are those for its parts, one after the other along the first axis.

    Only operators are looked at that are known to be of this kind; a graph with any other is not.
    """
    if not graph.examples or any(not example.dim() for example in graph.examples):
        return False
    if len({example.shape[0] for example in graph.examples}) > 1:
        return False
    specs = specs_of(graph.entries, dict(zip(graph.inputs, graph.examples, strict=True)) | dict(graph.constants))
    batched: set[Key] = {(id(node), 0) for node in graph.inputs}
    for node in topological(graph.entries):
        if node.op is None or not any(entry is not None and key_of(entry) in batched for entry in node.inputs):
            continue
        if not _keeps_samples_apart(node, specs, lambda entry: key_of(entry) in batched):
            return False
        batched.update((id(node), number) for number in range(node.outputs))
    return all(key_of(entry) in batched for entry in graph.entries)


def _keeps_samples_apart(node: Node, specs: dict[Key, Tensor], has_samples: Callable[[Any], bool]) -> bool:
    given = [entry for entry in node.inputs if entry is not None]
    name = node.op.name
    if name in _ELEMENTWISE_NAMES:
        rank = specs[id(node), 0].dim()
        return all(_fits(specs[key_of(entry)], rank, has_samples(entry)) for entry in given)
    if name in _ALONG_NAMES:
        rank = specs[key_of(given[0])].dim()
        if node.op.complete(node.attributes)[_ALONG_NAMES[name]] % rank == 0:
            return False
    elif name not in _LAYER_NAMES:
        return False
    return _only_first(given, has_samples) or (name in _TOGETHER and all(map(has_samples, given)))


def _only_first(given: Sequence[Any], has_samples: Callable[[Any], bool]) -> bool:
    return has_samples(given[0]) and not any(map(has_samples, given[1:]))


def _fits(tensor: Tensor, rank: int, has_samples: bool) -> bool:
    if has_samples:
        return tensor.dim() == rank
    return tensor.dim() < rank or tensor.shape[0] == 1
