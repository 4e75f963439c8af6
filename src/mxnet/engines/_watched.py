"""A compiled network whose weights are watched: what it computes is never stale."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import torch

from mxnet.engines._specs import without_values
from mxnet.engines._torch import compile_graph
from mxnet.engines.engine import Engine, Function, Subgraph
from mxnet.symbol._graph import Entry, Node

__all__ = ["Watched"]

Tensor = torch.Tensor

_version_of = attrgetter("_version")


class Watched:
    """A function of the tensors of inputs and weights, compiled for the weights as they are.

    Weights that have changed since the last call are computed with on torch, without compiling; once they have
    stayed the same for a call, the network is compiled for them. So a network that is trained between two calls is
    not compiled for each.

    Attributes
    ----------
    notes : dict of str to str
        What there is to tell of the function that was compiled last.

    Parameters
    ----------
    engine : Engine
    entries : sequence of Entry
    inputs, weights : sequence of Node
        The variables.
    sample, tensors : sequence of Tensor
        Inputs, and the weights as they are.
    """

    def __init__(
        self,
        engine: Engine,
        entries: Sequence[Entry],
        inputs: Sequence[Node],
        weights: Sequence[Node],
        sample: Sequence[Tensor],
        tensors: Sequence[Tensor],
    ) -> None:
        self._engine = engine
        self._entries = list(entries)
        self._inputs = list(inputs)
        self._weights = list(weights)
        self._torch: Function | None = None
        self._compiling = threading.Lock()
        self.notes: dict[str, str] = {}
        # What is compiled, and for which weights: replaced as one, since other threads may be in a call.
        self._current: tuple[_State, Function | None] = _State.of(tensors), self._compile(sample, tensors)

    def __call__(self, inputs: Sequence[Tensor], weights: Sequence[Tensor]) -> Sequence[Tensor]:
        state, compiled = self._current
        if list(map(id, weights)) != state.identities or list(map(_version_of, weights)) != state.versions:
            self._current = _State.of(weights), None
            return self._on_torch(inputs, weights)
        if compiled is None:
            compiled = self._compile_once(state, inputs, weights)
        return compiled(*inputs)

    def _compile_once(self, state: _State, inputs: Sequence[Tensor], weights: Sequence[Tensor]) -> Function:
        """Compile, unless another thread has done so for the same weights meanwhile."""
        with self._compiling:
            seen, compiled = self._current
            if seen is not state or compiled is None:
                compiled = self._compile(inputs, weights)
                self._current = state, compiled
        return compiled

    def _on_torch(self, inputs: Sequence[Tensor], weights: Sequence[Tensor]) -> Sequence[Tensor]:
        """The results by torch's own calls, which are written once, whatever the weights."""
        if self._torch is None:
            examples = [without_values(tensor) for tensor in (*inputs, *weights)]
            variables = [*self._inputs, *self._weights]
            self._torch = compile_graph(self._entries, variables, examples, training=False).function
        return self._torch(*inputs, *[tensor.detach() for tensor in weights])

    def _compile(self, inputs: Sequence[Tensor], weights: Sequence[Tensor]) -> Function:
        examples = [without_values(tensor) for tensor in inputs]
        constants = {node: tensor.detach() for node, tensor in zip(self._weights, weights, strict=True)}
        graph = Subgraph(self._entries, self._inputs, examples, constants, inputs[0].device)
        start = time.perf_counter()
        with torch.inference_mode(False):  # what is compiled in it could not be used outside
            function, notes = self._engine.assemble(graph, inputs)
        self.notes = {**notes, "compiled in": f"{time.perf_counter() - start:.2f} s"}
        return function


class _State(NamedTuple):
    """Which tensors the weights are and how often they have been written to.

    Attributes
    ----------
    tensors : list of Tensor
        Kept, so that no other tensor gets the identity of one.
    identities, versions : list of int
    """

    tensors: list[Tensor]
    identities: list[int]
    versions: list[int]

    @classmethod
    def of(cls, tensors: Sequence[Tensor]) -> _State:
        return cls(list(tensors), list(map(id, tensors)), list(map(_version_of, tensors)))
