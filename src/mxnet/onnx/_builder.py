"""What the operators' ONNX rules speak to: a graph that grows node by node, and the values that run through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import torch

from mxnet._dtype import from_torch

__all__ = ["Graph", "NoForm", "Node", "Value", "as_numpy"]

Shape = tuple[int | None, ...]

# What nodes give that do not give the type of their first input.
_RESULT_TYPES = {
    **dict.fromkeys(("ArgMax", "ArgMin", "NonZero", "Shape", "Size", "NonMaxSuppression"), torch.int64),
    **dict.fromkeys(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"), torch.bool),
    **dict.fromkeys(("And", "IsInf", "IsNaN", "Not", "Or", "Xor"), torch.bool),
}
_SHARED_AT_MOST = 64  # elements of a constant that all its users share


class NoForm(Exception):
    """A call has no ONNX form; the message says why."""


class Value:
    """A value of an ONNX graph, as far as it is known before the graph runs.

    Attributes
    ----------
    dtype : torch.dtype
    known_shape : tuple of int or None, or None
        The sizes, None for those that only show when the graph runs; None if not even their number is known.
    name : str
        Empty until the graph is written.
    """

    __slots__ = ("dtype", "known_shape", "name")

    def __init__(self, dtype: torch.dtype, shape: Shape | None = None, name: str = "") -> None:
        self.dtype = dtype
        self.name = name
        self.known_shape = shape

    @property
    def shape(self) -> Shape:
        """The sizes; a rule that asks for them has no form where their number is not known."""
        if self.known_shape is None:
            raise NoForm("the number of dimensions of its input is not known before it runs")
        return self.known_shape

    @property
    def rank(self) -> int:
        return len(self.shape)

    def note_shape(self, shape: Sequence[int | None]) -> None:
        """Note its sizes, where a rule knows them."""
        self.known_shape = tuple(shape)

    def __repr__(self) -> str:
        return f"<Value {self.name or 'without a name'}: {self.dtype}, {self.known_shape}>"


class Node:
    """One ONNX node: `kind` is its operator, an input None one that is left out."""

    __slots__ = ("attributes", "inputs", "kind", "origin", "outputs")

    def __init__(
        self, kind: str, inputs: Sequence[Value | None], outputs: Sequence[Value], attributes: dict, origin: str
    ) -> None:
        self.kind = kind
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.attributes = attributes
        self.origin = origin


class Graph:
    """An ONNX graph in the making.

    A rule is called for one node of an MXNet graph. `results` then holds what is known of that node's results, and
    what the rule returns is brought to their types: a rule need not cast a truth value to MXNet's float32.

    Attributes
    ----------
    opset : int
        The version of ONNX's operators that is written.
    results : list of Value
        Shape and type of each result of the node at hand.
    nodes : list of Node
    constants : dict of Value to ndarray
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.origin = ""
        self.results: list[Value] = []
        self.nodes: list[Node] = []
        self.constants: dict[Value, np.ndarray] = {}
        self._shared: dict[Any, Value] = {}

    def node(
        self, kind: str, *inputs: Any, outputs: int = 1, dtype: torch.dtype | None = None, **attributes: Any
    ) -> Any:
        """Add a node; returns the value it gives, or a tuple of them.

        Parameters
        ----------
        kind : str
            ONNX's name of the operator.
        *inputs : Value, None, number, sequence of int or array
            None leaves an optional input out. A number becomes a constant in the type of the first value (after
            the condition of Where), a sequence one of int64, an array one of its own type.
        outputs : int, default 1
        dtype : torch.dtype, optional
            Of the results; default that of the first input, or the one that `kind` always gives.
        **attributes
            ONNX's; those that are None are left out.
        """
        typed = inputs[1:] if kind == "Where" else inputs
        first = next((each for each in typed if isinstance(each, Value)), None)
        beside = first.dtype if first is not None else torch.float32
        given = [None if each is None else self.value(each, beside) for each in inputs]
        dtype = dtype or _RESULT_TYPES.get(kind) or (beside if kind == "Where" or not given else given[0].dtype)
        results = tuple([Value(dtype) for _ in range(outputs)])
        if kind == "TopK":
            results[1].dtype = torch.int64
        kept = {name: value for name, value in attributes.items() if value is not None}
        self.nodes.append(Node(kind, given, results, kept, self.origin))
        return results[0] if outputs == 1 else results

    def value(self, given: Any, dtype: torch.dtype) -> Value:
        """`given` as a value: a number in that type, a sequence of integers as int64, an array as it is."""
        if isinstance(given, Value):
            return given
        if isinstance(given, (bool, int, float)):
            return self.constant(given, dtype)
        if isinstance(given, (list, tuple)):
            return self.constant(np.array(given, dtype=np.int64))
        return self.constant(given)

    def constant(self, given: Any, dtype: torch.dtype | None = None) -> Value:
        """A constant: an array or a torch tensor, or a number in the type `dtype`."""
        if isinstance(given, torch.Tensor) or dtype is not None:
            tensor = torch.as_tensor(given, dtype=dtype).detach().cpu()
            array, dtype = as_numpy(tensor), tensor.dtype
        else:
            array = np.asarray(given)
            dtype = torch.from_numpy(np.zeros(1, array.dtype)).dtype
        key = (dtype, array.shape, array.tobytes()) if array.size <= _SHARED_AT_MOST else None
        if key is not None and key in self._shared:
            return self._shared[key]
        made = Value(dtype, array.shape)
        self.constants[made] = array
        if key is not None:
            self._shared[key] = made
        return made

    def refuse(self, reason: str) -> NoReturn:
        """Say that the call has no ONNX form."""
        raise NoForm(reason)

    # Types

    def cast(self, value: Value, dtype: torch.dtype) -> Value:
        """The value in a type."""
        if value.dtype is dtype:
            return value
        made = self.node("Cast", value, to=dtype, dtype=dtype)
        made.known_shape = value.known_shape
        return made

    def promoted(self, *values: Value) -> list[Value]:
        """The values in the type that holds those of all of them."""
        wanted = values[0].dtype
        for value in values[1:]:
            wanted = torch.promote_types(wanted, value.dtype)
        return [self.cast(value, wanted) for value in values]

    # Sizes

    def axis(self, value: Value, axis: int, extra: int = 0) -> int:
        """An axis counted from the front; `extra` is 1 for one that is to be inserted."""
        rank = value.rank + extra
        if not -rank <= axis < rank:
            self.refuse(f"there is no axis {axis} among {rank}")
        return axis % rank

    def size(self, value: Value, axis: int) -> int | Value:
        """The size of a dimension: a number, or if it is not known a value of shape (1,)."""
        size = value.shape[axis]
        return self.node("Shape", value, start=axis, end=axis + 1 or None) if size is None else size

    def need_sizes(self, value: Value, axes: Sequence[int] | None = None) -> tuple[int, ...]:
        """The sizes of these dimensions (default all); a call where one is not known has no form."""
        sizes = [value.shape[axis] for axis in (range(value.rank) if axes is None else axes)]
        if None in sizes:
            self.refuse(f"its input has sizes that are not known before it runs: {value.shape}")
        return tuple(sizes)

    def sizes(self, parts: Sequence[int | Value]) -> Value:
        """A shape, from numbers and values of shape (1,)."""
        if all(isinstance(part, int) for part in parts):
            return self.constant(np.array(parts, dtype=np.int64))
        pieces = [part if isinstance(part, Value) else self.constant(np.array([part])) for part in parts]
        return self.node("Concat", *pieces, axis=0) if len(pieces) > 1 else pieces[0]

    # Shapes

    def reshape(self, value: Value, parts: Sequence[int | Value | None]) -> Value:
        """The value in another shape; None, for one size at most, is worked out from the others."""
        parts = [-1 if part is None else part for part in parts]
        if all(isinstance(part, int) for part in parts):
            made = self.node("Reshape", value, parts, allowzero=1 if 0 in parts else None)
        else:
            made = self.node("Reshape", value, self.sizes(parts), allowzero=1)
        made.known_shape = tuple([part if isinstance(part, int) and part >= 0 else None for part in parts])
        return made

    def reshape_to_result(self, value: Value) -> Value:
        """The value in the shape of the node's first result, of which one size may be unknown."""
        shape = self.results[0].shape
        if list(shape).count(None) > 1:
            self.refuse(f"more than one size of its result is not known before it runs: {shape}")
        return self.reshape(value, shape)

    def permute(self, value: Value, order: Sequence[int]) -> Value:
        """The value with its dimensions in another order."""
        if list(order) == list(range(len(order))):
            return value
        made = self.node("Transpose", value, perm=list(order))
        if value.known_shape is not None:
            made.known_shape = tuple([value.known_shape[axis] for axis in order])
        return made

    def move_axis(self, value: Value, source: int, target: int) -> Value:
        """The value with one dimension in another place."""
        order = list(range(value.rank))
        order.insert(target % len(order), order.pop(source % len(order)))
        return self.permute(value, order)

    def unsqueeze(self, value: Value, *axes: int) -> Value:
        """The value with dimensions of one put in at these places of the result."""
        made = self.node("Unsqueeze", value, axes)
        if value.known_shape is not None:
            shape = list(value.known_shape)
            for axis in sorted(axis % (len(shape) + len(axes)) for axis in axes):
                shape.insert(axis, 1)
            made.known_shape = tuple(shape)
        return made

    def squeeze(self, value: Value, *axes: int) -> Value:
        """The value without these dimensions of one."""
        made = self.node("Squeeze", value, axes)
        if value.known_shape is not None:
            dropped = {axis % len(value.known_shape) for axis in axes}
            made.known_shape = tuple([size for axis, size in enumerate(value.known_shape) if axis not in dropped])
        return made

    def shaped(self, value: Value, like: Value) -> Value:
        """Note that a value has the shape of another."""
        value.known_shape = like.known_shape
        return value

    def part(self, value: Value, axis: int, begin: int, end: int | None, step: int = 1) -> Value:
        """The part of a value between two positions of an axis."""
        last = np.iinfo(np.int64)
        stop = (last.max if step > 0 else last.min) if end is None else end
        made = self.node("Slice", value, [begin], [stop], [axis], [step])
        if value.known_shape is not None:
            shape = list(value.known_shape)
            size = shape[axis]
            shape[axis] = None if size is None else len(range(*slice(begin, end, step).indices(size)))
            made.known_shape = tuple(shape)
        return made

    def positions(self, size: int | Value) -> Value:
        """The numbers from 0 to below a size, as int64."""
        if isinstance(size, int):
            return self.constant(np.arange(size))
        scalar = self.node("Squeeze", size, [0])
        return self.node("Range", np.array(0), scalar, np.array(1))


def as_numpy(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's values; bfloat16 as ml_dtypes has it, which is what onnx works with."""
    if tensor.dtype is torch.bfloat16:
        import ml_dtypes

        return tensor.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.contiguous().numpy().astype(from_torch(tensor.dtype), copy=False)
