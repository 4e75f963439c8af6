"""Losses: outputs whose backward pass ignores the gradient that comes in, cross entropy and CTC."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Literal

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators._completion import Known, following, product, size
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor


class _WithGradient(torch.autograd.Function):
    """``output``, whose gradient with regard to ``data`` is given and not multiplied by what comes in."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, output: Tensor, gradient: Tensor) -> Tensor:
        ctx.save_for_backward(gradient)
        return output.clone()

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient, None, None


def _with_gradient(data: Tensor, output: Tensor, gradient: Tensor) -> Tensor:
    return _WithGradient.apply(data, output.detach(), gradient.detach())


@operator("BlockGrad", "stop_gradient", "_npx_stop_gradient", views=True)
def block_grad(data: Tensor) -> Tensor:
    """The data, through which no gradient passes."""
    return data.detach()


@operator("make_loss", views=True)
def make_loss(data: Tensor) -> Tensor:
    """The data as a loss: its gradient is one, whatever comes in."""
    return _with_gradient(data, data, torch.ones_like(data))


@operator("MakeLoss")
def scaled_loss(
    data: Tensor,
    *,
    grad_scale: float = 1.0,
    valid_thresh: float = 0.0,
    normalization: Literal["batch", "null", "valid"] = "null",
) -> Tensor:
    """The data as a loss: its gradient is `grad_scale`, per instance or per element above `valid_thresh`."""
    gradient = torch.full_like(data, grad_scale, requires_grad=False)
    if normalization == "batch":
        gradient /= data.shape[0]
    elif normalization == "valid":
        gradient /= (data > valid_thresh).sum().clamp(min=1)
    return _with_gradient(data, data, gradient)


def _regression(name: str, output: Any, difference: Any, doc: str) -> Any:
    def body(data: Tensor, label: Tensor, *, grad_scale: float = 1.0) -> Tensor:
        if data.numel() != label.numel():
            raise MXNetError(f"{name}: label has shape {tuple(label.shape)}, but data has shape {tuple(data.shape)}")
        result = output(data.detach())
        gradient = difference(result - label.detach().reshape(data.shape))
        # Averaged over the outputs of an instance, summed over the instances.
        share = grad_scale * data.shape[0] / max(data.numel(), 1)
        return _with_gradient(data, result, gradient * share)

    body.__doc__ = doc
    made = operator(name)(body)
    made.completes(_label_like_data)
    return made


