"""Graphs and networks with mixed precision written into them: `convert_symbol`, `convert_model` and the like."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import torch

from mxnet import _dtype
from mxnet.amp._policy import Conditions, Policy, policy
from mxnet.base import listed
from mxnet.device import Device
from mxnet.formats._dtypes import CODE_OF
from mxnet.gluon._hybrid_block import HybridBlock
from mxnet.gluon._symbol_block import SymbolBlock
from mxnet.gluon.parameter import Parameter
from mxnet.ndarray._array import Array, wrap
from mxnet.numpy.multiarray import ndarray
from mxnet.symbol import Symbol
from mxnet.symbol._abstract import Bodies
from mxnet.symbol._casts import Casting
from mxnet.symbol._compose import copy
from mxnet.symbol._graph import Entry, Node, topological, variables
from mxnet.symbol._known import annotated_type
from mxnet.symbol._rewrite import rewrite
from mxnet.symbol._types import result_types
from mxnet.symbol._write import CASTS, without_casts

__all__ = ["convert_hybrid_block", "convert_model", "convert_symbol"]

_WIDE = torch.float32


def convert_symbol(
    sym: Symbol,
    target_dtype: Any = "float16",
    target_dtype_ops: Iterable[str] | None = None,
    fp32_ops: Iterable[str] | None = None,
    conditional_fp32_ops: Conditions | None = None,
    excluded_sym_names: Iterable[str] | None = None,
    data_names: Iterable[str] | None = None,
    cast_optional_params: bool = False,
) -> Symbol:
    """A copy of a graph in which products compute in 16 bits and what needs them keeps 32: casts stand between.

    Its arguments and results have the types they had.

    Parameters
    ----------
    sym : Symbol
    target_dtype : {'float16', 'bfloat16'}
    target_dtype_ops, fp32_ops : list of str, optional
        The operators that compute in `target_dtype`, and in float32, instead of those that `list_lp16_ops` and
        `list_fp32_ops` tell.
    conditional_fp32_ops : list of (str, str, list of str), optional
        Operator, attribute, and the values with which it computes in float32.
    excluded_sym_names : list of str, optional
        Nodes that compute in float32 whatever their operator.
    data_names : list of str, optional
        The variables that are no parameters. The others are marked with their types.
    cast_optional_params : bool, default False
        Let parameters that are read in `target_dtype` only have it, instead of casting them in every pass; needs
        `data_names`.

    Raises
    ------
    TypeError
        If `sym` is no Symbol.
    ValueError
        If the type is another, an operator or attribute is not known, or an operator is named for both types.

    Examples
    --------
    >>> dense = mx.sym.FullyConnected(mx.sym.var('data'), num_hidden=2, no_bias=True, name='fc')
    >>> low = mx.amp.convert_symbol(dense, 'bfloat16')
    >>> [name for name in low.attr_dict() if 'cast' in name]
    ['data_amp_cast_bfloat16', 'fc_weight_amp_cast_bfloat16', 'fc_output_amp_cast_float32']
    """
    if not isinstance(sym, Symbol):
        raise TypeError(f"amp.convert_symbol takes a Symbol, not {type(sym).__name__}")
    rules = policy(target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops)
    excluded = _excluded(sym._entries, excluded_sym_names)
    entries = copy(without_casts(sym._entries))
    parameters = set() if data_names is None else _others(entries, data_names)
    offline = _castable(entries, rules, excluded, parameters) if cast_optional_params else set()
    new = _converted(entries, rules, excluded, offline)
    for node in parameters:
        dtype = rules.dtype if node in offline else annotated_type(node) or _WIDE
        node.annotations = dict(sorted({**node.annotations, "__dtype__": str(CODE_OF[dtype])}.items()))
    return type(sym)(new)


def convert_model(
    sym: Symbol,
    arg_params: Mapping[str, Array],
    aux_params: Mapping[str, Array],
    target_dtype: Any = "float16",
    target_dtype_ops: Iterable[str] | None = None,
    fp32_ops: Iterable[str] | None = None,
    conditional_fp32_ops: Conditions | None = None,
    excluded_sym_names: Iterable[str] | None = None,
    cast_optional_params: bool = False,
) -> tuple[Symbol, dict[str, Array], dict[str, Array]]:
    """As `convert_symbol`, for a graph with the values of its parameters.

    Parameters
    ----------
    arg_params, aux_params : dict of str to array
        Values of arguments and auxiliary states; variables without one are the model's inputs.
    cast_optional_params : bool, default False
        Whether to give parameters that are read in `target_dtype` only that type: half the memory and no casts, but
        nothing to train.

    Returns
    -------
    Symbol, dict, dict

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        As `convert_symbol`.
    """
    for name, params in (("arg_params", arg_params), ("aux_params", aux_params)):
        if not isinstance(params, Mapping) or not all(isinstance(value, Array) for value in params.values()):
            raise TypeError(f"amp.convert_model: {name} must be a dict of names to arrays")
    if not isinstance(sym, Symbol):
        raise TypeError(f"amp.convert_model takes a Symbol, not {type(sym).__name__}")
    data_names = [name for name in sym.list_inputs() if name not in arg_params and name not in aux_params]
    new = convert_symbol(
        sym,
        target_dtype,
        target_dtype_ops,
        fp32_ops,
        conditional_fp32_ops,
        excluded_sym_names,
        data_names,
        cast_optional_params,
    )
    types = {node.name: annotated_type(node) for node in variables(new._entries)} if cast_optional_params else {}
    return new, *[
        {name: _as_type(value, types.get(name)) for name, value in params.items()}
        for params in (arg_params, aux_params)
    ]


def convert_hybrid_block(
    block: HybridBlock,
    target_dtype: Any = "float16",
    target_dtype_ops: Iterable[str] | None = None,
    fp32_ops: Iterable[str] | None = None,
    conditional_fp32_ops: Conditions | None = None,
    excluded_sym_names: Iterable[str] | None = None,
    device: Device | Sequence[Device] | None = None,
    cast_optional_params: bool = False,
    *,
    cast_params_offline: bool = False,
) -> SymbolBlock:
    """A network that computes what `block` computes, as `convert_symbol` says; it has parameters of its own.

    Parameters
    ----------
    block : HybridBlock
        Hybridized, and called once.
    target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops, excluded_sym_names
        As for `convert_symbol`; nodes have the names that `block.export(None)[0]` shows.
    device : Device or list of Device, optional
        Where the new parameters are; default where those of `block` are.
    cast_optional_params : bool, default False
        As for `convert_model`; `cast_params_offline` is its name in later versions of MXNet.

    Raises
    ------
    TypeError
        If `block` is no HybridBlock.
    RuntimeError
        If it has not been hybridized and called, or cannot be a graph.
    ValueError
        As `convert_symbol`.

    Examples
    --------
    >>> net = mx.gluon.nn.Dense(2, in_units=3)
    >>> net.initialize()
    >>> net.hybridize()
    >>> y = net(mx.np.ones((1, 3)))
    >>> low = mx.amp.convert_hybrid_block(net, 'bfloat16', cast_optional_params=True)
    >>> low(mx.np.ones((1, 3))).dtype, low.collect_params()['weight'].dtype
    (dtype('float32'), 'bfloat16')
    """
    if not isinstance(block, HybridBlock):
        raise TypeError(f"amp.convert_hybrid_block takes a HybridBlock, not {type(block).__name__}")
    graph = block._graph_to_export()
    inputs = [node.name for node in graph.inputs]
    offline = cast_optional_params or cast_params_offline
    new = convert_symbol(
        Symbol(graph.entries),
        target_dtype,
        target_dtype_ops,
        fp32_ops,
        conditional_fp32_ops,
        excluded_sym_names,
        inputs,
        offline,
    )
    found = {node.name: node for node in variables(new._entries)}
    own = {node.name: parameter for node, parameter in graph.parameters.items() if node.name in found}
    params: dict[str, Any] = {
        name: _copied(parameter, annotated_type(found[name]) if offline else None, device)
        for name, parameter in own.items()
    }
    params |= {node.name: _copied_constant(array, device) for node, array in graph.constants.items()}
    return SymbolBlock(new, [Symbol([(found.get(name, Node(None, name)), 0)]) for name in inputs], params)


class _Conversion(Casting):
    """Puts casts into a graph whose variables' types are known, and whose results' follow."""

    def __init__(self, rules: Policy, excluded: Collection[str], types: Mapping[Node, torch.dtype]) -> None:
        super().__init__()
        self._rules = rules
        self._excluded = excluded
        self._bodies = Bodies()
        self._types: dict[tuple[int, int], torch.dtype] = {(id(node), 0): dtype for node, dtype in types.items()}

    def type_of(self, entry: Entry) -> torch.dtype | None:
        return self._types[id(entry[0]), entry[1]]

    def _note(self, node: Node) -> None:
        given = [None if entry is None else self.type_of(entry) for entry in node.inputs]
        found = result_types(self._bodies, node, given)
        if found is None:  # it takes none of the shapes that were tried, so what most operators do has to serve
            found = [node.attributes.get("dtype") or next((each for each in given if each), _WIDE)] * node.outputs
        self._types.update({(id(node), number): dtype for number, dtype in enumerate(found)})

    def _typed(self, node: Node, inputs: Sequence[Entry | None]) -> Sequence[Entry | None]:
        types = {self.type_of(entry) for entry in inputs if entry is not None}
        wanted = _WIDE if node.name in self._excluded else self._rules.wanted(node.op, node.attributes, types)
        if wanted is None:
            return inputs
        states = node.op.mutates
        names = node.op.input_names(len(inputs))
        return [
            entry if entry is None or name in states else self._in(entry, wanted)
            for name, entry in zip(names, inputs, strict=False)
        ]

    def _in(self, entry: Entry, dtype: torch.dtype) -> Entry:
        return self.cast(entry, dtype) if self.type_of(entry) in (_WIDE, self._rules.dtype) else entry


def _converted(
    entries: list[Entry], rules: Policy, excluded: Collection[str], offline: Collection[Node]
) -> list[Entry]:
    types = {node: annotated_type(node) or _WIDE for node in variables(entries)}
    before = _Conversion(rules, excluded, types)
    for node in topological(entries):
        if node.op is not None:
            before._note(node)
    types |= dict.fromkeys(offline, rules.dtype)
    conversion = _Conversion(rules, excluded, types)
    new = rewrite(entries, conversion.change)
    return [conversion.cast(entry, before.type_of(old)) for entry, old in zip(new, entries, strict=True)]


def _castable(
    entries: list[Entry], rules: Policy, excluded: Collection[str], parameters: Collection[Node]
) -> set[Node]:
    """The parameters that are read through a cast to 16 bits and in no other way."""
    uses: Counter[Node] = Counter()
    narrow = set()
    new = _converted(entries, rules, excluded, ())
    for node in topological(new):
        for entry in node.inputs:
            if entry is not None and entry[0] in parameters:
                uses[entry[0]] += 1
                if node.op.name in CASTS and node.attributes["dtype"] is rules.dtype:
                    narrow.add(entry[0])
    uses.update(node for node, _ in new)
    return {node for node in narrow if uses[node] == 1}


def _excluded(entries: Sequence[Entry], names: Iterable[str] | None) -> frozenset[str]:
    if isinstance(names, str):
        raise TypeError(f"excluded_sym_names must be a list of names, not {names!r}")
    wanted = frozenset(names or ())
    there = {node.name for node in topological(entries) if node.op is not None}
    missing = sorted(wanted - there)
    if missing:
        warnings.warn(f"excluded_sym_names: the graph has no nodes {listed(missing)}", stacklevel=3)
    return wanted


def _others(entries: Sequence[Entry], data_names: Iterable[str]) -> set[Node]:
    names = {data_names} if isinstance(data_names, str) else set(data_names)
    return {node for node in variables(entries) if node.name not in names}


def _as_type(array: Array, dtype: torch.dtype | None) -> Array:
    return array if dtype is None or array._data.dtype is dtype else array.astype(_dtype.name_of(dtype))


def _copied(parameter: Parameter, dtype: torch.dtype | None, device: Any) -> Parameter:
    new = Parameter(
        parameter.name,
        grad_req=parameter.grad_req,
        shape=parameter.shape,
        dtype=parameter.dtype if dtype is None else _dtype.name_of(dtype),
        lr_mult=parameter.lr_mult,
        wd_mult=parameter.wd_mult,
        differentiable=parameter._differentiable,
    )
    new.initialize("zeros", device=parameter.list_device() if device is None else device)
    new.set_data(wrap(ndarray, parameter._mean()))
    return new


def _copied_constant(array: Array, device: Any) -> Array:
    copied = array.copy()
    first = device[0] if isinstance(device, (list, tuple)) else device
    return copied if first is None else copied.as_in_ctx(first)
