"""`mx.np.random`: NumPy's distributions on devices.

Parameters are numbers or arrays; without `size` the result has the shape they broadcast to. Results are float32
unless `dtype` says otherwise; those of uniform, normal, gamma and what is made of them follow the default type that
`npx.set_np(dtype=True)` sets. Gradients flow to array parameters of the continuous distributions. `ctx` is the 1.x
name of `device`. `mx.random.seed` makes the numbers repeatable; they are not those of NumPy or of MXNet.
"""

from __future__ import annotations

from typing import Any

from mxnet._dtype import default_float
from mxnet.device import Device
from mxnet.ndarray._array import Array, invoke, run
from mxnet.numpy._dispatch import as_array, create, is_number
from mxnet.numpy.multiarray import ndarray
from mxnet.operators import random as _random
from mxnet.operators import sampling as _sampling
from mxnet.operators.catalogue import Operator, find
from mxnet.random import seed

__all__ = [
    "beta",
    "chisquare",
    "choice",
    "exponential",
    "f",
    "gamma",
    "gumbel",
    "laplace",
    "logistic",
    "lognormal",
    "multinomial",
    "multivariate_normal",
    "normal",
    "pareto",
    "permutation",
    "power",
    "rand",
    "randint",
    "randn",
    "rayleigh",
    "seed",
    "shuffle",
    "uniform",
    "weibull",
]

Value = Any  # a number or an array_like
Size = int | tuple[int, ...] | None


def draw(op: Operator, device: Device | None, out: Any, parameters: dict[str, Value], **attributes: Any) -> Any:
    """Run a distribution's operator: numbers among the parameters are attributes, all else are inputs."""
    first = next((value for value in parameters.values() if isinstance(value, Array)), None)
    arrays = []
    for name, value in parameters.items():
        if is_number(value):
            attributes[name] = float(value)
        else:
            attributes[name] = None
            arrays.append(as_array(value, like=first))
    if arrays:
        return invoke(op, arrays, attributes, out)
    return create(op, device, out, **attributes)


