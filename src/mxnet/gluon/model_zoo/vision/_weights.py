"""What is known of published parameters: where they are, what they were trained for, what images they take."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mxnet.gluon._download import Digest
from mxnet.gluon.model_zoo import model_store
from mxnet.gluon.model_zoo.vision import _weights_table as table
from mxnet.gluon.model_zoo.vision._labels import IMAGENET, labels_of
from mxnet.gluon.model_zoo.vision._registry import model_info

if TYPE_CHECKING:
    from mxnet.gluon.data.vision.transforms import Compose

__all__ = ["SOURCES", "Preprocessing", "Weights", "get_weights", "list_weights", "weights_of"]

# Where parameters come from, in the order in which `pretrained=True` asks.
SOURCES = ("mxnet", "torchvision")

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_RESIZE = {224: 256, 299: 342}  # the shorter side of an image, by the size of the crop


@dataclass(frozen=True)
class Preprocessing:
    """What is done to an image before a network sees it.

    Attributes
    ----------
    resize : int
        Pixels of the shorter side after resizing.
    crop : int
        Height and width of the square then cut from the middle.
    interpolation : {'bilinear'}
        Of resizing.
    mean, std : tuple of float
        Of red, green and blue between 0 and 1: the mean is taken off, the rest divided by `std`.
    antialias : bool
        Whether a pixel of the smaller image is a mean of all that fall into it, as Pillow resizes; else OpenCV resizes.

    Raises
    ------
    ValueError
        For a crop that is larger than the resized image, or another interpolation.
    """

    resize: int = 256
    crop: int = 224
    interpolation: str = "bilinear"
    mean: tuple[float, float, float] = _IMAGENET_MEAN
    std: tuple[float, float, float] = _IMAGENET_STD
    antialias: bool = False

    def __post_init__(self) -> None:
        if self.interpolation != "bilinear":
            raise ValueError(f"interpolation is 'bilinear', not {self.interpolation!r}")
        if not 1 <= self.crop <= self.resize:
            raise ValueError(f"a square of {self.crop} pixels cannot be cut from a shorter side of {self.resize}")

    def transforms(self) -> Compose:
        """A transform that does it.

        It takes a path, an image of Pillow's, or an array (height, width, 3) or (batch, height, width, 3) of type uint8
        (grey images are repeated), and gives float32 (3, crop, crop), or a batch of that.
        """
        from mxnet.gluon.model_zoo.vision._eval_transform import eval_transform

        return eval_transform(self.resize, self.crop, self.antialias, self.mean, self.std)


@dataclass(frozen=True)
class Weights:
    """Published parameters of one of the zoo's networks.

    Attributes
    ----------
    name : str
        ``'<model>.<source>'``, as `get_weights` takes it: ``'vgg16.torchvision'``.
    model : str
        MXNet's name of the network.
    source : {'mxnet', 'torchvision'}
        Who published them.
    file : str
        Name of the file.
    url : str
        Where its publisher has it: the file, or a zip that holds it.
    digest : Digest
        Its published checksum: SHA-1, whole, of MXNet's files; the beginning of the SHA-256 of torchvision's.
    size : int
        Bytes of the file, about.
    parameters : int
        Numbers in the network, running statistics included.
    classes : int
        Number of classes.
    dataset : str
        What they were trained on, which tells the classes: ``'imagenet-1k'``, the 1000 of ImageNet's challenge.
    preprocessing : Preprocessing
        What the network takes with these parameters.
    licence : str
        What the publisher says.
    top1, top5 : float
        Accuracy on ImageNet's validation set in percent, as the publisher reports it, not measured here.
    trained_on : Preprocessing, optional
        What the file's parameters take, where that is another normalisation; loading translates it.
    body_only : bool
        Whether the network they are of is equal in its ``features`` alone: they serve where the output is new, or only
        feature maps are wanted.
    """

    name: str
    model: str
    source: str
    file: str
    url: str
    digest: Digest
    size: int
    parameters: int
    classes: int
    dataset: str
    preprocessing: Preprocessing
    licence: str
    top1: float
    top5: float
    trained_on: Preprocessing | None = None
    body_only: bool = False

    @property
    def input_size(self) -> tuple[int, int, int]:
        """Channels, height and width of the images that `preprocessing` makes."""
        return 3, self.preprocessing.crop, self.preprocessing.crop

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the network's outputs.

        Examples
        --------
        >>> mx.gluon.model_zoo.vision.get_weights('resnet18_v1').labels[207]
        'golden retriever'
        """
        return labels_of(self.dataset)

    def transforms(self) -> Compose:
        """The preprocessing as a transform, for `Dataset.transform_first` and `Block.predict`.

        See `Preprocessing.transforms`.

        Examples
        --------
        >>> transform = mx.gluon.model_zoo.vision.get_weights('inceptionv3').transforms()
        >>> transform(mx.np.zeros((400, 600, 3), dtype='uint8')).shape
        (3, 299, 299)
        """
        return self.preprocessing.transforms()


