"""A compiled network whose weights are watched: what it computes is never stale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mxnet.engines._assembly import without_values
from mxnet.engines._torch import compile_graph
from mxnet.engines.engine import Engine, Function, Subgraph
from mxnet.symbol._graph import Entry, Node

__all__ = ["Watched"]

Tensor = torch.Tensor


class Watched:
    """A function of the tensors of inputs and weights, compiled for the weights as they are.

    Weights that have changed since the last call are computed with on torch, without compiling; once they have
    stayed the same for a call, the network is compiled for them. So a network that is trained between two calls is
    not compiled for each.

    Parameters
    ----------
    engine : Engine
    entries : sequence of Entry
    variables : sequence of Node
        Those of the inputs, then those of the weights.
    count : int
        The number of inputs.
    tensors : sequence of Tensor
        For all variables.
    """

    def __init__(
        self, engine: Engine, entries: Sequence[Entry], variables: Sequence[Node], count: int, tensors: Sequence[Tensor]
    ) -> None:
        self._engine = engine
        self._entries = list(entries)
        self._variables = list(variables)
        self._count = count
        self._torch: Function | None = None
        # What is compiled, and for which weights: replaced as one, since other threads may be in a call.
        self._current: tuple[Any, Function | None] = _state(tensors[count:]), self._compile(tensors)

    def __call__(self, *tensors: Tensor) -> Sequence[Tensor]:
        state = _state(tensors[self._count :])
        seen, compiled = self._current
        if state != seen:
            self._current = state, None
            return self._on_torch(tensors)
        if compiled is None:
            compiled = self._compile(tensors)
            self._current = state, compiled
        return compiled(*tensors[: self._count])

    def _on_torch(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """The results by torch's own calls, which are written once, whatever the weights."""
        if self._torch is None:
            examples = [without_values(tensor) for tensor in tensors]
            self._torch = compile_graph(self._entries, self._variables, examples, training=False).function
        return self._torch(*tensors)

    def _compile(self, tensors: Sequence[Tensor]) -> Function:
        return self._engine.assemble(self._graph(tensors), tensors[: self._count])

    def _graph(self, tensors: Sequence[Tensor]) -> Subgraph:
        count = self._count
        examples = [without_values(tensor) for tensor in tensors[:count]]
        weights = dict(zip(self._variables[count:], tensors[count:], strict=True))
        return Subgraph(self._entries, self._variables[:count], examples, weights, tensors[0].device)


def _state(weights: Sequence[Tensor]) -> list[tuple[int, int]]:
    """Where the weights are and how often they have been written to."""
    return [(tensor.data_ptr(), tensor._version) for tensor in weights]
