"""`ImageDetRecordIter`: batches of the images in a record file and of the objects in them, made in threads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mxnet.base import MXNetError
from mxnet.formats.detection_label import parse_label
from mxnet.io._det_recipe import DetRecipe
from mxnet.io._finish import Scaling
from mxnet.io._image_records import ImageSource, Reading
from mxnet.io._parameters import takes
from mxnet.io._recipe import Draws
from mxnet.io._rounds import MXDataIter
from mxnet.recordio import IRHeader

__all__ = ["ImageDetRecordIter"]

_SIZES = 4
"""Numbers in front of a label in a batch: channels, height and width of the image, and the numbers in the label."""


@dataclass(frozen=True, kw_only=True)
class DetReading(Reading):
    """What to read, and in which order; the fields are parameters of `ImageDetRecordIter`."""

    path_imgrec: str = "./data/imgrec.rec"
    label_width: int = -1
    label_pad_width: int = 0
    label_pad_value: float = -1.0
    aug_seq: str = "det_aug_default"
    device_id: int = -1

    _positive: ClassVar[tuple[str, ...]] = ("preprocess_threads",)


@dataclass(frozen=True)
class DetScaling(Scaling):
    """How values become those of the batch; an std of 0 leaves them, as in MXNet."""

    std_r: float = 0.0
    std_g: float = 0.0
    std_b: float = 0.0
    std_a: float = 0.0

    def of_channels(self, name: str, count: int) -> np.ndarray:
        values = super().of_channels(name, count)
        return np.where(values == 0, np.float32(1), values) if name == "std" else values


@takes(DetReading, DetRecipe, DetScaling)
class ImageDetRecordIter(MXDataIter):
    """Batches of the images in a record file and of the objects in them, decoded and augmented together in threads.

    Labels are packed: the length of the header, numbers in an object, the rest of the header, then the objects, each a
    class, left, top, right and bottom of its box in shares of the image's width and height, and whatever else. A batch
    is float32 (batch, channels, height, width) with labels (batch, 4 + width), a row of which has channels, height and
    width of the image in the batch, the count of numbers in its label, the label, and `label_pad_value`. Objects whose
    boxes have no area are left out.

    Parameters
    ----------
    path_imgrec : path, default './data/imgrec.rec'
        The record file, as ``im2rec`` makes it.
    batch_size : int
    data_shape : (channels, height, width)
    path_imgidx, path_imglist, num_parts, part_index, shuffle, seed, seed_aug, round_batch, preprocess_threads, \
