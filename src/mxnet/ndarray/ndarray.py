"""`NDArray`: the array of MXNet 1.x and the base of `mx.np.ndarray`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch

from mxnet import _dtype
from mxnet._modes import modes
from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.ndarray import _array
from mxnet.ndarray import _traced as traced
from mxnet.ndarray._array import Array, invoke, is_known, known, place, read, refuse_tracing, run, to_numpy, wrap
from mxnet.ndarray._gradients import Mark
from mxnet.ndarray._indexing import get_item, set_item
from mxnet.ndarray._methods import Operations
from mxnet.operators.catalogue import find

__all__ = ["NDArray", "waitall"]

GRADIENT_REQUESTS = ("write", "add", "null")


class NDArray(Operations):
    """An array on a device, with MXNet 1.x behaviour: float32 comparisons, no type promotion.

    Made by `mx.nd.array` and its kin. Values are held by a `torch.Tensor`: `as_torch` hands it out without a
    copy, and `asnumpy`, `numpy.asarray` and DLPack convert.
    """

    __slots__ = ()
    __array_priority__ = 1000.0

    # What it is

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self._data.shape)

    @property
    def ndim(self) -> int:
        return self._data.dim()

    @property
    def size(self) -> int:
        return self._data.numel()

    @property
    def dtype(self) -> Any:
        """The NumPy scalar type of the elements (``'bfloat16'`` where NumPy has none)."""
        dtype = _dtype.from_torch(self._data.dtype)
        return dtype.type if isinstance(dtype, np.dtype) else dtype

    @property
    def stype(self) -> str:
        """Storage type: always ``'default'``, that is dense."""
        return "default"

    @property
    def device(self) -> Device:
        return _array.device_of_array(self)

    context = ctx = device

    @property
    def writable(self) -> bool:
        return True

    @property
    def T(self) -> Any:
        """The array with its dimensions in reverse order."""
        if modes.tracer is not None:
            return run(find("transpose"), (self,), {})
        return self._like(read(self).permute(*range(self.ndim - 1, -1, -1)).clone())

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size == 0:
            return False
        if self.size == 1:
            return bool(known(self, "bool()").item())
        raise ValueError("The truth value of an ndarray with multiple elements is ambiguous.")

    def __float__(self) -> float:
        return float(self._only_element("float()"))

    def __int__(self) -> int:
        return int(self._only_element("int()"))

    def __complex__(self) -> complex:
        return complex(self._only_element("complex()"))

    def _only_element(self, asked: str) -> Any:
        if self.size != 1:
            raise TypeError("only size-1 arrays can be converted to Python scalars")
        return known(self, asked).item()

    def __index__(self) -> int:
        if self._data.is_floating_point() or self.size != 1:
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(known(self, "an index").item())

    def __hash__(self) -> int:
        return id(self) >> 4

    def __repr__(self) -> str:
        if not is_known(self):
            return self._without_values()
        shape = "x".join(map(str, self.shape))
        return f"\n{self.asnumpy()!s}\n<{type(self).__name__} {shape} @{self.device}>"

    def _without_values(self) -> str:
        """What is printed of an array that has none yet."""
        dtype = _dtype.name_of(self._data.dtype)
        return f"<{type(self).__name__} of shape {self.shape} and type {dtype}, without values while a block is traced>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), to_numpy(known(self, "pickle")), _dtype.name_of(self._data.dtype))

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.copy()

    # Out of MXNet

    def asnumpy(self) -> np.ndarray:
        """A NumPy copy; bfloat16 comes as float32."""
        return to_numpy(known(self, "asnumpy()"))

    def as_torch(self) -> torch.Tensor:
        """The tensor under this array, without a copy: writing to one writes to the other.

        While a tape is recorded it is part of the graph, so torch code may go on from it. A block whose forward
        pass does so runs without a graph when it is hybridized.
        """
        refuse_tracing("as_torch() hands an array to code that leaves no operators")
        return read(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.asnumpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def __dlpack__(self, **options: Any) -> Any:
        return known(self, "DLPack").detach().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, int]:
        return known(self, "DLPack").__dlpack_device__()

    def to_dlpack_for_read(self) -> Any:
        """A DLPack capsule over this array's memory."""
        return torch.utils.dlpack.to_dlpack(known(self, "DLPack").detach())

    to_dlpack_for_write = to_dlpack_for_read

    def item(self, *position: Any) -> Any:
        """The only element, or the one at `position`, as a Python number.

        Raises
        ------
        ValueError
            If no position is given and the array has not exactly one element.
        """
        if position:
            return self.asnumpy().item(*position)
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return known(self, "item()").item()

    def asscalar(self) -> Any:
        """The only element, as a NumPy scalar.

        Raises
        ------
        ValueError
            If the array has not exactly one element.
        """
        if self.size != 1:
            raise ValueError("The current array is not a scalar")
        return self.asnumpy().reshape(-1)[0]

    def tolist(self) -> Any:
        return known(self, "tolist()").tolist()

    # Copies and devices

    def copy(self) -> Any:
        """A copy with memory of its own, without a gradient buffer; recorded like any operator."""
        if modes.tracer is not None:
            return run(find("_copy"), (self,), {})
        return self._like(read(self).clone())

    def copyto(self, other: Any) -> Any:
        """Write the values to another array of the same shape, or make a copy on a device.

        Raises
        ------
        ValueError
            If the shapes differ.
        TypeError
            If `other` is neither an array nor a device.
        """
        if isinstance(other, Device):
            if modes.tracer is not None:
                return traced.to_device(self, other)
            device, tag = place(other)
            return wrap(type(self), read(self).to(device, copy=True), tag)
        if not isinstance(other, Array):
            raise TypeError(f"copyto does not support type {type(other)}: give an array or a Device")
        if other is self:
            return other
        if other._data.shape != self._data.shape:
            raise ValueError(f"cannot copy an array of shape {self.shape} to one of shape {other.shape}")
        if modes.tracer is not None:
            traced.write(other, ..., self)
        else:
            other._writable_tensor().copy_(read(self))
        return other

    def as_in_ctx(self, device: Device) -> Any:
        """This array if it is on `device` already, else a copy there."""
        if not isinstance(device, Device):
            device = _array.parse_device(device)
        return self if self.device == device else self.copyto(device)

    as_in_context = to_device = as_in_ctx

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """The array as another data type; this very array if it has it already and `copy` is False."""
        target = _dtype.to_torch(dtype)
        if target is self._data.dtype and not copy:
            return self
        if modes.tracer is not None:
            return invoke(find("Cast"), (self,), {"dtype": target})
        return self._like(read(self).to(target, copy=True))

    def detach(self) -> Any:
        """The same memory outside of any graph."""
        if modes.tracer is not None:
            return traced.detached(self)
        return wrap(type(self), self._data.detach(), self._tag)

    def as_nd_ndarray(self) -> NDArray:
        """The same memory as an `mx.nd.NDArray`."""
        return _as_class(self, NDArray)

    def as_np_ndarray(self) -> Any:
        """The same memory as an `mx.np.ndarray`."""
        from mxnet.numpy.multiarray import ndarray

        return _as_class(self, ndarray)

    def tostype(self, stype: str) -> Any:
        """This array: dense is the only storage type.

        Raises
        ------
        MXNetError
            For a sparse storage type.
        """
        if stype != "default":
            raise MXNetError(f"storage type {stype!r} is not supported: arrays are dense ('default')")
        return self

    def wait_to_read(self) -> None:
        """Return once the values are computed."""
        _synchronize(self._data.device)

    wait_to_write = wait_to_read

    # Gradients

    @property
    def grad(self) -> Any:
        """The gradient buffer, or None if there is none."""
        return None if self._mark is None else self._mark.buffer

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Give this array a gradient buffer of zeros, filled by `backward`.

        Parameters
        ----------
        grad_req : {'write', 'add', 'null'}
            Whether each backward pass overwrites the buffer, adds to it, or leaves it.
        stype : str, optional
            Only ``'default'`` is there.

        Raises
        ------
        KeyError
            For another `grad_req`.
        """
        if grad_req not in GRADIENT_REQUESTS:
            raise KeyError(f"grad_req must be one of {', '.join(GRADIENT_REQUESTS)}, not {grad_req!r}")
        self.tostype(stype or "default")
        self._set_mark(grad_req)

    def drop_grad(self) -> None:
        """Take the gradient buffer away again."""
        if self._mark is not None:
            self._mark.release()
            self._mark = None

    def backward(self, out_grad: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
        """Compute the gradients of this array with regard to the arrays that ask for one.

        Parameters
        ----------
        out_grad : NDArray, optional
            Gradient with regard to this array; default ones.
        retain_graph : bool, default False
            Keep the graph for another backward pass.
        """
        from mxnet import autograd

        autograd.backward([self], None if out_grad is None else [out_grad], retain_graph, train_mode)

    def _set_mark(self, request: str, buffer: Array | None = None) -> None:
        refuse_tracing("the forward pass asks for gradients of its own")
        self.drop_grad()
        self._mark = Mark(partial(wrap, type(self), tag=self._tag), self._data, request, buffer)

    # Parts

    def __getitem__(self, key: Any) -> Any:
        if modes.tracer is not None:
            return traced.part(self, key)
        return self._like(get_item(read(self), key))

    def __setitem__(self, key: Any, value: Any) -> None:
        if modes.tracer is not None:
            traced.write(self, key, value)
            return
        self._check_writable()
        if isinstance(value, Array):
            value = read(value)
        elif isinstance(value, (list, tuple, np.ndarray, np.generic)):
            value = torch.from_numpy(np.array(value))
        target = self._data
        if target.requires_grad and not modes.recording:
            target = target.detach()
        set_item(target, key, value)


def _as_class(array: Array, cls: type) -> Any:
    if type(array) is cls:
        return array
    twin = wrap(cls, array._data, array._tag)
    if modes.tracer is not None:
        modes.tracer.share(twin, array, read=lambda base: base, write=lambda base, value: value)
    twin._mark = array._mark
    twin._dead_ends = array._dead_ends
    return twin


def _restore(cls: type, values: np.ndarray, dtype: str) -> Any:
    return wrap(cls, torch.from_numpy(values).to(_dtype.to_torch(dtype)))


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def waitall() -> None:
    """Return once everything asked for so far is computed, on every device."""
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            torch.cuda.synchronize(number)
    elif torch.backends.mps.is_available():
        torch.mps.synchronize()
