"""What is known of a graph's variables beforehand: their annotations, and what a caller gives by name or by place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import Any

import torch

from mxnet import _dtype
from mxnet.base import MXNetError, listed
from mxnet.formats._dtypes import DTYPE_OF_CODE
from mxnet.operators.attributes import Shape, attribute_of
from mxnet.symbol._graph import Entry, Node, auxiliary, variables
from mxnet.util import is_np_shape

__all__ = [
    "annotated_number",
    "annotated_shape",
    "annotated_type",
    "arguments_and_states",
    "check_names",
    "marked",
    "shapes_given",
    "types_given",
]

_SHAPE = attribute_of(Shape, ())
_LONGEST = 1000  # characters of an annotation


def arguments_and_states(entries: Sequence[Entry]) -> tuple[list[Node], list[Node]]:
    """The variables of a graph: its arguments and its auxiliary states."""
    states = auxiliary(entries)
    nodes = variables(entries)
    return [node for node in nodes if id(node) not in states], [node for node in nodes if id(node) in states]


def annotated_shape(variable: Node) -> tuple[int | None, ...] | None:
    """The shape that a variable is annotated with, None for sizes not known; None if there is none.

    A size of 0 is one not known whatever the mode: files of MXNet 1.x spell it so.

    Raises
    ------
    MXNetError
        If the annotation is no shape.
    """
    text = variable.annotations.get("__shape__", "None")
    if text == "None":
        return None
    _check_length(variable, "__shape__", text)
    sizes = _SHAPE.coerce(text, f"variable {variable.name!r}: __shape__")
    shape = tuple([size if size > 0 else None for size in sizes])
    return shape if shape or is_np_shape() else None


def annotated_type(variable: Node) -> torch.dtype | None:
    """The type that a variable is annotated with; None if there is none.

    Raises
    ------
    MXNetError
        If the annotation is no type.
    """
    text = variable.annotations.get("__dtype__", "-1")
    if text == "-1":
        return None
    _check_length(variable, "__dtype__", text)
    if text.isdecimal() and int(text) in DTYPE_OF_CODE:
        return DTYPE_OF_CODE[int(text)]
    if text not in _dtype.NAMES:
        raise MXNetError(f"variable {variable.name!r}: __dtype__ must be the name or number of a type, not {text!r}")
    return _dtype.NAMES[text]


def annotated_number(variable: Node, name: str, default: float) -> float:
    """The number that a variable is annotated with under a name such as ``__lr_mult__``.

    Raises
    ------
    MXNetError
        If the annotation is no finite number.
    """
    text = variable.annotations.get(name)
    if text is None:
        return default
    _check_length(variable, name, text)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise MXNetError(f"variable {variable.name!r}: {name} must be a number, not {text!r}")
    return number


def _check_length(variable: Node, name: str, text: str) -> None:
    """Annotations come from files: they are not read, nor quoted in errors, at any length."""
    if len(text) > _LONGEST:
        raise MXNetError(f"variable {variable.name!r}: {name} has {len(text)} characters, more than {_LONGEST}")


def shapes_given(
    entries: Sequence[Entry], args: Sequence[tuple[int, ...] | None], kwargs: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """Shapes by name, from those given in the order of the arguments (None to leave one out) or by name.

    Raises
    ------
    ValueError
        If both forms are used.
    TypeError
        If a shape is no tuple.
    MXNetError
        If there are more shapes than arguments.
    """
    given = _by_name(entries, args, kwargs, "shapes")
    for name, shape in given.items():
        if not isinstance(shape, tuple):
            raise TypeError(f"the shape of {name!r} must be a tuple, not {type(shape).__name__}")
    return given


def marked(known: Mapping[str, Sequence[int]]) -> dict[str, tuple[int | None, ...]]:
    """Shapes by name with None for sizes that are not known, without those that say nothing.

    A negative size is not known; without NumPy shapes (`is_np_shape`) neither is 0, and an empty shape says nothing.

    Raises
    ------
    TypeError
        If a size is no integer.
    """
    least = 0 if is_np_shape() else 1
    found = {name: tuple([size if size >= least else None for size in _sizes(name, known[name])]) for name in known}
    return {name: shape for name, shape in found.items() if shape or is_np_shape()}


def _sizes(name: str, shape: Sequence[int]) -> list[int]:
    try:
        return [index(size) for size in shape]
    except TypeError:
        raise TypeError(f"the shape of {name!r} must be a tuple of integers, not {shape!r}") from None


def types_given(entries: Sequence[Entry], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, torch.dtype]:
    """Types by name, given as `shapes_given` takes shapes.

    Raises
    ------
    ValueError
        If both forms are used.
    TypeError
        If one is no type that arrays can have.
    MXNetError
        If there are more types than arguments.
    """
    given = {}
    for name, dtype in _by_name(entries, args, kwargs, "types").items():
        try:
            given[name] = _dtype.to_torch(dtype)
        except MXNetError as error:
            raise TypeError(f"the type of {name!r}: {error}") from None
    return given


def _by_name(entries: Sequence[Entry], args: Sequence[Any], kwargs: Mapping[str, Any], what: str) -> dict[str, Any]:
    if args and kwargs:
        raise ValueError(f"known {what} are given either in the order of the arguments or by name, not both")
    if not isinstance(kwargs, Mapping):
        raise TypeError(f"known {what} must be a dict by name, not {type(kwargs).__name__}")
    if not args:
        return dict(kwargs)
    names = [node.name for node in arguments_and_states(entries)[0]]
    if len(args) > len(names):
        raise MXNetError(f"{len(args)} {what} are given for {len(names)} arguments: {listed(names)}")
    return {name: value for name, value in zip(names, args, strict=False) if value is not None}


def check_names(known: Iterable[str], nodes: Iterable[Node]) -> None:
    """Refuse names that no variable among `nodes` has.

    Raises
    ------
    MXNetError
    """
    names = dict.fromkeys(node.name for node in nodes)
    for name in known:
        if name not in names:
            raise MXNetError(f"there is no argument {name!r}; the arguments are {listed(names)}")
