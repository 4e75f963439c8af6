"""A compiled network whose weights are watched: what it computes is never stale."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mxnet.engines._assembly import on_torch
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
        self._seen = _state(tensors[count:])
        self._compiled: Function | None = self._compile(tensors)

    def __call__(self, *tensors: Tensor) -> Sequence[Tensor]:
        state = _state(tensors[self._count :])
        if state == self._seen:
            compiled = self._compiled
            if compiled is None:
                compiled = self._compiled = self._compile(tensors)
            return compiled(*tensors[: self._count])
        self._seen, self._compiled = state, None
        return on_torch(self._graph(tensors))(*tensors[: self._count])

    def _compile(self, tensors: Sequence[Tensor]) -> Function:
        return self._engine.assemble(self._graph(tensors), tensors[: self._count])

    def _graph(self, tensors: Sequence[Tensor]) -> Subgraph:
        count = self._count
        examples = [torch.empty(each.shape, dtype=each.dtype, device="meta") for each in tensors[:count]]
        weights = dict(zip(self._variables[count:], tensors[count:], strict=True))
        return Subgraph(self._entries, self._variables[:count], examples, weights, tensors[0].device)


def _state(weights: Sequence[Tensor]) -> list[tuple[int, int]]:
    """Where the weights are and how often they have been written to."""
    return [(tensor.data_ptr(), tensor._version) for tensor in weights]
