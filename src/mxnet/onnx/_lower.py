"""From a graph of MXNet's operators to one of ONNX's, by the rules that stand beside the operators."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.onnx._builder import Graph, NoForm, Value
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._listing import output_name
from mxnet.symbol._shapes import Partial, ShapeSolver
from mxnet.symbol._types import TypeSolver

__all__ = ["Lowered", "lower"]


class Lowered:
    """A graph in ONNX's operators.

    Attributes
    ----------
    graph : Graph
    variables : dict of str to Value
        Inputs and parameters.
    outputs : list of Value
    """

    def __init__(self, graph: Graph, variables: dict[str, Value], outputs: list[Value]) -> None:
        self.graph = graph
        self.variables = variables
        self.outputs = outputs


def lower(
    entries: Sequence[Entry], shapes: Mapping[str, Partial], types: Mapping[str, torch.dtype], opset: int
) -> Lowered:
    """Write a graph with ONNX's operators.

    Parameters
    ----------
    entries : sequence of Entry
    shapes, types : mapping
        Of every variable, by name; None stands for sizes that are not known.
    opset : int

    Raises
    ------
    MXNetError
        If an operator has no ONNX form; it and its node are named.
    """
    nodes = topological(entries)
    _refuse_operators_without_rule(nodes)
    # Where sizes are not known, one of 0 that an old graph leaves open (`is_open`) is not known either.
    fixed = all(size is not None for shape in shapes.values() for size in shape)
    solver, type_solver = ShapeSolver(entries, shapes, zero_is_size=fixed), TypeSolver(entries, types)

    def known(entry: Entry) -> Value:
        shape = solver.shape(entry)
        marked = None if shape is None else tuple([None if size < 0 else size for size in shape])
        return Value(type_solver.type(entry) or torch.float32, marked)

    graph = Graph(opset)
    values: dict[tuple[int, int], Value] = {}
    variables = {}
    for node in nodes:
        if node.op is None:
            value = known((node, 0))
            value.name = node.name
            values[id(node), 0] = variables[node.name] = value
            continue
        graph.origin = node.name
        graph.results = [known((node, number)) for number in range(node.outputs)]
        inputs = [None if entry is None else values[id(entry[0]), entry[1]] for entry in node.inputs]
        for number, value in enumerate(_results(graph, node, inputs)):
            values[id(node), number] = value
    graph.origin = ""
    outputs = _named_outputs(graph, entries, [values[id(node), number] for node, number in entries], variables)
    return Lowered(graph, variables, outputs)


def _refuse_operators_without_rule(nodes: Sequence[Node]) -> None:
    lacking = [node for node in nodes if node.op is not None and node.op.onnx_rule is None]
    if lacking:
        named = ", ".join(f"{node.op.name} (node {node.name!r})" for node in lacking[:10])
        more = f", ... ({len(lacking)} nodes in all)" if len(lacking) > 10 else ""
        raise MXNetError(f"no ONNX form is known of {named}{more}; nothing was written")


def _results(graph: Graph, node: Node, inputs: list[Value | None]) -> list[Value]:
    """What a node's rule makes of its inputs, in the types that the node's results have."""
    attributes = node.op.complete(node.attributes)
    names = _attributes_of(node.op.onnx_rule)
    wanted = attributes if names is None else {name: attributes[name] for name in names}
    try:
        made = node.op.onnx_rule(graph, *inputs, **wanted)
        results = []
        for value, expected in zip([made] if isinstance(made, Value) else made, graph.results, strict=True):
            result = graph.cast(value, expected.dtype)
            if result.known_shape is None:
                result.known_shape = expected.known_shape
            results.append(result)
    except NoForm as error:
        raise MXNetError(
            f"this call of {node.op.name} (node {node.name!r}) has no ONNX form: {error}; nothing was written"
        ) from None
    return results


@cache
def _attributes_of(rule: Callable[..., Any]) -> frozenset[str] | None:
    """The attributes that a rule asks for: its keyword-only parameters; None if it takes all."""
    parameters = inspect.signature(rule).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)


def _named_outputs(
    graph: Graph, entries: Sequence[Entry], values: Sequence[Value], variables: Mapping[str, Value]
) -> list[Value]:
    """The values of the entries under MXNet's names; one that is no node's, or is there twice, is copied."""
    made = {output for node in graph.nodes for output in node.outputs}
    outputs: list[Value] = []
    for entry, value in zip(entries, values, strict=True):
        if value not in made or value in outputs:
            value = graph.shaped(graph.node("Identity", value), value)
        value.name = _free(output_name(entry), {*variables, *[output.name for output in outputs]})
        outputs.append(value)
    return outputs


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it if it is taken."""
    found, number = name, 0
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found
