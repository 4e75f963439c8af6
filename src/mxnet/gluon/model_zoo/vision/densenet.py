"""DenseNet: Huang et al., "Densely connected convolutional networks" (2016)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from mxnet.device import Device
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision._base import VisionModel, with_weights
from mxnet.gluon.model_zoo.vision._registry import register_model

__all__ = [
    "DenseNet",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "densenet_121",
    "densenet_161",
    "densenet_169",
    "densenet_201",
    "get_densenet",
]

_POOL = 7  # size of the last pooling


def _dense_layer(growth_rate: int, bn_size: int, dropout: float) -> nn.HybridConcatenate:
    """The input, and beside it `growth_rate` channels computed from it."""
    computed = nn.HybridSequential()
    computed.add(
        nn.BatchNorm(),
        nn.Activation("relu"),
        nn.Conv2D(bn_size * growth_rate, kernel_size=1, use_bias=False),
        nn.BatchNorm(),
        nn.Activation("relu"),
        nn.Conv2D(growth_rate, kernel_size=3, padding=1, use_bias=False),
    )
    if dropout:
        computed.add(nn.Dropout(dropout))
    layer = nn.HybridConcatenate(axis=1)
    layer.add(nn.Identity(), computed)
    return layer


def _transition(channels: int) -> nn.HybridSequential:
    """Fewer channels, half the size."""
    transition = nn.HybridSequential()
    transition.add(
        nn.BatchNorm(),
        nn.Activation("relu"),
        nn.Conv2D(channels, kernel_size=1, use_bias=False),
        nn.AvgPool2D(pool_size=2, strides=2),
    )
    return transition


class DenseNet(VisionModel):
    """DenseNet.

    Parameters
    ----------
    num_init_features : int
        Channels of the first convolution.
    growth_rate : int
        Channels that each layer adds.
    block_config : sequence of int
        Number of layers of each dense block.
    bn_size : int, default 4
        Channels of a layer's 1x1 convolution, as a multiple of `growth_rate`.
    dropout : float, default 0
        Rate of dropout after each layer.
    classes : int, default 1000
        Number of classes.
    in_channels : int, default 0
        Channels of the images; 0: the first input tells.
    """

    def __init__(
        self,
        num_init_features: int,
        growth_rate: int,
        block_config: Sequence[int],
        bn_size: int = 4,
        dropout: float = 0,
        classes: int = 1000,
        **kwargs: Any,
    ) -> None:
        # The stem leaves a quarter, each transition a half, and the last pooling needs its size; the stem rounds up.
        super().__init__(minimum_size=4 * (_POOL * 2 ** (len(block_config) - 1) - 1) + 1, **kwargs)
        self.features = nn.HybridSequential()
        self.features.add(
            nn.Conv2D(num_init_features, 7, strides=2, padding=3, use_bias=False, in_channels=self._in_channels),
            nn.BatchNorm(),
            nn.Activation("relu"),
            nn.MaxPool2D(pool_size=3, strides=2, padding=1),
        )
        channels = num_init_features
        for position, depth in enumerate(block_config):
            if position > 0:
                channels //= 2
                self.features.add(_transition(channels))
            block = nn.HybridSequential()
            block.add(*(_dense_layer(growth_rate, bn_size, dropout) for _ in range(depth)))
            self.features.add(block)
            channels += depth * growth_rate
        self.features.add(nn.BatchNorm(), nn.Activation("relu"), nn.AvgPool2D(pool_size=_POOL), nn.Flatten())
        self.output = nn.Dense(classes)


# depth: channels of the first convolution, growth rate, number of layers of each block
_SPECIFICATIONS = {
    121: (64, 32, (6, 12, 24, 16)),
    161: (96, 48, (6, 12, 36, 24)),
    169: (64, 32, (6, 12, 32, 32)),
    201: (64, 32, (6, 12, 48, 32)),
}


def get_densenet(
    num_layers: int,
    pretrained: bool | str | os.PathLike = False,
    device: Device | list[Device] | None = None,
    root: str | os.PathLike | None = None,
    *,
    ctx: Device | list[Device] | None = None,
    **kwargs: Any,
) -> DenseNet:
    """DenseNet of a given depth.

    Parameters
    ----------
    num_layers : {121, 161, 169, 201}
        Depth.
    pretrained : bool, str or path, default False
        Parameters to load: True for the published ones, a source or a file, as for `get_model`.
    device : Device or list of Device, default CPU
        Where they go; `ctx` is the older name.
    root : path, default ``$MXNET_HOME/models``
        Folder of published parameters.
    **kwargs
        `bn_size`, `dropout`, `classes` and `in_channels`, as for `DenseNet`.

    Raises
    ------
    KeyError
        For another depth.
    """
    if num_layers not in _SPECIFICATIONS:
        raise KeyError(f"DenseNet has {', '.join(map(str, _SPECIFICATIONS))} layers, not {num_layers!r}")
    net = DenseNet(*_SPECIFICATIONS[num_layers], **kwargs)
    return with_weights(net, f"densenet{num_layers}", pretrained, device, ctx, root)


@register_model("densenet121")
def densenet121(**kwargs: Any) -> DenseNet:
    """DenseNet-121; keyword arguments as for `get_densenet`."""
    return get_densenet(121, **kwargs)


@register_model("densenet161")
def densenet161(**kwargs: Any) -> DenseNet:
    """DenseNet-161; keyword arguments as for `get_densenet`."""
    return get_densenet(161, **kwargs)


@register_model("densenet169")
def densenet169(**kwargs: Any) -> DenseNet:
    """DenseNet-169; keyword arguments as for `get_densenet`."""
    return get_densenet(169, **kwargs)


@register_model("densenet201")
def densenet201(**kwargs: Any) -> DenseNet:
    """DenseNet-201; keyword arguments as for `get_densenet`."""
    return get_densenet(201, **kwargs)


# The spelling of MXNet's page on the zoo.
densenet_121, densenet_161 = densenet121, densenet161
densenet_169, densenet_201 = densenet169, densenet201
