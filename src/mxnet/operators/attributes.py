"""Attribute types of operators: which values an attribute takes, and how a value given is made canonical."""

from __future__ import annotations

import ast
import inspect
import re
import types
import typing
from collections.abc import Callable
from itertools import accumulate
from operator import index
from typing import Any, Literal, Union

import numpy as np
import torch

from mxnet import _dtype
from mxnet.base import MXNetError

__all__ = ["Attribute", "Axes", "Bounds", "DType", "Floats", "Scalar", "Shape", "Shapes", "attribute_of"]

Shape = typing.NewType("Shape", tuple)
"""A tuple of integers; one integer stands for a tuple of one."""
Axes = typing.NewType("Axes", tuple)
"""One axis, several, or (where None is allowed) all."""
Shapes = typing.NewType("Shapes", tuple)
"""A tuple of tuples of integers."""
Bounds = typing.NewType("Bounds", tuple)
"""A tuple of integers and None, as the ends of slices are; one of them stands for a tuple of one."""
Floats = typing.NewType("Floats", tuple)
"""A tuple of floats; one number stands for a tuple of one."""
Scalar = typing.NewType("Scalar", float)
"""A Python number of any kind, kept as it is."""
DType = typing.NewType("DType", torch.dtype)
"""A data type, by MXNet name, NumPy type, Python type or torch dtype."""

_MISSING = inspect.Parameter.empty


class Attribute:
    """Type and default of one attribute.

    Attributes
    ----------
    kind : type or NewType
        One of bool, int, float, str, `Shape`, `Shapes`, `Axes`, `Bounds`, `Floats`, `Scalar`, `DType`.
    choices : tuple of str
        The values an enumeration takes; empty for other kinds.
    optional : bool
        Whether None is a value.
    """

    __slots__ = ("_read", "choices", "default", "kind", "optional")

    def __init__(self, kind: Any, default: Any, optional: bool, choices: tuple[str, ...]) -> None:
        self.kind = kind
        self.default = default
        self.optional = optional
        self.choices = choices
        self._read: Callable[[Any], Any] = _READERS[kind]

    @property
    def required(self) -> bool:
        return self.default is _MISSING

    def describe(self) -> str:
        """The accepted values, for error messages."""
        what = f"one of {', '.join(map(repr, self.choices))}" if self.choices else _WORDS[self.kind]
        return f"{what} or None" if self.optional else what

    def coerce(self, value: Any, where: str = "attribute") -> Any:
        """`value` in canonical form.

        Raises
        ------
        MXNetError
            If it does not fit; `where` opens the message.
        """
        if value is None or (isinstance(value, str) and value == "None"):
            if self.optional:
                return None
            raise MXNetError(f"{where} must be {self.describe()}, not None")
        try:
            result = self._read(value)
        except (TypeError, ValueError, SyntaxError, MXNetError) as error:
            raise MXNetError(f"{where} must be {self.describe()}, not {value!r}") from error
        if self.choices and result not in self.choices:
            raise MXNetError(f"{where} must be {self.describe()}, not {value!r}")
        return result


def attribute_of(annotation: Any, default: Any) -> Attribute:
    """The `Attribute` that an annotation of an operator's keyword-only parameter stands for."""
    members = typing.get_args(annotation)
    optional = False
    if typing.get_origin(annotation) in (Union, types.UnionType) and type(None) in members:
        optional = True
        rest = [member for member in members if member is not type(None)]
        if len(rest) != 1:
            raise TypeError(f"an attribute has one type, or one type and None, not {annotation}")
        annotation = rest[0]
    if typing.get_origin(annotation) is Literal:
        return Attribute(str, default, optional, typing.get_args(annotation))
    return Attribute(annotation, default, optional, ())


# What numbers, tuples of numbers and None are spelled with; "3L" is Python 2's spelling of 3.
_SPELLED = re.compile(r"(?:[\s\d+\-.,()\[\]eEL]|None|True|False|inf)*", re.ASCII)
_TOO_LONG = re.compile(r"\d{65}|[+-]\s*[+-]")
_LONG = re.compile(r"(?<=\d)L")
_DEEPEST = 8


def _literal(value: Any) -> Any:
    """A value from its text. Texts come from files: they are checked for what would be costly to parse."""
    if not isinstance(value, str):
        return value
    if not _SPELLED.fullmatch(value) or _TOO_LONG.search(value) or _depth(value) > _DEEPEST:
        raise ValueError
    return ast.literal_eval(_LONG.sub("", value).replace("inf", "1e999"))


def _depth(text: str) -> int:
    """How deep its brackets nest."""
    if text.count("(") + text.count("[") <= 1:
        return 1
    return max(accumulate((character in "([") - (character in ")]") for character in text))


def _bool(value: Any) -> bool:
    if isinstance(value, str):
        return ("false", "0", "true", "1").index(value.lower()) > 1
    if isinstance(value, (bool, int, np.bool_, np.integer)):
        return bool(value)
    raise TypeError


def _index(value: Any) -> int:
    """An integer that MXNet could hold."""
    value = index(value)
    if not -(2**63) <= value < 2**64:
        raise ValueError
    return value


def _int(value: Any) -> int:
    value = _literal(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _index(value)


def _float(value: Any) -> float:
    if isinstance(value, (str, bool, int, float, np.number, np.bool_)):
        return float(value)
    raise TypeError


def _shape(value: Any) -> tuple[int, ...]:
    value = _literal(value)
    if isinstance(value, (tuple, list)):
        return tuple([_int(item) for item in value])
    return (_index(value),)


def _axes(value: Any) -> int | tuple[int, ...]:
    value = _literal(value)
    if isinstance(value, (tuple, list)):
        return tuple([_int(item) for item in value])
    return _int(value)


def _shapes(value: Any) -> tuple[tuple[int, ...], ...]:
    return tuple([_shape(item) for item in _literal(value)])


def _bounds(value: Any) -> tuple[int | None, ...]:
    value = _literal(value)
    if isinstance(value, (tuple, list)):
        return tuple([None if item is None else _int(item) for item in value])
    return (_index(value),)


def _floats(value: Any) -> tuple[float, ...]:
    value = _literal(value)
    if isinstance(value, (int, float, np.number)):
        return (float(value),)
    return tuple([_float(item) for item in value])


def _scalar(value: Any) -> bool | int | float:
    if isinstance(value, str):
        value = float(value) if value.lstrip("+-") == "nan" else _literal(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float)):
        return value
    raise TypeError


def _str(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


_READERS: dict[Any, Callable[[Any], Any]] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    Shape: _shape,
    Shapes: _shapes,
    Axes: _axes,
    Bounds: _bounds,
    Floats: _floats,
    Scalar: _scalar,
    DType: _dtype.to_torch,
}
_WORDS = {
    bool: "a truth value",
    int: "an integer",
    float: "a number",
    str: "a string",
    Shape: "an integer or a tuple of integers",
    Shapes: "a tuple of tuples of integers",
    Axes: "an axis or a tuple of axes",
    Bounds: "an integer or a tuple of integers and None",
    Floats: "a number or a tuple of numbers",
    Scalar: "a number",
    DType: "a data type",
}
