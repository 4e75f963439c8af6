"""Devices: where an array lives."""

from __future__ import annotations

import threading

import torch

from mxnet.base import MXNetError

__all__ = ["Device", "cpu", "cpu_pinned", "current_device", "gpu", "gpu_memory_info", "num_gpus"]

_TYPE_OF_ID = {1: "cpu", 2: "gpu", 3: "cpu_pinned", 5: "cpu_shared"}
_ID_OF_TYPE = {name: number for number, name in _TYPE_OF_ID.items()}
_stack = threading.local()


class Device:
    """A device type and number; also a context manager that makes it the current device of this thread.

    Parameters
    ----------
    device_type : str or Device
        ``'cpu'``, ``'gpu'``, ``'cpu_pinned'`` or ``'cpu_shared'``.
    device_id : int, default 0
        Number of the device. Every CPU number is the same memory; numbers are kept so that programs
        written for several devices run on one.

    Examples
    --------
    >>> with mx.Device('cpu', 1):
    ...     mx.np.zeros(2).device
    cpu(1)
    """

    __slots__ = ("_torch", "device_id", "device_type")

    devtype2str = _TYPE_OF_ID
    devstr2type = _ID_OF_TYPE

    def __init__(self, device_type: str | Device, device_id: int = 0) -> None:
        if isinstance(device_type, Device):
            device_type, device_id = device_type.device_type, device_type.device_id
        if device_type not in _ID_OF_TYPE:
            raise KeyError(f"unknown device type {device_type!r}: expected one of {', '.join(_ID_OF_TYPE)}")
        self.device_type = device_type
        self.device_id = device_id
        self._torch: torch.device | None = None

    @property
    def device_typeid(self) -> int:
        """MXNet's number of the device type, as stored in files."""
        return _ID_OF_TYPE[self.device_type]

    @property
    def torch_device(self) -> torch.device:
        """The `torch.device` behind this device.

        Raises
        ------
        MXNetError
            If this machine has no such GPU.
        """
        if self._torch is None:
            self._torch = torch.device("cpu") if self.device_type != "gpu" else _torch_gpu(self.device_id)
        return self._torch

    def empty_cache(self) -> None:
        """Hand memory that the GPU allocator keeps for reuse back to the system."""
        if self.device_type == "gpu" and torch.cuda.is_available():
            torch.cuda.empty_cache()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.device_type == other.device_type and self.device_id == other.device_id

    def __hash__(self) -> int:
        return hash((self.device_type, self.device_id))

    def __repr__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    def __enter__(self) -> Device:
        _devices().append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        _devices().pop()


def _devices() -> list[Device]:
    if not hasattr(_stack, "devices"):
        _stack.devices = [_CPU]
    return _stack.devices


def _torch_gpu(number: int) -> torch.device:
    available = num_gpus()
    if number >= available:
        raise MXNetError(f"gpu({number}) is not there: this machine has {available} usable GPU(s)")
    return torch.device("cuda" if torch.cuda.is_available() else "mps", number)


def cpu(device_id: int = 0) -> Device:
    """The CPU."""
    return Device("cpu", device_id)


def cpu_pinned(device_id: int = 0) -> Device:
    """Page-locked CPU memory, from which copies to a GPU are faster; plain memory where there is no GPU."""
    return Device("cpu_pinned", device_id)


def gpu(device_id: int = 0) -> Device:
    """A GPU: the CUDA device of that number, or Apple's GPU."""
    return Device("gpu", device_id)


def num_gpus() -> int:
    """Number of GPUs this process can use."""
    if torch.cuda.is_available():
        return torch.cuda.device_count()
    return int(torch.backends.mps.is_available())


def gpu_memory_info(device_id: int = 0) -> tuple[int, int]:
    """Free and total memory of a GPU, in bytes.

    Raises
    ------
    MXNetError
        If there is no such CUDA device.
    """
    device = gpu(device_id).torch_device
    if device.type != "cuda":
        raise MXNetError(f"gpu({device_id}) does not report its memory")
    return torch.cuda.mem_get_info(device)


def current_device() -> Device:
    """The device new arrays are made on: that of the innermost ``with`` block, else ``cpu(0)``."""
    return _devices()[-1]


def device_of(tensor: torch.Tensor) -> Device:
    """The device of a tensor that carries no device of its own."""
    device = tensor.device
    return _CPU if device.type in ("cpu", "meta") else Device("gpu", device.index or 0)


_CPU = Device("cpu", 0)
