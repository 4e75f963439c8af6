"""Apache MXNet's Python API on PyTorch."""

from __future__ import annotations

from mxnet import autograd, base, context, device, initializer, ndarray, numpy, numpy_extension, random, registry
from mxnet import initializer as init
from mxnet import ndarray as nd
from mxnet import numpy as np
from mxnet import numpy_extension as npx
from mxnet.base import MXNetError
from mxnet.context import Context, current_context
from mxnet.device import Device, cpu, cpu_pinned, current_device, gpu, num_gpus

__all__ = [
    "Context",
    "Device",
    "MXNetError",
    "autograd",
    "base",
    "context",
    "cpu",
    "cpu_pinned",
    "current_context",
    "current_device",
    "device",
    "gpu",
    "init",
    "initializer",
    "nd",
    "ndarray",
    "np",
    "npx",
    "num_gpus",
    "numpy",
    "numpy_extension",
    "random",
    "registry",
]
