"""Names of the zoo's parameters against genuine MXNet 1.9.1 and torchvision, and logits against torchvision."""

import functools
import re

import numpy as onp
import pytest
import torch
from references import REFERENCE, load

import fill_rule  # isort: skip  (found through `references`)
import mxnet as mx
from mxnet.gluon.model_zoo import vision
from mxnet.gluon.model_zoo.vision import NamesError, _names, _v1_names, convert_names, convert_state_dict, to_state_dict
from mxnet.gluon.model_zoo.vision._torch_names import is_equal_in_torchvision

V1 = load("v1_names.json.gz")
TORCHVISION = load("torchvision.json.gz")
LOGITS = onp.load(REFERENCE / "torchvision_logits.npz")
PARAMETERS = load("zoo_parameters.json.gz")
EQUAL = [name for name in TORCHVISION if name not in ("mobilenetv2_1.0", "resnet50_v1")]
# One of each family, and those whose names follow other rules; the others differ from them in depth alone.
COMPUTED = ["alexnet", "densenet121", "inceptionv3", "resnet18_v1", "resnet34_v1", "squeezenet1.0", "squeezenet1.1"]
COMPUTED += ["vgg11", "vgg11_bn"]


def shapes_only(rows):
    """Tensors without memory, by name, of these (name, shape)."""
    return {name: torch.empty(shape, device="meta") for name, shape in rows}


def structural(model):
    return shapes_only((name, shape) for name, shape, _ in PARAMETERS[model])


@functools.lru_cache(maxsize=1)
def filled(model):
    """A state dict of torchvision's names, filled by the rule."""
    values = fill_rule.state_dict(TORCHVISION[model], fill_rule.model_gain(model))
    return {name: torch.from_numpy(value) for name, value in values.items()}


def logits(model, arrays):
    net = vision.get_model(model)
    net.load_dict(arrays)
    size = vision.model_info(model).input_size
    return net(mx.np.array(fill_rule.images((1, 3, size, size)))).asnumpy()


# MXNet 1.x


@pytest.mark.parametrize("model", V1)
def test_names_are_genuine_1_9_1s(model):
    genuine = V1[model]
    assert _v1_names.v1_names(model) == {name: genuine["names"][name] for name, _, _ in PARAMETERS[model]}
    assert len(genuine["names"]) == len(PARAMETERS[model])
    assert _v1_names.default_prefix(model) == genuine["prefix"]


@pytest.mark.parametrize("model", V1)
def test_1_x_to_structural_and_back(model):
    ours, names = structural(model), V1[model]["names"]
    for prefix in (V1[model]["prefix"], V1[model]["second_prefix"], "", "my_net_"):
        theirs = {prefix + names[name]: tensor for name, tensor in reversed(ours.items())}
        found = convert_names(model, theirs)
        assert list(found) == list(ours)
        assert all(found[name] is tensor for name, tensor in ours.items())
    exported = convert_names(model, ours, to="1.x-export")
    assert all(name.startswith("aux:") == bool(re.search("running_(mean|var)$", name)) for name in exported)
    assert list(convert_names(model, exported)) == list(ours)
    assert list(convert_names(model, exported, to="1.x")) == [V1[model]["prefix"] + name for name in names.values()]


@pytest.mark.parametrize("model", V1)
@pytest.mark.parametrize("prefix", ["prefix", "second_prefix", None])
def test_load_parameters_takes_names_of_1_x(model, prefix):
    """As `collect_params().save` and `save_params` write them; shapes shared by layers must not be confused."""
    net = vision.get_model(model)
    before = V1[model][prefix] if prefix else ""
    numbered = {
        before + V1[model]["names"][name]: torch.full((), float(number)).expand(shape)
        for number, (name, shape, _) in enumerate(PARAMETERS[model])
    }
    from mxnet.gluon import _files

    renamed = _files._under_structural_names(dict(net._named_params("")), numbered)
    assert {name: tensor.min().item() for name, tensor in renamed.items()} == {
        name: number for number, (name, _, _) in enumerate(PARAMETERS[model])
    }


def test_a_zoo_file_of_1_x_loads_into_the_network(tmp_path):
    net, other = vision.squeezenet1_1(classes=4), vision.squeezenet1_1(classes=4)
    net.initialize()
    x = mx.np.random.uniform(size=(1, 3, 224, 224))
    expected = net(x)
    arrays = {name: parameter.data().as_torch() for name, parameter in net.collect_params().items()}
    mx.formats.save_list(tmp_path / "x.params", convert_names("squeezenet1.1", arrays, to="1.x"))
    other.load_parameters(tmp_path / "x.params")
    assert (other(x) == expected).all()


# torchvision


@pytest.mark.parametrize("model", EQUAL)
def test_names_are_torchvisions(model):
    theirs = shapes_only(TORCHVISION[model].items())
    ours = convert_state_dict(model, theirs)
    assert [[name, list(tensor.shape)] for name, tensor in ours.items()] == [row[:2] for row in PARAMETERS[model]]
    back = to_state_dict(model, ours)
    assert back.keys() == theirs.keys()
    assert all(back[name] is tensor for name, tensor in theirs.items())


def test_who_claims_equality():
    assert [name for name in vision.list_models() if is_equal_in_torchvision(name)] == sorted(EQUAL)
    assert set(COMPUTED) <= set(EQUAL)


@pytest.mark.parametrize("model", COMPUTED)
def test_logits_are_torchvisions(model):
    found = logits(model, convert_state_dict(model, filled(model)))[:, ::8]
    onp.testing.assert_allclose(found, LOGITS[model], rtol=1e-4, atol=1e-4 * LOGITS[model].std())


