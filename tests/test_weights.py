"""What is known of published parameters, and `pretrained=`: from MXNet, torchvision, files and the Hub."""

import dataclasses
import errno
import hashlib
import sys
import types
import warnings
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pooch
import pytest
import requests
import torch
from misbehaving_server import serving
from references import REFERENCE, load

import fill_rule  # isort: skip  (found through `references`)
import mxnet as mx
from mxnet.base import MXNetError
from mxnet.formats import _checksum
from mxnet.gluon.model_zoo import model_store, vision
from mxnet.gluon.model_zoo.vision import _pretrained, _weights_table

MODEL = "squeezenet1.1"
BODY = "mobilenetv2_1.0"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    """No waiting, no mirror, no cache of torch's."""
    monkeypatch.setenv("MXNET_DOWNLOAD_BACKOFF", "0")
    monkeypatch.setenv("MXNET_OFFLINE", "1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for variable in ("MXNET_GLUON_REPO", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="module")
def made():
    """A SqueezeNet with random parameters."""
    mx.random.seed(5)
    net = vision.squeezenet1_1()
    net.initialize(mx.init.Xavier())
    net.infer_shape(mx.np.zeros((1, 3, 224, 224)))
    net(mx.np.zeros((1, 3, 224, 224)))
    return net


@pytest.fixture
def published(made, tmp_path, monkeypatch):
    """The file of that SqueezeNet, declared to be the published one, in a folder."""
    root = tmp_path / "root"
    root.mkdir()
    made.save_parameters(str(root / "made"))
    digest = hashlib.sha1((root / "made").read_bytes()).hexdigest()
    monkeypatch.setitem(model_store._model_sha1, MODEL, digest)
    return (root / "made").rename(root / f"{MODEL}-{digest[:8]}.params")


def torchvision_state(net):
    """The parameters of a SqueezeNet 1.1 of this zoo under torchvision's names, in torchvision's order."""
    fires = [3, 4, 6, 7, 9, 10, 11, 12]
    parts = [f"features.{number}.{part}" for number in fires for part in ("squeeze", "expand1x1", "expand3x3")]
    layers = ["features.0", *parts, "classifier.1"]
    names = [f"{layer}.{role}" for layer in layers for role in ("weight", "bias")]
    values = [
        parameter.data()._data.clone(memory_format=torch.contiguous_format)
        for parameter in net.collect_params().values()
    ]
    return dict(zip(names, values, strict=True))


@pytest.fixture
def checkpoint(made, tmp_path, monkeypatch):
    """The same parameters as a checkpoint of torchvision's, declared to be the published one."""
    torch.save(torchvision_state(made), tmp_path / "made")
    digest = hashlib.sha256((tmp_path / "made").read_bytes()).hexdigest()
    file = f"squeezenet1_1-{digest[:8]}.pth"
    entry = _weights_table.Checkpoint(file, (tmp_path / "made").stat().st_size / (1 << 20), 1.0, 2.0)
    monkeypatch.setitem(_weights_table.TORCHVISION, MODEL, entry)
    return (tmp_path / "made").rename(tmp_path / file)


def test_a_published_checkpoint_is_converted_without_being_told_its_hash(made, checkpoint, tmp_path):
    vision.convert_file(checkpoint, tmp_path / "converted.params", MODEL)
    assert_equal(vision.squeezenet1_1(pretrained=tmp_path / "converted.params"), made)
    with pytest.raises(mx.MXNetError, match="SHA-256|hash"):
        vision.convert_file(checkpoint.rename(tmp_path / "other.pth"), tmp_path / "y.params", MODEL)
    torch.save({}, checkpoint)
    with pytest.raises(mx.MXNetError, match="not the published file"):
        vision.convert_file(checkpoint, tmp_path / "y.params", MODEL)
    assert not (tmp_path / "y.params").exists()
    own = {name: tensor + 1 for name, tensor in torchvision_state(made).items()}
    torch.save(own, checkpoint)  # of a name that was published, and the user's own
    vision.convert_file(checkpoint, tmp_path / "y.params", MODEL, unsafe_pickle=True)
    bias = mx.npx.load(str(tmp_path / "y.params"))["features.0.bias"]
    np.testing.assert_array_equal(bias, parameters(made)["features.0.bias"] + 1)


def parameters(net):
    return {name: parameter.data().asnumpy() for name, parameter in net.collect_params().items()}


def assert_equal(net, other):
    one, two = parameters(net), parameters(other)
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, two[name], err_msg=name)


