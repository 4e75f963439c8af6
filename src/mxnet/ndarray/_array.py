"""What every array is underneath: a torch tensor, a mark for gradients, and the one way to run an operator.

Nothing here depends on torch's grad mode. A marked array holds its values twice over the same memory: `_data`
does not require a gradient, `_mark.leaf` does. While a tape is recorded operators read the leaf, otherwise they
read plain (or detached) data, so outside `autograd.record()` torch has nothing to record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from mxnet._dtype import name_of
from mxnet._modes import modes
from mxnet.base import MXNetError, NotTraceable, ValuesNotKnown
from mxnet.device import Device, current_device, device_of
from mxnet.ndarray._gradients import Mark, dead_ends_of, graph_is_gone
from mxnet.operators.catalogue import Operator

__all__ = ["Array", "as_device", "constant_like", "invoke", "place", "read", "read_all", "run", "store", "wrap"]

_new = object.__new__


class Array:
    """A torch tensor with MXNet's behaviour; `mx.nd.NDArray` and `mx.np.ndarray` are its two faces."""

    __slots__ = ("__weakref__", "_data", "_dead_ends", "_epoch", "_mark", "_tag")

    _data: torch.Tensor
    _mark: Mark | None  # where its gradient goes
    _tag: Device | None  # its device, where that is more than torch knows: cpu(1), cpu_pinned(0)
    _epoch: int  # `modes.epoch` when it was made
    _dead_ends: frozenset[Any] | None  # nodes of the graph that it came from without a derivative; see `_gradients`

    def __init__(self, handle: torch.Tensor | Array, writable: bool = True) -> None:
        if isinstance(handle, Array):
            handle = handle._data
        if not isinstance(handle, torch.Tensor):
            raise TypeError(
                f"{type(self).__name__}() takes a torch tensor, not {type(handle).__name__}; "
                "use mx.np.array or mx.nd.array"
            )
        self._data = handle
        self._mark = None
        self._tag = None
        self._epoch = modes.epoch
        self._dead_ends = None

    def _like(self, tensor: torch.Tensor) -> Any:
        """`tensor`, which was made of this array, as an array of its class and device."""
        array = wrap(type(self), tensor, self._tag)
        if modes.recording:
            array._dead_ends = dead_ends_of(tensor, (read(self),), _joined(None, self))
        return array

    def _check_writable(self) -> None:
        if modes.recording and (self._data.requires_grad or self._mark is not None):
            raise MXNetError(
                "Assigning to an array that is already in a computational graph would make its gradients "
                "undefined: inside autograd.record() make a new array instead (y = x + 1, not x += 1), "
                "or call backward first"
            )

    def _writable_tensor(self) -> torch.Tensor:
        """The memory to write to, outside of any graph unless a tape is being recorded."""
        refuse_tracing("the forward pass writes to an array in a way that no operator does")
        self._check_writable()
        data = self._data
        return data.detach() if data.requires_grad else data

    def _replace(self, tensor: torch.Tensor, tag: Device | None = None) -> None:
        """Let this array stand on another tensor (new dtype or device), keeping its identity."""
        self._data = tensor
        self._tag = tag
        self._mark = None
        self._dead_ends = None


def wrap(cls: type, tensor: torch.Tensor, tag: Device | None = None) -> Any:
    """An array of class `cls` over `tensor`, without a copy."""
    array = _new(cls)
    array._data = tensor
    array._mark = None
    array._tag = tag
    array._epoch = modes.epoch
    array._dead_ends = None
    return array


def constant_like(array: Array, values: torch.Tensor) -> Any:
    """Known values as an array of the class and on the device of another, which may be without values."""
    where = array._data.device
    if where.type == "meta":
        where = device_of_array(array).torch_device
    return wrap(type(array), values.to(where), array._tag)


def read(array: Array, recording: bool | None = None) -> torch.Tensor:
    """The tensor an operator works on: in the graph while recording, outside of any graph otherwise."""
    data = array._data
    if modes.recording if recording is None else recording:
        mark = array._mark
        if mark is not None and mark.leaf is not None:
            return mark.leaf
        if data.requires_grad and array._epoch != modes.epoch:
            return _renewed(array)
        return data
    return data.detach() if data.requires_grad else data


