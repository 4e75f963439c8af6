"""Arrays as sets: distinct elements, unions, membership."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from mxnet._modes import modes
from mxnet.numpy._dispatch import apply, as_array
from mxnet.numpy._elementwise import equal, logical_not
from mxnet.numpy._joining import concatenate
from mxnet.numpy._manipulation import expand_dims, ravel
from mxnet.numpy._reduction import any
from mxnet.operators import editing

__all__ = [
    "in1d",
    "intersect1d",
    "isin",
    "setdiff1d",
    "setxor1d",
    "union1d",
    "unique",
    "unique_all",
    "unique_inverse",
    "unique_values",
]


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Any
    inverse_indices: Any


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Any:
    """The distinct elements of an array in ascending order.

    Parameters
    ----------
    ar : array_like
    return_index, return_inverse, return_counts : bool, default False
        Whether to return too where each occurs first, which of them each element is, how often each occurs.
    axis : int, optional
        Compare the slices along this axis instead of elements.

    Returns
    -------
    ndarray or tuple of ndarray
    """
    result = apply(
        editing.unique,
        (ar,),
        return_index=return_index,
        return_inverse=return_inverse,
        return_counts=return_counts,
        axis=axis,
    )
    return tuple(result) if isinstance(result, list) else result


def unique_all(x: Any) -> UniqueAll:
    """The distinct elements, where each occurs first, which of them each element is, and how often each occurs."""
    return UniqueAll(*unique(x, True, True, True))


def unique_inverse(x: Any) -> UniqueInverse:
    """The distinct elements, and which of them each element is."""
    return UniqueInverse(*unique(x, False, True))


def unique_values(x: Any) -> Any:
    """The distinct elements in ascending order."""
    return unique(x)


def _pair(ar1: Any, ar2: Any) -> tuple[Any, Any]:
    """Both arrays flattened and in their common type, on the device of the first."""
    one = ravel(as_array(ar1))
    other = ravel(as_array(ar2, like=one)).as_in_ctx(one.device)
    common = torch.promote_types(one._data.dtype, other._data.dtype)
    return one.astype(common, copy=False), other.astype(common, copy=False)


def union1d(ar1: Any, ar2: Any) -> Any:
    """The distinct elements of two arrays together, in ascending order."""
    return unique(concatenate(_pair(ar1, ar2)))


def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """The distinct elements that two arrays have in common, in ascending order.

    With `return_indices` also where each occurs first in either array.
    """
    one, other = _pair(ar1, ar2)
    values, first = unique(one, return_index=True)
    common = isin(values, other)
    if not return_indices:
        return values[common]
    other_values, other_first = unique(other, return_index=True)
    return values[common], first[common], other_first[isin(other_values, one)]


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The elements of the first array that are not in the second: distinct and ascending unless `assume_unique`."""
    one, other = _pair(ar1, ar2)
    values = one if assume_unique else unique(one)
    return values[isin(values, other, invert=True)]


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The distinct elements that are in one of two arrays but not in both, in ascending order."""
    values, counts = unique(concatenate([unique(array) for array in _pair(ar1, ar2)]), return_counts=True)
    return values[counts == 1]


def isin(element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element of an array is among `test_elements`, or with `invert` is not."""
    first = as_array(element)
    one, other = _pair(first, test_elements)
    if modes.tracer is not None:
        found = any(equal(expand_dims(first, -1), other), axis=-1)
        return logical_not(found) if invert else found
    return first._like(torch.isin(one._data.detach(), other._data.detach(), invert=invert).reshape(first.shape))


def in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """`isin` of the flattened array."""
    return isin(ravel(ar1), ar2, assume_unique, invert)
