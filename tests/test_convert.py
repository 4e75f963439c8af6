"""Files from format to format and from names to names, and the commands `mxzoo convert` and `mxzoo inspect`."""

import hashlib
import json
import os

import numpy as onp
import pytest
import safetensors.torch
import torch
from formats_data import GENUINE, assert_same
from test_cli import mxzoo

import mxnet as mx
from mxnet.formats import FileFormatError, describe, load, save_list, save_npz, save_safetensors, torch_checkpoint
from mxnet.formats.records import record_bytes
from mxnet.gluon.model_zoo import model_store, vision
from mxnet.gluon.model_zoo.vision import _registry

MODEL = "mobilenet0.25"
DATA = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1, -1], dtype=torch.int8)}
SAVERS = {
    "x.params": save_list,
    "x.npz": save_npz,
    "x.safetensors": save_safetensors,
    "x.pth": torch_checkpoint.save,
}


@pytest.fixture(scope="module")
def network():
    net = vision.get_model(MODEL, classes=3)
    net.infer_shape(mx.np.zeros((1, 3, 224, 224)))
    net.initialize()
    return {name: parameter.data().as_torch() for name, parameter in net.collect_params().items()}


@pytest.mark.parametrize("target", SAVERS)
@pytest.mark.parametrize("source", SAVERS)
def test_every_format_becomes_every_other(source, target, tmp_path):
    (tmp_path / "in").mkdir()
    SAVERS[source](tmp_path / "in" / source, DATA)
    done = vision.convert_file(tmp_path / "in" / source, tmp_path / target, unsafe_pickle=True)
    assert (done.arrays, done.source_names) == (2, None)
    out = tmp_path / target
    loaded = torch_checkpoint.read(out, unsafe=True) if target == "x.pth" else load(out)
    assert_same({name: loaded[name] for name in DATA}, DATA)


