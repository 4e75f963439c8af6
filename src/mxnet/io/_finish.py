"""The last step of the record iterators: from bytes to the numbers of a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.io._recipe import Draws
from mxnet.operators.attributes import DType

__all__ = ["Finish", "RecordScaling", "Scaling"]


@dataclass(frozen=True)
class Scaling:
    """How values from 0 to 255 become those of the batch; the fields are parameters of the record iterators."""

    mean_img: str = ""
    mean_r: float = 0.0
    mean_g: float = 0.0
    mean_b: float = 0.0
    mean_a: float = 0.0
    std_r: float = 1.0
    std_g: float = 1.0
    std_b: float = 1.0
    std_a: float = 1.0
    scale: float = 1.0
    dtype: DType | None = None

    def of_channels(self, name: str, count: int) -> np.ndarray:
        """The mean or the std of the first `count` channels."""
        return np.array([getattr(self, f"{name}_{channel}") for channel in "rgba"[:count]], np.float32)

    @property
    def jitter(self) -> tuple[float, float]:
        """The most that contrast and brightness change by at random."""
        return 0.0, 0.0


@dataclass(frozen=True)
class RecordScaling(Scaling):
    """`Scaling` with the random changes that only `ImageRecordIter` makes at this point."""

    max_random_contrast: float = 0.0
    max_random_illumination: float = 0.0

    @property
    def jitter(self) -> tuple[float, float]:
        return self.max_random_contrast, self.max_random_illumination


class Finish:
    """Writes images (H, W, C) of uint8 into the rows of a batch.

    A value becomes ((value - mean) * contrast + illumination) * scale / std. Bytes (uint8) are left as they are, and of
    int8 only the mean is taken, as in MXNet. NumPy does it row by row in place, in the thread that has just decoded
    the image: what it works on is still in that core's cache, and no pass over the batch is left to do.

    Parameters
    ----------
    scaling : Scaling
    shape : (channels, height, width)
    mean_image : numpy.ndarray, optional
        (C, H, W) float32, taken off instead of the means of the channels.

    Attributes
    ----------
    dtype : torch.dtype
        Of the batch.
    draws : bool
        Whether anything is left to chance.

    Raises
    ------
    MXNetError
        If an std is 0.
    """

    def __init__(self, scaling: Scaling, shape: tuple[int, ...], mean_image: np.ndarray | None = None) -> None:
        channels, height, width = shape
        self._shape = (height, width, channels)
        self.dtype = scaling.dtype or torch.float32
        self._contrast, self._illumination = scaling.jitter
        self.draws = bool(self._contrast or self._illumination)
        std = scaling.of_channels("std", channels)
        if not std.all():
            raise MXNetError(f"std must not be 0, but is {std.tolist()}")
        # A row of pixels of all channels, as they lie in memory: long enough for NumPy to be fast.
        mean = np.tile(scaling.of_channels("mean", channels), width)
        if mean_image is not None:
            mean = np.ascontiguousarray(mean_image.transpose(1, 2, 0)).reshape(height, -1)
        factor = np.tile(np.float32(scaling.scale) / std, width)
        self._mean = mean if mean.any() else None
        self._factor = factor if (factor != 1).any() else None

    def buffer(self, rows: int, pinned: bool) -> torch.Tensor:
        """Memory for the images of a batch, (rows, H, W, C)."""
        dtype = torch.uint8 if self.dtype is torch.uint8 else torch.float32
        return torch.empty((rows, *self._shape), dtype=dtype, pin_memory=pinned)

    def write(self, image: np.ndarray, out: np.ndarray, draws: Draws) -> None:
        """Put an image into a row of a `buffer`."""
        np.copyto(out, image)
        if self.dtype is torch.uint8:
            return
        values = out.reshape(self._shape[0], -1)
        if self._mean is not None:
            np.subtract(values, self._mean, out=values)
        if self.dtype is torch.int8:
            np.clip(values, -128, 127, out=values)
            return
        if self.draws:
            values *= np.float32(1 + draws.between(-self._contrast, self._contrast))
            values += np.float32(draws.between(-self._illumination, self._illumination))
        if self._factor is not None:
            np.multiply(values, self._factor, out=values)

    def batch(self, buffer: torch.Tensor) -> torch.Tensor:
        """What a full `buffer` holds, as (rows, C, H, W) of the wanted type; the channels lie last in memory."""
        return buffer.to(self.dtype).permute(0, 3, 1, 2)
