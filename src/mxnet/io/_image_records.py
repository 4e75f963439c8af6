"""`ImageRecordIter` and its kin: batches of the images in a record file, decoded and augmented in threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from mxnet import _dtype, formats
from mxnet.base import MXNetError
from mxnet.formats.image_list import read_image_list
from mxnet.io._base import DataBatch, DataDesc
from mxnet.io._finish import Finish, RecordScaling, Scaling
from mxnet.io._parameters import takes
from mxnet.io._recipe import DRAWS, Draws, Recipe
from mxnet.io._record_files import Records
from mxnet.io._rounds import Job, MXDataIter, ReadAhead, Rounds
from mxnet.ndarray._array import wrap
from mxnet.numpy.multiarray import ndarray
from mxnet.operators import _opencv
from mxnet.operators.attributes import Shape
from mxnet.recordio import IRHeader

__all__ = [
    "ImageRecordInt8Iter",
    "ImageRecordIter",
    "ImageRecordIter_v1",
    "ImageRecordUInt8Iter",
    "ImageRecordUInt8Iter_v1",
    "ImageSource",
    "Reading",
]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What to read, and in which order; the fields are parameters of `ImageRecordIter`."""

    path_imgrec: str
    batch_size: int
    data_shape: Shape
    path_imgidx: str = ""
    path_imglist: str = ""
    label_width: int = 1
    num_parts: int = 1
    part_index: int = 0
    shuffle: bool = False
    seed: int = 0
    seed_aug: int | None = None
    round_batch: bool = True
    preprocess_threads: int = 4
    prefetch_buffer: int = 4
    ctx: Literal["cpu", "cpu_pinned", "gpu"] = "gpu"
    data_name: str = "data"
    label_name: str = "softmax_label"
    # Without a meaning here; programs give them.
    verbose: bool = True
    aug_seq: str = "aug_default"
    device_id: int = 0
    shuffle_chunk_size: int = 0
    shuffle_chunk_seed: int = 0

    _positive: ClassVar[tuple[str, ...]] = ("label_width", "preprocess_threads")

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise MXNetError(f"batch_size must be positive, not {self.batch_size}")
        if len(self.data_shape) != 3 or self.data_shape[0] not in (1, 3, 4) or min(self.data_shape) < 1:
            raise MXNetError(
                f"data_shape must be (channels, height, width) with 1, 3 or 4 channels, not {self.data_shape}"
            )
        for name in self._positive:
            if getattr(self, name) < 1:
                raise MXNetError(f"{name} must be positive, not {getattr(self, name)}")


