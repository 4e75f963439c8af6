"""`mx.AttrScope`: attributes that all symbols made inside it get."""

from __future__ import annotations

import contextvars
from collections.abc import Mapping
from types import TracebackType
from typing import Any

__all__ = ["AttrScope", "current"]


class AttrScope:
    """Attributes for all symbols made inside a ``with`` block; scopes add up, the inner one wins.

    Parameters
    ----------
    **kwargs : str
        The attributes, such as ``ctx_group`` or ``__mood__``.

    Raises
    ------
    ValueError
        If a value is not a string.

    Examples
    --------
    >>> with mx.AttrScope(ctx_group="stage1"):
    ...     x = mx.sym.var("x")
    >>> x.attr("ctx_group")
    'stage1'
    """

    def __init__(self, **kwargs: str) -> None:
        for name, value in kwargs.items():
            if not isinstance(value, str):
                raise ValueError(f"Attributes need to be strings, but {name} is {value!r}")
        self._attributes = kwargs
        self._outer: list[tuple[AttrScope, dict[str, str]]] = []

    def get(self, attr: Mapping[str, Any] | None) -> dict[str, Any]:
        """The attributes of this scope and those of `attr`, which win."""
        return {**self._attributes, **(attr or {})}

    def __enter__(self) -> AttrScope:
        outer = _current.get()
        self._outer.append((outer, self._attributes))
        self._attributes = outer.get(self._attributes)
        _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outer, self._attributes = self._outer.pop()
        _current.set(outer)


_OUTERMOST = AttrScope()
_current: contextvars.ContextVar[AttrScope] = contextvars.ContextVar("attribute scope", default=_OUTERMOST)


def current() -> AttrScope:
    """The scope whose attributes new symbols get in this thread."""
    return _current.get()
