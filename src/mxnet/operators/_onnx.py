"""ONNX rules that whole families of operators share."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Sequence
from typing import Any

import torch

__all__ = ["ELEMENTWISE", "Rule", "for_number", "for_number_first", "for_pair", "for_unary", "in_turn"]

Rule = Callable[..., Any]
"""``rule(graph, *values)`` that returns a value."""

_LOGIC = frozenset(("And", "Or", "Xor"))
_NARROW = frozenset((torch.bool, torch.int8, torch.uint8, torch.int16, torch.uint16))


def for_unary(rule: str | Rule, floats: bool = True) -> Rule:
    """The rule of a function of one array: an ONNX operator's name, or a rule of its own.

    With `floats` integers are made floats of the result's type, or float32, as the functions of most operators need.
    """

    def lower(graph: Any, data: Any) -> Any:
        if floats and not data.dtype.is_floating_point:
            result = graph.results[0].dtype
            data = graph.cast(data, result if result.is_floating_point else torch.float32)
        elif data.dtype in _NARROW and rule in ("Abs", "Neg", "Relu", "Sign"):
            data = graph.cast(data, torch.int32)
        return graph.node(rule, data) if isinstance(rule, str) else rule(graph, data)

    return lower


def for_pair(rule: str | Rule) -> Rule:
    """The rule of a function of two arrays, which it gets in the type that it computes in."""

    def lower(graph: Any, lhs: Any, rhs: Any) -> Any:
        return _apply(graph, rule, *_working(graph, rule, *graph.promoted(lhs, rhs)))

    return lower


def for_number(rule: str | Rule) -> Rule:
    """The rule of a function of an array and a number."""

    def lower(graph: Any, data: Any, *, scalar: Any, is_int: bool) -> Any:
        return _apply(graph, rule, *_with_number(graph, rule, data, scalar, is_int))

    return lower


def for_number_first(rule: str | Rule) -> Rule:
    """The rule of a function of a number and an array."""

    def lower(graph: Any, data: Any, *, scalar: Any, is_int: bool) -> Any:
        data, number = _with_number(graph, rule, data, scalar, is_int)
        return _apply(graph, rule, number, data)

    return lower


def _apply(graph: Any, rule: str | Rule, *values: Any) -> Any:
    return graph.node(rule, *values) if isinstance(rule, str) else rule(graph, *values)


def _working(graph: Any, rule: str | Rule, *values: Any) -> tuple[Any, ...]:
    """Values of one type in the type to compute in: bool for logic, else the result's if that is a wider one.

    ONNX's operators know no arithmetic on narrow integers: that is done in int32.
    """
    wanted, result = values[0].dtype, graph.results[0].dtype
    if rule in _LOGIC:
        wanted = torch.bool
    elif result.is_floating_point and not wanted.is_floating_point:
        wanted = result
    elif wanted in _NARROW:
        wanted = torch.int32
    return tuple([graph.cast(value, wanted) for value in values])


def _with_number(graph: Any, rule: str | Rule, data: Any, scalar: Any, is_int: bool) -> tuple[Any, Any]:
    """An array and a number in the type to compute in. The number of an operator of MXNet 1.x is cut off to the type
    of an array of integers; one of NumPy's rules makes it wider, as the type of the result tells."""
    result = graph.results[0].dtype
    number = scalar if is_int else float(scalar)
    if rule in _LOGIC:
        return graph.cast(data, torch.bool), graph.constant(bool(number), torch.bool)
    if not data.dtype.is_floating_point:
        if result.is_floating_point:
            data = graph.cast(data, result)
        elif result is torch.bool and not float(number).is_integer():
            data = graph.cast(data, torch.float64)
        else:
            data, number = graph.cast(data, torch.int32 if data.dtype in _NARROW else data.dtype), int(number)
    return data, graph.constant(number, data.dtype)


def _zero_where_divisor_is(quotient: Rule) -> Rule:
    def lower(graph: Any, lhs: Any, rhs: Any) -> Any:
        zero = graph.node("Equal", rhs, 0)
        return graph.node("Where", zero, 0, quotient(graph, lhs, graph.node("Where", zero, 1, rhs)))

    return lower


def _floor_quotient(graph: Any, lhs: Any, rhs: Any) -> Any:
    if lhs.dtype.is_floating_point:
        return graph.node("Floor", graph.node("Div", lhs, rhs))
    wide = [graph.cast(value, torch.float64) for value in (lhs, rhs)]
    return graph.cast(graph.node("Floor", graph.node("Div", *wide)), lhs.dtype)


def _remainder(graph: Any, lhs: Any, rhs: Any) -> Any:
    """The remainder with the divisor's sign."""
    if not lhs.dtype.is_floating_point:
        return graph.node("Mod", lhs, rhs)
    rest = graph.node("Mod", lhs, rhs, fmod=1)
    other = graph.node("Less", graph.node("Mul", rest, rhs), 0)
    return graph.node("Where", other, graph.node("Add", rest, rhs), rest)


