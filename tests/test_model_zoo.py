"""The vision zoo against genuine MXNet: every model's parameters and logits, names, arguments, refusals."""

import builtins
import re

import numpy as onp
import pytest
from references import REFERENCE, load

import fill_rule  # isort: skip  (found through `references`)
import mxnet as mx
from mxnet import MXNetError
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import model_store, vision

RECORD = load("zoo.json")
MODELS = RECORD["models"]
PARAMETERS = load("zoo_parameters.json.gz")
LOGITS = onp.load(REFERENCE / "zoo_logits.npz")

CONSTRUCTORS = {vision.model_info(name).constructor.__name__: name for name in vision.list_models()}

# Calls that differ from genuine MXNet's on purpose: what we raise instead, or None where we accept.
ON_PURPOSE = {
    "vision.get_model('mobilenet0_25')": None,  # the constructors' own names are taken too
    "vision.get_model(18)": TypeError,
    "vision.get_resnet('1', 18)": AssertionError,
    "vision.get_mobilenet(0.1)": ValueError,
    "vision.get_mobilenet(0)": ValueError,
    "vision.get_mobilenet_v2(0.1)": ValueError,
    "vision.get_mobilenet_v2(0)": ValueError,
}


def run(name, shape, dtype="float32", then=None):
    """Build a model and run zeros through it, and through it again in another shape: what `RECORD['calls']` calls."""
    net = vision.get_model(name)
    net.initialize()
    for size in filter(None, (shape, then)):
        out = net(mx.np.zeros(size, dtype=dtype))
    return out


def filled(name):
    """A model of the zoo with its parameters filled by the rule."""
    net = vision.get_model(name)
    net.initialize()
    net.infer_shape(mx.np.zeros(MODELS[name]["input"]))
    gain = fill_rule.model_gain(name)
    for key, parameter in net.collect_params().items():
        parameter.set_data(mx.np.array(fill_rule.parameter(key, parameter.shape, gain)))
    return net


