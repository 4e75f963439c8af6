"""The public functions of `mx.onnx`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mxnet import _dtype, formats
from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.formats._marks import without_marks
from mxnet.ndarray._array import Array, wrap
from mxnet.ndarray.ndarray import NDArray
from mxnet.numpy.multiarray import ndarray
from mxnet.operators import CATALOGUE
from mxnet.symbol import Symbol, load
from mxnet.symbol._graph import Node, auxiliary, variables
from mxnet.symbol._known import annotated_shape
from mxnet.symbol._labels import labels, without_labels

if TYPE_CHECKING:
    from mxnet.gluon import SymbolBlock

__all__ = ["OPSET", "export_model", "get_model_metadata", "get_operator_support", "import_model", "import_to_gluon"]

OPSET = 21
"""The version of ONNX's operators that is written by default."""
_OLDEST_OPSET = 18


def export_model(
    sym: Symbol | str | os.PathLike,
    params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | os.PathLike,
    in_shapes: Sequence[Sequence[int]] | None = None,
    in_types: Any = np.float32,
    onnx_file_path: str | os.PathLike = "model.onnx",
    verbose: bool = False,
    dynamic: bool = False,
    dynamic_input_shapes: Sequence[Sequence[int | str | None]] | None = None,
    run_shape_inference: bool = False,
    input_type: Any = None,
    input_shape: Sequence[Sequence[int]] | None = None,
    large_model: bool = False,
    *,
    opset: int = OPSET,
    verify: bool = True,
) -> str:
    """Write a graph and its parameters as an ONNX file, for inference.

    The file is checked by ``onnx.checker`` and run in ONNX Runtime; its results must be those of the graph here, up
    to 1e-4 of their largest. Only then it takes its place: whatever goes wrong, nothing is written.

    Parameters
    ----------
    sym : Symbol or path
        The graph, or the file that `HybridBlock.export` or `Symbol.save` has written.
    params : dict, list of two dicts or path
        Values of its variables by name, with or without ``arg:`` and ``aux:``. Variables without a value are the
        inputs; labels, which inference does not read, are left out.
    in_shapes : list of tuple, optional
        Shapes of the inputs in the graph's order; default those that the inputs are annotated with.
    in_types : type or list of types, default float32
        Of the inputs.
    onnx_file_path : path, default 'model.onnx'
    verbose : bool, default False
        Print what is written.
    dynamic : bool, default False
        Let the first size of each input be any (the batch).
    dynamic_input_shapes : list of tuple, optional
        With `dynamic`: which sizes may be any. None stands for one, or a name: equal names are equal sizes.
    run_shape_inference : bool, default False
        Write the shapes between the operators into the file too.
    input_type, input_shape : optional
        Older names of `in_types` and `in_shapes`.
    large_model : bool, default False
        Write the weights to ``<file>.data`` beside the file. Those of more than 2 GB, which one file cannot hold,
        go there anyway.
    opset : int, default 21
        The version of ONNX's operators.
    verify : bool, default True
        Compare the file with the graph in ONNX Runtime. Without ONNX Runtime a warning says that this was not done.

    Returns
    -------
    str
        `onnx_file_path`.

    Raises
    ------
    MXNetError
        If an operator has no ONNX form (it and its node are named), shapes do not fit, a value is there twice, with and
        without a mark, or the file fails a check.

    Examples
    --------
    >>> data = mx.sym.var('data')
    >>> net = mx.sym.softmax(mx.sym.FullyConnected(data, num_hidden=2, name='fc'))
    >>> params = {'fc_weight': mx.nd.ones((2, 3)), 'fc_bias': mx.nd.zeros(2)}
    >>> mx.onnx.export_model(net, params, [(1, 3)], dynamic=True)  # doctest: +SKIP
    'model.onnx'
    """
    from mxnet.onnx._export import export

    symbol = sym if isinstance(sym, Symbol) else load(os.fspath(sym))
    values = _values(params)
    path = os.fspath(onnx_file_path)
    _check_opset(opset)
    entries = without_labels(symbol._entries, _given(symbol, values))
    nodes = variables(entries)
    data = [node for node in nodes if node.name not in values]
    shapes = _shapes(data, in_shapes if input_shape is None else input_shape)
    types = _types(data, in_types if input_type is None else input_type)
    inputs = _inputs(data, shapes, types, dynamic, dynamic_input_shapes)
    used = {node.name: values[node.name] for node in nodes if node.name in values}
    lowered = export(
        entries,
        used,
        inputs,
        path,
        opset,
        with_shapes=run_shape_inference,
        external=large_model,
        verified=verify,
    )
    if verbose:
        print(f"{path}: {len(lowered.graph.nodes)} nodes of opset {opset}, {len(used)} parameters")
        for each in inputs:
            print(f"  {each.name}: {_dtype.name_of(each.dtype)} {each.dims}")
    return path


def import_model(model_file: str | os.PathLike) -> tuple[Symbol, dict[str, NDArray], dict[str, NDArray]]:
    """Read an ONNX file as a graph and its parameters.

    Parameters
    ----------
    model_file : path
        Of opset 7 or later. Weights may lie in other files of its folder.

    Returns
    -------
    sym : Symbol
    arg_params, aux_params : dict of str to NDArray
        The file's arrays; running statistics of BatchNormalization are auxiliary.

    Raises
    ------
    MXNetError
        If the file is damaged, leads outside of its folder, or holds a node that has no form in MXNet's operators:
        the node is named.
    """
    from mxnet.onnx._import import read_model

    imported = read_model(os.fspath(model_file))
    states = auxiliary(imported.entries)
    args, aux = {}, {}
    for node in variables(imported.entries):
        if node.name in imported.params:
            kept = aux if id(node) in states else args
            kept[node.name] = wrap(NDArray, imported.params[node.name])
    return Symbol(imported.entries), args, aux


