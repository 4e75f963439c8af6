"""The shapes in a graph: what follows from those that are known, forwards and backwards.

A dimension that is not known is a negative number, and equal ones have equal numbers. What becomes of it in an
operator shows by running the body with two different sizes put in its place: a size of the result that is the same
both times is known, and one that is both times what was put in is that dimension.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch

from mxnet.base import MXNetError
from mxnet.symbol._abstract import Bodies, Refusal, Shape, refused
from mxnet.symbol._graph import Entry, Node
from mxnet.symbol._known import annotated_shape, annotated_type
from mxnet.symbol._worklist import Worklist

__all__ = ["Partial", "ShapeSolver", "is_open"]

Partial = Sequence[int | None]
"""A shape with None for dimensions that are not known."""

_PROBES = ((20011,), (20011, 20021), (20011, 20021, 20023), (20011, 20021, 20023, 20029))


def is_open(node: Node) -> bool:
    """Whether a node makes an array with sizes left open: in MXNet 1.x a size of 0 is whatever fits.

    States of recurrent networks start as ``zeros(shape=(0, 200))``: the batch is not known when they are made.
    """
    if node.op is None or any(node.inputs) or node.op.name.startswith("_npi_"):
        return False
    shape = node.attributes.get("shape")
    return isinstance(shape, tuple) and 0 in shape


class _Sizes:
    """The numbers that stand for dimensions not known, and what became of them."""

    def __init__(self) -> None:
        self._became: dict[int, int] = {}
        self._last = 0

    def new(self) -> int:
        self._last -= 1
        return self._last

    def now(self, size: int) -> int:
        """What is known of a size now: itself, or what it was found equal to."""
        path = []
        while size in self._became:
            path.append(size)
            size = self._became[size]
        for passed in path:
            self._became[passed] = size
        return size

    def equate(self, one: int, other: int) -> int | None:
        """Note that two sizes are equal; returns the number this replaces, None if it is no news.

        Raises
        ------
        ValueError
            If both are known and differ.
        """
        one, other = self.now(one), self.now(other)
        if one == other:
            return None
        if one >= 0 and other >= 0:
            raise ValueError
        if one >= 0:
            one, other = other, one
        self._became[one] = other
        return one


class ShapeSolver:
    """Finds the shape of every entry of a graph, as far as it follows.

    Parameters
    ----------
    entries : iterable of Entry
    known : mapping of str to Partial
        Shapes of variables by name; where there is none, the variable's annotation counts.
    zero_is_size : bool
        Whether a size of 0 that an operator is told to make, and that nothing contradicts, is 0, not unknown.

    Raises
    ------
    MXNetError
        If shapes contradict each other.
    """

    def __init__(self, entries: Iterable[Entry], known: Mapping[str, Partial], zero_is_size: bool = True) -> None:
        self._work = Worklist(entries)
        self._sizes = _Sizes()
        self._bodies = Bodies()
        self._shapes: dict[tuple[int, int], Shape] = {}
        self._types: dict[tuple[int, int], torch.dtype] = {}
        self._makers: dict[int, list[Node]] = {}  # the nodes whose results have a dimension that is not known
        self._finished: set[int] = set()
        for node in self._work.nodes:
            if node.op is None:
                self._start(node, known)
        self._work.run(self._visit)
        if zero_is_size:
            for node in filter(is_open, self._work.nodes):
                self._learn((node, 0), [0 if size < 0 else size for size in self.shape((node, 0))], node)
            self._work.run(self._visit)

    def shape(self, entry: Entry) -> Shape | None:
        """The shape of an entry: negative numbers are dimensions not known; None if not even their number is."""
        found = self._shapes.get((id(entry[0]), entry[1]))
        return None if found is None else tuple([self._sizes.now(size) for size in found])

    def _start(self, variable: Node, known: Mapping[str, Partial]) -> None:
        self._types[id(variable), 0] = annotated_type(variable) or torch.float32
        shape = known.get(variable.name, annotated_shape(variable))
        if shape is not None:
            self._learn((variable, 0), shape, variable)

    def _learn(self, entry: Entry, shape: Partial, at: Node) -> None:
        """Note what `at` tells of an entry's shape."""
        key = (id(entry[0]), entry[1])
        before = self._shapes.get(key)
        if before is None:
            self._shapes[key] = new = tuple([self._sizes.new() if size is None else size for size in shape])
            for size in new:
                if size < 0:
                    self._makers.setdefault(self._sizes.now(size), []).append(entry[0])
            self._work.changed(entry[0])
            return
        try:
            for size, other in zip(before, shape, strict=True):
                if other is not None:
                    self._equate(size, other)
        except ValueError:
            raise self._conflict(entry, shape, at) from None

    def _equate(self, size: int, other: int) -> None:
        replaced = self._sizes.equate(size, other)
        if replaced is None:
            return
        nodes = self._makers.pop(replaced, [])
        now = self._sizes.now(replaced)
        if now < 0:
            self._makers.setdefault(now, []).extend(nodes)
        for node in nodes:
            self._work.changed(node)

    def _conflict(self, entry: Entry, shape: Partial, at: Node) -> MXNetError:
        asked = _readable([None if size is None else self._sizes.now(size) for size in shape])
        what = "variable" if entry[0].op is None else f"result {entry[1]} of {entry[0].op.name}"
        return MXNetError(
            f"shapes contradict each other: operator {at.name!r} ({at.op.name}) asks for {asked} where "
            f"{entry[0].name!r} ({what}) has {_readable(self.shape(entry))}"
        )

    def _visit(self, node: Node) -> None:
        if id(node) in self._finished:
            return
        self._complete(node)
        self._look_back(node)
        shapes = self._input_shapes(node)
        if any(entry is not None and shape is None for entry, shape in zip(node.inputs, shapes, strict=True)):
            return
        for number, shape in enumerate(self._results(node, shapes)):
            if shape is not None:
                self._learn((node, number), shape, node)
        if all(size >= 0 for shape in shapes if shape is not None for size in shape):
            self._finished.add(id(node))

    def _input_shapes(self, node: Node) -> list[Shape | None]:
        return [None if entry is None else self.shape(entry) for entry in node.inputs]

    def _complete(self, node: Node) -> None:
        """What the operator's own rules tell of its inputs."""
        shapes = [_unnumbered(shape) for shape in self._input_shapes(node)]
        results = [_unnumbered(self.shape((node, number))) for number in range(node.outputs)]
        for entry, shape in zip(node.inputs, node.op.complete_shapes(shapes, node.attributes, results), strict=True):
            if entry is not None and shape is not None:
                self._learn(entry, [None if size < 0 else size for size in shape], node)

    def _look_back(self, node: Node) -> None:
        """The inputs of an operator that only arranges sizes follow from its result."""
        inputs = [entry for entry in node.inputs if entry is not None]
        result = self.shape((node, 0))
        if result is None or not inputs or any(self.shape(entry) is not None for entry in inputs):
            return
        origin = self._arrangement(node, len(inputs), len(result))
        if origin is not None:
            for entry in inputs:
                self._learn(entry, [result[axis] for axis in origin], node)

    def _arrangement(self, node: Node, inputs: int, dimensions: int) -> list[int] | None:
        """Which axes of a result of so many dimensions the axes of the inputs are; None if the result does not tell.

        It tells if its rank belongs to one rank of the inputs, and every size of theirs is one of its own.
        """
        if inputs > 1 and (node.op.inputs != ("lhs", "rhs") or None in node.inputs):
            return None
        fitting = []
        for probe in _PROBES:
            result = self._try(node, [probe] * inputs)
            if inputs > 1 and self._try(node, [probe, (1,) * len(probe)]) is not None:
                return None  # it broadcasts
            if result is not None and len(result) == dimensions:
                fitting.append((probe, result))
        if len(fitting) != 1 or any(fitting[0][1].count(size) != 1 for size in fitting[0][0]):
            return None
        probe, result = fitting[0]
        return [result.index(size) for size in probe]

    def _try(self, node: Node, shapes: list[Shape]) -> Shape | None:
        """The shape of a node's first result for some shapes of its inputs; None if it refuses them."""
        given = iter(shapes)
        results = self._attempt(node, [None if entry is None else next(given) for entry in node.inputs])
        return None if results is None else results[0]

    def _input_types(self, node: Node) -> list[torch.dtype | None]:
        entries = [None if entry is None else (id(entry[0]), entry[1]) for entry in node.inputs]
        return [None if key is None else self._types.get(key, torch.float32) for key in entries]

    def _results(self, node: Node, shapes: list[Shape | None]) -> list[Partial | None]:
        unknown = list(dict.fromkeys(size for shape in shapes if shape is not None for size in shape if size < 0))
        if not unknown:
            return self._exact_results(node, shapes)
        for first, second in _trials(len(unknown)):
            one = self._with_sizes(node, shapes, dict(zip(unknown, first, strict=True)))
            other = self._with_sizes(node, shapes, dict(zip(unknown, second, strict=True)))
            if one is not None and other is not None:
                meaning = dict(zip(zip(first, second, strict=True), unknown, strict=True))
                if len(meaning) < len(unknown):
                    meaning = {}
                return [_in_common(a, b, meaning) for a, b in zip(one, other, strict=True)]
        return self._results_for_some_sizes(node, shapes, unknown)

    def _results_for_some_sizes(
        self, node: Node, shapes: list[Shape | None], unknown: Sequence[int]
    ) -> list[Partial | None]:
        """The results where unknown sizes cannot be any: 1, or a size that occurs beside them, may do."""
        occurring = {size for shape in shapes if shape is not None for size in shape if size > 0}
        tried = [self._with_sizes(node, shapes, dict.fromkeys(unknown, size)) for size in sorted({1, *occurring})]
        taken = [results for results in tried if results is not None]
        if not taken:
            return []
        # One alone does not tell which sizes hang on it.
        other = taken[-1] if len(taken) > 1 else [(-1,) * len(shape) for shape in taken[0]]
        return [_in_common(a, b, {}) for a, b in zip(taken[0], other, strict=True)]

    def _exact_results(self, node: Node, shapes: list[Shape | None]) -> list[Partial | None]:
        try:
            results = self._run(node, shapes)
        except Refusal as refusal:
            raise refused(node, shapes, refusal) from refusal
        if is_open(node):
            return [[size or None for size in shape] for shape in results or []]
        return results or []

    def _with_sizes(self, node: Node, shapes: list[Shape | None], sizes: Mapping[int, int]) -> list[Shape] | None:
        """The results' shapes with sizes put in for dimensions that are not known; None if they are refused."""
        put = [None if shape is None else tuple([sizes.get(size, size) for size in shape]) for shape in shapes]
        return self._attempt(node, put)

    def _attempt(self, node: Node, shapes: list[Shape | None]) -> list[Shape] | None:
        try:
            return self._run(node, shapes)
        except Refusal:
            return None

    def _run(self, node: Node, shapes: list[Shape | None]) -> list[Shape] | None:
        """The results' shapes; None if they hang on values."""
        results = self._bodies.shapes(node, shapes, self._input_types(node))
        if results is None:
            return None
        for number, (_, dtype) in enumerate(results):
            self._types[id(node), number] = dtype
        return [shape for shape, _ in results]


def _trials(count: int) -> list[tuple[list[int], list[int]]]:
    """Two sets of sizes to put in for `count` dimensions: first all different, then all alike.

    Windows fit into them, and they have divisors, so that they can be split; the more of them there are, the
    smaller, for a body may make something of their product.
    """
    unit = {1: 720, 2: 48}.get(count, 12)
    different = [unit * (17 + i) for i in range(count)], [unit * (29 + 3 * i) for i in range(count)]
    alike = [unit * 17] * count, [unit * 29] * count
    return [different] if count == 1 else [different, alike]


def _unnumbered(shape: Shape | None) -> Shape | None:
    """A shape as operators' rules take it: -1 for every size not known."""
    return None if shape is None else tuple([max(size, -1) for size in shape])


def _in_common(one: Shape, other: Shape, meaning: Mapping[tuple[int, int], int]) -> Partial | None:
    if len(one) != len(other):
        return None
    return [a if a == b else meaning.get((a, b)) for a, b in zip(one, other, strict=True)]


def _readable(shape: Partial | None) -> str:
    if shape is None:
        return "an unknown shape"
    return f"shape {tuple([-1 if size is None or size < 0 else size for size in shape])}"
