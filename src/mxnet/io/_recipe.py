"""What the record iterators do to an image between decoding and the batch: size, place and colours, all in uint8."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mxnet.base import MXNetError
from mxnet.operators import _opencv
from mxnet.operators.image_color import EIGENVALUES, EIGENVECTORS, GRAY

__all__ = ["DRAWS", "VALUES", "Draws", "Image", "Recipe", "Sizing", "rounded"]

DRAWS = 64
"""Numbers between 0 and 1 that the recipe of one image takes at most."""
_TRIALS = 10
_LARGEST = 1e10  # MXNet's default of max_img_size: no limit
_NORMAL = NormalDist()

Image = np.ndarray


class Draws:
    """Random choices for one image, made of numbers between 0 and 1 drawn beforehand: threads change nothing."""

    def __init__(self, numbers: Iterator[float]) -> None:
        self._next = numbers.__next__

    def several(self, count: int) -> np.ndarray:
        """So many of the numbers as they are."""
        return np.array([self._next() for _ in range(count)])

    def between(self, low: float, high: float) -> float:
        """A number in a range; nothing is drawn if it is but one."""
        return low if low == high else low + (high - low) * self._next()

    def whole(self, low: int, high: int) -> int:
        """An integer in a range, both ends included."""
        return low if low == high else low + int((high - low + 1) * self._next())

    def happens(self, p: float) -> bool:
        """Whether something of that probability happens; nothing is drawn if it cannot."""
        return p > 0 and self._next() < p

    def normal(self, spread: float) -> float:
        return spread * _NORMAL.inv_cdf(max(self._next(), 1e-12))


@dataclass(frozen=True)
class Sizing:
    """How images change their size; the fields are parameters of the iterators over records of the same names."""

    resize: int = -1
    inter_method: int = 1

    def __post_init__(self) -> None:
        if self.inter_method not in (0, 1, 2, 3, 4, 9, 10):
            raise MXNetError(f"inter_method must be 0 to 4, 9 (by the sizes) or 10 (random), not {self.inter_method}")

    def _interpolation(self, old: tuple[int, int], new: tuple[int, int], draws: Draws) -> int:
        """OpenCV's code for a change of (height, width)."""
        if self.inter_method == 9:
            if new[0] > old[0] and new[1] > old[1]:
                return 2
            return 3 if new[0] < old[0] and new[1] < old[1] else 1
        return draws.whole(0, 4) if self.inter_method == 10 else self.inter_method

    def _resized(self, image: Image, height: int, width: int, draws: Draws) -> Image:
        if image.shape[:2] == (height, width):
            return image
        return _opencv.resize_image(image, width, height, self._interpolation(image.shape[:2], (height, width), draws))

    def _shorter_side(self, image: Image, size: int, draws: Draws) -> Image:
        height, width = image.shape[:2]
        if height > width:
            return self._resized(image, size * height // width, size, draws)
        return self._resized(image, size, size * width // height, draws)


@dataclass(frozen=True)
class Recipe(Sizing):
    """How images become those of a batch; the fields are the parameters of `ImageRecordIter` of the same names."""

    rand_crop: bool = False
    random_resized_crop: bool = False
    max_rotate_angle: int = 0
    max_aspect_ratio: float = 0.0
    min_aspect_ratio: float | None = None
    max_shear_ratio: float = 0.0
    max_crop_size: int = -1
    min_crop_size: int = -1
    max_random_scale: float = 1.0
    min_random_scale: float = 1.0
    max_random_area: float = 1.0
    min_random_area: float = 1.0
    max_img_size: float = _LARGEST
    min_img_size: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    pca_noise: float = 0.0
    random_h: int = 0
    random_s: int = 0
    random_l: int = 0
    rotate: int = -1
    fill_value: int = 255
    pad: int = 0
    rand_mirror: bool = False
    mirror: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("random_scale", least=0)
        self._check_range("random_area", least=0)
        self._check_range("img_size")
        if self._crops_square:
            self._check_range("crop_size", least=0)
        low, high = self._ratios()
        if not 0 < low <= high:
            raise MXNetError(f"aspect ratios must be positive and in order, but go from {low} to {high}")

    def _check_range(self, name: str, least: float = -math.inf) -> None:
        low, high = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
        if not least < low <= high:
            above = f"above {least}, " if least > -math.inf else ""
            raise MXNetError(f"min_{name} must be {above}not above max_{name}, but they are {low} and {high}")

    @property
    def draws(self) -> bool:
        """Whether anything in it is left to chance."""
        return bool(
            self.rand_crop or self.random_resized_crop or self.rand_mirror
            or self.max_rotate_angle or self.max_shear_ratio or self.max_aspect_ratio
            or self.min_random_scale != self.max_random_scale or self.min_crop_size != self.max_crop_size
            or self.brightness or self.contrast or self.saturation or self.pca_noise
            or self.random_h or self.random_s or self.random_l or self.inter_method == 10
        )  # fmt: skip

    def __call__(self, image: Image, shape: tuple[int, ...], draws: Draws) -> Image:
        """The image (H, W, C) uint8, red before blue, as one of `shape` (C, height, width), still in (H, W, C)."""
        if self.resize > 0:
            image = self._shorter_side(image, self.resize, draws)
        if self._is_affine:
            image = self._turned(image, draws)
        if self.pad > 0:
            image = self._padded(image)
        image = self._cropped(image, *shape[1:], draws)
        if image.shape[2] == 3:
            image = self._coloured(image, draws)
        if self.mirror or (self.rand_mirror and draws.happens(0.5)):
            image = _opencv.mirror(image)
        return image

    @property
    def _crops_square(self) -> bool:
        return self.max_crop_size > 0 or self.min_crop_size > 0

    @property
    def _is_affine(self) -> bool:
        scaled = self.max_random_scale != 1 or self.min_random_scale != 1
        shaped = self.max_aspect_ratio > 0 and not self.random_resized_crop
        bounded = self.max_img_size < _LARGEST or self.min_img_size > 0
        turned = self.max_rotate_angle > 0 or self.max_shear_ratio > 0 or self.rotate > 0
        return turned or scaled or shaped or bounded

    def _turned(self, image: Image, draws: Draws) -> Image:
        """Rotated, sheared, scaled and stretched in one step about the middle."""
        shear = draws.between(-self.max_shear_ratio, self.max_shear_ratio)
        angle = draws.whole(-self.max_rotate_angle, self.max_rotate_angle) if self.rotate <= 0 else self.rotate
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        scale = draws.between(self.min_random_scale, self.max_random_scale)
        ratio = 1 + draws.between(-self.max_aspect_ratio, self.max_aspect_ratio)
        high = 2 * scale / (1 + ratio)
        wide = ratio * high
        rows, columns = image.shape[:2]
        width, height = [max(self.min_img_size, min(self.max_img_size, scale * side)) for side in (columns, rows)]
        matrix = np.array(
            [
                [high * cos - shear * sin * wide, high * sin + shear * cos * wide, 0.0],
                [-sin * wide, cos * wide, 0.0],
            ]
        )
        matrix[:, 2] = (np.array([width, height]) - matrix[:, :2] @ [columns, rows]) / 2
        interpolation = self._interpolation((rows, columns), (int(height), int(width)), draws)
        return _opencv.warp(image, matrix, (int(width), int(height)), interpolation, self.fill_value)

    def _padded(self, image: Image) -> Image:
        return _opencv.frame(image, (self.pad,) * 4, self.fill_value)

    def _cropped(self, image: Image, height: int, width: int, draws: Draws) -> Image:
        if self.random_resized_crop:
            return self._resized(self._random_part(image, draws), height, width, draws)
        if self._crops_square:
            size = draws.whole(self.min_crop_size, self.max_crop_size)
            return self._resized(self._placed(image, size, size, draws), height, width, draws)
        rows, columns = image.shape[:2]
        if rows < height:
            image = self._resized(image, height, height * columns // rows, draws)
        rows, columns = image.shape[:2]
        if columns < width:
            image = self._resized(image, width * rows // columns, width, draws)
        return self._placed(image, height, width, draws)

    def _placed(self, image: Image, height: int, width: int, draws: Draws) -> Image:
        """The rectangle of that size, in the middle or at random."""
        down, right = image.shape[0] - height, image.shape[1] - width
        if min(down, right) < 0:
            raise MXNetError(f"an image of {image.shape[0]} x {image.shape[1]} has no part of {height} x {width}")
        y = draws.whole(0, down) if self.rand_crop else down // 2
        x = draws.whole(0, right) if self.rand_crop else right // 2
        return image[y : y + height, x : x + width]

    def _random_part(self, image: Image, draws: Draws) -> Image:
        """A rectangle with a random share of the area and ratio of its sides; the middle if none fits."""
        rows, columns = image.shape[:2]
        lowest, highest = self._ratios()
        for _ in range(_TRIALS):
            area = draws.between(self.min_random_area, self.max_random_area) * rows * columns
            ratio = draws.between(lowest, highest)
            width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < width <= columns and 0 < height <= rows:
                y, x = draws.whole(0, rows - height), draws.whole(0, columns - width)
                return image[y : y + height, x : x + width]
        side = min(rows, columns)
        y, x = (rows - side) // 2, (columns - side) // 2
        return image[y : y + side, x : x + side]

    def _ratios(self) -> tuple[float, float]:
        """Least and largest ratio of width to height of a random part."""
        if self.min_aspect_ratio is not None:
            return self.min_aspect_ratio, self.max_aspect_ratio
        return 1 - self.max_aspect_ratio, 1 + self.max_aspect_ratio

    def _coloured(self, image: Image, draws: Draws) -> Image:
        if self.brightness or self.contrast or self.saturation:
            steps = [(_brighter, self.brightness), (_contrasted, self.contrast), (_saturated, self.saturation)]
            while steps:
                change, strength = steps.pop(draws.whole(0, len(steps) - 1))
                if strength:
                    image = change(image, 1 + draws.between(-strength, strength))
        if self.random_h or self.random_s or self.random_l:
            most = (self.random_h, self.random_l, self.random_s)
            image = _opencv.shift_hls(image, [draws.whole(-each, each) for each in most])
        if self.pca_noise:
            alpha = [draws.normal(self.pca_noise) for _ in range(3)]
            shift = (np.array(EIGENVECTORS) * alpha) @ np.array(EIGENVALUES)
            image = _opencv.look_up(image, rounded(VALUES[:, None] + shift))
        return image


VALUES = np.arange(256.0)
"""What a value of uint8 may be."""


def rounded(values: np.ndarray) -> np.ndarray:
    """As uint8: what lies beyond is cut off."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _brighter(image: Image, factor: float) -> Image:
    return _opencv.look_up(image, rounded(VALUES * factor))


def _contrasted(image: Image, factor: float) -> Image:
    """The distance of every value from the mean grey times `factor`."""
    grey = float(np.dot(image.mean(axis=(0, 1)), GRAY))
    return _opencv.look_up(image, rounded(VALUES * factor + (1 - factor) * grey))


def _saturated(image: Image, factor: float) -> Image:
    """The distance of every value from its pixel's grey times `factor`."""
    return _opencv.blend_with_grey(image, factor)
