"""Functions of `mx.nd` that MXNet wrote by hand: making, joining and combining arrays, files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from mxnet import _dtype, formats
from mxnet._modes import modes
from mxnet.device import Device
from mxnet.ndarray._array import Array, as_device, invoke, place, refuse_tracing, wrap
from mxnet.ndarray._exchange import wrap_dlpack, wrap_numpy
from mxnet.ndarray._files import load_arrays, tensors_of, wrap_loaded
from mxnet.ndarray._methods import apply
from mxnet.ndarray.ndarray import NDArray
from mxnet.operators.catalogue import find
from mxnet.operators.legacy import arithmetic
from mxnet.operators.legacy._factories import Family

__all__ = [
    "add",
    "arange",
    "array",
    "concatenate",
    "divide",
    "empty",
    "equal",
    "eye",
    "from_dlpack",
    "from_numpy",
    "full",
    "greater",
    "greater_equal",
    "histogram",
    "lesser",
    "lesser_equal",
    "linspace",
    "load",
    "load_frombuffer",
    "logical_and",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "modulo",
    "moveaxis",
    "multiply",
    "not_equal",
    "ones",
    "onehot_encode",
    "power",
    "save",
    "split_v2",
    "subtract",
    "to_dlpack_for_read",
    "to_dlpack_for_write",
    "true_divide",
    "zeros",
]


def array(source_array: Any, ctx: Device | None = None, dtype: Any = None, device: Device | None = None) -> NDArray:
    """An array with a copy of the given values.

    Parameters
    ----------
    source_array : array_like
        Numbers, nested sequences, NumPy arrays, torch tensors or arrays.
    ctx, device : Device, optional
        Default: the current device.
    dtype : optional
        Default: that of an MXNet array or torch tensor, float32 for everything else.

    Raises
    ------
    TypeError
        If the values are no numbers or the nesting is ragged.
    """
    from mxnet.numpy.multiarray import array as make

    if dtype is None and not isinstance(source_array, (Array, torch.Tensor)):
        dtype = np.float32
    return make(source_array, dtype=dtype, device=device or ctx).as_nd_ndarray()


def _made(op: str, device: Device | None, **attributes: Any) -> NDArray:
    """What an operator without inputs makes on a device, by default the current one."""
    device = as_device(device)
    return invoke(find(op), (), {**attributes, "ctx": str(device)}, cls=NDArray, device=device)


def zeros(shape: Any, ctx: Device | None = None, dtype: Any = None, device: Device | None = None) -> NDArray:
    """An array of zeros, float32 by default."""
    return _made("_zeros", device or ctx, shape=shape, dtype=dtype or np.float32)


def ones(shape: Any, ctx: Device | None = None, dtype: Any = None, device: Device | None = None) -> NDArray:
    """An array of ones, float32 by default."""
    return _made("_ones", device or ctx, shape=shape, dtype=dtype or np.float32)


def empty(shape: Any, ctx: Device | None = None, dtype: Any = None, device: Device | None = None) -> NDArray:
    """An array whose values are still to be written, float32 by default."""
    if modes.tracer is not None:
        return zeros(shape, ctx, dtype, device)
    where, tag = place(device or ctx)
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    kind = torch.float32 if dtype is None else _dtype.to_torch(dtype)
    return wrap(NDArray, torch.empty(shape, dtype=kind, device=where), tag)


def full(
    shape: Any,
    val: float,
    ctx: Device | None = None,
    dtype: Any = np.float32,
    out: NDArray | None = None,
    device: Device | None = None,
) -> NDArray:
    """An array of one value, float32 by default; with `out` that array, filled."""
    if out is not None:
        out[:] = val
        return out
    return _made("_full", device or ctx, shape=shape, value=val, dtype=dtype or np.float32)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool | None = None,
    ctx: Device | None = None,
    dtype: Any = np.float32,
    device: Device | None = None,
) -> NDArray:
    """Evenly spaced numbers from `start` to below `stop`, or from zero to below `start`, each `repeat` times."""
    range_ = {"start": start, "stop": stop, "step": step, "repeat": repeat}
    return _made("_arange", device or ctx, **range_, dtype=dtype or np.float64)


def linspace(
    start: float,
    stop: float,
    num: int,
    endpoint: bool = True,
    ctx: Device | None = None,
    dtype: Any = np.float32,
    device: Device | None = None,
) -> NDArray:
    """`num` evenly spaced numbers from `start` to `stop`, which `endpoint` includes."""
    range_ = {"start": start, "stop": stop, "num": num, "endpoint": endpoint}
    return _made("_linspace", device or ctx, **range_, dtype=dtype or np.float32)


def eye(
    N: int, M: int = 0, k: int = 0, ctx: Device | None = None, dtype: Any = None, device: Device | None = None
) -> NDArray:
    """Ones on the `k`-th diagonal of an `N` by `M` matrix (0: square), zeros elsewhere."""
    return _made("_eye", device or ctx, N=N, M=M, k=k, dtype=dtype or np.float32)


def concatenate(arrays: Sequence[NDArray], axis: int = 0, always_copy: bool = True) -> NDArray:
    """Join arrays along a dimension; a single one is handed back as it is unless `always_copy`.

    Raises
    ------
    ValueError
        If there is nothing to join.
    """
    if not arrays:
        raise ValueError("concatenate needs at least one array")
    if len(arrays) == 1 and not always_copy:
        return arrays[0]
    return invoke(find("Concat"), tuple(arrays), {"dim": axis})


def moveaxis(tensor: NDArray, source: int | Sequence[int], destination: int | Sequence[int]) -> NDArray:
    """Move dimensions to other places; the others keep their order.

    Raises
    ------
    ValueError
        If there are not as many destinations as sources, or a dimension is not there.
    """
    try:
        # Sizes 0, 1, 2... tell where each dimension goes.
        order = torch.movedim(torch.empty(tuple(range(tensor.ndim)), device="meta"), source, destination).shape
    except (RuntimeError, IndexError, TypeError) as error:
        raise ValueError(f"moveaxis: source {source}, destination {destination}: {error}") from error
    return invoke(find("transpose"), (tensor,), {"axes": tuple(order)})


def split_v2(ary: NDArray, indices_or_sections: int | Sequence[int], axis: int = 0, squeeze_axis: bool = False) -> Any:
    """Parts of an array: so many equal ones, or those between the given positions.

    Raises
    ------
    ValueError
        If `indices_or_sections` is neither an integer nor a tuple.
    MXNetError
        If the axis cannot be cut into equal parts.
    """
    attributes: dict[str, Any] = {"axis": axis, "squeeze_axis": squeeze_axis, "indices": ()}
    if isinstance(indices_or_sections, (int, np.integer)):
        attributes["sections"] = int(indices_or_sections)
    elif isinstance(indices_or_sections, (tuple, list)):
        attributes["indices"] = (0, *indices_or_sections)
    else:
        raise ValueError(f"indices_or_sections must be an int or a tuple of int, not {indices_or_sections!r}")
    return invoke(find("_split_v2"), (ary,), attributes)


def histogram(a: NDArray, bins: Any = 10, range: tuple[float, float] | None = None) -> tuple[NDArray, NDArray]:
    """How many elements fall between the edges of `bins`, and the edges."""
    refuse_tracing("mx.nd.histogram is computed by NumPy")
    edges = bins.asnumpy() if isinstance(bins, Array) else bins
    counts, edges = np.histogram(a.asnumpy(), bins=edges, range=range)
    return array(counts, a.device, np.float32), array(edges, a.device, a.dtype)


def onehot_encode(indices: NDArray, out: NDArray) -> NDArray:
    """Write ones to `out` at the places that `indices` counts, zeros elsewhere; `mx.nd.one_hot` is newer."""
    return invoke(find("one_hot"), (indices,), {"depth": out.shape[1]}, out)


def save(fname: str | os.PathLike, data: Any) -> None:
    """Write an array, a list or a dict of arrays to a file that MXNet 2.0 reads.

    A name that ends in ``.safetensors`` or ``.npz`` makes it a file of that format.

    Raises
    ------
    TypeError
        If `data` holds `mx.np.ndarray`s, which `mx.npx.savez` saves.
    ValueError
        If it holds something else.
    """
    values = data.values() if isinstance(data, dict) else [data] if isinstance(data, Array) else data
    if any(isinstance(value, Array) and type(value) is not NDArray for value in values):
        raise TypeError("cannot save mxnet.numpy.ndarray using mxnet.ndarray.save; use mxnet.npx.savez instead")
    formats.save(fname, tensors_of(data, "save"), partial(formats.save_list, layout="v3"))


def load(fname: str | os.PathLike) -> Any:
    """Read the arrays of a file: a dict if it names them, else a list.

    Raises
    ------
    MXNetError
        With file, offset and cause, if it cannot be read.
    """
    loaded = load_arrays(fname, NDArray)
    return [loaded] if isinstance(loaded, Array) else loaded


def load_frombuffer(buf: bytes) -> Any:
    """As `load`, from bytes in memory.

    Raises
    ------
    TypeError
        If `buf` is not bytes.
    """
    if not isinstance(buf, (bytes, bytearray, memoryview)):
        raise TypeError(f"load_frombuffer takes bytes, not {type(buf).__name__}")
    loaded = wrap_loaded(formats.load_buffer(buf), NDArray)
    return [loaded] if isinstance(loaded, Array) else loaded


def from_numpy(ndarray: np.ndarray, zero_copy: bool = True) -> NDArray:
    """An array over a NumPy array's memory (made read-only then), or a copy of it: `mx.npx.from_numpy`."""
    return wrap_numpy(ndarray, zero_copy, NDArray)


