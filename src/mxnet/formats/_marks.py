"""The marks ``arg:`` and ``aux:`` that exported files put before names, to tell parameters from running statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mxnet.base import MXNetError

__all__ = ["without_marks"]

_MARKS = ("arg:", "aux:")


def without_marks(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The same by their own names.

    Raises
    ------
    MXNetError
        If two names are the same then.
    """
    plain: dict[str, Any] = {}
    for name, value in arrays.items():
        bare = name[4:] if name.startswith(_MARKS) else name
        if bare in plain:
            raise MXNetError(f"{bare!r} is there twice: as a parameter, as a running statistic, or without a mark")
        plain[bare] = value
    return plain
