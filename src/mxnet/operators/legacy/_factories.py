"""Families under MXNet 1.x's rule: no type promotion, the result has the type of the data, integers included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from mxnet._dtype import name_of
from mxnet.base import MXNetError
from mxnet.operators import _onnx
from mxnet.operators._completion import alike
from mxnet.operators._promotion import wrapped
from mxnet.operators.attributes import Scalar
from mxnet.operators.catalogue import Operator, operator

__all__ = ["Family", "binary", "unary"]

Tensor = torch.Tensor


class Family(NamedTuple):
    """A function of two operands in its legacy forms."""

    broadcast: Operator
    scalar: Operator
    reverse: Operator


def unary(
    name: str,
    function: Callable[[Tensor], Tensor],
    *aliases: str,
    exact: bool = False,
    onnx: str | _onnx.Rule | None = None,
    doc: str,
) -> Operator:
    """Enter ``function(data)`` into the catalogue; `exact` says that it takes integers as they are.

    `onnx` is the name of the ONNX operator that computes it, or the rule that writes it.
    """

    if exact:

        def body(data: Tensor) -> Tensor:
            return function(data)

    else:

        def body(data: Tensor) -> Tensor:
            if data.dtype.is_floating_point:
                return function(data)
            return function(data.to(torch.float64)).to(data.dtype)

    body.__doc__ = doc
    made = operator(name, *aliases)(body)
    if onnx is not None:
        made.onnx(_onnx.for_unary(onnx, floats=not exact))
    return made


def binary(
    name: str,
    function: Callable[[Any, Any], Tensor],
    *,
    elementwise: tuple[str, ...],
    broadcast: tuple[str, ...] | Operator,
    scalar: tuple[str, ...] | Operator,
    reverse: tuple[str, ...] = (),
    doc: str,
) -> Family:
    """Enter ``function(lhs, rhs)`` in its forms: equal shapes, broadcasting, and with a number on either side.

    The first of each tuple is the operator's name, the others its aliases; an operator is taken where MXNet has
    one for both of its faces. Without `reverse` the operands may change places. `function` gets tensors of one
    type; a number comes as a tensor without dimensions.
    """

    def between(lhs: Tensor, rhs: Tensor) -> Tensor:
        _check_types(name, lhs, rhs)
        return function(lhs, rhs).to(lhs.dtype)

    def paired(lhs: Tensor, rhs: Tensor) -> Tensor:
        if lhs.shape != rhs.shape:
            raise MXNetError(
                f"{elementwise[0]}: lhs and rhs must have the same shape, not {tuple(lhs.shape)} and {tuple(rhs.shape)}"
            )
        _check_types(name, lhs, rhs)
        return function(lhs, rhs).to(lhs.dtype)

    def with_number(data: Tensor, *, scalar: Scalar = 1.0, is_int: bool = True) -> Tensor:
        data, number = _number(data, scalar)
        return function(data, number).to(data.dtype)

    def with_number_first(data: Tensor, *, scalar: Scalar = 1.0, is_int: bool = True) -> Tensor:
        data, number = _number(data, scalar)
        return function(number, data).to(data.dtype)

    for body in (between, paired, with_number, with_number_first):
        body.__doc__ = doc
    equal_shapes = operator(*elementwise)(paired)
    equal_shapes.completes(alike)
    plain = scalar if isinstance(scalar, Operator) else operator(*scalar)(with_number)
    made = Family(
        broadcast if isinstance(broadcast, Operator) else operator(*broadcast)(between),
        plain,
        operator(*reverse)(with_number_first) if reverse else plain,
    )
    onnx = _onnx.ELEMENTWISE[name]
    equal_shapes.onnx(_onnx.for_pair(onnx))
    made.broadcast.onnx(_onnx.for_pair(onnx))
    made.scalar.onnx(_onnx.for_number(onnx))
    if reverse:
        made.reverse.onnx(_onnx.for_number_first(onnx))
    return made


def _check_types(name: str, lhs: Tensor, rhs: Tensor) -> None:
    if lhs.dtype is not rhs.dtype:
        raise MXNetError(
            f"{name}: operands must have the same type, not {name_of(lhs.dtype)} and {name_of(rhs.dtype)}; "
            "convert one with astype"
        )
    if lhs.dtype is torch.bool:
        raise MXNetError(f"{name} does not support boolean type")


def _number(data: Tensor, scalar: float) -> tuple[Tensor, Tensor]:
    """The number in the data's type, as MXNet takes it; booleans become int64 first."""
    if data.dtype is torch.bool:
        data = data.to(torch.int64)
    if not data.dtype.is_floating_point:
        scalar = wrapped(scalar, data.dtype)
    return data, torch.tensor(scalar, dtype=data.dtype, device=data.device)
