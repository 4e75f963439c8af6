"""Arrays that a graph makes in whatever size fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mxnet.symbol._abstract import Shape
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._rewrite import rewrite
from mxnet.symbol._shapes import ShapeSolver, is_open

__all__ = ["fitted"]


def fitted(entries: Sequence[Entry], shapes: Mapping[str, Shape]) -> Sequence[Entry]:
    """The graph with the sizes put in that its operators leave open.

    Parameters
    ----------
    entries : sequence of Entry
    shapes : mapping of str to tuple of int
        Of the variables, by name.

    Raises
    ------
    MXNetError
        If shapes contradict each other.
    """
    if not any(map(is_open, topological(entries))):
        return entries
    solver = ShapeSolver(entries, shapes)

    def change(node: Node, inputs: list[Entry | None]) -> Node | None:
        if not is_open(node):
            return None
        return Node(node.op, node.name, node.attributes | {"shape": solver.shape((node, 0))}, inputs, node.annotations)

    return rewrite(entries, change)
