"""Graphs that differ from others in some nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mxnet.symbol._graph import Entry, Node, topological

__all__ = ["rewrite"]

Change = Callable[[Node, list[Entry | None]], Node | Sequence[Entry] | None]


def rewrite(entries: Iterable[Entry], change: Change) -> list[Entry]:
    """The entries of a graph in which some nodes are replaced; the others are the same objects where they can be.

    Parameters
    ----------
    entries : iterable of Entry
    change : callable
        ``change(node, inputs)`` is told of each operator's node, inputs first, and of its inputs in the new graph;
        it returns the node in its place, the entries in the place of its results, or None to leave it.
    """
    entries = list(entries)
    new: dict[int, Node | Sequence[Entry]] = {}

    def follow(entry: Entry) -> Entry:
        found = new[id(entry[0])]
        return (found, entry[1]) if isinstance(found, Node) else found[entry[1]]

    for node in topological(entries):
        inputs = [None if entry is None else follow(entry) for entry in node.inputs]
        changed = None if node.op is None else change(node, inputs)
        new[id(node)] = _on(node, inputs) if changed is None else changed
    return [follow(entry) for entry in entries]


def _on(node: Node, inputs: list[Entry | None]) -> Node:
    if tuple(inputs) == node.inputs:
        return node
    return Node(node.op, node.name, node.attributes, inputs, node.annotations, node.written)
