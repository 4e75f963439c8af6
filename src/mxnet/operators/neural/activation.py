"""Activations: functions of one element, and LeakyReLU with its family."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
import torch.nn.functional as F

from mxnet._generators import generator_for
from mxnet.base import MXNetError
from mxnet.operators._completion import Known, following, size
from mxnet.operators.catalogue import operator
from mxnet.operators.legacy._factories import unary
from mxnet.operators.neural._check import HALF, check_floating

Tensor = torch.Tensor


def _softsign(x: Tensor) -> Tensor:
    return x / (1 + x.abs())


def _log_sigmoid_in_onnx(graph: Any, data: Any) -> Any:
    return graph.node("Neg", graph.node("Softplus", graph.node("Neg", data)))


def _mish_in_onnx(graph: Any, data: Any) -> Any:
    return graph.node("Mul", data, graph.node("Tanh", graph.node("Softplus", data)))


relu = unary("_npx_relu", torch.relu, "relu", exact=True, onnx="Relu", doc="Negative elements become zero.")
sigmoid = unary("_npx_sigmoid", torch.sigmoid, "sigmoid", onnx="Sigmoid", doc="Logistic function, element by element.")
log_sigmoid = unary(
    "log_sigmoid",
    F.logsigmoid,
    "_npx_log_sigmoid",
    onnx=_log_sigmoid_in_onnx,
    doc="Logarithm of the logistic function.",
)
mish = unary("mish", F.mish, "_npx_mish", onnx=_mish_in_onnx, doc="``x * tanh(softplus(x))``, element by element.")
softsign = unary("softsign", _softsign, "_npx_softsign", onnx="Softsign", doc="``x / (1 + |x|)``, element by element.")


def _softrelu(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros((), dtype=x.dtype, device=x.device))


_FUNCTIONS = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softrelu": _softrelu,
    "softsign": _softsign,
    "log_sigmoid": F.logsigmoid,
    "mish": F.mish,
}


@operator("Activation", "_npx_activation")
def activation(
    data: Tensor,
    *,
    act_type: Literal["log_sigmoid", "mish", "relu", "sigmoid", "softrelu", "softsign", "tanh"],
) -> Tensor:
    """Apply the activation function of that name."""
    check_floating("Activation", data)
    return _FUNCTIONS[act_type](data)


_ONNX = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softrelu": "Softplus",
    "softsign": "Softsign",
    "log_sigmoid": _log_sigmoid_in_onnx,
    "mish": _mish_in_onnx,
}


@activation.onnx
def _(graph: Any, data: Any, *, act_type: str) -> Any:
    rule = _ONNX[act_type]
    return graph.node(rule, data) if isinstance(rule, str) else rule(graph, data)


@operator("hard_sigmoid", "_npx_hard_sigmoid")
def hard_sigmoid(data: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """``alpha * x + beta``, kept between 0 and 1."""
    return F.hardtanh(data * alpha + beta, 0, 1)  # clamp would let a gradient pass at the ends


@hard_sigmoid.onnx
def _(graph: Any, data: Any, *, alpha: float, beta: float) -> Any:
    return graph.node("HardSigmoid", data, alpha=alpha, beta=beta)


@operator("LeakyReLU", "_npx_leaky_relu", when={"gamma": lambda attributes: attributes["act_type"] == "prelu"})
def leaky_relu(
    data: Tensor,
    gamma: Tensor | None = None,
    *,
    act_type: Literal["elu", "gelu", "gelu_erf", "gelu_tanh", "leaky", "prelu", "rrelu", "selu"] = "leaky",
    slope: float = 0.25,
    lower_bound: float = 0.125,
    upper_bound: float = 0.334,
    training: bool = False,
) -> Tensor:
    """Rectifiers that keep something of the negative elements.

    'rrelu' draws the slope of every element between the bounds when training, and takes their mean otherwise.
    """
    check_floating("LeakyReLU", data)
    if act_type == "leaky":
        return F.leaky_relu(data, slope)
    if act_type == "prelu":
        return _prelu(data, gamma)
    if act_type == "elu":
        return F.elu(data, slope)
    if act_type == "selu":
        return F.selu(data)
    if act_type == "rrelu":
        return _rrelu(data, lower_bound, upper_bound, training)
    return F.gelu(data, approximate="tanh" if act_type == "gelu_tanh" else "none")


@leaky_relu.onnx
def _(
    graph: Any, data: Any, gamma: Any = None, *, act_type: str, slope: float, lower_bound: float, upper_bound: float
) -> Any:
    if act_type == "prelu":
        if gamma.rank == 1 and data.rank > 1:
            gamma = graph.reshape(gamma, [*gamma.shape, *[1] * (data.rank - 2)])
        return graph.node("PRelu", data, gamma)
    if act_type == "elu":
        return graph.node("Elu", data, alpha=slope)
    if act_type == "selu":
        return graph.node("Selu", data)
    if act_type in ("leaky", "rrelu"):
        alpha = slope if act_type == "leaky" else (lower_bound + upper_bound) / 2
        return graph.node("LeakyRelu", data, alpha=alpha)
    return _gelu_in_onnx(graph, data, act_type == "gelu_tanh")


def _gelu_in_onnx(graph: Any, data: Any, by_tanh: bool) -> Any:
    if graph.opset >= 20:
        return graph.node("Gelu", data, approximate="tanh" if by_tanh else "none")
    if by_tanh:
        cube = graph.node("Mul", graph.node("Mul", data, data), data)
        inner = graph.node("Add", data, graph.node("Mul", cube, 0.044715))
        share = graph.node("Tanh", graph.node("Mul", inner, math.sqrt(2 / math.pi)))
    else:
        share = graph.node("Erf", graph.node("Mul", data, math.sqrt(0.5)))
    return graph.node("Mul", graph.node("Mul", data, 0.5), graph.node("Add", share, 1))


@leaky_relu.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return ((size(data, 1),) if attributes["act_type"] == "prelu" else None,)


def _prelu(data: Tensor, gamma: Tensor | None) -> Tensor:
    if gamma is None:
        raise MXNetError("LeakyReLU: act_type='prelu' needs the input gamma")
    if data.dtype in HALF:
        gamma = gamma.to(data.dtype)  # mixed precision leaves parameters float32
    if gamma.dim() == 1 and data.dim() > 1:
        if gamma.shape[0] not in (1, data.shape[1]):
            raise MXNetError(
                f"LeakyReLU: gamma has shape {tuple(gamma.shape)}, but data of shape {tuple(data.shape)} "
                f"takes ({data.shape[1]},) or (1,)"
            )
        return F.prelu(data, gamma)
    return torch.where(data > 0, data, gamma * data)


def _rrelu(data: Tensor, lower: float, upper: float, training: bool) -> Tensor:
    if not training:
        return F.leaky_relu(data, (lower + upper) / 2)
    slope = torch.empty_like(data).uniform_(lower, upper, generator=generator_for(data.device))
    return torch.where(data > 0, data, slope * data)