# The table


def test_every_model_has_weights_as_mxnet_counts_them():
    reference = load("zoo.json")["models"]
    weights = [vision.get_weights(name) for name in vision.list_weights("*.mxnet")]
    assert {one.model: one.parameters for one in weights} == {
        name: model["elements"] for name, model in reference.items()
    }
    assert [one.model for one in weights] == vision.list_models()
    assert all(50 < one.top1 < 80 and 74 < one.top5 < 95 for one in weights)


@pytest.mark.parametrize("name", vision.list_weights("*.torchvision"))
def test_checkpoints_of_torchvision(name):
    weights = vision.get_weights(name)
    ours = vision.get_weights(weights.model)
    assert weights.file.endswith(f"-{weights.digest.digits}.pth") and len(weights.digest.digits) == 8
    assert weights.url == f"https://download.pytorch.org/models/{weights.file}"
    assert weights.preprocessing == dataclasses.replace(ours.preprocessing, antialias=True)
    assert weights.input_size == ours.input_size
    # A file holds its parameters, the counters of torch's BatchNorm, and names; Inception's has a second classifier.
    extra = 3_326_696 if weights.model == "inceptionv3" else 0
    assert 0 <= weights.size / 4 - ours.parameters - extra < 0.02 * ours.parameters + 10_000


def test_lists_and_look_ups():
    assert vision.list_weights("resnet18_v1") == ["resnet18_v1.mxnet", "resnet18_v1.torchvision"]
    assert vision.list_weights("resnet50_v1") == ["resnet50_v1.mxnet"]
    assert len(vision.list_weights()) == 34 + 19
    assert vision.get_weights("VGG-16", "torchvision") is not None
    weights = vision.get_weights("inception_v3")
    assert weights.input_size == (3, 299, 299) and weights.preprocessing.resize == 342
    assert weights.name == "inceptionv3.mxnet" and weights.digest.digits == model_store._model_sha1["inceptionv3"]
    with pytest.raises(AttributeError):
        weights.file = "other"


def test_unknown_weights():
    with pytest.raises(ValueError, match="torchvision has no weights for resnet50_v1; there are weights of: mxnet"):
        vision.get_weights("resnet50_v1", "torchvision")
    with pytest.raises(ValueError, match="there are no weights 'vgg15.torchvision'; the nearest are vgg1"):
        vision.get_weights("vgg15.torchvision")
    with pytest.raises(ValueError, match="nearest first"):
        vision.get_weights("vgg15")
    with pytest.raises(ValueError, match="timm has no weights for vgg16; there are weights of: mxnet, torchvision"):
        vision.get_weights("vgg16", "timm")


# MXNet's files


@pytest.mark.parametrize("word", ["device", "ctx"])
@pytest.mark.parametrize("source", [True, "mxnet"])
def test_mxnets_parameters(made, published, word, source):
    net = vision.squeezenet1_1(pretrained=source, root=str(published.parent), **{word: mx.cpu()})
    assert_equal(net, made)


