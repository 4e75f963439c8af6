"""From an image, in whatever form it comes, to what a network of the zoo was evaluated on."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.gluon.block import Block
from mxnet.gluon.data.vision import transforms
from mxnet.image import imread
from mxnet.ndarray._array import Array, wrap
from mxnet.numpy.multiarray import ndarray

__all__ = ["eval_transform"]

_LARGEST = 1 << 27  # pixels that a thin image may be enlarged to


def eval_transform(
    resize: int, crop: int, antialias: bool, mean: tuple[float, ...], std: tuple[float, ...]
) -> transforms.Compose:
    """Read, resize the shorter side, cut out the middle, float32 channels first, normalise.

    Without `antialias` resizing is OpenCV's bilinear one, as in MXNet; with it Pillow's, as in torchvision.
    """
    if antialias:
        sizing = [_ResizeAntialiased(resize), _CropMiddle(crop)]
    else:
        sizing = [transforms.Resize(resize, keep_ratio=True), transforms.CenterCrop(crop)]
    return transforms.Compose([_Read(resize), *sizing, transforms.ToTensor(), transforms.Normalize(mean, std)])


class _Read(Block):
    """A path, an image of Pillow's or an array as an array of bytes (height, width, 3): red, green, blue.

    Refused is what would take too much memory with its shorter side at `size`.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def forward(self, x: Any) -> ndarray:
        is_path = isinstance(x, (str, os.PathLike))
        image = imread(os.path.expanduser(x)) if is_path else self._converted(x)
        short, long = sorted(image.shape[-3:-1])
        if self._size**2 * long > _LARGEST * short:
            name = f"{os.fspath(x)}: " if is_path else ""
            raise MXNetError(f"{name}an image with sides of {short} and {long} pixels is too thin to be resized")
        return image

    def _converted(self, x: Any) -> ndarray:
        if hasattr(x, "convert") and hasattr(x, "getbands"):  # Pillow's, which need not be installed
            x = np.array(x.convert("RGB"))
        if not isinstance(x, (Array, np.ndarray, torch.Tensor)):
            raise TypeError(f"an image is a path, an image of Pillow's or an array, not {type(x).__name__}")
        if isinstance(x, np.ndarray):
            x = torch.from_numpy(np.array(x))  # a copy: torch takes no reversed channels, and warns of read-only ones
        return _three_channels(x._data.detach() if isinstance(x, Array) else x)


def _three_channels(pixels: torch.Tensor) -> ndarray:
    if pixels.dtype is not torch.uint8:
        raise MXNetError(
            f"an image has values 0 to 255 of type uint8, not {str(pixels.dtype).removeprefix('torch.')}; what is "
            "preprocessed already goes into the network itself"
        )
    shape = tuple(pixels.shape)
    if pixels.dim() == 2:
        pixels = pixels[..., None]
    if pixels.dim() not in (3, 4) or pixels.shape[-1] not in (1, 3) or 0 in shape:
        raise MXNetError(f"an image has the shape (height, width, 3), or (height, width) if it is grey; not {shape}")
    return wrap(ndarray, pixels.expand(*pixels.shape[:-1], 3))


class _ResizeAntialiased(Block):
    """The shorter side at `size`, every pixel a mean of all that fall into it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def forward(self, x: ndarray) -> ndarray:
        rows, columns = x.shape[-3:-1]
        if rows <= columns:
            height, width = self._size, self._size * columns // rows
        else:
            height, width = self._size * rows // columns, self._size
        if (height, width) == (rows, columns):
            return x
        planes = x._data.reshape(-1, rows, columns, 3).movedim(-1, 1)
        resized = F.interpolate(planes, (height, width), mode="bilinear", antialias=True).movedim(1, -1)
        return wrap(ndarray, resized.reshape(*x.shape[:-3], height, width, 3))


class _CropMiddle(Block):
    """The square in the middle; where there is half a pixel to decide on, at the even place."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def forward(self, x: ndarray) -> ndarray:
        top, left = (round((side - self._size) / 2) for side in x.shape[-3:-1])
        return x[..., top : top + self._size, left : left + self._size, :]
