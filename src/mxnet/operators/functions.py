"""Functions of one argument, element by element, and rounding."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from mxnet.operators import _onnx
from mxnet.operators._promotion import common, floating
from mxnet.operators.catalogue import Operator, operator
from mxnet.operators.elementwise import unary

__all__ = ["cube_root"]

Tensor = torch.Tensor


def _function(name: str, function: Callable[[Tensor], Tensor], doc: str, onnx: str | _onnx.Rule) -> Operator:
    """A function to real numbers: integers are made floats."""
    return unary(f"_npi_{name}", function, convert=floating, onnx=onnx, doc=doc)


def _kept(name: str, function: Callable[[Tensor], Tensor], doc: str, *aliases: str, onnx: str | _onnx.Rule) -> Operator:
    """A function that keeps the type of its argument."""
    return unary(f"_npi_{name}", function, *aliases, onnx=onnx, doc=doc)


def cube_root(x: Tensor) -> Tensor:
    return torch.sign(x) * torch.pow(torch.abs(x), 1.0 / 3.0)


def _rint(x: Tensor) -> Tensor:
    below = torch.floor(x)
    return below + (x - below > 0.5)


def _reciprocal(x: Tensor) -> Tensor:
    if x.dtype.is_floating_point:
        return torch.reciprocal(x)
    zero = x == 0
    return torch.where(zero, 0, torch.div(1, torch.where(zero, 1, x), rounding_mode="trunc")).to(x.dtype)


exp = _function("exp", torch.exp, "Exponential.", onnx="Exp")
expm1 = _function("expm1", torch.expm1, "Exponential less one, exact near zero.", onnx=_onnx.expm1)
log = _function("log", torch.log, "Natural logarithm.", onnx="Log")
log2 = _function("log2", torch.log2, "Logarithm to base 2.", onnx=_onnx.scaled_log(2))
log10 = _function("log10", torch.log10, "Logarithm to base 10.", onnx=_onnx.scaled_log(10))
log1p = _function("log1p", torch.log1p, "Logarithm of one more than the argument, exact near zero.", onnx=_onnx.log1p)
sqrt = _function("sqrt", torch.sqrt, "Square root.", onnx="Sqrt")
cbrt = _function("cbrt", cube_root, "Cube root.", onnx=_onnx.cube_root)
sin = _function("sin", torch.sin, "Sine.", onnx="Sin")
cos = _function("cos", torch.cos, "Cosine.", onnx="Cos")
tan = _function("tan", torch.tan, "Tangent.", onnx="Tan")
arcsin = _function("arcsin", torch.arcsin, "Inverse sine.", onnx="Asin")
arccos = _function("arccos", torch.arccos, "Inverse cosine.", onnx="Acos")
arctan = _function("arctan", torch.arctan, "Inverse tangent.", onnx="Atan")
sinh = _function("sinh", torch.sinh, "Hyperbolic sine.", onnx="Sinh")
cosh = _function("cosh", torch.cosh, "Hyperbolic cosine.", onnx="Cosh")
tanh = _function("tanh", torch.tanh, "Hyperbolic tangent.", onnx="Tanh")
arcsinh = _function("arcsinh", torch.arcsinh, "Inverse hyperbolic sine.", onnx="Asinh")
arccosh = _function("arccosh", torch.arccosh, "Inverse hyperbolic cosine.", onnx="Acosh")
arctanh = _function("arctanh", torch.arctanh, "Inverse hyperbolic tangent.", onnx="Atanh")
degrees = _function("degrees", torch.rad2deg, "Radians as degrees.", onnx=_onnx.times(180 / torch.pi))
radians = _function("radians", torch.deg2rad, "Degrees as radians.", onnx=_onnx.times(torch.pi / 180))

absolute = _kept("absolute", torch.abs, "Absolute value.", "_npi_abs", onnx="Abs")
negative = _kept("negative", torch.neg, "The argument with the other sign.", onnx="Neg")
sign = _kept("sign", torch.sign, "-1, 0 or 1.", onnx="Sign")
square = _kept("square", torch.square, "Square.", onnx=_onnx.square)
reciprocal = _kept("reciprocal", _reciprocal, "One divided by the argument.", onnx=_onnx.reciprocal)

rint = _function("rint", _rint, "Nearest integer as a float; halves go down.", onnx=_onnx.halves_down)
fix = _function("fix", torch.trunc, "Nearest integer towards zero.", onnx=_onnx.cut_off)
ceil = _function("ceil", torch.ceil, "Nearest integer not below.", onnx="Ceil")
floor = _function("floor", torch.floor, "Nearest integer not above.", onnx="Floor")
trunc = _function("trunc", torch.trunc, "Nearest integer towards zero.", onnx=_onnx.cut_off)


@operator("_npi_around")
def around(x: Tensor, *, decimals: int = 0) -> Tensor:
    """Round to `decimals` places; halves go to the even neighbour."""
    return torch.round(x, decimals=decimals) if x.dtype.is_floating_point else _around_integer(x, decimals)


@around.onnx
def _(graph: Any, x: Any, *, decimals: int) -> Any:
    if not x.dtype.is_floating_point:
        if decimals >= 0:
            return graph.node("Identity", x)
        x = graph.cast(x, torch.float64)
    factor = 10.0**decimals
    if decimals == 0:
        return graph.node("Round", x)
    return graph.node("Div", graph.node("Round", graph.node("Mul", x, factor)), factor)


def _around_integer(x: Tensor, decimals: int) -> Tensor:
    if decimals >= 0:
        return x.clone()
    unit = 10**-decimals
    return (torch.round(x.to(torch.float64) / unit) * unit).to(x.dtype)


@operator("_npi_nan_to_num")
def nan_to_num(
    data: Tensor, *, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Numbers in the place of NaN and infinity; by default zero and the largest ones of the type."""
    return torch.nan_to_num(data, nan=nan, posinf=posinf, neginf=neginf)


