"""Initializers that draw random numbers."""

from __future__ import annotations

import math
from typing import Any

import torch

from mxnet.initializer._base import Initializer, fill, register

__all__ = ["MSRAPrelu", "Normal", "Orthogonal", "Uniform", "Xavier"]


def _uniform(blank: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return blank.uniform_(-1, 1, generator=generator)


def _normal(blank: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return blank.normal_(generator=generator)


_NOISE = {"uniform": _uniform, "normal": _normal, "gaussian": _normal}


def _check_rank(what: str, name: str, arr: Any) -> None:
    if len(arr.shape) < 2:
        raise ValueError(f"{what} initializer cannot be applied to vector {name}. It requires at least 2D.")


@register
class Uniform(Initializer):
    """Uniform between ``-scale`` and ``scale``; the default of `Block.initialize`."""

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, name: str, arr: Any) -> None:
        fill(arr, lambda blank, generator: _uniform(blank, generator).mul_(self.scale))


@register
class Normal(Initializer):
    """Normal around 0 with standard deviation `sigma`."""

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, name: str, arr: Any) -> None:
        fill(arr, lambda blank, generator: blank.normal_(generator=generator).mul_(self.sigma))


@register
class Orthogonal(Initializer):
    """Orthonormal rows or columns, whichever are fewer, times `scale`.

    Parameters
    ----------
    scale : float, default 1.414
    rand_type : {'uniform', 'normal'}, default 'uniform'
        Distribution of the random matrix that is made orthogonal.

    Raises
    ------
    ValueError
        For another `rand_type`; when called, for an array of less than 2 dimensions.
    """

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform") -> None:
        if rand_type not in _NOISE:
            raise ValueError(f"rand_type must be 'uniform' or 'normal', not {rand_type!r}")
        super().__init__(scale=scale, rand_type=rand_type)
        self.scale = scale
        self.rand_type = rand_type

    def _init_weight(self, name: str, arr: Any) -> None:
        _check_rank("Orthogonal", name, arr)
        fill(arr, self._draw)

    def _draw(self, blank: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if not blank.numel():
            return blank
        noise = _NOISE[self.rand_type](blank, generator).flatten(1)
        left, _, right = torch.linalg.svd(noise, full_matrices=False)
        basis = left if left.shape == noise.shape else right
        return basis.mul(self.scale).reshape(blank.shape)


@register
class Xavier(Initializer):
    """Random values that keep the scale of activations and gradients alike from layer to layer.

    The scale is ``sqrt(magnitude / factor)``: the bound of the uniform, the standard deviation of the gaussian
    distribution. The first dimension counts as outputs, the second as inputs, each times the size of the kernel.

    Parameters
    ----------
    rnd_type : {'uniform', 'gaussian'}, default 'uniform'
    factor_type : {'avg', 'in', 'out'}, default 'avg'
        Whether the factor is the number of inputs, of outputs, or their mean.
    magnitude : float, default 3

    Raises
    ------
    ValueError
        For other types or a negative magnitude; when called, for an array of less than 2 dimensions.
    """

    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3) -> None:
        if rnd_type not in _NOISE or rnd_type == "normal":
            raise ValueError(f"Unknown random type {rnd_type!r}: rnd_type is 'uniform' or 'gaussian'")
        if factor_type not in ("avg", "in", "out"):
            raise ValueError(f"Incorrect factor type {factor_type!r}: factor_type is 'avg', 'in' or 'out'")
        if not float(magnitude) >= 0:
            raise ValueError(f"magnitude must not be negative, but is {magnitude}")
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.rnd_type = rnd_type
        self.factor_type = factor_type
        self.magnitude = float(magnitude)

    def _init_weight(self, name: str, arr: Any) -> None:
        _check_rank("Xavier", name, arr)
        kernel = math.prod(arr.shape[2:])
        outputs, inputs = arr.shape[0] * kernel, arr.shape[1] * kernel
        factor = {"avg": (inputs + outputs) / 2, "in": inputs, "out": outputs}[self.factor_type]
        scale = math.sqrt(self.magnitude / factor) if factor else 0.0
        fill(arr, lambda blank, generator: _NOISE[self.rnd_type](blank, generator).mul_(scale))


@register
class MSRAPrelu(Xavier):
    """Gaussian `Xavier` for layers followed by a (leaky) ReLU with the given slope below zero."""

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}
