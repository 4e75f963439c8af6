"""Batchify functions: how a list of samples becomes a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from mxnet import _dtype
from mxnet.ndarray._array import Array, read, wrap
from mxnet.numpy.multiarray import ndarray

__all__ = ["Append", "AsList", "Group", "Pad", "Stack"]


class Stack:
    """Samples of one shape as one array with a new first dimension; the parts of tuples each for themselves.

    The array has the type that NumPy gives the samples (Python's integers become int64, its floats float64).

    Parameters
    ----------
    use_shared_mem : bool, default False
        Put the batch into memory that processes share.

    Raises
    ------
    ValueError
        If the shapes differ, or tuples differ in length.
    TypeError
        If the samples are no numbers or arrays.

    Examples
    --------
    >>> mx.gluon.data.batchify.Stack()([(0.5, 1), (1.5, 2)])
    [array([0.5, 1.5], dtype=float64), array([1, 2], dtype=int64)]
    """

    def __init__(self, use_shared_mem: bool = False) -> None:
        self._shared = use_shared_mem

    def __call__(self, data: Sequence[Any]) -> Any:
        return stack(data, self._shared, (tuple, list))


class Pad:
    """Samples of different shapes as one array: each padded at its ends to the largest size of every dimension.

    Parameters
    ----------
    val : float, optional
        What they are padded with; default 0.
    dtype : optional
        Type of the batch; default that of the first sample.
    round_to : int, optional
        Make every dimension but the first of the batch a multiple of this.
    use_shared_mem : bool, default False
        Put the batch into memory that processes share.

    Raises
    ------
    NotImplementedError
        If the samples are tuples or single numbers; `Group` pads parts of tuples.
    ValueError
        If they differ in their number of dimensions, or `round_to` is not positive.

    Examples
    --------
    >>> mx.gluon.data.batchify.Pad(val=-1)([[1, 2, 3], [4]])
    array([[ 1,  2,  3],
           [ 4, -1, -1]], dtype=int64)
    """

    def __init__(
        self,
        val: float | None = None,
        dtype: Any = None,
        round_to: int | None = None,
        use_shared_mem: bool = False,
    ) -> None:
        if round_to is not None and round_to <= 0:
            raise ValueError(f"round_to must be positive, but got {round_to}")
        self._value = 0 if val is None else val
        self._dtype = None if dtype is None else _dtype.to_torch(dtype)
        self._round_to = round_to or 1
        self._shared = use_shared_mem

    def __call__(self, data: Sequence[Any]) -> ndarray:
        if not isinstance(data[0], (Array, np.ndarray, list)):
            raise NotImplementedError(
                "Pad() takes arrays or lists of numbers; for samples that are tuples use Group(Pad(), Pad(), ...), "
                f"for single numbers Stack(). The first sample is of type {type(data[0]).__name__}"
            )
        samples = [read(sample) if isinstance(sample, Array) else _tensor(sample) for sample in data]
        if len({sample.dim() for sample in samples}) > 1:
            raise ValueError(
                f"Pad() takes samples with one number of dimensions, not {[list(sample.shape) for sample in samples]}"
            )
        sizes = [max(lengths) for lengths in zip(*[sample.shape for sample in samples], strict=True)]
        shape = [math.ceil(size / self._round_to) * self._round_to for size in sizes]
        dtype = self._dtype or samples[0].dtype
        value = self._value if dtype.is_floating_point else int(self._value)
        batch = torch.full((len(samples), *shape), value, dtype=dtype, device=samples[0].device)
        for row, sample in zip(batch, samples, strict=True):
            row[tuple([slice(size) for size in sample.shape])] = sample
        return _finish(batch, self._shared)


class Append:
    """Samples of any shapes as a list of arrays, each a batch of one.

    Parameters
    ----------
    expand : bool, default True
        Give each array a dimension of length 1 for the batch.
    batch_axis : int, default 0
        Where that dimension is.
    use_shared_mem : bool, default False
        Put the arrays into memory that processes share.

    Examples
    --------
    >>> [x.shape for x in mx.gluon.data.batchify.Append()([[1, 2, 3], [4]])]
    [(1, 3), (1, 1)]
    """

    def __init__(self, expand: bool = True, batch_axis: int = 0, use_shared_mem: bool = False) -> None:
        self._expand = expand
        self._batch_axis = batch_axis
        self._shared = use_shared_mem

    def __call__(self, data: Sequence[Any]) -> list[ndarray]:
        samples = [read(sample) if isinstance(sample, Array) else _tensor(sample) for sample in data]
        if self._expand:
            samples = [sample.unsqueeze(self._batch_axis) for sample in samples]
        return [_finish(sample.clone(), self._shared) for sample in samples]


class Group:
    """The parts of samples that are tuples, each batchified by a function of its own.

    Parameters
    ----------
    fn : callable or sequence of callable
        The functions, in one sequence or one by one.

    Raises
    ------
    AssertionError
        If something given is not callable, or a sample does not have one part for each function.

    Examples
    --------
    >>> from mxnet.gluon.data import batchify
    >>> batchify.Group(batchify.Pad(), batchify.Stack())([([1, 2], 0), ([3], 1)])
    (array([[1, 2],
           [3, 0]], dtype=int64), array([0, 1], dtype=int64))
    """

    def __init__(self, fn: Any, *args: Callable[[Sequence[Any]], Any]) -> None:
        if isinstance(fn, (list, tuple)) and args:
            raise AssertionError(
                "Input pattern not understood. The input of Group can be Group(A, B, C) or Group([A, B, C]) "
                f"or Group((A, B, C)). Received fn={fn}, args={args}"
            )
        self._fn = tuple(fn) if isinstance(fn, (list, tuple)) else (fn, *args)
        for number, function in enumerate(self._fn):
            if not callable(function):
                raise AssertionError(f"Batchify functions must be callable! type(fn[{number}]) = {type(function)}")

    def __call__(self, data: Sequence[Any]) -> tuple[Any, ...]:
        for sample in data:
            if len(sample) != len(self._fn):
                raise AssertionError(
                    f"The number of attributes in each data sample should contain {len(self._fn)} elements, "
                    f"but one has {len(sample)}"
                )
        return tuple([function([sample[number] for sample in data]) for number, function in enumerate(self._fn)])


class AsList:
    """The samples as a list, as they are; for texts, names and other things that are no arrays."""

    def __call__(self, data: Sequence[Any]) -> list[Any]:
        return list(data)


def stack(samples: Sequence[Any], shared: bool, containers: Any) -> Any:
    """Samples stacked; those of a type in `containers` part by part, as a list."""
    first = samples[0]
    if isinstance(first, containers):
        return [stack(parts, shared, containers) for parts in zip(*samples, strict=True)]
    if not isinstance(first, Array):
        return _finish(_tensor(samples), shared)
    tensors = [read(sample) for sample in samples]
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(shapes) > 1:
        raise ValueError(_RAGGED.format(", ".join(map(str, sorted(shapes)))))
    return wrap(ndarray, _stacked(tensors, shared and tensors[0].device.type == "cpu"))


def _stacked(tensors: list[torch.Tensor], shared: bool) -> torch.Tensor:
    """The stack of tensors, written straight to where other processes read it if it is to be shared.

    Images whose channels lie last in memory, as transforms leave them, are copied as they lie, and so the batch lies.
    """
    if all(tensor.dim() == 3 and not tensor.is_contiguous() for tensor in tensors):
        last = [tensor.movedim(0, -1) for tensor in tensors]
        if all(tensor.is_contiguous() for tensor in last):
            return _stacked(last, shared).movedim(-1, 1)
    if not shared:
        return torch.stack(tensors)
    first = tensors[0].detach()
    storage = first._typed_storage()._new_shared(len(tensors) * first.numel(), device=first.device)
    return torch.stack(tensors, out=first.new(storage).resize_(len(tensors), *first.shape))


def _tensor(values: Any) -> torch.Tensor:
    try:
        array = np.array(values)
    except ValueError as error:
        shapes = sorted({str(np.shape(value)) for value in values})
        raise ValueError(_RAGGED.format(", ".join(shapes))) from error
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"values of type {type(values[0]).__name__} do not make an array: "
            "turn them into numbers, or use batchify.AsList"
        )
    return torch.from_numpy(array)


def _finish(tensor: torch.Tensor, shared: bool) -> ndarray:
    if shared and tensor.device.type == "cpu":
        tensor = tensor.detach().share_memory_()
    return wrap(ndarray, tensor)


_RAGGED = "samples of different shapes ({}) do not make one array: resize them, or use batchify.Pad or batchify.AsList"
