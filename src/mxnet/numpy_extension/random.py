"""`mx.npx.random`: distributions beyond NumPy's."""

from __future__ import annotations

from typing import Any

from mxnet.device import Device
from mxnet.ndarray._array import invoke
from mxnet.numpy._dispatch import as_array, create, is_number
from mxnet.numpy.multiarray import ndarray
from mxnet.numpy.random import Size, Value, draw
from mxnet.operators import random as _random
from mxnet.operators import sampling as _sampling
from mxnet.random import seed

__all__ = ["bernoulli", "categorical", "multinomial", "normal_n", "seed", "uniform_n"]


def bernoulli(
    prob: Value | None = None,
    logit: Value | None = None,
    size: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """1 with a given probability, else 0.

    Parameters
    ----------
    prob, logit : float or array_like
        Exactly one of them: the probability, or what its sigmoid is.
    dtype : default float32
        bool, uint8, int32, float16, float32 or float64.

    Raises
    ------
    ValueError
        If both or neither are given, or a probability is not between 0 and 1.
    """
    if (prob is None) == (logit is None):
        raise ValueError(
            f"Either `prob` or `logit` must be specified, but not both. Received prob={prob}, logit={logit}"
        )
    attributes = {"size": size, "is_logit": logit is not None, "dtype": dtype or "float32"}
    value = prob if logit is None else logit
    if not is_number(value):
        return invoke(_sampling.bernoulli, [as_array(value)], {**attributes, "prob": None, "logit": None}, out)
    return create(_sampling.bernoulli, device or ctx, out, prob=prob, logit=logit, **attributes)


def normal_n(
    loc: Value = 0.0,
    scale: Value = 1.0,
    batch_shape: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Normal numbers: for each place of `batch_shape`, one of the shape that the parameters broadcast to.

    Raises
    ------
    ValueError
        If a scale is negative.

    Examples
    --------
    >>> mx.npx.random.normal_n(mx.np.zeros(3), 1.0, batch_shape=(5,)).shape
    (5, 3)
    """
    return draw(_random.normal_n, device or ctx, None, {"loc": loc, "scale": scale}, size=batch_shape, dtype=dtype)


def uniform_n(
    low: Value = 0.0,
    high: Value = 1.0,
    batch_shape: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Uniform numbers: for each place of `batch_shape`, one of the shape that the parameters broadcast to."""
    return draw(_random.uniform_n, device or ctx, None, {"low": low, "high": high}, size=batch_shape, dtype=dtype)


def categorical(
    data: Any, shape: int | tuple[int, ...] = (), get_prob: bool = False, dtype: Any = "int32", out: Any = None
) -> Any:
    """Numbers of outcomes, drawn with given probabilities.

    Parameters
    ----------
    data : array_like of shape (..., k)
        Probabilities.
    shape : int or tuple of int, optional
        How many for each distribution; default one.
    get_prob : bool, default False
        Return the logarithm of the probability of what was drawn too.

    Returns
    -------
    ndarray of shape ``(..., *shape)``, or a list of two

    Raises
    ------
    MXNetError
        If a probability is not between 0 and 1.
    """
    return invoke(_sampling.categorical, [as_array(data)], {"shape": shape, "get_prob": get_prob, "dtype": dtype}, out)


def multinomial(n: Any, p: Any, shape: int | tuple[int, ...] = (), dtype: Any = "float32", out: Any = None) -> ndarray:
    """How often each outcome comes up.

    Parameters
    ----------
    n : array_like of shape (...)
        How many draws.
    p : array_like of shape (..., k)
        Probabilities of the outcomes.
    shape : int or tuple of int, optional
        How many such experiments for each `n`.

    Returns
    -------
    ndarray of shape ``(..., *shape, k)``

    Raises
    ------
    MXNetError
        If the shapes do not fit or a probability is not between 0 and 1.
    """
    first = as_array(n)
    return invoke(_sampling.sample_multinomial, [first, as_array(p, like=first)], {"shape": shape, "dtype": dtype}, out)
