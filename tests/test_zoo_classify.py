"""`vision.classify`, the preprocessing and the labels behind it, and `mxzoo classify`."""

import hashlib
import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from typer.testing import CliRunner

import mxnet as mx
from mxnet.cli.app import app
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def picture(height, width, seed=0):
    """Something with edges, and all colours."""
    random = np.random.RandomState(seed).randint(0, 256, (height // 10 + 1, width // 10 + 1, 3), dtype="uint8")
    return np.ascontiguousarray(np.kron(random, np.ones((10, 10, 1), "uint8"))[:height, :width])


def plain(color):
    return np.full((30, 40, 3), color, "uint8")


@pytest.fixture
def colours():
    """A network whose scores are the means of red, green and blue."""
    net = nn.HybridSequential()
    net.add(nn.GlobalAvgPool2D(), nn.Flatten())
    return net


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A network with random parameters, and its file."""
    mx.random.seed(3)
    net = vision.mobilenet0_25()
    net.initialize(mx.init.Xavier("gaussian", "in", 2))  # keeps the scale through all layers
    net(mx.np.zeros((1, 3, 32, 32)))
    file = tmp_path_factory.mktemp("weights") / "own.params"
    net.save_parameters(file)
    return net, file


# Preprocessing


@pytest.mark.parametrize(("height", "width"), [(300, 411), (411, 300), (256, 256), (120, 500)])
@pytest.mark.parametrize(("model", "resize", "crop"), [("resnet18_v1", 256, 224), ("inceptionv3", 342, 299)])
def test_mxnets_preprocessing_is_opencvs(height, width, model, resize, crop):
    image = picture(height, width)
    short = min(height, width)
    size = (width * resize // short, height * resize // short)
    resized = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR) if size != (width, height) else image
    top, left = (resized.shape[0] - crop) // 2, (resized.shape[1] - crop) // 2
    expected = (resized[top : top + crop, left : left + crop] / 255 - MEAN) / STD
    found = vision.get_weights(model).transforms()(mx.np.array(image, dtype="uint8"))
    np.testing.assert_allclose(found.asnumpy(), expected.transpose(2, 0, 1), atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(300, 411), (411, 301), (256, 256), (900, 600)])
@pytest.mark.parametrize(("model", "resize", "crop"), [("resnet18_v1", 256, 224), ("inceptionv3", 342, 299)])
def test_torchvisions_preprocessing_is_pillows(height, width, model, resize, crop):
    image = picture(height, width)
    short = min(height, width)
    size = (int(resize * width / short), int(resize * height / short))
    resized = np.asarray(PIL.Image.fromarray(image).resize(size, PIL.Image.BILINEAR))
    top, left = round((resized.shape[0] - crop) / 2), round((resized.shape[1] - crop) / 2)
    expected = (resized[top : top + crop, left : left + crop] / 255 - MEAN) / STD
    found = vision.get_weights(model, "torchvision").transforms()(image)
    # PyTorch rounds a little differently: one of 255 levels.
    np.testing.assert_allclose(found.asnumpy(), expected.transpose(2, 0, 1), atol=1.01 / 255 / STD.min())


@pytest.mark.parametrize("source", ["mxnet", "torchvision"])
def test_every_form_of_an_image(source, tmp_path):
    transform = vision.get_weights("resnet18_v1", source).transforms()
    image = picture(300, 260)
    cv2.imwrite(str(tmp_path / "image.png"), image[..., ::-1])
    expected = transform(image).asnumpy()
    pillows = PIL.Image.fromarray(image)
    forms = [tmp_path / "image.png", str(tmp_path / "image.png"), pillows, pillows.convert("RGBA"), torch.tensor(image)]
    for form in forms:
        np.testing.assert_array_equal(transform(form).asnumpy(), expected)
    np.testing.assert_array_equal(transform(image[..., ::-1][..., ::-1]).asnumpy(), expected)
    image.flags.writeable = False
    assert pickle.loads(pickle.dumps(transform))(image[:, :, ::-1]).shape == (3, 224, 224)
    batch = transform(np.stack([image, image]))
    assert batch.shape == (2, 3, 224, 224) and np.array_equal(batch.asnumpy()[1], expected)
    grey = image[..., 0]
    for form in (grey, grey[..., None], PIL.Image.fromarray(grey)):
        np.testing.assert_array_equal(transform(form).asnumpy(), transform(np.dstack([grey] * 3)).asnumpy())


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.zeros((8, 8, 3), "float32"), mx.MXNetError, "uint8, not float32"),
        (np.zeros((8, 8, 4), "uint8"), mx.MXNetError, r"not \(8, 8, 4\)"),
        (np.zeros((8,), "uint8"), mx.MXNetError, r"not \(8,\)"),
        (np.zeros((0, 8, 3), "uint8"), mx.MXNetError, r"not \(0, 8, 3\)"),
        (3, TypeError, "not int"),
        ("nowhere.png", mx.MXNetError, "nowhere.png"),
    ],
)
def test_what_is_no_image(image, error, message):
    with pytest.raises(error, match=message):
        vision.get_weights("resnet18_v1").transforms()(image)


@pytest.mark.parametrize("source", ["mxnet", "torchvision"])
def test_images_too_thin_to_be_resized_are_refused(source, tmp_path):
    transform = vision.get_weights("resnet18_v1", source).transforms()
    thin = np.zeros((1, 4000, 3), "uint8")
    cv2.imwrite(str(tmp_path / "thin.png"), thin)
    with pytest.raises(mx.MXNetError, match="^an image with sides of 1 and 4000 pixels is too thin"):
        transform(thin)
    with pytest.raises(mx.MXNetError, match="thin.png: an image with sides of 1 and 4000"):
        transform(tmp_path / "thin.png")
    assert transform(thin[:, :300]).shape == (3, 224, 224)


def test_preprocessing_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="a square of 300 pixels cannot be cut from a shorter side of 256"):
        vision.Preprocessing(crop=300)
    with pytest.raises(ValueError, match="'bilinear', not 'cubic'"):
        vision.Preprocessing(interpolation="cubic")


def test_a_data_set_takes_the_transform():
    data = mx.gluon.data.ArrayDataset([picture(300, 300), picture(256, 300, 1)], [0, 1])
    loader = mx.gluon.data.DataLoader(data.transform_first(vision.get_weights("vgg16").transforms()), batch_size=2)
    images, _ = next(iter(loader))
    assert images.shape == (2, 3, 224, 224)


# Labels


def test_labels_of_imagenet():
    labels = vision.get_weights("resnet18_v1").labels
    assert len(labels) == len(set(labels)) == 1000
    assert all(label == label.strip() and label.isascii() for label in labels)
    known = {0: "tench", 1: "goldfish", 207: "golden retriever", 281: "tabby", 340: "zebra", 388: "giant panda"}
    known |= {134: "crane bird", 517: "crane", 638: "maillot", 639: "maillot tank suit"}  # the twins
    known |= {817: "sports car", 951: "lemon", 963: "pizza", 980: "volcano", 999: "toilet tissue"}
    assert {number: labels[number] for number in known} == known
    assert vision.get_weights("inceptionv3.torchvision").labels is labels


def test_labels_equal_two_public_lists():
    def digest(names):
        return hashlib.sha256("\n".join(names).encode()).hexdigest()

    labels = list(vision.get_weights("resnet18_v1").labels)
    # Of torchvision 0.29, models/_meta.py.
    assert digest(labels) == "0b0f9fee7c952f257418d62aa701f023a9da13b443a14f5c4291e5724d92967c"
    # Of timm 1.0: the first lemma of each synset. GluonCV 0.10 has the same.
    labels[134], labels[639] = "crane", "maillot"
    assert digest(labels) == "1f386e0d1cb6e28b9c2dac651c3dea6801e98ad1b41a14ce6bb1a093d72069f5"


# classify


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum()


def test_the_classes_and_their_probabilities(colours):
    image = plain((200, 100, 50))
    expected = softmax((np.array([200, 100, 50]) / 255 - MEAN) / STD)
    found = vision.classify(image, colours, labels=["red", "green", "blue"])
    assert [one.label for one in found] == ["red", "green", "blue"] and [one.index for one in found] == [0, 1, 2]
    np.testing.assert_allclose([one.probability for one in found], expected, rtol=1e-4)
    assert [one.label for one in vision.classify(plain((0, 100, 250)), colours, k=2)] == ["2", "1"]
    label, probability, index = found[0]
    assert repr(found).splitlines()[0] == f"{probability:7.2%}  red"


def test_a_network_of_another_type(saved):
    net = vision.mobilenet0_25(pretrained=saved[1])
    net.cast("float64")
    image = picture(256, 256)
    found, expected = vision.classify(image, net), vision.classify(image, saved[0])
    assert found[0].label == expected[0].label
    np.testing.assert_allclose(found[0].probability, expected[0].probability, rtol=1e-4)


def test_several_images(colours, tmp_path):
    cv2.imwrite(str(tmp_path / "blue.png"), plain((255, 0, 0)))
    images = [plain((255, 0, 0)), tmp_path / "blue.png", PIL.Image.fromarray(plain((0, 255, 0)))]
    found = vision.classify(images, colours, labels=["red", "green", "blue"])
    assert [one[0].label for one in found] == ["red", "blue", "green"]
    assert "\n\n" in repr(found)
    batch = mx.np.array(np.stack([plain((255, 0, 0)), plain((0, 0, 255))]), dtype="uint8")
    assert [one[0].index for one in vision.classify(batch, colours)] == [0, 2]
    assert vision.classify([], colours) == []
    many = vision.classify([plain((255, 0, 0))] * 33 + [plain((0, 255, 0))], colours, k=1)
    assert [one[0].index for one in many] == [0] * 33 + [1]


def test_a_network_of_the_zoo(saved):
    net, file = saved
    image = picture(300, 300)
    scores = net(vision.get_weights("mobilenet0.25").transforms()(image)[None]).asnumpy()[0]
    labels = vision.get_weights("mobilenet0.25").labels
    order = np.argsort(-scores)[:5].tolist()
    for found in (
        vision.classify(image, net),
        vision.classify(image, net, weights="mobilenet0.25"),
        vision.classify(image, "MobileNet-0.25", weights=file),
        vision.classify(image, vision.mobilenet0_25(pretrained=file)),
        vision.classify(image, "mobilenet0.25", weights=str(file), labels=list(labels)),
    ):
        assert [one.index for one in found] == order
        assert [one.label for one in found] == [labels[index] for index in order]
    numbers = vision.classify(image, vision.mobilenet0_25(pretrained=file, classes=4), k=9)
    assert sorted(one.label for one in numbers) == ["0", "1", "2", "3"]


def test_weights_bring_their_preprocessing(monkeypatch):
    seen = []

    class Network(nn.HybridSequential):
        def forward(self, x):
            seen.append(x.shape)
            return mx.np.zeros((x.shape[0], 1000))

    found = vision.classify(plain(0), Network(), weights="inceptionv3.torchvision")
    assert seen[-1][-1] == 299 and found[0].label in vision.get_weights("vgg16").labels
    vision.classify(plain(0), Network(), weights=vision.get_weights("vgg16"))
    assert seen[-1][-1] == 224
    assert vision.classify(plain(0), Network())[0].label.isdigit()  # whose classes nobody knows


def test_inception_takes_its_own_size():
    net = vision.inception_v3(classes=2)
    net.initialize()
    assert len(vision.classify(plain(9), net)) == 2


def test_mistakes(colours, saved):
    image = plain(0)
    for k in (0, -1, 1.0, True, None):
        with pytest.raises(ValueError, match="k is a number"):
            vision.classify(image, colours, k)
    with pytest.raises(ValueError, match="the network has 3 classes, and there are 2 labels"):
        vision.classify(image, colours, labels=["a", "b"])
    with pytest.raises(TypeError, match="labels is a list"):
        vision.classify(image, colours, labels="red")
    with pytest.raises(ValueError, match="labels is empty"):
        vision.classify(image, "resnet18_v1", labels=[])
    with pytest.raises(TypeError, match="a network or the name of one, not int"):
        vision.classify(image, 3)
    with pytest.raises(ValueError, match="resnet18_v3 is not supported"):
        vision.classify(image, "resnet18_v3")
    with pytest.raises(TypeError, match="load them before"):
        vision.classify(image, colours, weights=Path("own.params"))
    with pytest.raises(ValueError, match="the weights are of vgg16, and the network is vgg19"):
        vision.classify(image, "vgg19", weights=vision.get_weights("vgg16"))
    with pytest.raises(AssertionError, match="1000 classes and the network 2"):  # no output is made up
        vision.classify(image, "mobilenet0.25", weights=saved[1], labels=["a", "b"])
    with pytest.raises(mx.MXNetError, match="not scores"):
        vision.classify(image, nn.MaxPool2D())


# mxzoo classify


def mxzoo(*arguments):
    return CliRunner(env={"COLUMNS": "1000"}).invoke(app, ["classify", *map(str, arguments)])


def test_the_command(saved, tmp_path):
    files = [tmp_path / "one.png", tmp_path / "two.jpg"]
    for number, file in enumerate(files):
        cv2.imwrite(str(file), picture(300, 300, number)[..., ::-1])
    expected = vision.classify(files, saved[0], k=3)
    result = mxzoo(*files, "--model", "mobilenet0_25", "--weights", saved[1], "-k", 3, "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert [row["image"] for row in rows] == list(map(str, files))
    assert [[one["label"] for one in row["predictions"]] for row in rows] == [[p.label for p in e] for e in expected]
    np.testing.assert_allclose(rows[0]["predictions"][0]["probability"], expected[0][0].probability, rtol=1e-3)
    table = mxzoo(*files, "--model", "mobilenet0.25", "--weights", saved[1])
    assert table.exit_code == 0 and expected[1][0].label in table.stdout and "two.jpg" in table.stdout


def test_the_command_with_classes_of_ones_own(tmp_path):
    net = vision.mobilenet0_25(classes=2)
    net.initialize(mx.init.Zero())
    net(mx.np.zeros((1, 3, 32, 32)))
    net.save_parameters(tmp_path / "own.params")
    (tmp_path / "names.txt").write_text("cat\n\ndog\n")
    cv2.imwrite(str(tmp_path / "a.png"), plain(7))
    result = mxzoo(
        tmp_path / "a.png", "--model", "mobilenet0.25", "--weights", tmp_path / "own.params", "--labels",
        tmp_path / "names.txt",
    )  # fmt: skip
    assert result.exit_code == 0 and "cat" in result.stdout and "50.00%" in result.stdout


def test_names_of_files_and_classes_are_shown_as_they_are(saved, tmp_path):
    image = tmp_path / "[bold]a.png"
    cv2.imwrite(str(image), plain(7))
    names = [f"[red]\x1b[2J{number}" for number in range(1000)]
    (tmp_path / "names.txt").write_text("\n".join(names))
    result = mxzoo(image, "--model", "mobilenet0.25", "--weights", saved[1], "--labels", tmp_path / "names.txt")
    assert result.exit_code == 0, result.output
    assert "[bold]a.png" in result.stdout and "[red]\\x1b[2J" in result.stdout and "\x1b[2J" not in result.stdout


def test_files_of_labels_that_are_none(saved, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), plain(7))
    for content, message in ((b"\xff\xfe", "is no text of names"), (b"\n \n", "has no names of classes")):
        (tmp_path / "names.txt").write_bytes(content)
        result = mxzoo(tmp_path / "a.png", "--model", "mobilenet0.25", "--labels", tmp_path / "names.txt")
        assert result.exit_code == 1 and f"names.txt {message}" in result.stderr


def test_mistakes_end_in_a_message(saved, tmp_path):
    (tmp_path / "no.png").write_text("text")
    result = mxzoo(tmp_path / "no.png", "--model", "mobilenet0.25", "--weights", saved[1])
    assert result.exit_code == 1 and "no.png" in result.stderr and "Traceback" not in result.output
    assert mxzoo(tmp_path / "nowhere.png").exit_code == 2
    assert "nearest first" in mxzoo(tmp_path / "no.png", "--model", "vgg15").stderr
    assert mxzoo().exit_code == 2
