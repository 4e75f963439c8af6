"""How a flat buffer is summed over processes: as it is, in 16 bits, or in two bits a number.

A sum is started, and then finished, which puts it into the buffer, or dropped, as if it had not been started.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import torch
import torch.distributed as dist

from mxnet._processes import Processes
from mxnet.base import MXNetError

__all__ = ["Compression", "Sum"]

_HALF = {"fp16": torch.float16, "bf16": torch.bfloat16}
_KINDS = (*_HALF, "2bit")


class Sum:
    """Sums a buffer over processes as it is."""

    def __init__(self, processes: Processes, flat: torch.Tensor) -> None:
        self._processes = processes
        self._flat = flat
        self._work: Any = None

    def start(self) -> None:
        """Let the other processes have what is in the buffer now."""
        self._work = dist.all_reduce(self._flat, group=self._processes.group, async_op=True)

    def drop(self) -> None:
        """Wait for the sum and forget it."""
        self._work.wait()

    def finish(self) -> None:
        """Wait for the sum to be in the buffer."""
        self._work.wait()


class _HalfSum(Sum):
    """Sums in 16 bits; float16 goes as parts of the mean, which stay within its range longer."""

    def __init__(self, processes: Processes, flat: torch.Tensor, dtype: torch.dtype) -> None:
        super().__init__(processes, flat)
        self._half = torch.empty_like(flat, dtype=dtype)
        self._parts = processes.world if dtype is torch.float16 else 1

    def start(self) -> None:
        self._half.copy_(self._flat / self._parts)
        self._work = dist.all_reduce(self._half, group=self._processes.group, async_op=True)

    def finish(self) -> None:
        self._work.wait()
        self._flat.copy_(self._half).mul_(self._parts)


class _TwoBitSum(Sum):
    """Sums of minus the threshold, zero, or the threshold; what a number lacks or has too much is added next time."""

    def __init__(self, processes: Processes, flat: torch.Tensor, threshold: float) -> None:
        super().__init__(processes, flat)
        self._threshold = threshold
        self._kept = self._left = torch.zeros_like(flat)
        self._shifts = torch.tensor([0, 2, 4, 6], dtype=torch.uint8, device=flat.device)
        self._packed: list[torch.Tensor] = []

    def start(self) -> None:
        wanted = self._flat + self._kept
        codes = (wanted >= self._threshold).byte() + 2 * (wanted <= -self._threshold).byte()
        self._left = wanted - self._values(codes)
        padded = torch.nn.functional.pad(codes, (0, -len(codes) % 4)).view(-1, 4)
        packed = (padded << self._shifts).sum(1, dtype=torch.uint8)
        self._packed = [torch.empty_like(packed) for _ in range(self._processes.world)]
        self._work = dist.all_gather(self._packed, packed, group=self._processes.group, async_op=True)

    def finish(self) -> None:
        self._work.wait()
        self._kept = self._left
        self._flat.zero_()
        for packed in self._packed:
            codes = (packed.unsqueeze(1) >> self._shifts) & 3
            self._flat += self._values(codes.view(-1)[: len(self._flat)])

    def _values(self, codes: torch.Tensor) -> torch.Tensor:
        return ((codes == 1).to(self._flat.dtype) - (codes == 2).to(self._flat.dtype)) * self._threshold


class Compression:
    """How gradients travel.

    Parameters
    ----------
    params : mapping, optional
        ``type`` is ``'fp16'``, ``'bf16'`` or ``'2bit'``; with the last, ``threshold`` is a positive number, default
        0.5. Default: as they are. Only float32 is compressed.

    Raises
    ------
    MXNetError
        If it says something else.
    """

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        given = dict(params or {})
        self._kind = given.pop("type", None)
        threshold = given.pop("threshold", 0.5)
        if given or (params and self._kind not in _KINDS):
            raise MXNetError(
                f"gradients are compressed with {{'type': {' or '.join(map(repr, _KINDS))}}}, the last with "
                f"'threshold' too, not with {dict(params or {})!r}"
            )
        if not isinstance(threshold, Real) or not 0 < threshold < float("inf"):
            raise MXNetError(f"the threshold of 2bit compression must be positive, not {threshold!r}")
        self._threshold = float(threshold)

    def __str__(self) -> str:
        return f"{self._kind or 'none'}{f' of {self._threshold:g}' if self._kind == '2bit' else ''}"

    def sum_of(self, processes: Processes, flat: torch.Tensor) -> Sum:
        """What sums a flat buffer, time and again."""
        if self._kind is None or flat.dtype is not torch.float32:
            return Sum(processes, flat)
        if self._kind == "2bit":
            return _TwoBitSum(processes, flat, self._threshold)
        return _HalfSum(processes, flat, _HALF[self._kind])