def test_the_zoo_has_the_genuine_models():
    assert vision.list_models() == sorted(MODELS)
    assert sorted(model_store._model_sha1) == sorted(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_parameters_and_logits_equal_genuine(name):
    net = filled(name)
    rows = [[key, list(p.shape), p.grad_req] for key, p in net.collect_params().items()]
    assert rows == PARAMETERS[name]
    assert all(onp.dtype(p.dtype) == onp.float32 for p in net.collect_params().values())
    logits = net(mx.np.array(fill_rule.images(MODELS[name]["input"]))).asnumpy()
    scale = onp.std(LOGITS[name])
    onp.testing.assert_allclose(logits[:, :: RECORD["logit_step"]], LOGITS[name], rtol=1e-4, atol=1e-4 * scale)
    onp.testing.assert_allclose(logits.std(axis=1), MODELS[name]["logit_std"], rtol=1e-4)
    onp.testing.assert_allclose(logits.mean(axis=1), MODELS[name]["logit_mean"], rtol=1e-4, atol=1e-4 * scale)
    assert logits.argmax(axis=1).tolist() == MODELS[name]["argmax"]


@pytest.mark.parametrize("call", RECORD["calls"])
def test_refusals_equal_genuine(call, tmp_path, monkeypatch):
    expected = RECORD["calls"][call]
    wanted = getattr(builtins, expected[0], MXNetError) if expected else None
    wanted = ON_PURPOSE.get(call, wanted)
    names = {"vision": vision, "model_store": model_store, "mx": mx, "run": run}
    if wanted is None:
        eval(call, names)
    else:
        with pytest.raises(wanted) as caught:
            eval(call, names)
        assert caught.type is wanted


@pytest.mark.parametrize(("name", "size"), RECORD["smallest_input"].items())
def test_smallest_input_equals_genuine(name, size):
    net = vision.get_model(name, classes=2)
    net.initialize()
    shapes = [parameter.shape for parameter in net.collect_params().values()]
    with pytest.raises(MXNetError, match=f"{type(net).__name__} .*at least {size}; got shape"):
        net(mx.np.zeros((1, 3, size, size - 1)))
    assert [parameter.shape for parameter in net.collect_params().values()] == shapes  # it had not begun
    assert net(mx.np.zeros((1, 3, size, size))).shape == (1, 2)


@pytest.mark.parametrize(("blocks", "size"), [(1, 25), (2, 53), (3, 109)])  # found by trying genuine MXNet
def test_smallest_input_of_a_densenet_follows_its_blocks(blocks, size):
    net = vision.DenseNet(4, 2, [1] * blocks, classes=3)
    net.initialize()
    with pytest.raises(MXNetError, match=f"at least {size}"):
        net(mx.np.zeros((1, 3, size - 1, size)))
    assert net(mx.np.zeros((1, 3, size, size))).shape == (1, 3)


def test_input_errors_name_the_model_and_what_it_takes():
    net = vision.resnet18_v1(thumbnail=True, classes=10)
    net.initialize()
    net(mx.np.zeros((1, 1, 8, 8)))
    takes = r"ResNetV1 takes images of shape \(batch, 1 channels, height, width\) and type float32.*; got shape "
    for shape, dtype in (((1, 3, 8, 8), "float32"), ((1, 8, 8), "float32"), ((1, 1, 8, 8), "uint8")):
        with pytest.raises(MXNetError, match=takes + re.escape(f"{shape} and type {dtype}")):
            net(mx.np.zeros(shape, dtype=dtype))
    with pytest.raises(MXNetError, match="got shape"):
        net(mx.np.zeros((1, 1, 0, 8)))


@pytest.mark.parametrize("wrong", [onp.zeros((1, 3, 8, 8), "float32"), 3, [1], None])
def test_what_is_no_array_is_refused(wrong):
    net = vision.mobilenet0_25()
    net.initialize()
    with pytest.raises(ValueError, match=f"MobileNet takes an array, not .*{type(wrong).__name__}"):
        net(wrong)


def test_the_input_follows_a_cast_of_the_network():
    net = vision.mobilenet0_25(classes=2)
    net.initialize()
    net.cast("float64")
    assert net(mx.np.zeros((1, 3, 8, 8), dtype="float64")).dtype == onp.float64
    with pytest.raises(MXNetError, match="type float64.*type float32"):
        net(mx.np.zeros((1, 3, 8, 8)))


def test_infer_shape_checks_the_input_too():
    with pytest.raises(MXNetError, match="VGG takes"):
        vision.vgg11().infer_shape(mx.np.zeros((1, 3, 16, 16)))


def test_a_network_whose_stem_was_replaced_is_not_second_guessed():
    net = vision.resnet18_v1(thumbnail=True, classes=2)
    net.features = nn.HybridSequential()
    net.features.add(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(512))
    net.initialize()
    assert net(mx.np.zeros((1, 5, 4, 4))).shape == (1, 2)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        *((name, name) for name in MODELS),
        *CONSTRUCTORS.items(),
        ("ResNet-18 V1", "resnet18_v1"),
        ("INCEPTION_V3", "inceptionv3"),
        ("densenet_161", "densenet161"),
        ("vgg 16 bn", "vgg16_bn"),
        ("MobileNetV2-1.0", "mobilenetv2_1.0"),
    ],
)
def test_names_are_forgiven(spelling, name):
    assert vision.model_info(spelling).name == name


def test_constructors_are_named_as_in_genuine():
    assert CONSTRUCTORS.keys() >= {"inception_v3", "mobilenet0_25", "mobilenet_v2_0_25", "squeezenet1_0", "vgg19_bn"}
    assert all(getattr(vision, name) is vision.model_info(name).constructor for name in CONSTRUCTORS)
    assert vision.densenet_161 is vision.densenet161


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [("resnet18_v3", "resnet18_v"), ("mobilnet0.25", "mobilenet0.25"), ("vgg17", "vgg1"), ("inception", "inceptionv3")],
)
def test_an_unknown_name_lists_the_choices_nearest_first(wrong, nearest):
    with pytest.raises(ValueError, match=f"{wrong} is not supported.*first: {nearest}") as caught:
        vision.get_model(wrong)
    listed = str(caught.value).split("first: ")[1].split(", ")
    assert sorted(listed) == sorted(MODELS)


