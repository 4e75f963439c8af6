"""Dropout."""

from __future__ import annotations

from typing import Any, Literal

import torch

from mxnet._generators import generator_for
from mxnet.base import MXNetError
from mxnet.operators._checks import check_axis
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import check_floating

Tensor = torch.Tensor


@operator("Dropout", "_npx_dropout", views=True)
def dropout(
    data: Tensor,
    *,
    p: float = 0.5,
    mode: Literal["always", "training"] = "training",
    axes: Shape = (),
    cudnn_off: bool = False,
    training: bool = False,
) -> Tensor:
    """Set elements to zero with probability `p` and scale the others by ``1 / (1 - p)``, when training.

    Along `axes` one draw holds for all elements.
    """
    if not 0 <= p <= 1:
        raise MXNetError(f"Dropout: p={p} must lie between 0 and 1")
    check_floating("Dropout", data)
    if p == 0 or not (training or mode == "always"):
        return data
    if p == 1:
        return data * 0
    if axes:
        shape = list(data.shape)
        for axis in axes:
            shape[check_axis(axis, data.dim(), "Dropout")] = 1
        mask = torch.empty(shape, dtype=data.dtype, device=data.device)
    else:
        mask = torch.empty_like(data, requires_grad=False)
    mask.bernoulli_(1 - p, generator=generator_for(data.device))
    return data * mask.div_(1 - p)


@dropout.onnx
def _(graph: Any, data: Any, *, p: float, mode: str) -> Any:
    if mode == "always" and p:
        graph.refuse("mode='always' draws random numbers in inference")
    return data
