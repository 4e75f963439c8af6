"""`mxzoo train` and `mxzoo evaluate` as their user meets them."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import matplotlib.image
import numpy as np
import pytest
import torch.distributed.launcher.api
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from training_runs import COLOURS, make_images, tiny_in_zoo
from typer.testing import CliRunner, Result

import mxnet as mx
from mxnet.cli.app import app
from mxnet.cli.training import _handlers, _run, _session
from mxnet.cli.training._augment import centred
from mxnet.cli.training._checkpoint import read_checkpoint
from mxnet.cli.training._processes import leave_to_launcher
from mxnet.gluon.model_zoo import vision


def mxzoo(*arguments: object) -> Result:
    """Run the command on a terminal so wide that no message is wrapped, however long the paths in it are."""
    return CliRunner(env={"COLUMNS": "1000"}).invoke(app, [str(argument) for argument in arguments])


def mxzoo_train(*arguments: object) -> Result:
    return mxzoo("train", *arguments)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """The tiny network in the zoo; and curves in `trained` only: drawing them takes longer than the training."""
    monkeypatch.setattr(_handlers, "draw_curves", lambda rows, path: None)
    with tiny_in_zoo():
        yield


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return make_images(tmp_path / "images", each=8)


SHORT = ("--model", "tiny", "--image-size", 16, "--epochs", 2, "--batch-size", 9, "--device", "cpu", "--lr", 0.1)


def tried(images: Path, output: Path, *options: object) -> Result:
    result = mxzoo_train(images, "--output", output, *SHORT, *options)
    assert result.exit_code == 0, result.output
    return result


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


# A training and what it leaves


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Result]:
    """Images with some bad ones among them, the output of a training with them, and what it said."""
    folder = tmp_path_factory.mktemp("trained")
    data = make_images(folder / "images", each=10)
    (data / "red" / "broken.png").write_text("no image")
    (data / "red" / "zero.png").touch()
    (data / "[bold]empty").mkdir()
    options = ("--epochs", 6, "--ema", 0.5, "--val-fraction", 0.3, "--export", "--keep", 1, "--flip")
    with tiny_in_zoo():
        return data, folder / "output", tried(data, folder / "output", *options)


def test_training_leaves_its_files(trained):
    _, output, result = trained
    assert names(output) == {
        "best.params", "model.json", "metrics.csv", "log.jsonl", "curves.png", "bad-data.csv", "checkpoints",
        "model-symbol.json", "model-0000.params",
    }  # fmt: skip
    assert names(output / "checkpoints") == {"step-0000000012", "last"}
    assert (output / "checkpoints" / "last").resolve() == (output / "checkpoints" / "step-0000000012").resolve()
    assert matplotlib.image.imread(output / "curves.png").shape[:2] == (400, 1000)
    assert f"The files are in {output}\n" in result.stdout


def test_training_reports_what_it_did(trained):
    _, _, result = trained
    assert re.search(r"epoch 6/6 .*2/2 .*\d+ images/s .*loss \d\.\d+, \d+\.\d% held out", result.stdout)
    assert re.search(r"model +│ tiny, 283 parameters, 3 classes", result.stdout)
    assert re.search(r"best on held-out images +│ \d+\.\d\d% right, in epoch \d", result.stdout)
    assert re.search(r"images +│ 22 to learn from, 9 held out, 16 x 16", result.stdout)


def test_colours_are_learned(trained):
    _, output, _ = trained
    table = [*csv.DictReader((output / "metrics.csv").read_text().splitlines())]
    assert [row["epoch"] for row in table] == list("123456") and [row["step"] for row in table][-1] == "12"
    assert max(float(row["val_accuracy"]) for row in table) > 0.8
    assert float(table[-1]["train_loss"]) < float(table[0]["train_loss"])
    rates = [float(row["learning_rate"]) for row in table]
    assert rates[0] == pytest.approx(0.1, rel=0.05) and rates == sorted(rates, reverse=True) and rates[-1] < 0.02
    events = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events if event["event"] != "checkpoint"] == ["start", *["epoch"] * 6, "end"]


def test_bad_data_are_named_and_counted(trained):
    data, output, result = trained
    assert "3 bad entries in the data left out" in result.stdout
    assert f"Left out: {data / '[bold]empty'}: empty class" in result.stdout
    table = {row["name"]: row["problem"] for row in csv.DictReader((output / "bad-data.csv").read_text().splitlines())}
    assert {Path(name).name: problem.partition(":")[0] for name, problem in table.items()} == {
        "[bold]empty": "empty class",
        "zero.png": "empty file",
        "broken.png": "unreadable",
    }


def test_strict_refuses_bad_data_at_the_start(trained, tmp_path):
    result = mxzoo_train(trained[0], "--output", tmp_path, *SHORT, "--strict")
    assert result.exit_code == 1 and "--strict: 2 bad entries" in result.stderr and "zero.png" in result.stderr
    (trained[0] / "[bold]empty").rename(tmp_path / "elsewhere")
    (trained[0] / "red" / "zero.png").rename(tmp_path / "zero.png")
    result = mxzoo_train(trained[0], "--output", tmp_path, *SHORT, "--strict")
    (tmp_path / "elsewhere").rename(trained[0] / "[bold]empty")
    (tmp_path / "zero.png").rename(trained[0] / "red" / "zero.png")
    assert result.exit_code == 1 and "broken.png: unreadable" in result.stderr and not list(tmp_path.glob("check*"))


def test_best_parameters_and_export_predict_the_same(trained):
    _, output, _ = trained
    about = json.loads((output / "model.json").read_text())
    net = vision.get_model(about["model"], classes=len(about["classes"]))
    net.load_parameters(str(output / "best.params"))
    exported = mx.gluon.SymbolBlock.imports(
        str(output / "model-symbol.json"), ["data"], str(output / "model-0000.params")
    )
    x = mx.np.random.uniform(-1, 1, size=(2, 3, 16, 16))
    np.testing.assert_allclose(net(x).asnumpy(), exported(x).asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("checkpoint", [False, True])
def test_what_was_trained_classifies_images(trained, tmp_path, checkpoint):
    data, output, _ = trained
    files = sorted((data / "red").glob("[0-9]*"))[:3]
    folder = output / "checkpoints" / "last" if checkpoint else output
    result = mxzoo("classify", *files, "--weights", folder, "-k", 2, "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    about = json.loads((output / "model.json").read_text())
    assert [row["image"] for row in rows] == [str(file) for file in files]
    for row in rows:
        first, second = row["predictions"]
        assert about["classes"][first["index"]] == first["label"]
        assert 1 >= first["probability"] >= second["probability"] > 0
    if checkpoint:
        return
    net = vision.get_model("tiny", classes=3)
    net.load_parameters(str(output / "best.params"))
    image = cv2.cvtColor(cv2.imread(str(files[0])), cv2.COLOR_BGR2RGB)
    values = (centred(image, 16) / 255 - about["mean"]) / about["std"]
    wanted = mx.npx.softmax(net(mx.np.array(values.transpose(2, 0, 1)[None], dtype="float32"))).asnumpy()[0]
    assert rows[0]["predictions"][0]["index"] == wanted.argmax()
    assert rows[0]["predictions"][0]["probability"] == pytest.approx(wanted.max(), rel=1e-4)


def test_classifying_by_a_training_says_what_is_wrong(trained, tmp_path):
    data, output, _ = trained
    image = next((data / "red").glob("[0-9]*"))
    result = mxzoo("classify", image, "--weights", output, "--model", "vgg11")
    assert result.exit_code == 2 and "leave --model and --labels out" in result.stderr
    result = mxzoo("classify", image, "--weights", tmp_path)
    assert result.exit_code == 1 and "has no best.params (yet)" in result.stderr
    result = mxzoo("classify", image, data / "red" / "broken.png", "--weights", output)
    assert result.exit_code == 1 and "broken.png: unreadable" in result.stderr


def test_resume_without_data_and_checkpoint_says_one_thing(tmp_path):
    result = mxzoo_train("--resume", "--output", tmp_path / "none")
    assert result.exit_code == 1 and "say what to train with" in result.stderr
    assert "begins at its start" not in result.output


def test_one_bad_entry_is_counted_as_one(images, tmp_path):
    (images / "red" / "zero.png").touch()
    result = tried(images, tmp_path / "out")
    assert "1 bad entry in the data left out (bad-data.csv)" in result.stdout
    assert "model.json, 1 kB" in result.stdout  # not none


def test_digits_in_grey_and_a_frozen_pretrained_body(tmp_path):
    body = vision.get_model("mobilenet0.25", classes=5)
    body.initialize()
    body(mx.np.zeros((1, 1, 32, 32)))
    body.save_parameters(str(tmp_path / "body.params"))
    options = ("--model", "mobilenet0.25", "--epochs", 1, "--batch-size", 128, "--optimizer", "adam", "--freeze")
    result = mxzoo_train("digits", "--output", tmp_path / "out", *options, "--pretrained", tmp_path / "body.params")
    assert result.exit_code == 0, result.output
    assert "for 5 classes: it is replaced by a new one for 10" in result.stdout
    saved, ours = mx.npx.load(str(tmp_path / "body.params")), mx.npx.load(str(tmp_path / "out" / "best.params"))
    assert {name for name in ours if not np.array_equal(ours[name], saved[name])} == {"output.weight", "output.bias"}
    assert json.loads((tmp_path / "out" / "model.json").read_text())["in_channels"] == 1
    assert "1,437 to learn from, 360 held out, 32 x 32" in result.stdout


def test_names_that_are_no_text_stand_in_the_way_of_nothing(images, tmp_path):
    try:
        os.rename(images / "red", os.fsencode(images) + b"/r\xe9d [bold]")
        Path(os.fsdecode(os.fsencode(images) + b"/blue/\xff.png")).write_text("no image")
    except OSError:
        pytest.skip("this file system takes no such names")
    result = tried(images, tmp_path / "out", "--val-fraction", 0.3)
    assert "\\xff.png: unreadable" in result.stdout
    result = mxzoo("evaluate", tmp_path / "out", images, "--output", tmp_path / "report", "--device", "cpu")
    assert result.exit_code == 0 and "r\\xe9d [bold]" in result.stdout and "held out from its training" in result.stdout
    assert "r\\xe9d" in (tmp_path / "report" / "classes.csv").read_text()


def test_record_files_from_training_to_evaluation(tmp_path):
    draw = np.random.default_rng(0)
    record = mx.recordio.MXIndexedRecordIO(str(tmp_path / "data.idx"), str(tmp_path / "data.rec"), "w")
    for key in range(18):
        image = np.clip(draw.normal(80 * (key % 3), 20, (16, 16, 3)), 0, 255).astype(np.uint8)
        record.write_idx(key, mx.recordio.pack_img(mx.recordio.IRHeader(0, key % 3, key, 0), image, img_fmt=".png"))
    record.close()
    tried(tmp_path / "data.rec", tmp_path / "out", "--workers", 2)
    found = json.loads(mxzoo("evaluate", tmp_path / "out", tmp_path / "data.rec", "--json", "--device", "cpu").stdout)
    assert found["images"] == 3 and found["part"] == "the part that was held out from its training"


def test_training_stops_when_it_becomes_no_better(images, tmp_path):
    result = tried(images, tmp_path / "out", "--lr", 0, "--epochs", 9, "--early-stop", 2, "--warmup", 0)
    assert re.search("epochs +│ 3 of 9; it became no better", result.stdout)


def test_nothing_held_out(images, tmp_path):
    result = tried(images, tmp_path / "out", "--val-fraction", 0)
    assert "held-out" not in result.stdout and (tmp_path / "out" / "best.params").exists()


# Refusals


@pytest.mark.parametrize(
    "options, message",
    [
        (["--model", "resnet17"], "Model resnet17 is not supported"),
        (["--optimizer", "sgdd"], "there is no optimizer 'sgdd'"),
        (["--optimizer", "ftrl"], "--optimizer ftrl needs a learning rate: give --lr"),
        (["--freeze"], "--freeze keeps the body as it is, so it needs one that knows something: --pretrained"),
        (["--in-channels", 2], "images have 1 channel (grey) or 3 (colour)"),
        (["--greyscale", "--in-channels", 3], "--greyscale means --in-channels 1"),
        (["--resume", "--overwrite"], "choose one"),
        (["--device", "tpu"], "--device is cpu, gpu"),
        (["--device", "gpu(99)"], "gpu(99) is not there"),
        (["--pretrained", "nowhere.params"], "nowhere.params"),
        (["--augment", "wild"], "wild"),
        (["--model", "squeezenet1.1", "--image-size", 64], "height and width at least 209"),
        (["--label-smoothing", 2], "--label-smoothing"),
        (["--classes", 5], "--classes is for record files"),
    ],
)
def test_wrong_options_are_refused(images, tmp_path, options, message):
    result = mxzoo_train(images, "--output", tmp_path / "out", *options)
    assert result.exit_code in (1, 2), result.output
    assert message in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_data_that_are_not_there_are_refused(tmp_path):
    assert "there is no 'nothing'" in mxzoo_train("nothing", "--output", tmp_path).stderr
    assert "what to train with is missing" in mxzoo_train("--output", tmp_path).stderr


@pytest.mark.parametrize("there", ["", "runs", "runs/7"])
@pytest.mark.parametrize("data", ["nothing", "empty", "digits"])
def test_a_training_that_cannot_begin_leaves_no_folder(tmp_path, monkeypatch, data, there):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    before = sorted(tmp_path.rglob("*"))
    for options in ([], ["--resume"]):
        assert mxzoo_train(data, "--output", "runs/7", "--model", "resnet17", *options).exit_code == 1
        assert sorted(tmp_path.rglob("*")) == before


def test_what_went_wrong_is_told_where_somebody_has_removed_the_folder(tmp_path):
    with pytest.raises(KeyError, match="what went wrong"), _run._alone_in(tmp_path / "out"):
        shutil.rmtree(tmp_path / "out")
        raise KeyError("what went wrong")


def test_a_training_is_not_thrown_away_by_mistake(images, tmp_path):
    tried(images, tmp_path / "out")
    result = mxzoo_train(images, "--output", tmp_path / "out", *SHORT)
    assert result.exit_code == 1 and "--resume goes on with it, --overwrite begins anew" in result.stderr
    before = (tmp_path / "out" / "best.params").read_bytes()
    result = mxzoo_train("nothing", "--output", tmp_path / "out", *SHORT, "--overwrite")
    assert result.exit_code == 1 and (tmp_path / "out" / "best.params").read_bytes() == before, (
        "what is wrong changes nothing"
    )
    for name in ("model-symbol.json", "model-0000.params", "tensorboard/events"):
        (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_text("of the one before")
    result = tried(images, tmp_path / "out", "--overwrite", "--epochs", 1)
    assert "model-symbol.json" not in result.stdout and not (tmp_path / "out" / "tensorboard").exists()
    assert names(tmp_path / "out" / "checkpoints") == {"step-0000000002", "last"}


def test_two_trainings_do_not_share_a_folder(images, tmp_path):
    import filelock

    (tmp_path / "out").mkdir()
    with filelock.FileLock(tmp_path / "out" / ".lock"):
        result = mxzoo_train(images, "--output", tmp_path / "out", *SHORT)
    assert result.exit_code == 1 and "another mxzoo train is at work" in result.stderr


def test_training_that_diverges_says_so(images, tmp_path):
    result = mxzoo_train(images, "--output", tmp_path / "out", *SHORT, "--lr", 1e30, "--warmup", 0)
    assert result.exit_code == 1 and "the training has diverged" in result.stderr and "1e+30" in result.stderr


def test_images_of_which_none_can_be_read_are_an_error(tmp_path):
    for name in COLOURS:
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "images" / name / f"{number}.png").write_text("no image")
    result = mxzoo_train(tmp_path / "images", "--output", tmp_path / "out", *SHORT)
    assert result.exit_code == 1 and "none of the images could be read" in result.stderr and "2.png" in result.stderr


def test_mixed_precision(images, tmp_path):
    """What is trained in 16 bits is nearly, and not quite, what is trained in 32, and lies in 32 on disk."""
    tried(images, tmp_path / "plain", "--epochs", 1)
    # float16 leaves out the first steps, until its loss scale is small enough.
    for dtype, apart in {"bfloat16": 0.01, "float16": 0.5}.items():
        result = tried(images, tmp_path / dtype, "--amp", dtype, "--epochs", 1)
        assert ("float16 is many times slower" in result.stdout) == (dtype == "float16")
        ours, theirs = [mx.npx.load(str(tmp_path / name / "best.params")) for name in (dtype, "plain")]
        assert all(ours[name].dtype == "float32" for name in ours)
        assert max(float(abs(ours[name] - theirs[name]).max()) for name in theirs) < apart
        assert any(not np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert mx.np.matmul(mx.np.ones((2, 2)), mx.np.ones((2, 2))).dtype == "float32", "it ends with the training"


def test_several_processes_are_started_with_the_same_options(monkeypatch):
    started = []
    monkeypatch.setattr("sys.argv", ["mxzoo", "train", "digits", "--nproc", "2", "--model", "vgg11"])
    monkeypatch.setattr(
        torch.distributed.launcher.api,
        "elastic_launch",
        lambda config, program: lambda *arguments: started.extend([config, *arguments]),
    )
    assert mxzoo_train("digits", "--nproc", 2).exit_code == 0
    config, *arguments = started
    assert config.nproc_per_node == 2 and config.max_restarts == 0
    assert arguments == ["-m", "mxnet.cli", "train", "digits", "--nproc", "2", "--model", "vgg11"]


@pytest.mark.parametrize(
    "ended, left, status, message",
    [
        ({1: 3}, {}, 3, ""),  # it has said why itself
        ({0: -signal.SIGTERM, 1: 3}, {}, 3, ""),
        ({1: -signal.SIGKILL}, {}, 1, "process 1 of 2 was ended by SIGKILL. To go on: mxzoo train --resume --output"),
        (
            {0: 1, 1: -signal.SIGKILL},
            {0: "the other is lost"},
            1,
            "process 1 of 2 was ended by SIGKILL; another said: the other is lost. To go on: ",
        ),
        ({0: -signal.SIGTERM}, {}, 1, "process 0 of 2 was ended by SIGTERM. To go on: "),
        ({0: 1, 1: 1}, {1: "no images in \udcff", 0: "no images, either"}, 1, "Error: no images in \\udcff\n"),
        ({0: -signal.SIGTERM, 1: 1}, {1: "no images"}, 1, "Error: no images\n"),
        (None, {}, 130, ""),
        (None, {0: "no room for a checkpoint"}, 130, "Error: no room for a checkpoint\n"),
    ],
)
def test_what_becomes_of_several_processes(monkeypatch, ended, left, status, message):
    def run(*arguments):
        for rank, error in left.items():
            monkeypatch.setenv("WORLD_SIZE", "2")
            monkeypatch.setenv("RANK", str(rank))
            assert leave_to_launcher(error)
            time.sleep(0.01)
        if ended is None:
            raise SignalException("asked to stop", signal.SIGINT)
        raise ChildFailedError("mxnet.cli", {rank: ProcessFailure(rank, 77, code, "") for rank, code in ended.items()})

    monkeypatch.setattr(torch.distributed.launcher.api, "elastic_launch", lambda config, program: run)
    result = mxzoo_train("digits", "--nproc", 2, "--output", "out")
    assert result.exit_code == status and message in result.stderr and "Traceback" not in result.stderr
    assert result.stderr.count("Error:") == bool(message)
    assert not leave_to_launcher("later"), "nobody waits for errors any more"


def test_a_mistake_is_told_once_by_several_processes(tmp_path):
    (tmp_path / "images").mkdir()
    command = [sys.executable, "-m", "mxnet.cli", "train", str(tmp_path / "images"), "--output", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, "--nproc", "2"], capture_output=True, text=True, env={**os.environ, "COLUMNS": "1000"}
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("has images of 0 classes") == 1 and len(done.stderr.splitlines()) == 1, done.stderr


def test_two_processes_train_one_network(images, tmp_path):
    command = [sys.executable, "-m", "mxnet.cli", "train", str(images), "--output", str(tmp_path), "--nproc", "2"]
    command += [
        "--model",
        "mobilenet0.25",
        "--image-size",
        "16",
        "--epochs",
        "1",
        "--batch-size",
        "8",
        "--device",
        "cpu",
    ]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 1/1") == done.stdout.count("1 of 1") == 1, "one process speaks"
    checkpoint = read_checkpoint(tmp_path / "checkpoints" / "last")
    assert {name.partition("/")[0] for name in checkpoint.random} == {"0", "1"}
    assert checkpoint.state["rows"][0]["step"] == 2 and checkpoint.state["settings"]["nproc"] == 2
    (row,) = csv.DictReader((tmp_path / "metrics.csv").read_text().splitlines())
    assert float(row["val_accuracy"]) * 6 == pytest.approx(round(float(row["val_accuracy"]) * 6)), (
        "six held out, once each"
    )
    result = mxzoo_train("--resume", "--output", tmp_path)
    assert result.exit_code == 1 and "this training is for 2 processes, and there are 1: give --nproc" in result.stderr


# Stopping and going on


def test_ctrl_c_writes_a_checkpoint_and_says_how_to_go_on(images, tmp_path, monkeypatch):
    learn = _session.Session.fit_batch

    def interrupted(self, batch):
        if self.step == 2:
            signal.raise_signal(signal.SIGINT)
        return learn(self, batch)

    tried(images, tmp_path / "unbroken")
    with monkeypatch.context() as patch:
        patch.setattr(_session.Session, "fit_batch", interrupted)
        result = mxzoo_train(images, "--output", tmp_path / "out", *SHORT)
    assert result.exit_code == 130
    assert (
        f"Stopped by SIGINT; a checkpoint is written. To go on: mxzoo train --resume --output {tmp_path / 'out'}"
        in (result.stdout)
    )
    assert "step-0000000003" in names(tmp_path / "out" / "checkpoints")
    result = mxzoo_train("--resume", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "step-0000000003: epoch 2, batch 2." in result.stdout
    assert (tmp_path / "out" / "best.params").read_bytes() == (tmp_path / "unbroken" / "best.params").read_bytes()


def test_a_finished_training_is_not_trained_on(images, tmp_path, monkeypatch):
    tried(images, tmp_path / "out")
    monkeypatch.setattr(_session.Session, "fit_batch", lambda *_: pytest.fail("trained on"))
    result = mxzoo_train("--resume", "--output", tmp_path / "out")
    assert result.exit_code == 0 and re.search("epochs +│ 2 of 2", result.stdout)


def test_resuming_with_other_settings_is_refused_with_what_differs(images, tmp_path):
    tried(images, tmp_path / "out")
    options = ("--resume", "--output", tmp_path / "out", "--lr", 0.2, "--epochs", 2, "--augment", "none", "--keep", 7)
    result = mxzoo_train(images, *options)
    assert result.exit_code == 1
    assert "--lr was 0.1 and is 0.2 now" in result.stderr and "--augment was light and is none now" in result.stderr
    assert "--epochs" not in result.stderr and "--keep" not in result.stderr


def test_resuming_with_other_images_is_refused(images, tmp_path):
    tried(images, tmp_path / "out")
    (images / "red" / "000.png").unlink()
    result = mxzoo_train(images, "--resume", "--output", tmp_path / "out")
    assert result.exit_code == 1 and "are not those that" in result.stderr


def test_resuming_where_there_is_nothing_begins(images, tmp_path):
    result = mxzoo_train("--resume", "--output", tmp_path / "out")
    assert result.exit_code == 1 and "to go on from: say what to train with" in result.stderr
    assert "the training begins at its start" in tried(images, tmp_path / "out", "--resume").stdout


def test_real_process_is_killed_and_goes_on(images, tmp_path):
    """One real `mxzoo train`, killed by SIGKILL as soon as it has written a checkpoint of its first epoch."""
    command = [sys.executable, "-m", "mxnet.cli", "train", str(images), "--output", str(tmp_path / "out")]
    command += ["--model", "mobilenet0.25", "--image-size", "16", "--epochs", "500", "--batch-size", "9"]
    command += ["--device", "cpu", "--checkpoint-every", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ}) as process:
        for _ in range(6000):
            if (tmp_path / "out" / "checkpoints" / "last").exists() or process.poll() is not None:
                break
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()
    seen = []

    def stop_soon(self, batch, learn=_session.Session.fit_batch):
        seen.append(self.step)
        if len(seen) == 2:
            signal.raise_signal(signal.SIGTERM)
        return learn(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_session.Session, "fit_batch", stop_soon)
        result = mxzoo_train("--resume", "--output", tmp_path / "out")
    assert result.exit_code == 130 and "Stopped by SIGTERM" in result.stdout, result.output
    assert seen[0] >= 1 and seen[1] == seen[0] + 1
    assert not [path for path in (tmp_path / "out" / "checkpoints").iterdir() if path.name.endswith(".tmp")]


def test_bars_show_images_per_second(images, tmp_path, monkeypatch):
    shown = []
    update = _handlers.Progress.update
    monkeypatch.setattr(
        _handlers.Progress, "update", lambda self, task, **fields: shown.append(fields) or update(self, task, **fields)
    )
    tried(images, tmp_path / "out", "--epochs", 1)
    assert [fields.get("completed") for fields in shown] == [1, 2, None]
    assert all(re.fullmatch(r"\d+ images/s", fields["rate"]) for fields in shown[:2])


# mxzoo evaluate


def test_evaluation_of_the_images_that_were_held_out(trained):
    data, output, _ = trained
    result = mxzoo("evaluate", output, data, "--json", "--device", "cpu")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["images"] == 9 and found["part"] == "the part that was held out from its training"
    best = max(float(row["val_accuracy"]) for row in csv.DictReader((output / "metrics.csv").read_text().splitlines()))
    assert found["top1"] == pytest.approx(best)
    counts = np.array(found["confusion"])
    assert counts.sum() == 9 and np.trace(counts) / 9 == pytest.approx(best)
    for number, row in enumerate(found["classes"]):
        assert row["images"] == counts[number].sum() and row["right"] == counts[number, number]
        assert row["recall"] == pytest.approx(counts[number, number] / counts[number].sum())
    assert {entry["problem"] for entry in found["bad"]} >= {"empty file"}


def test_evaluation_of_other_images_writes_files(trained, tmp_path):
    make_images(tmp_path / "images", each=4, seed=5)
    options = ("--output", tmp_path / "out", "--batch-size", 5, "--device", "cpu")
    result = mxzoo("evaluate", trained[1] / "checkpoints" / "last", tmp_path / "images", *options)
    assert result.exit_code == 0, result.output
    assert "12: all images" in result.stdout and "average.params" in result.stdout
    assert names(tmp_path / "out") == {"confusion.csv", "confusion.png", "classes.csv"}
    table = [*csv.reader((tmp_path / "out" / "confusion.csv").read_text().splitlines())]
    assert table[0] == ["", *sorted(COLOURS)] and [row[0] for row in table[1:]] == sorted(COLOURS)
    assert sum(int(number) for row in table[1:] for number in row[1:]) == 12
    assert re.search(r"blue +│ +4 +│", result.stdout)


def test_evaluation_of_a_parameter_file_that_lies_alone(tmp_path):
    net = vision.get_model("mobilenet0.25", classes=10)
    net.initialize()
    net(mx.np.zeros((1, 1, 32, 32)))
    net.save_parameters(str(tmp_path / "net.params"))
    result = mxzoo("evaluate", tmp_path / "net.params", "digits", "--device", "cpu")
    assert result.exit_code == 1 and "say what network" in result.stderr
    options = ("--model", "mobilenet0.25", "--image-size", 32, "--device", "cpu", "--json")
    found = json.loads(mxzoo("evaluate", tmp_path / "net.params", "digits", *options).stdout)
    assert found["images"] == 360 and found["part"] == "the test images of digits"
    assert [row["images"] for row in found["classes"]][0] in range(34, 39)
    assert "net.params does not fit vgg11: features.0.bias is missing" in (
        mxzoo("evaluate", tmp_path / "net.params", "digits", "--model", "vgg11").stderr
    )


@pytest.mark.parametrize(
    "what, message", [("nothing", "there is no "), ("empty", "has no best.params"), ("images", "has no best.params")]
)
def test_evaluation_of_what_is_no_network_is_refused(images, tmp_path, what, message):
    (tmp_path / "empty").mkdir()
    result = mxzoo("evaluate", tmp_path / what, images)
    assert result.exit_code == 1 and message in result.stderr


def test_help_lists_options_in_groups():
    text = mxzoo("train", "--help").stdout
    for title in ("Network", "Learning", "Images and how they are changed", "Machine", "Files and checkpoints"):
        assert title in text
    assert "--pretrained" in text and "FILE|zoo|..." in text
    assert "--json" in mxzoo("evaluate", "--help").stdout