def test_other_libraries_read_what_is_written(tmp_path):
    save_list(tmp_path / "x.params", DATA)
    for name in ("x.npz", "x.safetensors", "x.pth"):
        vision.convert_file(tmp_path / "x.params", tmp_path / name)
    with onp.load(tmp_path / "x.npz", allow_pickle=False) as arrays:
        assert arrays["a.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert safetensors.torch.load_file(tmp_path / "x.safetensors").keys() == DATA.keys()
    assert torch.load(tmp_path / "x.pth", weights_only=True).keys() == DATA.keys()


@pytest.mark.parametrize("to", ["structural", "1.x", "1.x-export", "torch"])
def test_names_go_through_files_and_back(to, network, tmp_path):
    save_npz(tmp_path / "x.npz", network)
    there = vision.convert_file(tmp_path / "x.npz", tmp_path / "y.safetensors", MODEL, to)
    assert (there.source_names, there.target_names) == ("structural", to)
    vision.convert_file(tmp_path / "y.safetensors", tmp_path / "z.params", MODEL)
    assert_same(load(tmp_path / "z.params"), network)
    assert describe(tmp_path / "y.safetensors").metadata == {"model": MODEL, "names": to, "converted_from": "x.npz"}


def test_metadata_goes_from_safetensors_to_safetensors(tmp_path):
    save_safetensors(tmp_path / "x.safetensors", DATA, {"licence": "mine"})
    vision.convert_file(tmp_path / "x.safetensors", tmp_path / "y.safetensors")
    assert describe(tmp_path / "y.safetensors").metadata == {"licence": "mine", "converted_from": "x.safetensors"}


def test_a_file_may_be_converted_in_its_place(network, tmp_path):
    path = tmp_path / "x.safetensors"
    save_safetensors(path, network)
    vision.convert_file(path, path, MODEL, "1.x")
    vision.convert_file(path, path, MODEL)
    loaded = load(path)
    assert_same({name: loaded[name] for name in network}, network)


def test_what_goes_wrong_leaves_the_target_alone(network, tmp_path):
    target = tmp_path / "y.params"
    target.write_bytes(b"old")
    save_list(tmp_path / "x.params", DATA)
    save_list(tmp_path / "list.params", list(DATA.values()))
    save_list(tmp_path / "two.params", DATA | {"arg:b": DATA["b"]})
    torch_checkpoint.save(tmp_path / "x.pth", DATA)
    convert = vision.convert_file
    for call, error, cause in [
        (
            lambda: convert(tmp_path / "x.params", target, MODEL),
            vision.NamesError,
            "x.params: these are not the parameters",
        ),
        (lambda: convert(tmp_path / "two.params", target, MODEL), vision.NamesError, "two.params: 'b' is there twice"),
        (lambda: convert(tmp_path / "x.params", target, to="1.x"), ValueError, "say which it is"),
        (lambda: convert(tmp_path / "x.params", target, MODEL, "caffe"), ValueError, "to must be one of"),
        (lambda: convert(tmp_path / "x.params", target, "nonet"), ValueError, "nonet is not supported"),
        (lambda: convert(tmp_path / "x.params", tmp_path / "y.bin"), ValueError, "the ending must say the format"),
        (lambda: convert(tmp_path / "list.params", target), mx.MXNetError, "arrays without names"),
        (lambda: convert(tmp_path / "x.pth", target), FileFormatError, "--unsafe-pickle"),
        (lambda: convert(tmp_path / "x.pth", target, sha256="0" * 8), FileFormatError, "not the published file"),
        (lambda: convert(tmp_path / "none", target), FileNotFoundError, "cannot read"),
    ]:
        with pytest.raises(error, match=cause):
            call()
    assert target.read_bytes() == b"old"


# mxzoo convert


def test_command_converts_and_tells(network, tmp_path):
    save_list(tmp_path / "x.params", network)
    done = mxzoo("convert", tmp_path / "x.params", tmp_path / "y.npz", "--model", "MobileNet 0.25", "--to", "1.x")
    assert done.exit_code == 0
    told = f"y.npz: {len(network)} arrays, MXNet's binary list to npz, structural names of {MODEL} to 1.x ones"
    assert told in done.stdout
    assert "mobilenet0_conv0_weight" in load(tmp_path / "y.npz")
    done = mxzoo("convert", tmp_path / "y.npz", tmp_path / "z.params")
    assert "npz to MXNet's binary list, names as they were" in done.stdout


def test_command_opens_pickles_on_demand_only(tmp_path):
    path = tmp_path / "x.pth"
    torch_checkpoint.save(path, DATA)
    refused = mxzoo("convert", path, tmp_path / "y.params")
    assert refused.exit_code == 1
    assert "--unsafe-pickle" in refused.stderr
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for flags in (["--unsafe-pickle"], ["--sha256", digest[:8]]):
        assert mxzoo("convert", path, tmp_path / "y.params", *flags).exit_code == 0
    assert mxzoo("convert", path, tmp_path / "y.params", "--sha256", "f" * 8).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nofile", "y.npz"], "cannot read nofile: No such file"),
        (["nofile", "y.npz", "--to", "1.x"], "say which it is"),
        (["nofile", "y.zip"], "the ending must say the format"),
    ],
)
def test_command_says_what_is_wrong(arguments, message):
    done = mxzoo("convert", *arguments)
    assert done.exit_code == 1
    assert message in done.stderr


# mxzoo inspect


def inspected(path, *flags):
    done = mxzoo("inspect", path, "--json", *flags)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["x.params", "x.npz", "x.safetensors"])
def test_inspect_lists_arrays(name, tmp_path):
    SAVERS[name](tmp_path / name, DATA)
    found = inspected(tmp_path / name)
    arrays = sorted(found["arrays"], key=lambda array: array["name"])
    assert arrays == [
        {"name": "a.weight", "dtype": "float32", "shape": [2, 3]},
        {"name": "b", "dtype": "int8", "shape": [2]},
    ]
    assert found["size"] == (tmp_path / name).stat().st_size
    assert found["sha256"] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    shown = mxzoo("inspect", tmp_path / name).stdout
    for text in ("a.weight", "float32", "2 x 3", "2 arrays, 8 elements", found["sha256"]):
        assert text in shown


