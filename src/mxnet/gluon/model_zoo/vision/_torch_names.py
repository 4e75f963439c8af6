"""Parameters of the zoo's networks under the names that torchvision and PyTorch give them, and back.

Where torchvision has the same network, its layers come in the order of ours, so that a scheme is no more than their
names in that order. Elsewhere PyTorch's names are those of the module that `HybridBlock.to_torch` makes: the structural
ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch

from mxnet.gluon.model_zoo.vision._names import NamesError, checked, layers_of, parameter_names
from mxnet.gluon.model_zoo.vision._registry import model_info

__all__ = ["classes_of", "convert_state_dict", "has_torchvision_names", "is_equal_in_torchvision", "to_state_dict"]

_ROLES = {"gamma": "weight", "beta": "bias"}
_WRAPPERS = ("module.", "_orig_mod.")  # DataParallel's, torch.compile's
_COUNTER = "num_batches_tracked"  # of torch's BatchNorm, for a momentum that nobody uses
_AUXILIARY = "AuxLogits."  # Inception's second classifier, which MXNet's network does not have
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
_EPSILON = 1e-5  # of BatchNorm
_STEM = 32  # channels of MobileNetV2's first convolution

_UNEQUAL = {
    "resnet": "torchvision's bottleneck has its stride in the 3x3 convolution and no bias, MXNet's has the stride in "
    "the first 1x1 convolution and biases: the same parameters would compute something else",
    "resnet_v2": "torchvision has no ResNet of version 2",
    "mobilenet": "torchvision has no MobileNet of version 1",
    "mobilenetv2": "torchvision's MobileNetV2 has a bias in its classifier, for which MXNet's has no room (its body is "
    "equal at full width: that is taken by features_only=True, and by pretrained= for another number of classes)",
    "mobilenetv2_narrow": "torchvision rounds the channels of a narrow MobileNetV2 otherwise",
    "registered": "the network is none of MXNet's zoo",
}


def convert_state_dict(
    model_name: str, state: Mapping[str, torch.Tensor], features_only: bool = False
) -> dict[str, torch.Tensor]:
    """A state dict of PyTorch under the structural names of one of the zoo's networks.

    Taken are torchvision's names, old and new, where its network is equal (AlexNet, VGG, SqueezeNet, DenseNet,
    Inception v3, ResNet-18 and -34 v1), and for every network those of the module that `to_torch` makes. What wrappers
    put before the names, BatchNorm's counters and Inception's auxiliary classifier are left out. The tensors are not
    copied.

    Parameters
    ----------
    model_name : str
        As `get_model` takes it.
    state : dict of str to tensor
    features_only : bool, default False
        Convert only the parameters of ``features``, as for a network with another head. For ``'mobilenetv2_1.0'``
        this takes torchvision's names too: its first block gets a convolution that changes nothing.

    Returns
    -------
    dict of str to tensor, in the order of the network's parameters.

    Raises
    ------
    NamesError
        An MXNetError and ValueError, if names are missing or unknown, shapes differ, or torchvision's network of that
        name computes something else.
    """
    model = model_info(model_name).name
    state = _plain(state)
    prefix = "features." if features_only else ""
    names = parameter_names(model)
    if not has_torchvision_names(model, state):
        kept = {name: tensor for name, tensor in state.items() if name.startswith(prefix)}
        return checked(model, kept, {}, prefix)
    if model == "mobilenetv2_1.0":
        state = _widened(model, state, features_only)
    theirs = _torchvision_names(model)
    if theirs is None:
        raise _other_network(model, state)
    origin = dict(zip(names, theirs, strict=True))
    back = {their: our for our, their in origin.items()}
    named = {back.get(name, name): tensor for name, tensor in state.items()}
    if features_only:
        named = {name: tensor for name, tensor in named.items() if name.startswith(prefix)}
    return checked(model, named, origin, prefix)


def to_state_dict(model_name: str, arrays: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The inverse of `convert_state_dict`: parameters by structural name under those of PyTorch.

    They are torchvision's where its network is equal, else those of the module that `to_torch` makes, which are the
    structural ones.

    Raises
    ------
    NamesError
        As `convert_state_dict`.
    """
    model = model_info(model_name).name
    named = checked(model, arrays, {})
    if not is_equal_in_torchvision(model):
        return named
    return dict(zip(_torchvision_names(model), named.values(), strict=True))


def is_equal_in_torchvision(model_name: str) -> bool:
    """Whether torchvision has a network that computes what this one of the zoo computes."""
    model = model_info(model_name).name
    return _scheme(model) is not None and model != "mobilenetv2_1.0"


