"""Functions of `mx.np` and `mx.npx` over symbols: they run as they stand, and what they call is composed.

A function gets a stand-in for each symbol, an array that has neither shape nor type nor values. Every operator call
comes to a composer, as in a trace, and leaves a node. A function that asks for more than operators cannot be
had for symbols, and says so.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from mxnet import name as naming
from mxnet._modes import modes
from mxnet._nested import map_leaves
from mxnet.base import MXNetError
from mxnet.ndarray._array import Array
from mxnet.numpy.multiarray import ndarray
from mxnet.operators.catalogue import Operator
from mxnet.symbol import _listing
from mxnet.symbol._compose import compose
from mxnet.symbol._graph import Entry
from mxnet.symbol._register import Face, entry_of
from mxnet.symbol.numpy._symbol import _Symbol
from mxnet.symbol.symbol import Symbol

__all__ = ["functions_face", "over_symbols"]


class _StandIn(ndarray):
    """What stands for one output of a symbol while a function of arrays runs."""

    __slots__ = ("entry",)

    entry: Entry

    @property
    def _data(self) -> Any:
        raise MXNetError(
            "this needs the shape, type or values of an array, and a symbol has none; trace a block instead"
        )

    def __repr__(self) -> str:
        return f"<{_listing.output_name(self.entry)}>"


def _stand_in(entry: Entry) -> _StandIn:
    made = object.__new__(_StandIn)
    made.entry = entry
    return made


class _Composer:
    """Takes operator calls in the place of `ndarray._array.run` and composes them."""

    def is_traced(self, array: Array) -> bool:
        return isinstance(array, _StandIn)

    def run(
        self, op: Operator, inputs: Sequence[Any], canonical: dict[str, Any], out: Any, cls: Any, device: Any
    ) -> Any:
        if out is not None:
            raise MXNetError(f"{op.name}: a symbol is never written to, so there is no `out`")
        for place, value in enumerate(inputs):
            if value is not None and not isinstance(value, _StandIn):
                raise TypeError(f"{op.name}: input {place} must be a symbol, not {type(value).__name__}")
        if op.variadic:
            given: Any = [value.entry for value in inputs]
            canonical = {"num_args": len(given), **canonical}
        else:
            pairs = zip(op.inputs, inputs, strict=False)
            taken = op.expected_inputs(canonical)  # an array beside these would be passed over, too
            given = {place: value.entry for place, value in pairs if value is not None and place in taken}
        made = [_stand_in(entry) for entry in compose(op, given, canonical, None, _hint(op))]
        return made[0] if len(made) == 1 else made


def _hint(op: Operator) -> str:
    """What new nodes are called: the operator's name in NumPy's face, without the mark of that face."""
    for prefix in ("_npi_", "_npx_", "_np_"):
        for name in op.names():
            if name.startswith(prefix):
                return name.removeprefix(prefix).lower()
    return op.name.lower()


def over_symbols(function: Callable[..., Any], label: str) -> Callable[..., Any]:
    """`function`, for `_Symbol`s in the place of arrays; it takes ``name=`` for the node of its result."""

    @functools.wraps(function)
    def composed(*args: Any, name: str | None = None, **kwargs: Any) -> Any:
        before = modes.tracer
        given = _exchanged((args, kwargs), label)
        modes.tracer = _Composer()
        try:
            result = function(*given[0], **given[1])
        finally:
            modes.tracer = before
        symbol = _symbols_of(result, label)
        if name and isinstance(symbol, _Symbol):
            symbol._entries[0][0].name = naming.current().get(name, "")
        return symbol

    return composed


def _exchanged(value: Any, label: str) -> Any:
    """Stand-ins for the symbols in nested lists, tuples and dicts."""

    def stand_in(symbol: Symbol) -> _StandIn:
        if not isinstance(symbol, _Symbol):
            raise TypeError(f"{label} takes symbols of mx.sym.np: call as_np_ndarray() on {symbol!r}")
        return _stand_in(entry_of(symbol, label))

    return map_leaves(value, Symbol, stand_in)


def _symbols_of(value: Any, label: str) -> Any:
    """Symbols for the stand-ins in a result; a list of several is one symbol with as many outputs."""
    if isinstance(value, _StandIn):
        return _Symbol([value.entry])
    if isinstance(value, Array):
        raise TypeError(f"{label} makes an array here, not a symbol")
    if isinstance(value, tuple):
        return tuple([_symbols_of(item, label) for item in value])
    if isinstance(value, list):
        if len(value) > 1 and all(isinstance(item, _StandIn) for item in value):
            return _Symbol([item.entry for item in value])
        return [_symbols_of(item, label) for item in value]
    return value


def functions_face(module: str, arrays: Any) -> Face:
    """The `Face` of a module with the functions of another, which take arrays."""
    names = [name for name in arrays.__all__ if callable(getattr(arrays, name)) and not _is_type(getattr(arrays, name))]

    def make(name: str) -> Callable[..., Any]:
        function = over_symbols(getattr(arrays, name), f"{name}()")
        function.__module__ = module
        return function

    return Face(module, names, make)


def _is_type(value: Any) -> bool:
    return isinstance(value, type)
