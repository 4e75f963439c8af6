"""Augmenters: changes of an image, mostly random, as objects that describe themselves.

They draw from Python's ``random`` and from ``numpy.random``, as in MXNet.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mxnet.image import image as _image
from mxnet.ndarray._array import Array, read, wrap
from mxnet.operators.image_color import EIGENVALUES, EIGENVECTORS, GRAY

__all__ = [
    "Augmenter",
    "BrightnessJitterAug",
    "CastAug",
    "CenterCropAug",
    "ColorJitterAug",
    "ColorNormalizeAug",
    "ContrastJitterAug",
    "CreateAugmenter",
    "ForceResizeAug",
    "HorizontalFlipAug",
    "HueJitterAug",
    "LightingAug",
    "RandomCropAug",
    "RandomGrayAug",
    "RandomOrderAug",
    "RandomSizedCropAug",
    "ResizeAug",
    "SaturationJitterAug",
    "SequentialAug",
]

MEAN = np.array([123.68, 116.28, 103.53])
STD = np.array([58.395, 57.12, 57.375])
"""Mean and standard deviation of ImageNet's colours, what ``mean=True`` and ``std=True`` stand for."""


class Described:
    """What tells its name and its arguments: the base of all augmenters.

    Keyword arguments are what `dumps` shows.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = {
            name: value.asnumpy().tolist() if isinstance(value, Array)
            else value.tolist() if isinstance(value, np.ndarray)
            else value
            for name, value in kwargs.items()
        }  # fmt: skip

    def dumps(self) -> Any:
        """The augmenter as JSON: its lower-case name and its arguments."""
        return json.dumps([type(self).__name__.lower(), self._kwargs])


class Augmenter(Described):
    """The base of augmenters: called with an image (H, W, C) it returns another.

    Keyword arguments are what `dumps` shows.
    """

    def __call__(self, src: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, src)")


class SequentialAug(Augmenter):
    """Augmenters one after the other."""

    def __init__(self, ts: Sequence[Augmenter]) -> None:
        super().__init__()
        self.ts = list(ts)

    def dumps(self) -> Any:
        return [type(self).__name__.lower(), [step.dumps() for step in self.ts]]

    def __call__(self, src: Any) -> Any:
        for step in self.ts:
            src = step(src)
        return src


class RandomOrderAug(SequentialAug):
    """Augmenters one after the other, in an order drawn anew each time."""

    def __call__(self, src: Any) -> Any:
        random.shuffle(self.ts)
        return super().__call__(src)


class ResizeAug(Augmenter):
    """`resize_short`."""

    def __init__(self, size: int, interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size = size
        self.interp = interp

    def __call__(self, src: Any) -> Any:
        return _image.resize_short(src, self.size, self.interp)


class ForceResizeAug(Augmenter):
    """The image at `size` (width, height), whatever its proportions."""

    def __init__(self, size: tuple[int, int], interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size = size
        self.interp = interp

    def __call__(self, src: Any) -> Any:
        sizes = (*src.shape[:2], self.size[1], self.size[0])
        return _image.imresize(src, *self.size, interp=_image._interpolation(self.interp, sizes))


class RandomCropAug(Augmenter):
    """`random_crop`."""

    def __init__(self, size: tuple[int, int], interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size = size
        self.interp = interp

    def __call__(self, src: Any) -> Any:
        return _image.random_crop(src, self.size, self.interp)[0]


class CenterCropAug(Augmenter):
    """`center_crop`."""

    def __init__(self, size: tuple[int, int], interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size = size
        self.interp = interp

    def __call__(self, src: Any) -> Any:
        return _image.center_crop(src, self.size, self.interp)[0]


class RandomSizedCropAug(Augmenter):
    """`random_size_crop`."""

    def __init__(
        self,
        size: tuple[int, int],
        area: float | tuple[float, float] | None = None,
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        interp: int = 2,
        *,
        min_area: float | None = None,
    ) -> None:
        area = min_area if area is None else area
        super().__init__(size=size, area=area, ratio=ratio, interp=interp)
        self.size = size
        self.area = area
        self.ratio = ratio
        self.interp = interp

    def __call__(self, src: Any) -> Any:
        return _image.random_size_crop(src, self.size, self.area, self.ratio, self.interp)[0]


class HorizontalFlipAug(Augmenter):
    """The image as a mirror shows it, with probability `p`."""

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p

    def __call__(self, src: Any) -> Any:
        return _image.mirrored(src) if random.random() < self.p else src


class CastAug(Augmenter):
    """The image as another data type."""

    def __init__(self, typ: Any = "float32") -> None:
        super().__init__(type=typ)
        self.typ = typ

    def __call__(self, src: Any) -> Any:
        return src.astype(self.typ)


class _FloatAug(Augmenter):
    """An augmenter that computes with numbers: integer images become float32."""

    def __call__(self, src: Any) -> Any:
        image = read(src)
        return wrap(type(src), self._change(image if image.is_floating_point() else image.float()), src._tag)

    def _change(self, image: Any) -> Any:
        raise NotImplementedError


class BrightnessJitterAug(_FloatAug):
    """Every value times a factor between 1 - `brightness` and 1 + `brightness`."""

    def __init__(self, brightness: float) -> None:
        super().__init__(brightness=brightness)
        self.brightness = brightness

    def _change(self, image: Any) -> Any:
        return image * (1.0 + random.uniform(-self.brightness, self.brightness))


class ContrastJitterAug(_FloatAug):
    """The distance from the mean grey times a factor between 1 - `contrast` and 1 + `contrast`."""

    def __init__(self, contrast: float) -> None:
        super().__init__(contrast=contrast)
        self.contrast = contrast

    def _change(self, image: Any) -> Any:
        factor = 1.0 + random.uniform(-self.contrast, self.contrast)
        return image * factor + (1 - factor) * (image * image.new_tensor(GRAY)).sum(-1).mean()


class SaturationJitterAug(_FloatAug):
    """The distance from each pixel's grey times a factor between 1 - `saturation` and 1 + `saturation`."""

    def __init__(self, saturation: float) -> None:
        super().__init__(saturation=saturation)
        self.saturation = saturation

    def _change(self, image: Any) -> Any:
        factor = 1.0 + random.uniform(-self.saturation, self.saturation)
        return image * factor + (1 - factor) * (image * image.new_tensor(GRAY)).sum(-1, keepdim=True)


