"""What a node says of itself in text: its attributes as files spell them, and the annotations beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from typing import Any

from mxnet import _dtype
from mxnet.base import MXNetError
from mxnet.formats._dtypes import CODE_OF
from mxnet.operators.catalogue import Operator
from mxnet.symbol._graph import Entry, Node
from mxnet.symbol._write import attribute_texts

__all__ = [
    "annotate",
    "annotation_name",
    "annotations_of_variable",
    "check_annotation",
    "described",
    "is_annotation",
    "set_first_values",
]

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
_STORAGE = {"default": 0, "row_sparse": 1, "csr": 2}


def annotations_of_variable(
    shape: Any, lr_mult: Any, wd_mult: Any, dtype: Any, init: Any, stype: str | None, profiler_scope: str | None
) -> dict[str, str]:
    """What `var` is told of a variable, as MXNet spells it; None says nothing.

    Raises
    ------
    TypeError
        If a shape is no tuple of integers, a type none that files know, or `init` no initializer.
    KeyError
        If there is no such `stype`.
    """
    said = {
        "__shape__": None if shape is None else _shape_text(shape),
        "__lr_mult__": None if lr_mult is None else str(lr_mult),
        "__wd_mult__": None if wd_mult is None else str(wd_mult),
        "__dtype__": None if dtype is None else str(_code_of(dtype)),
        "__init__": None if init is None else _initializer_text(init),
        "__storage_type__": None if stype is None else str(_storage_of(stype)),
        "__profiler_scope__": profiler_scope,
    }
    return {name: text for name, text in said.items() if text is not None}


def _shape_text(shape: Any) -> str:
    try:
        if not isinstance(shape, (tuple, list)):
            return str(index(shape))
        sizes = [index(size) for size in shape]  # NumPy's integers print as such
    except TypeError:
        raise TypeError(f"the shape of a variable must be a tuple of integers, not {shape!r}") from None
    return str(sizes if isinstance(shape, list) else tuple(sizes))


def _code_of(dtype: Any) -> int:
    """MXNet's number of a type."""
    found = _dtype.to_torch(dtype)
    if found not in CODE_OF:
        raise TypeError(f"a variable cannot be of type {dtype!r}, only {', '.join(map(_dtype.name_of, CODE_OF))}")
    return CODE_OF[found]


def _initializer_text(init: Any) -> str:
    if isinstance(init, str):
        return init
    if not hasattr(init, "dumps"):
        raise TypeError(f"init must be an Initializer or the name of one, not {type(init).__name__}")
    return init.dumps()


def _storage_of(stype: str) -> int:
    if stype not in _STORAGE:
        raise KeyError(f"stype must be one of {', '.join(_STORAGE)}, not {stype!r}")
    return _STORAGE[stype]


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
