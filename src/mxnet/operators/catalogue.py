"""The catalogue: every operator once, as one typed function over torch tensors.

`@operator(name, *aliases)` reads the function's signature. Positional parameters are the inputs (one with
default None may be missing, ``*data`` takes any number); keyword-only parameters are the attributes, their
annotations the attribute types and their defaults MXNet's. Everything else (the eager faces, and later
symbols, files and engines) is derived from the `Operator` this makes.

A body never sees an `NDArray` and never asks whether it is being recorded: it gets tensors and attributes in
their canonical form and returns a tensor or a tuple of tensors. A body with a keyword-only parameter
``training`` is told whether the call trains; a parameter listed in `mutates` may be written in place.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch

from mxnet.operators._checks import refusing_meta
from mxnet.operators._completion import Known, Rule
from mxnet.operators.attributes import Attribute, attribute_of

__all__ = ["CATALOGUE", "Operator", "add_names", "find", "numbered", "operator"]

CATALOGUE: dict[str, Operator] = {}
"""Every operator under each of its names."""

Condition = Callable[[dict[str, Any]], Any]
Names = Callable[[dict[str, Any], int], tuple[str, ...]]
Outputs = int | Callable[[dict[str, Any], int], int]

_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_VARIADIC = inspect.Parameter.VAR_POSITIONAL
_CACHE_LIMIT = 4096


class Operator:
    """One operator: a name, typed attributes and a body over torch tensors.

    Attributes
    ----------
    name : str
        MXNet's name, as it stands in graphs.
    aliases : tuple of str
        Further names under which the catalogue holds it.
    body : callable
        ``body(*tensors, **attributes)``.
    inputs : tuple of str
        Names of the inputs; of a variadic operator the name of its one ``*parameter``.
    attributes : dict of str to Attribute
        Type and default of each attribute.
    variadic : bool
        Whether it takes any number of inputs.
    modal : bool
        Whether the body is told if the call trains.
    mutates : tuple of str
        Inputs that the body may write (auxiliary states).
    views : bool
        Whether the body may return an input, or a view of one. A graph takes it as it is; an array that a user
        gets is copied first, since operators share no memory with their inputs in MXNet.
    dynamic : bool
        Whether the shape of a result always hangs on values; on tensors without any (torch's meta device) the body
        raises `DynamicShape`.
    onnx_rule : callable or None
        How a call is written with ONNX's operators; see `onnx`.
    """

    __slots__ = (
        "_back",
        "_canonical",
        "_completion",
        "_names",
        "_outputs",
        "_when",
        "aliases",
        "attributes",
        "body",
        "dynamic",
        "inputs",
        "modal",
        "mutates",
        "name",
        "onnx_rule",
        "optional",
        "variadic",
        "views",
    )

    def __init__(
        self,
        body: Callable[..., Any],
        name: str,
        aliases: tuple[str, ...],
        mutates: tuple[str, ...],
        views: bool = False,
        outputs: Outputs = 1,
        when: Mapping[str, Condition] | None = None,
        names: Names | None = None,
        dynamic: bool = False,
    ) -> None:
        hints = typing.get_type_hints(body)
        parameters = inspect.signature(body).parameters.values()
        attributes = [p for p in parameters if p.kind is _KEYWORD]
        inputs = [p for p in parameters if p.kind is not _KEYWORD]
        # Under this name, which is also how Python's own errors call it, pickle and torch.fx's code find a body again.
        body.__module__ = "mxnet.operators.bodies"
        body.__name__ = body.__qualname__ = name
        self.body = body
        self.name = name
        self.aliases = aliases
        self.mutates = mutates
        self.views = views
        self.dynamic = dynamic
        self.inputs = tuple(p.name for p in inputs)
        self.optional = frozenset(p.name for p in inputs if p.default is None)
        self.variadic = any(p.kind is _VARIADIC for p in inputs)
        self.modal = any(p.name == "training" for p in attributes)
        self.attributes: dict[str, Attribute] = {
            p.name: attribute_of(hints[p.name], p.default) for p in attributes if p.name != "training"
        }
        self._outputs = outputs
        self._when = when or {}
        self._names = names
        if self.optional != set(self._when):
            raise TypeError(f"{name}: when= must tell of each optional input ({', '.join(self.optional)}) and no other")
        self._completion: Rule | None = None
        self._back: Callable[..., list[Known]] | None = None
        self.onnx_rule: Callable[..., Any] | None = None
        self._canonical: dict[Any, dict[str, Any]] = {}

    def complete(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Canonical attributes with the defaults of those not given."""
        defaults = {name: attribute.default for name, attribute in self.attributes.items() if not attribute.required}
        return defaults | attributes

    def count(self, attributes: dict[str, Any], inputs: int) -> int:
        """The number of results for canonical attributes and that many inputs."""
        return self._outputs if isinstance(self._outputs, int) else self._outputs(self.complete(attributes), inputs)

    def completes(self, rule: Rule) -> Rule:
        """Attach ``rule(shapes, attributes)``, which fills in the shapes of inputs that follow from others.

        It gets the shapes of all inputs (None: unknown; -1: a size not known) and attributes with their defaults,
        and leaves a shape that it does not like: complaints are the body's.
        """
        self._completion = rule
        return rule

    def completes_from_results(self, rule: Callable[..., list[Known]]) -> Callable[..., list[Known]]:
        """Attach ``rule(shapes, results, attributes)``, which does so from the shapes of the results."""
        self._back = rule
        return rule

    def onnx(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Attach ``rule(graph, *inputs, **attributes)``, which writes a call with ONNX's operators.

        It speaks to a builder (`mxnet.onnx._builder.Graph`), gets those attributes that it names as keyword-only
        parameters, and returns the builder's value of each result. ONNX describes inference: nothing trains.
        """
        self.onnx_rule = rule
        return rule

    def complete_shapes(
        self, shapes: Sequence[Known], attributes: dict[str, Any], results: Sequence[Known] = ()
    ) -> list[Known]:
        """The shapes of the inputs with what follows from each other, and from the results' if these are given.

        >>> from mxnet.operators import find
        >>> find("FullyConnected").complete_shapes([(2, 4), None, (-1,)], {"num_hidden": 3})
        [(2, 4), (3, 4), (3,)]
        """
        complete = self.complete(attributes)
        found = list(shapes) if self.variadic else [*shapes, *[None] * (len(self.inputs) - len(shapes))]
        if self._back is not None and any(shape is not None for shape in results):
            found = self._back(found, list(results), complete)
        if self._completion is not None:
            found = self._completion(found, complete)
        return found[: len(shapes)]

    def input_names(self, given: int) -> tuple[str, ...]:
        """Names of the inputs of a call with that many; ``arg0``, ``arg1``, ... if it takes any number."""
        return numbered(given) if self.variadic else self.inputs

    def expected_inputs(self, attributes: dict[str, Any], given: int = 0) -> tuple[str, ...]:
        """Names of the inputs that a call with canonical attributes takes, auxiliary states included.

        Those of an operator that takes any number are ``arg0``, ``arg1``, ...: as many as the attributes say, and
        at least as many as are `given`.

        >>> from mxnet.operators import find
        >>> find("Convolution").expected_inputs({"kernel": (3, 3), "num_filter": 4, "no_bias": True})
        ('data', 'weight')
        >>> find("Concat").expected_inputs({}, given=2)
        ('arg0', 'arg1')
        """
        attributes = self.complete(attributes)
        if self._names is not None:
            return self._names(attributes, given)
        if self.variadic:
            return numbered(given)
        return tuple([name for name in self.inputs if name not in self._when or self._when[name](attributes)])

    def canonical(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """The given attributes in the form the body takes: names checked, values typed, required ones there.

        Strings are read as MXNet's own graph files spell them (``kernel="(3, 3)"``). The result is shared
        between calls and must not be changed.

        Raises
        ------
        TypeError
            For an attribute this operator does not have, or one that is required and missing.
        MXNetError
            For a value that does not fit its type.
        """
        try:
            key = tuple([(name, value.__class__, value) for name, value in attributes.items()])
            found = self._canonical.get(key)
        except TypeError:
            return self._check(attributes)
        if found is None:
            found = self._check(attributes)
            if len(self._canonical) >= _CACHE_LIMIT:
                self._canonical.clear()
            self._canonical[key] = found
        return found

    def _check(self, attributes: dict[str, Any]) -> dict[str, Any]:
        unknown = [name for name in attributes if name not in self.attributes]
        if unknown:
            raise TypeError(
                f"{self.name}() has no attribute {', '.join(map(repr, unknown))}; "
                f"it takes {', '.join(self.attributes) or 'none'}"
            )
        checked = {}
        for name, attribute in self.attributes.items():
            if name in attributes:
                checked[name] = attribute.coerce(attributes[name], f"{self.name}: attribute {name!r}")
            elif attribute.required:
                raise TypeError(f"{self.name}() needs attribute {name!r} ({attribute.describe()})")
        return checked

    def __call__(self, *tensors: torch.Tensor | None, **attributes: Any) -> Any:
        """Run the body on torch tensors with attributes as a user spells them."""
        return self.body(*tensors, **self.canonical(attributes))

    def names(self) -> Iterator[str]:
        yield self.name
        yield from self.aliases

    def __reduce__(self) -> tuple[Any, ...]:
        return find, (self.name,)  # a copy of an operator, in this process or another, is the operator

    def __repr__(self) -> str:
        attributes = ", ".join(self.attributes)
        return f"<Operator {self.name}({', '.join(self.inputs)}; {attributes})>"


def operator(
    name: str,
    *aliases: str,
    mutates: tuple[str, ...] = (),
    views: bool = False,
    outputs: Outputs = 1,
    when: Mapping[str, Condition] | None = None,
    names: Names | None = None,
    dynamic: bool = False,
) -> Callable[[Callable[..., Any]], Operator]:
    """Enter a function over torch tensors into the catalogue under `name` and `aliases`.

    The attributes that the functions below are given are complete with their defaults.

    Parameters
    ----------
    mutates, views, dynamic : optional
        As `Operator` has them.
    outputs : int or callable, optional
        The number of results the body returns, or ``outputs(attributes, inputs)`` that tells it from the attributes
        and the number of inputs.
    when : mapping of str to callable, optional
        For each optional input ``condition(attributes)``: whether a call with these attributes has it.
    names : callable, optional
        ``names(attributes, given)`` tells the names of the inputs of an operator that takes any number.

    Raises
    ------
    ValueError
        If a name is taken already.
    """

    def enter(body: Callable[..., Any]) -> Operator:
        body = refusing_meta(name, body) if dynamic else body
        made = Operator(body, name, aliases, mutates, views, outputs, when, names, dynamic)
        _enter(made, made.names())
        return made

    return enter


def _enter(op: Operator, names: Iterable[str]) -> None:
    for name in names:
        if name in CATALOGUE:
            raise ValueError(f"operator name {name!r} is taken by {CATALOGUE[name]!r}")
        CATALOGUE[name] = op


def add_names(name: str, *aliases: str) -> None:
    """Enter the operator `name` under further names.

    Raises
    ------
    ValueError
        If one of them is taken already.
    """
    op = find(name)
    _enter(op, aliases)
    op.aliases += aliases


def numbered(count: int) -> tuple[str, ...]:
    """Names for that many inputs of an operator that takes any number."""
    return tuple([f"arg{number}" for number in range(count)])


def find(name: str) -> Operator:
    """The operator of that name.

    Raises
    ------
    KeyError
        If the catalogue holds none.
    """
    return CATALOGUE[name]