def from_dlpack(dlpack: Any) -> NDArray:
    """An array over memory that another library shares by DLPack."""
    return wrap_dlpack(dlpack, NDArray)


def to_dlpack_for_read(data: NDArray) -> Any:
    """A DLPack capsule over the array's memory."""
    return data.to_dlpack_for_read()


def to_dlpack_for_write(data: NDArray) -> Any:
    """A DLPack capsule over the array's memory; writing to it writes to the array."""
    return data.to_dlpack_for_write()


def _function(name: str, family: Family) -> Callable[[Any, Any], Any]:
    def function(lhs: Any, rhs: Any) -> Any:
        return apply(family, lhs, rhs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{family.broadcast.body.__doc__}

    Parameters
    ----------
    lhs, rhs : NDArray or number
        At least one array; two of the same type, whose shapes broadcast.

    Raises
    ------
    MXNetError
        If types differ or shapes do not broadcast.
    """
    return function


add = _function("add", arithmetic.add)
subtract = _function("subtract", arithmetic.subtract)
multiply = _function("multiply", arithmetic.multiply)
divide = _function("divide", arithmetic.divide)
true_divide = _function("true_divide", arithmetic.divide)
modulo = _function("modulo", arithmetic.modulo)
power = _function("power", arithmetic.power)
maximum = _function("maximum", arithmetic.maximum)
minimum = _function("minimum", arithmetic.minimum)
equal = _function("equal", arithmetic.equal)
not_equal = _function("not_equal", arithmetic.not_equal)
greater = _function("greater", arithmetic.greater)
greater_equal = _function("greater_equal", arithmetic.greater_equal)
lesser = _function("lesser", arithmetic.lesser)
lesser_equal = _function("lesser_equal", arithmetic.lesser_equal)
logical_and = _function("logical_and", arithmetic.logical_and)
logical_or = _function("logical_or", arithmetic.logical_or)
logical_xor = _function("logical_xor", arithmetic.logical_xor)
