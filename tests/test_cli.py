"""The `mxzoo` command: its list against genuine MXNet's counts and paper arithmetic, its demo on a few images."""

import json
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from references import load
from typer.testing import CliRunner, Result

import mxnet as mx
from mxnet.cli import demo, zoo
from mxnet.cli.app import app
from mxnet.gluon.model_zoo import vision


def mxzoo(*arguments: object) -> Result:
    """Run the command on a terminal so wide that no message is wrapped, however long the paths in it are."""
    return CliRunner(env={"COLUMNS": "1000"}).invoke(app, [str(argument) for argument in arguments])


# mxzoo list


@pytest.fixture(scope="module")
def listed() -> dict[str, dict[str, object]]:
    result = mxzoo("list", "--json")
    assert result.exit_code == 0
    return {model["name"]: model for model in json.loads(result.stdout)}


def test_list_has_every_model_with_genuines_number_of_parameters(listed):
    genuine = load("zoo.json")["models"]
    assert {name: model["parameters"] for name, model in listed.items()} == {
        name: model["elements"] for name, model in genuine.items()
    }
    assert all(model["input_size"] == genuine[name]["input"][-1] for name, model in listed.items())


def conv(size: int, inputs: int, outputs: int, kernel: int = 1) -> int:
    """Multiplications of a convolution whose result has height and width `size`."""
    return size**2 * inputs * outputs * kernel**2


def alexnet() -> int:
    convolutions = conv(55, 3, 64, 11) + conv(27, 64, 192, 5)
    convolutions += conv(13, 192, 384, 3) + conv(13, 384, 256, 3) + conv(13, 256, 256, 3)
    return convolutions + 256 * 6 * 6 * 4096 + 4096 * 4096 + 4096 * 1000


def vgg(*depths: int) -> int:
    total, before = 0, 3
    for stage, (depth, width) in enumerate(zip(depths, (64, 128, 256, 512, 512), strict=True)):
        for _ in range(depth):
            total += conv(224 >> stage, before, width, 3)
            before = width
    return total + 512 * 7 * 7 * 4096 + 4096 * 4096 + 4096 * 1000


def resnet_v1(depths: tuple[int, ...], bottleneck: bool) -> int:
    total, before = conv(112, 3, 64, 7), 64
    for stage, depth in enumerate(depths):
        size, inner = 56 >> stage, 64 << stage
        after = inner * 4 if bottleneck else inner
        for _ in range(depth):
            if bottleneck:
                total += conv(size, before, inner) + conv(size, inner, inner, 3) + conv(size, inner, after)
            else:
                total += conv(size, before, inner, 3) + conv(size, inner, inner, 3)
            if before != after:
                total += conv(size, before, after)
            before = after
    return total + before * 1000


def mobilenet_v2() -> int:
    rows = ((1, 16, 1, 112), (6, 24, 2, 56), (6, 32, 3, 28), (6, 64, 4, 14), (6, 96, 3, 14), (6, 160, 3, 7))
    total, before, size = conv(112, 3, 32, 3), 32, 112
    for expansion, width, depth, after in (*rows, (6, 320, 1, 7)):
        for _ in range(depth):
            inner = before * expansion
            total += conv(size, before, inner) + after**2 * inner * 3**2 + conv(after, inner, width)
            before, size = width, after
    return total + conv(7, 320, 1280) + 1280 * 1000


@pytest.mark.parametrize(
    "name, computed, published",
    [
        ("alexnet", alexnet(), 0.71e9),
        ("vgg16", vgg(2, 2, 3, 3, 3), 15.5e9),
        ("vgg16_bn", vgg(2, 2, 3, 3, 3), 15.5e9),
        ("resnet18_v1", resnet_v1((2, 2, 2, 2), bottleneck=False), 1.8e9),
        ("resnet50_v1", resnet_v1((3, 4, 6, 3), bottleneck=True), 3.8e9),
        ("mobilenetv2_1.0", mobilenet_v2(), 0.3e9),
    ],
)
def test_multiply_adds_are_those_of_the_layers(listed, name, computed, published):
    assert listed[name]["multiply_adds"] == computed == pytest.approx(published, rel=0.05)


@pytest.mark.parametrize(
    "pattern, names",
    [
        ("resnet18", ["resnet18_v2", "resnet18_v1"]),
        ("VGG1?_bn", ["vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"]),
        ("mobilenetv2_[01].5", ["mobilenetv2_0.5"]),
    ],
)
def test_pattern_is_part_of_a_name_or_has_wildcards(pattern, names):
    assert [model.name for model in zoo.find_models(pattern)] == names


