"""Pretrained parameters for other classes and other channels, for every network of the zoo."""

import logging

import numpy as np
import pytest
from small_zoo import FAMILIES, MODELS, made, small, smallest, values  # noqa: F401

import mxnet as mx
from mxnet.gluon.model_zoo import vision

pytestmark = pytest.mark.usefixtures("small")


def stem_of(net):
    """The name of the weight of the first convolution."""
    return next(name for name, value in values(net).items() if value.ndim == 4)


@pytest.mark.parametrize("name", MODELS)
def test_the_body_is_kept_and_the_output_new(name, tmp_path, caplog):
    donor = made(name, seed=1, classes=11)
    donor.save_parameters(tmp_path / "donor.params")
    net = vision.get_model(name, pretrained=tmp_path / "donor.params", classes=7, in_channels=4)
    assert f"{tmp_path / 'donor.params'} has 11 classes: the output for 7 is initialized" in caplog.text
    old, new = values(donor), values(net)
    assert old.keys() == new.keys()
    stem = stem_of(net)
    np.testing.assert_allclose(new[stem], old[stem][:, [0, 1, 2, 0]] * 0.75, rtol=1e-6)
    for key, value in new.items():
        if key.startswith("output."):
            assert value.shape == (7, *old[key].shape[1:])
            assert value.std() > 0 if key.endswith("weight") else not value.any()
        elif key != stem and not (name.endswith("_v2") and key.startswith("features.0.")):
            np.testing.assert_array_equal(value, old[key], err_msg=key)
    size = smallest(net)
    assert net(mx.np.zeros((1, 4, size, size))).shape == (1, 7)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_grey_image_gives_what_it_gives_repeated(name, tmp_path, caplog):
    donor = made(name, seed=2)
    if name.endswith("_v2"):  # which normalises the image first; the channels' means agree, their variances do not
        donor.features[0].running_mean.set_data([0.3, 0.3, 0.3])
        donor.features[0].running_var.set_data([0.5, 1, 2])
    donor.save_parameters(tmp_path / "donor.params")
    grey = vision.get_model(name, pretrained=tmp_path / "donor.params", in_channels=1)
    assert not caplog.text
    size = smallest(grey)
    image = mx.np.random.uniform(-1, 1, size=(2, 1, size, size))
    expected = donor(mx.np.repeat(image, 3, axis=1)).asnumpy()
    np.testing.assert_allclose(grey(image).asnumpy(), expected, rtol=1e-3, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["resnet50_v2", "vgg11"])
def test_twice_the_channels_give_the_same(name, tmp_path):
    donor = made(name, seed=2)
    donor.save_parameters(tmp_path / "donor.params")
    double = vision.get_model(name, pretrained=tmp_path / "donor.params", in_channels=6)
    image = mx.np.random.uniform(-1, 1, size=(1, 3, 32, 32))
    expected = donor(image).asnumpy()
    found = double(mx.np.concatenate([image, image], axis=1)).asnumpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", MODELS)
def test_channels_without_parameters(name):
    net = vision.get_model(name, in_channels=2, classes=3)
    size = smallest(net)
    with pytest.raises(mx.MXNetError, match="2 channels"):
        net.infer_shape(mx.np.zeros((1, 3, size, size)))
    net.infer_shape(mx.np.zeros((1, 2, size, size)))
    stem = next(parameter for parameter in net.collect_params().values() if len(parameter.shape) == 4)
    assert stem.shape[1] == 2


@pytest.mark.parametrize("channels", [-1, 1.0, "3", True, None])
def test_what_is_no_number_of_channels(channels):
    with pytest.raises(ValueError, match="in_channels"):
        vision.mobilenet0_25(in_channels=channels)


def test_thumbnails_and_positional_arguments(tmp_path):
    donor = made("resnet18_v1", seed=3, thumbnail=True)
    donor.save_parameters(tmp_path / "donor.params")
    net = vision.get_resnet(1, 18, str(tmp_path / "donor.params"), mx.cpu(), classes=5, thumbnail=True, in_channels=1)
    expected = values(donor)["features.0.weight"].sum(1, keepdims=True)
    np.testing.assert_allclose(values(net)["features.0.weight"], expected, rtol=1e-5, atol=1e-6)
    assert net(mx.np.zeros((2, 1, 8, 8))).shape == (2, 5)
    assert vision.ResNetV2(vision.BasicBlockV2, (1,), (8, 8), 4, True, in_channels=1) is not None


def test_a_file_for_as_many_classes_is_taken_whole(tmp_path, caplog):
    donor = made("mobilenet0.25", seed=4, classes=7)
    donor.save_parameters(tmp_path / "donor.params")
    net = vision.mobilenet0_25(pretrained=tmp_path / "donor.params", classes=7)
    np.testing.assert_array_equal(values(net)["output.weight"], values(donor)["output.weight"])
    assert not caplog.text


