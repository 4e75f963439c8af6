"""Record what `gluon.contrib.estimator` of genuine MXNet 2.0.0b1 does: events, files, log lines, metrics, early stops.

Run from this folder, in an environment of its own (`pip install mxnet==2.0.0b1 numpy==1.23.5`, Python 3.11):

    MXNET_ONEDNN_ENABLED=0 python make_estimator.py

writes `estimator.json`. With the wheel's oneDNN kernels all but `training` is the same; that differs in the fifth
digit, since they approximate tanh. The tests import the programs from here and run them on this project.
"""

import importlib.metadata
import inspect
import io
import json
import logging
import os
import re
import tempfile
import warnings

import numpy as np

import mxnet as mx
from mxnet import gluon
from mxnet.gluon import nn
from mxnet.gluon.contrib import estimator as module
from mxnet.gluon.contrib.estimator import (
    BatchBegin,
    BatchEnd,
    CheckpointHandler,
    EarlyStoppingHandler,
    EpochBegin,
    EpochEnd,
    Estimator,
    GradientUpdateHandler,
    LoggingHandler,
    MetricHandler,
    StoppingHandler,
    TrainBegin,
    TrainEnd,
    ValidationHandler,
)
from mxnet.gluon.metric import Accuracy, EvalMetric, Loss, TopKAccuracy

EVENTS = ("train_begin", "epoch_begin", "batch_begin", "batch_end", "epoch_end", "train_end")
HANDLERS = (
    StoppingHandler,
    MetricHandler,
    ValidationHandler,
    LoggingHandler,
    CheckpointHandler,
    EarlyStoppingHandler,
    GradientUpdateHandler,
)
CLASSES = (*HANDLERS, Estimator, module.BatchProcessor)


def loader(count=20, batch_size=4, seed=0):
    """Points that a plane parts, with the side they are on."""
    points = np.random.RandomState(seed).uniform(-1, 1, (count, 3)).astype("float32")
    sides = (points.sum(axis=1) > 0).astype("int32")
    return gluon.data.DataLoader(gluon.data.ArrayDataset(mx.np.array(points), mx.np.array(sides)), batch_size)


def network(hybridize=False):
    """A network of two layers whose parameters follow a rule."""
    net = nn.HybridSequential()
    net.add(nn.Dense(8, activation="tanh", in_units=3), nn.Dense(2, in_units=8))
    net.initialize()
    for number, parameter in enumerate(net.collect_params().values()):
        steps = np.arange(parameter.data().size, dtype="float32").reshape(parameter.shape)
        parameter.set_data(mx.np.array(np.sin(steps * (number + 1)) / 2))
    if hybridize:
        net.hybridize()
    return net


def made(train_metrics=None, hybridize=False, **arguments):
    """An estimator whose log is a text, and that text."""
    net = network(hybridize)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.25, "momentum": 0.875})
    loss = arguments.pop("loss", None) or gluon.loss.SoftmaxCrossEntropyLoss()
    estimator = Estimator(net, loss, train_metrics=train_metrics, trainer=trainer, **arguments)
    log = io.StringIO()
    estimator.logger = logging.Logger("Estimator")
    estimator.logger.addHandler(logging.StreamHandler(log))
    return estimator, log


class Witness(TrainBegin, EpochBegin, BatchBegin, BatchEnd, EpochEnd, TrainEnd):
    """Is told of everything, and may want to stop."""

    def __init__(self, name="Witness", priority=None, stops_at=()):
        self.name = name
        self.stops_at = stops_at
        if priority is not None:
            self.priority = priority

    def train_begin(self, estimator, *args, **kwargs):
        return "train_begin" in self.stops_at

    def epoch_begin(self, estimator, *args, **kwargs):
        return "epoch_begin" in self.stops_at

    def batch_begin(self, estimator, *args, **kwargs):
        return "batch_begin" in self.stops_at

    def batch_end(self, estimator, *args, **kwargs):
        return "batch_end" in self.stops_at

    def epoch_end(self, estimator, *args, **kwargs):
        return "epoch_end" in self.stops_at

    def train_end(self, estimator, *args, **kwargs):
        return None


class OnlyBatchEnd(BatchEnd):
    """Has a method of another event, which it does not ask to be told of."""

    def batch_end(self, estimator, *args, **kwargs):
        return None

    def epoch_end(self, estimator, *args, **kwargs):
        raise AssertionError("was not asked for")


