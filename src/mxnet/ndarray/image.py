"""`mx.nd.image`: the operators of `mx.npx.image`, for arrays of either face."""

from __future__ import annotations

from mxnet.numpy_extension import image
from mxnet.numpy_extension.image import *  # noqa: F403

__all__ = image.__all__
