"""Microsoft's ONNX Runtime as an engine."""

from __future__ import annotations

import torch

from mxnet.engines._through_onnx import TYPES, ThroughOnnx, model_file
from mxnet.engines.engine import Function, Subgraph, register

__all__ = ["OnnxRuntime"]

Tensor = torch.Tensor


@register
class OnnxRuntime(ThroughOnnx):
    """Microsoft's ONNX Runtime, on its CPU provider."""

    name = "onnxruntime"
    package = "onnxruntime"
    types = (*TYPES, torch.float64)

    def compile(self, graph: Subgraph) -> Function:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        with model_file(graph) as path:
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        names = [node.name for node in graph.inputs]

        def function(*tensors: Tensor) -> list[Tensor]:
            given = {name: tensor.contiguous().numpy() for name, tensor in zip(names, tensors, strict=True)}
            return [torch.from_numpy(array) for array in session.run(None, given)]

        return function
