"""Joining, splitting, repeating and padding arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as _np

from mxnet.ndarray._array import Array
from mxnet.numpy._dispatch import apply, as_array, is_number
from mxnet.numpy._manipulation import swapaxes
from mxnet.operators import joining
from mxnet.operators.catalogue import Operator

__all__ = [
    "append",
    "array_split",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "column_stack",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "pad",
    "repeat",
    "row_stack",
    "split",
    "stack",
    "tile",
    "vsplit",
    "vstack",
]

Sections = int | Sequence[int]


def concatenate(seq: Sequence[Any], axis: int | None = 0, out: Any = None) -> Any:
    """Join arrays along an axis they have.

    Parameters
    ----------
    seq : sequence of array_like
        Of one shape but for `axis`; their types are promoted.
    axis : int or None, default 0
        With None the arrays are flattened first.
    out : ndarray, optional
        Where the result is written.

    Raises
    ------
    MXNetError
        If the shapes do not fit, or there is no array.

    Examples
    --------
    >>> mx.np.concatenate([mx.np.zeros((2, 1)), mx.np.ones((2, 2))], axis=1)
    array([[0., 1., 1.],
           [0., 1., 1.]])
    """
    return apply(joining.concat, list(seq), out, dim=axis)


def concat(seq: Sequence[Any], axis: int | None = 0, out: Any = None) -> Any:
    """`concatenate` by the array API standard's name."""
    return concatenate(seq, axis, out)


def stack(arrays: Sequence[Any], axis: int = 0, out: Any = None) -> Any:
    """Join arrays of one shape along a new axis."""
    return apply(joining.stack, list(arrays), out, axis=axis)


def vstack(arrays: Sequence[Any], out: Any = None) -> Any:
    """Join arrays along the first axis; vectors count as rows."""
    return apply(joining.vstack, list(arrays), out)


def row_stack(arrays: Sequence[Any]) -> Any:
    """Join arrays along the first axis; vectors count as rows."""
    return vstack(arrays)


def hstack(arrays: Sequence[Any]) -> Any:
    """Join arrays along the second axis, vectors along their only one."""
    return apply(joining.hstack, list(arrays))


def dstack(arrays: Sequence[Any]) -> Any:
    """Join arrays along the third axis; vectors and matrices are given one."""
    return apply(joining.dstack, list(arrays))


def column_stack(tup: Sequence[Any]) -> Any:
    """Join arrays along the second axis; vectors count as columns."""
    return apply(joining.column_stack, list(tup))


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """A copy of an array with values joined to its end; without an axis both are flattened."""
    return concatenate((arr, values), axis)


def split(ary: Any, indices_or_sections: Sections, axis: int = 0) -> list[Any]:
    """Cut an array along an axis.

    Parameters
    ----------
    ary : array_like
    indices_or_sections : int or sequence of int
        The number of equal parts, or before which positions to cut.
    axis : int, default 0

    Returns
    -------
    list of ndarray

    Raises
    ------
    ValueError
        If the axis does not divide into that many equal parts.
    MXNetError
        If positions do not ascend within the axis.
    """
    ary = as_array(ary)
    _check_division(ary, indices_or_sections, axis)
    return array_split(ary, indices_or_sections, axis)


def _check_division(ary: Any, where: Sections, axis: int) -> None:
    size = ary.shape[axis] if -ary.ndim <= axis < ary.ndim else 0
    if is_number(where) and (where < 1 or size % where):
        raise ValueError(
            f"array split does not result in an equal division: axis {axis} of size {size} into {where} parts"
        )


def array_split(ary: Any, indices_or_sections: Sections, axis: int = 0) -> list[Any]:
    """Cut an array along an axis; if parts cannot be equal, the first ones are longer by one."""
    return _cut(joining.split_v2, ary, indices_or_sections, axis)


def _cut(op: Operator, ary: Any, where: Sections, axis: int) -> list[Any]:
    if is_number(where):
        if where < 1:
            raise ValueError(f"number of sections must be larger than 0, not {where}")
        return apply(op, (ary,), indices=(), axis=axis, sections=where)
    return apply(op, (ary,), indices=(0, *where), axis=axis)


def _at_least(ary: Any, dimensions: int, name: str) -> Any:
    ary = as_array(ary)
    if ary.ndim < dimensions:
        raise ValueError(f"{name} only works on arrays of {dimensions} or more dimensions, not {ary.ndim}")
    return ary


def hsplit(ary: Any, indices_or_sections: Sections) -> list[Any]:
    """Cut an array along the second axis, a vector along its only one; arguments as for `split`."""
    ary = _at_least(ary, 1, "hsplit")
    _check_division(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)
    return _cut(joining.hsplit, ary, indices_or_sections, 0)  # the operator finds the axis by itself


