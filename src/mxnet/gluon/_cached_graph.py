"""What runs a hybridized block: a graph for each form of its inputs, traced when that form first comes.

A form is everything a forward pass may ask of its arguments without reading values: nesting, shapes, types,
devices, whether the pass trains and whether it is recorded. A block whose forward pass cannot be a graph (see
`NotTraceable`) runs as it is, and its hybridized children run their own graphs.
"""

from __future__ import annotations

import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

import mxnet
from mxnet import _generators
from mxnet._modes import modes
from mxnet.base import DynamicShape, MXNetError, NotTraceable, ValuesNotKnown
from mxnet.engines._registry import Engine, find_engine
from mxnet.gluon._shape_pass import shape_only
from mxnet.gluon._structure import ARRAY, flatten, rebuild
from mxnet.ndarray._array import Array, device_of_array, read, run, wrap
from mxnet.ndarray._gradients import node_of
from mxnet.symbol._graph import Entry, Node, replay
from mxnet.symbol._tracer import Tracer, ValueTracer

if TYPE_CHECKING:
    from mxnet.gluon.block import Block, HybridBlock
    from mxnet.gluon.parameter import Parameter

__all__ = ["CachedGraph", "Trace", "trace"]

_LIMIT = 64  # forms of inputs remembered for each block
_version_of = attrgetter("_version")
_tracing = threading.RLock()  # tracing completes parameters, which two threads must not do at once
_HOME = str(Path(mxnet.__file__).parent)


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
    """

    entries: list[Entry]
    inputs: list[Node]
    parameters: dict[Node, Parameter]
    constants: dict[Node, Array]
    structure: Any
    classes: list[type]


def trace(block: HybridBlock, args: Sequence[Any], with_values: bool = False) -> Trace:
    """Run a block's forward without values and return the graph it leaves; shapes of parameters are completed.

    Parameters
    ----------
    block : HybridBlock
    args : sequence
        As `forward` takes them.
    with_values : bool, default False
        Compute, on copies of the states, for a forward pass in which shapes hang on values.

    Raises
    ------
    NotTraceable
        If the forward pass cannot be a graph.
    ValuesNotKnown
        If it reads values; the message names the block and the line.
    """
    names = {id(parameter): name for name, parameter in block._named_params("")}
    tracer = (ValueTracer if with_values else Tracer)(lambda parameter: names.get(id(parameter), parameter.name))
    arrays: list[Array] = []
    structure = flatten(tuple(args), arrays)
    inputs, stand_ins = [], []
    for number, array in enumerate(arrays):
        name = "data" if len(arrays) == 1 else f"data{number}"
        node, stand_in = tracer.variable(array, name, {"__profiler_scope__": "<unk>:"})
        inputs.append(node)
        stand_ins.append(stand_in)
    recording, training = modes.recording, modes.training
    try:
        with shape_only(), device_of_array(arrays[0]):
            modes.recording, modes.training = recording, training
            with tracer.tracing():
                output = block._forward_completed(*rebuild(structure, iter(stand_ins)))
    except ValuesNotKnown as error:
        raise ValuesNotKnown(f"{_where(block, tracer, error.__traceback__)}: {error}") from error
    outputs: list[Array] = []
    structure = flatten(output, outputs)
    entries = [tracer.entry_of(array) for array in outputs]
    return Trace(entries, inputs, tracer.parameters, tracer.constants, structure, [type(array) for array in outputs])


def _where(root: Block, tracer: Tracer, stack: TracebackType | None) -> str:
    """The innermost block and the user's line that an error came from."""
    frames = traceback.extract_tb(stack)
    users = [frame for frame in frames if not frame.filename.startswith(_HOME)] or frames
    line = users[-1]
    block = tracer.inside[-1] if tracer.inside else root
    path = _path_to(root, block)
    named = f"{type(block).__name__}{f' ({path})' if path else ''}"
    return f"{named}, {line.filename}, line {line.lineno}, in {line.name}: {line.line}"


def _path_to(root: Block, block: Block) -> str | None:
    pending = [("", root)]
    while pending:
        path, each = pending.pop()
        if each is block:
            return path.rstrip(".")
        pending.extend((f"{path}{name}.", child) for name, child in each._child_blocks())
    return None


class _Untraced:
    """What stands in the place of a plan for a block that no graph can hold."""

    def __init__(self, block: HybridBlock) -> None:
        self.watched = _everything_below(block)
        self.version = self._version_now()

    def is_current(self) -> bool:
        """Whether no block and no parameter below has changed its make since."""
        return self._version_now() == self.version

    def _version_now(self) -> int:
        return sum(map(_version_of, self.watched))


