"""Feature maps at several scales, of every network of the zoo."""

import numpy as np
import pytest
from small_zoo import FAMILIES, MODELS, made, small, values  # noqa: F401

import mxnet as mx
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision
from mxnet.gluon.model_zoo.vision import _registry

# Channels at strides 2, 4, 8, 16 and 32, as the papers' tables have them.
CHANNELS = {
    "alexnet": [64, 192, 256, 256],
    "densenet121": [64, 256, 512, 1024, 1024],
    "inceptionv3": [64, 192, 288, 768, 2048],
    "mobilenet1.0": [64, 128, 256, 512, 1024],
    "mobilenet0.25": [16, 32, 64, 128, 256],
    "mobilenetv2_1.0": [16, 24, 32, 96, 1280],
    "mobilenetv2_0.5": [8, 12, 16, 48, 1280],
    "resnet18_v1": [64, 64, 128, 256, 512],
    "resnet34_v2": [64, 64, 128, 256, 512],
    "resnet50_v1": [64, 256, 512, 1024, 2048],
    "resnet50_v2": [64, 256, 512, 1024, 2048],
    "squeezenet1.0": [96, 256, 512, 512],
    "squeezenet1.1": [64, 128, 256, 512],
    "vgg11": [128, 256, 512, 512, 512],
    "vgg19_bn": [128, 256, 512, 512, 512],
}
STRIDES = [2, 4, 8, 16, 32]
UNPADDED = {"inceptionv3": 4, "squeezenet1.0": 3}


def strides_of(name):
    if name == "alexnet":
        return STRIDES[1:]
    return STRIDES[:-1] if name.startswith("squeezenet") else STRIDES


@pytest.mark.parametrize("name", CHANNELS)
def test_channels_and_strides_of_the_real_networks(name):
    net = vision.get_model(name, features_only=True)
    assert net.channels == net.feature_info.channels() == CHANNELS[name]
    assert net.strides == net.feature_info.reduction() == strides_of(name)


@pytest.mark.parametrize("name", MODELS)
def test_maps_have_these_shapes_and_gradients_flow(name, small):  # noqa: F811
    mx.random.seed(1)
    net = vision.get_model(name, features_only=True)
    net.initialize(mx.init.Xavier())
    size = 128 if name == "inceptionv3" else 64
    image = mx.np.random.uniform(-1, 1, size=(1, 3, size, size))
    image.attach_grad()
    with mx.autograd.record():
        maps = net(image)
        last = (maps[-1] ** 2).sum()
    last.backward()
    assert [map.shape[1] for map in maps] == net.channels
    assert net.strides == strides_of(name)
    for map, stride in zip(maps, net.strides, strict=True):
        # Layers without padding lose a few pixels at the edges.
        assert abs(map.shape[2] - size / stride) <= UNPADDED.get(name, 1), (map.shape, stride)
        assert map.shape[2] == map.shape[3] >= 1
    assert np.abs(image.grad.asnumpy()).max() > 0
    unused = [key for key, parameter in net.collect_params().items() if not key.startswith("features.")]
    assert not unused
    # With the parameters that the network has, under its names.
    whole = vision.get_model(name)
    assert {key for key in whole.collect_params() if key.startswith("features.")} >= net.collect_params().keys()


@pytest.mark.parametrize("name", FAMILIES)
def test_hybridized_and_exported(name, small, tmp_path):  # noqa: F811
    mx.random.seed(2)
    net = vision.get_model(name, features_only=True, out_indices=(1, -1))
    net.initialize(mx.init.Xavier())
    size = 128 if name == "inceptionv3" else 64
    image = mx.np.random.uniform(-1, 1, size=(2, 3, size, size))
    expected = [map.asnumpy() for map in net(image)]
    net.hybridize()
    net(image)
    symbol, parameters = net.export(str(tmp_path / "body"))
    imported = mx.gluon.SymbolBlock.imports(str(symbol), ["data"], str(parameters))
    for found in (net(image), imported(image)):
        assert len(found) == 2
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.asnumpy(), other, rtol=1e-3, atol=1e-4 * np.abs(other).max())


def test_maps_are_those_between_the_layers_with_the_parameters_of_the_network(small, tmp_path):  # noqa: F811
    donor = made("resnet18_v1", seed=3)
    donor.save_parameters(tmp_path / "donor.params")
    body = vision.get_model("resnet18_v1", pretrained=tmp_path / "donor.params", features_only=True)
    image = mx.np.random.uniform(size=(1, 3, 64, 64))
    maps = body(image)
    for map, name in zip(maps, body.feature_info.module_name(), strict=True):
        x = image
        for layer in donor.features[: int(name.removeprefix("features.")) + 1]:
            x = layer(x)
        np.testing.assert_array_equal(map.asnumpy(), x.asnumpy())
    assert isinstance(donor.features, nn.HybridSequential)
    shared = vision.FeatureExtractor(donor)
    assert shared.features[0] is donor.features[0]


