"""Parameters that were made for other classes, or for images of other channels, brought into a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import torch

from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.gluon import _files, nn
from mxnet.gluon.block import Block, HybridBlock
from mxnet.gluon.parameter import Parameter
from mxnet.initializer import Xavier

__all__ = [
    "CLASSES",
    "Fitted",
    "Head",
    "UnfitError",
    "check_fit",
    "classes_of",
    "first_convolution",
    "head_of",
    "load_fitting",
    "usual_head",
]

# What becomes of the output in a file: it is the network's, it may be if it is for as many classes, or it is left out.
Head = Literal["taken", "may be new", "unused"]

CLASSES = 1000  # of a network that nobody has asked for another number of

_HEAD = "output."
_EPSILON = 1e-5  # of BatchNorm
_SHOWN = 3  # of what does not agree
_OTHER_CLASSES = (
    "{file} has {had} classes and the network {has}: make it with classes={had}, or classify with {had} labels"
)

_Statistics = dict[str, torch.Tensor]


class UnfitError(MXNetError, AssertionError, ValueError):
    """The parameters are those of another network; it is also what `Block.load_dict` raises then."""


class Fitted(NamedTuple):
    """What was not taken as it is.

    Attributes
    ----------
    classes : (int, int) or None
        Those of the file, 0 if it has no output, and of the network; None if the output of the file was taken.
    channels : (int, int) or None
        Those of the images that the file is for, and the network; None if the first convolution was taken unchanged.
    """

    classes: tuple[int, int] | None
    channels: tuple[int, int] | None


def load_fitting(
    net: HybridBlock,
    model: str,
    arrays: dict[str, torch.Tensor],
    file: Path,
    head: Head,
    device: Device | list[Device] | None = None,
    release: _files.Release | None = None,
    part: Block | None = None,
) -> Fitted:
    """Load `arrays`, the first convolution changed for the channels of `net` where they differ.

    Parameters
    ----------
    net : HybridBlock
    model : str
        What errors call it.
    arrays : dict of str to torch.Tensor
    file : Path
        Where they are from, for errors.
    head : {'taken', 'may be new', 'unused'}
        Where it may be new, the parameters may have another number of classes, or no output: that of `net` is left as
        it is then, or initialized if it was not. Where it is unused, all parameters but those of `part` are.
    device : Device or list of Device, optional
        Of what is not initialized yet.
    release : callable, optional
        As for `_files.load`.
    part : Block, optional
        What of `net` is loaded, under the same names; the file may have the rest of it, which is not looked at.

    Raises
    ------
    UnfitError
        If parameters are missing, too many, or of another shape; `net` is left as it was.
    """
    params = dict(net._named_params(""))
    arrays = _files._under_structural_names(params, arrays)
    arrays, channels = _for_channels(net, params, arrays)
    output = {name: params[name] for name in head_of(net)}
    had = _other_classes(output, arrays) if part is None else None
    if had is not None and _classes(output) < 1:
        raise UnfitError(f"{model} was made for no number of classes that an output can have: classes= is at least 1")
    if had is not None and head == "taken":
        if had:
            raise UnfitError(_OTHER_CLASSES.format(file=file, had=had, has=_classes(output)))
        had = None  # an output that is missing is told with all else
    left = {} if had is None else output
    if part is not None:
        wanted = dict(part._named_params(""))
        left = {name: param for name, param in params.items() if name not in wanted}
    body = {name: param for name, param in params.items() if name not in left}
    kept = {name: array for name, array in arrays.items() if name not in left}
    check_fit(body, kept, str(file), model)
    _files.load(body, kept, device, False, False, True, "current", f"file: {file}", release)
    if had is None:
        return Fitted(None, channels)
    for name, param in output.items():
        if param._replicas is not None:
            continue
        param._path = name
        if name in arrays:
            param.shape = (param.shape[0], *arrays[name].shape[1:])
        # Xavier where the layer has no initializer of its own: the features it meets are large.
        param.initialize(None, device, Xavier())
    return Fitted((had, _classes(output)), channels)


def usual_head(net: Block) -> Head:
    """What becomes of the output where nothing else is said: it may be new in a network that was made for another
    number of classes than `CLASSES`."""
    return "may be new" if classes_of(net) not in (None, CLASSES) else "taken"


def classes_of(net: Block) -> int | None:
    """The classes that the output of a network is for, None if it has none."""
    params = dict(net._named_params(""))
    output = {name: params[name] for name in head_of(net)}
    return _classes(output) if output else None


def check_fit(params: Mapping[str, Parameter], arrays: Mapping[str, torch.Tensor], source: str, model: str) -> None:
    """Refuse `arrays` unless they are just the values that `params` take; `source` and `model` are for the error.

    Raises
    ------
    UnfitError
        Which names the first of those that are missing, too many, or of another shape.
    """
    there = {id(param) for name, param in params.items() if name in arrays}  # shared ones have several names
    problems = [f"{name} is missing" for name, param in params.items() if id(param) not in there]
    problems += [f"{name} is none of its parameters" for name in arrays if name not in params]
    for name, param in params.items():
        if name in arrays and not param._takes(tuple(arrays[name].shape)):
            problems.append(f"{name} is {tuple(arrays[name].shape)} there and {param.shape} here")
    if problems:
        more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        advice = _files._advice(dict(params), dict(arrays))
        raise UnfitError(f"{source} does not fit {model}: {'; '.join(problems[:_SHOWN])}{more}.{advice}")


def head_of(net: Block) -> list[str]:
    """Names of the parameters that answer for classes: those of `net.output`, or of the last layer that has any."""
    names = [name for name, _ in net._named_params("")]
    head = [name for name in names if name.startswith(_HEAD)]
    if head or not names:
        return head
    layer = names[-1].rpartition(".")[0]
    return [name for name in names if name.rpartition(".")[0] == layer]


def _other_classes(head: Mapping[str, Parameter], arrays: Mapping[str, torch.Tensor]) -> int | None:
    """The classes of `arrays` if these are others than those of the output, 0 if they have no output; else None."""
    there = [arrays[name] for name in head if name in arrays]
    if head and not there:
        return 0
    differ = [name in arrays and _differ_in_classes(param.shape, arrays[name].shape) for name, param in head.items()]
    return there[0].shape[0] if there and all(differ) else None


def _differ_in_classes(wanted: Sequence[int] | None, there: Sequence[int]) -> bool:
    """Whether the first dimension, and it alone, is another."""
    if not wanted or len(wanted) != len(there) or wanted[0] == there[0]:
        return False
    return all(a in (-1, b) for a, b in zip(wanted[1:], there[1:], strict=True))


def _classes(head: Mapping[str, Parameter]) -> int:
    """Those that the output of the network is for."""
    return next(iter(head.values())).shape[0]


def first_convolution(block: Block) -> nn.Conv2D | None:
    """The convolution that sees the image first."""
    for _, layer in block._child_blocks():
        found = layer if isinstance(layer, nn.Conv2D) else first_convolution(layer)
        if found is not None:
            return found
    return None


def _for_channels(
    net: HybridBlock, params: dict[str, Parameter], arrays: dict[str, torch.Tensor]
) -> tuple[dict[str, torch.Tensor], tuple[int, int] | None]:
    """`arrays` with the first convolution, and the BatchNorm that may come before it, for the channels of `net`; and
    the channels that they are for, and are for now, if those differ.

    Weights for one channel are the sum of those for all, so that a grey image gives what it gives repeated; weights
    for more are those for red, green, blue, red and so on, scaled so that the whole keeps its size.
    """
    stem = first_convolution(net)
    name = next((name for name, param in params.items() if stem is not None and param is stem.weight), None)
    if name not in arrays or arrays[name].dim() != 4:
        return arrays, None
    wanted, there = stem.weight.shape[1], arrays[name].shape[1]
    if wanted in (-1, there) or there == 0:
        return arrays, None
    before = {one: arrays[one].double() for one in _before(params, name) if _is_of(arrays.get(one), there)}
    weight = arrays[name].double()
    weight, before = _summed(weight, before) if wanted == 1 else _repeated(weight, before, wanted)
    adapted = {one: values.to(arrays[one].dtype) for one, values in (before | {name: weight}).items()}
    return arrays | adapted, (there, wanted)


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
