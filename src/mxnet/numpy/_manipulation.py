"""Changing the shape and order of arrays: `mx.np`'s face of the operators that compute nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as _np
import torch

from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, constant_like, is_known, run
from mxnet.numpy._dispatch import apply, as_array, create, is_number
from mxnet.operators import creation, editing, indexing
from mxnet.operators import shape as _ops
from mxnet.operators._checks import check_axis

__all__ = [
    "broadcast_arrays",
    "broadcast_to",
    "delete",
    "diag",
    "diagflat",
    "diagonal",
    "expand_dims",
    "fill_diagonal",
    "flip",
    "fliplr",
    "flipud",
    "insert",
    "moveaxis",
    "permute_dims",
    "ravel",
    "reshape",
    "resize",
    "roll",
    "rollaxis",
    "rot90",
    "squeeze",
    "swapaxes",
    "trace",
    "transpose",
    "tril",
    "triu",
]


def _check_order(order: str) -> None:
    if order != "C":
        raise NotImplementedError(f"only order 'C' is supported, not {order!r}")


def reshape(a: Any, newshape: int | Sequence[int], order: str = "C", out: Any = None) -> Any:
    """A copy of an array with a new shape of as many elements.

    Parameters
    ----------
    a : array_like
    newshape : int or tuple of int
        One size may be -1: it is worked out from the others. Others below zero are codes: see `mx.npx.reshape`.
    order : {'C'}
    out : ndarray, optional
        Where the result is written.

    Raises
    ------
    MXNetError
        If the shape does not have as many elements as `a`.

    Examples
    --------
    >>> mx.np.reshape(mx.np.array([[1, 2, 3], [4, 5, 6]]), (3, -1))
    array([[1., 2.],
           [3., 4.],
           [5., 6.]])
    """
    _check_order(order)
    return apply(_ops.npx_reshape, (a,), out, newshape=newshape, reverse=False, order="C")


def ravel(x: Any, order: str = "C") -> Any:
    """A copy of an array as a vector."""
    _check_order(order)
    return reshape(x, (-1,))


def transpose(a: Any, axes: Sequence[int] | None = None) -> Any:
    """A copy of an array with its dimensions permuted, by default reversed.

    Raises
    ------
    ValueError
        If an axis comes twice.
    MXNetError
        If `axes` does not name every axis.
    """
    if axes is None:
        return run(_ops.np_transpose, (as_array(a),), {})
    return apply(_ops.np_transpose, (a,), axes=axes)


def permute_dims(a: Any, axes: Sequence[int] | None = None) -> Any:
    """`transpose` by the array API standard's name."""
    return transpose(a, axes)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """A copy of an array with two dimensions exchanged."""
    return apply(_ops.swapaxes, (a,), dim1=axis1, dim2=axis2)


