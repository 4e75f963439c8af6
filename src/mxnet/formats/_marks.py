"""The marks ``arg:`` and ``aux:`` that exported files put before names, to tell parameters from running statistics."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from mxnet.base import MXNetError

from ._errors import FileFormatError

__all__ = ["without_marks"]

_MARKS = ("arg:", "aux:")


def without_marks(arrays: Mapping[str, Any], file: str | os.PathLike | None = None) -> dict[str, Any]:
    """The same by their own names; `file` is where they are from, for the error.

    Raises
    ------
    MXNetError
        If two names are the same then; `FileFormatError` for those of a file.
    """
    plain: dict[str, Any] = {}
    for name, value in arrays.items():
        bare = name[4:] if name.startswith(_MARKS) else name
        if bare in plain:
            cause = f"{bare!r} is there twice: as a parameter, as a running statistic, or without a mark"
            raise MXNetError(cause) if file is None else FileFormatError(f"{os.fsdecode(file)}: {cause}")
        plain[bare] = value
    return plain
