"""Engines on a GPU; skipped where there is none."""

import threading

import numpy as onp
import pytest
import torch

import mxnet as mx
from mxnet import np
from mxnet.engines._cuda_graph import captured
from mxnet.engines.engine import Subgraph
from mxnet.gluon.model_zoo import vision

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.fixture(autouse=True)
def own_home_and_precise_products(tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    monkeypatch.setattr("mxnet.engines._auto._remembered", {})
    with torch.backends.cudnn.flags(allow_tf32=False):
        yield


def network(name="resnet18_v1"):
    mx.random.seed(1)
    net = vision.get_model(name, classes=10)
    net.initialize(mx.init.Xavier(), device=mx.gpu())
    return net, np.random.uniform(size=(2, 3, 64, 64), device=mx.gpu())


def assert_close(found, expected, tolerance=1e-4):
    onp.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * onp.abs(expected).max())


@pytest.mark.parametrize("name", ["resnet18_v1", "mobilenetv2_0.25", "squeezenet1.1"])
def test_static_hybridize_predicts_by_a_cuda_graph(name, recwarn):
    net, images = network(name)
    expected = [net(images * factor).asnumpy() for factor in (1, 2)]
    net.hybridize(static_alloc=True, static_shape=True)
    kept = [net(images * factor) for factor in (1, 2)]  # results are the caller's own
    for found, wanted in zip(kept, expected, strict=True):
        assert found.device == mx.gpu()
        assert_close(found.asnumpy(), wanted)
    assert not [str(warning.message) for warning in recwarn if "CUDA graph" in str(warning.message)]


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_less_precise_networks(precision):
    net, images = network()
    expected = net(images).asnumpy()
    net.optimize_for(images, backend="torch", precision=precision)
    found = net(images)
    assert found.dtype == onp.float32
    assert_close(found.asnumpy(), expected, tolerance=0.05)


def test_inductor():
    pytest.importorskip("triton")
    net, images = network()
    expected = net(images).asnumpy()
    net.optimize_for(images, backend="inductor")
    assert_close(net(images).asnumpy(), expected)


def test_changed_weights_are_never_stale():
    net, images = network()
    net.hybridize(static_alloc=True, static_shape=True)
    net(images)
    net.output.bias.set_data(np.ones(10, device=mx.gpu()))
    found = [net(images).asnumpy() for _ in range(3)]
    net.hybridize(False)
    for each in found:
        assert_close(each, net(images).asnumpy())


def test_threads_share_a_cuda_graph():
    net, images = network()
    expected = [net(images * factor).asnumpy() for factor in range(1, 5)]
    net.hybridize(static_alloc=True, static_shape=True)
    net(images)
    found = [None] * 4

    def work(number):
        with torch.cuda.stream(torch.cuda.Stream()):
            given = images * (number + 1)
            for _ in range(20):
                found[number] = net(given).asnumpy()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other)


def test_what_no_cuda_graph_holds_runs_without_one():
    device = torch.device("cuda", 0)
    graph = Subgraph([], [], [torch.empty(2, device="meta")], {}, device)
    with pytest.warns(UserWarning, match="no CUDA graph, kernels are launched one by one"):
        function = captured(lambda x: [x * x.sum().item()], graph)  # it waits for a value
    assert function(torch.tensor([1.0, 2.0], device=device))[0].tolist() == [3.0, 6.0]


def test_predicting_many_inputs():
    net, _ = network()
    images = onp.random.RandomState(0).rand(10, 3, 64, 64).astype("float32")
    net.hybridize(static_alloc=True, static_shape=True)
    found = net.predict(images, batch_size=4)
    assert found.shape == (10, 10) and found.device == mx.cpu()
