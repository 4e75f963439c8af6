"""A graph as a module of PyTorch: parameters, code and modes in torch's own terms.

The module is a `torch.fx.GraphModule` whose nodes are the operators' bodies. Operators that have tensors of their own,
hang on whether the module trains, or draw random numbers, are submodules (`Call`). Nothing in it knows the shape of
the inputs.
"""

from __future__ import annotations

import re
import typing
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import getitem
from typing import Any

import torch
from torch import fx

from mxnet._generators import torch_draws
from mxnet.base import MXNetError
from mxnet.engines._torch import identifiers
from mxnet.operators.catalogue import Operator
from mxnet.operators.module import ModuleOperator
from mxnet.symbol._graph import Entry, Node, topological

__all__ = ["Call", "Tracer", "attach", "to_module", "unreserved"]

Tensor = torch.Tensor

_RESERVED = frozenset(dir(fx.GraphModule({}, fx.Graph())))  # names that torch's modules have themselves
_NUMBERED = re.compile(r"node_\d+")
_FAMILY = re.compile(r"^_+(npi|npx|np|contrib|image|linalg|random|sample|sparse)?_*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")
_SAMPLERS = ("mxnet.operators.random", "mxnet.operators.sampling")


class Tracer(fx.Tracer):
    """How torch.fx reads the code of a module that was pickled: what hangs on buffers alone is no constant."""

    proxy_buffer_attributes = True


class Call(torch.nn.Module):
    """A call of an operator as a layer: one that holds the operator's tensors, or in which the mode decides.

    Parameters
    ----------
    op : Operator
    attributes : dict
        In canonical form.
    tensors : sequence of (str, Tensor) or None
        For each input a tensor of this layer and its name; None if `forward` is given it.
    """

    def __init__(
        self, op: Operator, attributes: Mapping[str, Any], tensors: Sequence[tuple[str, Tensor] | None]
    ) -> None:
        super().__init__()
        self._body = op.body
        self._modal = op.modal
        self._is_random = op.modal or _draws(op)
        self._attributes = dict(attributes)
        self._inputs = [None if own is None else own[0] for own in tensors]
        for name, tensor in filter(None, tensors):
            if isinstance(tensor, torch.nn.Parameter):
                self.register_parameter(name, tensor)
            else:
                self.register_buffer(name, tensor)

    def forward(self, *given: Tensor | None) -> Any:
        """The operator's result or results."""
        pending = iter(given)
        tensors = [next(pending) if name is None else getattr(self, name) for name in self._inputs]
        attributes = self._attributes | {"training": self.training} if self._modal else self._attributes
        if not self._is_random or torch.compiler.is_compiling():
            return self._body(*tensors, **attributes)
        with torch_draws():
            return self._body(*tensors, **attributes)

    def _get_name(self) -> str:
        return self._body.__name__

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self._attributes.items())


def to_module(
    entries: Sequence[Entry],
    inputs: Sequence[Node],
    values: Mapping[Node, Tensor],
    constants: Mapping[Node, Tensor] | None = None,
    *,
    arrange: Callable[[list[Any]], Any] | None = None,
    name: str = "Graph",
) -> fx.GraphModule:
    """A module that computes `entries`.

    Parameters
    ----------
    entries : sequence of Entry
    inputs : sequence of Node
        The variables that `forward` is given, in its order.
    values : mapping of Node to Tensor
        Parameters and states: a `torch.nn.Parameter` becomes one of the module, any other tensor a buffer. The
        dots in a variable's name are the path to it.
    constants : mapping of Node to Tensor, optional
        The values of variables that are to be no part of the module's state.
    arrange : callable, optional
        ``arrange(outputs)`` puts the outputs into what `forward` returns; default a tuple if there are several.
    name : str, optional
        The name of the module's class.

    Returns
    -------
    torch.fx.GraphModule
        In evaluation mode.
    """
    builder = _Builder(topological(entries), values, constants or {})
    builder.add_inputs(inputs)
    builder.add_nodes()
    return builder.finish(entries, arrange or _tuple_if_several, name)


def attach(root: torch.nn.Module, path: str, value: Tensor | torch.nn.Module) -> None:
    """Register a tensor or module under a path; what lies between is made."""
    *way, field = path.split(".")
    for part in way:
        if not hasattr(root, part):
            root.add_module(part, torch.nn.Module())
        root = getattr(root, part)
    if isinstance(value, Tensor) and not isinstance(value, torch.nn.Parameter):
        root.register_buffer(field, value)
    else:
        setattr(root, field, value)


def _tuple_if_several(outputs: list[Any]) -> Any:
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


