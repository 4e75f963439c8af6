"""Picking elements by position or condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as _np
import torch

from mxnet.device import Device, current_device
from mxnet.ndarray._array import Array, invoke, is_known, run
from mxnet.numpy._dispatch import apply, as_array, is_number
from mxnet.numpy._elementwise import clip, equal, mod
from mxnet.numpy._manipulation import broadcast_to, ravel, reshape, transpose
from mxnet.numpy.multiarray import ndarray
from mxnet.operators import editing, indexing

__all__ = [
    "argwhere",
    "choose",
    "compress",
    "diag_indices_from",
    "extract",
    "flatnonzero",
    "ix_",
    "nonzero",
    "select",
    "take",
    "take_along_axis",
    "tril_indices",
    "tril_indices_from",
    "triu_indices",
    "triu_indices_from",
    "unravel_index",
    "where",
]


def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise", out: Any = None) -> Any:
    """The slices of an array at the given positions of an axis.

    Parameters
    ----------
    a, indices : array_like
    axis : int, optional
        Default: `a` is flattened.
    mode : {'raise', 'clip', 'wrap'}
        What becomes of a position out of range. Negative ones are out of range but with 'wrap'.
    out : ndarray, optional
        Where the result is written.

    Raises
    ------
    MXNetError
        For a position out of range, with mode 'raise'.
    NotImplementedError
        For another mode.
    """
    if mode not in ("raise", "clip", "wrap"):
        raise NotImplementedError(f"function take does not support mode {mode!r}: only 'raise', 'clip' and 'wrap'")
    a = as_array(a)
    if axis is None:
        a, axis = ravel(a), 0
    return apply(indexing.take, (a, indices), out, axis=axis, mode=mode)


def take_along_axis(arr: Any, indices: Any, axis: int | None) -> Any:
    """The elements of an array at positions along an axis, one array of positions for each slice."""
    arr, indices = as_array(arr), as_array(indices)
    if indices._data.is_floating_point():
        raise IndexError("`indices` must be an integer array")
    if axis is None:
        if indices.ndim != 1:
            raise ValueError(f"when axis=None, `indices` must have a single dimension, not {indices.ndim}")
        arr, axis = ravel(arr), 0
    if arr.ndim != indices.ndim:
        raise ValueError(f"`indices` of {indices.ndim} and `arr` of {arr.ndim} dimensions must have as many")
    if not -arr.ndim <= axis < arr.ndim:
        raise _np.exceptions.AxisError(axis, arr.ndim)
    key = []
    for dimension, size in enumerate(arr.shape):
        if dimension == axis % arr.ndim:
            key.append(indices)
        else:
            key.append(_np.arange(size).reshape([-1 if other == dimension else 1 for other in range(arr.ndim)]))
    return arr[tuple(key)]


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Elements of `x` where a condition holds and of `y` elsewhere; all three broadcast.

    Parameters
    ----------
    condition : array_like
    x, y : array_like, optional
        A number is taken in the type of the other one, two numbers as float32. With neither, what
        ``nonzero(condition)`` gives.

    Raises
    ------
    ValueError
        If only one of `x` and `y` is given.

    Examples
    --------
    >>> a = mx.np.array([1.0, -2.0, 3.0])
    >>> mx.np.where(a > 0, a, 0)
    array([1., 0., 3.])
    """
    if (x is None) != (y is None):
        raise ValueError("either both or neither of x and y should be given")
    if x is None:
        return nonzero(condition)
    if is_number(condition):
        if is_number(x) and is_number(y):
            return x if condition else y
        condition = as_array(condition, like=x if isinstance(x, Array) else None)
    if is_number(x):
        if is_number(y):
            return apply(indexing.where_scalar2, (condition,), x=x, y=y)
        return apply(indexing.where_lscalar, (condition, y), scalar=x)
    if is_number(y):
        return apply(indexing.where_rscalar, (condition, x), scalar=y)
    return apply(indexing.np_where, (condition, x, y))


def nonzero(a: Any) -> tuple[Any, ...]:
    """Positions of the elements that are not zero: one vector of int64 for each dimension."""
    a = as_array(a)
    rows = transpose(argwhere(a if a.ndim else ravel(a)))
    return tuple(rows[axis] for axis in range(max(a.ndim, 1)))


def flatnonzero(a: Any) -> Any:
    """Positions of the elements that are not zero in the flattened array."""
    return nonzero(ravel(a))[0]


def argwhere(a: Any) -> Any:
    """Positions of the elements that are not zero: one row of int64 for each."""
    return run(indexing.nonzero, (as_array(a),), {})


def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """The slices of an array along an axis, by default of the flattened array, where a condition holds.

    Raises
    ------
    ValueError
        If the condition is not a vector.
    """
    condition, a = as_array(condition), as_array(a)
    if condition.ndim != 1:
        raise ValueError("condition must be a 1-d array")
    if axis is None:
        a, axis = ravel(a), 0
    positions = nonzero(condition)[0]
    return apply(indexing.take, (a, positions), out, axis=axis, mode="raise")