class HueJitterAug(_FloatAug):
    """The hue turned by up to `hue` half circles, in the plane of chrominance of the YIQ colours."""

    def __init__(self, hue: float) -> None:
        super().__init__(hue=hue)
        self.hue = hue
        self.tyiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]])
        self.ityiq = np.array([[1.0, 0.956, 0.621], [1.0, -0.272, -0.647], [1.0, -1.107, 1.705]])

    def _change(self, image: Any) -> Any:
        angle = random.uniform(-self.hue, self.hue) * np.pi
        turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
        return image @ image.new_tensor((self.ityiq @ turn @ self.tyiq).T)


class ColorJitterAug(RandomOrderAug):
    """Brightness, contrast and saturation changed by up to these shares, in random order."""

    def __init__(self, brightness: float, contrast: float, saturation: float) -> None:
        kinds = (
            (BrightnessJitterAug, brightness),
            (ContrastJitterAug, contrast),
            (SaturationJitterAug, saturation),
        )
        super().__init__([kind(share) for kind, share in kinds if share > 0])


class LightingAug(_FloatAug):
    """AlexNet's noise: normally distributed with `alphastd` along the eigenvectors of the colours."""

    def __init__(self, alphastd: float, eigval: Any, eigvec: Any) -> None:
        super().__init__(alphastd=alphastd, eigval=eigval, eigvec=eigvec)
        self.alphastd = alphastd
        self.eigval = eigval
        self.eigvec = eigvec

    def _change(self, image: Any) -> Any:
        alpha = np.random.normal(0, self.alphastd, size=(3,))
        return image + image.new_tensor((np.asarray(self.eigvec) * alpha) @ np.asarray(self.eigval))


class ColorNormalizeAug(Augmenter):
    """`color_normalize`."""

    def __init__(self, mean: Any, std: Any) -> None:
        super().__init__(mean=mean, std=std)
        self.mean = mean
        self.std = std

    def __call__(self, src: Any) -> Any:
        return _image.color_normalize(src, self.mean, self.std)


