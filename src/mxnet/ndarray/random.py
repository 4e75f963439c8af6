"""`mx.nd.random`: the distributions of MXNet 1.x, also found in `mx.random`.

Parameters are all numbers, then `shape` is the shape of the result (default one number), or all arrays, then
each element gets `shape` draws. Results are float32 unless `dtype` says otherwise. Wrong parameters raise
MXNetError, mixed ones AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.ndarray._array import Array, as_device, invoke
from mxnet.ndarray.ndarray import NDArray
from mxnet.operators import random as _random
from mxnet.operators import sampling as _sampling
from mxnet.operators.catalogue import Operator, find

__all__ = [
    "binomial",
    "categorical",
    "exponential",
    "exponential_like",
    "gamma",
    "gamma_like",
    "generalized_negative_binomial",
    "generalized_negative_binomial_like",
    "multinomial",
    "negative_binomial",
    "negative_binomial_like",
    "normal",
    "normal_like",
    "poisson",
    "poisson_like",
    "randint",
    "randn",
    "shuffle",
    "uniform",
    "uniform_like",
]

Value = Any  # a number or an array
Shape = int | tuple[int, ...] | None


def _create(op: Operator, shape: Shape, ctx: Device | None, out: Any, attributes: dict[str, Any]) -> Any:
    if shape is None and out is not None:
        shape = out.shape
    device = as_device(ctx)
    return invoke(op, (), {**attributes, "shape": shape, "ctx": str(device)}, out, NDArray, device)


def _draw(
    forms: _random.Legacy,
    parameters: dict[str, Value],
    shape: Shape,
    dtype: Any,
    ctx: Device | None,
    out: Any,
) -> Any:
    values = list(parameters.values())
    arrays = [isinstance(value, Array) for value in values]
    if all(arrays):
        shape = () if shape is None else shape
        return invoke(forms.arrays, values, {"shape": shape, "dtype": dtype}, out)
    if any(arrays):
        kinds = " and ".join(type(value).__name__ for value in values)
        raise AssertionError(f"Distribution parameters must all be numbers or all be arrays, but got {kinds}")
    return _create(forms.numbers, shape, ctx, out, {**parameters, "dtype": dtype})


def uniform(
    low: Value = 0,
    high: Value = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Numbers evenly spread from `low` up to `high`.

    Examples
    --------
    >>> mx.nd.random.uniform(2, 3, shape=(4, 5)).shape
    (4, 5)
    """
    return _draw(_random.legacy_uniform, {"low": low, "high": high}, shape, dtype, ctx, out)


