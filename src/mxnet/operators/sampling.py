"""Operators that draw integers, choices, counts and orders."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import torch

from mxnet._dtype import name_of
from mxnet._generators import generator_for
from mxnet.base import MXNetError
from mxnet.operators._device import CPU, torch_device
from mxnet.operators.attributes import DType, Floats, Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.random import (
    PROBABILITY,
    binomial,
    blank,
    check,
    common_shape,
    cut_to,
    expanded,
    unit_exponential,
)

__all__ = [
    "bernoulli",
    "categorical",
    "choice",
    "multinomial",
    "multivariate_normal",
    "randint",
    "sample_multinomial",
    "shuffle",
]

Tensor = torch.Tensor

_BERNOULLI_TYPES = (torch.bool, torch.float16, torch.float32, torch.float64, torch.int32, torch.uint8)
_INDEX_TYPES = (torch.float16, torch.float32, torch.float64, torch.int32, torch.uint8)
_INTEGER_TYPES = (torch.int32, torch.int64)


def _one_of(dtype: torch.dtype, accepted: tuple[torch.dtype, ...], where: str) -> torch.dtype:
    if dtype not in accepted:
        names = ", ".join(map(name_of, accepted))
        raise MXNetError(f"{where}: dtype must be one of {names}, not {name_of(dtype)}")
    return dtype


@operator("_random_randint", "random_randint", "_npi_random_randint")
def randint(*, low: int, high: int, shape: Shape | None = None, ctx: str = "", dtype: DType | None = None) -> Tensor:
    """Integers from `low` up to `high`, which is left out."""
    if low >= high:
        raise ValueError(f"randint: low >= high: there is no integer from {low} up to {high}")
    result_type = _one_of(dtype or torch.int32, _INTEGER_TYPES, "randint")
    limits = torch.iinfo(result_type)
    if low < limits.min or high - 1 > limits.max:
        raise MXNetError(f"randint: {low} to {high} does not fit {name_of(result_type)}")
    where = torch_device(ctx) or CPU
    size = (1,) if shape is None else shape
    return torch.randint(low, high, size, generator=generator_for(where), dtype=result_type, device=where)


@operator("_npi_bernoulli", when={"input1": lambda attributes: attributes["prob"] is attributes["logit"] is None})
def bernoulli(
    input1: Tensor | None = None,
    *,
    prob: float | None,
    logit: float | None,
    is_logit: bool,
    size: Shape | None = None,
    ctx: str = "cpu",
    dtype: DType | None = None,
) -> Tensor:
    """1 with the given probability, or with the sigmoid of a logit; else 0."""
    result_type = _one_of(dtype or torch.float32, _BERNOULLI_TYPES, "bernoulli")
    value = input1 if input1 is not None else (logit if is_logit else prob)
    device = value.device if isinstance(value, Tensor) else torch_device(ctx) or CPU
    shape = value.shape if isinstance(value, Tensor) and size is None else size or ()
    empty = blank(shape, torch.float32, device)
    if not is_logit:
        check("bernoulli", "prob", value, PROBABILITY)
    chance = expanded(value.detach() if isinstance(value, Tensor) else value, empty)
    chance = torch.sigmoid(chance) if is_logit else chance
    return cut_to(torch.bernoulli(chance, generator=generator_for(device)), result_type)


@operator("_npi_choice", when={"input1": itemgetter("weighted")})
def choice(
    input1: Tensor | None = None,
    *,
    a: int,
    size: Shape | None,
    ctx: str = "cpu",
    replace: bool = True,
    weighted: bool = False,
) -> Tensor:
    """Numbers below `a`; if `weighted`, number ``i`` with probability ``input1[i]``."""
    shape = size or ()
    count = blank(shape, torch.float32, torch.device("meta")).numel()
    if a < 1 and count:
        raise ValueError(f"choice: a must be greater than 0, not {a}")
    if not replace and count > a:
        raise ValueError(f"choice: Cannot take a larger sample than population when replace is False: {count} of {a}")
    if weighted:
        return _weighted_choice(input1.detach(), a, count, replace).reshape(shape)
    where = torch_device(ctx) or CPU
    generator = generator_for(where)
    if replace:
        return torch.randint(max(a, 1), shape, generator=generator, device=where)
    return torch.randperm(a, generator=generator, device=where)[:count].reshape(shape)


def _weighted_choice(p: Tensor, a: int, count: int, replace: bool) -> Tensor:
    if tuple(p.shape) != (a,):
        raise ValueError(f"choice: a and p must have the same size: {a} and {tuple(p.shape)}")
    p = p.double()
    if not p.is_meta:
        if not bool((p >= 0).all()):
            raise ValueError("choice: probabilities are not non-negative numbers")
        if abs(float(p.sum()) - 1) > 1e-3:
            raise ValueError(f"choice: probabilities do not sum to 1, but to {float(p.sum())}")
        if not replace and int((p > 0).sum()) < count:
            raise ValueError(f"choice: fewer non-zero entries in p than the size {count}")
    if not replace:
        # The `count` first arrivals of independent waiting times with rates p.
        return (unit_exponential(torch.empty_like(p)) / p).topk(count, largest=False).indices
    steps = p.cumsum(0)
    noise = torch.rand(count, dtype=p.dtype, device=p.device, generator=generator_for(p.device))
    return torch.searchsorted(steps, noise * steps[-1], right=True).clamp_(max=a - 1)


@operator("_npi_multinomial", when={"a": lambda attributes: attributes["pvals"] is None})
def multinomial(a: Tensor | None = None, *, n: int, pvals: Floats | None = None, size: Shape | None = None) -> Tensor:
    """How often each outcome comes up in `n` draws with probabilities `pvals` (or the input)."""
    p = torch.tensor(pvals, dtype=torch.float64) if a is None else a.detach().double()
    if p.dim() != 1:
        raise MXNetError(f"multinomial: object too deep for desired array: pvals has shape {tuple(p.shape)}")
    if n < 0:
        raise ValueError(f"multinomial: n must not be negative, but is {n}")
    if not p.is_meta:
        check("multinomial", "pvals", p, PROBABILITY)
        if float(p[:-1].sum()) > 1 + 1e-6:
            raise MXNetError(f"multinomial: sum(pvals[:-1]) > 1.0: it is {float(p[:-1].sum())}")
    counts = blank((*(size or ()), 1), torch.float64, p.device).fill_(n)
    return _split(counts, p.expand(*counts.shape[:-1], len(p))).to(torch.int64)


def _with_probability(attributes: dict[str, Any], inputs: int) -> int:
    return 2 if attributes["get_prob"] else 1


@operator(
    "_sample_multinomial",
    "sample_multinomial",
    "_npx__random_multinomial",
    outputs=_with_probability,
    when={"p": lambda attributes: True},
)
def sample_multinomial(
    n: Tensor,
    p: Tensor | None = None,
    *,
    shape: Shape = (),
    ctx: str = "",
    dtype: DType = torch.int32,
    get_prob: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Counts of outcomes in ``n[i]`` draws with probabilities ``p[i]``, `shape` times each.

    With one input it is what MXNet 1.x means by this name: `categorical`.
    """
    if p is None:
        return categorical.body(n, shape=shape, get_prob=get_prob, dtype=dtype)
    result_type = _one_of(dtype, _INDEX_TYPES, "multinomial")
    if n.shape != p.shape[:-1]:
        raise MXNetError(f"multinomial: n of shape {tuple(n.shape)} does not fit p of shape {tuple(p.shape)}")
    check("multinomial", "p", p, PROBABILITY, MXNetError)
    ones = [1] * len(shape)
    counts = n.detach().double().reshape(*n.shape, *ones, 1).expand(*n.shape, *shape, 1)
    chances = p.detach().double().reshape(*n.shape, *ones, p.shape[-1])
    return cut_to(_split(counts, chances.expand(*n.shape, *shape, p.shape[-1])), result_type)


