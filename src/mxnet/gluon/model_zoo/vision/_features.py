"""Feature maps at several scales, for detection, segmentation and whatever else builds on a network's body."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mxnet import numpy as np
from mxnet.device import Device
from mxnet.gluon import nn
from mxnet.gluon._shape_pass import shape_only, without_values
from mxnet.gluon.block import HybridBlock
from mxnet.gluon.model_zoo.vision._base import VisionModel, with_weights
from mxnet.gluon.model_zoo.vision._fitting import first_convolution
from mxnet.gluon.model_zoo.vision._registry import ModelInfo
from mxnet.gluon.model_zoo.vision._weights import weights_of

__all__ = ["Feature", "FeatureExtractor", "FeatureInfo", "make_extractor"]

_USUAL_SIZE = 224  # of images, which tell how far a layer reduces them
# What ends the maps: among the layers of `features`, these only lead to the output.
_ENDS = (nn.GlobalAvgPool2D, nn.AvgPool2D, nn.Flatten, nn.Dense, nn.Dropout)


class Feature(NamedTuple):
    """One feature map.

    Attributes
    ----------
    channels : int
        Its channels.
    reduction : int
        How many pixels of the image, in height and in width, one of it stands for.
    module : str
        The layer it comes from: ``'features.4'``.
    """

    channels: int
    reduction: int
    module: str


class FeatureInfo(tuple[Feature, ...]):
    """The feature maps of an extractor, from large to small; with the questions that timm's answers."""

    __slots__ = ()

    def channels(self, index: int | None = None) -> Any:
        """The channels of all maps, as a list, or of one."""
        return self._each("channels", index)

    def reduction(self, index: int | None = None) -> Any:
        """The strides of all maps, as a list, or of one."""
        return self._each("reduction", index)

    def module_name(self, index: int | None = None) -> Any:
        """The layers of all maps, as a list, or of one."""
        return self._each("module", index)

    def _each(self, field: str, index: int | None) -> Any:
        values = [getattr(feature, field) for feature in self]
        return values if index is None else values[index]


class FeatureExtractor(VisionModel):
    """The body of a network, which gives its feature maps at several scales instead of class scores.

    There is one map for each halving of the image's size: the last one of that size. Nearly every network of the zoo
    has strides 2, 4, 8, 16 and 32; AlexNet has no 2, SqueezeNet no 32. Parameters are those of `net`, under the same
    names.

    Parameters
    ----------
    net : HybridBlock
        A network of the zoo, or any other with layers one after the other in `features`.
    out_indices : sequence of int, optional
        Which maps, counted from the largest; negative ones from the smallest. Default all. Layers behind the last one
        are left out.

    Attributes
    ----------
    feature_info : FeatureInfo
        Of each map in turn: `channels`, `reduction` and `module`.
    channels, strides : list of int
        The same, for short.

    Raises
    ------
    TypeError
        If `net` has no such layers.
    ValueError
        If there is no map of an index, one is named twice, or none is named.

    Examples
    --------
    >>> from mxnet.gluon.model_zoo import vision
    >>> body = vision.FeatureExtractor(vision.resnet18_v1(), out_indices=(1, 2, 3, 4))
    >>> body.channels, body.strides
    ([64, 128, 256, 512], [4, 8, 16, 32])
    >>> body.initialize()
    >>> [map.shape for map in body(mx.np.zeros((1, 3, 64, 96)))][-1]
    (1, 512, 2, 3)
    """

    def __init__(self, net: HybridBlock, out_indices: Sequence[int] | None = None) -> None:
        layers = getattr(net, "features", None)
        if not isinstance(net, HybridBlock) or not isinstance(layers, nn.HybridSequential) or not len(layers):
            raise TypeError(f"the maps are taken between the layers of net.features, which {type(net).__name__} lacks")
        super().__init__()
        ends = _last_of_each_stride(net)
        if not ends:
            raise ValueError(f"no layer in the features of {type(net).__name__} makes the image smaller")
        chosen = _chosen(list(ends), out_indices)
        self.features = nn.HybridSequential()
        self.features.add(*layers[: max(chosen) + 1])
        self._taken = frozenset(chosen)
        self.feature_info = FeatureInfo(ends[place] for place in chosen)

    @property
    def channels(self) -> list[int]:
        return self.feature_info.channels()

    @property
    def strides(self) -> list[int]:
        return self.feature_info.reduction()

    def forward(self, x: Any) -> list[Any]:
        """The maps (batch, channels, height / stride, width / stride), from large to small.

        Raises
        ------
        MXNetError, ValueError
            As those of the zoo's networks.
        """
        self._check(x)
        maps = []
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in self._taken:
                maps.append(x)
        return maps


def make_extractor(
    info: ModelInfo,
    out_indices: Sequence[int] | None,
    *,
    pretrained: bool | str | os.PathLike = False,
    device: Device | list[Device] | None = None,
    ctx: Device | list[Device] | None = None,
    root: str | os.PathLike | None = None,
    **kwargs: Any,
) -> FeatureExtractor:
    """The body of a model of the zoo; arguments as for `get_model`."""
    if not weights_of(info.name):  # a network that a user has registered sees to its parameters itself
        given = {"pretrained": pretrained, "device": device, "ctx": ctx, "root": root}
        kwargs |= {name: value for name, value in given.items() if value}
        return FeatureExtractor(info.constructor(**kwargs), out_indices)
    net = info.constructor(**kwargs)
    extractor = FeatureExtractor(net, out_indices)
    with_weights(net, info.name, pretrained, device, ctx, root, part=extractor)
    return extractor


def _chosen(places: list[int], out_indices: Sequence[int] | None) -> list[int]:
    """The places among the layers that `out_indices` means, in their order."""
    if out_indices is None:
        return places
    count = len(places)
    indices = [out_indices] if isinstance(out_indices, int) else list(out_indices)
    wrong = [index for index in indices if not isinstance(index, int) or not -count <= index < count]
    chosen = sorted({places[index] for index in indices}) if not wrong else []
    if wrong or not indices or len(chosen) < len(indices):
        raise ValueError(
            f"out_indices names some of the {count} maps, 0 to {count - 1}, once each; not {out_indices!r}"
        )
    return chosen


def _last_of_each_stride(net: HybridBlock) -> dict[int, Feature]:
    """By the place among the layers, the last map of each stride from 2 on."""
    last: dict[int, tuple[int, Feature]] = {}
    for place, (channels, reduction) in enumerate(_maps(net)):
        if reduction > 1:
            last[reduction] = place, Feature(channels, reduction, f"features.{place}")
    return dict(sorted(last.values()))


def _maps(net: HybridBlock) -> Iterator[tuple[int, int]]:
    """Channels and stride of what each layer gives, computed from shapes; parameters keep theirs, known or not."""
    size = max(_USUAL_SIZE, getattr(net, "_minimum_size", 1))
    stem = first_convolution(net)
    dtype, channels = (stem.weight.dtype, stem.weight.shape[1]) if stem is not None else ("float32", 3)
    x = without_values(np.zeros((1, channels if channels > 0 else 3, size, size), dtype=dtype))
    before = [(param, param._shape) for param in net._unique_params()]
    try:
        with shape_only():
            for layer in net.features:
                if isinstance(layer, _ENDS):
                    return
                x = layer(x)
                if x.ndim != 4:
                    return
                yield x.shape[1], 2 ** round(math.log2(size / x.shape[2]))
    finally:
        for param, shape in before:
            param._shape = shape
