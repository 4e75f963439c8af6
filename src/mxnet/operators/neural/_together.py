"""Normalization by the statistics of the batch that all processes have together."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable

from mxnet._processes import Processes, together

__all__ = ["normalized_together"]

Tensor = torch.Tensor


def normalized_together(data: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """The data normalized along axis 1, with the mean and the biased variance of each channel over all processes.

    It is called in all processes, whose batches may differ in size, and so is its gradient.

    Raises
    ------
    MXNetError
        If a process is lost, or does not come.
    """
    return _Together.apply(data, gamma, beta, eps, together("SyncBatchNorm"))


class _Together(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, data: Tensor, gamma: Tensor, beta: Tensor, eps: float, processes: Processes) -> Any:
        mean, variance, count = _statistics(data.to(gamma.dtype), processes)
        inverse = (variance + eps).rsqrt().to(gamma.dtype)
        mean, variance = mean.to(gamma.dtype), variance.to(gamma.dtype)
        ctx.save_for_backward(data, gamma, mean, inverse)
        ctx.count, ctx.processes = count, processes
        ctx.mark_non_differentiable(mean, variance)
        scale = gamma * inverse
        result = torch.addcmul(_along(beta - mean * scale, data), data.to(gamma.dtype), _along(scale, data))
        return result.to(data.dtype), mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Any) -> Any:
        data, gamma, mean, inverse = ctx.saved_tensors
        gradient = gradient.to(gamma.dtype)
        normal = (data.to(gamma.dtype) - _along(mean, data)) * _along(inverse, data)
        axes = _axes(data)
        for_beta, for_gamma = gradient.sum(axes), (gradient * normal).sum(axes)
        sums = torch.stack([for_beta, for_gamma]).double()
        ctx.processes.sum(sums, "the gradient")
        first, second = (sums / ctx.count).to(gamma.dtype)
        rest = gradient - _along(first, data) - normal * _along(second, data)
        return (rest * _along(gamma * inverse, data)).to(data.dtype), for_gamma, for_beta, None, None


def _statistics(data: Tensor, processes: Processes) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and biased variance of each channel over all processes, and how many numbers they are of."""
    channels = data.shape[1]
    count = data.numel() // max(channels, 1)
    if count:
        variance, mean = torch.var_mean(data, _axes(data), correction=0)
    else:
        variance = mean = data.new_zeros(channels)
    own = torch.cat([mean.double(), variance.double(), mean.new_tensor([count], dtype=torch.float64)])
    given = processes.gathered_tensors(own, "the statistics")
    means, variances, counts = given[:, :channels], given[:, channels:-1], given[:, -1:]
    total = counts.sum()
    mean = (means * counts).sum(0) / total
    squares = (variances + (means - mean).square()) * counts
    return mean, squares.sum(0) / total, total


def _axes(data: Tensor) -> list[int]:
    return [axis for axis in range(data.dim()) if axis != 1]


def _along(values: Tensor, data: Tensor) -> Tensor:
    """Numbers of the channels, shaped so that they broadcast against the data."""
    return values.view(-1, *[1] * (data.dim() - 2))
