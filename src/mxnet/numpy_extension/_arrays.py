"""Functions of `mx.npx` that rearrange arrays, pick from them and multiply them in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxnet.ndarray._array import invoke, run
from mxnet.operators import indexing, products, shape

__all__ = ["batch_dot", "broadcast_like", "index_add", "index_update", "nonzero", "reshape"]


def reshape(a: Any, newshape: int | Sequence[int], reverse: bool = False, order: str = "C", out: Any = None) -> Any:
    """A copy of an array with a new shape, given by sizes and codes.

    Parameters
    ----------
    a : ndarray
    newshape : int or tuple of int
        Sizes, and codes that are read along the old shape from left to right: -1 is worked out from the number of
        elements, -2 copies a dimension, -3 drops one of size one, -4 copies all that are left, -5 joins the next
        two, -6 splits one into the two sizes that follow.
    reverse : bool, default False
        Read both shapes from right to left.
    order : {'C'}
    out : ndarray, optional
        Where the result is written.

    Raises
    ------
    MXNetError
        If the codes do not fit the old shape.

    Examples
    --------
    >>> x = mx.np.ones((8, 3, 3, 3, 4, 4))
    >>> mx.npx.reshape(x, (-6, 2, -1, -4)).shape
    (2, 4, 3, 3, 3, 4, 4)
    >>> mx.npx.reshape(x, (-5, -4)).shape
    (24, 3, 3, 4, 4)
    >>> mx.npx.reshape(x, (-4, -5), reverse=True).shape
    (8, 3, 3, 3, 16)
    """
    if order != "C":
        raise NotImplementedError(f"only order 'C' is supported, not {order!r}")
    return invoke(shape.npx_reshape, (a,), {"newshape": newshape, "reverse": reverse}, out)


def batch_dot(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, forward_stype: str | None = "default"
) -> Any:
    """Products of the matrices in the last two axes of two arrays that agree in all axes before them.

    Parameters
    ----------
    a, b : ndarray
        At least three dimensions.
    transpose_a, transpose_b : bool, default False
        Exchange the last two axes first.
    forward_stype : str, optional
        Accepted as in MXNet; the result is dense.

    Raises
    ------
    MXNetError
        If the shapes do not fit.
    """
    attributes = {"transpose_a": transpose_a, "transpose_b": transpose_b, "forward_stype": forward_stype}
    return invoke(products.batch_dot, (a, b), attributes)


def broadcast_like(lhs: Any, rhs: Any, lhs_axes: Any = None, rhs_axes: Any = None) -> Any:
    """`lhs` repeated along dimensions of one until it has the shape of `rhs`.

    Parameters
    ----------
    lhs, rhs : ndarray
    lhs_axes, rhs_axes : tuple of int, optional
        Give only these axes of `lhs` the sizes of those of `rhs`.
    """
    return invoke(shape.broadcast_like, (lhs, rhs), {"lhs_axes": lhs_axes, "rhs_axes": rhs_axes})


def nonzero(a: Any) -> Any:
    """Positions of the elements that are not zero: one row of int64 for each."""
    return run(indexing.nonzero, (a,), {})


def index_add(a: Any, ind: Any, val: Any) -> Any:
    """A copy of `a` with `val` added at ``a[ind[0], ind[1], ...]``; a position named twice is added to twice.

    Parameters
    ----------
    a : ndarray
    ind : ndarray of int, shape (K, M)
        K positions in the first axes of `a`, M of each; a vector stands for M = 1.
    val : ndarray
        Broadcast to what is picked.

    Raises
    ------
    IndexError
        For a position out of bounds.
    """
    return invoke(indexing.index_add, (a, ind, val), {})


def index_update(a: Any, ind: Any, val: Any) -> Any:
    """A copy of `a` with `val` in place of ``a[ind[0], ind[1], ...]``; parameters as for `index_add`."""
    return invoke(indexing.index_update, (a, ind, val), {})
