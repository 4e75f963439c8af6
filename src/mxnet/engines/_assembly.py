"""A network's graph compiled by an engine: parted, its parts compiled, and put together to one function again."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import torch

from mxnet.base import MXNetError, listed
from mxnet.engines._calibration import compare
from mxnet.engines._partition import Part, partition
from mxnet.engines._specs import Key, key_of, specs_of, without_values
from mxnet.engines._torch import compile_graph
from mxnet.engines.engine import Assembled, Engine, Function, Subgraph
from mxnet.symbol._graph import Entry, Node, topological

__all__ = ["compile_parts", "on_torch"]

Tensor = torch.Tensor


def compile_parts(engine: Engine, graph: Subgraph) -> Assembled:
    """A function of the inputs' tensors that computes a graph, outside of any gradient and not training.

    A part that the engine takes and then fails to compile runs on torch too, with a warning.
    """
    if graph.device.type not in engine.devices:
        raise MXNetError(
            f"{engine.name} computes on {' or '.join(engine.devices)}, and the inputs are on {graph.device}"
        )
    values = dict(graph.constants)
    entries = engine.before(list(graph.entries), values)
    specs = specs_of(entries, dict(zip(graph.inputs, graph.examples, strict=True)) | values)

    def takes(node: Node) -> bool:
        return engine.takes(node, [None if entry is None else specs[key_of(entry)] for entry in node.inputs])

    parts = partition(entries, takes)
    graphs = [_standalone(part, specs, values, graph.device) for part in parts]
    engine.after([each for part, each in zip(parts, graphs, strict=True) if part.taken])
    inputs = [(id(node), 0) for node in graph.inputs]
    samples = engine.samples(graph)
    known = [dict(zip(inputs, sample, strict=True)) for sample in samples]
    steps = []
    left: list[Node] = []  # what torch runs
    for part, each in zip(parts, graphs, strict=True):
        needs = [key_of(entry) for entry in part.inputs if entry[0] not in values]
        gives = [key_of(entry) for entry in part.outputs]
        each = each._replace(samples=[[found[key] for key in needs] for found in known])
        function = _compiled(engine, each) if part.taken else None
        if function is None:
            left += part.nodes
            function = on_torch(each)
        steps.append((function, needs, gives))
        if known and len(steps) < len(parts):  # what later parts are to be given
            precise = on_torch(each)
            for found, sample in zip(known, each.samples, strict=True):
                found.update(zip(gives, precise(*sample), strict=True))
    function = _joined(steps, inputs, [key_of(entry) for entry in entries], values)
    names = dict.fromkeys(node.op.name for node in left)
    notes = {"engine": f"{engine.name}, but {listed(names)} on torch" if names else engine.name}
    if samples:
        notes["accuracy"] = compare(function, on_torch(graph), samples)
    return Assembled(function, notes)


def _compiled(engine: Engine, graph: Subgraph) -> Function | None:
    """The engine's function for a part; None, and a warning, if it fails."""
    try:
        return engine.compile(graph)
    except Exception as error:  # whatever a foreign library raises; the user's network has to run
        names = ", ".join(dict.fromkeys(node.op.name for node in topological(graph.entries) if node.op is not None))
        warnings.warn(f"{engine.name} failed to compile {names}, which runs on torch: {error}", stacklevel=2)
        return None


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
        replaced[key_of(entry)] = (variable, 0)
        inputs.append(variable)
        examples.append(specs[key_of(entry)])
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
    return (inside[id(node)], number) if id(node) in inside else replaced.get(key_of(entry), entry)
