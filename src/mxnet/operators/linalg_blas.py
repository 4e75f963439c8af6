"""MXNet 1.x's ``linalg_*`` operators, named after BLAS and LAPACK: matrices in the last two axes."""

from __future__ import annotations

from math import isqrt
from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.operators.catalogue import operator
from mxnet.operators.shape import diagonal

Tensor = torch.Tensor
linalg = torch.linalg


def _flip(matrix: Tensor, transpose: bool) -> Tensor:
    return matrix.mT if transpose else matrix


@operator("_linalg_gemm", "linalg_gemm")
def gemm(
    A: Tensor,
    B: Tensor,
    C: Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 1.0,
    axis: int = -2,
) -> Tensor:
    """``alpha * A B + beta * C``; `axis` says which axis counts as rows, the last one are the columns."""
    return _gemm(A, B, transpose_a, transpose_b, alpha, axis) + beta * C


@operator("_linalg_gemm2", "linalg_gemm2")
def gemm2(
    A: Tensor,
    B: Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    axis: int = -2,
) -> Tensor:
    """``alpha * A B``; `axis` says which axis counts as rows, the last one are the columns."""
    return _gemm(A, B, transpose_a, transpose_b, alpha, axis)


def _gemm(A: Tensor, B: Tensor, transpose_a: bool, transpose_b: bool, alpha: float, axis: int) -> Tensor:
    if A.dim() < 2 or A.dim() != B.dim():
        raise MXNetError(f"gemm: takes arrays of one rank, at least 2, not {A.dim()} and {B.dim()}")
    left = _flip(A.movedim(axis, -2), transpose_a)
    right = _flip(B.movedim(axis, -2), transpose_b)
    if left.shape[:-2] != right.shape[:-2]:
        raise MXNetError(f"gemm: A {tuple(A.shape)} and B {tuple(B.shape)} differ in the axes that are no matrix")
    result = (torch.matmul(left, right) * alpha).movedim(-2, axis)
    return result.contiguous()


def _gemm_in_onnx(graph: Any, A: Any, B: Any, transpose_a: bool, transpose_b: bool, alpha: float, axis: int) -> Any:
    left, right = graph.move_axis(A, axis, -2), graph.move_axis(B, axis, -2)
    left = graph.move_axis(left, -1, -2) if transpose_a else left
    right = graph.move_axis(right, -1, -2) if transpose_b else right
    result = graph.node("Mul", graph.node("MatMul", left, right), alpha)
    order = list(range(A.rank))
    order.insert(axis % A.rank, order.pop(-2))
    return graph.permute(result, order)


@gemm.onnx
def _(
    graph: Any, A: Any, B: Any, C: Any, *, transpose_a: bool, transpose_b: bool, alpha: float, beta: float, axis: int
) -> Any:
    product = _gemm_in_onnx(graph, A, B, transpose_a, transpose_b, alpha, axis)
    return graph.node("Add", product, graph.node("Mul", C, beta))


@gemm2.onnx
def _(graph: Any, A: Any, B: Any, *, transpose_a: bool, transpose_b: bool, alpha: float, axis: int) -> Any:
    return _gemm_in_onnx(graph, A, B, transpose_a, transpose_b, alpha, axis)


@operator("_linalg_syrk", "linalg_syrk")
def syrk(A: Tensor, *, transpose: bool = False, alpha: float = 1.0) -> Tensor:
    """``alpha * A Aᵀ``, or with `transpose` ``alpha * Aᵀ A``."""
    return alpha * torch.matmul(_flip(A, transpose), _flip(A, not transpose))


@syrk.onnx
def _(graph: Any, A: Any, *, transpose: bool, alpha: float) -> Any:
    turned = graph.move_axis(A, -1, -2)
    pair = (turned, A) if transpose else (A, turned)
    return graph.node("Mul", graph.node("MatMul", *pair), alpha)


@operator("_linalg_potrf", "linalg_potrf")
def potrf(A: Tensor) -> Tensor:
    """Lower triangular L with L Lᵀ = A; only the lower triangle of A is read."""
    return linalg.cholesky(A)


@operator("_linalg_potri", "linalg_potri")
def potri(A: Tensor) -> Tensor:
    """Inverse of B from its triangular factor A with B = A Aᵀ."""
    factor = torch.tril(A)
    identity = torch.eye(A.shape[-1], dtype=A.dtype, device=A.device).expand_as(A)
    return torch.cholesky_solve(identity, factor)


@operator("_linalg_trmm", "linalg_trmm")
def trmm(
    A: Tensor,
    B: Tensor,
    *,
    transpose: bool = False,
    rightside: bool = False,
    lower: bool = True,
    alpha: float = 1.0,
) -> Tensor:
    """``alpha * A B``, or with `rightside` ``alpha * B A``, of triangular A."""
    factor = _flip(torch.tril(A) if lower else torch.triu(A), transpose)
    return alpha * (torch.matmul(B, factor) if rightside else torch.matmul(factor, B))


@trmm.onnx
def _(graph: Any, A: Any, B: Any, *, transpose: bool, rightside: bool, lower: bool, alpha: float) -> Any:
    factor = graph.shaped(graph.node("Trilu", A, upper=int(not lower)), A)
    factor = graph.move_axis(factor, -1, -2) if transpose else factor
    pair = (B, factor) if rightside else (factor, B)
    return graph.node("Mul", graph.node("MatMul", *pair), alpha)


