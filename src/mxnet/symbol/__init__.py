"""`mx.sym`: graphs, composed of the operators that arrays have."""

from __future__ import annotations

from typing import Any

from mxnet.symbol import _functions, contrib, image, linalg, numpy, numpy_extension, op, random
from mxnet.symbol import _internal as _internal
from mxnet.symbol import numpy as np
from mxnet.symbol import numpy_extension as npx
from mxnet.symbol import symbol as _symbol
from mxnet.symbol._functions import *  # noqa: F403
from mxnet.symbol.symbol import *  # noqa: F403

__all__ = [
    "contrib",
    "image",
    "linalg",
    "np",
    "npx",
    "numpy",
    "numpy_extension",
    "op",
    "random",
    *sorted({*_symbol.__all__, *_functions.__all__, *op.__all__}),
]


def __getattr__(name: str) -> Any:
    if name in op.__all__:
        found = globals()[name] = getattr(op, name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
