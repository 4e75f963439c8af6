"""How a parameter gets its first values: at once, or as soon as its shape is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from mxnet import initializer
from mxnet.autograd import pause
from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.numpy.multiarray import ndarray

__all__ = ["Deferred", "DeferredInitializationError", "filler", "initializer_of", "missing"]

_UNINITIALIZED = (
    "Parameter '{name}' has not been initialized. Call initialize() on the block that holds it before the "
    "first forward pass, and make the Trainer with Block.collect_params(), which has the parameters of the "
    "children too"
)
_DEFERRED = (
    "Parameter '{name}' has not been initialized yet because initialization was deferred: its shape {shape} "
    "becomes known in the first forward pass. Pass one batch of data through the network before accessing it, "
    "or give the layer its input size (in_units, in_channels, ...)"
)


class DeferredInitializationError(MXNetError):
    """A parameter was asked for before its shape was known."""

    __module__ = "mxnet.gluon.parameter"  # where programs import it from, as tracebacks say


class Deferred(NamedTuple):
    """What is still to be done about a parameter.

    Attributes
    ----------
    fill : callable
        Writes the first values to an array.
    devices : list of Device
        Where the parameter is to be.
    values : torch.Tensor, optional
        Values that have been set meanwhile, and count instead.
    """

    fill: Callable[[ndarray], None]
    devices: list[Device]
    values: torch.Tensor | None = None


def filler(name: str, path: str, init: Any, default_init: Any) -> Callable[[ndarray], None]:
    """What fills the array of a parameter: its own initializer, if it has one, else the network's.

    Parameters
    ----------
    name, path : str
        The parameter's name in its block, and in the network.
    init : Initializer, str or None
        Its own.
    default_init : Initializer, str or None
        The network's; default ``Uniform(0.07)``.
    """
    default = initializer_of(default_init or "uniform")
    own = initializer_of(init or default)
    # Mixed and Load choose by the name; everything else is applied whatever the name.
    attributes = {"__init__": own} if hasattr(own, "_init_weight") else {}
    called, call = (name, default) if attributes else (path, own)

    def fill(array: ndarray) -> None:
        with pause():
            call(initializer.InitDesc(called, attributes, default), array)

    return fill


def initializer_of(init: Any) -> Any:
    """The initializer of that name, or the object itself, which may be any callable: Mixed and Load are."""
    return init if callable(init) and not isinstance(init, type) else initializer.create(init)


def missing(name: str, shape: tuple[int, ...] | None, deferred: Deferred | None) -> Exception:
    """The error for a parameter that has no values yet."""
    if deferred is not None:
        return DeferredInitializationError(_DEFERRED.format(name=name, shape=shape))
    return RuntimeError(_UNINITIALIZED.format(name=name))
