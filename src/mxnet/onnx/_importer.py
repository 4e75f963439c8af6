"""An ONNX graph on its way to one of MXNet's operators: values, constants, and the nodes that are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.operators.catalogue import find
from mxnet.symbol._graph import Entry, Node

__all__ = ["Call", "Importer", "Unsupported"]

Sizes = tuple[int | None, ...]


class Unsupported(Exception):
    """A node has no form in MXNet's operators; the message says why."""


class Importer:
    """What is known of a graph while its nodes are read one after the other.

    Attributes
    ----------
    opset : int
    entries : dict of str to Entry
        What the values read so far have become.
    params : dict of str to Tensor
        Values of the variables that are no inputs.
    arrays : dict of str to ndarray
        The file's constants.
    shapes, types : dict
        What is known of values: sizes (None where not), and torch's types.
    symbols : dict of str to tuple of str
        The file's names of sizes that are not known: those of one name are equal.
    lists : dict of str to list
        Values that are lists of sizes (see `_table_shapes`).
    """

    def __init__(
        self,
        opset: int,
        arrays: Mapping[str, np.ndarray],
        shapes: Mapping[str, Sizes],
        types: Mapping[str, torch.dtype],
    ) -> None:
        self.opset = opset
        self.entries: dict[str, Entry] = {}
        self.params: dict[str, torch.Tensor] = {}
        self.arrays = dict(arrays)
        self.shapes = dict(shapes)
        self.types = dict(types)
        self.symbols: dict[str, tuple[str, ...]] = {}
        self.lists: dict[str, list[Any]] = {}
        self._names: set[str] = set()

    def make(self, operator: str, *inputs: Entry, name: str, number: int = 0, **attributes: Any) -> Entry:
        """A node of an operator of the catalogue; `number` says which of its results."""
        op = find(operator)
        try:
            canonical = op.canonical({key: value for key, value in attributes.items() if value is not None})
        except (MXNetError, TypeError) as error:
            raise Unsupported(str(error)) from error
        return Node(op, self.fresh(name), canonical, inputs), number

    def fresh(self, wish: str) -> str:
        """A name that no node has yet."""
        name, number = wish, 0
        while name in self._names:
            number += 1
            name = f"{wish}_{number}"
        self._names.add(name)
        return name

    def entry(self, name: str) -> Entry:
        """What a value has become; an array of the file becomes a variable."""
        if name not in self.entries:
            array = self.array(name)
            if array is None:
                raise Unsupported(f"its input {name!r} is a shape, which no operator here takes as an array")
            self.entries[name] = (Node(None, self.fresh(name)), 0)
            self.params[self.entries[name][0].name] = _tensor(array)
        return self.entries[name]

    def array(self, name: str) -> np.ndarray | None:
        """The values of a constant; None if they are not known."""
        if name in self.arrays:
            return self.arrays[name]
        sizes = self.lists.get(name)
        if sizes is not None and all(isinstance(size, int) for size in sizes):
            return np.array(sizes, dtype=np.int64)
        return None


class Call:
    """One ONNX node: its attributes by name, and ways to ask about its inputs."""

    def __init__(self, importer: Importer, kind: str, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        self.importer = importer
        self.kind = kind
        self.name = name
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.attributes: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.inputs)

    def refuse(self, reason: str) -> NoReturn:
        raise Unsupported(reason)

    def has(self, place: int) -> bool:
        """Whether that input is given."""
        return place < len(self.inputs) and bool(self.inputs[place])

    def entry(self, place: int = 0) -> Entry:
        return self.importer.entry(self.inputs[place])

    def constant(self, place: int) -> np.ndarray | None:
        """The values of an input that the file fixes; None if it is not given."""
        if not self.has(place):
            return None
        found = self.importer.array(self.inputs[place])
        return self.refuse(f"its input {self.inputs[place]!r} must be a constant") if found is None else found

    def fixed(self, place: int) -> np.ndarray | None:
        """The values of an input if the file fixes them, else None."""
        return self.importer.array(self.inputs[place]) if self.has(place) else None

    def integers(self, place: int) -> tuple[int, ...] | None:
        """A constant input as integers; None if it is not given."""
        array = self.constant(place)
        return None if array is None else tuple([int(each) for each in array.reshape(-1)])

    def number(self, place: int) -> float | None:
        """A constant input of one number; None if it is not given."""
        array = self.constant(place)
        return None if array is None else array.reshape(-1)[0].item()

    def shape(self, place: int = 0) -> Sizes:
        """The sizes of an input, None where they are not known."""
        found = self.importer.shapes.get(self.inputs[place])
        return (
            self.refuse(f"the number of dimensions of {self.inputs[place]!r} is not known") if found is None else found
        )

    def sizes(self, place: int, axes: Sequence[int] | None = None) -> tuple[int, ...]:
        """Sizes of an input that must be known."""
        shape = self.shape(place)
        found = [shape[axis] for axis in (range(len(shape)) if axes is None else axes)]
        if None in found:
            self.refuse(f"it needs the sizes of {self.inputs[place]!r}, of which only {shape} is known")
        return tuple(found)

    def rank(self, place: int = 0) -> int:
        return len(self.shape(place))

    def is_float(self, place: int = 0) -> bool:
        return self.importer.types.get(self.inputs[place], torch.float32).is_floating_point

    def result(self, number: int = 0) -> Sizes | None:
        """The sizes of a result, as far as they are known."""
        return self.importer.shapes.get(self.outputs[number])

    def get(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)

    def make(self, operator: str, *inputs: Entry, number: int = 0, **attributes: Any) -> Entry:
        """A node named like this one."""
        return self.importer.make(operator, *inputs, name=self.name, number=number, **attributes)


def _tensor(array: np.ndarray) -> torch.Tensor:
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(np.array(array))
