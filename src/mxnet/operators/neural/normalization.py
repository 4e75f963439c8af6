"""Normalization over layers, groups, instances and neighbouring channels."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators._checks import check_axis
from mxnet.operators._completion import Known, following, size
from mxnet.operators.attributes import Axes
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import check_types, with_statistics

Tensor = torch.Tensor


@operator("LayerNorm", "_npx_layer_norm", outputs=with_statistics)
def layer_norm(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    *,
    axis: int = -1,
    eps: float = 1e-5,
    output_mean_var: bool = False,
) -> Any:
    """Normalize along one axis by its own mean and variance; with `output_mean_var` mean and deviation come along."""
    axis = check_axis(axis, data.dim(), "LayerNorm")
    _check_parameters("LayerNorm", data, axis, gamma, beta)
    moved = data if axis == data.dim() - 1 else data.movedim(axis, -1)
    result = F.layer_norm(moved, (data.shape[axis],), gamma, beta, eps)
    if axis != data.dim() - 1:
        result = result.movedim(-1, axis)
    return (result, *_statistics(data, (axis,), eps, keepdim=True)) if output_mean_var else result


@operator("GroupNorm", "_npx_group_norm", outputs=with_statistics)
def group_norm(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    *,
    num_groups: int = 1,
    eps: float = 1e-5,
    output_mean_var: bool = False,
) -> Any:
    """Normalize groups of channels by their own mean and variance.

    `gamma` and `beta` have an element for each channel, or for each group as in MXNet 1.x.
    """
    if data.dim() < 3:
        raise MXNetError(f"GroupNorm: input data should be 3D or more, but has shape {tuple(data.shape)}")
    if num_groups < 1 or data.shape[1] % num_groups:
        raise MXNetError(
            f"GroupNorm: the number of channels ({data.shape[1]}) must be divisible by num_groups={num_groups}"
        )
    if gamma.shape == beta.shape == (num_groups,):
        gamma, beta = (each.repeat_interleave(data.shape[1] // num_groups) for each in (gamma, beta))
    if gamma.shape == beta.shape == (num_groups,):  # as graphs of MXNet 1.x have them: one for each group
        gamma, beta = [each.repeat_interleave(data.shape[1] // num_groups) for each in (gamma, beta)]
    _check_parameters("GroupNorm", data, 1, gamma, beta)
    result = torch.group_norm(data, num_groups, gamma, beta, eps)
    if not output_mean_var:
        return result
    grouped = data.reshape(data.shape[0], num_groups, -1)
    return (result, *_statistics(grouped, (2,), eps, keepdim=False))


@operator("InstanceNorm", "_npx_instance_norm")
def instance_norm(data: Tensor, gamma: Tensor, beta: Tensor, *, eps: float = 1e-3) -> Tensor:
    """Normalize every channel of every instance by its own mean and variance."""
    if data.dim() < 3:
        raise MXNetError(f"InstanceNorm: input data should be 3D or more, but has shape {tuple(data.shape)}")
    _check_parameters("InstanceNorm", data, 1, gamma, beta)
    return torch.group_norm(data, data.shape[1], gamma, beta, eps)


@following
def _gamma_and_beta(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return ((size(data, attributes.get("axis", 1)),),) * 2


for _op in (layer_norm, group_norm, instance_norm):
    _op.completes(_gamma_and_beta)


def _check_parameters(where: str, data: Tensor, axis: int, gamma: Tensor, beta: Tensor) -> None:
    size = data.shape[axis]
    if not gamma.shape == beta.shape == (size,):
        raise MXNetError(
            f"{where}: shape inconsistent, data of shape {tuple(data.shape)} takes gamma and beta of shape "
            f"({size},), but they have {tuple(gamma.shape)} and {tuple(beta.shape)}"
        )
    check_types(where, data, gamma=gamma, beta=beta)


def _statistics(data: Tensor, axes: tuple[int, ...], eps: float, keepdim: bool) -> tuple[Tensor, Tensor]:
    variance, mean = torch.var_mean(data, axes, correction=0, keepdim=keepdim)
    return mean, (variance + eps).sqrt()


@operator("L2Normalization")
def l2_normalization(
    data: Tensor, *, eps: float = 1e-10, mode: Literal["channel", "instance", "spatial"] = "instance"
) -> Tensor:
    """Divide by the Euclidean norm of each instance, of each position's channels, or of each channel's positions."""
    first = {"instance": 1, "channel": 1, "spatial": 2}[mode]
    if data.dim() < first + 1:
        raise MXNetError(f"L2Normalization: mode={mode!r} needs more dimensions than data of shape {tuple(data.shape)}")
    axes = (1,) if mode == "channel" else tuple(range(first, data.dim()))
    return data * (data.square().sum(axes, keepdim=True) + eps).rsqrt()


@operator("LRN")
def local_response_normalization(
    data: Tensor, *, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0, nsize: int
) -> Tensor:
    """Divide by a power of the mean square of `nsize` neighbouring channels."""
    if nsize % 2 == 0:
        raise MXNetError(f"LRN: nsize={nsize} must be odd")
    return F.local_response_norm(data, nsize, alpha, beta, knorm)


@operator("moments", outputs=2)
def moments(data: Tensor, *, axes: Axes | None = None, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and biased variance along axes."""
    axes = (axes,) if isinstance(axes, int) else axes
    if not axes:
        raise MXNetError("moments: axes must name the axes; for moments of everything name them all")
    variance, mean = torch.var_mean(data, axes, correction=0, keepdim=keepdims)
    return mean, variance
