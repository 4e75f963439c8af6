"""Graphs in which operators compute in other types than their inputs have: casts stand between, as ``amp_cast``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from mxnet import _dtype
from mxnet.operators.catalogue import find
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._listing import output_name
from mxnet.symbol._write import CASTS

__all__ = ["Casting", "has_casts"]


def has_casts(entries: Iterable[Entry]) -> bool:
    """Whether casts stand in a graph already."""
    return any(node.op is not None and node.op.name in CASTS for node in topological(entries))


class Casting:
    """What `symbol._rewrite.rewrite` calls to put casts into a graph; each result is cast once to each type.

    Subclasses know the types of what the new graph computes (`type_of`, `_note`), and which are wanted (`_typed`).
    """

    def __init__(self) -> None:
        self._casts: dict[tuple[int, int, torch.dtype], Entry] = {}

    def change(self, node: Node, inputs: list[Entry | None]) -> Node:
        """The node in the new graph: the same operator, of inputs that have the types it is to compute in."""
        given = tuple(self._typed(node, inputs))
        if given == node.inputs:
            new = node
        else:
            new = Node(node.op, node.name, node.attributes, given, node.annotations, node.written)
        self._note(new)
        return new

    def cast(self, entry: Entry, dtype: torch.dtype) -> Entry:
        """The entry in a type: itself, or a cast of it."""
        if self.type_of(entry) is dtype:
            return entry
        key = id(entry[0]), entry[1], dtype
        if key not in self._casts:
            self._casts[key] = self._cast(entry, dtype)
        return self._casts[key]

    def type_of(self, entry: Entry) -> torch.dtype | None:
        """The type of an entry of the new graph."""
        raise NotImplementedError

    def _note(self, node: Node) -> None:
        """Learn the types of the results of a node of the new graph."""
        raise NotImplementedError

    def _typed(self, node: Node, inputs: Sequence[Entry | None]) -> Sequence[Entry | None]:
        """The inputs in the types in which the operator is to compute."""
        raise NotImplementedError

    def _cast(self, entry: Entry, dtype: torch.dtype) -> Entry:
        node = Node(find("amp_cast"), self._cast_name(entry, dtype), {"dtype": dtype}, [entry])
        self._note(node)
        return node, 0

    def _cast_name(self, entry: Entry, dtype: torch.dtype) -> str:
        return f"{output_name(entry)}_amp_cast_{_dtype.name_of(dtype)}"
