"""Apache MXNet's Python API on PyTorch."""

from __future__ import annotations

from mxnet import (
    amp,
    attribute,
    autograd,
    base,
    context,
    device,
    executor,
    gluon,
    image,
    initializer,
    io,
    kvstore,
    lr_scheduler,
    model,
    name,
    ndarray,
    numpy,
    numpy_extension,
    onnx,
    optimizer,
    random,
    recordio,
    symbol,
    util,
    visualization,
)
from mxnet import initializer as init
from mxnet import kvstore as kv
from mxnet import ndarray as nd
from mxnet import numpy as np
from mxnet import numpy_extension as npx
from mxnet import symbol as sym
from mxnet import visualization as viz
from mxnet._version import __version__
from mxnet.attribute import AttrScope
from mxnet.base import MXNetError
from mxnet.context import Context, current_context
from mxnet.device import Device, cpu, cpu_pinned, current_device, gpu, num_gpus
from mxnet.util import (
    is_np_array,
    is_np_default_dtype,
    is_np_shape,
    np_array,
    np_default_dtype,
    np_shape,
    set_np_shape,
    use_np,
    use_np_array,
    use_np_default_dtype,
    use_np_shape,
)

__all__ = [
    "AttrScope",
    "Context",
    "Device",
    "MXNetError",
    "__version__",
    "amp",
    "attribute",
    "autograd",
    "base",
    "context",
    "cpu",
    "cpu_pinned",
    "current_context",
    "current_device",
    "device",
    "executor",
    "gluon",
    "gpu",
    "image",
    "init",
    "initializer",
    "io",
    "is_np_array",
    "is_np_default_dtype",
    "is_np_shape",
    "kv",
    "kvstore",
    "lr_scheduler",
    "model",
    "name",
    "nd",
    "ndarray",
    "np",
    "np_array",
    "np_default_dtype",
    "np_shape",
    "npx",
    "num_gpus",
    "numpy",
    "numpy_extension",
    "onnx",
    "optimizer",
    "random",
    "recordio",
    "set_np_shape",
    "sym",
    "symbol",
    "use_np",
    "use_np_array",
    "use_np_default_dtype",
    "use_np_shape",
    "util",
    "visualization",
    "viz",
]
