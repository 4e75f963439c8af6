"""Parameter files into other formats and other names: what `mxzoo convert` does."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from mxnet import formats
from mxnet.base import MXNetError
from mxnet.formats import torch_checkpoint
from mxnet.formats._marks import without_marks
from mxnet.gluon.model_zoo.vision import _torch_names, _v1_names
from mxnet.gluon.model_zoo.vision._names import NamesError, checked, parameter_names
from mxnet.gluon.model_zoo.vision._registry import model_info
from mxnet.gluon.model_zoo.vision._weights import weights_of

__all__ = ["Conversion", "Naming", "convert_file", "convert_names", "naming_of"]

Naming = Literal["structural", "1.x", "1.x-export", "torch"]

_INTO_STRUCTURAL: dict[str, Callable[[str, Mapping[str, torch.Tensor]], dict[str, torch.Tensor]]] = {
    "structural": lambda model, arrays: checked(model, without_marks(arrays), {}),
    "1.x": _v1_names.from_v1_names,
    "torch": _torch_names.convert_state_dict,
}
_FROM_STRUCTURAL: dict[str, Callable[[str, Mapping[str, torch.Tensor]], dict[str, torch.Tensor]]] = {
    "structural": lambda model, arrays: checked(model, arrays, {}),
    "1.x": _v1_names.to_v1_names,
    "1.x-export": lambda model, arrays: _v1_names.to_v1_names(model, arrays, marks=True),
    "torch": _torch_names.to_state_dict,
}
_ENDINGS = {".params": "MXNet's binary list", ".npz": "npz", ".safetensors": "safetensors"}
_CHECKPOINTS = (".pth", ".pt")


@dataclass(frozen=True)
class Conversion:
    """What was done: the formats, the number of arrays, and the namings if a model was given."""

    source_format: str
    target_format: str
    arrays: int
    source_names: str | None = None
    target_names: str | None = None


def naming_of(model: str, arrays: Mapping[str, torch.Tensor]) -> str:
    """Whose names of a model's parameters these are: ``'structural'``, ``'1.x'`` or ``'torch'``.

    Raises
    ------
    NamesError
        If they are none of these.
    """
    model = model_info(model).name
    plain = without_marks(arrays)
    matches = len(plain.keys() & set(parameter_names(model)))
    if matches and not _torch_names.has_torchvision_names(model, plain):
        return "structural"
    if _v1_names.has_v1_names(model, plain):
        return "1.x"
    return "torch"


def convert_names(model: str, arrays: Mapping[str, torch.Tensor], to: Naming = "structural") -> dict[str, torch.Tensor]:
    """A model's parameters under other names; those that they have are recognized, and shapes checked.

    Parameters
    ----------
    model : str
        A model of the zoo, as `get_model` takes it.
    arrays : dict of str to tensor
    to : {'structural', '1.x', '1.x-export', 'torch'}
        Gluon's own names, ``'features.0.weight'``; those of MXNet 1.x, ``'resnetv10_conv0_weight'``, or of what it
        exports, ``'arg:resnetv10_conv0_weight'``; torchvision's where it has an equal network, else those of the module
        that `to_torch` makes.

    Returns
    -------
    dict of str to tensor; nothing is copied.

    Raises
    ------
    NamesError
        An MXNetError and ValueError, if names are missing or unknown, or shapes differ.
    ValueError
        For another `to`, or a model that is not in the zoo.

    Examples
    --------
    >>> from mxnet.gluon.model_zoo import vision
    >>> net = vision.squeezenet1_1()
    >>> net.infer_shape(mx.np.zeros((1, 3, 224, 224)))
    >>> net.initialize()
    >>> arrays = {name: parameter.data().as_torch() for name, parameter in net.collect_params().items()}
    >>> list(vision.convert_names('squeezenet1.1', arrays, to='torch'))[2]
    'features.3.squeeze.weight'
    >>> list(vision.convert_names('squeezenet1.1', arrays, to='1.x'))[2]
    'squeezenet0_conv1_weight'
    """
    if to not in _FROM_STRUCTURAL:
        raise ValueError(f"to must be one of {', '.join(map(repr, _FROM_STRUCTURAL))}, not {to!r}")
    model = model_info(model).name
    structural = _INTO_STRUCTURAL[naming_of(model, arrays)](model, arrays)
    return _FROM_STRUCTURAL[to](model, structural)


def convert_file(
    source: str | os.PathLike,
    target: str | os.PathLike,
    model: str | None = None,
    to: Naming | None = None,
    *,
    sha256: str | None = None,
    unsafe_pickle: bool = False,
) -> Conversion:
    """Write the arrays of one file into another: another format, other names, or both.

    Parameters
    ----------
    source : path
        MXNet's binary list, npz, safetensors (told by their bytes), or a checkpoint of PyTorch, for which `sha256` or
        `unsafe_pickle` is needed: see `mxnet.formats.torch_checkpoint.read`.
    target : path
        Its ending says the format: ``.params``, ``.npz``, ``.safetensors``, or ``.pth`` or ``.pt`` for a checkpoint.
    model : str, optional
        The model of the zoo whose parameters they are. Without it names stay as they are.
    to : {'structural', '1.x', '1.x-export', 'torch'}, optional
        As for `convert_names`; default ``'structural'``.
    sha256 : str, optional
        Default: the published one, if torchvision has published a checkpoint of that name for the model, unless
        `unsafe_pickle` is given.
    unsafe_pickle : bool, default False
        Open a checkpoint whatever its hash.

    Returns
    -------
    Conversion

    Raises
    ------
    MXNetError
        If a file cannot be read or written, or the parameters are not the model's; `target` is left as it was.
    ValueError
        For an ending that says no format, another `to`, or a `to` without a `model`.
    """
    ending = _ending(target)
    if to is not None and model is None:
        raise ValueError(f"names become {to!r} by the model they are of: say which it is (model=, --model)")
    if sha256 is None and not unsafe_pickle:
        sha256 = _published_hash(source, model)
    arrays, source_format, metadata = _read(source, sha256, unsafe_pickle)
    names = (None, None)
    if model is not None:
        try:
            names = naming_of(model, arrays), to or "structural"
            arrays = convert_names(model, arrays, names[1])
        except MXNetError as cause:
            raise NamesError(f"{os.fsdecode(source)}: {cause}") from cause
        metadata |= {"model": model_info(model).name, "names": names[1]}
    if ending == ".safetensors":
        formats.save_safetensors(target, arrays, metadata | {"converted_from": Path(os.fsdecode(source)).name})
    elif ending in _CHECKPOINTS:
        torch_checkpoint.save(target, arrays)
    else:
        formats.save(target, arrays)
    return Conversion(source_format, _ENDINGS.get(ending, "PyTorch's checkpoint"), len(arrays), *names)


def _ending(target: str | os.PathLike) -> str:
    ending = Path(os.fsdecode(target)).suffix.lower()
    if ending not in (*_ENDINGS, *_CHECKPOINTS):
        known = ", ".join((*_ENDINGS, *_CHECKPOINTS))
        raise ValueError(f"{os.fsdecode(target)}: the ending must say the format: one of {known}")
    return ending


def _published_hash(source: str | os.PathLike, model: str | None) -> str | None:
    """The beginning of the SHA-256 that was published for a file of that name."""
    name = Path(os.fsdecode(source)).name
    known = weights_of(model_info(model).name) if model is not None else []
    return next((one.digest.digits for one in known if one.file == name and one.digest.algorithm == "sha256"), None)


def _read(
    source: str | os.PathLike, sha256: str | None, unsafe_pickle: bool
) -> tuple[dict[str, torch.Tensor], str, dict[str, str]]:
    """The named arrays of a file, the format it has, and what it says of itself."""
    if torch_checkpoint.is_checkpoint(source):
        return torch_checkpoint.read(source, sha256, unsafe_pickle), "PyTorch's checkpoint", {}
    info = formats.describe(source)
    arrays = formats.load(source)
    if not isinstance(arrays, dict):
        raise MXNetError(f"{info.path}: holds arrays without names, and a name each is what a conversion needs")
    return arrays, info.format, dict(info.metadata)
