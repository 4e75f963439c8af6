"""Networks loaded from mapped files: no second copy, no file changed, everything that trained networks do."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as onp
import pytest
import torch

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.formats import save_list, save_npz, save_safetensors
from mxnet.gluon import nn

FILES = {"x.params": save_list, "x.npz": save_npz, "x.safetensors": save_safetensors}


def network():
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Conv2D(5, 1), nn.Flatten(), nn.Dense(6), nn.Dense(2))
    return net


@pytest.fixture
def saved(tmp_path):
    """A file of a network's parameters, an input, and what the network makes of it."""
    net, x = network(), mx.np.random.uniform(size=(2, 3, 6, 6))
    net.initialize(mx.init.Xavier())
    expected = net(x)
    net.save_parameters(tmp_path / "x.params")
    return tmp_path / "x.params", x, expected


def loaded_from(path):
    net = network()
    net.load_parameters(path)
    return net


@pytest.mark.parametrize("name", FILES)
def test_every_format_loads_into_a_fresh_network(name, saved, tmp_path):
    path, x, expected = saved
    other = tmp_path / "other" / name
    other.parent.mkdir()
    FILES[name](other, mx.formats.load(path))
    assert (loaded_from(other)(x) == expected).all()


@pytest.mark.skipif(os.name == "nt", reason="files are copied there")
@pytest.mark.parametrize("name", FILES)
def test_parameters_are_views_of_the_mapped_file(name, tmp_path, monkeypatch):
    """All but kernels larger than 1 x 1, and what must be aligned and is not, up to a size."""
    monkeypatch.setattr("mxnet.gluon._layout._COPIED", 0)
    FILES[name](tmp_path / name, {"weight": torch.ones(1000, 300), "bias": torch.zeros(1000)})
    net = nn.Dense(1000)
    net.load_parameters(tmp_path / name)
    address = net.weight.data().as_torch().data_ptr()
    maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    places = {fields[-1]: [int(end, 16) for end in fields[0].split("-")] for fields in maps if len(fields) == 6}
    begin, end = places[str(tmp_path / name)]
    assert begin <= address < end


def test_weights_have_the_layout_of_initialized_ones(saved):
    fresh = network()
    fresh.initialize()
    fresh(saved[1])
    for loaded, made in zip(
        loaded_from(saved[0]).collect_params().values(), fresh.collect_params().values(), strict=True
    ):
        assert loaded.data().as_torch().stride() == made.data().as_torch().stride()
        assert loaded.grad_req == made.grad_req


def test_training_changes_the_network_and_not_the_file(saved):
    path, x, expected = saved
    before = path.read_bytes()
    net = loaded_from(path)
    net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    for _ in range(2):
        with autograd.record():
            loss = (net(x) ** 2).sum()
        loss.backward()
        trainer.step(2)
    assert not (net(x) == expected).all()
    assert path.read_bytes() == before
    assert (loaded_from(path)(x) == expected).all()


def test_the_file_may_be_replaced_and_removed_while_it_is_in_use(saved):
    path, x, expected = saved
    net = loaded_from(path)
    net.save_parameters(path)
    assert (net(x) == expected).all()
    path.unlink()
    assert (net(x) == expected).all()


def test_engines_see_a_file_that_is_loaded_later(saved):
    path, x, expected = saved
    net = network()
    net.initialize()
    net.hybridize()
    assert not (net(x) == expected).all()
    net.load_parameters(path)
    onp.testing.assert_allclose(net(x).asnumpy(), expected.asnumpy(), rtol=1e-5, atol=1e-6)


def test_arrays_handed_out_before_are_those_of_the_network_after(saved):
    net = network()
    net.initialize()
    net(saved[1])
    array = net[0].weight.data()
    net.load_parameters(saved[0])
    assert (array == net[0].weight.data()).all()
    assert array is net[0].weight.data()


def test_nothing_is_drawn_for_a_network_that_is_loaded(saved, monkeypatch):
    def refuse(*_):
        raise AssertionError("random parameters were made, only to be replaced")

    monkeypatch.setattr(mx.init.Uniform, "_init_weight", refuse)
    for prepare in (lambda net: None, lambda net: net.initialize()):
        net = network()  # its shapes are not known, so that initialize() has nothing to do yet
        prepare(net)
        net.load_parameters(saved[0])
        assert (net(saved[1]) == saved[2]).all()


def test_initialize_tells_the_devices(saved):
    net = network()
    net.initialize(device=[mx.cpu(0), mx.cpu(1)])
    net.load_parameters(saved[0])
    first, second = net[4].weight.list_data()
    assert net[4].weight.list_device() == [mx.cpu(0), mx.cpu(1)]
    first[:] = 0
    assert (second != 0).any()


