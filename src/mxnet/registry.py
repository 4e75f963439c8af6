"""Registries: classes found by name, so that a string or JSON can stand for an object of one.

Initializers and metrics have one each; a program may make its own for a base class of its own.
"""

from __future__ import annotations

import difflib
import json
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["get_alias_func", "get_create_func", "get_register_func", "get_registry"]

_registries: dict[type, dict[str, type]] = {}


def get_registry(base_class: type) -> dict[str, type]:
    """A copy of what is registered for `base_class`, by lower-case name."""
    return dict(_registries.get(base_class, {}))


def get_register_func(base_class: type, nickname: str) -> Callable[..., type]:
    """A decorator ``register(klass, name=None)`` for subclasses of `base_class`.

    A class is registered under `name`, by default its own, in lower case. What it returns raises AssertionError
    for anything but a subclass and warns if it replaces another class. `nickname` stands in messages.
    """
    registry = _registries.setdefault(base_class, {})

    def register(klass: type, name: str | None = None) -> type:
        if not (isinstance(klass, type) and issubclass(klass, base_class)):
            raise AssertionError(f"Can only register subclass of {base_class.__name__}, not {klass!r}")
        key = (name or klass.__name__).lower()
        former = registry.get(key)
        if former is not None and former is not klass:
            warnings.warn(
                f"New {nickname} {_path(klass)} registered with name {key} is overriding existing "
                f"{nickname} {_path(former)}",
                UserWarning,
                stacklevel=2,
            )
        registry[key] = klass
        return klass

    register.__doc__ = f"Register a subclass of `{base_class.__name__}` under a name, so that it can be made from it."
    return register


def get_alias_func(base_class: type, nickname: str) -> Callable[..., Callable[[type], type]]:
    """A decorator ``alias(*names)`` that registers a class under further names."""
    register = get_register_func(base_class, nickname)

    def alias(*aliases: str) -> Callable[[type], type]:
        def enter(klass: type) -> type:
            for name in aliases:
                register(klass, name)
            return klass

        return enter

    alias.__doc__ = f"Register a subclass of `{base_class.__name__}` under each of the names."
    return alias


def get_create_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """A function that makes an object of a registered class.

    It takes an object of `base_class` (returned as it is), a registered name followed by the arguments of its
    class, or JSON: ``'["name", {arguments}]'`` or ``'{"nickname": "name", arguments}'``. It raises
    AssertionError for a name that is not registered and for anything that is no name.
    """
    registry = _registries.setdefault(base_class, {})

    def create(*args: Any, **kwargs: Any) -> Any:
        if args:
            name, args = args[0], args[1:]
        else:
            name = kwargs.pop(nickname)
        if isinstance(name, base_class):
            if args or kwargs:
                raise AssertionError(f"{nickname} is already an instance. Additional arguments are invalid")
            return name
        if isinstance(name, dict):
            return create(**name)
        if not isinstance(name, str):
            kind = base_class.__name__
            raise AssertionError(f"{nickname} must be of string type or an instance of {kind}, not {name!r}")
        if name.startswith("["):
            if args or kwargs:
                raise AssertionError(f"{nickname} is given as JSON. Additional arguments are invalid")
            name, kwargs = json.loads(name)
            return create(name, **kwargs)
        if name.startswith("{"):
            if args or kwargs:
                raise AssertionError(f"{nickname} is given as JSON. Additional arguments are invalid")
            return create(**json.loads(name))
        key = name.lower()
        if key not in registry:
            raise AssertionError(
                f"{name} is not registered. Please register with {nickname}.register first; "
                f"registered are {', '.join(_nearest_first(key, registry))}"
            )
        return registry[key](*args, **kwargs)

    create.__doc__ = f"An object of a registered subclass of `{base_class.__name__}`, from a name, JSON or itself."
    return create


def _path(klass: type) -> str:
    return f"{klass.__module__}.{klass.__name__}"


def _nearest_first(key: str, names: dict[str, type]) -> list[str]:
    near = difflib.get_close_matches(key, names, n=3)
    return near + sorted(set(names) - set(near))
