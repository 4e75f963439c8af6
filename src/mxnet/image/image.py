"""Functions of images."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.ndarray._array import Array, invoke, read, wrap
from mxnet.numpy.multiarray import ndarray
from mxnet.operators import find

__all__ = [
    "center_crop",
    "color_normalize",
    "copyMakeBorder",
    "fixed_crop",
    "imdecode",
    "imread",
    "imresize",
    "imrotate",
    "random_crop",
    "random_rotate",
    "random_size_crop",
    "resize_short",
    "scale_down",
]

Size = Sequence[int]
Box = tuple[int, int, int, int]


def imread(filename: str | os.PathLike, flag: int = 1, to_rgb: bool = True, out: Any = None) -> ndarray:
    """The image in a file, (H, W, C) uint8.

    Parameters
    ----------
    filename : path
    flag : int, default 1
        1 gives three channels, 0 one channel of grey.
    to_rgb : bool, default True
        Red, green, blue rather than OpenCV's blue, green, red.
    out : NDArray, optional

    Raises
    ------
    MXNetError
        If the file cannot be read, or holds no image; the message names it.
    """
    path = Path(str(filename) if isinstance(filename, int) else filename)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MXNetError(f"cannot read the image {str(path)!r}: {error.strerror}") from error
    try:
        return imdecode(content, flag, to_rgb, out)
    except MXNetError as error:
        raise MXNetError(f"{path}: {error}") from error


def imdecode(buf: Any, flag: int = 1, to_rgb: bool = True, out: Any = None) -> ndarray:
    """The image in the bytes of a file, (H, W, C) uint8.

    Parameters
    ----------
    buf : bytes, bytearray, memoryview, numpy.ndarray or NDArray
    flag, to_rgb, out
        As for `imread`.

    Raises
    ------
    ValueError
        If `buf` is something else.
    MXNetError
        If OpenCV finds no image in it.
    """
    if isinstance(buf, Array):
        content = read(buf)
    elif isinstance(buf, (bytes, bytearray, memoryview)):
        content = torch.from_numpy(np.array(np.frombuffer(buf, np.uint8)))
    elif isinstance(buf, np.ndarray):
        content = torch.from_numpy(buf.copy())
    else:
        raise ValueError(
            f"buf must be of type bytes, bytearray or numpy.ndarray, not {type(buf).__name__}; "
            "if you would like to input type str, please convert to bytes"
        )
    return invoke(find("_cvimdecode"), (wrap(ndarray, content),), {"flag": flag, "to_rgb": to_rgb}, out)


def imresize(src: Any, w: int, h: int, interp: int = 1, out: Any = None) -> Any:
    """The image at width `w` and height `h`.

    Parameters
    ----------
    src : NDArray
        (H, W, C), of a type OpenCV resizes: uint8, int16, uint16, float32, float64.
    w, h : int
    interp : int, default 1
        0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos, 5 exact linear; 9 cubic to enlarge and area to shrink;
        10 one of the first five at random.

    Raises
    ------
    MXNetError
        If the size is not positive, or OpenCV refuses the image.
    """
    _check_array(src)
    if interp in (9, 10):
        interp = _interpolation(interp, (*src.shape[:2], h, w))
    return invoke(find("_cvimresize"), (src,), {"w": w, "h": h, "interp": interp}, out)


def copyMakeBorder(
    src: Any,
    top: int,
    bot: int,
    left: int,
    right: int,
    type: int = 0,
    value: float = 0.0,
    values: Sequence[float] = (),
    out: Any = None,
) -> Any:
    """The image (H, W, C) in a frame of so many pixels.

    Parameters
    ----------
    type : int, default 0
        0 one colour: `value`, or `values` by channel; 1 the edge's pixels; 2 mirrored; 3 from the other side;
        4 mirrored without the edge.
    """
    _check_array(src)
    attributes = {
        "top": top, "bot": bot, "left": left, "right": right, "type": type, "value": value, "values": tuple(values)
    }  # fmt: skip
    return invoke(find("_cvcopyMakeBorder"), (src,), attributes, out)


def scale_down(src_size: Size, size: Size) -> tuple[int, int]:
    """`size`, (width, height), shrunk in proportion until it fits into `src_size`.

    Examples
    --------
    >>> mx.image.scale_down((640, 480), (720, 120))
    (640, 106)
    """
    width, height = size
    limit_width, limit_height = src_size
    if limit_height < height:
        width, height = width * limit_height / height, limit_height
    if limit_width < width:
        width, height = limit_width, height * limit_width / width
    return int(width), int(height)


def resize_short(src: Any, size: int, interp: int = 2) -> Any:
    """The image with its shorter side of length `size`, in proportion. `interp` as for `imresize`."""
    height, width = src.shape[:2]
    if height > width:
        new_height, new_width = size * height // width, size
    else:
        new_height, new_width = size, size * width // height
    return imresize(src, new_width, new_height, _interpolation(interp, (height, width, new_height, new_width)))


def fixed_crop(src: Any, x0: int, y0: int, w: int, h: int, size: Size | None = None, interp: int = 2) -> Any:
    """The rectangle of width `w` and height `h` at (x0, y0), resized to `size` (width, height) if given.

    What lies beyond the right and lower edges is left out.

    Raises
    ------
    MXNetError
        If nothing of the image is in it.
    """
    if x0 < 0 or y0 < 0 or w <= 0 or h <= 0 or x0 >= src.shape[1] or y0 >= src.shape[0]:
        raise MXNetError(
            f"a crop of width {w} and height {h} at x={x0}, y={y0} takes nothing from an image of shape {src.shape}"
        )
    out = src[y0 : y0 + h, x0 : x0 + w]
    if size is not None and (w, h) != tuple(size):
        out = imresize(out, *size, interp=_interpolation(interp, (h, w, size[1], size[0])))
    return out


def random_crop(src: Any, size: Size, interp: int = 2) -> tuple[Any, Box]:
    """A rectangle of `size` (width, height) at a random place, and the place (x, y, width, height).

    Images that are too small are cropped in proportion and enlarged. Python's ``random`` decides.
    """
    height, width = src.shape[:2]
    w, h = scale_down((width, height), size)
    x0 = random.randint(0, width - w)
    y0 = random.randint(0, height - h)
    return fixed_crop(src, x0, y0, w, h, size, interp), (x0, y0, w, h)


def center_crop(src: Any, size: Size, interp: int = 2) -> tuple[Any, Box]:
    """The middle of the image, `size` (width, height) large, and its place (x, y, width, height).

    Images that are too small are cropped in proportion and enlarged.
    """
    height, width = src.shape[:2]
    w, h = scale_down((width, height), size)
    x0, y0 = (width - w) // 2, (height - h) // 2
    return fixed_crop(src, x0, y0, w, h, size, interp), (x0, y0, w, h)


def random_size_crop(
    src: Any,
    size: Size,
    area: float | tuple[float, float] | None = None,
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
    interp: int = 2,
    *,
    min_area: float | None = None,
) -> tuple[Any, Box]:
    """A random rectangle resized to `size` (width, height), and its place (x, y, width, height).

    Parameters
    ----------
    src : NDArray
    size : (width, height)
    area : float or (low, high)
        Share of the image's area, or its smallest value; `min_area` is its older name.
    ratio : (low, high)
        Range of width over height.
    interp : int, default 2
        As for `imresize`.

    Raises
    ------
    TypeError
        If no area is given.
    """
    area = min_area if area is None else area
    if area is None:
        raise TypeError("random_size_crop() needs area: a share of the image's area, or (low, high)")
    low, high = (area, 1.0) if isinstance(area, (int, float)) else area
    height, width = src.shape[:2]
    for _ in range(10):
        target = random.uniform(low, high) * height * width
        shape = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(target * shape)), round(math.sqrt(target / shape))
        if 0 < w <= width and 0 < h <= height:
            x0 = random.randint(0, width - w)
            y0 = random.randint(0, height - h)
            return fixed_crop(src, x0, y0, w, h, size, interp), (x0, y0, w, h)
    return center_crop(src, size, interp)


def color_normalize(src: Any, mean: Any, std: Any = None) -> Any:
    """(src - mean) / std, the last dimension of `mean` and `std` matching that of `src`; either may be None.

    Parameters
    ----------
    src : NDArray
        An image (H, W, C), or anything `mean` and `std` broadcast with: for (C, H, W) give them the shape
        (C, 1, 1). It is left as it is.
    mean, std : float, NDArray or array_like, optional

    Examples
    --------
    >>> image = mx.np.full((2, 2, 3), 255.0)
    >>> mx.image.color_normalize(image / 255, mean=mx.np.array([0.5, 0.5, 1]), std=mx.np.array([0.5, 1, 1]))[0, 0]
    array([1. , 0.5, 0. ])
    """
    _check_array(src)
    data = read(src)
    data = data if data.is_floating_point() else data.to(torch.float32)
    try:
        if mean is not None:
            data = data - _like(mean, data)
        if std is not None:
            data = data / _like(std, data)
    except RuntimeError as error:
        raise MXNetError(
            f"color_normalize: mean and std must broadcast with the image's shape {src.shape}: {error}"
        ) from error
    return wrap(type(src), data if data is not src._data else data.clone(), src._tag)


def imrotate(src: Any, rotation_degrees: Any, zoom_in: bool = False, zoom_out: bool = False) -> Any:
    """Images (C, H, W) or (N, C, H, W), float32, turned about their middle.

    Parameters
    ----------
    src : NDArray
    rotation_degrees : float, or for several images array_like (N,)
    zoom_in : bool, default False
        Enlarge so that no corner is empty.
    zoom_out : bool, default False
        Shrink so that nothing is cut off.

    Raises
    ------
    TypeError
        If the images are not float32, or one image is given several angles.
    ValueError
        If both zooms are asked for, or the shape or the number of angles is wrong.
    """
    if zoom_in and zoom_out:
        raise ValueError("`zoom_in` and `zoom_out` cannot be both True")
    if not isinstance(src, Array):
        raise TypeError(f"imrotate takes an array, not {type(src).__name__}")
    if src.dtype != "float32":
        raise TypeError(f"Only `float32` images are supported by this function, not {src.dtype}")
    if src.ndim not in (3, 4):
        raise ValueError(f"Only 3D and 4D are supported by this function, not shape {src.shape}")
    images = read(src)
    if src.ndim == 3:
        if not isinstance(rotation_degrees, (int, float)) and np.ndim(rotation_degrees) != 0:
            raise TypeError("When a single image is passed the rotation angle is required to be a scalar.")
        images = images[None]
    angles = np.asarray(rotation_degrees, dtype=np.float64)
    if angles.ndim and angles.shape != (len(images),):
        raise ValueError(
            f"The number of images must be equal to the number of rotation angles, not {len(images)} and {angles.shape}"
        )
    turned = _rotated(images, np.broadcast_to(angles, (len(images),)), zoom_in, zoom_out)
    return wrap(type(src), turned[0] if src.ndim == 3 else turned, src._tag)


def random_rotate(src: Any, angle_limits: tuple[float, float], zoom_in: bool = False, zoom_out: bool = False) -> Any:
    """As `imrotate`, by an angle between the limits for each image, which ``numpy.random`` draws."""
    size = None if src.ndim == 3 else len(src)
    return imrotate(src, np.random.uniform(*angle_limits, size=size), zoom_in, zoom_out)


def _rotated(images: torch.Tensor, degrees: np.ndarray, zoom_in: bool, zoom_out: bool) -> torch.Tensor:
    """Each image sampled at the places its pixels come from; the centres of the corner pixels are at -1 and 1."""
    height, width = images.shape[-2:]
    half = np.array([(width - 1) / 2, (height - 1) / 2])
    matrices = []
    for angle in np.deg2rad(degrees):
        cos, sin = np.cos(angle), np.sin(angle)
        reach = np.abs([[cos, sin], [sin, cos]]) @ [width, height]
        scale = 1.0
        if zoom_in:
            scale = np.min([width, height] / reach)
        elif zoom_out:
            scale = np.max(reach / [width, height])
        matrix = scale * np.array([[cos, -sin], [sin, cos]]) * half / np.maximum(half, 0.5)[:, None]
        matrices.append(np.concatenate([matrix, np.zeros((2, 1))], axis=1))
    theta = torch.tensor(np.array(matrices), dtype=images.dtype, device=images.device)
    grid = torch.nn.functional.affine_grid(theta, list(images.shape), align_corners=True)
    return torch.nn.functional.grid_sample(images, grid, align_corners=True)


def mirrored(src: Any) -> Any:
    """An image (H, W, C) with left and right exchanged."""
    _check_array(src)
    return wrap(type(src), read(src).flip(1), src._tag)


def _check_array(src: Any) -> None:
    if not isinstance(src, Array):
        raise AssertionError(f"Argument src must have NDArray type (mx.np.array), but is {type(src).__name__}")


def _like(values: Any, data: torch.Tensor) -> torch.Tensor:
    tensor = read(values) if isinstance(values, Array) else torch.as_tensor(np.asarray(values))
    return tensor.to(device=data.device, dtype=data.dtype)


def _interpolation(interp: int, sizes: tuple[int, int, int, int]) -> int:
    """OpenCV's code for a code of MXNet's, for a change of (height, width) to (height, width).

    Raises
    ------
    ValueError
        For an unknown code.
    """
    if interp == 9:
        height, width, new_height, new_width = sizes
        if new_height > height and new_width > width:
            return 2
        return 3 if new_height < height and new_width < width else 1
    if interp == 10:
        return random.randint(0, 4)
    if interp not in range(5):
        raise ValueError(f"Unknown interp method {interp}: expected 0 to 4, 9 (by the sizes) or 10 (random)")
    return interp