def import_to_gluon(
    model_file: str | os.PathLike,
    device: Device | list[Device] | None = None,
    *,
    ctx: Device | list[Device] | None = None,
) -> SymbolBlock:
    """Read an ONNX file as a block.

    Parameters
    ----------
    model_file : path
        As `import_model` takes it.
    device : Device or list of Device, optional
        Where the parameters go; default the current device. `ctx` is its older name.

    Raises
    ------
    MXNetError
        As `import_model` does.
    """
    from mxnet.gluon import SymbolBlock
    from mxnet.onnx._import import read_model

    imported = read_model(os.fspath(model_file))
    used = {node.name for node in variables(imported.entries)}
    params = {name: wrap(ndarray, tensor) for name, tensor in imported.params.items() if name in used}
    inputs = [Symbol([(node, 0)]) for node in imported.inputs]
    block = SymbolBlock(Symbol(imported.entries), inputs, params)
    where = device or ctx
    if where is not None:
        block.reset_device(where)
    return block


def get_model_metadata(model_file: str | os.PathLike) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    """Names and shapes of what an ONNX file takes and gives; a size that may be any is 0.

    Returns
    -------
    dict
        Lists of names and shapes under ``'input_tensor_data'`` and ``'output_tensor_data'``.

    Raises
    ------
    MXNetError
        If the file cannot be read.
    """
    from mxnet.onnx._import import read_signature

    inputs, outputs = read_signature(os.fspath(model_file))
    return {"input_tensor_data": inputs, "output_tensor_data": outputs}


def get_operator_support(opset_version: int | None = None) -> list[str]:
    """The names of the operators that `export_model` can write, with `opset_version` (18 or later) as without.

    Raises
    ------
    MXNetError
        If that version is not written.

    Examples
    --------
    >>> 'Convolution' in mx.onnx.get_operator_support()
    True
    """
    if opset_version is not None:
        _check_opset(opset_version)
    return sorted(name for name, op in CATALOGUE.items() if op.onnx_rule is not None)


def _given(symbol: Symbol, values: Mapping[str, torch.Tensor]) -> set[str]:
    """The variables that have values or are inputs: all but labels without one."""
    unlabelled = {node.name for node in variables(symbol._entries)} - labels(symbol._entries)
    return unlabelled | set(values)


def _values(params: Any) -> dict[str, torch.Tensor]:
    file = params if isinstance(params, (str, os.PathLike)) else None
    if file is not None:
        params = formats.load(file)
    parts = params if isinstance(params, (list, tuple)) else [params]
    found = {}
    for part in parts:
        if not isinstance(part, Mapping):
            raise TypeError(f"export_model: params must be a dict of arrays, two of them, or a path, not {type(part)}")
        for name, value in without_marks(part, file).items():
            tensor = value._data if isinstance(value, Array) else torch.as_tensor(value)
            found[name] = tensor.detach()
    return found


def _check_opset(opset: int) -> None:
    import onnx

    newest = onnx.defs.onnx_opset_version()
    if not _OLDEST_OPSET <= opset <= newest:
        raise MXNetError(f"export_model: opset must be between {_OLDEST_OPSET} and {newest}, not {opset}")


def _shapes(data: Sequence[Node], given: Sequence[Sequence[int]] | None) -> list[tuple[int, ...]]:
    names = ", ".join(repr(node.name) for node in data) or "none"
    if given is None:
        shapes = [annotated_shape(node) for node in data]
        if any(shape is None or None in shape for shape in shapes):
            raise MXNetError(f"export_model: in_shapes must give the shapes of the inputs, which are {names}")
        return shapes
    if len(given) != len(data):
        raise MXNetError(
            f"export_model: in_shapes has {len(given)} shapes, but the graph has {len(data)} inputs: {names}. "
            "Variables without a value in params are inputs"
        )
    return [tuple([int(size) for size in shape]) for shape in given]


def _types(data: Sequence[Node], given: Any) -> list[torch.dtype]:
    listed = list(given) if isinstance(given, (list, tuple)) else [given] * len(data)
    if len(listed) != len(data):
        raise MXNetError(f"export_model: in_types has {len(listed)} types, but the graph has {len(data)} inputs")
    return [_dtype.to_torch(each) for each in listed]


def _inputs(
    data: Sequence[Node],
    shapes: Sequence[tuple[int, ...]],
    types: Sequence[torch.dtype],
    dynamic: bool,
    dims: Sequence[Sequence[int | str | None]] | None,
) -> list[Any]:
    from mxnet.onnx._export import Input

    if not dynamic:
        dims = shapes
    elif dims is None:
        dims = [("batch", *shape[1:]) if shape else () for shape in shapes]
    fitting = len(dims) == len(shapes) and all(map(_fits, dims, shapes))
    if not fitting:
        raise MXNetError(f"export_model: dynamic_input_shapes {list(dims)} do not fit in_shapes {list(shapes)}")
    return [Input(*row) for row in zip(data, shapes, dims, types, strict=True)]


def _fits(dims: Sequence[int | str | None], shape: Sequence[int]) -> bool:
    return len(dims) == len(shape) and all(
        not isinstance(want, int) or want == size for want, size in zip(dims, shape, strict=True)
    )
