"""`mx.np.linalg`: linear algebra on the matrices in the last two axes."""

from __future__ import annotations

import math as _math
import string as _string
from collections.abc import Sequence
from typing import Any

import numpy as _np

from mxnet.base import MXNetError
from mxnet.ndarray._array import run
from mxnet.numpy import _products
from mxnet.numpy._dispatch import apply, as_array, is_number, type_of
from mxnet.numpy._elementwise import absolute as _absolute
from mxnet.numpy._manipulation import broadcast_to as _broadcast_to
from mxnet.numpy._manipulation import diagonal as _diagonal
from mxnet.numpy._manipulation import moveaxis as _moveaxis
from mxnet.numpy._manipulation import reshape as _reshape
from mxnet.numpy._manipulation import swapaxes as _swapaxes
from mxnet.numpy._manipulation import trace as _trace
from mxnet.numpy._manipulation import transpose as _transpose
from mxnet.numpy._products import matmul, outer, tensordot
from mxnet.numpy._reduction import max as _max
from mxnet.numpy._reduction import min as _min
from mxnet.operators import linalg as _ops

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]

_LETTERS = _string.ascii_letters  # an axis each; more matrices than that have no names
# MXNet's operators are told what torch knows; here they stand in graphs.
_PRECISION = {"finfoEps32": float(_np.finfo("float32").eps), "finfoEps64": float(_np.finfo("float64").eps)}

Axis = int | Sequence[int] | None


