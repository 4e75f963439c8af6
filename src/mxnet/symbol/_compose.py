"""Making graphs: an operator over symbols, a graph with other inputs, a copy of a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mxnet import attribute
from mxnet import name as naming
from mxnet.base import MXNetError
from mxnet.operators.catalogue import Operator
from mxnet.symbol._descriptions import annotation_name, check_annotation, is_annotation
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._spelling import spell_given

__all__ = ["compose", "copy", "leave_node", "scope_annotations", "substitute"]

_NO_SCOPE = "<unk>:"  # what MXNet calls the profiler's scope outside of any
_FIRST_VALUES = {
    "moving_mean": '["zero", {}]',
    "moving_var": '["one", {}]',
    "running_mean": '["zero", {}]',
    "running_var": '["one", {}]',
}
"""The initializers of auxiliary states that nobody made a variable for."""
_FIRST_WEIGHTS = {("LeakyReLU", "gamma"): '["Constant", {"value": 0.25}]'}


def compose(
    op: Operator,
    inputs: Mapping[str, Entry],
    keywords: Mapping[str, Any],
    name: str | None,
    hint: str,
    attr: Mapping[str, Any] | None = None,
) -> list[Entry]:
    """The results of an operator over some entries; inputs that are missing become variables.

    Parameters
    ----------
    op : Operator
    inputs : mapping of str to Entry
        By the operator's names, or ``arg0, arg1, ...`` where it takes any number.
    keywords : mapping
        Attributes as a user spells them, and annotations.
    name : str or None
        None lets the current `NameManager` number the node after `hint`.
    attr : mapping, optional
        Further attributes and annotations, which win over `keywords`.

    Raises
    ------
    MXNetError
        For an attribute or input the operator does not have, a value that does not fit, an attribute that is
        required and missing, or an auxiliary state that is no variable.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f"{op.name}: name must be a string, not {type(name).__name__}")
    attributes, annotations = _sorted_out(op, {**keywords, **attribute.current().get(attr)})
    canonical = _canonical(op, attributes)
    names = _expected(op, canonical, inputs)
    _check(op, names, inputs)
    annotations = scope_annotations(annotations)
    name = naming.current().get(name, hint)
    entries = []
    for place in names:
        if place is None or place in inputs:
            entries.append(inputs.get(place))
        else:
            entries.append((_variable(op, name, place, {**spell_given(canonical), **annotations}), 0))
    return leave_node(op, name, canonical, entries, annotations)


def leave_node(
    op: Operator,
    name: str,
    canonical: Mapping[str, Any],
    entries: Sequence[Entry | None],
    annotations: Mapping[str, str],
) -> list[Entry]:
    """The results of a new node."""
    node = Node(op, name, canonical, entries, annotations)
    return [(node, number) for number in range(node.outputs)]


def scope_annotations(given: Mapping[str, str]) -> dict[str, str]:
    """Annotations, with the profiler's scope that MXNet writes on every node."""
    return {"__profiler_scope__": _NO_SCOPE, **given}


def _sorted_out(op: Operator, keywords: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The attributes and the annotations among keywords."""
    attributes, annotations = {}, {}
    for name, value in keywords.items():
        if name in op.attributes:
            attributes[name] = value
            continue
        kept = annotation_name(name)
        check_annotation(kept)
        if op.attributes and not is_annotation(kept):
            raise MXNetError(
                f"{op.name} has no input or attribute {name!r}; "
                f"its attributes are {', '.join(op.attributes)}; annotations are spelled __{name}__"
            )
        annotations[kept] = str(value)
    return attributes, annotations


def _canonical(op: Operator, attributes: dict[str, Any]) -> dict[str, Any]:
    try:
        return op.canonical(attributes)
    except TypeError as error:  # symbols raise here what they raise for a wrong value
        raise MXNetError(str(error)) from None


def _expected(op: Operator, canonical: dict[str, Any], inputs: Mapping[str, Entry]) -> list[str | None]:
    """The names of the inputs by place; None for an optional one that is left out before others."""
    if op.variadic:
        return [f"arg{number}" for number in range(max(canonical.get("num_args", 0), len(inputs)))]
    names = [name if name not in op.optional or name in inputs else None for name in op.inputs]
    while names and names[-1] is None:
        names.pop()
    return names


def _check(op: Operator, names: list[str | None], inputs: Mapping[str, Entry]) -> None:
    if not names and op.variadic:
        raise MXNetError(f"{op.name} needs at least one input")
    for name, (node, _) in inputs.items():
        if name not in names:
            wanted = ", ".join(place for place in names if place) or "none"
            raise MXNetError(f"{op.name} takes no input {name!r} with these attributes; its inputs are {wanted}")
        if name in op.mutates and node.op is not None:
            raise MXNetError(f"{op.name}: {name!r} is an auxiliary state and must be a variable, not {node.name!r}")


def _variable(op: Operator, name: str, place: str, annotations: dict[str, str]) -> Node:
    """The variable for an input nobody gave; like MXNet's it carries what is said of the operator."""
    first = _FIRST_VALUES.get(place) if place in op.mutates else _FIRST_WEIGHTS.get((op.name, place))
    if first is not None:
        annotations.setdefault("__init__", first)
    return Node(None, f"{name}_{place}", annotations=annotations)


def copy(entries: Sequence[Entry]) -> list[Entry]:
    """The same graph of new nodes."""
    return substitute(entries, {})


def substitute(entries: Sequence[Entry], replacements: Mapping[str, Entry]) -> list[Entry]:
    """The graph of new nodes with variables replaced by entries, which are taken as they are.

    Raises
    ------
    MXNetError
        If there is no variable of a name, or an operator's result would take the place of an auxiliary state.
    """
    made: dict[int, Node] = {}
    found = set()

    def follow(entry: Entry | None) -> Entry | None:
        if entry is None:
            return None
        node, number = entry
        if node.op is None and node.name in replacements:
            found.add(node.name)
            return replacements[node.name]
        return made[id(node)], number

    for node in topological(entries):
        if node.op is None and node.name in replacements:
            continue
        inputs = [follow(entry) for entry in node.inputs]
        for place, entry in zip(() if node.op is None else node.op.inputs, inputs, strict=False):
            if place in node.op.mutates and entry is not None and entry[0].op is not None:
                raise MXNetError(f"{entry[0].name!r} is no variable and cannot be {place!r} of {node.name!r}")
        made[id(node)] = Node(node.op, node.name, node.attributes, inputs, node.annotations)
    new = [follow(entry) for entry in entries]
    for name in replacements:
        if name not in found:
            raise MXNetError(f"there is no argument {name!r} to compose")
    return new
