"""`ImageDetIter`: batches of images and the boxes of the objects in them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mxnet.base import MXNetError
from mxnet.formats.detection_label import parse_label
from mxnet.image._det_creation import CreateDetAugmenter
from mxnet.image.augmenter import normalization
from mxnet.image.iterator import ImageIter
from mxnet.io import DataDesc
from mxnet.ndarray._array import Array
from mxnet.numpy.multiarray import array, ndarray
from mxnet.operators import _opencv

__all__ = ["ImageDetIter"]


class ImageDetIter(ImageIter):
    """Batches of images from files or from a record file, augmented together with the boxes of their objects.

    Labels are packed: the length of the header, numbers in an object, the rest of the header, then the objects, each a
    class, left, top, right and bottom of its box in shares of the image's width and height, and whatever else. A batch
    has them as (batch, objects, numbers in an object), float32, filled up with -1. An image of which the augmenters
    leave no object is passed over.

    It works in this thread, one image after the other, and takes any augmenter; `mx.io.ImageDetRecordIter` is faster.

    Parameters
    ----------
    batch_size, data_shape, path_imgrec, path_imglist, path_root, path_imgidx, shuffle, part_index, num_parts
        As for `ImageIter`.
    aug_list : list of callable, optional
        Called with an image and its objects, they return both. Default what `CreateDetAugmenter` makes of `data_shape`
        and the remaining keyword arguments.
    imglist : list of [label, file name], optional
        The list itself; a label is a list of numbers, packed.
    data_name, label_name : str
    last_batch_handle : {'pad', 'discard', 'roll_over'}
        As for `ImageIter`.

    Attributes
    ----------
    label_shape : (int, int)
        Most objects in an image, and numbers in an object; all labels are looked at when the iterator is made.

    Raises
    ------
    MXNetError
        For a label of another form, with no box that has an area, or with objects of another length than the others;
        the message names the file or the record. Also as `ImageIter`.
    AssertionError, ValueError, TypeError, FileNotFoundError
        As `ImageIter`; TypeError for a keyword argument that `CreateDetAugmenter` does not know.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy
    >>> path = os.path.join(tempfile.mkdtemp(), 'a')
    >>> record = mx.recordio.MXIndexedRecordIO(path + '.idx', path + '.rec', 'w')
    >>> cat, dog = [0, 0.1, 0.2, 0.5, 0.6], [1, 0.3, 0.3, 0.9, 0.8]
    >>> for number, objects in enumerate([cat, cat + dog]):
    ...     header = mx.recordio.IRHeader(0, [2, 5, *objects], number, 0)
    ...     record.write_idx(number, mx.recordio.pack_img(header, numpy.zeros((40, 50, 3), 'uint8')))
    >>> record.close()
    >>> batches = mx.image.ImageDetIter(2, (3, 32, 32), path_imgrec=path + '.rec', rand_mirror=True)
    >>> batches.label_shape
    (2, 5)
    >>> batch = next(batches)
    >>> batch.data[0].shape, batch.label[0].shape
    ((2, 3, 32, 32), (2, 2, 5))
    """

    def __init__(
        self,
        batch_size: int,
        data_shape: Sequence[int],
        path_imgrec: str | os.PathLike | None = None,
        path_imglist: str | os.PathLike | None = None,
        path_root: str | os.PathLike | None = None,
        path_imgidx: str | os.PathLike | None = None,
        shuffle: bool = False,
        part_index: int = 0,
        num_parts: int = 1,
        aug_list: Sequence[Any] | None = None,
        imglist: Sequence[Any] | None = None,
        data_name: str = "data",
        label_name: str = "label",
        last_batch_handle: str = "pad",
        **kwargs: Any,
    ) -> None:
        self.check_data_shape(data_shape)
        super().__init__(
            batch_size=batch_size,
            data_shape=data_shape,
            path_imgrec=path_imgrec,
            path_imglist=path_imglist,
            path_root=path_root,
            path_imgidx=path_imgidx,
            shuffle=shuffle,
            part_index=part_index,
            num_parts=num_parts,
            aug_list=CreateDetAugmenter(data_shape, **kwargs) if aug_list is None else aug_list,
            imglist=imglist,
            data_name=data_name,
            label_name=label_name,
            last_batch_handle=last_batch_handle,
        )
        self._set_label_shape(self._estimate_label_shape())

    def reshape(self, data_shape: Sequence[int] | None = None, label_shape: Sequence[int] | None = None) -> None:
        """Change the shape of an image or of a label in the batches to come.

        The augmenters stay as they are: they must give images of that shape.

        Raises
        ------
        ValueError
            For a shape that is none, or if labels would not fit into `label_shape`; then nothing has changed.
        """
        if data_shape is not None:
            self.check_data_shape(data_shape)
        if label_shape is not None:
            self.check_label_shape(label_shape)
        if data_shape is not None:
            self.data_shape = tuple(data_shape)
            self.provide_data = [DataDesc(self.provide_data[0].name, (self.batch_size, *self.data_shape))]
        if label_shape is not None:
            self._set_label_shape(label_shape)

    def sync_label_shape(self, it: ImageDetIter, verbose: bool = False) -> ImageDetIter:
        """Give this iterator and another, for validation say, the larger of their label shapes.

        Parameters
        ----------
        it : ImageDetIter
        verbose : bool, default False
            Log a changed shape.

        Returns
        -------
        ImageDetIter
            `it`.

        Raises
        ------
        AssertionError
            If it is no `ImageDetIter`, or its objects have another length.
        """
        if not isinstance(it, ImageDetIter):
            raise AssertionError(f"Synchronize with invalid iterator: expected an ImageDetIter, not {it!r}")
        if it.label_shape[1] != self.label_shape[1]:
            raise AssertionError(f"object width mismatch: {self.label_shape[1]} here, {it.label_shape[1]} there")
        shape = (max(self.label_shape[0], it.label_shape[0]), self.label_shape[1])
        for each in (self, it):
            if verbose and each.label_shape != shape:
                logging.info("label_shape of %r changes from %s to %s", each, each.label_shape, shape)
            each.reshape(label_shape=shape)
        return it

    def check_label_shape(self, label_shape: Sequence[int]) -> None:
        """Refuse a label shape that labels would not fit into.

        Raises
        ------
        ValueError
        """
        if len(label_shape) != 2:
            raise ValueError(f"label_shape should have length 2, (objects, numbers in an object), not {label_shape!r}")
        count, width = self.label_shape
        if label_shape[0] < count:
            raise ValueError(f"Attempts to reduce label count from {count} to {label_shape[0]}, not allowed.")
        if label_shape[1] != width:
            raise ValueError(f"label_shape object width inconsistent: {width} vs {label_shape[1]}.")

    def augmentation_transform(self, data: Any, label: np.ndarray) -> tuple[Any, np.ndarray]:
        """An image and its objects after the augmenters."""
        for change in self.auglist:
            data, label = change(data, label)
        return data, label

    def draw_next(
        self,
        color: Sequence[float] | None = None,
        thickness: int = 2,
        mean: Any = None,
        std: Any = None,
        clip: bool = True,
        waitKey: int | None = None,
        window_name: str = "draw_next",
        id2labels: Mapping[int, str] | None = None,
    ) -> Iterator[np.ndarray]:
        """The images that are left in this round with the boxes drawn into them, to see what the augmenters do.

        Parameters
        ----------
        color : sequence of float, optional
            Red, green and blue of the boxes, 0 to 255; default a random colour for each.
        thickness : int, default 2
            Of the lines, in pixels; negative to fill the boxes.
        mean, std : NumPy array, or True, optional
            What the augmenters have normalized with, to undo it; True for ImageNet's.
        clip : bool, default True
            Cut values off at 0 and 255.
        waitKey : int, optional
            Show each image in a window, for so many milliseconds, or with 0 until a key is pressed. It needs an OpenCV
            with windows.
        window_name : str
        id2labels : dict of int to str, optional
            Names of the classes, to be written into the boxes.

        Returns
        -------
        iterator of numpy.ndarray
            (H, W, 3), uint8, blue before red, as OpenCV shows and writes them.

        Raises
        ------
        AssertionError
            If `mean` or `std` has neither 1 nor 3 numbers.
        """
        mean, std = normalization(mean, std)

        def drawn() -> Iterator[np.ndarray]:
            for key in self._keys:
                label, content = self._source.read(key)
                changed = self._changed(self.imdecode(content), label)
                if changed is None:
                    continue
                picture = _picture(changed[0].asnumpy(), mean, std, clip)
                for each in changed[1]:
                    _draw_object(picture, each, color, thickness, id2labels or {})
                if waitKey is not None:
                    _opencv.show(window_name, picture, waitKey)
                yield picture

        return drawn()

    def _changed(self, image: ndarray, label: np.ndarray) -> tuple[Any, np.ndarray] | None:
        image, objects = self.augmentation_transform(image, self._parse_label(label))
        objects = objects.asnumpy() if isinstance(objects, Array) else np.asarray(objects)
        try:
            self._check_valid_label(objects)
        except MXNetError as error:
            logging.debug("An image is passed over: %s", error)
            return None
        count, width = self.label_shape
        if len(objects) > count or objects.shape[1] != width:
            raise MXNetError(
                f"its label has {len(objects)} objects of {objects.shape[1]} numbers after the augmenters, "
                f"but label_shape is {self.label_shape}"
            )
        return image, objects

    def _labels(self, labels: Sequence[np.ndarray]) -> Any:
        filled = np.full((len(labels), *self.label_shape), -1, np.float32)
        for row, objects in zip(filled, labels, strict=True):
            row[: len(objects)] = objects
        return array(filled, dtype="float32")

    def _check_valid_label(self, label: np.ndarray) -> None:
        """Refuse objects among which there is none with a class and an area.

        Raises
        ------
        MXNetError
        """
        if label.ndim != 2 or label.shape[1] < 5:
            raise MXNetError(f"Label with shape (1+, 5+) required, {label.shape} received.")
        if not ((label[:, 0] >= 0) & (label[:, 3] > label[:, 1]) & (label[:, 4] > label[:, 2])).any():
            raise MXNetError("Invalid label occurs: no object has a class and a box with an area.")

    def _estimate_label_shape(self) -> tuple[int, int]:
        """The most objects that an image has, and the numbers in an object.

        It counts as a pass: with `shuffle`, what is seeded alike comes in MXNet's order.
        """
        self.reset()
        most, width, first = 0, None, ""
        for key in self.seq:
            name, label = self._source.name_of(key), self._source.label_of(key)
            try:
                objects = self._parse_label(label)
            except MXNetError as error:
                raise MXNetError(f"{name}: {error}") from error
            if width is None:
                width, first = objects.shape[1], name
            if objects.shape[1] != width:
                raise MXNetError(
                    f"{name}: its objects have {objects.shape[1]} numbers each, but those of {first} have {width}"
                )
            most = max(most, len(objects))
        self.reset()
        return most, width

    def _parse_label(self, label: Any) -> np.ndarray:
        """The objects (objects, numbers in an object) in a packed label that have an area.

        Raises
        ------
        MXNetError
            If it is no packed label, or there is no such object.
        """
        _, objects = parse_label(label.asnumpy() if isinstance(label, Array) else label)
        if not len(objects):
            raise MXNetError("Encounter sample with no valid label: no box of its label has an area.")
        return objects

    def _set_label_shape(self, shape: Sequence[int]) -> None:
        self.label_shape = tuple(shape)
        name = self.provide_label[0].name
        self.provide_label = [DataDesc(name, (self.batch_size, *self.label_shape))]


def _picture(image: np.ndarray, mean: Any, std: Any, clip: bool) -> np.ndarray:
    """An image as the augmenters give it as one that OpenCV draws into."""
    if std is not None:
        image = image * np.asarray(std)
    if mean is not None:
        image = image + np.asarray(mean)
    if clip:
        image = np.clip(image, 0, 255)
    return np.ascontiguousarray(image.astype(np.uint8)[:, :, ::-1])


def _draw_object(picture: np.ndarray, each: np.ndarray, color: Any, thickness: int, names: Mapping[int, str]) -> None:
    height, width = picture.shape[:2]
    left, top, right, bottom = [int(share * side) for share, side in zip(each[1:5], (width, height) * 2, strict=True)]
    colour = np.random.rand(3) * 255 if color is None else tuple(color)[::-1]
    _opencv.draw_box(picture, (left, top), (right, bottom), colour, thickness)
    if int(each[0]) in names:
        _opencv.draw_text(picture, names[int(each[0])], (left + 5, top + 19))
