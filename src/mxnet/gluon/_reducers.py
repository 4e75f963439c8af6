"""How the gradients of a trainer's parameters become sums: over devices, over processes, or by a store of one's own.

After a sum, the gradients of a parameter are equal wherever it has a replica. So is whether one has come since its last
update: where none has, zeros count, and where none has anywhere, nothing is written.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import torch

from mxnet._dtype import name_of
from mxnet._processes import Processes
from mxnet.base import environment_flag
from mxnet.gluon._same_start import SameStart
from mxnet.gluon.parameter import Parameter
from mxnet.kvstore import KVStore, KVStoreBase
from mxnet.kvstore._buckets import Buckets, Form
from mxnet.kvstore._compression import Compression
from mxnet.kvstore._distributed import DistributedKVStore
from mxnet.ndarray._gradients import Mark

__all__ = ["Reducer", "reducer_for", "stale"]

_VOTES = 4  # of a step, before those for each parameter: other parameters, the batch size twice, a stale gradient


class Reducer(Protocol):
    """Sums the gradients of parameters."""

    def sum(self, batch_size: float | None, refuse_stale: bool) -> None:
        """Write sums to the gradients; nothing is written if something is raised.

        Parameters
        ----------
        batch_size : float, optional
            What the sums will be divided by; checked where several processes could disagree.
        refuse_stale : bool
            Whether every replica must have a gradient that has come since its last update.

        Raises
        ------
        UserWarning
            If one has not.
        ValueError
            If processes give different batch sizes.
        """

    def check(self, batch_size: float) -> None:
        """Raise as `sum` does for the batch size alone."""


def reducer_for(store: KVStoreBase | None, parameters: Sequence[Parameter], devices: int) -> Reducer | None:
    """What a store does for parameters, in the order of their creation; None where there is nothing to sum.

    Raises
    ------
    MXNetError
        If processes have different parameters.
    """
    if isinstance(store, DistributedKVStore):
        return _OverProcesses(store, parameters)
    if store is not None and not isinstance(store, KVStore):
        return _ByStore(store, parameters)
    return _OverDevices(parameters) if store is not None and devices > 1 else None


def stale(parameter: Parameter, where: Any) -> UserWarning:
    """The error for a gradient that has not come since the last update."""
    return UserWarning(
        f"Gradient of Parameter `{parameter.name}` on {where} has not been updated by backward since last "
        "`step`. This could mean a bug in your model that made it only use a subset of the Parameters (Blocks) for "
        "this iteration. If you are intentionally only using a subset, call step with ignore_stale_grad=True to "
        "suppress this warning and skip updating of Parameters with stale gradient"
    )


class _OverDevices:
    """Sums over the devices of this process."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._parameters = parameters

    def sum(self, batch_size: float | None, refuse_stale: bool) -> None:
        trained = _trained(self._parameters)
        if refuse_stale:
            for parameter in trained:
                _check_fresh(parameter)
        for parameter in trained:
            marks = _marks(parameter)
            total = _total(marks)
            if total is not None:
                _write(total, marks)

    def check(self, batch_size: float) -> None:
        """One process agrees with itself."""


class _ByStore(_OverDevices):
    """Sums through `KVStoreBase.pushpull`; whether gradients are stale is known of this process only."""

    def __init__(self, store: KVStoreBase, parameters: Sequence[Parameter]) -> None:
        super().__init__(parameters)
        self._store = store
        self._begun: set[int] = set()

    def sum(self, batch_size: float | None, refuse_stale: bool) -> None:
        for number, parameter in enumerate(self._parameters):
            if number not in self._begun:
                arrays = parameter.list_data()
                self._store.broadcast(number, arrays[0], out=arrays)
                self._begun.add(number)
        if refuse_stale:
            for parameter in _trained(self._parameters):
                _check_fresh(parameter)
        for number, parameter in enumerate(self._parameters):
            if parameter.grad_req != "null":
                gradients = parameter.list_grad()
                self._store.pushpull(number, gradients, out=gradients, priority=-number)
                marks = _marks(parameter)
                fresh = any(mark.fresh for mark in marks)
                for mark in marks:
                    mark.fresh = fresh


