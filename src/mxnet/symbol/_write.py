"""Graphs to text: a ``-symbol.json`` as MXNet 2.0 writes it, made so that 1.9.1 loads it too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from mxnet.base import MXNetError
from mxnet.operators.module import ModuleOperator
from mxnet.symbol._dialect import NO_SCOPE, prints_all, slots, to_file, without_unknown
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._rewrite import rewrite
from mxnet.symbol._spelling import spell_all, spell_given

__all__ = ["CASTS", "attribute_texts", "to_json", "without_casts"]

_VERSION = 20000
CASTS = ("amp_cast", "amp_multicast")
"""The operators that mixed precision puts between others."""


def to_json(entries: Sequence[Entry], remove_amp_cast: bool = True) -> str:
    """The text of a graph's file.

    Parameters
    ----------
    entries : sequence of Entry
    remove_amp_cast : bool, optional
        Leave out the casts that automatic mixed precision puts in, so that the file knows one type only.

    Raises
    ------
    MXNetError
        If the graph holds a module of PyTorch, which no file can.
    """
    if remove_amp_cast:
        entries = without_casts(entries)
    nodes = topological(entries)
    for node in nodes:
        if isinstance(node.op, ModuleOperator):
            raise MXNetError(node.op.refusal(node.inputs))
    places = {id(node): place for place, node in enumerate(nodes)}
    lines = [_dumped(_node(node, places)) for node in nodes]
    counted = accumulate((_slots(node) for node in nodes), initial=0)
    fields = {
        "arg_nodes": [place for place, node in enumerate(nodes) if node.op is None],
        "node_row_ptr": list(counted),
        "heads": [_edge(entry, places) for entry in entries],
        "attrs": {"is_np_shape": ["int", 1], "mxnet_version": ["int", _VERSION]},
    }
    body = ",\n    ".join(lines)
    rest = ",\n".join(f'  "{name}": {_dumped(value)}' for name, value in fields.items())
    return f'{{\n  "nodes": [\n    {body}\n  ],\n{rest}\n}}'


def _dumped(value: Any) -> str:
    # MXNet's reader knows no \\u escapes.
    return json.dumps(value, ensure_ascii=False)


def _edge(entry: Entry, places: dict[int, int]) -> list[int]:
    return [places[id(entry[0])], entry[1], 0]


def _slots(node: Node) -> int:
    return 1 if node.op is None else slots(node.op, node.attributes, len(node.inputs))


def _node(node: Node, places: dict[int, int]) -> dict[str, Any]:
    op, texts = attribute_texts(node)
    texts |= node.annotations
    record: dict[str, Any] = {"op": op, "name": node.name}
    if texts:
        record["attrs"] = dict(sorted(texts.items()))
    record["inputs"] = [_edge(entry, places) for entry in node.inputs if entry is not None]
    return record


def attribute_texts(node: Node) -> tuple[str, dict[str, str]]:
    """Operator and attributes as a file names and spells them; as the node's own file did, where that still holds."""
    op, attributes = node.op, node.attributes
    if op is None:
        return "null", {}
    name, scope = op.name, {}
    if node.written is not None and op.canonical(node.written[1]) == attributes:
        name, texts = node.written
    elif prints_all(op) and not NO_SCOPE.keys() & node.annotations.keys():
        attributes = op.complete(attributes)
        texts = spell_all(op, attributes)
    else:
        # Numbers beside an array of the 1.x face never change its type, which `is_int` would make MXNet do.
        texts = spell_given({key: value for key, value in attributes.items() if key != "is_int" or prints_all(op)})
        scope = NO_SCOPE
    inputs = sum(entry is not None for entry in node.inputs)
    return name, scope | without_unknown(op, to_file(op, name, texts, attributes, inputs), attributes)


def without_casts(entries: Sequence[Entry]) -> list[Entry]:
    """The graph with every result of a cast replaced by what is cast."""
    return rewrite(entries, lambda node, inputs: inputs if node.op.name in CASTS else None)
