"""The names of classes, by the data set that has them."""

from __future__ import annotations

import functools
from importlib import resources

__all__ = ["IMAGENET", "labels_of"]

IMAGENET = "imagenet-1k"


@functools.cache
def labels_of(dataset: str) -> tuple[str, ...]:
    """The names of a data set's classes, in the order of the network's outputs; English, each once.

    ImageNet's are the first words of WordNet for its 1000 synsets. Two of them are the first word of another class
    too, so they have a second word: crane bird, maillot tank suit.

    Raises
    ------
    ValueError
        For a data set whose names are not here.
    """
    if dataset != IMAGENET:
        raise ValueError(f"the names of the classes of {dataset!r} are not known; those of {IMAGENET!r} are")
    text = resources.files("mxnet.gluon.model_zoo.vision").joinpath(f"{dataset}.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())
