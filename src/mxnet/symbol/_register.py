"""Functions over symbols made from the catalogue: inputs, attributes, then `name` and `attr`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mxnet.base import MXNetError, listed
from mxnet.ndarray._register import doc_of, name_arguments, signature_of
from mxnet.operators.catalogue import CATALOGUE, Operator, find
from mxnet.symbol._compose import compose
from mxnet.symbol._graph import Entry

__all__ = ["Face", "call", "entry_of", "function_of", "operators_face", "prefixed"]

_EXTRAS = ("name", "attr", "out")


class Face:
    """The lazy contents of a module of functions: each is made when it is first asked for.

    Parameters
    ----------
    module : str
        Its ``__name__``.
    names : iterable of str
        Of the functions.
    make : callable
        ``make(name)`` makes one.
    """

    def __init__(self, module: str, names: Iterable[str], make: Callable[[str], Callable[..., Any]]) -> None:
        self._module = module
        self._make = make
        self.all = sorted(names)

    def get(self, name: str) -> Callable[..., Any]:
        """The module's ``__getattr__``; what it returns is put into the module.

        Raises
        ------
        AttributeError
            If there is none of that name.
        """
        if name not in self.all:
            raise AttributeError(f"module {self._module!r} has no attribute {name!r}")
        function = self._make(name)
        setattr(sys.modules[self._module], name, function)
        return function

    def dir(self) -> list[str]:
        """The module's ``__dir__``."""
        return sorted({*self.all, *vars(sys.modules[self._module])})


def operators_face(module: str, names: Mapping[str, str]) -> Face:
    """The `Face` of a module of operators, with the operator's name for each public one."""
    return Face(module, names, lambda name: function_of(names[name], name, module))


def prefixed(prefix: str) -> dict[str, str]:
    """The operators whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): name for name in CATALOGUE if name.startswith(prefix)}


def call(operator: str, /, *symbols: Any, hint: str | None = None, **keywords: Any) -> Any:
    """Compose the operator of that name over symbols, as its function in `mx.sym` would."""
    return _composed(operator, operator if hint is None else hint, symbols, keywords)


def function_of(operator: str, name: str, module: str) -> Callable[..., Any]:
    """The function ``name(inputs, attributes, name=None, attr=None, out=None)`` that composes an operator."""

    def function(*args: Any, **keywords: Any) -> Any:
        return _composed(operator, name, args, keywords)

    op = find(operator)
    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    function.__doc__ = doc_of(op, "Symbol", _EXTRA_DOCS)
    function.__signature__ = signature_of(op, _EXTRAS)
    return function


_EXTRA_DOCS = (
    "name : str, optional",
    "    Name of the symbol; by default the current `NameManager` makes one.",
    "attr : dict of str to str, optional",
    "    Further attributes and annotations.",
    "out : optional",
    "    Accepted as in MXNet; not used.",
)


def _composed(operator: str, label: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    op = find(operator)
    inputs = (_of_many if op.variadic else _of_few)(op, label, args, keywords)
    for place, value in keywords.items():
        if isinstance(value, _symbol_class()):
            raise MXNetError(f"{label}() has no input {place!r}; its inputs are {', '.join(op.inputs) or 'none'}")
    name, attr = keywords.pop("name", None), keywords.pop("attr", None)
    keywords.pop("out", None)
    if isinstance(inputs, Mapping):
        cls = class_of(inputs.values())
        entries = {place: entry_of(value, label) for place, value in inputs.items()}
    else:
        cls = class_of(inputs)
        entries = [entry_of(value, label) for value in inputs]
    return cls(compose(op, entries, keywords, name, label.lower(), attr, operator))


def _of_few(op: Operator, label: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
    """The inputs of an operator that has names for them; what is left in `keywords` is not."""
    name_arguments(label, (*op.inputs, *op.attributes, *_EXTRAS), args, keywords)
    inputs = {}
    for place in op.inputs:
        value = keywords.pop(place, None)
        if value is not None:
            if not isinstance(value, _symbol_class()):
                raise AssertionError(f"{label}(): argument {place!r} must be a Symbol, not {value!r}")
            inputs[place] = value
    return inputs


def _of_many(
    op: Operator, label: str, args: tuple[Any, ...], keywords: dict[str, Any]
) -> Mapping[str, Any] | Sequence[Any]:
    """The inputs of an operator that takes any number; what is left in `keywords` is not."""
    for value in args:
        if not isinstance(value, _symbol_class()):
            raise AssertionError(f"{label}() takes Symbols as positional arguments, not {value!r}")
    names = [name for name, value in keywords.items() if isinstance(value, _symbol_class())]
    if args and names:
        raise TypeError(f"{label}() takes its Symbols as positional or as keyword arguments, not both")
    inputs = args or {name: keywords.pop(name) for name in names}
    keywords.setdefault("num_args", len(inputs))
    return inputs


def entry_of(symbol: Any, label: str) -> Entry:
    """The one output of a symbol that is to be an input.

    Raises
    ------
    MXNetError
        If it has several.
    """
    if len(symbol._entries) != 1:
        raise MXNetError(
            f"{label}(): an input must be one output, but {symbol!r} has {len(symbol._entries)}: "
            f"{listed(symbol.list_outputs())}; choose one by its number, as in symbol[0]"
        )
    return symbol._entries[0]


def class_of(symbols: Iterable[Any]) -> type:
    """The class of a symbol made of others: that of the first."""
    return next((type(symbol) for symbol in symbols), _symbol_class())


def _symbol_class() -> type:
    # The class's module imports this one.
    return sys.modules["mxnet.symbol.symbol"].Symbol
