"""`mx.np`'s functions that take axes together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from mxnet.numpy._dispatch import apply, as_array, type_of
from mxnet.operators import reduction as _ops
from mxnet.operators.catalogue import Operator

__all__ = [
    "all",
    "alltrue",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "average",
    "cumprod",
    "cumsum",
    "max",
    "mean",
    "min",
    "prod",
    "product",
    "sometrue",
    "std",
    "sum",
    "var",
]

_PARAMETERS = """

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        Default all axes.{extra}
    out : ndarray, optional
        Where the result is written: of its shape and type.
    keepdims : bool, default False
        Whether the axes taken together stay, with size one.

    Raises
    ------
    MXNetError
        If there is no such axis.
    """
_DTYPE = """
    dtype : optional
        Type of the result and of the computation."""
_CORRECTION = """
    correction : int, default 0
        What is taken off the number of elements in the divisor."""


def _named(function: Callable[..., Any], name: str, op: Operator, extra: str = "") -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__module__ = "mxnet.numpy"
    function.__doc__ = op.body.__doc__ + _PARAMETERS.format(extra=extra)
    return function


def _plain(name: str, op: Operator) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return apply(op, (a,), out, axis=axis, keepdims=keepdims)

    return _named(function, name, op)


def _typed(name: str, op: Operator) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return apply(op, (a,), out, axis=axis, dtype=dtype, keepdims=keepdims)

    return _named(function, name, op, _DTYPE)


def _moment(name: str, op: Operator) -> Callable[..., Any]:
    def function(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        correction: int = 0,
        keepdims: bool = False,
        *,
        ddof: int | None = None,
    ) -> Any:
        ddof = correction if ddof is None else ddof
        return apply(op, (a,), out, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims)

    return _named(function, name, op, _DTYPE + _CORRECTION)


def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool | None = None,
    initial: float | None = None,
    where: Any = None,
) -> Any:
    """Sum over axes.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        Default all axes.
    dtype : optional
        Type of the result; default that of `a`, int64 for bool.
    out : ndarray, optional
        Where the result is written: of its shape and type.
    keepdims : bool, default False
        Whether the axes taken together stay, with size one.
    initial : number, optional
        Added to each sum.
    where : None or True

    Raises
    ------
    MXNetError
        If there is no such axis.
    ValueError
        For another `where`.
    """
    if where is not None and where is not True:
        raise ValueError("only where=None or where=True cases are supported for now")
    return apply(_ops.sum, (a,), out, axis=axis, dtype=dtype, keepdims=bool(keepdims), initial=initial)


def mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """Mean over axes.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        Default all axes.
    dtype : optional
        Type of the result; default float32, or float64 if `a` is of that type.
    out : ndarray, optional
        Where the result is written: of its shape and type.
    keepdims : bool, default False
        Whether the axes taken together stay, with size one.
    """
    a = as_array(a)
    kind = type_of(a)
    if dtype is None and kind is not None:
        dtype = torch.float64 if kind is torch.float64 else torch.float32
    return apply(_ops.mean, (a,), out, axis=axis, dtype=dtype, keepdims=keepdims)


prod = _typed("prod", _ops.prod)
std = _moment("std", _ops.std)
var = _moment("var", _ops.var)
max = _plain("max", _ops.max)
min = _plain("min", _ops.min)
argmax = _plain("argmax", _ops.argmax)
argmin = _plain("argmin", _ops.argmin)
all = _plain("all", _ops.all)
any = _plain("any", _ops.any)
amax, amin = max, min
product, alltrue, sometrue = prod, all, any


def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, out: Any = None) -> Any:
    """Mean over axes, weighted or not.

    Parameters
    ----------
    a : array_like
    axis : int or tuple of int, optional
        Default all axes.
    weights : array_like, optional
        Of the shape of `a`, or a vector along its one `axis`.
    returned : bool, default False
        Whether to return the sum of the weights too.
    out : ndarray, optional
        Where the average is written.

    Raises
    ------
    MXNetError
        If the weights do not fit.
    """
    given = as_array(a)
    weights = None if weights is None else as_array(weights, like=given)
    mean, total = apply(_ops.average, (given, weights), axis=axis, returned=returned, weighted=weights is not None)
    if out is not None:
        out[...] = mean
        mean = out
    return [mean, total] if returned else mean


def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running sum along an axis, or of the flattened array.

    Parameters
    ----------
    a : array_like
    axis : int, optional
    dtype : optional
        Type of the result; default that of `a`, int64 for bool.
    out : ndarray, optional
        Where the result is written.
    """
    return apply(_ops.cumsum, (a,), out, axis=axis, dtype=dtype)


def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running product along an axis, or of the flattened array.

    Parameters
    ----------
    a : array_like
    axis : int, optional
    dtype : optional
        Type of the result; default that of `a`, int64 for integers.
    out : ndarray, optional
        Where the result is written.
    """
    return apply(_ops.cumprod, (a,), out, axis=axis, dtype=dtype)
