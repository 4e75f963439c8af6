"""How the operators on boxes are written in ONNX."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.operators.detection import boxes, multibox

__all__: list[str] = []


def _columns(graph: Any, data: Any, *places: int) -> list[Any]:
    """Columns of the last dimension, each without that dimension."""
    last = data.rank - 1
    return [graph.squeeze(graph.part(data, last, place, place + 1), last) for place in places]


def _corners(graph: Any, data: Any, format: str, start: int = 0) -> list[Any]:
    """Left, top, right and bottom of boxes (..., n, k), as a list of columns."""
    first, second, third, fourth = _columns(graph, data, *range(start, start + 4))
    if format == "corner":
        return [first, second, third, fourth]
    half = [graph.node("Mul", size, 0.5) for size in (third, fourth)]
    low = [graph.node("Sub", middle, side) for middle, side in zip((first, second), half, strict=True)]
    high = [graph.node("Add", middle, side) for middle, side in zip((first, second), half, strict=True)]
    return [*low, *high]


def _area(graph: Any, sides: list[Any]) -> Any:
    lengths = [graph.node("Max", graph.node("Sub", sides[axis + 2], sides[axis]), 0) for axis in (0, 1)]
    return graph.node("Mul", *lengths)


@boxes.box_iou.onnx
def _(graph: Any, lhs: Any, rhs: Any, *, format: str) -> Any:
    first, second = [_corners(graph, graph.reshape(each, [-1, 4]), format) for each in (lhs, rhs)]
    rows = [graph.node("Reshape", side, [-1, 1]) for side in first]
    columns = [graph.node("Reshape", side, [1, -1]) for side in second]
    shared = [graph.node("Max" if axis < 2 else "Min", rows[axis], columns[axis]) for axis in range(4)]
    area = _area(graph, shared)
    union = graph.node("Sub", graph.node("Add", _area(graph, rows), _area(graph, columns)), area)
    some = graph.node("Greater", union, 0)
    share = graph.node("Where", some, graph.node("Div", area, graph.node("Where", some, union, 1)), 0)
    return graph.reshape(share, [graph.size(each, axis) for each in (lhs, rhs) for axis in range(each.rank - 1)])


@boxes.box_decode.onnx
def _(
    graph: Any, data: Any, anchors: Any, *, std0: float, std1: float, std2: float, std3: float, clip: float, format: str
) -> Any:
    scales = graph.constant(torch.tensor([std0, std1, std2, std3], dtype=data.dtype))
    codes = graph.shaped(graph.node("Mul", data, scales), data)
    place, stretch = graph.part(codes, 2, 0, 2), graph.part(codes, 2, 2, 4)
    if clip > 0:
        stretch = graph.node("Min", stretch, clip)
    middle, size = graph.part(anchors, 2, 0, 2), graph.part(anchors, 2, 2, 4)
    if format == "corner":
        size = graph.node("Sub", size, middle)
        middle = graph.node("Add", middle, graph.node("Mul", size, 0.5))
    middle = graph.node("Add", graph.node("Mul", place, size), middle)
    half = graph.node("Mul", graph.node("Mul", graph.node("Exp", stretch), size), 0.5)
    return graph.node("Concat", graph.node("Sub", middle, half), graph.node("Add", middle, half), axis=2)


@boxes.box_nms.onnx
def _(
    graph: Any,
    data: Any,
    *,
    overlap_thresh: float,
    valid_thresh: float,
    topk: int,
    coord_start: int,
    score_index: int,
    id_index: int,
    background_id: int,
    force_suppress: bool,
    in_format: str,
    out_format: str,
) -> Any:
    number, width = graph.need_sizes(data, [-2, -1])
    if topk == 0 or number == 0:
        return graph.node("Identity", data)
    if in_format != out_format:
        graph.refuse("it does not convert boxes: in_format and out_format must be the same")
    rows = graph.reshape(data, [-1, number, width])
    (score,) = _columns(graph, rows, score_index)
    valid = graph.node("Greater", score, valid_thresh)
    if id_index >= 0:
        (label,) = _columns(graph, rows, id_index)
        valid = graph.node("And", valid, graph.node("Not", graph.node("Equal", label, background_id)))
    count = min(topk, number) if topk > 0 else number
    ranked = graph.node("Where", valid, score, float("-inf"))
    ranked, order = graph.node("TopK", ranked, [count], outputs=2, axis=1)
    rows = _picked(graph, rows, order, count, width)
    taken = graph.node("Greater", ranked, float("-inf"))
    sides = _corners(graph, rows, in_format, coord_start)
    if id_index >= 0 and not force_suppress:
        sides = _apart(graph, sides, _columns(graph, rows, id_index)[0])
    kept = _survivors(graph, sides, taken, count, overlap_thresh)
    kept, front = graph.node("TopK", kept, [count], outputs=2, axis=1)
    found = graph.node(
        "Where",
        graph.node("Unsqueeze", graph.cast(kept, torch.bool), [2]),
        _picked(graph, rows, front, count, width),
        -1,
    )
    found = graph.node("Pad", found, [0, 0, 0, 0, number - count, 0], -1)
    return graph.node("Reshape", found, graph.node("Shape", data))


def _picked(graph: Any, rows: Any, order: Any, count: int, width: int) -> Any:
    """Rows of each image in an order."""
    found = graph.node("GatherND", rows, graph.node("Unsqueeze", order, [2]), batch_dims=1)
    found.note_shape((None, count, width))
    return found


def _apart(graph: Any, sides: list[Any], label: Any) -> list[Any]:
    """Boxes moved so far that those of different classes do not meet."""
    most = graph.node("Max", *[graph.node("ReduceMax", side, keepdims=0) for side in sides])
    least = graph.node("Min", *[graph.node("ReduceMin", side, keepdims=0) for side in sides])
    step = graph.node("Add", graph.node("Sub", most, least), 1)
    shift = graph.node("Mul", graph.node("Floor", label), step)
    return [graph.node("Add", side, shift) for side in sides]


def _survivors(graph: Any, sides: list[Any], taken: Any, count: int, threshold: float) -> Any:
    """One for each box that no better one removes, else zero; the best come first."""
    places = torch.arange(count, 0, -1, dtype=torch.float32)
    score = graph.node("Unsqueeze", graph.node("Where", taken, graph.constant(places), 0), [1])
    corners = graph.node(
        "Concat", *[graph.node("Unsqueeze", graph.cast(side, torch.float32), [2]) for side in sides], axis=2
    )
    limit = graph.constant(count, torch.int64)
    at_least = graph.constant(0.0, torch.float32)
    chosen = graph.node(
        "NonMaxSuppression", corners, score, limit, graph.constant(float(threshold), torch.float32), at_least
    )
    places = graph.node("Gather", chosen, graph.constant(torch.tensor([0, 2])), axis=1)
    none = graph.node("Expand", graph.constant(0, torch.int32), graph.node("Shape", taken))
    one = graph.node("Expand", graph.constant(1, torch.int32), graph.node("Shape", chosen, start=0, end=1))
    return graph.node("ScatterND", none, places, one)


@multibox.multibox_prior.onnx
def _(graph: Any, data: Any, **attributes: Any) -> Any:
    size = graph.need_sizes(data, [2, 3])
    return graph.constant(multibox.multibox_prior.body(torch.empty(1, 1, *size, dtype=data.dtype), **attributes))