@operator("_linalg_trsm", "linalg_trsm")
def trsm(
    A: Tensor,
    B: Tensor,
    *,
    transpose: bool = False,
    rightside: bool = False,
    lower: bool = True,
    alpha: float = 1.0,
) -> Tensor:
    """X with ``A X = alpha * B``, or with `rightside` ``X A = alpha * B``, of triangular A."""
    factor = _flip(A, transpose)
    upper = lower == transpose
    return linalg.solve_triangular(factor, alpha * B, upper=upper, left=not rightside)


@operator("_linalg_gelqf", "linalg_gelqf", outputs=2)
def gelqf(A: Tensor) -> tuple[Tensor, Tensor]:
    """Q with orthogonal rows and lower triangular L with A = L Q."""
    if A.dim() < 2 or A.shape[-2] > A.shape[-1]:
        raise MXNetError(f"gelqf: takes matrices with no more rows than columns, not {tuple(A.shape)}")
    columns, triangle = linalg.qr(A.mT)
    return columns.mT.contiguous(), triangle.mT.contiguous()


@operator("_linalg_syevd", outputs=2)
def syevd(A: Tensor) -> tuple[Tensor, Tensor]:
    """U and ascending L with A = Uᵀ diag(L) U of symmetric A, of which the lower triangle is read."""
    values, vectors = linalg.eigh(A)
    return vectors.mT.contiguous(), values


@operator("_linalg_sumlogdiag", "linalg_sumlogdiag")
def sumlogdiag(A: Tensor) -> Tensor:
    """Sums of the logarithms of the diagonals; at least one dimension is left."""
    return torch.atleast_1d(torch.diagonal(A, dim1=-2, dim2=-1).log().sum(-1))


def _diagonal_in_onnx(graph: Any, A: Any, offset: int) -> Any:
    return diagonal.onnx_rule(graph, A, offset=offset, axis1=-2, axis2=-1)


@sumlogdiag.onnx
def _(graph: Any, A: Any) -> Any:
    sums = graph.node("ReduceSum", graph.node("Log", _diagonal_in_onnx(graph, A, 0)), [-1], keepdims=0)
    return graph.node("Reshape", sums, [1]) if A.rank == 2 else sums


@operator("_linalg_extractdiag", "linalg_extractdiag")
def extractdiag(A: Tensor, *, offset: int = 0) -> Tensor:
    """The diagonals, as a last axis in place of two."""
    return torch.diagonal(A, offset, -2, -1).clone()


@extractdiag.onnx
def _(graph: Any, A: Any, *, offset: int) -> Any:
    return _diagonal_in_onnx(graph, A, offset)


@operator("_linalg_makediag", "linalg_makediag")
def makediag(A: Tensor, *, offset: int = 0) -> Tensor:
    """Matrices of zeros with the given diagonals."""
    return torch.diag_embed(A, offset)


@makediag.onnx
def _(graph: Any, A: Any, *, offset: int) -> Any:
    (count,) = graph.need_sizes(A, [-1])
    inside = torch.diag_embed(torch.ones(count, dtype=A.dtype), offset)[max(-offset, 0) :][:count]
    rows = graph.node("Mul", graph.unsqueeze(A, A.rank), graph.constant(inside))
    widths = [0] * (2 * A.rank + 2)
    widths[A.rank - 1], widths[2 * A.rank] = max(-offset, 0), max(offset, 0)
    return graph.node("Pad", rows, widths, 0)


def _triangle(size: int, offset: int, lower: bool, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row and column numbers of a triangle: a lower one row by row, an upper one column by column.

    `lower` chooses at offset 0, the sign of the offset elsewhere.
    """
    longer, shorter = torch.tril_indices(size, size, -abs(offset), device=device).unbind(0)
    return (longer, shorter) if offset < 0 or (offset == 0 and lower) else (shorter, longer)


@operator("_linalg_extracttrian", "linalg_extracttrian")
def extracttrian(A: Tensor, *, offset: int = 0, lower: bool = True) -> Tensor:
    """The elements on and beyond a diagonal, as a last axis in place of two: upper ones column by column."""
    rows, columns = _triangle(A.shape[-1], offset, lower, A.device)
    return A[..., rows, columns]


@operator("_linalg_maketrian", "linalg_maketrian")
def maketrian(A: Tensor, *, offset: int = 0, lower: bool = True) -> Tensor:
    """Triangular matrices from what `extracttrian` gives."""
    count = A.shape[-1]
    side = (isqrt(8 * count + 1) - 1) // 2
    if side * (side + 1) // 2 != count:
        raise MXNetError(f"maketrian: the last axis must be as long as a triangle (1, 3, 6, 10, ...), not {count}")
    size = side + abs(offset)
    rows, columns = _triangle(size, offset, lower, A.device)
    empty = torch.zeros((*A.shape[:-1], size * size), dtype=A.dtype, device=A.device)
    return empty.index_copy(-1, rows * size + columns, A).reshape(*A.shape[:-1], size, size)
