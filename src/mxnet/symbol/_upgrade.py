"""What has changed in files since MXNet 0.8: read as MXNet 1.9 and 2.0 read them.

Up to 0.8 the auxiliary states of an operator were not among its inputs, up to 0.9.3 nothing told the values they
start from, and up to 0.9.4 ``axis=-1`` of argmax and argmin meant none. An operator may say what is meant for its
variables (``weight_lr_mult``), and annotations may go without underscores (``lr_mult``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxnet.base import MXNetError
from mxnet.operators.catalogue import Operator
from mxnet.symbol._descriptions import annotation_name, is_annotation, set_first_values
from mxnet.symbol._graph import Entry, Node

__all__ = ["note_first_values", "sort_out", "version_of", "with_missing_inputs"]

_OLDEST = 800  # a file that tells no version
_STATES_ARE_INPUTS = 900
_FIRST_VALUES_ARE_WRITTEN = 904
_AXIS_MAY_BE_LAST = 905
_WITHOUT_EFFECT = frozenset({"cudnn_off", "cudnn_tune", "deterministic", "workspace"})
"""Attributes that operators once had, and that change no value."""


def version_of(attributes: Any) -> int:
    """The version of MXNet that wrote a file, from the graph's own attributes: 10901 for 1.9.1."""
    stored = attributes.get("mxnet_version") if isinstance(attributes, dict) else None
    if isinstance(stored, list) and len(stored) == 2 and isinstance(stored[1], int):
        return stored[1]
    return _OLDEST


def sort_out(
    op: Operator, texts: dict[str, str], inputs: Sequence[Entry], version: int
) -> tuple[dict[str, str], dict[str, str]]:
    """The attributes and the annotations among what a file says of an operator.

    What is meant for a variable among the inputs becomes an annotation of that variable.

    Raises
    ------
    MXNetError
        If the operator has no such attribute, and it may matter.
    """
    attributes, annotations = {}, {}
    for name, text in texts.items():
        kept = annotation_name(name)
        if name in op.attributes:
            attributes[name] = text
        elif is_annotation(kept) or name in _WITHOUT_EFFECT:
            annotations[kept] = text
        elif not _told_to_variable(op, name, text, inputs):
            if op.attributes:
                raise MXNetError(f"{op.name} has no attribute {name!r}; it takes {', '.join(op.attributes)}")
            annotations[name] = text
    if version < _AXIS_MAY_BE_LAST and op.name in ("argmax", "argmin") and attributes.get("axis") == "-1":
        del attributes["axis"]
    return attributes, annotations


def _told_to_variable(op: Operator, name: str, text: str, inputs: Sequence[Entry]) -> bool:
    for place, (node, _) in zip(op.inputs, inputs, strict=False):
        hidden = name.removeprefix(f"{place}_")
        if hidden != name and annotation_name(hidden) != hidden and node.op is None:
            node.annotations[annotation_name(hidden)] = text
            return True
    return False


def with_missing_inputs(
    op: Operator, name: str, expected: Sequence[str], inputs: list[Entry], texts: dict[str, str], version: int
) -> list[Entry]:
    """The inputs, and in a file of 0.8 new variables for those that it leaves out: auxiliary states above all.

    Like those that MXNet makes, they carry what is said of the operator.
    """
    if version >= _STATES_ARE_INPUTS or op.variadic:
        return inputs
    made = [(Node(None, f"{name}_{place}", annotations=texts), 0) for place in expected[len(inputs) :]]
    return [*inputs, *made]


def note_first_values(op: Operator, inputs: Sequence[Entry], version: int) -> None:
    """Annotate variables with the values they start from, which operators told outside of files up to 0.9.3."""
    if version >= _FIRST_VALUES_ARE_WRITTEN:
        return
    set_first_values(op, op.inputs, inputs)
