"""ONNX's operators that rearrange in MXNet's, and its arithmetic on shapes. Importing this enters them into the table.

ONNX computes shapes in the graph (Shape, Gather, Concat), where MXNet has attributes. A list of sizes is followed
beside the graph: its items are numbers, or labels of sizes that are not known (`_label`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mxnet.onnx._importer import Call
from mxnet.onnx._table import operator

__all__ = ["follow_sizes"]

_LAST = 2**31 - 1
_FEW = 64


def _label(call: Call, axis: int) -> tuple[str, int]:
    """What stands for a size of the first input that is not known: the file's name for it, or whose size it is."""
    name = call.inputs[0]
    symbols = call.importer.symbols.get(name, ())
    return (symbols[axis], -1) if axis < len(symbols) and symbols[axis] else (name, axis)


def _sizes_of(call: Call, place: int) -> list[Any] | None:
    """An input as a list of sizes, if it is one."""
    if not call.has(place):
        return None
    name = call.inputs[place]
    if name in call.importer.lists:
        return call.importer.lists[name]
    array = call.importer.array(name)
    few = array is not None and array.dtype.kind in "iu" and array.ndim <= 1 and array.size <= _FEW
    return [int(each) for each in array.reshape(-1)] if few else None


def follow_sizes(call: Call) -> bool:
    """Work out a node that computes with lists of sizes; False if it is none."""
    sizes = _followed(call)
    if sizes is None:
        return False
    call.importer.lists[call.outputs[0]] = sizes
    return True


def _followed(call: Call) -> list[Any] | None:
    if call.kind == "Shape":
        shape = [_label(call, axis) if size is None else size for axis, size in enumerate(call.shape())]
        return shape[slice(call.get("start", 0), call.get("end"))]
    if call.kind == "Concat":
        parts = [_sizes_of(call, place) for place in range(len(call))]
        return None if None in parts else [item for part in parts for item in part]
    lists = call.importer.lists
    among = call.inputs[:2] if call.kind in _ARITHMETIC else call.inputs[:1]
    known = _sizes_of(call, 0) if any(name in lists for name in among) else None
    if known is None:
        return None
    if call.kind in ("Cast", "Identity", "Squeeze", "Unsqueeze"):
        return known
    if call.kind == "Gather":
        return [known[place] for place in call.integers(1)]
    if call.kind == "Slice":
        return known[slice(call.integers(1)[0], call.integers(2)[0])]
    if call.kind in _ARITHMETIC:
        return _calculated(call, known, _sizes_of(call, 1))
    return None


_ARITHMETIC = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.floor_divide}


