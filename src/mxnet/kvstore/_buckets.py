"""Buckets: flat buffers in which many tensors are summed over processes at once, begun while they are still computed.

In each round every process sends every bucket once, in the same order: a bucket sets out when the tensors in it have
come and the bucket before has gone, the rest when the round is finished. Then the processes tell each other which
buckets hold what is outdated by now (a tensor was written to after it was sent), and send those again. So it does not
matter which tensors come in a process, how often, or in which order.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

import torch

from mxnet._processes import Processes
from mxnet.kvstore._compression import Compression, Sum

__all__ = ["Buckets", "Form"]

_SIZE = 25 << 20  # bytes


class Form(NamedTuple):
    """What all processes know of a tensor."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device


class _Bucket:
    """One flat buffer.

    Attributes
    ----------
    places : list of int
        The tensors in it, by their numbers.
    """

    def __init__(self, places: list[int], forms: Sequence[Form], processes: Processes, compression: Compression):
        self.places = places
        chosen = [forms[place] for place in places]
        sizes = [torch.Size(form.shape).numel() for form in chosen]
        flat = torch.zeros(sum(sizes), dtype=chosen[0].dtype, device=chosen[0].device)
        # The layout hangs on the shape alone: that of a tensor may differ between processes.
        self.parts = [
            part.as_strided(form.shape, _strides(form.shape), part.storage_offset())
            for part, form in zip(flat.split(sizes), chosen, strict=True)
        ]
        self.sum: Sum = compression.sum_of(processes, flat)
        self._sent: list[tuple[torch.Tensor | None, int]] = []

    def start(self, tensors: Sequence[torch.Tensor | None]) -> None:
        """Send the tensors; one that is None counts as zeros."""
        given = [tensors[place] for place in self.places]
        self._sent = [(tensor, _version(tensor)) for tensor in given]
        there = [(part, tensor) for part, tensor in zip(self.parts, given, strict=True) if tensor is not None]
        absent = [part for part, tensor in zip(self.parts, given, strict=True) if tensor is None]
        with torch.no_grad():
            if there:
                torch._foreach_copy_(*map(list, zip(*there, strict=True)))
            if absent:
                torch._foreach_zero_(absent)
            self.sum.start()

    def is_outdated(self, tensors: Sequence[torch.Tensor | None]) -> bool:
        """Whether something else would be sent now."""
        return any(
            tensors[place] is not sent or _version(sent) != version
            for place, (sent, version) in zip(self.places, self._sent, strict=True)
        )

    def finish(self) -> None:
        """Wait for the sums to be in the parts."""
        with torch.no_grad():
            self.sum.finish()
        self._sent = []


class Buckets:
    """Sums of a list of tensors over all processes.

    Parameters
    ----------
    processes : Processes
    forms : sequence of Form
        Of all tensors, in the order in which they are expected to come; the same in every process.
    compression : Compression
    """

    def __init__(self, processes: Processes, forms: Sequence[Form], compression: Compression) -> None:
        self._processes = processes
        self._buckets = [_Bucket(places, forms, processes, compression) for places in _parted(forms)]
        self._owners = {place: bucket for bucket in self._buckets for place in bucket.places}
        self._lock = threading.Lock()  # backward passes run in torch's threads
        self._came: dict[int, torch.Tensor] = {}
        self._waiting: dict[_Bucket, set[int]] = {}
        self._next = 0
        self._begin()

    def _begin(self) -> None:
        self._came.clear()
        self._waiting = {bucket: set(bucket.places) for bucket in self._buckets}
        self._next = 0

    def arrived(self, place: int, tensor: torch.Tensor) -> None:
        """Take note of a tensor that has come, and send what can be sent.

        Raises
        ------
        MXNetError
            If a process is lost.
        """
        with self._lock:
            self._came[place] = tensor
            self._waiting[self._owners[place]].discard(place)
            while self._next < len(self._buckets) and not self._waiting[self._buckets[self._next]]:
                self._send(self._buckets[self._next], self._came)
                self._next += 1

    def finish(
        self, tensors: Sequence[torch.Tensor | None], votes: Sequence[float]
    ) -> tuple[list[torch.Tensor], list[float]]:
        """The sums, once all processes have come here; they are valid until the next tensor arrives.

        Parameters
        ----------
        tensors : sequence of Tensor or None
            What counts, whatever has arrived before.
        votes : sequence of float
            Numbers of which the largest over all processes are returned too.
        """
        with self._lock:
            for bucket in self._buckets[self._next :]:
                self._send(bucket, tensors)
            outdated = [float(bucket.is_outdated(tensors)) for bucket in self._buckets]
            agreed = self._processes.largest([*outdated, *votes], "the sum of gradients")
            with self._processes.told("the sum of gradients"):
                for bucket, again in zip(self._buckets, agreed, strict=False):
                    if again:
                        bucket.sum.drop()
                        bucket.start(tensors)
                for bucket in self._buckets:
                    bucket.finish()
            self._begin()
        sums = {
            place: part for bucket in self._buckets for place, part in zip(bucket.places, bucket.parts, strict=True)
        }
        return [sums[place] for place in range(len(tensors))], agreed[len(self._buckets) :]

    def _send(self, bucket: _Bucket, tensors: Sequence[torch.Tensor | None] | dict[int, torch.Tensor]) -> None:
        with self._processes.told("the sum of gradients"):
            bucket.start(tensors)


def _parted(forms: Sequence[Form]) -> list[list[int]]:
    """Numbers of tensors that share a bucket: neighbours of one type and device, up to a size."""
    open_: dict[tuple[torch.dtype, torch.device], tuple[list[int], int]] = {}
    parted: list[list[int]] = []
    for place, form in enumerate(forms):
        kind = form.dtype, form.device
        size = torch.Size(form.shape).numel() * form.dtype.itemsize
        places, filled = open_.get(kind, ([], 0))
        if not places or filled + size > _SIZE:
            places, filled = [], 0
            parted.append(places)
        places.append(place)
        open_[kind] = places, filled + size
    return parted


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    form = torch.channels_last if len(shape) == 4 else torch.contiguous_format
    return torch.empty(shape, device="meta", memory_format=form).stride()


def _version(tensor: torch.Tensor | None) -> int:
    return 0 if tensor is None else tensor._version
