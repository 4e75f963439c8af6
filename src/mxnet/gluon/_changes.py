"""Changes of what graphs are traced for: children, parameters and hooks of blocks, types of parameters."""

from __future__ import annotations

from typing import Any

__all__ = ["Changing", "changes"]


class _Changes:
    """`latest` is another object after each change anywhere."""

    latest: Any = object()


changes = _Changes()


class Changing:
    """What counts its changes."""

    _version = 0

    def _note_change(self) -> None:
        object.__setattr__(self, "_version", self._version + 1)
        changes.latest = object()  # last: whoever sees it sees the new version
