"""What the zoo's networks have in common: features, output, a check of the input, published parameters."""

from __future__ import annotations

import os
from typing import Any

from mxnet import _dtype
from mxnet.base import MXNetError
from mxnet.device import Device, cpu
from mxnet.gluon.block import Block, HybridBlock
from mxnet.gluon.model_zoo.vision._fitting import first_convolution
from mxnet.gluon.model_zoo.vision._pretrained import load_pretrained
from mxnet.gluon.model_zoo.vision._weights import Weights
from mxnet.ndarray._array import Array

__all__ = ["VisionModel", "with_weights"]


class VisionModel(HybridBlock):
    """A network of `features` followed by `output`, which refuses what is no batch of fitting images.

    Parameters
    ----------
    minimum_size : int, default 1
        Smallest height and width that the layers leave something of.
    in_channels : int, default 0
        Channels of the images; 0: the first input tells.

    Raises
    ------
    ValueError
        For a number of channels below 0, or that is no whole number.
    """

    def __init__(self, minimum_size: int = 1, in_channels: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(in_channels, bool) or not isinstance(in_channels, int) or in_channels < 0:
            raise ValueError(f"in_channels is the number of channels of the images, not {in_channels!r}")
        self._minimum_size = minimum_size
        self._in_channels = in_channels
        self._weights: Weights | None = None  # whose parameters were loaded when it was made

    def forward(self, x: Any) -> Any:
        """Class scores (batch, classes) of images (batch, channels, height, width).

        Raises
        ------
        MXNetError
            If the input has another rank, number of channels or dtype than the network, or is too small.
        ValueError
            If it is no array of this package.
        """
        self._check(x)
        return self.output(self.features(x))

    def _check(self, x: Any) -> None:
        if not isinstance(x, Array):
            raise ValueError(f"{type(self).__name__} takes an array, not {type(x).__module__}.{type(x).__name__}")
        shape, least, stem = x.shape, self._minimum_size, first_convolution(self)
        # Where the user has put other layers in, they speak for themselves. -1: any, until the first input tells.
        channels, dtype = (stem.weight.shape[1], stem.weight.dtype) if stem is not None else (-1, x.dtype)
        if (
            len(shape) == 4
            and channels in (-1, 0, shape[1])
            and shape[1] > 0
            and shape[2] >= least
            and shape[3] >= least
            and _dtype.to_torch(x.dtype) == _dtype.to_torch(dtype)
        ):
            return
        takes = "channels" if channels in (-1, 0) else f"{channels} channels"
        raise MXNetError(
            f"{type(self).__name__} takes images of shape (batch, {takes}, height, width) and type "
            f"{_name(dtype)}, with height and width at least {least}; got shape {tuple(shape)} and type "
            f"{_name(x.dtype)}"
        )


def _name(dtype: Any) -> str:
    return _dtype.name_of(_dtype.to_torch(dtype))


def with_weights(
    net: VisionModel,
    name: str,
    pretrained: bool | str | os.PathLike,
    device: Device | list[Device] | None,
    ctx: Device | list[Device] | None,
    root: str | os.PathLike | None,
    part: Block | None = None,
) -> VisionModel:
    """Load parameters for the model `name` into `net` if they are wanted; returns `net`.

    `pretrained` is what `find_pretrained` takes as source. `ctx` is MXNet 1.x's word for `device`; the default is the
    CPU. `part` is what of `net` is wanted, as for `load_fitting`.
    """
    if pretrained:
        where = device if device is not None else ctx
        found = load_pretrained(net, name, pretrained, root, where if where is not None else cpu(), part=part)
        net._weights = found.weights
    return net
