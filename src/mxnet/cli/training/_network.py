"""A network of the zoo for other classes: its head new, its body from elsewhere where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.gluon import _files, nn
from mxnet.gluon.model_zoo import vision

__all__ = ["STATISTICS", "Form", "build", "fill", "freeze", "head_of", "load_pretrained"]

PUBLISHED = "zoo"
"""What `--pretrained` takes for the weights that the zoo itself knows of."""
STATISTICS = {3: ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), 1: ([0.449], [0.226])}
"""Mean and standard deviation of ImageNet by number of channels: what networks are trained with."""
_FREE_OF_DECAY = ("bias", "gamma", "beta")


@dataclass(frozen=True)
class Form:
    """All that is needed to build a network again, but its parameters."""

    model: str
    classes: list[str]
    image_size: int
    in_channels: int
    thumbnail: bool
    mean: list[float]
    std: list[float]

    def as_json(self) -> dict[str, Any]:
        return {"format": "mxzoo-model", "version": 1, **self.__dict__}

    @staticmethod
    def from_json(values: Any, source: str) -> Form:
        """What `as_json` gave.

        Raises
        ------
        MXNetError
            If it is something else.
        """
        wrong = MXNetError(f"{source} does not describe a network that mxzoo train has made")
        if not isinstance(values, Mapping) or values.get("format") != "mxzoo-model":
            raise wrong
        if values.get("version") != 1:
            raise MXNetError(f"{source} was written by a later version ({values.get('version')!r}); this one reads 1")
        form = {name: value for name, value in values.items() if name not in ("format", "version")}
        kinds = {"model": str, "classes": list, "image_size": int, "in_channels": int, "thumbnail": bool}
        kinds.update(mean=list, std=list)
        if set(form) != set(kinds) or any(type(form[name]) is not kind for name, kind in kinds.items()):
            raise wrong
        numbers = [*form["mean"], *form["std"]]
        if not (
            all(isinstance(name, str) for name in form["classes"])
            and 2 <= len(form["classes"])
            and 1 <= form["image_size"] <= 1 << 14
            and form["in_channels"] in (1, 3)
            and len(form["mean"]) == len(form["std"]) == form["in_channels"]
            and all(isinstance(number, (int, float)) for number in numbers)
            and all(number > 0 for number in form["std"])
        ):
            raise wrong
        return Form(**form)


def build(form: Form, device: mx.Device) -> mx.gluon.HybridBlock:
    """The network with fresh parameters, all of whose shapes are known.

    Raises
    ------
    MXNetError
        If it does not take images of that size.
    ValueError
        If there is no such model.
    """
    options: dict[str, Any] = {"thumbnail": True} if form.thumbnail else {}
    try:
        net = vision.get_model(form.model, classes=len(form.classes), **options)
    except TypeError as error:
        raise MXNetError(f"{form.model} has no form for small images: leave --thumbnail out") from error
    net.initialize(mx.init.Xavier(magnitude=2), device=device)
    # One pass tells the layers their input sizes, and whether the images are large enough.
    net(mx.np.zeros((2, form.in_channels, form.image_size, form.image_size), device=device))
    for name, parameter in net.collect_params().items():
        if name.endswith(_FREE_OF_DECAY):
            parameter.wd_mult = 0.0
    return net


def head_of(net: mx.gluon.Block) -> set[str]:
    """Names of the parameters that answer for classes: those of `net.output`, or of the last layer that has any."""
    names = list(net.collect_params())
    head = {name for name in names if name.startswith("output.")}
    if head:
        return head
    layer = names[-1].rpartition(".")[0]
    return {name for name in names if name.rpartition(".")[0] == layer}


def freeze(net: mx.gluon.Block) -> None:
    """Let only the head learn; the body's BatchNorm layers keep to their running statistics."""
    head = head_of(net)
    for name, parameter in net.collect_params().items():
        if name not in head:
            parameter.grad_req = "null"

    def keep_statistics(layer: mx.gluon.Block) -> None:
        if isinstance(layer, nn.BatchNorm):
            layer._shown["use_global_stats"] = True
            layer._set_operator(layer._operator_name, **layer._shown)

    net.apply(keep_statistics)


