"""Special functions, and functions with a gradient of their own."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.operators import _onnx
from mxnet.operators.attributes import DType
from mxnet.operators.catalogue import operator
from mxnet.operators.legacy._factories import unary

Tensor = torch.Tensor


def _gamma(x: Tensor) -> Tensor:
    # Below zero by reflection: lgamma has lost the sign there. Where a formula does not serve it gets a harmless
    # number, for the gradient of what `where` leaves out must be finite too.
    above = x > 0
    below = torch.where(above, -0.5, x)
    reflected = torch.pi / (torch.sin(torch.pi * below) * torch.exp(torch.lgamma(1 - below)))
    return torch.where(above, torch.exp(torch.lgamma(torch.where(above, x, 1))), reflected)


gamma = unary("gamma", _gamma, "_npx_gamma", doc="Gamma function, element by element.")
gammaln = unary("gammaln", torch.lgamma, "_npx_gammaln", doc="Logarithm of the gamma function's magnitude.")
digamma = unary("digamma", torch.digamma, "_npx_digamma", doc="Derivative of `gammaln`.")
erf = unary("erf", torch.erf, "_npx_erf", onnx="Erf", doc="Error function, element by element.")
erfinv = unary("erfinv", torch.erfinv, "_npx_erfinv", doc="Inverse of the error function.")


def away_from_zero(x: Tensor) -> Tensor:
    """The nearest integer; halves go away from zero."""
    return torch.sign(x) * torch.floor(x.abs() + 0.5)


@operator("_contrib_round_ste", "_npx_round_ste")
def round_ste(data: Tensor) -> Tensor:
    """Round to the nearest integer, with the gradient of the identity."""
    return away_from_zero(data).detach() + (data - data.detach())


round_ste.onnx(_onnx.for_unary(_onnx.halves_away))


@operator("_contrib_sign_ste", "_npx_sign_ste")
def sign_ste(data: Tensor) -> Tensor:
    """Sign, with the gradient of the identity."""
    return torch.sign(data).detach() + (data - data.detach())


sign_ste.onnx(_onnx.for_unary("Sign", floats=False))


@operator("smooth_l1", "_npx_smooth_l1")
def smooth_l1(data: Tensor, *, scalar: float = 1.0) -> Tensor:
    """Half the square (times `scalar` squared) of small elements, the magnitude of others less a constant."""
    square = scalar * scalar
    if not square:
        return data * 0
    size = data.abs()
    return torch.where(size < 1 / square, 0.5 * square * data * data, size - 0.5 / square)


@smooth_l1.onnx
def _(graph: Any, data: Any, *, scalar: float) -> Any:
    square = scalar * scalar
    if not square:
        return graph.node("Mul", data, 0)
    size = graph.node("Abs", data)
    inner = graph.node("Mul", graph.node("Mul", data, data), 0.5 * square)
    outer = graph.node("Sub", size, 0.5 / square)
    return graph.node("Where", graph.node("Less", size, 1 / square), inner, outer)


@operator("Cast", "cast", "_npx_cast", views=True)
def cast(data: Tensor, *, dtype: DType) -> Tensor:
    """The data as another type."""
    return data.to(dtype)


def _as_result_in_onnx(graph: Any, data: Any) -> Any:
    """The builder casts what a rule returns to the type of the result."""
    return data


cast.onnx(_as_result_in_onnx)


_CAST_BY_AMP = (torch.float16, torch.bfloat16, torch.float32)


@operator("amp_cast", views=True)
def amp_cast(data: Tensor, *, dtype: DType) -> Tensor:
    """Floating point data of 16 or 32 bits as another type; everything else as it is."""
    return data.to(dtype) if data.dtype in _CAST_BY_AMP else data


amp_cast.onnx(_as_result_in_onnx)


@operator("amp_multicast", views=True, outputs=lambda attributes, inputs: attributes["num_outputs"])
def amp_multicast(*data: Tensor, num_outputs: int, cast_narrow: bool = False) -> tuple[Tensor, ...]:
    """All floating point arrays of 16 or 32 bits as the widest (or narrowest) of their types."""
    types = {tensor.dtype for tensor in data if tensor.dtype in _CAST_BY_AMP}
    narrow = types - {torch.float32}
    if len(types) < 2:
        return data
    wanted = torch.float32 if not cast_narrow or len(narrow) > 1 else narrow.pop()
    return tuple([tensor.to(wanted) if tensor.dtype in types else tensor for tensor in data])


@amp_multicast.onnx
def _(graph: Any, *data: Any) -> Any:
    return data


@operator("_contrib_quadratic")
def quadratic(data: Tensor, *, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Tensor:
    """``a * x**2 + b * x + c``."""
    return a * data.square() + b * data + c


@quadratic.onnx
def _(graph: Any, data: Any, *, a: float, b: float, c: float) -> Any:
    inner = graph.node("Add", graph.node("Mul", data, a), b)
    return graph.node("Add", graph.node("Mul", inner, data), c)


@operator("_contrib_div_sqrt_dim")
def div_sqrt_dim(data: Tensor) -> Tensor:
    """Divide by the square root of the last dimension's size."""
    return data / data.shape[-1] ** 0.5


@div_sqrt_dim.onnx
def _(graph: Any, data: Any) -> Any:
    return graph.node("Div", data, graph.need_sizes(data, [-1])[0] ** 0.5)
