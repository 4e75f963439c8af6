"""Files, and arrays from and to other libraries."""

from __future__ import annotations

import os
from typing import Any

from mxnet import formats
from mxnet.ndarray._array import Array
from mxnet.ndarray._exchange import wrap_dlpack, wrap_numpy
from mxnet.ndarray._files import load_arrays, tensors_of
from mxnet.numpy.multiarray import ndarray
from mxnet.numpy.multiarray import ndarray as _ndarray  # `from_numpy` has an argument of that name

__all__ = ["from_dlpack", "from_numpy", "load", "save", "savez", "to_dlpack_for_read", "to_dlpack_for_write"]


def save(file: str | os.PathLike, arr: ndarray) -> None:
    """Write one array as .npy; the name is taken as it is.

    One that ends in ``.safetensors`` or ``.npz`` makes it a file of that format, with the array as ``arr_0``.

    Raises
    ------
    ValueError
        If `arr` is not an array; several go into one file with `savez`.
    """
    if not isinstance(arr, Array):
        raise ValueError(f"data needs to be an MXNet ndarray, not {type(arr).__name__}; use savez for several")
    formats.save(file, tensors_of(arr, "save"), lambda path, tensors: formats.save_npy(path, *tensors))


def savez(file: str | os.PathLike, *args: ndarray, **kwds: ndarray) -> None:
    """Write arrays as .npz, or as safetensors if the name ends so; those without a name are ``arr_0``, ``arr_1``, ...

    Raises
    ------
    ValueError
        If something is not an array, or a name is used twice.
    """
    named = {f"arr_{number}": value for number, value in enumerate(args)}
    twice = [name for name in kwds if name in named]
    if twice:
        raise ValueError(f"savez: cannot use the name {twice[0]!r} for a keyword and an array without a name")
    named.update(kwds)
    if not all(isinstance(value, Array) for value in named.values()):
        wrong = next(type(value).__name__ for value in named.values() if not isinstance(value, Array))
        raise ValueError(f"data needs to be MXNet ndarrays, not {wrong}")
    formats.save(file, tensors_of(named, "savez"), formats.save_npz)


def load(file: str | os.PathLike) -> Any:
    """Read the arrays of a .npy, a .npz, MXNet's binary list or safetensors, told apart by their first bytes.

    Returns
    -------
    An array for .npy and for a list of one, a dict for a file with names, else a list.

    Raises
    ------
    MXNetError
        With file, offset and cause, if it cannot be read.
    """
    loaded = load_arrays(file, ndarray)
    return loaded[0] if isinstance(loaded, list) and len(loaded) == 1 else loaded


def from_numpy(ndarray: Any, zero_copy: bool = True) -> Any:
    """An array over a NumPy array's memory, or a copy of it.

    Parameters
    ----------
    ndarray : numpy.ndarray
        C-contiguous for ``zero_copy=True``; made read-only then, so that nobody writes behind the array's back.
    zero_copy : bool, default True

    Raises
    ------
    ValueError
        If `zero_copy` is asked for and the memory is not C-contiguous.
    TypeError
        If it is no NumPy array.
    """
    return wrap_numpy(ndarray, zero_copy, _ndarray)


def from_dlpack(dlpack: Any) -> ndarray:
    """An array over memory that another library shares by DLPack (a capsule, or an object with ``__dlpack__``)."""
    return wrap_dlpack(dlpack, ndarray)


def to_dlpack_for_read(data: ndarray) -> Any:
    """A DLPack capsule over the array's memory."""
    return data.to_dlpack_for_read()


def to_dlpack_for_write(data: ndarray) -> Any:
    """A DLPack capsule over the array's memory; writing to it writes to the array."""
    return data.to_dlpack_for_write()