def test_inspect_shows_the_beginning_of_long_metadata(tmp_path):
    save_safetensors(tmp_path / "x.safetensors", DATA, {"long": "a" * 10_000})
    shown = mxzoo("inspect", tmp_path / "x.safetensors").stdout
    assert 600 <= shown.count("a") < 1000 and "(--json has all)" in shown
    assert inspected(tmp_path / "x.safetensors")["metadata"] == {"long": "a" * 10_000}


@pytest.mark.parametrize(
    "path", sorted(GENUINE.glob("*.p*")) + sorted(GENUINE.glob("*.n*")), ids=lambda path: path.name
)
def test_inspect_says_of_genuine_files_what_loading_says(path):
    loaded = load(path)
    expected = loaded.items() if isinstance(loaded, dict) else [(None, tensor) for tensor in loaded]
    assert [(info.name, info.dtype, info.shape) for info in describe(path).arrays] == [
        (name, str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape)) for name, tensor in expected
    ] or path.suffix == ".npy"
    assert inspected(path)["format"] == describe(path).format


def test_inspect_tells_layout_and_origin(tmp_path, monkeypatch):
    assert "MXNet 1.x writes" in inspected(GENUINE / "1.9.1-net.params")["facts"]["layout"]
    assert "MXNet 2.0 writes" in inspected(GENUINE / "2.0.0b1-dtypes.params")["facts"]["layout"]
    assert "before 1.0" in inspected(GENUINE / "1.9.1-layout1.params")["facts"]["layout"]
    assert "before 0.12" in inspected(GENUINE / "1.9.1-layout0.params")["facts"]["layout"]
    assert inspected(GENUINE / "1.9.1-empty.params")["facts"]["layout"] == "empty"
    save_list(tmp_path / "x.params", DATA)
    published = hashlib.sha1((tmp_path / "x.params").read_bytes()).hexdigest()
    monkeypatch.setitem(model_store._model_sha1, "alexnet", published)
    assert inspected(tmp_path / "x.params")["origin"] == [
        f"published by MXNet as the parameters of alexnet (SHA-1 {published})"
    ]
    torch_checkpoint.save(tmp_path / "x.pth", DATA)
    digest = hashlib.sha256((tmp_path / "x.pth").read_bytes()).hexdigest()
    named = (tmp_path / "x.pth").rename(tmp_path / f"x-{digest[:8]}.pth")
    found = inspected(named)
    assert digest[:8] in found["origin"][0]
    assert found["arrays"] == []
    assert "not opened" in found["facts"]["contents"]
    assert [array["name"] for array in inspected(named, "--unsafe-pickle")["arrays"]] == list(DATA)
    vision.convert_file(named, tmp_path / "x.safetensors", unsafe_pickle=True)
    assert inspected(tmp_path / "x.safetensors")["origin"] == [f"converted from {named.name}"]


