"""The parts of `mxzoo train`: changes of images, batches, targets, averages, networks, logs."""

import csv
import json
import sys
import types
import warnings
from pathlib import Path

import cv2
import matplotlib.image
import numpy as np
import pytest
import safetensors.torch
import torch
from training_runs import tiny_in_zoo

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.cli.training import _network
from mxnet.cli.training._augment import Augment, centred, preset
from mxnet.cli.training._average import Average
from mxnet.cli.training._batches import Batches, Preparation
from mxnet.cli.training._log import COLUMNS, Log
from mxnet.cli.training._measure import measure
from mxnet.cli.training._mixup import Targets
from mxnet.cli.training._network import Form, build, freeze, load_pretrained
from mxnet.cli.training._picture import draw_confusion, draw_curves
from mxnet.cli.training._settings import AUGMENTATIONS, Settings, default_rate, restored
from mxnet.cli.training._sources import ArrayImages
from mxnet.gluon.model_zoo import vision
from mxnet.gluon.model_zoo.vision._fitting import head_of
from mxnet.gluon.model_zoo.vision._pretrained import find_pretrained

# Changes of images


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("size", [16, 80])
@pytest.mark.parametrize("channels", [1, 3])
def test_presets_give_images_of_their_size_and_repeat_themselves(image, name, size, channels):
    change, image = preset(name, size, flip=True), image[:, :, :channels]
    before = image.copy()
    first, again, other = (change(image, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (size, size, channels) and first.dtype == np.uint8 and first.flags.c_contiguous
    assert np.array_equal(first, again) and np.array_equal(image, before)
    assert np.array_equal(first, other) == (name == "none")


def test_none_shows_what_evaluation_shows(image):
    assert np.array_equal(preset("none", 80, flip=False)(image, np.random.default_rng(0)), centred(image, 80))


def test_evaluation_shows_the_middle(image):
    # 16 is small: all of the shorter side. 80 is not: seven eighths of it.
    assert np.array_equal(centred(image, 16), cv2.resize(image[:, 10:60], (16, 16), interpolation=cv2.INTER_AREA))
    assert np.array_equal(centred(image, 80), cv2.resize(image[3:47, 13:57], (80, 80)))
    assert centred(np.zeros((1, 200, 1), np.uint8), 80).shape == (80, 80, 1)


def test_images_are_mirrored_every_other_time(image):
    change, plain = Augment(50, flip=True), centred(image, 50)
    results = [change(image, np.random.default_rng(seed)) for seed in range(200)]
    mirrored = sum(np.array_equal(result, plain[:, ::-1]) for result in results)
    assert 70 < mirrored < 130 and mirrored + sum(np.array_equal(result, plain) for result in results) == 200


def test_shifts_repeat_the_edge():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    results = [Augment(4, shift=1)(image, np.random.default_rng(seed)) for seed in range(50)]
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    windows = {padded[y : y + 4, x : x + 4].tobytes() for y in range(3) for x in range(3)}
    assert {result.tobytes() for result in results} == windows


def test_cuts_have_the_area_they_should(image):
    # A picture of coordinates tells what was cut out of it.
    across = np.broadcast_to(np.linspace(0, 255, 256), (256, 256)).astype(np.uint8)[:, :, None]
    areas = []
    for seed in range(100):
        width = np.ptp(Augment(64, area=(0.3, 0.5))(across, np.random.default_rng(seed)).astype(float)) / 255
        height = (
            np.ptp(Augment(64, area=(0.3, 0.5))(across.swapaxes(0, 1), np.random.default_rng(seed)).astype(float)) / 255
        )
        areas.append(width * height)
    assert 0.27 < min(areas) < 0.35 and 0.45 < max(areas) < 0.52


# Batches


def numbered(count: int, size: int = 4) -> ArrayImages:
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, size, size, 1), np.uint8)
    return ArrayImages("numbers", images, np.arange(count) % 3, 1)


