"""The processes of one job: who this one is among them, and how they talk.

This is the one place that joins torch.distributed's process group: from torchrun's variables, unless the program has
joined one itself. Whatever communicates asks for a group of its own, so that what it sends never meets what another
part waits for: gloo carries what is on CPUs, NCCL what is on GPUs.
"""

from __future__ import annotations

import atexit
import os
import re
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.distributed as dist

from mxnet.base import MXNetError

__all__ = ["Place", "Processes", "join", "local_rank", "place", "together", "told_local_rank"]

_VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_OTHER_LAUNCHERS = {
    "DMLC_ROLE": "MXNet's own launcher",
    "HOROVOD_RANK": "horovodrun",
    "OMPI_COMM_WORLD_RANK": "mpirun",
}
_TIMEOUT = "MXNET_KVSTORE_TIMEOUT"
_PLACE_IN_SOURCE = re.compile(r"\[\S+\.\w+:\d+\] ?")  # gloo begins with it; it tells the user nothing
_START = timedelta(minutes=10)  # processes start, import and download at different speeds
_PIECE = 1 << 28  # bytes sent at once


class Place(NamedTuple):
    """One of `world` processes, numbered from 0."""

    rank: int
    world: int


def place() -> Place:
    """The place of this process in its job: torchrun's, or that in the group the program has joined itself.

    Raises
    ------
    MXNetError
        If a variable of torchrun's is no number.
    """
    if dist.is_available() and dist.is_initialized():
        return Place(dist.get_rank(), dist.get_world_size())
    world, rank = _number("WORLD_SIZE"), _number("RANK")
    return Place(0, 1) if world is None or world < 2 or rank is None else Place(rank, world)


def local_rank() -> int:
    """The number of this process among those of its machine; as its place in the job where nothing tells."""
    number = told_local_rank()
    return place().rank if number is None else number


def told_local_rank() -> int | None:
    """The number of this process among those of its machine, if torchrun tells it."""
    return _number("LOCAL_RANK")


def _number(variable: str) -> int | None:
    text = os.environ.get(variable, "").strip()
    if text and not text.isdecimal():
        raise MXNetError(f"{variable} must be a number, as torchrun sets it, not {text!r}")
    return int(text) if text else None


def join(what: str) -> None:
    """Join the processes of this job, unless that has been done, until the program ends.

    Parameters
    ----------
    what : str
        What needs them, for the error.

    Raises
    ------
    MXNetError
        If this process was not started as one of several, or the others do not come.
    """
    if not dist.is_available():
        raise MXNetError(f"{what} needs torch.distributed, which this build of PyTorch lacks")
    if dist.is_initialized():
        return
    _check_environment(what)
    if torch.cuda.is_available() and local_rank() < torch.cuda.device_count():
        torch.cuda.set_device(local_rank())
    with _told(f"{what}: joining the other processes", _START):
        dist.init_process_group(_backends(), timeout=_START)
    atexit.register(_leave)


def _backends() -> str:
    return "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"


def _leave() -> None:
    """Leave the job, and let go of all groups, which waits for their threads.

    A thread of gloo's that drops the tensors of the last call when Python has begun to end would abort the program.
    """
    if dist.is_initialized():
        dist.destroy_process_group()
    _known.clear()
    for processes in list(_alive):
        processes._let_go()


def _end(group: dist.ProcessGroup) -> None:
    """Give the connections and threads of a group back; a program that makes many trainers would run out of them."""
    with suppress(ValueError):  # it has ended with all others
        if dist.is_initialized():
            dist.destroy_process_group(group)


def _check_environment(what: str) -> None:
    missing = [name for name in _VARIABLES if not os.environ.get(name)]
    if not missing:
        return
    script = Path(sys.argv[0]).name if sys.argv and sys.argv[0].endswith(".py") else "train.py"
    told = [
        f"This one was started by {launcher} ({name}={os.environ[name]}): neither it nor schedulers and servers are "
        "needed any more. "
        for name, launcher in _OTHER_LAUNCHERS.items()
        if name in os.environ
    ]
    number = os.environ.get("DMLC_NUM_WORKER", "2")
    raise MXNetError(
        f"{what} works in processes that torchrun starts, and in this one {', '.join(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} not set. {''.join(told)}Start the program with: "
        f"torchrun --nproc-per-node {number} {script}   (on each of several machines: torchrun --nnodes 2 "
        f"--nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint FIRST_MACHINE:29400 {script})"
    )


