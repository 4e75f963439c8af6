"""What all initializers share: the description of a parameter, the rules by name, the registry."""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as _np
import torch

from mxnet import registry
from mxnet._generators import generator_for
from mxnet.ndarray._array import Array

__all__ = ["InitDesc", "Initializer", "alias", "create", "fill", "register"]

_OWN = "__init__"


class InitDesc(str):
    """A parameter's name, with what else its initialization depends on.

    Parameters
    ----------
    name : str
    attrs : dict, optional
        Under ``'__init__'`` the parameter's own initializer (an `Initializer`, its name or its JSON), which is
        applied whatever the name.
    global_init : Initializer, optional
        The network's initializer, for parts that the parameter's own leaves open.
    """

    attrs: dict[str, Any]
    global_init: Any

    def __new__(cls, name: str, attrs: dict[str, Any] | None = None, global_init: Any = None) -> InitDesc:
        made = super().__new__(cls, name)
        made.attrs = attrs or {}
        made.global_init = global_init
        return made


class Initializer:
    """The base of all initializers.

    A subclass defines ``_init_weight(self, name, arr)``, which fills `arr`, and hands its arguments to
    ``super().__init__`` by keyword, so that `dumps` can tell them.

    Examples
    --------
    >>> @mx.init.register
    ... class Halves(mx.init.Initializer):
    ...     def _init_weight(self, name, arr):
    ...         arr[:] = 0.5
    >>> weight = mx.np.zeros(2)
    >>> mx.init.create('halves')(mx.init.InitDesc('fc.weight'), weight)
    >>> weight
    array([0.5, 0.5])
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs
        self._verbose = False
        self._print_func: Callable[[Any], str] = _root_mean_square

    def set_verbosity(self, verbose: bool = False, print_func: Callable[[Any], str] | None = None) -> Initializer:
        """Log each array that is initialized, with what `print_func` says of it (default: its root mean square)."""
        self._verbose = verbose
        self._print_func = print_func or _root_mean_square
        return self

    def dumps(self) -> str:
        """The initializer as JSON, as files keep it and `create` reads it.

        Examples
        --------
        >>> mx.init.Uniform(0.1).dumps()
        '["uniform", {"scale": 0.1}]'
        """
        return json.dumps([type(self).__name__.lower(), self._kwargs], default=_plain)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.dumps() == other.dumps()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._kwargs.items())})"

    def __call__(self, desc: InitDesc | str, arr: Array) -> None:
        """Fill `arr` as its description asks.

        Raises
        ------
        ValueError
            If the name tells nothing and the description has no initializer of its own.
        TypeError
            If `desc` is no string.
        """
        if not isinstance(desc, str):
            raise TypeError(f"name must be string, not {type(desc).__name__}")
        if not isinstance(desc, InitDesc):
            warnings.warn(
                "Calling initializer with init(str, NDArray) has been deprecated. "
                "Please use init(mx.init.InitDesc(...), NDArray) instead.",
                DeprecationWarning,
                stacklevel=2,
            )
            desc = InitDesc(desc)
        own = desc.attrs.get(_OWN)
        if own:
            made = create(own)
            made._init_weight(desc, arr)
            self._report(desc, made.dumps(), arr)
            return
        for ending, fill in _FILL_OF_ENDING.items():
            if desc.endswith(ending):
                getattr(self, fill)(desc, arr)
                self._report(desc, ending, arr)
                return
        self._init_default(desc, arr)

    def _report(self, desc: str, how: str, arr: Array) -> None:
        if self._verbose:
            logging.info("Initialized %s as %s: %s", desc, how, self._print_func(arr))

    def _init_weight(self, name: str, arr: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} must define _init_weight(self, name, arr)")

    def _init_bias(self, name: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_zero(self, name: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_one(self, name: str, arr: Any) -> None:
        arr[:] = 1.0

    def _init_gamma(self, name: str, arr: Any) -> None:
        arr[:] = 1.0

    def _init_beta(self, name: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_default(self, name: str, arr: Any) -> None:
        raise ValueError(
            f"Unknown initialization pattern for {name}. Default initialization is limited to names that end "
            'with "weight", "bias" (0.0), "gamma" (1.0) or "beta" (0.0): give the parameter an initializer of '
            "its own, Parameter(init=mx.init.*)"
        )


_FILL_OF_ENDING = {
    "weight": "_init_weight",
    "bias": "_init_bias",
    "gamma": "_init_gamma",
    "beta": "_init_beta",
    "min": "_init_zero",
    "max": "_init_one",
}

register = registry.get_register_func(Initializer, "initializer")
alias = registry.get_alias_func(Initializer, "initializer")
create = registry.get_create_func(Initializer, "initializer")


def _plain(value: Any) -> Any:
    """What JSON keeps of an argument that it has no form for."""
    if isinstance(value, Array):
        value = value.asnumpy()
    if isinstance(value, (_np.ndarray, _np.generic)):
        return value.tolist()
    if isinstance(value, Initializer):
        return value.dumps()
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


def _root_mean_square(arr: Array) -> str:
    values = arr._data.detach().float()
    return str(float(values.norm() / math.sqrt(max(values.numel(), 1))))


def fill(arr: Array, draw: Callable[[torch.Tensor, torch.Generator], torch.Tensor]) -> None:
    """Write what `draw` makes of an empty tensor, in float32 or float64 and in C order whatever the array's memory
    order: one seed gives one network."""
    target = arr._writable_tensor()
    dtype = torch.float64 if target.dtype is torch.float64 else torch.float32
    in_place = target.dtype is dtype and target.is_contiguous()
    blank = target if in_place else torch.empty(tuple(target.shape), dtype=dtype, device=target.device)
    drawn = draw(blank, generator_for(target.device))
    if drawn is not target:
        target.copy_(drawn)
