"""Graphs that compute in a type of 16 bits where results stay sound in it.

Products (convolutions, dense layers, matrix products) compute in the narrow type; what only moves or compares values,
or adds a few, goes on in the type it is given; everything else (softmax, norms, long sums) computes in float32. Casts
stand where types meet, as MXNet's ``amp_cast``; those of constants are made once. Results have the types they have
without any of this. Which operators are of which kind stands in `mxnet.operators.precision`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mxnet.engines._specs import Key, key_of, results_of, specs_of, without_values
from mxnet.engines.engine import Subgraph
from mxnet.operators.precision import Kind, kinds
from mxnet.symbol._casts import Casting
from mxnet.symbol._graph import Entry, Node, variables
from mxnet.symbol._rewrite import rewrite

__all__ = ["lowered"]

Tensor = torch.Tensor

_WIDE = torch.float32

_KINDS = kinds()
_NARROW = (Kind.PRODUCT, Kind.MEETING_PRODUCT)
_EITHER = (Kind.MEETING, Kind.FOLLOWING)


def lowered(graph: Subgraph, dtype: torch.dtype) -> Subgraph:
    """The graph with its products in `dtype`; only what is float32 changes its type.

    Parameters
    ----------
    graph : Subgraph
    dtype : {torch.bfloat16, torch.float16}
    """
    specs = specs_of(graph.entries, dict(zip(graph.inputs, graph.examples, strict=True)) | dict(graph.constants))
    lowering = _Lowering(graph, dtype)
    entries = rewrite(graph.entries, lowering.change)
    entries = [lowering.cast(new, specs[key_of(old)].dtype) for new, old in zip(entries, graph.entries, strict=True)]
    used = set(variables(entries))
    constants = {node: tensor for node, tensor in lowering.constants.items() if node in used}
    return graph._replace(entries=entries, constants=constants)


class _Lowering(Casting):
    """What is known of the new graph while it is made."""

    def __init__(self, graph: Subgraph, dtype: torch.dtype) -> None:
        super().__init__()
        self.constants = dict(graph.constants)
        self._dtype = dtype
        self._specs: dict[Key, Tensor] = {}
        for node, tensor in (*zip(graph.inputs, graph.examples, strict=True), *graph.constants.items()):
            self._specs[id(node), 0] = without_values(tensor)

    def type_of(self, entry: Entry) -> torch.dtype:
        return self._specs[key_of(entry)].dtype

    def _cast(self, entry: Entry, dtype: torch.dtype) -> Entry:
        source = entry[0]
        if source not in self.constants:
            return super()._cast(entry, dtype)
        node = Node(None, self._cast_name(entry, dtype))
        self.constants[node] = self.constants[source].to(dtype)
        self._specs[id(node), 0] = without_values(self.constants[node])
        return node, 0

    def _typed(self, node: Node, inputs: Sequence[Entry | None]) -> list[Entry | None]:
        if node.op.name == "BatchNorm":  # its parameters are float32 whatever its data is
            return [inputs[0], *[self._in(entry, _WIDE) for entry in inputs[1:]]]
        kind = _KINDS.get(node.op.name)
        if kind in _NARROW:
            return [self._in(entry, self._dtype) for entry in inputs]
        types = {self.type_of(entry) for entry in inputs if entry is not None}
        if self._dtype not in types or (kind in _EITHER and len(types) == 1 and self._holds(node)):
            return list(inputs)
        return [self._in(entry, _WIDE) for entry in inputs]

    def _holds(self, node: Node) -> bool:
        """Whether the narrow type has the numbers among a node's attributes, such as the bounds of a clip."""
        largest = torch.finfo(self._dtype).max
        numbers = [value for value in node.attributes.values() if isinstance(value, (int, float))]
        return all(abs(number) <= largest for number in numbers)

    def _in(self, entry: Entry | None, dtype: torch.dtype) -> Entry | None:
        if entry is None or self.type_of(entry) not in (_WIDE, self._dtype):
            return entry
        return self.cast(entry, dtype)

    def _note(self, node: Node) -> None:
        given = [None if entry is None else self._specs[key_of(entry)] for entry in node.inputs]
        for number, tensor in enumerate(results_of(node, given)):
            self._specs[id(node), number] = tensor
