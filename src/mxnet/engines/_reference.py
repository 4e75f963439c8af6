"""Engines that are torch's own: its calls one by one, and its compiler."""

from __future__ import annotations

import importlib.util
import os
import shutil

import torch

from mxnet.engines._assembly import on_torch
from mxnet.engines._folding import fold_normalization
from mxnet.engines.engine import Engine, Function, Subgraph, register
from mxnet.symbol._graph import Entry, Node

__all__ = ["Inductor", "Torch"]


@register
class Torch(Engine):
    """torch's calls one by one, batch normalization folded into the layers before it."""

    name = "torch"

    def before(self, entries: list[Entry], constants: dict[Node, torch.Tensor]) -> list[Entry]:
        return fold_normalization(entries, constants)

    def compile(self, graph: Subgraph) -> Function:
        return on_torch(graph)


@register
class Inductor(Engine):
    """`torch.compile`: fast code, after ten seconds and more of compiling."""

    name = "inductor"

    @classmethod
    def problem(cls) -> str:
        if shutil.which(os.environ.get("CXX", "g++")) is None:
            return "torch.compile needs a C++ compiler, and there is no g++ (or what CXX names)"
        if torch.cuda.is_available() and importlib.util.find_spec("triton") is None:
            return "torch.compile needs the package triton for a GPU"
        return ""

    def before(self, entries: list[Entry], constants: dict[Node, torch.Tensor]) -> list[Entry]:
        return fold_normalization(entries, constants)

    def compile(self, graph: Subgraph) -> Function:
        from mxnet.engines._module import to_module

        module = to_module(graph.entries, graph.inputs, graph.constants)
        compiled = torch.compile(module, dynamic=False, options={"freezing": True})

        def function(*tensors: torch.Tensor) -> list[torch.Tensor]:
            with torch.no_grad():
                results = compiled(*tensors)
            return list(results) if isinstance(results, (tuple, list)) else [results]

        return function
