"""Genuine MXNet reads the files that we write."""

import pytest
import torch

from mxnet.formats import load, save_list, save_npy, save_npz

PARAMETERS = {"weight": torch.tensor([[1, -2.5, 3], [0, 1e-3, 1e9]]), "bias": torch.tensor([0.5, -0.5])}
OF_1_9_1 = ["float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool"]
ALL = [*OF_1_9_1, "int16", "uint16", "uint32", "uint64"]
ODD = {"scalar": torch.tensor(2.5), "none": torch.empty(0, 3), "é/ü:x": torch.ones(1, 2, 1, 2)}
BFLOAT16 = [torch.tensor([1, -2.5, 3.140625]).bfloat16()]


def every(dtypes):
    return {name: torch.tensor([[0, 1], [1, 1], [0, 0]]).to(getattr(torch, name)) for name in dtypes}


def described(data):
    """What the genuine script says of `data`."""

    def describe(tensor):
        return [str(tensor.dtype).removeprefix("torch."), list(tensor.shape), tensor.reshape(-1).tolist()]

    return {name: describe(x) for name, x in data.items()} if isinstance(data, dict) else [describe(x) for x in data]


FILES = {  # file: (writer, data, functions of 1.9.1 that read it, functions of 2.0.0b1 that read it)
    "net.params": (save_list, PARAMETERS, ["load_parameters", "nd.load"], ["load_parameters"]),
    "net-v3.params": (
        lambda path, data: save_list(path, data, "v3"),
        PARAMETERS,
        ["npx.load"],
        ["load_parameters", "nd.load", "npx.load"],
    ),
    "net.npz": (save_npz, PARAMETERS, [], ["load_parameters", "nd.load", "npx.load"]),
    "dtypes-v2": (save_list, every(OF_1_9_1), ["nd.load"], []),
    "dtypes-v3": (
        lambda path, data: save_list(path, data, "v3"),
        every(ALL),
        [],
        ["nd.load", "npx.load"],
    ),
    "dtypes.npz": (save_npz, every(ALL), [], ["nd.load", "npx.load"]),
    "odd.params": (save_list, ODD, ["npx.load"], ["nd.load", "npx.load"]),
    "odd.npz": (save_npz, ODD, [], ["nd.load", "npx.load"]),
    "list": (save_list, list(PARAMETERS.values()), ["nd.load"], []),
    "empty": (save_list, [], ["nd.load"], ["nd.load", "npx.load"]),
    "empty.npz": (save_npz, [], [], ["nd.load", "npx.load"]),
    "bfloat16-v2": (save_list, BFLOAT16, ["nd.load"], []),
    "bfloat16-v3": (lambda path, data: save_list(path, data, "v3"), BFLOAT16, [], ["nd.load"]),
    "array.npy": (lambda path, data: save_npy(path, data[0]), [torch.arange(6).reshape(2, 3)], [], ["npx.load"]),
}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "files"
    path.mkdir()
    for name, (save, data, *_) in FILES.items():
        save(path / name, data)
    return path


def test_genuine_mxnet_reads_ours(run_genuine, genuine_version, folder):
    seen = run_genuine(genuine_version, "formats.py", folder).values
    for name, (_, data, by_1_9_1, by_2_0) in FILES.items():
        for function in by_1_9_1 if genuine_version == "1.9.1" else by_2_0:
            assert seen[name][function] == described(data), (name, function)


def test_what_each_version_refuses_is_as_documented(run_genuine, folder):
    """The facts behind the default layout: change it only if these change."""
    new, old = (run_genuine(version, "formats.py", folder).values for version in ("2.0.0b1", "1.9.1"))
    assert new["net.params"]["nd.load"] == new["net.params"]["npx.load"] == "MXNetError"
    assert old["net-v3.params"]["nd.load"] == old["net-v3.params"]["load_parameters"] == "MXNetError"


def test_we_read_every_type_and_odd_shape_of_genuine(run_genuine, genuine_version, tmp_path):
    expected = run_genuine(genuine_version, "odd_shapes.py", tmp_path).arrays
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == (["x.npz", "x.params"] if genuine_version == "2.0.0b1" else ["x.params"])
    for path in files:
        loaded = load(path)
        assert loaded.keys() == expected.keys()
        for name, tensor in loaded.items():
            assert (str(tensor.dtype)[6:], tuple(tensor.shape)) == (str(expected[name].dtype), expected[name].shape)
            assert tensor.numpy().tobytes() == expected[name].tobytes(), name