class RandomGrayAug(_FloatAug):
    """The image in grey, still with three channels, with probability `p`."""

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p
        self.mat = np.array([[0.21] * 3, [0.72] * 3, [0.07] * 3])

    def __call__(self, src: Any) -> Any:
        return super().__call__(src) if random.random() < self.p else src

    def _change(self, image: Any) -> Any:
        return image @ image.new_tensor(self.mat)


def CreateAugmenter(
    data_shape: tuple[int, int, int],
    resize: int = 0,
    rand_crop: bool = False,
    rand_resize: bool = False,
    rand_mirror: bool = False,
    mean: Any = None,
    std: Any = None,
    brightness: float = 0,
    contrast: float = 0,
    saturation: float = 0,
    hue: float = 0,
    pca_noise: float = 0,
    rand_gray: float = 0,
    inter_method: int = 2,
) -> list[Callable[[Any], Any]]:
    """The augmenters of a usual recipe, in the order they are applied.

    Parameters
    ----------
    data_shape : (channels, height, width)
        Shape of the result.
    resize : int, default 0
        Length of the shorter side before cropping; 0 leaves it.
    rand_crop, rand_resize : bool, default False
        Crop at a random place rather than in the middle; of a random size too.
    rand_mirror : bool, default False
    mean, std : NDArray, array_like or True, optional
        What to normalize with; True for ImageNet's.
    brightness, contrast, saturation, hue, pca_noise, rand_gray : float, default 0
        Strength of the colour changes; probability of grey.
    inter_method : int, default 2
        As `interp` of `imresize`.

    Raises
    ------
    AssertionError
        If `rand_resize` is asked for without `rand_crop`, or `mean` or `std` has neither 1 nor 3 numbers.
    """
    if rand_resize and not rand_crop:
        raise AssertionError("rand_resize needs rand_crop")
    mean, std = normalization(mean, std)
    size = (data_shape[2], data_shape[1])
    steps: list[Augmenter] = []
    if resize > 0:
        steps.append(ResizeAug(resize, inter_method))
    if rand_resize:
        steps.append(RandomSizedCropAug(size, 0.08, (3.0 / 4.0, 4.0 / 3.0), inter_method))
    elif rand_crop:
        steps.append(RandomCropAug(size, inter_method))
    else:
        steps.append(CenterCropAug(size, inter_method))
    if rand_mirror:
        steps.append(HorizontalFlipAug(0.5))
    steps += colour_steps(brightness, contrast, saturation, hue, pca_noise, rand_gray)
    if mean is not None or std is not None:
        steps.append(ColorNormalizeAug(mean, std))
    return steps


def colour_steps(
    brightness: float, contrast: float, saturation: float, hue: float, pca_noise: float, rand_gray: float
) -> list[Augmenter]:
    """The augmenters that change colours, of a recipe: the first makes numbers of the values."""
    steps: list[Augmenter] = [CastAug()]
    if brightness or contrast or saturation:
        steps.append(ColorJitterAug(brightness, contrast, saturation))
    if hue:
        steps.append(HueJitterAug(hue))
    if pca_noise > 0:
        steps.append(LightingAug(pca_noise, np.array(EIGENVALUES), np.array(EIGENVECTORS)))
    if rand_gray > 0:
        steps.append(RandomGrayAug(rand_gray))
    return steps


def normalization(mean: Any, std: Any, dtype: str = "float32") -> tuple[Any, Any]:
    """`mean` and `std` of a recipe as arrays; for True ImageNet's, of `dtype`.

    Raises
    ------
    AssertionError
        If one is neither None nor True nor an array of 1 or 3 numbers.
    """
    mean = MEAN.astype(dtype) if mean is True else mean
    std = STD.astype(dtype) if std is True else std
    return _channels("mean", mean), _channels("std", std)


def _channels(name: str, values: Any) -> Any:
    if values is None:
        return None
    if not isinstance(values, (Array, np.ndarray)) or values.ndim == 0 or values.shape[0] not in (1, 3):
        raise AssertionError(f"{name} must be True or an array of 1 or 3 numbers, not {values!r}")
    return values
