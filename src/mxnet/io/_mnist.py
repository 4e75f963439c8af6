"""`MNISTIter`: batches of the images and labels in the two files that MNIST comes in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mxnet.base import MXNetError
from mxnet.formats.idx import read_idx
from mxnet.io._base import DataBatch, DataDesc
from mxnet.io._parameters import takes
from mxnet.io._rounds import MXDataIter
from mxnet.numpy.multiarray import array

__all__ = ["MNISTIter"]


@dataclass(frozen=True)
class Parameters:
    """What an `MNISTIter` is told."""

    image: str = "./train-images-idx3-ubyte"
    label: str = "./train-labels-idx1-ubyte"
    batch_size: int = 128
    shuffle: bool = True
    flat: bool = False
    seed: int = 0
    silent: bool = False
    num_parts: int = 1
    part_index: int = 0
    prefetch_buffer: int = 4
    ctx: Literal["cpu", "cpu_pinned", "gpu"] = "gpu"
    device_id: int = -1
    dtype: Literal["float32"] | None = None
    data_name: str = "data"
    label_name: str = "softmax_label"


@takes(Parameters)
class MNISTIter(MXDataIter):
    """Batches of the images and labels in files of MNIST's form (IDX), gzipped or not.

    Values go from 0 to 255/256. Images too few for a batch are left out.

    Parameters
    ----------
    image, label : path
    batch_size : int, default 128
    shuffle : bool, default True
        Put the samples in a random order, once.
    flat : bool, default False
        Images as (batch, pixels) rather than (batch, 1, height, width).
    seed : int, default 0
        Of the order.
    num_parts, part_index : int
        Read one of so many equal parts.
    silent, prefetch_buffer, ctx, device_id, dtype
        Without a meaning here.
    data_name, label_name : str

    Raises
    ------
    MXNetError
        For a parameter it does not have, or files that are missing, damaged or do not go together.
    """

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(_Source(parameters))


class _Source:
    def __init__(self, parameters: Parameters) -> None:
        self.batch_size = parameters.batch_size
        images, labels = read_idx(parameters.image), read_idx(parameters.label)
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise MXNetError(
                f"{parameters.image} has shape {images.shape}, which does not go with labels of shape {labels.shape} "
                f"in {parameters.label}"
            )
        self._order = self._part(len(images), parameters)
        if parameters.shuffle:
            np.random.default_rng(parameters.seed % 2**64).shuffle(self._order)
        if not 1 <= self.batch_size <= len(self._order):
            raise MXNetError(f"batch_size must be between 1 and the {len(self._order)} images, not {self.batch_size}")
        self._images, self._labels = images, labels
        pixels = (images[0].size,) if parameters.flat else (1, *images.shape[1:])
        self._shape = (self.batch_size, *pixels)
        self.provide_data = [DataDesc(parameters.data_name, self._shape)]
        self.provide_label = [DataDesc(parameters.label_name, (self.batch_size,))]

    def start(self, carried: int) -> Iterator[DataBatch]:
        for start in range(0, len(self._order) - self.batch_size + 1, self.batch_size):
            samples = self._order[start : start + self.batch_size]
            data = self._images[samples].astype(np.float32).reshape(self._shape)
            data *= np.float32(1 / 256)
            labels = self._labels[samples].astype(np.float32)
            yield DataBatch([array(data)], [array(labels)], 0, samples)

    def close(self) -> None:
        """There is nothing to give up."""

    def _part(self, count: int, parameters: Parameters) -> np.ndarray:
        if not 0 <= parameters.part_index < parameters.num_parts:
            raise MXNetError(f"there is no part {parameters.part_index} of {parameters.num_parts} parts")
        ends = [count * part // parameters.num_parts for part in (parameters.part_index, parameters.part_index + 1)]
        return np.arange(*ends)
