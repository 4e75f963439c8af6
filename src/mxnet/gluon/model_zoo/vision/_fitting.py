"""Parameters that were made for other classes, or for images of other channels, brought into a network."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from mxnet.device import Device
from mxnet.gluon import _files, nn
from mxnet.gluon.block import Block, HybridBlock
from mxnet.gluon.parameter import Parameter
from mxnet.initializer import Xavier

__all__ = ["CLASSES", "first_convolution", "load_fitting"]

CLASSES = 1000  # of a network that nobody has asked for another number of

_HEAD = "output."
_EPSILON = 1e-5  # of BatchNorm
_logger = logging.getLogger(__name__)

_Statistics = dict[str, torch.Tensor]


def load_fitting(
    net: HybridBlock,
    arrays: dict[str, torch.Tensor],
    file: Path,
    device: Device | list[Device] | None,
    new_head: bool = True,
    release: _files.Release | None = None,
) -> None:
    """Load `arrays`, the first convolution changed for the channels of `net` where they differ.

    With `new_head`, and if `net` was made for another number of classes than `CLASSES` and than the parameters have,
    its output is initialized instead, and a message of the logger says so. `release` is as for `_files.load`.

    Raises
    ------
    AssertionError, ValueError
        As `Block.load_dict`, AssertionError also for another number of classes without a new head; `net` is left as it
        was.
    """
    params = dict(net._named_params(""))
    arrays = _files._under_structural_names(params, arrays)
    arrays = _for_channels(net, params, arrays)
    head = _head_of_other_classes(params, arrays)
    if head:
        had, has = (of[next(iter(head))].shape[0] for of in (arrays, params))
        if not new_head or has == CLASSES:
            raise AssertionError(
                f"{file} has {had} classes and the network {has}: make it with classes={had}, or classify with {had} "
                "labels"
            )
    body = {name: param for name, param in params.items() if name not in head}
    kept = {name: array for name, array in arrays.items() if name not in head}
    _files.load(body, kept, device, False, False, True, "current", f"file: {file}", release)
    for name, param in head.items():
        param._path = name
        param.shape = (param.shape[0], *arrays[name].shape[1:])
        # Xavier where the layer has no initializer of its own: the features it meets are large.
        param.initialize(None, device, Xavier(), force_reinit=True)
    if head:
        _logger.warning("%s has %d classes: the output for %d is initialized, and has to be trained", file, had, has)


def _head_of_other_classes(params: dict[str, Parameter], arrays: dict[str, torch.Tensor]) -> dict[str, Parameter]:
    """The parameters of the output, if `arrays` are for another number of classes and the same in all else."""
    head = {name: param for name, param in params.items() if name.startswith(_HEAD)}
    for name, param in head.items():
        if name not in arrays or not _differ_in_classes(param.shape, arrays[name].shape):
            return {}
    return head


def _differ_in_classes(wanted: Sequence[int], there: Sequence[int]) -> bool:
    """Whether the first dimension, and it alone, is another."""
    if len(wanted) != len(there) or wanted[0] == there[0]:
        return False
    return all(a in (-1, b) for a, b in zip(wanted[1:], there[1:], strict=True))


def first_convolution(block: Block) -> nn.Conv2D | None:
    """The convolution that sees the image first."""
    for _, layer in block._child_blocks():
        found = layer if isinstance(layer, nn.Conv2D) else first_convolution(layer)
        if found is not None:
            return found
    return None


def _for_channels(
    net: HybridBlock, params: dict[str, Parameter], arrays: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """`arrays` with the first convolution, and the BatchNorm that may come before it, for the channels of `net`.

    Weights for one channel are the sum of those for all, so that a grey image gives what it gives repeated; weights
    for more are those for red, green, blue, red and so on, scaled so that the whole keeps its size.
    """
    stem = first_convolution(net)
    name = next((name for name, param in params.items() if stem is not None and param is stem.weight), None)
    if name not in arrays or arrays[name].dim() != 4:
        return arrays
    wanted, there = stem.weight.shape[1], arrays[name].shape[1]
    if wanted in (-1, there) or there == 0:
        return arrays
    before = {one: arrays[one].double() for one in _before(params, name) if _is_of(arrays.get(one), there)}
    weight = arrays[name].double()
    weight, before = _summed(weight, before) if wanted == 1 else _repeated(weight, before, wanted)
    return arrays | {one: values.to(arrays[one].dtype) for one, values in (before | {name: weight}).items()}


def _before(params: dict[str, Parameter], first: str) -> list[str]:
    """Names of the parameters that come before the first convolution: those of a BatchNorm of the image."""
    names = list(params)
    return names[: names.index(first)]


def _is_of(array: torch.Tensor | None, channels: int) -> bool:
    return array is not None and array.shape == (channels,)


def _summed(weight: torch.Tensor, before: _Statistics) -> tuple[torch.Tensor, _Statistics]:
    """For one channel; BatchNorm gets the means of its statistics."""
    means = {name: values.mean(0, keepdim=True) for name, values in before.items()}
    variance = next((name for name in before if name.endswith("running_var")), None)
    if variance is not None:
        # What divides each channel differs: the weights make up for it.
        ratio = (means[variance] + _EPSILON) / (before[variance] + _EPSILON)
        weight = weight * ratio.sqrt().reshape(1, -1, 1, 1)
    return weight.sum(1, keepdim=True), means


def _repeated(weight: torch.Tensor, before: _Statistics, channels: int) -> tuple[torch.Tensor, _Statistics]:
    """For several channels, those of the file in turn."""
    there = weight.shape[1]
    turn = torch.arange(channels) % there
    return weight[:, turn] * (there / channels), {name: values[turn] for name, values in before.items()}