def contents(batches: Batches, epoch: int, start: int = 0) -> list[list[int]]:
    return [batch.images.asnumpy()[:, 0, 0, 0].tolist() for batch in batches.epoch(epoch, start)]


def test_an_epoch_has_every_image_once_in_an_order_of_its_own():
    batches = Batches(numbered(10), 4, 5, augment=Augment(4), seed=3)
    first, second = contents(batches, 0), contents(batches, 1)
    assert len(batches) == 2 and sorted(sum(first, [])) == list(range(10)) and first != second
    assert contents(batches, 0) == first and contents(batches, 1, start=1) == second[1:]
    assert contents(Batches(numbered(10), 4, 5, augment=Augment(4), seed=4), 0) != first


def test_the_last_batch_is_left_out_in_training_only_if_it_is_not_full():
    assert [len(Batches(numbered(n), 4, 4, augment=Augment(4))) for n in (3, 4, 7, 8)] == [1, 1, 1, 2]
    assert contents(Batches(numbered(7), 4, 4), 0) == [[0, 1, 2, 3], [4, 5, 6]]


def test_processes_share_a_batch():
    whole = contents(Batches(numbered(12), 4, 6, augment=Augment(4), seed=1), 2)
    parts = [contents(Batches(numbered(12), 4, 6, augment=Augment(4), seed=1, share=(rank, 2)), 2) for rank in (0, 1)]
    assert [[*map(sorted, zip(*pair, strict=True))] for pair in zip(*parts, strict=True)] == [
        [sorted(pair) for pair in zip(batch[::2], batch[1::2], strict=True)] for batch in whole
    ]


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_the_same_whoever_reads_them_and_wherever_they_begin(workers):
    images = ArrayImages("noise", np.random.default_rng(0).integers(0, 256, (12, 9, 9, 3), dtype=np.uint8), [0] * 12, 3)
    make = lambda workers: Batches(images, 8, 3, augment=preset("strong", 8, True), seed=5, workers=workers)  # noqa: E731
    expected = [batch.images.asnumpy() for batch in make(0).epoch(1)]
    mx.random.seed(7)
    drawn = mx.np.random.uniform(size=3)
    mx.random.seed(7)
    batches = make(workers)
    assert all(map(np.array_equal, expected, [batch.images.asnumpy() for batch in batches.epoch(1)]))
    assert all(map(np.array_equal, expected[2:], [batch.images.asnumpy() for batch in batches.epoch(1, start=2)]))
    assert np.array_equal(mx.np.random.uniform(size=3), drawn), "the loader draws nothing from the training's generator"


def test_what_cannot_be_read_is_told_with_its_batch():
    class Broken(ArrayImages):
        def read(self, index: int) -> np.ndarray:
            if index in (1, 4, 5):
                raise MXNetError(f"number {index} is broken")
            return super().read(index)

    images = numbered(6)
    batches = [*Batches(Broken("x", images._images, images.labels, 1), 4, 2).epoch(0)]
    assert [len(batch) for batch in batches] == [2 - 1, 2, 0]
    assert batches[0].unreadable == [("x, image 1", "unreadable: number 1 is broken")] and batches[2].images is None
    assert batches[0].labels.asnumpy().tolist() == [0]


def test_preparation_puts_channels_first_and_values_about_zero(image):
    images = mx.np.from_torch(torch.from_numpy(np.stack([image, image[::-1].copy()])))
    mean, std = [0.1, 0.2, 0.3], [0.5, 0.25, 2.0]
    ready = Preparation(mx.cpu(), mean, std).images(images)
    expected = (images.asnumpy() / 255.0 - mean) / std
    np.testing.assert_allclose(ready.asnumpy(), expected.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-6)
    assert ready.dtype == np.float32 and ready.as_torch().is_contiguous(memory_format=torch.channels_last)


# Targets


def test_targets_are_smoothed():
    x, targets = Targets(4, 0.2, 0, 0)(mx.np.zeros((2, 1, 1, 1)), mx.np.array([0, 3], dtype="int64"), [0])
    np.testing.assert_allclose(targets.asnumpy(), [[0.85, 0.05, 0.05, 0.05], [0.05, 0.05, 0.05, 0.85]], rtol=1e-6)


