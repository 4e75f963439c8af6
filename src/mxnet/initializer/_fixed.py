"""Initializers without chance."""

from __future__ import annotations

import math
from typing import Any

import torch

from mxnet.initializer._base import Initializer, alias, register

__all__ = ["Bilinear", "Constant", "LSTMBias", "One", "Zero"]


@alias("zeros")
@register
class Zero(Initializer):
    """Zeros."""

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = 0.0


@alias("ones")
@register
class One(Initializer):
    """Ones."""

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = 1.0


@register
class Constant(Initializer):
    """One number everywhere, or given values (array_like, broadcast to the shape)."""

    def __init__(self, value: Any) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = self.value


@register
class Bilinear(Initializer):
    """Weights of a deconvolution that enlarges by bilinear interpolation; the array has 4 dimensions."""

    def _init_weight(self, name: str, arr: Any) -> None:
        if len(arr.shape) != 4:
            raise ValueError(f"Bilinear fills arrays of 4 dimensions, but {name} has shape {tuple(arr.shape)}")
        height, width = arr.shape[2:]
        half = math.ceil(width / 2)
        center = (2 * half - 1 - half % 2) / (2 * half)
        row, column = (1 - (torch.arange(size, dtype=torch.float64) / half - center).abs() for size in (height, width))
        target = arr._writable_tensor()
        target.copy_(torch.outer(row, column).expand(target.shape))


@register
class LSTMBias(Initializer):
    """Zeros, but `forget_bias` for the forget gate: the second quarter of an LSTM's bias."""

    def __init__(self, forget_bias: float = 1.0) -> None:
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = 0.0
        hidden = arr.shape[0] // 4
        arr[hidden : 2 * hidden] = self.forget_bias
