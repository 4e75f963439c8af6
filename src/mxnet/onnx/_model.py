"""A graph in ONNX's operators as a file: one `ModelProto`, and the weights beside it where they are too large."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

from mxnet._dtype import name_of
from mxnet._version import __version__
from mxnet.onnx._builder import Node, Value, as_numpy
from mxnet.onnx._lower import Lowered

__all__ = ["EXTERNAL_ABOVE", "element_type", "model_of", "write_model"]

EXTERNAL_ABOVE = 2**31 - 2**24
"""Bytes of weights from which on they go to a file of their own: a protobuf message has at most 2 GiB."""
_ALIGNMENT = 4096  # where an array begins in that file, so that it can be mapped into memory
_SMALL = 1024  # bytes of arrays that stay in the model even so


def model_of(
    lowered: Lowered,
    inputs: Mapping[str, Sequence[int | str | None]],
    params: Mapping[str, torch.Tensor],
    weights: BinaryIO | None = None,
) -> onnx.ModelProto:
    """The model of a graph.

    Parameters
    ----------
    lowered : Lowered
    inputs : mapping of str to sequence
        The shape of each input; a string names a size that is not known.
    params : mapping of str to Tensor
        The values of all other variables.
    weights : file, optional
        Where arrays that are not small are written to, instead of into the model.
    """
    graph = lowered.graph
    _give_names(lowered)
    used = {value for node in graph.nodes for value in node.inputs if value is not None}
    initializers = [
        _tensor(name, as_numpy(params[name].detach().cpu()), lowered.variables[name].dtype, weights)
        for name in params
        if lowered.variables[name] in used
    ]
    initializers += [
        _tensor(value.name, array, value.dtype, None) for value, array in graph.constants.items() if value in used
    ]
    proto = helper.make_graph(
        [_node(node, name) for node, name in zip(graph.nodes, _node_names(graph.nodes), strict=True)],
        "mxnet",
        [_info(lowered.variables[name], shape) for name, shape in inputs.items()],
        [_info(value, _dims(value, number)) for number, value in enumerate(lowered.outputs)],
        initializers,
    )
    opsets = [helper.make_opsetid("", graph.opset)]
    return helper.make_model(
        proto,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="mxnet-torch",
        producer_version=__version__,
    )


def write_model(model: onnx.ModelProto, path: str) -> None:
    """Write a model to a file that is not there yet."""
    with open(path, "xb") as file:
        file.write(model.SerializeToString())
        file.flush()
        os.fsync(file.fileno())


def _give_names(lowered: Lowered) -> None:
    """Name the values that have no name yet, by the node of MXNet's graph that they belong to."""
    graph = lowered.graph
    taken = {value.name for value in (*lowered.variables.values(), *lowered.outputs)}
    for value in graph.constants:
        value.name = value.name or _fresh("constant", taken)
    for node in graph.nodes:
        for value in node.outputs:
            value.name = value.name or _fresh(f"{node.origin}/{node.kind}", taken)


def _node_names(nodes: Iterable[Node]) -> list[str]:
    """MXNet's name for the last node that an operator became, which gives its result; the others name themselves."""
    nodes = list(nodes)
    last = {node.origin: number for number, node in enumerate(nodes)}
    taken = set(last)
    return [
        node.origin if node.origin and last[node.origin] == number else _fresh(f"{node.origin}/{node.kind}", taken)
        for number, node in enumerate(nodes)
    ]


def _fresh(wish: str, taken: set[str]) -> str:
    name, number = wish, 0
    while name in taken:
        number += 1
        name = f"{wish}_{number}"
    taken.add(name)
    return name


def _node(node: Node, name: str) -> onnx.NodeProto:
    inputs = ["" if value is None else value.name for value in node.inputs]
    while inputs and not inputs[-1]:
        inputs.pop()
    attributes = {key: _attribute(value) for key, value in sorted(node.attributes.items())}
    return helper.make_node(node.kind, inputs, [value.name for value in node.outputs], name, **attributes)


def _attribute(value: Any) -> Any:
    if isinstance(value, torch.dtype):
        return element_type(value)
    return list(value) if isinstance(value, (tuple, range)) else value


def element_type(dtype: torch.dtype) -> int:
    """ONNX's number of a type."""
    names = {"float32": "FLOAT", "float64": "DOUBLE"}
    name = name_of(dtype)
    return getattr(TensorProto, names.get(name, name.upper()))


def _info(value: Value, shape: Sequence[int | str | None] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(value.name, element_type(value.dtype), shape)


def _dims(value: Value, number: int) -> list[int | str] | None:
    if value.known_shape is None:
        return None
    return [f"output{number}_{axis}" if size is None else size for axis, size in enumerate(value.known_shape)]


def _tensor(name: str, array: np.ndarray, dtype: torch.dtype, weights: BinaryIO | None) -> onnx.TensorProto:
    tensor = TensorProto(name=name, dims=array.shape, data_type=element_type(dtype))
    if weights is None or array.nbytes <= _SMALL:
        tensor.raw_data = array.tobytes()
        return tensor
    offset = -(-weights.tell() // _ALIGNMENT) * _ALIGNMENT
    weights.seek(offset)
    weights.write(memoryview(np.ascontiguousarray(array)).cast("B") if array.dtype.kind != "V" else array.tobytes())
    tensor.data_location = TensorProto.EXTERNAL
    place = {"location": os.path.basename(weights.name), "offset": offset, "length": array.nbytes}
    for key, value in place.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor
