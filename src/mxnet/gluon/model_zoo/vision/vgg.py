"""VGG: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from mxnet.device import Device
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision._base import VisionModel, with_weights
from mxnet.gluon.model_zoo.vision._registry import register_model
from mxnet.initializer import Xavier

__all__ = [
    "VGG",
    "get_vgg",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]


class VGG(VisionModel):
    """VGG: stages of 3x3 convolutions with pooling between them, then three Dense layers.

    Parameters
    ----------
    layers : sequence of int
        Number of convolutions of each stage.
    filters : sequence of int
        Number of channels of each stage.
    classes : int, default 1000
        Number of classes.
    batch_norm : bool, default False
        Whether a BatchNorm follows each convolution.
    in_channels : int, default 0
        Channels of the images; 0: the first input tells.

    Raises
    ------
    AssertionError
        If `layers` and `filters` differ in length.
    """

    def __init__(
        self,
        layers: Sequence[int],
        filters: Sequence[int],
        classes: int = 1000,
        batch_norm: bool = False,
        **kwargs: Any,
    ) -> None:
        if len(layers) != len(filters):
            raise AssertionError(
                f"VGG takes one number of filters a stage: got {len(layers)} stages and {len(filters)} numbers"
            )
        super().__init__(minimum_size=2 ** len(layers), **kwargs)
        self.features = nn.HybridSequential()
        for depth, channels in zip(layers, filters, strict=True):
            for _ in range(depth):
                self._add_convolution(channels, batch_norm)
            self.features.add(nn.MaxPool2D(strides=2))
        for _ in range(2):
            self.features.add(nn.Dense(4096, activation="relu", weight_initializer="normal"), nn.Dropout(0.5))
        self.output = nn.Dense(classes, weight_initializer="normal")

    def _add_convolution(self, channels: int, batch_norm: bool) -> None:
        initializer = Xavier(rnd_type="gaussian", factor_type="out", magnitude=2)
        before = 0 if len(self.features) else self._in_channels
        self.features.add(
            nn.Conv2D(channels, kernel_size=3, padding=1, weight_initializer=initializer, in_channels=before)
        )
        if batch_norm:
            self.features.add(nn.BatchNorm())
        self.features.add(nn.Activation("relu"))


# depth: number of convolutions of each stage, channels of each stage
_SPECIFICATIONS = {
    11: ((1, 1, 2, 2, 2), (64, 128, 256, 512, 512)),
    13: ((2, 2, 2, 2, 2), (64, 128, 256, 512, 512)),
    16: ((2, 2, 3, 3, 3), (64, 128, 256, 512, 512)),
    19: ((2, 2, 4, 4, 4), (64, 128, 256, 512, 512)),
}


def get_vgg(
    num_layers: int,
    pretrained: bool | str | os.PathLike = False,
    device: Device | list[Device] | None = None,
    root: str | os.PathLike | None = None,
    *,
    ctx: Device | list[Device] | None = None,
    **kwargs: Any,
) -> VGG:
    """VGG of a given depth.

    Parameters
    ----------
    num_layers : {11, 13, 16, 19}
        Depth.
    pretrained : bool, str or path, default False
        Parameters to load: True for the published ones, a source or a file, as for `get_model`.
    device : Device or list of Device, default CPU
        Where they go; `ctx` is the older name.
    root : path, default ``$MXNET_HOME/models``
        Folder of published parameters.
    **kwargs
        `classes`, `batch_norm` and `in_channels`, as for `VGG`.

    Raises
    ------
    KeyError
        For another depth.
    """
    if num_layers not in _SPECIFICATIONS:
        raise KeyError(f"VGG has {', '.join(map(str, _SPECIFICATIONS))} layers, not {num_layers}")
    net = VGG(*_SPECIFICATIONS[num_layers], **kwargs)
    name = f"vgg{num_layers}_bn" if kwargs.get("batch_norm") else f"vgg{num_layers}"
    return with_weights(net, name, pretrained, device, ctx, root)


@register_model("vgg11")
def vgg11(**kwargs: Any) -> VGG:
    """VGG-11; keyword arguments as for `get_vgg`."""
    return get_vgg(11, **kwargs)


@register_model("vgg13")
def vgg13(**kwargs: Any) -> VGG:
    """VGG-13; keyword arguments as for `get_vgg`."""
    return get_vgg(13, **kwargs)


@register_model("vgg16")
def vgg16(**kwargs: Any) -> VGG:
    """VGG-16; keyword arguments as for `get_vgg`."""
    return get_vgg(16, **kwargs)


@register_model("vgg19")
def vgg19(**kwargs: Any) -> VGG:
    """VGG-19; keyword arguments as for `get_vgg`."""
    return get_vgg(19, **kwargs)


@register_model("vgg11_bn")
def vgg11_bn(**kwargs: Any) -> VGG:
    """VGG-11 with BatchNorm; keyword arguments as for `get_vgg`."""
    return get_vgg(11, **{**kwargs, "batch_norm": True})


@register_model("vgg13_bn")
def vgg13_bn(**kwargs: Any) -> VGG:
    """VGG-13 with BatchNorm; keyword arguments as for `get_vgg`."""
    return get_vgg(13, **{**kwargs, "batch_norm": True})


@register_model("vgg16_bn")
def vgg16_bn(**kwargs: Any) -> VGG:
    """VGG-16 with BatchNorm; keyword arguments as for `get_vgg`."""
    return get_vgg(16, **{**kwargs, "batch_norm": True})


@register_model("vgg19_bn")
def vgg19_bn(**kwargs: Any) -> VGG:
    """VGG-19 with BatchNorm; keyword arguments as for `get_vgg`."""
    return get_vgg(19, **{**kwargs, "batch_norm": True})