def test_list_models_by_pattern():
    assert vision.list_models("squeezenet*") == ["squeezenet1.0", "squeezenet1.1"]
    assert vision.list_models("*_bn") == ["vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"]
    assert vision.list_models("nothing") == []


def test_model_info():
    info = vision.model_info("Inception-V3")
    assert (info.name, info.family, info.input_size) == ("inceptionv3", "inception", 299)
    assert info.constructor is vision.inception_v3
    assert {vision.model_info(name).family for name in MODELS} == {
        *("alexnet", "densenet", "inception", "mobilenet", "resnet", "squeezenet", "vgg")
    }
    assert all(vision.model_info(name).input_size == MODELS[name]["input"][2] for name in MODELS)


def test_a_model_name_cannot_be_taken_twice():
    def resnet18_v1():
        """A second one."""

    with pytest.raises(ValueError, match="already taken by 'resnet18_v1'"):
        vision.register_model("my_resnet")(resnet18_v1)
    with pytest.raises(ValueError, match="already taken by 'vgg11'"):
        vision.register_model("VGG-11")(lambda: None)
    assert "my_resnet" not in vision.list_models()


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: vision.get_resnet(2, 18, classes=7, thumbnail=True), (2, 3, 32, 32)),
        (lambda: vision.get_vgg(11, classes=7, batch_norm=True), (2, 3, 32, 32)),
        (lambda: vision.vgg11_bn(classes=7, batch_norm=False), (2, 3, 32, 32)),
        (lambda: vision.get_mobilenet(0.6, classes=7), (2, 3, 32, 32)),
        (lambda: vision.get_mobilenet_v2(1.4, classes=7), (2, 3, 32, 32)),
        (lambda: vision.get_model("densenet121", bn_size=2, dropout=0.1, classes=7), (2, 3, 224, 224)),
        (lambda: vision.SqueezeNet("1.1", classes=7), (2, 3, 224, 224)),
        (lambda: vision.get_resnet(1, 18, False, mx.cpu(), "nowhere", classes=7, ctx=mx.cpu()), (2, 3, 32, 32)),
        (lambda: vision.ResNetV1(vision.BottleneckV1, (1, 1), (8, 16, 32), classes=7), (2, 3, 32, 32)),
    ],
)
def test_arguments(build, shape):
    net = build()
    net.initialize()
    assert net(mx.np.zeros(shape)).shape == (shape[0], 7)


def test_batch_norm_and_dropout_arguments_add_their_layers():
    def kinds(net):
        found = []
        net.apply(lambda block: found.append(type(block)))
        return found

    assert nn.BatchNorm in kinds(vision.vgg11_bn(batch_norm=False))
    assert nn.BatchNorm not in kinds(vision.vgg11())
    assert nn.Dropout in kinds(vision.densenet121(dropout=0.1))
    assert nn.Dropout not in kinds(vision.densenet121())


@pytest.mark.parametrize("block", ["BasicBlockV1", "BottleneckV1", "BasicBlockV2", "BottleneckV2"])
def test_residual_blocks_stand_alone(block):
    plain = getattr(vision, block)(8, 1, in_channels=8)
    halving = getattr(vision, block)(8, 2, True, in_channels=3)
    for net, channels, out in ((plain, 8, 8), (halving, 3, 4)):
        net.initialize()
        assert net(mx.np.ones((2, channels, 8, 8))).shape == (2, 8, out, out)


def test_mobilenet_multiplier_must_be_a_quarter_at_least():
    for build in (vision.get_mobilenet, vision.get_mobilenet_v2, vision.MobileNet, vision.MobileNetV2):
        with pytest.raises(ValueError, match="at least 0.25, got 0.2"):
            build(0.2)


def test_unknown_depths_and_versions_name_what_there_is():
    with pytest.raises(AssertionError, match="18, 34, 50, 101, 152 layers, not 20"):
        vision.get_resnet(1, 20)
    with pytest.raises(AssertionError, match="versions 1 and 2, not 3"):
        vision.get_resnet(3, 18)
    with pytest.raises(KeyError, match="11, 13, 16, 19 layers, not 15"):
        vision.get_vgg(15)
    with pytest.raises(AssertionError, match="'1.0' and '1.1', not 1.0"):
        vision.SqueezeNet(1.0)
