"""Initializers that choose by name: from a file, or among several."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

import torch

from mxnet import formats
from mxnet.formats._marks import without_marks
from mxnet.ndarray._array import Array

__all__ = ["Load", "Mixed"]


class Load:
    """Values from a file of parameters, or from a dict; by name.

    Parameters
    ----------
    param : path or dict of str to array
        ``arg:`` and ``aux:`` before the names are left out.
    default_init : Initializer, optional
        For what is not there.
    verbose : bool, default False
        Log where each array's values came from.

    Raises
    ------
    AssertionError
        If `param` has no names; when called, if the shape differs, or there is neither value nor default.
    MXNetError
        If `param` has a value twice, with and without a mark.
    """

    def __init__(
        self,
        param: str | PathLike | Mapping[str, Any],
        default_init: Callable[[Any, Any], None] | None = None,
        verbose: bool = False,
    ) -> None:
        file = param if isinstance(param, (str, PathLike)) else None
        values = param if file is None else formats.load(file)
        if not isinstance(values, Mapping):
            raise AssertionError(f"Load takes named arrays, as a file or a dict, not {type(values).__name__}")
        self.param = without_marks(values, file)
        self.default_init = default_init
        self.verbose = verbose

    def __call__(self, name: str, arr: Any) -> None:
        if name in self.param:
            value = self.param[name]
            if tuple(value.shape) != tuple(arr.shape):
                raise AssertionError(
                    f"Parameter {name} cannot be initialized from loading. "
                    f"Shape mismatch, target {tuple(arr.shape)} vs loaded {tuple(value.shape)}"
                )
            tensor = value._data if isinstance(value, Array) else torch.as_tensor(value)
            arr._writable_tensor().copy_(tensor.detach())
            how = "loading"
        elif self.default_init is not None:
            self.default_init(name, arr)
            how = "default"
        else:
            raise AssertionError(
                f"Cannot Initialize {name}. Not found in loaded param and no default Initializer is provided."
            )
        if self.verbose:
            logging.info("Initialized %s by %s", name, how)


class Mixed:
    """Several initializers, chosen by the first regular expression that the start of a name matches.

    Raises
    ------
    AssertionError
        If there are not as many patterns as initializers.
    ValueError
        When called, if no pattern matches.

    Examples
    --------
    >>> init = mx.init.Mixed(['stage1', '.*'], [mx.init.One(), mx.init.Zero()])
    """

    def __init__(self, patterns: Sequence[str], initializers: Sequence[Callable[[Any, Any], None]]) -> None:
        if len(patterns) != len(initializers):
            raise AssertionError(f"{len(patterns)} patterns for {len(initializers)} initializers")
        self.map = [(re.compile(pattern), init) for pattern, init in zip(patterns, initializers, strict=True)]

    def __call__(self, name: str, arr: Any) -> None:
        for pattern, init in self.map:
            if pattern.match(name):
                init(name, arr)
                return
        raise ValueError(
            f"Parameter name {name} did not match any pattern. Consider adding a '.*' pattern at the end with "
            "a default Initializer."
        )
