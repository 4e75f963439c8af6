"""The events of a training, and the classes of those who want to be told of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mxnet.gluon.contrib.estimator.estimator import Estimator

__all__ = ["BatchBegin", "BatchEnd", "EpochBegin", "EpochEnd", "EventHandler", "TrainBegin", "TrainEnd", "by_event"]


class EventHandler:
    """The base of all event handlers; one is made by deriving from the events it wants to be told of.

    Attributes
    ----------
    priority : float, default 0
        Of several handlers for one event those with lower numbers are called first; of equal ones, the one that was
        given first.

    Notes
    -----
    A handler whose counts matter when a training is resumed defines `state_dict` and `load_state_dict`.
    """

    def state_dict(self) -> dict[str, Any]:
        """What has to be restored when a training is resumed: plain values and arrays, by name."""
        return {name: getattr(self, name) for name in self._state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave; called after `train_begin`.

        Raises
        ------
        KeyError
            If something is missing in it.
        """
        for name, value in {name: state[name] for name in self._state}.items():
            setattr(self, name, value)

    _state: tuple[str, ...] = ()  # names of the attributes that are saved


class TrainBegin(EventHandler):
    """Is called before the first epoch."""

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        pass


class TrainEnd(EventHandler):
    """Is called after the last epoch."""

    def train_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        pass


class EpochBegin(EventHandler):
    """Is called before each epoch."""

    def epoch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        pass


class EpochEnd(EventHandler):
    """Is called after each epoch; whoever returns True ends the training."""

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> bool | None:
        return False


class BatchBegin(EventHandler):
    """Is called before each batch, with ``batch=``."""

    def batch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        pass


class BatchEnd(EventHandler):
    """Is called after each batch, with ``batch=``, ``pred=``, ``label=`` and ``loss=``, lists of one array a device.

    Whoever returns True ends the epoch.
    """

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> bool | None:
        return False


_CLASSES = {
    "train_begin": TrainBegin,
    "epoch_begin": EpochBegin,
    "batch_begin": BatchBegin,
    "batch_end": BatchEnd,
    "epoch_end": EpochEnd,
    "train_end": TrainEnd,
}


def by_event(handlers: Iterable[Any]) -> dict[str, list[Any]]:
    """For each event its handlers, in the order they are to be called in."""
    ordered = sorted(handlers, key=lambda handler: getattr(handler, "priority", 0))
    return {event: [each for each in ordered if isinstance(each, kind)] for event, kind in _CLASSES.items()}
