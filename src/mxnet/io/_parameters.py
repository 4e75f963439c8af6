"""Parameters of iterators: known by name, with types, read from text too, as MXNet's C++ iterators take them."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import inspect
import os
import typing
from collections.abc import Callable
from typing import Any

from mxnet.base import MXNetError
from mxnet.operators.attributes import Attribute, attribute_of

__all__ = ["takes"]


def takes(*schemas: type) -> Callable[[type], type]:
    """Let the constructor of a class take the fields of dataclasses as keyword arguments.

    Its own ``__init__(self, *filled)`` gets an instance of each. The annotations are attribute types of operators, so
    that values come in canonical form: ``data_shape="(3, 224, 224)"`` and ``shuffle="1"`` are accepted as in MXNet.

    The constructor raises ``TypeError`` if something is given by position, and ``MXNetError`` for a name that no field
    has (with the nearest names), a value that does not fit its type, or a field without a default that is missing.
    """
    fields = [_fields(schema) for schema in schemas]
    known = {name: attribute for each in fields for name, attribute in each.items()}

    def decorate(cls: type) -> type:
        init = cls.__init__

        @functools.wraps(init)
        def checked(self: Any, *args: Any, **given: Any) -> None:
            name = type(self).__name__
            if args:
                raise TypeError(f"{name} takes keyword arguments only: {', '.join(list(known)[:3])}, ...")
            values = _canonical(name, known, given)
            filled = [
                schema(**{field: values[field] for field in each if field in values})
                for schema, each in zip(schemas, fields, strict=True)
            ]
            init(self, *filled)

        checked.__signature__ = _signature(known)
        cls.__init__ = checked
        return cls

    return decorate


def _fields(schema: type) -> dict[str, Attribute]:
    hints = typing.get_type_hints(schema)
    missing = inspect.Parameter.empty
    return {
        field.name: attribute_of(hints[field.name], missing if field.default is dataclasses.MISSING else field.default)
        for field in dataclasses.fields(schema)
    }


def _signature(known: dict[str, Attribute]) -> inspect.Signature:
    keyword, positional = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    given = [inspect.Parameter(name, keyword, default=attribute.default) for name, attribute in known.items()]
    given.sort(key=lambda parameter: parameter.default is not parameter.empty)
    return inspect.Signature([inspect.Parameter("self", positional), *given])


def _canonical(iterator: str, known: dict[str, Attribute], given: dict[str, Any]) -> dict[str, Any]:
    for name in given:
        if name not in known:
            raise MXNetError(f"{iterator} has no parameter {name!r}; {_nearest(name, list(known))}")
    values = {}
    for name, attribute in known.items():
        if name in given:
            value = os.fspath(given[name]) if isinstance(given[name], os.PathLike) else given[name]
            values[name] = attribute.coerce(value, f"{iterator}: parameter {name!r}")
        elif attribute.required:
            raise MXNetError(f"{iterator} needs the parameter {name!r}, {attribute.describe()}")
    return values


def _nearest(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(near)}?" if near else f"it takes {', '.join(names)}"
