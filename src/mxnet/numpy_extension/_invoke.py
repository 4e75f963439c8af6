"""From a function of `mx.npx` to the catalogue."""

from __future__ import annotations

from typing import Any

from mxnet.ndarray._array import Array, invoke
from mxnet.operators.catalogue import Operator

__all__ = ["invoke_op"]


def invoke_op(op: Operator, inputs: tuple[Any, ...], attributes: dict[str, Any], out: Any = None) -> Any:
    """Run an operator on arrays; attributes as the user spells them.

    Raises
    ------
    TypeError
        If an input is not an array.
    """
    for name, value in zip(op.inputs, inputs, strict=True):
        if not isinstance(value, Array) and (value is not None or name not in op.optional):
            raise TypeError(f"{op.name}: {name} must be an array, not {type(value).__name__}")
    return invoke(op, inputs, attributes, out)
