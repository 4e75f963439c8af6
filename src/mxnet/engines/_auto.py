"""The engine that is fastest for a network, an input and a machine: measured once, and remembered."""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import os
import platform
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import torch

from mxnet._dtype import name_of
from mxnet._version import __version__
from mxnet.base import MXNetError, data_dir, environment_flag
from mxnet.engines._calibration import Calibrated
from mxnet.engines.engine import Assembled, Engine, Function, Subgraph, engine_named, engines, register
from mxnet.formats._writer import atomic_write
from mxnet.symbol._graph import topological

__all__ = ["Auto", "choices"]

Tensor = torch.Tensor

# Where nothing is measured, the first that is installed.
_CANDIDATES = ("openvino", "openvino-split", "onnxruntime", "torch")
_HOPELESS = 1.5  # how many times as long as the best one takes what is not tried any further
_TURNS = 3  # of each of two that are compared, after a call that does not count
_BLOCK = 0.1  # seconds that a turn may take, or one call if that takes longer
_LONG = 0.5  # seconds of a call beside which preparations do not count, and of which one turn will do
_MOST_CALLS = 10  # in a turn
_HEAVY = 256 << 20  # bytes of weights from which on no two engines hold them at a time
_MOST = 1000  # choices remembered
_remembered: dict[str, str] = {}


@register
class Auto(Calibrated):
    """The fastest of the installed engines, by trying them on the user's own input.

    That takes about as long as ten calls, and compiling with each; weights of 256 MB and more are held by one engine at
    a time. The choice is kept for the graph, shapes, device and versions, in ``$MXNET_HOME/engines.json``, and printed
    by `mxnet.engines.choices`. ``MXNET_INFERENCE_ENGINE`` names one engine instead; ``MXNET_INFERENCE_AUTOTUNE=0`` or
    ``MXNET_ENFORCE_DETERMINISM=1`` takes the first that is installed. `torch.compile` is not tried: it compiles for ten
    seconds and more.

    Parameters
    ----------
    precision : {'float32', 'bfloat16', 'float16', 'int8'}
        What it computes in; those engines are tried that can.
    calibration : iterable of batches, optional
        As the engines take it; ``'int8'`` needs it.
    """

    name = "auto"
    precisions = ("float32", "bfloat16", "float16", "int8")

    def assemble(self, graph: Subgraph, sample: Sequence[Tensor]) -> Assembled:
        wanted = os.environ.get("MXNET_INFERENCE_ENGINE", "")
        if wanted and wanted.lower() != self.name:
            return self._made(self._named(wanted, graph)).assemble(graph, sample)
        contenders = self._contenders(graph)
        names = list(contenders)
        fixed = environment_flag("MXNET_ENFORCE_DETERMINISM") or not environment_flag("MXNET_INFERENCE_AUTOTUNE", True)
        if len(names) == 1 or fixed:
            return contenders[names[0]].assemble(graph, sample)
        key = _key(graph, names, self.precision)
        chosen = choices().get(key)
        if chosen in contenders:
            return contenders[chosen].assemble(graph, sample)
        chosen, assembled = _fastest(contenders, graph, sample)
        _remember(key, chosen)
        return assembled

    def _contenders(self, graph: Subgraph) -> dict[str, Engine]:
        """The engines to choose from, of which there is always one.

        Raises
        ------
        MXNetError
            If none computes in that precision there.
        """
        problems = engines()
        kinds = [engine_named(name) for name in _CANDIDATES if not problems[name]]
        kinds = [kind for kind in kinds if self.precision in kind.precisions and graph.device.type in kind.devices]
        if not kinds:
            raise MXNetError(f"no engine that is installed computes in {self.precision} on {graph.device.type}")
        made = {kind.name: self._made(kind) for kind in kinds}
        return {name: engine for name, engine in made.items() if engine.suits(graph)}

    def _named(self, name: str, graph: Subgraph) -> type[Engine]:
        """The engine that the environment names, or torch where that one does not run: it is meant for all networks."""
        kind = engine_named(name)
        return kind if graph.device.type in kind.devices else engine_named("torch")

    def _made(self, kind: type[Engine]) -> Engine:
        """An instance; one that a user has defined may take no options, and needs none for float32."""
        if self.precision == "float32" and self._calibration is None:
            return kind()
        return kind(precision=self.precision, calibration=self._calibration)


def choices() -> dict[str, str]:
    """The engine chosen for each graph, by a key of graph, shapes, device and versions."""
    if not _remembered:
        _remembered.update(_stored())
    return dict(_remembered)


def _stored() -> dict[str, str]:
    try:
        stored = json.loads(_file().read_bytes())
    except (OSError, ValueError, RuntimeError):  # none yet, no home, or a damaged one: it is measured anew
        return {}
    return {key: name for key, name in stored.items() if isinstance(name, str)} if isinstance(stored, dict) else {}


def _fastest(contenders: Mapping[str, Engine], graph: Subgraph, sample: Sequence[Tensor]) -> tuple[str, Assembled]:
    """The name and the function of the fastest.

    Raises
    ------
    Exception
        What the last engine raised, if none compiles the graph.
    """
    size = sum(tensor.nbytes for tensor in graph.constants.values())
    tried: dict[str, float] = {}
    best, champion = (_compared if size < _HEAVY else _one_by_one)(contenders, graph, sample, tried)
    told = ", ".join(f"{name} {seconds * 1e3:.3g} ms" for name, seconds in tried.items())
    return best, champion._replace(notes={**champion.notes, "tried": told})


