"""A graph in parts: those that an engine takes, and between them those that it leaves to torch.

A part is as large as it can be without two parts waiting for each other: nodes are numbered by how often the way to
them has changed sides, and a part is what has one number and lies on one side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from mxnet.symbol._graph import Entry, Node, topological

__all__ = ["Part", "partition"]


class Part(NamedTuple):
    """Some nodes of a graph.

    Attributes
    ----------
    taken : bool
        Whether the engine runs it.
    inputs : list of Entry
        What it needs: variables and results of parts before it.
    outputs : list of Entry
        What other parts, or the caller, need of it.
    nodes : list of Node
        In topological order.
    """

    taken: bool
    inputs: list[Entry]
    outputs: list[Entry]
    nodes: list[Node]


def partition(entries: Sequence[Entry], takes: Callable[[Node], bool]) -> list[Part]:
    """The parts of a graph, in an order in which they can run.

    Parameters
    ----------
    entries : sequence of Entry
    takes : callable
        Whether the engine takes an operator's node.
    """
    nodes = [node for node in topological(entries) if node.op is not None]
    taken = {id(node): bool(takes(node)) for node in nodes}
    members: dict[tuple[int, bool], list[Node]] = {}
    level: dict[int, int] = {}
    for node in nodes:
        level[id(node)] = max([_step(node, source, level, taken) for source in _operators(node)], default=0)
        members.setdefault((level[id(node)], taken[id(node)]), []).append(node)
    needed = set(_named(entries))
    parts = []
    for key in sorted(members):
        parts.append((key, members[key]))
    home = {id(node): key for key, group in parts for node in group}
    for node in nodes:
        needed |= {name for name in _named(node.inputs) if home.get(name[0]) != home[id(node)]}
    return [_part(taken, group, needed) for (_, taken), group in parts]


def _step(node: Node, source: Node, level: dict[int, int], taken: dict[int, bool]) -> int:
    return level[id(source)] + (taken[id(source)] != taken[id(node)])


def _operators(node: Node) -> list[Node]:
    return [entry[0] for entry in node.inputs if entry is not None and entry[0].op is not None]


def _named(entries: Sequence[Entry | None]) -> list[tuple[int, int]]:
    return [(id(entry[0]), entry[1]) for entry in entries if entry is not None]


def _part(taken: bool, nodes: list[Node], needed: set[tuple[int, int]]) -> Part:
    inside = {id(node) for node in nodes}
    inputs: dict[tuple[int, int], Entry] = {}
    for node in nodes:
        for entry in node.inputs:
            if entry is not None and id(entry[0]) not in inside:
                inputs.setdefault((id(entry[0]), entry[1]), entry)
    outputs = [(node, number) for node in nodes for number in range(node.outputs) if (id(node), number) in needed]
    return Part(taken, list(inputs.values()), outputs, nodes)
