"""Arithmetic, comparison and logic between arrays, and with numbers, as MXNet 1.x has them."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.operators import elementwise
from mxnet.operators._completion import alike
from mxnet.operators.catalogue import operator
from mxnet.operators.legacy._factories import binary

Tensor = torch.Tensor


def _divide(lhs: Tensor, rhs: Tensor) -> Tensor:
    return lhs / rhs if lhs.dtype.is_floating_point else torch.div(lhs, rhs, rounding_mode="trunc")


def _power(lhs: Tensor, rhs: Tensor) -> Tensor:
    return torch.pow(lhs, rhs) if lhs.dtype.is_floating_point else torch.pow(lhs.double(), rhs.double())


def _hypot(lhs: Tensor, rhs: Tensor) -> Tensor:
    return torch.hypot(lhs, rhs) if lhs.dtype.is_floating_point else torch.hypot(lhs.double(), rhs.double())


add = binary(
    "add",
    torch.add,
    elementwise=("elemwise_add", "_plus", "_Plus", "_add"),
    broadcast=("broadcast_add", "broadcast_plus"),
    scalar=("_plus_scalar", "_PlusScalar"),
    doc="Sum, element by element.",
)
subtract = binary(
    "subtract",
    torch.sub,
    elementwise=("elemwise_sub", "_minus", "_Minus", "_sub"),
    broadcast=("broadcast_sub", "broadcast_minus"),
    scalar=("_minus_scalar", "_MinusScalar"),
    reverse=("_rminus_scalar", "_RMinusScalar"),
    doc="Difference, element by element.",
)
multiply = binary(
    "multiply",
    torch.mul,
    elementwise=("elemwise_mul", "_mul", "_Mul"),
    broadcast=("broadcast_mul",),
    scalar=("_mul_scalar", "_MulScalar"),
    doc="Product, element by element.",
)
divide = binary(
    "divide",
    _divide,
    elementwise=("elemwise_div", "_div", "_Div"),
    broadcast=("broadcast_div",),
    scalar=("_div_scalar", "_DivScalar"),
    reverse=("_rdiv_scalar", "_RDivScalar"),
    doc="Quotient, element by element; that of integers is cut off.",
)
modulo = binary(
    "modulo",
    elementwise.remainder,
    elementwise=("_mod", "_Mod"),
    broadcast=("broadcast_mod",),
    scalar=("_mod_scalar", "_ModScalar"),
    reverse=("_rmod_scalar", "_RModScalar"),
    doc="Remainder with the divisor's sign, element by element.",
)
power = binary(
    "power",
    _power,
    elementwise=("_power", "_Power"),
    broadcast=("broadcast_power",),
    scalar=("_power_scalar", "_PowerScalar"),
    reverse=("_rpower_scalar", "_RPowerScalar"),
    doc="Power, element by element.",
)
maximum = binary(
    "maximum",
    torch.maximum,
    elementwise=("_maximum", "_Maximum"),
    broadcast=elementwise.maximum.arrays,
    scalar=elementwise.maximum.scalar,
    doc="The larger of two elements.",
)
minimum = binary(
    "minimum",
    torch.minimum,
    elementwise=("_minimum", "_Minimum"),
    broadcast=elementwise.minimum.arrays,
    scalar=elementwise.minimum.scalar,
    doc="The smaller of two elements.",
)
hypot = binary(
    "hypot",
    _hypot,
    elementwise=("_hypot", "_Hypot"),
    broadcast=("broadcast_hypot",),
    scalar=elementwise.hypot.scalar,
    doc="Hypotenuse of a right triangle with the two elements as legs.",
)
equal = binary(
    "equal",
    torch.eq,
    elementwise=("_equal", "_Equal"),
    broadcast=("broadcast_equal",),
    scalar=("_equal_scalar", "_EqualScalar"),
    doc="One where elements are equal, else zero.",
)
not_equal = binary(
    "not_equal",
    torch.ne,
    elementwise=("_not_equal", "_Not_Equal"),
    broadcast=("broadcast_not_equal",),
    scalar=("_not_equal_scalar", "_NotEqualScalar"),
    doc="One where elements differ, else zero.",
)
greater = binary(
    "greater",
    torch.gt,
    elementwise=("_greater", "_Greater"),
    broadcast=("broadcast_greater", "_npx_broadcast_greater"),
    scalar=("_greater_scalar", "_GreaterScalar"),
    doc="One where the first element is larger, else zero.",
)
greater_equal = binary(
    "greater_equal",
    torch.ge,
    elementwise=("_greater_equal", "_Greater_Equal"),
    broadcast=("broadcast_greater_equal",),
    scalar=("_greater_equal_scalar", "_GreaterEqualScalar"),
    doc="One where the first element is not smaller, else zero.",
)
lesser = binary(
    "lesser",
    torch.lt,
    elementwise=("_lesser", "_Lesser"),
    broadcast=("broadcast_lesser",),
    scalar=("_lesser_scalar", "_LesserScalar"),
    doc="One where the first element is smaller, else zero.",
)
lesser_equal = binary(
    "lesser_equal",
    torch.le,
    elementwise=("_lesser_equal", "_Lesser_Equal"),
    broadcast=("broadcast_lesser_equal",),
    scalar=("_lesser_equal_scalar", "_LesserEqualScalar"),
    doc="One where the first element is not larger, else zero.",
)
# A number on the left turns the comparison around.
greater, lesser = greater._replace(reverse=lesser.scalar), lesser._replace(reverse=greater.scalar)
greater_equal, lesser_equal = (
    greater_equal._replace(reverse=lesser_equal.scalar),
    lesser_equal._replace(reverse=greater_equal.scalar),
)
logical_and = binary(
    "logical_and",
    torch.logical_and,
    elementwise=("_logical_and", "_Logical_And"),
    broadcast=("broadcast_logical_and",),
    scalar=("_logical_and_scalar", "_LogicalAndScalar"),
    doc="One where both elements are not zero, else zero.",
)
logical_or = binary(
    "logical_or",
    torch.logical_or,
    elementwise=("_logical_or", "_Logical_Or"),
    broadcast=("broadcast_logical_or",),
    scalar=("_logical_or_scalar", "_LogicalOrScalar"),
    doc="One where an element is not zero, else zero.",
)
logical_xor = binary(
    "logical_xor",
    torch.logical_xor,
    elementwise=("_logical_xor", "_Logical_Xor"),
    broadcast=("broadcast_logical_xor",),
    scalar=("_logical_xor_scalar", "_LogicalXorScalar"),
    doc="One where exactly one element is not zero, else zero.",
)


@operator("add_n", "ElementWiseSum", "_npx_add_n")
def add_n(*args: Tensor) -> Tensor:
    """Sum of any number of arrays of one shape and type."""
    first = args[0]
    for number, other in enumerate(args[1:], 1):
        if other.shape != first.shape or other.dtype is not first.dtype:
            raise MXNetError(
                f"add_n: array {number} is {other.dtype}{list(other.shape)}, but the first is "
                f"{first.dtype}{list(first.shape)}: all must be alike"
            )
    if len(args) == 1:
        return first.clone()
    total = first + args[1]
    for other in args[2:]:
        total = total + other
    return total


add_n.completes(alike)


@add_n.onnx
def _(graph: Any, *args: Any) -> Any:
    dtype = args[0].dtype
    total = args[0] if len(args) > 1 else graph.node("Identity", args[0])
    for other in args[1:]:
        total = graph.node("Add", total, other, dtype=dtype)
    return total
