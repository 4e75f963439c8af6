"""Running a graph on arrays, operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from mxnet import autograd
from mxnet._modes import modes, with_precision
from mxnet.base import listed
from mxnet.device import Device
from mxnet.ndarray._array import Array, as_device, device_of_array, run
from mxnet.numpy.multiarray import ndarray
from mxnet.symbol._casts import has_casts
from mxnet.symbol._fit import fitted
from mxnet.symbol._graph import Entry, Node, replay, variables
from mxnet.symbol._labels import without_labels
from mxnet.symbol._listing import output_name

__all__ = ["Monitor", "compute", "evaluate"]


def evaluate(
    entries: Sequence[Entry],
    values: Mapping[str, Array],
    training: bool | None = None,
    device: Device | None = None,
    cls: type | None = None,
) -> list[Any]:
    """Run a graph once.

    Parameters
    ----------
    entries : sequence of Entry
    values : mapping of str to Array
        The values of its variables by name; labels that only training reads may be left out when it predicts.
    training : bool, optional
        Whether operators behave as in training; default as `autograd.is_training` says. Calls are recorded if
        `autograd.is_recording` says so.
    device : Device, optional
        Where operators without inputs make their arrays; default that of the first value, or the current device.
    cls : type, optional
        Class of the results; default that of the first value, or `mx.np.ndarray`.

    Raises
    ------
    ValueError
        If a value is missing.
    MXNetError
        If an operator refuses its inputs.
    """
    first = next(iter(values.values()), None)
    if device is None:
        device = as_device(None) if first is None else device_of_array(first)
    cls = cls or (ndarray if first is None else type(first))
    arrays = {id(node): values[node.name] for node in variables(entries) if node.name in values}
    with nullcontext() if training is None else autograd.train_mode() if training else autograd.predict_mode():
        return compute(entries, arrays, device, cls)


def compute(
    entries: Sequence[Entry], arrays: Mapping[int, Array], device: Device, cls: type, monitor: Monitor | None = None
) -> list[Any]:
    """The values of the entries, from those of the variables by the `id`s of their nodes.

    Raises
    ------
    ValueError
        If a value is missing.
    MXNetError
        If an operator refuses its inputs.
    """
    nodes = variables(entries)
    if not modes.training and any(id(node) not in arrays for node in nodes):
        entries = without_labels(entries, {node.name for node in nodes if id(node) in arrays})
        nodes = variables(entries)
    missing = [node.name for node in nodes if id(node) not in arrays]
    if missing:
        raise ValueError(f"these arguments have no value: {listed(missing)}")
    entries = fitted(entries, {node.name: tuple(arrays[id(node)]._data.shape) for node in nodes})

    def call(node: Node, inputs: list[Any]) -> Sequence[Any]:
        attributes = node.attributes
        if "ctx" in node.op.attributes and not any(node.inputs):
            attributes = attributes | {"ctx": str(device)}  # a graph runs where its inputs are, wherever it was made
        if monitor is not None:
            monitor.inputs(node, inputs)
        result = run(node.op, inputs, attributes, None, cls, device)
        results = result if isinstance(result, list) else [result]
        if monitor is not None:
            monitor.results(node, results)
        return results

    # A graph that has casts says itself which types it computes in.
    with with_precision(None) if modes.amp is not None and has_casts(entries) else nullcontext():
        return replay(entries, arrays, call)


class Monitor:
    """Calls a function with what runs through a graph, under the names that MXNet gives it.

    Parameters
    ----------
    callback : callable
        ``callback(name, array)``.
    with_inputs : bool
        Whether it is told of operators' inputs too, not only of their results.
    """

    def __init__(self, callback: Callable[[str, Any], Any], with_inputs: bool) -> None:
        self._callback = callback
        self._with_inputs = with_inputs

    def inputs(self, node: Node, arrays: Sequence[Any]) -> None:
        if not self._with_inputs:
            return
        names = node.op.input_names(len(arrays))
        for name, entry, array in zip(names, node.inputs, arrays, strict=False):
            if entry is not None:
                if entry[0].op is None:
                    self._callback(entry[0].name, array)
                self._callback(f"{node.name}_{name}", array)

    def results(self, node: Node, arrays: Sequence[Any]) -> None:
        for number, array in enumerate(arrays):
            self._callback(output_name((node, number)), array)