def test_table_shows_rounded_numbers():
    result = mxzoo("list", "squeezenet1.1")
    (row,) = [line for line in result.stdout.splitlines() if "squeezenet1.1" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "squeezenet1.1",
        "squeezenet",
        "1.24 M",
        "0.35 G",
        "224 x 224",
    ]


def test_pattern_without_models_is_refused():
    result = mxzoo("list", "inceptionv4")
    assert result.exit_code == 2
    assert "no model matches 'inceptionv4'" in result.stderr
    assert "squeezenet1.1" in result.stderr


def test_version_and_help():
    assert mxzoo("--version").stdout == f"mxnet-torch {mx.__version__}\n"
    assert "demo" in mxzoo("--help").stdout
    assert "Usage" in mxzoo().output


# mxzoo demo


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty images to learn from, fifty held out."""
    seen, unseen = demo.digits()
    monkeypatch.setattr(demo, "digits", lambda: (seen.take(60), unseen.take(50)))


def test_digits_are_split_evenly_and_do_not_overlap():
    seen, unseen = demo.digits()
    assert (len(seen), len(unseen)) == (1437, 360)
    image, _ = seen[0]
    assert (image.shape, image.dtype, int(image.min()), int(image.max())) == ((8, 8, 1), np.uint8, 0, 255)
    counts = np.bincount([int(label) for _, label in (unseen[i] for i in range(360))])
    assert counts.min() >= 34 and counts.max() <= 38


def test_demo_trains_saves_reloads_and_draws(few_digits, tmp_path):
    folder = tmp_path / "new" / "[red] folder"
    result = mxzoo("demo", "--epochs", 1, "--batch-size", 20, "--output", folder)
    assert result.exit_code == 0, result.output
    assert "epoch 1/1" in result.stdout and "3/3" in result.stdout
    assert f"The files are in {folder}\n" in result.stdout
    assert "the same predictions" in result.stdout and "11,182,154 parameters" in result.stdout
    assert {path.name for path in folder.iterdir()} == {"resnet18_v1-digits.params", "predictions.png"}
    height, width, _ = matplotlib.image.imread(folder / "predictions.png").shape
    assert width > height > 300
    net = vision.get_model("resnet18_v1", classes=10, thumbnail=True)
    net.load_parameters(str(folder / "resnet18_v1-digits.params"))
    assert net(mx.np.zeros((1, 1, 16, 16))).shape == (1, 10)


def test_same_seed_gives_the_same_network(few_digits, tmp_path):
    def trained(seed: int, folder: str) -> bytes:
        options = ["--epochs", 1, "--batch-size", 30, "--seed", seed, "--output", tmp_path / folder]
        assert mxzoo("demo", *options).exit_code == 0
        return (tmp_path / folder / "resnet18_v1-digits.params").read_bytes()

    first = trained(1, "first")
    assert trained(1, "again") == first
    assert trained(2, "other") != first


def test_accuracy_below_the_demanded_fails(few_digits, tmp_path):
    result = mxzoo("demo", "--epochs", 1, "--output", tmp_path, "--at-least", 1)
    assert result.exit_code == 1
    assert "less than 100.0%" in result.stderr


def test_other_predictions_after_reload_fail(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    outcome = demo.Outcome(0.99, 360, 1.0, 1.0, 1, same_after_reload=False, parameter_file=file, picture=file)
    monkeypatch.setattr(demo, "run", lambda *_: outcome)
    result = mxzoo("demo")
    assert result.exit_code == 1
    assert "does not predict" in result.stderr


@pytest.mark.parametrize(
    "options, message",
    [
        (["--model", "vgg16"], "the demo trains a ResNet, not vgg16"),
        (["--model", "resnet17"], "Model resnet17 is not supported"),
        (["--epochs", 0], "--epochs"),
        (["--batch-size", 0], "--batch-size"),
        (["--seed", -1], "--seed"),
        (["--output", __file__], "is a file"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_trained(options, message):
    result = mxzoo("demo", *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_folder_that_cannot_be_made_is_a_message():
    result = mxzoo("demo", "--output", Path(__file__) / "below")
    assert result.exit_code == 1
    assert "Not a directory" in result.stderr and "Traceback" not in result.stderr


def test_without_scikit_learn_the_demo_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    result = mxzoo("demo", "--output", tmp_path)
    assert result.exit_code == 1
    assert f"{sys.executable} -m pip install scikit-learn" in result.stderr
