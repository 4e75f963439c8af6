"""What an `Estimator` takes: checked, and completed with defaults."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from mxnet.device import Device, cpu, gpu, num_gpus
from mxnet.gluon.block import Block
from mxnet.gluon.contrib.estimator._events import EventHandler
from mxnet.gluon.loss import Loss, SoftmaxCrossEntropyLoss
from mxnet.gluon.metric import Accuracy, CompositeEvalMetric, EvalMetric
from mxnet.gluon.metric import Loss as LossMetric
from mxnet.gluon.trainer import Trainer
from mxnet.ndarray._array import Array

__all__ = [
    "check_beginning",
    "check_data",
    "check_length",
    "check_loss",
    "check_metric_references",
    "check_net",
    "check_processor",
    "check_separate",
    "check_trainer",
    "copies_for_validation",
    "default_metrics",
    "devices_for",
    "initialize",
    "list_of_handlers",
    "list_of_metrics",
]


def check_net(net: Any, what: str) -> Any:
    """A block; ValueError otherwise."""
    if not isinstance(net, Block):
        raise ValueError(f"{what} must be a Block, refer to gluon.Block: {net!r}")
    return net


def check_loss(loss: Any) -> Loss:
    """A loss; ValueError otherwise."""
    if not isinstance(loss, Loss):
        raise ValueError(
            f"loss must be a Loss, refer to gluon.loss.Loss: {loss!r}. For any other function of predictions and "
            "labels, derive from Loss and define forward, or give a batch_processor"
        )
    return loss


def list_of_metrics(metrics: Any) -> list[EvalMetric]:
    """Metrics as a list, those of a composite one by one; ValueError for anything else."""
    if isinstance(metrics, CompositeEvalMetric):
        return list(metrics.metrics)
    if isinstance(metrics, EvalMetric):
        return [metrics]
    found = list(metrics or []) if isinstance(metrics, (list, tuple, type(None))) else [metrics]
    if not all(isinstance(metric, EvalMetric) for metric in found):
        raise ValueError(
            f"metrics must be a Metric or a list of Metric, refer to mxnet.gluon.metric.EvalMetric: {metrics!r}"
        )
    return found


def default_metrics(loss: Loss) -> list[EvalMetric]:
    """The metrics for a training that was given none: of the loss, and the accuracy of what classifies."""
    metrics: list[EvalMetric] = [Accuracy()] if isinstance(loss, SoftmaxCrossEntropyLoss) else []
    return [*metrics, LossMetric(type(loss).__name__)]


def copies_for_validation(metrics: Iterable[EvalMetric]) -> list[EvalMetric]:
    """Metrics of the same kind that have counted nothing."""
    copies = [copy.deepcopy(metric) for metric in metrics]
    for metric in copies:
        metric.reset()
    return copies


def check_separate(of_training: list[EvalMetric], of_validation: list[EvalMetric]) -> None:
    """Refuse metrics that would have to count for both.

    Raises
    ------
    ValueError
    """
    for metric in of_validation:
        if any(metric is each for each in of_training):
            raise ValueError(f"{metric} is among train_metrics and val_metrics: give each a metric of its own")


def devices_for(net: Block, devices: Any) -> list[Device]:
    """The devices to train on: those given, else those the network is on, else the first GPU, else the CPU.

    Raises
    ------
    ValueError
        If they are no devices.
    AssertionError
        If this machine lacks one.
    """
    if not devices:
        present = _devices_of(net)
        if present:
            return present
        if num_gpus() > 1:
            warnings.warn(
                "There are several GPUs, and gpu(0) is used. To use more, give them: device=[mx.gpu(0), mx.gpu(1)]",
                UserWarning,
                stacklevel=3,
            )
        return [gpu(0) if num_gpus() else cpu()]
    found = [devices] if isinstance(devices, Device) else devices
    if not isinstance(found, (list, tuple)) or not all(isinstance(device, Device) for device in found):
        raise ValueError(
            "devices must be a Device or a list of Device, for example mx.cpu() or [mx.gpu(0), mx.gpu(1)], refer to "
            f"mxnet.Device: {devices!r}"
        )
    for device in found:
        if device.device_type == "gpu" and device.device_id >= num_gpus():
            usable = ", ".join(["mx.cpu()", *(f"mx.gpu({number})" for number in range(num_gpus()))])
            raise AssertionError(f"{device} is not available, please make sure your device is in one of: {usable}")
    return list(found)


def _devices_of(net: Block) -> list[Device]:
    """Where all parameters are; empty if they are not initialized."""
    places = [parameter.list_device() for parameter in net._unique_params() if _is_initialized(parameter)]
    return places[0] if places else []


def _is_initialized(parameter: Any) -> bool:
    return parameter._replicas is not None or parameter._deferred is not None


def initialize(net: Block, initializer: Any, devices: list[Device], trainer: Any) -> None:
    """Initialize what is not yet, and have the parameters on `devices`.

    Raises
    ------
    ValueError
        If a trainer has been made for parameters that are elsewhere.
    """
    parameters = net._unique_params()
    missing = [parameter for parameter in parameters if not _is_initialized(parameter)]
    if not missing and initializer is not None:
        warnings.warn(
            "Network already fully initialized, skipping initialization. You don't need to pass initializer if you "
            "already initialized your net. You can use net.initialize(init=your_initializer, force_reinit=True) to "
            "force re-initialize.",
            UserWarning,
            stacklevel=3,
        )
    elsewhere = [each for each in parameters if _is_initialized(each) and each.list_device() != devices]
    if elsewhere and trainer is not None:
        raise ValueError(
            f"the network is on {elsewhere[0].list_device()}, but device={devices}: give the devices it is on, or move "
            "it with net.reset_device(...) before the Trainer is made"
        )
    if missing:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*is already initialized, ignoring.*")
            net.initialize(init=initializer, device=devices)
    for parameter in elsewhere:
        parameter.reset_device(devices)


def check_trainer(trainer: Any, net: Block) -> Trainer:
    """A trainer; of None a plain one, with a warning; ValueError for anything else."""
    if trainer is None:
        warnings.warn(
            "No trainer specified, default SGD optimizer with learning rate 0.001 is used.", UserWarning, stacklevel=3
        )
        return Trainer(net.collect_params(), "sgd", {"learning_rate": 0.001})
    if not isinstance(trainer, Trainer):
        raise ValueError(f"Trainer must be a Gluon Trainer instance, refer to gluon.Trainer: {trainer!r}")
    return trainer


def check_processor(processor: Any) -> Any:
    """Something with the two methods of a `BatchProcessor`; ValueError otherwise."""
    if not all(callable(getattr(processor, name, None)) for name in ("fit_batch", "evaluate_batch")):
        raise ValueError(
            "Customized Batch Processor must contain fit_batch() and evaluate_batch() methods: derive from "
            f"BatchProcessor, which has them; given {processor!r}"
        )
    return processor


def check_data(data: Any) -> None:
    """Refuse what cannot be iterated over again and again, batch by batch.

    Raises
    ------
    ValueError
    """
    is_loader = hasattr(data, "__iter__") and not isinstance(data, (str, bytes, dict, Array))
    if not is_loader or hasattr(data, "__next__"):
        raise ValueError(
            "Estimator only support input as Gluon DataLoader. Alternatively, you can transform your DataIter or any "
            f"NDArray into Gluon DataLoader. Refer to gluon.data.DataLoader; given {type(data).__name__}"
        )


def check_length(epochs: Any, batches: Any) -> None:
    """Refuse all but one number of epochs or of batches.

    Raises
    ------
    ValueError, TypeError
    """
    if (not epochs) == (not batches):
        raise ValueError(
            "Fit only support exactly one type of iteration, train by number of epochs or number of batches. Please "
            f"specify one and only one of: epochs or batches. Given epochs={epochs!r}, batches={batches!r}"
        )
    for name, value in (("epochs", epochs), ("batches", batches)):
        if value and not is_count(value):
            raise TypeError(f"{name} must be a positive int, not {value!r}")


def check_beginning(epoch: Any, batch: Any) -> None:
    """Refuse what is no place to begin at.

    Raises
    ------
    ValueError
    """
    for name, value in (("begin_epoch", epoch), ("begin_batch", batch)):
        if value != 0 and not is_count(value):
            raise ValueError(f"{name} must be 0 or a positive int, not {value!r}")


def is_count(value: Any) -> bool:
    """Whether it is a whole number of at least 1."""
    return hasattr(value, "__index__") and not isinstance(value, bool) and value > 0


def list_of_handlers(handlers: Any) -> list[Any]:
    """Handlers as a new list; ValueError for anything else."""
    found = [handlers] if isinstance(handlers, EventHandler) else handlers or []
    if not isinstance(found, (list, tuple)) or not all(isinstance(handler, EventHandler) for handler in found):
        raise ValueError(f"handlers must be an EventHandler or a list of EventHandler, got: {handlers!r}")
    return list(found)


def check_metric_references(handlers: Iterable[Any], known: Sequence[EvalMetric]) -> None:
    """Refuse handlers whose metrics are not among those that are updated.

    Raises
    ------
    ValueError
    """
    for handler in handlers:
        metrics = getattr(handler, "metrics", None)
        for metric in metrics if isinstance(metrics, (list, tuple)) else [metrics]:
            if isinstance(metric, EvalMetric) and not any(metric is each for each in known):
                raise ValueError(
                    f"Event handler {type(handler).__name__} refers to a metric instance {metric} outside of the "
                    "known training and validation metrics. Please use the metrics from estimator.train_metrics "
                    "and estimator.val_metrics instead."
                )
