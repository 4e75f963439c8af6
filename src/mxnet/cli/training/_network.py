"""A network of the zoo for other classes: its head new, its body from elsewhere where that is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision
from mxnet.gluon.model_zoo.vision._fitting import check_fit, head_of, load_fitting
from mxnet.gluon.model_zoo.vision._pretrained import find_pretrained

__all__ = ["STATISTICS", "Form", "build", "fill", "freeze", "load_pretrained"]

PUBLISHED = "zoo"
"""What `--pretrained` takes for the weights that the zoo finds by itself."""
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


def freeze(net: mx.gluon.Block) -> None:
    """Let only the head learn; the body's BatchNorm layers keep to their running statistics."""
    head = set(head_of(net))
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
    """Give `net` the parameters that `source` names; a head that does not fit stays new.

    Parameters
    ----------
    source : str
        ``"zoo"`` for what `get_model` takes as `pretrained=True`, or what else it takes: ``"torchvision"``, a file,
        ``"hf://owner/name/file"``.
    say : callable
        Gets a sentence about each parameter that is not taken as it is, and about weights that are not MXNet's.

    Raises
    ------
    MXNetError
        If the weights cannot be had or read, or belong to another network; `net` is as it was then.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = find_pretrained(net, form.model, True if source == PUBLISHED else source, head="may be new")
        except (ValueError, MXNetError) as error:
            raise MXNetError(f"--pretrained {source}: {error}") from error
    for warning in told:
        say(str(warning.message))
    small = " in its form for small images (--no-thumbnail turns that off)" if form.thumbnail else ""
    fitted = load_fitting(net, form.model + small, found.arrays, found.file, "may be new", release=found.release)
    if fitted.classes is not None:
        had, has = fitted.classes
        what = f"is for {had} classes" if had else "is missing, or of another kind"
        say(f"The head in {found.file} {what}: it is replaced by a new one for {has}.")
    if fitted.channels is not None:
        had, has = fitted.channels
        say(f"The first convolution in {found.file} takes {had} channels: it is adapted to {has}.")


def fill(net: mx.gluon.HybridBlock, values: Mapping[str, torch.Tensor], model: str, source: str) -> None:
    """Give `net` its own parameters, as they were saved.

    Raises
    ------
    MXNetError
        If they are not those of this network; it is as it was then.
    """
    params = net.collect_params()
    check_fit(params, values, source, model)
    for name, value in values.items():
        params[name].set_data(mx.np.from_torch(value))