def extract(condition: Any, arr: Any) -> Any:
    """The elements of an array where a condition holds, as a vector."""
    return compress(ravel(condition), ravel(arr))


def choose(a: Any, choices: Sequence[Any], out: Any = None, mode: str = "raise") -> Any:
    """An array each of whose elements is that of the choice which `a` names there; all broadcast.

    Raises
    ------
    ValueError
        For a number that names no choice, with mode 'raise'.
    TypeError
        If `a` is not of an integer type.
    """
    a = as_array(a)
    if a._data.is_floating_point():
        raise TypeError(f"choose needs an array of integers, not {a.dtype}")
    candidates = [as_array(choice, like=a) for choice in choices]
    count = len(candidates)
    if mode == "raise" and a.size and is_known(a) and (a._data.min() < 0 or a._data.max() >= count):
        raise ValueError(f"invalid entry in choice array: entries must be between 0 and {count - 1}")
    shape = _np.broadcast_shapes(a.shape, *[choice.shape for choice in candidates])
    number = clip(a, 0, count - 1) if mode == "clip" else mod(a, count)
    result = broadcast_to(candidates[0], shape)
    for place, choice in enumerate(candidates[1:], 1):
        result = run(indexing.np_where, (equal(number, place), choice, result), {})
    if out is None:
        return result
    out[...] = result
    return out


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """An array each of whose elements is that of the first choice whose condition holds there.

    Raises
    ------
    ValueError
        If there are not as many conditions as choices, or none.
    TypeError
        If a condition is not of type bool.
    """
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if not len(condlist):
        raise ValueError("select with an empty condition list is not possible")
    conditions = [as_array(condition) for condition in condlist]
    for place, condition in enumerate(conditions):
        if condition._data.dtype is not torch.bool:
            raise TypeError(f"invalid entry {place} in condlist: should be boolean ndarray")
    result = default
    for condition, choice in zip(reversed(conditions), reversed(list(choicelist)), strict=True):
        result = where(condition, choice, result)
    return result


def unravel_index(indices: Any, shape: int | Sequence[int], order: str = "C") -> tuple[Any, ...]:
    """Indices into an array of a shape, one array for each dimension, of positions in the flattened array.

    Raises
    ------
    NotImplementedError
        For another order than 'C'.
    """
    if order != "C":
        raise NotImplementedError("unravel_index does not support column-major (Fortran-style) order")
    if is_number(indices):
        return tuple(_np.unravel_index(indices, shape))
    return tuple(apply(indexing.unravel_index, (indices,), shape=shape))


def ix_(*args: Any) -> tuple[Any, ...]:
    """Index arrays that together name every combination of the given positions or masks.

    Raises
    ------
    ValueError
        If one is not a vector.
    """
    result = []
    for place, value in enumerate(args):
        vector = as_array(_np.asarray(value, dtype=_np.int64) if not len(value) else value)
        if vector.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if vector._data.dtype is torch.bool:
            vector = nonzero(vector)[0]
        result.append(reshape(vector, [-1 if other == place else 1 for other in range(len(args))]))
    return tuple(result)


def diag_indices_from(arr: Any) -> tuple[Any, ...]:
    """Indices of the main diagonal, one vector for each dimension.

    Raises
    ------
    ValueError
        If the dimensions are not all of one size.
    """
    return tuple(apply(editing.diag_indices_from, (arr,)))


def tril_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Any, Any]:
    """Row and column numbers of the lower triangle of an `n` by `m` matrix (default square), up to diagonal `k`."""
    columns = n if m is None else m
    rows = invoke(editing.tril_indices, (), {"n": n, "k": k, "m": columns}, cls=ndarray)
    return tuple(row.as_in_ctx(current_device()) for row in rows)


def triu_indices(n: int, k: int = 0, m: int | None = None, device: Device | None = None) -> tuple[Any, Any]:
    """Row and column numbers of the upper triangle of an `n` by `m` matrix (default square), from diagonal `k` on."""
    columns = n if m is None else m
    rows = _np.triu_indices(n, k, columns)
    return tuple(as_array(row).as_in_ctx(device or current_device()) for row in rows)


def tril_indices_from(arr: Any, k: int = 0) -> tuple[Any, Any]:
    """Row and column numbers of the lower triangle of a matrix.

    Raises
    ------
    ValueError
        If `arr` is not a matrix.
    """
    return tril_indices(*_rows_and_columns(arr, k))


def triu_indices_from(arr: Any, k: int = 0) -> tuple[Any, Any]:
    """Row and column numbers of the upper triangle of a matrix.

    Raises
    ------
    ValueError
        If `arr` is not a matrix.
    """
    return triu_indices(*_rows_and_columns(arr, k))


def _rows_and_columns(arr: Any, k: int) -> tuple[int, int, int]:
    if arr.ndim != 2:
        raise ValueError(f"input array must be 2-d, not {arr.ndim}-d")
    return arr.shape[0], k, arr.shape[1]
