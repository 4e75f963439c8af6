"""Making graphs: an operator over symbols, a graph with other inputs, a copy of a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mxnet import attribute
from mxnet import name as naming
from mxnet.base import MXNetError
from mxnet.operators.attributes import DType
from mxnet.operators.catalogue import Operator
from mxnet.symbol._descriptions import annotation_name, check_annotation, is_annotation, set_first_values
from mxnet.symbol._dialect import NO_SCOPE
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._spelling import python_text, spell_given

__all__ = ["compose", "copy", "scope_annotations", "substitute"]

_OWN_NAMES = frozenset(
    (
        "Convolution_v1 _CrossDeviceCopy _contrib_SparseEmbedding _copyto _grad_add _linspace _rnn_param_concat "
        "relu sigmoid"
    ).split()
)
"""Names of operators that are one with another here, and in MXNet's files are not."""


def compose(
    op: Operator,
    inputs: Mapping[str, Entry] | Sequence[Entry],
    keywords: Mapping[str, Any],
    name: str | None,
    hint: str,
    attr: Mapping[str, Any] | None = None,
    called: str = "",
) -> list[Entry]:
    """The results of an operator over some entries; inputs that are missing become variables.

    Parameters
    ----------
    op : Operator
    inputs : mapping of str to Entry, or sequence of Entry
        By their names, as `Operator.expected_inputs` tells them, or in their order.
    keywords : mapping
        Attributes as a user spells them, and annotations; ``num_args`` of an operator that takes any number of inputs.
    name : str or None
        None lets the current `NameManager` number the node after `hint`.
    attr : mapping, optional
        Further attributes and annotations, which win over `keywords`.
    called : str, optional
        The name by which the operator was found.

    Raises
    ------
    MXNetError
        For an attribute or input the operator does not have, a value that does not fit, an attribute that is
        required and missing, or an auxiliary state that is no variable.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f"{op.name}: name must be a string, not {type(name).__name__}")
    keywords = {**keywords, **attribute.current().get(attr)}
    count = _count(op, keywords, len(inputs))
    attributes, annotations = _sorted_out(op, keywords)
    canonical = _canonical(op, attributes)
    names = op.expected_inputs(canonical, count)
    if not isinstance(inputs, Mapping):
        inputs = _named(op, names, inputs)
    _check(op, names, inputs)
    annotations = scope_annotations(annotations)
    texts = _texts(op, attributes, canonical)
    name = naming.current().get(name, hint)
    entries: list[Entry | None] = []
    for place in names if op.variadic else op.inputs:
        if place in inputs:
            entries.append(inputs[place])
        elif place in names:
            said = {**texts, **annotations, **({"num_args": str(count)} if op.variadic else {})}
            entries.append((Node(None, f"{name}_{place}", annotations=said), 0))
        else:
            entries.append(None)
    set_first_values(op, names if op.variadic else op.inputs, entries)
    while entries and entries[-1] is None:
        entries.pop()
    node = Node(op, name, canonical, entries, annotations, (called if called in _OWN_NAMES else op.name, texts))
    return [(node, number) for number in range(node.outputs)]


def scope_annotations(given: Mapping[str, str]) -> dict[str, str]:
    """Annotations, with the profiler's scope that MXNet writes on every node."""
    return {**NO_SCOPE, **given}


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


def _count(op: Operator, keywords: dict[str, Any], given: int) -> int:
    """The number of inputs of an operator that takes any number, given or to be made; told to it if it asks."""
    if not op.variadic:
        return given
    said = keywords["num_args"] if "num_args" in op.attributes else keywords.pop("num_args", None)
    try:
        return max(int(said or 0), given)
    except ValueError:
        raise MXNetError(f"{op.name}: num_args must be a number, not {said!r}") from None


def _named(op: Operator, names: Sequence[str], inputs: Sequence[Entry]) -> dict[str, Entry]:
    if len(inputs) > len(names):
        raise MXNetError(f"{op.name} takes {len(names)} inputs with these attributes, not {len(inputs)}")
    return dict(zip(names, inputs, strict=False))


def _check(op: Operator, names: Sequence[str], inputs: Mapping[str, Entry]) -> None:
    if op.variadic and not names:
        raise MXNetError(f"{op.name} needs at least one input")
    for name, (node, _) in inputs.items():
        if name not in names:
            raise MXNetError(
                f"{op.name} takes no input {name!r} with these attributes; its inputs are {', '.join(names) or 'none'}"
            )
        if name in op.mutates and node.op is not None:
            raise MXNetError(f"{op.name}: {name!r} is an auxiliary state and must be a variable, not {node.name!r}")


def _texts(op: Operator, attributes: Mapping[str, Any], canonical: dict[str, Any]) -> dict[str, str]:
    """The attributes as the user spelled them, where that says the same to whoever reads it."""
    texts = {
        name: python_text(canonical[name]) if op.attributes[name].kind is DType else str(value)
        for name, value in attributes.items()
    }
    try:
        if op.canonical(texts) == canonical:
            return texts
    except MXNetError:
        pass
    return spell_given(canonical)


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
        made[id(node)] = Node(node.op, node.name, node.attributes, inputs, node.annotations, node.written)
    new = [follow(entry) for entry in entries]
    for name in replacements:
        if name not in found:
            raise MXNetError(f"there is no argument {name!r} to compose")
    return new
