"""What OpenCV does to images, said in torch tensors; OpenCV is imported when it is first used."""

from __future__ import annotations

import functools
from collections.abc import Callable
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
    values = data.detach().cpu().contiguous().numpy()
    made = [
        np.ascontiguousarray(_call(what, lambda cv2, image=image: function(cv2, image)))
        for image in values.reshape(-1, *values.shape[-3:])
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
    image = decode_bytes(data.cpu().contiguous().numpy(), flag)
    if image.ndim == 2:
        return torch.from_numpy(image[:, :, None])
    return torch.from_numpy(np.ascontiguousarray(image[:, :, ::-1]) if to_rgb else image)


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
