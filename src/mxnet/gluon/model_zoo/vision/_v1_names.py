"""Parameters of the zoo's networks under the names that MXNet 1.x gives them, and back.

There a layer is called by its kind and a number, counted within the scope it was made in, and a parameter by the scopes
around it: ``resnetv10_stage1_conv0_weight``. Most networks are one scope; what their parts have of their own is below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import torch

from mxnet.formats._marks import without_marks
from mxnet.gluon.model_zoo.vision._names import Layer, NamesError, checked, layers_of
from mxnet.gluon.model_zoo.vision._registry import model_info

__all__ = ["default_prefix", "from_v1_names", "has_v1_names", "to_v1_names", "v1_names"]

_INCEPTION = ("A1_", "A2_", "A3_", "B_", "C1_", "C2_", "C3_", "C4_", "D_", "E1_", "E2_")
_STATES = ("running_mean", "running_var")
_LONGEST = 500  # characters of a name, of which a file may have any number


def v1_names(model: str, prefix: str = "") -> dict[str, str]:
    """For each structural name, in order, the name that 1.x has for it, `prefix` before it."""
    model = model_info(model).name
    scope_of = _scopes(model)
    counts: Counter[str] = Counter()
    names = {}
    for layer in layers_of(model):
        scope = scope_of(layer)
        label = scope + layer.kind
        own = _HEAD if scope == _HEAD else f"{label}{counts[label]}"
        counts[label] += 1
        for name in layer.parameters:
            names[f"{layer.path}.{name}"] = f"{prefix}{own}_{name}"
    return names


def default_prefix(model: str) -> str:
    """The prefix that 1.x gives the first network of this kind in a process: ``'resnetv10_'``."""
    return f"{type(model_info(model).constructor()).__name__.lower()}0_"


def has_v1_names(model: str, names: Mapping[str, object]) -> bool:
    """Whether some prefix makes the names of 1.x of most of these."""
    return bool(names) and _prefix_of(model, names) is not None


def from_v1_names(model: str, arrays: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Parameters under names of 1.x under structural names; the tensors are not copied.

    Taken are the names that ``collect_params().save`` writes, whatever the network's prefix or number, those of
    ``save_params``, which leaves the prefix out, and those of exports and checkpoints with ``arg:`` and ``aux:``.

    Raises
    ------
    NamesError
        If names are missing or unknown, or shapes differ.
    """
    model = model_info(model).name
    arrays = without_marks(arrays)
    prefix = _prefix_of(model, arrays)
    if prefix is None:
        raise NamesError(f"these are not MXNet 1.x's names of the parameters of {model}: {', '.join(list(arrays)[:5])}")
    origin = v1_names(model, prefix)
    back = {theirs: ours for ours, theirs in origin.items()}
    return checked(model, {back.get(name, name): tensor for name, tensor in arrays.items()}, origin)


def to_v1_names(
    model: str, arrays: Mapping[str, torch.Tensor], prefix: str | None = None, marks: bool = False
) -> dict[str, torch.Tensor]:
    """Parameters by structural name under the names of 1.x, which its ``collect_params().load`` reads.

    Parameters
    ----------
    model : str
    arrays : dict of str to tensor
    prefix : str, optional
        The network's; default as of the first one in a process, ``'resnetv10_'``.
    marks : bool, default False
        Put ``arg:`` and ``aux:`` before the names, as exports and checkpoints have them.

    Raises
    ------
    NamesError
        As `from_v1_names`.
    """
    model = model_info(model).name
    names = v1_names(model, default_prefix(model) if prefix is None else prefix)
    named = checked(model, arrays, {})
    return {_mark(names[name], marks) + names[name]: tensor for name, tensor in named.items()}


def _mark(name: str, wanted: bool) -> str:
    return ("aux:" if name.endswith(_STATES) else "arg:") if wanted else ""


def _prefix_of(model: str, names: Mapping[str, object]) -> str | None:
    """What stands before the names of 1.x in most of `names`, None if nothing does."""
    known = set(v1_names(model).values())
    prefixes: Counter[str] = Counter()
    for name in names:
        if len(name) > _LONGEST:
            continue
        for place in (0, *(index + 1 for index, letter in enumerate(name) if letter == "_")):
            if name[place:] in known:
                prefixes[name[:place]] += 1
    if not prefixes:
        return None
    found, count = prefixes.most_common(1)[0]
    return found if count * 2 > len(names) else None


# The scope that a layer was made in, as what it adds to names.

_HEAD = "output_pred"  # of MobileNetV2's last convolution, which has a name of its own


def _scopes(model: str) -> Callable[[Layer], str]:
    if model.startswith("resnet"):
        return _staged(model, depth=3)
    if model.startswith("densenet"):
        return _staged(model, depth=4)  # of features.4.0.1.0, which is deeper than a transition's features.5.0
    if model.startswith("inception"):
        blocks = _parts(model, depth=4)
        return lambda layer: _INCEPTION[blocks.index(_part(layer))] if _part(layer) in blocks else ""
    if model.startswith("mobilenetv2"):
        blocks = _parts(model, depth=3)
        return lambda layer: _of_mobilenet_v2(layer, blocks)
    return lambda layer: ""


def _staged(model: str, depth: int) -> Callable[[Layer], str]:
    stages = _parts(model, depth)
    return lambda layer: f"stage{stages.index(_part(layer)) + 1}_" if _part(layer) in stages else ""


def _of_mobilenet_v2(layer: Layer, blocks: list[str]) -> str:
    if not layer.path.startswith("features."):
        return _HEAD
    part = _part(layer)
    return f"features_linearbottleneck{blocks.index(part)}_" if part in blocks else "features_"


def _part(layer: Layer) -> str:
    """The child of ``features`` that a layer is in, the layer's own place for those that are none of it."""
    return ".".join(layer.path.split(".")[:2])


def _parts(model: str, depth: int) -> list[str]:
    """The children of ``features`` that have layers `depth` names deep and deeper."""
    return list(dict.fromkeys(_part(layer) for layer in layers_of(model) if len(layer.path.split(".")) >= depth))