def test_loss_is_that_of_torch_with_smoothed_labels():
    scores, labels = np.random.randn(5, 4).astype("float32"), np.array([0, 3, 1, 1, 2])
    for smoothing in (0.0, 0.1):
        targets = Targets(4, smoothing, 0, 0)
        _, wanted = targets(mx.np.zeros((5, 1, 1, 1)), mx.np.array(labels, dtype="int64"), [0])
        expected = torch.nn.functional.cross_entropy(
            torch.tensor(scores), torch.tensor(labels), reduction="none", label_smoothing=smoothing
        )
        np.testing.assert_allclose(targets.loss(mx.np.array(scores), wanted).asnumpy(), expected, rtol=1e-5)


def test_images_and_targets_are_mixed_alike():
    labels = mx.np.array([0, 1, 2, 3], dtype="int64")
    x = mx.np.eye(4).reshape(4, 4, 1, 1)  # an image that says what its label is
    mixing = Targets(4, 0, 0.5, seed=1)
    mixed, targets = mixing(x, labels, [0, 5])
    np.testing.assert_allclose(mixed.asnumpy()[:, :, 0, 0], targets.asnumpy(), rtol=1e-6)
    np.testing.assert_allclose(targets.asnumpy().sum(axis=1), 1, rtol=1e-6)
    shares = [round(float(mixing(x, labels, [0, step])[1].max()), 3) for step in range(30)]
    assert len(set(shares)) > 10, "shares are drawn anew at each step"
    assert np.array_equal(mixing(x, labels, [0, 5])[1], targets), "and are the same at the same step"


# Averages


def test_average_follows_the_parameters():
    net = mx.gluon.nn.Dense(1, in_units=2, use_bias=False)
    net.initialize(mx.init.Constant(1.0))
    average = Average(net, 0.5)
    expected = np.ones((1, 2))
    for step, value in enumerate((2.0, 4.0, 8.0), 1):
        net.weight.set_data(mx.np.full((1, 2), value))
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    np.testing.assert_allclose(average.values["weight"], expected, rtol=1e-6)
    with average.in_place():
        np.testing.assert_allclose(net.weight.data().asnumpy(), expected, rtol=1e-6)
    assert (net.weight.data().asnumpy() == 8).all()


# Networks