class Processes:
    """All processes of the job, for one purpose: nothing else is sent in this group. Made in each of them at once.

    Parameters
    ----------
    what : str
        What they do together, for errors.
    timeout : timedelta, optional
        How long one waits for the others; default ``MXNET_KVSTORE_TIMEOUT`` seconds, or 10 minutes.

    Raises
    ------
    MXNetError
        As `join`; and from every method, if a process is lost, or comes too late.
    """

    def __init__(self, what: str, timeout: timedelta | None = None) -> None:
        self._what = what
        self._timeout = timeout = timeout or _usual_timeout()
        join(what)
        with self.told("joining the other processes"):
            self.group = dist.new_group(backend=_backends(), timeout=timeout)
        self._ending = weakref.finalize(self, _end, self.group)
        self._ending.atexit = False
        if _backends() != "gloo":  # NCCL's groups end in all processes at once, which the end of an object does not
            self._ending.detach()
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        _alive.add(self)

    def _let_go(self) -> None:
        self._ending.detach()
        self.group = None

    def told(self, doing: str) -> Any:
        """A ``with`` block in which errors of torch.distributed become `MXNetError`, which say what was done."""
        return _told(f"{self._what}, process {place().rank}: {doing}", self._timeout)

    def sum(self, tensor: torch.Tensor, doing: str = "a sum over all processes") -> None:
        """Replace the values of a tensor by their sum over all processes."""
        with self.told(doing):
            dist.all_reduce(tensor, group=self.group)

    def largest(self, numbers: list[float], doing: str) -> list[float]:
        """The largest of what the processes give, number by number. It waits for no GPU."""
        tensor = torch.tensor(numbers, dtype=torch.float64)
        with self.told(doing):
            dist.all_reduce(tensor, dist.ReduceOp.MAX, group=self.group)
        return tensor.tolist()

    def gathered(self, own: Any, doing: str) -> list[Any]:
        """An object, which pickle takes, of each process."""
        objects: list[Any] = [None] * self.world
        with self.told(doing):
            dist.all_gather_object(objects, own, group=self.group)
        return objects

    def check_same(self, own: list[str], what: str) -> None:
        """Raise `MXNetError`, in all processes, unless each gives the same list."""
        given = self.gathered(own, what)
        for rank, other in enumerate(given):
            differing = [pair for pair in zip_longest(given[0], other, fillvalue="nothing") if pair[0] != pair[1]]
            if differing:
                raise MXNetError(
                    f"{self._what}: the processes differ in {what}: process 0 has {differing[0][0]}, process {rank} "
                    f"has {differing[0][1]}"
                )

    def gathered_tensors(self, own: torch.Tensor, doing: str) -> torch.Tensor:
        """Tensors of one form, of each process, stacked."""
        tensors = [torch.empty_like(own) for _ in range(self.world)]
        with self.told(doing):
            dist.all_gather(tensors, own, group=self.group)
        return torch.stack(tensors)

    def send(self, tensor: torch.Tensor, rank: int, doing: str) -> None:
        """Fill a tensor, in all processes, with the values it has in one."""
        if not tensor.numel():
            return
        dense = tensor.detach().contiguous()
        with self.told(doing):
            for piece in dense.view(-1).view(torch.uint8).split(_PIECE):
                dist.broadcast(piece, rank, group=self.group)
        if dense.data_ptr() != tensor.data_ptr():
            tensor.detach().copy_(dense)

    def barrier(self) -> None:
        """Return once every process is here."""
        self.largest([0], "a barrier")


_known: dict[str, tuple[Any, Processes]] = {}
_alive: weakref.WeakSet[Processes] = weakref.WeakSet()


def together(what: str, timeout: timedelta | None = None) -> Processes:
    """`Processes` for a purpose, made when it is first asked for, and anew after the program has left its group."""
    joined, found = _known.get(what, (None, None))
    if found is None or not dist.is_initialized() or joined is not dist.group.WORLD:
        found = Processes(what, timeout)
        _known[what] = dist.group.WORLD, found
    return found


def _usual_timeout() -> timedelta:
    given = os.environ.get(_TIMEOUT, "600")
    try:
        timeout = timedelta(seconds=float(given))
    except (ValueError, OverflowError):
        timeout = timedelta(0)
    if timeout <= timedelta(0):
        raise MXNetError(f"{_TIMEOUT} is a positive number of seconds, not {given!r}")
    return timeout


@contextmanager
def _told(doing: str, timeout: timedelta) -> Iterator[None]:
    try:
        yield
    except MXNetError:
        raise
    except (RuntimeError, ValueError) as error:
        raise MXNetError(f"{doing}: {_cause(str(error), timeout)}") from error


def _cause(text: str, timeout: timedelta) -> str:
    """What an error of torch.distributed means; its type does not tell."""
    text = _PLACE_IN_SOURCE.sub("", text.split("\n", 1)[0]).partition(". This is typically")[0]
    if "imed out" in text or "imeout" in text:
        return (
            f"another process did not come within {timeout.total_seconds():g} seconds. It hangs, its machine cannot "
            f"be reached, or it makes fewer steps than this one. {_TIMEOUT} sets how many seconds to wait ({text})"
        )
    if any(sign in text for sign in ("onnection", "peer", "ocket", "NCCL")):
        return f"another process is lost: it has ended or was killed, and its own output tells why ({text})"
    return text
