"""Batch normalization with MXNet's running statistics."""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import handle_torch_function, has_torch_function

from mxnet._processes import place
from mxnet.base import MXNetError
from mxnet.operators._checks import check_axis
from mxnet.operators._completion import Known, following, size
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import HALF, check_types, with_statistics
from mxnet.operators.neural._together import normalized_together

Tensor = torch.Tensor

STATES = ("moving_mean", "moving_var")


def _normalize(
    where: str,
    data: Tensor,
    parameters: tuple[Tensor, Tensor, Tensor, Tensor],
    *,
    eps: float,
    momentum: float,
    fix_gamma: bool,
    use_global_stats: bool,
    output_mean_var: bool,
    axis: int,
    training: bool,
) -> Any:
    gamma, beta, moving_mean, moving_var = parameters
    axis = check_axis(axis, data.dim(), where)
    _check(where, data, parameters, axis)
    if axis != 1:
        data = data.movedim(axis, 1)
    if fix_gamma:
        gamma = _fixed(gamma, training)
    if training and not use_global_stats:
        normalize = torch.native_batch_norm if data.dtype is gamma.dtype else native_batch_norm_of_half
        result, mean, scale = normalize(data, gamma, beta, None, None, True, 0.0, eps)
        # MXNet keeps the biased variance, torch the unbiased one: it is taken back from the inverse deviation.
        moving_mean.detach().lerp_(mean.detach(), 1 - momentum)
        moving_var.detach().lerp_(scale.detach().pow(-2).sub_(eps), 1 - momentum)
    else:
        result = torch.batch_norm(data, gamma, beta, moving_mean.detach(), moving_var.detach(), False, 0.0, eps, False)
        mean, scale = moving_mean, moving_var
    if axis != 1:
        result = result.movedim(1, axis)
    if not output_mean_var:
        return result
    if not training or use_global_stats:
        mean, scale = moving_mean.detach().clone(), (moving_var.detach() + eps).rsqrt()
    return result, mean, scale


def native_batch_norm_of_half(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    moving_mean: None,
    moving_var: None,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """`torch.native_batch_norm` of data in half precision with float32 parameters; one call in graphs.

    In torch's compiler it is written out: what that makes of torch's function rounds the statistics to the data's type.
    """
    given = data, gamma, beta, moving_mean, moving_var, training, momentum, eps
    if has_torch_function(given[:3]):
        return handle_torch_function(native_batch_norm_of_half, given[:3], *given)
    if not torch.compiler.is_compiling():
        return torch.native_batch_norm(*given)
    wide = data.to(gamma.dtype)
    variance, mean = torch.var_mean(wide, [axis for axis in range(data.dim()) if axis != 1], correction=0, keepdim=True)
    scale = (variance + eps).rsqrt()
    result = (wide - mean) * (scale * gamma.view(mean.shape)) + beta.view(mean.shape)
    return result.to(data.dtype), mean.flatten(), scale.flatten()


def _check(where: str, data: Tensor, parameters: tuple[Tensor, Tensor, Tensor, Tensor], axis: int) -> None:
    gamma, beta, moving_mean, moving_var = parameters
    if not gamma.shape == beta.shape == moving_mean.shape == moving_var.shape == (data.shape[axis],):
        _refuse(where, data, axis, parameters)
    if data.dtype not in HALF and gamma.dtype is not data.dtype:
        check_types(where, data, gamma=gamma, beta=beta, moving_mean=moving_mean, moving_var=moving_var)


def _fixed(gamma: Tensor, training: bool) -> Tensor:
    """Ones in place of gamma, whose gradient is zero; training writes them to gamma too, as MXNet does."""
    ones = torch.ones_like(gamma)
    if training:
        gamma.detach().fill_(1)
    return ones + gamma * 0 if gamma.requires_grad else ones


def _refuse(where: str, data: Tensor, axis: int, parameters: tuple[Tensor, ...]) -> None:
    names = ("gamma", "beta", *STATES)
    found = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in zip(names, parameters, strict=True))
    raise MXNetError(
        f"{where}: shape inconsistent, data of shape {tuple(data.shape)} with axis={axis} takes "
        f"({data.shape[axis]},) for each of {', '.join(names)}, but they are {found}"
    )


@operator("BatchNorm", "_npx_batch_norm", mutates=STATES, outputs=with_statistics)
def batch_norm(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    moving_mean: Tensor,
    moving_var: Tensor,
    *,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    training: bool = False,
) -> Any:
    """Normalize each channel by the batch's mean and variance, or outside of training by the moving ones.

    With `output_mean_var` the mean and the inverse standard deviation come along.
    """
    return _normalize(
        "BatchNorm",
        data,
        (gamma, beta, moving_mean, moving_var),
        eps=eps,
        momentum=momentum,
        fix_gamma=fix_gamma,
        use_global_stats=use_global_stats,
        output_mean_var=output_mean_var,
        axis=axis,
        training=training,
    )


