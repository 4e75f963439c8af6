"""`Estimator`: trains and evaluates a network, and tells event handlers of what happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from mxnet import _randomness
from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.gluon.contrib.estimator import _checks
from mxnet.gluon.contrib.estimator._defaults import stdout_logger, training_handlers, validation_handlers
from mxnet.gluon.contrib.estimator._events import by_event
from mxnet.gluon.contrib.estimator._position import (
    Position,
    batches_from,
    handler_states,
    load_handler_states,
    load_metrics,
    metric_states,
)
from mxnet.gluon.contrib.estimator._training import StoppingHandler
from mxnet.gluon.contrib.estimator.batch_processor import BatchProcessor
from mxnet.gluon.metric import EvalMetric

__all__ = ["Estimator"]


class Estimator:
    """Trains a network on the batches of a loader.

    What happens beside the passes over the batches, down to the update of the parameters, is done by event handlers:
    see `fit`.

    Parameters
    ----------
    net : Block
        The network; what is not initialized yet is.
    loss : gluon.loss.Loss
    train_metrics : EvalMetric or list of EvalMetric, optional
        Default: the mean of the loss, and the accuracy if the loss is a `SoftmaxCrossEntropyLoss`. Their names get
        ``training`` before them.
    val_metrics : EvalMetric or list of EvalMetric, optional
        Default: copies of `train_metrics`. Their names get ``validation`` before them.
    initializer : Initializer or str, optional
        For parameters that are not initialized yet.
    trainer : Trainer, optional
        Default: plain SGD with a learning rate of 0.001, with a warning.
    device : Device or list of Device, optional
        Where to train, a part of each batch on each. Default: where the network is, else the first GPU, else the CPU.
    val_net : Block, optional
        The network to evaluate, one that shares the parameters of `net`; default `net`.
    val_loss : gluon.loss.Loss, optional
        Default `loss`.
    batch_processor : BatchProcessor, optional
        What runs the passes over a batch.
    context : Device or list of Device, optional
        The name that 1.x has for `device`.
    logger : logging.Logger, optional
        Default: one that writes to the standard output.

    Attributes
    ----------
    train_metrics, val_metrics : list of EvalMetric
    max_epoch, max_batch : int or None
        What `fit` was told.
    batches_per_epoch : int or None
        The length of the loader that `fit` was given, if it has one.
    position : Position
        Where the training stands: ``epoch``, ``batch`` (of it), ``total_batches``.
    event_handlers : list of EventHandler
        Those of the training that is under way, the default ones too.
    is_fitting : bool
        Whether `fit` is under way.
    stop_training : bool
        Set it to True to end the training after the batch that is under way.

    Raises
    ------
    ValueError
        For an argument of another kind.
    AssertionError
        For a device that this machine lacks.

    Examples
    --------
    >>> from mxnet.gluon.contrib.estimator import Estimator
    >>> x = mx.np.random.uniform(size=(64, 4))
    >>> data = mx.gluon.data.DataLoader(mx.gluon.data.ArrayDataset(x, x.sum(axis=1) > 2), batch_size=16)
    >>> net = mx.gluon.nn.Dense(2)
    >>> net.initialize()
    >>> trainer = mx.gluon.Trainer(net.collect_params(), 'adam', {'learning_rate': 0.1})
    >>> estimator = Estimator(net, mx.gluon.loss.SoftmaxCrossEntropyLoss(), trainer=trainer)
    >>> estimator.fit(data, epochs=1)
    Training begin: using optimizer Adam with current learning rate 0.1000
    Train for 1 epochs.
    [Epoch 0] Begin, current learning rate: 0.1000
    [Epoch 0] Finished in ...s, training accuracy: ..., training SoftmaxCrossEntropyLoss: ...
    Train finished using total ...s with 1 epochs. training accuracy: ..., training SoftmaxCrossEntropyLoss: ...
    """

    logger: logging.Logger = None

    def __init__(
        self,
        net: Any,
        loss: Any,
        train_metrics: Any = None,
        val_metrics: Any = None,
        initializer: Any = None,
        trainer: Any = None,
        device: Device | list[Device] | None = None,
        val_net: Any = None,
        val_loss: Any = None,
        batch_processor: Any = None,
        *,
        context: Device | list[Device] | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        self.net = _checks.check_net(net, "net")
        self.loss = _checks.check_loss(loss)
        metrics = _checks.list_of_metrics(train_metrics) or _checks.default_metrics(self.loss)
        of_validation = _checks.list_of_metrics(val_metrics) or _checks.copies_for_validation(metrics)
        _checks.check_separate(metrics, of_validation)
        self.val_net = self.net if val_net is None else _checks.check_net(val_net, "val_net")
        self.val_loss = self.loss if val_loss is None else _checks.check_loss(val_loss)
        self.batch_processor = _checks.check_processor(BatchProcessor() if batch_processor is None else batch_processor)
        self.device = _checks.devices_for(self.net, device or context)
        _checks.initialize(self.net, initializer, self.device, trainer)
        self.trainer = _checks.check_trainer(trainer, self.net)
        self._train_metrics = _named_for("training", metrics)
        self._val_metrics = _named_for("validation", of_validation)
        self.logger = stdout_logger() if logger is None else logger
        self.max_epoch: int | None = None
        self.max_batch: int | None = None
        self.batches_per_epoch: int | None = None
        self.position = Position()
        self.stop_training = False
        self.event_handlers: list[Any] = []
        self.is_fitting = self._is_evaluating = False
        self._handlers: dict[str, list[Any]] = {}
        self._afterwards: list[Callable[[], Any]] = []
        self._in_event = False
        self._at_exit = ExitStack()
        self._epoch_randomness: dict[str, Any] = {}
        self._to_resume: dict[str, Any] | None = None

    @property
    def train_metrics(self) -> list[EvalMetric]:
        return self._train_metrics

    @property
    def val_metrics(self) -> list[EvalMetric]:
        return self._val_metrics

    @property
    def context(self) -> list[Device]:
        """The name that 1.x has for `device`."""
        return self.device

    def fit(
        self,
        train_data: Any,
        val_data: Any = None,
        epochs: int | None = None,
        event_handlers: Any = None,
        batches: int | None = None,
        batch_axis: int = 0,
        *,
        begin_epoch: int = 0,
        begin_batch: int = 0,
    ) -> None:
        """Train for a number of epochs or of batches.

        Parameters
        ----------
        train_data : DataLoader
            Or another iterable of batches of data and label that can be gone through in each epoch.
        val_data : DataLoader, optional
            Evaluated after each epoch.
        epochs : int, optional
        batches : int, optional
            One of the two: when to end.
        event_handlers : EventHandler or list of EventHandler, optional
            In addition to these there are, unless one of the kind is given, a `GradientUpdateHandler`, a
            `MetricHandler`, a `ValidationHandler` if there is `val_data`, and a `LoggingHandler` (unless there is a
            `ProgressBarHandler`); and a `StoppingHandler` in any case.
        batch_axis : int, default 0
            The axis along which the samples of a batch lie.
        begin_epoch, begin_batch : int, default 0
            Where to begin: `epochs` and `batches` count from the beginning of the whole training.

        Raises
        ------
        ValueError
            If `train_data` cannot be iterated over, `epochs` and `batches` are given both or not at all, or a handler
            is none, or has metrics that nobody updates.
        TypeError
            If a number is none.
        """
        _checks.check_data(train_data)
        _checks.check_length(epochs, batches)
        _checks.check_beginning(begin_epoch, begin_batch)
        if val_data is not None:
            _checks.check_data(val_data)
        handlers = training_handlers(self, event_handlers, val_data, StoppingHandler(epochs, batches))
        self.max_epoch, self.max_batch = epochs, batches
        self.batches_per_epoch = len(train_data) if hasattr(train_data, "__len__") else None
        if self._to_resume is None:
            done = begin_epoch * (self.batches_per_epoch or 0)
            self.position = Position(begin_epoch, begin_batch, done + begin_batch)
        self.stop_training = False
        self.event_handlers, self._handlers = handlers, by_event(handlers)
        self.is_fitting = True
        with ExitStack() as self._at_exit:
            self._at_exit.callback(self._end)
            self._tell("train_begin")
            self._take_up()
            while not self._is_over():
                self._train_epoch(train_data, batch_axis)
            self._tell("train_end")

    def evaluate(self, val_data: Any, batch_axis: int = 0, event_handlers: Any = None) -> None:
        """Compute the validation metrics; read them from `val_metrics`.

        Parameters
        ----------
        val_data : DataLoader
            Or another iterable of batches of data and label.
        batch_axis : int, default 0
            The axis along which the samples of a batch lie.
        event_handlers : EventHandler or list of EventHandler, optional
            In addition to these there are, unless one of the kind is given, a `MetricHandler` and a `LoggingHandler`.
            They are told of the beginning and the end of an epoch and of its batches.

        Raises
        ------
        ValueError
            If `val_data` cannot be iterated over, or a handler is none, or has metrics that nobody updates.
        """
        _checks.check_data(val_data)
        handlers = by_event(validation_handlers(self, event_handlers))
        self._is_evaluating = True
        try:
            for handler in handlers["epoch_begin"]:
                handler.epoch_begin(self)
            for batch in val_data:
                self._evaluate_batch(handlers, batch, batch_axis)
            for handler in handlers["epoch_end"]:
                handler.epoch_end(self)
        finally:
            self._is_evaluating = False

    def _evaluate_batch(self, handlers: dict[str, list[Any]], batch: Any, batch_axis: int) -> None:
        for handler in handlers["batch_begin"]:
            handler.batch_begin(self, batch=batch)
        _, label, pred, loss = self.batch_processor.evaluate_batch(self, batch, batch_axis)
        for handler in handlers["batch_end"]:
            handler.batch_end(self, batch=batch, pred=pred, label=label, loss=loss)

    # What handlers may ask for

    @property
    def is_training(self) -> bool:
        """Whether `fit` is under way, and no evaluation within it."""
        return self.is_fitting and not self._is_evaluating

    def after_event(self, action: Callable[[], Any]) -> None:
        """Do something once all handlers have been told of the present event; at once if there is none."""
        if self._in_event:
            self._afterwards.append(action)
        else:
            action()

    def at_exit(self, action: Callable[[], Any]) -> None:
        """Do something when the present training ends, in whatever way."""
        self._at_exit.callback(action)

    def state_dict(self) -> dict[str, Any]:
        """All that it takes to go on from here, beside the parameters and the trainer's states.

        That is where the training stands, what metrics and handlers have counted, and the states of the random
        generators, now and at the beginning of the epoch (from which the order of the data follows). Plain values and
        arrays, in dicts and lists.
        """
        return {
            **self.position._asdict(),
            "random": _randomness.capture(),
            "epoch_random": self._epoch_randomness or _randomness.capture(),
            "metrics": metric_states([*self._train_metrics, *self._val_metrics]),
            "handlers": handler_states(self.event_handlers),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Have the training that is about to begin, or has just begun, go on from what `state_dict` gave.

        To be called before `fit`, or by a handler's `train_begin`.

        Raises
        ------
        MXNetError
            If it is something else.
        """
        try:
            numbers = [state[name] for name in Position._fields]
            complete = isinstance(state["handlers"], dict) and isinstance(state["metrics"], list)
            complete = complete and all(isinstance(state[name], dict) for name in ("random", "epoch_random"))
        except (KeyError, TypeError) as error:
            raise MXNetError(f"this is no state of an Estimator: {error!r}") from error
        if not complete or not all(isinstance(number, int) and number >= 0 for number in numbers):
            raise MXNetError("this is no state of an Estimator: its parts are of the wrong kinds")
        self.position = Position(*numbers)
        self._to_resume = state

    # A training

    def _is_over(self) -> bool:
        epoch, _, total_batches = self.position
        enough = epoch >= self.max_epoch if self.max_epoch else total_batches >= self.max_batch
        return enough or self.stop_training

    def _train_epoch(self, data: Any, batch_axis: int) -> None:
        self._tell("epoch_begin")
        cut_off = False
        for batch in self._batches(data):
            self._tell("batch_begin", batch=batch)
            _, label, pred, loss = self.batch_processor.fit_batch(self, batch, batch_axis)
            epoch, done, total = self.position
            self.position = Position(epoch, done + 1, total + 1)
            cut_off = self._tell("batch_end", batch=batch, pred=pred, label=label, loss=loss) or self.stop_training
            if cut_off:
                break
        self._tell("epoch_end", then=lambda wants_to_stop: self._end_epoch(cut_off, wants_to_stop))

    def _end_epoch(self, cut_off: bool, wants_to_stop: bool) -> None:
        """Go to the next epoch; but one that was cut off to end the training is gone on with when that is resumed."""
        self.stop_training = self.stop_training or wants_to_stop
        epoch, done, total = self.position
        if not (cut_off and self.stop_training) or done == self.batches_per_epoch:
            self.position = Position(epoch + 1, 0, total)

    def _batches(self, data: Any) -> Iterator[Any]:
        """The batches of the epoch that are still to be trained."""
        resumed, self._to_resume = self._to_resume, None
        inside_epoch = resumed is not None and self.position.batch > 0
        if inside_epoch:
            _randomness.restore(resumed["epoch_random"])
        self._epoch_randomness = _randomness.capture()
        batches = batches_from(data, self.position)
        if inside_epoch:  # what the beginning of an epoch has set back
            self._load_counts(resumed)
            _randomness.restore(resumed["random"])
        return batches

    def _take_up(self) -> None:
        """Go on from the state that is to be resumed, if there is one."""
        if self._to_resume is not None:
            self._load_counts(self._to_resume)
            _randomness.restore(self._to_resume["random"])

    def _load_counts(self, state: dict[str, Any]) -> None:
        load_handler_states(self.event_handlers, state["handlers"])
        load_metrics([*self._train_metrics, *self._val_metrics], state["metrics"])

    def _tell(self, event: str, then: Callable[[bool], Any] | None = None, **values: Any) -> bool:
        """Tell the handlers of an event, and say whether one of them wants to stop.

        `then` is called with that, and after it what the handlers have put off.
        """
        self._in_event = True
        try:
            wants_to_stop = any([getattr(handler, event)(self, **values) for handler in self._handlers[event]])
        finally:
            self._in_event = False
        if then is not None:
            then(wants_to_stop)
        actions, self._afterwards = self._afterwards, []
        for action in actions:
            action()
        return wants_to_stop

    def _end(self) -> None:
        self.is_fitting = False
        self._to_resume = None
        self._afterwards = []


def _named_for(purpose: str, metrics: list[EvalMetric]) -> list[EvalMetric]:
    """Metrics whose names say what they are for, also where they have been used before."""
    for metric in metrics:
        metric.name = f"{purpose} {metric.name.removeprefix('training ').removeprefix('validation ')}"
    return metrics