class _Builder:
    def __init__(self, nodes: Sequence[Node], values: Mapping[Node, Tensor], constants: Mapping[Node, Tensor]) -> None:
        self._graph = fx.Graph(tracer_cls=Tracer)
        self._nodes = nodes
        self._values = values
        self._constants = dict(constants)
        self._held: dict[str, Any] = {}  # tensors and submodules by their path
        self._paths = dict(zip(values, _paths(node.name for node in values), strict=True))
        self._taken = _with_prefixes(self._paths.values())
        self._below: dict[str, list[Node]] = defaultdict(list)  # the nodes of the tensors right below a path
        for node, path in self._paths.items():
            self._below[path.rpartition(".")[0]].append(node)
        self._modules: dict[int, str] = {}  # paths of torch's own modules
        self._places: dict[Node, fx.Node] = {}
        self._users = _users(nodes)
        self._device = next((tensor.device for tensor in values.values()), torch.device("cpu"))
        self._beside = self._free("constants")  # where what is no part of the state is held

    def add_inputs(self, inputs: Sequence[Node]) -> None:
        for node, identifier in zip(inputs, identifiers(node.name for node in inputs), strict=True):
            self._places[node] = self._graph.placeholder(identifier)

    def add_nodes(self) -> None:
        for node in self._nodes:
            if node in self._places:
                continue
            if node in self._values:
                self._add_tensor(node, self._paths[node], self._values[node])
            elif node in self._constants:
                self._add_constant(node, self._constants[node])
            elif node.op is None:
                raise MXNetError(f"the graph's variable {node.name!r} is no input and has no value")
            elif isinstance(node.op, ModuleOperator):
                self._add_module(node, node.op)
            elif not node.inputs and node.outputs == 1 and not _draws(node.op):
                self._add_constant(node, self._computed(node))
            else:
                self._add_call(node)

    def finish(self, entries: Sequence[Entry], arrange: Callable[[list[Any]], Any], name: str) -> fx.GraphModule:
        self._graph.output(arrange([self._result(entry) for entry in entries]))
        for place in reversed(self._graph.nodes):
            if place.op == "get_attr" and not place.users:
                self._graph.erase_node(place)
        module = fx.GraphModule(self._tree(), self._graph, class_name=name)
        if self._beside in self._held:
            module.add_module(self._beside, self._held[self._beside])
        return module.eval()

    def _tree(self) -> torch.nn.Module:
        root = torch.nn.Module()
        for path in sorted(self._held, key=lambda path: path.count(".")):
            attach(root, path, self._held[path])
        return root

    # Nodes

    def _add_tensor(self, node: Node, path: str, tensor: Tensor) -> None:
        self._held[path] = tensor
        self._places[node] = self._graph.create_node("get_attr", path, name=path.replace(".", "_"))

    def _add_constant(self, node: Node, value: Tensor) -> None:
        """An array that is no parameter goes and is cast with the module, but is not in its state."""
        holder = self._held.setdefault(self._beside, torch.nn.Module())
        path = self._free(f"{self._beside}.{self._name(node)}")
        holder.register_buffer(path.rpartition(".")[2], value, persistent=False)
        self._places[node] = self._graph.get_attr(path)

    def _computed(self, node: Node) -> Tensor:
        """The array that an operator without inputs makes, such as positions."""
        attributes = _attributes(node)
        attributes.pop("ctx", None)
        with torch.no_grad():
            return node.op.body(**attributes).to(self._device)

    def _add_call(self, node: Node) -> None:
        layer = self._layer(node)
        if layer and self._is_alone(node, layer):
            self._add_layer(node, layer)
        elif node.op.modal or _draws(node.op):
            path = self._free(f"{layer}.{_plain(node.op.name)}" if layer else self._name(node))
            self._held[path] = Call(node.op, _attributes(node), [None] * len(node.inputs))
            self._places[node] = self._graph.call_module(path, tuple(self._arguments(node)))
        else:
            args = tuple(self._arguments(node))
            place = self._graph.create_node("call_function", node.op.body, args, _attributes(node), self._name(node))
            place.meta["is_wrapped"] = True  # torch.fx does not look into it when it traces the code again
            self._places[node] = place

    def _add_layer(self, node: Node, layer: str) -> None:
        """An operator that is alone with its tensors is a submodule that holds them."""
        own = [
            (self._paths[entry[0]].rpartition(".")[2], self._values[entry[0]]) if self._is_held(entry) else None
            for entry in node.inputs
        ]
        if layer not in self._held:
            self._held[layer] = Call(node.op, _attributes(node), own)
        given = [place for place, held in zip(self._arguments(node), own, strict=True) if held is None]
        self._places[node] = self._graph.call_module(layer, tuple(given))

    def _add_module(self, node: Node, op: ModuleOperator) -> None:
        """A module of torch's own stands where its tensors are, as a copy that has those of the graph."""
        arguments = self._arguments(node)
        given, tensors = arguments[: op.count_of_data], [entry[0] for entry in node.inputs[op.count_of_data :]]
        if id(op.module) not in self._modules:
            path = op.path_of([self._paths[variable] for variable in tensors]) or self._free(self._name(node))
            self._modules[id(op.module)] = path
            self._held[path] = op.with_tensors([self._values[variable] for variable in tensors])
        self._places[node] = self._graph.call_module(self._modules[id(op.module)], tuple(op.arguments(given)))

    # Inputs and results

    def _arguments(self, node: Node) -> list[Any]:
        return [None if entry is None else self._result(entry) for entry in node.inputs]

    def _result(self, entry: Entry) -> fx.Node:
        node, number = entry
        place = self._places[node]
        if node.op is None:
            return place
        if isinstance(node.op, ModuleOperator):
            for key in node.op.way_to(number):
                place = self._graph.call_function(getitem, (place, key))
            return place
        if node.outputs > 1 or _is_always_listed(node.op.body):
            return self._graph.call_function(getitem, (place, number))
        return place

    # Names

    def _name(self, node: Node) -> str:
        """Its own name if somebody gave it, else that of the layer whose parameters it reads, else its operator's."""
        if not _NUMBERED.fullmatch(node.name):
            return next(identifiers([node.name]))
        return self._layer(node).replace(".", "_") or _plain(node.op.name)

    def _layer(self, node: Node) -> str:
        """The path above the tensors that a node reads; '' if they have none, or several."""
        paths = {self._paths[entry[0]].rpartition(".")[0] for entry in node.inputs if self._is_held(entry)}
        return paths.pop() if len(paths) == 1 else ""

    def _is_held(self, entry: Entry | None) -> bool:
        return entry is not None and entry[0] in self._paths

    def _is_alone(self, node: Node, layer: str) -> bool:
        """Whether the tensors at a path are for a node and others that do just the same with them."""
        wanted = self._signature(node)
        return all(self._signature(user) == wanted for other in self._below[layer] for user in self._users[other])

    def _signature(self, node: Node) -> tuple[Any, ...]:
        return node.op, node.attributes, [entry[0] if self._is_held(entry) else None for entry in node.inputs]

    def _free(self, path: str) -> str:
        path = unreserved(path)
        free, number = path, 0
        while free in self._taken:
            number += 1
            free = f"{path}_{number}"
        self._taken.add(free)
        return free


