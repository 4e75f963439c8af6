"""ResNet: He et al., "Deep residual learning for image recognition" (2015), and "Identity mappings in deep residual
networks" (2016) for version 2, which puts BatchNorm and ReLU before each convolution."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from mxnet import numpy_extension as npx
from mxnet.device import Device
from mxnet.gluon import nn
from mxnet.gluon.block import HybridBlock
from mxnet.gluon.model_zoo.vision._base import VisionModel, with_weights
from mxnet.gluon.model_zoo.vision._registry import register_model

__all__ = [
    "BasicBlockV1",
    "BasicBlockV2",
    "BottleneckV1",
    "BottleneckV2",
    "ResNetV1",
    "ResNetV2",
    "get_resnet",
    "resnet101_v1",
    "resnet101_v2",
    "resnet152_v1",
    "resnet152_v2",
    "resnet18_v1",
    "resnet18_v2",
    "resnet34_v1",
    "resnet34_v2",
    "resnet50_v1",
    "resnet50_v2",
]


def _conv3x3(channels: int, stride: int, in_channels: int) -> nn.Conv2D:
    return nn.Conv2D(channels, 3, strides=stride, padding=1, use_bias=False, in_channels=in_channels)


def _conv1x1(channels: int, stride: int, in_channels: int, use_bias: bool = False) -> nn.Conv2D:
    return nn.Conv2D(channels, 1, strides=stride, use_bias=use_bias, in_channels=in_channels)


def _relu(x: Any) -> Any:
    return npx.activation(x, act_type="relu")


class _ResidualBlock(HybridBlock):
    """What the four residual blocks have in common: layers, and a shortcut with a convolution or without."""

    def __init__(
        self, channels: int, stride: int, downsample: bool = False, in_channels: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._add_layers(channels, stride, in_channels)
        self.downsample = self._shortcut(channels, stride, in_channels) if downsample else None


class _BlockV1(_ResidualBlock):
    """A body and a shortcut, added, then ReLU."""

    def _add_layers(self, channels: int, stride: int, in_channels: int) -> None:
        self.body = nn.HybridSequential()
        self.body.add(*self._body(channels, stride, in_channels))

    def _shortcut(self, channels: int, stride: int, in_channels: int) -> HybridBlock:
        shortcut = nn.HybridSequential()
        shortcut.add(_conv1x1(channels, stride, in_channels), nn.BatchNorm())
        return shortcut

    def forward(self, x: Any) -> Any:
        """The block's output, (batch, channels, height / stride, width / stride)."""
        body = self.body(x)
        shortcut = x if self.downsample is None else self.downsample(x)
        return _relu(self._sum(body, shortcut))

    def _sum(self, body: Any, shortcut: Any) -> Any:
        return shortcut + body


class BasicBlockV1(_BlockV1):
    """The block of ResNet-18 and -34, version 1: two 3x3 convolutions.

    Parameters
    ----------
    channels : int
        Channels of the output.
    stride : int
        Stride of the block.
    downsample : bool, default False
        Whether the shortcut has a 1x1 convolution, as a change of size or of channels needs.
    in_channels : int, default 0
        Channels of the input; 0: the first input tells.
    """

    def _body(self, channels: int, stride: int, in_channels: int) -> tuple[HybridBlock, ...]:
        return (
            _conv3x3(channels, stride, in_channels),
            nn.BatchNorm(),
            nn.Activation("relu"),
            _conv3x3(channels, 1, channels),
            nn.BatchNorm(),
        )


class BottleneckV1(_BlockV1):
    """The block of deeper ResNets, version 1: 1x1, 3x3 and 1x1 convolutions. Parameters as for `BasicBlockV1`."""

    def _body(self, channels: int, stride: int, in_channels: int) -> tuple[HybridBlock, ...]:
        inner = channels // 4
        return (
            _conv1x1(inner, stride, in_channels, use_bias=True),
            nn.BatchNorm(),
            nn.Activation("relu"),
            _conv3x3(inner, 1, inner),
            nn.BatchNorm(),
            nn.Activation("relu"),
            _conv1x1(channels, 1, inner, use_bias=True),
            nn.BatchNorm(),
        )

    def _sum(self, body: Any, shortcut: Any) -> Any:
        return body + shortcut  # the other way round than in BasicBlockV1: graphs and 1.x exports show it


class _BlockV2(_ResidualBlock):
    """BatchNorm and ReLU before each convolution, the first of them before the shortcut's too."""

    def _shortcut(self, channels: int, stride: int, in_channels: int) -> HybridBlock:
        return _conv1x1(channels, stride, in_channels)


