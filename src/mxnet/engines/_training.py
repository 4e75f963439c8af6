"""Training passes compiled: torch's compiler for forward and backward, and what is told while it works."""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections import OrderedDict
from collections.abc import Sequence
from types import FunctionType
from typing import Any, NamedTuple

import torch

from mxnet._generators import lent_to_torch
from mxnet.base import MXNetError
from mxnet.engines._torch import Compiled
from mxnet.engines.engine import Engine, Function

__all__ = ["Training", "compiled_by_torch"]

Tensor = torch.Tensor

_DEVICES = ("cpu", "cuda")
_LIMIT = 64  # programs kept for each block

logger = logging.getLogger("mxnet.engines")


class Training:
    """What an engine has compiled of one block's training passes.

    A graph that is traced anew and does what one before it did, as after a hook was set or a parameter was frozen for a
    while, is not compiled again.

    Attributes
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._programs: OrderedDict[Any, Program] = OrderedDict()

    def compiled(self, graph: Compiled, tensors: Sequence[Tensor], what: str) -> Program:
        """The engine's program for a graph.

        It is told that the engine compiles, and how long that took: in a terminal on the standard error stream, and in
        the log ``mxnet.engines``. If it fails, a warning says why, and torch's calls run one by one.

        Parameters
        ----------
        graph : Compiled
            As torch's calls.
        tensors : sequence of Tensor
            Those of the call to come.
        what : str
            The network and its inputs, in words.
        """
        key = graph.source, *[(name, id(value)) for name, value in graph.names.items()], *map(_form_of, tensors)
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._compiled(graph.function, tensors, what)
            if len(self._programs) > _LIMIT:
                self._programs.popitem(last=False)
        self._programs.move_to_end(key)
        return program

    def _compiled(self, function: Function, tensors: Sequence[Tensor], what: str) -> Program:
        name = self.engine.name
        _tell(f"{name} compiles {what} for training ...")
        start = time.perf_counter()
        try:
            with torch.inference_mode(False), torch.enable_grad():
                compiled = self.engine.compile_training(function, tensors)
        except MXNetError:
            raise
        except Exception as error:  # whatever a compiler raises; the user's network has to train
            warnings.warn(f"{name} failed to compile {what} for training, which runs on torch: {error}", stacklevel=2)
            return Program(function, function, {"engine": f"torch, since {name} failed", "pass": "training"})
        seconds = time.perf_counter() - start
        _tell(f"{name} compiled {what} for training in {seconds:.1f} s")
        return Program(compiled, function, {"engine": name, "pass": "training", "compiled in": f"{seconds:.2f} s"})


class Program(NamedTuple):
    """A compiled training pass.

    Attributes
    ----------
    function : callable
    original : callable
        What it was compiled from; kept, so that the objects it names keep their identity.
    notes : dict of str to str
        What there is to tell of it.
    """

    function: Function
    original: Function
    notes: dict[str, str]


def _form_of(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.shape, tensor.stride(), tensor.dtype, tensor.device, tensor.requires_grad


def _tell(text: str) -> None:
    logger.info(text)
    if sys.stderr.isatty() and not logger.isEnabledFor(logging.INFO):
        print(text, file=sys.stderr, flush=True)


def compiled_by_torch(function: Function, tensors: Sequence[Tensor]) -> Function:
    """The function as `torch.compile` makes it, forward and backward compiled now, not at the first call.

    Raises
    ------
    MXNetError
        On devices for which it is not made.
    """
    device = tensors[0].device
    if device.type not in _DEVICES:
        raise MXNetError(f"inductor compiles training on {' or '.join(_DEVICES)}, and the inputs are on {device}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torch")  # what the compiler says to those who work on it
        compiled = torch.compile(_with_code_of_its_own(function), dynamic=False)
        _pass_forward_and_back(compiled, tensors)
    layouts = [tensor.stride() for tensor in tensors]

    def call(*given: Tensor) -> Sequence[Tensor]:
        with lent_to_torch(device):
            if [tensor.stride() for tensor in given] == layouts:
                return compiled(*given)
            return _called_in_layouts(compiled, given, layouts)

    return call


def _with_code_of_its_own(function: Function) -> Function:
    """The function in another one, whose code object no other function has: by that torch counts what it compiles.

    After eight programs for the same code it would compile no more.
    """

    def training_pass(*tensors: Tensor) -> Sequence[Tensor]:
        return function(*tensors)

    code = training_pass.__code__.replace()
    return FunctionType(code, training_pass.__globals__, closure=training_pass.__closure__)


def _called_in_layouts(compiled: Function, given: Sequence[Tensor], layouts: Sequence[tuple[int, ...]]) -> Any:
    """Call it with copies in place of tensors that lie in memory otherwise: for those it would be compiled anew."""
    taken = list(given)
    for number, (tensor, layout) in enumerate(zip(given, layouts, strict=True)):
        if tensor.stride() != layout:
            copy = torch.empty_strided(tensor.shape, layout, dtype=tensor.dtype, device=tensor.device)
            taken[number] = copy.copy_(tensor)
    versions = [tensor._version for tensor in taken]
    results = compiled(*taken)
    with torch.no_grad():
        for tensor, copy, version in zip(given, taken, versions, strict=True):
            if copy is not tensor and copy._version != version:  # a state
                tensor.copy_(copy)
    return results


def _pass_forward_and_back(compiled: Function, tensors: Sequence[Tensor]) -> None:
    """Call it on other tensors of the same forms, and go back: each direction is compiled when it first runs."""
    devices = [device for device in {tensor.device for tensor in tensors} if device.type != "cpu"]
    with torch.random.fork_rng(devices):
        results = compiled(*_stand_ins(tensors))
        heads = [result for result in results if result.requires_grad]
        if heads:
            # For a pass that keeps the graph, so that it is compiled without writing to what later passes need.
            torch.autograd.backward(heads, [torch.ones_like(head) for head in heads], retain_graph=True)


def _stand_ins(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Tensors of the same forms and layouts, the same one where these are the same; states may be written to them."""
    made: dict[int, Tensor] = {}
    for tensor in tensors:
        if id(tensor) not in made:
            memory = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=tensor.device)
            made[id(tensor)] = memory.zero_().requires_grad_(tensor.requires_grad)
    return [made[id(tensor)] for tensor in tensors]