def _fmod(graph: Any, lhs: Any, rhs: Any) -> Any:
    return graph.node("Mod", lhs, rhs, fmod=1)


def floor_divide(graph: Any, lhs: Any, rhs: Any) -> Any:
    if lhs.dtype.is_floating_point:
        return _floor_quotient(graph, lhs, rhs)
    return _zero_where_divisor_is(_floor_quotient)(graph, lhs, rhs)


def _hypot(graph: Any, lhs: Any, rhs: Any) -> Any:
    squares = [graph.node("Mul", value, value) for value in (lhs, rhs)]
    return graph.node("Sqrt", graph.node("Add", *squares))


def _log_add_exp(graph: Any, lhs: Any, rhs: Any) -> Any:
    distance = graph.node("Neg", graph.node("Abs", graph.node("Sub", lhs, rhs)))
    return graph.node("Add", graph.node("Max", lhs, rhs), log1p(graph, graph.node("Exp", distance)))


def log1p(graph: Any, data: Any) -> Any:
    return graph.node("Log", graph.node("Add", data, 1))


def _copysign(graph: Any, lhs: Any, rhs: Any) -> Any:
    size = graph.node("Abs", lhs)
    if rhs.dtype.is_floating_point:  # a zero has a sign too
        rhs = graph.node("Where", graph.node("Equal", rhs, 0), graph.node("Reciprocal", rhs), rhs)
    return graph.node("Where", graph.node("Less", rhs, 0), graph.node("Neg", size), size)


def _ldexp(graph: Any, lhs: Any, rhs: Any) -> Any:
    return graph.node("Mul", lhs, graph.node("Pow", graph.constant(2.0, lhs.dtype), rhs))


def _angle(graph: Any, lhs: Any, rhs: Any) -> Any:
    """The angle of the point (rhs, lhs): the arc tangent, half a turn on where the point lies to the left."""
    upright = graph.node("Equal", rhs, 0)
    ratio = graph.node("Div", lhs, graph.node("Where", upright, 1, rhs))
    half, minus_half = graph.constant(torch.pi, lhs.dtype), graph.constant(-torch.pi, lhs.dtype)
    turn = graph.node("Where", graph.node("Less", lhs, 0), minus_half, half)
    turn = graph.node("Where", graph.node("Less", rhs, 0), turn, 0)
    straight = graph.node("Mul", graph.node("Sign", lhs), torch.pi / 2)
    return graph.node("Where", upright, straight, graph.node("Add", graph.node("Atan", ratio), turn))


def _passing_nan(kind: str) -> Rule:
    """The larger or smaller of two, or the other one where one is NaN."""

    def lower(graph: Any, lhs: Any, rhs: Any) -> Any:
        chosen = graph.node(kind, lhs, rhs)
        if not lhs.dtype.is_floating_point:
            return chosen
        chosen = graph.node("Where", graph.node("IsNaN", rhs), lhs, chosen)
        return graph.node("Where", graph.node("IsNaN", lhs), rhs, chosen)

    return lower


def _unequal(graph: Any, lhs: Any, rhs: Any) -> Any:
    return graph.node("Not", graph.node("Equal", lhs, rhs))


def in_turn(*kinds: str) -> Rule:
    """One operator after the other on one value."""

    def lower(graph: Any, data: Any) -> Any:
        for kind in kinds:
            data = graph.node(kind, data)
        return data

    return lower


def _quotient(graph: Any, lhs: Any, rhs: Any) -> Any:
    return graph.node("Div", lhs, rhs)


ELEMENTWISE: dict[str, str | Rule] = {
    "add": "Add",
    "arctan2": _angle,
    "copysign": _copysign,
    "divide": "Div",
    "equal": "Equal",
    "floor_divide": floor_divide,
    "fmax": _passing_nan("Max"),
    "fmin": _passing_nan("Min"),
    "fmod": _zero_where_divisor_is(_fmod),
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "hypot": _hypot,
    "ldexp": _ldexp,
    "less": "Less",
    "less_equal": "LessOrEqual",
    "lesser": "Less",
    "lesser_equal": "LessOrEqual",
    "logaddexp": _log_add_exp,
    "logical_and": "And",
    "logical_or": "Or",
    "logical_xor": "Xor",
    "maximum": "Max",
    "minimum": "Min",
    "mod": _zero_where_divisor_is(_remainder),
    "modulo": _zero_where_divisor_is(_remainder),
    "multiply": "Mul",
    "not_equal": _unequal,
    "power": "Pow",
    "subtract": "Sub",
    "true_divide": _quotient,
}
"""How functions of two operands are written, by the names that both of MXNet's faces have for them."""


def square(graph: Any, data: Any) -> Any:
    return graph.node("Mul", data, data)


def expm1(graph: Any, data: Any) -> Any:
    return graph.node("Sub", graph.node("Exp", data), 1)


def scaled_log(base: float) -> Rule:
    return lambda graph, data: graph.node("Div", graph.node("Log", data), math.log(base))


