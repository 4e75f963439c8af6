"""Functions of one array as MXNet 1.x has them: the result has the type of the data."""

from __future__ import annotations

import math
from typing import Any

import torch

from mxnet.operators import _onnx
from mxnet.operators.catalogue import operator
from mxnet.operators.functions import cube_root
from mxnet.operators.legacy._factories import unary
from mxnet.operators.neural.special import away_from_zero

Tensor = torch.Tensor


def _reciprocal_cube_root(x: Tensor) -> Tensor:
    return 1 / cube_root(x)


def _not(x: Tensor) -> Tensor:
    return torch.logical_not(x).to(x.dtype)


abs = unary("abs", torch.abs, exact=True, onnx="Abs", doc="Magnitude of each element.")
sign = unary("sign", torch.sign, exact=True, onnx="Sign", doc="-1, 0 or 1 as an element is negative, zero or positive.")
negative = unary("negative", torch.neg, exact=True, onnx="Neg", doc="Each element with its sign changed.")
square = unary("square", torch.square, exact=True, onnx=_onnx.square, doc="Square of each element.")
round = unary("round", away_from_zero, onnx=_onnx.halves_away, doc="Nearest integer; halves go away from zero.")
rint = unary("rint", lambda x: torch.ceil(x - 0.5), onnx=_onnx.halves_down, doc="Nearest integer; halves go down.")
ceil = unary("ceil", torch.ceil, onnx="Ceil", doc="Smallest integer not below each element.")
floor = unary("floor", torch.floor, onnx="Floor", doc="Largest integer not above each element.")
trunc = unary("trunc", torch.trunc, onnx=_onnx.cut_off, doc="Each element cut off to an integer.")
fix = unary("fix", torch.trunc, onnx=_onnx.cut_off, doc="Nearest integer towards zero.")
sqrt = unary("sqrt", torch.sqrt, onnx="Sqrt", doc="Square root of each element.")
rsqrt = unary(
    "rsqrt",
    torch.rsqrt,
    onnx=_onnx.in_turn("Sqrt", "Reciprocal"),
    doc="Reciprocal of the square root of each element.",
)
cbrt = unary("cbrt", cube_root, onnx=_onnx.cube_root, doc="Cube root of each element.")
rcbrt = unary(
    "rcbrt", _reciprocal_cube_root, onnx=_onnx.reciprocal_cube_root, doc="Reciprocal of the cube root of each element."
)
reciprocal = unary("reciprocal", torch.reciprocal, onnx="Reciprocal", doc="Reciprocal of each element.")
exp = unary("exp", torch.exp, onnx="Exp", doc="Exponential of each element.")
expm1 = unary("expm1", torch.expm1, onnx=_onnx.expm1, doc="Exponential of each element, less one.")
log = unary("log", torch.log, onnx="Log", doc="Natural logarithm of each element.")
log10 = unary("log10", torch.log10, onnx=_onnx.scaled_log(10), doc="Logarithm to base 10 of each element.")
log2 = unary("log2", torch.log2, onnx=_onnx.scaled_log(2), doc="Logarithm to base 2 of each element.")
log1p = unary("log1p", torch.log1p, onnx=_onnx.log1p, doc="Natural logarithm of one plus each element.")
sin = unary("sin", torch.sin, onnx="Sin", doc="Sine of each element.")
cos = unary("cos", torch.cos, onnx="Cos", doc="Cosine of each element.")
tan = unary("tan", torch.tan, onnx="Tan", doc="Tangent of each element.")
arcsin = unary("arcsin", torch.asin, onnx="Asin", doc="Inverse sine of each element.")
arccos = unary("arccos", torch.acos, onnx="Acos", doc="Inverse cosine of each element.")
arctan = unary("arctan", torch.atan, onnx="Atan", doc="Inverse tangent of each element.")
sinh = unary("sinh", torch.sinh, onnx="Sinh", doc="Hyperbolic sine of each element.")
cosh = unary("cosh", torch.cosh, onnx="Cosh", doc="Hyperbolic cosine of each element.")
tanh = unary("tanh", torch.tanh, onnx="Tanh", doc="Hyperbolic tangent of each element.")
arcsinh = unary("arcsinh", torch.asinh, onnx="Asinh", doc="Inverse hyperbolic sine of each element.")
arccosh = unary("arccosh", torch.acosh, onnx="Acosh", doc="Inverse hyperbolic cosine of each element.")
arctanh = unary("arctanh", torch.atanh, onnx="Atanh", doc="Inverse hyperbolic tangent of each element.")
degrees = unary("degrees", torch.rad2deg, onnx=_onnx.times(180 / torch.pi), doc="Radians as degrees.")
radians = unary("radians", torch.deg2rad, onnx=_onnx.times(torch.pi / 180), doc="Degrees as radians.")
logical_not = unary("logical_not", _not, exact=True, onnx=_onnx.is_zero, doc="One where an element is zero, else zero.")
zeros_like = unary(
    "zeros_like", torch.zeros_like, exact=True, onnx=_onnx.filled(0), doc="Zeros in shape and type of the data."
)
ones_like = unary(
    "ones_like", torch.ones_like, exact=True, onnx=_onnx.filled(1), doc="Ones in shape and type of the data."
)
identity = unary("_copy", torch.clone, "identity", exact=True, onnx="Identity", doc="A copy.")


@operator("all_finite")
def all_finite(data: Tensor, *, init_output: bool = True) -> Tensor:
    """One if every element is finite, else zero, of shape (1,)."""
    return torch.isfinite(data).all().reshape(1).to(torch.float32)


@all_finite.onnx
def _(graph: Any, data: Any) -> Any:
    finite = graph.cast(graph.node("Less", graph.node("Abs", data), math.inf), torch.int32)
    return graph.node("Reshape", graph.node("ReduceMin", finite, keepdims=0), [1])


@operator("multi_all_finite")
def multi_all_finite(*data: Tensor, num_arrays: int = 1, init_output: bool = True) -> Tensor:
    """One if every element of every array is finite, else zero, of shape (1,)."""
    return torch.stack([torch.isfinite(tensor).all() for tensor in data]).all().reshape(1).to(torch.float32)


@multi_all_finite.onnx
def _(graph: Any, *data: Any) -> Any:
    each = [all_finite.onnx_rule(graph, array) for array in data]
    return each[0] if len(each) == 1 else graph.node("Min", *each)