class _Plan(_Untraced):
    """A trace, compiled for one form of inputs."""

    def __init__(self, block: HybridBlock, traced: Trace, arrays: Sequence[Array], engine: Engine) -> None:
        self.trace = traced
        for parameter in _in_order_of_completion(block, traced):
            parameter._finish_deferred_init()
        self.parameters = list(traced.parameters.values())
        self.constants = list(traced.constants.values())
        super().__init__(block)
        tensors = self._tensors(arrays)
        variables = [*traced.inputs, *traced.parameters, *traced.constants]
        examples = [_example(tensor) for tensor in tensors]
        self.compiled = engine(traced.entries, variables, examples, modes.training)
        self.function = self.compiled.function
        # An input that is returned as it is stays the array it was.
        numbers = {id(node): number for number, node in enumerate(traced.inputs)}
        self.passed = {
            place: numbers[id(node)] for place, (node, _) in enumerate(traced.entries) if id(node) in numbers
        }
        self.single = traced.structure is ARRAY

    def run(self, arrays: Sequence[Array]) -> Any:
        tensors = self._tensors(arrays)
        results = self.function(*tensors)
        tag = arrays[0]._tag
        classes = self.trace.classes
        outputs = [wrap(cls, tensor, tag) for cls, tensor in zip(classes, results, strict=True)]
        for place, number in self.passed.items():
            outputs[place] = arrays[number]
        if modes.recording:
            self._note_dead_ends(arrays, tensors, outputs)
        return outputs[0] if self.single else rebuild(self.trace.structure, iter(outputs))

    def run_observed(self, arrays: Sequence[Array], hooks: Sequence[tuple[Callable[..., Any], bool]]) -> Any:
        """`run` operator by operator, with every hook called; see `HybridBlock.register_op_hook`."""
        graph = self.trace
        values = {id(node): array for node, array in zip(graph.inputs, arrays, strict=True)}
        values |= {id(node): parameter.data_for(arrays[0]) for node, parameter in graph.parameters.items()}
        values |= {id(node): array for node, array in graph.constants.items()}

        def call(node: Node, inputs: list[Any]) -> list[Any]:
            result = run(node.op, inputs, node.attributes, cls=graph.classes[0])
            results = result if isinstance(result, list) else [result]
            for callback, monitor_all in hooks:
                for name, array in _named(node, inputs, results, monitor_all):
                    callback(name, node.op.name, array.as_nd_ndarray())
            return results

        return rebuild(graph.structure, iter(replay(graph.entries, values, call)))

    def _tensors(self, arrays: Sequence[Array]) -> list[torch.Tensor]:
        recording = modes.recording
        tensors = [read(array, recording) for array in arrays]
        first = arrays[0]
        for parameter in self.parameters:
            array = parameter.data_for(first)
            data = array._data
            if recording:
                mark = array._mark
                if mark is not None and mark.leaf is not None:
                    data = mark.leaf
            elif data.requires_grad:
                data = data.detach()
            tensors.append(data)
        for array in self.constants:
            tensors.append(read(array, recording).to(first._data.device))
        return tensors

    def _note_dead_ends(
        self, arrays: Sequence[Array], tensors: Sequence[torch.Tensor], outputs: Sequence[Array]
    ) -> None:
        """Gradients of zero are due where operators without a derivative end the graph: see `_gradients`."""
        ended = [tensors[number] for number in self.compiled.beyond]
        dead_ends = frozenset([node_of(tensor) for tensor in ended if tensor.requires_grad])
        for array in arrays:
            if array._dead_ends is not None and array._epoch == modes.epoch:
                dead_ends |= array._dead_ends
        if dead_ends:
            for output in outputs:
                output._dead_ends = dead_ends