# case: what to give `fit`, from the estimator
SEQUENCES = {
    "epochs": lambda estimator: {"epochs": 2},
    "batches": lambda estimator: {"batches": 3},
    "validation": lambda estimator: {"epochs": 1, "val_data": loader(8)},
    "priorities": lambda estimator: {
        "epochs": 1,
        "event_handlers": [
            Witness("five", 5),
            Witness("first", -3000),
            Witness("none"),
            Witness("between", -1500),
            OnlyBatchEnd(),
        ],
    },
    "stop in a batch": lambda estimator: {"epochs": 2, "event_handlers": [Witness(stops_at=("batch_end",))]},
    "stop in an epoch": lambda estimator: {"epochs": 3, "event_handlers": [Witness(stops_at=("epoch_end",))]},
    "stop elsewhere": lambda estimator: {
        "epochs": 1,
        "event_handlers": [Witness(stops_at=("train_begin", "epoch_begin", "batch_begin"))],
    },
    "own handlers": lambda estimator: {
        "epochs": 1,
        "event_handlers": [
            GradientUpdateHandler(),
            MetricHandler(estimator.train_metrics),
            LoggingHandler(metrics=estimator.train_metrics),
        ],
    },
    "one handler": lambda estimator: {"epochs": 1, "event_handlers": Witness()},
    "own validation": lambda estimator: {
        "epochs": 2,
        "event_handlers": [
            ValidationHandler(loader(8), estimator.evaluate, epoch_period=2, batch_period=2, event_handlers=Witness())
        ],
    },
    "early stopping": lambda estimator: {
        "epochs": 1,
        "event_handlers": [EarlyStoppingHandler(estimator.train_metrics[0], mode="max")],
    },
}


def sequence(name):
    """The handlers and the events they were told of."""
    estimator, _ = made()
    told = []
    with recorded(told):
        arguments = SEQUENCES[name](estimator)
        estimator.fit(loader(12, 4), **arguments)
    return told


def evaluation():
    """The same, of an evaluation."""
    estimator, _ = made()
    told = []
    with recorded(told):
        estimator.evaluate(loader(8), event_handlers=[Witness()])
    return told


class recorded:
    """Within it, handlers leave their names and what they are told of in a list."""

    def __init__(self, told):
        self.told = told
        self.replaced = []

    def __enter__(self):
        for kind in (*HANDLERS, Witness, OnlyBatchEnd):
            for event in EVENTS:
                if event in vars(kind):
                    original = vars(kind)[event]
                    self.replaced.append((kind, event, original))
                    setattr(kind, event, self.telling(original, event))

    def telling(self, original, event):
        def told_of(handler, estimator, *args, **kwargs):
            name = getattr(handler, "name", type(handler).__name__)
            self.told.append(" ".join([f"{name}.{event}", *sorted(kwargs)]))
            return original(handler, estimator, *args, **kwargs)

        return told_of

    def __exit__(self, *exception):
        for kind, event, original in self.replaced:
            setattr(kind, event, original)


# case: what to give `CheckpointHandler`, and `fit`
CHECKPOINTS = {
    "default": ({}, {"epochs": 2}),
    "hybridized": ({}, {"epochs": 1}),
    "second epochs": ({"epoch_period": 2}, {"epochs": 5}),
    "batches": ({"batch_period": 2}, {"epochs": 2}),
    "batches only": ({"batch_period": 2, "epoch_period": None, "max_checkpoints": 3}, {"epochs": 2}),
    "one": ({"max_checkpoints": 1}, {"epochs": 3}),
    "none": ({"max_checkpoints": 0}, {"epochs": 2}),
    "no period": ({"epoch_period": None}, {"epochs": 2}),
    "zero period": ({"epoch_period": 0}, {"epochs": 2}),
    "prefix": ({"model_prefix": "net-1"}, {"epochs": 1}),
    "best": ({"save_best": True, "mode": "max"}, {"epochs": 3}),
    "best only": ({"save_best": True, "mode": "max", "epoch_period": None}, {"epochs": 2}),
    "best of batches": ({"save_best": True, "mode": "max", "batch_period": 2}, {"epochs": 2}),
    "cut off": ({"batch_period": 3}, {"batches": 7}),
}


