"""`mx.np`'s functions that make arrays."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as _np
import torch

from mxnet.device import Device
from mxnet.ndarray._array import Array, as_device
from mxnet.numpy._dispatch import apply, as_array, create, is_number
from mxnet.numpy._manipulation import broadcast_to
from mxnet.numpy.multiarray import array, from_torch, ndarray
from mxnet.operators import creation as _ops

__all__ = [
    "arange",
    "asarray",
    "blackman",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "hamming",
    "hanning",
    "identity",
    "indices",
    "linspace",
    "logspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tri",
    "zeros",
    "zeros_like",
]


def _check_order(order: str) -> None:
    if order != "C":
        raise NotImplementedError(f"only order 'C' is supported, not {order!r}")


def zeros(
    shape: int | Sequence[int],
    dtype: Any = None,
    order: str = "C",
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """An array of zeros.

    Parameters
    ----------
    shape : int or tuple of int
    dtype : optional
        Default float32.
    order : {'C'}
    device : Device, optional
        Default the current device; `ctx` is its old name.

    Raises
    ------
    MXNetError
        If a dimension is negative.
    NotImplementedError
        For another `order`.

    Examples
    --------
    >>> mx.np.zeros((2, 2), dtype='int32')
    array([[0, 0],
           [0, 0]], dtype=int32)
    """
    _check_order(order)
    return create(_ops.zeros, device or ctx, shape=shape, dtype=dtype)


def ones(
    shape: int | Sequence[int],
    dtype: Any = None,
    order: str = "C",
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """An array of ones; parameters as for `zeros`."""
    _check_order(order)
    return create(_ops.ones, device or ctx, shape=shape, dtype=dtype)


def empty(
    shape: int | Sequence[int],
    dtype: Any = None,
    order: str = "C",
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """An array whose values are not set; parameters as for `zeros`."""
    _check_order(order)
    return create(_ops.zeros, device or ctx, shape=shape, dtype=dtype)


def full(
    shape: int | Sequence[int],
    fill_value: Any,
    dtype: Any = None,
    order: str = "C",
    device: Device | None = None,
    out: Any = None,
    ctx: Device | None = None,
) -> ndarray:
    """An array filled with a value.

    Parameters
    ----------
    shape : int or tuple of int
    fill_value : number or array_like
        An array is broadcast to `shape`.
    dtype : optional
        Default: int64, bool or float32 as the number is, or the type of the array.
    order, device, ctx
        As for `zeros`.
    out : ndarray, optional
        Where the result is written.
    """
    _check_order(order)
    device = device or ctx
    if is_number(fill_value):
        if dtype is None:
            dtype = {"b": "bool", "i": "int64"}.get(_np.asarray(fill_value).dtype.kind)
        return create(_ops.full, device, out, shape=shape, value=fill_value, dtype=dtype)
    values = as_array(fill_value).as_np_ndarray()
    if dtype is not None:
        values = values.astype(dtype, copy=False)
    made = broadcast_to(values if device is None else values.as_in_ctx(as_device(device)), shape)
    if out is None:
        return made
    out[...] = made
    return out


def full_like(
    a: Any,
    fill_value: float,
    dtype: Any = None,
    order: str = "C",
    device: Device | None = None,
    out: Any = None,
    ctx: Device | None = None,
) -> ndarray:
    """An array filled with a value, of the shape of another.

    Parameters
    ----------
    a : array_like
    fill_value : number
    dtype : optional
        Default that of `a`.
    order, device, ctx
        As for `zeros`; the default device is that of `a`.
    out : ndarray, optional
        Where the result is written.
    """
    _check_order(order)
    made = apply(_ops.full_like, (a,), out, fill_value=fill_value, dtype=dtype)
    device = device or ctx
    return made if device is None else made.as_in_ctx(device)


def zeros_like(
    a: Any,
    dtype: Any = None,
    order: str = "C",
    device: Device | None = None,
    out: Any = None,
    ctx: Device | None = None,
) -> ndarray:
    """An array of zeros with the shape of another; parameters as for `full_like`."""
    return full_like(a, 0, dtype, order, device, out, ctx)


def ones_like(
    a: Any,
    dtype: Any = None,
    order: str = "C",
    device: Device | None = None,
    out: Any = None,
    ctx: Device | None = None,
) -> ndarray:
    """An array of ones with the shape of another; parameters as for `full_like`."""
    return full_like(a, 1, dtype, order, device, out, ctx)


def empty_like(
    prototype: Any,
    dtype: Any = None,
    device: Device | None = None,
    order: str = "C",
    subok: bool = False,
    shape: int | Sequence[int] | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """An array like another whose values are not set; parameters as for `full_like`.

    Raises
    ------
    NotImplementedError
        If `subok` is asked for.
    """
    if subok:
        raise NotImplementedError("empty_like has no subclasses to keep: subok must be False")
    if shape is None:
        return full_like(prototype, 0, dtype, order, device, ctx=ctx)
    like = as_array(prototype)
    return empty(shape, like.dtype if dtype is None else dtype, order, device or ctx or like.device)


def asarray(
    obj: Any,
    dtype: Any = None,
    device: Device | None = None,
    copy: bool | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """The argument as an array, itself if it is one already.

    Parameters
    ----------
    obj : array_like
    dtype : optional
        Default: that of an MXNet array or torch tensor, float32 for everything else.
    device : Device, optional
        Default: that of an MXNet array, else the current device; `ctx` is its old name.
    copy : bool, optional
        True always copies, False never.

    Raises
    ------
    ValueError
        If `copy` is False and a copy is needed.
    """
    device = device or ctx
    if isinstance(obj, ndarray) and not copy:
        same = dtype is None or obj.dtype == _np.dtype(dtype) if obj.dtype != "bfloat16" else dtype is None
        if same and (device is None or device == obj.device):
            return obj
    if copy is False:
        raise ValueError("a copy cannot be avoided: the argument is no array of that type on that device")
    if isinstance(obj, ndarray) and not copy and device in (None, obj.device):
        return obj.astype(dtype)
    return array(obj, dtype, device)


def copy(a: Any, out: Any = None) -> ndarray:
    """A copy of an array.

    Parameters
    ----------
    a : array_like
    out : ndarray, optional
        Where it is written.
    """
    return apply(_ops.copy, (a,), out)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: Any = None,
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Evenly spaced values from `start` to below `stop`; with one argument from zero to below it.

    Parameters
    ----------
    start, stop, step : number
    dtype : optional
        Default float32.
    device : Device, optional
        Default the current device; `ctx` is its old name.

    Examples
    --------
    >>> mx.np.arange(3)
    array([0., 1., 2.])
    """
    if stop is None:
        start, stop = 0, start
    return create(_ops.arange, device or ctx, start=start, stop=stop, step=step, dtype=dtype)