prefetch_buffer, ctx, data_name, label_name
        As for `ImageRecordIter`.
    label_width : int, default -1
        Numbers that each label must have; -1 for any.
    label_pad_width : int, default 0
        Length that labels are filled up to. By default the longest label's: all are looked at when the iterator is
        made.
    label_pad_value : float, default -1
    resize : int, default -1
        Length of the shorter side, before everything else.
    resize_mode : {'force', 'shrink', 'fit'}
        Stretch images to `data_shape`; or make too large ones small enough in proportion; or all just as large as fits.
        Then they lie in the upper left corner, and the rest is black.
    max_random_hue, max_random_saturation, max_random_illumination : int
        Most that is added at random to hue (of 180), saturation and lightness (of 255), with the probabilities
        `random_hue_prob`, `random_saturation_prob` and `random_illumination_prob`.
    max_random_contrast, random_contrast_prob : float
        Largest distance from 1 of a random factor, and its probability.
    rand_pad_prob, max_pad_scale, fill_value
        With this probability put the image at a random place of a canvas that is up to so many times as wide and as
        high, of this grey; default 127.
    rand_crop_prob : float
        Probability of a random crop; the image stays whole if none is found.
    num_crop_sampler : int, default 1
        How many samplers there are to make one. They are tried in random order, each `max_crop_trials` (default 25)
        times. This and the following are numbers, or tuples with one for each sampler.
    min_crop_scales, max_crop_scales : float or tuple of float
        Square root of the crop's share of the image's area.
    min_crop_aspect_ratios, max_crop_aspect_ratios : float or tuple of float
        Width over height; it is changed where such a crop is too wide or too high for the image.
    min_crop_overlaps, max_crop_overlaps : float or tuple of float
        Intersection over union of the crop and an object.
    min_crop_sample_coverages, max_crop_sample_coverages : float or tuple of float
        Share of the crop that an object covers.
    min_crop_object_coverages, max_crop_object_coverages : float or tuple of float
        Share of an object that is in the crop. One object must meet all three conditions.
    crop_emit_mode : {'center', 'overlap'}
        Leave an object out if its middle is not in the crop, or if less than `emit_overlap_thresh` (default 0.3) of it
        is. A crop without objects is none.
    rand_mirror_prob : float
        Probability of mirroring.
    inter_method, mean_img, mean_r, mean_g, mean_b, mean_a, scale, dtype
        As for `ImageRecordIter`.
    std_r, std_g, std_b, std_a : float, default 0
        As for `ImageRecordIter`; 0 stands for 1.
    verbose, aug_seq, device_id, shuffle_chunk_size, shuffle_chunk_seed
        Without a meaning here.

    Raises
    ------
    MXNetError
        For a parameter it does not have (the message has the nearest names) or that makes no sense, a label that is
        none for detection or longer than `label_pad_width`, a file that is missing or damaged, or an image that cannot
        be decoded; the message names the file and the record.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy
    >>> path = os.path.join(tempfile.mkdtemp(), 'a')
    >>> record = mx.recordio.MXIndexedRecordIO(path + '.idx', path + '.rec', 'w')
    >>> cat, dog = [0, 0.25, 0.25, 0.5, 0.5], [1, 0.5, 0, 1, 0.75]
    >>> for number, objects in enumerate([cat, cat + dog]):
    ...     header = mx.recordio.IRHeader(0, [2, 5, *objects], number, 0)
    ...     record.write_idx(number, mx.recordio.pack_img(header, numpy.zeros((40, 50, 3), 'uint8')))
    >>> record.close()
    >>> batches = mx.io.ImageDetRecordIter(path_imgrec=path + '.rec', data_shape=(3, 32, 32), batch_size=2)
    >>> batches.next().label[0][0]
    array([ 3.  , 32.  , 32.  ,  7.  ,  2.  ,  5.  ,  0.  ,  0.25,  0.25,
            0.5 ,  0.5 , -1.  , -1.  , -1.  , -1.  , -1.  ])
    """

    def __init__(self, reading: DetReading, recipe: DetRecipe, scaling: DetScaling) -> None:
        super().__init__(_DetSource(reading, recipe, scaling))


class _DetSource(ImageSource):
    """The batches of a record file of images with objects."""

    _listed_labels = None  # all numbers of a line of a list

    def _numbers(self, number: int, batch: int, count: int) -> list[Iterator[float]]:
        # How many numbers the search for a crop takes is not known beforehand.
        return [iter(np.random.default_rng([self._seed, number, batch, place]).random, None) for place in range(count)]

    def _sample(
        self, header: IRHeader, content: memoryview, number: int, draws: Draws
    ) -> tuple[np.ndarray, np.ndarray]:
        shape = self._reading.data_shape
        with self._records.named(number):
            head, objects = parse_label(header.label)
            image, objects = self._recipe(self._decoded(content), objects, shape, draws)
        height, width = image.shape[:2]
        label = np.concatenate([[shape[0], height, width, head.size + objects.size], head, objects.ravel()])
        row = np.full(self._label_shape[1], self._reading.label_pad_value, np.float32)
        row[: label.size] = label
        if (height, width) != shape[1:]:
            smaller, image = image, np.zeros((*shape[1:], shape[0]), np.uint8)
            image[:height, :width] = smaller
        return image, row

    def _shape_of_labels(self) -> tuple[int, ...]:
        longest = 0
        for number in range(len(self._records)):
            label = self._records.header(number).label
            with self._records.named(number):
                longest = max(longest, self._checked_width(label))
        asked = self._reading.label_pad_width
        if 0 < asked < longest:
            raise MXNetError(f"label_pad_width: {asked} smaller than estimated width: {longest}")
        return self.batch_size, _SIZES + max(asked, longest)

    def _checked_width(self, label: Any) -> int:
        parse_label(label)
        found, expected = np.size(label), self._reading.label_width
        if expected > 0 and found != expected:
            raise MXNetError(f"its label has {found} numbers, but label_width is {expected}")
        return found
