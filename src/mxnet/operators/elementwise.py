"""Operators that work element by element: the factories, and arithmetic on two operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from mxnet.operators import _onnx
from mxnet.operators._promotion import common, counted, with_number
from mxnet.operators.attributes import Scalar
from mxnet.operators.catalogue import Operator, operator

__all__ = ["ARITHMETIC", "Binary", "Rule", "binary", "remainder", "unary"]

Tensor = torch.Tensor


class Binary(NamedTuple):
    """An operator of two operands in its three forms: two arrays, array and number, number and array."""

    arrays: Operator
    scalar: Operator
    reverse: Operator


class Rule(NamedTuple):
    """How a family of operators brings its operands to one type.

    Attributes
    ----------
    pair : callable
        ``pair(x1, x2)`` for two tensors.
    number : callable
        ``number(data, scalar)`` returns both as the function takes them.
    """

    pair: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    number: Callable[[Tensor, Any], tuple[Tensor, Any]]


def unary(
    name: str,
    function: Callable[[Tensor], Tensor],
    *aliases: str,
    convert: Callable[[Tensor], Tensor] | None = None,
    onnx: str | _onnx.Rule | None = None,
    doc: str,
) -> Operator:
    """Enter ``function(x)`` into the catalogue; `convert` brings the input to the type it is computed in.

    `onnx` is the name of the ONNX operator that computes it, or the rule that writes it.
    """
    if convert is None:

        def body(x: Tensor) -> Tensor:
            return function(x)

    else:

        def body(x: Tensor) -> Tensor:
            return function(convert(x))

    body.__doc__ = doc
    made = operator(name, *aliases)(body)
    if onnx is not None:
        made.onnx(_onnx.for_unary(onnx, floats=convert is not None))
    return made


def _arithmetic_pair(x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    return (x1, x2) if x1.dtype is x2.dtype else common(x1, x2)


def _arithmetic_number(data: Tensor, scalar: Any) -> tuple[Tensor, Any]:
    return with_number(data, scalar), scalar


ARITHMETIC = Rule(_arithmetic_pair, _arithmetic_number)


def binary(
    name: str,
    function: Callable[[Any, Any], Tensor],
    *aliases: str,
    rule: Rule = ARITHMETIC,
    scalar_name: str = "",
    reverse: str | None = None,
    number: Callable[[Tensor, Any], Tensor] | None = None,
    reversed_number: Callable[[Any, Tensor], Tensor] | None = None,
    doc: str,
) -> Binary:
    """Enter ``function(x1, x2)`` and its forms with a number into the catalogue.

    Parameters
    ----------
    scalar_name : str, optional
        Name of the form with a number on the right; default ``<name>_scalar``.
    reverse : str, optional
        Name of the form with a number on the left; default: the operands may change places.
    number, reversed_number : callable, optional
        Computes those forms; default: `function` on the number as a tensor without dimensions.
    """
    pair, fit = rule
    on_right = number or (lambda x, n: function(x, x.new_full((), n)))
    on_left = reversed_number or (lambda n, x: function(x.new_full((), n), x))

    # Two floats of one type need no rule: nearly every call is such a one.
    def arrays(lhs: Tensor, rhs: Tensor) -> Tensor:
        if lhs.dtype is rhs.dtype and lhs.dtype.is_floating_point:
            return function(lhs, rhs)
        return function(*pair(lhs, rhs))

    def scalar(data: Tensor, *, scalar: Scalar = 1.0, is_int: bool = True) -> Tensor:
        if data.dtype.is_floating_point:
            return on_right(data, scalar)
        data, value = fit(data, scalar if is_int else float(scalar))
        return on_right(data, value)

    def reversed_scalar(data: Tensor, *, scalar: Scalar = 1.0, is_int: bool = True) -> Tensor:
        data, value = fit(data, scalar if is_int else float(scalar))
        return on_left(value, data)

    for body in (arrays, scalar, reversed_scalar):
        body.__doc__ = doc
    plain = operator(scalar_name or f"{name}_scalar")(scalar)
    made = Binary(
        operator(name, *aliases)(arrays),
        plain,
        plain if reverse is None else operator(reverse)(reversed_scalar),
    )
    onnx = _onnx.ELEMENTWISE.get(name.removeprefix("_npi_").removeprefix("broadcast_"))
    if onnx is not None:
        made.arrays.onnx(_onnx.for_pair(onnx))
        made.scalar.onnx(_onnx.for_number(onnx))
        if made.reverse is not made.scalar:
            made.reverse.onnx(_onnx.for_number_first(onnx))
    return made


def _float_pair(x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    x1, x2 = common(x1, x2) if x1.dtype is not x2.dtype else (x1, x2)
    return (x1, x2) if x1.dtype.is_floating_point else (x1.to(torch.float32), x2.to(torch.float32))


def _float_number(data: Tensor, scalar: Any) -> tuple[Tensor, Any]:
    return data if data.dtype.is_floating_point else data.to(torch.float32), scalar


def _real_number(data: Tensor, scalar: Any) -> tuple[Tensor, Any]:
    return _float_number(with_number(data, scalar), scalar)


_FLOAT = Rule(_float_pair, _float_number)
_REAL = Rule(_float_pair, _real_number)


def _floor_divide(x1: Tensor, x2: Tensor) -> Tensor:
    if x1.dtype.is_floating_point:
        return torch.floor(x1 / x2)
    zero, divisor = _divisor(counted(x2))
    return torch.where(zero, 0, torch.div(counted(x1), divisor, rounding_mode="floor")).to(x1.dtype)


def remainder(x1: Tensor, x2: Tensor) -> Tensor:
    """The remainder with the divisor's sign; zero for a divisor of zero."""
    zero, divisor = _divisor(x2)
    return torch.where(zero, 0, torch.remainder(x1, divisor))


