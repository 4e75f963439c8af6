"""Nested lists, tuples and dicts: taken apart into the leaves of one kind, and put together again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["LEAF", "container", "flatten", "map_leaves", "others", "rebuild", "ways"]


class _Leaf:
    """Where a leaf stood."""

    def __repr__(self) -> str:
        return "<leaf>"

    def __reduce__(self) -> str:
        return "LEAF"


LEAF = _Leaf()


class _Other(tuple):
    """A value that is no leaf; 1, 1.0 and True differ."""

    __slots__ = ()

    def __new__(cls, value: Any) -> _Other:
        return super().__new__(cls, (type(value), value))

    def __getnewargs__(self) -> tuple[Any]:
        return (self[1],)  # for copies and pickles, which else would give the pair as the value


def flatten(value: Any, leaves: list[Any], kind: type) -> Any:
    """Add what is of a kind to `leaves`; returns the rest, the structure, which is hashable if its values are."""
    if isinstance(value, kind):
        leaves.append(value)
        return LEAF
    if isinstance(value, (list, tuple)):
        return type(value), tuple([flatten(item, leaves, kind) for item in value])
    if isinstance(value, dict):
        made = OrderedDict if isinstance(value, OrderedDict) else dict
        return made, tuple(value), tuple([flatten(item, leaves, kind) for item in value.values()])
    return _Other(value)


def rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    """What `flatten` took apart, with other leaves."""
    if structure is LEAF:
        return next(leaves)
    if type(structure) is _Other:
        return structure[1]
    if issubclass(structure[0], dict):
        return structure[0](zip(structure[1], [rebuild(item, leaves) for item in structure[2]], strict=True))
    kind, items = structure
    return container(kind, [rebuild(item, leaves) for item in items])


def container(kind: type, items: Iterable[Any]) -> Any:
    """A list or tuple of a kind; those with names take their items one by one."""
    return kind(*items) if hasattr(kind, "_fields") else kind(items)


def map_leaves(value: Any, kind: type, fn: Callable[[Any], Any]) -> Any:
    """A nested value with `fn` applied to what is of a kind in it, in order."""
    leaves: list[Any] = []
    structure = flatten(value, leaves, kind)
    return rebuild(structure, iter([fn(leaf) for leaf in leaves]))


def others(structure: Any) -> Iterator[Any]:
    """What a structure holds beside the leaves."""
    if type(structure) is _Other:
        yield structure[1]
    elif structure is not LEAF:
        for item in structure[-1]:
            yield from others(item)


def ways(structure: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """For each leaf the keys and numbers that lead to it from outside."""
    if structure is LEAF:
        yield way
    elif type(structure) is not _Other:
        keys = structure[1] if issubclass(structure[0], dict) else range(len(structure[1]))
        for key, item in zip(keys, structure[-1], strict=True):
            yield from ways(item, (*way, key))
