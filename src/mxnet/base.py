"""Errors and environment: what every other room of the package stands on."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["MXNetError", "data_dir", "environment_flag"]


class MXNetError(RuntimeError):
    """The root of the errors this package raises of its own; a `RuntimeError`, as in MXNet."""


def data_dir() -> Path:
    """Folder for models and data sets: ``$MXNET_HOME``, else ``~/.mxnet``."""
    return Path(os.environ.get("MXNET_HOME") or Path.home() / ".mxnet").expanduser()


def environment_flag(name: str, default: bool = False) -> bool:
    """Truth of an environment variable: unset means `default`; empty, ``0``, ``false``, ``off``, ``no`` mean False."""
    value = os.environ.get(name)
    if value is None:
        return default
    return value.strip().lower() not in {"", "0", "false", "off", "no"}
