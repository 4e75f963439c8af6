"""One pass of `predict` in several processes: who computes what, and how every process gets all of it.

Outputs travel as tensors. Their nesting, types and sizes, which processes without a batch cannot know, go before them
as one small object for each process.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import torch

from mxnet._processes import Processes, place, together
from mxnet.base import MXNetError
from mxnet.gluon._predict_sources import Share

__all__ = ["Outputs", "connect", "exchange", "share_of_this_process", "tell_failure"]

_PATIENCE = timedelta(days=7)  # processes wait for the slowest, and a pass may take long


class Outputs(NamedTuple):
    """The outputs of a number of batches.

    Attributes
    ----------
    structure : object
        How they are nested, as `flatten` tells it; None if there was no batch.
    rows : list of list of int
        For each output and batch, how long it is.
    tensors : list of Tensor
        For each output the batches, one after the other.
    """

    structure: Any
    rows: list[list[int]]
    tensors: list[torch.Tensor]


class _Header(NamedTuple):
    """What processes tell each other before the outputs themselves."""

    error: str | None
    structure: Any
    rows: list[list[int]]
    forms: list[tuple[torch.dtype, tuple[int, ...]]]


def share_of_this_process() -> Share:
    """Everything, unless torchrun has started several processes, or the program has connected them itself."""
    return Share(*place())


def connect() -> Processes:
    """The processes, connected until the program ends."""
    return together("predict", _PATIENCE)


def tell_failure(error: Exception) -> None:
    """Have `exchange` raise in the other processes, which wait there, or will."""
    _exchanged(_Header(f"{type(error).__name__}: {error}", None, [], []))


def exchange(own: Outputs) -> Outputs:
    """The outputs of all processes, in the order of the batches; called in each with its own.

    Raises
    ------
    MXNetError
        If a process has failed, or outputs do not go together.
    """
    forms = [(tensor.dtype, tuple(tensor.shape[1:])) for tensor in own.tensors]
    headers = _exchanged(_Header(None, own.structure, own.rows, forms))
    failed = [f"process {rank}: {header.error}" for rank, header in enumerate(headers) if header.error is not None]
    if failed:
        raise MXNetError(f"predict failed in another process: {'; '.join(failed)}")
    known = [header for header in headers if header.structure is not None]
    if not known:
        return own
    if any((header.structure, header.forms) != (known[0].structure, known[0].forms) for header in known):
        raise MXNetError("predict: the processes have outputs of different nesting, types or shapes")
    tensors = [_joined(number, headers, form, own) for number, form in enumerate(known[0].forms)]
    return Outputs(known[0].structure, [], tensors)


def _exchanged(header: _Header) -> list[_Header]:
    return connect().gathered(header, "what each has computed")


def _joined(
    number: int, headers: list[_Header], form: tuple[torch.dtype, tuple[int, ...]], own: Outputs
) -> torch.Tensor:
    """One of the outputs, from all processes: each sends its part to the others, who put it where it belongs."""
    dtype, shape = form
    rows = [header.rows[number] if header.rows else [] for header in headers]
    result = torch.empty((sum(map(sum, rows)), *shape), dtype=dtype)
    starts = _starts(rows)
    processes = connect()
    for rank, lengths in enumerate(rows):
        mine = rank == processes.rank and lengths
        part = own.tensors[number].contiguous() if mine else torch.empty((sum(lengths), *shape), dtype=dtype)
        processes.send(part, rank, "the outputs")
        for index, batch in enumerate(part.split(lengths)):
            result.narrow(0, starts[index, rank], len(batch)).copy_(batch)
    return result


def _starts(rows: list[list[int]]) -> dict[tuple[int, int], int]:
    """Where the batches of all processes begin when they are in order, by their number in a process, and its rank."""
    order = sorted((index, rank) for rank, lengths in enumerate(rows) for index in range(len(lengths)))
    ends = accumulate(rows[rank][index] for index, rank in order)
    return dict(zip(order, (0, *ends), strict=False))