def _compared(
    contenders: Mapping[str, Engine], graph: Subgraph, sample: Sequence[Tensor], tried: dict[str, float]
) -> tuple[str, Assembled]:
    """The fastest: each new one against the best so far, so that no more than two are held."""
    best, champion, failure = "", None, None
    for name, engine in contenders.items():
        challenger = None  # the one that lost, or failed, goes before the next is compiled
        try:
            challenger = _assembled(engine, graph, sample)
            first = _seconds(challenger.function, sample)  # it may prepare things
            tells = champion is not None and min(first, tried[best]) > _LONG
            tried[name] = first if tells else _seconds(challenger.function, sample)
        except Exception as error:  # whatever a foreign library raises; another one may do
            failure = _emptied(error)
            continue
        if champion is not None and tried[name] < _HOPELESS * tried[best]:
            longest = max(tried[best], tried[name])
            tried[best], tried[name] = _times([champion.function, challenger.function], sample, longest)
        if champion is None or tried[name] < tried[best]:
            best, champion = name, challenger
    if champion is None:
        raise failure
    del failure  # which knows this frame, and with it the champion
    return best, champion


def _one_by_one(
    contenders: Mapping[str, Engine], graph: Subgraph, sample: Sequence[Tensor], tried: dict[str, float]
) -> tuple[str, Assembled]:
    """The fastest, for heavy weights: one is held at a time, and the winner compiled again if it is not the last."""
    name, held, failure = "", None, None
    for name, engine in contenders.items():
        held = None
        try:
            held = _assembled(engine, graph, sample)
            _seconds(held.function, sample)
            (tried[name],) = _times([held.function], sample, _seconds(held.function, sample))
        except Exception as error:  # whatever a foreign library raises; another one may do
            failure = _emptied(error)
    if not tried:
        raise failure
    del failure  # which knows this frame, and with it the one that is held
    best = min(tried, key=lambda each: tried[each])
    if best != name:
        held = None
        held = _assembled(contenders[best], graph, sample)
    return best, held


def _assembled(engine: Engine, graph: Subgraph, sample: Sequence[Tensor]) -> Assembled:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one that cannot compile a part is slower, and nobody asked for it
        return engine.assemble(graph, sample)


def _emptied(error: Exception) -> Exception:
    """An error that keeps nothing alive: the frames it came through know an engine, and its weights."""
    cause: BaseException | None = error
    while cause is not None:
        traceback.clear_frames(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
    return error


def _times(functions: Sequence[Function], sample: Sequence[Tensor], longest: float) -> list[float]:
    """The shortest time of a call of each, which takes `longest` or so; short calls are timed more often.

    They have their turns in blocks, since threads of the one called last may go on spinning for a while.
    """
    calls = max(1, min(_MOST_CALLS, int(_BLOCK / longest)))
    best = [math.inf] * len(functions)
    for _ in range(_TURNS if longest <= _LONG else 1):
        for number, function in enumerate(functions):
            times = [_seconds(function, sample) for _ in range(calls)]
            best[number] = min([best[number], *times])
    return best


def _seconds(function: Function, sample: Sequence[Tensor]) -> float:
    start = time.perf_counter()
    function(*sample)
    return time.perf_counter() - start


def _key(graph: Subgraph, names: Sequence[str], precision: str) -> str:
    """What the choice depends on, in short: some of it to read, all of it in a hash."""
    text = hashlib.sha256()
    order = topological(graph.entries)
    numbers = {id(node): number for number, node in enumerate(order)}
    for node in order:
        inputs = [None if entry is None else (numbers[id(entry[0])], entry[1]) for entry in node.inputs]
        kind = "variable" if node.op is None else node.op.name
        text.update(repr((kind, sorted(node.attributes.items()), inputs)).encode())
    tensors = [*graph.examples, *graph.constants.values()]
    text.update(repr([(tuple(tensor.shape), str(tensor.dtype)) for tensor in tensors]).encode())
    versions = [f"{name} {_version(getattr(engine_named(name), 'package', name))}" for name in names]
    processor = (platform.machine(), torch.backends.cpu.get_cpu_capability(), os.cpu_count())
    machine = (processor, torch.get_num_threads(), str(graph.device))
    text.update(repr((machine, versions, precision, __version__)).encode())
    forms = ", ".join(f"{tuple(tensor.shape)} {name_of(tensor.dtype)}" for tensor in graph.examples)
    return f"{len(order)} nodes, {forms}, {precision}, {text.hexdigest()[:32]}"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # the package of another distribution, such as onnxruntime-gpu's
        return str(getattr(importlib.import_module(package), "__version__", ""))


def _remember(key: str, name: str) -> None:
    known = _stored() | _remembered | {key: name}  # other processes choose too
    known = dict(list(known.items())[-_MOST:])
    _remembered.clear()
    _remembered.update(known)
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(_file()) as file:
            file.write(json.dumps(known, indent=0).encode())
    except (OSError, RuntimeError):
        pass  # no home, or one that cannot be written to: the next process measures again


def _file() -> Path:
    return data_dir() / "engines.json"