def norm(x: Any, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Norms of vectors along one axis, or of matrices along two.

    Parameters
    ----------
    x : array_like
        Integers are made float32.
    ord : number, 'inf', '-inf', 'fro' or 'nuc', optional
        Of vectors any number; of matrices 1, 2, inf, those negated, 'fro' or 'nuc'. Default: the root of the sum
        of squares.
    axis : int or pair of int, optional
        Default: without `ord` all elements, with it the last two axes, or the only one.
    keepdims : bool, default False
        Whether the axes stay, with size one.

    Raises
    ------
    MXNetError
        For an `ord` that does not exist, or more than two axes.
    """
    x = as_array(x)
    axes = (axis,) if is_number(axis) else None if axis is None else tuple(axis)
    order, flag = _order(ord, axes)
    if _math.isinf(order) and (x.ndim < 2 if axes is None else len(axes) == 1):
        return _extreme(x, order, axes, bool(keepdims))
    return run(_ops.np_norm, (x,), {"ord": order, "axis": axes, "keepdims": bool(keepdims), "flag": flag})


def _order(ord: Any, axes: tuple[int, ...] | None) -> tuple[float, int]:
    """A norm's order as a number, and the flag that tells the operator what it means."""
    if ord is None:
        return 2.0, _ops.FLAT if axes is None else _ops.FROBENIUS
    if ord == "fro":
        return 2.0, _ops.FROBENIUS
    if ord == "nuc":
        return 2.0, _ops.NUCLEAR
    if ord in ("inf", "-inf"):
        ord = float(ord)
    if not is_number(ord):
        raise MXNetError(f"norm: ord must be a number, 'inf', '-inf', 'fro' or 'nuc', not {ord!r}")
    spectral = axes is not None and len(axes) == 2 and ord == 2
    return float(ord), _ops.SPECTRAL if spectral else _ops.ORDERED


def _extreme(x: Any, order: float, axes: tuple[int, ...] | None, keepdims: bool) -> Any:
    """A norm of vectors of order plus or minus infinity, which MXNet's operator does not know."""
    kind = type_of(x)
    if kind is not None and not kind.is_floating_point:
        x = x.astype("float32")
    return (_max if order > 0 else _min)(_absolute(x), axes, keepdims=keepdims)


def vector_norm(x: Any, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Norms of the vectors along axes, by default of all elements.

    Parameters are those of `norm`; several axes count as one vector.
    """
    if is_number(axis):
        return norm(x, ord, axis, keepdims)
    x = as_array(x)
    if axis is None and not keepdims:
        return norm(_reshape(x, -1), ord, 0)
    joined = [place % x.ndim if x.ndim else place for place in (range(x.ndim) if axis is None else axis)]
    rest = [place for place in range(x.ndim) if place not in joined]
    vectors = _reshape(_transpose(x, [*joined, *rest]), [-1, *(x.shape[place] for place in rest)])
    result = norm(vectors, ord, 0)
    if not keepdims:
        return result
    return _reshape(result, [1 if place in joined else size for place, size in enumerate(x.shape)])


def matrix_norm(x: Any, ord: float | str | None = "fro", axis: Sequence[int] = (-2, -1), keepdims: bool = False) -> Any:
    """Norms of the matrices along two axes. Parameters are those of `norm`."""
    return norm(x, ord, axis, keepdims)


def svd(a: Any) -> tuple[Any, Any, Any]:
    """Singular value decomposition.

    Parameters
    ----------
    a : array_like, shape (..., M, N)

    Returns
    -------
    ut : ndarray, shape (..., M, K), with K the smaller of M and N
        Orthogonal columns.
    l : ndarray, shape (..., K)
        Singular values, descending.
    v : ndarray, shape (..., K, N)
        Orthogonal rows; ``(ut * l[..., None, :]) @ v`` is `a`.

    Raises
    ------
    MXNetError
        If `a` does not hold matrices of floats.
    """
    return tuple(apply(_ops.svd, (a,)))


def svdvals(a: Any) -> Any:
    """Singular values, descending."""
    return svd(a)[1]


def cholesky(a: Any, upper: bool = False) -> Any:
    """Triangular factors of symmetric positive definite matrices.

    Parameters
    ----------
    a : array_like, shape (..., M, M)
        Only the lower triangle is read.
    upper : bool, default False
        Return U with Uᵀ U = a instead of L with L Lᵀ = a.

    Raises
    ------
    MXNetError
        If a matrix is not square, or not positive definite.
    """
    return apply(_ops.cholesky, (a,), lower=not upper)


def inv(a: Any) -> Any:
    """Inverses of square matrices.

    Raises
    ------
    MXNetError
        If a matrix is not square, or singular.
    """
    return apply(_ops.inverse, (a,))


def pinv(a: Any, rtol: Any = None, hermitian: bool = False) -> Any:
    """Pseudo-inverses.

    Parameters
    ----------
    a : array_like, shape (..., M, N)
    rtol : number or array_like, optional
        Singular values up to this times the largest count as zero; default the machine's precision times the
        larger dimension.
    hermitian : bool, default False
        Only False is supported.

    Raises
    ------
    NotImplementedError
        For `hermitian` True.
    """
    _no_hermitian(hermitian)
    a = as_array(a)
    if rtol is None:
        rtol = max(a.shape[-2:]) * float(_np.finfo(a.dtype).eps) if a.ndim > 1 and a.size else 0.0
    if is_number(rtol):
        return apply(_ops.pinv_scalar_rcond, (a,), rcond=rtol)
    return apply(_ops.pinv, (a, rtol))


def _no_hermitian(hermitian: bool) -> None:
    if hermitian:
        raise NotImplementedError("hermitian is not supported: pass False, which is right for any matrix")


def det(a: Any) -> Any:
    """Determinants of square matrices."""
    return apply(_ops.det, (a,))


def slogdet(a: Any) -> tuple[Any, Any]:
    """Signs of the determinants of square matrices, and logarithms of their absolute values."""
    return tuple(apply(_ops.slogdet, (a,)))


def solve(a: Any, b: Any) -> Any:
    """X with ``a @ X == b``.

    Parameters
    ----------
    a : array_like, shape (..., M, M)
    b : array_like, shape (..., M) or (..., M, K)
        With one dimension less than `a` it holds vectors.

    Raises
    ------
    MXNetError
        If the shapes do not fit, or a matrix is singular.
    """
    return apply(_ops.solve, (a, b))


def lstsq(a: Any, b: Any, rcond: float | str | None = "warn") -> tuple[Any, Any, Any, Any]:
    """X with the least sum of squares of ``a @ X - b``.

    Parameters
    ----------
    a : array_like, shape (M, N)
    b : array_like, shape (M,) or (M, K)
    rcond : number, optional
        Singular values up to this times the largest count as zero. Default the machine's precision; with None
        that times the larger of M and N.

    Returns
    -------
    x : ndarray, shape (N,) or (N, K)
    residuals : ndarray, shape (K,)
        The sums of squares; empty where the rank is less than N or M is not more than N.
    rank : ndarray, shape ()
    s : ndarray, shape (the smaller of M and N,)
        Singular values of `a`.
    """
    default = rcond is None
    number = 1.0 if default else -1.0 if rcond == "warn" else rcond
    return tuple(apply(_ops.lstsq, (a, b), rcond=number, new_default=default, **_PRECISION))


def eig(a: Any) -> tuple[Any, Any]:
    """Eigenvalues and eigenvectors (columns) of square matrices whose eigenvalues are real.

    Raises
    ------
    MXNetError
        If an eigenvalue is complex.
    """
    return tuple(apply(_ops.eig, (a,)))


def eigvals(a: Any) -> Any:
    """Eigenvalues of square matrices whose eigenvalues are real."""
    return apply(_ops.eigvals, (a,))


def eigh(a: Any, upper: bool = False) -> tuple[Any, Any]:
    """Ascending eigenvalues and eigenvectors (columns) of symmetric matrices.

    Parameters
    ----------
    a : array_like, shape (..., M, M)
    upper : bool, default False
        Whether the upper triangle is read instead of the lower.
    """
    return tuple(apply(_ops.eigh, (a,), UPLO="U" if upper else "L"))


def eigvalsh(a: Any, upper: bool = False) -> Any:
    """Ascending eigenvalues of symmetric matrices; parameters as for `eigh`."""
    return apply(_ops.eigvalsh, (a,), UPLO="U" if upper else "L")


def qr(a: Any, mode: str = "reduced") -> tuple[Any, Any]:
    """Q with orthogonal columns and upper triangular R with ``Q @ R == a``.

    Raises
    ------
    NotImplementedError
        For another mode than 'reduced'.
    """
    if mode is not None and mode != "reduced":
        raise NotImplementedError(f"only mode 'reduced' is supported, not {mode!r}")
    return tuple(apply(_ops.qr, (a,)))


def matrix_rank(M: Any, rtol: Any = None, hermitian: bool = False) -> Any:
    """Numbers of singular values that are not zero, as int64.

    Parameters
    ----------
    M : array_like, shape (..., M, N)
        Of a vector: 1 if any element is not zero.
    rtol : number or array_like, optional
        Singular values up to this (as it is: not relative, in spite of its name) count as zero; default the
        machine's precision times the larger dimension times the largest of them.

    Raises
    ------
    NotImplementedError
        For `hermitian` True.
    """
    _no_hermitian(hermitian)
    if rtol is None:
        return apply(_ops.matrix_rank_none_tol, (M,), **_PRECISION)
    M = as_array(M)
    tolerance = _np.asarray(rtol, dtype=M.dtype) if is_number(rtol) else rtol
    return apply(_ops.matrix_rank, (M, tolerance))


def matrix_power(a: Any, n: int) -> Any:
    """Square matrices multiplied with themselves `n` times; their inverses for negative `n`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is not square.
    TypeError
        If `n` is not an integer.
    """
    a = as_array(a)
    if not isinstance(n, (int, _np.integer)):
        raise TypeError("exponent must be an integer")
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise _np.linalg.LinAlgError(f"the last two dimensions must be square, not {a.shape[-2:]}")
    if n < 0:
        a, n = inv(a), -n
    if n == 0:
        return _broadcast_to(as_array(_np.eye(a.shape[-1], dtype=a.dtype), like=a), a.shape)
    result = None
    while n:
        if n & 1:
            result = a if result is None else matmul(result, a)
        n >>= 1
        if n:
            a = matmul(a, a)
    return result


def multi_dot(arrays: Sequence[Any], *, out: Any = None) -> Any:
    """The product of two or more matrices, multiplied in the order that takes the fewest operations.

    The first and the last may be vectors: a row and a column.

    Raises
    ------
    ValueError
        If there are fewer than two arrays, or their sizes do not fit.
    """
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    arrays = [as_array(array) for array in arrays]
    for left, right in zip(arrays, arrays[1:], strict=False):
        if left.shape[-1] != right.shape[0]:
            raise ValueError(f"shapes {left.shape} and {right.shape} not aligned: {left.shape[-1]} != {right.shape[0]}")
    letters = iter(_LETTERS)
    last, terms = next(letters), []
    for place, array in enumerate(arrays):
        if array.ndim == 1:
            terms.append(last)
            if place == 0:  # a row: its only axis is summed with the next array's first
                continue
        else:
            terms.append(last + next(letters))
            last = terms[-1][-1]
    ends = (terms[0][0] if arrays[0].ndim == 2 else "") + (terms[-1][-1] if arrays[-1].ndim == 2 else "")
    return _products.einsum(f"{','.join(terms)}->{ends}", *arrays, out=out, optimize=True)


def matrix_transpose(a: Any) -> Any:
    """A copy of the matrices with rows and columns exchanged.

    Raises
    ------
    ValueError
        If there are fewer than two dimensions.
    """
    a = as_array(a)
    if a.ndim < 2:
        raise ValueError("x must be at least 2-dimensional for matrix_transpose")
    return _swapaxes(a, -1, -2)


def tensorinv(a: Any, ind: int = 2) -> Any:
    """The array that undoes ``tensordot(a, ., ind)``: `a`'s axes from `ind` on, then those before it.

    Raises
    ------
    MXNetError
        If the sizes of both groups of axes have different products.
    """
    return apply(_ops.tensorinv, (a,), ind=ind)


def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Any:
    """X with ``tensordot(a, X, X.ndim) == b``; `axes` are moved to the end of `a` first."""
    return apply(_ops.tensorsolve, (a, b), a_axes=() if axes is None else axes)


def trace(a: Any, offset: int = 0) -> Any:
    """The sums along the diagonals of the planes of the first two axes."""
    return _trace(a, offset)


def diagonal(a: Any, offset: int = 0) -> Any:
    """The diagonals of the matrices in the last two axes."""
    return _diagonal(a, offset, -2, -1)


def cross(a: Any, b: Any, axis: int = -1) -> Any:
    """Cross products of vectors of two or three components along an axis."""
    return _products.cross(a, b, axis=axis)


def vecdot(a: Any, b: Any, axis: int | None = None) -> Any:
    """Sums of products along an axis, by default the last; the others broadcast."""
    place = -1 if axis is None else axis
    return _products.einsum("...i,...i->...", _moveaxis(a, place, -1), _moveaxis(b, place, -1))


def cond(x: Any, p: float | str | None = None) -> Any:
    """Condition numbers: norm times norm of the inverse.

    Parameters
    ----------
    x : array_like, shape (..., M, N)
    p : optional
        The norm, as `norm` takes it; by default the spectral one, which also takes matrices that are not square.
    """
    x = as_array(x)
    if p is None or p in (2, -2):
        values = svdvals(x)
        largest, smallest = values[..., 0], values[..., -1]
        return smallest / largest if p == -2 else largest / smallest
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))
