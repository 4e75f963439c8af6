"""Operators and methods of the 1.x array: arithmetic without promotion, and the functions that are methods too."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, invoke, run
from mxnet.ndarray._register import function_of
from mxnet.operators.catalogue import find
from mxnet.operators.legacy import arithmetic as ops
from mxnet.operators.legacy._factories import Family

__all__ = ["LEGACY_METHODS", "Operations", "apply"]


def apply(family: Family, lhs: Any, rhs: Any, out: Any = None) -> Any:
    """Run an operator of two operands, arrays of one type or numbers.

    Raises
    ------
    TypeError
        If an operand is neither, or both are numbers.
    """
    if isinstance(lhs, Array):
        if isinstance(rhs, Array):
            return run(family.broadcast, (lhs, rhs), {}, out)
        return run(family.scalar, (lhs,), _number(rhs), out)
    if not isinstance(rhs, Array):
        raise TypeError(f"at least one operand must be an array, not {type(lhs).__name__} and {type(rhs).__name__}")
    return run(family.reverse, (rhs,), _number(lhs), out)


def _number(value: Any) -> dict[str, Any]:
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, numbers.Real):
        raise TypeError(f"type {type(value)} not supported: the operand must be an NDArray or a number")
    return {"scalar": value, "is_int": isinstance(value, int)}


def _operator(family: Family) -> Callable[[Any, Any], Any]:
    return lambda self, other: apply(family, self, other)


def _reflected(family: Family) -> Callable[[Any, Any], Any]:
    return lambda self, other: apply(family, other, self)


def _in_place(family: Family) -> Callable[[Any, Any], Any]:
    return lambda self, other: apply(family, self, other, out=self)


class Operations(Array):
    """What `mx.nd.NDArray` can be asked for besides its properties; NumPy's face overrides most of it."""

    __slots__ = ()

    __add__ = _operator(ops.add)
    __radd__ = _reflected(ops.add)
    __iadd__ = _in_place(ops.add)
    __sub__ = _operator(ops.subtract)
    __rsub__ = _reflected(ops.subtract)
    __isub__ = _in_place(ops.subtract)
    __mul__ = _operator(ops.multiply)
    __rmul__ = _reflected(ops.multiply)
    __imul__ = _in_place(ops.multiply)
    __truediv__ = _operator(ops.divide)
    __rtruediv__ = _reflected(ops.divide)
    __itruediv__ = _in_place(ops.divide)
    __mod__ = _operator(ops.modulo)
    __rmod__ = _reflected(ops.modulo)
    __imod__ = _in_place(ops.modulo)
    __pow__ = _operator(ops.power)
    __rpow__ = _reflected(ops.power)
    __eq__ = _operator(ops.equal)
    __ne__ = _operator(ops.not_equal)
    __gt__ = _operator(ops.greater)
    __ge__ = _operator(ops.greater_equal)
    __lt__ = _operator(ops.lesser)
    __le__ = _operator(ops.lesser_equal)
    __hash__ = Array.__hash__

    def __neg__(self) -> Any:
        return run(find("negative"), (self,), {})

    def __abs__(self) -> Any:
        return run(find("abs"), (self,), {})

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        """A copy with another shape.

        Parameters
        ----------
        *shape : int, or one tuple
            Sizes, and MXNet 1.x's codes: 0 copies a dimension, -1 is worked out, -2 to -4 copy, join and split.
        **kwargs
            `shape` by name; ``reverse=True`` reads the codes from the right.

        Raises
        ------
        ValueError
            If no shape is given.
        MXNetError
            If the shape does not fit.
        """
        if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
            (shape,) = shape
        shape = shape or kwargs.pop("shape", ())
        if not shape:
            raise ValueError("reshape needs a shape")
        return invoke(find("Reshape"), (self,), {"shape": tuple(shape), **kwargs})

    def transpose(self, *axes: Any, **kwargs: Any) -> Any:
        """A copy with the dimensions in another order, by default the reverse one."""
        if len(axes) == 1 and isinstance(axes[0], (tuple, list)):
            (axes,) = axes
        return invoke(find("transpose"), (self,), {"axes": tuple(axes or kwargs.pop("axes", ())), **kwargs})

    def broadcast_to(self, shape: Any) -> Any:
        """A copy in which dimensions of one are repeated until it has the given shape.

        Raises
        ------
        MXNetError
            If it cannot have that shape.
        """
        shape = tuple(shape)
        if len(shape) != self._data.dim():
            if len(shape) < self._data.dim():
                raise MXNetError(f"cannot broadcast an array of shape {tuple(self._data.shape)} to {shape}")
            own = (1,) * (len(shape) - self._data.dim()) + tuple(self._data.shape)
            return self.reshape(own).broadcast_to(shape)
        return invoke(find("broadcast_to"), (self,), {"shape": shape})

    def split_v2(self, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False) -> Any:
        """Parts of the array: `mx.nd.split_v2`."""
        from mxnet.ndarray import split_v2

        return split_v2(self, indices_or_sections, axis, squeeze_axis)


_SAME_NAME = (
    "abs arccos arccosh arcsin arcsinh arctan arctanh argmax argmax_channel argmin argsort broadcast_axes "
    "broadcast_like cbrt ceil clip cos cosh degrees depth_to_space diag exp expand_dims expm1 fix flatten flip floor "
    "log log10 log1p log2 log_sigmoid log_softmax max mean min mish nanprod nansum norm one_hot ones_like pad pick "
    "prod radians rcbrt reciprocal relu repeat reshape_like rint round rsqrt shape_array sigmoid sign sin sinh "
    "size_array slice slice_axis slice_like softmax softmin sort space_to_depth split sqrt square squeeze sum swapaxes "
    "take tan tanh tile topk trunc zeros_like"
).split()
_OPERATORS = {name: name for name in _SAME_NAME}
_OPERATORS |= {"slice_assign": "_slice_assign", "slice_assign_scalar": "_slice_assign_scalar"}
LEGACY_METHODS = (*_SAME_NAME, "split_v2")
"""Methods that `mx.np.ndarray` has only where it defines its own."""

for _name, _target in _OPERATORS.items():
    setattr(Operations, _name, function_of(find(_target), _name, "mxnet.ndarray"))
