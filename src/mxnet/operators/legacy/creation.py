"""Operators of MXNet 1.x that make arrays: float32 unless another type is asked for."""

from __future__ import annotations

import torch

from mxnet.base import MXNetError
from mxnet.operators import creation
from mxnet.operators.attributes import DType, Scalar, Shape
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor


@operator("_zeros")
def zeros(*, shape: Shape = (), ctx: str = "", dtype: DType | None = torch.float32) -> Tensor:
    """An array of zeros."""
    return creation.zeros.body(shape=shape, ctx=ctx, dtype=dtype)


@operator("_ones")
def ones(*, shape: Shape = (), ctx: str = "", dtype: DType | None = torch.float32) -> Tensor:
    """An array of ones."""
    return creation.ones.body(shape=shape, ctx=ctx, dtype=dtype)


@operator("_zeros_without_dtype")
def zeros_without_dtype(*, shape: Shape = (), ctx: str = "", dtype: int = -1) -> Tensor:
    """Zeros in float32: the numbered type -1, the only one that this operator is given, says no more."""
    return creation.zeros.body(shape=shape, ctx=ctx)


@operator("_full")
def full(*, shape: Shape = (), ctx: str = "", dtype: DType | None = torch.float32, value: Scalar) -> Tensor:
    """An array of one value."""
    return creation.full.body(shape=shape, value=value, ctx=ctx, dtype=dtype or torch.float32)


@operator("_arange")
def arange(
    *,
    start: Scalar,
    stop: Scalar | None = None,
    step: Scalar = 1,
    repeat: int = 1,
    infer_range: bool = False,
    ctx: str = "",
    dtype: DType | None = torch.float32,
) -> Tensor:
    """Evenly spaced values from `start` to below `stop`; without `stop` from zero to below `start`."""
    if stop is None:
        start, stop = 0, start
    if step and (stop - start) / step <= 0:
        raise MXNetError(f"_arange: from {start} in steps of {step} there is no value before {stop}")
    return creation.arange.body(start=start, stop=stop, step=step, repeat=repeat, ctx=ctx, dtype=dtype)


@operator("_eye")
def eye(*, N: int, M: int = 0, k: int = 0, ctx: str = "", dtype: DType | None = torch.float32) -> Tensor:
    """A matrix of `N` rows and `M` columns (0: as many) with ones on its `k`-th diagonal."""
    return creation.eye.body(N=N, M=M or None, k=k, ctx=ctx, dtype=dtype)


creation.constant_in_onnx(zeros, ones, zeros_without_dtype, full, arange, eye)
