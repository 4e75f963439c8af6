"""Operators that draw from distributions.

A distribution is written once, as a function that fills a blank tensor for given parameters, and enters the
catalogue in up to four forms: NumPy's (``_npi_<name>``, parameters numbers or arrays that broadcast to ``size``),
and the three of MXNet 1.x: ``_random_<name>`` (numbers), ``_sample_<name>`` (one array of draws for each parameter
in an array) and ``_random_<name>_like`` (numbers, shape of an array).

Draws are computed from noise without parameters (normal, uniform, exponential, standard gamma), so gradients flow
to array parameters wherever the distribution is continuous. float16 and bfloat16 are drawn in float32.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from mxnet import _dtype
from mxnet._generators import generator_for
from mxnet.base import MXNetError
from mxnet.operators._device import CPU, torch_device
from mxnet.operators.attributes import DType, Shape
from mxnet.operators.catalogue import Operator, operator

__all__ = ["binomial", "blank", "check", "cut_to", "expanded", "unit_exponential"]

Tensor = torch.Tensor
Value = float | Tensor
Draw = Callable[..., Tensor]


class Bound(NamedTuple):
    """What holds for every value of a parameter."""

    words: str
    holds: Callable[[Any], Any]


ANY = Bound("any number", lambda value: True)
POSITIVE = Bound("> 0", lambda value: value > 0)
NOT_NEGATIVE = Bound(">= 0", lambda value: value >= 0)
PROBABILITY = Bound("between 0 and 1", lambda value: (value >= 0) & (value <= 1))


def check(where: str, name: str, value: Value, bound: Bound, error: type[Exception] = ValueError) -> None:
    """Refuse a parameter out of its bound; arrays without values (meta tensors) are taken as they are.

    Raises
    ------
    error
        With the operator, the parameter and the value.
    """
    if isinstance(value, Tensor):
        if value.is_meta or bound is ANY or torch.compiler.is_compiling():
            return
        wrong = value[~bound.holds(value)]
        if wrong.numel():
            raise error(f"{where}: expect {name} {bound.words}, but the array has {wrong[0].item()}")
    elif not bound.holds(value):
        raise error(f"{where}: expect {name} {bound.words}, not {value}")


def floating(dtype: torch.dtype | None, where: str) -> torch.dtype:
    """The type of a result: float32 unless another floating type is asked for."""
    if dtype is None:
        return torch.float32
    if not dtype.is_floating_point:
        raise MXNetError(f"{where}: dtype must be float16, bfloat16, float32 or float64, not {_dtype.name_of(dtype)}")
    return dtype


def common_shape(where: str, *shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that all `shapes` broadcast to; NumPy's rule, for torch's costs an import of sympy."""
    try:
        return np.broadcast_shapes(*[tuple(shape) for shape in shapes])
    except ValueError as error:
        raise MXNetError(f"{where}: shapes {', '.join(str(tuple(s)) for s in shapes)} do not broadcast") from error


