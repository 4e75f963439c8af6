"""Comparison, logic, and operators on bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from mxnet.operators import _onnx
from mxnet.operators._promotion import common, with_number
from mxnet.operators.catalogue import Operator
from mxnet.operators.elementwise import Binary, Rule, binary, unary

__all__: list[str] = []

Tensor = torch.Tensor


def _pair(x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    return (x1, x2) if x1.dtype is x2.dtype else common(x1, x2)


def _bits_number(data: Tensor, scalar: Any) -> tuple[Tensor, Any]:
    return data, bool(scalar) if data.dtype is torch.bool else int(scalar)


_COMPARE = Rule(_pair, lambda data, scalar: (with_number(data, scalar), scalar))
_BITS = Rule(_pair, _bits_number)


def _comparison(name: str, function: Callable[[Any, Any], Tensor], doc: str) -> Binary:
    return binary(f"_npi_{name}", function, rule=_COMPARE, number=function, doc=doc)


def _ordered(
    names: tuple[str, str], functions: tuple[Callable[..., Tensor], Callable[..., Tensor]], docs: tuple[str, str]
) -> tuple[Binary, Binary]:
    """Two comparisons that say the same with the operands exchanged: with a number on the left one is the other."""
    first, second = (_comparison(*row) for row in zip(names, functions, docs, strict=True))
    return first._replace(reverse=second.scalar), second._replace(reverse=first.scalar)


equal = _comparison("equal", torch.eq, "Whether two elements are equal.")
not_equal = _comparison("not_equal", torch.ne, "Whether two elements differ.")
less, greater = _ordered(
    ("less", "greater"),
    (torch.lt, torch.gt),
    ("Whether the first is smaller, element by element.", "Whether the first is larger, element by element."),
)
less_equal, greater_equal = _ordered(
    ("less_equal", "greater_equal"),
    (torch.le, torch.ge),
    (
        "Whether the first is smaller or equal, element by element.",
        "Whether the first is larger or equal, element by element.",
    ),
)

logical_and = binary("_npi_logical_and", torch.logical_and, rule=_COMPARE, doc="Whether both elements are true.")
logical_or = binary("_npi_logical_or", torch.logical_or, rule=_COMPARE, doc="Whether either element is true.")
logical_xor = binary("_npi_logical_xor", torch.logical_xor, rule=_COMPARE, doc="Whether one element is true.")
logical_not = unary("_npi_logical_not", torch.logical_not, onnx=_onnx.is_zero, doc="Whether an element is zero.")


def _bitwise(name: str, function: Callable[[Any, Any], Tensor], doc: str) -> Binary:
    return binary(f"_npi_{name}", function, rule=_BITS, number=function, doc=doc)


bitwise_and = _bitwise("bitwise_and", torch.bitwise_and, "Bits set in both, element by element.")
bitwise_or = _bitwise("bitwise_or", torch.bitwise_or, "Bits set in either, element by element.")
bitwise_xor = _bitwise("bitwise_xor", torch.bitwise_xor, "Bits set in one of two, element by element.")
bitwise_left_shift = binary(
    "_npi_bitwise_left_shift",
    torch.bitwise_left_shift,
    rule=_BITS,
    reverse="_npi_rbitwise_left_shift_scalar",
    doc="Bits of the first moved left by the second, element by element.",
)
bitwise_right_shift = binary(
    "_npi_bitwise_right_shift",
    torch.bitwise_right_shift,
    rule=_BITS,
    reverse="_npi_rbitwise_right_shift_scalar",
    doc="Bits of the first moved right by the second, element by element.",
)
gcd = binary("_npi_gcd", torch.gcd, rule=_BITS, doc="Greatest common divisor of integers, element by element.")
lcm = binary("_npi_lcm", torch.lcm, rule=_BITS, doc="Least common multiple of integers, element by element.")


def _test(name: str, function: Callable[[Tensor], Tensor], doc: str, onnx: _onnx.Rule | None = None) -> Operator:
    return unary(f"_npi_{name}", function, onnx=onnx, doc=doc)


def _of_floats(kind: str, integers: bool = False, **attributes: int) -> _onnx.Rule:
    """A test of floats by that ONNX operator; of integers the answer is always the same."""

    def lower(graph: Any, data: Any) -> Any:
        if data.dtype.is_floating_point:
            return graph.node(kind, data, **attributes)
        return graph.node("Expand", graph.constant(integers, torch.bool), graph.node("Shape", data))

    return lower


def _finite(graph: Any, data: Any) -> Any:
    if not data.dtype.is_floating_point:
        return _of_floats("IsNaN", True)(graph, data)
    return graph.node("Less", graph.node("Abs", data), math.inf)


bitwise_not = _test("bitwise_not", torch.bitwise_not, "The other bits; logical not for bool.")
isnan = _test("isnan", torch.isnan, "Whether an element is not a number.", _of_floats("IsNaN"))
isinf = _test("isinf", torch.isinf, "Whether an element is infinite.", _of_floats("IsInf"))
isfinite = _test("isfinite", torch.isfinite, "Whether an element is neither infinite nor NaN.", _finite)
isposinf = _test(
    "isposinf", torch.isposinf, "Whether an element is positive infinity.", _of_floats("IsInf", detect_negative=0)
)
isneginf = _test(
    "isneginf", torch.isneginf, "Whether an element is negative infinity.", _of_floats("IsInf", detect_positive=0)
)
