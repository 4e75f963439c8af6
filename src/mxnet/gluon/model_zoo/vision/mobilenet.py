"""MobileNet: Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision applications"
(2017), and Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks" (2018)."""

from __future__ import annotations

import os
from typing import Any

from mxnet import numpy as np
from mxnet.device import Device
from mxnet.gluon import nn
from mxnet.gluon.block import HybridBlock
from mxnet.gluon.model_zoo.vision._base import VisionModel, with_weights
from mxnet.gluon.model_zoo.vision._registry import register_model

__all__ = [
    "MobileNet",
    "MobileNetV2",
    "get_mobilenet",
    "get_mobilenet_v2",
    "mobilenet0_25",
    "mobilenet0_5",
    "mobilenet0_75",
    "mobilenet1_0",
    "mobilenet_v2_0_25",
    "mobilenet_v2_0_5",
    "mobilenet_v2_0_75",
    "mobilenet_v2_1_0",
]


class RELU6(HybridBlock):
    """ReLU that stops at 6."""

    def forward(self, x: Any) -> Any:
        """`x` with what is below 0 or above 6 cut off."""
        return np.clip(x, 0, 6)


def _convolution(
    channels: int,
    kernel_size: int = 1,
    stride: int = 1,
    groups: int = 1,
    activation: HybridBlock | None = None,
    in_channels: int = 0,
) -> tuple[HybridBlock, ...]:
    """A convolution that keeps the size but for its stride, BatchNorm, and the activation if there is one."""
    convolution = nn.Conv2D(
        channels,
        kernel_size,
        strides=stride,
        padding=kernel_size // 2,
        groups=groups,
        use_bias=False,
        in_channels=in_channels,
    )
    return (convolution, nn.BatchNorm()) if activation is None else (convolution, nn.BatchNorm(), activation)


def _checked(multiplier: float, model: str) -> float:
    if not multiplier >= 0.25:
        raise ValueError(f"{model} takes a width multiplier of at least 0.25, got {multiplier!r}")
    return multiplier


class MobileNet(VisionModel):
    """MobileNet: a depthwise and a pointwise convolution, many times.

    Parameters
    ----------
    multiplier : float, default 1.0
        Width: the channels as a multiple of the paper's; at least 0.25.
    classes : int, default 1000
        Number of classes.
    in_channels : int, default 0
        Channels of the images; 0: the first input tells.

    Raises
    ------
    ValueError
        For a smaller multiplier.
    """

    def __init__(self, multiplier: float = 1.0, classes: int = 1000, **kwargs: Any) -> None:
        _checked(multiplier, "MobileNet")
        super().__init__(**kwargs)
        self.features = nn.HybridSequential()
        before = int(32 * multiplier)
        stem = _convolution(before, 3, stride=2, activation=nn.Activation("relu"), in_channels=self._in_channels)
        self.features.add(*stem)
        for base, stride in _PAIRS:
            channels = int(base * multiplier)
            self.features.add(*_convolution(before, 3, stride, groups=before, activation=nn.Activation("relu")))
            self.features.add(*_convolution(channels, activation=nn.Activation("relu")))
            before = channels
        self.features.add(nn.GlobalAvgPool2D(), nn.Flatten())
        self.output = nn.Dense(classes)


