"""What a worker of `training.py` needs beside its framework; genuine MXNet's interpreter runs this too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from _inference_turns import Program

__all__ = ["ARRAYS", "OPTIONS", "labels", "training"]

ARRAYS = "arrays.npz"  # the parameters' values in their order
OPTIONS = {"learning_rate": 0.001, "momentum": 0.9, "wd": 1e-4}
COMPARED = 4  # steps whose losses are compared
CLASSES = 1000


def labels(batch: int) -> np.ndarray:
    return np.arange(batch) * 7 % CLASSES


def training(step: Callable[[], Any], mean: Callable[[Any], float]) -> Program:
    """The program of a worker.

    Parameters
    ----------
    step : callable
        Makes a step and returns, when it is done, the loss or losses.
    mean : callable
        The mean loss as a number, of what `step` returns.
    """

    def losses(count: int) -> np.ndarray:
        return np.array([mean(step()) for _ in range(count)])

    return Program(step, lambda: losses(1), more=lambda: losses(COMPARED - 1))