def _split(counts: Tensor, p: Tensor) -> Tensor:
    """Each count shared out among the outcomes: binomially, one outcome after the other."""
    if not p.shape[-1]:
        return counts[..., :0]
    left, rest = counts[..., 0], torch.ones_like(counts[..., 0])
    shares = []
    for number in range(p.shape[-1] - 1):
        chance = torch.where(rest > 0, p[..., number] / rest, 0).clamp(0, 1)
        shares.append(binomial(left, chance))
        left, rest = left - shares[-1], rest - p[..., number]
    return torch.stack([*shares, left], -1)


@operator(
    "_sample_categorical",
    "sample_categorical",
    "_npx__random_categorical",
    outputs=_with_probability,
)
def categorical(
    data: Tensor, *, shape: Shape = (), get_prob: bool = False, dtype: DType = torch.int32
) -> Tensor | tuple[Tensor, Tensor]:
    """Outcomes with the probabilities in the last axis; with `get_prob` their log probabilities too."""
    result_type = _one_of(dtype, _INDEX_TYPES, "categorical")
    check("categorical", "data", data.detach(), PROBABILITY, MXNetError)
    rows = data.detach().reshape(-1, data.shape[-1])
    count = blank(shape, torch.float32, torch.device("meta")).numel()
    drawn = rows.new_empty((len(rows), 0), dtype=torch.int64)
    if count and len(rows):
        drawn = torch.multinomial(rows, count, replacement=True, generator=generator_for(data.device))
    size = (*data.shape[:-1], *shape) or (1,)
    result = cut_to(drawn.reshape(size), result_type)
    if not get_prob:
        return result
    return result, data.reshape(rows.shape).gather(1, drawn).log().reshape(size)


@operator("_shuffle", "shuffle", "_npi_shuffle")
def shuffle(data: Tensor) -> Tensor:
    """The rows (entries along the first axis) in random order."""
    if not data.dim():
        return data.clone()
    order = torch.randperm(len(data), generator=generator_for(data.device), device=data.device)
    return data.index_select(0, order)


@operator("_npi_multivariate_normal")
def multivariate_normal(mean: Tensor, cov: Tensor, *, size: Shape | None = None) -> Tensor:
    """Vectors around `mean` with covariance `cov`; leading axes of both are batches."""
    length = mean.shape[-1] if mean.dim() else 0
    if not mean.dim() or tuple(cov.shape[-2:]) != (length, length):
        raise MXNetError(
            "multivariate_normal: expect a mean of n numbers and a covariance of n times n, not the shapes "
            f"{tuple(mean.shape)} and {tuple(cov.shape)}"
        )
    batch = common_shape("multivariate_normal", mean.shape[:-1], cov.shape[:-2])
    noise = blank((*(size or ()), *batch, length), mean.dtype, mean.device)
    noise = noise.normal_(generator=generator_for(mean.device)).to(mean.dtype)
    return mean + (torch.linalg.cholesky(cov) @ noise.unsqueeze(-1)).squeeze(-1)
