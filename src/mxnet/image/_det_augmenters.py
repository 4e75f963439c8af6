"""Augmenters for object detection: changes of an image and of the boxes of its objects, together.

They draw from Python's ``random``, in the order of MXNet: what is seeded alike comes out alike.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np

from mxnet.image import image as _image
from mxnet.image.augmenter import Augmenter, Described
from mxnet.io import _boxes
from mxnet.io._boxes import Rectangle
from mxnet.ndarray._array import Array

__all__ = [
    "DetAugmenter",
    "DetBorrowAug",
    "DetHorizontalFlipAug",
    "DetRandomCropAug",
    "DetRandomPadAug",
    "DetRandomSelectAug",
    "Range",
    "range_of",
]

_SMALLEST = 2
"""Pixels: an object as small as that has no say in where an image is cropped."""

Range = tuple[float, float]


class DetAugmenter(Described):
    """The base of augmenters for detection: called with an image (H, W, C) and its objects it returns both anew.

    Objects are rows of a NumPy array (objects, 5 or more): a class, then left, top, right and bottom of a box in shares
    of the image's width and height, then whatever else; that stays as it is. Keyword arguments are what `dumps` shows.
    """

    def __call__(self, src: Any, label: Any) -> tuple[Any, np.ndarray]:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, src, label)")


class DetBorrowAug(DetAugmenter):
    """An augmenter of images alone, which moves nothing in them: colours, types, sizes.

    Raises
    ------
    TypeError
        If it is no `mx.image.Augmenter`.
    """

    def __init__(self, augmenter: Augmenter) -> None:
        if not isinstance(augmenter, Augmenter):
            raise TypeError(f"Borrowing from invalid Augmenter: expected an mx.image.Augmenter, not {augmenter!r}")
        super().__init__()
        self.augmenter = augmenter

    def dumps(self) -> Any:
        return [type(self).__name__.lower(), self.augmenter.dumps()]

    def __call__(self, src: Any, label: Any) -> tuple[Any, np.ndarray]:
        return self.augmenter(src), label


class DetRandomSelectAug(DetAugmenter):
    """One of several augmenters, drawn anew each time; with probability `skip_prob` none.

    Raises
    ------
    ValueError
        If one of them is no `DetAugmenter`.
    """

    def __init__(self, aug_list: Sequence[DetAugmenter] | DetAugmenter, skip_prob: float = 0) -> None:
        steps = list(aug_list) if isinstance(aug_list, (list, tuple)) else [aug_list]
        for step in steps:
            if not isinstance(step, DetAugmenter):
                raise ValueError(f"Allow DetAugmenter in list only, not {step!r}")
        super().__init__()
        self.aug_list = steps
        self.skip_prob = skip_prob if steps else 1

    def dumps(self) -> Any:
        return [type(self).__name__.lower(), [step.dumps() for step in self.aug_list]]

    def __call__(self, src: Any, label: Any) -> tuple[Any, np.ndarray]:
        if random.random() < self.skip_prob:
            return src, label
        random.shuffle(self.aug_list)
        return self.aug_list[0](src, label)


class DetHorizontalFlipAug(DetAugmenter):
    """Image and boxes as a mirror shows them, with probability `p`."""

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p

    def __call__(self, src: Any, label: Any) -> tuple[Any, np.ndarray]:
        if random.random() >= self.p:
            return src, label
        return _image.mirrored(src), _boxes.mirrored(_objects(label))


class DetRandomCropAug(DetAugmenter):
    """A random part of the image, with the objects that are in it; the image as it is if no part is found.

    Parameters
    ----------
    min_object_covered : float, default 0.1
        More than this share of every object that is touched must be in the part, and one must be touched.
    aspect_ratio_range : float or (low, high), default (0.75, 1.33)
        Width over height.
    area_range : float or (low, high), default (0.05, 1.0)
        Share of the image's area.
    min_eject_coverage : float, default 0.3
        An object of which no more than this share is in the part is left out.
    max_attempts : int, default 50

    Raises
    ------
    AssertionError
        If a range is neither a number nor a pair of numbers.
    ValueError
        If a range is empty or has values that make no sense.
    TypeError
        If `min_object_covered` is no number: for a list of them there is `CreateMultiRandCropAugmenter`.
    """

    def __init__(
        self,
        min_object_covered: float = 0.1,
        aspect_ratio_range: float | Range = (0.75, 1.33),
        area_range: float | Range = (0.05, 1.0),
        min_eject_coverage: float = 0.3,
        max_attempts: int = 50,
    ) -> None:
        if not isinstance(min_object_covered, Number):
            raise TypeError(
                f"min_object_covered must be a number, not {min_object_covered!r}; "
                "CreateMultiRandCropAugmenter takes a list of them"
            )
        self.min_object_covered = min_object_covered
        self.min_eject_coverage = min_eject_coverage
        self.max_attempts = max_attempts
        self.aspect_ratio_range = range_of("aspect_ratio_range", aspect_ratio_range)
        self.area_range = range_of("area_range", area_range)
        super().__init__(
            min_object_covered=min_object_covered,
            aspect_ratio_range=self.aspect_ratio_range,
            area_range=self.area_range,
            min_eject_coverage=min_eject_coverage,
            max_attempts=max_attempts,
        )

    def __call__(self, src: Any, label: Any) -> tuple[Any, np.ndarray]:
        objects = _objects(label)
        height, width = src.shape[:2]
        for _ in range(self.max_attempts):
            box = self._part(height, width)
            if box is None or not self._is_about_objects(objects, box, height, width):
                continue
            kept = self._in_part(objects, box, height, width)
            if len(kept):
                return _image.fixed_crop(src, *box), kept
        return src, objects

    def _part(self, height: int, width: int) -> Rectangle | None:
        """A random part: left, top, width and height in pixels; None if its shape has no place in the image."""
        least, most = (share * height * width for share in self.area_range)
        ratio = random.uniform(*self.aspect_ratio_range)
        high = round(math.sqrt(most / ratio))
        if round(high * ratio) > width:
            high = int((width + 0.4999999) / ratio)
        high = min(high, height)
        h = low = min(round(math.sqrt(least / ratio)), high)
        if low < high:
            h = random.randint(low, high)
        w = round(h * ratio)
        # Rounding may have left the range of areas by a pixel.
        if w * h < least:
            h, w = h + 1, round((h + 1) * ratio)
        if w * h > most:
            h, w = h - 1, round((h - 1) * ratio)
        if not least <= w * h <= most or not (0 < w <= width and 0 < h <= height):
            return None
        y = random.randint(0, height - h)
        return random.randint(0, width - w), y, w, h

    def _is_about_objects(self, objects: np.ndarray, box: Rectangle, height: int, width: int) -> bool:
        """Whether enough is seen of what is touched, and anything is."""
        areas = _boxes.areas(objects[:, 1:5])
        seen = areas * width * height > _SMALLEST
        if box[2] * box[3] < _SMALLEST or not seen.any():
            return False
        shares = _boxes.areas_within(objects[seen, 1:5], np.array([box]), height, width)[0] / areas[seen]
        shares = shares[shares > 0]
        return bool(shares.size) and shares.min() > self.min_object_covered

    def _in_part(self, objects: np.ndarray, box: Rectangle, height: int, width: int) -> np.ndarray:
        """The objects of which enough is in a part, in shares of it."""
        kept = _boxes.cut(objects, box, height, width)
        inside = _boxes.areas(kept[:, 1:5])
        areas = np.maximum(_boxes.areas(objects[:, 1:5]), np.finfo(kept.dtype).tiny)
        shares = inside * (box[2] / width) * (box[3] / height) / areas
        return kept[(inside > 0) & (shares > self.min_eject_coverage)]


class DetRandomPadAug(DetAugmenter):
    """The image at a random place of a larger canvas of one colour; as it is if no canvas is found.

    Parameters
    ----------
    aspect_ratio_range : float or (low, high), default (0.75, 1.33)
        Width over height of the canvas.
    area_range : float or (low, high), default (1.0, 3.0)
        Its area over that of the image.
    max_attempts : int, default 50
    pad_val : float or sequence of float, default (128, 128, 128)
        Its colour, by channel.

    Raises
    ------
    AssertionError
        If a range is neither a number nor a pair of numbers, or `pad_val` is neither a number nor a sequence.
    ValueError
        If a range is empty or has values that make no sense.
    """

    def __init__(
        self,
        aspect_ratio_range: float | Range = (0.75, 1.33),
        area_range: float | Range = (1.0, 3.0),
        max_attempts: int = 50,
        pad_val: float | Sequence[float] = (128, 128, 128),
    ) -> None:
        if not isinstance(pad_val, (Number, list, tuple)):
            raise AssertionError(f"pad_val must be a number or a sequence of numbers, not {pad_val!r}")
        self.pad_val = pad_val
        self.aspect_ratio_range = range_of("aspect_ratio_range", aspect_ratio_range)
        self.area_range = range_of("area_range", area_range)
        if self.area_range[1] <= 1:
            raise ValueError(f"area_range must reach above 1, the area of the image, but is {self.area_range}")
        self.max_attempts = max_attempts
        super().__init__(
            aspect_ratio_range=self.aspect_ratio_range,
            area_range=self.area_range,
            max_attempts=max_attempts,
            pad_val=pad_val,
        )

    def __call__(self, src: Any, label: Any) -> tuple[Any, np.ndarray]:
        objects = _objects(label)
        height, width = src.shape[:2]
        for _ in range(self.max_attempts):
            canvas = self._canvas(height, width)
            if canvas is not None:
                return self._framed(src, canvas), _boxes.framed(objects, canvas, height, width)
        return src, objects

    def _canvas(self, height: int, width: int) -> Rectangle | None:
        """A canvas in pixels: how far its left and upper edges lie beyond the image's, its width and height."""
        least, most = (share * height * width for share in self.area_range)
        ratio = random.uniform(*self.aspect_ratio_range)
        high = round(math.sqrt(most / ratio))
        low = round(math.sqrt(least / ratio))
        if round(low * ratio) < width:
            low = int((width + 0.4999999) / ratio)
        low = min(max(low, height), high)
        h = random.randint(low, high) if low < high else low
        w = round(h * ratio)
        if h - height < _SMALLEST or w - width < _SMALLEST:
            return None
        y = random.randint(0, h - height)
        return random.randint(0, w - width), y, w, h

    def _framed(self, src: Any, canvas: Rectangle) -> Any:
        x, y, w, h = canvas
        height, width, channels = src.shape
        colour = (self.pad_val,) * channels if isinstance(self.pad_val, Number) else tuple(self.pad_val)
        return _image.copyMakeBorder(src, y, h - y - height, x, w - x - width, values=colour)


def _objects(label: Any) -> np.ndarray:
    objects = label.asnumpy() if isinstance(label, Array) else np.asarray(label)
    return objects if objects.dtype.kind == "f" else objects.astype(np.float32)


def range_of(name: str, value: Any) -> Range:
    """A range of a parameter, in numbers from low to high."""
    pair = (value, value) if isinstance(value, Number) else value
    if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(isinstance(each, Number) for each in pair):
        raise AssertionError(f"{name} must be a number or (low, high), not {value!r}")
    low, high = pair
    if not 0 <= low <= high < math.inf or high <= 0 or (low == 0 and name.startswith("aspect")):
        raise ValueError(f"{name} must be positive, finite and in order, but goes from {low} to {high}")
    return low, high
