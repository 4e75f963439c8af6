"""What `ImageDetRecordIter` does to an image and its objects between decoding and the batch, in uint8."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from mxnet.base import MXNetError
from mxnet.io import _boxes
from mxnet.io._boxes import Rectangle
from mxnet.io._recipe import VALUES, Draws, Image, Sizing, rounded
from mxnet.operators import _opencv
from mxnet.operators.attributes import Floats, Shape

__all__ = ["DetRecipe"]

_BLOCK = 25
"""Crops that are looked at together."""
_TINY = 1e-12


class Sampler(NamedTuple):
    """Where crops may lie: `DetRecipe` has several."""

    scales: tuple[float, float]
    aspect_ratios: tuple[float, float]
    overlaps: tuple[float, float]
    sample_coverages: tuple[float, float]
    object_coverages: tuple[float, float]
    trials: int

    def parts(self, count: int, height: int, width: int, draws: Draws) -> np.ndarray:
        """Random parts (count, 4) of an image of that size; their areas are the squares of scales, in shares of its."""
        chances = draws.several(4 * count).reshape(4, count)
        area = np.square(_spread(*self.scales, chances[0])) * (height * width) + _TINY
        # The ratios at which such an area is as high, or as wide, as the image.
        low, high = area / (height * height), width * width / area
        low, high = np.maximum(self.aspect_ratios[0], low), np.minimum(self.aspect_ratios[1], high)
        ratio = _spread(low, high, chances[1]) + _TINY
        w = np.minimum(width, np.sqrt(area * ratio)).astype(int)
        h = np.minimum(height, np.sqrt(area / ratio)).astype(int)
        x = ((width - w + 1) * chances[2]).astype(int)
        y = ((height - h + 1) * chances[3]).astype(int)
        return np.stack([x, y, w, h], axis=1)

    def accepts(self, inside: np.ndarray, objects: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """Whether an object has its overlap and both coverages in their ranges, for each part.

        Parameters
        ----------
        inside : numpy.ndarray
            (parts, objects): areas of the objects in the parts.
        objects, parts : numpy.ndarray
            (objects,) and (parts,): areas.
        """
        parts = parts[:, None]
        values = (
            (inside / np.maximum(objects + parts - inside, _TINY), self.overlaps),
            (inside / np.maximum(parts, _TINY), self.sample_coverages),
            (inside / np.maximum(objects, _TINY), self.object_coverages),
        )
        return np.logical_and.reduce([(low <= each) & (each <= high) for each, (low, high) in values]).any(axis=1)


def _within(start: int, length: int, size: int) -> tuple[slice, tuple[int, int]]:
    """Of a stretch along a side of `size` pixels what is on it, maybe nothing, and how much lies before and behind."""
    first, last = (min(max(end, 0), size) for end in (start, start + length))
    before = min(max(-start, 0), length)
    return slice(first, last), (before, length - before - (last - first))


def _spread(low: Any, high: Any, chances: np.ndarray) -> np.ndarray:
    return low + (high - low) * chances


@dataclass(frozen=True)
class DetRecipe(Sizing):
    """How images and objects become those of a batch; the fields are parameters of `ImageDetRecordIter`."""

    rand_crop_prob: float = 0.0
    min_crop_scales: Floats = (0.0,)
    max_crop_scales: Floats = (1.0,)
    min_crop_aspect_ratios: Floats = (1.0,)
    max_crop_aspect_ratios: Floats = (1.0,)
    min_crop_overlaps: Floats = (0.0,)
    max_crop_overlaps: Floats = (1.0,)
    min_crop_sample_coverages: Floats = (0.0,)
    max_crop_sample_coverages: Floats = (1.0,)
    min_crop_object_coverages: Floats = (0.0,)
    max_crop_object_coverages: Floats = (1.0,)
    num_crop_sampler: int = 1
    crop_emit_mode: Literal["center", "overlap"] = "center"
    emit_overlap_thresh: float = 0.3
    max_crop_trials: Shape = (25,)
    rand_pad_prob: float = 0.0
    max_pad_scale: float = 1.0
    max_random_hue: int = 0
    random_hue_prob: float = 0.0
    max_random_saturation: int = 0
    random_saturation_prob: float = 0.0
    max_random_illumination: int = 0
    random_illumination_prob: float = 0.0
    max_random_contrast: float = 0.0
    random_contrast_prob: float = 0.0
    rand_mirror_prob: float = 0.0
    fill_value: int = 127
    resize_mode: Literal["fit", "force", "shrink"] = "force"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.emit_overlap_thresh >= 0:
            raise MXNetError(f"emit_overlap_thresh must be 0 or more, not {self.emit_overlap_thresh}")
        if not self.max_pad_scale < math.inf:
            raise MXNetError(f"max_pad_scale must be finite, not {self.max_pad_scale}")
        for sampler in self._samplers():
            low, high = sampler.scales
            if not 0 <= low < high <= 1:
                raise MXNetError(f"crop scales must go from 0 or more up to 1 or less, but go from {low} to {high}")
            for name in ("aspect_ratios", "overlaps", "sample_coverages", "object_coverages"):
                low, high = getattr(sampler, name)
                if not 0 <= low <= high:
                    raise MXNetError(f"min_crop_{name} must be 0 or more and not above max, but are {low} and {high}")

    def _of_samplers(self, name: str) -> tuple:
        """A parameter's value for each sampler."""
        values = getattr(self, name)
        if len(values) not in {1, self.num_crop_sampler}:
            raise MXNetError(f"{name} has {len(values)} values for num_crop_sampler={self.num_crop_sampler}")
        return values * self.num_crop_sampler if len(values) == 1 else values

    @property
    def draws(self) -> bool:
        """Whether anything in it is left to chance."""
        return self.inter_method == 10 or any(
            probability > 0
            for probability in (
                self.rand_crop_prob, self.rand_pad_prob, self.rand_mirror_prob, self.random_hue_prob,
                self.random_saturation_prob, self.random_illumination_prob, self.random_contrast_prob,
            )
        )  # fmt: skip

    def __call__(
        self, image: Image, objects: np.ndarray, shape: tuple[int, ...], draws: Draws
    ) -> tuple[Image, np.ndarray]:
        """The image (H, W, C) uint8, red before blue, not larger than `shape` (C, height, width), and its objects."""
        if self.resize > 0:
            image = self._shorter_side(image, self.resize, draws)
        height, width = image.shape[:2]
        shown = (0, 0, width, height)
        if self.max_pad_scale > 1 and draws.happens(self.rand_pad_prob):
            shown, objects = self._padded(shown, objects, draws)
        if draws.happens(self.rand_crop_prob):
            shown, objects = self._cropped(shown, objects, draws)
        image = self._painted(image, shown, draws)
        if draws.happens(self.rand_mirror_prob):
            image, objects = _opencv.mirror(image), _boxes.mirrored(objects)
        return self._resized(image, *self._size(image, *shape[1:]), draws), objects

    def _size(self, image: Image, height: int, width: int) -> tuple[int, int]:
        """Height and width of the image in the batch."""
        if self.resize_mode == "force":
            return height, width
        # In float32, as MXNet does: a side may come out a pixel shorter.
        rows, columns = np.float32(image.shape[0]), np.float32(image.shape[1])
        scale = min(np.float32(height) / rows, np.float32(width) / columns)
        if self.resize_mode == "shrink":
            scale = min(scale, np.float32(1))
        return max(1, int(rows * scale)), max(1, int(columns * scale))

    def _padded(self, shown: Rectangle, objects: np.ndarray, draws: Draws) -> tuple[Rectangle, np.ndarray]:
        """The canvas around an image of which all is shown; it is painted when it is known what of it is kept."""
        _, _, width, height = shown
        scale = draws.between(1, self.max_pad_scale)
        w, h = int(width * scale), int(height * scale)
        x, y = draws.whole(0, w - width), draws.whole(0, h - height)
        return (-x, -y, w, h), _boxes.framed(objects, (x, y, w, h), height, width)

    def _cropped(self, shown: Rectangle, objects: np.ndarray, draws: Draws) -> tuple[Rectangle, np.ndarray]:
        """A part of what is shown that one of the samplers, in random order, finds; all of it if none does."""
        left, top, width, height = shown
        samplers = self._samplers()
        while samplers:
            sampler = samplers.pop(draws.whole(0, len(samplers) - 1))
            for start in range(0, sampler.trials, _BLOCK):
                parts = sampler.parts(min(_BLOCK, sampler.trials - start), height, width, draws)
                belongs = self._belonging(sampler, parts, objects, height, width)
                found = int(belongs.any(axis=1).argmax())
                if belongs[found].any():
                    x, y, w, h = parts[found].tolist()
                    return (left + x, top + y, w, h), _boxes.cut(objects[belongs[found]], (x, y, w, h), height, width)
        return shown, objects

    def _painted(self, image: Image, shown: Rectangle, draws: Draws) -> Image:
        """What is shown, beyond the image too: colours change within it alone."""
        left, top, width, height = shown
        rows, (above, below) = _within(top, height, image.shape[0])
        columns, (before, behind) = _within(left, width, image.shape[1])
        part = self._coloured(image[rows, columns], draws)
        sides = above, below, before, behind
        return _opencv.frame(part, sides, self.fill_value) if any(sides) else part

    def _samplers(self) -> list[Sampler]:
        ranges = [
            zip(self._of_samplers(f"min_crop_{name}"), self._of_samplers(f"max_crop_{name}"), strict=True)
            for name in Sampler._fields[:-1]
        ]
        return [Sampler(*values) for values in zip(*ranges, self._of_samplers("max_crop_trials"), strict=True)]

    def _belonging(
        self, sampler: Sampler, parts: np.ndarray, objects: np.ndarray, height: int, width: int
    ) -> np.ndarray:
        """Which objects belong to which part, (parts, objects); none where the sampler does not accept it."""
        boxes = objects[:, 1:5]
        inside = _boxes.areas_within(boxes, parts, height, width)
        whole = _boxes.areas(boxes)
        if self.crop_emit_mode == "overlap":
            belongs = inside >= self.emit_overlap_thresh * whole
        else:
            middle = (boxes[:, :2] + boxes[:, 2:]) / 2 * (width, height)
            low, high = parts[:, None, :2], parts[:, None, :2] + parts[:, None, 2:]
            belongs = ((low <= middle) & (middle <= high)).all(axis=2)
        accepted = sampler.accepts(inside, whole, parts[:, 2] * parts[:, 3] / (width * height))
        return belongs & (inside > 0) & accepted[:, None]

    def _coloured(self, image: Image, draws: Draws) -> Image:
        changes = (
            (self.random_hue_prob, self.max_random_hue),
            (self.random_illumination_prob, self.max_random_illumination),
            (self.random_saturation_prob, self.max_random_saturation),
        )
        shift = [draws.whole(-abs(most), abs(most)) if most and draws.happens(p) else 0 for p, most in changes]
        if any(shift) and image.shape[2] == 3 and image.size:
            image = _opencv.shift_hls(image, shift)
        if self.max_random_contrast and draws.happens(self.random_contrast_prob) and image.size:
            factor = 1 + draws.between(-self.max_random_contrast, self.max_random_contrast)
            image = _opencv.look_up(image, rounded(VALUES * factor)).reshape(image.shape)
        return image
