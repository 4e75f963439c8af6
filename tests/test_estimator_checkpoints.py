"""Trainings that are cut off and gone on with: they end as if they had not been."""

import os
import pickle
import random
import shutil

import hypothesis.extra.numpy as arrays
import numpy as onp
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from references import load

import mxnet as mx
from mxnet import _randomness, gluon
from mxnet.base import MXNetError
from mxnet.gluon import nn
from mxnet.gluon.contrib.estimator import (
    BatchEnd,
    CheckpointHandler,
    EarlyStoppingHandler,
    EpochEnd,
    Estimator,
    LogFileHandler,
    LoggingHandler,
)
from mxnet.gluon.contrib.estimator._state_file import from_bytes, read_state, to_bytes
from mxnet.gluon.metric import F1, Accuracy, PearsonCorrelation

import make_estimator as reference  # isort: skip  (found through `references`)

assert load  # which makes the import above possible

EPOCHS, BATCHES = 3, 3  # batches in an epoch


class Points(gluon.data.Dataset):
    """Points that are moved a little at random when they are read, by every generator there is."""

    def __init__(self, count):
        self.points = onp.random.RandomState(0).uniform(-1, 1, (count, 3)).astype("float32")

    def __len__(self):
        return len(self.points)

    def __getitem__(self, index):
        moved = onp.random.normal() + random.gauss(0, 1) + float(mx.np.random.normal()) + torch.randn(()).item()
        return self.points[index] + onp.float32(moved / 8), int(self.points[index].sum() > 0)


def loader(**options):
    return gluon.data.DataLoader(Points(12), 4, shuffle=True, **options)


def made(seed=7, metrics=None):
    """An estimator for a network with random parts and running statistics, a schedule, and a state per parameter."""
    random.seed(seed)
    onp.random.seed(seed)
    torch.manual_seed(seed)
    mx.random.seed(seed)
    net = nn.HybridSequential()
    net.add(nn.Dense(6, activation="relu"), nn.Dropout(0.5), nn.BatchNorm(), nn.Dense(2))
    net.initialize(mx.init.Xavier())
    schedule = mx.lr_scheduler.CosineScheduler(EPOCHS * BATCHES, base_lr=0.01)
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.01, "lr_scheduler": schedule})
    logger = reference.made()[0].logger
    return Estimator(net, gluon.loss.SoftmaxCrossEntropyLoss(), metrics, trainer=trainer, logger=logger)


def log_of(estimator):
    return estimator.logger.handlers[0].stream.getvalue()


def outcome(estimator):
    """All that a training leaves, to be compared for equality."""
    parameters = {name: each.data().asnumpy().tolist() for name, each in estimator.net.collect_params().items()}
    metrics = [metric.get() for metric in (*estimator.train_metrics, *estimator.val_metrics)]
    return parameters, metrics, estimator.position, estimator.trainer.learning_rate, float(mx.np.random.uniform())


class CutOff(BatchEnd):
    """Ends the program at a batch, after the checkpoint of the batch before."""

    def __init__(self, at):
        self.at = at

    def batch_end(self, estimator, *args, **kwargs):
        if estimator.position.total_batches == self.at:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def whole():
    estimator = made()
    estimator.fit(loader(), loader(), epochs=EPOCHS)
    return outcome(estimator)


@pytest.mark.parametrize("at", [2, 4, 6, 9])
@pytest.mark.parametrize("periods", [(None, 1), (1, 2)], ids=["each batch", "epochs and batches"])
def test_training_ends_as_if_it_had_not_been_cut_off(whole, tmp_path, at, periods):
    epoch_period, batch_period = periods
    handler = CheckpointHandler(tmp_path, epoch_period=epoch_period, batch_period=batch_period)
    with pytest.raises(KeyboardInterrupt):
        made().fit(loader(), loader(), epochs=EPOCHS, event_handlers=[handler, CutOff(at)])
    estimator = made(seed=99)
    handler = CheckpointHandler(
        tmp_path, epoch_period=epoch_period, batch_period=batch_period, resume_from_checkpoint=True, verbose=1
    )
    if at == 2 and batch_period == 2:  # none there yet
        estimator = made()
    estimator.fit(loader(), loader(), epochs=EPOCHS, event_handlers=handler)
    assert outcome(estimator) == whole
    assert ("No checkpoint found" in log_of(estimator)) == (at == 2 and batch_period == 2)


