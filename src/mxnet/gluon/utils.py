"""Helpers around blocks."""

from __future__ import annotations

import hashlib
import os
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

__all__ = ["HookHandle", "check_sha1"]


class HookHandle:
    """What registering a hook returns: `detach` takes the hook away again, and so does leaving a ``with`` block."""

    def __init__(self) -> None:
        self._hooks: weakref.ref[OrderedDict[int, Callable[..., Any]]] | None = None

    def attach(self, hooks: OrderedDict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        """Enter `hook` into a block's hooks.

        Raises
        ------
        AssertionError
            If this handle is attached already.
        """
        if self._hooks is not None:
            raise AssertionError("the same handle cannot be attached twice")
        self._hooks = weakref.ref(hooks)
        hooks[id(self)] = hook

    def detach(self) -> None:
        """Take the hook away; nothing happens if it is gone."""
        hooks = self._hooks() if self._hooks is not None else None
        if hooks is not None:
            hooks.pop(id(self), None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.detach()


def check_sha1(filename: str | os.PathLike, sha1_hash: str) -> bool:
    """Whether a file has the given SHA-1 sum, in hexadecimal digits."""
    with open(filename, "rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest() == sha1_hash