def checkpoint_files(name):
    """The files that a training leaves, and the checkpoints that the handler lists."""
    options, arguments = CHECKPOINTS[name]
    estimator, _ = made(Accuracy(), hybridize=name == "hybridized")
    if options.get("save_best"):
        options = {**options, "monitor": estimator.train_metrics[0]}
    with tempfile.TemporaryDirectory() as folder:
        handler = CheckpointHandler(os.path.join(folder, "a", "b"), **options)
        estimator.fit(loader(), event_handlers=handler, **arguments)
        return {"files": sorted(os.listdir(handler.model_dir)), "listed": handler.saved_checkpoints}


class Series(EvalMetric):
    """A metric that has given values in one epoch after the other."""

    def __init__(self, values):
        super().__init__("acc")
        self.values = values
        self.epoch = -1

    def reset(self):
        pass

    def update(self, labels, preds):
        pass

    def get(self):
        return self.name, self.values[min(max(self.epoch, 0), len(self.values) - 1)]


class Next(EpochEnd):
    """Has a `Series` go on to the next value."""

    priority = -1500

    def __init__(self, series):
        self.series = series

    def epoch_end(self, estimator, *args, **kwargs):
        self.series.epoch += 1


NAN = float("nan")

# case: the values, and what to give `EarlyStoppingHandler`
SERIES = {
    "at once": ([0.1, 0.2, 0.2, 0.3], {}),
    "always better": ([0.1 * number for number in range(10)], {}),
    "patience 1": ([0.1, 0.2, 0.2, 0.2, 0.3], {"patience": 1}),
    "patience 2": ([0.1, 0.2, 0.2, 0.2, 0.3], {"patience": 2}),
    "patience 3": ([0.1, 0.2, 0.2, 0.1, 0.3, 0.2, 0.2, 0.2, 0.2], {"patience": 3}),
    "delta": ([0.1, 0.25, 0.3, 0.5], {"min_delta": 0.1, "patience": 1}),
    "negative delta": ([0.1, 0.2, 0.15, 0.14, 0.5], {"min_delta": -0.1}),
    "delta, less": ([0.5, 0.35, 0.3, 0.1], {"min_delta": 0.1, "patience": 1, "mode": "min"}),
    "baseline": ([0.1, 0.2, 0.7], {"baseline": 0.6, "patience": 2}),
    "low baseline": ([0.1, 0.2, 0.2], {"baseline": 0.05, "patience": 1}),
    "less": ([0.5, 0.4, 0.4, 0.3], {"mode": "min"}),
    "nan": ([NAN, 0.2, NAN, 0.3, 0.3], {"patience": 1}),
}


def early_stop(name):
    """What the handler has counted."""
    values, options = SERIES[name]
    series = Series(values)
    estimator, _ = made([series])
    handler = EarlyStoppingHandler(estimator.train_metrics[0], **{"mode": "max", **options})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(loader(4), epochs=10, event_handlers=[Next(series), handler])
    counted = ("wait", "stopped_epoch", "current_epoch", "stop_training", "best")
    return {attribute: getattr(handler, attribute) for attribute in counted}


# case: metrics and loss
METRICS = {
    "none": lambda: {},
    "no classes": lambda: {"loss": gluon.loss.L2Loss()},
    "binary": lambda: {"loss": gluon.loss.SigmoidBCELoss()},
    "an empty list": lambda: {"train_metrics": []},
    "one": lambda: {"train_metrics": Accuracy()},
    "several": lambda: {"train_metrics": [TopKAccuracy(2), Loss()]},
    "composite": lambda: {"train_metrics": gluon.metric.create(["acc", "ce"])},
    "composite in a list": lambda: {"train_metrics": [gluon.metric.create(["acc", "ce"]), gluon.metric.MAE()]},
    "of validation": lambda: {"val_metrics": Accuracy()},
    "named": lambda: {"train_metrics": Accuracy(name="Of it all")},
}


def metric_names(name):
    """The names of the metrics of training and validation."""
    estimator, _ = made(**METRICS[name]())
    return [metric.name for metric in estimator.train_metrics], [metric.name for metric in estimator.val_metrics]


# case: what to give `fit`, from the estimator
LINES = {
    "epochs": lambda estimator: {"epochs": 2},
    "batches": lambda estimator: {"batches": 7},
    "validation": lambda estimator: {"epochs": 1, "val_data": loader(8, seed=1)},
    "interval": lambda estimator: {
        "epochs": 1,
        "event_handlers": LoggingHandler(log_interval=2, metrics=estimator.train_metrics),
    },
}


