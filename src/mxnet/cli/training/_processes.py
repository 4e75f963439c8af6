"""Training in several processes: starting them, and what they tell one another besides gradients."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import torch

from mxnet._processes import local_rank, place, together

__all__ = ["Processes", "launch"]


def launch(number: int, arguments: Sequence[str]) -> int:
    """Run ``mxzoo`` with these arguments in `number` processes by torchrun; returns its exit status."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={number}"]
    # One thread each unless the user says otherwise: torchrun would say so at length.
    environment = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // number)), **os.environ}
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # they get it too, and end in their own way
    try:
        return subprocess.run([*command, "-m", "mxnet.cli", *arguments], env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


class Processes:
    """The processes of this run: often only this one.

    Attributes
    ----------
    rank : int
        Number of this process; the one of rank 0 speaks and writes files.
    world : int
        How many there are.
    """

    def __init__(self) -> None:
        self.rank, self.world = place()
        self.local_rank = local_rank()

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def connect(self) -> None:
        """Find the others."""
        if self.world > 1:
            self._all = together("mxzoo train")

    def total(self, numbers: torch.Tensor) -> torch.Tensor:
        """The sum of a few numbers on the CPU over all processes."""
        return numbers if self.world == 1 else self._all.gathered_tensors(numbers, "adding up").sum(dim=0)

    def gathered(self, thing: Any) -> list[Any]:
        """What each process gives, in order of rank."""
        return [thing] if self.world == 1 else self._all.gathered(thing, "telling one another")

    def any(self, flag: bool) -> bool:
        """Whether it is so in some process."""
        return flag if self.world == 1 else bool(self._all.largest([flag], "asking whether to stop")[0])