def uniform(
    low: Value = 0.0,
    high: Value = 1.0,
    size: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Numbers evenly spread from `low` up to `high`.

    Examples
    --------
    >>> mx.np.random.uniform(2, 3, size=(4, 5)).shape
    (4, 5)
    """
    return draw(
        _random.uniform, device or ctx, out, {"low": low, "high": high}, size=size, dtype=dtype or default_float()
    )


def normal(
    loc: Value = 0.0,
    scale: Value = 1.0,
    size: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Normally distributed numbers of mean `loc` and standard deviation `scale`.

    Raises
    ------
    ValueError
        If a scale is negative.
    """
    return draw(
        _random.normal, device or ctx, out, {"loc": loc, "scale": scale}, size=size, dtype=dtype or default_float()
    )


def lognormal(
    mean: Value = 0.0,
    sigma: Value = 1.0,
    size: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Numbers whose logarithm is normal with mean `mean` and standard deviation `sigma`.

    Raises
    ------
    ValueError
        If a sigma is negative.
    """
    return run(find("_npi_exp"), (normal(mean, sigma, size, dtype, device or ctx),), {}, out)


def laplace(
    loc: Value = 0.0,
    scale: Value = 1.0,
    size: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Double exponential numbers around `loc`: density ``exp(-|x - loc| / scale) / (2 scale)``.

    Raises
    ------
    ValueError
        If a scale is negative.
    """
    return draw(
        _random.laplace, device or ctx, out, {"loc": loc, "scale": scale}, size=size, dtype=dtype or default_float()
    )


def gumbel(
    loc: Value = 0.0,
    scale: Value = 1.0,
    size: Size = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Gumbel (extreme value) distributed numbers.

    Raises
    ------
    ValueError
        If a scale is negative.
    """
    return draw(_random.gumbel, device or ctx, out, {"loc": loc, "scale": scale}, size=size)


def logistic(
    loc: Value = 0.0,
    scale: Value = 1.0,
    size: Size = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Logistically distributed numbers.

    Raises
    ------
    ValueError
        If a scale is negative.
    """
    return draw(_random.logistic, device or ctx, out, {"loc": loc, "scale": scale}, size=size)


def exponential(
    scale: Value = 1.0,
    size: Size = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Exponentially distributed numbers of mean `scale`.

    Raises
    ------
    ValueError
        If a scale is negative.
    """
    return draw(_random.exponential, device or ctx, out, {"scale": scale}, size=size)


def rayleigh(
    scale: Value = 1.0,
    size: Size = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Rayleigh distributed numbers of mode `scale`.

    Raises
    ------
    ValueError
        If a scale is negative.
    """
    return draw(_random.rayleigh, device or ctx, out, {"scale": scale}, size=size)


def weibull(
    a: Value,
    size: Size = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Weibull distributed numbers of shape `a` and scale 1.

    Raises
    ------
    ValueError
        If an `a` is not positive.
    """
    return draw(_random.weibull, device or ctx, out, {"a": a}, size=size)


def pareto(
    a: Value,
    size: Size = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Pareto II (Lomax) distributed numbers of shape `a`: from 0 on; add 1 for the classical distribution.

    Raises
    ------
    ValueError
        If an `a` is not positive.
    """
    return draw(_random.pareto, device or ctx, out, {"a": a}, size=size)


def power(
    a: Value,
    size: Size = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Numbers between 0 and 1 of density ``a * x**(a - 1)``.

    Raises
    ------
    ValueError
        If an `a` is not positive.
    """
    return draw(_random.power, device or ctx, out, {"a": a}, size=size)


def gamma(
    shape: Value,
    scale: Value = 1.0,
    size: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Gamma distributed numbers of mean ``shape * scale``.

    Raises
    ------
    ValueError
        If a shape or scale is not positive.
    """
    return draw(
        _random.gamma, device or ctx, out, {"shape": shape, "scale": scale}, size=size, dtype=dtype or default_float()
    )


def beta(
    a: Value,
    b: Value,
    size: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Beta distributed numbers, between 0 and 1 with mean ``a / (a + b)``.

    Raises
    ------
    ValueError
        If an `a` or `b` is not positive.
    """
    # In float64: of two tiny float32 gammas the quotient would be coarse.
    first = gamma(a, 1.0, size, "float64", device or ctx)
    second = gamma(b, 1.0, size, "float64", device or ctx)
    return (first / (first + second)).astype(dtype or default_float(), copy=False)


def chisquare(
    df: Value,
    size: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Chi-square distributed numbers with `df` degrees of freedom.

    Raises
    ------
    ValueError
        If a `df` is not positive.
    """
    half = df / 2 if is_number(df) else as_array(df) / 2
    return gamma(half, 2.0, size, dtype, device or ctx)


def f(
    dfnum: Value, dfden: Value, size: Size = None, device: Device | None = None, ctx: Device | None = None
) -> ndarray:
    """F distributed numbers: the quotient of two chi-squares, each over its degrees of freedom.

    Raises
    ------
    ValueError
        If a `dfnum` or `dfden` is not positive.
    """
    above = chisquare(dfnum, size, device=device or ctx) * (dfden if is_number(dfden) else as_array(dfden))
    below = chisquare(dfden, size, device=device or ctx) * (dfnum if is_number(dfnum) else as_array(dfnum))
    return above / below


def rand(*size: int, dtype: Any = None, device: Device | None = None, ctx: Device | None = None) -> ndarray:
    """Numbers evenly spread from 0 up to 1; the arguments are the dimensions.

    Examples
    --------
    >>> mx.np.random.rand(3, 2).shape
    (3, 2)
    """
    return uniform(0.0, 1.0, size, dtype, device or ctx)


def randn(*size: int, dtype: Any = None, device: Device | None = None, ctx: Device | None = None) -> ndarray:
    """Standard normal numbers; the arguments are the dimensions."""
    return normal(0.0, 1.0, size, dtype, device or ctx)


def randint(
    low: int,
    high: int | None = None,
    size: Size = None,
    dtype: Any = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Integers from `low` up to `high`, which is left out; from 0 up to `low` if `high` is not given.

    Parameters
    ----------
    dtype : default int64
        int32 or int64.

    Raises
    ------
    ValueError
        If there is no such integer.
    """
    if high is None:
        low, high = 0, low
    size = () if size is None else size
    return create(_sampling.randint, device or ctx, out, low=low, high=high, shape=size, dtype=dtype or "int64")


def choice(
    a: Any,
    size: Size = None,
    replace: bool = True,
    p: Any = None,
    device: Device | None = None,
    out: ndarray | None = None,
    ctx: Device | None = None,
) -> ndarray:
    """Random rows of an array, or numbers below an integer.

    Parameters
    ----------
    a : int or array_like
    replace : bool, default True
        Whether one may be drawn more than once.
    p : array_like, optional
        Probability of each; default all alike.

    Raises
    ------
    ValueError
        If there is nothing to choose from, `p` is no distribution over it, or more is asked for than there is.
    """
    source = None if is_number(a) else as_array(a)
    if source is not None and not source.ndim:
        raise ValueError("a must be 1-dimensional or an integer")
    attributes = {"a": a if source is None else len(source), "size": size, "replace": replace}
    if p is None:
        where = (device or ctx) if source is None else source.device
        numbers = create(_sampling.choice, where, weighted=False, **attributes)
    else:
        numbers = invoke(_sampling.choice, [as_array(p, like=source)], {**attributes, "weighted": True})
    chosen = numbers if source is None else source[numbers]
    return chosen if out is None else run(find("_npi_copy"), (chosen,), {}, out)


def multinomial(n: int, pvals: Any, size: Size = None) -> ndarray:
    """How often each outcome comes up in `n` draws.

    Parameters
    ----------
    pvals : array_like of shape (k,)
        Probability of each outcome; the last one's is what is left of 1.
    size : int or tuple of int, optional
        How many such experiments.

    Returns
    -------
    ndarray of int64 and shape ``(*size, k)``

    Raises
    ------
    MXNetError
        If the probabilities but the last add up to more than 1.
    ValueError
        If a probability is not between 0 and 1, or `n` is negative.
    """
    return invoke(_sampling.multinomial, [as_array(pvals)], {"n": n, "size": size})


def multivariate_normal(
    mean: Any, cov: Any, size: Size = None, check_valid: str | None = None, tol: float | None = None
) -> ndarray:
    """Normally distributed vectors.

    Parameters
    ----------
    mean : array_like of shape (..., n)
    cov : array_like of shape (..., n, n)
        Covariances: symmetric and positive definite.
    size : int or tuple of int, optional
        How many for each mean and covariance.
    check_valid, tol
        Accepted as in NumPy; a covariance that is not positive definite is always refused.

    Returns
    -------
    ndarray of shape ``(*size, ..., n)``

    Raises
    ------
    MXNetError
        If shapes do not fit or a covariance is not positive definite.
    """
    mean = as_array(mean)
    return invoke(_sampling.multivariate_normal, [mean, as_array(cov, like=mean)], {"size": size})


def shuffle(x: ndarray) -> None:
    """Bring the rows (entries along the first axis) of `x` in random order, in place.

    Raises
    ------
    TypeError
        If `x` is no array.
    """
    if not isinstance(x, Array):
        raise TypeError(f"shuffle works in place on an mx.np.ndarray, not on {type(x).__name__}")
    run(_sampling.shuffle, (x,), {}, out=x)


def permutation(x: Any, device: Device | None = None, ctx: Device | None = None) -> ndarray:
    """The numbers below an integer, or the rows of an array, in random order."""
    if is_number(x):
        return choice(x, x, replace=False, device=device or ctx)
    return run(_sampling.shuffle, (as_array(x),), {})