@takes(Reading, Recipe, RecordScaling)
class ImageRecordIter(MXDataIter):
    """Batches of the images in a record file, decoded and augmented in threads ahead of who asks for them.

    A batch is float32 (batch, channels, height, width), red before blue, with labels (batch,) or (batch, label_width).
    Its `index` has the ids of the records, its `pad` tells how many images at its end only fill it up.

    Parameters
    ----------
    path_imgrec : path
        The record file, as ``im2rec`` makes it.
    batch_size : int
    data_shape : (channels, height, width)
        Of an image in the batch: 3 channels for colour, 1 for grey, 4 with alpha.
    path_imgidx : path, optional
        The index; without it the record file is gone through once, when the iterator is made.
    path_imglist : path, optional
        A list whose labels, by the ids of records, replace those in the records.
    label_width : int, default 1
        Numbers in a label.
    num_parts, part_index : int
        Read one of so many parts: with `path_imgidx` of as many records, else of as many bytes.
    shuffle : bool, default False
        Put the records in a new random order for each pass.
    seed, seed_aug : int
        Of the order, default 0, and of augmentation, default as `seed`. The same seeds give the same batches,
        whatever the number of threads.
    round_batch : bool, default True
        Fill the last batch up with the first images of the next pass, which then begins behind them.
    preprocess_threads : int, default 4
        Threads that decode and augment.
    prefetch_buffer : int, default 4
        Batches that are made ahead.
    ctx : {'gpu', 'cpu_pinned', 'cpu'}
        Unless it is 'cpu', batches are put into page-locked memory where there is a GPU.
    data_name, label_name : str
    resize : int, default -1
        Length of the shorter side, before everything else.
    rotate, max_rotate_angle : int
        Degrees to turn the image by: so many, or at random up to so many.
    max_shear_ratio, max_aspect_ratio, min_random_scale, max_random_scale : float
        Random shear, stretch and scale.
    min_img_size, max_img_size : float
        Bounds for the sides after these.
    pad, fill_value : int
        Width of a frame, and the grey of it and of what turning leaves empty; default 0 and 255.
    rand_crop : bool, default False
        Crop at a random place rather than in the middle.
    min_crop_size, max_crop_size : int
        Crop a square of a random size.
    random_resized_crop : bool, default False
        Crop a random part, with a share of the area from `min_random_area` to `max_random_area` and a ratio of width
        to height from `min_aspect_ratio` to `max_aspect_ratio` (or 1 -/+ `max_aspect_ratio`).
    inter_method : int, default 1
        0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos, 9 by the sizes, 10 random.
    brightness, contrast, saturation, pca_noise : float
        Strength of random changes of colour.
    random_h, random_s, random_l : int
        Most that is added at random to hue (of 180), saturation and lightness (of 255).
    mirror, rand_mirror : bool
        Mirror every image, or every other at random.
    mean_r, mean_g, mean_b, mean_a, std_r, std_g, std_b, std_a, scale : float
        A value becomes (value - mean) * scale / std.
    mean_img : path, optional
        A file with the mean image, which takes the place of the means; it is made if it is not there.
    max_random_contrast, max_random_illumination : float
        Random factor around 1 and random addition, after the mean is taken off.
    dtype : optional
        Of the batch; default float32. Bytes (``uint8``) stay as they are, of ``int8`` only the mean is taken.
    verbose, aug_seq, device_id, shuffle_chunk_size, shuffle_chunk_seed
        Without a meaning here.

    Raises
    ------
    MXNetError
        For a parameter it does not have (the message has the nearest names) or that makes no sense, a file that is
        missing or damaged, or an image that cannot be decoded; the message names the file and the record.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy
    >>> path = os.path.join(tempfile.mkdtemp(), 'a')
    >>> record = mx.recordio.MXIndexedRecordIO(path + '.idx', path + '.rec', 'w')
    >>> for number in range(4):
    ...     header = mx.recordio.IRHeader(0, number % 2, number, 0)
    ...     record.write_idx(number, mx.recordio.pack_img(header, numpy.zeros((40, 50, 3), 'uint8')))
    >>> record.close()
    >>> batches = mx.io.ImageRecordIter(path_imgrec=path + '.rec', data_shape=(3, 32, 32), batch_size=2)
    >>> for batch in batches:
    ...     print(batch.data[0].shape, batch.label[0])
    (2, 3, 32, 32) [0. 1.]
    (2, 3, 32, 32) [0. 1.]
    """

    _dtype: torch.dtype | None = None

    def __init__(self, reading: Reading, recipe: Recipe, scaling: RecordScaling) -> None:
        if self._dtype is not None:
            scaling = replace(scaling, dtype=self._dtype)
        super().__init__(ImageSource(reading, recipe, scaling))


class ImageRecordUInt8Iter(ImageRecordIter):
    """`ImageRecordIter` of bytes as they are in the images; its parameters for scaling have no effect."""

    _dtype = torch.uint8


class ImageRecordInt8Iter(ImageRecordIter):
    """`ImageRecordIter` of int8: values less the mean, cut to -128 to 127."""

    _dtype = torch.int8


ImageRecordIter_v1 = ImageRecordIter
ImageRecordUInt8Iter_v1 = ImageRecordUInt8Iter


