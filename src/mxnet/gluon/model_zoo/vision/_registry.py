"""The table of the zoo's models, and the ways to look one up in it."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mxnet.gluon.block import HybridBlock

__all__ = ["ModelInfo", "get_model", "list_models", "model_info", "register_model"]

Constructor = Callable[..., HybridBlock]


@dataclass(frozen=True)
class ModelInfo:
    """What the zoo knows of a model without building it.

    Attributes
    ----------
    name : str
        MXNet's name: what `get_model` takes and published files are called by.
    family : str
        The module that defines it: ``'resnet'``, ``'vgg'``, ...
    input_size : int
        Height and width of the images it was designed for.
    constructor : callable
        The function of this package that builds it.
    """

    name: str
    family: str
    input_size: int
    constructor: Constructor


_models: dict[str, ModelInfo] = {}
_by_spelling: dict[str, ModelInfo] = {}


def _spelling(name: str) -> str:
    """A name without what is forgiven in it: case and punctuation."""
    return "".join(filter(str.isalnum, name)).lower()


def register_model(name: str, *, input_size: int = 224) -> Callable[[Constructor], Constructor]:
    """Enter the function below into the zoo, under MXNet's name for the model and under the function's own.

    Raises
    ------
    ValueError
        If a name is taken.
    """

    def register(constructor: Constructor) -> Constructor:
        family = constructor.__module__.rsplit(".", 1)[-1]
        info = ModelInfo(name, family, input_size, constructor)
        spellings = {_spelling(name), _spelling(constructor.__name__)}
        for spelling in spellings:
            if spelling in _by_spelling:
                raise ValueError(f"model name {name!r} is already taken by {_by_spelling[spelling].name!r}")
        _by_spelling.update(dict.fromkeys(spellings, info))
        _models[name] = info
        return constructor

    return register


def list_models(pattern: str = "*") -> list[str]:
    """MXNet's names of the zoo's models that match a shell pattern, sorted.

    Examples
    --------
    >>> mx.gluon.model_zoo.vision.list_models('resnet*_v2')
    ['resnet101_v2', 'resnet152_v2', 'resnet18_v2', 'resnet34_v2', 'resnet50_v2']
    """
    return sorted(fnmatch.filter(_models, pattern))


def model_info(name: str) -> ModelInfo:
    """What the zoo knows of a model; names are forgiven as by `get_model`.

    Raises
    ------
    ValueError
        If there is no such model; the message lists the names, the nearest first.
    """
    if not isinstance(name, str):
        raise TypeError(f"a model is named by a string, not by {type(name).__name__}")
    spelling = _spelling(name)
    if spelling not in _by_spelling:
        nearest = difflib.get_close_matches(spelling, _by_spelling, n=len(_by_spelling), cutoff=0)
        names = dict.fromkeys(_by_spelling[near].name for near in nearest)
        raise ValueError(f"Model {name} is not supported. Available options are, the nearest first: {', '.join(names)}")
    return _by_spelling[spelling]


def get_model(
    name: str, *, features_only: bool = False, out_indices: Sequence[int] | None = None, **kwargs: object
) -> HybridBlock:
    """Build a model of the zoo by its name.

    Parameters
    ----------
    name : str
        MXNet's name (``'mobilenetv2_1.0'``) or the constructor's (``'mobilenet_v2_1_0'``); case and punctuation are
        forgiven.
    features_only : bool, default False
        Whether to return a `FeatureExtractor` of it, which gives feature maps at several scales. Of pretrained
        parameters it takes what it has; the file may have an output for any number of classes, or none.
    out_indices : sequence of int, optional
        Which of its maps; default all.
    **kwargs
        Arguments of the constructor: `device`, `root`, what the network's class takes, and these.

        `classes`: with pretrained parameters for another number of them, the output is initialized to be trained, and a
        message of the logger says so. `in_channels`: channels of the images; pretrained weights of the first
        convolution are added up for one channel, repeated and scaled for others.

        `pretrained`:
        True for MXNet's published parameters, or those of the next source that has the same network; ``'mxnet'`` or
        ``'torchvision'`` for that source alone; a file (MXNet's list, npz, safetensors), ``'hf://owner/name/file'``, or
        ``'checkpoint.pth#sha256=...'``. See docs/weights.md.

    Raises
    ------
    ValueError
        If there is no such model; the message lists the names, the nearest first. As `FeatureExtractor` for
        `out_indices`, which go with `features_only`.
    MXNetError
        If pretrained parameters cannot be had; the message tells where they were looked for, and what helps.

    Examples
    --------
    >>> net = mx.gluon.model_zoo.vision.get_model('resnet18_v1', classes=10)
    >>> net.initialize()
    >>> net(mx.np.zeros((1, 3, 64, 64))).shape
    (1, 10)
    """
    info = model_info(name)
    if out_indices is not None and not features_only:
        raise ValueError("out_indices chooses among the maps of features_only=True")
    if not features_only:
        return info.constructor(**kwargs)
    from mxnet.gluon.model_zoo.vision._features import make_extractor  # which stands on the networks entered here

    return make_extractor(info, out_indices, **kwargs)
