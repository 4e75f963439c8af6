"""Parameters for `pretrained=`: found, checked, brought under the names of the network, and loaded."""

from __future__ import annotations

import logging
import numbers
import os
import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.formats import FileMissingError, torch_checkpoint
from mxnet.gluon import _files
from mxnet.gluon._download import Digest, Source
from mxnet.gluon.block import Block, HybridBlock
from mxnet.gluon.model_zoo import _store, model_store
from mxnet.gluon.model_zoo.vision._fitting import Head, classes_of, load_fitting, usual_head
from mxnet.gluon.model_zoo.vision._hub import SCHEME, hub_file
from mxnet.gluon.model_zoo.vision._names import NamesError
from mxnet.gluon.model_zoo.vision._registry import list_models
from mxnet.gluon.model_zoo.vision._weights import SOURCES, Preprocessing, Weights, get_weights, weights_of

__all__ = ["Pretrained", "find_pretrained", "load_pretrained"]

_HASH = "#sha256="
_logger = logging.getLogger(__name__)
# The layers of Inception v3 that see the image first: a convolution without padding or bias, and BatchNorm.
_STEM, _STEM_MEAN = "features.0.0.weight", "features.0.1.running_mean"


@dataclass(frozen=True)
class Pretrained:
    """Parameters that were found.

    Attributes
    ----------
    arrays : dict of str to torch.Tensor
        By the names of the network, or as MXNet 1.x exports them.
    file : Path
        Where they are from.
    weights : Weights or None
        What is known of them; None of a file of the user's own.
    release : callable, optional
        Gives back the memory of one of `arrays` whose values have been copied, where the file is mapped.
    """

    arrays: dict[str, torch.Tensor]
    file: Path
    weights: Weights | None
    release: _files.Release | None = None


def load_pretrained(
    net: HybridBlock,
    model: str,
    source: bool | str | os.PathLike,
    root: str | os.PathLike | None = None,
    device: Device | list[Device] | None = None,
    head: Head | None = None,
    part: Block | None = None,
) -> Pretrained:
    """Load into `net` what `find_pretrained` finds; the types stay those of the network.

    Other channels of the images, other classes, and a `part` of `net` that alone is wanted, are seen to as
    `load_fitting` says, with `usual_head` as default of `head`; a message of the logger tells of an output that is new.

    Raises
    ------
    UnfitError
        An AssertionError and ValueError, as `load_fitting`; `net` is left as it was.
    TypeError, ValueError, MXNetError
        As `find_pretrained`.
    """
    head = head or ("unused" if part is not None else usual_head(net))
    found = find_pretrained(net, model, source, root, head)
    fitted = load_fitting(net, model, found.arrays, found.file, head, device, found.release, part)
    if fitted.classes is not None:
        had, has = fitted.classes
        what = f"has {had} classes" if had else "has no output that fits"
        _logger.warning("%s %s: the output for %d is initialized, and has to be trained", found.file, what, has)
    return found


def find_pretrained(
    net: HybridBlock,
    model: str,
    source: bool | str | os.PathLike,
    root: str | os.PathLike | None = None,
    head: Head = "taken",
) -> Pretrained:
    """Parameters for a network of the zoo, none of it changed yet.

    Parameters
    ----------
    net : HybridBlock
        The network; its children tell its names from those of PyTorch.
    model : str
        MXNet's name of it.
    source : bool, str or path
        True for MXNet's parameters, or else those of the next source that has the same network, which is said in a
        warning; ``'mxnet'`` or ``'torchvision'`` for that source alone; or a file, as a path or as
        ``'hf://owner/name[@revision][/file]'``: MXNet's list, npz or safetensors. A checkpoint of PyTorch, which is a
        pickle, is opened only if it is one that torchvision published, or if ``'#sha256='`` and its published hash
        follow its path.
    root : path, optional
        Folder of published files; default ``$MXNET_HOME/models``.
    head : {'taken', 'may be new', 'unused'}
        As for `load_fitting`. Unless it is taken, a network of torchvision will do of which only the body is equal.

    Raises
    ------
    TypeError
        For a source of another type.
    ValueError
        If nothing was published for that model, or not by that source, or not with the output that is to be taken.
    MXNetError
        If the parameters cannot be had or read; the message tells where they were looked for, and what helps.
    """
    if isinstance(source, numbers.Integral | np.bool_):  # True, or what programs write for it
        file, weights = _published(model, weights_of(model), root, head)
        arrays, release = _read(file, weights.digest)
    elif not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            f"pretrained is True, a source of parameters ({', '.join(SOURCES)}) or a file, not {type(source).__name__}"
        )
    elif source in SOURCES:
        file, weights = _published(model, [get_weights(model, str(source))], root, head)
        arrays, release = _read(file, weights.digest)
    else:
        file, digest = _named_file(source)
        published = (one for one in weights_of(model) if one.file == file.name and one.digest.matches(file))
        weights = next(published, None)
        arrays, release = _read(file, digest or (weights and weights.digest))
    if head == "may be new" and weights is not None and weights.body_only:
        head = "unused"  # also where it is for as many classes: there is none to be taken
    try:
        arrays = _under_our_names(net, model, arrays, head)
    except NamesError as cause:
        raise NamesError(f"{file}: {cause}") from cause
    if weights is not None and weights.trained_on is not None:
        arrays = _taking(arrays, weights.preprocessing, weights.trained_on)
    return Pretrained(arrays, file, weights, release)


