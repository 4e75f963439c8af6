"""`mx.sym.random`: the distributions of MXNet 1.x over symbols.

Parameters are all numbers, then `shape` is the shape of the result, or all symbols, then each element gets `shape`
draws. Further keywords are `name` and `attr`.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

from mxnet import operators  # noqa: F401  (enters every operator)
from mxnet.symbol._register import call, function_of
from mxnet.symbol.symbol import Symbol

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

Value = Any  # a number or a symbol
Shape = int | tuple[int, ...] | None


def _draw(name: str, parameters: dict[str, Value], shape: Shape, dtype: Any, keywords: dict[str, Any]) -> Symbol:
    given = {key: value for key, value in {"shape": shape, "dtype": dtype}.items() if value is not None}
    values = list(parameters.values())
    kinds = {Symbol if isinstance(value, Symbol) else numbers.Number for value in values}
    if len(kinds) > 1:
        named = " and ".join(type(value).__name__ for value in values)
        raise AssertionError(f"{name}: the parameters must all be numbers or all be Symbols, not {named}")
    if kinds == {Symbol}:
        return call(f"_sample_{name}", *values, **given, **keywords)
    for key, value in parameters.items():
        if not isinstance(value, numbers.Number):
            raise ValueError(f"{name}: {key} must be a number or a Symbol, not {type(value).__name__}")
    return call(f"_random_{name}", **parameters, **given, **keywords)


def uniform(low: Value = 0, high: Value = 1, shape: Shape = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Numbers evenly spread from `low` up to `high`.

    Examples
    --------
    >>> mx.sym.random.uniform(2, 3, shape=(4, 5), name="noise").infer_shape()[1]
    [(4, 5)]
    """
    return _draw("uniform", {"low": low, "high": high}, shape, dtype, kwargs)


def normal(loc: Value = 0, scale: Value = 1, shape: Shape = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Normally distributed numbers of mean `loc` and standard deviation `scale`."""
    return _draw("normal", {"loc": loc, "scale": scale}, shape, dtype, kwargs)


def randn(*shape: int, loc: Value = 0, scale: Value = 1, dtype: Any = None, **kwargs: Any) -> Symbol:
    """`normal`, with the dimensions as arguments."""
    return normal(loc, scale, shape, dtype, **kwargs)


def poisson(lam: Value = 1, shape: Shape = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Poisson distributed counts (as floats) of mean `lam`."""
    return _draw("poisson", {"lam": lam}, shape, dtype, kwargs)


def exponential(scale: Value = 1, shape: Shape = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Exponentially distributed numbers of mean `scale`."""
    return _draw("exponential", {"lam": 1.0 / scale}, shape, dtype, kwargs)


def gamma(alpha: Value = 1, beta: Value = 1, shape: Shape = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Gamma distributed numbers of mean ``alpha * beta``."""
    return _draw("gamma", {"alpha": alpha, "beta": beta}, shape, dtype, kwargs)


def binomial(n: Value = 1, p: Value = 0.5, shape: Shape = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Successes (as floats) in `n` trials of chance `p`."""
    return _draw("binomial", {"n": n, "p": p}, shape, dtype, kwargs)


def negative_binomial(k: Value = 1, p: Value = 1, shape: Shape = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Failures (as floats) before the `k`-th success of chance `p`."""
    return _draw("negative_binomial", {"k": k, "p": p}, shape, dtype, kwargs)


def generalized_negative_binomial(
    mu: Value = 1, alpha: Value = 1, shape: Shape = None, dtype: Any = None, **kwargs: Any
) -> Symbol:
    """Counts (as floats) of mean `mu` and variance ``mu + alpha * mu**2``."""
    return _draw("generalized_negative_binomial", {"mu": mu, "alpha": alpha}, shape, dtype, kwargs)


def randint(low: int, high: int, shape: Shape = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Integers from `low` up to `high`, which is left out."""
    return _draw("randint", {"low": low, "high": high}, shape, dtype, kwargs)


def categorical(
    data: Symbol, shape: Shape = None, get_prob: bool = True, dtype: Any = "int32", **kwargs: Any
) -> Symbol:
    """Numbers of outcomes, drawn with the probabilities in the last axis of `data`, `shape` of them for each row;
    with `get_prob` also the logarithms of their probabilities."""
    shape = () if shape is None else shape
    return call("_sample_categorical", data, shape=shape, get_prob=get_prob, dtype=dtype, **kwargs)


def multinomial(n: Symbol, p: Symbol, shape: Shape = None, dtype: Any = "float32", **kwargs: Any) -> Symbol:
    """How often each outcome comes up in ``n[i]`` draws with probabilities ``p[i]``, `shape` times each."""
    return call("_sample_multinomial", n, p, shape=() if shape is None else shape, dtype=dtype, **kwargs)


def shuffle(data: Symbol, **kwargs: Any) -> Symbol:
    """The rows (entries along the first axis) of `data` in random order."""
    return call("_shuffle", data, **kwargs)


def _like(name: str) -> Callable[..., Symbol]:
    return function_of(f"_random_{name}_like", f"{name}_like", __name__)


exponential_like = _like("exponential")
gamma_like = _like("gamma")
generalized_negative_binomial_like = _like("generalized_negative_binomial")
negative_binomial_like = _like("negative_binomial")
normal_like = _like("normal")
poisson_like = _like("poisson")
uniform_like = _like("uniform")