@nan_to_num.onnx
def _(graph: Any, data: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    if not data.dtype.is_floating_point:
        return graph.node("Identity", data)
    limits = torch.finfo(data.dtype)
    above, below = limits.max if posinf is None else posinf, limits.min if neginf is None else neginf
    data = graph.node("Where", graph.node("IsNaN", data), nan, data)
    data = graph.node("Where", graph.node("Equal", data, math.inf), above, data)
    return graph.node("Where", graph.node("Equal", data, -math.inf), below, data)


@operator("clip", "_npi_clip")
def clip(data: Tensor, *, a_min: float | None = None, a_max: float | None = None) -> Tensor:
    """Limit values to an interval, either end of which may be open."""
    if not data.dtype.is_floating_point:
        return torch.clamp(data, _bound(data, a_min), _bound(data, a_max)).to(data.dtype)
    # A compiler makes one pass of torch's own gradient, and would cut a program in two at this one.
    is_closed = a_min is not None and a_max is not None
    if is_closed and data.requires_grad and not torch.compiler.is_compiling():
        return _Clip.apply(data, a_min, a_max)
    return torch.clamp(data, a_min, a_max)


class _Clip(torch.autograd.Function):
    """`torch.clamp` between two numbers whose gradient is one pass over memory; torch's own takes four."""

    @staticmethod
    def forward(context: Any, data: Tensor, a_min: float, a_max: float) -> Tensor:
        context.save_for_backward(data)
        context.bounds = a_min, a_max
        return torch.clamp(data, a_min, a_max)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (data,) = context.saved_tensors
        # hardtanh has no gradient at its bounds, where clip has one: it gets the next numbers outside of them.
        return torch.ops.aten.hardtanh_backward(gradient, data, *_outside(*context.bounds, data.dtype)), None, None


@functools.lru_cache
def _outside(low: float, high: float, dtype: torch.dtype) -> tuple[float, float]:
    """The largest number of a type below `low` and the smallest one above `high`."""
    bounds, ends = torch.tensor([low, high], dtype=dtype), torch.tensor([-math.inf, math.inf], dtype=dtype)
    below, above = torch.nextafter(bounds, ends).tolist()
    return below, above


def _bound(data: Tensor, bound: float | None) -> int | None:
    """A bound for integers, no wider than their type."""
    if bound is None:
        return None
    limits = torch.iinfo(torch.uint8 if data.dtype is torch.bool else data.dtype)
    return int(min(max(bound, limits.min), limits.max))


@clip.onnx
def _(graph: Any, data: Any, *, a_min: float | None, a_max: float | None) -> Any:
    if data.dtype.is_floating_point:
        return graph.node("Clip", data, a_min, a_max)
    bounds = [None if bound is None else int(bound) for bound in (a_min, a_max)]
    return graph.node("Clip", graph.cast(data, torch.int64), *bounds)


@operator("_npi_polyval")
def polyval(p: Tensor, x: Tensor) -> Tensor:
    """The value at `x` of a polynomial with coefficients `p`, that of the highest power first."""
    if p.dim() != 1:
        raise ValueError(f"_npi_polyval: the coefficients must be a vector, given shape {tuple(p.shape)}")
    p, x = common(p, x)
    value = torch.zeros_like(x)
    for coefficient in p:
        value = value * x + coefficient
    return value


@polyval.onnx
def _(graph: Any, p: Any, x: Any) -> Any:
    p, x = graph.promoted(p, x)
    value = graph.node("Mul", x, 0)
    for place in range(*graph.need_sizes(p)):
        value = graph.node("Add", graph.node("Mul", value, x), graph.node("Gather", p, np.array(place)))
    return value