def _published(
    model: str, wanted: Sequence[Weights], root: str | os.PathLike | None, head: Head
) -> tuple[Path, Weights]:
    """The file of the first of `wanted` that will do and can be had."""
    if not wanted:
        model_store.short_hash(model)  # which says what there is
    wanted, others = ([one for one in some if _will_do(one, head)] for some in (wanted, weights_of(model)))
    if not wanted:
        raise ValueError(
            f"torchvision has an equal of the body of {model} alone, not of its output: ask for another number of "
            "classes (classes=), or for the feature maps (features_only=True)"
        )
    missing = []
    for weights in wanted:
        found = _locate(weights, root, brief=weights is not wanted[-1])
        if isinstance(found, Path):
            if missing:
                _tell(missing[0], weights)
            return found, weights
        missing.append(found)
    raise _store.not_found(model, missing, others=len(wanted) < len(others))


def _will_do(weights: Weights, head: Head) -> bool:
    return head != "taken" or not weights.body_only


def _locate(weights: Weights, root: str | os.PathLike | None, brief: bool) -> Path | _store.Missing:
    if weights.source == "mxnet":
        return model_store.locate(weights.model, root, weights.size, brief)
    # What torchvision itself has downloaded serves as well.
    for place in (_store.folder(root), Path(torch.hub.get_dir(), "checkpoints")):
        file = place / weights.file
        if file.is_file() and weights.digest.matches(file):
            return file
    sources = [*_store.mirrored(weights.file, weights.size), Source(weights.url)]
    return _store.find(weights.file, weights.digest, weights.size, sources, root)


def _tell(missing: _store.Missing, taken: Weights) -> None:
    where, outcome = missing.outcomes[-1]
    what = "body" if taken.body_only else "network"
    warnings.warn(
        f"MXNet's parameters of {taken.model} could not be had ({where}: {outcome}). Taken instead: {taken.source}'s "
        f"of the same {what}, {taken.file}, with other values (reported top-1 {taken.top1} %)",
        stacklevel=_level_of_caller(),
    )


def _level_of_caller() -> int:
    """How far above the function that calls this the line is that is not of this package: the user's, who is warned."""
    frame, level = sys._getframe(1), 1
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "mxnet":
        frame, level = frame.f_back, level + 1
    return level


def _named_file(source: str | os.PathLike) -> tuple[Path, Digest | None]:
    """The file that a user names, and the hash that may follow."""
    name, mark, digits = os.fspath(source).partition(_HASH)
    if mark and not re.fullmatch("[0-9a-fA-F]{8,64}", digits):
        raise ValueError(f"after {_HASH} come 8 to 64 hexadecimal digits, not {digits!r}")
    digest = Digest("sha256", digits, whole=len(digits) == 64) if mark else None
    file = hub_file(name) if name.startswith(SCHEME) else Path(name).expanduser()
    if not file.is_file():
        raise FileMissingError(
            f"pretrained={os.fspath(source)!r} is no file, nor a source of parameters ({', '.join(SOURCES)}), nor an "
            f"address {SCHEME}owner/name/file"
        )
    if digest is not None and not digest.matches(file):
        raise MXNetError(f"{file} is not the file that was named: it has {Digest('sha256', digest.of(file))}")
    return file, digest


def _read(file: Path, digest: Digest | None) -> tuple[dict[str, torch.Tensor], _files.Release | None]:
    if not torch_checkpoint.is_checkpoint(file):
        return _files.read(file)
    if digest is None or digest.algorithm != "sha256":
        raise MXNetError(
            f"{file} is a pickle, which can run any program when it is opened. If its SHA-256 was published, write "
            f"that after the path, as '{file}{_HASH}...'; if you know where it comes from, convert it with "
            "`mxzoo convert --unsafe-pickle`"
        )
    return torch_checkpoint.read(file, sha256=digest.digits), None


def _under_our_names(
    net: HybridBlock, model: str, arrays: dict[str, torch.Tensor], head: Head
) -> dict[str, torch.Tensor]:
    """`arrays` by the names of the network, if those they have are PyTorch's."""
    ours = all("." not in name or name.split(".")[0] in net._children for name in arrays)
    if ours or model not in list_models():
        return arrays
    from mxnet.gluon.model_zoo.vision import _torch_names

    body_only = head == "unused"
    if head == "may be new" and not _torch_names.is_equal_in_torchvision(model):
        # For as many classes it could only be taken, which then says why that cannot be.
        classes = _torch_names.classes_of(model, arrays)
        body_only = classes is not None and classes != classes_of(net)
    return _torch_names.convert_state_dict(model, arrays, features_only=body_only)


def _taking(arrays: dict[str, torch.Tensor], given: Preprocessing, trained: Preprocessing) -> dict[str, torch.Tensor]:
    """Inception's parameters for images as in `given` that do what `arrays` do for those as in `trained`.

    One normalisation is a multiple of the other and a constant. The multiple goes into the weights of the first
    convolution; the constant, which comes out of it the same everywhere, into the mean of the BatchNorm that follows.
    """
    mean, std, trained_mean, trained_std = (
        torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1)
        for values in (given.mean, given.std, trained.mean, trained.std)
    )
    weight = arrays[_STEM].double()
    constant = (weight * ((mean - trained_mean) / trained_std)).sum((1, 2, 3))
    return arrays | {
        _STEM: (weight * (std / trained_std)).to(arrays[_STEM].dtype),
        _STEM_MEAN: (arrays[_STEM_MEAN].double() - constant).to(arrays[_STEM_MEAN].dtype),
    }