def test_a_file_without_an_output_gets_one(tmp_path, caplog):
    donor = made("mobilenet0.25", seed=4)
    vision.FeatureExtractor(donor).save_parameters(tmp_path / "body.params")
    net = vision.mobilenet0_25(pretrained=tmp_path / "body.params", classes=7)
    assert f"{tmp_path / 'body.params'} has no output that fits: the output for 7 is initialized" in caplog.text
    assert net(mx.np.zeros((2, 3, 32, 32))).shape == (2, 7) and net.output.weight.data().asnumpy().std() > 0
    np.testing.assert_array_equal(values(net)["features.3.weight"], values(donor)["features.3.weight"])
    with pytest.raises(ValueError, match="does not fit mobilenet0.25: output.weight is missing; output.bias is"):
        vision.mobilenet0_25(pretrained=tmp_path / "body.params")


def test_the_default_number_of_classes_is_not_taken_for_a_wish(tmp_path):
    made("mobilenet0.25", seed=4, classes=7).save_parameters(tmp_path / "donor.params")
    with pytest.raises(AssertionError, match="donor.params has 7 classes and the network 1000: make it with classes=7"):
        vision.mobilenet0_25(pretrained=tmp_path / "donor.params")


@pytest.mark.parametrize("classes", [0, -3])
def test_no_output_is_made_for_no_classes(classes, tmp_path, caplog):
    made("mobilenet0.25", seed=4).save_parameters(tmp_path / "donor.params")
    with pytest.raises(ValueError, match="mobilenet0.25 was made for no number of classes.*at least 1"):
        vision.mobilenet0_25(pretrained=tmp_path / "donor.params", classes=classes)
    assert not caplog.text


def test_another_body_is_refused(tmp_path):
    made("mobilenet0.25", seed=4).save_parameters(tmp_path / "donor.params")
    other = r"donor.params does not fit mobilenet0.5: features.0.weight is \(8, 3, 3, 3\) there and \(16, "
    with pytest.raises(AssertionError, match=other):
        vision.mobilenet0_5(pretrained=tmp_path / "donor.params", classes=7)
    with pytest.raises(AssertionError, match="does not fit resnet18_v1: features.*is missing"):
        vision.resnet18_v1(pretrained=tmp_path / "donor.params", classes=7)


def test_hostile_shapes_are_refused(tmp_path):
    for name, shape in {
        "features.0.weight": [(), (8, 0, 3, 3), (8, 3), (8, 3, 5, 5)],
        "output.weight": [(), (7,), (0,)],
        "features.1.gamma": [()],
    }.items():
        for wrong in shape:
            donor = {
                key: parameter.data() for key, parameter in made("mobilenet0.25", 7, classes=7).collect_params().items()
            }
            mx.npx.savez(str(tmp_path / "wrong.npz"), **(donor | {name: mx.np.zeros(wrong)}))
            with pytest.raises(AssertionError, match="does not fit mobilenet0.25: "):
                vision.mobilenet0_25(pretrained=tmp_path / "wrong.npz", classes=3, in_channels=1)


def test_an_export_of_mxnet_1_gets_a_new_output(tmp_path):
    donor = made("mobilenet0.25", seed=5)
    arrays = {
        f"arg:mobilenet0_{i}_{name.rpartition('.')[2]}": value
        for i, (name, value) in enumerate(donor.collect_params().items())
    }
    mx.npx.savez(str(tmp_path / "old.npz"), **{name: value.data() for name, value in arrays.items()})
    net = vision.mobilenet0_25(pretrained=tmp_path / "old.npz", classes=3, in_channels=1)
    assert values(net)["output.weight"].shape == (3, 256)
    np.testing.assert_array_equal(values(net)["features.3.weight"], values(donor)["features.3.weight"])


def test_the_message_is_no_warning_and_can_be_silenced(tmp_path, caplog):
    made("mobilenet0.25", seed=4).save_parameters(tmp_path / "donor.params")
    logging.getLogger("mxnet.gluon.model_zoo").setLevel(logging.ERROR)
    try:
        vision.mobilenet0_25(pretrained=tmp_path / "donor.params", classes=7)  # warnings are errors here
    finally:
        logging.getLogger("mxnet.gluon.model_zoo").setLevel(logging.NOTSET)
    assert not caplog.text


def test_a_new_output_trains(tmp_path):
    made("mobilenet0.25", seed=6).save_parameters(tmp_path / "donor.params")
    net = vision.mobilenet0_25(pretrained=tmp_path / "donor.params", classes=2)
    before = net.output.weight.data().asnumpy()
    trainer = mx.gluon.Trainer(net.output.collect_params(), "sgd", {"learning_rate": 0.1})
    with mx.autograd.record():
        loss = mx.gluon.loss.SoftmaxCELoss()(net(mx.np.random.uniform(size=(2, 3, 32, 32))), mx.np.array([0, 0]))
    loss.backward()
    trainer.step(2)
    assert np.abs(net.output.weight.data().asnumpy() - before).max() > 0