@following
def _label_like_data(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return (data[:1] if len(data) == 2 and data[1] == 1 else data,)


@following
def _label_of_classes(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    """One class number for each row, or with `multi_output` for each position."""
    if attributes.get("multi_output"):
        return ((data[0], product(data[2:])),) if data else (None,)
    return (data[:-1],)


def _same(x: Tensor) -> Tensor:
    return x


def _data_in_onnx(graph: Any, data: Any, label: Any = None) -> Any:
    return data


block_grad.onnx(_data_in_onnx)
make_loss.onnx(_data_in_onnx)
scaled_loss.onnx(_data_in_onnx)


linear_regression_output = _regression(
    "LinearRegressionOutput", _same, _same, "The data, with the gradient of half the squared error."
)
logistic_regression_output = _regression(
    "LogisticRegressionOutput", torch.sigmoid, _same, "Logistic function, with the gradient of its cross entropy."
)
mae_regression_output = _regression(
    "MAERegressionOutput", _same, torch.sign, "The data, with the gradient of the absolute error."
)


linear_regression_output.onnx(_data_in_onnx)
logistic_regression_output.onnx(lambda graph, data, label: graph.node("Sigmoid", data))
mae_regression_output.onnx(_data_in_onnx)


@operator("SoftmaxOutput", "Softmax")
def softmax_output(
    data: Tensor,
    label: Tensor,
    *,
    grad_scale: float = 1.0,
    ignore_label: float = -1.0,
    multi_output: bool = False,
    use_ignore: bool = False,
    preserve_shape: bool = False,
    normalization: Literal["batch", "null", "valid"] = "null",
    out_grad: bool = False,
    smooth_alpha: float = 0.0,
) -> Tensor:
    """Softmax, with the gradient of the cross entropy to `label` (class numbers, or probabilities)."""
    if multi_output or preserve_shape:
        flat, axis = data, 1 if multi_output else -1
    else:
        flat, axis = data.flatten(1), 1
    result = torch.softmax(flat.detach(), axis)
    if label.shape not in (data.shape, data.shape[:-1]) and label.numel() * flat.shape[axis] != flat.numel():
        raise MXNetError(
            f"SoftmaxOutput: label has shape {tuple(label.shape)}, but data of shape {tuple(data.shape)} takes "
            f"{tuple(data.shape[:-1])}, or as many class numbers as there are rows, or probabilities"
        )
    if not data.requires_grad:
        return result.view(data.shape)
    if label.shape == flat.shape:
        return _with_gradient(data, result.view(data.shape), (result - label).reshape(data.shape) * grad_scale)
    wanted = label.detach().reshape(result.select(axis, 0).shape).long()
    target = _smooth_targets(wanted, result, axis, smooth_alpha)
    gradient = result - target
    counted = torch.ones_like(wanted, dtype=torch.bool)
    if use_ignore:
        counted = wanted != int(ignore_label)
        gradient = gradient * counted.unsqueeze(axis)
    scale: Any = grad_scale
    if normalization == "batch":
        scale = grad_scale / wanted.numel()
    elif normalization == "valid":
        scale = grad_scale / counted.sum().clamp(min=1)
    elif multi_output:
        scale = grad_scale / wanted[0].numel()
    return _with_gradient(data, result.view(data.shape), (gradient * scale).view(data.shape))


@softmax_output.onnx
def _(graph: Any, data: Any, label: Any, *, multi_output: bool, preserve_shape: bool) -> Any:
    if multi_output or preserve_shape or data.rank == 2:
        return graph.node("Softmax", data, axis=1 if multi_output else -1)
    chances = graph.node("Softmax", graph.node("Flatten", data, axis=1), axis=1)
    return graph.node("Reshape", chances, graph.node("Shape", data))


softmax_output.completes(_label_of_classes)


def _smooth_targets(wanted: Tensor, result: Tensor, axis: int, alpha: float) -> Tensor:
    classes = result.shape[axis]
    rest = alpha / (classes - 1) if classes > 1 else 0.0
    target = torch.full_like(result, rest)
    return target.scatter_(axis, wanted.clamp(0, classes - 1).unsqueeze(axis), 1 - alpha)


@operator("SVMOutput")
def svm_output(
    data: Tensor,
    label: Tensor,
    *,
    margin: float = 1.0,
    regularization_coefficient: float = 1.0,
    use_linear: bool = False,
) -> Tensor:
    """The data, with the gradient of a support vector machine's (squared) hinge loss, one class against all."""
    side = torch.full_like(data, -1.0, requires_grad=False)
    side.scatter_(1, label.detach().long().reshape(-1, 1), 1.0)
    slack = (margin - side * data.detach()).clamp(min=0)
    slope = (slack > 0).to(data.dtype) if use_linear else 2 * slack
    return _with_gradient(data, data, -side * slope * regularization_coefficient)


svm_output.onnx(_data_in_onnx)


svm_output.completes(_label_of_classes)


@operator("softmax_cross_entropy")
def softmax_cross_entropy(data: Tensor, label: Tensor) -> Tensor:
    """Cross entropy of each row's softmax to its class number, summed, of shape (1,)."""
    if data.dim() != 2 or tuple(label.shape) != (data.shape[0],):
        raise MXNetError(
            f"softmax_cross_entropy: data should be 2D and label of shape (rows,), not {tuple(data.shape)} "
            f"and {tuple(label.shape)}"
        )
    return F.cross_entropy(data, label.long(), reduction="sum").reshape(1)


@softmax_cross_entropy.onnx
def _(graph: Any, data: Any, label: Any) -> Any:
    loss = graph.node("SoftmaxCrossEntropyLoss", data, graph.cast(label, torch.int64), reduction="sum")
    return graph.node("Reshape", loss, [1])


softmax_cross_entropy.completes(_label_of_classes)


@operator(
    "CTCLoss",
    "ctc_loss",
    "_contrib_CTCLoss",
    "_contrib_ctc_loss",
    "_npx_ctc_loss",
    when={"data_lengths": itemgetter("use_data_lengths"), "label_lengths": itemgetter("use_label_lengths")},
)
def ctc_loss(
    data: Tensor,
    label: Tensor,
    data_lengths: Tensor | None = None,
    label_lengths: Tensor | None = None,
    *,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: Literal["first", "last"] = "first",
) -> Tensor:
    """Connectionist temporal classification loss of activations (time, batch, classes) to labels (batch, length).

    The blank is the first class, and 0 ends a label; or it is the last, and -1 does. A label that no path can
    spell costs nothing.
    """
    if data.dim() != 3 or label.dim() != 2 or label.shape[0] != data.shape[1]:
        raise MXNetError(
            f"CTCLoss: data should be (time, batch, classes) and label (batch, length), not {tuple(data.shape)} "
            f"and {tuple(label.shape)}"
        )
    if data.is_meta:  # torch has no shape rule for this loss; a sum has the same shape, and a gradient too
        return data.sum((0, 2))
    label = label.long()
    if use_label_lengths:
        spelled = _given(label_lengths, "label_lengths").long()
    else:
        padding = 0 if blank_label == "first" else -1
        spelled = (label != padding).long().cumprod(1).sum(1)
    if use_data_lengths:
        heard = _given(data_lengths, "data_lengths").long()
    else:
        heard = torch.full((data.shape[1],), data.shape[0], dtype=torch.int64, device=data.device)
    blank = 0 if blank_label == "first" else data.shape[2] - 1
    return F.ctc_loss(torch.log_softmax(data, 2), label.clamp(min=0), heard, spelled, blank, "none", zero_infinity=True)


@ctc_loss.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    batch = size(data, 1)
    return (batch, -1), (batch,), (batch,)


def _given(lengths: Tensor | None, name: str) -> Tensor:
    if lengths is None:
        raise MXNetError(f"CTCLoss: use_{name}=True needs the input {name}")
    return lengths
