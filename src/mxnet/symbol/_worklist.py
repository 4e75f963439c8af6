"""Working through a graph until nothing new follows: news at one node is a reason to look at its neighbours."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from mxnet.symbol._graph import Entry, Node, topological

__all__ = ["Worklist"]


class Worklist:
    """The operators' nodes of a graph, each visited in topological order and again when it may tell more.

    Attributes
    ----------
    nodes : list of Node
        All nodes of the graph, in topological order.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.nodes = topological(entries)
        self._consumers: dict[int, list[Node]] = {}
        for node in self.nodes:
            for entry in node.inputs:
                if entry is not None:
                    self._consumers.setdefault(id(entry[0]), []).append(node)
        self._pending = deque(node for node in self.nodes if node.op is not None)
        self._waiting = {id(node) for node in self._pending}

    def run(self, visit: Callable[[Node], None]) -> None:
        """Visit nodes until none is pending."""
        while self._pending:
            node = self._pending.popleft()
            self._waiting.discard(id(node))
            visit(node)

    def changed(self, node: Node) -> None:
        """Something was learned about a result of `node`: it and those that take the result are due."""
        for each in (node, *self._consumers.get(id(node), ())):
            if each.op is not None and id(each) not in self._waiting:
                self._waiting.add(id(each))
                self._pending.append(each)
