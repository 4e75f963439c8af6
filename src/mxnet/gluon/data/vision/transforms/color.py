"""Random transforms of an image's colours, for images (height, width, channels) of 0 to 255."""

from __future__ import annotations

from typing import Any

from mxnet.gluon.block import HybridBlock
from mxnet.gluon.data.vision.transforms._base import OperatorTransform, as_image, chance, with_rest
from mxnet.numpy import array, dot
from mxnet.operators.image_color import GRAY

__all__ = [
    "RandomBrightness",
    "RandomColorJitter",
    "RandomContrast",
    "RandomGray",
    "RandomHue",
    "RandomLighting",
    "RandomSaturation",
]


class _Jitter(OperatorTransform):
    """One of the operators that take a factor from a range around 1."""

    _name: str

    def __init__(self, share: float) -> None:
        super().__init__()
        self._set_operator(self._name, min_factor=max(0, 1 - share), max_factor=1 + share)


class RandomBrightness(_Jitter):
    """Every value times a factor between 1 - `brightness` and 1 + `brightness`."""

    _name = "_image_random_brightness"

    def __init__(self, brightness: float) -> None:
        super().__init__(brightness)


class RandomContrast(_Jitter):
    """The distance from the mean grey times a factor between 1 - `contrast` and 1 + `contrast`."""

    _name = "_image_random_contrast"

    def __init__(self, contrast: float) -> None:
        super().__init__(contrast)


class RandomSaturation(_Jitter):
    """The distance from each pixel's grey times a factor between 1 - `saturation` and 1 + `saturation`."""

    _name = "_image_random_saturation"

    def __init__(self, saturation: float) -> None:
        super().__init__(saturation)


class RandomHue(_Jitter):
    """The hue turned by up to `hue` circles in either direction."""

    _name = "_image_random_hue"

    def __init__(self, hue: float) -> None:
        super().__init__(hue)


class RandomColorJitter(OperatorTransform):
    """Brightness, contrast, saturation and hue changed by up to these shares, in random order."""

    def __init__(self, brightness: float = 0, contrast: float = 0, saturation: float = 0, hue: float = 0) -> None:
        super().__init__()
        self._set_operator(
            "_image_random_color_jitter",
            brightness=brightness, contrast=contrast, saturation=saturation, hue=hue,
        )  # fmt: skip


class RandomLighting(OperatorTransform):
    """AlexNet's noise: normally distributed with standard deviation `alpha` along ImageNet's colour directions."""

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self._set_operator("_image_random_lighting", alpha_std=alpha)


class RandomGray(HybridBlock):
    """The image in grey, still with three channels, with probability `p`; always float32."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p
        self._weights = [[share] * 3 for share in GRAY]

    def forward(self, x: Any, *args: Any) -> Any:
        x = as_image(x).astype("float32")
        if chance(self.p):
            x = dot(x, array(self._weights, device=x.device))
        return with_rest(x, args)
