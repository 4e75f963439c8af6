"""Transforms of an image's size, place, orientation and type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mxnet.gluon.block import Block, HybridBlock
from mxnet.gluon.data.vision.transforms._base import OperatorTransform, as_image, pair, with_rest
from mxnet.ndarray._array import run
from mxnet.operators import find

__all__ = [
    "CenterCrop",
    "CropResize",
    "Normalize",
    "RandomCrop",
    "RandomFlipLeftRight",
    "RandomFlipTopBottom",
    "RandomResizedCrop",
    "RandomRotation",
    "Resize",
    "Rotate",
    "ToTensor",
]

Size = int | Sequence[int]


class ToTensor(OperatorTransform):
    """Images (H, W, C) or (N, H, W, C) of 0 to 255 as float32 (C, H, W) or (N, C, H, W) of 0 to 1.

    Examples
    --------
    >>> from mxnet.gluon.data.vision import transforms
    >>> transforms.ToTensor()(mx.np.full((4, 5, 3), 51, dtype='uint8')).shape
    (3, 4, 5)
    """

    def __init__(self) -> None:
        super().__init__()
        self._set_operator("_image_to_tensor")


class Normalize(OperatorTransform):
    """(x - mean) / std for what `ToTensor` gives; one number for all channels, or one for each."""

    def __init__(self, mean: float | Sequence[float] = 0.0, std: float | Sequence[float] = 1.0) -> None:
        super().__init__()
        self._set_operator("_image_normalize", mean=_numbers(mean), std=_numbers(std))


class Resize(OperatorTransform):
    """The image at another size, through OpenCV.

    Parameters
    ----------
    size : int or (width, height)
        One number is width and height, or with `keep_ratio` the shorter side.
    keep_ratio : bool, default False
    interpolation : int, default 1
        0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos, 5 exact linear.
    """

    def __init__(self, size: Size, keep_ratio: bool = False, interpolation: int = 1) -> None:
        super().__init__()
        self._set_operator("_image_resize", size=size, keep_ratio=keep_ratio, interp=interpolation)


class CenterCrop(OperatorTransform):
    """The middle of the image, `size` or (width, height) large; a smaller image is cropped and enlarged to it."""

    def __init__(self, size: Size, interpolation: int = 1) -> None:
        super().__init__()
        width, height = pair(size)
        self._set_operator(
            "_image_random_crop",
            xrange=(0.5, 0.5), yrange=(0.5, 0.5), width=width, height=height, interp=interpolation,
        )  # fmt: skip


class CropResize(HybridBlock):
    """The rectangle of `width` and `height` with its left upper corner at (x, y), resized to `size` if given."""

    def __init__(
        self,
        x: int,
        y: int,
        width: int,
        height: int,
        size: Size | None = None,
        interpolation: int | None = None,
    ) -> None:
        super().__init__()
        self._crop = find("_image_crop").canonical({"x": x, "y": y, "width": width, "height": height})
        self._resize = None
        if size is not None:
            interpolation = 1 if interpolation is None else interpolation
            self._resize = find("_image_resize").canonical({"size": size, "interp": interpolation})

    def forward(self, x: Any, *args: Any) -> Any:
        x = run(find("_image_crop"), (as_image(x),), self._crop)
        if self._resize is not None:
            x = run(find("_image_resize"), (x,), self._resize)
        return with_rest(x, args)


class RandomCrop(OperatorTransform):
    """A rectangle of `size`, or (width, height), at a random place; a smaller image is enlarged to it.

    Parameters
    ----------
    size : int or (width, height)
    pad : int or sequence, optional
        Pixels to add before: one number for all sides, or ((top, bottom), (left, right), (0, 0)), flat or nested.
    pad_value : int, default 0
    interpolation : int, default 1
        As for `Resize`.
    """

    def __init__(
        self, size: Size, pad: int | Sequence[Any] | None = None, pad_value: int = 0, interpolation: int = 1
    ) -> None:
        super().__init__()
        width, height = pair(size)
        self._set_operator("_image_random_crop", width=width, height=height, interp=interpolation)
        self._border = None
        if pad is not None:
            top, bottom, left, right = _sides(pad)
            self._border = find("_cvcopyMakeBorder").canonical(
                {"top": top, "bot": bottom, "left": left, "right": right, "value": pad_value}
            )

    def forward(self, x: Any, *args: Any) -> Any:
        if self._border is not None:
            x = run(find("_cvcopyMakeBorder"), (as_image(x),), self._border)
        return super().forward(x, *args)


class RandomResizedCrop(OperatorTransform):
    """A random rectangle with a share of the image's area and a ratio of width to height, resized to `size`.

    Parameters
    ----------
    size : int or (width, height)
    scale : (low, high)
        Range of the share of the area.
    ratio : (low, high)
        Range of width over height.
    interpolation : int, default 1
        As for `Resize`.
    """

    def __init__(
        self,
        size: Size,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: int = 1,
    ) -> None:
        super().__init__()
        width, height = pair(size)
        scale = (scale, 1.0) if isinstance(scale, (int, float)) else scale
        self._set_operator(
            "_image_random_resized_crop",
            width=width, height=height, area=tuple(scale), ratio=tuple(ratio), interp=interpolation, max_trial=10,
        )  # fmt: skip


class RandomFlipLeftRight(OperatorTransform):
    """The image as a mirror shows it, with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self._set_operator("_image_random_flip_left_right", p=p)