class LinearBottleneck(HybridBlock):
    """MobileNetV2's block: wider, depthwise, narrow again without activation; plus the input where the shape allows.

    Parameters
    ----------
    in_channels, channels : int
        Channels of the input and of the output.
    t : int
        How many times wider it becomes inside.
    stride : int
        Stride of the depthwise convolution.
    """

    def __init__(self, in_channels: int, channels: int, t: int, stride: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_shortcut = stride == 1 and in_channels == channels
        inner = in_channels * t
        self.out = nn.HybridSequential()
        self.out.add(
            *_convolution(inner, activation=RELU6()),
            *_convolution(inner, 3, stride, groups=inner, activation=RELU6()),
            *_convolution(channels),
        )

    def forward(self, x: Any) -> Any:
        """The block's output, (batch, channels, height / stride, width / stride)."""
        out = self.out(x)
        return out + x if self.use_shortcut else out


class MobileNetV2(VisionModel):
    """MobileNetV2. Parameters and errors as for `MobileNet`."""

    def __init__(self, multiplier: float = 1.0, classes: int = 1000, **kwargs: Any) -> None:
        _checked(multiplier, "MobileNetV2")
        super().__init__(**kwargs)
        self.features = nn.HybridSequential()
        before = int(32 * multiplier)
        stem = _convolution(before, 3, stride=2, activation=RELU6(), in_channels=self._in_channels)
        self.features.add(*stem)
        for expansion, base, repeats, first_stride in _BOTTLENECKS:
            channels = int(base * multiplier)
            for position in range(repeats):
                stride = first_stride if position == 0 else 1
                self.features.add(LinearBottleneck(before, channels, expansion, stride))
                before = channels
        last = int(1280 * max(multiplier, 1.0))
        self.features.add(*_convolution(last, activation=RELU6()), nn.GlobalAvgPool2D())
        self.output = nn.HybridSequential()
        self.output.add(nn.Conv2D(classes, kernel_size=1, use_bias=False), nn.Flatten())


# MobileNet: channels of a pointwise convolution, stride of the depthwise one before it
_PAIRS = (
    (64, 1),
    *((128, 2), (128, 1)),
    *((256, 2), (256, 1)),
    *((512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1)),
    *((1024, 2), (1024, 1)),
)

# MobileNetV2: expansion, channels, number of blocks, stride of the first of them
_BOTTLENECKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def _width(multiplier: float) -> str:
    """A multiplier as the names of the published files have it: 1.0, 0.75, 0.5."""
    text = f"{multiplier:.2f}"
    return text[:-1] if text.endswith("0") else text


def get_mobilenet(
    multiplier: float,
    pretrained: bool | str | os.PathLike = False,
    device: Device | list[Device] | None = None,
    root: str | os.PathLike | None = None,
    *,
    ctx: Device | list[Device] | None = None,
    **kwargs: Any,
) -> MobileNet:
    """MobileNet of a given width.

    Parameters
    ----------
    multiplier : float
        Width, at least 0.25; parameters are published for 0.25, 0.5, 0.75 and 1.0.
    pretrained : bool, str or path, default False
        Parameters to load: True for the published ones, a source or a file, as for `get_model`.
    device : Device or list of Device, default CPU
        Where they go; `ctx` is the older name.
    root : path, default ``$MXNET_HOME/models``
        Folder of published parameters.
    **kwargs
        `classes` and `in_channels`, as for `MobileNet`.

    Raises
    ------
    ValueError
        For a smaller multiplier, or if no parameters were published for it.
    """
    net = MobileNet(multiplier, **kwargs)
    return with_weights(net, f"mobilenet{_width(multiplier)}", pretrained, device, ctx, root)


def get_mobilenet_v2(
    multiplier: float,
    pretrained: bool | str | os.PathLike = False,
    device: Device | list[Device] | None = None,
    root: str | os.PathLike | None = None,
    *,
    ctx: Device | list[Device] | None = None,
    **kwargs: Any,
) -> MobileNetV2:
    """MobileNetV2 of a given width; parameters and errors as for `get_mobilenet`."""
    net = MobileNetV2(multiplier, **kwargs)
    return with_weights(net, f"mobilenetv2_{_width(multiplier)}", pretrained, device, ctx, root)


@register_model("mobilenet1.0")
def mobilenet1_0(**kwargs: Any) -> MobileNet:
    """MobileNet at full width; keyword arguments as for `get_mobilenet`."""
    return get_mobilenet(1.0, **kwargs)


@register_model("mobilenet0.75")
def mobilenet0_75(**kwargs: Any) -> MobileNet:
    """MobileNet at three quarters of the width; keyword arguments as for `get_mobilenet`."""
    return get_mobilenet(0.75, **kwargs)


@register_model("mobilenet0.5")
def mobilenet0_5(**kwargs: Any) -> MobileNet:
    """MobileNet at half the width; keyword arguments as for `get_mobilenet`."""
    return get_mobilenet(0.5, **kwargs)


@register_model("mobilenet0.25")
def mobilenet0_25(**kwargs: Any) -> MobileNet:
    """MobileNet at a quarter of the width; keyword arguments as for `get_mobilenet`."""
    return get_mobilenet(0.25, **kwargs)


@register_model("mobilenetv2_1.0")
def mobilenet_v2_1_0(**kwargs: Any) -> MobileNetV2:
    """MobileNetV2 at full width; keyword arguments as for `get_mobilenet_v2`."""
    return get_mobilenet_v2(1.0, **kwargs)


@register_model("mobilenetv2_0.75")
def mobilenet_v2_0_75(**kwargs: Any) -> MobileNetV2:
    """MobileNetV2 at three quarters of the width; keyword arguments as for `get_mobilenet_v2`."""
    return get_mobilenet_v2(0.75, **kwargs)


@register_model("mobilenetv2_0.5")
def mobilenet_v2_0_5(**kwargs: Any) -> MobileNetV2:
    """MobileNetV2 at half the width; keyword arguments as for `get_mobilenet_v2`."""
    return get_mobilenet_v2(0.5, **kwargs)


@register_model("mobilenetv2_0.25")
def mobilenet_v2_0_25(**kwargs: Any) -> MobileNetV2:
    """MobileNetV2 at a quarter of the width; keyword arguments as for `get_mobilenet_v2`."""
    return get_mobilenet_v2(0.25, **kwargs)
