"""Softmax in its variants."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import itemgetter
from typing import Any, Literal

import torch

from mxnet.base import MXNetError
from mxnet.operators._checks import check_axis
from mxnet.operators._completion import Known, following, without
from mxnet.operators.attributes import DType
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import check_floating

Tensor = torch.Tensor


def _over_lengths(
    function: Callable[..., Tensor],
    data: Tensor,
    length: Tensor | None,
    axis: int,
    temperature: float | None,
    dtype: torch.dtype | None,
    use_length: bool,
    where: str,
) -> Tensor:
    check_floating(where, data)
    axis = check_axis(axis, data.dim() or 1, where)
    if temperature is not None and temperature != 1:
        data = data / temperature
    if not use_length:
        return function(data, axis, dtype=dtype)
    if length is None:
        raise MXNetError(f"{where}: use_length=True needs the input length")
    expected = data.shape[:axis] + data.shape[axis + 1 :]
    if length.shape != expected:
        raise MXNetError(
            f"{where}: length has shape {tuple(length.shape)}, but data of shape {tuple(data.shape)} with "
            f"axis={axis} takes {tuple(expected)}"
        )
    position = torch.arange(data.shape[axis], device=data.device)
    position = position.view((-1,) + (1,) * (data.dim() - 1 - axis))
    inside = position < length.unsqueeze(axis)
    return _masked(function, data, inside, axis, dtype)


def _in_onnx(kind: str, negated: bool = False) -> Callable[..., Any]:
    """The rule of a softmax in one of its variants."""

    def lower(
        graph: Any, data: Any, length: Any = None, *, axis: int, temperature: float | None, use_length: bool
    ) -> Any:
        data = graph.shaped(graph.node("Neg", data), data) if negated else data
        if temperature is not None and temperature != 1:
            data = graph.shaped(graph.node("Div", data, temperature), data)
        if not use_length:
            return graph.node(kind, graph.cast(data, graph.results[0].dtype), axis=axis)
        axis = graph.axis(data, axis)
        position = graph.positions(graph.size(data, axis))
        position = graph.reshape(position, [-1, *[1] * (data.rank - 1 - axis)])
        inside = graph.node("Less", position, graph.unsqueeze(graph.cast(length, torch.int64), axis))
        return _masked_in_onnx(graph, kind, data, inside, axis)

    return lower


def _masked_in_onnx(graph: Any, kind: str, data: Any, mask: Any, axis: int, elsewhere: float = 0.0) -> Any:
    filled = graph.node("Where", mask, data, torch.finfo(data.dtype).min)
    result = graph.node(kind, graph.cast(filled, graph.results[0].dtype), axis=axis)
    return graph.node("Where", mask, result, elsewhere)


def _masked(
    function: Callable[..., Tensor], data: Tensor, mask: Tensor, axis: int, dtype: torch.dtype | None
) -> Tensor:
    """`function` over the elements where `mask` is true; zero elsewhere."""
    filled = torch.where(mask, data, torch.full((), float("-inf"), dtype=data.dtype, device=data.device))
    # A row without any element would be NaN, and so would its gradient.
    empty = ~mask.any(axis, keepdim=True)
    filled = torch.where(empty, torch.zeros((), dtype=data.dtype, device=data.device), filled)
    result = function(filled, axis, dtype=dtype)
    return torch.where(mask, result, torch.zeros((), dtype=result.dtype, device=data.device))


_LENGTH = {"length": itemgetter("use_length")}


@operator("softmax", "_npx_softmax", when=_LENGTH)
def softmax(
    data: Tensor,
    length: Tensor | None = None,
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: DType | None = None,
    use_length: bool = False,
) -> Tensor:
    """Exponentials along an axis, divided by their sum; with `length` over the first so many elements only."""
    return _over_lengths(torch.softmax, data, length, axis, temperature, dtype, use_length, "softmax")


@operator("log_softmax", "_npx_log_softmax", when=_LENGTH)
def log_softmax(
    data: Tensor,
    length: Tensor | None = None,
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: DType | None = None,
    use_length: bool = False,
) -> Tensor:
    """Logarithm of `softmax`."""
    return _over_lengths(torch.log_softmax, data, length, axis, temperature, dtype, use_length, "log_softmax")


@operator("softmin", when=_LENGTH)
def softmin(
    data: Tensor,
    length: Tensor | None = None,
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: DType | None = None,
    use_length: bool = False,
) -> Tensor:
    """`softmax` of the negated data."""
    return _over_lengths(torch.softmax, -data, length, axis, temperature, dtype, use_length, "softmin")


softmax.onnx(_in_onnx("Softmax"))
log_softmax.onnx(_in_onnx("LogSoftmax"))
softmin.onnx(_in_onnx("Softmax", negated=True))


@following
def _length(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return (without(data, attributes["axis"]),)


for _op in (softmax, log_softmax, softmin):
    _op.completes(_length)


@operator("masked_softmax", "_npx_masked_softmax")
def masked_softmax(
    data: Tensor, mask: Tensor, *, axis: int = -1, temperature: float = 1.0, normalize: bool = True
) -> Tensor:
    """`softmax` over the elements where `mask` is true; zero elsewhere."""
    axis = check_axis(axis, data.dim(), "masked_softmax")
    return _masked(torch.softmax, data / temperature, _truth(mask, "masked_softmax"), axis, None)


@masked_softmax.onnx
def _(graph: Any, data: Any, mask: Any, *, axis: int, temperature: float) -> Any:
    return _masked_in_onnx(graph, "Softmax", graph.node("Div", data, temperature), mask, axis)


@operator("masked_log_softmax", "_npx_masked_log_softmax")
def masked_log_softmax(
    data: Tensor, mask: Tensor, *, axis: int = -1, temperature: float = 1.0, normalize: bool = True
) -> Tensor:
    """Logarithm of `masked_softmax`: minus infinity where `mask` is false."""
    axis = check_axis(axis, data.dim(), "masked_log_softmax")
    mask = _truth(mask, "masked_log_softmax")
    result = _masked(torch.log_softmax, data / temperature, mask, axis, None)
    return torch.where(mask, result, torch.full((), float("-inf"), dtype=result.dtype, device=data.device))


@masked_log_softmax.onnx
def _(graph: Any, data: Any, mask: Any, *, axis: int, temperature: float) -> Any:
    return _masked_in_onnx(graph, "LogSoftmax", graph.node("Div", data, temperature), mask, axis, -math.inf)


def _truth(mask: Tensor, where: str) -> Tensor:
    if mask.dtype is not torch.bool:
        raise MXNetError(f"{where}: mask must be of type bool, not {mask.dtype}")
    return mask


@operator("SoftmaxActivation")
def softmax_activation(data: Tensor, *, mode: Literal["channel", "instance"] = "instance") -> Tensor:
    """Softmax over the channels (the second dimension), or over the last dimension."""
    return torch.softmax(data, 1 if mode == "channel" else -1)


@softmax_activation.onnx
def _(graph: Any, data: Any, *, mode: str) -> Any:
    return graph.node("Softmax", data, axis=1 if mode == "channel" else -1)
