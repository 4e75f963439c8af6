"""Changes of images at random, drawn from a generator that is handed in: OpenCV on arrays (H, W, C), uint8.

The transforms of `gluon.data.vision` and the augmenters of `mx.image` draw from generators of the process, whose state
depends on everything drawn before. Here each image has a generator of its own, so that a worker process, a thread and
a resumed run all change it in the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

__all__ = ["Augment", "centred", "preset"]

_SMALL = 64  # up to this size images are shown whole, and shifted rather than cut
_SHOWN = 0.875  # of the shorter side, at evaluation
_TRIES = 10


@dataclass(frozen=True)
class Augment:
    """What `preset` makes: sizes and strengths, each of which 0 turns off.

    Attributes
    ----------
    size : int
        Height and width of what comes out.
    area : (float, float) or None
        Share of the image that is cut out, in a shape between 3:4 and 4:3; None shows the image whole, as at
        evaluation.
    shift : int
        Pixels by which an image that is shown whole moves at most.
    flip : bool
        Whether it is mirrored every other time.
    colour : float
        How far brightness, contrast and saturation change.
    turn : float
        Degrees it turns at most.
    grey, erase : float
        How often it loses its colours, or a rectangle of it its content.
    """

    size: int
    area: tuple[float, float] | None = None
    shift: int = 0
    flip: bool = False
    colour: float = 0.0
    turn: float = 0.0
    grey: float = 0.0
    erase: float = 0.0

    def __call__(self, image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        """The image (size, size, C), changed as `draw` says."""
        image = centred(image, self.size) if self.area is None else _cut(image, self.size, self.area, draw)
        if self.shift:
            image = _shifted(image, draw.integers(-self.shift, self.shift + 1, 2))
        if self.turn:
            image = _turned(image, draw.uniform(-self.turn, self.turn))
        if self.flip and draw.random() < 0.5:
            image = image[:, ::-1]
        if self.colour:
            image = _recoloured(image, draw.uniform(-self.colour, self.colour, 3))
        if self.grey and draw.random() < self.grey:
            image = _without_colour(image)
        if self.erase and draw.random() < self.erase:
            image = _erased(image, draw)
        return np.ascontiguousarray(image)


def preset(name: str, size: int, flip: bool) -> Augment:
    """One of ``none``, ``light``, ``standard`` and ``strong``, for images of this size."""
    small = size <= _SMALL
    if name == "none":
        return Augment(size)
    if name == "light":
        if small:
            return Augment(size, shift=max(1, size // 12), flip=flip)
        return Augment(size, area=(0.6, 1.0), flip=flip)
    if name == "standard":
        return Augment(size, area=(0.6, 1.0) if small else (0.3, 1.0), flip=flip, colour=0.2)
    return Augment(
        size, area=(0.5, 1.0) if small else (0.15, 1.0), flip=flip, colour=0.4, turn=12, grey=0.05, erase=0.25
    )


def centred(image: np.ndarray, size: int) -> np.ndarray:
    """The middle of the image, (size, size, C), as it is shown at evaluation."""
    height, width = image.shape[:2]
    side = min(height, width)
    if size > _SMALL:
        side = max(1, round(side * _SHOWN))
    top, left = (height - side) // 2, (width - side) // 2
    return _resized(image[top : top + side, left : left + side], size)


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    if image.shape[:2] != (size, size):
        method = cv2.INTER_AREA if min(image.shape[:2]) > size else cv2.INTER_LINEAR
        image = cv2.resize(image, (size, size), interpolation=method)
    return image if image.ndim == 3 else image[:, :, None]  # OpenCV drops the axis of a single channel


def _cut(image: np.ndarray, size: int, area: tuple[float, float], draw: np.random.Generator) -> np.ndarray:
    """A rectangle at random, made a square; the middle if none fits."""
    height, width = image.shape[:2]
    for _ in range(_TRIES):
        pixels = draw.uniform(*area) * height * width
        ratio = math.exp(draw.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(pixels * ratio)), round(math.sqrt(pixels / ratio))
        if 0 < w <= width and 0 < h <= height:
            top, left = draw.integers(height - h + 1), draw.integers(width - w + 1)
            return _resized(image[top : top + h, left : left + w], size)
    return centred(image, size)


def _shifted(image: np.ndarray, by: np.ndarray) -> np.ndarray:
    """The image moved down and to the right; what becomes free repeats the edge."""
    height, width = image.shape[:2]
    rows = np.clip(np.arange(height) - by[0], 0, height - 1)
    columns = np.clip(np.arange(width) - by[1], 0, width - 1)
    return image[rows[:, None], columns]


def _turned(image: np.ndarray, degrees: float) -> np.ndarray:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    turned = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    return turned if turned.ndim == 3 else turned[:, :, None]


def _recoloured(image: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Brightness, contrast and saturation times 1 + `by`."""
    brightness, contrast, saturation = (1 + by).tolist()  # Python's numbers leave float32 as it is
    values = image.astype(np.float32) * brightness
    mean = values.mean()
    values = mean + (values - mean) * contrast
    if image.shape[2] == 3:
        grey = cv2.cvtColor(values, cv2.COLOR_RGB2GRAY)[:, :, None]
        values = grey + (values - grey) * saturation
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _without_colour(image: np.ndarray) -> np.ndarray:
    if image.shape[2] != 3:
        return image
    return np.repeat(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def _erased(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """A rectangle of up to a third of the image filled with noise."""
    height, width = image.shape[:2]
    pixels = draw.uniform(0.02, 1 / 3) * height * width
    ratio = math.exp(draw.uniform(math.log(0.3), math.log(1 / 0.3)))
    h = min(height, max(1, round(math.sqrt(pixels / ratio))))
    w = min(width, max(1, round(math.sqrt(pixels * ratio))))
    top, left = draw.integers(height - h + 1), draw.integers(width - w + 1)
    image = image.copy()
    image[top : top + h, left : left + w] = draw.integers(0, 256, (h, w, image.shape[2]), dtype=np.uint8)
    return image
