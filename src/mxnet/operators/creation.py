"""Operators that make arrays: constants, ranges, windows, and arrays like another."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from mxnet._dtype import default_float
from mxnet.base import MXNetError
from mxnet.operators._device import torch_device
from mxnet.operators._promotion import wrapped
from mxnet.operators.attributes import DType, Scalar, Shape
from mxnet.operators.catalogue import Operator, operator

Tensor = torch.Tensor


def _check_shape(name: str, shape: tuple[int, ...]) -> None:
    for size in shape:
        if size < 0:
            raise MXNetError(f"{name}: a shape has no negative dimensions, given {shape}")


def _constant(name: str, function: Callable[..., Tensor], doc: str) -> Operator:
    def body(*, shape: Shape = (), ctx: str = "", dtype: DType | None = None) -> Tensor:
        _check_shape(name, shape)
        return function(shape, dtype=dtype or default_float(), device=torch_device(ctx))

    body.__doc__ = doc
    return operator(name)(body)


zeros = _constant("_npi_zeros", torch.zeros, "An array of zeros, float32 by default.")
ones = _constant("_npi_ones", torch.ones, "An array of ones, float32 by default.")


@operator("_npi_full")
def full(*, shape: Shape, value: Scalar, ctx: str = "", dtype: DType | None = None) -> Tensor:
    """An array of one value; by default int64, bool or float32 as the value is."""
    _check_shape("_npi_full", shape)
    if dtype is None:
        dtype = {bool: torch.bool, int: torch.int64}.get(type(value), default_float())
    return torch.full(shape, _held(value, dtype), dtype=dtype, device=torch_device(ctx))


@operator("_npi_full_like")
def full_like(a: Tensor, *, fill_value: Scalar, ctx: str = "", dtype: DType | None = None) -> Tensor:
    """An array of one value with the shape of another, and by default its type."""
    dtype = dtype or a.dtype
    return torch.full(a.shape, _held(fill_value, dtype), dtype=dtype, device=torch_device(ctx) or a.device)


def _held(value: float, dtype: torch.dtype) -> float:
    """A number as an array of a type can hold it."""
    return value if dtype.is_floating_point or dtype is torch.bool else wrapped(value, dtype)


@operator("_npi_copy")
def copy(a: Tensor) -> Tensor:
    """The same values in memory of their own."""
    return a.clone()


@operator("_npi_arange")
def arange(
    *,
    start: Scalar,
    stop: Scalar | None = None,
    step: Scalar = 1,
    repeat: int = 1,
    infer_range: bool = False,
    ctx: str = "",
    dtype: DType | None = None,
) -> Tensor:
    """Evenly spaced values from `start` to below `stop`, float32 by default."""
    if stop is None:
        raise MXNetError("_npi_arange requires stop to have a value")
    if step == 0:
        raise MXNetError("_npi_arange: step cannot be 0")
    count = math.ceil((stop - start) / step)
    whole = isinstance(start, int) and isinstance(stop, int) and isinstance(step, int)
    if dtype is None and whole and default_float() is torch.float64:  # NumPy's own defaults are asked for
        dtype = torch.int64
    if whole and count > 0 and max(abs(start), abs(stop)) < _EXACT and dtype in _WIDE:
        values = torch.arange(start, stop, step, dtype=dtype or default_float(), device=torch_device(ctx))
    else:
        values = torch.arange(count if count > 0 else 0, dtype=torch.int64 if whole else torch.float64)
        values = _placed(values.mul_(step).add_(start), dtype, ctx)
    return values if repeat == 1 else values.repeat_interleave(repeat)


# Whole numbers below are float32's own: torch's arange needs no detour over int64.
_EXACT = 2**24
_WIDE = (None, torch.float32, torch.float64, torch.int32, torch.int64)


def _placed(values: Tensor, dtype: torch.dtype | None, ctx: str) -> Tensor:
    """Values computed on the CPU, whose float64 not every device has, in their type and place."""
    return values.to(dtype or default_float()).to(torch_device(ctx))


@operator("_npi_linspace")
def linspace(
    *,
    start: Scalar,
    stop: Scalar,
    num: int,
    endpoint: bool = True,
    ctx: str = "",
    dtype: DType | None = None,
) -> Tensor:
    """`num` evenly spaced values from `start` to `stop`, float32 by default."""
    return _placed(_spaced("_npi_linspace", start, stop, num, endpoint), dtype, ctx)


@operator("_npi_logspace")
def logspace(
    *,
    start: Scalar,
    stop: Scalar,
    num: int,
    endpoint: bool = True,
    base: float = 10.0,
    ctx: str = "",
    dtype: DType | None = None,
) -> Tensor:
    """`num` powers of `base` with evenly spaced exponents, float32 by default."""
    return _placed(torch.pow(base, _spaced("_npi_logspace", start, stop, num, endpoint)), dtype, ctx)


def _spaced(name: str, start: float, stop: float, num: int, endpoint: bool) -> Tensor:
    if num < 0:
        raise MXNetError(f"{name}: the number of values must not be negative, given {num}")
    intervals = num - 1 if endpoint else num
    values = torch.arange(num, dtype=torch.float64)
    values = values.mul_((stop - start) / intervals if intervals > 0 else 0.0).add_(start)
    if endpoint and num > 1:
        values[-1] = stop
    return values


@operator("_npi_eye")
def eye(*, N: int, M: int | None = None, k: int = 0, ctx: str = "", dtype: DType | None = None) -> Tensor:
    """A matrix with ones on its `k`-th diagonal and zeros elsewhere."""
    shape = (N, N if M is None else M)
    _check_shape("_npi_eye", shape)
    made = torch.zeros(shape, dtype=dtype or default_float(), device=torch_device(ctx))
    if -shape[0] < k < shape[1]:
        made.diagonal(k).fill_(1)
    return made


@operator("_npi_identity")
def identity(*, shape: Shape = (), ctx: str = "", dtype: DType | None = None) -> Tensor:
    """A square matrix with ones on its diagonal."""
    _check_shape("_npi_identity", shape)
    return torch.eye(*shape, dtype=dtype or default_float(), device=torch_device(ctx))


@operator("_npi_tri")
def tri(*, N: int, M: int | None = None, k: int = 0, dtype: DType | None = torch.float32, ctx: str = "") -> Tensor:
    """A matrix with ones at and below its `k`-th diagonal."""
    shape = (N, N if M is None else M)
    _check_shape("_npi_tri", shape)
    return torch.ones(shape, dtype=dtype or default_float(), device=torch_device(ctx)).tril_(k)


@operator("_npi_indices")
def indices(*, dimensions: Shape, dtype: DType | None = torch.int64, ctx: str = "") -> Tensor:
    """The coordinates of every position of a grid, one leading entry for each dimension."""
    _check_shape("_npi_indices", dimensions)
    axes = [torch.arange(size, dtype=dtype or torch.int64, device=torch_device(ctx)) for size in dimensions]
    if not axes:
        return torch.zeros((0,), dtype=dtype or torch.int64, device=torch_device(ctx))
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))


def _window(name: str, function: Callable[[Tensor], Tensor], doc: str) -> Operator:
    def body(*, M: int, ctx: str = "", dtype: DType | None = None) -> Tensor:
        if M <= 1:
            return torch.ones(M if M > 0 else 0, dtype=dtype or default_float(), device=torch_device(ctx))
        angle = torch.arange(M, dtype=torch.float64).mul_(2 * math.pi / (M - 1))
        return _placed(function(angle), dtype, ctx)

    body.__doc__ = doc
    return operator(name)(body)


hanning = _window("_npi_hanning", lambda t: 0.5 - 0.5 * torch.cos(t), "The Hanning window of `M` points.")
hamming = _window("_npi_hamming", lambda t: 0.54 - 0.46 * torch.cos(t), "The Hamming window of `M` points.")
blackman = _window(
    "_npi_blackman",
    lambda t: 0.42 - 0.5 * torch.cos(t) + 0.08 * torch.cos(2 * t),
    "The Blackman window of `M` points.",
)


def _in_onnx(op: Operator) -> Callable[..., Any]:
    """The rule of an operator that makes an array: the array, as a constant."""

    def lower(graph: Any, **attributes: Any) -> Any:
        shape = graph.results[0].shape
        if "shape" in attributes and len(shape) == len(attributes["shape"]):
            if None in shape:  # a size left open, to fit whatever it meets
                graph.refuse("its size is not known before it runs")
            attributes |= {"shape": shape}
        return graph.constant(op.body(**attributes | {"ctx": "cpu"}))

    return lower


def constant_in_onnx(*ops: Operator) -> None:
    """Say of operators that make arrays that ONNX has their results as constants."""
    for op in ops:
        op.onnx(_in_onnx(op))


constant_in_onnx(zeros, ones, full, arange, linspace, logspace, eye, identity, tri, indices, hanning, hamming, blackman)


@full_like.onnx
def _(graph: Any, a: Any, *, fill_value: float) -> Any:
    dtype = graph.results[0].dtype
    return graph.node("Expand", graph.constant(_held(fill_value, dtype), dtype), graph.node("Shape", a))


copy.onnx(lambda graph, a: graph.node("Identity", a))
