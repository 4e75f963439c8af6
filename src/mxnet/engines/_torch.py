"""The reference engine: a graph as one Python function of torch calls, for inputs of given shapes and types."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import getitem
from typing import Any, NamedTuple

import torch
from torch import fx

from mxnet.engines._calls import Call, calls_of, writes
from mxnet.operators.catalogue import Operator
from mxnet.symbol._graph import Entry, Node, topological

__all__ = ["Compiled", "compile_graph", "identifiers"]

Tensor = torch.Tensor


class Compiled(NamedTuple):
    """A graph that runs.

    Attributes
    ----------
    function : callable
        ``function(*tensors)`` returns a tuple of tensors; the values of the variables in the order given.
    beyond : list of int
        Numbers of the variables that get a gradient of zero, since operators without a derivative follow on them.
    source : str
        The Python code of the function.
    """

    function: Callable[..., tuple[Tensor, ...]]
    beyond: list[int]
    source: str


def compile_graph(
    entries: Sequence[Entry], variables: Sequence[Node], examples: Sequence[Tensor], training: bool
) -> Compiled:
    """Write the Python function that computes `entries`.

    Parameters
    ----------
    entries : sequence of Entry
    variables : sequence of Node
        The function's parameters: all variables that the entries need, and maybe more.
    examples : sequence of Tensor
        A tensor for each variable, on the meta device; one that requires a gradient does so in every call.
    training : bool
        Whether operators behave as in training.
    """
    with torch.enable_grad():
        builder = _Builder(variables, examples)
        for node in topological(entries):
            if node.op is not None:
                builder.add(node, training)
        return builder.finish(entries)


class _Builder:
    def __init__(self, variables: Sequence[Node], examples: Sequence[Tensor]) -> None:
        self._graph = fx.Graph()
        self._values: dict[int, Sequence[Tensor]] = {}  # the results of a node
        self._places: dict[int, fx.Node] = {}  # where the function has a tensor
        self._kept: list[Any] = []  # keeps tensors, so that no id comes twice
        self._beyond: dict[int, frozenset[int]] = {}  # variables with a gradient that a tensor without one hangs on
        self._variables = list(examples)
        self._sources: dict[int, frozenset[int]] = {}  # the variables with a gradient that a tensor hangs on
        self._ended: set[int] = set()
        names = identifiers(node.name for node in variables)
        for number, (node, example, name) in enumerate(zip(variables, examples, names, strict=True)):
            self._values[id(node)] = (example,)
            self._place(example, self._graph.placeholder(name))
            self._sources[id(example)] = frozenset([number]) if example.requires_grad else frozenset()

    def add(self, node: Node, training: bool) -> None:
        """Write the calls of one operator."""
        op = node.op
        given = [None if entry is None else self._values[id(entry[0])][entry[1]] for entry in node.inputs]
        given += [None] * (len(op.inputs) - len(given)) if not op.variadic else []
        attributes = node.attributes | {"training": training} if op.modal else node.attributes
        if any(isinstance(value, Tensor) for value in given):
            result, calls = calls_of(op.body, given, attributes)
        else:
            result, calls = _made_without_values(op, attributes), []
        if not (calls and self._write_calls(calls, result)) and not self._is_known(result):
            self._write_body(op.body, given, attributes, result)
        results = (result,) if isinstance(result, Tensor) else tuple(result)
        self._values[id(node)] = results
        self._note_gradients(given, results)

    def finish(self, entries: Sequence[Entry]) -> Compiled:
        outputs = []
        taken = {_memory(example) for example in self._variables}
        for node, number in entries:
            tensor = self._values[id(node)][number]
            place = self._places[id(tensor)]
            if node.op is not None and _memory(tensor) in taken:
                # Arrays share no memory in MXNet: an output that is a view of an input or of another one is copied.
                place = self._graph.call_method("clone", (place,))
            taken.add(_memory(tensor))
            outputs.append(place)
        self._graph.output(tuple(outputs))
        self._remove_unused()
        code = self._graph.python_code("self")
        names: dict[str, Any] = dict(code.globals)
        exec(compile(code.src, "<traced graph>", "exec"), names)
        return Compiled(partial(names["forward"], None), sorted(self._ended), code.src)

    def _place(self, tensor: Tensor, place: fx.Node) -> None:
        self._kept.append(tensor)
        self._places[id(tensor)] = place

    def _is_known(self, result: Any) -> bool:
        """Whether a body returned what it was given, as Dropout does when it predicts."""
        return all(id(tensor) in self._places for tensor in _each(result))

    # Calls

    def _write_calls(self, calls: Sequence[Call], result: Any) -> bool:
        """Write torch calls; False, and nothing written, if they lack a tensor's origin."""
        places = dict(self._places)
        written = []
        for call in calls:
            try:
                args, kwargs = fx.node.map_aggregate((call.args, call.kwargs), self._argument)
            except KeyError:
                break
            if call.name == "detach" and not call.args[0].requires_grad:
                self._place(call.result, self._places[id(call.args[0])])
                continue
            if call.is_method:
                place = self._graph.call_method(call.name, tuple(args), dict(kwargs))
            else:
                place = self._graph.call_function(call.function, tuple(args), dict(kwargs))
            if writes(call):
                place.meta["writes"] = True
            written.append(place)
            written += self._place_results(call.result, place)
        else:
            if self._is_known(result):
                return True
        for place in reversed(written):
            self._graph.erase_node(place)
        self._places = places
        return False

    def _argument(self, value: Any) -> Any:
        return self._places[id(value)] if isinstance(value, Tensor) else value

    def _write_body(
        self, body: Callable[..., Any], given: Sequence[Any], attributes: dict[str, Any], result: Any
    ) -> None:
        args = tuple([None if value is None else self._places[id(value)] for value in given])
        place = self._graph.call_function(body, args, dict(attributes))
        place.meta["writes"] = True
        self._place_results(result, place)

    def _place_results(self, result: Any, place: fx.Node) -> list[fx.Node]:
        if isinstance(result, Tensor):
            self._place(result, place)
            return []
        parts = []
        if result is not None:
            for number, tensor in enumerate(result):
                part = self._graph.call_function(getitem, (place, number))
                self._place(tensor, part)
                parts.append(part)
        return parts

    def _remove_unused(self) -> None:
        for place in reversed(self._graph.nodes):
            if place.op in ("call_function", "call_method") and not place.users and "writes" not in place.meta:
                self._graph.erase_node(place)

    # Gradients

    def _note_gradients(self, given: Sequence[Any], results: Sequence[Tensor]) -> None:
        tensors = [value for value in given if isinstance(value, Tensor)]
        sources = frozenset().union(*[self._sources[id(value)] for value in tensors])
        for tensor in results:
            if not tensor.requires_grad:
                self._ended |= sources
            self._sources.setdefault(id(tensor), sources if tensor.requires_grad else frozenset())


def _made_without_values(op: Operator, attributes: dict[str, Any]) -> Any:
    """The results of an operator without inputs, without values; nothing is drawn from a random generator."""
    result = op.body(**(attributes | {"ctx": "meta"} if "ctx" in op.attributes else attributes))
    return result.to("meta") if isinstance(result, Tensor) else [tensor.to("meta") for tensor in result]


def _each(result: Any) -> Iterator[Tensor]:
    return iter((result,) if isinstance(result, Tensor) else result)


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def identifiers(names: Iterable[str]) -> Iterator[str]:
    """A Python identifier for each name, no two alike."""
    taken = {"self"}
    for name in names:
        identifier = re.sub(r"^(?=\d)|\W", "_", name, flags=re.ASCII) or "_"
        while identifier in taken or keyword.iskeyword(identifier):
            identifier += f"_{len(taken)}"
        taken.add(identifier)
        yield identifier
