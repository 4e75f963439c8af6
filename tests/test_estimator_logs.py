"""What a training leaves to be looked at: logs in files, curves for TensorBoard, progress bars."""

import csv
import io
import json
import math
import re
import sys
import types

import pytest
from references import load
from rich.console import Console

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.gluon.contrib.estimator import (
    BatchEnd,
    CheckpointHandler,
    LogFileHandler,
    ProgressBarHandler,
    TensorBoardHandler,
)
from mxnet.gluon.metric import Accuracy, Loss

import make_estimator as reference  # isort: skip  (found through `references`)

assert load  # which makes the import above possible

COLUMNS = ["time", "epoch", "batch", "learning_rate", "samples_per_second"]


class CutOff(BatchEnd):
    def __init__(self, at):
        self.at = at

    def batch_end(self, estimator, *args, **kwargs):
        if estimator.position.total_batches == self.at:
            raise KeyboardInterrupt


def rows_of(path):
    if path.suffix == ".csv":
        with open(path, newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl", "new/log.JSON"])
def test_log_has_a_row_for_each_epoch_and_interval(tmp_path, name):
    estimator, _ = reference.made()
    handler = LogFileHandler(tmp_path / name, log_interval=2)
    estimator.fit(reference.loader(), reference.loader(8), epochs=2, event_handlers=handler)
    rows = rows_of(tmp_path / name)
    metrics = [metric.name for metric in (*estimator.train_metrics, *estimator.val_metrics)]
    assert all(list(row) == COLUMNS + metrics for row in rows)
    places = [(int(row["epoch"]), int(row["batch"])) for row in rows]
    assert places == [(0, 2), (0, 4), (0, 5), (1, 6), (1, 8), (1, 10), (1, 10)]
    last = rows[-1]
    for metric in (*estimator.train_metrics, *estimator.val_metrics):
        assert float(last[metric.name]) == metric.get()[1]
    assert float(last["learning_rate"]) == 0.25
    assert float(rows[0]["samples_per_second"]) > 0
    first = rows[0]["validation accuracy"]
    assert first is None if name.lower().endswith("json") or name.endswith("jsonl") else math.isnan(float(first))


def test_log_of_some_metrics_by_epochs(tmp_path):
    estimator, _ = reference.made()
    handler = LogFileHandler(tmp_path / "log.csv", metrics=estimator.train_metrics[0])
    for _ in range(2):  # a second training begins it anew
        estimator.fit(reference.loader(), epochs=3, event_handlers=handler)
    rows = rows_of(tmp_path / "log.csv")
    assert [list(row)[5:] for row in rows] == [["training accuracy"]] * 3


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_log_is_gone_on_with_from_the_checkpoint(tmp_path, name):
    path = tmp_path / name

    def handlers(**options):
        return [LogFileHandler(path, log_interval=1), CheckpointHandler(tmp_path / "c", batch_period=3, **options)]

    with pytest.raises(KeyboardInterrupt):
        reference.made()[0].fit(reference.loader(), epochs=2, event_handlers=[*handlers(), CutOff(9)])
    with open(path, "a") as file:
        file.write('{"half a li' if name == "log.jsonl" else "1,2,3")
    assert len(rows_of(path)) == 10 if name == "log.csv" else True  # eight batches, an epoch, and half a line
    reference.made()[0].fit(reference.loader(), epochs=2, event_handlers=handlers(resume_from_checkpoint=True))
    assert [int(row["batch"]) for row in rows_of(path)] == [1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10]


@pytest.mark.parametrize("content", ['{"batch": "x"}\n', "[1]\n", "a,b\n1,2\n", "nonsense\n"])
@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_file_that_is_no_log_is_not_gone_on_with(tmp_path, content, name):
    path = tmp_path / name
    if name == "log.csv" and content.count("\n") == 1:
        content += "1\n"  # below what looks like a head
    path.write_text(content)
    with pytest.raises(MXNetError, match="is not a log that can be gone on with"):
        reference.made()[0].fit(reference.loader(), epochs=2, begin_epoch=1, event_handlers=LogFileHandler(path))
    assert path.read_text() == content


def test_log_whose_name_tells_no_format():
    with pytest.raises(ValueError, match=r"a log ends in .csv, .jsonl or .json"):
        LogFileHandler("log.txt")


def test_log_is_closed_after_a_failure(tmp_path):
    handler = LogFileHandler(tmp_path / "log.csv")
    with pytest.raises(KeyboardInterrupt):
        reference.made()[0].fit(reference.loader(), epochs=2, event_handlers=[handler, CutOff(1)])
    assert handler._file is None


# TensorBoard


class Writer:
    """Stands in for TensorBoard's."""

    def __init__(self, *args, **kwargs):
        self.made_with = args, kwargs
        self.scalars = []
        self.ended = []

    def add_scalar(self, tag, value, step, walltime):
        assert walltime > 0
        self.scalars.append((tag, step, value))

    def flush(self):
        self.ended.append("flush")

    def close(self):
        self.ended.append("close")


def test_curves_for_tensorboard():
    writer = Writer()
    estimator, _ = reference.made()
    handler = TensorBoardHandler(writer=writer)
    estimator.fit(reference.loader(), reference.loader(8), epochs=2, event_handlers=handler)
    curves = {
        "accuracy/training",
        "accuracy/validation",
        "SoftmaxCrossEntropyLoss/training",
        "SoftmaxCrossEntropyLoss/validation",
        "learning_rate",
        "samples_per_second",
        "epoch",
    }
    assert {(tag, step) for tag, step, _ in writer.scalars} == {(tag, step) for tag in curves for step in (5, 10)}
    assert ("accuracy/training", 10, estimator.train_metrics[0].get()[1]) in writer.scalars
    assert writer.ended == ["flush"]


def test_writer_of_tensorboard_is_made_for_each_training(monkeypatch):
    module = types.SimpleNamespace(SummaryWriter=Writer)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    estimator, _ = reference.made()
    handler = TensorBoardHandler("runs/1", log_interval=3)
    estimator.fit(reference.loader(), epochs=1, event_handlers=handler)
    assert handler.writer.made_with == (("runs/1",), {"purge_step": None})
    assert handler.writer.ended == ["close"]
    assert {step for _, step, _ in handler.writer.scalars} == {3, 5}
    estimator.fit(reference.loader(), epochs=2, begin_epoch=1, event_handlers=handler)
    assert handler.writer.made_with == (("runs/1",), {"purge_step": 6})


def test_tensorboard_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="TensorBoardHandler needs TensorBoard: pip install tensorboard"):
        TensorBoardHandler("runs")


