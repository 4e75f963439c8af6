"""Operators of Python between symbols and numbers."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

from mxnet.base import NotImplementedForSymbol
from mxnet.symbol._register import call

__all__ = ["Arithmetic", "binary"]


def binary(label: str, arrays: str, scalar: str, left: Any, right: Any, reverse: str | None = None) -> Any:
    """An operator over two symbols, or over a symbol and a number.

    Parameters
    ----------
    label : str
        What the error calls the operation.
    arrays, scalar, reverse : str
        MXNet's names for two symbols, a symbol and a number, a number and a symbol (None: as `scalar`).

    Raises
    ------
    TypeError
        If there is something else among the operands, or no symbol.
    """
    if isinstance(left, Arithmetic):
        if isinstance(right, Arithmetic):
            return call(arrays, left, right)
        if isinstance(right, numbers.Number):
            return call(scalar, left, scalar=right)
    elif isinstance(right, Arithmetic) and isinstance(left, numbers.Number):
        return call(reverse or scalar, right, scalar=left)
    raise TypeError(f"{label}: types {type(left)} and {type(right)} are not supported, only symbols and numbers")


def _forward(label: str, arrays: str, scalar: str) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return binary(label, arrays, scalar, self, other)

    return method


def _backward(label: str, scalar: str) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return binary(label, "", "", other, self, scalar)

    return method


def _refused(label: str) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        raise NotImplementedForSymbol(f"{label} would change a symbol in place: write a = a {label[:-1]} b")

    return method


class Arithmetic:
    """The operators of Python that a symbol has: each composes one of MXNet's."""

    __slots__ = ()
    __array_priority__ = 1000.0
    __array_ufunc__ = None  # NumPy's numbers and arrays leave the operation to the symbol
    __hash__ = None  # == composes

    __add__ = _forward("+", "_Plus", "_PlusScalar")
    __radd__ = _backward("+", "_PlusScalar")
    __sub__ = _forward("-", "_Minus", "_MinusScalar")
    __rsub__ = _backward("-", "_RMinusScalar")
    __mul__ = _forward("*", "_Mul", "_MulScalar")
    __rmul__ = _backward("*", "_MulScalar")
    __truediv__ = _forward("/", "_Div", "_DivScalar")
    __rtruediv__ = _backward("/", "_RDivScalar")
    __mod__ = _forward("%", "_Mod", "_ModScalar")
    __rmod__ = _backward("%", "_RModScalar")
    __pow__ = _forward("**", "_Power", "_PowerScalar")
    __rpow__ = _backward("**", "_rpower_scalar")
    __eq__ = _forward("==", "_equal", "_equal_scalar")
    __ne__ = _forward("!=", "_not_equal", "_not_equal_scalar")
    __gt__ = _forward(">", "_greater", "_greater_scalar")
    __ge__ = _forward(">=", "_greater_equal", "_greater_equal_scalar")
    __lt__ = _forward("<", "_lesser", "_lesser_scalar")
    __le__ = _forward("<=", "_lesser_equal", "_lesser_equal_scalar")

    __iadd__ = _refused("+=")
    __isub__ = _refused("-=")
    __imul__ = _refused("*=")
    __itruediv__ = _refused("/=")

    def __neg__(self) -> Any:
        return self * -1.0

    def __abs__(self) -> Any:
        return call("abs", self)

    def __bool__(self) -> bool:
        raise NotImplementedForSymbol("a symbol has no values and is neither true nor false")
