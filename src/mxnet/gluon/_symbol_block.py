"""`SymbolBlock`: a block made of a graph."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from mxnet import _dtype
from mxnet.base import MXNetError, listed
from mxnet.device import Device
from mxnet.formats._marks import without_marks
from mxnet.gluon import _files
from mxnet.gluon._cached_graph import Trace
from mxnet.gluon._hybrid_block import HybridBlock
from mxnet.gluon._structure import ARRAY
from mxnet.gluon.parameter import Parameter
from mxnet.ndarray._array import Array
from mxnet.numpy.multiarray import ndarray
from mxnet.symbol import Symbol, load
from mxnet.symbol._evaluate import compute
from mxnet.symbol._graph import Node, auxiliary, variables
from mxnet.symbol._infer import infer_shape
from mxnet.symbol._known import annotated_number, annotated_shape, annotated_type
from mxnet.symbol._labels import without_labels

__all__ = ["SymbolBlock"]


class SymbolBlock(HybridBlock):
    """A block that computes a graph: one from a file, or part of one.

    Every variable of the graph that is no input becomes a parameter under its name; auxiliary states are never
    trained. Labels that only a training loss reads (``softmax_label``) need not be given.

    Parameters
    ----------
    outputs : Symbol or list of Symbol
        What to compute.
    inputs : Symbol or list of Symbol
        The variables that `forward` is given, in its order.
    params : dict of str to Parameter or array, optional
        Values of the other variables, or the parameters of another block to share.

    Examples
    --------
    >>> data = mx.sym.var('data')
    >>> body = mx.sym.FullyConnected(data, num_hidden=2, name='fc')
    >>> net = mx.gluon.SymbolBlock(mx.sym.softmax(body), data)
    >>> net.initialize()
    >>> net(mx.np.ones((3, 4))).shape
    (3, 2)
    >>> list(net.collect_params())
    ['fc_weight', 'fc_bias']
    """

    def __init__(
        self,
        outputs: Symbol | Sequence[Symbol],
        inputs: Symbol | Sequence[Symbol],
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        params = without_marks(params or {})
        self._input_names = [_variable(symbol).name for symbol in _listed(inputs, "inputs")]
        entries = [entry for symbol in _listed(outputs, "outputs") for entry in symbol._entries]
        self._entries = without_labels(entries, {*self._input_names, *params})
        self._variables = variables(self._entries)  # an input is found in the graph by its name
        self._active = True
        states = auxiliary(self._entries)
        for node in self._variables:
            if node.name not in self._input_names and node.name not in self._reg_params:
                self._reg_params[node.name] = _parameter(node, id(node) in states, params.get(node.name))

    @staticmethod
    def imports(
        symbol_file: str | os.PathLike,
        input_names: str | Sequence[str],
        param_file: str | os.PathLike | None = None,
        device: Device | list[Device] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        *,
        ctx: Device | list[Device] | None = None,
    ) -> SymbolBlock:
        """A block from the files that `HybridBlock.export`, or any MXNet since 0.8, has written.

        Parameters
        ----------
        symbol_file : path
            ``<name>-symbol.json``.
        input_names : str or list of str
            The variables that `forward` is given, mostly ``'data'``.
        param_file : path, optional
            ``<name>-0000.params``; without it call `initialize` or `load_parameters`.
        device : Device or list of Device, optional
            Where the parameters go; default the current device. `ctx` is its older name.
        allow_missing, ignore_extra : bool, default False
            As in `load_parameters`.

        Raises
        ------
        MXNetError
            If a file cannot be read, holds an operator that is not known, or has no such input.
        AssertionError, ValueError
            If graph and parameters do not belong together.

        Examples
        --------
        >>> net = mx.gluon.SymbolBlock.imports('net-symbol.json', ['data'], 'net-0000.params')  # doctest: +SKIP
        """
        source = os.fspath(symbol_file)
        symbol = load(source)
        wanted = [input_names] if isinstance(input_names, str) else list(input_names)
        there = {node.name: node for node in variables(symbol._entries)}
        for name in wanted:
            if name not in there:
                raise MXNetError(f"{source}: the graph has no input {name!r}; its variables are {listed(list(there))}")
        inputs = [Symbol([(there[name], 0)]) for name in wanted]
        if param_file is None:
            return SymbolBlock(symbol, inputs)
        saved, release = _files.read(param_file)
        block = SymbolBlock(symbol, inputs, {name: None for name in saved})
        params = dict(block._named_params(""))
        origin = f"file: {os.fspath(param_file)}"
        _files.load(params, saved, device or ctx, allow_missing, ignore_extra, True, "saved", origin, release)
        return block

    def forward(self, x: Array, *args: Array) -> Any:
        """Compute the outputs: one array, or a list of several."""
        arrays = (x, *args)
        names = self._input_names
        if len(arrays) != len(names):
            raise ValueError(f"SymbolBlock takes {len(names)} inputs, {listed(names)}, and got {len(arrays)}")
        for name, array in zip(names, arrays, strict=True):
            if not isinstance(array, Array):
                raise TypeError(f"SymbolBlock takes arrays; {name!r} is of type {type(array).__name__}")
        named = dict(zip(names, arrays, strict=True))
        named |= {name: param.data_for(x) for name, param in self._reg_params.items()}
        values = {id(node): named[node.name] for node in self._variables}
        results = compute(self._entries, values, x.device, type(x))
        return results[0] if len(results) == 1 else results

    def infer_shape(self, *args: Array) -> None:
        """Complete the shapes of the parameters from those of the inputs."""
        known = {name: tuple(array.shape) for name, array in zip(self._input_names, args, strict=False)}
        for name, param in self._reg_params.items():
            if param._shape_is_known():
                known[name] = param.shape
        arguments, _, states = infer_shape(self._entries, known, partial=True)
        auxiliaries = auxiliary(self._entries)
        found = iter(arguments), iter(states)
        for node in self._variables:
            shape = next(found[id(node) in auxiliaries])
            if node.name in self._reg_params and shape is not None:
                self._reg_params[node.name].shape = shape
        super().infer_shape(*args)

    def _graph_to_export(self) -> Trace:
        inputs = [node for node in self._variables if node.name in self._input_names]
        parameters = {node: self._reg_params[node.name] for node in self._variables if node not in inputs}
        structure = ARRAY if len(self._entries) == 1 else (list, (ARRAY,) * len(self._entries))
        forms = self._graphs.latest.forms if self._graphs.latest is not None else ()
        classes = [ndarray] * len(self._entries)
        given = (tuple, (ARRAY,) * len(self._input_names))
        return Trace(self._entries, inputs, parameters, {}, structure, classes, given, forms=forms)

    def __repr__(self) -> str:
        heads = ", ".join(dict.fromkeys(node.name for node, _ in self._entries))
        return f"{type(self).__name__}(\n  {heads}: {len(self._input_names)} -> {len(self._entries)}\n)"


def _listed(symbols: Any, what: str) -> list[Symbol]:
    found = list(symbols) if isinstance(symbols, (list, tuple)) else [symbols]
    for symbol in found:
        if not isinstance(symbol, Symbol):
            raise TypeError(f"SymbolBlock: {what} must be symbols, not {type(symbol).__name__}")
    return found


def _variable(symbol: Symbol) -> Node:
    if len(symbol._entries) != 1 or symbol._entries[0][0].op is not None:
        raise AssertionError(f"SymbolBlock: an input must be a variable, as mx.sym.var makes them, not {symbol!r}")
    return symbol._entries[0][0]


def _parameter(node: Node, is_state: bool, given: Any) -> Parameter:
    """The parameter of a variable: one that is given, or one made as the variable's annotations say."""
    if isinstance(given, Parameter):
        return given
    if isinstance(given, Array):
        param = Parameter(node.name, shape=given.shape, dtype=given.dtype, differentiable=not is_state)
        param.initialize("zeros", device=given.device)
        param.set_data(given)
        return param
    shape = annotated_shape(node)
    return Parameter(
        node.name,
        grad_req="null" if is_state else "write",
        shape=None if shape is None else [-1 if size is None else size for size in shape],
        dtype=_dtype.from_torch(annotated_type(node) or torch.float32),
        lr_mult=annotated_number(node, "__lr_mult__", 1.0),
        wd_mult=annotated_number(node, "__wd_mult__", 1.0),
        init=node.annotations.get("__init__"),
        allow_deferred_init=True,
        differentiable=not is_state,
    )
