"""Published parameter files: where they are looked for, how they are checked, how they load."""

import hashlib
from pathlib import Path

import pytest
from references import load

import mxnet as mx
from mxnet.gluon.model_zoo import model_store, vision


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A folder with the parameters of a SqueezeNet, declared to be the published ones; and that SqueezeNet."""
    net = vision.squeezenet1_1()
    net.initialize()
    net.infer_shape(mx.np.zeros((1, 3, 224, 224)))
    net(mx.np.zeros((1, 3, 224, 224)))
    made = tmp_path / "made"
    net.save_parameters(str(made))
    digest = hashlib.sha1(made.read_bytes()).hexdigest()
    monkeypatch.setitem(model_store._model_sha1, "squeezenet1.1", digest)
    made.rename(tmp_path / f"squeezenet1.1-{digest[:8]}.params")
    return tmp_path, net


def parameters(net):
    return {name: parameter.data().asnumpy().tolist() for name, parameter in net.collect_params().items()}


def test_checksums_are_the_published_ones():
    assert model_store._model_sha1 == load("zoo.json")["sha1"]


def test_short_hash():
    assert model_store.short_hash("resnet18_v1") == "a0666292"


@pytest.mark.parametrize("word", ["device", "ctx"])
def test_pretrained_loads_a_checked_file(published, word):
    root, net = published
    loaded = vision.squeezenet1_1(pretrained=True, root=str(root), **{word: mx.cpu()})
    assert parameters(loaded) == parameters(net)


def test_root_may_be_a_path_or_start_at_home(published, monkeypatch):
    root, _ = published
    monkeypatch.setenv("HOME", str(root))
    expected = str(root / f"squeezenet1.1-{model_store.short_hash('squeezenet1.1')}.params")
    assert model_store.get_model_file("squeezenet1.1", root) == expected
    assert model_store.get_model_file("squeezenet1.1", "~") == expected


def test_default_folder_follows_the_environment(published, monkeypatch):
    root, net = published
    (root / "models").mkdir()
    for file in root.glob("*.params"):
        file.rename(root / "models" / file.name)
    monkeypatch.setenv("MXNET_HOME", str(root))
    assert parameters(vision.get_model("SqueezeNet1.1", pretrained=True)) == parameters(net)


def test_a_missing_file_is_named_and_not_fetched(tmp_path):
    expected = tmp_path / "resnet18_v1-a0666292.params"
    with pytest.raises(FileNotFoundError) as caught:
        vision.resnet18_v1(pretrained=True, root=tmp_path)
    assert str(expected) in str(caught.value)
    with pytest.raises(FileNotFoundError, match="models.vgg11_bn-ee79a809.params"):
        model_store.get_model_file("vgg11_bn")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_the_published_one_is_refused(tmp_path):
    path = tmp_path / "alexnet-44335d1f.params"
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="SHA-1 is not 44335d1f0046b328243b32a26a4fbd62d9057b45"):
        vision.alexnet(pretrained=True, root=tmp_path)
    assert path.read_bytes() == b"something else"


def test_a_folder_under_the_name_is_no_file(tmp_path):
    (tmp_path / "alexnet-44335d1f.params").mkdir()
    with pytest.raises(FileNotFoundError, match="expected the file"):
        model_store.get_model_file("alexnet", tmp_path)


@pytest.mark.parametrize("call", [model_store.get_model_file, model_store.short_hash])
def test_unpublished_names(call):
    with pytest.raises(ValueError, match="resnet19_v1 is not available: choose from alexnet,"):
        call("resnet19_v1")
    with pytest.raises(ValueError, match="mobilenet0.6 is not available"):
        vision.get_mobilenet(0.6, pretrained=True)


def test_purge_deletes_parameter_files_only(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.params", "b.txt", "c.params.npz", "sub/d.params"):
        (tmp_path / name).write_bytes(b"")
    model_store.purge(tmp_path)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["b.txt", "c.params.npz", str(Path("sub", "d.params"))]
    model_store.purge(tmp_path / "nowhere")
