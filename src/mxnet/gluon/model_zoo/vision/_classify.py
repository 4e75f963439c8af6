"""What is in an image: a network's most probable classes, with their names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.device import cpu
from mxnet.gluon.block import Block
from mxnet.gluon.data import SimpleDataset
from mxnet.gluon.data.vision.transforms import Cast
from mxnet.gluon.model_zoo.vision._fitting import CLASSES
from mxnet.gluon.model_zoo.vision._labels import IMAGENET, labels_of
from mxnet.gluon.model_zoo.vision._pretrained import load_pretrained
from mxnet.gluon.model_zoo.vision._registry import get_model, model_info
from mxnet.gluon.model_zoo.vision._weights import Preprocessing, Weights, get_weights
from mxnet.ndarray._array import Array

__all__ = ["Prediction", "Predictions", "classify"]

_INCEPTION = 299
_BATCH = 32


class Prediction(NamedTuple):
    """One class that an image may show.

    Attributes
    ----------
    label : str
        Its name; its number as text, if the names are not known.
    probability : float
        From 0 to 1; those of all classes add up to 1.
    index : int
        Its number among the network's outputs.
    """

    label: str
    probability: float
    index: int


class Predictions(list[Prediction]):
    """The most probable classes of one image, the most probable first; printed as a small table."""

    def __repr__(self) -> str:
        return "\n".join(f"{one.probability:7.2%}  {one.label}" for one in self)


class _OfImages(list[Predictions]):
    """Those of several images, printed one below the other."""

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self))


def classify(
    image: Any,
    net: Block | str,
    k: int = 5,
    weights: Weights | str | os.PathLike | None = None,
    labels: Sequence[str] | None = None,
) -> Predictions | list[Predictions]:
    """The `k` most probable classes of an image, or of each of several.

    Parameters
    ----------
    image : path, array, image of Pillow's, or a list of them
        An array is (height, width, 3) or (height, width) of type uint8; (batch, height, width, 3) is several images.
        The preprocessing that belongs to the weights is done here.
    net : Block or str
        A network, or the name of one of the zoo, which is then made with pretrained parameters. Keep a network to
        classify more than once.
    k : int, default 5
        How many classes; all of them if there are fewer.
    weights : Weights, str or path, optional
        With a name as `net`: what `get_model` takes as `pretrained`; default True. With a network: `Weights`, or a name
        as `get_weights` takes it, whose preprocessing and labels hold; default those that the network was made with.
    labels : sequence of str, optional
        Names of the classes, in the order of the network's outputs; with a name as `net` they also say how many it
        has. Default the names that belong to the weights, ImageNet's of a network of the zoo with 1000 classes, and
        else the numbers of the classes.

    Returns
    -------
    Predictions or list of Predictions
        A list for a list or batch.

    Raises
    ------
    TypeError, ValueError
        For arguments of other kinds; ValueError also if there is not one label for each class.
    MXNetError
        If an image cannot be read or has another form, the parameters cannot be had, or the network gives no scores
        (batch, classes).

    Examples
    --------
    >>> from mxnet.gluon.model_zoo import vision
    >>> net = vision.mobilenet0_25(classes=2)
    >>> net.initialize(mx.init.Zero())
    >>> vision.classify(mx.np.zeros((300, 400, 3), dtype='uint8'), net, labels=['cat', 'dog'])
     50.00%  cat
     50.00%  dog
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ValueError(f"classify: k is a number of classes, at least 1, not {k!r}")
    labels = None if labels is None else _checked_labels(labels)
    images, several = _images(image)
    if isinstance(net, str):
        net, known = _made(net, weights, labels)
    elif isinstance(net, Block):
        known = _weights_of(net, weights)
    else:
        raise TypeError(f"classify takes a network or the name of one, not {type(net).__name__}")
    if not images:
        return _OfImages()
    transform = _preprocessing(net, known).transforms()
    transform.add(Cast(_type_of(net)))
    scores = net.predict(SimpleDataset(images), batch_size=min(_BATCH, len(images)), transform=transform)
    if not isinstance(scores, Array) or scores.ndim != 2 or not scores.shape[1]:
        raise MXNetError(f"classify: the network gives {_what(scores)}, not scores (batch, classes)")
    names = _names(net, known, labels, scores.shape[1])
    results = _OfImages(_best(row, k, names) for row in scores._data.double().softmax(1))
    return results if several else results[0]


def _images(image: Any) -> tuple[list[Any], bool]:
    """The images, and whether they were given as several."""
    if isinstance(image, (list, tuple)):
        return list(image), True
    if isinstance(image, (Array, np.ndarray, torch.Tensor)) and image.ndim == 4:
        return [image[number] for number in range(len(image))], True
    return [image], False


def _made(name: str, weights: Any, labels: Sequence[str] | None) -> tuple[Block, Weights | None]:
    """The network of that name with its parameters, which must be for as many classes as there are labels."""
    if isinstance(weights, Weights):
        if weights.model != model_info(name).name:
            raise ValueError(f"classify: the weights are of {weights.model}, and the network is {name}")
        weights = weights.source
    net = get_model(name, **({} if labels is None else {"classes": len(labels)}))
    source = True if weights is None else weights
    found = load_pretrained(net, model_info(name).name, source, device=cpu(), head="taken")
    return net, found.weights


def _weights_of(net: Block, given: Any) -> Weights | None:
    if given is None:
        return getattr(net, "_weights", None)
    if isinstance(given, (Weights, str)):
        return given if isinstance(given, Weights) else get_weights(given)
    raise TypeError(
        "classify: with a network, weights are Weights or a name that get_weights takes, which tell its preprocessing; "
        f"not {type(given).__name__}. Parameters of a file: load them before"
    )


def _preprocessing(net: Block, weights: Weights | None) -> Preprocessing:
    if weights is not None:
        return weights.preprocessing
    large = getattr(net, "_minimum_size", 1) >= _INCEPTION
    return Preprocessing(resize=342, crop=_INCEPTION) if large else Preprocessing()


def _type_of(net: Block) -> Any:
    """The type of the images that a network takes: that of its parameters."""
    return next((parameter.dtype for parameter in net._unique_params()), "float32")


def _checked_labels(labels: Sequence[str]) -> list[str]:
    names = [] if isinstance(labels, str) else list(labels)
    if isinstance(labels, str) or not all(isinstance(label, str) for label in names):
        raise TypeError("classify: labels is a list of names, one for each class")
    if not names:
        raise ValueError("classify: labels is empty, and a network has at least one class")
    return names


def _names(net: Block, weights: Weights | None, labels: Sequence[str] | None, classes: int) -> Sequence[str]:
    if labels is not None:
        if len(labels) != classes:
            raise ValueError(f"classify: the network has {classes} classes, and there are {len(labels)} labels")
        return labels
    if weights is not None and weights.classes == classes:
        return weights.labels
    if weights is None and classes == CLASSES and hasattr(net, "_minimum_size"):  # one of the zoo
        return labels_of(IMAGENET)
    return [str(number) for number in range(classes)]


def _best(probabilities: torch.Tensor, k: int, names: Sequence[str]) -> Predictions:
    best = probabilities.topk(min(k, len(names)))
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return Predictions(Prediction(names[index], probability, index) for index, probability in pairs)


def _what(scores: Any) -> str:
    return f"an array of shape {scores.shape}" if isinstance(scores, Array) else f"a {type(scores).__name__}"