def vsplit(ary: Any, indices_or_sections: Sections) -> list[Any]:
    """Cut an array along the first axis; arguments as for `split`."""
    return split(_at_least(ary, 2, "vsplit"), indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Sections) -> list[Any]:
    """Cut an array along the third axis; arguments as for `split`."""
    return split(_at_least(ary, 3, "dsplit"), indices_or_sections, 2)


def tile(A: Any, reps: int | Sequence[int]) -> Any:
    """An array repeated as a whole, `reps` times along each axis."""
    if is_number(A):
        return _np.tile(A, reps)
    return apply(joining.tile, (A,), reps=reps)


def repeat(a: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """An array with each element, or slice along an axis, repeated.

    Parameters
    ----------
    a : array_like
    repeats : int or sequence of int
        One number for all, or one for each.
    axis : int, optional
        Default: `a` is flattened.
    """
    if is_number(repeats):
        return apply(joining.repeat, (a,), repeats=repeats, axis=axis)
    if isinstance(repeats, (Array, _np.ndarray)):
        repeats = repeats.tolist()
    if axis in (None, 0):
        return apply(joining.repeats, (a,), repeats=tuple(repeats), axis=axis)
    # MXNet's operator repeats along the first axis only.
    rows = apply(joining.repeats, (swapaxes(a, 0, axis),), repeats=tuple(repeats), axis=0)
    return swapaxes(rows, 0, axis)


_PAD_OPTIONS = {
    "constant": ("constant_values",),
    "edge": (),
    "linear_ramp": ("end_values",),
    "maximum": ("stat_length",),
    "mean": ("stat_length",),
    "median": ("stat_length",),
    "minimum": ("stat_length",),
    "reflect": ("reflect_type",),
    "symmetric": ("reflect_type",),
    "empty": (),
    "wrap": (),
}
_PAD_MODES = ("constant", "edge", "reflect", "symmetric", "maximum", "minimum")


def pad(x: Any, pad_width: Any = None, mode: str = "constant", **kwargs: Any) -> Any:
    """An array with elements put before and after its own.

    Parameters
    ----------
    x : array_like
    pad_width : int, pair of int, or one pair for each axis
        How many elements go before and after.
    mode : {'constant', 'edge', 'reflect', 'symmetric', 'maximum', 'minimum'}
        Where the new elements come from.
    constant_values : number, default 0
        The value of new elements, with mode 'constant'.

    Raises
    ------
    TypeError
        If `pad_width` is missing or `constant_values` is no number.
    ValueError
        For a mode or keyword that is not supported; KeyError for a mode that NumPy does not know.
    """
    x = as_array(x)
    if mode not in _PAD_OPTIONS:
        raise KeyError(mode)
    unknown = [name for name in kwargs if name not in _PAD_OPTIONS[mode]]
    if unknown:
        raise ValueError(f"{unknown[0]} keyword not in allowed keywords {list(_PAD_OPTIONS[mode])}")
    if mode not in _PAD_MODES:
        raise ValueError(f"mode {mode!r} is not supported: it must be one of {', '.join(_PAD_MODES)}")
    if kwargs.get("stat_length") is not None:
        raise ValueError(f"unsupported stat_length {kwargs['stat_length']!r}")
    if kwargs.get("reflect_type", "even") != "even":
        raise ValueError(f"unsupported reflect_type {kwargs['reflect_type']!r}")
    value = kwargs.get("constant_values", 0)
    if not is_number(value):
        raise TypeError(f"unsupported constant_values type: {type(value).__name__}; give one number")
    pairs: Any = _pairs(pad_width, x.ndim)
    if x.ndim == 1:
        pairs = [(width,) for width in pairs[0]]  # the operator's form of a vector's pair
    return apply(joining.np_pad, (x,), pad_width=pairs, mode=mode, constant_values=float(value))


def _pairs(width: Any, axes: int) -> tuple[tuple[int, int], ...]:
    """One pair for each axis."""
    given = _np.asarray(width)
    if given.dtype.kind not in "iu":
        raise TypeError("`pad_width` must be of integral type.")
    if given.ndim == 2 and len(given) not in (1, axes):
        return tuple(map(tuple, given.tolist()))
    return tuple(map(tuple, _np.broadcast_to(given, (axes, 2)).tolist()))


def _at_least_face(op: Operator, arys: tuple[Any, ...]) -> Any:
    arrays = apply(op, [as_array(value) for value in arys])
    return arrays[0] if len(arys) == 1 else arrays


def atleast_1d(*arys: Any) -> Any:
    """The arrays with at least one dimension; of several a list."""
    return _at_least_face(joining.atleast_1d, arys)


def atleast_2d(*arys: Any) -> Any:
    """The arrays with at least two dimensions, vectors as rows; of several a list."""
    return _at_least_face(joining.atleast_2d, arys)


def atleast_3d(*arys: Any) -> Any:
    """The arrays with at least three dimensions; of several a list."""
    return _at_least_face(joining.atleast_3d, arys)
