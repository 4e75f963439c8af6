"""`mx.name`: how symbols that are given no name are named."""

from __future__ import annotations

import contextvars
import itertools
from types import TracebackType

__all__ = ["NameManager", "Prefix", "current"]


class NameManager:
    """Numbers the symbols of each kind; the one in the innermost ``with`` names new symbols.

    Examples
    --------
    >>> with mx.name.NameManager():
    ...     print(mx.sym.exp(mx.sym.var("x")).name)
    exp0
    """

    def __init__(self) -> None:
        self._counters: dict[str, itertools.count[int]] = {}
        self._outer: list[NameManager] = []

    def get(self, name: str | None, hint: str) -> str:
        """`name`, or if there is none `hint` with the next of its numbers."""
        if name:
            return name
        return f"{hint}{next(self._counters.setdefault(hint, itertools.count()))}"

    def __enter__(self) -> NameManager:
        self._outer.append(_current.get())
        _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.set(self._outer.pop())


class Prefix(NameManager):
    """A `NameManager` that puts `prefix` before every name, given or not.

    Examples
    --------
    >>> with mx.name.Prefix("stage1_"):
    ...     print(mx.sym.exp(mx.sym.var("x"), name="root").name)
    stage1_root
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        return self._prefix + super().get(name, hint)


_OUTERMOST = NameManager()
_current: contextvars.ContextVar[NameManager] = contextvars.ContextVar("name manager", default=_OUTERMOST)


def current() -> NameManager:
    """The manager that names new symbols in this thread."""
    return _current.get()
