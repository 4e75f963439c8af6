"""Operators that MXNet gave up or uses inside only, and that old graphs may hold."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators._completion import Known, alike, following, size
from mxnet.operators.attributes import Scalar, Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import per_dimension, with_statistics
from mxnet.operators.neural.batch_normalization import STATES, batch_norm, per_channel
from mxnet.operators.neural.pooling import pooling
from mxnet.operators.neural.selection import one_hot

Tensor = torch.Tensor


@operator("BatchNorm_v1", mutates=STATES, outputs=with_statistics)
def batch_norm_v1(
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
    training: bool = False,
) -> Any:
    """`batch_norm` over the second dimension; with `output_mean_var` the mean and the variance come along."""
    result = batch_norm.body(
        data,
        gamma,
        beta,
        moving_mean,
        moving_var,
        eps=eps,
        momentum=momentum,
        fix_gamma=fix_gamma,
        use_global_stats=use_global_stats,
        output_mean_var=output_mean_var,
        training=training,
    )
    if not output_mean_var:
        return result
    normalized, mean, scale = result
    return normalized, mean, scale.pow(-2) - eps


@batch_norm_v1.onnx
def _(graph: Any, data: Any, gamma: Any, beta: Any, mean: Any, variance: Any, **attributes: Any) -> Any:
    output_mean_var = attributes.pop("output_mean_var")
    chosen = {name: attributes[name] for name in ("eps", "fix_gamma")}
    made = batch_norm.onnx_rule(graph, data, gamma, beta, mean, variance, axis=1, output_mean_var=False, **chosen)
    return (made, graph.node("Identity", mean), graph.node("Identity", variance)) if output_mean_var else made


batch_norm_v1.completes(per_channel)


@operator("Pooling_v1")
def pooling_v1(
    data: Tensor,
    *,
    kernel: Shape = (),
    pool_type: Literal["avg", "max", "sum"] = "max",
    global_pool: bool = False,
    pooling_convention: Literal["full", "valid"] = "valid",
    stride: Shape = (),
    pad: Shape = (),
) -> Tensor:
    """`pooling` of images whose padding is zeros: they count in a maximum, and a mean's divisor is the whole kernel."""
    if data.dim() != 4:
        raise MXNetError(f"Pooling_v1: input data should be 4D, but has shape {tuple(data.shape)}")
    if global_pool:
        return pooling.body(data, pool_type=pool_type, global_pool=True)
    if len(kernel) != 2:
        raise MXNetError(f"Pooling_v1: kernel={kernel} must have two entries")
    stride = per_dimension(stride, 2, 1, "Pooling_v1", "stride")
    pad = per_dimension(pad, 2, 0, "Pooling_v1", "pad")
    widths = []
    for length, window, step, before in zip(data.shape[2:], kernel, stride, pad, strict=True):
        # 'full' lets a last window reach beyond the padding.
        beyond = -(length + 2 * before - window) % step if pooling_convention == "full" else 0
        widths = [before, before + beyond, *widths]
    kind = "max" if pool_type == "max" else "sum"
    result = pooling.body(F.pad(data, widths), kernel=kernel, pool_type=kind, stride=stride)
    return result / (kernel[0] * kernel[1]) if pool_type == "avg" else result


@pooling_v1.onnx
def _(graph: Any, data: Any, **attributes: Any) -> Any:
    kind, kernel, pad = attributes["pool_type"], attributes["kernel"], attributes["pad"] or (0, 0)
    attributes |= {"p_value": None, "count_include_pad": True, "layout": None}
    if attributes["global_pool"]:
        return pooling.onnx_rule(graph, data, **attributes)
    sizes = graph.need_sizes(data, [2, 3])
    rows = zip(sizes, kernel, attributes["stride"] or (1, 1), pad, strict=True)
    full = attributes["pooling_convention"] == "full"
    beyond = [-(length + 2 * before - k) % step if full else 0 for length, k, step, before in rows]
    ends = [before + more for before, more in zip(pad, beyond, strict=True)]
    padded = graph.node("Pad", data, [0, 0, *pad, 0, 0, *ends], 0)
    padded.note_shape([*data.shape[:2], *map(sum, zip(sizes, pad, ends, strict=True))])
    attributes |= {"pool_type": "max" if kind == "max" else "sum", "pad": (), "pooling_convention": "valid"}
    result = pooling.onnx_rule(graph, padded, **attributes)
    return graph.node("Div", result, float(kernel[0] * kernel[1])) if kind == "avg" else result