def linspace(
    start: float,
    stop: float,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    device: Device | None = None,
    ctx: Device | None = None,
) -> Any:
    """`num` evenly spaced values from `start` to `stop`.

    Parameters
    ----------
    start, stop : number
    num : int, default 50
    endpoint : bool, default True
        Whether `stop` is the last value.
    retstep : bool, default False
        Whether to return the distance of the values too.
    dtype : optional
        Default float32.
    axis : {0}
    device : Device, optional
        Default the current device; `ctx` is its old name.

    Raises
    ------
    NotImplementedError
        If `start` or `stop` is no number, or `axis` not 0.
    MXNetError
        If `num` is negative.
    """
    if not (is_number(start) and is_number(stop)) or axis != 0:
        raise NotImplementedError("linspace takes numbers for start and stop, and axis 0 only")
    made = create(_ops.linspace, device or ctx, start=start, stop=stop, num=num, endpoint=endpoint, dtype=dtype)
    if not retstep:
        return made
    intervals = num - 1 if endpoint else num
    return made, (stop - start) / intervals if intervals > 0 else _np.nan


def logspace(
    start: float,
    stop: float,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10.0,
    dtype: Any = None,
    axis: int = 0,
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Powers of `base` with exponents evenly spaced from `start` to `stop`; other parameters as for `linspace`."""
    if not (is_number(start) and is_number(stop)) or axis != 0:
        raise NotImplementedError("logspace takes numbers for start and stop, and axis 0 only")
    return create(
        _ops.logspace,
        device or ctx,
        start=start,
        stop=stop,
        num=num,
        endpoint=endpoint,
        base=base,
        dtype=dtype,
    )


def eye(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: Any = None,
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """A matrix with ones on a diagonal and zeros elsewhere.

    Parameters
    ----------
    N, M : int
        Rows and columns; as many columns as rows by default.
    k : int, default 0
        Number of the diagonal; positive ones lie above the main one.
    dtype : optional
        Default float32.
    device : Device, optional
        Default the current device; `ctx` is its old name.
    """
    return create(_ops.eye, device or ctx, N=N, M=M, k=k, dtype=dtype)


def identity(n: int, dtype: Any = None, device: Device | None = None, ctx: Device | None = None) -> ndarray:
    """The `n` x `n` matrix with ones on its diagonal, float32 by default."""
    return create(_ops.identity, device or ctx, shape=(n, n), dtype=dtype)


def tri(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: Any = None,
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """A matrix with ones at and below a diagonal; parameters as for `eye`."""
    return create(_ops.tri, device or ctx, N=N, M=M, k=k, dtype=dtype)


def indices(
    dimensions: Sequence[int], dtype: Any = None, device: Device | None = None, ctx: Device | None = None
) -> ndarray:
    """The coordinates of every position of a grid, int64 by default: entry ``i`` holds those along axis ``i``."""
    return create(_ops.indices, device or ctx, dimensions=dimensions, dtype=dtype)


def hanning(M: int, dtype: Any = None, device: Device | None = None, ctx: Device | None = None) -> ndarray:
    """The Hanning window of `M` points, float32 by default."""
    return create(_ops.hanning, device or ctx, M=M, dtype=dtype)


def hamming(M: int, dtype: Any = None, device: Device | None = None, ctx: Device | None = None) -> ndarray:
    """The Hamming window of `M` points, float32 by default."""
    return create(_ops.hamming, device or ctx, M=M, dtype=dtype)


def blackman(M: int, dtype: Any = None, device: Device | None = None, ctx: Device | None = None) -> ndarray:
    """The Blackman window of `M` points, float32 by default."""
    return create(_ops.blackman, device or ctx, M=M, dtype=dtype)


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> list[Any]:
    """Coordinate matrices of a grid, from the coordinates along each of its axes.

    Parameters
    ----------
    *xi : array_like
        Vectors.
    copy, sparse : bool
        Only the defaults are supported.
    indexing : {'xy', 'ij'}
        Whether the first vector runs along the columns or along the rows.

    Raises
    ------
    NotImplementedError
        For ``sparse=True`` or ``copy=False``.
    ValueError
        For another `indexing`.
    """
    if sparse or not copy:
        raise NotImplementedError("meshgrid makes dense copies only: sparse=False, copy=True")
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing must be 'xy' or 'ij', not {indexing!r}")
    from mxnet.numpy import broadcast_arrays

    vectors = [as_array(vector) for vector in xi]
    order = list(builtins.range(len(vectors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = 1, 0
    shaped = []
    for number, vector in enumerate(vectors):
        shape = [1] * len(vectors)
        shape[order[number]] = -1
        shaped.append(vector.reshape(shape))
    return list(broadcast_arrays(*shaped))


def from_dlpack(x: Any) -> ndarray:
    """An array over the memory of a tensor of another library, without a copy.

    Parameters
    ----------
    x : object
        Something with ``__dlpack__``, or a DLPack capsule.
    """
    if isinstance(x, Array):
        return x.as_np_ndarray().detach()
    return from_torch(torch.from_dlpack(x))
