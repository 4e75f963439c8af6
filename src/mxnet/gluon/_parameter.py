"""`Parameter`: an array that a network learns, one replica on each of its devices."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as _np
import torch

from mxnet import _dtype
from mxnet.base import MXNetError
from mxnet.device import Device, current_device
from mxnet.gluon._changes import Changing
from mxnet.gluon._initialization import Deferred, filler, missing
from mxnet.gluon._layout import agrees, empty, known_sizes, laid_out, tensor_of
from mxnet.gluon._shape_pass import shape_pass
from mxnet.ndarray._array import Array, place, refuse_tracing, wrap
from mxnet.numpy.multiarray import ndarray

__all__ = ["Parameter"]


class Parameter(Changing):
    """An array that a Block learns, with its gradient, on one or several devices.

    Parameters
    ----------
    name : str, default 'weight'
        Its name within the block; used in messages and handed to initializers.
    grad_req : {'write', 'add', 'null'}, default 'write'
        Whether a backward pass overwrites the gradient, adds to it, or computes none.
    shape : int or tuple of int, optional
        Dimensions; 0 or -1 stands for one that the first forward pass tells.
    dtype : default float32
    lr_mult, wd_mult : float, default 1
        Factors on the trainer's learning rate and weight decay.
    init : Initializer or str, optional
        Default: the one given to `Block.initialize`.
    allow_deferred_init : bool, default False
        Whether `initialize` may be called while dimensions are unknown.
    differentiable : bool, default True
        False makes `grad_req` 'null' for good.
    stype, grad_stype : str, default 'default'
        Only dense storage is there.

    Raises
    ------
    AssertionError
        For another `grad_req`.
    MXNetError
        For a sparse storage type.
    """

    def __init__(
        self,
        name: str = "weight",
        grad_req: str = "write",
        shape: int | Sequence[int] | None = None,
        dtype: Any = _np.float32,
        lr_mult: float = 1.0,
        wd_mult: float = 1.0,
        init: Any = None,
        allow_deferred_init: bool = False,
        differentiable: bool = True,
        stype: str = "default",
        grad_stype: str = "default",
    ) -> None:
        for given in (stype, grad_stype):
            if given != "default":
                raise MXNetError(f"storage type {given!r} is not supported: parameters are dense ('default')")
        _dtype.to_torch(dtype)
        self._name = name
        self._uuid = str(uuid.uuid4())
        self._shape = known_sizes(shape)
        self._dtype = dtype
        self._differentiable = differentiable
        self._allow_deferred_init = allow_deferred_init
        self._replicas: list[ndarray] | None = None
        self._deferred: Deferred | None = None
        self.lr_mult = lr_mult
        self.wd_mult = wd_mult
        self.init = init
        self._path = name  # its structural name, once a block has initialized it
        self._grad_req = "null"
        self.grad_req = grad_req if differentiable else "null"

    def __repr__(self) -> str:
        return f"{type(self).__name__} (shape={self.shape}, dtype={self.dtype})"

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._attach_grads()  # a copied or unpickled array has no gradient

    # What it is

    @property
    def name(self) -> str:
        return self._name

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Its dimensions, -1 for an unknown one; None if not even their number is known."""
        return self._shape

    @shape.setter
    def shape(self, shape: int | Sequence[int]) -> None:
        new = known_sizes(shape)
        if not self._takes(new):
            raise AssertionError(
                f"Expected shape {new} is incompatible with given shape {self._shape} for Parameter {self.name}."
            )
        self._shape = new

    def _takes(self, shape: tuple[int, ...] | None) -> bool:
        return self._shape is None or agrees(self._shape, shape)

    @property
    def dtype(self) -> Any:
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self.cast(dtype)

    @property
    def stype(self) -> str:
        return "default"

    grad_stype = stype

    @property
    def grad_req(self) -> str:
        return self._grad_req

    @grad_req.setter
    def grad_req(self, request: str) -> None:
        if request not in ("write", "add", "null"):
            raise AssertionError(f"grad_req must be one of 'write', 'add', or 'null', but got {request!r}")
        if not self._differentiable:
            request = "null"
        if request != self._grad_req:
            self._grad_req = request
            self._note_change()
            self._attach_grads()

    # Initialization

    def initialize(
        self,
        init: Any = None,
        device: Device | Sequence[Device] | None = None,
        default_init: Any = None,
        force_reinit: bool = False,
        *,
        ctx: Device | Sequence[Device] | None = None,
    ) -> None:
        """Make the array and its gradient, now or, if its shape is unknown, in the first forward pass.

        Parameters
        ----------
        init : Initializer or str, optional
            Default: the parameter's own, then `default_init`.
        device : Device or list of Device, optional
            One replica is kept on each; default the current device.
        default_init : Initializer or str, optional
            Default ``Uniform(0.07)``.
        force_reinit : bool, default False
            Initialize anew what is initialized already, instead of warning.

        Raises
        ------
        ValueError
            If the shape is unknown and `allow_deferred_init` is False.
        """
        if self._replicas is not None and not force_reinit:
            warnings.warn(
                f"Parameter '{self.name}' is already initialized, ignoring. Set force_reinit=True to re-initialize.",
                stacklevel=2,
            )
            return
        fill = filler(self.name, self._path, init or self.init, default_init)
        deferred = Deferred(fill, _devices(device or ctx))
        if not self._shape_is_known():
            if not self._allow_deferred_init:
                raise ValueError(
                    f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self.shape}."
                )
            self._replicas = None
            self._note_exchange()
            self._deferred = deferred
            return
        self._deferred = deferred
        self._finish_deferred_init()

    def _shape_is_known(self) -> bool:
        return self._shape is not None and all(size >= 0 for size in self._shape)

    def _finish_deferred_init(self) -> None:
        """Make the arrays, now that the shape must be known."""
        if self._deferred is None:
            return
        if not self._shape_is_known():
            raise AssertionError(
                f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self.shape}. Give "
                "the layer its input size (in_units, in_channels, ...), or implement infer_shape in its block"
            )
        tensor = empty(self._shape, _dtype.to_torch(self._dtype))
        if self._deferred.values is None:
            self._deferred.fill(wrap(ndarray, tensor))
        else:
            tensor.copy_(self._deferred.values)
        self._set_replicas(tensor, self._deferred.devices)
        self._deferred = None

    def _take(self, tensor: torch.Tensor, device: Device | Sequence[Device] | None) -> None:
        """Make the arrays of values that were loaded, in the memory they are in where type and layout allow it.

        They go where `initialize` was told to put them, and to `device` if it was not called yet.
        """
        refuse_tracing(f"the forward pass loads parameter {self.name}")
        devices = _devices(device) if self._deferred is None else self._deferred.devices
        self.shape = tuple(tensor.shape)
        self._set_replicas(laid_out(tensor, _dtype.to_torch(self._dtype)), devices)
        self._deferred = None

    def _set_replicas(self, tensor: torch.Tensor, devices: Sequence[Device]) -> None:
        replicas = []
        for device in devices:
            where, tag = place(device)
            copy = tensor.to(where, copy=bool(replicas) and where.type == "cpu")
            replicas.append(wrap(ndarray, copy, tag))
        self._replicas = replicas
        self._note_exchange()
        self._attach_grads()

    def _attach_grads(self) -> None:
        for array in self._replicas or ():
            if self._grad_req == "null":
                array.drop_grad()
            else:
                array.attach_grad(self._grad_req)

    # Values

    def data(self, device: Device | None = None) -> ndarray:
        """The array on `device` (default: where there is only one replica, that one; else the current device).

        Raises
        ------
        RuntimeError
            If it has not been initialized, or not on that device.
        DeferredInitializationError
            If its shape is not known yet.
        """
        if shape_pass.active:
            return shape_pass.stand_in(self)
        replicas = self._replicas
        if replicas is None:
            raise self._missing()
        if len(replicas) == 1 and device is None:
            return replicas[0]
        return self._on(current_device() if device is None else device)

    def data_for(self, x: Array) -> ndarray:
        """The replica on the device of `x`: what a layer computes with.

        Raises
        ------
        RuntimeError, DeferredInitializationError
            As `data`.
        """
        replicas = self._replicas
        if replicas is not None and len(replicas) == 1 and not shape_pass.active:
            return replicas[0]
        return self.data(None if shape_pass.active or replicas is None else x.device)

    def list_data(self) -> list[ndarray]:
        """The replicas, in the order of `list_device`."""
        if self._replicas is None:
            raise self._missing()
        return list(self._replicas)

    def grad(self, device: Device | None = None) -> ndarray:
        """The gradient on `device`, chosen as in `data`.

        Raises
        ------
        RuntimeError
            If `grad_req` is 'null', or as `data`.
        """
        self._check_grad()
        return self.data(device).grad

    def list_grad(self) -> list[ndarray]:
        """The gradients of all replicas."""
        self._check_grad()
        return [array.grad for array in self.list_data()]

    def list_device(self) -> list[Device]:
        """The devices it is, or will be, initialized on.

        Raises
        ------
        RuntimeError
            If it has not been initialized.
        """
        if self._replicas is not None:
            return [array.device for array in self._replicas]
        if self._deferred is not None:
            return list(self._deferred.devices)
        raise RuntimeError(f"Parameter '{self.name}' has not been initialized")

    def list_ctx(self) -> list[Device]:
        """Deprecated name of `list_device`."""
        _renamed("list_ctx", "list_device")
        return self.list_device()

    def set_data(self, data: Any) -> None:
        """Write new values to all replicas.

        Raises
        ------
        AssertionError
            If the shape differs, or the parameter has not been initialized.
        """
        refuse_tracing(f"the forward pass sets parameter {self.name}")
        tensor = data._data.detach() if isinstance(data, Array) else tensor_of(data)
        if self._shape is not None and not agrees(self._shape, tuple(tensor.shape)):
            raise AssertionError(
                f"Expected shape {tuple(tensor.shape)} is incompatible with given shape {self._shape} "
                f"for Parameter {self.name}."
            )
        if self._replicas is None and self._deferred is None:
            raise AssertionError(f"Parameter '{self.name}' has not been initialized")
        self._shape = tuple(tensor.shape)
        if self._replicas is None:
            self._deferred = self._deferred._replace(values=tensor.clone())
            return
        for array in self._replicas:
            array._data.copy_(tensor)

    def zero_grad(self) -> None:
        """Set the gradients to zero; nothing happens where there are none."""
        for gradient in self._gradients():
            gradient.zero_()

    def _gradients(self) -> list[torch.Tensor]:
        """The gradients of all replicas, as far as they have taken memory."""
        marks = [array._mark for array in self._replicas or ()]
        return [mark.gradient for mark in marks if mark is not None and mark.gradient is not None]

    def reset_device(self, device: Device | Sequence[Device]) -> None:
        """Move it to other devices.

        Raises
        ------
        ValueError
            If it has not been initialized.
        """
        devices = _devices(device)
        if self._replicas is not None:
            self._set_replicas(self._mean().clone(), devices)  # arrays handed out before keep their memory
        elif self._deferred is not None:
            self._deferred = self._deferred._replace(devices=devices)
        else:
            raise ValueError(f"Cannot reset device for Parameter '{self.name}' because it has not been initialized.")

    def reset_ctx(self, ctx: Device | Sequence[Device]) -> None:
        """Deprecated name of `reset_device`."""
        _renamed("reset_ctx", "reset_device")
        self.reset_device(ctx)

    def cast(self, dtype: Any) -> None:
        """Change the type of values and gradients."""
        target = _dtype.to_torch(dtype)
        self._dtype = dtype
        if self._replicas is not None:  # new arrays: those handed out before keep their type
            self._replicas = [wrap(ndarray, array._data.to(target), array._tag) for array in self._replicas]
            self._attach_grads()
        self._note_change()

    def _mean(self) -> torch.Tensor:
        """The values, averaged over the replicas, on the CPU."""
        tensors = [array._data.cpu() for array in self._replicas]
        return tensors[0] if len(tensors) == 1 else torch.stack(tensors).mean(0).to(tensors[0].dtype)

    def _on(self, device: Device) -> ndarray:
        for array in self._replicas:
            if array.device == device:
                return array
        raise RuntimeError(
            f"Parameter '{self.name}' was not initialized on device {device}. It was only initialized on "
            f"{self.list_device()}."
        )

    def _check_grad(self) -> None:
        if self._replicas is not None and self._grad_req == "null":
            raise RuntimeError(f"Cannot get gradient array for Parameter '{self.name}' because grad_req='null'")

    def _missing(self) -> Exception:
        return missing(self.name, self.shape, self._deferred)


def _devices(device: Device | Sequence[Device] | None) -> list[Device]:
    if device is None:
        return [current_device()]
    return [device] if isinstance(device, Device) else list(device)


def _renamed(old: str, new: str) -> None:
    warnings.warn(f"Parameter.{old} has been renamed to Parameter.{new}", DeprecationWarning, stacklevel=3)
