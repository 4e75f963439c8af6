"""Datasets that have a name: their images, labels and classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["NAMED", "is_written"]

Read = tuple[np.ndarray, Any, list[str]]
"""Images (N, H, W, 1 or 3), uint8; labels; names of classes."""


def _digits(train: bool) -> Read:
    from mxnet.cli import demo

    dataset = demo.digits()[0 if train else 1]
    images, labels = zip(*[dataset[index] for index in range(len(dataset))], strict=True)
    return np.stack([image.asnumpy() for image in images]), labels, [str(digit) for digit in range(10)]


def _published(name: str, classes: list[str], **options: Any) -> Callable[[bool], Read]:
    def read(train: bool) -> Read:
        from mxnet.gluon.data import vision

        dataset = getattr(vision, name)(train=train, **options)
        return dataset._data.asnumpy(), dataset._label.asnumpy(), classes

    return read


_NUMERALS = [str(digit) for digit in range(10)]
_CLOTHES = "t-shirt trousers pullover dress coat sandal shirt sneaker bag boot".split()
_THINGS = "airplane automobile bird cat deer dog frog horse ship truck".split()

NAMED: dict[str, Callable[[bool], Read]] = {
    "digits": _digits,
    "mnist": _published("MNIST", _NUMERALS),
    "fashion-mnist": _published("FashionMNIST", _CLOTHES),
    "cifar10": _published("CIFAR10", _THINGS),
    "cifar100": _published("CIFAR100", [str(number) for number in range(100)], fine_label=True),
}
_WRITTEN = ("digits", "mnist")  # what a mirror makes something else of


def is_written(data: str) -> bool:
    """Whether it is a dataset of numerals, which must not be mirrored."""
    return data.lower() in _WRITTEN