def test_training_whose_batches_come_from_processes(tmp_path):
    estimator = made()
    estimator.fit(loader(num_workers=1), epochs=2)
    expected = outcome(estimator)
    with pytest.raises(KeyboardInterrupt):
        handlers = [CheckpointHandler(tmp_path, batch_period=1), CutOff(5)]
        made().fit(loader(num_workers=1), epochs=2, event_handlers=handlers)
    estimator = made(seed=99)
    handler = CheckpointHandler(tmp_path, resume_from_checkpoint=True)
    estimator.fit(loader(num_workers=1), epochs=2, event_handlers=handler)
    assert repr(outcome(estimator)) == repr(expected)  # with a nan for what was not validated


class Backwards(gluon.data.Sampler):
    """Draws, as it goes, whether to give an index or the one before it."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __iter__(self):
        return (max(index - onp.random.randint(0, 2), 0) for index in reversed(range(self.length)))


@pytest.mark.parametrize("own_sampler", [False, True])
def test_batches_that_are_done_are_read_again_only_where_they_must_be(tmp_path, own_sampler):
    def data():
        points = Points(12)
        points.read = []
        original = Points.__getitem__
        kind = type("Noting", (Points,), {"__getitem__": lambda self, i: points.read.append(i) or original(self, i)})
        points.__class__ = kind
        options = {"sampler": Backwards(12)} if own_sampler else {"shuffle": True}
        return gluon.data.DataLoader(points, 4, **options), points.read

    estimator = made()
    estimator.fit(data()[0], epochs=2)
    expected = outcome(estimator)
    with pytest.raises(KeyboardInterrupt):
        made().fit(data()[0], epochs=2, event_handlers=[CheckpointHandler(tmp_path, batch_period=1), CutOff(6)])
    estimator, (batches, read) = made(seed=99), data()
    estimator.fit(batches, epochs=2, event_handlers=CheckpointHandler(tmp_path, resume_from_checkpoint=True))
    assert repr(outcome(estimator)) == repr(expected)
    assert len(read) == (12 if own_sampler else 4)


def test_training_by_batches_ends_where_it_is_to(tmp_path):
    estimator = made()
    estimator.fit(loader(), batches=8)
    expected = outcome(estimator)[0], estimator.position
    made().fit(loader(), batches=5, event_handlers=CheckpointHandler(tmp_path))  # in the middle of an epoch
    estimator = made(seed=99)
    estimator.fit(loader(), batches=8, event_handlers=CheckpointHandler(tmp_path, resume_from_checkpoint=True))
    assert (outcome(estimator)[0], estimator.position) == expected


@pytest.mark.parametrize("failing", range(0, 9, 2))
def test_whatever_write_fails_the_training_can_go_on(whole, tmp_path, monkeypatch, failing):
    made().fit(loader(), loader(), epochs=1, event_handlers=CheckpointHandler(tmp_path))
    replace, calls = os.replace, []

    def fail_once(source, target):
        calls.append(target)
        if len(calls) == failing + 1:
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail_once)
        handlers = CheckpointHandler(tmp_path, batch_period=2, max_checkpoints=1, resume_from_checkpoint=True)
        with pytest.raises(MXNetError, match="No space left"):
            made(seed=99).fit(loader(), loader(), epochs=EPOCHS, event_handlers=handlers)
    estimator = made(seed=98)
    handler = CheckpointHandler(tmp_path, max_checkpoints=1, resume_from_checkpoint=True)
    estimator.fit(loader(), loader(), epochs=EPOCHS, event_handlers=handler)
    assert outcome(estimator) == whole
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


def test_handlers_and_metrics_of_all_kinds_go_on(tmp_path):
    def metrics():
        return [gluon.metric.create(["acc", F1(average="macro")]), PearsonCorrelation(), Accuracy()]

    def handlers(estimator, **options):
        # The checkpoint is given first, and yet holds what the others count of the same event.
        best = CheckpointHandler(tmp_path, "net", estimator.train_metrics[2], 1, True, "max", 1, 2, **options)
        stopping = EarlyStoppingHandler(estimator.train_metrics[2], patience=50, mode="max")
        return [best, stopping, LoggingHandler(2, estimator.train_metrics)]

    data = reference.loader(24, 4)

    def one_column(estimator):
        """PearsonCorrelation compares a number with a number."""
        update = estimator.train_metrics[1].update
        estimator.train_metrics[1].update = lambda labels, preds: update(labels, [pred[:, 0] for pred in preds])
        return estimator

    def counted(estimator, given):
        metrics = [metric.get() for metric in estimator.train_metrics]
        return metrics, given[0].best, given[1].wait, given[1].best, given[2].processed_samples, given[2].batch_index

    estimator = one_column(made(metrics=metrics()))
    given = handlers(estimator)
    estimator.fit(data, epochs=3, event_handlers=given)
    expected = counted(estimator, given), log_of(estimator).split("[Epoch 1][Batch 4]")[1]
    shutil.rmtree(tmp_path)
    estimator = one_column(made(metrics=metrics()))
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(data, epochs=3, event_handlers=[*handlers(estimator), CutOff(11)])
    estimator = one_column(made(seed=99, metrics=metrics()))
    given = handlers(estimator, resume_from_checkpoint=True)
    estimator.fit(data, epochs=3, event_handlers=given)
    found = counted(estimator, given), log_of(estimator).split("[Epoch 1][Batch 4]")[1]
    assert found[0] == expected[0]
    without_times = [
        [word for word in text.split() if not word.rstrip(",").endswith("s")] for text in (found[1], expected[1])
    ]
    assert without_times[0] == without_times[1]


def test_own_handlers_are_saved():
    class Average(EpochEnd):
        value = None

        def epoch_end(self, estimator, *args, **kwargs):
            self.value = estimator.net[0].weight.data().copy()

        def state_dict(self):
            return {"value": self.value}

        def load_state_dict(self, state):
            self.value = state["value"]

    estimator, (first, second) = made(), (Average(), Average())
    estimator.fit(loader(), epochs=1, event_handlers=[first, second])
    state = from_bytes(to_bytes(estimator.state_dict()))
    assert (state["handlers"]["Average-2"]["value"] == first.value).all()
    other, restored = made(seed=99), Average()
    other.load_state_dict(state)
    other.fit(loader(), epochs=1, event_handlers=restored)  # which is over already
    assert (restored.value == first.value).all()
    del state["handlers"]["Average"]["value"]
    other.load_state_dict(state)
    with pytest.raises(MXNetError, match="the saved state of Average does not fit: KeyError"):
        other.fit(loader(), epochs=1, event_handlers=restored)


# What is on disk


def checkpoints(folder, epochs=2, **options):
    estimator = made()
    estimator.fit(loader(), epochs=epochs, event_handlers=CheckpointHandler(folder, **options))
    return estimator


def resumed(folder, epochs=EPOCHS, **options):
    estimator = made(seed=99)
    handler = CheckpointHandler(folder, resume_from_checkpoint=True, verbose=1, **options)
    estimator.fit(loader(), epochs=epochs, event_handlers=handler)
    return handler, log_of(estimator)


@pytest.mark.parametrize("suffix", [".params", ".states", ".progress"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_damaged_checkpoint_is_passed_over(tmp_path, suffix, damage):
    checkpoints(tmp_path)
    path = tmp_path / f"model-epoch1batch6{suffix}"
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    else:
        content[-1] ^= 1
        path.write_bytes(content if damage == "changed" else content[:-1])
    if (suffix, damage) == (".progress", "changed"):
        return  # the last byte of a generator's state: nobody can tell
    _, log = resumed(tmp_path)
    assert "Checkpoint resumed from epoch 0 batch 3, continue to train for 2 epochs" in log
    # Without its parameters, or the word that it is finished, there is no checkpoint.
    told = "CheckpointHandler: a checkpoint is damaged and is passed over: model-epoch1batch6: " in log
    assert told == ((suffix, damage) not in [(".params", "gone"), (".progress", "gone")])


def test_nothing_but_damage(tmp_path):
    checkpoints(tmp_path, max_checkpoints=1)
    (tmp_path / "model-epoch1batch6.states").unlink()
    estimator = made(seed=99)
    with pytest.raises(MXNetError, match="no checkpoint in .* can be read: model-epoch1batch6: "):
        estimator.fit(loader(), epochs=3, event_handlers=CheckpointHandler(tmp_path, resume_from_checkpoint=True))


def test_checkpoint_without_progress_goes_on_with_the_next_epoch(tmp_path):
    checkpoints(tmp_path)
    for path in tmp_path.glob("*.progress"):
        path.unlink()
    handler, log = resumed(tmp_path)
    assert "Checkpoint resumed from epoch 1 batch 6, continue to train for 1 epochs" in log
    assert handler.saved_checkpoints == ["model-epoch0batch3", "model-epoch1batch6", "model-epoch2batch9"]
    for path in tmp_path.glob("*9.*"):
        path.unlink()
    (tmp_path / "model-epoch1batch6.states").write_bytes(pickle.dumps({0: None}))
    with pytest.raises(MXNetError, match="a pickle, as genuine MXNet writes them"):
        resumed(tmp_path)
    (tmp_path / "model-epoch1batch6.states").unlink()
    with pytest.raises(AssertionError, match="Failed to load checkpoint, .*model-epoch1batch6.states does not exist"):
        resumed(tmp_path)


def test_last_written_counts_not_the_largest_number(tmp_path):
    checkpoints(tmp_path, epochs=4)
    checkpoints(tmp_path, epochs=2)  # begun anew in the same folder
    _, log = resumed(tmp_path)
    assert "Checkpoint resumed from epoch 1 batch 6" in log


def test_older_checkpoints_are_counted_when_a_training_is_resumed(tmp_path):
    checkpoints(tmp_path, max_checkpoints=2)
    handler, _ = resumed(tmp_path, max_checkpoints=2)
    assert handler.saved_checkpoints == ["model-epoch1batch6", "model-epoch2batch9"]
    assert {name.split(".")[0] for name in os.listdir(tmp_path)} == set(handler.saved_checkpoints)


def test_what_a_killed_process_has_left_is_removed(tmp_path):
    prefix = "net-1.0"
    checkpoints(tmp_path, model_prefix=prefix)
    left = [f".{prefix}-epoch1batch6.params.123.abcd.tmp", f".{prefix}-best.progress.123.abcd.tmp"]
    others = [".net-epoch1batch6.params.123.abcd.tmp", f".{prefix}-epoch1batch6.params"]
    for name in left + others:
        (tmp_path / name).write_text("")
    resumed(tmp_path, model_prefix=prefix)
    assert {name for name in os.listdir(tmp_path) if name.startswith(".")} == set(others)


def test_files_of_others_stay(tmp_path):
    others = [
        "model-epoch1batch6.txt",
        "model-epoch1.params",
        "model-epoch0batch3x.params",
        "modelx-epoch0batch0.params",
    ]
    for name in others:
        (tmp_path / name).write_text("mine")
    checkpoints(tmp_path, epochs=3, max_checkpoints=1)
    resumed(tmp_path, epochs=4, max_checkpoints=1)
    assert all((tmp_path / name).read_text() == "mine" for name in others)


@pytest.mark.parametrize(("length", "what"), [({"epochs": 2}, "epoch 2"), ({"batches": 6}, "batch 6")])
def test_training_that_is_finished_is_not_resumed(tmp_path, length, what):
    checkpoints(tmp_path)
    estimator = made(seed=99)
    before = outcome(estimator)[0] if estimator.net[0].weight.shape[1] > 0 else None
    with pytest.raises(ValueError, match=f"Found checkpoint with maximum number of {what} reached"):
        estimator.fit(loader(), event_handlers=CheckpointHandler(tmp_path, resume_from_checkpoint=True), **length)
    assert before is None and estimator.net[0].weight.shape == (6, -1)  # nothing was loaded


def test_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="model_dir must be a folder, and .*file is a file"):
        CheckpointHandler(tmp_path / "file")


def test_network_without_a_graph_is_logged(tmp_path):
    class WithTorchCode(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.body = nn.Dense(2)

        def forward(self, x):
            return self.body(mx.np.from_torch(x.as_torch() * 1))

    net = WithTorchCode()
    net.initialize()
    net.hybridize()
    template = made()
    with pytest.warns(UserWarning, match="No trainer"):
        estimator = Estimator(net, template.loss, logger=template.logger)
    estimator.fit(reference.loader(4), epochs=1, event_handlers=CheckpointHandler(tmp_path))
    assert "Model architecture(symbol file) is not saved: " in log_of(estimator)
    assert not list(tmp_path.glob("*.json")) and list(tmp_path.glob("*.params"))


def test_best_goes_on_from_what_was_best(tmp_path):
    estimator = made()
    estimator.fit(loader(), epochs=1, event_handlers=best_of(estimator, tmp_path))
    found = read_state(tmp_path / "model-best.progress")
    assert found["state"]["handlers"]["CheckpointHandler"] == {"best": estimator.train_metrics[0].get()[1]}
    other = made(seed=99)
    handler = best_of(other, tmp_path, resume_from_checkpoint=True)
    handler.monitor.get = lambda: ("training accuracy", -1.0)  # never better than before
    other.fit(loader(), epochs=3, event_handlers=handler)
    assert handler.best == estimator.train_metrics[0].get()[1]
    assert read_state(tmp_path / "model-best.progress")["state"]["epoch"] == 1


def best_of(estimator, folder, **options):
    return CheckpointHandler(folder, monitor=estimator.train_metrics[0], save_best=True, mode="max", **options)


def test_only_one_process_of_a_job_writes(tmp_path, monkeypatch):
    estimator = made()
    for name, value in {"WORLD_SIZE": "2", "RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    estimator.fit(
        loader(), epochs=1, event_handlers=[CheckpointHandler(tmp_path), LogFileHandler(tmp_path / "log.csv")]
    )
    assert os.listdir(tmp_path) == []
    monkeypatch.setenv("RANK", "0")
    estimator.fit(loader(), epochs=1, event_handlers=CheckpointHandler(tmp_path))
    assert "model-epoch0batch3.params" in os.listdir(tmp_path)


# The bytes


plain = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
numbers = arrays.arrays(
    st.sampled_from(["float32", "int64", "uint8", "bool"]), arrays.array_shapes(max_dims=3, max_side=4)
)
nested = st.recursive(
    plain | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=30)
@given(st.dictionaries(st.text(), nested, max_size=3))
def test_states_come_back(state):
    check_equal(from_bytes(to_bytes(state)), state)


def check_equal(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected:
            check_equal(found[name], expected[name])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check_equal(one, other)
    elif isinstance(expected, onp.ndarray):
        assert found.dtype == expected.dtype
        onp.testing.assert_array_equal(found, expected)
    else:
        assert found == expected


def test_arrays_come_back_as_what_they_were():
    state = {"mx": mx.np.ones(2), "torch": torch.ones(2), "numpy": onp.float32(3), "infinite": float("inf")}
    found = from_bytes(to_bytes(state))
    assert [type(found[name]) for name in state] == [type(state["mx"]), torch.Tensor, float, float]


@settings(max_examples=50)
@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 255))
def test_other_bytes_are_refused(junk, place, byte):
    with pytest.raises(MXNetError, match="no state of a training"):
        from_bytes(junk)
    data = bytearray(to_bytes({"a": [1, {"b": onp.ones(3)}], "c": torch.ones(2)}))
    data[place % len(data)] = byte
    try:
        from_bytes(bytes(data))
    except MXNetError as error:
        assert "no state of a training" in str(error)


@pytest.mark.parametrize("value", [object(), {1: 2}, onp.array(["a"]), {"a": [lambda: 0]}])
def test_states_that_no_file_can_hold(value):
    with pytest.raises(TypeError, match="state"):
        to_bytes({"a": value})


@pytest.mark.parametrize(
    "state",
    [{}, None, {"epoch": 1}, *({**made().state_dict(), name: bad} for name, bad in [
        ("epoch", -1), ("batch", "1"), ("total_batches", None), ("random", []), ("metrics", {}), ("handlers", None),
    ])],
)  # fmt: skip
def test_states_that_are_none(state):
    estimator = made()
    with pytest.raises(MXNetError, match="no state of an Estimator"):
        estimator.load_state_dict(state)
    assert tuple(estimator.position) == (0, 0, 0)


# Random states


def draws():
    return (
        random.random(),
        random.gauss(0, 1),
        onp.random.normal(),
        float(mx.np.random.uniform()),
        torch.rand(()).item(),
    )


def test_random_generators_go_on():
    random.gauss(0, 1)
    onp.random.normal()  # each has drawn one more number than it has given
    state = _randomness.capture()
    expected = draws()
    assert draws() != expected
    _randomness.restore(from_bytes(to_bytes(state)))
    assert draws() == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("numpy/words", torch.arange(10)),
        ("numpy/words", torch.full((625,), 700)),
        ("python/words", torch.arange(3)),
        ("torch/cpu", torch.arange(3, dtype=torch.uint8)),
        ("mx/cpu", torch.arange(3, dtype=torch.uint8)),
        ("mx/seed", None),
    ],
)
def test_damaged_random_states_change_nothing(name, value):
    state = _randomness.capture()
    state[name] = value
    if value is None:
        del state[name]
    before = _randomness.capture()
    expected = draws()
    _randomness.restore(before)
    with pytest.raises(MXNetError, match="these random states are damaged"):
        _randomness.restore(state)
    assert draws() == expected
