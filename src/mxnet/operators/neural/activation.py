"""Activations: functions of one element, and LeakyReLU with its family."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from mxnet._generators import generator_for
from mxnet.base import MXNetError
from mxnet.operators._completion import Known, following, size
from mxnet.operators.catalogue import operator
from mxnet.operators.legacy._factories import unary
from mxnet.operators.neural._check import check_floating

Tensor = torch.Tensor


def _softsign(x: Tensor) -> Tensor:
    return x / (1 + x.abs())


relu = unary("_npx_relu", torch.relu, "relu", exact=True, doc="Negative elements become zero.")
sigmoid = unary("_npx_sigmoid", torch.sigmoid, "sigmoid", doc="Logistic function, element by element.")
log_sigmoid = unary("log_sigmoid", F.logsigmoid, "_npx_log_sigmoid", doc="Logarithm of the logistic function.")
mish = unary("mish", F.mish, "_npx_mish", doc="``x * tanh(softplus(x))``, element by element.")
softsign = unary("softsign", _softsign, "_npx_softsign", doc="``x / (1 + |x|)``, element by element.")


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


@operator("hard_sigmoid", "_npx_hard_sigmoid")
def hard_sigmoid(data: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """``alpha * x + beta``, kept between 0 and 1."""
    return F.hardtanh(data * alpha + beta, 0, 1)  # clamp would let a gradient pass at the ends


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


@leaky_relu.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return ((size(data, 1),) if attributes["act_type"] == "prelu" else None,)


def _prelu(data: Tensor, gamma: Tensor | None) -> Tensor:
    if gamma is None:
        raise MXNetError("LeakyReLU: act_type='prelu' needs the input gamma")
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