class _OverProcesses:
    """Sums over devices and processes, in buckets that set out during the backward pass.

    They do so for parameters with one replica and `grad_req` 'write'; all others are summed when `sum` is called.
    """

    def __init__(self, store: DistributedKVStore, parameters: Sequence[Parameter]) -> None:
        self._store = store
        # Apart from the store's: a program may use that while buckets are on their way.
        self._processes = Processes(f"Trainer, kvstore {store.type!r}")
        self._parameters = list(reversed(parameters))  # gradients come in about this order
        self._start: SameStart | None = SameStart(self._processes, parameters)
        self._overlaps = environment_flag("MXNET_KVSTORE_OVERLAP", True)
        self._buckets: Buckets | None = None
        self._made_for: Any = None

    def sum(self, batch_size: float | None, refuse_stale: bool) -> None:
        trained = _trained(self._parameters)
        marks = [_marks(parameter) for parameter in trained]
        if self._start is not None:
            self._start.complete()
            self._start = None
        totals = [_total(each) for each in marks]
        came = [float(total is not None) for total in totals]
        votes = [0.0, *self._size_votes(batch_size), self._stale_vote(marks) if refuse_stale else 0.0, *came]
        sums, agreed = self._buckets_for(trained).finish(totals, votes)
        if agreed[0]:  # another process has other parameters now, or another compression
            sums, agreed = self._made(self._made_for).finish(totals, votes)
        self._check_sizes(*agreed[1:3])
        if agreed[3]:
            raise self._stale_error(trained, agreed[3])
        for total, each, fresh in zip(sums, marks, agreed[_VOTES:], strict=True):
            if fresh:
                _write(total, each)
        self._listen(trained, marks, self._buckets)

    def check(self, batch_size: float) -> None:
        self._check_sizes(*self._processes.largest(self._size_votes(batch_size), "the batch size of update"))

    def _buckets_for(self, trained: list[Parameter]) -> Buckets:
        forms = [_form(parameter) for parameter in trained]
        made_for = trained, forms, self._store.compression
        if self._buckets is None:
            return self._made(made_for)
        if self._made_for != made_for:
            # Other processes may wait for the buckets since their last backward pass, and go on with them otherwise.
            count = len(self._made_for[0])
            self._buckets.finish([None] * count, [1.0, *[0.0] * (_VOTES - 1 + count)])
            return self._made(made_for)
        return self._buckets

    def _made(self, made_for: tuple[list[Parameter], list[Form], Compression]) -> Buckets:
        """New buckets, in all processes at once.

        Raises
        ------
        MXNetError
            If the processes differ in what they are for.
        """
        trained, forms, compression = made_for
        described = [_described(parameter, form) for parameter, form in zip(trained, forms, strict=True)]
        self._processes.check_same([f"compression {compression}", *described], "the gradients that are summed")
        self._buckets, self._made_for = Buckets(self._processes, forms, compression), made_for
        return self._buckets

    def _listen(self, trained: list[Parameter], marks: list[list[Mark]], buckets: Buckets) -> None:
        if not self._overlaps:
            return
        reference = weakref.ref(buckets)
        for place, (parameter, each) in enumerate(zip(trained, marks, strict=True)):
            if len(each) == 1 and parameter.grad_req == "write":
                each[0].tell(partial(_tell, reference, place))

    @staticmethod
    def _size_votes(batch_size: float | None) -> list[float]:
        return [0.0, 0.0] if batch_size is None else [float(batch_size), -float(batch_size)]

    @staticmethod
    def _check_sizes(most: float, least: float) -> None:
        if most != -least:
            raise ValueError(
                f"batch_size must be the same in every process, the number of samples in all of them together, but "
                f"they gave from {-least:g} to {most:g}"
            )

    # A process votes with one number that tells of a stale gradient and of itself; the largest number is heard.

    def _stale_vote(self, marks: list[list[Mark]]) -> float:
        for place in reversed(range(len(marks))):
            if not all(mark.fresh for mark in marks[place]):
                return (place + 1) * self._processes.world - self._processes.rank
        return 0

    def _stale_error(self, trained: list[Parameter], vote: float) -> UserWarning:
        place, rank = divmod(-int(vote), self._processes.world)
        return stale(trained[-place - 1], f"process {rank}")


def _tell(reference: weakref.ref[Buckets], place: int, gradient: torch.Tensor) -> None:
    buckets = reference()
    if buckets is not None:
        buckets.arrived(place, gradient)


def _trained(parameters: Sequence[Parameter]) -> list[Parameter]:
    return [parameter for parameter in parameters if parameter.grad_req != "null"]


def _marks(parameter: Parameter) -> list[Mark]:
    return [array._mark for array in parameter.list_data()]


def _check_fresh(parameter: Parameter) -> None:
    for array in parameter.list_data():
        if not array._mark.fresh:
            raise stale(parameter, f"device {array.device}")


def _total(marks: list[Mark]) -> torch.Tensor | None:
    """The sum of the gradients that have come, on the device of the first; None if none has."""
    came = [mark.buffer._data for mark in marks if mark.fresh]
    if not came:
        return None
    total = came[0]
    for gradient in came[1:]:
        total = total + gradient.to(total.device)
    return total


def _write(total: torch.Tensor, marks: list[Mark]) -> None:
    for mark in marks:
        gradient = mark.buffer._data
        if gradient is not total:
            gradient.copy_(total)
        mark.fresh = True


def _form(parameter: Parameter) -> Form:
    data = parameter.list_data()[0]._data
    return Form(tuple(data.shape), data.dtype, data.device)


def _described(parameter: Parameter, form: Form) -> str:
    return f"{parameter._path} of shape {form.shape} and type {name_of(form.dtype)} on the {form.device.type}"
