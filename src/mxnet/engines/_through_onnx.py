"""Engines that take ONNX graphs: OpenVINO and ONNX Runtime."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch

from mxnet.base import MXNetError
from mxnet.engines._calibration import Calibration
from mxnet.engines._folding import fold_normalization
from mxnet.engines.engine import Engine, Function, Subgraph, check_precision, register
from mxnet.symbol._graph import Node

__all__ = ["OnnxRuntime", "OpenVINO"]

Tensor = torch.Tensor

_TYPES = (torch.float32, torch.int32, torch.int64, torch.uint8, torch.int8, torch.bool)
_HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16", "int8": "f32"}  # int8: what is not quantized

# These refuse positions out of range; the libraries would read beside the array, or raise errors of their own.
_CHECKED = frozenset(
    ("gather_nd", "scatter_nd", "_scatter_set_nd", "_npx_index_add", "_npx_index_update")
    + ("_npi_advanced_indexing", "_npi_advanced_indexing_multiple")
)


class _ThroughOnnx(Engine):
    """What takes those operators that have an ONNX form."""

    package: ClassVar[str] = ""
    types: ClassVar[tuple[torch.dtype, ...]] = ()
    refused: ClassVar[frozenset[str]] = frozenset()  # operators whose ONNX form it does not compile

    @classmethod
    def problem(cls) -> str:
        if importlib.util.find_spec(cls.package) is None:
            return f"the package {cls.package} is not installed: pip install {cls.package}"
        if importlib.util.find_spec("onnx") is None:
            return "the package onnx is not installed: pip install onnx"
        return ""

    def takes(self, node: Node, inputs: Sequence[Tensor | None]) -> bool:
        if node.op.onnx_rule is None or node.op.name in self.refused or _checks_positions(node):
            return False
        if any(each is not None and each.dtype not in self.types for each in inputs):
            return False
        sources = [None if each is None else Node(None, f"input{place}") for place, each in enumerate(inputs)]
        entries = [None if source is None else (source, 0) for source in sources]
        alone = Node(node.op, node.name, node.attributes, entries)
        known = {source.name: each for source, each in zip(sources, inputs, strict=True) if source is not None}
        try:
            lowered = _lowered([(alone, number) for number in range(alone.outputs)], known)
        except MXNetError:
            return False
        return all(value.dtype in self.types for value in lowered.outputs)


def _checks_positions(node: Node) -> bool:
    return node.op.name in _CHECKED or (node.op.name == "take" and node.attributes.get("mode") == "raise")


def _lowered(entries: list[Any], known: dict[str, Tensor]) -> Any:
    from mxnet.onnx._api import OPSET
    from mxnet.onnx._lower import lower

    shapes = {name: tuple(tensor.shape) for name, tensor in known.items()}
    return lower(entries, shapes, {name: tensor.dtype for name, tensor in known.items()}, OPSET)


@contextlib.contextmanager
def _model_file(graph: Subgraph) -> Iterator[str]:
    """The path of the graph's ONNX file, its weights in a file beside it that libraries map into memory."""
    from mxnet.onnx._model import model_of, write_model

    inputs = {node.name: example for node, example in zip(graph.inputs, graph.examples, strict=True)}
    weights = {node.name: tensor for node, tensor in graph.constants.items()}
    lowered = _lowered(graph.entries, inputs | weights)
    with tempfile.TemporaryDirectory(prefix="mxnet-") as folder:
        path = os.path.join(folder, "graph.onnx")
        with open(f"{path}.data", "xb") as file:
            model = model_of(lowered, {name: tuple(example.shape) for name, example in inputs.items()}, weights, file)
        write_model(model, path)
        yield path


@register
class OpenVINO(_ThroughOnnx):
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
    types = _TYPES  # float64 it computes in float32
    refused = frozenset(("_contrib_box_nms",))  # it sorts float32 only

    def __init__(self, precision: str = "float32", calibration: Any = None) -> None:
        self.precision = check_precision(type(self), precision)
        if precision == "int8":
            _check_int8(calibration)
        self._calibration = None if calibration is None else Calibration.of(calibration)

    def samples(self, graph: Subgraph) -> Sequence[Sequence[Tensor]]:
        return () if self._calibration is None else self._calibration.samples(graph)

    def before(self, entries: list[Any], constants: dict[Node, Tensor]) -> list[Any]:
        # It folds normalization itself, but what is to be quantized must be there before.
        return fold_normalization(entries, constants) if self.precision == "int8" else entries

    def compile(self, graph: Subgraph) -> Function:
        import openvino

        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        core = openvino.Core()
        with _model_file(graph) as path:
            model = core.read_model(path)
            if self.precision == "int8":
                from mxnet.engines._quantization import quantized

                model = quantized(model, graph.samples)
            compiled = core.compile_model(model, "CPU", options)
        return _OpenVINOFunction(compiled, openvino.Tensor)


def _check_int8(calibration: Any) -> None:
    if calibration is None:
        raise ValueError(
            "precision='int8' needs calibration: batches of inputs like those to come, some hundred samples"
        )
    if importlib.util.find_spec("nncf") is None:
        raise MXNetError("precision='int8' needs the package nncf: pip install 'mxnet-torch[int8]'")


class _OpenVINOFunction:
    """Calls a compiled model, with a request of its own for each thread that is in a call."""

    def __init__(self, compiled: Any, memory: type) -> None:
        self._compiled = compiled
        self._memory = memory
        self._free = [compiled.create_infer_request()]
        self._count = len(compiled.outputs)

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        try:
            request = self._free.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        given = [tensor.contiguous() for tensor in tensors]
        for number, tensor in enumerate(given):
            request.set_input_tensor(number, self._memory(tensor.numpy(), shared_memory=True))
        request.infer()
        # The request's memory is written to by the next call; the caller's results are not.
        results = [torch.from_numpy(request.get_output_tensor(number).data.copy()) for number in range(self._count)]
        self._free.append(request)
        return results


@register
class OnnxRuntime(_ThroughOnnx):
    """Microsoft's ONNX Runtime, on its CPU provider."""

    name = "onnxruntime"
    package = "onnxruntime"
    types = (*_TYPES, torch.float64)

    def compile(self, graph: Subgraph) -> Function:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        # Threads that spin while they wait would slow whatever else the process does, torch's part of it first.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with _model_file(graph) as path:
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        names = [node.name for node in graph.inputs]

        def function(*tensors: Tensor) -> list[Tensor]:
            given = {name: tensor.contiguous().numpy() for name, tensor in zip(names, tensors, strict=True)}
            return [torch.from_numpy(array) for array in session.run(None, given)]

        return function
