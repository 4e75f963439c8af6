"""Batches of images, whose order and changes follow from the seed, the epoch and the number of the image alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch.utils.data import get_worker_info

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.cli.training._augment import Augment, centred
from mxnet.cli.training._sources import Images
from mxnet.gluon.data import DataLoader

__all__ = ["Batch", "Batches", "Preparation", "unchanged_randomness"]

# Keep the draws of one seed for different purposes apart.
_ORDER, _CHANGE = 0x0DE6, 0xA463


class Batch(NamedTuple):
    """Images that were read together.

    Attributes
    ----------
    images : mx.np.ndarray or None
        (N, H, W, C), uint8; None if none could be read.
    labels : mx.np.ndarray or None
        (N,), int64.
    unreadable : list of (str, str)
        Names of the others, and what is wrong with them.
    """

    images: Any
    labels: Any
    unreadable: list[tuple[str, str]]

    def __len__(self) -> int:
        return 0 if self.images is None else len(self.images)


class _Unreadable(NamedTuple):
    name: str
    problem: str


class _Samples:
    """A dataset for `DataLoader` whose index is (epoch, number of the image)."""

    def __init__(self, images: Images, size: int, augment: Augment | None, seed: int) -> None:
        self._images = images
        self._size = size
        self._augment = augment
        self._seed = seed

    def __getitem__(self, index: tuple[int, int]) -> tuple[np.ndarray, int] | _Unreadable:
        _leave_interrupts_to_parent()
        epoch, number = index
        try:
            image = self._images.read(number)
            if self._augment is None:
                image = centred(image, self._size)
            else:
                image = self._augment(image, np.random.default_rng([self._seed, _CHANGE, epoch, number]))
        except (MXNetError, OSError, cv2.error) as error:
            return _Unreadable(self._images.name(number), f"unreadable: {error}")
        return image, int(self._images.labels[number])


_calm = False


def _leave_interrupts_to_parent() -> None:
    """Have a worker process ignore Ctrl-C, which reaches it too, and end at SIGTERM, unlike its parent."""
    global _calm
    if not _calm and get_worker_info() is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _calm = True


def _gather(samples: list[tuple[np.ndarray, int] | _Unreadable]) -> Batch:
    unreadable = [(sample.name, sample.problem) for sample in samples if isinstance(sample, _Unreadable)]
    read = [sample for sample in samples if not isinstance(sample, _Unreadable)]
    if not read:
        return Batch(None, None, unreadable)
    images, labels = zip(*read, strict=True)
    return Batch(_array(np.stack(images)), _array(np.asarray(labels)), unreadable)


def _array(values: np.ndarray) -> mx.np.ndarray:
    return mx.np.from_torch(torch.from_numpy(values))


class _Order:
    """Which images come in an epoch, batch by batch: the part of this process, from batch `start`."""

    epoch = 0
    start = 0

    def __init__(self, count: int, batch_size: int, seed: int | None, share: tuple[int, int]) -> None:
        self._count = count
        self._size = batch_size
        self._seed = seed
        self._rank, self._world = share

    def __len__(self) -> int:
        """Batches in a whole epoch; in training one that is not full is left out where there is a full one."""
        whole, left = divmod(self._count, self._size)
        return whole if self._seed is not None and whole else whole + (left > 0)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch = self.epoch
        order = np.arange(self._count)
        if self._seed is not None:
            order = np.random.default_rng([self._seed, _ORDER, epoch]).permutation(self._count)
        for number in range(self.start, len(self)):
            batch = order[number * self._size : (number + 1) * self._size]
            yield [(epoch, index) for index in batch[self._rank :: self._world].tolist()]


class Batches:
    """The batches of a set of images, epoch by epoch.

    Parameters
    ----------
    images : Images
    size : int
        Height and width of the images in a batch.
    batch_size : int
        Over all processes together.
    augment : Augment, optional
        How images are changed; without it they come in order, as for evaluation.
    seed : int
    workers : int
        Processes that read ahead.
    share : (int, int)
        Rank of this process, and how many there are: it gets every so-manieth image of a batch.
    pinned : bool
        Put batches where a GPU fetches them fast.

    Attributes
    ----------
    batch_size : int
        Images in the first batch.
    """

    def __init__(
        self,
        images: Images,
        size: int,
        batch_size: int,
        *,
        augment: Augment | None = None,
        seed: int = 0,
        workers: int = 0,
        share: tuple[int, int] = (0, 1),
        pinned: bool = False,
    ) -> None:
        self.batch_size = min(batch_size, len(images))
        self._order = _Order(len(images), batch_size, None if augment is None else seed, share)
        self._loader = DataLoader(
            _Samples(images, size, augment, seed),
            batch_sampler=self._order,
            batchify_fn=_gather,
            num_workers=workers,
        )
        self._pinned = pinned

    def __len__(self) -> int:
        return len(self._order)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from batch `start`; reading ahead begins now."""
        self._order.epoch, self._order.start = number, start
        with unchanged_randomness():  # the loader seeds its workers from mx.random, though nothing here draws from it
            batches = iter(self._loader)
        return map(_pin, batches) if self._pinned else batches


def _pin(batch: Batch) -> Batch:
    if batch.images is None:
        return batch
    return batch._replace(images=mx.np.from_torch(batch.images.as_torch().pin_memory()))


@contextmanager
def unchanged_randomness() -> Iterator[None]:
    """Put the generators of `mx.random` back to where they were."""
    state = mx.random.get_state()
    try:
        yield
    finally:
        mx.random.set_state(state)


class Preparation:
    """Images of bytes as a network takes them: on its device, channels first, about zero.

    Parameters
    ----------
    device : Device
    mean, std : sequence of float
        One for each channel, for values from 0 to 1.
    """

    def __init__(self, device: mx.Device, mean: list[float], std: list[float]) -> None:
        self._device = device
        where = device.torch_device
        self._mean = torch.tensor(mean, dtype=torch.float32, device=where).mul(255).view(1, -1, 1, 1)
        self._scale = torch.tensor(std, dtype=torch.float32, device=where).mul(255).reciprocal().view(1, -1, 1, 1)

    def images(self, images: mx.np.ndarray) -> mx.np.ndarray:
        """(N, H, W, C) uint8 to (N, C, H, W) float32, channels last in memory."""
        moved = images.as_torch().to(self._mean.device, non_blocking=True).permute(0, 3, 1, 2)
        return mx.np.from_torch(moved.to(torch.float32).sub_(self._mean).mul_(self._scale))

    def labels(self, labels: mx.np.ndarray) -> mx.np.ndarray:
        return mx.np.from_torch(labels.as_torch().to(self._mean.device, non_blocking=True))
