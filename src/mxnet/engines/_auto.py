"""The engine that is fastest for a network, an input and a machine: measured once, and remembered."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
import time
import warnings
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import torch

from mxnet._version import __version__
from mxnet.base import data_dir, environment_flag
from mxnet.engines.engine import Engine, Function, Subgraph, engine_named, engines, register
from mxnet.formats._writer import atomic_write
from mxnet.symbol._graph import topological

__all__ = ["Auto", "choices"]

Tensor = torch.Tensor

_CANDIDATES = ("openvino", "onnxruntime", "torch")  # the first that is installed, where nothing is measured
_ROUNDS = 3  # timed calls of each candidate, after one that is not
_MOST = 1000  # choices remembered
_remembered: dict[str, str] = {}


@register
class Auto(Engine):
    """The fastest of the installed engines, by trying them on the user's own input.

    That takes about as long as ten calls, and compiling with each. The choice is kept for the graph, shapes, device and
    versions, in ``$MXNET_HOME/engines.json``, and printed by `mxnet.engines.choices`. ``MXNET_INFERENCE_ENGINE`` names
    one engine instead; ``MXNET_INFERENCE_AUTOTUNE=0`` or ``MXNET_ENFORCE_DETERMINISM=1`` takes the first that is
    installed. `torch.compile` is not tried: it compiles for minutes.
    """

    name = "auto"

    def assemble(self, graph: Subgraph, sample: Sequence[Tensor]) -> Function:
        wanted = os.environ.get("MXNET_INFERENCE_ENGINE", "")
        if wanted and wanted.lower() != self.name:
            return engine_named(wanted)().assemble(graph, sample)
        found = _usable(graph.device)
        if len(found) == 1 or not environment_flag("MXNET_INFERENCE_AUTOTUNE", True):
            return engine_named(found[0])().assemble(graph, sample)
        if environment_flag("MXNET_ENFORCE_DETERMINISM"):
            return engine_named(found[0])().assemble(graph, sample)
        key = _key(graph, found)
        chosen = choices().get(key)
        if chosen in found:
            return engine_named(chosen)().assemble(graph, sample)
        chosen, function = _fastest(found, graph, sample)
        _remember(key, chosen)
        return function


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


def _usable(device: torch.device) -> list[str]:
    if device.type != "cpu":
        return ["torch"]
    problems = engines()
    return [name for name in _CANDIDATES if not problems[name]]


def _fastest(names: Sequence[str], graph: Subgraph, sample: Sequence[Tensor]) -> tuple[str, Function]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an engine that cannot compile a part is slower, and nobody asked for it
        functions = {name: engine_named(name)().assemble(graph, sample) for name in names}
    for function in functions.values():
        function(*sample)
    best = dict.fromkeys(names, float("inf"))
    for _ in range(_ROUNDS):
        for name, function in functions.items():
            start = time.perf_counter()
            function(*sample)
            best[name] = min(best[name], time.perf_counter() - start)
    chosen = min(best, key=best.__getitem__)
    return chosen, functions[chosen]


def _key(graph: Subgraph, names: Sequence[str]) -> str:
    """What the choice depends on, in short."""
    text = hashlib.sha256()
    order = topological(graph.entries)
    numbers = {id(node): number for number, node in enumerate(order)}
    for node in order:
        inputs = [None if entry is None else (numbers[id(entry[0])], entry[1]) for entry in node.inputs]
        kind = "variable" if node.op is None else node.op.name
        text.update(repr((kind, sorted(node.attributes.items()), inputs)).encode())
    tensors = [*graph.examples, *graph.constants.values()]
    text.update(repr([(tuple(tensor.shape), str(tensor.dtype)) for tensor in tensors]).encode())
    versions = [f"{name} {_version(name)}" for name in names]
    processor = (platform.machine(), torch.backends.cpu.get_cpu_capability(), os.cpu_count())
    machine = (processor, torch.get_num_threads(), str(graph.device))
    text.update(repr((machine, versions, __version__)).encode())
    return text.hexdigest()[:32]


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
