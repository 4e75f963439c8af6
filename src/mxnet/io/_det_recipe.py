"""What `ImageDetRecordIter` does to an image and its objects between decoding and the batch, in uint8."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from mxnet.base import MXNetError
from mxnet.io import _boxes
from mxnet.io._boxes import Rectangle
from mxnet.io._recipe import VALUES, Draws, Image, Sizing, rounded
from mxnet.operators import _opencv
from mxnet.operators.attributes import Floats, Shape

__all__ = ["DetRecipe"]


class Sampler(NamedTuple):
    """Where crops may lie: `DetRecipe` has several."""

    scales: tuple[float, float]
    aspect_ratios: tuple[float, float]
    overlaps: tuple[float, float]
    sample_coverages: tuple[float, float]
    object_coverages: tuple[float, float]
    trials: int

    def part(self, height: int, width: int, draws: Draws) -> Rectangle:
        """A random part of an image of that size: its area is the square of a scale in shares of the image's."""
        scale = draws.between(*self.scales)
        area = scale * scale * height * width
        # The ratios at which such an area is as wide, or as high, as the image.
        low, high = (area / (height * height), width * width / area) if area else self.aspect_ratios
        ratio = draws.between(max(self.aspect_ratios[0], low), min(self.aspect_ratios[1], high))
        w = min(width, int(math.sqrt(area * ratio)))
        h = min(height, int(math.sqrt(area / ratio))) if ratio else 0
        x, y = draws.whole(0, width - w), draws.whole(0, height - h)
        return x, y, w, h

    def accepts(self, inside: np.ndarray, objects: np.ndarray, part: float) -> bool:
        """Whether an object has its overlap and both coverages in their ranges, by these areas."""
        values = (
            (inside / (objects + part - inside), self.overlaps),
            (inside / part, self.sample_coverages),
            (inside / np.maximum(objects, np.finfo(objects.dtype).tiny), self.object_coverages),
        )
        return bool(np.logical_and.reduce([(low <= each) & (each <= high) for each, (low, high) in values]).any())


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
        image = self._coloured(image, draws)
        if self.max_pad_scale > 1 and draws.happens(self.rand_pad_prob):
            image, objects = self._padded(image, objects, draws)
        if draws.happens(self.rand_crop_prob):
            image, objects = self._cropped(image, objects, draws)
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

    def _padded(self, image: Image, objects: np.ndarray, draws: Draws) -> tuple[Image, np.ndarray]:
        scale = draws.between(1, self.max_pad_scale)
        height, width = image.shape[:2]
        h, w = int(height * scale), int(width * scale)
        x, y = draws.whole(0, w - width), draws.whole(0, h - height)
        canvas = _opencv.frame(image, (y, h - y - height, x, w - x - width), self.fill_value)
        return canvas, _boxes.framed(objects, (x, y, w, h), height, width)

    def _cropped(self, image: Image, objects: np.ndarray, draws: Draws) -> tuple[Image, np.ndarray]:
        """A part that one of the samplers, in random order, finds; all of the image if none does."""
        samplers = self._samplers()
        while samplers:
            sampler = samplers.pop(draws.whole(0, len(samplers) - 1))
            for _ in range(sampler.trials):
                part = sampler.part(*image.shape[:2], draws)
                kept = self._in_part(sampler, part, objects, *image.shape[:2])
                if len(kept):
                    x, y, w, h = part
                    return image[y : y + h, x : x + w], kept
        return image, objects

    def _samplers(self) -> list[Sampler]:
        ranges = [
            zip(self._of_samplers(f"min_crop_{name}"), self._of_samplers(f"max_crop_{name}"), strict=True)
            for name in Sampler._fields[:-1]
        ]
        return [Sampler(*values) for values in zip(*ranges, self._of_samplers("max_crop_trials"), strict=True)]

    def _in_part(self, sampler: Sampler, part: Rectangle, objects: np.ndarray, height: int, width: int) -> np.ndarray:
        """The objects that belong to a part, in shares of it; none if the sampler does not accept it."""
        x, y, w, h = part
        boxes = objects[:, 1:5]
        inside = _boxes.areas_within(boxes, part, height, width)
        whole = _boxes.areas(boxes)
        if min(w, h) < 1 or not sampler.accepts(inside, whole, w * h / (width * height)):
            return objects[:0]
        if self.crop_emit_mode == "overlap":
            belongs = inside >= self.emit_overlap_thresh * whole
        else:
            middle = (boxes[:, :2] + boxes[:, 2:]) / 2 * (width, height)
            belongs = ((middle >= (x, y)) & (middle <= (x + w, y + h))).all(axis=1)
        return _boxes.cut(objects[belongs & (inside > 0)], part, height, width)

    def _coloured(self, image: Image, draws: Draws) -> Image:
        changes = (
            (self.random_hue_prob, self.max_random_hue),
            (self.random_illumination_prob, self.max_random_illumination),
            (self.random_saturation_prob, self.max_random_saturation),
        )
        shift = [draws.whole(-abs(most), abs(most)) if most and draws.happens(p) else 0 for p, most in changes]
        if any(shift) and image.shape[2] == 3:
            image = _opencv.shift_hls(image, shift)
        if self.max_random_contrast and draws.happens(self.random_contrast_prob):
            factor = 1 + draws.between(-self.max_random_contrast, self.max_random_contrast)
            image = _opencv.look_up(image, rounded(VALUES * factor)).reshape(image.shape)
        return image
