"""Labels of output operators: only their backward pass reads them, so a graph that predicts can do without.

Graphs of MXNet 1.x end in operators such as ``SoftmaxOutput``, which take a label beside the data. Their result is
a function of the data alone: another operator, put in their place, computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from mxnet.operators.catalogue import find
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._rewrite import rewrite

__all__ = ["labels", "without_labels"]


def labels(entries: Iterable[Entry]) -> set[str]:
    """The names of the variables that nothing but output operators read, as their labels."""
    read, as_label = set(), set()
    for node in topological(entries):
        for place, entry in enumerate(node.inputs):
            if entry is not None and entry[0].op is None:
                is_label = place == 1 and node.op.name in _WITHOUT_LABEL
                (as_label if is_label else read).add(entry[0].name)
    return as_label - read


def without_labels(entries: Iterable[Entry], given: Collection[str]) -> list[Entry]:
    """The entries of a graph that predicts the same and needs no label that is not given.

    Parameters
    ----------
    entries : iterable of Entry
    given : collection of str
        The names of the variables that have values.

    Returns
    -------
    list of Entry
        As many, of nodes with the same names; nodes that need no change are the same objects.
    """
    lacking: set[int] = set()  # nodes without a value

    def change(node: Node, inputs: list[Entry | None]) -> Node | None:
        missing = [entry is not None and is_lacking(entry[0]) for entry in node.inputs]
        if node.op.name not in _WITHOUT_LABEL or not missing[1]:
            lacking.update([id(node)] if any(missing) else [])
            return None
        lacking.update([id(node)] if missing[0] else [])
        return _WITHOUT_LABEL[node.op.name](node, inputs[0])

    def is_lacking(node: Node) -> bool:
        return node.name not in given if node.op is None else id(node) in lacking

    return rewrite(entries, change)


def _apply(name: str, node_name: str, *inputs: Entry, **attributes: Any) -> Node:
    op = find(name)
    return Node(op, node_name, op.canonical(attributes), inputs)


def _same(node: Node, data: Entry) -> Node:
    return _apply("_copy", node.name, data)


def _sigmoid(node: Node, data: Entry) -> Node:
    return _apply("sigmoid", node.name, data)


def _softmax(node: Node, data: Entry) -> Node:
    attributes = node.op.complete(node.attributes)
    if attributes["multi_output"]:
        return _apply("softmax", node.name, data, axis=1)
    if attributes["preserve_shape"]:
        return _apply("softmax", node.name, data, axis=-1)
    flat = _apply("Flatten", f"{node.name}_flat", data)
    chances = _apply("softmax", f"{node.name}_flat_softmax", (flat, 0), axis=-1)
    return _apply("reshape_like", node.name, (chances, 0), data)


_WITHOUT_LABEL: dict[str, Callable[[Node, Entry], Node]] = {
    "LinearRegressionOutput": _same,
    "LogisticRegressionOutput": _sigmoid,
    "MAERegressionOutput": _same,
    "SVMOutput": _same,
    "SoftmaxOutput": _softmax,
}
"""By an output operator's name, what makes the node in its place from the node and the entry of its data."""
