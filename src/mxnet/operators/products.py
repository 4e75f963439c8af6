"""Products of arrays: dot, matmul, tensordot, einsum and their kin."""

from __future__ import annotations

import functools
import string
from typing import Any, Literal

import torch

from mxnet.base import MXNetError
from mxnet.operators import _onnx
from mxnet.operators._checks import check_axes, check_axis
from mxnet.operators._promotion import common
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor
Storage = Literal["csr", "default", "row_sparse"]


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    """torch.matmul, which has no kernel for bool."""
    if a.dtype is torch.bool:
        return torch.matmul(a.to(torch.uint8), b.to(torch.uint8)) > 0
    return torch.matmul(a, b)


@operator("_npi_dot")
def np_dot(a: Tensor, b: Tensor) -> Tensor:
    """Sums of products over the last axis of `a` and the last but one of `b`."""
    a, b = common(a, b)
    if a.dim() == 0 or b.dim() == 0:
        return a * b
    if a.dim() <= 2 and b.dim() <= 2:
        return _matmul(a, b)
    return _tensordot(a, b, (a.dim() - 1,), (max(b.dim() - 2, 0),))


@np_dot.onnx
def _(graph: Any, a: Any, b: Any) -> Any:
    if 0 in (a.rank, b.rank):
        return graph.node("Mul", *graph.promoted(_onnx.comparable(graph, a), _onnx.comparable(graph, b)))
    if a.rank <= 2 and b.rank <= 2:
        return _onnx.matmul(graph, a, b)
    return _onnx.contraction(graph, a, b, (a.rank - 1,), (max(b.rank - 2, 0),))


@operator("_npi_matmul")
def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Products of the matrices in the last two axes; the axes before them broadcast."""
    if a.dim() == 0 or b.dim() == 0:
        raise MXNetError("matmul: takes arrays of at least one dimension; multiply by numbers with *")
    return _matmul(*common(a, b))


matmul.onnx(_onnx.matmul)


@operator("dot")
def dot(
    lhs: Tensor,
    rhs: Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    forward_stype: Storage | None = None,
) -> Tensor:
    """Sums of products over the last axis of `lhs` and the first of `rhs`, each of them transposed on demand."""
    if lhs.dim() == 0 or rhs.dim() == 0:
        raise MXNetError("dot: takes arrays of at least one dimension")
    lhs, rhs = common(lhs, rhs)
    if transpose_a:
        lhs = lhs.movedim(0, -1)
    if transpose_b:
        rhs = rhs.movedim(-1, 0)
    if lhs.dim() == 2 and rhs.dim() == 2:
        return torch.mm(lhs, rhs)
    result = _tensordot(lhs, rhs, (lhs.dim() - 1,), (0,))
    return result.reshape(1) if result.dim() == 0 else result


@dot.onnx
def _(graph: Any, lhs: Any, rhs: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    lhs = graph.move_axis(lhs, 0, -1) if transpose_a else lhs
    rhs = graph.move_axis(rhs, -1, 0) if transpose_b else rhs
    if lhs.rank == 2 and rhs.rank == 2:
        return _onnx.matmul(graph, lhs, rhs)
    result = _onnx.contraction(graph, lhs, rhs, (lhs.rank - 1,), (0,))
    return graph.node("Reshape", result, [1]) if lhs.rank == rhs.rank == 1 else result


@operator("batch_dot", "_npx_batch_dot")
def batch_dot(
    lhs: Tensor,
    rhs: Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    forward_stype: Storage | None = None,
) -> Tensor:
    """Products of the matrices in the last two axes; the axes before them must be the same."""
    if lhs.dim() < 3 or lhs.shape[:-2] != rhs.shape[:-2]:
        raise MXNetError(
            "batch_dot: takes arrays of at least three dimensions that agree in all but the last two, not "
            f"{tuple(lhs.shape)} and {tuple(rhs.shape)}"
        )
    lhs, rhs = common(lhs, rhs)
    return torch.matmul(lhs.mT if transpose_a else lhs, rhs.mT if transpose_b else rhs)


@batch_dot.onnx
def _(graph: Any, lhs: Any, rhs: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    lhs = graph.move_axis(lhs, -1, -2) if transpose_a else lhs
    rhs = graph.move_axis(rhs, -1, -2) if transpose_b else rhs
    return _onnx.matmul(graph, lhs, rhs)


@operator("_npi_tensordot")
def tensordot(a: Tensor, b: Tensor, *, a_axes_summed: Shape, b_axes_summed: Shape) -> Tensor:
    """Sums of products over pairs of axes."""
    if len(a_axes_summed) != len(b_axes_summed):
        raise MXNetError(f"tensordot: axes {a_axes_summed} and {b_axes_summed} must have the same length")
    left = check_axes(a_axes_summed, a.dim(), "tensordot")
    right = check_axes(b_axes_summed, b.dim(), "tensordot")
    return _tensordot(*common(a, b), left, right)


@tensordot.onnx
def _(graph: Any, a: Any, b: Any, *, a_axes_summed: tuple[int, ...], b_axes_summed: tuple[int, ...]) -> Any:
    return _onnx.contraction(graph, a, b, _onnx.axes(graph, a, a_axes_summed), _onnx.axes(graph, b, b_axes_summed))


@operator("_npi_tensordot_int_axes")
def tensordot_int_axes(a: Tensor, b: Tensor, *, axes: int) -> Tensor:
    """Sums of products over the last `axes` axes of `a` and the first of `b`."""
    if not 0 <= axes <= min(a.dim(), b.dim()):
        raise MXNetError(f"tensordot: axes must be between 0 and {min(a.dim(), b.dim())}, not {axes}")
    return _tensordot(*common(a, b), tuple(range(a.dim() - axes, a.dim())), tuple(range(axes)))


@tensordot_int_axes.onnx
def _(graph: Any, a: Any, b: Any, *, axes: int) -> Any:
    return _onnx.contraction(graph, a, b, range(a.rank - axes, a.rank), range(axes))


def _tensordot(a: Tensor, b: Tensor, left: tuple[int, ...], right: tuple[int, ...]) -> Tensor:
    for one, other in zip(left, right, strict=True):
        if a.shape[one] != b.shape[other]:  # torch would broadcast a size of one
            raise MXNetError(f"shapes {tuple(a.shape)} and {tuple(b.shape)} differ along axes {one} and {other}")
    if a.dtype is torch.bool:
        return torch.tensordot(a.to(torch.uint8), b.to(torch.uint8), (left, right)) > 0
    return torch.tensordot(a, b, (left, right))


@operator("_npi_kron")
def kron(a: Tensor, b: Tensor) -> Tensor:
    """Kronecker product: copies of `b`, each scaled by an element of `a`."""
    return torch.kron(a, b)


@kron.onnx
def _(graph: Any, a: Any, b: Any) -> Any:
    rank = max(a.rank, b.rank)
    a = graph.unsqueeze(a, *range(rank - a.rank)) if a.rank < rank else a
    b = graph.unsqueeze(b, *range(rank - b.rank)) if b.rank < rank else b
    apart = graph.unsqueeze(a, *range(1, 2 * rank, 2)), graph.unsqueeze(b, *range(0, 2 * rank, 2))
    return graph.reshape_to_result(graph.node("Mul", *graph.promoted(*apart)))


@operator("khatri_rao")
def khatri_rao(*args: Tensor) -> Tensor:
    """Column by column Kronecker product of matrices with as many columns as each other."""
    result = args[0]
    for matrix in args[1:]:
        result = (result.unsqueeze(1) * matrix.unsqueeze(0)).reshape(-1, matrix.shape[1])
    return result


@khatri_rao.onnx
def _(graph: Any, *args: Any) -> Any:
    result = args[0]
    for matrix in args[1:]:
        product = graph.node("Mul", graph.unsqueeze(result, 1), graph.unsqueeze(matrix, 0))
        result = graph.reshape(product, [-1, graph.size(matrix, 1)])
    return result


@operator("_npi_cross")
def cross(a: Tensor, b: Tensor, *, axisa: int = -1, axisb: int = -1, axisc: int = -1) -> Tensor:
    """Cross products of vectors of two or three components; of two plane vectors the third component."""
    a, b = common(a, b)
    a = a.movedim(check_axis(axisa, a.dim(), "cross"), -1)
    b = b.movedim(check_axis(axisb, b.dim(), "cross"), -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise MXNetError(f"cross: vectors must have 2 or 3 components, not {a.shape[-1]} and {b.shape[-1]}")
    if a.shape[-1] == b.shape[-1] == 2:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    left, right = torch.broadcast_tensors(_in_space(a)[..., 0], _in_space(b)[..., 0])
    a = _in_space(a).expand(*left.shape, 3)
    b = _in_space(b).expand(*right.shape, 3)
    result = torch.linalg.cross(a, b)
    return result.movedim(-1, check_axis(axisc, result.dim(), "cross"))


def _in_space(vectors: Tensor) -> Tensor:
    """Plane vectors with a third component of zero."""
    return torch.nn.functional.pad(vectors, (0, 1)) if vectors.shape[-1] == 2 else vectors


@operator("_npi_einsum")
def einsum(*data: Tensor, subscripts: str = "", optimize: int = 0) -> Tensor:
    """Einstein's sums of products. `optimize` chooses an order of the products when there are three or more."""
    _check_subscripts(subscripts, data)
    wanted = functools.reduce(torch.promote_types, [array.dtype for array in data])
    tensors = [array.to(wanted) for array in data]
    if optimize or len(data) < 3:
        return torch.einsum(subscripts, *tensors)
    return _from_left(subscripts.replace(" ", ""), tensors)