def test_by_name_from_the_default_folder(made, published, tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    published.parent.rename(tmp_path / "models")
    assert_equal(vision.get_model("SqueezeNet1.1", pretrained=True), made)


def test_nothing_is_read_unless_asked_for(monkeypatch):
    monkeypatch.setattr(_pretrained, "find_pretrained", lambda *arguments: pytest.fail("read"))
    for pretrained in (False, None, ""):
        vision.squeezenet1_1(pretrained=pretrained)


# torchvision's


@pytest.mark.parametrize("place", ["root", "torch", "mirror", "server"])
def test_torchvisions_parameters(made, checkpoint, tmp_path, monkeypatch, place):
    if place == "torch":
        (tmp_path / "torch" / "hub" / "checkpoints").mkdir(parents=True)
        checkpoint.rename(tmp_path / "torch" / "hub" / "checkpoints" / checkpoint.name)
    elif place == "mirror":
        monkeypatch.setenv("MXNET_GLUON_REPO", str(tmp_path))
    elif place == "root":
        (tmp_path / "models").mkdir()
        checkpoint.rename(tmp_path / "models" / checkpoint.name)
    else:
        monkeypatch.delenv("MXNET_OFFLINE")
    with serving() as server:
        server.files[f"/{checkpoint.name}"] = checkpoint.read_bytes() if checkpoint.exists() else b""
        if place == "server":
            monkeypatch.setenv("MXNET_GLUON_REPO", server.url)
        net = vision.squeezenet1_1(pretrained="torchvision", root=tmp_path / "models")
    assert_equal(net, made)


def test_torchvisions_parameters_for_other_classes_and_channels(made, checkpoint, tmp_path, caplog):
    net = vision.squeezenet1_1(pretrained="torchvision", root=checkpoint.parent, classes=4, in_channels=1)
    assert f"{checkpoint.name} has 1000 classes" in caplog.text
    stem = parameters(made)["features.0.weight"].sum(1, keepdims=True)
    np.testing.assert_allclose(parameters(net)["features.0.weight"], stem, rtol=1e-5, atol=1e-6)
    assert net(mx.np.zeros((1, 1, 224, 224))).shape == (1, 4)
    body = vision.get_model("squeezenet1.1", pretrained="torchvision", root=checkpoint.parent, features_only=True)
    for name, value in parameters(body).items():
        np.testing.assert_array_equal(value, parameters(made)[name])


def test_true_takes_the_next_source_and_says_so(made, checkpoint, tmp_path):
    why = "MXNet's parameters of squeezenet1.1 could not be had .*MXNET_OFFLINE.*"
    with pytest.warns(UserWarning, match=why) as told:
        net = vision.squeezenet1_1(pretrained=True, root=checkpoint.parent)
    assert_equal(net, made)
    with pytest.warns(UserWarning, match=why) as told_too:
        vision.get_model(MODEL, features_only=True, pretrained=True, root=checkpoint.parent)
    assert told[0].filename == told_too[0].filename == __file__  # they show the user's own lines
    with (
        warnings.catch_warnings(),
        pytest.raises(UserWarning, match=f"Taken instead: torchvision's .*{checkpoint.name}"),
    ):
        warnings.simplefilter("error")
        vision.squeezenet1_1(pretrained=True, root=checkpoint.parent)


@pytest.mark.parametrize("named", [False, True])
def test_a_checkpoint_is_hashed_once(made, checkpoint, monkeypatch, named):
    hashed, file_hash = [], pooch.file_hash
    monkeypatch.setattr(pooch, "file_hash", lambda name, alg: hashed.append(name) or file_hash(name, alg))
    monkeypatch.setattr(_checksum, "_SETTLED", 0)
    digits = checkpoint.stem.rpartition("-")[2]
    source = f"{checkpoint}#sha256={digits}" if named else "torchvision"
    assert_equal(vision.squeezenet1_1(pretrained=source, root=checkpoint.parent), made)
    assert hashed == [str(checkpoint)]


def asked_in_vain(monkeypatch):
    """A network that lets nothing through: the list that gets host and patience of each request."""
    asked = []

    def get(session, url, timeout, **kwargs):
        asked.append((urlsplit(url).hostname, *timeout))
        raise requests.ConnectTimeout

    monkeypatch.setattr(requests.Session, "get", get)
    monkeypatch.delenv("MXNET_OFFLINE")
    return asked


MXNETS = "apache-mxnet.s3-accelerate.dualstack.amazonaws.com"


def test_mxnets_server_is_not_waited_for_where_there_is_another_source(made, checkpoint, tmp_path, monkeypatch):
    asked = asked_in_vain(monkeypatch)
    with pytest.warns(UserWarning, match=r"could not be had \(https://.*: no connection within 3 s\)"):
        assert_equal(vision.squeezenet1_1(pretrained=True, root=tmp_path), made)
    assert asked == [(MXNETS, 3, 5)]
    asked.clear()
    with pytest.raises(MXNetError, match=r"no connection within 10 s \(2 attempts\)"):
        vision.vgg11(pretrained=True, root=tmp_path)
    assert asked == [(MXNETS, 3, 5)] + 2 * [("download.pytorch.org", 10, 30)]


def test_mxnets_server_is_waited_for_where_it_alone_has_them_or_the_user_says_so(tmp_path, checkpoint, monkeypatch):
    asked = asked_in_vain(monkeypatch)
    for model, source in (("resnet50_v1", True), (MODEL, "mxnet")):
        with pytest.raises(MXNetError, match="no connection within 10 s"):
            vision.get_model(model, pretrained=source, root=tmp_path)
    assert asked == 4 * [(MXNETS, 10, 30)]
    asked.clear()
    monkeypatch.setenv("MXNET_DOWNLOAD_CONNECT_TIMEOUT", "60")
    with pytest.warns(UserWarning, match="no connection within 60 s"):
        vision.squeezenet1_1(pretrained=True, root=tmp_path)
    assert asked == [(MXNETS, 60, 5)]
    asked.clear()
    monkeypatch.setenv("MXNET_GLUON_REPO", "https://mirror.example.org")  # of which the user expects something
    monkeypatch.delenv("MXNET_DOWNLOAD_CONNECT_TIMEOUT")
    with pytest.warns(UserWarning, match="no connection within 10 s"):
        vision.squeezenet1_1(pretrained=True, root=tmp_path)
    assert asked == 2 * [("mirror.example.org", 10, 30)]


def test_true_prefers_mxnets(made, checkpoint, published):
    checkpoint.rename(published.parent / checkpoint.name)
    assert_equal(vision.squeezenet1_1(pretrained=True, root=published.parent), made)


def test_everything_that_was_tried_is_told(tmp_path):
    with pytest.raises(MXNetError) as caught:
        vision.vgg16(pretrained=True, root=tmp_path)
    for told in (
        "no pretrained parameters of vgg16",
        "Looked for vgg16-e660d456.params (SHA-1 e660d4569ccb679ec68f1fd3cce07a387252a90a):",
        "Looked for vgg16-397923af.pth (SHA-256 397923af...):",
        f"  {tmp_path}/vgg16-397923af.pth: not there",
        "https://download.pytorch.org/models/vgg16-397923af.pth: not asked, since MXNET_OFFLINE is set",
        "set MXNET_GLUON_REPO",
        f"place the file by hand: {tmp_path}/vgg16-397923af.pth (SHA-256 397923af...)",
        "mxzoo convert",
    ):
        assert told in str(caught.value)
    assert 'pretrained="torchvision"' not in str(caught.value)
    with pytest.raises(MXNetError, match='take PyTorch\'s parameters of the same network: pretrained="torchvision"'):
        vision.vgg16(pretrained="mxnet", root=tmp_path)
    with pytest.raises(ValueError, match="torchvision has no weights for resnet50_v1"):
        vision.resnet50_v1(pretrained="torchvision")


# MobileNetV2, whose body alone is equal


@pytest.fixture
def mobilenet(tmp_path, monkeypatch):
    """A checkpoint of torchvision's MobileNetV2, declared to be the published one."""
    values = fill_rule.state_dict(load("torchvision.json.gz")[BODY], fill_rule.model_gain(BODY))
    torch.save({name: torch.from_numpy(value) for name, value in values.items()}, tmp_path / "made")
    digest = hashlib.sha256((tmp_path / "made").read_bytes()).hexdigest()
    entry = _weights_table.TORCHVISION[BODY]._replace(file=f"mobilenet_v2-{digest[:8]}.pth")
    monkeypatch.setitem(_weights_table.TORCHVISION, BODY, entry)
    return (tmp_path / "made").rename(tmp_path / entry.file)


def assert_body_is_torchvisions(features):
    """Held against what torchvision computes; every eighth number behind the pooling is recorded."""
    logits = np.load(REFERENCE / "torchvision_logits.npz")[BODY]
    maps = features(mx.np.array(fill_rule.images((1, 3, 224, 224)))).asnumpy()
    np.testing.assert_allclose(maps.mean((2, 3))[:, ::8], logits, rtol=1e-4, atol=1e-4 * logits.std())


def test_the_body_of_torchvision_serves_for_other_classes(mobilenet, tmp_path, caplog):
    assert vision.get_weights("mobilenetv2_1.0.torchvision").body_only
    net = vision.mobilenet_v2_1_0(pretrained="torchvision", classes=10, root=tmp_path)
    assert f"{mobilenet.name} has no output that fits: the output for 10 is initialized" in caplog.text
    assert_body_is_torchvisions(net.features)
    assert net(mx.np.zeros((1, 3, 224, 224))).shape == (1, 10)
    with pytest.warns(UserWarning, match=f"Taken instead: torchvision's of the same body, {mobilenet.name}"):
        net = vision.get_model(BODY, pretrained=True, classes=10, root=tmp_path)
    assert_body_is_torchvisions(net.features)
    assert_body_is_torchvisions(vision.get_model(BODY, pretrained=f"{mobilenet}", classes=10).features)


def test_the_body_of_torchvision_serves_where_an_output_for_as_many_classes_may_be_new(mobilenet, tmp_path):
    """So `mxzoo train` asks for them."""
    net = vision.mobilenet_v2_1_0()
    found = _pretrained.load_pretrained(net, BODY, "torchvision", tmp_path, mx.cpu(), head="may be new")
    assert found.weights.body_only
    assert_body_is_torchvisions(net.features)
    assert net(mx.np.zeros((1, 3, 224, 224))).shape == (1, 1000)


def test_the_body_of_torchvision_serves_for_feature_maps(mobilenet, tmp_path, caplog):
    for source in ("torchvision", str(mobilenet)):
        body = vision.get_model(BODY, pretrained=source, features_only=True, root=tmp_path)
        assert_body_is_torchvisions(lambda image, body=body: body(image)[-1])
    with pytest.warns(UserWarning, match="torchvision's of the same body"):
        vision.get_model(BODY, pretrained=True, features_only=True, root=tmp_path)
    assert not caplog.text


def test_the_output_of_torchvision_is_not_taken(mobilenet, tmp_path):
    with pytest.raises(ValueError, match=f"torchvision has .*the body of {BODY} alone.*classes=.*features_only=True"):
        vision.mobilenet_v2_1_0(pretrained="torchvision", root=tmp_path)
    with pytest.raises(mx.MXNetError, match="bias in its classifier"):
        vision.mobilenet_v2_1_0(pretrained=f"{mobilenet}")
    with pytest.raises(mx.MXNetError) as caught:
        vision.mobilenet_v2_1_0(pretrained=True, root=tmp_path)
    assert mobilenet.name not in str(caught.value)
    state = torch.load(mobilenet, weights_only=True)
    state |= {f"classifier.1.{name}": state[f"classifier.1.{name}"][:10].clone() for name in ("weight", "bias")}
    mx.formats.save_safetensors(tmp_path / "trained.safetensors", state)
    with pytest.raises(mx.MXNetError, match="bias in its classifier"):  # the user's own output would be lost
        vision.mobilenet_v2_1_0(pretrained=tmp_path / "trained.safetensors", classes=10)
    assert_body_is_torchvisions(
        vision.mobilenet_v2_1_0(pretrained=tmp_path / "trained.safetensors", classes=9).features
    )


def test_inception_takes_the_usual_normalisation():
    """What torchvision's network computes with its `transform_input`, computed here with float64 and torch alone."""
    generator = torch.Generator().manual_seed(3)
    weight = torch.randn(32, 3, 3, 3, generator=generator)
    mean = torch.randn(32, generator=generator)
    weights = vision.get_weights("inceptionv3", "torchvision")
    translated = _pretrained._taking(
        {"features.0.0.weight": weight, "features.0.1.running_mean": mean, "other": mean},
        weights.preprocessing,
        weights.trained_on,
    )
    colours = torch.rand(2, 3, 9, 9, generator=generator, dtype=torch.float64)
    usual = (colours - torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).reshape(3, 1, 1)
    convolution = torch.nn.functional.conv2d
    expected = convolution(2 * colours - 1, weight.double()) - mean.double().reshape(-1, 1, 1)
    got = convolution(usual, translated["features.0.0.weight"].double())
    got -= translated["features.0.1.running_mean"].double().reshape(-1, 1, 1)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
    assert translated["other"] is mean
    only = [name for name in vision.list_weights() if vision.get_weights(name).trained_on is not None]
    assert only == ["inceptionv3.torchvision"]


# Files of one's own


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_of_the_own(made, tmp_path, kind):
    made.save_parameters(str(tmp_path / "own.params"))
    assert_equal(vision.squeezenet1_1(pretrained=kind(tmp_path / "own.params")), made)


def test_npz_and_safetensors_under_torchvisions_names(made, tmp_path):
    from safetensors.torch import save_file

    np.savez(tmp_path / "own.npz", **parameters(made))
    assert_equal(vision.squeezenet1_1(pretrained=tmp_path / "own.npz"), made)
    save_file(torchvision_state(made), tmp_path / "theirs.safetensors")
    assert_equal(vision.squeezenet1_1(pretrained=str(tmp_path / "theirs.safetensors")), made)
    halves = {name: tensor.half() for name, tensor in torchvision_state(made).items()}
    save_file(halves, tmp_path / "half.safetensors")
    net = vision.squeezenet1_1(pretrained=str(tmp_path / "half.safetensors"))
    assert net.output[0].weight.dtype == np.float32
    np.testing.assert_allclose(
        net.output[0].weight.data().asnumpy(), made.output[0].weight.data().asnumpy(), rtol=1e-3, atol=1e-6
    )


def test_a_pickle_needs_its_published_hash(made, checkpoint, tmp_path):
    assert_equal(vision.squeezenet1_1(pretrained=checkpoint), made)  # torchvision's, known by its name and hash
    own = tmp_path / "own.pth"
    own.write_bytes(checkpoint.read_bytes())
    with pytest.raises(MXNetError, match="own.pth is a pickle, which can run any program .*#sha256="):
        vision.squeezenet1_1(pretrained=own)
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    for digits in (digest, digest[:8].upper()):
        assert_equal(vision.squeezenet1_1(pretrained=f"{own}#sha256={digits}"), made)
    with pytest.raises(MXNetError, match=f"not the file that was named: it has SHA-256 {digest}"):
        vision.squeezenet1_1(pretrained=f"{own}#sha256={'0' * 64}")
    with pytest.raises(ValueError, match="8 to 64 hexadecimal digits, not '12'"):
        vision.squeezenet1_1(pretrained=f"{own}#sha256=12")


def test_the_bytes_tell_what_a_file_is(made, checkpoint, tmp_path):
    made.save_parameters(str(tmp_path / "own.params"))
    for name in ("pytorch_model.bin", "own.pth"):
        (tmp_path / name).write_bytes((tmp_path / "own.params").read_bytes())
        assert_equal(vision.squeezenet1_1(pretrained=tmp_path / name), made)
    pickle = checkpoint.rename(tmp_path / "theirs.params")
    with pytest.raises(MXNetError, match="theirs.params is a pickle"):
        vision.squeezenet1_1(pretrained=pickle)
    digest = hashlib.sha256(pickle.read_bytes()).hexdigest()
    assert_equal(vision.squeezenet1_1(pretrained=f"{pickle}#sha256={digest}"), made)


def test_foreign_names_are_told_with_their_file(tmp_path):
    mx.npx.savez(str(tmp_path / "foreign.npz"), **{"stem.conv.weight": mx.np.ones((2, 3, 3, 3))})
    with pytest.raises(ValueError, match="foreign.npz: these are not the parameters of squeezenet1.1: missing: "):
        vision.squeezenet1_1(pretrained=tmp_path / "foreign.npz")


@pytest.mark.parametrize("source", [1.5, b"net.params", ["net.params"], {"a": 1}, object()])
def test_what_is_no_source(source):
    with pytest.raises(
        TypeError, match=f"a source of parameters .mxnet, torchvision. or a file, not {type(source).__name__}"
    ):
        vision.squeezenet1_1(pretrained=source)


@pytest.mark.parametrize("source", [1, np.bool_(True)])
def test_what_programs_write_for_true(made, published, source):
    assert_equal(vision.squeezenet1_1(pretrained=source, root=published.parent), made)


def test_a_file_that_is_no_file(tmp_path):
    for source in ("torch-vision", tmp_path / "none.params", tmp_path):
        with pytest.raises(MXNetError, match="is no file, nor a source of parameters"):
            vision.squeezenet1_1(pretrained=source)


def test_a_file_that_may_not_be_read(checkpoint, monkeypatch):
    def refuse(name, alg):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pooch, "file_hash", refuse)
    for source in ("torchvision", True, f"{checkpoint}#sha256=12345678"):
        with (
            pytest.raises(MXNetError, match=f"^cannot read {checkpoint}: Permission denied"),
            warnings.catch_warnings(),
        ):
            vision.squeezenet1_1(pretrained=source, root=checkpoint.parent)


