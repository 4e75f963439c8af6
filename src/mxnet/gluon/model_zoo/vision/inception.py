"""Inception-v3: Szegedy et al., "Rethinking the Inception architecture for computer vision" (2015)."""

from __future__ import annotations

import os
from typing import Any

from mxnet.device import Device
from mxnet.gluon import nn
from mxnet.gluon.block import HybridBlock
from mxnet.gluon.model_zoo.vision._base import VisionModel, with_weights
from mxnet.gluon.model_zoo.vision._registry import register_model

__all__ = ["Inception3", "inception_v3"]

# A convolution is (channels, kernel, stride, padding); what follows is left out where it is 1, 1 and 0.
Convolution = tuple


def _convolution(
    channels: int, kernel: Any = 1, stride: int = 1, padding: Any = 0, before: int = 0
) -> nn.HybridSequential:
    layers = nn.HybridSequential()
    layers.add(
        nn.Conv2D(channels, kernel, strides=stride, padding=padding, use_bias=False, in_channels=before),
        nn.BatchNorm(epsilon=0.001),
        nn.Activation("relu"),
    )
    return layers


def _branch(*convolutions: Convolution, after: HybridBlock | None = None) -> nn.HybridSequential:
    """Convolutions one after the other, `after` a pooling if there is one."""
    branch = nn.HybridSequential()
    if after is not None:
        branch.add(after)
    branch.add(*(_convolution(*convolution) for convolution in convolutions))
    return branch


def _average_pool() -> nn.AvgPool2D:
    return nn.AvgPool2D(pool_size=3, strides=1, padding=1)


def _max_pool() -> nn.MaxPool2D:
    return nn.MaxPool2D(pool_size=3, strides=2)


def _side_by_side(*branches: HybridBlock) -> nn.HybridConcatenate:
    block = nn.HybridConcatenate(axis=1)
    block.add(*branches)
    return block


def _split(*convolutions: Convolution) -> nn.HybridSequential:
    """Convolutions, then one of 1x3 beside one of 3x1."""
    split = nn.HybridSequential()
    split.add(
        _branch(*convolutions),
        _side_by_side(_branch((384, (1, 3), 1, (0, 1))), _branch((384, (3, 1), 1, (1, 0)))),
    )
    return split


def _block_35(pooled: int) -> HybridBlock:
    """A block on the 35x35 grid; `pooled` is the channels of its pooling branch."""
    return _side_by_side(
        _branch((64,)),
        _branch((48,), (64, 5, 1, 2)),
        _branch((64,), (96, 3, 1, 1), (96, 3, 1, 1)),
        _branch((pooled,), after=_average_pool()),
    )


def _reduction_17() -> HybridBlock:
    """From the 35x35 to the 17x17 grid."""
    return _side_by_side(
        _branch((384, 3, 2)),
        _branch((64,), (96, 3, 1, 1), (96, 3, 2)),
        _branch(after=_max_pool()),
    )


def _block_17(inner: int) -> HybridBlock:
    """A block on the 17x17 grid; `inner` is the channels within its branches."""
    row, column = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
    return _side_by_side(
        _branch((192,)),
        _branch((inner,), (inner, *row), (192, *column)),
        _branch((inner,), (inner, *column), (inner, *row), (inner, *column), (192, *row)),
        _branch((192,), after=_average_pool()),
    )


def _reduction_8() -> HybridBlock:
    """From the 17x17 to the 8x8 grid."""
    return _side_by_side(
        _branch((192,), (320, 3, 2)),
        _branch((192,), (192, (1, 7), 1, (0, 3)), (192, (7, 1), 1, (3, 0)), (192, 3, 2)),
        _branch(after=_max_pool()),
    )


def _block_8() -> HybridBlock:
    """A block on the 8x8 grid."""
    return _side_by_side(
        _branch((320,)),
        _split((384,)),
        _split((448,), (384, 3, 1, 1)),
        _branch((192,), after=_average_pool()),
    )


class Inception3(VisionModel):
    """Inception-v3, without the auxiliary classifier.

    Parameters
    ----------
    classes : int, default 1000
        Number of classes.
    in_channels : int, default 0
        Channels of the images; 0: the first input tells.
    """

    def __init__(self, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(minimum_size=299, **kwargs)
        self.features = nn.HybridSequential()
        self.features.add(
            _convolution(32, 3, 2, before=self._in_channels),
            *(_convolution(*row) for row in ((32, 3), (64, 3, 1, 1))),
            _max_pool(),
            *(_convolution(*row) for row in ((80,), (192, 3))),
            _max_pool(),
            *(_block_35(pooled) for pooled in (32, 64, 64)),
            _reduction_17(),
            *(_block_17(inner) for inner in (128, 160, 160, 192)),
            _reduction_8(),
            *(_block_8() for _ in range(2)),
            nn.AvgPool2D(pool_size=8),
            nn.Dropout(0.5),
        )
        self.output = nn.Dense(classes)


@register_model("inceptionv3", input_size=299)
def inception_v3(
    pretrained: bool | str | os.PathLike = False,
    device: Device | list[Device] | None = None,
    root: str | os.PathLike | None = None,
    *,
    ctx: Device | list[Device] | None = None,
    **kwargs: Any,
) -> Inception3:
    """Inception-v3.

    Parameters
    ----------
    pretrained : bool, str or path, default False
        Parameters to load: True for the published ones, a source or a file, as for `get_model`.
    device : Device or list of Device, default CPU
        Where they go; `ctx` is the older name.
    root : path, default ``$MXNET_HOME/models``
        Folder of published parameters.
    **kwargs
        `classes` and `in_channels`, as for `Inception3`.
    """
    return with_weights(Inception3(**kwargs), "inceptionv3", pretrained, device, ctx, root)