@operator("_contrib_BatchNormWithReLU", "_npx_batch_norm_with_relu", mutates=STATES, outputs=with_statistics)
def batch_norm_with_relu(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    moving_mean: Tensor,
    moving_var: Tensor,
    *,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    training: bool = False,
) -> Any:
    """`batch_norm` followed by relu."""
    result = _normalize(
        "BatchNormWithReLU",
        data,
        (gamma, beta, moving_mean, moving_var),
        eps=eps,
        momentum=momentum,
        fix_gamma=fix_gamma,
        use_global_stats=use_global_stats,
        output_mean_var=output_mean_var,
        axis=axis,
        training=training,
    )
    return (torch.relu(result[0]), *result[1:]) if output_mean_var else torch.relu(result)


@operator("_contrib_SyncBatchNorm", "_npx_sync_batch_norm", mutates=STATES, outputs=with_statistics)
def sync_batch_norm(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    moving_mean: Tensor,
    moving_var: Tensor,
    *,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    ndev: int = 1,
    key: str,
    training: bool = False,
) -> Any:
    """`batch_norm` whose batch, in training, is that of all processes together; in one process the same thing."""
    # A graph is traced on tensors without values. Asking for those also keeps the engine from writing down the torch
    # calls of a body that does something else with values.
    if training and not use_global_stats and place().world > 1 and not data.is_meta:
        return _normalize_together(
            data, (gamma, beta, moving_mean, moving_var), eps, momentum, fix_gamma, output_mean_var
        )
    return _normalize(
        "SyncBatchNorm",
        data,
        (gamma, beta, moving_mean, moving_var),
        eps=eps,
        momentum=momentum,
        fix_gamma=fix_gamma,
        use_global_stats=use_global_stats,
        output_mean_var=output_mean_var,
        axis=1,
        training=training,
    )


def _normalize_together(
    data: Tensor,
    parameters: tuple[Tensor, Tensor, Tensor, Tensor],
    eps: float,
    momentum: float,
    fix_gamma: bool,
    output_mean_var: bool,
) -> Any:
    check_axis(1, data.dim(), "SyncBatchNorm")
    _check("SyncBatchNorm", data, parameters, 1)
    gamma, beta, moving_mean, moving_var = parameters
    gamma = _fixed(gamma, training=True) if fix_gamma else gamma
    result, mean, variance = normalized_together(data, gamma, beta, eps)
    moving_mean.detach().lerp_(mean.to(moving_mean.dtype), 1 - momentum)
    moving_var.detach().lerp_(variance.to(moving_var.dtype), 1 - momentum)
    return (result, mean, (variance + eps).rsqrt()) if output_mean_var else result


@following
def per_channel(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    """The rule of shapes: parameters and statistics have one number for each channel."""
    return ((size(data, attributes.get("axis", 1)),),) * 4


def _lower(
    graph: Any, data: Any, gamma: Any, beta: Any, mean: Any, variance: Any, eps: float, fix_gamma: bool, axis: int
) -> Any:
    """BatchNormalization with the moving statistics."""
    if fix_gamma:
        gamma = graph.constant(torch.ones(graph.need_sizes(gamma), dtype=gamma.dtype))
    moved = graph.move_axis(data, axis, 1)
    result = graph.node("BatchNormalization", moved, gamma, beta, mean, variance, epsilon=eps)
    return result if moved is data else graph.move_axis(graph.shaped(result, moved), 1, axis)


def _with_moments(graph: Any, result: Any, mean: Any, variance: Any, eps: float, wanted: bool) -> Any:
    if not wanted:
        return result
    deviation = graph.node("Sqrt", graph.node("Add", variance, eps))
    return result, graph.node("Identity", mean), graph.node("Reciprocal", deviation)


@batch_norm.onnx
def _(
    graph: Any,
    data: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    variance: Any,
    *,
    eps: float,
    fix_gamma: bool,
    output_mean_var: bool,
    axis: int,
) -> Any:
    result = _lower(graph, data, gamma, beta, mean, variance, eps, fix_gamma, axis)
    return _with_moments(graph, result, mean, variance, eps, output_mean_var)


@batch_norm_with_relu.onnx
def _(
    graph: Any,
    data: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    variance: Any,
    *,
    eps: float,
    fix_gamma: bool,
    output_mean_var: bool,
    axis: int,
) -> Any:
    result = graph.node("Relu", _lower(graph, data, gamma, beta, mean, variance, eps, fix_gamma, axis))
    return _with_moments(graph, result, mean, variance, eps, output_mean_var)


@sync_batch_norm.onnx
def _(
    graph: Any,
    data: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    variance: Any,
    *,
    eps: float,
    fix_gamma: bool,
    output_mean_var: bool,
) -> Any:
    result = _lower(graph, data, gamma, beta, mean, variance, eps, fix_gamma, 1)
    return _with_moments(graph, result, mean, variance, eps, output_mean_var)


batch_norm.completes(per_channel)
batch_norm_with_relu.completes(per_channel)
sync_batch_norm.completes(per_channel)
