"""What engines have in common that take ONNX graphs."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch

from mxnet.base import MXNetError
from mxnet.engines._calibration import Calibrated
from mxnet.engines.engine import Subgraph
from mxnet.symbol._graph import Node

__all__ = ["TYPES", "ThroughOnnx", "model_file"]

Tensor = torch.Tensor

TYPES = (torch.float32, torch.int32, torch.int64, torch.uint8, torch.int8, torch.bool)

# These refuse positions out of range; the libraries would read beside the array, or raise errors of their own.
_CHECKED = frozenset(
    ("gather_nd", "scatter_nd", "_scatter_set_nd", "_npx_index_add", "_npx_index_update")
    + ("_npi_advanced_indexing", "_npi_advanced_indexing_multiple")
)


class ThroughOnnx(Calibrated):
    """What takes those operators that have an ONNX form."""

    devices = ("cpu",)
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
def model_file(graph: Subgraph) -> Iterator[str]:
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
