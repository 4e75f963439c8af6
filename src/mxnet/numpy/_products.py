"""Products of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, run
from mxnet.numpy._dispatch import apply, as_array, is_number
from mxnet.numpy._manipulation import ravel
from mxnet.operators import products

__all__ = ["cross", "dot", "einsum", "inner", "kron", "matmul", "outer", "tensordot", "vdot"]


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """Sums of products over the last axis of `a` and the last but one of `b`.

    Parameters
    ----------
    a, b : array_like
        Two vectors give their inner product, two matrices their product, an array and one of no dimensions a
        multiple.
    out : ndarray, optional
        Where the result is written.

    Raises
    ------
    MXNetError
        If the two axes differ in size.
    """
    return apply(products.np_dot, (a, b), out)


def matmul(a: Any, b: Any, out: Any = None, **kwargs: Any) -> Any:
    """Products of the matrices in the last two axes; axes before them broadcast.

    A vector on the left counts as a row, one on the right as a column, and that axis is dropped again.

    Raises
    ------
    MXNetError
        If the sizes do not fit, or an operand has no dimensions.
    """
    if isinstance(a, Array) and isinstance(b, Array):
        return run(products.matmul, (a, b), {}, out)
    return apply(products.matmul, (a, b), out)


def tensordot(a: Any, b: Any, axes: int | Sequence[Any] = 2) -> Any:
    """Sums of products over pairs of axes.

    Parameters
    ----------
    a, b : array_like
    axes : int or pair
        A number N: the last N axes of `a` and the first N of `b`. A pair: axes of `a` and axes of `b`, each one
        axis or several.

    Raises
    ------
    MXNetError
        If axes that are paired differ in size.
    """
    if is_number(axes):
        return apply(products.tensordot_int_axes, (a, b), axes=axes)
    if len(axes) != 2:
        raise ValueError(f"axes must be an integer or a pair, not {axes!r}")
    return apply(products.tensordot, (a, b), a_axes_summed=axes[0], b_axes_summed=axes[1])


def inner(a: Any, b: Any) -> Any:
    """Sums of products over the last axes of both; with an array of no dimensions a multiple."""
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return apply(products.np_dot, (a, b))
    return tensordot(a, b, ((-1,), (-1,)))


def outer(a: Any, b: Any) -> Any:
    """The products of every element of `a` with every element of `b`, as a matrix."""
    return tensordot(ravel(a), ravel(b), 0)


def vdot(a: Any, b: Any) -> Any:
    """The sum of products of two arrays of one size, both flattened."""
    return tensordot(ravel(a), ravel(b), 1)


def kron(a: Any, b: Any) -> Any:
    """Kronecker product: copies of `b`, each multiplied by an element of `a`."""
    return apply(products.kron, (a, b))


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Cross products of vectors of two or three components.

    Parameters
    ----------
    a, b : array_like
        The other axes broadcast. Of two plane vectors only the third component of the product is given.
    axisa, axisb, axisc : int, default -1
        Which axis holds the components, of `a`, of `b` and of the result.
    axis : int, optional
        All three at once.

    Raises
    ------
    MXNetError
        If vectors have other than two or three components.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    return apply(products.cross, (a, b), axisa=axisa, axisb=axisb, axisc=axisc)


def einsum(*operands: Any, **kwargs: Any) -> Any:
    """Einstein's sums of products.

    Parameters
    ----------
    subscripts : str
        For example ``'ij,jk->ik'``: a letter for each axis of each operand, after the arrow those of the result.
        Without an arrow the letters that occur once, in alphabetical order. ``...`` stands for axes that broadcast.
    *operands : array_like
    out : ndarray, optional
        Where the result is written.
    optimize : bool, default False
        Let three and more operands be multiplied in the order that takes the fewest operations.

    Raises
    ------
    MXNetError
        If subscripts and operands do not fit.

    Examples
    --------
    >>> a = mx.np.array([[1, 2], [3, 4]])
    >>> mx.np.einsum('ij,kj->ik', a, a)
    array([[ 5., 11.],
           [11., 25.]])
    """
    out = kwargs.pop("out", None)
    optimize = bool(kwargs.pop("optimize", False))
    unknown = [name for name in kwargs if name not in ("dtype", "order", "casting")]
    if unknown:
        raise TypeError(f"einsum() got an unexpected keyword argument {unknown[0]!r}")
    if not operands or not isinstance(operands[0], str):
        raise MXNetError("einsum: the first argument must be a string of subscripts such as 'ij,jk->ik'")
    return apply(products.einsum, operands[1:], out, subscripts=operands[0], optimize=int(optimize))
