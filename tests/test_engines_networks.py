"""Every engine beside the network as it is written: all models of the zoo, and small networks of odd make."""

import sys
from pathlib import Path

import numpy as onp
import pytest
import references  # noqa: F401  (finds what `graphs` imports)
from twins import noise

import mxnet as mx
from mxnet import engines, np
from mxnet.gluon.model_zoo import vision

sys.path.append(str(Path(__file__).parent / "conformance" / "genuine"))
import fill_rule  # isort: skip
import graphs  # isort: skip

NAMES = [name for name in ("openvino", "onnxruntime", "torch") if not engines.engines()[name]]
SIZES = {"alexnet": 64, "densenet": 224, "inception": 299, "squeezenet": 224}
ODD = {name: entry for name, entry in (graphs.NETWORKS | graphs.NEW).items() if entry is not None}


def assert_close(found, expected):
    """Within 1e-4 of the largest number, which is what engines promise."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        onp.testing.assert_allclose(one, other, rtol=0, atol=1e-4 * onp.abs(other).max())


@pytest.mark.parametrize("name", vision.list_models())
def test_models_of_the_zoo(name):
    size = next((size for family, size in SIZES.items() if name.startswith(family)), 32)
    net = vision.get_model(name, classes=10)
    net.initialize(mx.init.Xavier(magnitude=2))
    images = noise(1, 3, size, size)
    expected = graphs.listed(net(images))
    assert onp.ptp(expected[0]) > 0
    for engine in NAMES:
        net.optimize_for(images, backend=engine, clear=True)
        assert_close(graphs.listed(net(images)), expected)
        [report] = net.engine_report()
        assert report["engine"] == engine  # nothing is left to torch


@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize("name", ODD)
def test_odd_networks(name, engine):
    net = ODD[name][0]()
    net.initialize()
    arrays = [np.array(values) for values in graphs.inputs(name)]
    net(*arrays)
    for path, parameter in net.collect_params().items():
        parameter.set_data(np.array(fill_rule.parameter(path, parameter.shape)))
    expected = graphs.listed(net(*arrays))
    net.optimize_for(*arrays, backend=engine)
    assert_close(graphs.listed(net(*arrays)), expected)
