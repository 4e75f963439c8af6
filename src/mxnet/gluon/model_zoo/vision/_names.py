"""The layers of the zoo's networks and the names their parameters have: what conversion between namings stands on."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from mxnet.base import MXNetError
from mxnet.gluon import nn
from mxnet.gluon.block import Block
from mxnet.gluon.model_zoo.vision._registry import model_info

__all__ = ["Layer", "NamesError", "checked", "layers_of", "parameter_names"]

_KINDS = ((nn.BatchNorm, "batchnorm"), (nn.Dense, "dense"), (nn.Conv2D, "conv"))
_SHOWN = 5
_CHANNELS = 3
_MOST_CHANNELS = 64


class NamesError(MXNetError, ValueError):
    """The names or shapes are not those of the network."""


@dataclass(frozen=True)
class Layer:
    """A layer with parameters.

    Attributes
    ----------
    path : str
        Where it is in the network: ``'features.0'``.
    kind : str
        'conv', 'batchnorm' or 'dense' in the networks of this package.
    parameters : tuple of str
        Their names within the layer: ``('weight', 'bias')``.
    """

    path: str
    kind: str
    parameters: tuple[str, ...]


@functools.cache
def layers_of(model: str) -> tuple[Layer, ...]:
    """The layers of a model of the zoo that have parameters, in the order in which they were made."""
    return tuple(_walk(model_info(model).constructor(), ""))


def _walk(block: Block, path: str) -> Iterator[Layer]:
    if block.params:
        # Networks that users have registered may have layers of other kinds.
        kind = next((kind for layer, kind in _KINDS if isinstance(block, layer)), type(block).__name__.lower())
        yield Layer(path, kind, tuple(block.params))
    for name, child in block._child_blocks():
        yield from _walk(child, f"{path}.{name}" if path else name)


def parameter_names(model: str) -> list[str]:
    """The structural names of a model's parameters, in order."""
    return [f"{layer.path}.{name}" for layer in layers_of(model) for name in layer.parameters]


def checked(
    model: str, named: Mapping[str, torch.Tensor], origin: Mapping[str, str], prefix: str = ""
) -> dict[str, torch.Tensor]:
    """`named` in the order of the model's parameters, every name and shape held against them.

    Parameters
    ----------
    model : str
        MXNet's name of it.
    named : dict of str to tensor
        By structural name.
    origin : dict of str to str
        The names that the user knows the parameters by, for errors.
    prefix : str, default ''
        Only parameters whose name begins so are wanted.

    Raises
    ------
    NamesError
        If any are missing, too many, or of another shape.
    """
    shapes = _shapes(model, named)
    wanted = {name: shape for name, shape in shapes.items() if name.startswith(prefix)}
    problems = {
        "missing": [origin.get(name, name) for name in wanted if name not in named],
        "unknown": [name for name in named if name not in wanted],
        "of another shape": [
            f"{origin.get(name, name)} {tuple(named[name].shape)}, not {shape}"
            for name, shape in wanted.items()
            if name in named and tuple(named[name].shape) != shape
        ],
    }
    if any(problems.values()):
        told = "; ".join(f"{problem}: {_listed(names)}" for problem, names in problems.items() if names)
        raise NamesError(f"these are not the parameters of {model}: {told}")
    return {name: named[name] for name in wanted}


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f", ... ({len(names)} in all)" if len(names) > _SHOWN else "")


def _shapes(model: str, named: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """The shapes of a model that has as many classes, and channels of the input, as the parameters say."""
    layers = layers_of(model)
    stem = named.get(next((f"{layer.path}.weight" for layer in layers if layer.kind == "conv"), ""))
    head = named.get(f"{layers[-1].path}.weight")
    channels = stem.shape[1] if stem is not None and stem.ndim == 4 else _CHANNELS
    classes = head.shape[0] if head is not None and head.ndim > 1 else 1000
    return _shapes_for(model, max(1, classes), channels if 1 <= channels <= _MOST_CHANNELS else _CHANNELS)


@functools.lru_cache(maxsize=64)
def _shapes_for(model: str, classes: int, channels: int) -> dict[str, tuple[int, ...]]:
    from mxnet.numpy import zeros

    info = model_info(model)
    net = info.constructor(classes=classes)
    net.infer_shape(zeros((1, channels, info.input_size, info.input_size)))
    return {name: parameter.shape for name, parameter in net._named_params("")}
