"""Rectifiers and sums that overwrite an operand which nothing else needs, instead of taking new memory.

In a training step that memory is never in the cache, and the system clears every page of it: at large batches these
operators cost little else. Results and gradients stay the same bit by bit.
"""

from __future__ import annotations

from operator import getitem

import torch
import torch.nn.functional as F
from torch import fx

from mxnet.operators.neural.batch_normalization import native_batch_norm_of_half

__all__ = ["write_in_place"]

Tensor = torch.Tensor


def write_in_place(graph: fx.Graph) -> None:
    """Rewrite the calls of a graph whose nodes have shape and type of their results, as a pair, in ``meta["form"]``."""
    for node in graph.nodes:
        if node.op != "call_function" or node.kwargs:
            continue
        if node.target is torch.relu and _is_spare(node.args[0]):
            node.target = torch.relu_
        elif node.target is torch.add:
            _add_in_place(node)


def _add_in_place(node: fx.Node) -> None:
    one, other = node.args
    if not isinstance(one, fx.Node) or not isinstance(other, fx.Node) or one is other:
        return
    if one.meta["form"] != other.meta["form"]:
        return
    if _is_spare(one):
        node.target = add_to_first
    elif _is_spare(other):
        node.target = add_to_second


def _is_spare(place: fx.Node) -> bool:
    """Whether a result is used once, here, may be overwritten for the sake of gradients, and has a layout of its own.

    With an axis of one element torch's functions may choose another layout for their result, and kernels after that
    round otherwise.
    """
    if place.op != "call_function" or len(place.users) != 1 or 1 in place.meta["form"][0][1:]:
        return False
    if place.target is getitem:
        source, number = place.args
        return number == 0 and source.target in _FIRST_GIVES_WAY
    if place.target is F.linear and len(place.meta["form"][0]) > 2:
        return False  # a view of the product: autograd would copy more than is saved
    return place.target in _GIVES_WAY


def add_to_first(one: Tensor, other: Tensor) -> Tensor:
    """The sum, in the memory of the first operand where it would have that layout."""
    return one.add_(other) if one.stride() == other.stride() else torch.add(one, other)


def add_to_second(one: Tensor, other: Tensor) -> Tensor:
    """The sum, in the memory of the second operand where it would have that layout."""
    return other.add_(one) if one.stride() == other.stride() else torch.add(one, other)


# Their results are new memory, and their gradients do not need them.
_GIVES_WAY = {
    torch.conv1d,
    torch.conv2d,
    torch.conv3d,
    F.linear,
    torch.batch_norm,
    torch.add,
    add_to_first,
    add_to_second,
}
_FIRST_GIVES_WAY = {torch.native_batch_norm, native_batch_norm_of_half}
