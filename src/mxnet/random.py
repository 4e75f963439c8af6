"""`mx.random`: seeding, the state of the generators, and the distributions of MXNet 1.x (`mx.nd.random`)."""

from __future__ import annotations

import operator
from typing import Any

from mxnet import _generators
from mxnet._generators import get_state, set_state
from mxnet.device import Device
from mxnet.ndarray import random as _legacy
from mxnet.ndarray._array import place, refuse_tracing
from mxnet.ndarray.random import *  # noqa: F403

__all__ = ["get_state", "seed", "set_state", *_legacy.__all__]


def seed(seed_state: int, device: Device | str = "all", ctx: Any = None) -> None:
    """Restart the random number generators, so that what follows can be repeated.

    Parameters
    ----------
    seed_state : int
        The seed.
    device : Device or 'all', default 'all'
        With 'all' every device draws numbers of its own. A single device given here draws the same numbers
        whatever its index.
    ctx : Device or 'all', optional
        The 1.x name of `device`.

    Raises
    ------
    ValueError
        If `seed_state` is no integer.

    Examples
    --------
    >>> mx.random.seed(7)
    >>> a = mx.np.random.uniform(size=3)
    >>> mx.random.seed(7)
    >>> bool((a == mx.np.random.uniform(size=3)).all())
    True
    """
    try:
        number = operator.index(seed_state)
    except TypeError:
        raise ValueError(f"seed_state must be int, not {seed_state!r}") from None
    refuse_tracing("mx.random.seed in a forward pass")
    device = device if ctx is None else ctx
    _generators.seed(number, "all" if device == "all" else place(device)[0])
