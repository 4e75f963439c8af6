"""Graphs that compute in a type of 16 bits where results stay sound in it.

Products (convolutions, dense layers, matrix products) compute in the narrow type; what only moves or compares values,
or adds a few, goes on in the type it is given; everything else (softmax, norms, long sums) computes in float32. Casts
stand where types meet, as MXNet's ``amp_cast``; those of constants are made once. Results have the types they have
without any of this.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mxnet import _dtype
from mxnet.engines._specs import Key, key_of, results_of, specs_of, without_values
from mxnet.engines.engine import Subgraph
from mxnet.operators import find
from mxnet.symbol._graph import Entry, Node, variables
from mxnet.symbol._rewrite import rewrite

__all__ = ["lowered"]

Tensor = torch.Tensor

_WIDE = torch.float32

_PRODUCTS = """
    Convolution Deconvolution FullyConnected dot batch_dot _linalg_gemm2 _npi_matmul _npi_dot _npi_einsum _npi_tensordot
    _npi_tensordot_int_axes
"""
_FOLLOWING = """
    Activation LeakyReLU relu sigmoid tanh clip _npi_clip hard_sigmoid Dropout Pooling UpSampling Pad
    Flatten Reshape _npi_reshape _npx_reshape reshape_like transpose _npi_transpose SwapAxis _npi_swapaxes expand_dims
    _npi_expand_dims squeeze _npi_squeeze Concat _npi_concatenate stack _npi_stack SliceChannel slice slice_axis
    _npi_slice identity _npi_copy BlockGrad space_to_depth depth_to_space
    elemwise_add elemwise_sub elemwise_mul broadcast_add broadcast_sub broadcast_mul broadcast_maximum
    broadcast_minimum add_n _npi_add _npi_subtract _npi_multiply _npi_maximum _npi_minimum
    _plus_scalar _minus_scalar _mul_scalar _div_scalar _npi_add_scalar _npi_subtract_scalar _npi_multiply_scalar
    _npi_true_divide_scalar _npi_maximum_scalar _npi_minimum_scalar
"""
_NARROW = frozenset(find(name).name for name in _PRODUCTS.split())
_EITHER = frozenset(find(name).name for name in _FOLLOWING.split())


def lowered(graph: Subgraph, dtype: torch.dtype) -> Subgraph:
    """The graph with its products in `dtype`; only what is float32 changes its type.

    Parameters
    ----------
    graph : Subgraph
    dtype : {torch.bfloat16, torch.float16}
    """
    specs = specs_of(graph.entries, dict(zip(graph.inputs, graph.examples, strict=True)) | dict(graph.constants))
    lowering = _Lowering(graph, dtype)
    entries = rewrite(graph.entries, lowering.change)
    entries = [lowering.cast(new, specs[key_of(old)].dtype) for new, old in zip(entries, graph.entries, strict=True)]
    used = set(variables(entries))
    constants = {node: tensor for node, tensor in lowering.constants.items() if node in used}
    return graph._replace(entries=entries, constants=constants)


class _Lowering:
    """What is known of the new graph while it is made."""

    def __init__(self, graph: Subgraph, dtype: torch.dtype) -> None:
        self.constants = dict(graph.constants)
        self._dtype = dtype
        self._specs: dict[Key, Tensor] = {}
        self._casts: dict[tuple[Key, torch.dtype], Entry] = {}
        for node, tensor in (*zip(graph.inputs, graph.examples, strict=True), *graph.constants.items()):
            self._specs[id(node), 0] = without_values(tensor)

    def type_of(self, entry: Entry) -> torch.dtype:
        return self._specs[key_of(entry)].dtype

    def change(self, node: Node, inputs: list[Entry | None]) -> Node:
        """The node in the new graph: the same operator, of inputs that have the types it is to compute in."""
        given = self._typed(node, inputs)
        new = Node(node.op, node.name, node.attributes, given, node.annotations, node.written)
        self._note(new)
        return new

    def cast(self, entry: Entry, dtype: torch.dtype) -> Entry:
        """The entry in a type: itself, a constant of that type, or a cast."""
        if self.type_of(entry) is dtype:
            return entry
        key = key_of(entry), dtype
        if key not in self._casts:
            self._casts[key] = self._cast(entry, dtype)
        return self._casts[key]

    def _cast(self, entry: Entry, dtype: torch.dtype) -> Entry:
        source, number = entry
        name = f"{source.name}{number or ''}_{_dtype.name_of(dtype)}"
        if source in self.constants:
            node = Node(None, name)
            self.constants[node] = self.constants[source].to(dtype)
            self._specs[id(node), 0] = without_values(self.constants[node])
        else:
            node = Node(find("amp_cast"), name, {"dtype": dtype}, [entry])
            self._note(node)
        return node, 0

    def _typed(self, node: Node, inputs: Sequence[Entry | None]) -> list[Entry | None]:
        if node.op.name == "BatchNorm":  # its parameters are float32 whatever its data is
            return [inputs[0], *[self._in(entry, _WIDE) for entry in inputs[1:]]]
        if node.op.name in _NARROW:
            return [self._in(entry, self._dtype) for entry in inputs]
        types = {self.type_of(entry) for entry in inputs if entry is not None}
        if self._dtype not in types or (node.op.name in _EITHER and len(types) == 1 and self._holds(node)):
            return list(inputs)
        return [self._in(entry, _WIDE) for entry in inputs]

    def _holds(self, node: Node) -> bool:
        """Whether the narrow type has the numbers among a node's attributes, such as the bounds of a clip."""
        largest = torch.finfo(self._dtype).max
        numbers = [value for value in node.attributes.values() if isinstance(value, (int, float))]
        return all(abs(number) <= largest for number in numbers)

    def _in(self, entry: Entry | None, dtype: torch.dtype) -> Entry | None:
        if entry is None or self.type_of(entry) not in (_WIDE, self._dtype):
            return entry
        return self.cast(entry, dtype)

    def _note(self, node: Node) -> None:
        given = [None if entry is None else self._specs[key_of(entry)] for entry in node.inputs]
        for number, tensor in enumerate(results_of(node, given)):
            self._specs[id(node), number] = tensor