def _calculated(call: Call, left: list[Any], right: list[Any] | None) -> list[Any] | None:
    """Sums, products and so on; those of a size that is not known get a label of their own."""
    if right is None or 1 not in (len(left), len(right)) and len(left) != len(right):
        return None
    count = max(len(left), len(right))
    pairs = zip(left * (count // len(left)), right * (count // len(right)), strict=True)
    return [
        int(_ARITHMETIC[call.kind](*pair)) if all(isinstance(item, int) for item in pair) else (call.outputs[0], place)
        for place, pair in enumerate(pairs)
    ]


@operator("Reshape")
def _(call: Call) -> Any:
    sizes = _sizes_of(call, 1)
    if sizes is None:
        call.refuse("its shape is not known before the graph runs")
    if 0 in sizes and call.get("allowzero"):
        call.refuse("it makes an array without elements")
    codes = [_code(call, item, axis) for axis, item in enumerate(sizes)]
    if codes.count(-1) > 1:
        call.refuse("more than one size of its result is not known")
    return call.make("Reshape", call.entry(), shape=tuple(codes))


def _code(call: Call, item: Any, axis: int) -> int:
    """MXNet's code for a size: 0 keeps the one at the same place, -1 is worked out."""
    if isinstance(item, int):
        return item
    rank = len(call.importer.shapes.get(call.inputs[0], ()))
    return 0 if axis < rank and item == _label(call, axis) else -1


@operator("Flatten")
def _(call: Call) -> Any:
    axis = call.get("axis", 1)
    if axis == 1:
        return call.make("Flatten", call.entry())
    rows = int(np.prod(call.sizes(0, range(axis % call.rank() if axis < 0 else axis))))
    return call.make("_npx_reshape", call.entry(), newshape=(rows, -1))


@operator("Transpose")
def _(call: Call) -> Any:
    return call.make("transpose", call.entry(), axes=tuple(call.get("perm") or ()))


def _axes(call: Call) -> tuple[int, ...] | None:
    axes = call.get("axes")
    return call.integers(1) if axes is None else tuple(axes)


@operator("Squeeze")
def _(call: Call) -> Any:
    return call.make("_npi_squeeze", call.entry(), axis=_axes(call))


@operator("Unsqueeze")
def _(call: Call) -> Any:
    axes = _axes(call)
    rank = call.rank() + len(axes) if min(axes) < 0 else None
    entry = call.entry()
    for axis in sorted(axis % rank if rank else axis for axis in axes):
        entry = call.make("expand_dims", entry, axis=axis)
    return entry


@operator("Concat")
def _(call: Call) -> Any:
    return call.make("Concat", *[call.entry(place) for place in range(len(call))], dim=call.get("axis"))


@operator("Split")
def _(call: Call) -> Any:
    axis, count = call.get("axis", 0), len(call.outputs)
    parts = call.get("split") or call.integers(1)
    if parts is None:
        size = call.shape()[axis]
        if size is None or size % count:
            return _results(call.make("SliceChannel", call.entry(), num_outputs=count, axis=axis), count)
        parts = (size // count,) * count
    begins = (0, *np.cumsum(parts)[:-1].tolist())
    return _results(call.make("_split_v2", call.entry(), indices=begins, axis=axis), count)


def _results(entry: Any, count: int) -> list[Any]:
    return [(entry[0], number) for number in range(count)]


@operator("Slice")
def _(call: Call) -> Any:
    if call.importer.opset < 10:
        begins, ends, axes, steps = call.get("starts"), call.get("ends"), call.get("axes"), None
    else:
        begins, ends, axes, steps = [call.integers(place) for place in range(1, 5)]
    axes = range(len(begins)) if axes is None else [axis % call.rank() if axis < 0 else axis for axis in axes]
    rows: list[tuple[int | None, int | None, int | None]] = [(None, None, None)] * (max(axes) + 1)
    for axis, low, high, step in zip(axes, begins, ends, steps or (1,) * len(begins), strict=True):
        rows[axis] = (_bound(low), _bound(high), step)
    begin, end, step = zip(*rows, strict=True)
    return call.make("slice", call.entry(), begin=begin, end=end, step=step)


def _bound(place: int) -> int | None:
    """A position; one beyond any array is the end in that direction."""
    return place if abs(place) < _LAST else None


@operator("Gather")
def _(call: Call) -> Any:
    axis = call.get("axis", 0)
    place = call.fixed(1)
    if place is not None and place.ndim == 0:
        number = int(place)
        part = call.make("slice_axis", call.entry(), axis=axis, begin=number, end=number + 1 or None)
        return call.make("_npi_squeeze", part, axis=(axis,))
    return call.make("take", call.entry(0), call.entry(1), axis=axis, mode="wrap")


@operator("GatherND")
def _(call: Call) -> Any:
    if call.get("batch_dims"):
        call.refuse("it gathers for each of a batch")
    rank = call.rank(1)
    indices = call.make("transpose", call.entry(1), axes=(rank - 1, *range(rank - 1)))
    return call.make("gather_nd", call.entry(0), indices)


@operator("Pad")
def _(call: Call) -> Any:
    mode = call.get("mode", "constant")
    widths = call.get("pads") or call.integers(1)
    value = call.number(2) if call.importer.opset >= 11 else call.get("value")
    rank = call.rank()
    axes = call.integers(3) if call.has(3) else tuple(range(rank))
    pairs = [(0, 0)] * rank
    for number, axis in enumerate(axes):
        pairs[axis % rank] = (widths[number], widths[number + len(axes)])
    return call.make("_npi_pad", call.entry(), pad_width=tuple(pairs), mode=mode, constant_values=float(value or 0))


@operator("Expand")
def _(call: Call) -> Any:
    sizes, shape = _sizes_of(call, 1), call.shape()
    if sizes is None:
        call.refuse("its shape is not known before the graph runs")
    front = (1,) * (len(sizes) - len(shape))
    sizes = [1] * (len(shape) - len(sizes)) + sizes
    wanted = [
        size if want == 1 or not isinstance(want, int) else want
        for size, want in zip(front + shape, sizes, strict=True)
    ]
    return call.make("_npi_broadcast_to", call.entry(), shape=tuple([-2 if size is None else size for size in wanted]))


@operator("Tile")
def _(call: Call) -> Any:
    return call.make("tile", call.entry(), reps=call.integers(1))


@operator("OneHot")
def _(call: Call) -> Any:
    if call.get("axis", -1) != -1:
        call.refuse("its new dimension is not the last")
    off, on = call.constant(2).tolist()
    dtype = call.importer.types.get(call.inputs[2], torch.float32)
    return call.make(
        "one_hot", call.entry(), depth=int(call.number(1)), on_value=float(on), off_value=float(off), dtype=dtype
    )


@operator("Trilu")
def _(call: Call) -> Any:
    shift = call.integers(1)
    return call.make("_npi_triu" if call.get("upper", 1) else "_npi_tril", call.entry(), k=shift[0] if shift else 0)


@operator("ScatterND")
def _(call: Call) -> Any:
    name = {"none": "_npx_index_update", "add": "_npx_index_add"}.get(call.get("reduction", "none"))
    rank = call.rank(1)
    indices = call.make("transpose", call.entry(1), axes=(rank - 1, *range(rank - 1)))
    return call.make(
        name or call.refuse("it reduces in another way than by sums"), call.entry(0), indices, call.entry(2)
    )


@operator("NonZero")
def _(call: Call) -> Any:
    return call.make("transpose", call.make("_npx_nonzero", call.entry()))


@operator("Compress")
def _(call: Call) -> Any:
    data, axis = call.entry(), call.get("axis")
    if axis is None:
        data, axis = call.make("Reshape", data, shape=(-1,)), 0
    return call.make("_contrib_boolean_mask", data, call.entry(1), axis=axis)


@operator("ReverseSequence")
def _(call: Call) -> Any:
    if (call.get("time_axis", 0), call.get("batch_axis", 1)) != (0, 1):
        call.refuse("its first dimension is not time, or its second not the batch")
    return call.make("SequenceReverse", call.entry(0), call.entry(1), use_sequence_length=True)