def _renewed(array: Array) -> torch.Tensor:
    """The tensor of an array recorded before the last backward pass: as a constant if its graph is gone.

    This is what lets a recurrent state be carried from one `record` block to the next, as in MXNet.
    """
    if graph_is_gone(array._data.grad_fn):
        array._data = array._data.detach()
    array._epoch = modes.epoch
    array._dead_ends = None
    return array._data


def _joined(dead_ends: frozenset[Any] | None, array: Array) -> frozenset[Any] | None:
    """The dead ends so far and those of `array`, which a backward pass since makes a constant."""
    if array._dead_ends is None or array._epoch != modes.epoch:
        array._dead_ends = None
        return dead_ends
    return array._dead_ends if dead_ends is None else dead_ends | array._dead_ends


def read_all(values: Iterable[Any]) -> list[Any]:
    """The tensors of the arrays among `values`; everything else as it is."""
    recording = modes.recording
    return [read(value, recording) if isinstance(value, Array) else value for value in values]


def place(device: Device | str | None) -> tuple[torch.device, Device | None]:
    """The torch device for `device` (default the current one), and the tag an array there carries."""
    device = as_device(device)
    return device.torch_device, tag_of(device)


def as_device(device: Device | str | None) -> Device:
    """`device` as a `Device`; None is the current one."""
    if device is None:
        return current_device()
    return device if isinstance(device, Device) else parse_device(device)


def tag_of(device: Device) -> Device | None:
    """None for a device that torch's own tells already; else the device itself."""
    plain = device.device_type == "gpu" or (device.device_type == "cpu" and device.device_id == 0)
    return None if plain else device


def parse_device(device: Any) -> Device:
    """A `Device` from ``'gpu'``, ``'gpu(1)'``, ``'cuda:1'`` or a `torch.device`.

    Raises
    ------
    MXNetError
        For anything else.
    """
    text = str(device).replace("(", ":").rstrip(")").replace("cuda", "gpu")
    kind, _, number = text.partition(":")
    try:
        return Device(kind, int(number or 0))
    except (KeyError, ValueError):
        raise MXNetError(f"Invalid device {device!r}: expected for example mx.cpu(), mx.gpu(0) or 'gpu:0'") from None


def invoke(
    op: Operator,
    inputs: Sequence[Any],
    attributes: dict[str, Any],
    out: Any = None,
    cls: type | None = None,
    device: Device | None = None,
) -> Any:
    """Run an operator on arrays.

    Parameters
    ----------
    op : Operator
    inputs : sequence of Array, number or None
    attributes : dict
        As the user spells them.
    out : Array or sequence of Array, optional
        Where the result is written; returned in its place.
    cls : type, optional
        Class of the result; default that of the first array among the inputs.
    device : Device, optional
        Device of the result of an operator without array inputs.

    Raises
    ------
    MXNetError
        If the operator refuses its inputs; the message names it, their shapes and their types.
    """
    return run(op, inputs, op.canonical(attributes), out, cls, device)


def run(
    op: Operator,
    inputs: Sequence[Any],
    canonical: dict[str, Any],
    out: Any = None,
    cls: type | None = None,
    device: Device | None = None,
) -> Any:
    """`invoke` for attributes that are canonical already."""
    if modes.amp is not None:
        inputs, canonical = modes.amp.prepare(op, inputs, canonical, out)
    if modes.tracer is not None:
        return modes.tracer.run(op, inputs, canonical, out, cls, device)
    recording = modes.recording
    first = None
    dead_ends = None
    tensors = []
    for value in inputs:
        if isinstance(value, Array):
            if first is None:
                first = value
            # `read`, written out: this loop is most of what an operator call costs over torch.
            data = value._data
            if recording:
                mark = value._mark
                if mark is not None and mark.leaf is not None:
                    data = mark.leaf
                elif data.requires_grad and value._epoch != modes.epoch:
                    data = _renewed(value)
                if value._dead_ends is not None:
                    dead_ends = _joined(dead_ends, value)
            elif data.requires_grad:
                data = data.detach()
            tensors.append(data)
        else:
            tensors.append(value)
    try:
        if op.modal:
            result = op.body(*tensors, training=modes.training, **canonical)
        else:
            result = op.body(*tensors, **canonical)
    except (RuntimeError, IndexError, TypeError, OverflowError) as error:
        if isinstance(error, MXNetError):
            raise
        raise MXNetError(f"{op.name}({_describe(op, tensors)}): {_first_line(error)}") from error
    if op.views:
        result = _apart(result, tensors)
    tag = None
    if first is not None:
        cls = cls or type(first)
        tag = first._tag
    elif device is not None:
        tag = tag_of(device)
    if out is not None:
        return store(out, result)
    if type(result) is torch.Tensor:
        array = wrap(cls, result, tag)
        if recording and (dead_ends is not None or not result.requires_grad):
            array._dead_ends = dead_ends_of(result, tensors, dead_ends)
        return array
    arrays = [wrap(cls, tensor, tag) for tensor in result]
    if recording:
        for array in arrays:
            array._dead_ends = dead_ends_of(array._data, tensors, dead_ends)
    return arrays


