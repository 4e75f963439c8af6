"""Linear algebra on the matrices in the last two axes, as `mx.np.linalg` has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch

from mxnet._dtype import name_of
from mxnet.base import MXNetError
from mxnet.operators import _onnx
from mxnet.operators._checks import check_axes
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor
linalg = torch.linalg


def _matrices(a: Tensor, where: str) -> Tensor:
    """`a`, which must hold matrices of floats."""
    if not a.dtype.is_floating_point:
        raise MXNetError(f"{where}: takes float32 or float64, not {name_of(a.dtype)}")
    if a.dim() < 2:
        raise MXNetError(f"{where}: takes matrices, not an array of {a.dim()} dimensions")
    return a


def _squares(a: Tensor, where: str) -> Tensor:
    """`a`, which must hold square matrices of floats."""
    _matrices(a, where)
    if a.shape[-1] != a.shape[-2]:
        raise MXNetError(f"{where}: matrices must be square, not {a.shape[-2]} by {a.shape[-1]}")
    return a


@operator("_linalg_det", "linalg_det", "_npi_det")
def det(A: Tensor) -> Tensor:
    """Determinants."""
    return linalg.det(_squares(A, "det"))


det.onnx(lambda graph, A: graph.node("Det", A))


@operator("_linalg_slogdet", "linalg_slogdet", "_npi_slogdet", outputs=2)
def slogdet(A: Tensor) -> tuple[Tensor, Tensor]:
    """Signs of the determinants, and logarithms of their absolute values."""
    return tuple(linalg.slogdet(_squares(A, "slogdet")))


@operator("_linalg_inverse", "linalg_inverse", "_npi_inv")
def inverse(A: Tensor) -> Tensor:
    """Inverses."""
    return linalg.inv(_squares(A, "inverse"))


@operator("_npi_cholesky")
def cholesky(A: Tensor, *, lower: bool = True) -> Tensor:
    """Triangular L with L Lᵀ = A, or with `lower` False its transpose; only the lower triangle of A is read."""
    return linalg.cholesky(_squares(A, "cholesky"), upper=not lower)


@operator("_npi_solve")
def solve(A: Tensor, B: Tensor) -> Tensor:
    """X with A X = B; where B has one dimension less than A it holds vectors."""
    _squares(A, "solve")
    vectors = B.dim() == A.dim() - 1
    wanted = A.shape[:-1] if vectors else (*A.shape[:-1], B.shape[-1] if B.dim() else 0)
    if tuple(B.shape) != tuple(wanted):
        raise MXNetError(f"solve: B of shape {tuple(B.shape)} does not fit A of shape {tuple(A.shape)}")
    if vectors:
        return linalg.solve(A, B.unsqueeze(-1)).squeeze(-1)
    return linalg.solve(A, B)


@operator("_npi_lstsq", outputs=4, dynamic=True)
def lstsq(
    A: Tensor,
    B: Tensor,
    *,
    rcond: float = -1.0,
    finfoEps32: float = 0.0,
    finfoEps64: float = 0.0,
    new_default: bool = False,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """X with the least |A X - B|, the sums of squares that are left, the rank of A and its singular values.

    Singular values below `rcond` times the largest count as zero: by default below the machine's precision, with
    `new_default` that times the larger dimension.
    """
    if _matrices(A, "lstsq").dim() != 2 or B.dim() not in (1, 2) or B.shape[0] != A.shape[0]:
        raise MXNetError(f"lstsq: B of shape {tuple(B.shape)} does not fit A of shape {tuple(A.shape)}")
    precision = torch.finfo(A.dtype).eps
    if new_default:
        rcond = precision * max(A.shape)
    elif rcond < 0:
        rcond = precision
    left, values, right = linalg.svd(A, full_matrices=False)
    counted = values > rcond * values.max() if values.numel() else values > 0
    inverse_values = torch.where(counted, 1 / torch.where(counted, values, 1), 0)
    columns = B.reshape(B.shape[0], -1)
    found = right.mT @ (inverse_values.unsqueeze(-1) * (left.mT @ columns))
    rank = counted.sum()
    residuals = ((columns - A @ found) ** 2).sum(0)
    if A.shape[0] <= A.shape[1] or int(rank) < A.shape[1]:
        residuals = residuals[:0]
    return found.reshape(A.shape[1], *B.shape[1:]), residuals, rank, values


@operator("_npi_svd", outputs=3)
def svd(A: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U, L and V with A = U diag(L) V, of as many singular values L as the smaller dimension."""
    left, values, right = linalg.svd(_matrices(A, "svd"), full_matrices=False)
    return left, values, right