class _Penalized(torch.autograd.Function):
    """The data, with a penalty added to its gradient."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, penalty: Tensor) -> Tensor:
        ctx.save_for_backward(penalty)
        return data.clone()

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor) -> Any:
        (penalty,) = ctx.saved_tensors
        return incoming[0] + penalty, None


@operator("IdentityAttachKLSparseReg", mutates=("moving_avg",), views=True)
def identity_with_sparsity(
    data: Tensor,
    moving_avg: Tensor,
    *,
    sparseness_target: float = 0.1,
    penalty: float = 0.001,
    momentum: float = 0.9,
    training: bool = False,
) -> Tensor:
    """The data; in training its gradient is pushed until the columns' mean activations are the target."""
    if not training:
        return data
    axes = (0, *range(2, data.dim()))
    moving_avg.detach().lerp_(data.detach().mean(axes), 1 - momentum)
    rate = moving_avg.detach().clone()
    push = penalty * ((1 - sparseness_target) / (1 - rate) - sparseness_target / rate)
    return _Penalized.apply(data, push.view(-1, *[1] * (data.dim() - 2)).expand_as(data))


@identity_with_sparsity.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return ((size(data, 1),),)


class _Scaled(torch.autograd.Function):
    """The data, with a gradient multiplied by a number."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return data.clone()

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor) -> Any:
        return incoming[0] * ctx.factor, None


@operator("_contrib_gradientmultiplier")
def gradient_multiplier(data: Tensor, *, scalar: Scalar = 1.0, is_int: bool = True) -> Tensor:
    """The data; what is multiplied by `scalar` is its gradient."""
    return _Scaled.apply(data, scalar)


@operator("_identity_with_attr_like_rhs", views=True)
def identity_like(lhs: Tensor, rhs: Tensor) -> Tensor:
    """`lhs`; `rhs` only says which shape it has."""
    if lhs.shape != rhs.shape:
        raise MXNetError(
            f"_identity_with_attr_like_rhs: lhs and rhs must have the same shape, not {tuple(lhs.shape)} "
            f"and {tuple(rhs.shape)}"
        )
    return lhs


identity_like.completes(alike)


@operator("cast_storage", views=True)
def cast_storage(data: Tensor, *, stype: Literal["csr", "default", "row_sparse"]) -> Tensor:
    """The data: all arrays are dense here, and a way of storing them changes no value."""
    return data


@operator("_onehot_encode")
def onehot_encode(lhs: Tensor, rhs: Tensor) -> Tensor:
    """A row for each number in `lhs` with a one at that place, in shape and type of `rhs`."""
    if lhs.dim() != 1 or rhs.dim() != 2 or lhs.shape[0] != rhs.shape[0]:
        raise MXNetError(
            f"_onehot_encode: takes numbers of shape (n,) and an array of n rows, not {tuple(lhs.shape)} "
            f"and {tuple(rhs.shape)}"
        )
    return one_hot.body(lhs, depth=rhs.shape[1], dtype=rhs.dtype)


@onehot_encode.onnx
def _(graph: Any, lhs: Any, rhs: Any) -> Any:
    (depth,) = graph.need_sizes(rhs, [1])
    return one_hot.onnx_rule(graph, lhs, depth=depth, on_value=1.0, off_value=0.0)


@operator("fill_element_0index")
def fill_element(lhs: Tensor, mhs: Tensor, rhs: Tensor) -> Tensor:
    """`lhs` with one element of each row taken from `mhs`, at the place that `rhs` counts."""
    if lhs.dim() != 2 or not mhs.shape == rhs.shape == lhs.shape[:1]:
        raise MXNetError(
            f"fill_element_0index: lhs of shape (n, m) takes mhs and rhs of shape (n,), but the shapes are "
            f"{tuple(lhs.shape)}, {tuple(mhs.shape)} and {tuple(rhs.shape)}"
        )
    return lhs.scatter(1, rhs.to(torch.int64).unsqueeze(1), mhs.to(lhs.dtype).unsqueeze(1))


@fill_element.onnx
def _(graph: Any, lhs: Any, mhs: Any, rhs: Any) -> Any:
    place = graph.unsqueeze(graph.cast(rhs, torch.int64), 1)
    return graph.node("ScatterElements", lhs, place, graph.unsqueeze(graph.cast(mhs, lhs.dtype), 1), axis=1)


@operator("multi_sum_sq")
def multi_sum_sq(*data: Tensor, num_arrays: int, scale: float = 1.0) -> Tensor:
    """The sum of squares of each array, times `scale` squared, as float32."""
    return torch.stack([(array.to(torch.float32) * scale).square().sum() for array in data])


@multi_sum_sq.onnx
def _(graph: Any, *data: Any, scale: float) -> Any:
    scaled = [graph.node("Mul", graph.cast(array, torch.float32), scale) for array in data]
    sums = [graph.node("Reshape", graph.node("ReduceSumSquare", each, keepdims=0), [1]) for each in scaled]
    return graph.node("Concat", *sums, axis=0)


def _first_in_onnx(graph: Any, data: Any, other: Any = None) -> Any:
    return data


for _op in (identity_with_sparsity, gradient_multiplier, identity_like, cast_storage):
    _op.onnx(_first_in_onnx)
