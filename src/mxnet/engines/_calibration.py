"""Inputs that stand for those to come: engines calibrate with them, and are compared on them with torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.engines.engine import Function, Subgraph

__all__ = ["Calibration", "compare"]

Tensor = torch.Tensor

_MOST = 300  # samples that are kept; more tell little


class Calibration:
    """Some batches of a network's inputs, kept until it is compiled.

    Parameters
    ----------
    batches : iterable
        Each an array of MXNet, NumPy or torch, or a list or tuple of arrays: of ``(images, labels)`` those that the
        network takes are used. Those after the first 300 samples are not read.

    Raises
    ------
    ValueError
        If there are none.
    TypeError
        If something else is among them.
    """

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches: list[list[Tensor]] = []
        count = 0
        for batch in batches:
            arrays = batch if isinstance(batch, (list, tuple)) else [batch]
            self._batches.append([_tensor(array) for array in arrays])
            count += len(self._batches[-1][0]) if self._batches[-1] and self._batches[-1][0].dim() else 1
            if count >= _MOST:
                break
        if not count:
            raise ValueError("calibration has no batches: give some inputs that are like those to come")

    @staticmethod
    def of(batches: Any) -> Calibration:
        """Those batches, unless they have been gathered already."""
        return batches if isinstance(batches, Calibration) else Calibration(batches)

    def samples(self, graph: Subgraph) -> list[list[Tensor]]:
        """The batches, cut into the size that a graph is for.

        Raises
        ------
        MXNetError
            If their shapes do not fit.
        """
        return [sample for batch in self._batches for sample in _fitted(batch, graph.examples)]


def _tensor(array: Any) -> Tensor:
    data = getattr(array, "_data", array)  # an array of MXNet's
    try:
        return torch.as_tensor(data).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"calibration takes batches that are arrays or lists of arrays, not {type(array).__name__}"
        ) from None


def _fitted(batch: Sequence[Tensor], examples: Sequence[Tensor]) -> list[list[Tensor]]:
    given = list(batch[: len(examples)])
    rows = {len(tensor) for tensor in given if tensor.dim()}
    fits = len(given) == len(examples) and all(
        tensor.dim() == example.dim() and tensor.shape[1:] == example.shape[1:]
        for tensor, example in zip(given, examples, strict=True)
    )
    if not fits or len(rows) > 1:
        raise MXNetError(
            f"calibration: a batch of the shapes {[tuple(tensor.shape) for tensor in batch]} does not fit the "
            f"network's inputs, {[tuple(example.shape) for example in examples]}"
        )
    given = [tensor.to(example.dtype) for tensor, example in zip(given, examples, strict=True)]
    size = examples[0].shape[0] if examples[0].dim() else 1
    (count,) = rows or {1}
    places = [torch.arange(start, start + size).clamp(max=count - 1) for start in range(0, count, size)]
    return [[tensor[place] if tensor.dim() else tensor for tensor in given] for place in places]


def compare(function: Function, precise: Function, samples: Sequence[Sequence[Tensor]]) -> str:
    """In words, how far the results of a compiled network are from the precise ones."""
    off, size, same, rows = 0.0, 0.0, 0, 0
    for sample in samples:
        for found, wanted in zip(function(*sample), precise(*sample), strict=True):
            off += float((found.double() - wanted.double()).square().sum())
            size += float(wanted.double().square().sum())
            if wanted.dim() == 2:
                same += int((found.argmax(1) == wanted.argmax(1)).sum())
                rows += len(wanted)
    error = (off / size) ** 0.5 if size else off**0.5
    text = f"off by {error:.2%} of the float32 results' size"
    return f"{text}, same top-1 for {same} of {rows} samples" if rows else text
