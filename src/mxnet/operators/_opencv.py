"""What OpenCV does to images, said in torch tensors; OpenCV is imported when it is first used."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import get_worker_info

from mxnet._dtype import name_of
from mxnet.base import MXNetError

__all__ = ["INTERPOLATIONS", "border", "decode", "decode_bytes", "encode", "resize"]

INTERPOLATIONS = range(6)
"""OpenCV's codes: nearest, linear, cubic, area, Lanczos over 8x8, exact linear."""
BORDERS = range(5)
"""OpenCV's codes: constant, replicate, reflect, wrap, reflect without the edge."""

_LARGEST = 1 << 27
"""Pixels: what a thin image is enlarged to is bounded."""

Tensor = torch.Tensor


@functools.cache
def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise MXNetError(
            f"images are decoded and resized by OpenCV: pip install opencv-python-headless ({error})"
        ) from error
    if get_worker_info() is not None:
        cv2.setNumThreads(0)  # a data loader has a process for each core already
    return cv2


def _call(what: str, function: Callable[[Any], np.ndarray]) -> np.ndarray:
    cv2 = _opencv()
    try:
        return function(cv2)
    except cv2.error as error:
        raise MXNetError(f"{what}: OpenCV says: {' '.join(str(error).split())}") from error


def _on_images(data: Tensor, height: int, width: int, what: str, function: Callable[..., np.ndarray]) -> Tensor:
    """``function(cv2, image)`` for the one image (H, W, C) or each of the images (N, H, W, C) in `data`."""
    if data.is_meta:
        return data.new_empty((*data.shape[:-3], height, width, data.shape[-1]))
    if 0 in data.shape[-3:]:
        raise MXNetError(f"{what}: an image of shape {list(data.shape)} is empty")
    values = data.detach().cpu().numpy()
    made = [
        np.ascontiguousarray(_call(what, lambda cv2, image=image: function(cv2, image)))
        for image in (values.reshape(-1, *values.shape[-3:]) if values.ndim > 3 else [values])
    ]
    if not made:
        return data.new_empty((*data.shape[:-3], height, width, data.shape[-1]))
    result = torch.from_numpy(made[0] if len(made) == 1 else np.stack(made))
    return result.reshape(*data.shape[:-3], height, width, data.shape[-1]).to(data.device)


def resize(data: Tensor, width: int, height: int, interpolation: int) -> Tensor:
    """Images (H, W, C) or (N, H, W, C) at another size.

    Raises
    ------
    MXNetError
        For an interpolation, size or data type that OpenCV does not know.
    """
    if interpolation not in INTERPOLATIONS:
        raise MXNetError(
            f"unknown interpolation {interpolation}: 0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos, 5 exact linear"
        )
    if width <= 0 or height <= 0:
        raise MXNetError(f"cannot resize to width {width} and height {height}: both must be positive")
    what = f"cannot resize {name_of(data.dtype)}{list(data.shape)} to {height} x {width}"
    return _on_images(
        data,
        height,
        width,
        what,
        lambda cv2, image: cv2.resize(image, (width, height), interpolation=interpolation),
    )


def border(data: Tensor, sides: tuple[int, int, int, int], kind: int, value: tuple[float, ...]) -> Tensor:
    """An image (H, W, C) with a border of (top, bottom, left, right) pixels.

    Raises
    ------
    MXNetError
        For a negative side or an unknown kind of border.
    """
    if min(sides) < 0:
        raise MXNetError(f"the sides of a border must not be negative, but are {sides}")
    if kind not in BORDERS:
        raise MXNetError(f"unknown border type {kind}: 0 constant, 1 replicate, 2 reflect, 3 wrap, 4 reflect_101")
    top, bottom, left, right = sides
    height, width = data.shape[0] + top + bottom, data.shape[1] + left + right
    return _on_images(
        data,
        height,
        width,
        "cannot make a border",
        lambda cv2, image: cv2.copyMakeBorder(image, *sides, kind, value=value),
    )


