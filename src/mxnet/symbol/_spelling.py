"""Attribute values as text, in the two spellings of MXNet's files.

Its Python writes ``str(value)``: ``(3, 3)``, ``True``, ``1.0``. Its engine writes ``[3,3]``, ``1``, ``1``. Either reads
both, and so does `Attribute.coerce`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from mxnet import _dtype
from mxnet.operators.attributes import Axes, Scalar
from mxnet.operators.catalogue import Operator

__all__ = ["engine_text", "number_text", "python_text", "spell_all", "spell_given"]


def python_text(value: Any) -> str:
    """A canonical value as MXNet's Python spells it.

    >>> python_text((3, 3)), python_text(True), python_text(1e-5)
    ('(3, 3)', 'True', '1e-05')
    """
    return _dtype.name_of(value) if isinstance(value, torch.dtype) else str(value)


def engine_text(value: Any) -> str:
    """A canonical value as MXNet's engine spells it.

    >>> engine_text((3, 3)), engine_text(True), engine_text(1e10), engine_text(None)
    ('[3,3]', '1', '1e+10', 'None')
    """
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, tuple):
        return f"[{','.join(map(engine_text, value))}]"
    return python_text(value)


def number_text(value: float, digits: int = 6) -> str:
    """A number as C++ prints it with that many digits; with more where those would lose some.

    >>> number_text(0.1), number_text(0.1, 17), number_text(1 / 3)
    ('0.1', '0.10000000000000001', '0.3333333333333333')
    """
    text = f"{value:.{digits}g}"
    return text if float(text) == value or value != value else repr(value)


def spell_given(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The canonical attributes that are given, as MXNet's Python spells them."""
    return {name: python_text(value) for name, value in attributes.items()}


def spell_all(op: Operator, attributes: dict[str, Any]) -> dict[str, str]:
    """All attributes of an operator, defaults included, as MXNet's engine spells them.

    The default of `ctx` is left out: it stands for the device of whoever loads the file.
    """
    return {
        name: _stored(op, name, value)
        for name, value in op.complete(attributes).items()
        if name != "ctx" or value != op.attributes[name].default
    }


def _stored(op: Operator, name: str, value: Any) -> str:
    kind = op.attributes[name].kind
    if kind is Scalar and isinstance(value, float) and "is_int" in op.attributes:
        return number_text(value, 17)
    if kind is Axes and isinstance(value, int):
        value = (value,)
    return engine_text(value)