def test_indices():
    net = vision.resnet18_v1()
    take = vision.FeatureExtractor
    assert take(net, (3, 1)).strides == [4, 16]
    assert take(net, [-1]).strides == [32]
    assert take(net, 2).strides == [8]
    body = take(net, (0, 1))
    assert len(body.features) == 5 and body.feature_info[1] == (64, 4, "features.4")
    assert body.feature_info.channels(0) == 64 and body.feature_info.reduction(-1) == 4
    for wrong in ((5,), (-6,), (), (1, 1), (4, -1), ("1",), (1.0,)):
        with pytest.raises(ValueError, match="out_indices names some of the 5 maps, 0 to 4, once each; not"):
            take(net, wrong)
    with pytest.raises(ValueError, match="features_only"):
        vision.get_model("resnet18_v1", out_indices=(1,))


def test_a_network_keeps_what_it_does_not_know():
    net = vision.resnet18_v2(classes=3)
    shapes = [parameter.shape for parameter in net.collect_params().values()]
    body = vision.FeatureExtractor(net)
    assert [parameter.shape for parameter in net.collect_params().values()] == shapes
    net.initialize()
    assert [map.shape[1] for map in body(mx.np.zeros((1, 5, 32, 32)))] == body.channels
    with pytest.raises(mx.MXNetError, match="5 channels"):
        body(mx.np.zeros((1, 3, 32, 32)))


def test_other_networks():
    net = nn.HybridSequential()
    with pytest.raises(TypeError, match="net.features, which HybridSequential lacks"):
        vision.FeatureExtractor(net)
    net.features = nn.HybridSequential()
    net.features.add(nn.Conv2D(4, 3, padding=1))
    with pytest.raises(ValueError, match="no layer"):
        vision.FeatureExtractor(net)
    net.features.add(nn.MaxPool2D(), nn.Conv2D(6, 1), nn.Flatten(), nn.Dense(2))
    assert vision.FeatureExtractor(net).feature_info == ((6, 2, "features.2"),)
    thumbnail = vision.get_model("resnet18_v1", features_only=True, thumbnail=True, in_channels=1)
    assert thumbnail.strides == [2, 4, 8]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_file_for_any_number_of_classes_or_without_an_output_serves(name, small, tmp_path, caplog):  # noqa: F811
    donor = made(name, seed=4, classes=10)
    donor.save_parameters(tmp_path / "donor.params")
    old = values(donor)
    body = vision.get_model(name, features_only=True, pretrained=tmp_path / "donor.params", in_channels=3)
    body.save_parameters(tmp_path / "body.safetensors")
    for indices in (None, (0, 1)):
        part = vision.get_model(name, features_only=True, pretrained=tmp_path / "body.safetensors", out_indices=indices)
        for key, value in values(part).items():
            np.testing.assert_array_equal(value, old[key], err_msg=key)
        assert values(part).keys() <= values(body).keys()
    assert not caplog.text


@pytest.mark.parametrize("to", ["1.x-export", "torch"])
def test_names_of_others_serve_too(to, tmp_path):
    donor = made("mobilenet0.25", seed=4, classes=10)
    donor.save_parameters(tmp_path / "donor.params")
    vision.convert_file(tmp_path / "donor.params", tmp_path / "theirs.npz", "mobilenet0.25", to)
    body = vision.get_model("mobilenet0.25", features_only=True, pretrained=tmp_path / "theirs.npz")
    for key, value in values(body).items():
        np.testing.assert_array_equal(value, values(donor)[key], err_msg=key)


def test_a_file_of_another_body_is_refused(tmp_path):
    made("mobilenet0.25", seed=4, classes=10).save_parameters(tmp_path / "donor.params")
    with pytest.raises(AssertionError, match="donor.params does not fit mobilenet0.5: features.0.weight is "):
        vision.get_model("mobilenet0.5", features_only=True, pretrained=tmp_path / "donor.params")
    body = vision.FeatureExtractor(made("mobilenet0.25", seed=4)).collect_params()
    arrays = {name: parameter.data() for name, parameter in body.items()}
    mx.npx.savez(str(tmp_path / "other.npz"), **arrays, mine=mx.np.zeros(3))
    with pytest.raises(AssertionError, match="does not fit mobilenet0.25: mine is none of its parameters"):
        vision.get_model("mobilenet0.25", features_only=True, pretrained=tmp_path / "other.npz")
    with pytest.raises(ValueError, match="out_indices names some of"):  # and no file is looked for
        vision.get_model("mobilenet0.5", features_only=True, pretrained=tmp_path / "nowhere", out_indices=(7,))


def test_a_registered_network_sees_to_its_parameters_itself(monkeypatch):
    for table in ("_models", "_by_spelling"):
        monkeypatch.setattr(_registry, table, dict(getattr(_registry, table)))
    asked = []

    @vision.register_model("mine")
    def mine(pretrained=False, **kwargs):
        asked.append((pretrained, kwargs))
        return vision.mobilenet0_25(**kwargs)

    assert vision.get_model("mine", features_only=True, pretrained="here", classes=3).channels == [16, 32, 64, 128, 256]
    vision.get_model("mine", features_only=True)
    assert asked == [("here", {"classes": 3}), (False, {})]
