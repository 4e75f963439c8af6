"""`Block.save` and `Block.load`: a network's parameters, and the graphs its hybridized blocks have, in two files.

``<prefix>-model.json`` has an object for each block, named by its class and its number in the order of
registration, with the objects of its children in it. A hybridized block's object holds its graph (a string of JSON as
``-symbol.json`` has it), the variables of the inputs and how inputs and outputs are nested (0 for an array). In the
graphs a parameter goes by an identifier and its own name; ``params`` tells the identifiers.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxnet.base import MXNetError
from mxnet.formats._writer import atomic_write
from mxnet.gluon import _files
from mxnet.gluon._cached_graph import Trace
from mxnet.gluon._export import annotations_of
from mxnet.gluon._hybrid_block import HybridBlock
from mxnet.gluon._structure import from_nesting, nesting
from mxnet.numpy.multiarray import ndarray
from mxnet.symbol._graph import Entry, Node, replay, variables
from mxnet.symbol._read import from_json
from mxnet.symbol._write import to_json

if TYPE_CHECKING:
    from mxnet.gluon._block import Block
    from mxnet.gluon.parameter import Parameter

__all__ = ["load", "save"]

_LIMIT = 1 << 30  # bytes of a model file


def save(block: Block, prefix: str | os.PathLike) -> None:
    """Write ``<prefix>-model.json`` and ``<prefix>-model.params``; see `Block.save`."""
    prefix = os.fspath(prefix)
    params = dict(block._named_params(""))
    identifiers = {id(parameter): str(uuid.uuid4()) for parameter in params.values()}
    model = {_key(each, number): (each, owner) for number, each, owner in _numbered(block)}
    objects: dict[int | None, dict[str, Any]] = {None: {}}
    for key, (each, owner) in model.items():
        objects[owner][key] = objects[id(each)] = _described(each, identifiers)
    _files.save(params, f"{prefix}-model.params", deduplicate=False)
    with atomic_write(f"{prefix}-model.json") as file:
        file.write(json.dumps(objects[None]).encode())


def load(block: Block, prefix: str | os.PathLike) -> None:
    """Read what `save`, or MXNet's `Block.save`, has written; see `Block.load`."""
    prefix = os.fspath(prefix)
    source = f"{prefix}-model.json"
    model = _read_json(source)
    restored: list[tuple[HybridBlock, Trace]] = []
    identified: dict[str, Parameter] = {}
    found: list[tuple[Block, dict[str, Any]]] = []
    objects: dict[int | None, Any] = {None: model}
    for number, each, owner in _numbered(block):
        entry = objects[owner].get(_key(each, number))
        if not isinstance(entry, dict):
            raise MXNetError(f"{source}: has no block {_key(each, number)!r}: the network is built otherwise now")
        objects[id(each)] = entry
        found.append((each, entry))
        identified.update(_identified(each, entry, source))
    for each, entry in found:
        if isinstance(each, HybridBlock) and entry.get("hybridized"):
            restored.append((each, _restored(entry, identified, source)))
    block.load_parameters(_parameter_file(prefix))
    for each, graph in restored:
        each._active = True
        each._graphs.restore(graph)


def _numbered(block: Block) -> Iterator[tuple[int, Block, int | None]]:
    """Every block with its number and the `id` of the one it is a child of, parents before children."""
    count = 0
    pending: list[tuple[Block, int | None]] = [(block, None)]
    while pending:
        each, owner = pending.pop()
        yield count, each, owner
        count += 1
        pending.extend((child, id(each)) for child in reversed([child for _, child in each._child_blocks()]))


def _key(block: Block, number: int) -> str:
    return f"{type(block).__name__.lower()}{number}"


# Writing


