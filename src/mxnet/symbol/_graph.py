"""What a graph is: nodes, each an operator or a variable, joined by entries that say which output is meant.

A node never changes once it is made, apart from the annotations of variables and names; a graph is whatever can be
reached from some entries. Everything here is iterative, since graphs from files may be deeper than Python's stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mxnet.operators.catalogue import Operator

__all__ = ["Entry", "Node", "auxiliary", "replay", "topological", "variables"]


class Node:
    """An operator with its attributes and inputs, or (`op` None) a variable.

    Attributes
    ----------
    op : Operator or None
    name : str
    attributes : dict
        Those given, in canonical form (`Operator.canonical`); the others have their defaults.
    inputs : tuple of Entry or None
        In the order of the body's parameters; None for an optional input that is not given and has others behind it.
    annotations : dict of str to str
        What users and MXNet attach to a node beside its attributes: ``__shape__``, ``__lr_mult__``, ``ctx_group``.
    written : tuple of str and dict of str to str, or None
        The operator's name and the attributes' texts as a file or a user spelled them, for whoever writes them.
    """

    __slots__ = ("__weakref__", "annotations", "attributes", "inputs", "name", "op", "written")

    def __init__(
        self,
        op: Operator | None,
        name: str,
        attributes: Mapping[str, Any] | None = None,
        inputs: Sequence[Entry | None] = (),
        annotations: Mapping[str, str] | None = None,
        written: tuple[str, dict[str, str]] | None = None,
    ) -> None:
        self.op = op
        self.name = name
        self.attributes = dict(attributes or {})
        self.inputs = tuple(inputs)
        self.annotations = dict(annotations or {})
        self.written = written

    @property
    def outputs(self) -> int:
        """The number of results it has."""
        return 1 if self.op is None else self.op.count(self.attributes, len(self.inputs))

    def __repr__(self) -> str:
        return f"<Node {self.name}: {'variable' if self.op is None else self.op.name}>"


Entry = tuple[Node, int]


def topological(entries: Iterable[Entry]) -> list[Node]:
    """Every node that the entries need, each after its inputs, in the order MXNet writes nodes to files."""
    order: list[Node] = []
    seen: set[int] = set()
    for head, _ in entries:
        if id(head) in seen:
            continue
        seen.add(id(head))
        pending: list[tuple[Node, Iterator[Entry | None]]] = [(head, iter(head.inputs))]
        while pending:
            node, inputs = pending[-1]
            for entry in inputs:
                if entry is not None and id(entry[0]) not in seen:
                    seen.add(id(entry[0]))
                    pending.append((entry[0], iter(entry[0].inputs)))
                    break
            else:
                pending.pop()
                order.append(node)
    return order


def variables(entries: Iterable[Entry]) -> list[Node]:
    """The variables that the entries need, in topological order: arguments and auxiliary states."""
    return [node for node in topological(entries) if node.op is None]


def auxiliary(entries: Iterable[Entry]) -> set[int]:
    """The `id`s of the variables that an operator may write: its auxiliary states, such as running statistics."""
    states = set()
    for node in topological(entries):
        if node.op is None or not node.op.mutates:
            continue
        for name, entry in zip(node.op.inputs, node.inputs, strict=False):
            if name in node.op.mutates and entry is not None and entry[0].op is None:
                states.add(id(entry[0]))
    return states


def replay(
    entries: Sequence[Entry],
    values: Mapping[int, Any],
    call: Callable[[Node, list[Any]], Sequence[Any]],
    calls: Sequence[Node] = (),
) -> list[Any]:
    """The values of the entries, from those of the variables.

    Parameters
    ----------
    entries : sequence of Entry
    values : mapping of int to object
        The value of each variable, by the `id` of its node.
    call : callable
        ``call(node, inputs)`` returns the results of an operator's node; a value is let go of after its last use.
    calls : sequence of Node, optional
        The operators in the order in which they are called; default those that are needed, in topological order.
    """
    nodes = calls or topological(entries)
    last_use = {id(entry[0]): node for node in nodes for entry in node.inputs if entry is not None}
    kept = {id(node) for node, _ in entries}
    results: dict[int, Sequence[Any]] = {key: (value,) for key, value in values.items()}
    for node in nodes:
        if node.op is None:
            continue
        given = [None if entry is None else results[id(entry[0])][entry[1]] for entry in node.inputs]
        found = call(node, given)
        if id(node) in last_use or id(node) in kept:
            results[id(node)] = found
        for entry in node.inputs:
            if entry is not None and last_use[id(entry[0])] is node and id(entry[0]) not in kept:
                results.pop(id(entry[0]), None)
    return [results[id(node)][number] for node, number in entries]
