"""Graphs that differ from others in some nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mxnet.symbol._graph import Entry, Node, topological

__all__ = ["rewrite"]


def rewrite(entries: Iterable[Entry], change: Callable[[Node, list[Entry | None]], Node | None]) -> list[Entry]:
    """The entries of a graph in which some nodes are replaced; the others are the same objects where they can be.

    Parameters
    ----------
    entries : iterable of Entry
    change : callable
        ``change(node, inputs)`` is told of each operator's node, inputs first, and of its inputs in the new graph;
        it returns the node in its place, or None to leave it.
    """
    entries = list(entries)
    new: dict[int, Node] = {}
    for node in topological(entries):
        inputs = [None if entry is None else (new[id(entry[0])], entry[1]) for entry in node.inputs]
        changed = None if node.op is None else change(node, inputs)
        new[id(node)] = changed or _on(node, inputs)
    return [(new[id(node)], number) for node, number in entries]


def _on(node: Node, inputs: list[Entry | None]) -> Node:
    if tuple(inputs) == node.inputs:
        return node
    return Node(node.op, node.name, node.attributes, inputs, node.annotations, node.written)
