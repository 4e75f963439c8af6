"""ONNX files to graphs of MXNet's operators. A file is untrusted: its sizes and paths are checked before they count."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from mxnet.base import MXNetError
from mxnet.formats._errors import access_error
from mxnet.onnx import _table_layers, _table_shapes  # noqa: F401  (each enters its operators)
from mxnet.onnx._importer import Call, Importer, Unsupported
from mxnet.onnx._table import TABLE
from mxnet.onnx._table_shapes import follow_sizes
from mxnet.symbol._graph import Entry, Node

__all__ = ["Imported", "read_model", "read_signature"]

_LARGEST = 2**31  # bytes of a model: what protobuf can hold
_TYPES = {
    getattr(TensorProto, name): dtype
    for name, dtype in {
        "FLOAT": torch.float32,
        "DOUBLE": torch.float64,
        "FLOAT16": torch.float16,
        "BFLOAT16": torch.bfloat16,
        "INT8": torch.int8,
        "INT16": torch.int16,
        "INT32": torch.int32,
        "INT64": torch.int64,
        "UINT8": torch.uint8,
        "BOOL": torch.bool,
    }.items()
}
_OLDEST_OPSET = 7


class Imported:
    """A graph from a file.

    Attributes
    ----------
    entries : list of Entry
    inputs : list of Node
        Its variables that are inputs, in the file's order.
    params : dict of str to Tensor
        The values of the others.
    """

    def __init__(self, entries: list[Entry], inputs: list[Node], params: dict[str, torch.Tensor]) -> None:
        self.entries = entries
        self.inputs = inputs
        self.params = params


def read_model(path: str) -> Imported:
    """Read an ONNX file.

    Raises
    ------
    MXNetError
        If it cannot be read, is no valid ONNX, leads outside of its folder, or holds what has no form here.
    """
    model = _loaded(path)
    opset = max([each.version for each in model.opset_import if each.domain in ("", "ai.onnx")], default=0)
    if opset < _OLDEST_OPSET:
        raise MXNetError(f"{path}: opset {opset} is too old; files of opset {_OLDEST_OPSET} and later are read")
    arrays = {tensor.name: _array(path, tensor) for tensor in model.graph.initializer}
    importer = Importer(opset, arrays, {name: array.shape for name, array in arrays.items()}, {})
    _note_shapes_and_types(importer, model)
    inputs = []
    for value in model.graph.input:
        if value.name not in arrays:
            node = Node(None, importer.fresh(value.name))
            importer.entries[value.name] = (node, 0)
            inputs.append(node)
    for number, node in enumerate(model.graph.node):
        _read_node(path, importer, node, number)
    try:
        entries = [importer.entry(value.name) for value in model.graph.output]
    except Unsupported as error:
        raise MXNetError(f"{path}: an output cannot be read: {error}") from None
    return Imported(entries, inputs, importer.params)


Signature = list[tuple[str, tuple[int, ...]]]


def read_signature(path: str) -> tuple[Signature, Signature]:
    """Names and shapes of a file's inputs and outputs; a size that may be any is 0."""
    graph = _loaded(path).graph
    arrays = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in arrays]
    listed = [
        [(value.name, tuple([_size(dim) or 0 for dim in value.type.tensor_type.shape.dim])) for value in values]
        for values in (inputs, graph.output)
    ]
    return listed[0], listed[1]


def _loaded(path: str) -> onnx.ModelProto:
    try:
        size = os.path.getsize(path)
    except OSError as cause:
        raise access_error("read", path, cause) from cause
    if size > _LARGEST:
        raise MXNetError(f"{path}: {size} bytes are more than an ONNX file can have ({_LARGEST})")
    try:
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(path)
    except OSError as cause:
        raise access_error("read", path, cause) from cause
    except Exception as error:  # protobuf's errors and the checker's have no common class but this one
        raise MXNetError(f"{path}: no valid ONNX file: {str(error).strip().splitlines()[0]}") from error
    return model


def _array(path: str, tensor: TensorProto) -> np.ndarray:
    if tensor.data_type not in _TYPES:
        kind = TensorProto.DataType.Name(tensor.data_type)
        raise MXNetError(f"{path}: the array {tensor.name!r} has the type {kind}, which no array here has")
    try:
        if tensor.data_location == TensorProto.EXTERNAL:
            return _external(path, tensor)
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError) as error:
        raise MXNetError(f"{path}: the array {tensor.name!r} is damaged: {error}") from error


