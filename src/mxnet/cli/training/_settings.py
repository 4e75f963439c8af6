"""`Settings`: what to train, and how."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from mxnet.base import MXNetError

__all__ = ["AUGMENTATIONS", "FREE", "Settings", "default_rate", "restored"]

AUGMENTATIONS = ("none", "light", "standard", "strong")

FREE = frozenset({"data", "val", "workers", "device", "output", "strict", "checkpoint_every", "keep", "export"})
"""What may differ when a run is resumed: none of it changes what is learned, but for rounding on other devices. (Data
may lie elsewhere, but must be the same.)"""

_PATHS = ("data", "val", "pretrained", "classes")

# Learning rates that suit a batch of 32: from pretrained weights, and from scratch.
_RATES = {
    "sgd": (0.01, 0.05),
    "nag": (0.01, 0.05),
    "lars": (0.5, 1.0),
    "lamb": (1e-3, 4e-3),
    "rmsprop": (1e-4, 1e-3),
}
_RATES.update(dict.fromkeys(("adam", "adamw", "adamax", "nadam", "adabelief", "ftml"), (3e-4, 1e-3)))


@dataclass(frozen=True)
class Settings:
    """What to train, and how; the options of `mxzoo train`. None stands for what the data or the network suggest."""

    data: str
    val: str | None = None
    val_fraction: float = 0.2
    classes: str | None = None
    model: str = "resnet18_v1"
    image_size: int | None = None
    in_channels: int | None = None
    thumbnail: bool | None = None
    pretrained: str | None = None
    freeze: bool = False
    epochs: int = 20
    batch_size: int = 32
    optimizer: str = "sgd"
    lr: float | None = None
    weight_decay: float = 1e-4
    warmup: float = 1.0
    augment: str | None = None
    flip: bool | None = None
    mixup: float = 0.0
    label_smoothing: float = 0.1
    ema: float = 0.0
    early_stop: int = 0
    amp: str | None = None
    nproc: int = 1
    seed: int = 0
    workers: int = 0
    device: str | None = None
    output: str = "train-output"
    strict: bool = False
    checkpoint_every: int = 500
    keep: int = 2
    export: bool = False

    def __post_init__(self) -> None:
        for name in _PATHS:
            value = getattr(self, name)
            # A folder called torchvision is no file of parameters: the word means the source.
            is_there = os.path.isfile if name == "pretrained" else os.path.exists
            if value is not None and is_there(os.path.expanduser(value)):
                object.__setattr__(self, name, os.path.abspath(os.path.expanduser(value)))

    def as_json(self) -> dict[str, Any]:
        """For a checkpoint."""
        return asdict(self)


def restored(values: Mapping[str, Any], given: Mapping[str, Any], source: str) -> Settings:
    """The settings of a checkpoint, with what is `given` anew where that may change.

    Parameters
    ----------
    values : mapping
        As `Settings.as_json` wrote it.
    given : mapping
        The options of the command line that were given there.
    source : str
        What to call the checkpoint.

    Raises
    ------
    MXNetError
        If they are no settings, or what is given differs where it may not.
    """
    saved = _from_json(values, source)
    wanted = replace(saved, **given)
    different = [
        f"--{name.replace('_', '-')} was {_shown(getattr(saved, name))} and is {_shown(getattr(wanted, name))} now"
        for name in given
        if name not in FREE and getattr(saved, name) != getattr(wanted, name)
    ]
    if different:
        raise MXNetError(
            f"{source} was made with other settings: {'; '.join(different)}. To go on with it leave these options "
            "out; for a run with new ones choose another --output"
        )
    return wanted


def _from_json(values: Any, source: str) -> Settings:
    kinds = {field.name: _kinds(field.type) for field in fields(Settings)}
    if not isinstance(values, Mapping) or set(values) != set(kinds):
        raise MXNetError(f"{source} does not hold the settings of a training run of this version")
    for name, value in values.items():
        if type(value) not in kinds[name]:
            raise MXNetError(f"{source}: setting {name!r} cannot be {value!r}")
    return Settings(**values)


_TYPES: dict[str, Iterable[type]] = {"str": (str,), "int": (int,), "bool": (bool,), "float": (float, int)}


def _kinds(annotation: str) -> set[type]:
    kinds: set[type] = set()
    for part in annotation.split(" | "):
        kinds.update((type(None),) if part == "None" else _TYPES[part])
    return kinds


def _shown(value: Any) -> str:
    return "not given" if value is None else str(value)


def default_rate(settings: Settings) -> float:
    """A learning rate that suits the optimizer and the batch size, for a network that is pretrained or not.

    Raises
    ------
    MXNetError
        If nothing is known of the optimizer.
    """
    rates = _RATES.get(settings.optimizer)
    if rates is None:
        raise MXNetError(f"--optimizer {settings.optimizer} needs a learning rate: give --lr")
    rate = rates[settings.pretrained is None]
    # Steps of plain gradients grow with the batch, those of normalized ones with its root.
    share = settings.batch_size / 32
    return rate * (share if settings.optimizer in ("sgd", "nag") else share**0.5)