def classes_of(model: str, state: Mapping[str, torch.Tensor]) -> int | None:
    """The classes of the output among torchvision's parameters of a model, None if these are not torchvision's."""
    head = _plain(state).get((_torchvision_names(model) or [""])[-1])
    return head.shape[0] if head is not None and head.ndim else None


def has_torchvision_names(model: str, state: Mapping[str, torch.Tensor]) -> bool:
    """Whether these are names of torchvision rather than structural ones, some of which are the same in VGG."""
    names, ours = _plain(state).keys(), set(parameter_names(model))
    if names <= ours:
        return False
    theirs = _torchvision_names(model)
    return len(names & ours) < (len(names) / 2 if theirs is None else len(names & set(theirs)))


def _plain(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state under the names that torchvision uses now, without what MXNet's networks have nothing for."""
    plain = dict(state)
    for wrapper in _WRAPPERS:
        if plain and all(name.startswith(wrapper) for name in plain):
            plain = {name.removeprefix(wrapper): tensor for name, tensor in plain.items()}
    return {
        _OLD_DENSENET.sub(r"\1\2.", name): tensor
        for name, tensor in plain.items()
        if not name.endswith(_COUNTER) and not name.startswith(_AUXILIARY)
    }


def _torchvision_names(model: str) -> list[str] | None:
    """Torchvision's names of a model's parameters in our order, None if it has no such network."""
    scheme = _scheme(model)
    if scheme is None:
        return None
    layers = layers_of(model)
    return [
        f"{path}.{_ROLES.get(name, name)}"
        for layer, path in zip(layers, scheme(), strict=True)
        for name in layer.parameters
    ]


# The schemes: for each layer with parameters, in our order, torchvision's path to it.


def _alexnet() -> Iterator[str]:
    yield from (f"features.{number}" for number in (0, 3, 6, 8, 10))
    yield from (f"classifier.{number}" for number in (1, 4, 6))


def _vgg(depths: Sequence[int], batch_norm: bool) -> Iterator[str]:
    number = 0
    for depth in depths:
        for _ in range(depth):
            yield f"features.{number}"
            if batch_norm:
                yield f"features.{number + 1}"
            number += 3 if batch_norm else 2  # and ReLU
        number += 1  # pooling
    yield from (f"classifier.{number}" for number in (0, 3, 6))


def _squeezenet(fires: Sequence[int]) -> Iterator[str]:
    yield "features.0"
    for number in fires:
        yield from (f"features.{number}.{part}" for part in ("squeeze", "expand1x1", "expand3x3"))
    yield "classifier.1"


def _densenet(depths: Sequence[int]) -> Iterator[str]:
    yield from ("features.conv0", "features.norm0")
    for block, depth in enumerate(depths, 1):
        for layer in range(1, depth + 1):
            path = f"features.denseblock{block}.denselayer{layer}"
            yield from (f"{path}.{part}" for part in ("norm1", "conv1", "norm2", "conv2"))
        if block < len(depths):
            yield from (f"features.transition{block}.{part}" for part in ("norm", "conv"))
    yield from ("features.norm5", "classifier")


def _inception() -> Iterator[str]:
    stem = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
    double, seven, double_seven = "branch3x3dbl_", "branch7x7_", "branch7x7dbl_"
    grid_35 = ("branch1x1", "branch5x5_1", "branch5x5_2", *_numbered(double, 3), "branch_pool")
    grid_17 = ("branch1x1", *_numbered(seven, 3), *_numbered(double_seven, 5), "branch_pool")
    grid_8 = ("branch1x1", "branch3x3_1", "branch3x3_2a", "branch3x3_2b")
    grid_8 += (*_numbered(double, 2), f"{double}3a", f"{double}3b", "branch_pool")
    blocks = {
        **{f"Mixed_5{letter}": grid_35 for letter in "bcd"},
        "Mixed_6a": ("branch3x3", *_numbered(double, 3)),
        **{f"Mixed_6{letter}": grid_17 for letter in "bcde"},
        "Mixed_7a": ("branch3x3_1", "branch3x3_2", *_numbered("branch7x7x3_", 4)),
        **{f"Mixed_7{letter}": grid_8 for letter in "bc"},
    }
    convolutions = [*stem, *(f"{block}.{branch}" for block, branches in blocks.items() for branch in branches)]
    for path in convolutions:
        yield from (f"{path}.conv", f"{path}.bn")
    yield "fc"


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}{number}" for number in range(1, count + 1))


