"""Functions of `mx.sym` that are more than one operator's call."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from mxnet.symbol._arithmetic import binary
from mxnet.symbol._register import call
from mxnet.symbol.symbol import Symbol

__all__ = [
    "arange",
    "eye",
    "full",
    "histogram",
    "hypot",
    "linspace",
    "maximum",
    "minimum",
    "ones",
    "pow",
    "power",
    "split_v2",
    "zeros",
]


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, numbers.Number) for value in values)


def pow(base: Any, exp: Any) -> Any:
    """`base` to the power of `exp`, each a symbol or a number."""
    if _are_numbers(base, exp):
        return base**exp
    return binary("pow", "_Power", "_PowerScalar", base, exp, "_RPowerScalar")


def power(base: Any, exp: Any) -> Any:
    """`pow` by its other name."""
    return pow(base, exp)


def maximum(left: Any, right: Any) -> Any:
    """The greater of two, each a symbol or a number, element by element."""
    if _are_numbers(left, right):
        return max(left, right)
    return binary("maximum", "_Maximum", "_MaximumScalar", left, right)


def minimum(left: Any, right: Any) -> Any:
    """The smaller of two, each a symbol or a number, element by element."""
    if _are_numbers(left, right):
        return min(left, right)
    return binary("minimum", "_Minimum", "_MinimumScalar", left, right)


def hypot(left: Any, right: Any) -> Any:
    """The hypotenuse over two legs, each a symbol or a number, element by element."""
    if _are_numbers(left, right):
        return np.hypot(left, right)
    return binary("hypot", "_Hypot", "_HypotScalar", left, right)


def zeros(shape: Any, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Zeros of a shape and type, by default float32."""
    return call("_zeros", shape=shape, dtype=dtype or "float32", **kwargs)


def ones(shape: Any, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Ones of a shape and type, by default float32."""
    return call("_ones", shape=shape, dtype=dtype or "float32", **kwargs)


def full(shape: Any, val: float, dtype: Any = None, **kwargs: Any) -> Symbol:
    """One number everywhere."""
    return call("_full", shape=shape, dtype=dtype or "float32", value=float(val), **kwargs)


def eye(N: int, M: int = 0, k: int = 0, dtype: Any = None, **kwargs: Any) -> Symbol:
    """A matrix of `N` rows and `M` (0: `N`) columns with ones on its `k`-th diagonal."""
    return call("_eye", N=N, M=M, k=k, dtype=dtype or "float32", **kwargs)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    name: str | None = None,
    dtype: Any = None,
) -> Symbol:
    """Numbers from `start` up to `stop`, or from 0 up to `start` if it stands alone, each `repeat` times."""
    return call(
        "_arange",
        start=start,
        stop=stop,
        step=step,
        repeat=repeat,
        infer_range=infer_range,
        name=name,
        dtype=dtype or "float32",
    )


def linspace(
    start: float, stop: float, num: int, endpoint: bool = True, name: str | None = None, dtype: Any = None
) -> Symbol:
    """`num` evenly spaced numbers from `start` to `stop`, which is the last one if `endpoint`."""
    return call(
        "_linspace",
        start=start,
        stop=stop,
        num=num,
        endpoint=endpoint,
        name=name,
        dtype=dtype or "float32",
    )


def histogram(a: Symbol, bins: Any = 10, range: tuple[float, float] | None = None, **kwargs: Any) -> Symbol:
    """How many values lie in each of the `bins`, and where these begin and end.

    Raises
    ------
    ValueError
        If `bins` is neither a symbol nor an integer, or is one and there is no `range`.
    """
    if isinstance(bins, Symbol):
        return call("_histogram", a, bins, **kwargs)
    if not isinstance(bins, int):
        raise ValueError(f"bins must be a Symbol or an integer, not {type(bins).__name__}")
    if range is None:
        raise ValueError("a symbol's values are not known: give the range of the bins")
    return call("_histogram", a, bin_cnt=bins, range=range, **kwargs)


def split_v2(ary: Symbol, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False) -> Symbol:
    """Parts of `ary` along an axis: so many equal ones, or those between indices.

    Raises
    ------
    ValueError
        If `indices_or_sections` is neither an integer nor a tuple of integers.
    """
    if isinstance(indices_or_sections, int):
        indices, sections = [], indices_or_sections
    elif isinstance(indices_or_sections, tuple):
        indices, sections = [0, *indices_or_sections], 0
    else:
        raise ValueError(f"indices_or_sections must be an integer or a tuple, not {indices_or_sections!r}")
    return call("_split_v2", ary, indices=indices, axis=axis, squeeze_axis=squeeze_axis, sections=sections)