class CachedGraph:
    """The plans of one hybridized block.

    Attributes
    ----------
    latest : Trace or None
        The graph that was traced or restored last: what `export` writes.
    refusal : str
        Why there is none, if the block cannot be a graph.

    Parameters
    ----------
    partition_if_dynamic : bool, default True
        Whether a block that cannot be a graph runs in parts.
    backend : str, default 'torch'
        The engine that runs the graphs.
    """

    def __init__(self, partition_if_dynamic: bool = True, backend: str = "torch") -> None:
        self._partition = partition_if_dynamic
        self._backend = backend
        self._engine = find_engine(backend)
        self._plans: OrderedDict[Any, _Plan | _Untraced] = OrderedDict()
        self._restored: Trace | None = None
        self.latest: Trace | None = None
        self.refusal = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return CachedGraph, (self._partition, self._backend)  # a copied block traces anew

    def is_for(self, backend: str) -> bool:
        """Whether its graphs run on that engine."""
        return self._backend.lower() == backend.lower()

    def restore(self, restored: Trace) -> None:
        """Take a graph from a file for the forward passes to come, instead of tracing."""
        self._plans.clear()
        self._restored = self.latest = restored

    def plan_for(self, block: HybridBlock, args: tuple[Any, ...]) -> tuple[_Plan | None, Sequence[Array]]:
        """The graph for inputs of this form, traced first if the form is new, and the arrays it runs on.

        It is None if the block is to run without a graph.
        """
        if len(args) == 1 and isinstance(args[0], Array):
            arrays: Sequence[Array] = args
            form: Any = _form_of(args[0])
        else:
            arrays = []
            structure = flatten(args, arrays)
            form = (structure, *[_form_of(array) for array in arrays])
            if not arrays or not _is_hashable(form):
                return None, arrays
        plan = self._plan((form, modes.training, modes.recording), block, args, arrays)
        return (plan if type(plan) is _Plan else None), arrays

    def _plan(self, key: Any, block: HybridBlock, args: Sequence[Any], arrays: Sequence[Array]) -> _Plan | _Untraced:
        try:
            plan = self._plans[key]
            if plan.is_current():
                self._plans.move_to_end(key)
                return plan
        except KeyError:
            pass
        with _tracing:
            plan = self._traced(block, args, arrays)
            self._plans[key] = plan
            if len(self._plans) > _LIMIT:
                self._plans.popitem(last=False)
        return plan

    def _traced(self, block: HybridBlock, args: Sequence[Any], arrays: Sequence[Array]) -> _Plan | _Untraced:
        fits = self._restored is not None and len(self._restored.inputs) == len(arrays)
        try:
            graph = self._restored if fits else trace(block, args)
            plan = _Plan(block, graph, arrays, self._engine)
        except NotTraceable as error:
            if not self._partition:
                name = type(block).__name__
                raise MXNetError(
                    f"{name} cannot be one graph: {error}. With partition_if_dynamic=True it runs in parts"
                ) from error
            self.refusal = str(error)
            if isinstance(error, DynamicShape):
                self.latest = _with_values(block, args)
            return _Untraced(block)
        self.latest = graph
        return plan


def _with_values(block: HybridBlock, args: Sequence[Any]) -> Trace | None:
    """The graph of a forward pass in which shapes hang on values, for files: one computed for these inputs.

    None if it is no graph for other reasons.
    """
    for parameter in block._unique_params():
        parameter._finish_deferred_init()
    state = _generators.get_state()
    try:
        return trace(block, args, with_values=True)
    except NotTraceable:
        return None
    finally:
        _generators.set_state(state)


def _named(node: Node, inputs: list[Any], results: list[Any], with_inputs: bool) -> Iterator[tuple[str, Array]]:
    """The arrays of an operator's call, named as MXNet names them."""
    if with_inputs:
        places = [f"arg{number}" for number in range(len(inputs))] if node.op.variadic else node.op.inputs
        for place, array in zip(places, inputs, strict=False):
            if array is not None:
                yield f"{node.name}_{place}", array
    for number, array in enumerate(results):
        yield f"{node.name}_output{number if len(results) > 1 else ''}", array


def _is_hashable(form: Any) -> bool:
    """Whether forms can be told apart by it: an argument such as a NumPy array has values only."""
    try:
        hash(form)
    except TypeError:
        return False
    return True


def _form_of(array: Array) -> tuple[Any, ...]:
    data = array._data
    marked = modes.recording and (data.requires_grad or (array._mark is not None and array._mark.leaf is not None))
    return array.__class__, data.shape, data.dtype, data.device, array._tag, marked


def _example(tensor: torch.Tensor) -> torch.Tensor:
    example = torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
    return example.requires_grad_(tensor.requires_grad)


def _everything_below(block: Block) -> list[Any]:
    """The block, all blocks below it, and their parameters."""
    pending, found = [block], {}
    while pending:
        each = pending.pop()
        if id(each) not in found:
            found[id(each)] = each
            found |= {id(parameter): parameter for parameter in each._reg_params.values()}
            pending.extend(child for _, child in each._child_blocks())
    return list(found.values())


def _in_order_of_completion(block: Block, traced: Trace) -> list[Parameter]:
    """Parameters in the order an eager forward pass initializes them, then those it does not use."""
    used = list(traced.parameters.values())
    seen = {id(parameter) for parameter in used}
    return used + [parameter for parameter in block._unique_params() if id(parameter) not in seen]
