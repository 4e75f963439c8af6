"""What the layers share: one operator with fixed attributes, and small argument helpers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxnet.gluon.block import HybridBlock
from mxnet.gluon.parameter import Parameter
from mxnet.ndarray._array import Array, run
from mxnet.operators import find

__all__ = ["LAYOUTS", "OperatorLayer", "Size", "affine", "check_layout", "tuple_of"]

Size = int | Sequence[int]
LAYOUTS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


class OperatorLayer(HybridBlock):
    """A layer that calls one operator with attributes fixed when it is made."""

    def _set_operator(self, name: str, **attributes: Any) -> None:
        # Checked and typed once, here; a call then costs little more than torch's.
        self._operator = find(name)
        self._attributes = self._operator.canonical(attributes)

    def _run(self, *inputs: Array | None) -> Any:
        return run(self._operator, inputs, self._attributes)

    def forward(self, x: Array) -> Any:
        return run(self._operator, (x,), self._attributes)


def check_layout(layout: str, rank: int, what: str) -> None:
    """Raise `AssertionError` unless the channels of `rank` dimensions come second or last."""
    if layout not in LAYOUTS[rank]:
        first, last = LAYOUTS[rank]
        raise AssertionError(f"Only {first} and {last} layouts are valid for {what}, not {layout!r}")


def tuple_of(value: int | Sequence[int], rank: int, name: str) -> tuple[int, ...]:
    """`value` as a tuple of `rank` integers.

    Raises
    ------
    AssertionError
        If it is a sequence of another length.
    """
    if isinstance(value, (tuple, list)):
        if len(value) != rank:
            raise AssertionError(f"{name} must be a number or a list of {rank} ints, not {value!r}")
        return tuple(int(item) for item in value)
    return (int(value),) * rank


def affine(name: str, size: int, init: Any, trained: bool) -> Parameter:
    """The scale or shift of a normalization layer, with `size` 0 for one that the data will tell."""
    return Parameter(
        name,
        grad_req="write" if trained else "null",
        shape=(size,),
        init=init,
        allow_deferred_init=True,
        differentiable=trained,
    )