def _described(block: Block, identifiers: Mapping[int, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if isinstance(block, HybridBlock):
        graph = block._graphs.latest if block._active else None
        entry |= _graph_entry(graph, identifiers) if graph is not None and _is_told(graph) else {"hybridized": False}
    entry["params"] = {name: identifiers[id(parameter)] for name, parameter in block.params.items()}
    return entry


def _is_told(graph: Trace) -> bool:
    """Whether the file's form has room for all of a graph; a block without one traces anew."""
    return not graph.constants and None not in (nesting(graph.structure), nesting(graph.given))


def _graph_entry(graph: Trace, identifiers: Mapping[int, str]) -> dict[str, Any]:
    renamed = {}
    for node, parameter in graph.parameters.items():
        name = _variable_name(parameter, identifiers[id(parameter)])
        renamed[id(node)] = Node(None, name, annotations=annotations_of(parameter))
    return {
        "in_format": nesting(graph.given),
        "out_format": nesting(graph.structure),
        "inputs": [to_json([(node, 0)]) for node in graph.inputs],
        "symbol": to_json(_with_variables(graph.entries, renamed)),
        "hybridized": True,
    }


def _variable_name(parameter: Parameter, identifier: str) -> str:
    return f"{identifier.replace('-', '_')}_{parameter.name}"


def _with_variables(entries: list[Entry], exchanged: Mapping[int, Node]) -> list[Entry]:
    """The same graph with other nodes in the place of some variables."""
    values = {id(node): (exchanged.get(id(node), node), 0) for node in variables(entries)}

    def copy(node: Node, inputs: list[Entry | None]) -> list[Entry]:
        made = Node(node.op, node.name, node.attributes, inputs, node.annotations)
        return [(made, number) for number in range(node.outputs)]

    return replay(entries, values, copy)


# Reading


def _read_json(source: str) -> dict[str, Any]:
    try:
        if os.path.getsize(source) > _LIMIT:
            raise MXNetError(f"{source}: larger than {_LIMIT} bytes")
        model = json.loads(Path(source).read_bytes())
    except OSError as error:
        raise FileNotFoundError(f"{source}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise MXNetError(f"{source}: is not JSON: {error}") from error
    if not isinstance(model, dict):
        raise MXNetError(f"{source}: does not describe a network")
    return model


def _identified(block: Block, entry: dict[str, Any], source: str) -> dict[str, Parameter]:
    """The block's parameters by the names that graphs know them by."""
    names = entry.get("params", {})
    if not isinstance(names, dict) or not all(isinstance(value, str) for value in names.values()):
        raise MXNetError(f"{source}: 'params' of {type(block).__name__} must be an object of strings")
    return {
        _variable_name(block.params[name], identifier): block.params[name]
        for name, identifier in names.items()
        if name in block.params
    }


def _restored(entry: dict[str, Any], identified: Mapping[str, Parameter], source: str) -> Trace:
    try:
        entries = from_json(entry["symbol"], source)
        names = [from_json(text, source)[0][0].name for text in entry["inputs"]]
        structure = from_nesting(entry["out_format"])
        given = from_nesting(entry["in_format"])
    except (KeyError, TypeError, IndexError, RecursionError) as error:
        raise MXNetError(f"{source}: a graph without {error}") from error
    nodes = {node.name: node for node in variables(entries)}
    inputs = [nodes.get(name) or Node(None, name) for name in names]
    parameters = {}
    for name, node in nodes.items():
        if name in identified:
            parameters[node] = identified[name]
        elif name not in names:
            raise MXNetError(f"{source}: a graph uses {name!r}, which is no parameter of the network")
    return Trace(entries, inputs, parameters, {}, structure, [ndarray] * len(entries), given)


def _parameter_file(prefix: str) -> str:
    """MXNet 2.0.0b1 writes ``MyModel-model.params`` to the working directory, whatever the prefix."""
    own = f"{prefix}-model.params"
    for path in (own, os.path.join(os.path.dirname(prefix), "MyModel-model.params"), "MyModel-model.params"):
        if os.path.exists(path):
            return path
    return own
