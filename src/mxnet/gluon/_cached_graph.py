"""What runs a hybridized block: a graph for each form of its inputs, traced when that form first comes.

A form is everything a forward pass may ask of its arguments without reading values: nesting, shapes, types,
devices, whether the pass trains, whether it is recorded and which mixed precision is on. A block whose forward pass
cannot be a graph (see `NotTraceable`) runs as it is, and its hybridized children run their own graphs.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import mxnet
from mxnet import _generators
from mxnet._modes import modes
from mxnet.base import DynamicShape, MXNetError, NotTraceable, ValuesNotKnown
from mxnet.engines._training import Training
from mxnet.engines.engine import Engine
from mxnet.gluon._plan import Plan, Trace, Untraced, form_in_words
from mxnet.gluon._shape_pass import shape_only
from mxnet.gluon._structure import check_plain, flatten, nesting, rebuild
from mxnet.ndarray._array import Array, device_of_array, read
from mxnet.symbol._tracer import Tracer, ValueTracer

if TYPE_CHECKING:
    from mxnet.gluon.block import Block, HybridBlock

__all__ = ["CachedGraph", "Trace", "trace", "trace_with_values"]

_LIMIT = 64  # forms of inputs remembered for each block
_tracing = threading.RLock()  # tracing completes parameters, which two threads must not do at once
_HOME = str(Path(mxnet.__file__).parent) + os.sep


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
    given = flatten(tuple(args), arrays)
    check_plain(given, "the forward pass is given")
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
                output = block._forward_completed(*rebuild(given, iter(stand_ins)))
    except ValuesNotKnown as error:
        raise ValuesNotKnown(f"{_where(block, tracer, error.__traceback__)}: {error}") from error
    outputs: list[Array] = []
    structure = flatten(output, outputs)
    check_plain(structure, "the forward pass returns")
    return Trace(
        entries=[tracer.entry_of(array) for array in outputs],
        inputs=inputs,
        parameters=tracer.parameters,
        constants=tracer.constants,
        structure=structure,
        classes=[type(array) for array in outputs],
        given=given,
        calls=tracer.calls,
        cuts=frozenset(tracer.cuts),
        forms=[(tuple(array.shape), array._data.dtype) for array in arrays],
    )


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
    engine : Engine, optional
        What compiles graphs that predict; default torch's calls, one by one.
    training_engine : Engine, optional
        What compiles graphs that are recorded; default torch's calls.
    """

    def __init__(
        self, partition_if_dynamic: bool = True, engine: Engine | None = None, training_engine: Engine | None = None
    ) -> None:
        self._partition = partition_if_dynamic
        self.engine = engine
        self._training = None if training_engine is None else Training(training_engine)
        self._plans: OrderedDict[Any, Plan | Untraced] = OrderedDict()
        self._restored: Trace | None = None
        self.latest: Trace | None = None
        self.refusal = ""

    @property
    def training_engine(self) -> Engine | None:
        return None if self._training is None else self._training.engine

    def __reduce__(self) -> tuple[Any, ...]:
        return CachedGraph, (self._partition, self.engine, self.training_engine)  # a copied block traces anew

    def is_for(self, engine: Engine | None, training_engine: Engine | None) -> bool:
        """Whether its graphs run on these engines, with the same options."""
        return _are_alike(self.engine, engine) and _are_alike(self.training_engine, training_engine)

    def restore(self, restored: Trace) -> None:
        """Take a graph from a file for the forward passes to come, instead of tracing."""
        self._plans.clear()
        self._restored = self.latest = restored

    def report(self) -> list[dict[str, str]]:
        """What engines compiled, the last used at the end."""
        plans = [plan for plan in list(self._plans.values()) if type(plan) is Plan and plan.notes]
        return [{"inputs": ", ".join(map(form_in_words, plan.trace.forms)), **plan.notes} for plan in plans]

    def plan_for(self, block: HybridBlock, args: tuple[Any, ...]) -> tuple[Plan | None, Sequence[Array]]:
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
            if not arrays:
                return None, arrays
            if not _is_hashable(form):
                self._refuse(block, NotTraceable("the forward pass is given an object that is not hashable"))
                return None, arrays
        plan = self._plan((form, modes.training, modes.recording, modes.amp), block, args, arrays)
        return (plan if type(plan) is Plan else None), arrays

    def _plan(self, key: Any, block: HybridBlock, args: Sequence[Any], arrays: Sequence[Array]) -> Plan | Untraced:
        try:
            plan = self._plans[key]
            if plan.is_current(block):
                self._plans.move_to_end(key)
                return plan
        except KeyError:
            pass
        with _tracing:
            plan = self._plans.get(key)
            if plan is not None and plan.is_current(block):  # another thread came first
                return plan
            plan = self._plans[key] = self._traced(block, args, arrays)
            if len(self._plans) > _LIMIT:
                self._plans.popitem(last=False)
        return plan

    def _traced(self, block: HybridBlock, args: Sequence[Any], arrays: Sequence[Array]) -> Plan | Untraced:
        fits = (
            self._restored is not None
            and modes.amp is None  # a graph from a file knows nothing of mixed precision
            and nesting(self._restored.given) == nesting(flatten(tuple(args), []))
        )
        try:
            graph = self._restored if fits else trace(block, args)
            plan = Plan(block, graph, arrays, self.engine, self._training)
        except NotTraceable as error:
            self._refuse(block, error)
            if isinstance(error, DynamicShape):
                self.latest = trace_with_values(block, args)
            return Untraced(block)
        self.latest = graph
        return plan

    def _refuse(self, block: HybridBlock, error: NotTraceable) -> None:
        if self.training_engine is not None and modes.recording:
            raise MXNetError(
                f"{type(block).__name__} cannot be compiled for training by {self.training_engine.name}: it cannot be "
                f"one graph: {error}. Give the blocks below it a training_engine of their own, or hybridize it without"
            ) from error
        if not self._partition:
            raise MXNetError(
                f"{type(block).__name__} cannot be one graph: {error}. With partition_if_dynamic=True it runs in parts"
            ) from error
        self.refusal = str(error)


def trace_with_values(block: HybridBlock, args: Sequence[Any]) -> Trace | None:
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


def _is_hashable(form: Any) -> bool:
    """Whether forms can be told apart by it: an argument such as a NumPy array has values only."""
    try:
        hash(form)
    except TypeError:
        return False
    return True


def _are_alike(one: Engine | None, other: Engine | None) -> bool:
    return type(one) is type(other) and (one is None or vars(one) == vars(other))


def _form_of(array: Array) -> tuple[Any, ...]:
    data = read(array)
    return array.__class__, data.shape, data.dtype, data.device, array._tag, data.requires_grad