class BasicBlockV2(_BlockV2):
    """The block of ResNet-18 and -34, version 2: two 3x3 convolutions. Parameters as for `BasicBlockV1`."""

    def _add_layers(self, channels: int, stride: int, in_channels: int) -> None:
        self.bn1 = nn.BatchNorm()
        self.conv1 = _conv3x3(channels, stride, in_channels)
        self.bn2 = nn.BatchNorm()
        self.conv2 = _conv3x3(channels, 1, channels)

    def forward(self, x: Any) -> Any:
        """The block's output, (batch, channels, height / stride, width / stride)."""
        first = _relu(self.bn1(x))
        shortcut = x if self.downsample is None else self.downsample(first)
        return self.conv2(_relu(self.bn2(self.conv1(first)))) + shortcut


class BottleneckV2(_BlockV2):
    """The block of deeper ResNets, version 2: 1x1, 3x3 and 1x1 convolutions. Parameters as for `BasicBlockV1`."""

    def _add_layers(self, channels: int, stride: int, in_channels: int) -> None:
        inner = channels // 4
        self.bn1 = nn.BatchNorm()
        self.conv1 = _conv1x1(inner, 1, in_channels)
        self.bn2 = nn.BatchNorm()
        self.conv2 = _conv3x3(inner, stride, inner)
        self.bn3 = nn.BatchNorm()
        self.conv3 = _conv1x1(channels, 1, inner)

    def forward(self, x: Any) -> Any:
        """The block's output, (batch, channels, height / stride, width / stride)."""
        first = _relu(self.bn1(x))
        shortcut = x if self.downsample is None else self.downsample(first)
        second = self.conv2(_relu(self.bn2(self.conv1(first))))
        return self.conv3(_relu(self.bn3(second))) + shortcut


class _ResNet(VisionModel):
    """What the two versions have in common: the stem and the stages of residual blocks."""

    def __init__(self, layers: Sequence[int], channels: Sequence[int], **kwargs: Any) -> None:
        if len(layers) != len(channels) - 1:
            raise AssertionError(
                f"{type(self).__name__} takes the channels of the stem and of each stage: got {len(layers)} stages, "
                f"so {len(layers) + 1} numbers are needed, not {len(channels)}"
            )
        super().__init__(**kwargs)
        self.features = nn.HybridSequential()

    def _add_stem(self, channels: int, thumbnail: bool) -> None:
        if thumbnail:
            self.features.add(_conv3x3(channels, 1, self._in_channels))
            return
        self.features.add(
            nn.Conv2D(channels, 7, strides=2, padding=3, use_bias=False, in_channels=self._in_channels),
            nn.BatchNorm(),
            nn.Activation("relu"),
            nn.MaxPool2D(pool_size=3, strides=2, padding=1),
        )

    def _add_stages(self, block: type[HybridBlock], layers: Sequence[int], channels: Sequence[int]) -> None:
        for position, (depth, before, after) in enumerate(zip(layers, channels[:-1], channels[1:], strict=True)):
            stage = nn.HybridSequential()
            stage.add(block(after, 1 if position == 0 else 2, downsample=after != before, in_channels=before))
            for _ in range(depth - 1):
                stage.add(block(after, 1, in_channels=after))
            self.features.add(stage)