def _fmod(x1: Tensor, x2: Tensor) -> Tensor:
    zero, divisor = _divisor(x2)
    return torch.where(zero, 0, torch.fmod(x1, divisor))


def _divisor(x2: Tensor) -> tuple[Tensor, Tensor]:
    """Where the divisor is zero, and a divisor that is not: what is left of a division by zero is zero."""
    zero = x2 == 0
    return zero, torch.where(zero, 1, x2)


def _power(x1: Tensor, x2: Tensor) -> Tensor:
    return torch.pow(counted(x1), counted(x2)).to(x1.dtype)


def _power_number(x: Tensor, exponent: Any) -> Tensor:
    if exponent < 0 and not x.dtype.is_floating_point:
        return torch.pow(x, x.new_full((), exponent))
    return torch.pow(x, exponent)


def _tied(
    function: Callable[..., Tensor], ahead: Callable[..., Tensor], keeps_nan: bool
) -> Callable[[Tensor, Tensor], Tensor]:
    """A choice between two operands whose gradient goes to the first one in a tie; torch would halve it."""

    def choose(x1: Tensor, x2: Tensor) -> Tensor:
        if x1.requires_grad or x2.requires_grad:
            return torch.where(ahead(x1, x2) | torch.isnan(x1 if keeps_nan else x2), x1, x2)
        return function(x1, x2)

    return choose


def _copysign(x1: Tensor, x2: Tensor) -> Tensor:
    if x1.dtype.is_floating_point:
        return torch.copysign(x1, x2)
    return torch.where(x2 < 0, -x1.abs(), x1.abs())


def _ldexp(x1: Tensor, x2: Tensor) -> Tensor:
    return (x1 * torch.pow(2.0, x2)).to(x1.dtype)


add = binary("_npi_add", torch.add, number=torch.add, doc="Sum, element by element.")
subtract = binary(
    "_npi_subtract",
    torch.sub,
    reverse="_npi_rsubtract_scalar",
    number=torch.sub,
    reversed_number=lambda n, x: torch.rsub(x, n),
    doc="Difference, element by element.",
)
multiply = binary("_npi_multiply", torch.mul, number=torch.mul, doc="Product, element by element.")
true_divide = binary(
    "_npi_true_divide",
    torch.true_divide,
    rule=_FLOAT,
    reverse="_npi_rtrue_divide_scalar",
    number=torch.true_divide,
    doc="Quotient, element by element; that of integers is float32.",
)
floor_divide = binary(
    "_npi_floor_divide",
    _floor_divide,
    reverse="_npi_rfloor_divide_scalar",
    doc="Quotient rounded down, element by element; integers divided by zero give zero.",
)
mod = binary(
    "_npi_mod",
    remainder,
    reverse="_npi_rmod_scalar",
    doc="Remainder with the sign of the divisor, element by element; zero where the divisor is.",
)
fmod = binary(
    "_npi_fmod",
    _fmod,
    reverse="_npi_rfmod_scalar",
    doc="Remainder with the sign of the dividend, element by element; zero where the divisor is.",
)
power = binary(
    "_npi_power",
    _power,
    reverse="_npi_rpower_scalar",
    number=_power_number,
    reversed_number=torch.pow,
    doc="First operand to the power of the second, element by element.",
)
maximum = binary(
    "broadcast_maximum",
    _tied(torch.maximum, torch.ge, keeps_nan=True),
    "_npi_maximum",
    scalar_name="_maximum_scalar",
    doc="The larger of two, element by element; NaN if either is.",
)
minimum = binary(
    "broadcast_minimum",
    _tied(torch.minimum, torch.le, keeps_nan=True),
    "_npi_minimum",
    scalar_name="_minimum_scalar",
    doc="The smaller of two, element by element; NaN if either is.",
)
fmax = binary(
    "_npi_fmax",
    _tied(torch.fmax, torch.ge, keeps_nan=False),
    doc="The larger of two, element by element, passing over NaN.",
)
fmin = binary(
    "_npi_fmin",
    _tied(torch.fmin, torch.le, keeps_nan=False),
    doc="The smaller of two, element by element, passing over NaN.",
)
copysign = binary(
    "_npi_copysign",
    _copysign,
    reverse="_npi_rcopysign_scalar",
    doc="The size of the first operand with the sign of the second, element by element.",
)
arctan2 = binary(
    "_npi_arctan2",
    torch.arctan2,
    rule=_REAL,
    reverse="_npi_rarctan2_scalar",
    doc="Angle of the point (x2, x1) in radians, element by element.",
)
hypot = binary(
    "_npi_hypot",
    torch.hypot,
    rule=_REAL,
    scalar_name="_hypot_scalar",
    doc="Length of the hypotenuse over two legs, element by element.",
)
logaddexp = binary(
    "_npi_logaddexp",
    torch.logaddexp,
    rule=_REAL,
    doc="Logarithm of the sum of two exponentials, element by element.",
)
ldexp = binary(
    "_npi_ldexp",
    _ldexp,
    reverse="_npi_rldexp_scalar",
    doc="First operand times two to the power of the second, element by element.",
)