def _apart(result: Any, inputs: Sequence[Any]) -> Any:
    """`result` with memory of its own."""
    if type(result) is not torch.Tensor:
        return [_apart(tensor, inputs) for tensor in result]
    memory = result.untyped_storage().data_ptr()
    for value in inputs:
        if isinstance(value, torch.Tensor) and value.untyped_storage().data_ptr() == memory:
            return result.clone()
    return result


def store(out: Any, result: Any) -> Any:
    """Write an operator's result into `out` and return `out`.

    Raises
    ------
    MXNetError
        If a shape or type differs, or a value of `out` is part of a graph being recorded.
    """
    pairs = paired(out, [result] if isinstance(result, torch.Tensor) else result)
    for target, tensor in pairs:
        check_fits(target, tensor)
        target._check_writable()
    for target, tensor in pairs:
        if modes.recording and tensor.requires_grad:
            target._data = tensor
        else:
            target._writable_tensor().copy_(tensor)
    return out


def paired(out: Any, results: Sequence[Any]) -> list[tuple[Array, Any]]:
    """Each array of `out`, or `out` itself, with what is written to it."""
    if not isinstance(out, (Array, list, tuple)):
        raise TypeError(f"out must be an array, not {type(out).__name__}")
    return list(zip([out] if isinstance(out, Array) else out, results, strict=True))


def check_fits(target: Array, result: torch.Tensor) -> None:
    """Refuse to write a result to an array of another shape or type.

    Raises
    ------
    MXNetError
    """
    if target._data.shape != result.shape:
        raise MXNetError(f"out has shape {tuple(target._data.shape)}, but the result has shape {tuple(result.shape)}")
    if target._data.dtype is not result.dtype:
        raise MXNetError(f"out has type {name_of(target._data.dtype)}, but the result has type {name_of(result.dtype)}")


def _describe(op: Operator, tensors: Sequence[Any]) -> str:
    names = op.input_names(len(tensors))
    return ", ".join(
        f"{name}={_describe_value(value)}" for name, value in zip(names, tensors, strict=False) if value is not None
    )


def _describe_value(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    return repr(value)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0] or type(error).__name__


def refuse_tracing(why: str) -> None:
    """Stop the trace of a block, if one goes on, at what leaves no operator in a graph.

    Raises
    ------
    NotTraceable
        With `why`; the block then runs without a graph.
    """
    if modes.tracer is not None:
        raise NotTraceable(why)


def is_known(array: Array) -> bool:
    """Whether an array has values now; while a block is traced, what it computes has none."""
    tracer = modes.tracer
    return not (array._data.is_meta if tracer is None else tracer.is_traced(array))


def known(array: Array, asked: str) -> torch.Tensor:
    """The tensor of an array whose values are asked for by Python; `asked` says how.

    Raises
    ------
    ValuesNotKnown
        If it has none, because a block is being traced.
    """
    tracer = modes.tracer
    if array._data.is_meta if tracer is None else tracer.is_traced(array):
        raise ValuesNotKnown(
            f"{asked} asks for the values of an array, but there are none: hybridized blocks, export and infer_shape "
            "run forward once with shapes alone. Compute with arrays (mx.np.where chooses between values), or leave "
            "the block that does this unhybridized"
        )
    return array._data


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """A C-contiguous NumPy copy of a tensor's values; bfloat16, which NumPy lacks, comes as float32."""
    if tensor.dtype is torch.bfloat16:
        tensor = tensor.float()
    return np.array(tensor.detach().cpu().numpy(), order="C", copy=True)


def device_of_array(array: Array) -> Device:
    return array._tag or device_of(array._data)
