"""Intel's OpenVINO as an engine: for a batch as a whole, and in parts that cores compute side by side."""

from __future__ import annotations

import importlib.util
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.engines._folding import fold_normalization
from mxnet.engines._separable import is_separable
from mxnet.engines._through_onnx import TYPES, ThroughOnnx, model_file
from mxnet.engines.engine import Assembled, Function, Subgraph, register
from mxnet.symbol._graph import Node

__all__ = ["OpenVINO", "OpenVINOSplit"]

Tensor = torch.Tensor

_HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16", "int8": "f32"}  # int8: what is not quantized
_cores: list[Any] = []
_loading = threading.Lock()
_PART = 4  # samples, at most: larger parts leave the processor's caches


@register
class OpenVINO(ThroughOnnx):
    """Intel's OpenVINO, for CPUs.

    Parameters
    ----------
    precision : {'float32', 'bfloat16', 'float16', 'int8'}
        What it computes in, where the processor can; results are float32. With ``'int8'`` convolutions and dense
        layers are quantized by NNCF, after training.
    calibration : iterable of batches, optional
        Inputs like those to come; ``'int8'`` needs some hundred samples. The results are compared with float32's on
        them, which `HybridBlock.engine_report` tells.

    Raises
    ------
    ValueError
        For ``'int8'`` without `calibration`.
    MXNetError
        For ``'int8'`` without the package nncf.
    """

    name = "openvino"
    precisions = tuple(_HINTS)
    package = "openvino"
    types = TYPES  # float64 it computes in float32
    refused = frozenset(("_contrib_box_nms",))  # it sorts float32 only

    def __init__(self, precision: str = "float32", calibration: Any = None) -> None:
        super().__init__(precision, calibration)
        if precision == "int8":
            _check_int8(calibration)

    def before(self, entries: list[Any], constants: dict[Node, Tensor]) -> list[Any]:
        # It folds normalization itself, but what is to be quantized must be there before.
        return fold_normalization(entries, constants) if self.precision == "int8" else entries

    def compile(self, graph: Subgraph) -> Function:
        import openvino

        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            **self._schedule(),
        }
        core = _core()
        with model_file(graph) as path:
            model = core.read_model(path)
            if self.precision == "int8":
                model = self._quantized(model, graph)
            compiled = core.compile_model(model, "CPU", options)
        return _Function(compiled, openvino.Tensor)

    def _schedule(self) -> dict[str, Any]:
        """How requests and cores go together: all cores work on one request."""
        return {"PERFORMANCE_HINT": "LATENCY"}

    def _quantized(self, model: Any, graph: Subgraph) -> Any:
        from mxnet.engines._quantization import quantized

        if graph.samples:
            return quantized(model, graph.samples)
        forms = [tuple(example.shape) for example in graph.examples]
        warnings.warn(f"calibration has no inputs of the shapes {forms}, which float32 computes", stacklevel=2)
        return model


def _check_int8(calibration: Any) -> None:
    if calibration is None:
        raise ValueError(
            "precision='int8' needs calibration: batches of inputs like those to come, some hundred samples"
        )
    if importlib.util.find_spec("nncf") is None:
        raise MXNetError("precision='int8' needs the package nncf: pip install 'mxnet-torch[int8]'")


def _core() -> Any:
    """OpenVINO itself, once for the process and for good.

    Its plugin gives the thread that loads it a stack for signals. When the plugin goes, with the last network and the
    last core, that stack goes too, and the next signal, such as that of a child process that ends, kills the process.
    """
    import openvino

    with _loading:
        if not _cores:
            _cores.append(openvino.Core())
    return _cores[0]


class _OpenVINOStreams(OpenVINO):
    """Each core works on a request of its own."""

    def _schedule(self) -> dict[str, Any]:
        return {"NUM_STREAMS": torch.get_num_threads()}


@register
class OpenVINOSplit(OpenVINO):
    """OpenVINO, a batch in parts of a few samples, each computed by one core: faster for many networks.

    Single samples, and networks that may mix the samples of a batch, it computes as `OpenVINO` does. It takes the
    same options.
    """

    name = "openvino-split"

    def suits(self, graph: Subgraph) -> bool:
        return _size_of_part(graph) > 0

    def assemble(self, graph: Subgraph, sample: Sequence[Tensor]) -> Assembled:
        size = _size_of_part(graph)
        if size:
            examples = [each.new_empty((size, *each.shape[1:])) for each in graph.examples]
            part = graph._replace(examples=examples)
            engine = _OpenVINOStreams(self.precision, self._calibration)
            function, notes = engine.assemble(part, [tensor[:size] for tensor in sample])
            if isinstance(function, _Function):  # else torch computes some of it
                count = graph.examples[0].shape[0] // size
                note = f"{self.name}, {count} parts of {size}"
                return Assembled(_Parts(function, size, count), {**notes, "engine": note})
        return super().assemble(graph, sample)


def _size_of_part(graph: Subgraph) -> int:
    """How many samples are to be in a part, so that all cores have one; 0 if the batch is not to be parted."""
    threads = torch.get_num_threads()
    batch = graph.examples[0].shape[0] if graph.examples and graph.examples[0].dim() else 0
    sizes = [size for size in range(1, _PART + 1) if batch % size == 0 and batch // size >= max(threads, 2)]
    return max(sizes) if sizes and is_separable(graph) else 0


class _Function:
    """Calls a compiled model, with a request of its own for each call that is under way."""

    def __init__(self, compiled: Any, memory: type) -> None:
        self._compiled = compiled
        self._memory = memory
        self._free = [compiled.create_infer_request()]
        self.count = len(compiled.outputs)

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        given = [tensor.contiguous() for tensor in tensors]  # kept until the request is done with their memory
        request = self.request(given)
        request.infer()
        # The request's memory is written to by the next call; the caller's results are not.
        results = [torch.from_numpy(array.copy()) for array in self.results(request)]
        self.give_back(request)
        return results

    def request(self, tensors: Sequence[Tensor]) -> Any:
        """A request that has these inputs, whose memory lies in order."""
        try:
            request = self._free.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        for number, tensor in enumerate(tensors):
            request.set_input_tensor(number, self._memory(tensor.numpy(), shared_memory=True))
        return request

    def results(self, request: Any) -> list[Any]:
        """NumPy arrays over its memory."""
        return [request.get_output_tensor(number).data for number in range(self.count)]

    def give_back(self, request: Any) -> None:
        self._free.append(request)


class _Parts:
    """A batch in parts, which are under way at the same time."""

    def __init__(self, function: _Function, size: int, count: int) -> None:
        self._function = function
        self._size = size
        self._count = count

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        function, size = self._function, self._size
        whole = [tensor.contiguous() for tensor in tensors]
        requests = []
        for start in range(0, size * self._count, size):
            requests.append(function.request([tensor[start : start + size] for tensor in whole]))
            requests[-1].start_async()
        for request in requests:
            request.wait()
        pieces = [function.results(request) for request in requests]
        results = [torch.cat([torch.from_numpy(array) for array in arrays]) for arrays in zip(*pieces, strict=True)]
        for request in requests:
            function.give_back(request)
        return results