def normal(
    loc: Value = 0,
    scale: Value = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Normally distributed numbers of mean `loc` and standard deviation `scale`, which is positive."""
    return _draw(_random.legacy_normal, {"loc": loc, "scale": scale}, shape, dtype, ctx, out)


def randn(
    *shape: int,
    loc: Value = 0,
    scale: Value = 1,
    dtype: Any = None,
    ctx: Device | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """`normal`, with the dimensions as arguments."""
    return normal(loc, scale, shape, dtype, ctx, out)


def poisson(
    lam: Value = 1, shape: Shape = None, dtype: Any = None, ctx: Device | None = None, out: NDArray | None = None
) -> NDArray:
    """Poisson distributed counts (as floats) of mean `lam`, which is not negative."""
    return _draw(_random.legacy_poisson, {"lam": lam}, shape, dtype, ctx, out)


def exponential(
    scale: Value = 1, shape: Shape = None, dtype: Any = None, ctx: Device | None = None, out: NDArray | None = None
) -> NDArray:
    """Exponentially distributed numbers of mean `scale`, which is positive."""
    if isinstance(scale, Array):
        rate = invoke(find("_rdiv_scalar"), [scale], {"scalar": 1.0})
    elif scale > 0:
        rate = 1.0 / scale
    else:
        raise MXNetError(f"exponential: expect scale > 0, not {scale}")
    return _draw(_random.legacy_exponential, {"lam": rate}, shape, dtype, ctx, out)


def gamma(
    alpha: Value = 1,
    beta: Value = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Gamma distributed numbers of mean ``alpha * beta``, both positive."""
    return _draw(_random.legacy_gamma, {"alpha": alpha, "beta": beta}, shape, dtype, ctx, out)


def binomial(
    n: Value = 1,
    p: Value = 0.5,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Successes (as floats) in `n` trials of chance `p`."""
    return _draw(_random.legacy_binomial, {"n": n, "p": p}, shape, dtype, ctx, out)


def negative_binomial(
    k: Value = 1,
    p: Value = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Failures (as floats) before the `k`-th success of chance `p`."""
    return _draw(_random.legacy_negative_binomial, {"k": k, "p": p}, shape, dtype, ctx, out)


def generalized_negative_binomial(
    mu: Value = 1,
    alpha: Value = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Counts (as floats) of mean `mu` and variance ``mu + alpha * mu**2``."""
    forms = _random.legacy_generalized_negative_binomial
    return _draw(forms, {"mu": mu, "alpha": alpha}, shape, dtype, ctx, out)


def randint(
    low: int,
    high: int,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Integers from `low` up to `high`, which is left out; int32 (the default) or int64.

    Raises
    ------
    ValueError
        If there is no such integer.
    """
    return _create(_sampling.randint, shape, ctx, out, {"low": low, "high": high, "dtype": dtype})


def categorical(
    data: NDArray, shape: Shape = None, get_prob: bool = False, out: Any = None, dtype: Any = "int32"
) -> Any:
    """Numbers of outcomes, drawn with the probabilities in the last axis of `data`, `shape` of them for each row;
    with `get_prob` also the logarithms of their probabilities."""
    attributes = {"shape": () if shape is None else shape, "get_prob": get_prob, "dtype": dtype}
    return invoke(_sampling.categorical, [data], attributes, out)


def multinomial(
    n: NDArray | None = None, p: NDArray | None = None, shape: Shape = None, dtype: Any = "float32", out: Any = None
) -> NDArray:
    """How often each outcome comes up in ``n[i]`` draws with probabilities ``p[i]``, `shape` times each.

    Raises
    ------
    AssertionError
        If `n` or `p` is no array.
    """
    for name, value in (("n", n), ("p", p)):
        if not isinstance(value, Array):
            raise AssertionError(f"Argument {name} must have NDArray type, but got {value!r}")
    attributes = {"shape": () if shape is None else shape, "dtype": dtype}
    return invoke(_sampling.sample_multinomial, [n, p], attributes, out)


def shuffle(data: NDArray, out: NDArray | None = None) -> NDArray:
    """The rows (entries along the first axis) of `data` in random order."""
    return invoke(_sampling.shuffle, [data], {}, out)


def _like(name: str, forms: _random.Legacy) -> Callable[..., NDArray]:
    def draw(data: NDArray, out: NDArray | None = None, **parameters: float) -> NDArray:
        return invoke(forms.like, [data], parameters, out)

    draw.__name__ = draw.__qualname__ = f"{name}_like"
    names = ", ".join(f"`{parameter}`" for parameter in forms.like.attributes)
    draw.__doc__ = f"As `{name}` with numbers ({names}) for parameters; shape, type and device are those of `data`."
    return draw


uniform_like = _like("uniform", _random.legacy_uniform)
normal_like = _like("normal", _random.legacy_normal)
poisson_like = _like("poisson", _random.legacy_poisson)
exponential_like = _like("exponential", _random.legacy_exponential)
gamma_like = _like("gamma", _random.legacy_gamma)
negative_binomial_like = _like("negative_binomial", _random.legacy_negative_binomial)
generalized_negative_binomial_like = _like(
    "generalized_negative_binomial", _random.legacy_generalized_negative_binomial
)