def moveaxis(a: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """A copy of an array with dimensions moved to other places; the others keep their order."""
    return apply(_ops.moveaxis, (a,), source=source, destination=destination)


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """A copy of an array with one dimension moved back until it lies before dimension `start`."""
    return apply(_ops.rollaxis, (a,), axis=axis, start=start)


def expand_dims(a: Any, axis: int) -> Any:
    """A copy of an array with a new dimension of one at place `axis`.

    Raises
    ------
    MXNetError
        If the result has no such axis.
    """
    return apply(_ops.expand_dims, (a,), axis=axis)


def squeeze(a: Any, axis: int | Sequence[int] | None = None, out: Any = None) -> Any:
    """A copy of an array without its dimensions of one, or without those of them that `axis` names.

    Raises
    ------
    MXNetError
        If a dimension that `axis` names has another size.
    """
    return apply(_ops.np_squeeze, (a,), out, axis=axis)


def broadcast_to(array: Any, shape: int | Sequence[int]) -> Any:
    """An array repeated along dimensions of one, and along new ones in front, until it has a shape."""
    if is_number(array):
        return create(creation.full, None, shape=shape, value=array)
    return apply(_ops.np_broadcast_to, (array,), shape=shape)


def broadcast_arrays(*args: Any) -> list[Any]:
    """The arrays, each repeated until all have one shape.

    Raises
    ------
    ValueError
        If their shapes do not go together.
    """
    arrays = [as_array(value) for value in args]
    common = _np.broadcast_shapes(*[array.shape for array in arrays])
    return [broadcast_to(array, common) for array in arrays]


def flip(m: Any, axis: int | Sequence[int] | None = None, out: Any = None) -> Any:
    """An array with the elements along axes, by default all, in reverse order."""
    if is_number(m):
        return _np.flip(m, axis)
    return apply(_ops.np_flip, (m,), out, axis=axis)


def flipud(m: Any) -> Any:
    """An array with its rows in reverse order."""
    return flip(m, 0)


def fliplr(m: Any) -> Any:
    """An array of at least two dimensions with its columns in reverse order."""
    return flip(m, 1)


def roll(a: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Any:
    """An array with its elements moved along axes, the last coming back first; without axes it is rolled flat."""
    return apply(_ops.roll, (a,), shift=shift, axis=axis)


def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """An array turned `k` times by 90 degrees in the plane of two axes, from the first towards the second."""
    return apply(_ops.rot90, (m,), k=k, axes=axes)


def resize(a: Any, new_shape: int | Sequence[int]) -> Any:
    """An array of a new shape filled with the elements of `a`, over and over if it is larger."""
    flat = ravel(as_array(a))
    sizes = (new_shape,) if is_number(new_shape) else tuple(new_shape)
    count = int(_np.prod(sizes, dtype=_np.int64))
    if any(size < 0 for size in sizes):
        raise ValueError(f"all elements of `new_shape` must be non-negative, not {new_shape}")
    if not flat.size:
        return apply(_ops.np_broadcast_to, (as_array(0.0, like=flat).astype(flat.dtype),), shape=sizes)
    return reshape(flat[_np.arange(count) % flat.size], sizes)


def diag(array: Any, k: int = 0) -> Any:
    """The `k`-th diagonal of a matrix, or for a vector the matrix that has it there.

    Raises
    ------
    MXNetError
        If the array has neither one nor two dimensions.
    """
    return apply(_ops.np_diag, (array,), k=k)


def diagflat(array: Any, k: int = 0) -> Any:
    """A matrix whose `k`-th diagonal is the flattened array."""
    return apply(_ops.diagflat, (array,), k=k)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A copy of the diagonals of the planes of two axes, as a last dimension in their place."""
    return apply(_ops.diagonal, (a,), offset=offset, axis1=axis1, axis2=axis2)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, out: Any = None) -> Any:
    """The sums along the diagonals of the planes of two axes, in the type of `a`."""
    return apply(_ops.trace, (a,), out, offset=offset, axis1=axis1, axis2=axis2)


def tril(m: Any, k: int = 0) -> Any:
    """Matrices with zeros above the `k`-th diagonal; a vector stands for a square matrix of such rows."""
    return apply(_ops.tril, (m,), k=k)


def triu(m: Any, k: int = 0) -> Any:
    """Matrices with zeros below the `k`-th diagonal; a vector stands for a square matrix of such rows."""
    return apply(_ops.triu, (m,), k=k)


def fill_diagonal(a: Array, val: Any, wrap: bool = False) -> None:
    """Write a number, or a sequence over and over, to the main diagonal of an array.

    Parameters
    ----------
    a : ndarray
        At least two dimensions; if more, all of one size. Changed in place.
    val : number or sequence of numbers
    wrap : bool, default False
        Begin the diagonal of a tall matrix anew below the last column.
    """
    if not isinstance(a, Array):
        raise TypeError(f"fill_diagonal writes to an array, not to {type(a).__name__}")
    if isinstance(val, Array):
        val = val.asnumpy()
    values = tuple(_np.ravel(val).tolist())
    apply(editing.fill_diagonal, (a,), a, val=values, wrap=wrap)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """A copy of an array with values before the given positions along an axis.

    Parameters
    ----------
    arr : array_like
    obj : int, slice or ndarray of int
        Positions in `arr`.
    values : number or array_like
        Broadcast to what is inserted, in the type of `arr`.
    axis : int, optional
        Default: `arr` is flattened.

    Raises
    ------
    MXNetError
        If a position is out of bounds.
    TypeError
        If `obj` is a tuple.
    """
    if isinstance(obj, tuple):
        raise TypeError("'obj' can not support type <class 'tuple'>: give an integer, a slice or an array")
    attributes: dict[str, Any] = {"axis": axis}
    inputs = [arr]
    if is_number(values):
        attributes["val"] = values
    else:
        inputs.append(values)
    if isinstance(obj, slice):
        return apply(editing.insert_slice, inputs, **attributes, **_ends(obj))
    if is_number(obj):
        return apply(editing.insert_scalar, inputs, **attributes, int_ind=obj)
    return apply(editing.insert_tensor, [*inputs, obj], **attributes)


def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """A copy of an array without the given positions along an axis.

    Parameters
    ----------
    arr : array_like
    obj : int, slice or ndarray of int or bool
        Positions in `arr`.
    axis : int, optional
        Default: `arr` is flattened.

    Raises
    ------
    MXNetError
        If a position is out of bounds.
    """
    if isinstance(obj, slice):
        return apply(editing.delete, (arr,), axis=axis, **_ends(obj))
    if is_number(obj):
        return apply(editing.delete, (arr,), axis=axis, int_ind=obj)
    if isinstance(obj, (list, tuple)):
        obj = _np.asarray(obj, dtype=None if len(obj) else _np.int64)
    if getattr(obj, "dtype", None) is not None and _np.dtype(obj.dtype).kind == "f":
        raise MXNetError("delete: positions must be integers")
    arr, obj = as_array(arr), as_array(obj)
    if not is_known(arr) and is_known(obj):  # in a graph the positions that stay are a constant, and so is their number
        arr, axis = (ravel(arr), 0) if axis is None else (arr, check_axis(axis, arr.ndim, "delete"))
        stay = editing.delete.body(torch.arange(arr.shape[axis]), obj._data.cpu(), axis=0)
        return apply(indexing.take, (arr, constant_like(arr, stay)), axis=axis)
    return apply(editing.delete, (arr, obj), axis=axis)


def _ends(part: slice) -> dict[str, Any]:
    return {"start": part.start, "stop": part.stop, "step": 1 if part.step is None else part.step}