def decode(data: Tensor, flag: int, to_rgb: bool) -> Tensor:
    """The image (H, W, C), uint8, in the bytes of a PNG, JPEG or other file.

    Raises
    ------
    MXNetError
        If the bytes hold no image that OpenCV reads.
    """
    if flag < 0:
        raise MXNetError(f"flag must be 0 (grey) or 1 (colour), not {flag}")
    values = data.cpu().contiguous().numpy()
    if flag == 0 or to_rgb:
        return torch.from_numpy(decode_rgb(values, 3 if flag else 1))
    return torch.from_numpy(decode_bytes(values, flag))


def decode_bytes(values: np.ndarray, flag: int) -> np.ndarray:
    """The image in the bytes of a file as OpenCV gives it: (H, W) or (H, W, C), blue before red.

    Raises
    ------
    MXNetError
        If the bytes hold no image that OpenCV reads.
    """
    if values.size == 0:
        raise MXNetError("cannot decode an image from an empty buffer")
    image = _call("cannot decode the image", lambda cv2: cv2.imdecode(values, flag))
    if image is None:
        raise MXNetError(f"cannot decode the image: these {values.size} bytes are not an image, or a broken one")
    return image


def encode(image: np.ndarray, extension: str, quality: int) -> bytes:
    """The file that holds an image (H, W) or (H, W, C), blue before red.

    Parameters
    ----------
    image : numpy.ndarray
    extension : str
        ``".jpg"``, ``".png"`` or another that OpenCV writes.
    quality : int
        For JPEG 0 to 100; for PNG the compression, 0 to 9, which more than that is too.

    Raises
    ------
    MXNetError
        If OpenCV does not write such a file, or such an image.
    """

    def encoded(cv2: Any) -> np.ndarray:
        parameters = []
        if extension.lower() in (".jpg", ".jpeg"):
            parameters = [cv2.IMWRITE_JPEG_QUALITY, quality]
        elif extension.lower() == ".png":
            parameters = [cv2.IMWRITE_PNG_COMPRESSION, min(quality, 9)]  # OpenCV would warn, image by image
        done, content = cv2.imencode(extension, image, parameters)
        return content if done else np.empty(0, np.uint8)

    what = f"cannot encode {image.dtype}{list(image.shape)} as {extension!r}"
    content = _call(what, encoded)
    if not content.size:
        raise MXNetError(f"{what}: OpenCV gave nothing")
    return content.tobytes()


# The same for images (H, W, C) of uint8 in NumPy, for code that makes many of them in threads: OpenCV lets go of
# Python's lock while it works.


def decode_rgb(values: np.ndarray, channels: int) -> np.ndarray:
    """The image (H, W, channels) in the bytes of a file: 1 grey, 3 red before blue, 4 also alpha.

    Raises
    ------
    MXNetError
        If the bytes hold no image that OpenCV reads, or 4 channels are wanted of one that has others.
    """
    cv2 = _opencv()
    if channels == 1:
        return decode_bytes(values, cv2.IMREAD_GRAYSCALE)[:, :, None]
    if channels == 4:
        image = decode_bytes(values, cv2.IMREAD_UNCHANGED)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 4:
            raise MXNetError(f"expected an image of four channels of uint8, not {image.dtype}{list(image.shape)}")
        return cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)
    straight = getattr(cv2, "IMREAD_COLOR_RGB", None)
    if straight is not None:
        return decode_bytes(values, straight)
    image = decode_bytes(values, cv2.IMREAD_COLOR)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)


def resize_image(image: np.ndarray, width: int, height: int, interpolation: int = 1) -> np.ndarray:
    """The image at another size."""
    if width <= 0 or height <= 0:
        raise MXNetError(f"cannot resize an image to width {width} and height {height}: both must be positive")
    if width * height > _LARGEST:
        raise MXNetError(f"an image of {list(image.shape)} would become {height} x {width}: too large")
    made = _call("cannot resize", lambda cv2: cv2.resize(image, (width, height), interpolation=interpolation))
    return made[:, :, None] if made.ndim < image.ndim else made


def warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], interpolation: int, fill: int) -> np.ndarray:
    """The image under an affine map (2, 3), on a canvas of `size` (width, height) filled with a grey."""
    made = _call(
        "cannot turn an image",
        lambda cv2: cv2.warpAffine(image, matrix, size, flags=interpolation, borderValue=(fill,) * 4),
    )
    return made[:, :, None] if made.ndim < image.ndim else made


def frame(image: np.ndarray, sides: tuple[int, int, int, int], fill: int) -> np.ndarray:
    """The image in a frame of so many pixels at the (top, bottom, left, right), of a grey."""
    height, width = image.shape[0] + sides[0] + sides[1], image.shape[1] + sides[2] + sides[3]
    if height * width > _LARGEST:
        raise MXNetError(f"an image of {list(image.shape)} in a frame would be {height} x {width}: too large")
    if not image.size:
        return np.full((height, width, image.shape[2]), fill, np.uint8)
    made = _call(
        "cannot make a border",
        lambda cv2: cv2.copyMakeBorder(image, *sides, cv2.BORDER_CONSTANT, value=(fill,) * 4),
    )
    return made[:, :, None] if made.ndim < image.ndim else made


def mirror(image: np.ndarray) -> np.ndarray:
    """The image with left and right exchanged."""
    made = _call("cannot mirror an image", lambda cv2: cv2.flip(image, 1))
    return made[:, :, None] if made.ndim < image.ndim else made


def look_up(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Each value replaced by that in a table (256,) or (256, C) of uint8."""
    return _call("cannot look values up", lambda cv2: cv2.LUT(image, table[None]))


def blend_with_grey(image: np.ndarray, share: float) -> np.ndarray:
    """The image (H, W, 3) times `share`, and its grey times the rest."""

    def blended(cv2: Any) -> np.ndarray:
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        return cv2.addWeighted(image, share, grey, 1 - share, 0)

    return _call("cannot change the saturation", blended)


def shift_hls(image: np.ndarray, shift: Sequence[int]) -> np.ndarray:
    """The image (H, W, 3) with so much added to hue (of 180, round in a circle), lightness and saturation (of 255)."""
    values = np.arange(256)
    hue = (values + shift[0]) % 180
    table = np.stack([hue, *[np.clip(values + each, 0, 255) for each in shift[1:]]], axis=-1).astype(np.uint8)

    def shifted(cv2: Any) -> np.ndarray:
        return cv2.cvtColor(look_up(cv2.cvtColor(image, cv2.COLOR_RGB2HLS), table), cv2.COLOR_HLS2RGB)

    return _call("cannot change the colours", shifted)


# Drawing into images (H, W, 3) of uint8, blue before red, and showing them.


def draw_box(
    image: np.ndarray, corner: tuple[int, int], opposite: tuple[int, int], colour: Sequence[float], thickness: int
) -> None:
    """Draw a rectangle between two corners (x, y)."""
    _call("cannot draw a box", lambda cv2: cv2.rectangle(image, corner, opposite, tuple(map(float, colour)), thickness))


def draw_text(image: np.ndarray, text: str, place: tuple[int, int]) -> None:
    """Write a small white text, its lower left corner at (x, y)."""
    white = (255, 255, 255)
    _call("cannot write", lambda cv2: cv2.putText(image, text, place, cv2.FONT_HERSHEY_DUPLEX, 0.5, white, 1))


def show(window: str, image: np.ndarray, milliseconds: int) -> None:
    """Show an image for that long, or with 0 until a key is pressed.

    Raises
    ------
    MXNetError
        If OpenCV has no windows, as opencv-python-headless has none.
    """

    def shown(cv2: Any) -> None:
        cv2.imshow(window, image)
        cv2.waitKey(milliseconds)

    _call("cannot show an image", shown)
