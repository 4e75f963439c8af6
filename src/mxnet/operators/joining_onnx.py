"""How the operators of `joining` are written in ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mxnet.operators import joining

__all__: list[str] = []


@joining.concat.onnx
def _(graph: Any, *data: Any, dim: int | None) -> Any:
    data = graph.promoted(*data)
    if dim is None:
        data = [graph.reshape(array, [-1]) for array in data]
    return graph.node("Concat", *data, axis=dim or 0)


@joining.stack.onnx
def _(graph: Any, *data: Any, axis: int) -> Any:
    axis = graph.axis(data[0], axis, extra=1)
    return graph.node("Concat", *[graph.unsqueeze(array, axis) for array in graph.promoted(*data)], axis=axis)


def _at_least(graph: Any, array: Any, places: tuple[int, ...], rank: int) -> Any:
    """An array with dimensions of one put in at `places` if it has fewer than `rank`."""
    return graph.unsqueeze(array, *places) if array.rank < rank else array


@joining.vstack.onnx
def _(graph: Any, *data: Any) -> Any:
    rows = [_at_least(graph, _at_least(graph, array, (0,), 1), (0,), 2) for array in graph.promoted(*data)]
    return graph.node("Concat", *rows, axis=0)


@joining.hstack.onnx
def _(graph: Any, *data: Any) -> Any:
    data = [_at_least(graph, array, (0,), 1) for array in graph.promoted(*data)]
    return graph.node("Concat", *data, axis=int(data[0].rank > 1))


@joining.dstack.onnx
def _(graph: Any, *data: Any) -> Any:
    deep = [_at_least(graph, _at_least(graph, array, (0,), 1), (0,), 2) for array in graph.promoted(*data)]
    return graph.node("Concat", *[_at_least(graph, array, (2,), 3) for array in deep], axis=2)


@joining.column_stack.onnx
def _(graph: Any, *data: Any) -> Any:
    columns = [_at_least(graph, _at_least(graph, array, (0,), 1), (1,), 2) for array in graph.promoted(*data)]
    return graph.node("Concat", *columns, axis=1)


@joining.atleast_1d.onnx
def _(graph: Any, *arys: Any) -> Any:
    return tuple([_at_least(graph, array, (0,), 1) for array in arys])


@joining.atleast_2d.onnx
def _(graph: Any, *arys: Any) -> Any:
    return tuple([_at_least(graph, _at_least(graph, array, (0,), 1), (0,), 2) for array in arys])


@joining.atleast_3d.onnx
def _(graph: Any, *arys: Any) -> Any:
    flat = [_at_least(graph, _at_least(graph, array, (0,), 1), (0,), 2) for array in arys]
    return tuple([_at_least(graph, array, (2,), 3) for array in flat])


def _split_in_onnx(
    graph: Any, data: Any, indices: tuple[int, ...], axis: int, squeeze_axis: bool, sections: int
) -> Any:
    axis = graph.axis(data, axis)
    if sections > 0:
        size, more = divmod(graph.need_sizes(data, [axis])[0], sections)
        bounds = [part * size + min(part, more) for part in range(sections + 1)]
    else:
        bounds = [*indices, None]
    parts = [graph.part(data, axis, low, high) for low, high in zip(bounds, bounds[1:], strict=False)]
    return tuple([graph.squeeze(part, axis) if squeeze_axis else part for part in parts])


@joining.split_v2.onnx
def _(graph: Any, data: Any, *, indices: tuple[int, ...], axis: int, squeeze_axis: bool, sections: int) -> Any:
    return _split_in_onnx(graph, data, indices, axis, squeeze_axis, sections)


@joining.hsplit.onnx
def _(graph: Any, data: Any, *, indices: tuple[int, ...], squeeze_axis: bool, sections: int) -> Any:
    return _split_in_onnx(graph, data, indices, int(data.rank > 1), squeeze_axis, sections)


@joining.slice_channel.onnx
def _(graph: Any, data: Any, *, num_outputs: int, axis: int, squeeze_axis: bool) -> Any:
    axis = graph.axis(data, axis)
    parts = graph.node("Split", data, outputs=num_outputs, axis=axis, num_outputs=num_outputs)
    parts = (parts,) if num_outputs == 1 else parts
    return tuple([graph.squeeze(part, axis) if squeeze_axis else part for part in parts])


@joining.tile.onnx
def _(graph: Any, data: Any, *, reps: tuple[int, ...]) -> Any:
    if len(reps) > data.rank:
        data = graph.unsqueeze(data, *range(len(reps) - data.rank))
    return graph.node("Tile", data, [*[1] * (data.rank - len(reps)), *reps])


@joining.repeat.onnx
def _(graph: Any, data: Any, *, repeats: int, axis: int | None) -> Any:
    if axis is None:
        data, axis = graph.reshape(data, [-1]), 0
    axis = graph.axis(data, axis)
    sizes = [graph.size(data, number) for number in range(data.rank)]
    size = sizes[axis]
    more = size * repeats if isinstance(size, int) else graph.node("Mul", size, repeats)
    apart = graph.unsqueeze(data, axis + 1)
    apart = graph.node("Tile", apart, [repeats if number == axis + 1 else 1 for number in range(data.rank + 1)])
    return graph.reshape(apart, [*sizes[:axis], more, *sizes[axis + 1 :]])


@joining.repeats.onnx
def _(graph: Any, data: Any, *, repeats: tuple[int, ...] | None, axis: int | None) -> Any:
    if axis is None:
        data, axis = graph.reshape(data, [-1]), 0
    counts = torch.tensor(repeats or (), dtype=torch.int64)
    if len(counts) == 1:
        counts = counts.expand(graph.need_sizes(data, [axis]))
    places = torch.arange(len(counts)).repeat_interleave(counts)
    return graph.node("Gather", data, graph.constant(places), axis=axis)


@joining.np_pad.onnx
def _(graph: Any, data: Any, *, pad_width: tuple[tuple[int, ...], ...], mode: str, constant_values: float) -> Any:
    if data.rank == 1 and len(pad_width) == 2:
        pad_width = (pad_width[0] + pad_width[1],)
    return _pad_in_onnx(graph, data, pad_width, mode, constant_values)


@joining.pad.onnx
def _(graph: Any, data: Any, *, mode: str, pad_width: tuple[int, ...], constant_value: float) -> Any:
    pairs = tuple(zip(pad_width[::2], pad_width[1::2], strict=True))
    return _pad_in_onnx(graph, data, pairs, mode, constant_value)


def _pad_in_onnx(graph: Any, data: Any, pairs: Sequence[tuple[int, ...]], mode: str, value: float) -> Any:
    widths = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
    if mode == "constant":
        return graph.node("Pad", data, widths, value if data.dtype.is_floating_point else int(value))
    if mode == "edge":
        return graph.node("Pad", data, widths, mode="edge")
    if mode not in joining._SOURCE:
        graph.refuse(f"mode={mode!r} has none")
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            (size,) = graph.need_sizes(data, [axis])
            place = joining._SOURCE[mode](torch.arange(-before, size + after), size)
            sizes = list(data.shape)
            data = graph.node("Gather", data, graph.constant(place), axis=axis)
            data.note_shape([*sizes[:axis], len(place), *sizes[axis + 1 :]])
    return data
