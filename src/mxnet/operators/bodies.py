"""The body of every operator by the operator's name: where pickle and the code of torch.fx graphs find it.

>>> from mxnet.operators import bodies
>>> bodies.Flatten is mx.operators.find("Flatten").body
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxnet.operators.catalogue import CATALOGUE

__all__: list[str] = []


def __getattr__(name: str) -> Callable[..., Any]:
    if name in CATALOGUE:
        return CATALOGUE[name].body
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: no operator has this name")
