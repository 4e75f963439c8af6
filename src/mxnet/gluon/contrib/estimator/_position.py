"""Where a training stands, and the state it takes to go on from there."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mxnet.base import MXNetError
from mxnet.gluon.contrib.estimator._state_file import is_storable
from mxnet.gluon.data import DataLoader
from mxnet.gluon.metric import CompositeEvalMetric, EvalMetric

__all__ = [
    "Position",
    "batches_from",
    "handler_states",
    "load_handler_states",
    "load_metrics",
    "metric_states",
]


class Position(NamedTuple):
    """A place between two batches.

    Attributes
    ----------
    epoch : int
        The epoch that is under way, or comes next, counted from 0.
    batch : int
        How many of its batches have been trained.
    total_batches : int
        How many have been trained in all.
    """

    epoch: int = 0
    batch: int = 0
    total_batches: int = 0


def batches_from(data: Any, position: Position) -> Iterator[Any]:
    """The batches of an epoch from `position` on.

    A loader that has a method ``set_position(epoch, batch)`` is told where to begin, and a `DataLoader` begins there by
    itself; of any other, batches that are done are read, at once, and passed over.
    """
    if hasattr(data, "set_position"):
        data.set_position(position.epoch, position.batch)
        return iter(data)
    if isinstance(data, DataLoader) and position.batch:
        return data.begin_at(position.batch)
    batches = iter(data)
    for _ in itertools.islice(batches, position.batch):
        pass
    return batches


def metric_states(metrics: Iterable[EvalMetric]) -> list[dict[str, Any]]:
    """What metrics have counted so far."""
    return [{name: value for name, value in vars(metric).items() if is_storable(value)} for metric in _single(metrics)]


def load_metrics(metrics: Iterable[EvalMetric], states: list[dict[str, Any]]) -> None:
    """Have metrics go on counting from what `metric_states` gave; others than those begin afresh."""
    found = list(_single(metrics))
    if [metric.name for metric in found] == [state.get("name") for state in states]:
        for metric, state in zip(found, states, strict=True):
            vars(metric).update({name: value for name, value in state.items() if name in vars(metric)})


def _single(metrics: Iterable[EvalMetric]) -> Iterator[EvalMetric]:
    """The metrics, and those that composite ones are made of."""
    for metric in metrics:
        if isinstance(metric, CompositeEvalMetric):
            yield from _single(metric.metrics)
        else:
            yield metric


def handler_states(handlers: Iterable[Any]) -> dict[str, Any]:
    """The states of handlers, by the name of their class and, of several, their number."""
    return {name: handler.state_dict() for name, handler in _named(handlers)}


def load_handler_states(handlers: Iterable[Any], states: dict[str, Any]) -> None:
    """Have handlers go on from what `handler_states` gave; those that are new begin afresh.

    Raises
    ------
    MXNetError
        If a state does not fit.
    """
    for name, handler in _named(handlers):
        if name not in states:
            continue
        try:
            handler.load_state_dict(states[name])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MXNetError(f"the saved state of {name} does not fit: {error!r}") from error


def _named(handlers: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    counts: dict[str, int] = {}
    for handler in handlers:
        kind = type(handler).__name__
        counts[kind] = counts.get(kind, 0) + 1
        yield (kind if counts[kind] == 1 else f"{kind}-{counts[kind]}"), handler
