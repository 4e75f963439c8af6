"""AlexNet: Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014)."""

from __future__ import annotations

import os
from typing import Any

from mxnet.device import Device
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision._base import VisionModel, with_weights
from mxnet.gluon.model_zoo.vision._registry import register_model

__all__ = ["AlexNet", "alexnet"]


class AlexNet(VisionModel):
    """AlexNet.

    Parameters
    ----------
    classes : int, default 1000
        Number of classes.
    in_channels : int, default 0
        Channels of the images; 0: the first input tells.
    """

    def __init__(self, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(minimum_size=63, **kwargs)
        self.features = nn.HybridSequential()
        for channels, kernel, stride, padding, pool in _CONVOLUTIONS:
            before = 0 if len(self.features) else self._in_channels
            self.features.add(nn.Conv2D(channels, kernel, stride, padding, activation="relu", in_channels=before))
            if pool:
                self.features.add(nn.MaxPool2D(pool_size=3, strides=2))
        self.features.add(nn.Flatten())
        for _ in range(2):
            self.features.add(nn.Dense(4096, activation="relu"), nn.Dropout(0.5))
        self.output = nn.Dense(classes)


# channels, kernel, stride, padding, whether pooling follows
_CONVOLUTIONS = (
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)


@register_model("alexnet")
def alexnet(
    pretrained: bool | str | os.PathLike = False,
    device: Device | list[Device] | None = None,
    root: str | os.PathLike | None = None,
    *,
    ctx: Device | list[Device] | None = None,
    **kwargs: Any,
) -> AlexNet:
    """AlexNet.

    Parameters
    ----------
    pretrained : bool, str or path, default False
        Parameters to load: True for the published ones, a source or a file, as for `get_model`.
    device : Device or list of Device, default CPU
        Where they go; `ctx` is the older name.
    root : path, default ``$MXNET_HOME/models``
        Folder of published parameters.
    **kwargs
        As for `AlexNet`.
    """
    return with_weights(AlexNet(**kwargs), "alexnet", pretrained, device, ctx, root)
