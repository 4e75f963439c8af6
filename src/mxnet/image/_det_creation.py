"""Recipes of augmenters for object detection."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any

from mxnet.image._det_augmenters import (
    DetAugmenter,
    DetBorrowAug,
    DetHorizontalFlipAug,
    DetRandomCropAug,
    DetRandomPadAug,
    DetRandomSelectAug,
    Range,
    range_of,
)
from mxnet.image.augmenter import ColorNormalizeAug, ForceResizeAug, ResizeAug, colour_steps, normalization

__all__ = ["CreateDetAugmenter", "CreateMultiRandCropAugmenter"]


def CreateMultiRandCropAugmenter(
    min_object_covered: float | list[float] = 0.1,
    aspect_ratio_range: float | Range | list[Range] = (0.75, 1.33),
    area_range: float | Range | list[Range] = (0.05, 1.0),
    min_eject_coverage: float | list[float] = 0.3,
    max_attempts: int | list[int] = 50,
    skip_prob: float = 0,
) -> DetRandomSelectAug:
    """Several `DetRandomCropAug`, of which one is drawn each time.

    Parameters
    ----------
    min_object_covered, aspect_ratio_range, area_range, min_eject_coverage, max_attempts
        As for `DetRandomCropAug`, or lists of them, one for each; what is no list is the same for all.
    skip_prob : float, default 0
        Probability of no crop.

    Raises
    ------
    AssertionError
        If lists are empty or differ in length.

    Examples
    --------
    >>> crops = mx.image.CreateMultiRandCropAugmenter([0.1, 0.5, 0.9], area_range=[(0.1, 1), (0.2, 1), (0.5, 1)])
    >>> len(crops.aug_list)
    3
    """
    given = {
        "min_object_covered": min_object_covered,
        "aspect_ratio_range": aspect_ratio_range,
        "area_range": area_range,
        "min_eject_coverage": min_eject_coverage,
        "max_attempts": max_attempts,
    }
    lists = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    count = max(len(value) for value in lists.values())
    for name, value in lists.items():
        if len(value) not in {1, count}:
            raise AssertionError(f"{name} has {len(value)} values, where other parameters have {count}")
    rows = [{name: value[number % len(value)] for name, value in lists.items()} for number in range(count)]
    return DetRandomSelectAug([DetRandomCropAug(**row) for row in rows], skip_prob)


def CreateDetAugmenter(
    data_shape: tuple[int, int, int],
    resize: int = 0,
    rand_crop: float = 0,
    rand_pad: float = 0,
    rand_gray: float = 0,
    rand_mirror: bool = False,
    mean: Any = None,
    std: Any = None,
    brightness: float = 0,
    contrast: float = 0,
    saturation: float = 0,
    pca_noise: float = 0,
    hue: float = 0,
    inter_method: int = 2,
    min_object_covered: float | list[float] = 0.1,
    aspect_ratio_range: float | Range | list[Range] = (0.75, 1.33),
    area_range: float | Range | list[Range] = (0.05, 3.0),
    min_eject_coverage: float | list[float] = 0.3,
    max_attempts: int | list[int] = 50,
    pad_val: float | Sequence[float] = (127, 127, 127),
) -> list[DetAugmenter]:
    """The augmenters of a usual recipe for detection, in the order they are applied.

    Parameters
    ----------
    data_shape : (channels, height, width)
        Shape of the result; images are stretched to it.
    resize : int, default 0
        Length of the shorter side before everything else; 0 leaves it.
    rand_crop, rand_pad : float, default 0
        Probability of a random crop, and then of a random canvas.
    rand_gray : float, default 0
        Probability of grey.
    rand_mirror : bool, default False
        Mirror every other image at random.
    mean, std : NumPy array, or True, optional
        What to normalize with; True for ImageNet's.
    brightness, contrast, saturation, pca_noise, hue : float, default 0
        Strength of the colour changes.
    inter_method : int, default 2
        As `interp` of `imresize`.
    min_object_covered, aspect_ratio_range, area_range, min_eject_coverage, max_attempts
        Of the crop, as for `CreateMultiRandCropAugmenter`; `aspect_ratio_range`, the upper end of `area_range` and
        `max_attempts` of the canvas too.
    pad_val : float or sequence of float, default (127, 127, 127)
        Colour of the canvas, before normalizing.

    Raises
    ------
    AssertionError
        If `mean` or `std` has neither 1 nor 3 numbers.
    TypeError
        If there is a list for what the canvas needs one of.
    """
    mean, std = normalization(mean, std, "float64")
    steps: list[DetAugmenter] = []
    if resize > 0:
        steps.append(DetBorrowAug(ResizeAug(resize, inter_method)))
    if rand_crop > 0:
        crop = (min_object_covered, aspect_ratio_range, area_range, min_eject_coverage, max_attempts)
        steps.append(CreateMultiRandCropAugmenter(*crop, skip_prob=1 - rand_crop))
    if rand_mirror:
        steps.append(DetHorizontalFlipAug(0.5))
    if rand_pad > 0:
        areas = _areas_of_canvas(area_range, aspect_ratio_range, max_attempts)
        pad = DetRandomPadAug(aspect_ratio_range, areas, max_attempts, pad_val)
        steps.append(DetRandomSelectAug([pad], 1 - rand_pad))
    colours = colour_steps(brightness, contrast, saturation, hue, pca_noise, rand_gray)
    if mean is not None or std is not None:
        colours.append(ColorNormalizeAug(mean, std))
    plain = [ForceResizeAug((data_shape[2], data_shape[1]), inter_method), *colours]
    return steps + [DetBorrowAug(step) for step in plain]


def _areas_of_canvas(area_range: Any, *others: Any) -> Range:
    for value in (area_range, *others):
        if isinstance(value, list) and not all(isinstance(each, Number) for each in value):
            raise TypeError(f"rand_pad takes one range and one number of attempts, not a list of them: {value!r}")
    return 1.0, range_of("area_range", area_range)[1]