@pytest.mark.parametrize("arguments", [{}, {"log_dir": "runs", "writer": Writer()}])
def test_tensorboard_wants_one_place(arguments):
    with pytest.raises(ValueError, match="one of log_dir and writer"):
        TensorBoardHandler(**arguments)


# Progress bars


def drawn(terminal, estimator, **arguments):
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=160, color_system=None)
    handler = ProgressBarHandler(interval=0, console=console, **arguments.pop("options", {}))
    extra = arguments.pop("handlers", [])
    estimator.fit(reference.loader(), event_handlers=[handler, *extra], **arguments)
    return text.getvalue()


def test_bar_for_each_epoch_instead_of_the_log():
    estimator, log = reference.made()
    text = drawn(False, estimator, epochs=2, val_data=reference.loader(8))
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    assert len(lines) == 2 and log.getvalue() == ""
    assert lines[1].startswith("epoch 2/2 ") and " 5/5 " in lines[1] and " samples/s " in lines[1]
    accuracy, loss, val_accuracy, val_loss = (each.get()[1] for each in estimator.train_metrics + estimator.val_metrics)
    end = f"accuracy {accuracy:.4f}, loss {loss:.4f}, val accuracy {val_accuracy:.4f}, val loss {val_loss:.4f}"
    assert lines[1].endswith(end)
    estimator.evaluate(reference.loader())
    assert "Validation Begin" in log.getvalue()


def test_bar_in_a_terminal_shows_one_metric_as_it_goes():
    estimator, _ = reference.made()
    metrics = estimator.train_metrics[0]
    text = drawn(True, estimator, batches=7, options={"metrics": metrics})
    assert "epoch 1 " in text and "epoch 2 " in text and "2/2" in text  # the second epoch has two batches
    assert f" accuracy {metrics.get()[1]:.4f}" in text
    assert "loss" not in text


def test_bar_tells_metrics_apart():
    metrics = [Loss("first"), Loss("second"), Accuracy(), Accuracy(name="of all")]
    text = drawn(False, reference.made(metrics)[0], epochs=1)
    assert re.search(r" loss \d\.\d+, training second \d\.\d+, accuracy \d\.\d+, of all \d\.\d+", text)


def test_bar_of_a_loader_without_a_length_and_of_a_resumed_epoch():
    class Stream:
        def __iter__(self):
            return iter(reference.loader())

    estimator, _ = reference.made(Accuracy())
    text = io.StringIO()
    handler = ProgressBarHandler(console=Console(file=text, width=120))
    estimator.fit(Stream(), epochs=1, begin_batch=3, event_handlers=handler)
    assert " 5/5 " in text.getvalue()


def test_bar_ends_with_the_training():
    estimator, _ = reference.made()
    with pytest.raises(KeyboardInterrupt):
        drawn(True, estimator, epochs=1, handlers=[CutOff(2)])
    bars = next(each for each in estimator.event_handlers if isinstance(each, ProgressBarHandler))._bars
    assert not bars.live.is_started
    assert mx.gluon.contrib.estimator.ProgressBarHandler().priority == float("inf")
