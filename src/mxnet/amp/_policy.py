"""What mixed precision does to an operator's call: its inputs are cast to the type it is to compute in."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch

from mxnet import _dtype
from mxnet._modes import modes
from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, read, refuse_tracing, run
from mxnet.operators.catalogue import CATALOGUE, Operator, find
from mxnet.operators.module import ModuleOperator
from mxnet.operators.precision import CONDITIONS, LOSS_OUTPUTS, Kind, kinds, meets

if TYPE_CHECKING:
    from mxnet.amp.loss_scaler import LossScaler

__all__ = ["Policy", "checked_dtype", "policy"]

_WIDE = torch.float32
_NARROW = (torch.float16, torch.bfloat16)
_CASTABLE = frozenset((_WIDE, *_NARROW))
_CAST = find("amp_cast")
_LOSS_OUTPUTS = frozenset(LOSS_OUTPUTS)
_KINDS = kinds()

Conditions = Iterable[tuple[str, str, Sequence[str]]]


class Policy:
    """Which type each operator computes in. Those of the same arguments are one object, which `policy` gives.

    Attributes
    ----------
    dtype : torch.dtype
        The type of 16 bits.
    """

    __slots__ = ("__weakref__", "_conditions", "_rules", "_scaler", "dtype")

    def __init__(
        self,
        dtype: torch.dtype,
        narrow: frozenset[str] | None,
        wide: frozenset[str] | None,
        conditions: frozenset[tuple[str, str, frozenset[str]]] | None,
    ) -> None:
        self.dtype = dtype
        self._rules = dict(_KINDS)
        for names, kind in ((wide, Kind.WIDE), (narrow, Kind.PRODUCT)):
            if names is not None:
                self._rules = {name: own for name, own in self._rules.items() if own is not kind}
        self._rules.update(dict.fromkeys(wide or (), Kind.WIDE))
        self._rules.update(dict.fromkeys(narrow or (), Kind.PRODUCT))
        self._conditions = CONDITIONS if conditions is None else _by_operator(conditions)
        self._scaler: Any = None  # a weak reference

    def wanted(self, op: Operator, attributes: dict[str, Any], types: set[torch.dtype]) -> torch.dtype | None:
        """The type that inputs of 16 and 32 bits are to have; None leaves them as they are.

        Parameters
        ----------
        op : Operator
        attributes : dict
            In canonical form.
        types : set of torch.dtype
            Those of the inputs.
        """
        kind = self._rules.get(op.name)
        if torch.float64 in types:
            return None
        if op.name in self._conditions:
            complete = op.complete(attributes)
            if any(complete[name] in values for name, values in self._conditions[op.name]):
                kind = Kind.WIDE
        if kind is Kind.PRODUCT:
            return self.dtype
        if kind is Kind.WIDE or isinstance(op, ModuleOperator):  # a torch module's parameters keep their types
            return _WIDE
        return _WIDE if meets(kind) and len(types & _CASTABLE) > 1 else None

    def prepare(
        self, op: Operator, inputs: Sequence[Any], canonical: dict[str, Any], out: Any = None
    ) -> tuple[Sequence[Any], dict[str, Any]]:
        """The inputs and attributes with which `ndarray._array.run` is to call an operator.

        With `out` the operator computes in the type that the result is to have.
        """
        types = {value._data.dtype for value in inputs if isinstance(value, Array)}
        wanted = self.wanted(op, canonical, types) if out is None or op.mutates else _type_of(out)
        if wanted is not None and types & _CASTABLE != {wanted}:
            kept = op.mutates and [name in op.mutates for name in op.input_names(len(inputs))]
            inputs = [value if kept and kept[place] else _in_type(value, wanted) for place, value in enumerate(inputs)]
        if op.name in _LOSS_OUTPUTS:
            canonical = self._scaled(op, canonical)
        return inputs, canonical

    def use(self, scaler: LossScaler) -> None:
        """Let operators that make their own gradient scale it, as long as somebody keeps the scaler; the first one."""
        if self._scaler is None or self._scaler() is None:
            self._scaler = weakref.ref(scaler)

    def _scaled(self, op: Operator, canonical: dict[str, Any]) -> dict[str, Any]:
        scaler = None if self._scaler is None else self._scaler()
        if scaler is None or scaler.loss_scale == 1:
            return canonical
        refuse_tracing(f"the gradient that {op.name} makes hangs on the loss scale, which changes while training")
        return canonical | {"grad_scale": op.complete(canonical)["grad_scale"] * scaler.loss_scale}

    def __repr__(self) -> str:
        return f"<Policy {_dtype.name_of(self.dtype)}>"


def policy(
    target_dtype: Any,
    narrow: Iterable[str] | None = None,
    wide: Iterable[str] | None = None,
    conditions: Conditions | None = None,
) -> Policy:
    """The policy for a type of 16 bits.

    Parameters
    ----------
    target_dtype : {'float16', 'bfloat16'}
        Or a NumPy or torch type.
    narrow, wide : iterable of str, optional
        Operators that compute in 16 bits, and in float32: in the place of those in the table.
    conditions : iterable of (str, str, sequence of str), optional
        Operator, attribute, and the values with which it computes in float32.

    Raises
    ------
    ValueError
        If the type is another, an operator or attribute is not known, or an operator is named for both types.
    """
    dtype = checked_dtype(target_dtype)
    narrow = None if narrow is None else _known("target_dtype_ops", narrow)
    wide = None if wide is None else _known("fp32_ops", wide)
    both = sorted((narrow or frozenset()) & (wide or frozenset()))
    if both:
        raise ValueError(f"operators compute in one type: {', '.join(both)} stands in target_dtype_ops and in fp32_ops")
    return _made(dtype, narrow, wide, None if conditions is None else _checked(conditions))


_made = lru_cache(maxsize=None)(Policy)


def checked_dtype(target_dtype: Any) -> torch.dtype:
    """The torch type that `target_dtype` names.

    Raises
    ------
    ValueError
        If it is no type of 16 bits that mixed precision knows.
    """
    try:
        dtype = _dtype.to_torch(target_dtype)
    except MXNetError:
        dtype = None
    if dtype not in _NARROW:
        raise ValueError(f"mixed precision takes target_dtype 'float16' or 'bfloat16', not {target_dtype!r}")
    return dtype


def _known(argument: str, names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        raise TypeError(f"{argument} must be a list of operators' names, not {names!r}")
    names = list(names)
    unknown = [name for name in names if name not in CATALOGUE]
    if unknown:
        raise ValueError(f"{argument}: no operator is named {', '.join(map(repr, unknown))}")
    return frozenset(CATALOGUE[name].name for name in names)


def _checked(conditions: Conditions) -> frozenset[tuple[str, str, frozenset[str]]]:
    found = set()
    for name, attribute, values in conditions:
        [own] = _known("conditional_fp32_ops", [name])
        if attribute not in find(own).attributes:
            raise ValueError(f"conditional_fp32_ops: {name} has no attribute {attribute!r}")
        spelled = [values] if isinstance(values, str) else values
        found.add((own, attribute, frozenset(find(own).attributes[attribute].coerce(each, name) for each in spelled)))
    return frozenset(found)


def _by_operator(conditions: Iterable[tuple[str, str, frozenset[str]]]) -> dict[str, list[tuple[str, frozenset[str]]]]:
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for name, attribute, values in conditions:
        found.setdefault(name, []).append((attribute, values))
    return found


def _type_of(out: Any) -> torch.dtype | None:
    first = out[0] if isinstance(out, (list, tuple)) and out else out
    dtype = first._data.dtype if isinstance(first, Array) else None
    return dtype if dtype in _CASTABLE else None


def _in_type(value: Any, dtype: torch.dtype) -> Any:
    """An array of 16 or 32 bits in another of these types; in a graph that is traced, cast once."""
    if not isinstance(value, Array) or value._data.dtype is dtype or value._data.dtype not in _CASTABLE:
        return value
    tracer = modes.tracer
    if tracer is None:
        return value._like(read(value).to(dtype))  # as ``amp_cast``, without the rest of an operator's call
    key = tracer.entry_of(value), dtype, modes.recording
    if key not in tracer.casts:
        tracer.casts[key] = run(_CAST, [value], {"dtype": dtype})
    return tracer.casts[key]