def test_a_file_of_another_network(made, tmp_path):
    made.save_parameters(str(tmp_path / "own.params"))
    with pytest.raises((AssertionError, ValueError)):
        vision.alexnet(pretrained=tmp_path / "own.params")


# The Hub


@pytest.fixture
def hub(made, tmp_path, monkeypatch):
    """A stand-in for huggingface_hub that has one repository; it lists what it was asked."""
    made.save_parameters(str(tmp_path / "squeezenet.params"))
    asked = []

    def hf_hub_download(repo_id, filename, revision=None, local_files_only=False):
        asked.append((repo_id, filename, revision, local_files_only))
        if filename != "sub/squeezenet.params":
            raise RuntimeError(f"404: no {filename}.\nRequest ID: 1")
        return str(tmp_path / "squeezenet.params")

    module = types.ModuleType("huggingface_hub")
    module.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return asked


def test_from_the_hub(made, hub, monkeypatch):
    assert_equal(vision.squeezenet1_1(pretrained="hf://an-owner/a.name/sub/squeezenet.params"), made)
    monkeypatch.delenv("MXNET_OFFLINE")
    assert_equal(vision.squeezenet1_1(pretrained="hf://an-owner/a.name@v1/sub/squeezenet.params"), made)
    assert hub == [
        ("an-owner/a.name", "sub/squeezenet.params", None, True),
        ("an-owner/a.name", "sub/squeezenet.params", "v1", False),
    ]


def test_the_hub_does_not_have_it(hub):
    message = (
        r"hf://a/b@x did not give model.safetensors \(MXNET_OFFLINE is set, .*\): 404: no model\.safetensors\. "
        "Another file is named as hf://a/b@x/FILE$"
    )
    with pytest.raises(MXNetError, match=message):
        vision.squeezenet1_1(pretrained="hf://a/b@x")
    with pytest.raises(ValueError, match="no address on the Hub"):
        vision.squeezenet1_1(pretrained="hf://a")


def test_without_huggingface_hub(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MXNetError, match="needs the package huggingface_hub: pip install"):
        vision.squeezenet1_1(pretrained="hf://a/b")
