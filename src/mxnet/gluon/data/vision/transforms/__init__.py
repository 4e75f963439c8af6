"""Transforms of images, as blocks.

Images are arrays (height, width, channels), uint8 with values from 0 to 255, until `ToTensor` makes them float32
(channels, height, width) with values from 0 to 1. A transform called with more than the image gives the rest back as
it came: ``Resize(32)(image, label)`` is ``(resized, label)``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from mxnet.gluon.block import Block, HybridBlock
from mxnet.gluon.data.vision.transforms._base import as_image, chance, with_rest
from mxnet.gluon.data.vision.transforms.color import (
    RandomBrightness,
    RandomColorJitter,
    RandomContrast,
    RandomGray,
    RandomHue,
    RandomLighting,
    RandomSaturation,
)
from mxnet.gluon.data.vision.transforms.image import (
    CenterCrop,
    CropResize,
    Normalize,
    RandomCrop,
    RandomFlipLeftRight,
    RandomFlipTopBottom,
    RandomResizedCrop,
    RandomRotation,
    Resize,
    Rotate,
    ToTensor,
)
from mxnet.gluon.nn import HybridSequential, Sequential

__all__ = [
    "Cast",
    "CenterCrop",
    "Compose",
    "CropResize",
    "HybridCompose",
    "HybridRandomApply",
    "Normalize",
    "RandomApply",
    "RandomBrightness",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomFlipLeftRight",
    "RandomFlipTopBottom",
    "RandomGray",
    "RandomHue",
    "RandomLighting",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSaturation",
    "Resize",
    "Rotate",
    "ToTensor",
]


class Compose(Sequential):
    """Transforms one after the other.

    Parameters
    ----------
    transforms : list of Block or callable

    Examples
    --------
    >>> from mxnet.gluon.data.vision import transforms
    >>> change = transforms.Compose([transforms.Resize(8), transforms.ToTensor()])
    >>> change(mx.np.zeros((16, 20, 3), dtype='uint8')).shape
    (3, 8, 8)
    """

    def __init__(self, transforms: Sequence[Any]) -> None:
        super().__init__()
        self.add(*[step if isinstance(step, Block) else _Function(step) for step in transforms])


class HybridCompose(HybridSequential):
    """`Compose` for transforms that are HybridBlocks; it is hybridized from the start.

    Raises
    ------
    ValueError
        If one of them is no HybridBlock.
    """

    def __init__(self, transforms: Sequence[HybridBlock]) -> None:
        for step in transforms:
            if not isinstance(step, HybridBlock):
                raise ValueError(f"{step} is not a HybridBlock, try use `Compose` instead")
        super().__init__()
        self.add(*transforms)
        self.hybridize()


class RandomApply(Sequential):
    """A transform (or a list of them) applied with probability `p`, which Python's ``random`` decides."""

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = Compose(transforms) if isinstance(transforms, (list, tuple)) else transforms
        self.p = p

    def forward(self, x: Any, *args: Any) -> Any:
        if random.random() < self.p:
            return self.transforms(x, *args)
        return with_rest(x, args)


class HybridRandomApply(HybridSequential):
    """A transform applied with probability `p`, which `mx.random` decides.

    Raises
    ------
    AssertionError
        If it is no HybridBlock.
    """

    def __init__(self, transforms: HybridBlock, p: float = 0.5) -> None:
        if not isinstance(transforms, HybridBlock):
            raise AssertionError(f"{transforms} is not a HybridBlock, try use `RandomApply` instead")
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, x: Any, *args: Any) -> Any:
        if chance(self.p):
            return self.transforms(x, *args)
        return with_rest(x, args)


class Cast(HybridBlock):
    """The image as another data type."""

    def __init__(self, dtype: Any = "float32") -> None:
        super().__init__()
        self._dtype = dtype

    def forward(self, x: Any, *args: Any) -> Any:
        return with_rest(as_image(x).astype(self._dtype), args)


class _Function(Block):
    """A plain function as a step of `Compose`."""

    def __init__(self, function: Any) -> None:
        if not callable(function):
            raise TypeError(f"a transform must be a Block or a function, not {type(function).__name__}")
        super().__init__()
        self._function = function

    def forward(self, x: Any, *args: Any) -> Any:
        return self._function(x, *args)