class RandomFlipTopBottom(OperatorTransform):
    """The image upside down, with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self._set_operator("_image_random_flip_top_bottom", p=p)


class Rotate(Block):
    """Images (C, H, W) or (N, C, H, W), float32, turned anticlockwise by `rotation_degrees`.

    Parameters
    ----------
    rotation_degrees : float
    zoom_in : bool, default False
        Enlarge so that no corner is empty.
    zoom_out : bool, default False
        Shrink so that nothing is cut off.

    Raises
    ------
    TypeError
        If the image is not float32, or the angle no number.
    """

    def __init__(self, rotation_degrees: float, zoom_in: bool = False, zoom_out: bool = False) -> None:
        super().__init__()
        self._degrees = rotation_degrees
        self._zoom_in = zoom_in
        self._zoom_out = zoom_out

    def forward(self, x: Any, *args: Any) -> Any:
        from mxnet.image import imrotate

        return with_rest(imrotate(_float_image(x), self._degrees, self._zoom_in, self._zoom_out), args)


class RandomRotation(Block):
    """As `Rotate`, by an angle from `angle_limits` (degrees) for each image, with probability `rotate_with_proba`.

    ``numpy.random`` decides, as in MXNet.

    Raises
    ------
    ValueError
        If the limits are not in order, both zooms are asked for, or the probability is not one.
    """

    def __init__(
        self,
        angle_limits: tuple[float, float],
        zoom_in: bool = False,
        zoom_out: bool = False,
        rotate_with_proba: float = 1.0,
    ) -> None:
        super().__init__()
        lower, upper = angle_limits
        if lower >= upper:
            raise ValueError(f"`angle_limits` must be an ordered tuple, not {angle_limits}")
        if not 0 <= rotate_with_proba <= 1:
            raise ValueError(f"rotate_with_proba must be between 0 and 1, not {rotate_with_proba}")
        self._arguments = ((lower, upper), zoom_in, zoom_out)
        self._p = rotate_with_proba

    def forward(self, x: Any, *args: Any) -> Any:
        from mxnet.image import random_rotate

        x = _float_image(x)
        if np.random.random() < self._p:
            x = random_rotate(x, *self._arguments)
        return with_rest(x, args)


def _float_image(x: Any) -> Any:
    x = as_image(x)
    if x.dtype != "float32":
        raise TypeError(
            f"This transformation only supports float32. Consider calling it after ToTensor, given: {x.dtype}"
        )
    return x


def _numbers(values: Any) -> Any:
    return values if isinstance(values, (int, float, str)) else tuple([float(value) for value in values])


def _sides(pad: Any) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of the padding in one of its forms."""
    if isinstance(pad, int):
        return (pad,) * 4
    flat = [side for part in pad for side in (part if isinstance(part, (list, tuple)) else (part,))]
    if len(flat) < 4 or any(flat[4:]):
        raise AssertionError(f"pad must be a number or ((top, bottom), (left, right), (0, 0)), not {pad}")
    return tuple(flat[:4])
