"""Training in several processes: starting them, and what they tell one another besides gradients."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch

from mxnet._processes import local_rank, place, together
from mxnet.base import MXNetError
from mxnet.formats._writer import atomic_write

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

__all__ = ["STOPPED", "Processes", "launch", "leave_to_launcher"]

STOPPED = 130
"""The exit status of a training that was asked to stop, as a shell has it for Ctrl-C."""

_ERRORS = "MXZOO_TRAIN_ERRORS"  # names the folder where processes leave the errors that `launch` is to tell


def launch(number: int, arguments: Sequence[str]) -> tuple[int, str | None]:
    """Run ``mxzoo`` with these arguments in `number` processes, as torchrun does.

    Returns
    -------
    (int, str or None)
        The exit status, and the first error that a process has left to be told (`leave_to_launcher`).

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
    with TemporaryDirectory(prefix="mxzoo-") as folder:
        os.environ[_ERRORS] = folder
        try:
            elastic_launch(config, sys.executable)("-m", "mxnet.cli", *arguments)
        except ChildFailedError as failed:
            return _status_of(failed, number, _first_error(folder))
        except SignalException:
            return STOPPED, _first_error(folder)
        finally:
            del os.environ[_ERRORS]
            logging.disable(logging.NOTSET)
    return 0, None


def _status_of(failed: ChildFailedError, number: int, error: str | None) -> tuple[int, str | None]:
    """What `launch` returns or raises. When one process fails, torch ends the others by SIGTERM."""
    by_signal = {rank: failure for rank, failure in failed.failures.items() if failure.exitcode < 0}
    killed = next((rank for rank, failure in by_signal.items() if failure.exitcode != -signal.SIGTERM), None)
    if killed is None and error is None and len(by_signal) == len(failed.failures):
        killed = next(iter(by_signal))
    if killed is not None:
        told = "" if error is None else f"; another said: {error}"
        raise MXNetError(
            f"process {killed} of {number} was ended by {by_signal[killed].signal_name()}{told}"
        ) from failed
    return next((failure.exitcode for failure in failed.failures.values() if failure.exitcode > 0), 1), error


def leave_to_launcher(message: str) -> bool:
    """Leave an error to `launch`, which tells it once for all processes; False if that has not started this one."""
    folder = os.environ.get(_ERRORS)
    if folder is None:
        return False
    with suppress(OSError), atomic_write(Path(folder, str(place().rank))) as file:
        file.write(message.encode("utf-8", "surrogatepass"))
        return True
    return False


def _first_error(folder: str) -> str | None:
    found = sorted(Path(folder).glob("[0-9]*"), key=lambda path: path.stat().st_mtime_ns)
    return found[0].read_bytes().decode("utf-8", "surrogatepass") if found else None


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
