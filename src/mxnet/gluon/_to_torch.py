"""A block as a module of PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from mxnet.autograd import pause
from mxnet.base import DynamicShape, MXNetError, NotTraceable
from mxnet.engines._module import attach, to_module, unreserved
from mxnet.gluon._cached_graph import Trace, trace, trace_with_values
from mxnet.gluon._structure import flatten, rebuild
from mxnet.ndarray._array import Array
from mxnet.operators.module import tensors_of
from mxnet.symbol._graph import variables

if TYPE_CHECKING:
    from mxnet.gluon.block import HybridBlock
    from mxnet.gluon.parameter import Parameter

__all__ = ["tensor_of", "to_torch"]


def to_torch(block: HybridBlock, args: Sequence[Any], share: bool) -> torch.fx.GraphModule:
    """See `HybridBlock.to_torch`."""
    graph = _graph_of(block, args)
    used = set(variables(graph.entries))
    values = {node: tensor_of(parameter, share) for node, parameter in graph.parameters.items() if node in used}
    _check_device(type(block).__name__, graph.parameters)
    constants = {node: array._data.detach().clone() for node, array in graph.constants.items() if node in used}
    module = to_module(
        graph.entries,
        graph.inputs,
        values,
        constants,
        arrange=lambda outputs: rebuild(graph.structure, iter(outputs)),
        name=type(block).__name__,
    )
    _name_again(module, block, {id(graph.parameters[node]): tensor for node, tensor in values.items()})
    return module


def _name_again(module: torch.nn.Module, block: HybridBlock, tensors: dict[int, torch.Tensor]) -> None:
    """A parameter that several blocks share is in the module under each of its names."""
    there = tensors_of(module)
    for name, parameter in block._named_params(""):
        path = unreserved(name)
        if id(parameter) in tensors and path not in there:
            attach(module, path, tensors[id(parameter)])


def _graph_of(block: HybridBlock, args: Sequence[Any]) -> Trace:
    kind = type(block).__name__
    if not args:
        try:
            return block._graph_to_export()
        except RuntimeError as error:
            raise MXNetError(
                f"{kind}.to_torch() needs example inputs, as in to_torch(x), since this block was not hybridized and "
                "called before"
            ) from error
    arrays: list[Array] = []
    flatten(tuple(args), arrays)
    if not arrays:
        raise TypeError(f"{kind}.to_torch() takes arrays as forward does, not {_kinds(args)}")
    with pause(train_mode=False):
        try:
            graph = trace(block, args)
        except NotTraceable as error:
            graph = trace_with_values(block, args) if isinstance(error, DynamicShape) else None
            if graph is None:
                raise MXNetError(f"{kind} cannot become a module of PyTorch: {error}") from error
    for parameter in graph.parameters.values():
        parameter._finish_deferred_init()
    return graph


def _kinds(args: Sequence[Any]) -> str:
    return ", ".join(type(value).__name__ for value in args)


def tensor_of(parameter: Parameter, share: bool) -> torch.Tensor:
    """A parameter's values as a torch parameter, or as a plain tensor if it is never trained.

    Raises
    ------
    RuntimeError
        If it is not initialized, or has several replicas.
    """
    replicas = parameter.list_data()
    if len(replicas) > 1:
        raise MXNetError(
            f"Parameter '{parameter.name}' is on several devices, {parameter.list_device()}: call reset_device with "
            "one of them first"
        )
    tensor = replicas[0]._data.detach()
    tensor = tensor if share else tensor.clone(memory_format=torch.contiguous_format)
    if not parameter._differentiable:
        return tensor
    return torch.nn.Parameter(tensor, requires_grad=parameter.grad_req != "null" and tensor.is_floating_point())


def _check_device(kind: str, parameters: dict[Any, Parameter]) -> None:
    devices = {parameter.list_data()[0]._data.device: parameter.name for parameter in parameters.values()}
    if len(devices) > 1:
        raise MXNetError(f"the parameters of {kind} are on several devices, {list(map(str, devices))}")
