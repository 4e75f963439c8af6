"""A block's graph and parameters as the two files that every MXNet reads."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from mxnet import _dtype, formats
from mxnet.formats._dtypes import CODE_OF
from mxnet.formats._writer import atomic_write
from mxnet.initializer import Initializer
from mxnet.ndarray._array import wrap
from mxnet.numpy.multiarray import ndarray
from mxnet.symbol import Symbol
from mxnet.symbol._graph import Node, auxiliary, variables

if TYPE_CHECKING:
    from mxnet.gluon._cached_graph import Trace
    from mxnet.gluon.parameter import Parameter

__all__ = ["annotations_of", "export", "export_onnx"]


def export(
    graph: Trace, params: Mapping[str, Parameter], path: str | os.PathLike | None, epoch: int, remove_amp_cast: bool
) -> tuple[Any, Any]:
    """Write ``path-symbol.json`` and ``path-0000.params``, or return what would be in them.

    See `HybridBlock.export`.
    """
    for node, parameter in graph.parameters.items():
        node.annotations = annotations_of(parameter)
    arrays = _named_arrays(graph, params)
    symbol = Symbol(graph.entries)
    if path is None:
        return symbol.as_np_ndarray(), {name: wrap(ndarray, tensor) for name, tensor in arrays.items()}
    prefix = os.fspath(path)
    names = f"{prefix}-symbol.json", f"{prefix}-{epoch:04d}.params"
    text = symbol.tojson(remove_amp_cast=remove_amp_cast)
    formats.save_list(names[1], arrays)
    with atomic_write(names[0]) as file:
        file.write(text.encode())
    return names


def export_onnx(
    graph: Trace, params: Mapping[str, Parameter], path: str | os.PathLike, options: Mapping[str, Any]
) -> str:
    """Write ``path.onnx``. See `HybridBlock.export`."""
    from mxnet.onnx import export_model

    if path is None:
        raise ValueError("export: format='onnx' writes a file, so path must name one")
    arrays = {name: wrap(ndarray, tensor) for name, tensor in _named_arrays(graph, params).items()}
    if graph.forms:
        # The graph may read its inputs in another order than the forward pass takes them.
        order = {node.name: form for node, form in zip(graph.inputs, graph.forms, strict=True)}
        forms = [order[node.name] for node in variables(graph.entries) if node.name in order]
        options = {"in_shapes": [shape for shape, _ in forms], "in_types": [dtype for _, dtype in forms]} | dict(
            options
        )
    prefix = os.fspath(path)
    target = prefix if prefix.endswith(".onnx") else f"{prefix}.onnx"
    return export_model(Symbol(graph.entries), arrays, onnx_file_path=target, **{"dynamic": True} | dict(options))


def _named_arrays(graph: Trace, params: Mapping[str, Parameter]) -> dict[str, torch.Tensor]:
    """The values of the graph's variables, marked as arguments or auxiliary states."""
    states = auxiliary(graph.entries)
    used = {id(node) for node in variables(graph.entries)}
    nodes = {node.name: node for node in graph.parameters if id(node) in used}
    arrays = {}
    known = {id(parameter) for node, parameter in graph.parameters.items() if id(node) in used}
    for name, parameter in params.items():
        if name in nodes:
            arrays[_marked(nodes[name], states)] = parameter._mean()
        elif id(parameter) not in known:
            warnings.warn(f'Parameter "{name}" is not used by the graph and is not exported', stacklevel=4)
    for node, parameter in graph.parameters.items():
        if id(node) in used and node.name not in params:
            arrays[_marked(node, states)] = parameter._mean()
    for node, array in graph.constants.items():
        if id(node) in used:
            arrays[_marked(node, states)] = array._data.detach().cpu()
    return arrays


def _marked(node: Node, states: set[int]) -> str:
    return f"{'aux' if id(node) in states else 'arg'}:{node.name}"


def annotations_of(parameter: Parameter) -> dict[str, str]:
    """What MXNet's files say of a parameter beside its name."""
    found = {
        "__dtype__": str(CODE_OF[_dtype.to_torch(parameter.dtype)]),
        "__lr_mult__": str(float(parameter.lr_mult)),
        "__profiler_scope__": "<unk>:",
        "__shape__": str(parameter.shape),
        "__storage_type__": "0",
        "__wd_mult__": str(float(parameter.wd_mult)),
    }
    if isinstance(parameter.init, str):
        found["__init__"] = parameter.init
    elif isinstance(parameter.init, Initializer):
        found["__init__"] = parameter.init.dumps()
    return dict(sorted(found.items()))
