"""Checkpoints: complete, atomic, checked; a run that is killed comes to the same end as one that is not."""

import json
import os
import random
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from training_runs import (
    SAVING,
    counted_calls,
    final,
    kill_at_call,
    killed,
    make_images,
    run,
    tiny_in_zoo,
    tiny_settings,
)

import mxnet as mx
from mxnet import amp
from mxnet.base import MXNetError
from mxnet.cli.training import _handlers, _session
from mxnet.cli.training._checkpoint import Checkpoints, read_checkpoint


@pytest.fixture(scope="module", autouse=True)
def tiny():
    """The tiny network in the zoo; and no curves, which take longer to draw than it takes to train."""
    with tiny_in_zoo(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(_handlers, "draw_curves", lambda rows, path: None)
        yield


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_images(tmp_path_factory.mktemp("data") / "images", each=8)


@pytest.fixture(scope="module")
def unbroken(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a training that nothing interrupted."""
    output = tmp_path_factory.mktemp("unbroken")
    run(tiny_settings(images, output))
    return output


def run_until(step: int, settings, **options) -> None:
    """Train, and ask it to stop when so many steps are done."""

    def learn(self, batch, learn=_session.Session.fit_batch):
        if self.step == step - 1:
            signal.raise_signal(signal.SIGTERM)
        return learn(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_session.Session, "fit_batch", learn)
        assert run(settings, **options).stopped_by == "SIGTERM"


# Going on


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_in_pieces_comes_to_the_same_end_bit_for_bit(images, unbroken, tmp_path, workers):
    settings = tiny_settings(images, tmp_path, workers=workers)
    run_until(1, settings)
    mx.random.seed(99)  # what the process has drawn meanwhile is of no account
    np.random.seed(99)
    run_until(4, settings, resume=True)
    run(settings, resume=True)
    assert final(tmp_path) == final(unbroken)


@pytest.mark.parametrize("optimizer", ["adam", "nag", "rmsprop", "lamb"])
def test_optimizers_go_on_where_they_were(images, tmp_path, optimizer):
    changes = {"optimizer": optimizer, "lr": 0.01, "epochs": 2, "ema": 0.0, "augment": "none", "mixup": 0.0}
    run(tiny_settings(images, tmp_path / "unbroken", **changes))
    run_until(3, tiny_settings(images, tmp_path / "pieces", **changes))
    run(tiny_settings(images, tmp_path / "pieces", **changes), resume=True)
    assert final(tmp_path / "pieces") == final(tmp_path / "unbroken")


def test_dropout_goes_on_where_it_was(images, unbroken, tmp_path, monkeypatch):
    """What is compared above does depend on the random state: without it the end is another."""
    run_until(3, tiny_settings(images, tmp_path))
    monkeypatch.setattr(_session._randomness, "restore", lambda state: None)
    run(tiny_settings(images, tmp_path), resume=True)
    assert final(tmp_path)["parameters.params"] != final(unbroken)["parameters.params"]


def test_the_loss_scaler_goes_on_where_it_was(images, tmp_path, monkeypatch):
    """Mixed precision with a loss scale that doubles every other step."""
    init = amp.init_trainer
    monkeypatch.setattr(amp, "init_trainer", lambda trainer: init(trainer, amp.LossScaler(8, scale_window=2)))
    run(tiny_settings(images, tmp_path / "unbroken", amp="float16"))
    run_until(3, tiny_settings(images, tmp_path / "pieces", amp="float16"))
    run(tiny_settings(images, tmp_path / "pieces", amp="float16"), resume=True)
    assert b'\\"loss_scale\\": 64.0' in final(tmp_path / "unbroken")["trainer.states"]
    assert final(tmp_path / "pieces") == final(tmp_path / "unbroken")


def test_optimizer_states_lie_in_memory_as_before(images, tmp_path):
    seen = []

    class Look(_handlers.TrainEnd):
        def train_end(self, estimator, *args, **kwargs):
            trainer = estimator.session.trainer
            states = trainer._updaters[0].states
            seen.append({index: state.as_torch().stride() for index, state in states.items() if state is not None})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_handlers.Bars, "train_end", Look.train_end)
        run(tiny_settings(images, tmp_path, epochs=1))
        run(tiny_settings(images, tmp_path, epochs=1), resume=True)
    assert seen[0] and seen[0] == seen[1]


# Killing


def test_killed_anywhere_it_comes_to_the_same_end(images, unbroken, tmp_path):
    """Six kills at seeded places, half of them while files are written; `make kill-test` does fifty."""
    settings, draw = tiny_settings(images, tmp_path / "out"), random.Random(11)
    everywhere = counted_calls(lambda: run(tiny_settings(images, tmp_path / "counted")))
    saving = counted_calls(lambda: run(tiny_settings(images, tmp_path / "counted-saving")), SAVING)
    kills = 0
    while kills < 6:
        arm = kill_at_call(draw.randrange(everywhere)) if kills % 2 else kill_at_call(draw.randrange(saving), SAVING)
        if killed(lambda: run(settings, resume=True), arm):
            kills += 1
        else:
            assert final(tmp_path / "out") == final(unbroken)
            shutil.rmtree(tmp_path / "out")
    run(settings, resume=True)
    assert final(tmp_path / "out") == final(unbroken)


def test_no_step_of_writing_a_checkpoint_leaves_less_than_there_was(unbroken, tmp_path):
    """Killed at every single call while a checkpoint is written and an older one deleted."""
    checkpoint = read_checkpoint(unbroken / "checkpoints" / "last")

    def write() -> None:
        Checkpoints(tmp_path, keep=1).write(
            2, {"number": 2}, checkpoint.parameters, None, lambda path: shutil.copy(checkpoint.trainer, path),
            checkpoint.random,
        )  # fmt: skip

    def begin() -> None:
        shutil.rmtree(tmp_path, ignore_errors=True)
        Checkpoints(tmp_path, keep=1).write(
            1, {"number": 1}, checkpoint.parameters, None, lambda path: shutil.copy(checkpoint.trainer, path),
            checkpoint.random,
        )  # fmt: skip

    begin()
    calls = counted_calls(write, SAVING)
    newest = []
    for number in range(1, calls + 1, max(1, calls // 40)):
        begin()
        assert killed(write, kill_at_call(number, SAVING))
        checkpoints = Checkpoints(tmp_path, keep=1)
        newest.append(checkpoints.newest(pytest.fail).state["number"])
        assert read_checkpoint(tmp_path / "last").state["number"] in (1, 2)
        checkpoints.tidy()
        assert all(path.name == "last" or path.name.startswith("step-") for path in tmp_path.iterdir())
    assert newest == sorted(newest) and set(newest) == {1, 2}


# Damage


@pytest.fixture
def damaged(unbroken, tmp_path) -> Path:
    """A copy of a checkpoint, to be damaged."""
    return Path(shutil.copytree((unbroken / "checkpoints" / "last").resolve(), tmp_path / "step-0000000006"))


FILES = ("state.json", "parameters.params", "average.params", "trainer.states", "random.safetensors")


@pytest.mark.parametrize("name", FILES)
def test_cut_changed_and_missing_files_are_noticed(damaged, name):
    content = (damaged / name).read_bytes()
    for wrong in (b"", content[: len(content) // 2], content[:-1], content + b"x", b"\x80" + content[1:]):
        (damaged / name).write_bytes(wrong)
        with pytest.raises(MXNetError, match="step-0000000006"):
            read_checkpoint(damaged)
    (damaged / name).unlink()
    with pytest.raises(MXNetError, match=name):
        read_checkpoint(damaged)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 2},
        {"files": {}},
        {"files": {"../../etc/passwd": {"bytes": 1}}},
        {"files": None},
    ],
)
def test_foreign_checkpoints_are_refused(damaged, change):
    state = json.loads((damaged / "state.json").read_text())
    (damaged / "state.json").write_text(json.dumps({**state, **change}))
    with pytest.raises(MXNetError, match="step-0000000006"):
        read_checkpoint(damaged)


@pytest.mark.parametrize(
    "change",
    [
        {"position": {"epoch": -1, "batch": 0, "step": 0}},
        {"position": {"epoch": 1 << 80, "batch": 0, "step": 0}},
        {"position": None},
        {"sums": ["a", 0, 0]},
        {"rows": [{"epoch": 1}]},
        {"rows": 7},
        {"bad": [["one"]]},
        {"form": {"format": "mxzoo-model", "version": 1}},
        {"settings": {"epochs": 3}},
        {"seconds": None},
    ],
)
def test_checkpoints_that_say_nonsense_are_refused(images, unbroken, tmp_path, change):
    shutil.copytree(unbroken, tmp_path / "out", symlinks=True)
    file = tmp_path / "out" / "checkpoints" / "last" / "state.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(MXNetError, match="step-0000000006"):
        run(tiny_settings(images, tmp_path / "out"), resume=True)


def test_deep_and_huge_json_is_refused(damaged):
    (damaged / "state.json").write_text("[" * 100_000)
    with pytest.raises(MXNetError, match="damaged"):
        read_checkpoint(damaged)


def test_parameters_of_another_network_are_refused(images, unbroken, tmp_path, monkeypatch):
    shutil.copytree(unbroken, tmp_path / "out", symlinks=True)
    found = read_checkpoint(tmp_path / "out" / "checkpoints" / "last")
    other = {name.replace("features.0", "features.9"): value for name, value in found.parameters.items()}
    monkeypatch.setattr(Checkpoints, "newest", lambda self, say: found._replace(parameters=other))
    with pytest.raises(MXNetError, match="does not fit tiny: features.0.weight is missing"):
        run(tiny_settings(images, tmp_path / "out"), resume=True)


def test_damaged_random_states_are_refused(images, unbroken, tmp_path, monkeypatch):
    shutil.copytree(unbroken, tmp_path / "out", symlinks=True)
    found = read_checkpoint(tmp_path / "out" / "checkpoints" / "last")
    random_states = {**found.random, "0/numpy/words": torch.zeros(3, dtype=torch.int64)}
    monkeypatch.setattr(Checkpoints, "newest", lambda self, say: found._replace(random=random_states))
    with pytest.raises(MXNetError, match="random states"):
        run(tiny_settings(images, tmp_path / "out"), resume=True)


def test_a_damaged_checkpoint_is_passed_over_aloud(images, unbroken, tmp_path):
    shutil.copytree(unbroken, tmp_path / "out", symlinks=True)
    newest, older = Checkpoints(tmp_path / "out" / "checkpoints", 2).all()
    (newest / "parameters.params").write_bytes(b"")
    said = []
    assert Checkpoints(newest.parent, 2).newest(said.append).path == older
    assert len(said) == 1 and "passed over" in said[0] and newest.name in said[0]
    run(tiny_settings(images, tmp_path / "out"), resume=True)
    assert final(tmp_path / "out") == final(unbroken)
    for path in Checkpoints(newest.parent, 2).all():
        (path / "state.json").unlink()
    with pytest.raises(MXNetError, match="no checkpoint in .* can be read"):
        run(tiny_settings(images, tmp_path / "out"), resume=True)


def test_only_the_newest_stay(unbroken, tmp_path):
    assert [path.name for path in Checkpoints(unbroken / "checkpoints", 2).all()] == [
        "step-0000000006", "step-0000000005",
    ]  # fmt: skip
    assert os.readlink(unbroken / "checkpoints" / "last") == "step-0000000006"


def test_parameters_in_a_checkpoint_are_a_file_that_mxnet_reads(unbroken):
    arrays = mx.nd.load(str(unbroken / "checkpoints" / "last" / "parameters.params"))
    assert arrays["output.weight"].shape == (3, 8)


@pytest.mark.gpu
def test_training_on_a_gpu_goes_on(images, tmp_path):
    run_until(3, tiny_settings(images, tmp_path, device="gpu"))
    run(tiny_settings(images, tmp_path, device="gpu"), resume=True)
    checkpoint = read_checkpoint(tmp_path / "checkpoints" / "last")
    assert checkpoint.state["position"] == {"epoch": 3, "batch": 0, "step": 6}
    assert all(value.isfinite().all() for value in (*checkpoint.parameters.values(), *checkpoint.average.values()))
