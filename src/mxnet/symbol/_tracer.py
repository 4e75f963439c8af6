"""From a forward pass to a graph: every operator call of a thread leaves a node instead of being computed.

While `modes.tracer` is set, `ndarray._array.run` hands each call to the tracer. Its arrays are stand-ins on torch's
meta device: they have shapes and types, which a forward pass may ask for, and no values. A tracer knows which
output of which node each array stands for; arrays it has not seen are constants of the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from mxnet._modes import modes
from mxnet.base import NotTraceable
from mxnet.device import current_device
from mxnet.ndarray._array import Array, check_fits, device_of_array, paired, run, wrap
from mxnet.operators._forms import Forms
from mxnet.operators.catalogue import Operator, find
from mxnet.symbol._graph import Entry, Node

__all__ = ["Tracer", "ValueTracer"]


class Tracer:
    """Records the operators that one thread calls.

    Attributes
    ----------
    constants : dict of Node to Array
        The arrays with values that the forward pass brought in, such as anchors made in ``__init__``.
    parameters : dict of Node to object
        The variables of parameters, in the order of their first use, with the parameter of each.
    inside : list
        The blocks whose forward is being run, outermost first.
    calls : list of Node
        The operators in the order of their calls, whether the outputs need them or not.
    cuts : set of Node
        Operators whose results are constants for gradients: those called in `autograd.pause` and by `detach`.
    casts : dict
        The arrays that mixed precision has cast, by entry, type and whether that was recorded.

    Parameters
    ----------
    name_of : callable, optional
        ``name_of(parameter)`` tells the name of a parameter's variable.
    """

    def __init__(self, name_of: Callable[[Any], str] | None = None) -> None:
        self.constants: dict[Node, Array] = {}
        self.parameters: dict[Node, Any] = {}
        self.inside: list[Any] = []
        self.calls: list[Node] = []
        self.cuts: set[Node] = set()
        self.casts: dict[Any, Array] = {}
        self._name_of = name_of
        self._entries: dict[int, Entry] = {}  # by the id of an array
        self._arrays: list[Array] = []  # keeps the arrays, so that no id comes twice
        self._stand_ins: dict[int, tuple[Any, Array]] = {}  # by the id of a parameter
        self._views: dict[int, _View] = {}  # by the id of the array that shares its memory with another
        self._writes: Counter[int] = Counter()  # how often what an array shares with its views was written to
        self._recorded = False
        self._training = False

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Inside, this thread's operator calls are traced."""
        self._recorded, self._training = modes.recording, modes.training
        with self._active():
            yield

    @contextmanager
    def _active(self) -> Iterator[None]:
        before, modes.tracer = modes.tracer, self
        try:
            yield
        finally:
            modes.tracer = before

    def variable(self, array: Array, name: str, annotations: Mapping[str, str] | None = None) -> tuple[Node, Array]:
        """A new variable, and the array without values that stands for it."""
        node = Node(None, name, annotations=annotations)
        stand_in = self._stand_in(array)
        self._note(stand_in, (node, 0))
        return node, stand_in

    def parameter(self, parameter: Any, make: Callable[[], Array]) -> Array:
        """The array that stands for a parameter; `make` makes one of its shape and type."""
        if id(parameter) not in self._stand_ins:
            node, stand_in = self.variable(make(), self._name_of(parameter))
            self.parameters[node] = parameter
            self._stand_ins[id(parameter)] = parameter, stand_in
        return self._stand_ins[id(parameter)][1]

    def entry_of(self, array: Array) -> Entry:
        """What an array stands for; one that is new to the tracer becomes a constant.

        Raises
        ------
        NotTraceable
            If it has no values and was not made by an operator.
        """
        self._refresh(array)
        entry = self._entries.get(id(array))
        if entry is None:
            if array._data.is_meta:
                raise NotTraceable("an array was made by other means than operators and cannot be part of a graph")
            node = Node(None, f"const{len(self.constants)}")
            self.constants[node] = array
            entry = node, 0
            self._note(array, entry)
        return entry

    def is_traced(self, array: Array) -> bool:
        """Whether an array's values are known only when the graph runs."""
        entry = self._entries.get(id(array))
        return array._data.is_meta or (entry is not None and entry[0] not in self.constants)

    def replace(self, array: Array, new: Array) -> None:
        """Let `array` stand for the value of `new` from now on: what an assignment in place does.

        Arrays that share its memory see it.

        Raises
        ------
        NotTraceable
            If `array` is an input, a parameter or a constant: a graph writes to none of them.
        """
        self._refresh(array)
        if id(array) not in self._entries or self._entries[id(array)][0].op is None:
            raise NotTraceable("the forward pass writes to an array that was made outside of it")
        self._stand_for(array, new)
        view = self._views.get(id(array))
        if view is None:
            self._writes[id(array)] += 1
        else:
            self.replace(view.base, view.write(view.base, array))
            view.seen = self._writes_to(array)

    def share(
        self, view: Array, base: Array, read: Callable[[Array], Array], write: Callable[[Array, Array], Array]
    ) -> None:
        """Note that an array shares the memory of another.

        Parameters
        ----------
        view, base : Array
        read : callable
            ``read(base)`` gives the value of the view.
        write : callable
            ``write(base, view)`` gives that of the base, with the value of the view in its place.
        """
        if id(view) not in self._entries:
            self._note(view, self.entry_of(read(base)))
        self._views[id(view)] = _View(base, read, write, self._writes_to(base))

    def _writes_to(self, array: Array) -> int:
        while id(array) in self._views:
            array = self._views[id(array)].base
        return self._writes[id(array)]

    def _refresh(self, array: Array) -> None:
        """Let a view stand for its part of the base again, if that was written to."""
        view = self._views.get(id(array))
        if view is not None and view.seen != self._writes_to(array):
            view.seen = self._writes_to(array)
            with self._active():
                self._stand_for(array, view.read(view.base))

    def _stand_for(self, array: Array, new: Array) -> None:
        entry = self.entry_of(new)
        array._data = new._data
        self._note(array, entry)

    def run(
        self,
        op: Operator,
        inputs: Sequence[Any],
        canonical: dict[str, Any],
        out: Any,
        cls: type | None,
        device: Any,
    ) -> Any:
        """Record a call, in the place of `ndarray._array.run`; the results are arrays without values.

        Constants are computed with where the shape of the result hangs on them.
        """
        if op.dynamic and not any(isinstance(value, Array) and self.is_traced(value) for value in inputs):
            with self._paused():
                return run(op, inputs, canonical, out, cls, device)
        entries = [self.entry_of(value) if isinstance(value, Array) else None for value in inputs]
        while entries and entries[-1] is None:
            entries.pop()
        if op.modal and modes.training is not self._training:
            raise NotTraceable(f"the forward pass calls {op.name} in another mode, training or not, than its own")
        with self._paused():
            result = self._results(op, inputs, canonical, cls, device)
        results = result if isinstance(result, list) else [result]
        if not entries and op.name.startswith("_npi_") and "dtype" in op.attributes and canonical.get("dtype") is None:
            # NumPy's default type is a setting of the process that runs the graph.
            canonical = canonical | {"dtype": results[0]._data.dtype}
        node = self._call(op, canonical, entries)
        is_paused = self._recorded and not modes.recording
        if is_paused:
            self.cuts.add(node)
        for number, array in enumerate(results):
            self._note(array, (node, number))
            if is_paused and array._data.is_floating_point():
                self._note(array, (self._call(find("BlockGrad"), {}, [(node, number)]), 0))
        return result if out is None else self._store(out, results)

    def cut(self, array: Array) -> None:
        """Note that an array, which ``BlockGrad`` has made, is a constant for gradients."""
        self.cuts.add(self._entries[id(array)][0])

    def _call(self, op: Operator, canonical: dict[str, Any], entries: Sequence[Entry | None]) -> Node:
        node = Node(op, f"node_{len(self.calls)}", canonical, entries)
        self.calls.append(node)
        return node

    def _stand_in(self, array: Array) -> Array:
        data = array._data
        device = current_device() if data.is_meta else device_of_array(array)  # a meta tensor tells none
        return wrap(type(array), _without_values(data), array._tag or device)

    def _results(
        self, op: Operator, inputs: Sequence[Any], canonical: dict[str, Any], cls: type | None, device: Any
    ) -> Any:
        given = [self._stand_in(value) if isinstance(value, Array) else value for value in inputs]
        if "ctx" in op.attributes and not any(isinstance(value, Array) for value in inputs):
            canonical = canonical | {"ctx": "meta"}
        with Forms():
            result = run(op, given, canonical, None, cls, device)
        for array in result if isinstance(result, list) else [result]:
            array._data = _without_values(array._data)
            array._tag = array._tag or device or current_device()
        return result

    def _store(self, out: Any, results: list[Array]) -> Any:
        pairs = paired(out, results)
        for target, array in pairs:
            check_fits(target, array._data)
        for target, array in pairs:
            self.replace(target, array)
        return out

    @contextmanager
    def _paused(self) -> Iterator[None]:
        before, modes.tracer, modes.recording = modes.recording, None, False
        try:
            yield
        finally:
            modes.tracer, modes.recording = self, before

    def _note(self, array: Array, entry: Entry) -> None:
        self._arrays.append(array)
        self._entries[id(array)] = entry


@dataclass
class _View:
    """How an array shares the memory of another; `seen` is the number of writes it knows of."""

    base: Array
    read: Callable[[Array], Array]
    write: Callable[[Array, Array], Array]
    seen: int


class ValueTracer(Tracer):
    """A tracer that computes: for forward passes in which shapes hang on values.

    States are copied, so that operators which write to them write to the copies.
    """

    def _stand_in(self, array: Array) -> Array:
        return wrap(type(array), array._data.detach().clone(), array._tag)

    def parameter(self, parameter: Any, make: Callable[[], Array]) -> Array:
        return super().parameter(parameter, lambda: parameter.list_data()[0])

    def _results(
        self, op: Operator, inputs: Sequence[Any], canonical: dict[str, Any], cls: type | None, device: Any
    ) -> Any:
        return run(op, inputs, canonical, None, cls, device)


def _without_values(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.is_meta else torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
