"""The zoo's parameters under the names of MXNet 1.x go to genuine 1.9.1 and come back; the logits stay."""

import shutil

import numpy as onp
import pytest

import mxnet as mx
from mxnet.formats import load, save_list
from mxnet.gluon.model_zoo import vision

import conversion  # isort: skip  (of genuine/, found through conftest)
import fill_rule  # isort: skip  (found by conversion)

KINDS = ["-collected.params", "-saved.params", "-0000.params"]


def network(model):
    net = vision.get_model(model, classes=conversion.CLASSES)
    net.infer_shape(mx.np.zeros((1, 3, 224, 224)))
    return net


def filled(model):
    net = network(model)
    net.initialize()
    for name, parameter in net.collect_params().items():
        parameter.set_data(mx.np.array(fill_rule.parameter(name, parameter.shape, fill_rule.model_gain(model))))
    return net


def logits(net):
    return net(mx.np.array(conversion.images())).asnumpy()


@pytest.fixture(scope="module")
def exchange(run_genuine, tmp_path_factory):
    """The folder of genuine's files, the logits it found, and ours."""
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs")
    expected = {}
    for model in conversion.MODELS:
        net = filled(model)
        expected[model] = logits(net)
        arrays = {name: parameter.data().as_torch() for name, parameter in net.collect_params().items()}
        save_list(ours / f"{model}.params", vision.convert_names(model, arrays, "1.x"))
        save_list(ours / f"{model}-export.params", vision.convert_names(model, arrays, "1.x-export"))
    yield theirs, run_genuine("1.9.1", "conversion.py", ours, theirs).arrays, expected
    shutil.rmtree(ours)
    shutil.rmtree(theirs)


def assert_same_logits(found, expected):
    onp.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * onp.std(expected))


@pytest.mark.parametrize("model", conversion.MODELS)
def test_genuine_reads_our_names_of_1_x(exchange, model):
    _, found, expected = exchange
    assert_same_logits(found[f"read/{model}"], expected[model])
    assert_same_logits(found[f"read-export/{model}"], expected[model])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", conversion.MODELS)
def test_we_read_genuines_names_of_1_x(exchange, model, kind):
    folder, _, expected = exchange
    path = folder / f"{model}{kind}"
    net = vision.get_model(model, classes=conversion.CLASSES)
    net.load_parameters(path)
    assert_same_logits(logits(net), expected[model])
    other = vision.get_model(model, classes=conversion.CLASSES)
    other.load_dict(vision.convert_names(model, load(path)))
    onp.testing.assert_allclose(logits(other), logits(net), rtol=1e-4, atol=1e-6)