def test_inspect_of_records_and_graphs(tmp_path):
    (tmp_path / "x.rec").write_bytes(record_bytes(b"abc") + record_bytes(bytes(1000)))
    assert inspected(tmp_path / "x.rec")["facts"] == {"records": 2, "smallest": "3 bytes", "largest": "1000 bytes"}
    symbol = mx.sym.Activation(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc"), act_type="relu")
    symbol.save(str(tmp_path / "net-symbol.json"))
    facts = inspected(tmp_path / "net-symbol.json")["facts"]
    assert facts["arguments"] == ["data", "fc_weight", "fc_bias"]
    assert facts["operators"] == {"FullyConnected": 1, "Activation": 1}
    assert "1 FullyConnected" in mxzoo("inspect", tmp_path / "net-symbol.json").stdout


@pytest.mark.parametrize("command", ["inspect", "convert"])
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_not_waited_for(command, kind, tmp_path):
    os.mkfifo(tmp_path / "x") if kind == "pipe" else os.mkdir(tmp_path / "x")
    done = mxzoo(command, tmp_path / "x", *([tmp_path / "y.npz"] if command == "convert" else []))
    assert done.exit_code == 1 and "not a regular file" in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"hello world", "unknown format"), (b"{", "not a graph"), (None, "cannot")],
)
def test_inspect_refuses(content, message, tmp_path):
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    done = mxzoo("inspect", tmp_path / "x")
    assert done.exit_code == 1
    assert message in done.stderr


def test_shapes_alone_read_no_element(tmp_path):
    """Elements that loading would refuse, or inflate, are not met: checksums are those of other bytes here."""
    save_npz(tmp_path / "x.npz", {"x": torch.zeros(1000)})
    data = bytearray((tmp_path / "x.npz").read_bytes())
    data[2000] ^= 1
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(FileFormatError, match="checksum"):
        load(tmp_path / "x.npz")
    assert describe(tmp_path / "x.npz").arrays[0].shape == (1000,)
    onp.savez_compressed(tmp_path / "y.npz", x=onp.zeros((1000, 1000)), y=onp.ones(3))
    assert [info.shape for info in describe(tmp_path / "y.npz").arrays] == [(1000, 1000), (3,)]
    assert load(tmp_path / "y.npz")["x"].shape == (1000, 1000)


@pytest.mark.parametrize("size", range(64, 1024, 64))
def test_safetensors_are_no_pickles_whatever_their_first_byte(size, tmp_path):
    """The first byte is the lowest of the header's length, 0x80 for one header in a few."""
    path = tmp_path / "x.safetensors"
    name = "x" * (size - len('{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'))
    save_safetensors(path, {name: torch.ones(1)})
    assert int.from_bytes(path.read_bytes()[:8], "little") == size
    assert not torch_checkpoint.is_checkpoint(path)
    assert describe(path).arrays[0].name == name
    assert_same(load(path), {name: torch.ones(1)})


def test_inspect_shows_names_that_would_steer_the_terminal(tmp_path):
    save_safetensors(tmp_path / "x.safetensors", {"\x1b[2J[bold]": torch.ones(1)}, {"by": "\x1b]0;title\x07"})
    shown = mxzoo("inspect", tmp_path / "x.safetensors").stdout
    assert "\\x1b[2J[bold]" in shown and "\\x1b]0;title\\x07" in shown and "\x1b" not in shown
    done = mxzoo("convert", tmp_path / "x.safetensors", tmp_path / "y.npz", "--model", MODEL)
    assert done.exit_code == 1 and "\\x1b[2J" in done.stderr and "\x1b" not in done.stderr


def test_networks_that_users_registered_may_have_other_layers(monkeypatch):
    class Normed(mx.gluon.nn.HybridSequential):
        def __init__(self, classes=1000):
            super().__init__()
            self.add(mx.gluon.nn.Flatten(), mx.gluon.nn.LayerNorm(), mx.gluon.nn.Dense(classes))

    info = vision.ModelInfo("normed", "normed", 4, Normed)
    monkeypatch.setitem(_registry._models, "normed", info)
    monkeypatch.setitem(_registry._by_spelling, "normed", info)
    shapes = {"1.gamma": 48, "1.beta": 48, "2.weight": (5, 48), "2.bias": 5}
    arrays = {name: torch.ones(shape) for name, shape in shapes.items()}
    assert vision.convert_names("normed", arrays).keys() == arrays.keys()
    with pytest.raises(vision.NamesError, match="the parameters of normed.*the network is none of MXNet's zoo"):
        vision.convert_names("normed", {"body.norm.weight": torch.ones(48)})
