"""`TorchBlock`: a module of PyTorch in a Gluon network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mxnet import _dtype
from mxnet._modes import modes
from mxnet.device import Device, device_of
from mxnet.gluon._block import indent
from mxnet.gluon._hybrid_block import HybridBlock
from mxnet.gluon._structure import flatten, rebuild
from mxnet.gluon._to_torch import tensor_of
from mxnet.gluon.parameter import Parameter
from mxnet.ndarray._array import Array, run
from mxnet.operators.module import ModuleOperator, copy_with, tensors_of

__all__ = ["TorchBlock"]


class TorchBlock(HybridBlock):
    """A Gluon block that computes what a module of PyTorch does.

    The module's parameters and buffers are parameters of the block, under the module's names for them and in the
    same memory: whatever trains, loads or casts them, block and module see it. `initialize` leaves the values as
    they are, unless told ``force_reinit=True``, and without a device leaves them where they are. Use the block to
    cast or move them. The module trains or predicts as `mx.autograd` says.

    In a hybridized network it is one node of the graph, so its Python runs in every pass.

    Parameters
    ----------
    module : torch.nn.Module
        It takes and returns tensors, also within lists, tuples and dicts.

    Raises
    ------
    TypeError
        If it is no module, or one that torch.jit has compiled.
    ValueError
        If its tensors are lazy, without values, on several devices or of a form that arrays have not.

    Examples
    --------
    >>> import torch
    >>> net = mx.gluon.nn.HybridSequential()
    >>> net.add(mx.gluon.contrib.TorchBlock(torch.nn.Linear(4, 3)), mx.gluon.nn.Dense(2))
    >>> net.initialize()
    >>> net(mx.np.ones((5, 4))).shape
    (5, 2)
    >>> list(net.collect_params())
    ['0.weight', '0.bias', '1.weight', '1.bias']
    """

    def __init__(self, module: torch.nn.Module) -> None:
        if not isinstance(module, torch.nn.Module):
            raise TypeError(f"TorchBlock takes a torch.nn.Module, not {type(module).__name__}")
        if isinstance(module, torch.jit.ScriptModule):
            raise TypeError("TorchBlock takes a module as it is written, not one that torch.jit has compiled")
        tensors = tensors_of(module)
        _check(type(module).__name__, tensors)
        super().__init__()
        self.module = module
        self._calls: dict[Any, ModuleOperator] = {}
        trained = {id(tensor) for tensor in module.parameters()}
        held: dict[int, Parameter] = {}
        for name, tensor in tensors.items():
            if id(tensor) not in held:
                held[id(tensor)] = HeldParameter(name, tensor, id(tensor) in trained)
            self._reg_params[name] = held[id(tensor)]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n  {indent(repr(self.module))}\n)"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_calls": {}}

    def forward(self, x: Any, *args: Any) -> Any:
        """What the module returns, arrays in the place of tensors."""
        arrays: list[Array] = []
        structure = flatten((x, *args), arrays)
        if not arrays:
            raise TypeError(f"{type(self).__name__} takes arrays, also within lists, tuples and dicts")
        op = self._operator(structure)
        inputs = arrays + [parameter.data_for(arrays[0]) for parameter in self._reg_params.values()]
        results = run(op, inputs, {})
        return rebuild(op.results, iter(results if isinstance(results, list) else [results]))

    def _operator(self, structure: Any) -> ModuleOperator:
        """The call of the module for arguments of that structure; a graph gets one of its own."""
        if modes.tracer is not None:
            return ModuleOperator(self.module, structure)
        try:
            op = self._calls.get(structure)
        except TypeError:  # an argument that is not hashable
            return ModuleOperator(self.module, structure)
        if op is None:
            op = self._calls[structure] = ModuleOperator(self.module, structure)
        return op

    def to_torch(self, *example_inputs: Any, share: bool = False) -> torch.nn.Module:
        """A copy of the module, in evaluation mode; with `share` it computes with the memory of this block."""
        tensors = {name: tensor_of(parameter, share) for name, parameter in self._reg_params.items()}
        return copy_with(self.module, tensors).eval()


class HeldParameter(Parameter):
    """A parameter in the memory of a tensor that a module holds."""

    def __init__(self, name: str, tensor: torch.Tensor, trained: bool) -> None:
        super().__init__(
            name,
            grad_req="write" if tensor.requires_grad else "null",
            dtype=_dtype.from_torch(tensor.dtype),
            init=("zeros" if name.endswith("bias") else "ones") if tensor.dim() < 2 else None,
            differentiable=trained and tensor.is_floating_point(),
        )
        self._shape = tuple(tensor.shape)
        self._tensor = tensor
        self._set_replicas(tensor.detach(), [device_of(tensor)])

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._bind()  # a copied or unpickled array has memory of its own

    def initialize(
        self,
        init: Any = None,
        device: Device | Sequence[Device] | None = None,
        default_init: Any = None,
        force_reinit: bool = False,
        *,
        ctx: Device | Sequence[Device] | None = None,
    ) -> None:
        """Keep the values; or with `force_reinit`, unless it is a buffer, do as any parameter."""
        device = device or ctx
        if device is not None:
            self.reset_device(device)
        if force_reinit and self._differentiable:
            super().initialize(init, device or self.list_device(), default_init, True)

    def cast(self, dtype: Any) -> None:
        """Change the type, as torch does of floating point numbers only."""
        if self._tensor.is_floating_point():
            super().cast(dtype)
            self._bind()

    def _set_replicas(self, tensor: torch.Tensor, devices: Sequence[Device]) -> None:
        super()._set_replicas(tensor, devices)
        self._bind()

    def _bind(self) -> None:
        """Give the module's tensor the memory of the (first) array."""
        self._tensor.data = self._replicas[0]._data

    def _mean(self) -> torch.Tensor:
        return super()._mean() if self._tensor.is_floating_point() else self._replicas[0]._data.cpu()


def _check(kind: str, tensors: dict[str, torch.Tensor]) -> None:
    """Refuse tensors that no array can be."""
    devices: dict[torch.device, str] = {}
    for name, tensor in tensors.items():
        if torch.nn.parameter.is_lazy(tensor):
            raise ValueError(
                f"TorchBlock: {name!r} of {kind} is lazy, it has no shape yet: run the module once in torch first"
            )
        if tensor.is_meta:
            raise ValueError(f"TorchBlock: {name!r} of {kind} has no values, it is on torch's meta device")
        if tensor.layout is not torch.strided or tensor.dtype not in _dtype.NAMES.values():
            raise ValueError(f"TorchBlock: {name!r} of {kind} is no dense array, but {tensor.layout} of {tensor.dtype}")
        devices.setdefault(tensor.device, name)
    if len(devices) > 1:
        places = ", ".join(f"{name!r} on {device}" for device, name in devices.items())
        raise ValueError(f"TorchBlock: {kind} is on several devices: {places}")
