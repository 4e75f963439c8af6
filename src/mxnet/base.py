"""Errors and environment: what every other room of the package stands on."""

from __future__ import annotations

import os
from collections.abc import Collection
from itertools import islice
from pathlib import Path

__all__ = [
    "DynamicShape",
    "MXNetError",
    "NotImplementedForSymbol",
    "NotTraceable",
    "ValuesNotKnown",
    "data_dir",
    "environment_flag",
    "listed",
]


class MXNetError(RuntimeError):
    """The root of the errors this package raises of its own; a `RuntimeError`, as in MXNet."""


class NotImplementedForSymbol(MXNetError):
    """A symbol was asked for what only an array has, such as its values."""


class ValuesNotKnown(MXNetError):
    """Values were asked for while a block is traced without any."""


class NotTraceable(MXNetError):
    """A forward pass does what no graph can hold; the block runs without one, its children with theirs."""


class DynamicShape(NotTraceable):
    """The shape of an operator's result hangs on values, and there are none while a block is traced."""


def data_dir() -> Path:
    """Folder for models and data sets: ``$MXNET_HOME``, else ``~/.mxnet``."""
    return Path(os.environ.get("MXNET_HOME") or Path.home() / ".mxnet").expanduser()


def environment_flag(name: str, default: bool = False) -> bool:
    """Truth of an environment variable: unset means `default`; empty, ``0``, ``false``, ``off``, ``no`` mean False."""
    value = os.environ.get(name)
    if value is None:
        return default
    return value.strip().lower() not in {"", "0", "false", "off", "no"}


def listed(names: Collection[str], most: int = 10) -> str:
    """Names for an error message, no more than `most` of them.

    >>> listed(["data", "weight"]), listed([f"x{number}" for number in range(300)], most=2)
    ("'data', 'weight'", "'x0', 'x1', ... (300 in all)")
    """
    if not names:
        return "none"
    shown = ", ".join(map(repr, islice(names, most)))
    return shown if len(names) <= most else f"{shown}, ... ({len(names)} in all)"
