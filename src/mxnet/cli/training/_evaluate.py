"""A trained network over a set of images: how often it is right, and what it takes for what."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.cli.training._bad import BadData
from mxnet.cli.training._batches import Batches, Preparation
from mxnet.cli.training._checkpoint import AVERAGE, PARAMETERS, STATE, read_checkpoint, read_json
from mxnet.cli.training._data import Data, Part, find_part, split
from mxnet.cli.training._measure import Measured, measure
from mxnet.cli.training._network import STATISTICS, Form, build, fill
from mxnet.cli.training._picture import draw_confusion
from mxnet.cli.training._run import FORM
from mxnet.cli.training._run import PARAMETERS as BEST
from mxnet.cli.training._sources import FileImages, Images
from mxnet.formats._writer import atomic_write
from mxnet.gluon import _files
from mxnet.gluon.model_zoo import vision
from mxnet.gluon.model_zoo.vision._fitting import head_of

__all__ = ["Evaluation", "Trained", "evaluate", "find_trained", "probabilities"]

_MOST_COUNTED = 10_000  # classes of a confusion matrix: 800 MB


@dataclass(frozen=True)
class Trained:
    """A network as it lies on disk.

    Attributes
    ----------
    form : Form
    parameters : dict of str to Tensor
    source : str
        Where they come from.
    held_out : tuple or None
        Checksum of the images it was trained with and those held out from them, the share of those, and the seed that
        chose them; None if that is not known.
    """

    form: Form
    parameters: dict[str, torch.Tensor]
    source: str
    held_out: tuple[str, float, int] | None = None


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` finds.

    Attributes
    ----------
    counts : numpy.ndarray, (classes, classes)
        How many images of each class (row) were taken for each (column).
    part : str
        What was evaluated of the data.
    """

    measured: Measured
    counts: np.ndarray
    classes: list[str]
    part: str
    seconds: float
    bad: BadData

    def per_class(self) -> list[dict[str, Any]]:
        """For each class its images, precision, recall and F1; None where there is nothing to divide by."""
        right = np.diag(self.counts)
        taken, there = self.counts.sum(axis=0), self.counts.sum(axis=1)
        return [
            {
                "class": name,
                "images": int(there[i]),
                "right": int(right[i]),
                "precision": right[i] / taken[i] if taken[i] else None,
                "recall": right[i] / there[i] if there[i] else None,
                "f1": 2 * right[i] / (taken[i] + there[i]) if taken[i] + there[i] else None,
            }
            for i, name in enumerate(self.classes)
        ]

    def as_json(self) -> str:
        """All of it for programs."""
        values = {
            "images": self.measured.images,
            "part": self.part,
            "top1": self.measured.top1,
            "top5": self.measured.top5,
            "loss": self.measured.loss,
            "images_per_second": self.measured.images / self.seconds if self.seconds else None,
            "classes": self.per_class(),
            "confusion": self.counts.tolist(),
            "bad": [{"name": name, "problem": problem} for name, problem in self.bad],
        }
        return json.dumps(values, indent=2)

    def write(self, folder: Path) -> list[Path]:
        """The confusion matrix as CSV and picture, the table of classes as CSV; returns the files."""
        folder.mkdir(parents=True, exist_ok=True)
        counts = [("", *self.classes), *((name, *row) for name, row in zip(self.classes, self.counts, strict=True))]
        rows = self.per_class()
        table = [tuple(rows[0]), *(tuple(row.values()) for row in rows)]
        paths = [folder / name for name in ("confusion.csv", "classes.csv", "confusion.png")]
        _write_csv(paths[0], counts)
        _write_csv(paths[1], table)
        draw_confusion(self.counts, self.classes, paths[2])
        self.bad.write(folder / "bad-data.csv")
        return paths


