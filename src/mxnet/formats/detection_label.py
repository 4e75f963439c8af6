"""Labels of images for object detection: numbers in a row, as lists and record files have them.

The first is the length of the header, the second the numbers in an object; then comes the rest of the header, then the
objects: a class, left, top, right and bottom of its box, and whatever else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._errors import FileFormatError

__all__ = ["SHORTEST", "parse_label"]

SHORTEST = 7
"""Numbers: a header of two and one object of five."""
_FORM = "[length of the header >= 2, numbers in an object >= 5, ..., objects: class, left, top, right, bottom, ...]"


def parse_label(label: Any) -> tuple[np.ndarray, np.ndarray]:
    """The header of a label, and those of its objects (objects, numbers in an object) whose boxes have an area.

    Raises
    ------
    FileFormatError
        If it is no such label; the message says what is expected.
    """
    numbers = np.ravel(label)
    if numbers.size < SHORTEST:
        raise FileFormatError(
            f"Label shape is invalid: {numbers.shape}, but a label for detection has {SHORTEST} numbers or more: "
            f"{_FORM}"
        )
    if not (np.isfinite(numbers[:2]).all() and numbers[0] >= 2 and numbers[1] >= 5):
        raise FileFormatError(f"a label for detection must not begin with {numbers[:2].tolist()}: expected {_FORM}")
    header, width = int(numbers[0]), int(numbers[1])
    if header >= numbers.size or (numbers.size - header) % width:
        raise FileFormatError(
            f"Label shape {numbers.shape} inconsistent with annotation width {width}: behind a header of {header} "
            f"there must be objects of {width} numbers each"
        )
    objects = numbers[header:].reshape(-1, width)
    return numbers[:header], objects[(objects[:, 3] > objects[:, 1]) & (objects[:, 4] > objects[:, 2])]
