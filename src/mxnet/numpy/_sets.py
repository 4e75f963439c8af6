"""Arrays as sets: distinct elements, unions, membership."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from mxnet.numpy._dispatch import apply, as_array
from mxnet.numpy._manipulation import ravel
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


def _flat(value: Any) -> torch.Tensor:
    return as_array(value)._data.detach().reshape(-1)


def _pair(ar1: Any, ar2: Any) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """The first array, and both flattened in their common type on its device."""
    first = as_array(ar1)
    one, other = first._data.detach().reshape(-1), _flat(ar2).to(first._data.device)
    common = torch.promote_types(one.dtype, other.dtype)
    return first, one.to(common), other.to(common)


def union1d(ar1: Any, ar2: Any) -> Any:
    """The distinct elements of two arrays together, in ascending order."""
    first, one, other = _pair(ar1, ar2)
    return first._like(torch.unique(torch.cat([one, other])))


def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """The distinct elements that two arrays have in common, in ascending order.

    With `return_indices` also where each occurs first in either array.
    """
    first, one, other = _pair(ar1, ar2)
    values = torch.unique(one)
    common = values[torch.isin(values, other)]
    if not return_indices:
        return first._like(common)
    places = [first._like(_first_places(array, common)) for array in (one, other)]
    return first._like(common), *places


def _first_places(array: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Where each of `values`, all of which occur, occurs first in a vector."""
    ordered, order = torch.sort(array, stable=True)
    return order[torch.searchsorted(ordered, values)]


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The elements of the first array that are not in the second: distinct and ascending unless `assume_unique`."""
    first, one, other = _pair(ar1, ar2)
    values = one if assume_unique else torch.unique(one)
    return first._like(values[~torch.isin(values, other)])


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The distinct elements that are in one of two arrays but not in both, in ascending order."""
    first, one, other = _pair(ar1, ar2)
    values, counts = torch.unique(torch.cat([torch.unique(one), torch.unique(other)]), return_counts=True)
    return first._like(values[counts == 1])


def isin(element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element of an array is among `test_elements`, or with `invert` is not."""
    first, one, other = _pair(element, test_elements)
    return first._like(torch.isin(one, other, invert=invert).reshape(first.shape))


def in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """`isin` of the flattened array."""
    return isin(ravel(ar1), ar2, assume_unique, invert)
