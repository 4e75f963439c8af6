"""Changes that graphs have to know of: of children, parameters and hooks, and of the types and arrays of parameters."""

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
        """Graphs that were traced before do not hold any more."""
        object.__setattr__(self, "_version", self._version + 1)
        changes.latest = object()  # last: whoever sees it sees the new version

    def _note_exchange(self) -> None:
        """Graphs hold, but what they found here is to be looked up again."""
        changes.latest = object()
