"""Normalization over layers, groups, instances and neighbouring channels."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
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


@layer_norm.onnx
def _(graph: Any, data: Any, gamma: Any, beta: Any, *, axis: int, eps: float, output_mean_var: bool) -> Any:
    axis = graph.axis(data, axis)
    moved = graph.move_axis(data, axis, -1)
    result = graph.shaped(graph.node("LayerNormalization", moved, gamma, beta, axis=-1, epsilon=eps), moved)
    result = graph.move_axis(result, -1, axis)
    return (result, *_statistics_in_onnx(graph, data, axis, eps, keepdims=1)) if output_mean_var else result


def _statistics_in_onnx(graph: Any, data: Any, axis: int, eps: float, keepdims: int) -> tuple[Any, Any]:
    mean = graph.node("ReduceMean", data, [axis], keepdims=1)
    distance = graph.node("Sub", data, mean)
    variance = graph.node("ReduceMean", graph.node("Mul", distance, distance), [axis], keepdims=keepdims)
    mean = mean if keepdims else graph.squeeze(mean, axis)
    return mean, graph.node("Sqrt", graph.node("Add", variance, eps))


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


@group_norm.onnx
def _(graph: Any, data: Any, gamma: Any, beta: Any, *, num_groups: int, eps: float, output_mean_var: bool) -> Any:
    (channels,) = graph.need_sizes(data, [1])
    if gamma.shape == (num_groups,) != (channels,):
        order = np.repeat(np.arange(num_groups), channels // num_groups)
        gamma, beta = [graph.node("Gather", each, order) for each in (gamma, beta)]
    grouped = graph.node("Reshape", data, [0, num_groups, -1])
    ones, zeros = [graph.constant(torch.full((num_groups,), each, dtype=data.dtype)) for each in (1.0, 0.0)]
    normal = graph.node("InstanceNormalization", grouped, ones, zeros, epsilon=eps)
    normal = graph.node("Reshape", normal, graph.node("Shape", data))
    gamma, beta = [graph.reshape(each, [channels, *[1] * (data.rank - 2)]) for each in (gamma, beta)]
    result = graph.node("Add", graph.node("Mul", normal, gamma), beta)
    return (result, *_statistics_in_onnx(graph, grouped, 2, eps, keepdims=0)) if output_mean_var else result


@operator("InstanceNorm", "_npx_instance_norm")
def instance_norm(data: Tensor, gamma: Tensor, beta: Tensor, *, eps: float = 1e-3) -> Tensor:
    """Normalize every channel of every instance by its own mean and variance."""
    if data.dim() < 3:
        raise MXNetError(f"InstanceNorm: input data should be 3D or more, but has shape {tuple(data.shape)}")
    _check_parameters("InstanceNorm", data, 1, gamma, beta)
    return torch.group_norm(data, data.shape[1], gamma, beta, eps)


@instance_norm.onnx
def _(graph: Any, data: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    return graph.node("InstanceNormalization", data, gamma, beta, epsilon=eps)


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


@l2_normalization.onnx
def _(graph: Any, data: Any, *, eps: float, mode: str) -> Any:
    axes = [1] if mode == "channel" else list(range(2 if mode == "spatial" else 1, data.rank))
    energy = graph.node("ReduceSumSquare", data, axes, keepdims=1)
    return graph.node("Div", data, graph.node("Sqrt", graph.node("Add", energy, eps)))


@operator("LRN")
def local_response_normalization(
    data: Tensor, *, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0, nsize: int
) -> Tensor:
    """Divide by a power of the mean square of `nsize` neighbouring channels."""
    if nsize % 2 == 0:
        raise MXNetError(f"LRN: nsize={nsize} must be odd")
    return F.local_response_norm(data, nsize, alpha, beta, knorm)


@local_response_normalization.onnx
def _(graph: Any, data: Any, *, alpha: float, beta: float, knorm: float, nsize: int) -> Any:
    if beta == 0.75 or knorm in (0, 1):
        return graph.node("LRN", data, alpha=alpha, beta=beta, bias=knorm, size=nsize)
    # OpenVINO computes something else with other exponents, unless the constant is one: it is taken out of the power.
    normal = graph.node("LRN", data, alpha=alpha / knorm, beta=beta, bias=1.0, size=nsize)
    return graph.node("Mul", normal, knorm**-beta)


@operator("moments", outputs=2)
def moments(data: Tensor, *, axes: Axes | None = None, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and biased variance along axes."""
    axes = (axes,) if isinstance(axes, int) else axes
    if not axes:
        raise MXNetError("moments: axes must name the axes; for moments of everything name them all")
    variance, mean = torch.var_mean(data, axes, correction=0, keepdim=keepdims)
    return mean, variance


@moments.onnx
def _(graph: Any, data: Any, *, axes: int | tuple[int, ...] | None, keepdims: bool) -> Any:
    axes = (axes,) if isinstance(axes, int) else axes
    mean = graph.node("ReduceMean", data, axes, keepdims=1)
    distance = graph.node("Sub", data, mean)
    variance = graph.node("ReduceMean", graph.node("Mul", distance, distance), axes, keepdims=int(keepdims))
    return mean if keepdims else graph.squeeze(mean, *axes), variance