def _users(nodes: Sequence[Node]) -> dict[Node, set[Node]]:
    users: dict[Node, set[Node]] = defaultdict(set)
    for node in nodes:
        for entry in node.inputs:
            if entry is not None:
                users[entry[0]].add(node)
    return users


def _paths(names: Iterable[str]) -> list[str]:
    """Paths of tensors: the names, but none that torch's modules have themselves, and none within another."""
    paths = [unreserved(name) for name in names]
    inner = _with_prefixes(path.rpartition(".")[0] for path in paths)
    taken: dict[str, None] = {}
    for path in paths:
        while path in inner or path in taken:
            path += "_"
        taken[path] = None
    return list(taken)


def unreserved(path: str) -> str:
    """The path of a tensor of that name: parts that torch's modules have themselves get an underscore."""
    parts = [part or "_" for part in path.split(".")]
    return ".".join([f"{part}_" if part in _RESERVED else part for part in parts])


def _with_prefixes(paths: Iterable[str]) -> set[str]:
    found = set()
    for path in paths:
        parts = path.split(".")
        found |= {".".join(parts[: count + 1]) for count in range(len(parts))}
    return found


def _plain(name: str) -> str:
    """An operator's name without its family: ``_npi_add`` is ``add``, ``FullyConnected`` is ``fully_connected``."""
    return _HUMP.sub("_", _FAMILY.sub("", name)).lower()


def _attributes(node: Node) -> dict[str, Any]:
    """A node's attributes without those at their default.

    The device of a result that has inputs is left out too: it follows from theirs.
    """
    found = {}
    for name, value in node.attributes.items():
        default = node.op.attributes[name].default
        if not (type(value) is type(default) and value == default) and not (name == "ctx" and node.inputs):
            found[name] = value
    return found


def _draws(op: Operator) -> bool:
    """Whether an operator draws random numbers whatever the mode."""
    return op.body.__globals__["__name__"] in _SAMPLERS


@cache
def _is_always_listed(body: Callable[..., Any]) -> bool:
    """Whether a body returns a list even of one result, as those do that split an array into any number of parts."""
    return typing.get_origin(typing.get_type_hints(body).get("return")) in (list, tuple)
