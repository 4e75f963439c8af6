"""Operators on sequences of unequal lengths: dimensions 0 and 1 are time and batch."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.operators import _onnx
from mxnet.operators._completion import Known, following, size
from mxnet.operators.catalogue import operator

Tensor = torch.Tensor

_LENGTHS = {"sequence_length": itemgetter("use_sequence_length")}


def _times(where: str, data: Tensor, lengths: Tensor | None, use: bool, axis: int) -> None:
    if axis not in (0, 1):
        raise MXNetError(f"{where}: axis={axis} must be 0 or 1, the dimension of time")
    if data.dim() < 2:
        raise MXNetError(f"{where}: input data should be 2D or more, but has shape {tuple(data.shape)}")
    if use != (lengths is not None):
        raise MXNetError(
            f"{where}: sequence_length goes with use_sequence_length=True, here it is "
            f"{'missing' if use else 'given without'}"
        )
    if use and tuple(lengths.shape) != (data.shape[1 - axis],):
        raise MXNetError(
            f"{where}: sequence_length has shape {tuple(lengths.shape)}, but data of shape {tuple(data.shape)} "
            f"with axis={axis} takes ({data.shape[1 - axis]},)"
        )


def _along_time(data: Tensor, axis: int) -> Tensor:
    """Numbers of the time steps, broadcasting against (time, batch) or (batch, time)."""
    steps = torch.arange(data.shape[axis], device=data.device)
    return steps[:, None] if axis == 0 else steps[None, :]


@operator("SequenceMask", "_npx_sequence_mask", when=_LENGTHS)
def sequence_mask(
    data: Tensor,
    sequence_length: Tensor | None = None,
    *,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
) -> Tensor:
    """Set all elements past the end of each sequence to `value`."""
    _times("SequenceMask", data, sequence_length, use_sequence_length, axis)
    if not use_sequence_length:
        return data.clone()
    inside = _along_time(data, axis) < sequence_length.unsqueeze(axis)
    inside = inside.reshape(inside.shape + (1,) * (data.dim() - 2))
    return data.masked_fill(~inside, value)


def _inside_in_onnx(graph: Any, data: Any, lengths: Any, axis: int) -> Any:
    """Whether a step comes before the end of its sequence, as wide as time and batch."""
    steps = graph.unsqueeze(graph.positions(graph.size(data, axis)), 1 - axis)
    return graph.node("Less", steps, graph.unsqueeze(graph.cast(lengths, torch.int64), axis))


@sequence_mask.onnx
def _(graph: Any, data: Any, lengths: Any = None, *, use_sequence_length: bool, value: float, axis: int) -> Any:
    if not use_sequence_length:
        return graph.node("Identity", data)
    inside = _inside_in_onnx(graph, data, lengths, axis)
    inside = graph.unsqueeze(inside, *range(2, data.rank)) if data.rank > 2 else inside
    return graph.node("Where", inside, data, value)


@operator("SequenceLast", "_npx_sequence_last", when=_LENGTHS)
def sequence_last(
    data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False, axis: int = 0
) -> Tensor:
    """The last element of each sequence."""
    _times("SequenceLast", data, sequence_length, use_sequence_length, axis)
    if not use_sequence_length:
        return data.select(axis, -1).clone()
    last = (sequence_length.long() - 1).clamp(0, data.shape[axis] - 1)
    batch = torch.arange(data.shape[1 - axis], device=data.device)
    return data[last, batch] if axis == 0 else data[batch, last]


@sequence_last.onnx
def _(graph: Any, data: Any, lengths: Any = None, *, use_sequence_length: bool, axis: int) -> Any:
    if not use_sequence_length:
        return graph.node("Gather", data, np.array(-1), axis=axis)
    last = graph.node("Sub", graph.cast(lengths, torch.int64), 1)
    last = graph.unsqueeze(_onnx.within(graph, last, graph.size(data, axis), "clip"), 1)
    return graph.node("GatherND", graph.move_axis(data, axis, 1), last, batch_dims=1)


@operator("SequenceReverse", "_npx_sequence_reverse", when=_LENGTHS)
def sequence_reverse(
    data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False, axis: int = 0
) -> Tensor:
    """Turn each sequence around in time; what lies past its end stays where it is."""
    _times("SequenceReverse", data, sequence_length, use_sequence_length, axis)
    if axis != 0:
        raise MXNetError(f"SequenceReverse: axis={axis} must be 0")
    if not use_sequence_length:
        return data.flip(0)
    steps = _along_time(data, 0)
    lengths = sequence_length.long()[None, :]
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return data[source, torch.arange(data.shape[1], device=data.device)]


@sequence_reverse.onnx
def _(graph: Any, data: Any, lengths: Any = None, *, use_sequence_length: bool) -> Any:
    if not use_sequence_length:
        return graph.part(data, 0, -1, None, -1)
    return graph.node("ReverseSequence", data, graph.cast(lengths, torch.int64), time_axis=0, batch_axis=1)


@following
def _lengths(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    return ((size(data, 1 - attributes["axis"]),),)


for _op in (sequence_mask, sequence_last, sequence_reverse):
    _op.completes(_lengths)
