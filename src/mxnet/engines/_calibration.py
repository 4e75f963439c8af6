"""Inputs that stand for those to come: engines calibrate with them, and are compared on them with torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.engines.engine import Engine, Function, Subgraph, check_precision

__all__ = ["Calibrated", "Calibration", "compare"]

Tensor = torch.Tensor

_MOST = 300  # samples that are kept; more tell little


class Calibration:
    """Some batches of a network's inputs, kept until it is compiled.

    Parameters
    ----------
    batches : iterable
        Each an array of MXNet, NumPy or torch, or a list or tuple of arrays: of ``(images, labels)`` those that the
        network takes are used. Batches after the first 300 samples are not read.

    Raises
    ------
    ValueError
        If there are none.
    TypeError
        If something else is among them.
    """

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches: list[list[Tensor]] = []
        self._has_served = False
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

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calibration):
            return NotImplemented
        if self._forms() != other._forms():
            return False
        return all(all(map(torch.equal, *pair)) for pair in zip(self._batches, other._batches, strict=True))

    def _forms(self) -> list[list[tuple[torch.Size, torch.dtype]]]:
        return [[(tensor.shape, tensor.dtype) for tensor in batch] for batch in self._batches]

    __hash__ = None

    def samples(self, graph: Subgraph) -> list[list[Tensor]]:
        """The batches, cut into the size that a graph is for; a last piece is filled up with its last sample.

        None are given for inputs that come later and have another form than these batches.

        Raises
        ------
        MXNetError
            If the shapes do not fit the inputs that the network is optimized for.
        """
        try:
            found = [sample for batch in self._batches for sample in _fitted(batch, graph.examples)]
        except MXNetError:
            if self._has_served:
                return []
            raise
        self._has_served = True
        return [[tensor.to(graph.device) for tensor in sample] for sample in found]


class Calibrated(Engine):
    """An engine that takes a precision, and inputs to compare its results on with those in float32.

    Parameters
    ----------
    precision : str, default 'float32'
        One of `precisions`.
    calibration : iterable of batches, optional
        Inputs like those to come; `HybridBlock.engine_report` tells how far the results on them are off.
    """

    def __init__(self, precision: str = "float32", calibration: Any = None) -> None:
        self.precision = check_precision(type(self), precision)
        self._calibration = None if calibration is None else Calibration.of(calibration)

    def samples(self, graph: Subgraph) -> Sequence[Sequence[Tensor]]:
        return () if self._calibration is None else self._calibration.samples(graph)


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
    size = max(examples[0].shape[0] if examples[0].dim() else 1, 1)
    (count,) = rows or {1}
    places = [torch.arange(start, start + size).clamp(max=count - 1) for start in range(0, count, size)]
    return [[tensor[place] if tensor.dim() else tensor for tensor in given] for place in places]


def compare(function: Function, precise: Function, samples: Sequence[Sequence[Tensor]]) -> str:
    """In words, how far the results of a compiled network are from the precise ones."""
    off, size, same, rows = 0.0, 0.0, 0, 0
    for sample in samples:
        results = list(zip(function(*sample), precise(*sample), strict=True))
        for found, wanted in results:
            off += float((found.double() - wanted.double()).square().sum())
            size += float(wanted.double().square().sum())
        found, wanted = results[0]
        if len(results) == 1 and wanted.dim() == 2 and wanted.shape[1] > 1 and wanted.is_floating_point():
            # Pieces are filled up with copies of a sample, which count once.
            news = [number for number in range(len(wanted)) if not number or not _same_inputs(sample, number)]
            same += int((found.argmax(1) == wanted.argmax(1))[news].sum())
            rows += len(news)
    error = (off / size) ** 0.5 if size else off**0.5
    text = f"off by {error:.2%} of the float32 results' size"
    return f"{text}, same top-1 for {same} of {rows} samples" if rows else text


def _same_inputs(sample: Sequence[Tensor], number: int) -> bool:
    """Whether a sample is the one before it."""
    return all(torch.equal(tensor[number], tensor[number - 1]) for tensor in sample if tensor.dim())
