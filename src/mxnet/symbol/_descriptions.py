"""What a node says of itself in text: its attributes as files spell them, and the annotations beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mxnet.base import MXNetError
from mxnet.operators.catalogue import Operator
from mxnet.symbol._graph import Entry, Node
from mxnet.symbol._write import attribute_texts

__all__ = ["annotate", "annotation_name", "check_annotation", "described", "is_annotation", "set_first_values"]

_HIDDEN = ("ctx_group", "force_mirroring", "lr_mult", "mirror_stage", "profiler_scope", "wd_mult")
"""Annotations that MXNet itself reads: given and asked for without underscores, kept with them."""
_FIRST_VALUES = {
    "gamma": '["Constant", {"value": 0.25}]',
    "moving_avg": '["zero", {}]',
    "moving_mean": '["zero", {}]',
    "moving_var": '["one", {}]',
    "weight": '["bilinear", {}]',
}
_HAVE_FIRST_VALUES = {"LeakyReLU": ("gamma",), "UpSampling": ("weight",)}
"""Initializers of auxiliary states, and of the inputs here, unless their variables say otherwise."""


def annotation_name(name: str) -> str:
    """The name under which an annotation is kept."""
    return f"__{name}__" if name in _HIDDEN else name


def check_annotation(name: str) -> None:
    """Refuse ``weight_lr_mult``, which once annotated a variable by way of the operator it belongs to.

    Raises
    ------
    MXNetError
    """
    for hidden in _HIDDEN:
        if name.endswith(f"_{hidden}"):
            variable = name.removesuffix(f"_{hidden}")
            raise MXNetError(
                f"{name!r} cannot be set on an operator: make the variable {variable!r} yourself, "
                f"as mx.sym.var(..., attr={{'{hidden}': ...}}), and hand it over"
            )


def annotate(node: Node, given: Mapping[str, str]) -> None:
    """Set annotations of a node, or attributes of its operator, in place.

    Raises
    ------
    MXNetError
        If an attribute's value does not fit its type, or the operator has no such attribute.
    """
    known = {} if node.op is None else node.op.attributes
    attributes = {name: value for name, value in given.items() if name in known}
    annotations = {annotation_name(name): value for name, value in given.items() if name not in known}
    for name in annotations:
        check_annotation(name)
        if known and not is_annotation(name):
            raise MXNetError(f"{node.op.name} has no attribute {name!r}; it takes {', '.join(known)}")
    if attributes:
        node.attributes = dict(node.op.canonical({**node.attributes, **attributes}))
        if node.written is not None:
            node.written = (node.written[0], {**node.written[1], **attributes})
    node.annotations.update(annotations)


def is_annotation(name: str) -> bool:
    """Whether operators with attributes take this name for an annotation: one with underscores around it."""
    return name.startswith("__") and name.endswith("__")


def described(node: Node) -> dict[str, str]:
    """All that a node says of itself, those in `_HIDDEN` under both names."""
    found = {**attribute_texts(node)[1], **node.annotations}
    for name in _HIDDEN:
        if f"__{name}__" in found:
            found[name] = found[f"__{name}__"]
    return found


def set_first_values(op: Operator, places: Sequence[str], entries: Sequence[Entry | None]) -> None:
    """Annotate variables that are inputs of an operator with what they start from, where the operator knows."""
    for place, entry in zip(places, entries, strict=False):
        if place in op.mutates or place in _HAVE_FIRST_VALUES.get(op.name, ()):
            if place in _FIRST_VALUES and entry is not None and entry[0].op is None:
                entry[0].annotations.setdefault("__init__", _FIRST_VALUES[place])
