"""A network's graph compiled by an engine: parted, its parts compiled, and put together to one function again."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from mxnet.engines._partition import Part, partition
from mxnet.engines._torch import compile_graph
from mxnet.engines.engine import Engine, Function, Subgraph
from mxnet.symbol._graph import Entry, Node, replay, topological, variables

__all__ = ["compile_parts", "on_torch", "without_values"]

Tensor = torch.Tensor
Key = tuple[int, int]  # the id of a node and the number of its result


def compile_parts(engine: Engine, graph: Subgraph) -> Function:
    """A function of the inputs' tensors that computes a graph, outside of any gradient and not training.

    A part that the engine takes and then fails to compile runs on torch too, with a warning.
    """
    values = dict(graph.constants)
    entries = engine.before(list(graph.entries), values)
    specs = _specs(entries, dict(zip(graph.inputs, graph.examples, strict=True)) | values)

    def takes(node: Node) -> bool:
        return engine.takes(node, [None if entry is None else specs[_key(entry)] for entry in node.inputs])

    parts = partition(entries, takes)
    graphs = [_standalone(part, specs, values, graph.device) for part in parts]
    engine.after([each for part, each in zip(parts, graphs, strict=True) if part.taken])
    steps = []
    for part, each in zip(parts, graphs, strict=True):
        function = _compiled(engine, each) if part.taken else on_torch(each)
        needs = [_key(entry) for entry in part.inputs if entry[0] not in values]
        steps.append((function, needs, [_key(entry) for entry in part.outputs]))
    return _joined(steps, [(id(node), 0) for node in graph.inputs], [_key(entry) for entry in entries], values)


def _compiled(engine: Engine, graph: Subgraph) -> Function:
    try:
        return engine.compile(graph)
    except Exception as error:  # whatever a foreign library raises; the user's network has to run
        names = ", ".join(dict.fromkeys(node.op.name for node in topological(graph.entries) if node.op is not None))
        warnings.warn(f"{engine.name} failed to compile {names}, which runs on torch: {error}", stacklevel=2)
        return on_torch(graph)


def on_torch(graph: Subgraph) -> Function:
    """The reference: torch's own calls, with the constants at hand."""
    nodes = list(graph.constants)
    tensors = list(graph.constants.values())
    examples = [*graph.examples, *[without_values(tensor) for tensor in tensors]]
    function = compile_graph(graph.entries, [*graph.inputs, *nodes], examples, training=False).function
    return lambda *arguments: function(*arguments, *tensors)


def _joined(
    steps: list[tuple[Function, list[Key], list[Key]]],
    inputs: list[Key],
    outputs: list[Key],
    values: Mapping[Node, Tensor],
) -> Function:
    if len(steps) == 1 and steps[0][1] == inputs and steps[0][2] == outputs:
        return steps[0][0]
    constants = {(id(node), 0): tensor for node, tensor in values.items()}

    def function(*tensors: Tensor) -> list[Tensor]:
        known = constants | dict(zip(inputs, tensors, strict=True))
        for part, needs, gives in steps:
            known |= zip(gives, part(*[known[key] for key in needs]), strict=True)
        return [known[key] for key in outputs]

    return function


def _specs(entries: Sequence[Entry], known: Mapping[Node, Tensor]) -> dict[Key, Tensor]:
    """A tensor without values for every result in the graph."""
    found: dict[Key, Tensor] = {}

    def call(node: Node, given: list[Any]) -> Sequence[Tensor]:
        attributes = node.attributes | {"training": False} if node.op.modal else node.attributes
        result = node.op.body(*given, **attributes)
        results = (result,) if isinstance(result, Tensor) else tuple(result)
        results = tuple(without_values(tensor) for tensor in results)
        found.update({(id(node), number): tensor for number, tensor in enumerate(results)})
        return results

    stand_ins = {id(node): without_values(known[node]) for node in variables(entries)}
    found.update({(key, 0): tensor for key, tensor in stand_ins.items()})
    replay(entries, stand_ins, call)
    return found


def _standalone(
    part: Part, specs: Mapping[Key, Tensor], values: Mapping[Node, Tensor], device: torch.device
) -> Subgraph:
    """A part as a graph of its own: what it needs of other parts is variables."""
    inputs, examples, replaced = [], [], {}
    constants = {}
    for number, entry in enumerate(part.inputs):
        node = entry[0]
        if node in values:
            constants[node] = values[node]
            continue
        variable = node if node.op is None else Node(None, f"input{number} {node.name}")
        replaced[_key(entry)] = (variable, 0)
        inputs.append(variable)
        examples.append(specs[_key(entry)])
    inside: dict[int, Node] = {}
    for node in part.nodes:
        entries = [_moved(entry, inside, replaced) for entry in node.inputs]
        inside[id(node)] = Node(node.op, node.name, node.attributes, entries, node.annotations, node.written)
    outputs = [(inside[id(node)], number) for node, number in part.outputs]
    return Subgraph(outputs, inputs, examples, constants, device)


def _moved(entry: Entry | None, inside: Mapping[int, Node], replaced: Mapping[Key, Entry]) -> Entry | None:
    if entry is None:
        return None
    node, number = entry
    return (inside[id(node)], number) if id(node) in inside else replaced.get(_key(entry), entry)


def _key(entry: Entry) -> Key:
    return id(entry[0]), entry[1]


def without_values(tensor: Tensor) -> Tensor:
    """A tensor of the same shape and type on torch's meta device."""
    return tensor if tensor.is_meta else torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