def test_a_parameter_of_two_names_is_loaded_once(tmp_path):
    net = nn.HybridSequential()
    net.add(nn.Dense(3, in_units=3), nn.Dense(3, in_units=3))
    net[1].share_parameters(net[0].collect_params())
    net.initialize()
    net.save_parameters(tmp_path / "x")
    again = nn.HybridSequential()
    again.add(nn.Dense(3), nn.Dense(3))
    again[1].share_parameters(again[0].collect_params())
    again.load_parameters(tmp_path / "x")
    assert again[0].weight is again[1].weight
    assert (again[1].weight.data() == net[0].weight.data()).all()


def test_types_are_cast(tmp_path):
    save_list(tmp_path / "x", {"weight": torch.ones(2, 3).half(), "bias": torch.zeros(2).half()})
    for source, expected in (("current", "float32"), ("saved", "float16")):
        net = nn.Dense(2)
        net.load_parameters(tmp_path / "x", cast_dtype=True, dtype_source=source)
        assert net.weight.data().dtype == net.weight.dtype == onp.dtype(expected)


def test_a_dict_of_arrays_is_copied():
    weight, bias = mx.np.ones((2, 3)), mx.np.zeros(2)
    net = nn.Dense(2)
    net.load_dict({"weight": weight, "bias": bias})
    weight[:] = 7
    assert (net.weight.data() == 1).all()


def test_loading_under_inference_mode_leaves_a_network_that_trains(saved):
    with torch.inference_mode():
        net = loaded_from(saved[0])
        array = mx.nd.load(str(saved[0]))["0.weight"]
    with autograd.record():
        loss = net(saved[1]).sum()
    loss.backward()
    assert (net[0].weight.grad() != 0).any()
    array.attach_grad()


def test_files_of_another_kind_say_what_to_do(saved, tmp_path):
    save_list(tmp_path / "x", {"conv0_weight": torch.ones(1), "layer1.bn.bias": torch.ones(1)})
    for options in ({"allow_missing": True}, {"ignore_extra": True}):
        with pytest.raises((AssertionError, ValueError), match="mxzoo convert FILE NEW --model NAME"):
            network().load_parameters(tmp_path / "x", **options)


MEMORY = """
import sys
import mxnet as mx

def memory(field):
    (line,) = [line for line in open("/proc/self/status") if line.startswith(field)]
    return int(line.split()[1]) // 1024

net = mx.gluon.nn.HybridSequential()
net.add(mx.gluon.nn.Dense(4000), mx.gluon.nn.Dense(3000))
x = mx.np.ones((1, 4000))
mx.gluon.nn.Dense(3, in_units=4000).initialize()
open("/proc/self/clear_refs", "w").write("5")
before = memory("VmRSS")
net.load_parameters(sys.argv[1])
loaded = memory("VmHWM") - before
net(x)
print(loaded, memory("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is read from Linux's /proc")
def test_loading_costs_no_more_memory_than_the_file(tmp_path):
    save_list(
        tmp_path / "x",
        {
            "0.weight": torch.ones(4000, 4000),
            "0.bias": torch.ones(4000),
            "1.weight": torch.ones(3000, 4000),
            "1.bias": torch.ones(3000),
        },
    )
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "x")],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    loaded, used = map(int, done.stdout.split())
    size = (tmp_path / "x").stat().st_size >> 20
    assert loaded < 10  # megabytes: nothing has been looked at
    assert used < size + 15


@pytest.mark.parametrize("shift", range(4))
def test_a_loaded_network_gives_what_the_saved_one_gave_to_the_last_bit(shift, tmp_path):
    """Wherever the weights lie in the file: products with one image depend on it, if only by rounding."""
    net, other = nn.Dense(1000, in_units=1024), nn.Dense(1000)
    net.initialize()
    x = mx.np.random.uniform(size=(1, 1024))
    before = {"first": torch.ones(shift + 1)} | {
        name: net.params[name].data().as_torch() for name in ("weight", "bias")
    }
    save_list(tmp_path / "x", before)
    other.load_parameters(tmp_path / "x", ignore_extra=True)
    assert (net(x) == other(x)).all()


def test_names_that_differ_in_their_marks_alone_are_refused(tmp_path):
    net = nn.Dense(1, in_units=1)
    net.initialize()
    for other in ("weight", "aux:weight"):
        mx.npx.savez(str(tmp_path / "x.npz"), **{"arg:weight": mx.np.ones((1, 1)), other: mx.np.zeros((1, 1))})
        with pytest.raises(ValueError, match="x.npz: 'weight' is there twice"):
            net.load_parameters(str(tmp_path / "x.npz"))
