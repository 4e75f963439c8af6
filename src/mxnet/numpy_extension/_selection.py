"""Functions of `mx.npx` that weigh or pick elements along an axis."""

from __future__ import annotations

from typing import Any

from mxnet.numpy_extension._invoke import invoke_op
from mxnet.operators.neural import selection as _selection
from mxnet.operators.neural import softmax as _softmax

__all__ = [
    "arange_like",
    "log_softmax",
    "masked_log_softmax",
    "masked_softmax",
    "one_hot",
    "pick",
    "softmax",
    "topk",
]


def softmax(
    data: Any,
    length: Any = None,
    axis: int = -1,
    temperature: float | None = None,
    use_length: bool = False,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """Exponentials along an axis, divided by their sum.

    Parameters
    ----------
    data : ndarray
    length : ndarray, optional
        With `use_length`: how many elements along `axis` count, of the shape of `data` without that axis; the
        others become zero.
    axis : int, default -1
    temperature : float, optional
        Divides the data first.
    use_length : bool, default False
    dtype : optional
        Type of the result.
    out : ndarray, optional
        Where to write the result.

    Raises
    ------
    MXNetError
        If `data` is of an integer type, or shapes do not fit.
    """
    attributes = {"axis": axis, "temperature": temperature, "use_length": use_length, "dtype": dtype}
    return invoke_op(_softmax.softmax, (data, length if use_length else None), attributes, out)


def log_softmax(
    data: Any,
    axis: int = -1,
    length: Any = None,
    temperature: float | None = None,
    use_length: bool = False,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """Logarithm of `softmax`, with the same arguments."""
    attributes = {"axis": axis, "temperature": temperature, "use_length": use_length, "dtype": dtype}
    return invoke_op(_softmax.log_softmax, (data, length if use_length else None), attributes, out)


def masked_softmax(
    data: Any, mask: Any, axis: int = -1, temperature: float = 1.0, normalize: bool = True, dtype: Any = None
) -> Any:
    """`softmax` over the elements where the boolean array `mask`, which broadcasts, is true; zero elsewhere."""
    attributes = {"axis": axis, "temperature": temperature, "normalize": normalize}
    return invoke_op(_softmax.masked_softmax, (data, mask), attributes)


def masked_log_softmax(
    data: Any, mask: Any, axis: int = -1, temperature: float = 1.0, normalize: bool = True, dtype: Any = None
) -> Any:
    """Logarithm of `masked_softmax`: minus infinity where `mask` is false."""
    attributes = {"axis": axis, "temperature": temperature, "normalize": normalize}
    return invoke_op(_softmax.masked_log_softmax, (data, mask), attributes)


def pick(
    data: Any, index: Any, axis: int | None = -1, mode: str = "clip", keepdims: bool = False, out: Any = None
) -> Any:
    """From each row along `axis` the element that `index` counts.

    Parameters
    ----------
    data : ndarray
    index : ndarray
        Of the shape of `data` without `axis`, of any type.
    axis : int, default -1
        None takes the data as flat.
    mode : {'clip', 'wrap'}
        What happens to counts out of range.
    keepdims : bool, default False
    out : ndarray, optional
        Where to write the result.

    Raises
    ------
    MXNetError
        If the shapes do not fit.
    """
    return invoke_op(_selection.pick, (data, index), {"axis": axis, "mode": mode, "keepdims": keepdims}, out)


def one_hot(
    data: Any, depth: int | None = None, on_value: float = 1.0, off_value: float = 0.0, dtype: Any = "float32"
) -> Any:
    """`on_value` at the places that `data` counts in a new last dimension, `off_value` elsewhere.

    Parameters
    ----------
    data : ndarray
        Numbers from 0 to ``depth - 1``; others give a row of `off_value`.
    depth : int
        Size of the new dimension.
    on_value, off_value : float
    dtype : default float32
        Type of the result.

    Raises
    ------
    TypeError
        If `depth` is missing.
    """
    if depth is None:
        raise TypeError("one_hot() needs depth, the size of the new dimension")
    attributes = {"depth": depth, "on_value": on_value, "off_value": off_value, "dtype": dtype}
    return invoke_op(_selection.one_hot, (data,), attributes)


def topk(
    data: Any,
    axis: int | None = -1,
    k: int = 1,
    ret_typ: str = "indices",
    is_ascend: bool = False,
    dtype: Any = "float32",
) -> Any:
    """The `k` largest elements along an axis.

    Parameters
    ----------
    data : ndarray
    axis : int, default -1
        None takes the data as flat.
    k : int, default 1
        0 takes all.
    ret_typ : {'indices', 'value', 'both', 'mask'}
        Places, values, a list of values and places, or ones over the data where they are.
    is_ascend : bool, default False
        Take the smallest instead.
    dtype : default float32
        Type of the places.

    Raises
    ------
    MXNetError
        If `k` is larger than the axis.
    """
    attributes = {"axis": axis, "k": k, "ret_typ": ret_typ, "is_ascend": is_ascend, "dtype": dtype}
    return invoke_op(_selection.topk, (data,), attributes)


def arange_like(
    data: Any, start: float = 0.0, step: float = 1.0, repeat: int = 1, ctx: Any = None, axis: int | None = None
) -> Any:
    """Evenly spaced numbers in the shape and type of `data`, or as many as its `axis` has.

    Parameters
    ----------
    data : ndarray
    start, step : float
    repeat : int, default 1
        How often each number comes.
    ctx : Device, optional
        Accepted as in MXNet: the result is on the device of `data`.
    axis : int, optional
    """
    attributes = {"start": start, "step": step, "repeat": repeat, "axis": axis}
    return invoke_op(_selection.arange_like, (data,), attributes)