def _external(path: str, tensor: TensorProto) -> np.ndarray:
    """An array from another file, which must lie in the model's folder and hold all of it."""
    place = {entry.key: entry.value for entry in tensor.external_data}
    folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    target = os.path.realpath(os.path.join(folder, place.get("location", "")))
    if os.path.commonpath([folder, target]) != folder or target == folder:
        raise MXNetError(
            f"{path}: the array {tensor.name!r} is said to lie in {place.get('location')!r}, outside its folder"
        )
    dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    count = math.prod(tensor.dims)
    offset = int(place.get("offset", 0))
    wanted = count * dtype.itemsize
    if min(tensor.dims, default=0) < 0 or offset < 0 or int(place.get("length", wanted)) != wanted:
        raise ValueError(f"{place.get('length')} bytes at {offset} are no array of shape {tuple(tensor.dims)}")
    try:
        if os.path.getsize(target) < offset + wanted:
            raise ValueError(f"{place['location']!r} ends before it")
        return np.fromfile(target, dtype=dtype, count=count, offset=offset).reshape(tensor.dims)
    except OSError as cause:
        raise access_error("read", target, cause) from cause


def _note_shapes_and_types(importer: Importer, model: onnx.ModelProto) -> None:
    """Tell an importer the shapes and types of values, as far as ONNX's own inference finds them."""
    try:
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception:  # what it cannot infer, the operators that need it ask for
        pass
    graph = model.graph
    for tensor in graph.initializer:
        importer.types[tensor.name] = _TYPES[tensor.data_type]
    for value in (*graph.input, *graph.value_info, *graph.output):
        kind = value.type.tensor_type
        if kind.elem_type in _TYPES:
            importer.types[value.name] = _TYPES[kind.elem_type]
        if kind.HasField("shape") and value.name not in importer.arrays:
            importer.shapes[value.name] = tuple([_size(dim) for dim in kind.shape.dim])
            importer.symbols[value.name] = tuple([dim.dim_param for dim in kind.shape.dim])


def _size(dim: Any) -> int | None:
    return dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else None


def _read_node(path: str, importer: Importer, node: onnx.NodeProto, number: int) -> None:
    name = node.name or (node.output[0] if node.output else f"{node.op_type}_{number}")
    call = Call(importer, node.op_type, name, node.input, node.output)
    where = f"{path}: node {name!r} ({node.op_type})"
    try:
        call.attributes = {each.name: _attribute(each) for each in node.attribute}
        if node.domain not in ("", "ai.onnx"):
            raise Unsupported(f"operators of the domain {node.domain!r} are not known")
        if node.op_type == "Constant":
            importer.arrays[node.output[0]] = _constant(path, call)
            importer.shapes[node.output[0]] = importer.arrays[node.output[0]].shape
            return
        if follow_sizes(call) or _fold(call, node):
            return
        if node.op_type not in TABLE:
            raise Unsupported("this operator has no counterpart")
        made = TABLE[node.op_type](call)
    except Unsupported as error:
        raise MXNetError(f"{where} cannot be read: {error}") from None
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise MXNetError(f"{where} has inputs or attributes that do not fit: {error}") from error
    results: Iterable[Entry] = made if isinstance(made, list) else [made]
    importer.entries.update(zip(node.output, results, strict=False))


# Arithmetic on integers that exporters leave in graphs; none of it makes much out of little.
_FOLDED = frozenset(
    "Add Cast Concat Div Equal Gather Mod Mul Neg Not Reshape Slice Squeeze Sub Transpose Unsqueeze Where".split()
)
_FEW = 4096


def _fold(call: Call, node: onnx.NodeProto) -> bool:
    """Compute a node of a few integers that the file fixes; False if it is none."""
    importer = call.importer
    if call.kind == "ConstantOfShape":
        shape = importer.array(call.inputs[0])
        if shape is None or math.prod(shape.tolist()) > _FEW:
            return False
    elif call.kind not in _FOLDED or not call.inputs:
        return False
    values = {name: importer.array(name) for name in call.inputs if name}
    if any(value is None or value.dtype.kind not in "iub" or value.size > _FEW for value in values.values()):
        return False
    found = ReferenceEvaluator(node, opsets={"": importer.opset}).run(None, values)[0]
    importer.arrays[call.outputs[0]] = found
    importer.shapes[call.outputs[0]] = found.shape
    return True


def _attribute(attribute: onnx.AttributeProto) -> Any:
    if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
        raise Unsupported("graphs within graphs are not known")
    value = helper.get_attribute_value(attribute)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _constant(path: str, call: Call) -> np.ndarray:
    if "value" in call.attributes:
        return _array(path, call.get("value"))
    for name, dtype in {"value_int": "int64", "value_ints": "int64", "value_float": "float32"}.items():
        if name in call.attributes:
            return np.array(call.get(name), dtype=dtype)
    if "value_floats" in call.attributes:
        return np.array(call.get("value_floats"), dtype="float32")
    raise Unsupported("only constants of numbers are known")
