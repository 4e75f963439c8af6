"""Converted networks travel between this package and genuine MXNet, and compute the same in bfloat16."""

import numpy as onp
import pytest

import mxnet as mx
from mxnet import amp, gluon, np

NETWORKS = ("resnet18_v1", "mobilenetv2_0.25")


def converted(name, dtype, offline):
    mx.random.seed(11)
    net = gluon.model_zoo.vision.get_model(name, classes=10)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    net(images())
    return amp.convert_hybrid_block(net, dtype, cast_optional_params=offline), net


def images():
    return np.array(onp.random.RandomState(0).rand(2, 3, 64, 64).astype("float32"))


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A folder of networks that we converted, and what they compute."""
    folder = tmp_path_factory.mktemp("converted")
    found = {}
    onp.savez(folder / "images.npz", images=images().asnumpy())
    for network in NETWORKS:
        low, net = converted(network, "bfloat16", False)
        low.export(folder / f"{network} bfloat16", remove_amp_cast=False)
        found[network] = low(images()).asnumpy(), net(images()).asnumpy()
        converted(network, "float16", True)[0].export(folder / f"{network} float16", remove_amp_cast=False)
    return folder, found


@pytest.fixture(scope="module")
def theirs(ours, run_genuine):
    return run_genuine("2.0.0b1", "amp_graphs.py", ours[0])


@pytest.mark.parametrize("network", NETWORKS)
def test_genuine_mxnet_computes_what_we_do(ours, theirs, network):
    low, precise = ours[1][network]
    found = theirs.arrays[f"{network} bfloat16"]
    spread = onp.abs(precise).max()
    onp.testing.assert_allclose(low, precise, rtol=0, atol=0.05 * spread)
    onp.testing.assert_allclose(found, low, rtol=0, atol=0.03 * spread)
    assert onp.abs(found - precise).max() > 1e-4 * spread  # not in float32


@pytest.mark.parametrize("network", NETWORKS)
def test_genuine_mxnet_reads_parameters_of_16_bits(theirs, network):
    types = theirs.values["types"][f"{network} float16"]
    assert {dtype for name, dtype in types.items() if name.endswith("weight")} == {"float16"}
    assert {dtype for name, dtype in types.items() if "gamma" in name or "running" in name} == {"float32"}


def test_we_run_what_genuine_mxnet_converted(theirs):
    symbol = mx.sym.fromjson(theirs.values["graph"])
    params = {name[6:]: np.array(value) for name, value in theirs.arrays.items() if name.startswith("param ")}
    net = gluon.SymbolBlock(symbol, mx.sym.var("data"), params)
    onp.testing.assert_allclose(net(images()).asnumpy(), theirs.arrays["theirs"], rtol=0, atol=0.01)
