"""`mx.npx`: neural operators and what else NumPy does not have."""

from __future__ import annotations

from mxnet.device import Device, cpu, cpu_pinned, current_device, gpu, gpu_memory_info, num_gpus
from mxnet.ndarray.ndarray import waitall
from mxnet.numpy_extension import _arrays, _generated, _neural, random
from mxnet.numpy_extension._arrays import *  # noqa: F403
from mxnet.numpy_extension._generated import *  # noqa: F403
from mxnet.numpy_extension._neural import *  # noqa: F403

__all__ = [
    "Device",
    "cpu",
    "cpu_pinned",
    "current_device",
    "gpu",
    "gpu_memory_info",
    "num_gpus",
    "random",
    "waitall",
    *_arrays.__all__,
    *_generated.__all__,
    *_neural.__all__,
]