def log_lines(name):
    """The lines of the log, with T for times."""
    estimator, log = made(Accuracy())
    estimator.fit(loader(), **LINES[name](estimator))
    return re.sub(r"\d+(\.\d+)?s\b", "Ts", log.getvalue()).split("\n")


# case: the wrong call
MISTAKES = {
    "loss": lambda: made(loss="ce"),
    "a list of losses": lambda: made(loss=[gluon.loss.L2Loss()]),
    "train_metrics": lambda: made("acc"),
    "val_metrics": lambda: made(val_metrics=[1]),
    "val_loss": lambda: made(val_loss="ce"),
    "trainer": lambda: Estimator(network(), gluon.loss.L2Loss(), trainer="sgd"),
    "device": lambda: made(device="cpu"),
    "devices": lambda: made(device=[mx.cpu(), "cpu"]),
    "gpu(99)": lambda: made(device=mx.gpu(99)),
    "batch_processor": lambda: made(batch_processor="batch"),
    "no length": lambda: made()[0].fit(loader()),
    "two lengths": lambda: made()[0].fit(loader(), epochs=1, batches=1),
    "no epochs": lambda: made()[0].fit(loader(), epochs=0),
    "an array": lambda: made()[0].fit(mx.np.ones((2, 3)), epochs=1),
    "no data": lambda: made()[0].fit(None, epochs=1),
    "evaluate nothing": lambda: made()[0].evaluate(None),
    "a text for a handler": lambda: made()[0].fit(loader(), epochs=1, event_handlers=["handler"]),
    "metrics from elsewhere": lambda: made()[0].fit(
        loader(), epochs=1, event_handlers=LoggingHandler(metrics=Accuracy())
    ),
    "train_metrics for evaluate": lambda: evaluated_with_train_metrics(),
    "log_interval": lambda: LoggingHandler(log_interval="batch"),
    "monitor": lambda: EarlyStoppingHandler("acc"),
    "best of nothing": lambda: CheckpointHandler(tempfile.gettempdir(), save_best=True),
}


def evaluated_with_train_metrics():
    estimator, _ = made()
    estimator.evaluate(loader(), event_handlers=MetricHandler(estimator.train_metrics))


def mistake(name):
    """The exception that a mistake raises."""
    try:
        MISTAKES[name]()
    except Exception as error:
        return type(error).__name__
    return None


def training():
    """Metrics of three epochs, and the parameters after them."""
    estimator, _ = made()
    epochs = []

    class Note(EpochEnd):
        def epoch_end(self, estimator, *args, **kwargs):
            epochs.append([float(metric.get()[1]) for metric in (*estimator.train_metrics, *estimator.val_metrics)])

    estimator.fit(loader(40, 8), loader(16, 8, seed=1), epochs=3, event_handlers=Note())
    parameters = estimator.net.collect_params()
    return {"epochs": epochs, "parameters": {name: each.data().asnumpy().tolist() for name, each in parameters.items()}}


def signatures():
    """The parameters of the classes and of their public methods."""
    found = {}
    for kind in CLASSES:
        found[kind.__name__] = parameters_of(kind)
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                found[f"{kind.__name__}.{name}"] = parameters_of(method)
    return found


def parameters_of(call):
    """Names and defaults, in order."""
    return [
        [name, None if parameter.default is parameter.empty else repr(parameter.default)]
        for name, parameter in inspect.signature(call).parameters.items()
    ]


def main():
    mx.npx.set_np()
    warnings.simplefilter("ignore")
    assert importlib.metadata.version("mxnet") == "2.0.0b1"
    assert os.environ.get("MXNET_ONEDNN_ENABLED") == "0"
    record = {
        "sequences": {name: sequence(name) for name in SEQUENCES},
        "evaluation": evaluation(),
        "checkpoints": {name: checkpoint_files(name) for name in CHECKPOINTS},
        "early_stops": {name: early_stop(name) for name in SERIES},
        "metric_names": {name: metric_names(name) for name in METRICS},
        "log_lines": {name: log_lines(name) for name in LINES},
        "mistakes": {name: mistake(name) for name in MISTAKES},
        "training": training(),
        "signatures": signatures(),
    }
    with open("estimator.json", "w") as file:
        json.dump(record, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main()
