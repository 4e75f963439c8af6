"""A traced graph that runs: tensors are gathered from arrays and parameters, and the results become arrays again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from mxnet import _dtype
from mxnet._modes import modes
from mxnet.base import MXNetError
from mxnet.engines._torch import Compiled, compile_graph
from mxnet.engines._training import Training
from mxnet.engines._watched import Watched
from mxnet.engines.engine import Engine
from mxnet.gluon._changes import changes
from mxnet.gluon._structure import ARRAY, rebuild
from mxnet.ndarray._array import Array, read, run, wrap
from mxnet.ndarray._gradients import node_of
from mxnet.ndarray.ndarray import NDArray
from mxnet.symbol._graph import Entry, Node, replay

if TYPE_CHECKING:
    from mxnet.gluon.block import Block, HybridBlock
    from mxnet.gluon.parameter import Parameter

__all__ = ["Plan", "Trace", "Untraced", "form_in_words"]

_data_of = attrgetter("_data")
_version_of = attrgetter("_version")
_requires_grad = attrgetter("requires_grad")


class Trace(NamedTuple):
    """The graph of one forward pass.

    Attributes
    ----------
    entries : list of Entry
    inputs : list of Node
        Variables of the inputs: ``data``, or ``data0``, ``data1``, ...
    parameters : dict of Node to Parameter
    constants : dict of Node to Array
    structure : object
        How the outputs are nested, as `flatten` tells it.
    classes : list of type
        The class of each output.
    given : object
        How the arguments are nested.
    calls : list of Node
        The operators in the order of their calls, whether the outputs need them or not. Empty for a graph from a
        file: it has those that are needed.
    cuts : set of Node
        Operators whose results are constants for gradients.
    forms : sequence of (tuple of int, torch.dtype)
        Shape and type of each input of that pass; empty if they are not known.
    """

    entries: list[Entry]
    inputs: list[Node]
    parameters: dict[Node, Parameter]
    constants: dict[Node, Array]
    structure: Any
    classes: list[type]
    given: Any
    calls: Sequence[Node] = ()
    cuts: frozenset[Node] = frozenset()
    forms: Sequence[tuple[tuple[int, ...], torch.dtype]] = ()


class Untraced:
    """What stands in the place of a plan for a block that no graph can hold."""

    def __init__(self, block: HybridBlock) -> None:
        # The block itself is left out: it holds the plan, and goes out of scope with the last name for it.
        self._below = _everything_below(block)
        self._make = self._make_of(block)

    def is_current(self, block: HybridBlock) -> bool:
        """Whether neither the block nor a block or parameter below has changed its make since."""
        return self._make_of(block) == self._make

    def _make_of(self, block: HybridBlock) -> Any:
        hooks = [
            len(each._forward_hooks) + len(each._forward_pre_hooks)
            for each in self._below
            if hasattr(each, "_forward_hooks")
        ]
        return block._version, sum(map(_version_of, self._below)), sum(hooks)


class Plan(Untraced):
    """A trace, compiled for one form of inputs; made with the modes of recording and training it is for.

    Parameters
    ----------
    block : HybridBlock
        Its parameters are initialized if they wait for it.
    traced : Trace
    arrays : sequence of Array
        Inputs of that form.
    engine : Engine, optional
        What compiles the graph if it predicts; default torch's calls, one by one.
    training : Training, optional
        What compiles it if it is recorded; default torch's calls.
    """

    def __init__(
        self,
        block: HybridBlock,
        traced: Trace,
        arrays: Sequence[Array],
        engine: Engine | None = None,
        training: Training | None = None,
    ) -> None:
        self.trace = traced
        for parameter in _in_order_of_completion(block, traced):
            parameter._finish_deferred_init()
        super().__init__(block)
        self._seen: Any = None  # the latest change anywhere when the block was looked at
        self._held: tuple[Any, list[Array]] = None, []  # a latest change, and the parameters' arrays since
        self._moved: dict[int, tuple[torch.Tensor, int, torch.Tensor]] = {}  # constants that were on another device
        self._name = type(block).__name__
        self._parameters = list(traced.parameters.values())
        self._constants = list(traced.constants.values())
        self._variables = [*traced.inputs, *traced.parameters, *traced.constants]
        self._arrange(traced)
        self._watched: Watched | None = None
        self._training = training if modes.recording else None
        self._notes: dict[str, str] = {}
        if engine is not None and not (modes.training or modes.recording):
            weights = [*traced.parameters, *traced.constants]
            sample = [read(array, False) for array in arrays]
            self._watched = Watched(engine, self._made, traced.inputs, weights, sample, self._weights(arrays[0]))
        else:
            self.compiled = self._compile(self.tensors(arrays))

    def is_current(self, block: HybridBlock) -> bool:
        latest = changes.latest
        if self._seen is not latest:
            if self._make_of(block) != self._make:
                return False
            self._seen = latest
        return True

    def _make_of(self, block: HybridBlock) -> Any:
        return block._version + sum(map(_version_of, self._below))

    def _arrange(self, traced: Trace) -> None:
        """Find out what the outputs are: results, one perhaps several times, or arrays that were there before."""
        numbers = {id(node): number for number, node in enumerate(self._variables)}
        heads = list(zip(traced.entries, traced.classes, strict=True))
        made = {head: place for place, head in enumerate(dict.fromkeys(h for h in heads if id(h[0][0]) not in numbers))}
        self._made = [entry for entry, _ in made]
        self._classes = [cls for _, cls in made]
        self._places = [made[head] if head in made else ~numbers[id(head[0][0])] for head in heads]
        self._single = traced.structure is ARRAY and bool(made)

    def _compile(self, tensors: Sequence[torch.Tensor]) -> tuple[Compiled, list[bool]]:
        """The graph's function, and which of its arguments require a gradient."""
        traced = self.trace
        examples = [_example(tensor) for tensor in tensors]
        compiled = compile_graph(
            self._made, self._variables, examples, modes.training, calls=traced.calls, cuts=traced.cuts
        )
        if self._training is not None:
            forms = ", ".join(form_in_words(tensor) for tensor in tensors[: len(traced.inputs)])
            program = self._training.compiled(compiled, tensors, f"{self._name} on {forms}")
            self._notes = program.notes
            compiled = compiled._replace(function=program.function)
        return compiled, [tensor.requires_grad for tensor in tensors]

    @property
    def notes(self) -> dict[str, str]:
        """What there is to tell of the engine that compiled it; nothing for torch's calls one by one."""
        return self._watched.notes if self._watched is not None else self._notes

    def run(self, arrays: Sequence[Array]) -> Any:
        """The outputs for inputs of the form that the plan is for.

        Raises
        ------
        MXNetError
            If an operator refuses the values.
        """
        if self._watched is None:
            made = self._run_on_torch(arrays)
        else:
            first = arrays[0]
            results = self._called(self._watched, [read(array, False) for array in arrays], self._weights(first))
            made = [wrap(cls, tensor, first._tag) for cls, tensor in zip(self._classes, results, strict=True)]
        if self._single:
            return made[0]
        outputs = [
            made[place] if place >= 0 else _as_class(self._array(~place, arrays), cls)
            for place, cls in zip(self._places, self.trace.classes, strict=True)
        ]
        return rebuild(self.trace.structure, iter(outputs))

    def _run_on_torch(self, arrays: Sequence[Array]) -> list[Array]:
        tensors = self.tensors(arrays)
        compiled, differentiable = self.compiled
        if modes.recording and list(map(_requires_grad, tensors)) != differentiable:
            self.compiled = compiled, _ = self._compile(tensors)
        results = self._called(compiled.function, *tensors)
        tag = arrays[0]._tag
        made = [wrap(cls, tensor, tag) for cls, tensor in zip(self._classes, results, strict=True)]
        if modes.recording:
            self._note_dead_ends(arrays, tensors, made, compiled)
        return made

    def _called(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except MXNetError:
            raise
        except Exception as error:  # engines raise what the libraries behind them do
            raise MXNetError(f"{self._name}, as a graph: {error}") from error

    def run_observed(self, arrays: Sequence[Array], hooks: Sequence[tuple[Callable[..., Any], bool]]) -> Any:
        """`run` operator by operator, with every hook called; see `HybridBlock.register_op_hook`."""
        graph = self.trace
        values = {id(node): self._array(number, arrays) for number, node in enumerate(self._variables)}

        def call(node: Node, inputs: list[Any]) -> list[Any]:
            result = run(node.op, inputs, node.attributes, cls=graph.classes[0])
            results = result if isinstance(result, list) else [result]
            for callback, monitor_all in hooks:
                for name, array in _named(node, inputs, results, monitor_all):
                    callback(name, node.op.name, array.as_nd_ndarray())
            return results

        return rebuild(graph.structure, iter(replay(graph.entries, values, call, graph.calls)))

    def tensors(self, arrays: Sequence[Array]) -> list[torch.Tensor]:
        """The arguments of the graph's function: in torch's graph while recording, outside of it otherwise."""
        recording = modes.recording
        first = arrays[0]
        tensors = [read(array, recording) for array in arrays]
        held = self._parameters_for(first)
        # `read`, written out: a network has hundreds of parameters.
        if recording:
            tensors += [
                leaf
                if (mark := array._mark) is not None and (leaf := mark.leaf) is not None
                else (read(array, True) if array._data.requires_grad else array._data)
                for array in held
            ]
        else:
            tensors += [array._data for array in held]
            if any(map(_requires_grad, tensors)):
                tensors = [tensor.detach() for tensor in tensors]
        tensors += [read(array, recording).to(first._data.device) for array in self._constants]
        return tensors

    def _weights(self, first: Array) -> list[torch.Tensor]:
        """What the engine's function was compiled with: the same tensors as long as nobody exchanges them."""
        weights = list(map(_data_of, self._parameters_for(first)))
        if self._constants:
            device = first._data.device
            weights += [self._constant(number, array._data, device) for number, array in enumerate(self._constants)]
        return weights

    def _parameters_for(self, first: Array) -> list[Array]:
        """The parameters' arrays on the device of the inputs, which is the same in every call."""
        latest = changes.latest
        seen, held = self._held
        if seen is not latest:
            held = [param.data_for(first) for param in self._parameters]
            self._held = latest, held
        return held

    def _constant(self, number: int, data: torch.Tensor, device: torch.device) -> torch.Tensor:
        """A constant on a device; moved there once for each change of it."""
        if data.device == device:
            return data
        source, version, moved = self._moved.get(number, (None, 0, data))
        if source is not data or version != data._version:
            moved = data.detach().to(device)
            self._moved[number] = data, data._version, moved
        return moved

    def _array(self, number: int, arrays: Sequence[Array]) -> Array:
        """The array of a variable."""
        if number < len(arrays):
            return arrays[number]
        number -= len(arrays)
        if number < len(self._parameters):
            return self._parameters[number].data_for(arrays[0])
        return self._constants[number - len(self._parameters)]

    def _note_dead_ends(
        self, arrays: Sequence[Array], tensors: Sequence[torch.Tensor], made: Sequence[Array], compiled: Compiled
    ) -> None:
        """Gradients of zero are due where operators without a derivative end the graph: see `_gradients`."""
        first = len(arrays) + len(self._parameters)
        given = {
            number: array._dead_ends
            for number, array in (*enumerate(arrays), *enumerate(self._constants, first))
            if array._dead_ends is not None and array._epoch == modes.epoch
        }
        for array, origin in zip(made, compiled.origins, strict=True):
            if origin.ended or given:
                ended = frozenset([node_of(tensors[number]) for number in origin.ended])
                array._dead_ends = ended.union(*[given[n] for n in origin.reached if n in given]) or None


def _as_class(array: Any, cls: type) -> Array:
    """An array that was there before, or its other face over the same memory."""
    if type(array) is cls:
        return array
    return array.as_nd_ndarray() if cls is NDArray else array.as_np_ndarray()


def _named(node: Node, inputs: list[Any], results: list[Any], with_inputs: bool) -> Iterator[tuple[str, Array]]:
    """The arrays of an operator's call, named as MXNet names them."""
    if with_inputs:
        places = [f"arg{number}" for number in range(len(inputs))] if node.op.variadic else node.op.inputs
        for place, array in zip(places, inputs, strict=False):
            if array is not None:
                yield f"{node.name}_{place}", array
    for number, array in enumerate(results):
        yield f"{node.name}_output{number if len(results) > 1 else ''}", array


def form_in_words(form: torch.Tensor | tuple[tuple[int, ...], torch.dtype]) -> str:
    """Shape and type of a tensor."""
    shape, dtype = (form.shape, form.dtype) if isinstance(form, torch.Tensor) else form
    return f"{tuple(shape)} {_dtype.name_of(dtype)}"


def _example(tensor: torch.Tensor) -> torch.Tensor:
    example = torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
    return example.requires_grad_(tensor.requires_grad)


def _everything_below(block: Block) -> list[Any]:
    """All blocks below a block, and their parameters and its own."""
    pending, found = [block], {}
    while pending:
        each = pending.pop()
        if id(each) not in found:
            found[id(each)] = each
            found |= {id(parameter): parameter for parameter in each._reg_params.values()}
            pending.extend(child for _, child in each._child_blocks())
    del found[id(block)]
    return list(found.values())


def _in_order_of_completion(block: Block, traced: Trace) -> list[Parameter]:
    """Parameters in the order an eager forward pass initializes them; those of blocks that it does not call wait."""
    used = list(traced.parameters.values())
    seen = {id(parameter) for parameter in used}
    others = [parameter for parameter in block._unique_params() if id(parameter) not in seen]
    return used + [parameter for parameter in others if parameter._shape_is_known()]