def list_weights(pattern: str = "*") -> list[str]:
    """Names of published parameters that match a shell pattern: those of a model, of a source, or all.

    Examples
    --------
    >>> mx.gluon.model_zoo.vision.list_weights('resnet18_v1')
    ['resnet18_v1.mxnet', 'resnet18_v1.torchvision']
    >>> len(mx.gluon.model_zoo.vision.list_weights('*.mxnet'))
    34
    """
    return [one.name for one in _all() if fnmatch.fnmatch(one.name, pattern) or fnmatch.fnmatch(one.model, pattern)]


def get_weights(name: str, source: str | None = None) -> Weights:
    """What is known of published parameters.

    Parameters
    ----------
    name : str
        A model, with its spelling forgiven as by `get_model`, or a name that `list_weights` gives.
    source : {'mxnet', 'torchvision'}, optional
        Whose; default MXNet's own.

    Raises
    ------
    ValueError
        If there are none of that name; the message lists the nearest, or those of the model.

    Examples
    --------
    >>> weights = mx.gluon.model_zoo.vision.get_weights('vgg16')
    >>> weights.file, weights.input_size, weights.top1
    ('vgg16-e660d456.params', (3, 224, 224), 73.23)
    """
    known = {one.name: one for one in _all()}
    if source is None and name in known:
        return known[name]
    if source is None and isinstance(name, str) and name.endswith(tuple(f".{source}" for source in SOURCES)):
        nearest = difflib.get_close_matches(name, known, cutoff=0)
        raise ValueError(f"there are no weights {name!r}; the nearest are {', '.join(nearest)}")
    model = model_info(name).name
    found = known.get(f"{model}.{source or SOURCES[0]}")
    if found is None:
        has = ", ".join(one.source for one in weights_of(model))
        raise ValueError(f"{source} has no weights for {model}; there are weights of: {has}")
    return found


def weights_of(model: str) -> list[Weights]:
    """All parameters published for a model, in the order of `SOURCES`; empty for a name that the zoo does not have."""
    return [one for one in _all() if one.model == model]


def _all() -> Iterator[Weights]:
    """Every entry, by model and then in the order of `SOURCES`."""
    for row in table.MXNET:
        yield _of_mxnet(row)
        if row.model in table.TORCHVISION:
            yield _of_torchvision(row, table.TORCHVISION[row.model])


def _of_mxnet(row: table.Published) -> Weights:
    return Weights(
        name=f"{row.model}.mxnet",
        model=row.model,
        source="mxnet",
        file=f"{row.model}-{model_store.short_hash(row.model)}.params",
        url=model_store.address_of(row.model),
        digest=model_store.digest_of(row.model),
        size=4 * row.parameters,
        parameters=row.parameters,
        classes=1000,
        dataset=IMAGENET,
        preprocessing=_preprocessing(row.model),
        licence="Apache-2.0",
        top1=row.top1,
        top5=row.top5,
    )


def _of_torchvision(row: table.Published, checkpoint: table.Checkpoint) -> Weights:
    digits = checkpoint.file.rpartition("-")[2].partition(".")[0]
    half = (0.5, 0.5, 0.5)
    usual = replace(_preprocessing(row.model), antialias=True)
    return Weights(
        name=f"{row.model}.torchvision",
        model=row.model,
        source="torchvision",
        file=checkpoint.file,
        url=f"https://download.pytorch.org/models/{checkpoint.file}",
        digest=Digest("sha256", digits, whole=False),
        size=round(checkpoint.mebibytes * (1 << 20)),
        parameters=row.parameters,
        classes=1000,
        dataset=IMAGENET,
        preprocessing=usual,
        licence="BSD-3-Clause, as torchvision; its authors point to the terms of ImageNet",
        top1=checkpoint.top1,
        top5=checkpoint.top5,
        trained_on=replace(usual, mean=half, std=half) if checkpoint.between_ones else None,
        body_only=checkpoint.body_only,
    )


def _preprocessing(model: str) -> Preprocessing:
    size = model_info(model).input_size
    return Preprocessing(resize=_RESIZE[size], crop=size)
