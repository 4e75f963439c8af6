"""CUDA graphs: all kernels of a function launched at once, so that small batches do not wait for launches."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence

import torch

from mxnet.engines.engine import Function, Subgraph

__all__ = ["captured"]

Tensor = torch.Tensor

_capturing = threading.Lock()  # there is one capture at a time in a process
_WARM_UP = 3  # calls before the capture, in which libraries choose kernels and take their memory


def captured(function: Function, graph: Subgraph) -> Function:
    """The function as a CUDA graph; as it is, with a warning, if it does what no CUDA graph can hold.

    Parameters
    ----------
    function : callable
        Of tensors on ``graph.device``, which computes the same kernels in every call.
    graph : Subgraph
        What it computes.
    """
    try:
        with _capturing:
            return _CudaGraph(function, graph.examples, graph.device)
    except RuntimeError as error:  # it waits for values, say
        reason = str(error).strip().partition("\n")[0]
        warnings.warn(f"no CUDA graph, kernels are launched one by one: {reason}", stacklevel=2)
        return function


class _CudaGraph:
    """Copies inputs to memory of its own, launches the graph there and copies the results out."""

    def __init__(self, function: Function, examples: Sequence[Tensor], device: torch.device) -> None:
        self._lock = threading.Lock()
        self._device = device
        self._function = function  # its kernels' addresses are in the graph: the weights it holds must stay
        self._inputs = [torch.zeros(each.shape, dtype=each.dtype, device=device) for each in examples]
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(device), torch.no_grad():
            current = torch.cuda.current_stream()
            aside = torch.cuda.Stream()
            aside.wait_stream(current)
            with torch.cuda.stream(aside):  # which ends in any case; the context of a capture that fails does not
                for _ in range(_WARM_UP):
                    function(*self._inputs)
                # On a stream of this device, and regardless of what other threads do meanwhile.
                with torch.cuda.graph(self._graph, stream=aside, capture_error_mode="thread_local"):
                    self._outputs = list(function(*self._inputs))
            current.wait_stream(aside)
            self._done = torch.cuda.Event()
            self._done.record(current)

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        with self._lock, torch.cuda.device(self._device):
            stream = torch.cuda.current_stream()
            stream.wait_event(self._done)  # of a call on another stream, which uses the same memory
            for own, given in zip(self._inputs, tensors, strict=True):
                own.copy_(given)
            self._graph.replay()
            results = [output.clone() for output in self._outputs]
            self._done.record(stream)
        return results