@einsum.onnx
def _(graph: Any, *data: Any, subscripts: str) -> Any:
    return _onnx.einsum(graph, subscripts.replace(" ", ""), *data)


def _from_left(subscripts: str, tensors: list[Tensor]) -> Tensor:
    with torch.backends.opt_einsum.flags(enabled=False):
        return torch.einsum(subscripts, *tensors)


def _check_subscripts(subscripts: str, data: tuple[Tensor, ...]) -> None:
    terms, arrow, result = subscripts.replace(" ", "").partition("->")
    inputs = terms.split(",")
    if len(inputs) != len(data):
        raise MXNetError(f"einsum: {subscripts!r} names {len(inputs)} operands, but {len(data)} are given")
    for letters in (*inputs, result):
        rest = letters.replace("...", "", 1)
        if any(letter not in string.ascii_letters for letter in rest):
            raise MXNetError(f"einsum: {letters!r} in {subscripts!r} must be letters with at most one ellipsis")
    for letter in result.replace("...", ""):
        if letter not in terms:
            raise MXNetError(f"einsum: output has the label {letter!r}, which no operand of {subscripts!r} has")
        if result.count(letter) > 1:
            raise MXNetError(f"einsum: output of {subscripts!r} has the label {letter!r} more than once")
    if arrow and "..." in terms and "..." not in result:
        raise MXNetError(f"einsum: output of {subscripts!r} must have the ellipsis that its operands have")
    for letters, array in zip(inputs, data, strict=True):
        named = len(letters.replace("...", ""))
        if named > array.dim() or ("..." not in letters and named < array.dim()):
            raise MXNetError(
                f"einsum: {letters!r} in {subscripts!r} does not fit an operand of {array.dim()} dimensions"
            )
