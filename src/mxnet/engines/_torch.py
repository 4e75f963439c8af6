"""The reference engine: a graph as one Python function of torch calls, for inputs of given shapes and types."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial, reduce
from operator import getitem, or_
from typing import Any, NamedTuple

import torch
from torch import fx

from mxnet.engines._calls import Call, calls_of, writes
from mxnet.engines._in_place import write_in_place
from mxnet.engines._specs import made_without_values
from mxnet.symbol._graph import Entry, Node, topological

__all__ = ["Compiled", "Origin", "compile_graph", "identifiers"]

Tensor = torch.Tensor


class Compiled(NamedTuple):
    """A graph that runs.

    Attributes
    ----------
    function : callable
        ``function(*tensors)`` returns a tuple of tensors; the values of the variables in the order given.
    origins : list of Origin
        What each output hangs on.
    source : str
        The Python code of the function.
    names : dict of str to object
        The functions and other objects that the code means by names of its own.
    """

    function: Callable[..., tuple[Tensor, ...]]
    origins: list[Origin]
    source: str
    names: dict[str, Any]


class Origin(NamedTuple):
    """The variables, by their number, that an output hangs on.

    Attributes
    ----------
    reached : list of int
        All of them, but for those behind a cut.
    ended : list of int
        Those with a gradient that are reached through an operator without a derivative: zero is due to them.
    """

    reached: list[int]
    ended: list[int]


def compile_graph(
    entries: Sequence[Entry],
    variables: Sequence[Node],
    examples: Sequence[Tensor],
    training: bool,
    calls: Sequence[Node] = (),
    cuts: Collection[Node] = (),
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
    calls : sequence of Node, optional
        The operators in the order in which they run, those included that no entry needs but which change a state or
        draw random numbers. Default: those that are needed, in topological order.
    cuts : collection of Node, optional
        Operators whose results are constants for gradients.
    """
    with torch.enable_grad():
        builder = _Builder(variables, examples)
        for node in calls or topological(entries):
            if node.op is not None:
                builder.add(node, training, node in cuts)
        return builder.finish(entries)


class _Builder:
    def __init__(self, variables: Sequence[Node], examples: Sequence[Tensor]) -> None:
        self._graph = fx.Graph()
        self._values: dict[int, Sequence[Tensor]] = {}  # the results of a node
        self._places: dict[int, fx.Node] = {}  # where the function has a tensor
        self._kept: list[Any] = []  # keeps tensors, so that no id comes twice
        self._variables = list(examples)
        self._hanging: dict[tuple[int, int], _Hanging] = {}  # by the node and number of a result
        names = identifiers(node.name for node in variables)
        for number, (node, example, name) in enumerate(zip(variables, examples, names, strict=True)):
            self._values[id(node)] = (example,)
            self._place(example, self._graph.placeholder(name))
            bit = 1 << number
            self._hanging[id(node), 0] = _Hanging(bit, bit if example.requires_grad else 0, 0)

    def add(self, node: Node, training: bool, is_cut: bool) -> None:
        """Write the calls of one operator."""
        op = node.op
        given = [None if entry is None else self._tensor(entry) for entry in node.inputs]
        given += [None] * (len(op.inputs) - len(given)) if not op.variadic else []
        attributes = node.attributes | {"training": training} if op.modal else node.attributes
        if any(isinstance(value, Tensor) for value in given):
            result, calls = calls_of(op.body, given, attributes)
        else:
            result, calls = made_without_values(op, attributes), None
        if calls is None or not self._write_calls(calls, result):
            # A result that is an input, without values, may be another tensor with them.
            result = _map(result, lambda tensor: tensor.view_as(tensor) if id(tensor) in self._places else tensor)
            self._write_body(op.body, given, attributes, result)
        results = (result,) if isinstance(result, Tensor) else tuple(result)
        self._values[id(node)] = results
        self._note_origin(node, results, is_cut)

    def finish(self, entries: Sequence[Entry]) -> Compiled:
        outputs = []
        taken = {_memory(example) for example in self._variables}
        heads = set(entries)
        for entry in entries:
            tensor, place = self._tensor(entry), self._places[id(self._tensor(entry))]
            # Arrays share no memory in MXNet: an output that is a view of an input or of another one is copied.
            if entry[0].op is not None and _memory(tensor) in taken:
                place = self._graph.call_method("clone", (place,))
            else:
                # Tensors of another memory layout than the examples' may give views where these give copies.
                origins = [each for each in _viewed(entry) if each[0].op is None or each in heads]
                others = [self._places[id(self._tensor(each))] for each in origins if each != entry]
                place = self._graph.call_function(_apart, (place, *others)) if others else place
            taken.add(_memory(tensor))
            outputs.append(place)
        self._graph.output(tuple(outputs))
        self._remove_unused()
        write_in_place(self._graph)
        code = self._graph.python_code("self")
        names: dict[str, Any] = dict(code.globals)
        exec(compile(code.src, "<traced graph>", "exec"), names)
        origins = [self._hanging[id(node), number] for node, number in entries]
        origins = [Origin(_numbers(each.reached), _numbers(each.ended)) for each in origins]
        return Compiled(partial(names["forward"], None), origins, code.src, code.globals)

    def _tensor(self, entry: Entry) -> Tensor:
        return self._values[id(entry[0])][entry[1]]

    def _place(self, tensor: Tensor, place: fx.Node) -> None:
        self._kept.append(tensor)
        self._places[id(tensor)] = place
        place.meta.setdefault("form", (tensor.shape, tensor.dtype))

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
            if all(id(tensor) in self._places for tensor in _each(result)):
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

    def _note_origin(self, node: Node, results: Sequence[Tensor], is_cut: bool) -> None:
        given = [self._hanging[id(entry[0]), entry[1]] for entry in node.inputs if entry is not None]
        reached, sources, ended = (reduce(or_, each) for each in zip((0, 0, 0), *given, strict=True))
        for number, tensor in enumerate(results):
            if is_cut:
                hanging = _Hanging(0, 0, 0)
            elif tensor.requires_grad:
                hanging = _Hanging(reached, sources, ended)
            else:
                hanging = _Hanging(reached, 0, ended | sources)
            self._hanging[id(node), number] = hanging


class _Hanging(NamedTuple):
    """The variables that a result hangs on, as sets of bits: all, those its gradient goes to, and as `Origin.ended`."""

    reached: int
    sources: int
    ended: int


def _numbers(bits: int) -> list[int]:
    """The places of the ones in a number."""
    return [place for place, bit in enumerate(reversed(f"{bits:b}")) if bit == "1"]


def _viewed(entry: Entry) -> Iterator[Entry]:
    """What an entry may be a view of: the entry itself, or through operators that return views what they are given."""
    pending, seen = [entry], set()
    while pending:
        each = pending.pop()
        if each not in seen:
            seen.add(each)
            yield each
            if each[0].op is not None and each[0].op.views:
                pending.extend(given for given in each[0].inputs if given is not None)


def _apart(tensor: Tensor, *others: Tensor) -> Tensor:
    """The tensor, or a copy if it has the memory of another one."""
    memory = tensor.untyped_storage().data_ptr()
    shared = any(other.untyped_storage().data_ptr() == memory for other in others)
    return tensor.clone() if shared else tensor


def _each(result: Any) -> Iterator[Tensor]:
    return iter((result,) if isinstance(result, Tensor) else result)


def _map(result: Any, change: Callable[[Tensor], Tensor]) -> Any:
    return change(result) if isinstance(result, Tensor) else [change(tensor) for tensor in result]


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