def times(factor: float) -> Rule:
    return lambda graph, data: graph.node("Mul", data, factor)


def cube_root(graph: Any, data: Any) -> Any:
    return graph.node("Mul", graph.node("Sign", data), graph.node("Pow", graph.node("Abs", data), 1 / 3))


def reciprocal_cube_root(graph: Any, data: Any) -> Any:
    return graph.node("Reciprocal", cube_root(graph, data))


def reciprocal(graph: Any, data: Any) -> Any:
    """One divided by the data; of integers cut off, and zero for zero."""
    if data.dtype.is_floating_point:
        return graph.node("Reciprocal", data)
    return _zero_where_divisor_is(_quotient)(graph, graph.constant(1, data.dtype), data)


def cut_off(graph: Any, data: Any) -> Any:
    return graph.node("Mul", graph.node("Sign", data), graph.node("Floor", graph.node("Abs", data)))


def halves_down(graph: Any, data: Any) -> Any:
    return graph.node("Ceil", graph.node("Sub", data, 0.5))


def halves_away(graph: Any, data: Any) -> Any:
    whole = graph.node("Floor", graph.node("Add", graph.node("Abs", data), 0.5))
    return graph.node("Mul", graph.node("Sign", data), whole)


def filled(number: float) -> Rule:
    """Copies of a number in the shape of the data."""

    def lower(graph: Any, data: Any) -> Any:
        return graph.node("Expand", graph.constant(number, graph.results[0].dtype), graph.node("Shape", data))

    return lower


def is_zero(graph: Any, data: Any) -> Any:
    return graph.node("Not", graph.cast(data, torch.bool))


def axes(graph: Any, data: Any, axis: int | tuple[int, ...] | None) -> list[int]:
    """The axes meant, counted from the front; None means all."""
    if axis is None:
        return list(range(data.rank))
    return [graph.axis(data, one) for one in ((axis,) if isinstance(axis, int) else axis)]


def reduce(graph: Any, kind: str, data: Any, over: Sequence[int], keepdims: bool) -> Any:
    """ONNX's reduction over axes; over none the data as it is."""
    return graph.node(kind, data, list(over), keepdims=int(keepdims)) if over else data


def comparable(graph: Any, data: Any) -> Any:
    """Data in a type that ONNX can order."""
    return graph.cast(data, torch.int32) if data.dtype in _NARROW else data


def place(kind: str) -> Rule:
    """The position of the first extreme along an axis, or in the flattened data."""

    def lower(graph: Any, data: Any, *, axis: int | None, keepdims: bool) -> Any:
        data = comparable(graph, data)
        if axis is not None:
            found = graph.node(kind, data, axis=graph.axis(data, axis), keepdims=int(keepdims))
            return graph.node("Reshape", found, [1]) if graph.results[0].rank > data.rank - 1 + keepdims else found
        found = graph.node(kind, graph.node("Reshape", data, [-1]), axis=0, keepdims=0)
        return graph.node("Reshape", found, [1] * graph.results[0].rank)

    return lower


def einsum(graph: Any, subscripts: str, *values: Any) -> Any:
    """Sums of products, in a type that ONNX can multiply.

    Dimensions of one are put in where an ellipsis stands for fewer dimensions than another.
    """
    values = graph.promoted(*[comparable(graph, value) for value in values])
    terms = subscripts.partition("->")[0].split(",")
    spans = [value.rank - len(term.replace("...", "")) for term, value in zip(terms, values, strict=True)]
    for number, (term, span) in enumerate(zip(terms, spans, strict=True)):
        if "..." in term and span < max(spans):
            first = term.index("...")
            values[number] = graph.unsqueeze(values[number], *range(first, first + max(spans) - span))
    return graph.node("Einsum", *values, equation=subscripts)


def contraction(graph: Any, a: Any, b: Any, left: Sequence[int], right: Sequence[int]) -> Any:
    """Sums of products over pairs of axes."""
    first = list(string.ascii_lowercase[: a.rank])
    second = list(string.ascii_lowercase[a.rank : a.rank + b.rank])
    for one, other in zip(left, right, strict=True):
        second[other] = first[one]
    summed = {first[one] for one in left}
    kept = [letter for letter in first + second if letter not in summed]
    return einsum(graph, f"{''.join(first)},{''.join(second)}->{''.join(kept)}", a, b)


def matmul(graph: Any, a: Any, b: Any) -> Any:
    """Products of matrices in the last two axes, in a type that ONNX can multiply."""
    return graph.node("MatMul", *graph.promoted(comparable(graph, a), comparable(graph, b)))


def within(graph: Any, position: Any, size: Any, mode: str) -> Any:
    """Positions along an axis of a size (a number or a value) brought into range: clipped or wrapped."""
    if mode == "wrap":
        return graph.node("Mod", position, size if not isinstance(size, int) else graph.constant(size, torch.int64))
    last = size - 1 if isinstance(size, int) else graph.node("Sub", graph.squeeze(size, 0), 1)
    return graph.node("Clip", position, 0, last)
