"""Attention on interleaved projections: (length, batch, heads * parts * size)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor


def _heads(projected: Tensor, heads: int, parts: int, where: str) -> tuple[Tensor, ...]:
    """The interleaved parts, each of shape (batch * heads, length, size)."""
    if projected.dim() != 3 or projected.shape[2] % (heads * parts):
        raise MXNetError(
            f"{where}: input should be (length, batch, heads * {parts} * size) with heads={heads}, "
            f"but has shape {tuple(projected.shape)}"
        )
    length, batch, _ = projected.shape
    split = projected.reshape(length, batch * heads, parts, -1).permute(2, 1, 0, 3)
    return tuple(split.unbind(0))


def _joined(values: Tensor, heads: int) -> Tensor:
    """(batch * heads, length, size) as (length, batch, heads * size)."""
    length = values.shape[1]
    return values.transpose(0, 1).reshape(length, values.shape[0] // heads, -1)


def _heads_in_onnx(graph: Any, projected: Any, heads: int, parts: int) -> list[Any]:
    """The interleaved parts, each of shape (batch * heads, length, size)."""
    (width,) = graph.need_sizes(projected, [2])
    split = graph.reshape(projected, [graph.size(projected, 0), -1, parts, width // (heads * parts)])
    split = graph.permute(split, (2, 1, 0, 3))
    return [graph.node("Gather", split, np.array(part), axis=0) for part in range(parts)]


def _scores_in_onnx(graph: Any, query: Any, key: Any, size: int) -> Any:
    scaled = graph.node("Mul", query, size**-0.5)
    return graph.node("MatMul", scaled, graph.permute(key, (0, 2, 1)))


def _joined_in_onnx(graph: Any, attention: Any, value: Any, length: Any, width: int) -> Any:
    product = graph.permute(graph.node("MatMul", attention, value), (1, 0, 2))
    return graph.reshape(product, [length, -1, width])


@operator("_contrib_interleaved_matmul_selfatt_qk", "_npx_interleaved_matmul_selfatt_qk")
def self_attention_scores(queries_keys_values: Tensor, *, heads: int) -> Tensor:
    """Scaled products of queries and keys, of shape (batch * heads, length, length)."""
    query, key, _ = _heads(queries_keys_values, heads, 3, "interleaved_matmul_selfatt_qk")
    return torch.bmm(query * query.shape[-1] ** -0.5, key.transpose(1, 2))


@self_attention_scores.onnx
def _(graph: Any, projected: Any, *, heads: int) -> Any:
    query, key, _ = _heads_in_onnx(graph, projected, heads, 3)
    return _scores_in_onnx(graph, query, key, projected.shape[2] // (3 * heads))


@operator("_contrib_interleaved_matmul_selfatt_valatt", "_npx_interleaved_matmul_selfatt_valatt")
def self_attention_values(queries_keys_values: Tensor, attention: Tensor, *, heads: int) -> Tensor:
    """Values weighted by attention, of shape (length, batch, heads * size)."""
    _, _, value = _heads(queries_keys_values, heads, 3, "interleaved_matmul_selfatt_valatt")
    return _joined(torch.bmm(attention, value), heads)


@self_attention_values.onnx
def _(graph: Any, projected: Any, attention: Any, *, heads: int) -> Any:
    value = _heads_in_onnx(graph, projected, heads, 3)[2]
    return _joined_in_onnx(graph, attention, value, graph.size(attention, 1), projected.shape[2] // 3)


@operator("_contrib_interleaved_matmul_encdec_qk", "_npx_interleaved_matmul_encdec_qk")
def cross_attention_scores(queries: Tensor, keys_values: Tensor, *, heads: int) -> Tensor:
    """Scaled products of queries and another sequence's keys, of shape (batch * heads, length, other length)."""
    (query,) = _heads(queries, heads, 1, "interleaved_matmul_encdec_qk")
    key, _ = _heads(keys_values, heads, 2, "interleaved_matmul_encdec_qk")
    return torch.bmm(query * query.shape[-1] ** -0.5, key.transpose(1, 2))


@cross_attention_scores.onnx
def _(graph: Any, queries: Any, projected: Any, *, heads: int) -> Any:
    (query,) = _heads_in_onnx(graph, queries, heads, 1)
    key = _heads_in_onnx(graph, projected, heads, 2)[0]
    return _scores_in_onnx(graph, query, key, queries.shape[2] // heads)


@operator("_contrib_interleaved_matmul_encdec_valatt", "_npx_interleaved_matmul_encdec_valatt")
def cross_attention_values(keys_values: Tensor, attention: Tensor, *, heads: int) -> Tensor:
    """Another sequence's values weighted by attention, of shape (length, batch, heads * size)."""
    _, value = _heads(keys_values, heads, 2, "interleaved_matmul_encdec_valatt")
    return _joined(torch.bmm(attention, value), heads)


@cross_attention_values.onnx
def _(graph: Any, projected: Any, attention: Any, *, heads: int) -> Any:
    value = _heads_in_onnx(graph, projected, heads, 2)[1]
    return _joined_in_onnx(graph, attention, value, graph.size(attention, 1), projected.shape[2] // 2)
