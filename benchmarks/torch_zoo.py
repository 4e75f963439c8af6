"""ResNet v1, MobileNetV2, DenseNet and VGG-16 as MXNet defines them, in torch: what the zoo is measured against.

Nothing here knows of MXNet. The networks have its architecture (a bottleneck's stride stands in its first
convolution, whose 1x1 neighbours have a bias; the head of MobileNetV2 is a convolution), and parameters in the order
in which the zoo's networks have theirs, so that `copy_state` can pair them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["NETWORKS", "copy_state", "rectify_in_place", "vgg16"]


def conv(inputs: int, outputs: int, size: int = 1, stride: int = 1, groups: int = 1, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, groups=groups, bias=bias)


class Residual(nn.Module):
    """A body and a shortcut, added, then ReLU."""

    def __init__(self, body: nn.Sequential, shortcut: nn.Sequential | None) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut
        self.inplace = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.shortcut is None else self.shortcut(x)
        if not self.inplace:
            return F.relu(shortcut + self.body(x))
        out = self.body(x)
        out += shortcut
        return F.relu_(out)


def basic(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        conv(inputs, outputs, 3, stride),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        conv(outputs, outputs, 3),
        nn.BatchNorm2d(outputs),
    )


def bottleneck(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    inner = outputs // 4
    return nn.Sequential(
        conv(inputs, inner, stride=stride, bias=True),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        conv(inner, inner, 3),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        conv(inner, outputs, bias=True),
        nn.BatchNorm2d(outputs),
    )


def resnet(body: Callable[[int, int, int], nn.Sequential], depths: Sequence[int], widths: Sequence[int]) -> nn.Module:
    layers = [conv(3, 64, 7, 2), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)]
    before = 64
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        for block in range(depth):
            stride = 2 if stage > 0 and block == 0 else 1
            shortcut = None
            if before != width:
                shortcut = nn.Sequential(conv(before, width, stride=stride), nn.BatchNorm2d(width))
            layers.append(Residual(body(before, width, stride), shortcut))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 1000))


class InvertedResidual(nn.Module):
    """Wider, depthwise, narrow again; plus the input where the shape allows."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.body = nn.Sequential(
            conv(inputs, inner),
            nn.BatchNorm2d(inner),
            nn.ReLU6(),
            conv(inner, inner, 3, stride, groups=inner),
            nn.BatchNorm2d(inner),
            nn.ReLU6(),
            conv(inner, outputs),
            nn.BatchNorm2d(outputs),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.body(x)
        return out + x if self.adds else out


def mobilenet_v2() -> nn.Module:
    layers = [conv(3, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU6()]
    before = 32
    rows = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for expansion, width, depth, first_stride in rows:
        for block in range(depth):
            layers.append(InvertedResidual(before, width, expansion, first_stride if block == 0 else 1))
            before = width
    layers += [conv(before, 1280), nn.BatchNorm2d(1280), nn.ReLU6(), nn.AdaptiveAvgPool2d(1)]
    return nn.Sequential(*layers, conv(1280, 1000), nn.Flatten())


def vgg16() -> nn.Module:
    layers: list[nn.Module] = []
    before = 3
    for depth, width in zip((2, 2, 3, 3, 3), (64, 128, 256, 512, 512), strict=True):
        for _ in range(depth):
            layers += [conv(before, width, 3, bias=True), nn.ReLU()]
            before = width
        layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(7 * 7 * 512, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(), nn.Linear(4096, 1000))


class DenseLayer(nn.Module):
    """The input, and beside it the channels computed from it."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        inner = 4 * growth
        self.computed = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            conv(inputs, inner),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            conv(inner, growth, 3),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, self.computed(x)], 1)


def densenet(before: int, growth: int, depths: Sequence[int]) -> nn.Module:
    layers = [conv(3, before, 7, 2), nn.BatchNorm2d(before), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)]
    for stage, depth in enumerate(depths):
        if stage > 0:
            layers += [nn.BatchNorm2d(before), nn.ReLU(), conv(before, before // 2), nn.AvgPool2d(2)]
            before //= 2
        for _ in range(depth):
            layers.append(DenseLayer(before, growth))
            before += growth
    layers += [nn.BatchNorm2d(before), nn.ReLU(), nn.AvgPool2d(7), nn.Flatten(), nn.Linear(before, 1000)]
    return nn.Sequential(*layers)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "resnet18_v1": lambda: resnet(basic, (2, 2, 2, 2), (64, 128, 256, 512)),
    "resnet50_v1": lambda: resnet(bottleneck, (3, 4, 6, 3), (256, 512, 1024, 2048)),
    "mobilenetv2_1.0": mobilenet_v2,
    "densenet121": lambda: densenet(64, 32, (6, 12, 24, 16)),
}
"""Constructors by the zoo's names: what `eager.py` times. `weights.py` takes `vgg16` too, which computes for long."""


def rectify_in_place(module: nn.Module) -> None:
    """Let rectifiers overwrite their input, and the sums before them too, as torchvision's networks do."""
    for each in module.modules():
        if isinstance(each, (nn.ReLU, nn.ReLU6, Residual)):
            each.inplace = True


def copy_state(arrays: Iterable[np.ndarray], module: nn.Module) -> None:
    """Write a zoo network's parameters, in their order, into the same network here.

    Raises
    ------
    ValueError
        If their number or a shape differs.
    """
    state = {name: value for name, value in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    for (name, value), array in zip(state.items(), arrays, strict=True):
        if tuple(value.shape) != array.shape:
            raise ValueError(f"{name} has shape {tuple(value.shape)}, the zoo's parameter in its place {array.shape}")
        value.copy_(torch.from_numpy(array))