def form(model: str = "mobilenet0.25", classes: int = 3, channels: int = 3, thumbnail: bool = False) -> Form:
    names = [str(number) for number in range(classes)]
    return Form(model, names, 32, channels, thumbnail, [0.5] * channels, [0.25] * channels)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parameters of a network for five classes, in every format."""
    folder = tmp_path_factory.mktemp("pretrained")
    net = build(form(classes=5), mx.cpu())
    net.save_parameters(str(folder / "net.params"))
    arrays = {name: parameter.data() for name, parameter in net.collect_params().items()}
    mx.npx.savez(str(folder / "net.npz"), **arrays)
    tensors = {name: array.as_torch().detach().contiguous() for name, array in arrays.items()}
    safetensors.torch.save_file(tensors, folder / "net.safetensors")
    return folder / "net.params"


@pytest.mark.parametrize("extension", ["params", "npz", "safetensors"])
def test_body_is_taken_and_head_replaced(pretrained, extension):
    net, said = build(form(), mx.cpu()), []
    head = {name: net.collect_params()[name].data().asnumpy() for name in head_of(net)}
    path = pretrained.with_suffix(f".{extension}")
    load_pretrained(net, form(), str(path), said.append)
    saved = mx.npx.load(str(pretrained))
    for name, parameter in net.collect_params().items():
        assert np.array_equal(parameter.data(), head.get(name, saved[name])), name
    assert said == [f"The head in {path} is for 5 classes: it is replaced by a new one for 3."]


def test_body_without_a_head_is_taken(pretrained, tmp_path):
    arrays = mx.npx.load(str(pretrained))
    mx.npx.savez(str(tmp_path / "body.npz"), **{name: arrays[name] for name in arrays if "features" in name})
    net, said = build(form(), mx.cpu()), []
    load_pretrained(net, form(), str(tmp_path / "body.npz"), said.append)
    assert said == [
        f"The head in {tmp_path / 'body.npz'} is missing, or of another kind: it is replaced by a new one for 3."
    ]
    assert np.array_equal(net.features[0].weight.data(), arrays["features.0.weight"])


def test_head_that_fits_is_taken(pretrained):
    net, said = build(form(classes=5), mx.cpu()), []
    load_pretrained(net, form(classes=5), str(pretrained), said.append)
    assert not said
    assert np.array_equal(net.output.weight.data(), mx.npx.load(str(pretrained))["output.weight"])


def test_first_layer_is_adapted_to_grey_images(pretrained):
    net, said = build(form(channels=1), mx.cpu()), []
    load_pretrained(net, form(channels=1), str(pretrained), said.append)
    assert any("takes 3 channels: it is adapted to 1" in text for text in said)
    colour = build(form(classes=5), mx.cpu())
    colour.load_parameters(str(pretrained))
    grey = mx.np.random.uniform(size=(2, 1, 32, 32))
    np.testing.assert_allclose(
        net.features(grey).asnumpy(), colour.features(mx.np.repeat(grey, 3, axis=1)).asnumpy(), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("model, thumbnail", [("mobilenet0.5", False), ("resnet18_v1", True)])
def test_weights_of_another_network_are_refused_and_change_nothing(pretrained, model, thumbnail):
    other = form(model, thumbnail=thumbnail)
    net = build(other, mx.cpu())
    before = {name: parameter.data().asnumpy() for name, parameter in net.collect_params().items()}
    with pytest.raises(MXNetError, match=f"{pretrained} does not fit {model}"):
        load_pretrained(net, other, str(pretrained), print)
    assert all(np.array_equal(before[name], p.data()) for name, p in net.collect_params().items())


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"\x80\x04.", b"\x10\x00\x00\x00\x00\x00\x00\x00{" + b"x" * 15, b"\xff" * 8 + b"{"]
)
def test_files_that_hold_no_weights_are_refused(tmp_path, content):
    (tmp_path / "file.params").write_bytes(content)
    with pytest.raises(MXNetError, match="file.params"):
        load_pretrained(build(form(), mx.cpu()), form(), str(tmp_path / "file.params"), print)
    with pytest.raises(MXNetError, match="nowhere"):
        load_pretrained(build(form(), mx.cpu()), form(), str(tmp_path / "nowhere"), print)


def test_names_of_pytorch_are_taken(tmp_path):
    other = build(form("resnet18_v1", classes=5), mx.cpu())
    arrays = {name: parameter.data().as_torch().detach() for name, parameter in other.collect_params().items()}
    state = vision.to_state_dict("resnet18_v1", arrays)
    assert "layer1.0.conv1.weight" in state
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in state.items()}, tmp_path / "theirs.bin")
    net, said = build(form("resnet18_v1"), mx.cpu()), []
    load_pretrained(net, form("resnet18_v1"), str(tmp_path / "theirs.bin"), said.append)
    assert said == [f"The head in {tmp_path / 'theirs.bin'} is for 5 classes: it is replaced by a new one for 3."]
    assert np.array_equal(net.features[0].weight.data(), arrays["features.0.weight"])


def test_sources_of_the_zoo_are_taken_and_what_they_warn_of_is_said(pretrained, monkeypatch):
    asked = []

    def find(net, model, source, head):
        asked.append((model, source))
        warnings.warn("taken from elsewhere", stacklevel=1)
        return find_pretrained(net, model, str(pretrained), head=head)

    monkeypatch.setattr(_network, "find_pretrained", find)
    for source in ("zoo", "mxnet", "hf://owner/name"):
        said = []
        load_pretrained(build(form(classes=5), mx.cpu()), form(classes=5), source, said.append)
        assert said == ["taken from elsewhere"]
    assert asked == [("mobilenet0.25", source) for source in (True, "mxnet", "hf://owner/name")]


@pytest.mark.parametrize("model, source", [("mobilenet0.25", "torchvision"), ("tiny", "zoo")])
def test_sources_that_have_no_such_weights_say_so(model, source):
    with tiny_in_zoo(), pytest.raises(MXNetError, match=f"--pretrained {source}: .*{model}"):
        load_pretrained(build(form(model), mx.cpu()), form(model), source, print)


def test_published_weights_that_are_not_there_say_where_they_belong(monkeypatch, tmp_path):
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    monkeypatch.setenv("MXNET_OFFLINE", "1")
    with pytest.raises(MXNetError, match="--pretrained zoo: .*mobilenet0.25"):
        load_pretrained(build(form(), mx.cpu()), form(), "zoo", print)


def test_a_frozen_body_stays_as_it_is():
    with tiny_in_zoo():
        net = build(form("tiny"), mx.cpu())
    freeze(net)
    net.hybridize()
    params = net.collect_params()
    before = {name: parameter.data().asnumpy() for name, parameter in params.items()}
    trainer = mx.gluon.Trainer(params, "sgd", {"learning_rate": 0.1})
    for _ in range(2):
        with mx.autograd.record():
            loss = mx.np.square(net(mx.np.random.uniform(size=(4, 3, 32, 32))) - 1).sum()
        loss.backward()
        trainer.step(4)
    changed = {name for name, parameter in params.items() if not np.array_equal(before[name], parameter.data())}
    assert changed == {"output.weight", "output.bias"} == set(head_of(net))


def test_biases_and_norms_have_no_weight_decay():
    multipliers = {name: parameter.wd_mult for name, parameter in build(form(), mx.cpu()).collect_params().items()}
    assert multipliers["features.0.weight"] == 1 and multipliers["output.bias"] == multipliers["features.1.gamma"] == 0


def test_images_that_are_too_small_are_refused_at_once():
    with pytest.raises(MXNetError, match="height and width at least 209"):
        build(form("squeezenet1.1"), mx.cpu())
    with pytest.raises(MXNetError, match="vgg11 has no form for small images"):
        build(form("vgg11", thumbnail=True), mx.cpu())


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"},
        {"classes": ["one"]},
        {"image_size": 1 << 30},
        {"in_channels": 4},
        {"std": [0, 1, 1]},
        {"more": 1},
    ],
)
def test_descriptions_of_networks_are_checked(change):
    values = form().as_json()
    assert Form.from_json(values, "there") == form()
    with pytest.raises(MXNetError, match="there does not describe a network"):
        Form.from_json({**values, **change}, "there")
    with pytest.raises(MXNetError, match="later version"):
        Form.from_json({**values, "version": 2}, "there")


# Measuring


def test_measured_is_what_torch_and_numpy_say():
    scores = torch.randn(10, 7, generator=torch.Generator().manual_seed(0))
    labels = np.arange(10) % 7
    images = ArrayImages("x", np.arange(10, dtype=np.uint8)[:, None, None, None], labels, 1)
    net = lambda x: mx.np.from_torch(scores[x.as_torch()[:, 0, 0, 0].mul(255).round().long()])  # noqa: E731
    measured = measure(net, Batches(images, 1, 4).epoch(0), Preparation(mx.cpu(), [0.0], [1.0]))
    ranks = (-scores.numpy()).argsort(axis=1)
    assert measured.images == 10
    assert measured.top1 == pytest.approx((ranks[:, 0] == labels).mean())
    assert measured.top5 == pytest.approx((ranks[:, :5] == labels[:, None]).any(axis=1).mean())
    assert measured.loss == pytest.approx(float(torch.nn.functional.cross_entropy(scores, torch.tensor(labels))))


# Settings


def test_settings_come_back_from_a_checkpoint():
    settings = Settings("digits", lr=0.5)
    assert restored(settings.as_json(), {"workers": 3}, "there") == Settings("digits", lr=0.5, workers=3)
    with pytest.raises(MXNetError, match=r"--lr was 0.5 and is 0.25 now; --epochs was 20 and is 3 now"):
        restored(settings.as_json(), {"lr": 0.25, "epochs": 3, "seed": 0}, "there")
    for values in ({}, None, {**settings.as_json(), "epochs": "many"}, {**settings.as_json(), "more": 1}):
        with pytest.raises(MXNetError, match="there"):
            restored(values, {}, "there")


def test_a_folder_is_not_taken_for_pretrained_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("torchvision", "digits"):
        (tmp_path / name).mkdir()
    (tmp_path / "own.params").touch()
    settings = Settings("digits", pretrained="torchvision")
    assert (settings.data, settings.pretrained) == (str(tmp_path / "digits"), "torchvision")
    assert Settings("digits", pretrained="own.params").pretrained == str(tmp_path / "own.params")


def test_learning_rates_grow_with_the_batch():
    assert default_rate(Settings("x", batch_size=64)) == pytest.approx(0.1)
    assert default_rate(Settings("x", batch_size=64, pretrained="f")) == pytest.approx(0.02)
    assert default_rate(Settings("x", optimizer="adam", batch_size=128)) == pytest.approx(2e-3)
    with pytest.raises(MXNetError, match="give --lr"):
        default_rate(Settings("x", optimizer="ftrl"))


# Logs and pictures


def rows(count: int) -> list[dict]:
    return [{**dict.fromkeys(COLUMNS, 0.5), "epoch": number + 1} for number in range(count)]


def test_log_of_a_run_that_was_cut_off_goes_on_after_whole_lines(tmp_path):
    log = Log(tmp_path)
    log.event("start", step=0)
    log.epochs(rows(2))
    log.close()
    with open(tmp_path / "log.jsonl", "a") as file:
        file.write('{"event": "torn')
    log = Log(tmp_path, resumed_at=5)
    log.event("resume", step=5)
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["start", "resume"] and lines[0]["time"] > 0
    table = [*csv.DictReader((tmp_path / "metrics.csv").read_text().splitlines())]
    assert [row["epoch"] for row in table] == ["1", "2"] and tuple(table[0]) == COLUMNS
    Log(tmp_path).close()
    assert not (tmp_path / "log.jsonl").read_text()


def test_tensorboard_gets_numbers_where_it_is_installed(tmp_path, monkeypatch):
    written = []

    class Writer:
        def __init__(self, folder: str, purge_step: int | None) -> None:
            written.append((folder, purge_step))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            written.append((name, value, step))

        def close(self) -> None:
            written.append("closed")

    module = types.ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "tensorboard")
    log = Log(tmp_path, resumed_at=4)
    log.scalars({"loss": 0.5, "val": None}, 7)
    log.close()
    assert written == [(str(tmp_path / "tensorboard"), 4), ("loss", 0.5, 7), "closed"]


@pytest.mark.parametrize("held_out", [True, False])
def test_curves_are_drawn(tmp_path, held_out):
    table = rows(3)
    for row in table if not held_out else []:
        row["val_loss"] = row["val_accuracy"] = None
    draw_curves(table, tmp_path / "curves.png")
    assert matplotlib.image.imread(tmp_path / "curves.png").shape[:2] == (400, 1000)


@pytest.mark.parametrize("classes", [2, 30, 60])
def test_confusion_is_drawn_with_any_names(tmp_path, classes):
    names = [f"$x_{number}$ " * 9 for number in range(classes)]
    draw_confusion(np.eye(classes, dtype=int) * 3, names, tmp_path / "confusion.png")
    picture = matplotlib.image.imread(tmp_path / "confusion.png")
    assert picture.shape[0] > 400 and picture[..., :3].std() > 0


def test_tiny_network_is_in_the_zoo_only_for_tests():
    with tiny_in_zoo():
        assert "tiny" in mx.gluon.model_zoo.vision.list_models()
    assert "tiny" not in mx.gluon.model_zoo.vision.list_models()
