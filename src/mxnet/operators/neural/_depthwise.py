"""Convolutions of one filter for each channel, with strides, in half precision: gradients that CPUs are quick with."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.operators.neural._check import HALF

__all__ = ["depthwise", "is_depthwise"]

Tensor = torch.Tensor


def is_depthwise(data: Tensor, weight: Tensor, stride: tuple[int, ...]) -> bool:
    """Whether `depthwise` is for these, and somebody wants the gradient of the data."""
    if data.dtype not in HALF or not data.requires_grad or data.dim() != 4 or max(stride) == 1:
        return False
    return weight.shape[1] == 1 and weight.shape[0] == data.shape[1]


def depthwise(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    dilate: tuple[int, ...],
) -> Tensor:
    """`torch.conv2d` with as many groups as channels.

    Torch's own gradient of the data takes oneDNN's reference kernel on CPUs, tens of times as long as the convolution.
    """
    return _Depthwise.apply(data, weight, bias, stride, pad, dilate)


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, data: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, pad: Any, dilate: Any) -> Any:
        ctx.save_for_backward(data, weight)
        ctx.biases = None if bias is None else list(bias.shape)
        ctx.steps = stride, pad, dilate
        return torch.conv2d(data, weight, bias, stride, pad, dilate, data.shape[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        data, weight = ctx.saved_tensors
        wanted = list(ctx.needs_input_grad[:3])
        spread = wanted[0] and gradient.device.type == "cpu" and _fits(weight, *ctx.steps)
        for_data = _gradient_of_data(gradient, data, weight, *ctx.steps) if spread else None
        wanted[0] = wanted[0] and not spread
        given = gradient, data, weight, ctx.biases, *ctx.steps, False, [0, 0], data.shape[1], wanted
        others = torch.ops.aten.convolution_backward(*given) if any(wanted) else (None, None, None)
        return for_data if spread else others[0], *others[1:], None, None, None


def _fits(weight: Tensor, stride: Any, pad: Any, dilate: Any) -> bool:
    """Whether no padding is wider than the filter."""
    return all(width <= step * (size - 1) for width, step, size in zip(pad, dilate, weight.shape[2:], strict=True))


def _gradient_of_data(gradient: Tensor, data: Tensor, weight: Tensor, stride: Any, pad: Any, dilate: Any) -> Tensor:
    """A convolution without strides, of the gradient with zeros between its numbers and the filter turned around."""
    reach = [step * (size - 1) for step, size in zip(dilate, weight.shape[2:], strict=True)]
    height, width = (
        size + 2 * margin - extent for size, margin, extent in zip(data.shape[2:], pad, reach, strict=True)
    )
    size = *data.shape[:2], height, width
    spread = torch.empty(size, dtype=data.dtype, device=data.device, memory_format=torch.channels_last).zero_()
    spread[:, :, :: stride[0], :: stride[1]] = gradient
    margins = [extent - margin for extent, margin in zip(reach, pad, strict=True)]
    return torch.conv2d(spread, weight.flip(2, 3), None, 1, margins, dilate, data.shape[1])
