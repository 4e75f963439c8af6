"""Text to graphs: a ``-symbol.json`` of any MXNet since 0.8, or of a stranger.

Nothing in a file is believed. What it may cost is bounded before it is parsed, everything has the type it should
have before it is used, inputs point backwards only, and whatever is wrong ends in an error with the file and the node.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mxnet import _dtype
from mxnet.base import MXNetError
from mxnet.formats import FileFormatError
from mxnet.operators.attributes import DType
from mxnet.operators.catalogue import Operator, find
from mxnet.symbol._descriptions import annotation_name
from mxnet.symbol._dialect import from_file
from mxnet.symbol._graph import Entry, Node
from mxnet.symbol._upgrade import note_first_values, sort_out, version_of, with_missing_inputs

__all__ = ["MAX_ATTRIBUTE", "MAX_INPUTS", "MAX_NODES", "MAX_RESULTS", "MAX_SIZE", "MAX_VALUES", "from_json"]

MAX_SIZE = 256 * 2**20
"""Bytes (or characters) of a file."""
MAX_VALUES = 40_000_000
"""JSON values in a file: each takes some tens of bytes of memory, however short its text."""
MAX_NODES = 2_000_000
MAX_INPUTS = 100_000
"""Inputs of one node."""
MAX_RESULTS = 10_000_000
"""Results of all operators of a graph, which one attribute may make many."""
MAX_ATTRIBUTE = 100_000
"""Characters of an operator's attribute."""

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def from_json(text: str | bytes, source: str) -> list[Entry]:
    """The graph that a file's text describes.

    Parameters
    ----------
    text : str or bytes
    source : str
        What the text comes from, for error messages.

    Raises
    ------
    MXNetError
        If it is no graph, or holds an operator that this package does not have; of these `FileFormatError` names
        the file and the node.

    Examples
    --------
    >>> from mxnet.symbol._read import from_json
    >>> from_json('{"nodes": [{"op": "null", "name": "x", "inputs": []}], "heads": [[0, 0]]}', "x.json")
    [(<Node x: variable>, 0)]
    """
    graph = _parsed(text, source)
    with _inside(source):
        nodes = _list_of(graph.get("nodes"), "nodes", MAX_NODES)
        heads = _list_of(graph.get("heads"), "heads", MAX_NODES)
        if not heads:
            raise MXNetError("a graph needs at least one output, but heads is empty")
        reader = _Reader(version_of(graph.get("attrs")))
    for place, record in enumerate(nodes):
        try:
            reader.add(record)
        except (MXNetError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise FileFormatError(f"{source}: node {place}{_described(record)}: {_brief(error)}") from error
    with _inside(source):
        return [reader.entry(head, "heads") for head in heads]


@contextmanager
def _inside(source: str) -> Iterator[None]:
    try:
        yield
    except MXNetError as error:
        raise FileFormatError(f"{source}: {_brief(error)}") from error


def _parsed(text: str | bytes, source: str) -> dict[str, Any]:
    """The file as JSON, once it is known to be of bearable size."""
    if len(text) > MAX_SIZE:
        raise FileFormatError(f"{source}: more than the {MAX_SIZE} bytes that a graph may have")
    try:
        if not isinstance(text, str):
            text = bytes(text).decode("utf-8-sig")
        elif not text.isascii():
            text.encode()
        if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
            raise FileFormatError(f"{source}: more than the {MAX_VALUES} values that a graph may have")
        graph = json.loads(text, strict=False, parse_constant=_refuse_constant)
        if _ESCAPED_SURROGATE.search(text):  # two of them may be one letter
            json.dumps(graph, ensure_ascii=False).encode()
    except RecursionError:
        raise FileFormatError(f"{source}: not a graph: nested too deeply") from None
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{source}: not a graph: byte {error.start} is not UTF-8 text") from None
    except ValueError as error:  # bad JSON, and a surrogate in text
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{source}: not a graph: {_brief(error)}") from error
    if not isinstance(graph, dict):
        raise FileFormatError(f"{source}: not a graph, for that is a JSON object, not {_kind(graph)}")
    return graph


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


class _Reader:
    """The nodes read so far, and how many results each has."""

    def __init__(self, version: int) -> None:
        self._version = version
        self._nodes: list[Node] = []
        self._outputs: list[int] = []
        self._results = 0

    def add(self, record: Any) -> None:
        """Read the next node."""
        if not isinstance(record, dict):
            raise MXNetError(f"a node is a JSON object, not {_kind(record)}")
        op, name = record.get("op"), record.get("name")
        if not isinstance(op, str) or not isinstance(name, str):
            raise MXNetError("a node needs an op and a name, both strings")
        texts = _texts(record)
        inputs = [self.entry(item, "inputs") for item in _list_of(record.get("inputs", []), "inputs", MAX_INPUTS)]
        if op == "null":
            self._add_variable(name, texts, inputs)
        else:
            self._add_operator(op, name, texts, inputs)

    def _add_variable(self, name: str, texts: dict[str, str], inputs: list[Entry]) -> None:
        if inputs:
            raise MXNetError("a variable has no inputs")
        self._nodes.append(Node(None, name, annotations={annotation_name(key): text for key, text in texts.items()}))
        self._outputs.append(1)

    def _add_operator(self, name_of_op: str, name: str, texts: dict[str, str], inputs: list[Entry]) -> None:
        op = _operator(name_of_op)
        attributes, annotations = sort_out(op, from_file(op, texts, len(inputs)), inputs, self._version)
        canonical = op.canonical(_checked(op, attributes))
        expected = () if op.variadic else op.expected_inputs(canonical)
        given = with_missing_inputs(op, name, expected, inputs, {**attributes, **annotations}, self._version)
        note_first_values(op, given, self._version)
        node = Node(op, name, canonical, _placed(op, expected, given), annotations, (name_of_op, attributes))
        count = node.outputs
        self._results += count
        if count < 1 or self._results > MAX_RESULTS:
            raise MXNetError(f"it would have {count} results; a graph's operators may have {MAX_RESULTS} in all")
        self._nodes.append(node)
        self._outputs.append(count)

    def entry(self, item: Any, where: str) -> Entry:
        """One of the entries in `inputs` or `heads`: node, output and, ignored, a version."""
        if not (type(item) is list and 2 <= len(item) <= 3 and all([type(part) is int for part in item])):
            raise MXNetError(f"{where} must hold lists of a node's and an output's number, not {reprlib.repr(item)}")
        place, output = item[0], item[1]
        if not 0 <= place < len(self._nodes):
            raise MXNetError(
                f"{where} name node {place}, but only the {len(self._nodes)} nodes before this one can be named"
                if where == "inputs"
                else f"{where} name node {place}, but there are {len(self._nodes)} nodes"
            )
        if not 0 <= output < self._outputs[place]:
            raise MXNetError(
                f"{where} name output {output} of node {place} {_cut(self._nodes[place].name)!r}, "
                f"which has {self._outputs[place]}"
            )
        return self._nodes[place], output


def _operator(name: str) -> Operator:
    try:
        return find(name)
    except KeyError:
        raise MXNetError(f"this package has no operator {_cut(name)!r}") from None


def _texts(record: dict[str, Any]) -> dict[str, str]:
    """What a node says of itself, wherever the version of its file put that."""
    texts: dict[str, str] = {}
    for key in ("attr", "attrs", "param"):
        stored = record.get(key)
        if stored is None:
            continue
        if not isinstance(stored, dict) or not all([type(value) is str for value in stored.values()]):
            raise MXNetError(f"{key} must be an object of strings")
        texts |= stored
    return texts


def _checked(op: Operator, texts: dict[str, str]) -> dict[str, str]:
    for name, text in texts.items():
        if len(text) > MAX_ATTRIBUTE:
            raise MXNetError(f"{name} has {len(text)} characters, more than the {MAX_ATTRIBUTE} of an attribute")
        if op.attributes[name].kind is DType and text not in _dtype.NAMES and text != "None":
            raise MXNetError(f"{name} must be the name of a data type, not {_cut(text)!r}")
    return texts


def _placed(op: Operator, expected: tuple[str, ...], given: list[Entry]) -> list[Entry | None]:
    """The inputs of a file, which leaves out what is not given, in the places of the operator's."""
    required = sum(name not in op.optional for name in op.inputs)
    if op.variadic:
        if not given:
            raise MXNetError("it needs at least one input")
        return list(given)
    if not required <= len(given) <= len(op.inputs):
        raise MXNetError(f"it takes {required} to {len(op.inputs)} inputs ({', '.join(op.inputs)}), not {len(given)}")
    if len(expected) == len(given):
        entries = dict(zip(expected, given, strict=True))
        places = [entries.get(name) for name in op.inputs]
    else:
        places = list(given)
    while places and places[-1] is None:
        places.pop()
    return places


def _list_of(value: Any, name: str, limit: int) -> list[Any]:
    if not isinstance(value, list):
        raise MXNetError(f"{name} must be a list, not {_kind(value)}")
    if len(value) > limit:
        raise MXNetError(f"{name} has {len(value)} elements, more than the {limit} that it may have")
    return value


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "nothing"}
    return kinds.get(type(value), "a number")


def _described(record: Any) -> str:
    """Name and operator of a node, for error messages."""
    if not isinstance(record, dict):
        return ""
    name, op = [value if isinstance(value, str) else reprlib.repr(value) for value in map(record.get, ("name", "op"))]
    return f" {_cut(name)!r} ({_cut(op)})"


def _brief(error: Exception) -> str:
    return _cut(str(error) or type(error).__name__, 500)


def _cut(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."
