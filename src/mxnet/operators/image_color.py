"""Operators on the colours of one image (height, width, channels), in numbers from 0 to 255."""

from __future__ import annotations

import torch

from mxnet._generators import generator_for
from mxnet.base import MXNetError
from mxnet.operators._device import CPU
from mxnet.operators.attributes import Floats
from mxnet.operators.catalogue import operator
from mxnet.operators.image import check_image, draw

__all__ = ["EIGENVALUES", "EIGENVECTORS", "GRAY"]

Tensor = torch.Tensor

GRAY = (0.299, 0.587, 0.114)
"""What red, green and blue give to the brightness."""
EIGENVALUES = (55.46, 4.794, 1.148)
"""Variance of ImageNet's colours along the three directions of `EIGENVECTORS`' columns."""
EIGENVECTORS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))


def _exact(data: Tensor) -> Tensor:
    return data if data.is_floating_point() else data.to(torch.float32)


def _back(values: Tensor, data: Tensor) -> Tensor:
    """`values` in the type of `data`: an integer type takes the whole part of what fits into it."""
    if data.is_floating_point():
        return values
    bounds = torch.iinfo(data.dtype)
    return values.clamp(bounds.min, bounds.max).to(data.dtype)


def _gray(image: Tensor) -> Tensor:
    if image.shape[-1] == 1:
        return image
    return (image * image.new_tensor(GRAY)).sum(-1, keepdim=True)


def _check_factors(low: float, high: float) -> None:
    if low < 0 or high < 0:
        raise MXNetError(f"min_factor and max_factor must not be negative, but are {low} and {high}")


def _check_color(data: Tensor) -> None:
    check_image(data, batches=False)
    if data.shape[-1] not in (1, 3):
        raise MXNetError(f"an image must have 1 or 3 channels, last of its dimensions, not shape {list(data.shape)}")


def _scale(image: Tensor, factor: float) -> Tensor:
    return image * factor


def _stretch(image: Tensor, factor: float) -> Tensor:
    return image * factor + (1 - factor) * _gray(image).mean()


def _saturate(image: Tensor, factor: float) -> Tensor:
    return image if image.shape[-1] == 1 else image * factor + (1 - factor) * _gray(image)


def _turn(image: Tensor, factor: float) -> Tensor:
    """Turn the hue by `factor` circles; the largest and the smallest of the channels keep their values."""
    if image.shape[-1] == 1:
        return image
    red, green, blue = image.unbind(-1)
    high, low = image.amax(-1), image.amin(-1)
    span = high - low
    safe = torch.where(span > 0, span, torch.ones_like(span))
    hue = torch.where(
        high == red,
        (green - blue) / safe,
        torch.where(high == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = hue + 6 * factor
    # A channel is highest within one sixth of its own hue, lowest beyond two, and goes straight in between.
    channels = []
    for own in (0, 2, 4):
        apart = torch.remainder(hue - own, 6.0)
        apart = torch.minimum(apart, 6 - apart)
        channels.append(low + span * (2 - apart).clamp(0, 1))
    return torch.stack(channels, -1)


def _jitter(name: str, change: object, doc: str) -> None:
    def body(data: Tensor, *, min_factor: float, max_factor: float) -> Tensor:
        _check_color(data)
        _check_factors(min_factor, max_factor)
        return _back(change(_exact(data), draw(data, min_factor, max_factor)), data)

    body.__doc__ = doc
    operator(f"_image_{name}", f"_npx__image_{name}", views=True)(body)


_jitter("random_brightness", _scale, "Every value times a random factor.")
_jitter("random_contrast", _stretch, "The distance of every value from the mean grey times a random factor.")
_jitter("random_saturation", _saturate, "The distance of every value from its pixel's grey times a random factor.")
_jitter("random_hue", _turn, "The hue turned by a random number of circles.")


@operator("_image_random_color_jitter", "_npx__image_random_color_jitter", views=True)
def random_color_jitter(data: Tensor, *, brightness: float, contrast: float, saturation: float, hue: float) -> Tensor:
    """Brightness, contrast, saturation and hue changed by up to these shares, in random order."""
    _check_color(data)
    image = _exact(data)
    changes = [
        (change, centre, share)
        for change, centre, share in (
            (_scale, 1.0, brightness),
            (_stretch, 1.0, contrast),
            (_saturate, 1.0, saturation),
            (_turn, 0.0, hue),
        )
        if share > 0
    ]
    while changes:
        change, centre, share = changes.pop(int(draw(data, 0, len(changes))))
        image = change(image, centre + draw(data, -share, share))
    return _back(image, data)


@operator("_image_adjust_lighting", "_npx__image_adjust_lighting", views=True)
def adjust_lighting(data: Tensor, *, alpha: Floats) -> Tensor:
    """ImageNet's colour directions, `alpha` standard deviations of each, added to every pixel."""
    _check_color(data)
    if len(alpha) != 3:
        raise MXNetError(f"alpha must be three numbers, not {alpha}")
    if data.shape[-1] == 1:
        return data
    image = _exact(data)
    return _back(image + image.new_tensor(_lighting(alpha)), data)


@operator("_image_random_lighting", "_npx__image_random_lighting", views=True)
def random_lighting(data: Tensor, *, alpha_std: float = 0.05) -> Tensor:
    """`adjust_lighting` with normally distributed alphas of this standard deviation."""
    _check_color(data)
    if data.is_meta or data.shape[-1] == 1:
        return data
    normal = torch.randn(3, generator=generator_for(CPU))
    return adjust_lighting.body(data, alpha=tuple((normal * alpha_std).tolist()))


def _lighting(alpha: tuple[float, ...]) -> list[float]:
    weights = [value * share for value, share in zip(EIGENVALUES, alpha, strict=True)]
    return [sum(entry * weight for entry, weight in zip(row, weights, strict=True)) for row in EIGENVECTORS]
