"""Operators that work element by element: the factories, and the families made with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from mxnet.operators.attributes import Scalar
from mxnet.operators.catalogue import Operator, operator

__all__ = ["Binary", "binary", "unary"]

Tensor = torch.Tensor


class Binary(NamedTuple):
    """An operator of two operands in its three forms: two arrays, array and number, number and array."""

    arrays: Operator
    scalar: Operator
    reverse: Operator


def unary(
    name: str, function: Callable[[Tensor], Tensor], *aliases: str, to_float: bool = False, doc: str
) -> Operator:
    """Enter ``function(x)`` into the catalogue; `to_float` makes integers float32 first."""

    def body(x: Tensor) -> Tensor:
        if to_float and not x.dtype.is_floating_point:
            x = x.to(torch.float32)
        return function(x)

    body.__doc__ = doc
    return operator(name, *aliases)(body)


def binary(
    name: str,
    function: Callable[[Any, Any], Tensor],
    *aliases: str,
    reverse: str | None = None,
    doc: str,
) -> Binary:
    """Enter ``function(x1, x2)`` and its forms with a number into the catalogue.

    The number forms are called ``<name>_scalar`` and `reverse` (None: the operands may change places).
    """

    def arrays(x1: Tensor, x2: Tensor) -> Tensor:
        return function(x1, x2)

    def scalar(data: Tensor, *, scalar: Scalar = 1.0, is_int: bool = True) -> Tensor:
        return function(_for_number(data, scalar), scalar)

    def reversed_scalar(data: Tensor, *, scalar: Scalar = 1.0, is_int: bool = True) -> Tensor:
        return function(scalar, _for_number(data, scalar))

    for body in (arrays, scalar, reversed_scalar):
        body.__doc__ = doc
    plain = operator(f"{name}_scalar")(scalar)
    return Binary(
        operator(name, *aliases)(arrays),
        plain,
        plain if reverse is None else operator(reverse)(reversed_scalar),
    )


def _for_number(data: Tensor, number: float) -> Tensor:
    """MXNet makes an integer array that meets a float number float64."""
    if isinstance(number, float) and not data.dtype.is_floating_point:
        return data.to(torch.float64)
    return data


add = binary("_npi_add", torch.add, doc="Sum, element by element.")
subtract = binary("_npi_subtract", torch.sub, reverse="_npi_rsubtract_scalar", doc="Difference.")
multiply = binary("_npi_multiply", torch.mul, doc="Product, element by element.")
exp = unary("_npi_exp", torch.exp, to_float=True, doc="Exponential, element by element.")