def _write_csv(path: Path, rows: list[Any]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


# The network


def find_trained(path: str, model: str | None = None, image_size: int | None = None) -> Trained:
    """The network that lies at a path.

    Parameters
    ----------
    path : str
        The output folder of a training, one of its checkpoints, or a parameter file. Beside the latter
        ``model.json`` tells what network it belongs to, or else `model` does.
    model, image_size : optional
        Name of a model in the zoo, whose number of classes the file tells; default size: what it was made for.

    Raises
    ------
    MXNetError
        If there is none.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise MXNetError(f"there is no {path!r}: expected the output folder of mxzoo train, a checkpoint or parameters")
    if (place / STATE).exists():
        return _of_checkpoint(place)
    if place.is_dir():
        if not (place / BEST).exists():
            newest = place / "checkpoints" / "last"
            raise MXNetError(f"{path} has no {BEST} (yet)" + (f"; try {newest}" if newest.exists() else ""))
        place = place / BEST
    beside = place.parent / FORM
    if model is None and beside.exists():
        described = read_json(beside)
        return Trained(Form.from_json(_without_data(described), str(beside)), _files.read(place)[0], str(place),
                       _held_out(described))  # fmt: skip
    if model is None:
        raise MXNetError(f"{beside} is missing, so say what network {place} belongs to: --model")
    return _of_parameters(place, model, image_size)


def _of_checkpoint(place: Path) -> Trained:
    checkpoint = read_checkpoint(place)
    form = Form.from_json(checkpoint.state.get("form"), str(place))
    name = PARAMETERS if checkpoint.average is None else AVERAGE
    parameters = checkpoint.parameters if checkpoint.average is None else checkpoint.average
    return Trained(form, parameters, str(place / name), _held_out(checkpoint.state))


_ABOUT_DATA = ("data", "val_fraction", "seed")


def _without_data(described: Any) -> Any:
    if not isinstance(described, dict):
        return described
    return {name: value for name, value in described.items() if name not in _ABOUT_DATA}


def _held_out(described: dict[str, Any]) -> tuple[str, float, int] | None:
    """What a checkpoint or model.json says of how its images were split."""
    values = {**described.get("settings", {}), **described}
    found = [values.get(name) for name in _ABOUT_DATA]
    kinds = (str, (int, float), int)
    usable = all(isinstance(value, kind) for value, kind in zip(found, kinds, strict=True))
    return tuple(found) if usable and 0 < found[1] < 1 and found[2] >= 0 else None


def _of_parameters(place: Path, model: str, image_size: int | None) -> Trained:
    parameters = _files.read(place)[0]
    try:
        info = vision.model_info(model)
    except ValueError as error:
        raise MXNetError(str(error)) from error
    head = head_of(info.constructor())
    sizes = {parameters[name].shape[0] for name in head if name in parameters and parameters[name].dim()}
    first = next((value for value in parameters.values() if value.dim() == 4), None)
    if len(sizes) != 1 or first is None or first.shape[1] not in (1, 3):
        raise MXNetError(f"{place} does not hold the parameters of {info.name}")
    channels = first.shape[1]
    classes = [str(number) for number in range(sizes.pop())]
    thumbnail = info.family == "resnet" and first.shape[2:] == (3, 3)  # the usual form begins with 7 x 7
    form = Form(info.name, classes, image_size or info.input_size, channels, thumbnail, *STATISTICS[channels])
    return Trained(form, parameters, str(place))


# Running it


def evaluate(
    trained: Trained,
    data: str,
    *,
    batch_size: int = 64,
    workers: int = 0,
    device: mx.Device | None = None,
    progress: Callable[[int, int], Any] = lambda done, total: None,
) -> Evaluation:
    """Run a network over `data`: over the held-out part where it has one, or was trained with another; else over all.

    Parameters
    ----------
    progress : callable
        Gets the number of images done, and of all.

    Raises
    ------
    MXNetError
        If the data cannot be read, or the parameters are of another network.
    """
    form, device, bad = trained.form, device or mx.cpu(), BadData()
    if len(form.classes) > _MOST_COUNTED:
        raise MXNetError(f"a confusion matrix of {len(form.classes)} classes is too large; {_MOST_COUNTED} at most")
    found = find_part(data, bad, channels=form.in_channels, classes=form.classes)
    images, part = _held_out_of(found, form, trained.held_out)
    net = build(form, device)
    fill(net, trained.parameters, form.model, trained.source)
    net.hybridize()
    counts = np.zeros((len(form.classes),) * 2, dtype=np.int64)
    done = 0

    def count(scores: torch.Tensor, labels: torch.Tensor) -> None:
        nonlocal done
        np.add.at(counts, (labels.cpu().numpy(), scores.argmax(dim=1).cpu().numpy()), 1)
        done += len(labels)
        progress(done, len(images))

    batches = Batches(images, form.image_size, batch_size, workers=workers, pinned=device.torch_device.type == "cuda")
    begun = time.perf_counter()
    prepare = Preparation(device, form.mean, form.std)
    measured = measure(net, batches.epoch(0), prepare, each=count, unreadable=bad.update)
    seconds = time.perf_counter() - begun
    if not measured.images:
        raise MXNetError(f"none of the images in {data} could be read:\n" + "\n".join(bad.listed(5)))
    return Evaluation(measured, counts, form.classes, part, seconds, bad)


def probabilities(trained: Trained, files: Sequence[str], *, device: mx.Device | None = None) -> np.ndarray:
    """How probable each class is for images, which are read and changed as `evaluate` does it.

    Parameters
    ----------
    files : sequence of str
        Paths of the images.
    device : Device
        Default the CPU.

    Returns
    -------
    numpy.ndarray of float64, (images, classes)

    Raises
    ------
    MXNetError
        If an image cannot be read, or the parameters are of another network.
    """
    form, device, bad = trained.form, device or mx.cpu(), BadData()
    images = FileImages("", list(files), [0] * len(files), form.in_channels)
    net = build(form, device)
    fill(net, trained.parameters, form.model, trained.source)
    net.hybridize()
    found: list[torch.Tensor] = []
    prepare = Preparation(device, form.mean, form.std)
    measure(
        net,
        Batches(images, form.image_size, 64).epoch(0),
        prepare,
        each=lambda scores, labels: found.append(scores.double().softmax(dim=1).cpu()),
        unreadable=bad.update,
    )
    if len(bad):
        raise MXNetError("\n".join(bad.listed()))
    return torch.cat(found).numpy()


def _held_out_of(found: Part, form: Form, held_out: tuple[str, float, int] | None) -> tuple[Images, str]:
    """What was held out of the images, if the network was trained with them, else all of them; and what that is."""
    if held_out is not None:
        identity, fraction, seed = held_out
        parts = split(found.images, fraction, seed)
        if Data(*parts, form.classes).identity() == identity:
            return parts[1], "the part that was held out from its training"
    return found.images, found.what
