"""Public functions made from the catalogue: positional inputs, then attributes, `out` and `name`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, invoke
from mxnet.operators.catalogue import Operator

__all__ = ["doc_of", "function_of", "name_arguments", "signature_of"]

_PARAMETER = inspect.Parameter


def function_of(op: Operator, name: str, module: str) -> Callable[..., Any]:
    """The function ``name(inputs, attributes, out=None, name=None)`` that runs `op` on arrays."""
    make = _variadic if op.variadic else _plain
    function = make(op, name)
    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    function.__doc__ = doc_of(op, "NDArray", _EXTRA_DOCS)
    function.__signature__ = signature_of(op, ("out", "name"))
    return function


def _plain(op: Operator, label: str) -> Callable[..., Any]:
    places = (*op.inputs, *op.attributes)
    count = len(op.inputs)
    required = [name for name in op.inputs if name not in op.optional]

    def arranged(args: tuple[Any, ...], keywords: dict[str, Any]) -> list[Any]:
        """The inputs; what is left in `keywords` are the attributes."""
        name_arguments(label, places, args, keywords)
        return [keywords.pop(place, None) for place in places[:count]]

    def function(*args: Any, out: Any = None, name: str | None = None, **keywords: Any) -> Any:
        if len(args) == count and not keywords:  # only the arrays, as most calls are
            inputs: Sequence[Any] = args
        else:
            inputs = arranged(args, keywords)
        for place, value in zip(places, inputs, strict=False):
            if not isinstance(value, Array) and (value is not None or place in required):
                raise TypeError(f"{label}(): argument {place!r} must be an array, not {type(value).__name__}")
        result = invoke(op, inputs, keywords, out)
        return result[0] if type(result) is list and len(result) == 1 else result

    return function


def name_arguments(label: str, places: Sequence[str], args: Sequence[Any], keywords: dict[str, Any]) -> None:
    """Put positional arguments of the function `label` among the keywords, under the names of their places.

    Raises
    ------
    TypeError
        If there are more of them than places, or one is there by name as well.
    """
    if len(args) > len(places):
        raise TypeError(f"{label}() takes at most {len(places)} positional arguments, not {len(args)}")
    for place, value in zip(places, args, strict=False):
        if place in keywords:
            raise TypeError(f"{label}() got multiple values for argument {place!r}")
        keywords[place] = value


def _variadic(op: Operator, label: str) -> Callable[..., Any]:
    def function(*args: Any, out: Any = None, name: str | None = None, **keywords: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], (list, tuple)):
            args = tuple(args[0])
        if not args:
            raise MXNetError(f"{label}() needs at least one array")
        for value in args:
            if not isinstance(value, Array):
                raise TypeError(f"{label}() takes arrays, not {type(value).__name__}")
        count = keywords.pop("num_args", None)
        if count is not None and int(count) != len(args):
            raise MXNetError(f"{label}(): num_args={count}, but {len(args)} arrays are given")
        if "num_args" in op.attributes:
            keywords["num_args"] = len(args)
        return invoke(op, args, keywords, out)

    return function


def signature_of(op: Operator, extras: Sequence[str]) -> inspect.Signature:
    """Inputs, attributes, then keywords named `extras` with default None."""
    if op.variadic:
        parameters = [_PARAMETER(op.inputs[0], _PARAMETER.VAR_POSITIONAL)]
        kind = _PARAMETER.KEYWORD_ONLY
    else:
        kind = _PARAMETER.POSITIONAL_OR_KEYWORD
        needed = [name for name in op.inputs if name not in op.optional]
        parameters = [
            _PARAMETER(name, kind, default=_PARAMETER.empty if name in needed else None) for name in op.inputs
        ]
    for name, attribute in op.attributes.items():
        default = None if attribute.required else attribute.default
        parameters.append(_PARAMETER(name, kind, default=default))
    parameters += [_PARAMETER(name, _PARAMETER.KEYWORD_ONLY, default=None) for name in extras]
    if not op.variadic:
        _defaults_last(parameters)
    return inspect.Signature(parameters)


def _defaults_last(parameters: list[inspect.Parameter]) -> None:
    """After an optional parameter all are optional, as Python asks for."""
    optional = False
    for number, parameter in enumerate(parameters):
        optional = optional or parameter.default is not _PARAMETER.empty
        if optional and parameter.default is _PARAMETER.empty:
            parameters[number] = parameter.replace(default=None)


_EXTRA_DOCS = (
    "out : NDArray, optional",
    "    Where to write the result.",
    "name : str, optional",
    "    Accepted as in MXNet; not used.",
)


def doc_of(op: Operator, kind: str, extras: Sequence[str]) -> str:
    """The operator's sentence, its inputs (each a `kind`), its attributes and the lines `extras`."""
    lines = [inspect.cleandoc(op.body.__doc__ or f"Operator {op.name}."), "", "Parameters", "----------"]
    for name in op.inputs:
        accepted = f"any number of {kind}s" if op.variadic else kind
        lines.append(f"{name} : {accepted}{', optional' if name in op.optional else ''}")
    for name, attribute in op.attributes.items():
        lines.append(f"{name} : {attribute.describe()}{_default(attribute)}")
    return "\n".join([*lines, *extras])


def _default(attribute: Any) -> str:
    if attribute.required:
        return ""
    default = attribute.default
    return f", default {str(default).removeprefix('torch.') if attribute.choices == () else repr(default)}"
