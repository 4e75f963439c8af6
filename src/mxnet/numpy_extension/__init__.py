"""`mx.npx`: neural operators and what else NumPy does not have."""

from __future__ import annotations

from mxnet.device import Device, cpu, cpu_pinned, current_device, gpu, gpu_memory_info, num_gpus
from mxnet.ndarray.ndarray import waitall
from mxnet.numpy_extension import _arrays, _control, _files, _generated, _neural, _selection, image, random
from mxnet.numpy_extension._arrays import *  # noqa: F403
from mxnet.numpy_extension._control import *  # noqa: F403
from mxnet.numpy_extension._files import *  # noqa: F403
from mxnet.numpy_extension._generated import *  # noqa: F403
from mxnet.numpy_extension._neural import *  # noqa: F403
from mxnet.numpy_extension._selection import *  # noqa: F403
from mxnet.random import seed
from mxnet.util import (
    is_np_array,
    is_np_default_dtype,
    is_np_shape,
    reset_np,
    set_np,
    set_np_default_dtype,
)

__all__ = [
    "Device",
    "cpu",
    "cpu_pinned",
    "current_device",
    "gpu",
    "gpu_memory_info",
    "image",
    "is_np_array",
    "is_np_default_dtype",
    "is_np_shape",
    "num_gpus",
    "random",
    "reset_np",
    "seed",
    "set_np",
    "set_np_default_dtype",
    "waitall",
    *_arrays.__all__,
    *_control.__all__,
    *_files.__all__,
    *_generated.__all__,
    *_neural.__all__,
    *_selection.__all__,
]
