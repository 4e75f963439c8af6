"""`mx.np`'s functions that order, count and interpolate."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, is_known
from mxnet.numpy._dispatch import apply, as_array, is_number, type_of
from mxnet.operators import sorting as _ops
from mxnet.operators.catalogue import find

__all__ = [
    "argsort",
    "bincount",
    "diff",
    "ediff1d",
    "histogram",
    "interp",
    "median",
    "msort",
    "percentile",
    "quantile",
    "sort",
]


def sort(a: Any, axis: int | None = -1, descending: bool = False, stable: bool = True) -> Any:
    """A sorted copy.

    Parameters
    ----------
    a : array_like
    axis : int or None, default -1
        None sorts the flattened array.
    descending : bool, default False
    stable : bool, default True
        The sort is always stable.
    """
    return apply(_ops.sort, (a,), axis=axis, is_ascend=not descending)


def argsort(a: Any, axis: int | None = -1, descending: bool = False, stable: bool = True) -> Any:
    """The positions (int64) that sort an array; parameters as for `sort`."""
    return apply(_ops.argsort, (a,), axis=axis, is_ascend=not descending, dtype=torch.int64)


def msort(a: Any) -> Any:
    """A copy sorted along the first axis."""
    return sort(a, axis=0)


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each integer from zero occurs in a vector.

    Parameters
    ----------
    x : array_like
        Integers that are not negative; the counts have their type.
    weights : array_like, optional
        What each element counts; the sums have its type.
    minlength : int, default 0
        Least length of the result.

    Raises
    ------
    MXNetError
        If `x` is no vector of such integers.
    """
    x = as_array(x)
    weights = None if weights is None else as_array(weights, like=x)
    return apply(_ops.bincount, (x, weights), minlength=minlength, has_weights=weights is not None)


def histogram(
    a: Any,
    bins: Any = 10,
    range: tuple[float, float] | None = None,
    normed: bool | None = None,
    weights: Any = None,
    density: bool | None = None,
) -> tuple[Any, Any]:
    """Number of elements in each bin, and the edges of the bins.

    Parameters
    ----------
    a : array_like
    bins : int or array_like, default 10
        Number of bins of equal width, or the edges.
    range : (float, float), optional
        Default: from the smallest to the largest element.
    normed, weights, density
        Not supported.

    Raises
    ------
    NotImplementedError
        If one of the last three is given.
    """
    if normed or density or weights is not None:
        raise NotImplementedError("histogram counts only: normed, weights and density are not supported")
    a = as_array(a)
    if not is_number(bins):
        return tuple(apply(_ops.histogram, (a, as_array(bins, like=a))))
    if range is None:
        range = (float(a.min()), float(a.max())) if a.size else (0.0, 1.0)
        range = range if range[0] < range[1] else (range[0] - 0.5, range[1] + 0.5)
    return tuple(apply(_ops.histogram, (a, None), bin_cnt=bins, range=tuple(range)))


def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool | None = None,
    interpolation: str = "linear",
    keepdims: bool = False,
) -> Any:
    """The values below which so many per cent of the elements lie.

    Parameters
    ----------
    a : array_like
    q : number or array_like
        Percentages from 0 to 100.
    axis : int or tuple of int, optional
        Default all axes.
    out : ndarray, optional
        Where the result is written.
    overwrite_input : optional
        Ignored.
    interpolation : {'linear', 'lower', 'higher', 'midpoint', 'nearest'}
        What to take between two elements.
    keepdims : bool, default False
        Whether the axes taken together stay, with size one.

    Raises
    ------
    MXNetError
        For another `interpolation` or percentage, or if there are no elements.
    """
    options = {"axis": axis, "interpolation": interpolation, "keepdims": keepdims}
    if is_number(q):
        return apply(_ops.percentile, (a, None), out, q_scalar=q, **options)
    a = as_array(a)
    q = as_array(q, like=a)
    if q.size and is_known(q) and not (0 <= q._data.min() and q._data.max() <= 100):
        raise MXNetError(f"percentile: percentages must lie between 0 and 100, given {q}")
    return apply(_ops.percentile, (a, q), out, **options)


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool | None = None,
    interpolation: str = "linear",
    keepdims: bool = False,
) -> Any:
    """`percentile` with `q` from 0 to 1."""
    q = q * 100 if isinstance(q, Array) or is_number(q) else as_array(q) * 100
    return percentile(a, q, axis, out, overwrite_input, interpolation, keepdims)


def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool | None = None, keepdims: bool = False
) -> Any:
    """The value in the middle; parameters as for `percentile`."""
    return percentile(a, 50, axis, out, overwrite_input, "midpoint", keepdims)


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along an axis.

    Parameters
    ----------
    a : array_like
    n : int, default 1
        How often differences are taken.
    axis : int, default -1
    prepend, append : array_like or number, optional
        Values put at the ends of `a` first.
    """
    a = as_array(a)
    if prepend is not None or append is not None:
        a = _lengthened(a, axis, prepend, append)
    return apply(_ops.diff, (a,), n=n, axis=axis)


def _lengthened(a: Any, axis: int, prepend: Any, append: Any) -> Any:
    from mxnet import numpy as np

    parts = [a]
    shape = list(a.shape)
    shape[axis] = 1
    if prepend is not None:
        parts.insert(0, np.full(shape, prepend, a.dtype, device=a.device) if is_number(prepend) else prepend)
    if append is not None:
        parts.append(np.full(shape, append, a.dtype, device=a.device) if is_number(append) else append)
    return np.concatenate(parts, axis=axis)


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours in the flattened array.

    Parameters
    ----------
    ary : array_like
    to_end, to_begin : array_like or number, optional
        Values put after and before the differences.
    """
    ary = as_array(ary)
    attributes: dict[str, Any] = {}
    inputs = [ary, None, None]
    place = 1
    for name, value in (("to_begin", to_begin), ("to_end", to_end)):
        if value is None:
            continue
        if is_number(value):
            attributes[f"{name}_scalar"] = value
        else:
            attributes[f"{name}_arr_given"] = True
            inputs[place] = as_array(value, like=ary)
            place += 1
    return apply(_ops.ediff1d, inputs, **attributes)


def interp(
    x: Any, xp: Any, fp: Any, left: float | None = None, right: float | None = None, period: float | None = None
) -> Any:
    """Piecewise linear interpolation, in float64.

    Parameters
    ----------
    x : array_like or number
        Where to interpolate.
    xp, fp : array_like
        Vectors: ascending arguments, and the values of the function there.
    left, right : float, optional
        Values outside of `xp`; default its first and last.
    period : float, optional
        The function repeats after so much; `xp` need not ascend.

    Raises
    ------
    ValueError
        If `xp` and `fp` are no vectors of one length.
    """
    options = {"left": left, "right": right, "period": period}
    xp, fp = _as_float64(xp), _as_float64(fp)
    if is_number(x):
        return apply(_ops.interp, (xp, fp, None), x_scalar=x, x_is_scalar=True, **options)
    return apply(_ops.interp, (xp, fp, _as_float64(x)), **options)


def _as_float64(values: Any) -> Any:
    # MXNet's operator takes nothing else.
    array = as_array(values)
    return array if type_of(array) is torch.float64 else apply(find("Cast"), (array,), dtype=torch.float64)
