"""Training in several processes: starting them, and what they tell one another besides gradients."""

from __future__ import annotations

import logging
import os
import secrets
import sys
from collections.abc import Sequence
from typing import Any

import torch

from mxnet._processes import local_rank, place, together
from mxnet.base import MXNetError

__all__ = ["STOPPED", "Processes", "launch"]

STOPPED = 130
"""The exit status of a training that was asked to stop, as a shell has it for Ctrl-C."""


def launch(number: int, arguments: Sequence[str]) -> int:
    """Run ``mxzoo`` with these arguments in `number` processes, as torchrun does; returns the exit status.

    Raises
    ------
    MXNetError
        If one of them was killed.
    """
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # One thread each unless the user says otherwise: they would be in each other's way.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // number)))
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", "120")  # seconds to finish a few steps and a checkpoint
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=number,
        run_id=secrets.token_hex(8),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        signals_to_handle="SIGTERM,SIGINT",  # they are handed on, and each process ends in its own way
    )
    logging.disable()  # what fails says so itself
    try:
        elastic_launch(config, sys.executable)("-m", "mxnet.cli", *arguments)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            raise MXNetError(f"process {rank} of {number} was ended by {failure.signal_name()}") from error
        return failure.exitcode
    except SignalException:
        return STOPPED
    finally:
        logging.disable(logging.NOTSET)
    return 0


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
        return [thing] if self.world == 1 else self._all.gathered(thing, "exchanging what each has")

    def any(self, flag: bool) -> bool:
        """Whether it is so in some process."""
        return flag if self.world == 1 else bool(self._all.largest([flag], "asking whether to stop")[0])
