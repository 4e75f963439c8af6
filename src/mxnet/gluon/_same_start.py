"""How processes begin to train with the same parameters: those of process 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from mxnet import _dtype, _generators
from mxnet._processes import Processes
from mxnet.gluon.parameter import Parameter

__all__ = ["SameStart"]

_CPU = torch.device("cpu")


class SameStart:
    """Sends parameters from process 0 to the others: those with values at once.

    Those whose shapes only the first forward pass tells, and has told in no process yet, are then initialized in each
    with the random numbers that process 0 would draw.

    Parameters
    ----------
    processes : Processes
    parameters : sequence of Parameter

    Raises
    ------
    MXNetError
        If the processes have different parameters.
    """

    def __init__(self, processes: Processes, parameters: Sequence[Parameter]) -> None:
        self._processes = processes
        self._parameters = parameters
        names = [
            f"{parameter._path} of type {_dtype.name_of(_dtype.to_torch(parameter.dtype))}" for parameter in parameters
        ]
        processes.check_same(names, "the parameters of the trainer")
        self._tell_shapes()
        waits = processes.largest([float(parameter._replicas is None) for parameter in parameters], "the start")
        self._send([parameter for parameter, waiting in zip(parameters, waits, strict=True) if not waiting])
        _draws.state = processes.gathered(_own_state()["cpu"], "the random state")[0]
        for parameter in parameters:
            if parameter._deferred is not None:
                deferred = parameter._deferred
                parameter._deferred = deferred._replace(fill=_draws.filling(deferred.fill))

    def complete(self) -> None:
        """Send all parameters, whatever the program has done to them since.

        Raises
        ------
        DeferredInitializationError
            If a shape is not known yet.
        MXNetError
            If shapes differ.
        """
        self._send(self._parameters)

    def _tell_shapes(self) -> None:
        """Initialize what waits for a shape that another process knows: one may have run the network, to print it."""
        own = [None if parameter._replicas is None else parameter.shape for parameter in self._parameters]
        known = zip(*self._processes.gathered(own, "the shapes of parameters"), strict=True)
        for parameter, shapes in zip(self._parameters, known, strict=True):
            shape = next((shape for shape in shapes if shape is not None), None)
            if shape is not None and parameter._deferred is not None and parameter._takes(shape):
                parameter.shape = shape
                parameter._finish_deferred_init()

    def _send(self, parameters: Sequence[Parameter]) -> None:
        values = [parameter.list_data() for parameter in parameters]
        shapes = [f"{p._path} of shape {arrays[0].shape}" for p, arrays in zip(parameters, values, strict=True)]
        self._processes.check_same(shapes, "the shapes of parameters")
        for arrays in values:
            sent = arrays[0]._data.detach().clone(memory_format=torch.contiguous_format)
            self._processes.send(sent, 0, "the parameters of process 0")
            for array in arrays:
                array._data.detach().copy_(sent)


class _SharedDraws:
    """Random numbers for parameters that go on from process 0's state; a process in another state keeps its own.

    Attributes
    ----------
    state : torch.Tensor
        Of the CPU's generator, with which parameters are made.
    """

    state: torch.Tensor

    def filling(self, make: Callable[[Any], None]) -> Callable[[Any], None]:
        def fill(array: Any) -> None:
            own = _own_state()
            in_step = torch.equal(own["cpu"], self.state)
            _generators.set_state({**own, "cpu": self.state})
            try:
                make(array)
            finally:
                self.state = _own_state()["cpu"]
                _generators.set_state({**own, "cpu": self.state} if in_step else own)

        return fill


_draws = _SharedDraws()  # one for all trainers: their networks draw one after the other


def _own_state() -> dict[str, torch.Tensor]:
    _generators.generator_for(_CPU)  # it is there once it is asked for
    return _generators.get_state()