# Weights from elsewhere


def load_pretrained(net: mx.gluon.HybridBlock, form: Form, source: str, say: Callable[[str], Any]) -> None:
    """Give `net` the parameters of a file, or those published for the model; a head that does not fit stays new.

    Parameters
    ----------
    source : str
        A file (MXNet's binary list, npz or safetensors), or ``"zoo"``.
    say : callable
        Gets a sentence about each parameter that is not taken as it is.

    Raises
    ------
    MXNetError
        If the file cannot be read, or belongs to another network; `net` is as it was then.
    """
    saved, name = (_published(form.model), "the published weights") if source == PUBLISHED else (
        _files.read(source)[0], source,
    )  # fmt: skip
    params = net.collect_params()
    saved = _files._under_structural_names(params, saved)
    head = head_of(net)
    _check_body(params, saved, head, form, name)
    new_head = any(name not in saved or tuple(saved[name].shape) != params[name].shape for name in head)
    if new_head:
        found = [tuple(saved[name].shape)[0] for name in sorted(head, reverse=True) if name in saved]
        had = f"is for {found[0]} classes" if found else "is missing"
        say(f"The head in {name} {had}: it is replaced by a new one for {len(form.classes)}.")
    for key, parameter in params.items():
        if key in head and new_head:
            continue
        value = saved[key].to(torch.float32)
        if value.shape != parameter.shape:
            say(f"{key} in {name} takes {value.shape[1]} channels: it is adapted to {parameter.shape[1]}.")
            value = _adapted(value, parameter.shape[1])
        parameter.set_data(mx.np.from_torch(value))


def fill(net: mx.gluon.HybridBlock, values: Mapping[str, torch.Tensor], model: str, source: str) -> None:
    """Give `net` its own parameters, as they were saved.

    Raises
    ------
    MXNetError
        If they are not those of this network; it is as it was then.
    """
    params = net.collect_params()
    _refuse(_differences(params, values), model, source)
    for name, parameter in params.items():
        parameter.set_data(mx.np.from_torch(values[name]))


def _check_body(
    params: Mapping[str, Any], saved: Mapping[str, torch.Tensor], head: set[str], form: Form, source: str
) -> None:
    problems = {name: problem for name, problem in _differences(params, saved).items() if name not in head}
    first = next((name for name, parameter in params.items() if len(parameter.shape) == 4), None)
    if first in problems and first in saved and _differ_in_channels(tuple(saved[first].shape), params[first].shape):
        del problems[first]
    small = " in its form for small images (--no-thumbnail turns that off)" if form.thumbnail else ""
    _refuse(problems, form.model + small, source)


def _differences(params: Mapping[str, Any], saved: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """What does not agree, by name."""
    found = {name: f"{name} is missing" for name in params if name not in saved}
    found.update({name: f"{name} is none of its parameters" for name in saved if name not in params})
    for name, parameter in params.items():
        if name in saved and tuple(saved[name].shape) != parameter.shape:
            found[name] = f"{name} is {tuple(saved[name].shape)} there and {parameter.shape} here"
    return found


def _refuse(problems: Mapping[str, str], model: str, source: str) -> None:
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise MXNetError(f"{source} does not fit {model}: {'; '.join([*problems.values()][:3])}{more}")


def _differ_in_channels(there: tuple[int, ...], here: tuple[int, ...]) -> bool:
    return len(there) == 4 and there[0] == here[0] and there[2:] == here[2:] and there[1] in (1, 3)


def _adapted(weight: torch.Tensor, channels: int) -> torch.Tensor:
    """The weights of a first convolution for another number of channels, so that grey images give what they gave."""
    total = weight.sum(dim=1, keepdim=True)
    return (total / channels).repeat(1, channels, 1, 1)


def _published(model: str) -> dict[str, torch.Tensor]:
    try:
        net = vision.get_model(model, pretrained=True)
    except (OSError, ValueError, MXNetError) as error:
        raise MXNetError(f"--pretrained zoo: {error}") from error
    return {name: parameter.data().as_torch().detach() for name, parameter in net.collect_params().items()}
