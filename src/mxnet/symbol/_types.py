"""The types in a graph: what follows from those that are known, forwards and backwards.

The type of a result shows by running the body on inputs of any shapes that it takes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch

from mxnet._dtype import name_of
from mxnet.base import MXNetError
from mxnet.symbol._abstract import Bodies, Refusal, Shape, refused
from mxnet.symbol._graph import Entry, Node
from mxnet.symbol._known import annotated_type
from mxnet.symbol._worklist import Worklist

__all__ = ["TypeSolver", "result_types"]

_APART = frozenset(
    "indices index ind obj index_vector bins q rcond tol".split()
    + "condition data_lengths label_lengths length".split()
)
"""Inputs whose type says nothing of the others', and the other way round."""
_FOLLOWING = frozenset("label rois sequence_length gamma beta moving_mean moving_var moving_avg".split())
"""Inputs that take the type of the others and do not give it."""
_CANDIDATES = (torch.float32, torch.float64, torch.int32)
"""Tried for inputs of unknown type: what is the same for all of them is known all the same."""
_SIZES = (12, 60)  # windows fit, and they can be split
_HALF = (torch.float16, torch.bfloat16)


class TypeSolver:
    """Finds the type of every entry of a graph, as far as it follows.

    Parameters
    ----------
    entries : iterable of Entry
    known : mapping of str to torch.dtype
        Types of variables by name; where there is none, the variable's annotation counts.

    Raises
    ------
    MXNetError
        If an operator does not take the types that follow.
    """

    def __init__(self, entries: Iterable[Entry], known: Mapping[str, torch.dtype]) -> None:
        self._work = Worklist(entries)
        self._bodies = Bodies()
        self._types: dict[tuple[int, int], torch.dtype] = {}
        for node in self._work.nodes:
            if node.op is None:
                self._learn((node, 0), known.get(node.name) or annotated_type(node), node)
        self._work.run(self._visit)

    def type(self, entry: Entry) -> torch.dtype | None:
        return self._types.get((id(entry[0]), entry[1]))

    def _learn(self, entry: Entry, dtype: torch.dtype | None, at: Node) -> None:
        """Note what `at` tells of an entry's type."""
        before = self.type(entry)
        if dtype is None or dtype is before:
            return
        if before is not None:
            raise MXNetError(
                f"types contradict each other: operator {at.name!r} ({at.op.name}) asks for {name_of(dtype)} where "
                f"{entry[0].name!r} is {name_of(before)}"
            )
        self._types[id(entry[0]), entry[1]] = dtype
        self._work.changed(entry[0])

    def _visit(self, node: Node) -> None:
        names = node.op.input_names(len(node.inputs))
        inputs = {name: entry for name, entry in zip(names, node.inputs, strict=False) if entry is not None}
        self._complete(node, inputs)
        self._look_back(node, inputs)
        for number, dtype in enumerate(self._results(node)):
            self._learn((node, number), dtype, node)

    def _complete(self, node: Node, inputs: Mapping[str, Entry]) -> None:
        """Inputs of unknown type take that of the first known one, where the operator takes one type."""
        if node.op.name == "Embedding":  # the type of the weight is an attribute, that of the data does not matter
            dtype = node.op.complete(node.attributes)["dtype"]
            inputs = {"weight": inputs["weight"]}
        else:
            dtype = next(
                (self.type(entry) for name, entry in inputs.items() if _gives(name) and self.type(entry)), None
            )
        if dtype is None:
            return
        for name, entry in inputs.items():
            if self.type(entry) is None and name not in _APART:
                # Batch normalization computes in float32 where its data have half the precision.
                wide = dtype in _HALF and name in _FOLLOWING and "moving_mean" in node.op.mutates
                self._learn(entry, torch.float32 if wide else dtype, node)

    def _look_back(self, node: Node, inputs: Mapping[str, Entry]) -> None:
        """Inputs of unknown type take that of the result, if the result has theirs whatever it is."""
        wanted = self.type((node, 0))
        entries = [entry for name, entry in inputs.items() if _gives(name)]
        if wanted is None or not entries or any(self.type(entry) is not None for entry in entries):
            return
        other = torch.float64 if wanted.is_floating_point and wanted is not torch.float64 else torch.float32
        if all((self._attempt(node, dtype) or [None])[0] is dtype for dtype in (wanted, other)):
            for entry in entries:
                self._learn(entry, wanted, node)

    def _results(self, node: Node) -> list[torch.dtype | None]:
        """The types of the results, None for those that hang on what is not known."""
        unknown = any(entry is not None and self.type(entry) is None for entry in node.inputs)
        found = [self._attempt(node, dtype) for dtype in (_CANDIDATES if unknown else _CANDIDATES[:1])]
        accepted = [types for types in found if types is not None]
        if accepted:
            return [types[0] if len(set(types)) == 1 else None for types in zip(*accepted, strict=True)]
        if not unknown:
            self._check(node)
        first = next((self.type(entry) for entry in node.inputs if entry is not None), None)
        return [node.attributes.get("dtype") or first] * node.outputs

    def _check(self, node: Node) -> None:
        """Refuse the types of a node's inputs if it takes the same shapes in other types."""
        for shapes in _shape_guesses(node):
            for dtype in _CANDIDATES:
                try:
                    self._bodies.results(node, shapes, [None if shape is None else dtype for shape in shapes])
                except Refusal:
                    continue
                self._refuse(node, shapes)

    def _refuse(self, node: Node, shapes: list[Shape | None]) -> None:
        types = [None if entry is None else self.type(entry) for entry in node.inputs]
        try:
            self._bodies.results(node, shapes, types)
        except Refusal as refusal:
            raise refused(node, [dtype and name_of(dtype) for dtype in types], refusal) from refusal

    def _attempt(self, node: Node, unknown: torch.dtype) -> list[torch.dtype] | None:
        """The types of the results if inputs of unknown type have type `unknown`; None if that is refused."""
        return result_types(self._bodies, node, [entry and (self.type(entry) or unknown) for entry in node.inputs])


def result_types(bodies: Bodies, node: Node, types: Sequence[torch.dtype | None]) -> list[torch.dtype] | None:
    """The types of a node's results for inputs of these types (None: not given), if it takes them in some shape."""
    for shapes in _shape_guesses(node):
        try:
            return bodies.types(node, shapes, types)
        except Refusal:
            continue
    return None


def _gives(name: str) -> bool:
    return name not in _APART and name not in _FOLLOWING


def _shape_guesses(node: Node) -> Iterator[list[Shape | None]]:
    """Shapes that the inputs of a node may have."""
    given = [number for number, entry in enumerate(node.inputs) if entry is not None]
    if not given:
        yield [None] * len(node.inputs)
        return
    for size, dimensions in itertools.product(_SIZES, (4, 2, 3, 1, 5)):
        guess = (size,) * dimensions
        known: list[Shape | None] = [None] * len(node.inputs)
        known[given[0]] = guess
        completed = node.op.complete_shapes(known, node.attributes)
        yield [_filled(completed[number], guess) if number in given else None for number in range(len(node.inputs))]


def _filled(shape: Shape | None, guess: Shape) -> Shape:
    return guess if shape is None else tuple([guess[0] if size < 0 else size for size in shape])