def _resnet(depths: Sequence[int]) -> Iterator[str]:
    yield from ("conv1", "bn1")
    for stage, depth in enumerate(depths, 1):
        for block in range(depth):
            path = f"layer{stage}.{block}"
            yield from (f"{path}.{part}" for part in ("conv1", "bn1", "conv2", "bn2"))
            if stage > 1 and block == 0:
                yield from (f"{path}.downsample.{number}" for number in (0, 1))
    yield "fc"


def _mobilenet_v2() -> Iterator[str]:
    yield from ("features.0.0", "features.0.1")
    for block in range(1, 18):
        path = f"features.{block}.conv"
        yield from (f"{path}.{part}" for part in ("0.0", "0.1", "1.0", "1.1", "2", "3"))
    yield from ("features.18.0", "features.18.1", "classifier.1")


_VGG_DEPTHS = {"vgg11": (1, 1, 2, 2, 2), "vgg13": (2, 2, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_DENSENET_DEPTHS = {
    "densenet121": (6, 12, 24, 16),
    "densenet161": (6, 12, 36, 24),
    "densenet169": (6, 12, 32, 32),
    "densenet201": (6, 12, 48, 32),
}
_SCHEMES: dict[str, Callable[[], Iterator[str]]] = {
    "alexnet": _alexnet,
    **{name: lambda depths=depths: _vgg(depths, False) for name, depths in _VGG_DEPTHS.items()},
    **{f"{name}_bn": lambda depths=depths: _vgg(depths, True) for name, depths in _VGG_DEPTHS.items()},
    "squeezenet1.0": lambda: _squeezenet((3, 4, 5, 7, 8, 9, 10, 12)),
    "squeezenet1.1": lambda: _squeezenet((3, 4, 6, 7, 9, 10, 11, 12)),
    **{name: lambda depths=depths: _densenet(depths) for name, depths in _DENSENET_DEPTHS.items()},
    "inceptionv3": _inception,
    "resnet18_v1": lambda: _resnet((2, 2, 2, 2)),
    "resnet34_v1": lambda: _resnet((3, 4, 6, 3)),
    "mobilenetv2_1.0": _mobilenet_v2,  # the body only
}


def _scheme(model: str) -> Callable[[], Iterator[str]] | None:
    return _SCHEMES.get(model)


def _other_network(model: str, state: Mapping[str, torch.Tensor]) -> NamesError:
    name = next(iter(state), "none at all")
    return NamesError(
        f"these are not the parameters of {model}: names like {name:.80} are not MXNet's, and a network of torchvision "
        f"cannot be meant: {_reason(model)}"
    )


def _reason(model: str) -> str:
    """Why torchvision's network of that name is none of ours."""
    if model.startswith("mobilenetv2"):
        return _UNEQUAL["mobilenetv2" if model == "mobilenetv2_1.0" else "mobilenetv2_narrow"]
    if model.startswith("resnet"):
        return _UNEQUAL["resnet_v2" if model.endswith("_v2") else "resnet"]
    return _UNEQUAL["mobilenet" if model.startswith("mobilenet") else "registered"]


def _widened(model: str, state: Mapping[str, torch.Tensor], features_only: bool) -> dict[str, torch.Tensor]:
    """Torchvision's MobileNetV2 with the 1x1 convolution that its first block leaves out and MXNet's has.

    Convolution and BatchNorm change nothing, nor does a ReLU6 after another: equal to the last bit or so.
    """
    if not features_only and bool(state.get("classifier.1.bias", torch.zeros(1)).ne(0).any()):
        raise _other_network(model, state)
    first = "features.1.conv."
    moved = {"0.0": "1.0", "0.1": "1.1", "1": "2", "2": "3"}
    wide = {}
    for name, tensor in state.items():
        layer, _, role = name.removeprefix(first).rpartition(".")
        wide[f"{first}{moved.get(layer, layer)}.{role}" if name.startswith(first) else name] = tensor
    wide.pop("classifier.1.bias", None)
    weight = wide.get("features.0.0.weight")
    if weight is not None and weight.ndim == 4 and weight.shape[0] == _STEM:
        ones = weight.new_ones(_STEM)
        wide |= {
            f"{first}0.0.weight": torch.eye(_STEM, dtype=weight.dtype)[..., None, None],
            f"{first}0.1.weight": ones,
            f"{first}0.1.bias": torch.zeros_like(ones),
            f"{first}0.1.running_mean": torch.zeros_like(ones),
            f"{first}0.1.running_var": ones - _EPSILON,
        }
    if "classifier.1.weight" in wide:
        wide["classifier.1.weight"] = wide["classifier.1.weight"][..., None, None]
    return wide
