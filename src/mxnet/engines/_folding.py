"""What graphs that predict need not compute: casts of constants, and batch normalization after a layer with weights."""

from __future__ import annotations

from collections import Counter

import torch

from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._rewrite import rewrite

__all__ = ["fold_casts", "fold_normalization"]

Tensor = torch.Tensor
Constants = dict[Node, Tensor]

_CHANNELS_FIRST = (None, "NCW", "NCHW", "NCDHW")


def fold_casts(entries: list[Entry], constants: Constants) -> list[Entry]:
    """The graph in which mixed precision casts no constants; those of the other types are added to `constants`."""

    def change(node: Node, inputs: list[Entry | None]) -> Node | None:
        if node.op.name != "amp_cast" or inputs[0] is None or inputs[0][0] not in constants:
            return None
        new = Node(None, node.name)
        constants[new] = node.op.body(constants[inputs[0][0]], **node.attributes)
        return new

    return rewrite(entries, change)


def fold_normalization(entries: list[Entry], constants: Constants) -> list[Entry]:
    """The graph without those BatchNorms whose statistics and parameters are constant and whose input is theirs alone.

    New weights and biases are added to `constants`.
    """
    uses = Counter(id(entry[0]) for node in topological(entries) for entry in node.inputs if entry is not None)
    uses.update(id(node) for node, _ in entries)

    def change(node: Node, inputs: list[Entry | None]) -> Node | None:
        if not _is_plain_normalization(node) or inputs[0] is None:
            return None
        # `uses` knows the nodes of the old graph; a layer that was not rewritten is the same object in the new one.
        layer = inputs[0][0]
        if uses[id(node.inputs[0][0])] != 1 or not _is_foldable(layer, node):
            return None
        tensors = [constants.get(entry[0]) for entry in (*layer.inputs[1:], *inputs[1:]) if entry is not None]
        if any(tensor is None for tensor in tensors):
            return None
        return _folded(layer, node, inputs, constants)

    return rewrite(entries, change)


def _is_plain_normalization(node: Node) -> bool:
    return node.op.name == "BatchNorm" and not node.op.complete(node.attributes)["output_mean_var"]


def _is_foldable(layer: Node, norm: Node) -> bool:
    if layer.op is None or norm.op.complete(norm.attributes)["axis"] != 1:
        return False
    attributes = layer.op.complete(layer.attributes)
    if layer.op.name == "Convolution":
        return attributes["layout"] in _CHANNELS_FIRST
    return layer.op.name == "FullyConnected" and attributes["flatten"]


def _folded(layer: Node, norm: Node, inputs: list[Entry | None], constants: Constants) -> Node:
    attributes = norm.op.complete(norm.attributes)
    gamma, beta, mean, variance = (constants[entry[0]].double() for entry in inputs[1:])
    scale = (variance + attributes["eps"]).rsqrt()
    if not attributes["fix_gamma"]:
        scale = scale * gamma
    weight = constants[layer.inputs[1][0]]
    has_bias = len(layer.inputs) > 2 and layer.inputs[2] is not None
    bias = constants[layer.inputs[2][0]].double() if has_bias else torch.zeros_like(mean)
    shape = (-1,) + (1,) * (weight.dim() - 1)
    new_weight = Node(None, f"{layer.inputs[1][0].name}_folded")
    new_bias = Node(None, f"{norm.name}_bias")
    form = torch.channels_last if weight.dim() == 4 else torch.contiguous_format
    constants[new_weight] = (weight.double() * scale.reshape(shape)).to(weight.dtype).contiguous(memory_format=form)
    constants[new_bias] = (beta + (bias - mean) * scale).to(weight.dtype)
    given = layer.attributes | {"no_bias": False}
    return Node(layer.op, norm.name, given, [layer.inputs[0], (new_weight, 0), (new_bias, 0)])
