"""SqueezeNet: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters" (2016)."""

from __future__ import annotations

import os
from typing import Any

from mxnet.device import Device
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision._base import VisionModel, with_weights
from mxnet.gluon.model_zoo.vision._registry import register_model

__all__ = ["SqueezeNet", "get_squeezenet", "squeezenet1_0", "squeezenet1_1"]


def _convolution(channels: int, kernel_size: int = 1, padding: int = 0) -> nn.HybridSequential:
    layers = nn.HybridSequential()
    layers.add(nn.Conv2D(channels, kernel_size, padding=padding), nn.Activation("relu"))
    return layers


def _fire(squeeze: int) -> nn.HybridSequential:
    """A few channels by 1x1, then four times as many by 1x1 beside as many by 3x3."""
    expand = nn.HybridConcatenate(axis=1)
    expand.add(_convolution(4 * squeeze), _convolution(4 * squeeze, 3, padding=1))
    fire = nn.HybridSequential()
    fire.add(_convolution(squeeze), expand)
    return fire


class SqueezeNet(VisionModel):
    """SqueezeNet.

    Parameters
    ----------
    version : {'1.0', '1.1'}
        1.1 pools earlier, so it computes less.
    classes : int, default 1000
        Number of classes.
    in_channels : int, default 0
        Channels of the images; 0: the first input tells.

    Raises
    ------
    AssertionError
        For another version.
    """

    def __init__(self, version: str, classes: int = 1000, **kwargs: Any) -> None:
        if version not in _SPECIFICATIONS:
            raise AssertionError(f"SqueezeNet has versions '1.0' and '1.1', not {version!r}")
        channels, kernel, stages, minimum_size = _SPECIFICATIONS[version]
        super().__init__(minimum_size=minimum_size, **kwargs)
        self.features = nn.HybridSequential()
        self.features.add(
            nn.Conv2D(channels, kernel_size=kernel, strides=2, in_channels=self._in_channels), nn.Activation("relu")
        )
        for stage in stages:
            self.features.add(nn.MaxPool2D(pool_size=3, strides=2, ceil_mode=True))
            self.features.add(*(_fire(squeeze) for squeeze in stage))
        self.features.add(nn.Dropout(0.5))
        self.output = nn.HybridSequential()
        self.output.add(
            nn.Conv2D(classes, kernel_size=1), nn.Activation("relu"), nn.AvgPool2D(pool_size=13), nn.Flatten()
        )


# version: channels and kernel of the first convolution, squeezed channels of the fires between poolings, smallest input
_SPECIFICATIONS = {
    "1.0": (96, 7, ((16, 16, 32), (32, 48, 48, 64), (64,)), 213),
    "1.1": (64, 3, ((16, 16), (32, 32), (48, 48, 64, 64)), 209),
}


def get_squeezenet(
    version: str,
    pretrained: bool | str | os.PathLike = False,
    device: Device | list[Device] | None = None,
    root: str | os.PathLike | None = None,
    *,
    ctx: Device | list[Device] | None = None,
    **kwargs: Any,
) -> SqueezeNet:
    """SqueezeNet of a given version.

    Parameters
    ----------
    version : {'1.0', '1.1'}
        Version.
    pretrained : bool, str or path, default False
        Parameters to load: True for the published ones, a source or a file, as for `get_model`.
    device : Device or list of Device, default CPU
        Where they go; `ctx` is the older name.
    root : path, default ``$MXNET_HOME/models``
        Folder of published parameters.
    **kwargs
        `classes` and `in_channels`, as for `SqueezeNet`.

    Raises
    ------
    AssertionError
        For another version.
    """
    return with_weights(SqueezeNet(version, **kwargs), f"squeezenet{version}", pretrained, device, ctx, root)


@register_model("squeezenet1.0")
def squeezenet1_0(**kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.0; keyword arguments as for `get_squeezenet`."""
    return get_squeezenet("1.0", **kwargs)


@register_model("squeezenet1.1")
def squeezenet1_1(**kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.1; keyword arguments as for `get_squeezenet`."""
    return get_squeezenet("1.1", **kwargs)
