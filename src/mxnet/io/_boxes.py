"""Boxes of objects in images and what happens to them when the images are cut, framed or mirrored.

Objects are rows (objects, 5 or more): a class, left, top, right and bottom of a box in shares of the image's width and
height, then whatever else. A rectangle is left, top, width and height in pixels.
"""

from __future__ import annotations

import numpy as np

__all__ = ["Rectangle", "areas", "areas_within", "cut", "framed", "mirrored"]

Rectangle = tuple[int, int, int, int]


def areas(boxes: np.ndarray) -> np.ndarray:
    """Areas of boxes (..., 4), in shares of the image; of what is no box 0."""
    return np.maximum(0, boxes[..., 2] - boxes[..., 0]) * np.maximum(0, boxes[..., 3] - boxes[..., 1])


def areas_within(boxes: np.ndarray, parts: np.ndarray, height: int, width: int) -> np.ndarray:
    """Areas (parts, n) of what of boxes (n, 4) is in parts (parts, 4) of an image of that size, in shares of the image.

    Parameters
    ----------
    parts : numpy.ndarray
        Rectangles.
    """
    sides = np.concatenate([parts[:, :2], parts[:, :2] + parts[:, 2:]], axis=1)
    edges = (sides / (width, height, width, height)).astype(boxes.dtype)[:, None]
    low, high = np.maximum(boxes[:, :2], edges[..., :2]), np.minimum(boxes[:, 2:], edges[..., 2:])
    return areas(np.concatenate([low, high], axis=-1))


def cut(objects: np.ndarray, part: Rectangle, height: int, width: int) -> np.ndarray:
    """Objects of an image of that size in shares of a part, cut off at its edges."""
    x, y, w, h = part
    moved = objects.copy()
    moved[:, (1, 3)] -= x / width
    moved[:, (2, 4)] -= y / height
    moved[:, (1, 3)] /= w / width
    moved[:, (2, 4)] /= h / height
    moved[:, 1:5] = np.clip(moved[:, 1:5], 0, 1)
    return moved


def framed(objects: np.ndarray, canvas: Rectangle, height: int, width: int) -> np.ndarray:
    """Objects of an image of that size in shares of a canvas, whose left and upper edges lie so far beyond it."""
    x, y, w, h = canvas
    moved = objects.copy()
    moved[:, (1, 3)] = (objects[:, (1, 3)] * width + x) / w
    moved[:, (2, 4)] = (objects[:, (2, 4)] * height + y) / h
    return moved


def mirrored(objects: np.ndarray) -> np.ndarray:
    """Objects of an image with left and right exchanged."""
    moved = objects.copy()
    moved[:, (3, 1)] = 1.0 - objects[:, (1, 3)]
    return moved
