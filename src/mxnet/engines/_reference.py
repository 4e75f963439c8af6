"""Engines that are torch's own: its calls one by one, and its compiler."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Sequence

import torch

from mxnet.engines._assembly import on_torch
from mxnet.engines._calibration import Calibrated
from mxnet.engines._cuda_graph import captured
from mxnet.engines._folding import fold_casts, fold_normalization
from mxnet.engines._precision import lowered
from mxnet.engines._training import compiled_by_torch
from mxnet.engines.engine import Function, Subgraph, register
from mxnet.symbol._graph import Entry, Node

__all__ = ["Inductor", "Torch"]

Tensor = torch.Tensor

_NARROW = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class _OwnTorch(Calibrated):
    """What runs torch's kernels; on a GPU they are launched all at once, by a CUDA graph."""

    precisions = ("float32", *_NARROW)

    def before(self, entries: list[Entry], constants: dict[Node, Tensor]) -> list[Entry]:
        return fold_normalization(fold_casts(entries, constants), constants)

    def compile(self, graph: Subgraph) -> Function:
        narrow = _NARROW.get(self.precision)
        graph = graph if narrow is None else lowered(graph, narrow)
        function = self._function(graph)
        return captured(function, graph) if graph.device.type == "cuda" else function

    def _function(self, graph: Subgraph) -> Function:
        raise NotImplementedError


@register
class Torch(_OwnTorch):
    """torch's calls one by one, batch normalization folded into the layers before it.

    Parameters
    ----------
    precision : {'float32', 'bfloat16', 'float16'}
        What products are computed in.
    calibration : iterable of batches, optional
        Inputs on which the results are compared with float32's; `HybridBlock.engine_report` tells.
    """

    name = "torch"

    def _function(self, graph: Subgraph) -> Function:
        return on_torch(graph)


@register
class Inductor(_OwnTorch):
    """`torch.compile`: fast code, after ten seconds and more of compiling. It takes the options of `Torch`.

    It compiles training passes too, forward and backward, on CPUs and on GPUs with CUDA.
    """

    name = "inductor"

    @classmethod
    def problem(cls) -> str:
        if shutil.which(os.environ.get("CXX", "g++")) is None:
            return "torch.compile needs a C++ compiler, and there is no g++ (or what CXX names)"
        if torch.cuda.is_available() and importlib.util.find_spec("triton") is None:
            return "torch.compile needs the package triton for a GPU"
        return ""

    def _function(self, graph: Subgraph) -> Function:
        from mxnet.engines._module import to_module

        module = to_module(graph.entries, graph.inputs, graph.constants)
        compiled = torch.compile(module, dynamic=False, options={"freezing": True})

        def function(*tensors: Tensor) -> list[Tensor]:
            with torch.no_grad():
                results = compiled(*tensors)
            return list(results) if isinstance(results, (tuple, list)) else [results]

        # It compiles at the first call, which is to be now.
        function(*[torch.zeros(each.shape, dtype=each.dtype, device=graph.device) for each in graph.examples])
        return function

    def training_problem(self) -> str:
        if self.precision != "float32":
            return f"precision={self.precision!r} is for predictions; mx.amp trains in 16 bits"
        return "" if self._calibration is None else "calibration is for predictions"

    def compile_training(self, function: Function, tensors: Sequence[Tensor]) -> Function:
        return compiled_by_torch(function, tensors)
