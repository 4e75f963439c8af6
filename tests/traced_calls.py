"""Traces the one-line expressions of the operators' tables; the arrays in them are the graph's inputs v0, v1, ..."""

from typing import Any

import numpy as onp
import references  # noqa: F401  (finds `expressions`)
from expression_table import operator

import mxnet as mx
from mxnet._modes import modes
from mxnet.base import DynamicShape
from mxnet.ndarray._array import Array
from mxnet.symbol._tracer import Tracer, ValueTracer
from mxnet.symbol._write import to_json

from expressions import _flatten, _Scope  # isort: skip

__all__ = ["trace"]


def trace(expression: str) -> tuple[str, dict[str, Array]]:
    """The graph of an expression as the text of its file, and its inputs by their names, constants too."""
    try:
        return _Traced(Tracer()).graph(expression)
    except DynamicShape:
        return _Traced(ValueTracer()).graph(expression)


class _Traced(_Scope):
    """Evaluates an expression while a tracer is on."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__(mx, operator)
        self.tracer = tracer
        self.array = mx.np.array
        self.inputs: dict[str, Array] = {}

    def graph(self, expression: str) -> tuple[str, dict[str, Array]]:
        mx.np.array = self.variable
        try:
            with self.tracer.tracing():
                values = _flatten(mx, self.run(expression))
        finally:
            mx.np.array = self.array
        entries = [self.tracer.entry_of(value) for value in values if isinstance(value, Array)]
        constants = {node.name: array for node, array in self.tracer.constants.items()}
        return to_json(entries, remove_amp_cast=False), self.inputs | constants

    def variable(self, values: Any, *args: Any, legacy: bool = False, **kwargs: Any) -> Array:
        """An input of the graph; an array of arrays is computed from those."""
        if isinstance(values, list) and any(isinstance(value, Array) for value in values):
            return self.array(values, *args, **kwargs)
        tracer, modes.tracer = modes.tracer, None
        try:
            value = self.array(values, *args, **kwargs)
        finally:
            modes.tracer = tracer
        value = value.as_nd_ndarray() if legacy else value
        name = f"v{len(self.inputs)}"
        self.inputs[name] = value
        return self.tracer.variable(value, name, {"__profiler_scope__": "<unk>:"})[1]

    def leaf(self, array: Array) -> Array:
        self.leaves.append(array)
        return array

    def legacy_input(self, *shape: int) -> Array:
        return self.leaf(self.variable(self.values(shape), legacy=True))

    def positive_definite(self, size: int) -> Array:
        values = self.values((size, size))
        return self.leaf(self.variable(values @ values.T + size * onp.eye(size), dtype="float32"))
