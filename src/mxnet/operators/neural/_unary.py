"""Functions of one element under MXNet 1.x's rule: the result has the type of the data, integers included."""

from __future__ import annotations

from collections.abc import Callable

import torch

from mxnet.operators.catalogue import Operator, operator

__all__ = ["unary"]

Tensor = torch.Tensor


def unary(name: str, function: Callable[[Tensor], Tensor], *aliases: str, exact: bool = False, doc: str) -> Operator:
    """Enter ``function(data)`` into the catalogue; `exact` says that it takes integers as they are."""

    if exact:

        def body(data: Tensor) -> Tensor:
            return function(data)

    else:

        def body(data: Tensor) -> Tensor:
            if data.dtype.is_floating_point:
                return function(data)
            return function(data.to(torch.float64)).to(data.dtype)

    body.__doc__ = doc
    return operator(name, *aliases)(body)