class ResNetV1(_ResNet):
    """ResNet, version 1.

    Parameters
    ----------
    block : class
        `BasicBlockV1` or `BottleneckV1`.
    layers : sequence of int
        Number of blocks of each stage.
    channels : sequence of int
        Channels of the stem and of each stage: one number more than `layers`.
    classes : int, default 1000
        Number of classes.
    thumbnail : bool, default False
        Whether the stem is one 3x3 convolution that keeps the size, for small images.
    in_channels : int, default 0
        Channels of the images; 0: the first input tells.

    Raises
    ------
    AssertionError
        If the lengths of `layers` and `channels` do not fit.
    """

    def __init__(
        self,
        block: type[HybridBlock],
        layers: Sequence[int],
        channels: Sequence[int],
        classes: int = 1000,
        thumbnail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(layers, channels, **kwargs)
        self._add_stem(channels[0], thumbnail)
        self._add_stages(block, layers, channels)
        self.features.add(nn.GlobalAvgPool2D())
        self.output = nn.Dense(classes, in_units=channels[-1])


class ResNetV2(_ResNet):
    """ResNet, version 2: BatchNorm and ReLU come before the convolutions. Parameters as for `ResNetV1`, with
    `BasicBlockV2` or `BottleneckV2` as `block`."""

    def __init__(
        self,
        block: type[HybridBlock],
        layers: Sequence[int],
        channels: Sequence[int],
        classes: int = 1000,
        thumbnail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(layers, channels, **kwargs)
        self.features.add(nn.BatchNorm(scale=False, center=False, in_channels=self._in_channels))
        self._add_stem(channels[0], thumbnail)
        self._add_stages(block, layers, channels)
        self.features.add(nn.BatchNorm(), nn.Activation("relu"), nn.GlobalAvgPool2D(), nn.Flatten())
        self.output = nn.Dense(classes, in_units=channels[-1])


# depth: kind of block, number of blocks of each stage, channels of the stem and of each stage
_SPECIFICATIONS = {
    18: ("basic", (2, 2, 2, 2), (64, 64, 128, 256, 512)),
    34: ("basic", (3, 4, 6, 3), (64, 64, 128, 256, 512)),
    50: ("bottleneck", (3, 4, 6, 3), (64, 256, 512, 1024, 2048)),
    101: ("bottleneck", (3, 4, 23, 3), (64, 256, 512, 1024, 2048)),
    152: ("bottleneck", (3, 8, 36, 3), (64, 256, 512, 1024, 2048)),
}

# version: network, its blocks
_VERSIONS = {
    1: (ResNetV1, {"basic": BasicBlockV1, "bottleneck": BottleneckV1}),
    2: (ResNetV2, {"basic": BasicBlockV2, "bottleneck": BottleneckV2}),
}


def get_resnet(
    version: int,
    num_layers: int,
    pretrained: bool | str | os.PathLike = False,
    device: Device | list[Device] | None = None,
    root: str | os.PathLike | None = None,
    *,
    ctx: Device | list[Device] | None = None,
    **kwargs: Any,
) -> ResNetV1 | ResNetV2:
    """ResNet of a given version and depth.

    Parameters
    ----------
    version : {1, 2}
        Version.
    num_layers : {18, 34, 50, 101, 152}
        Depth.
    pretrained : bool, str or path, default False
        Parameters to load: True for the published ones, a source or a file, as for `get_model`.
    device : Device or list of Device, default CPU
        Where they go; `ctx` is the older name.
    root : path, default ``$MXNET_HOME/models``
        Folder of published parameters.
    **kwargs
        `classes`, `thumbnail` and `in_channels`, as for `ResNetV1`.

    Raises
    ------
    AssertionError
        For another version or depth.
    """
    if num_layers not in _SPECIFICATIONS:
        raise AssertionError(f"ResNet has {', '.join(map(str, _SPECIFICATIONS))} layers, not {num_layers!r}")
    if version not in _VERSIONS:
        raise AssertionError(f"ResNet has versions 1 and 2, not {version!r}")
    kind, layers, channels = _SPECIFICATIONS[num_layers]
    network, blocks = _VERSIONS[version]
    net = network(blocks[kind], layers, channels, **kwargs)
    return with_weights(net, f"resnet{num_layers}_v{version}", pretrained, device, ctx, root)


@register_model("resnet18_v1")
def resnet18_v1(**kwargs: Any) -> ResNetV1:
    """ResNet-18, version 1; keyword arguments as for `get_resnet`."""
    return get_resnet(1, 18, **kwargs)


@register_model("resnet34_v1")
def resnet34_v1(**kwargs: Any) -> ResNetV1:
    """ResNet-34, version 1; keyword arguments as for `get_resnet`."""
    return get_resnet(1, 34, **kwargs)


@register_model("resnet50_v1")
def resnet50_v1(**kwargs: Any) -> ResNetV1:
    """ResNet-50, version 1; keyword arguments as for `get_resnet`."""
    return get_resnet(1, 50, **kwargs)


@register_model("resnet101_v1")
def resnet101_v1(**kwargs: Any) -> ResNetV1:
    """ResNet-101, version 1; keyword arguments as for `get_resnet`."""
    return get_resnet(1, 101, **kwargs)


@register_model("resnet152_v1")
def resnet152_v1(**kwargs: Any) -> ResNetV1:
    """ResNet-152, version 1; keyword arguments as for `get_resnet`."""
    return get_resnet(1, 152, **kwargs)


@register_model("resnet18_v2")
def resnet18_v2(**kwargs: Any) -> ResNetV2:
    """ResNet-18, version 2; keyword arguments as for `get_resnet`."""
    return get_resnet(2, 18, **kwargs)


@register_model("resnet34_v2")
def resnet34_v2(**kwargs: Any) -> ResNetV2:
    """ResNet-34, version 2; keyword arguments as for `get_resnet`."""
    return get_resnet(2, 34, **kwargs)


@register_model("resnet50_v2")
def resnet50_v2(**kwargs: Any) -> ResNetV2:
    """ResNet-50, version 2; keyword arguments as for `get_resnet`."""
    return get_resnet(2, 50, **kwargs)


@register_model("resnet101_v2")
def resnet101_v2(**kwargs: Any) -> ResNetV2:
    """ResNet-101, version 2; keyword arguments as for `get_resnet`."""
    return get_resnet(2, 101, **kwargs)


@register_model("resnet152_v2")
def resnet152_v2(**kwargs: Any) -> ResNetV2:
    """ResNet-152, version 2; keyword arguments as for `get_resnet`."""
    return get_resnet(2, 152, **kwargs)