class ImageSource:
    """The batches of a record file of images.

    Parameters
    ----------
    reading : Reading
    recipe : callable
        With a property `draws`, whether anything is left to chance.
    scaling : Scaling
    """

    def __init__(self, reading: Reading, recipe: Any, scaling: Scaling) -> None:
        self.batch_size = reading.batch_size
        self._reading = reading
        self._recipe = recipe
        self._records = Records(
            reading.path_imgrec,
            reading.path_imgidx,
            reading.num_parts,
            reading.part_index,
            _labels_by_id(reading.path_imglist, self._listed_labels) if reading.path_imglist else None,
        )
        if not len(self._records):
            part = f"part {reading.part_index} of {reading.num_parts} of " if reading.num_parts > 1 else ""
            raise MXNetError(f"there are no records in {part}{reading.path_imgrec}")
        self._seed = (reading.seed if reading.seed_aug is None else reading.seed_aug) % 2**64
        self._passes = 0
        self._label_shape = self._shape_of_labels()
        mean_image = self._mean_image(scaling.mean_img) if scaling.mean_img else None
        self._finish = Finish(scaling, reading.data_shape, mean_image)
        self._draws = recipe.draws or self._finish.draws
        self._rounds = Rounds(
            len(self._records), reading.batch_size, reading.round_batch, reading.shuffle, reading.seed % 2**64
        )
        self._pinned = reading.ctx != "cpu" and torch.cuda.is_available()
        self.provide_data = [
            DataDesc(
                reading.data_name, (reading.batch_size, *reading.data_shape), _dtype.from_torch(self._finish.dtype)
            )
        ]
        self.provide_label = [DataDesc(reading.label_name, self._label_shape)]
        self._threads = ReadAhead(reading.preprocess_threads, reading.prefetch_buffer, "ImageRecordIter")

    def start(self, carried: int) -> Iterator[DataBatch]:
        number, self._passes = self._passes, self._passes + 1
        return self._threads.start(self._jobs(number, carried))

    def close(self) -> None:
        self._threads.close()
        self._records.close()

    def _jobs(self, number: int, carried: int) -> Iterator[Job]:
        for batch, (samples, pad) in enumerate(self._rounds.start(carried)):
            draws = [iter(())] * len(samples)
            if self._draws:
                draws = self._numbers(number, batch, len(samples))
            yield self._job(samples.tolist(), pad, draws)

    def _numbers(self, number: int, batch: int, count: int) -> list[Iterator[float]]:
        """Numbers between 0 and 1 for each image of a batch of a pass."""
        generator = np.random.default_rng([self._seed, number, batch])
        return [iter(row) for row in generator.random((count, DRAWS)).tolist()]

    def _job(self, samples: list[int], pad: int, draws: list[Iterator[float]]) -> Job:
        """A batch: each thread gets some of its images."""
        data = self._finish.buffer(len(samples), self._pinned)
        labels = np.empty(self._label_shape, np.float32)
        ids = np.empty(len(samples), np.uint64)
        rows = data.numpy()

        def fill(places: range) -> None:
            for place in places:
                number, chance = samples[place], Draws(draws[place])
                header, content = self._records.read(number)
                image, labels[place] = self._sample(header, content, number, chance)
                self._finish.write(image, rows[place], chance)
                ids[place] = header.id

        def finish() -> DataBatch:
            made = [wrap(ndarray, self._finish.batch(data))], [wrap(ndarray, torch.from_numpy(labels))]
            return DataBatch(*made, pad, ids, provide_data=self.provide_data, provide_label=self.provide_label)

        threads = self._reading.preprocess_threads
        return Job([partial(fill, range(first, len(samples), threads)) for first in range(threads)], finish)

    def _sample(self, header: IRHeader, content: memoryview, number: int, draws: Draws) -> tuple[np.ndarray, Any]:
        """The image in a record, decoded and augmented, and its label as the batch has it."""
        width = self._reading.label_width
        with self._records.named(number):
            image = self._recipe(self._decoded(content), self._reading.data_shape, draws)
            if np.size(header.label) != width:
                raise MXNetError(f"its label has {np.size(header.label)} numbers, but label_width is {width}")
        return image, header.label if width > 1 else np.reshape(header.label, ())

    def _decoded(self, content: memoryview) -> np.ndarray:
        return _opencv.decode_rgb(np.frombuffer(content, np.uint8), self._reading.data_shape[0])

    @property
    def _listed_labels(self) -> int | None:
        """How many numbers of a line of a list are the label; None for all."""
        return self._reading.label_width

    def _shape_of_labels(self) -> tuple[int, ...]:
        """The shape of a batch of labels."""
        width = self._reading.label_width
        return (self.batch_size, width) if width > 1 else (self.batch_size,)

    def _mean_image(self, path: str) -> np.ndarray:
        """The mean image in a file, (C, H, W); made of the images, and saved there, if there is no such file."""
        shape = self._reading.data_shape
        if os.path.exists(path):
            tensors = formats.load(path)
            found = tensors.get("mean_img") if isinstance(tensors, dict) else None
            if found is None or tuple(found.shape) != shape:
                raise MXNetError(f"{path} holds no array 'mean_img' of shape {shape}")
            return found.numpy().astype(np.float32)
        total = np.zeros((*shape[1:], shape[0]))
        for number in range(len(self._records)):
            (draws,) = self._numbers(number, 0, 1)
            total += self._sample(*self._records.read(number), number, Draws(draws))[0]
        mean = np.ascontiguousarray((total / len(self._records)).transpose(2, 0, 1), np.float32)
        formats.save_list(path, {"mean_img": torch.from_numpy(mean)})
        return mean


def _labels_by_id(path: str, width: int | None) -> dict[int, np.ndarray]:
    """The labels in a list by the numbers of its lines; of longer labels the first `width` numbers."""
    return {entry.number: np.array(entry.labels[:width], np.float32) for entry in read_image_list(path)}
