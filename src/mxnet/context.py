"""The 1.x names of `mxnet.device`."""

from __future__ import annotations

from mxnet.device import Device, cpu, cpu_pinned, current_device, gpu, gpu_memory_info, num_gpus

__all__ = ["Context", "Device", "cpu", "cpu_pinned", "current_context", "gpu", "gpu_memory_info", "num_gpus"]

Context = Device
current_context = current_device