def test_features_of_mobilenet_v2_are_torchvisions():
    model = "mobilenetv2_1.0"
    net = vision.get_model(model)
    arrays = convert_state_dict(model, filled(model), features_only=True)
    assert list(arrays) == [name for name, _, _ in PARAMETERS[model] if name.startswith("features.")]
    net.load_dict(arrays, allow_missing=True)
    found = net.features(mx.np.array(fill_rule.images((1, 3, 224, 224)))).asnumpy().reshape(1, -1)[:, ::8]
    onp.testing.assert_allclose(found, LOGITS[model], rtol=1e-4, atol=1e-4 * LOGITS[model].std())
    state = filled(model)
    with pytest.raises(NamesError, match="bias in its classifier"):
        convert_state_dict(model, state)
    without = convert_state_dict(model, state | {"classifier.1.bias": torch.zeros(1000)})
    assert without["output.0.weight"].shape == (1000, 1280, 1, 1)


@pytest.mark.parametrize(("model", "reason"), [("resnet50_v1", "stride"), ("resnet50_v2", "version 2")])
def test_networks_that_differ_are_refused(model, reason):
    with pytest.raises(NamesError, match=f"not the parameters of {model}: .*conv1.weight.*{reason}"):
        convert_state_dict(model, shapes_only(TORCHVISION["resnet50_v1"].items()))


@pytest.mark.parametrize("model", ["mobilenet0.5", "mobilenetv2_0.25"])
def test_other_mobilenets_are_refused(model):
    with pytest.raises(NamesError, match=f"parameters of {model}: .*torchvision (has no|rounds)"):
        convert_state_dict(model, shapes_only(TORCHVISION["mobilenetv2_1.0"].items()))


@pytest.mark.parametrize("model", vision.list_models())
def test_structural_names_are_a_state_dict_of_every_network(model):
    ours = structural(model)
    assert list(convert_state_dict(model, ours)) == list(ours)
    back = to_state_dict(model, ours)
    assert list(convert_state_dict(model, back)) == list(ours)
    if not is_equal_in_torchvision(model):
        assert list(back) == list(ours)


def test_state_dict_of_to_torch_is_taken():
    net = vision.mobilenet0_25(classes=3)
    net.initialize()
    x = mx.np.random.uniform(size=(1, 3, 64, 64))
    module = net.to_torch(x)
    other = vision.mobilenet0_25(classes=3)
    other.load_dict(convert_state_dict("mobilenet0.25", module.state_dict()))
    assert (net(x) == other(x)).all()
    module.load_state_dict(to_state_dict("mobilenet0.25", convert_state_dict("mobilenet0.25", module.state_dict())))


def test_old_names_wrappers_counters_and_auxiliaries():
    theirs = shapes_only(TORCHVISION["densenet121"].items())
    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", name): value for name, value in theirs.items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    counters = {"features.norm0.num_batches_tracked": torch.tensor(0)}
    expected = convert_state_dict("densenet121", theirs)
    for state in (old | counters, {f"module.{name}": value for name, value in theirs.items()}):
        found = convert_state_dict("DenseNet-121", state)
        assert all(found[name] is tensor for name, tensor in expected.items())
    inception = shapes_only(TORCHVISION["inceptionv3"].items())
    auxiliary = {"AuxLogits.fc.weight": torch.empty(1000, 768, device="meta")}
    assert len(convert_state_dict("inceptionv3", inception | auxiliary)) == len(inception)


def test_other_classes_and_channels():
    theirs = TORCHVISION["resnet18_v1"] | {"conv1.weight": (64, 1, 7, 7), "fc.weight": (10, 512), "fc.bias": (10,)}
    assert convert_state_dict("resnet18_v1", shapes_only(theirs.items()))["output.weight"].shape == (10, 512)


def test_what_is_missing_unknown_or_of_another_shape_is_told_in_the_files_names():
    state = shapes_only(TORCHVISION["resnet18_v1"].items())
    del state["layer2.0.downsample.0.weight"]
    state["extra"] = torch.empty(1)
    state["bn1.bias"] = torch.empty(63, device="meta")
    with pytest.raises(NamesError) as caught:
        convert_state_dict("resnet18_v1", state)
    for part in (
        "not the parameters of resnet18_v1",
        "missing: layer2.0.downsample.0.weight",
        "unknown: extra",
        "of another shape: bn1.bias (63,), not (64,)",
    ):
        assert part in str(caught.value)
    with pytest.raises(NamesError, match="unknown"):
        convert_names("alexnet", state)
    with pytest.raises(NamesError, match="missing"):
        convert_names("alexnet", {})
    names = V1["alexnet"]["names"].values()
    with pytest.raises(NamesError, match="alexnet0_conv0_weight .*not"):
        convert_names("alexnet", {f"alexnet0_{name}": torch.empty(1) for name in names})
    with pytest.raises(ValueError, match="to must be one of 'structural', .* not 'caffe'"):
        convert_names("alexnet", {}, to="caffe")


def test_hostile_names_and_shapes_cost_little():
    huge = torch.empty(0, device="meta").expand(1 << 40, 0)
    for state in (
        {"features.0.weight": torch.empty(64, 1 << 40, 0, 0, device="meta")},
        {"features.0.weight": huge, "output.weight": huge, "output.bias": torch.empty(0)},
        {"_" * 1_000_000: torch.empty(0)},
        {"features.0.0.weight": torch.empty(1 << 40, 3, 0, 0, device="meta"), "x": huge},
    ):
        for model in ("alexnet", "mobilenetv2_1.0"):
            with pytest.raises(NamesError):
                convert_names(model, state)
    assert _names.layers_of("alexnet")