@operator("_npi_qr", outputs=2)
def qr(A: Tensor) -> tuple[Tensor, Tensor]:
    """Q with orthogonal columns and upper triangular R with A = Q R."""
    return tuple(linalg.qr(_matrices(_floats(A), "qr")))


@operator("_npi_eig", outputs=2)
def eig(A: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors (columns) of matrices whose eigenvalues are real."""
    values, vectors = linalg.eig(_squares(_floats(A), "eig"))
    _check_real(values, "eig")
    return values.real, vectors.real


@operator("_npi_eigvals")
def eigvals(A: Tensor) -> Tensor:
    """Eigenvalues of matrices whose eigenvalues are real."""
    values = linalg.eigvals(_squares(_floats(A), "eigvals"))
    _check_real(values, "eigvals")
    return values.real


def _check_real(values: Tensor, where: str) -> None:
    if values.device.type != "meta" and bool((values.imag != 0).any()):
        raise MXNetError(f"{where}: the matrix has complex eigenvalues, which arrays cannot hold")


def _floats(a: Tensor) -> Tensor:
    """Integers as float64."""
    return a if a.dtype.is_floating_point else a.to(torch.float64)


@operator("_npi_eigh", outputs=2)
def eigh(A: Tensor, *, UPLO: str = "L") -> tuple[Tensor, Tensor]:
    """Ascending eigenvalues and eigenvectors (columns) of symmetric matrices, of which one triangle is read."""
    return tuple(linalg.eigh(_squares(_floats(A), "eigh"), UPLO=UPLO))


@operator("_npi_eigvalsh")
def eigvalsh(A: Tensor, *, UPLO: str = "L") -> Tensor:
    """Ascending eigenvalues of symmetric matrices, of which one triangle is read."""
    return linalg.eigvalsh(_squares(_floats(A), "eigvalsh"), UPLO=UPLO)


@operator("_npi_pinv")
def pinv(A: Tensor, rcond: Tensor, *, hermitian: bool = False) -> Tensor:
    """Pseudo-inverses; singular values up to `rcond` times the largest count as zero."""
    return linalg.pinv(_matrices(A, "pinv"), rtol=rcond, hermitian=hermitian)


@operator("_npi_pinv_scalar_rcond")
def pinv_scalar_rcond(A: Tensor, *, rcond: float = 1e-15, hermitian: bool = False) -> Tensor:
    """Pseudo-inverses; singular values up to `rcond` times the largest count as zero."""
    return linalg.pinv(_matrices(A, "pinv"), rtol=rcond, hermitian=hermitian)


@operator("_npi_matrix_rank")
def matrix_rank(M: Tensor, tol: Tensor, *, hermitian: bool = False) -> Tensor:
    """Numbers of singular values above `tol`; of a vector whether any element is not zero."""
    if M.dim() < 2:
        return (M != 0).any().to(torch.int64)
    return (linalg.svdvals(_matrices(M, "matrix_rank")) > tol.unsqueeze(-1)).sum(-1)


@operator("_npi_matrix_rank_none_tol")
def matrix_rank_none_tol(
    M: Tensor, *, finfoEps32: float = 0.0, finfoEps64: float = 0.0, hermitian: bool = False
) -> Tensor:
    """Numbers of singular values that are not zero within the machine's precision."""
    if M.dim() < 2:
        return (M != 0).any().to(torch.int64)
    return linalg.matrix_rank(_matrices(M, "matrix_rank"), hermitian=hermitian)


@operator("_npi_tensorinv")
def tensorinv(a: Tensor, *, ind: int = 2) -> Tensor:
    """The array that undoes a tensordot with `a` over its axes from `ind` on."""
    if not 0 < ind < a.dim():
        raise MXNetError(f"tensorinv: ind must be between 1 and {a.dim() - 1}, not {ind}")
    return linalg.tensorinv(_matrices(a, "tensorinv"), ind)


@operator("_npi_tensorsolve")
def tensorsolve(a: Tensor, b: Tensor, *, a_axes: Shape = ()) -> Tensor:
    """X whose tensordot with `a` over all axes of X is `b`; `a_axes` are moved to the end of `a` first."""
    return linalg.tensorsolve(_matrices(a, "tensorsolve"), b, dims=a_axes or None)


# What `flag` says of a norm: of all elements, of the given order, spectral, Frobenius's, nuclear.
FLAT, ORDERED, SPECTRAL, FROBENIUS, NUCLEAR = -2, -1, 0, 1, 2


@operator("_npi_norm")
def np_norm(
    data: Tensor, *, ord: float = 2.0, axis: Shape | None = None, keepdims: bool = False, flag: int = FLAT
) -> Tensor:
    """Norms of the vectors along one axis or of the matrices along two; by default the last two."""
    if not data.dtype.is_floating_point:
        data = data.to(torch.float32)
    rank = data.dim()
    if axis is None:
        axes = tuple(range(rank)) if flag == FLAT else tuple(range(max(rank - 2, 0), rank))
    else:
        axes = check_axes(axis, rank, "norm")
        if len(set(axes)) != len(axes):
            raise MXNetError(f"norm: axes {axis} must differ")
    if flag == FLAT:
        return linalg.vector_norm(data, 2, axes, keepdims)
    if len(axes) == 1:
        if flag == NUCLEAR:
            raise MXNetError("norm: the nuclear norm takes matrices, so two axes")
        return linalg.vector_norm(data, 2 if flag == FROBENIUS else ord, axes, keepdims)
    if len(axes) != 2:
        raise MXNetError(f"norm: takes one axis or two, not {axes}")
    if flag == FROBENIUS:
        return linalg.vector_norm(data, 2, axes, keepdims)
    return linalg.matrix_norm(data, "nuc" if flag == NUCLEAR else ord, axes, keepdims)


@operator("norm", "_npx_norm")
def norm(
    data: Tensor,
    *,
    ord: int = 2,
    axis: Shape | None = None,
    out_dtype: Literal["float16", "float32", "float64", "int32", "int64", "int8"] | None = None,
    keepdims: bool = False,
) -> Tensor:
    """Sum of absolute values (`ord` 1) or root of the sum of squares (`ord` 2) along axes, by default all."""
    if ord not in (1, 2):
        raise MXNetError(f"norm: ord must be 1 or 2, not {ord}")
    axes = None if axis is None else check_axes(axis, data.dim(), "norm")
    wanted = data.dtype if out_dtype is None else getattr(torch, out_dtype)
    work = data if data.dtype.is_floating_point else data.to(torch.float32)
    result = linalg.vector_norm(work, ord, axes, keepdims).to(wanted)
    return result.reshape(1) if result.dim() == 0 else result


def _vector_norm_in_onnx(graph: Any, data: Any, order: float, over: Sequence[int], keepdims: bool) -> Any:
    if order in (1, 2):
        return _onnx.reduce(graph, "ReduceL1" if order == 1 else "ReduceL2", data, over, keepdims)
    size = graph.node("Abs", data)
    if math.isinf(order):
        return _onnx.reduce(graph, "ReduceMax" if order > 0 else "ReduceMin", size, over, keepdims)
    if order == 0:
        filled = graph.cast(graph.cast(size, torch.bool), data.dtype)
        return _onnx.reduce(graph, "ReduceSum", filled, over, keepdims)
    total = _onnx.reduce(graph, "ReduceSum", graph.node("Pow", size, order), over, keepdims)
    return graph.node("Pow", total, 1 / order)


@np_norm.onnx
def _(graph: Any, data: Any, *, ord: float, axis: tuple[int, ...] | None, keepdims: bool, flag: int) -> Any:
    data = data if data.dtype.is_floating_point else graph.cast(data, torch.float32)
    over = _onnx.axes(graph, data, axis)
    over = over if axis is not None or flag == FLAT else over[-2:]
    if flag in (FLAT, FROBENIUS):
        return _vector_norm_in_onnx(graph, data, 2, over, keepdims)
    if len(over) == 1 and flag != NUCLEAR:
        return _vector_norm_in_onnx(graph, data, ord, over, keepdims)
    return graph.refuse("ONNX knows no norms of matrices but Frobenius's")


@norm.onnx
def _(graph: Any, data: Any, *, ord: int, axis: tuple[int, ...] | None, keepdims: bool) -> Any:
    data = data if data.dtype.is_floating_point else graph.cast(data, torch.float32)
    over = _onnx.axes(graph, data, axis)
    result = _vector_norm_in_onnx(graph, data, ord, over, keepdims)
    return graph.node("Reshape", result, [1]) if len(over) == data.rank and not keepdims else result
