"""Engines by name: what turns a graph into something that runs."""

from __future__ import annotations

from collections.abc import Callable

from mxnet.engines._torch import Compiled, compile_graph

__all__ = ["Engine", "find_engine"]

Engine = Callable[..., Compiled]

_ENGINES: dict[str, Engine] = {"torch": compile_graph}


def find_engine(name: str) -> Engine:
    """The engine of that name, without regard to case.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    engine = _ENGINES.get(name.lower()) if isinstance(name, str) else None
    if engine is None:
        raise ValueError(f"there is no backend {name!r}; registered are {', '.join(map(repr, sorted(_ENGINES)))}")
    return engine
