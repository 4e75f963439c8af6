"""Fully connected layers, embeddings and the products of attention."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators._completion import Known, filled, following, product
from mxnet.operators.attributes import DType
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import check_floating, check_types, has_bias

Tensor = torch.Tensor


@operator("FullyConnected", "_npx_fully_connected", when={"bias": has_bias})
def fully_connected(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    num_hidden: int,
    no_bias: bool = False,
    flatten: bool = True,
) -> Tensor:
    """``data @ weight.T + bias``; `flatten` joins all dimensions of the data but the first."""
    if flatten and data.dim() != 2:
        data = data.reshape(data.shape[0], -1) if data.numel() else data.flatten(1)
    if tuple(weight.shape) != (num_hidden, data.shape[-1]):
        raise MXNetError(
            f"FullyConnected: shape inconsistent, weight has shape {tuple(weight.shape)}, but "
            f"num_hidden={num_hidden} and data of shape {tuple(data.shape)} take {(num_hidden, data.shape[-1])}"
        )
    if data.dtype is not weight.dtype or (bias is not None and bias.dtype is not data.dtype):
        check_types("FullyConnected", data, weight=weight, bias=bias)
    check_floating("FullyConnected", data)
    if bias is None or no_bias:
        return F.linear(data, weight)
    return F.linear(data, weight, bias.reshape(-1))


@fully_connected.onnx
def _(graph: Any, data: Any, weight: Any, bias: Any = None, *, no_bias: bool, flatten: bool) -> Any:
    bias = None if no_bias or bias is None else bias if bias.rank == 1 else graph.reshape(bias, [-1])
    if flatten and data.rank != 2:
        data = graph.node("Flatten", data, axis=1)
    if flatten or data.rank == 2:
        return graph.node("Gemm", data, weight, bias, transB=1)
    result = graph.node("MatMul", data, graph.permute(weight, (1, 0)))
    return result if bias is None else graph.node("Add", result, bias)


@fully_connected.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    features = product(data[1:]) if attributes["flatten"] else data[-1]
    return (attributes["num_hidden"], features), (attributes["num_hidden"],)


@fully_connected.completes_from_results
def _(shapes: list[Known], results: list[Known], attributes: dict[str, Any]) -> list[Known]:
    data, *others = shapes
    if attributes["flatten"]:
        wanted = data and (results[0][0], *data[1:])
    else:
        wanted = (*results[0][:-1], -1)
    return [filled(data, wanted), *others]


@operator("Embedding", "_npx_embedding")
def embedding(
    data: Tensor,
    weight: Tensor,
    *,
    input_dim: int,
    output_dim: int,
    dtype: DType = torch.float32,
    sparse_grad: bool = False,
) -> Tensor:
    """The rows of `weight` that `data` counts; indices out of range are taken as the nearest one."""
    if tuple(weight.shape) != (input_dim, output_dim):
        raise MXNetError(
            f"Embedding: weight has shape {tuple(weight.shape)}, but input_dim={input_dim} and "
            f"output_dim={output_dim} take {(input_dim, output_dim)}"
        )
    return F.embedding(data.long().clamp(0, input_dim - 1), weight)


@embedding.onnx
def _(graph: Any, data: Any, weight: Any, *, input_dim: int) -> Any:
    row = graph.node("Clip", graph.cast(data, torch.int64), 0, input_dim - 1)
    return graph.node("Gather", weight, row)


@embedding.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return ((attributes["input_dim"], attributes["output_dim"]),)