def blank(shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """An empty tensor to fill with noise, of a type that noise is made in."""
    if any(size < 0 for size in shape):
        raise MXNetError(f"Shape dim size cannot be a negative value: {tuple(shape)}")
    wide = torch.float64 if dtype is torch.float64 else torch.float32
    return torch.empty(tuple(shape), dtype=wide, device=device)


def expanded(value: Value, like: Tensor) -> Tensor:
    """A parameter as a tensor of the shape, type and device of `like`."""
    if isinstance(value, Tensor):
        return value.to(like.dtype).expand(like.shape)
    return torch.full_like(like, value)


def cut_to(result: Tensor, dtype: torch.dtype) -> Tensor:
    return result if result.dtype is dtype else result.to(dtype)


# The distributions: each fills `empty` for parameters that broadcast to its shape.


def _normal(empty: Tensor, loc: Value, scale: Value) -> Tensor:
    if not isinstance(loc, Tensor) and not isinstance(scale, Tensor):
        return empty.normal_(loc, scale, generator=generator_for(empty.device))
    return empty.normal_(generator=generator_for(empty.device)) * scale + loc


def _uniform(empty: Tensor, low: Value, high: Value) -> Tensor:
    return empty.uniform_(generator=generator_for(empty.device)) * (high - low) + low


def unit_exponential(empty: Tensor) -> Tensor:
    """Exponential noise of scale 1: never 0, so its logarithm is finite."""
    # torch draws no exponential on meta tensors if it is given a generator.
    return empty if empty.is_meta else empty.exponential_(generator=generator_for(empty.device))


def _exponential(empty: Tensor, scale: Value) -> Tensor:
    return unit_exponential(empty) * scale


def _exponential_of_rate(empty: Tensor, lam: Value) -> Tensor:
    return unit_exponential(empty) / lam


def _laplace(empty: Tensor, loc: Value, scale: Value) -> Tensor:
    return (unit_exponential(empty) - unit_exponential(torch.empty_like(empty))) * scale + loc


def _gumbel(empty: Tensor, loc: Value, scale: Value) -> Tensor:
    return loc - unit_exponential(empty).log() * scale


def _logistic(empty: Tensor, loc: Value, scale: Value) -> Tensor:
    return (unit_exponential(empty) / unit_exponential(torch.empty_like(empty))).log() * scale + loc


def _pareto(empty: Tensor, a: Value) -> Tensor:
    return (unit_exponential(empty) / a).expm1()


def _power(empty: Tensor, a: Value) -> Tensor:
    return (-unit_exponential(empty) / a).exp()


def _rayleigh(empty: Tensor, scale: Value) -> Tensor:
    return (unit_exponential(empty) * 2).sqrt() * scale


def _weibull(empty: Tensor, a: Value) -> Tensor:
    return unit_exponential(empty) ** (1 / a)


def _gamma(empty: Tensor, shape: Value, scale: Value) -> Tensor:
    return torch._standard_gamma(expanded(shape, empty), generator=generator_for(empty.device)) * scale


def _poisson(empty: Tensor, lam: Value) -> Tensor:
    return torch.poisson(expanded(lam, empty).detach(), generator=generator_for(empty.device))


def binomial(count: Tensor, chance: Tensor) -> Tensor:
    """How many of `count` trials, each of that chance, succeed."""
    if count.is_meta:  # torch knows no shape of it
        return torch.empty_like(count)
    return torch.binomial(count.contiguous(), chance.contiguous(), generator=generator_for(count.device))


def _binomial(empty: Tensor, n: Value, p: Value) -> Tensor:
    count, chance = expanded(n, empty).detach(), expanded(p, empty).detach()
    return binomial(count, chance)


def _negative_binomial(empty: Tensor, k: Value, p: Value) -> Tensor:
    return _poisson(empty, _gamma(empty, k, (1 - p) / p))


def _generalized_negative_binomial(empty: Tensor, mu: Value, alpha: Value) -> Tensor:
    mean, spread = expanded(mu, empty), expanded(alpha, empty)
    rate = _gamma(empty, 1 / spread.clamp_min(torch.finfo(empty.dtype).tiny), spread * mean)
    return _poisson(empty, torch.where(spread == 0, mean, rate))


# The forms


def _signed(
    body: Callable[..., Any], inputs: dict[str, Any], attributes: dict[str, tuple[Any, Any]]
) -> Callable[..., Any]:
    """`body`, which takes anything, with the signature that the catalogue is to read.

    `inputs` are names and defaults, `attributes` names with type and default.
    """
    positional, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    body.__signature__ = inspect.Signature(
        [inspect.Parameter(name, positional, default=default) for name, default in inputs.items()]
        + [inspect.Parameter(name, keyword, default=default) for name, (_, default) in attributes.items()]
    )
    body.__annotations__ = {name: kind for name, (kind, _) in attributes.items()}
    return body


_REQUIRED = inspect.Parameter.empty


def _numpy_form(
    name: str,
    draw: Draw,
    doc: str,
    *,
    dtype: bool = False,
    batched: bool = False,
    **parameters: Bound,
) -> Operator:
    """Enter the form whose parameters are numbers (attributes) or, where the attribute is None, arrays (inputs).

    `batched`: ``size`` stands before the shape of the parameters, instead of being the shape.
    """

    def body(
        *arrays: Tensor,
        size: tuple[int, ...] | None = None,
        ctx: str = "",
        dtype: torch.dtype | None = None,
        **given: Any,
    ) -> Tensor:
        result_type = floating(dtype, name)
        pending = iter([array for array in arrays if array is not None])
        values = [next(pending) if given[key] is None else given[key] for key in parameters]
        for (key, bound), value in zip(parameters.items(), values, strict=True):
            check(name, key, value, bound)
        tensors = [value for value in values if isinstance(value, Tensor)]
        if not tensors:
            empty = blank(size or (), result_type, torch_device(ctx) or CPU)
            return cut_to(draw(empty, *values), result_type)
        broadcast = common_shape(name, *[tensor.shape for tensor in tensors])
        if size is None:
            shape = broadcast
        else:
            shape = (*size, *broadcast) if batched else size
        empty = blank(shape, result_type, tensors[0].device)
        if common_shape(name, broadcast, empty.shape) != tuple(empty.shape):
            raise MXNetError(f"{name}: parameters of shape {tuple(broadcast)} do not broadcast to size {shape}")
        values = [value.to(empty.dtype) if isinstance(value, Tensor) else value for value in values]
        return cut_to(draw(empty, *values), result_type)

    body.__doc__ = doc
    inputs = {f"input{number + 1}": None for number in range(len(parameters))}
    attributes: dict[str, tuple[Any, Any]] = {key: (float | None, _REQUIRED) for key in parameters}
    attributes |= {"size": (Shape | None, None), "ctx": (str, "cpu")}
    if dtype:
        attributes["dtype"] = (DType | None, None)
    when = {key: partial(_is_array, tuple(parameters), number) for number, key in enumerate(inputs)}
    return operator(name, when=when)(_signed(body, inputs, attributes))


def _is_array(parameters: tuple[str, ...], number: int, attributes: dict[str, Any]) -> bool:
    """Whether there is an input of that number: more parameters than that are arrays."""
    return sum(attributes[key] is None for key in parameters) > number


class Legacy(NamedTuple):
    """A distribution's forms of MXNet 1.x."""

    numbers: Operator
    arrays: Operator
    like: Operator | None


def _legacy_forms(
    name: str,
    draw: Draw,
    doc: str,
    *,
    aliases: tuple[str, ...] = (),
    array_aliases: tuple[str, ...] = (),
    array_names: tuple[str, ...] = (),
    like: bool = True,
    **parameters: tuple[type, float, Bound],
) -> Legacy:
    """Enter the three 1.x forms; of each parameter the type, the default and the bound are given."""

    def attempt(where: str, empty: Tensor, result_type: torch.dtype, values: Sequence[Value]) -> Tensor:
        for (key, (_, _, bound)), value in zip(parameters.items(), values, strict=True):
            check(where, key, value, bound, MXNetError)
        return cut_to(draw(empty, *values), result_type)

    def values_of(given: dict[str, Any]) -> list[float]:
        return [given.get(key, default) for key, (_, default, _) in parameters.items()]

    def numbers(
        *, shape: tuple[int, ...] | None = None, ctx: str = "", dtype: torch.dtype | None = None, **given: Any
    ) -> Tensor:
        result_type = floating(dtype, f"_random_{name}")
        empty = blank((1,) if shape is None else shape, result_type, torch_device(ctx) or CPU)
        return attempt(f"_random_{name}", empty, result_type, values_of(given))

    def arrays(*values: Tensor, shape: tuple[int, ...] = (), dtype: torch.dtype | None = None) -> Tensor:
        where = f"_sample_{name}"
        first = values[0]
        if any(value.shape != first.shape for value in values):
            raise MXNetError(f"{where}: parameters differ in shape: {[tuple(value.shape) for value in values]}")
        own = first.dtype if first.dtype.is_floating_point else None
        result_type = floating(dtype or own, where)
        empty = blank((*first.shape, *shape), result_type, first.device)
        spread = [value.to(empty.dtype).reshape(*first.shape, *[1] * len(shape)) for value in values]
        return attempt(where, empty, result_type, spread)

    def alike(data: Tensor, **given: Any) -> Tensor:
        where = f"_random_{name}_like"
        result_type = floating(data.dtype, where)
        return attempt(where, blank(data.shape, result_type, data.device), result_type, values_of(given))

    own = {key: (kind, default) for key, (kind, default, _) in parameters.items()}
    dtype = {"dtype": (DType | None, None)}
    placed = {**own, "shape": (Shape | None, None), "ctx": (str, ""), **dtype}
    inputs = {key: _REQUIRED for key in array_names or parameters}
    for body in (numbers, arrays, alike):
        body.__doc__ = doc
    return Legacy(
        operator(f"_random_{name}", f"random_{name}", *aliases)(_signed(numbers, {}, placed)),
        operator(f"_sample_{name}", f"sample_{name}", *array_aliases)(
            _signed(arrays, inputs, {"shape": (Shape, ()), **dtype})
        ),
        operator(f"_random_{name}_like")(_signed(alike, {"data": _REQUIRED}, own)) if like else None,
    )


normal = _numpy_form("_npi_normal", _normal, "Normal.", dtype=True, loc=ANY, scale=NOT_NEGATIVE)
uniform = _numpy_form("_npi_uniform", _uniform, "Uniform.", dtype=True, low=ANY, high=ANY)
normal_n = _numpy_form(
    "_npi_normal_n", _normal, "Normal, a batch.", dtype=True, batched=True, loc=ANY, scale=NOT_NEGATIVE
)
uniform_n = _numpy_form("_npi_uniform_n", _uniform, "Uniform, a batch.", dtype=True, batched=True, low=ANY, high=ANY)
laplace = _numpy_form("_npi_laplace", _laplace, "Laplace.", dtype=True, loc=ANY, scale=NOT_NEGATIVE)
gumbel = _numpy_form("_npi_gumbel", _gumbel, "Gumbel.", loc=ANY, scale=NOT_NEGATIVE)
logistic = _numpy_form("_npi_logistic", _logistic, "Logistic.", loc=ANY, scale=NOT_NEGATIVE)
gamma = _numpy_form("_npi_gamma", _gamma, "Gamma.", dtype=True, shape=POSITIVE, scale=POSITIVE)
exponential = _numpy_form("_npi_exponential", _exponential, "Exponential.", scale=NOT_NEGATIVE)
pareto = _numpy_form("_npi_pareto", _pareto, "Pareto II (Lomax).", a=POSITIVE)
power = _numpy_form("_npi_powerd", _power, "Power: density a * x**(a - 1) on [0, 1].", a=POSITIVE)
rayleigh = _numpy_form("_npi_rayleigh", _rayleigh, "Rayleigh.", scale=NOT_NEGATIVE)
weibull = _numpy_form("_npi_weibull", _weibull, "Weibull.", a=POSITIVE)

legacy_uniform = _legacy_forms(
    "uniform", _uniform, "Uniform.", aliases=("uniform",), low=(float, 0.0, ANY), high=(float, 1.0, ANY)
)
legacy_normal = _legacy_forms(
    "normal",
    _normal,
    "Normal.",
    aliases=("normal",),
    array_names=("mu", "sigma"),
    loc=(float, 0.0, ANY),
    scale=(float, 1.0, POSITIVE),
)
legacy_gamma = _legacy_forms(
    "gamma",
    _gamma,
    "Gamma of shape `alpha` and scale `beta`.",
    alpha=(float, 1.0, POSITIVE),
    beta=(float, 1.0, POSITIVE),
)
legacy_exponential = _legacy_forms(
    "exponential", _exponential_of_rate, "Exponential of rate `lam`.", lam=(float, 1.0, POSITIVE)
)
legacy_poisson = _legacy_forms(
    "poisson",
    _poisson,
    "Poisson.",
    aliases=("_npx_scalar_poisson",),
    array_aliases=("_npx_tensor_poisson",),
    lam=(float, 1.0, NOT_NEGATIVE),
)
legacy_binomial = _legacy_forms(
    "binomial", _binomial, "Binomial.", like=False, n=(int, 1, NOT_NEGATIVE), p=(float, 1.0, PROBABILITY)
)
legacy_negative_binomial = _legacy_forms(
    "negative_binomial",
    _negative_binomial,
    "Failures before the `k`-th success of chance `p`.",
    k=(int, 1, POSITIVE),
    p=(float, 1.0, Bound("> 0 and <= 1", lambda p: (p > 0) & (p <= 1))),
)
legacy_generalized_negative_binomial = _legacy_forms(
    "generalized_negative_binomial",
    _generalized_negative_binomial,
    "Negative binomial of mean `mu` and dispersion `alpha`; Poisson where `alpha` is 0.",
    mu=(float, 1.0, NOT_NEGATIVE),
    alpha=(float, 1.0, NOT_NEGATIVE),
)
