"""Functions that NumPy computes: the arrays are copied to the CPU and the results back to their device.

They have no gradient. Numbers in the results stay NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as _np

from mxnet.ndarray._array import Array
from mxnet.numpy._dispatch import as_array
from mxnet.numpy._protocols import compute_with_numpy

_NAMES = (
    "apply_along_axis apply_over_axes argpartition corrcoef correlate count_nonzero cov digitize divmod float_power "
    "frexp genfromtxt heaviside histogram2d histogram_bin_edges histogramdd i0 lexsort min_scalar_type modf nanargmax "
    "nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum "
    "nanvar packbits partition piecewise poly polyadd polydiv polyfit polyint polymul polysub ptp real roots "
    "searchsorted set_printoptions signbit spacing trim_zeros unpackbits unwrap vander"
).split()

__all__ = [*_NAMES, "may_share_memory", "ndim", "shape", "shares_memory", "size", "trapz"]


def _fallback(name: str, official: Callable[..., Any]) -> Callable[..., Any]:
    def function(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None and not isinstance(out, Array):
            raise TypeError(f"{name}: out must be an array, not {type(out).__name__}")
        result = compute_with_numpy(official, args, kwargs)
        if out is None:
            return result
        out[...] = result
        return out

    function.__name__ = function.__qualname__ = name
    function.__module__ = "mxnet.numpy"
    function.__doc__ = (
        f"`numpy.{official.__name__}`, with its parameters, computed by NumPy.\n\n"
        "    Arrays among the arguments are copied to the CPU; arrays in the result are `mx.np.ndarray` on the\n"
        "    device of the first one given. There is no gradient.\n    "
    )
    return function


globals().update({name: _fallback(name, getattr(_np, name)) for name in _NAMES})
trapz = _fallback("trapz", _np.trapezoid)


def ndim(a: Any) -> int:
    """Number of dimensions of an array-like."""
    return a.ndim if isinstance(a, Array) else _np.ndim(a)


def shape(a: Any) -> tuple[int, ...]:
    """Shape of an array-like."""
    return a.shape if isinstance(a, Array) else _np.shape(a)


def size(a: Any, axis: int | None = None) -> int:
    """Number of elements of an array-like, or its length along an axis."""
    if axis is not None:
        return shape(a)[axis]
    return a.size if isinstance(a, Array) else int(_np.size(a))


def shares_memory(a: Any, b: Any, max_work: int | None = None) -> bool:
    """Whether two arrays stand on the same block of memory.

    Parameters
    ----------
    a, b : array_like
    max_work : optional
        Ignored: parts of one block count as shared even if no element of theirs is.
    """
    if not (isinstance(a, Array) and isinstance(b, Array)):
        return False
    first, second = (as_array(value)._data.untyped_storage() for value in (a, b))
    return first.nbytes() > 0 and first.data_ptr() == second.data_ptr()


may_share_memory = shares_memory
