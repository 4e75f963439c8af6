"""`mxzoo demo`: a ResNet of the zoo learns to read handwritten digits.

An ordinary Gluon program, to be read from `run` downwards. For images of your own, change `digits`: a dataset is
anything that has a length and gives (image, label) by index.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import Progress, TextColumn

import mxnet as mx
from mxnet import autograd, gluon
from mxnet._progress import bar_columns
from mxnet.gluon.data import ArrayDataset, DataLoader, Dataset
from mxnet.gluon.data.vision import transforms
from mxnet.gluon.model_zoo import vision

__all__ = ["Outcome", "Settings", "run"]

CLASSES = 10
IMAGE_SIZE = 16  # twice that of the digits: more room for a network that halves the size three times
HELD_OUT = 360  # of 1797 images


@dataclass(frozen=True)
class Settings:
    """What to train, and how."""

    model: str
    epochs: int
    batch_size: int
    seed: int
    workers: int
    output: Path
    learning_rate: float = 0.03


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    accuracy: float  # on the held-out images
    held_out: int  # how many those are
    seconds: float  # for training, without the evaluation after each epoch
    images_per_second: float
    parameters: int
    same_after_reload: bool
    parameter_file: Path
    picture: Path


def run(settings: Settings, console: Console) -> Outcome:
    """Train, evaluate, save, reload, compare and draw.

    Raises
    ------
    ImportError
        Without scikit-learn, which brings the images.
    """
    np.random.seed(settings.seed)  # draws the order of the images
    mx.random.seed(settings.seed)  # draws the first parameters, and shifts images
    settings.output.mkdir(parents=True, exist_ok=True)

    training_set, held_out_set = digits()
    batches = DataLoader(
        training_set.transform_first(preprocessing(training=True)),
        batch_size=settings.batch_size,
        shuffle=True,
        num_workers=settings.workers,
    )
    held_out = DataLoader(held_out_set.transform_first(preprocessing(training=False)), batch_size=HELD_OUT // 3)

    net = build(settings.model)
    net.initialize(mx.init.Xavier(magnitude=2))
    seconds = fit(net, batches, held_out, settings, console)

    parameter_file = settings.output / f"{settings.model}-digits.params"
    net.save_parameters(str(parameter_file))
    reloaded = build(settings.model)
    reloaded.load_parameters(str(parameter_file))
    scores = predict(net, held_out)

    picture = settings.output / "predictions.png"
    draw(held_out_set, scores.argmax(axis=1), picture)
    return Outcome(
        accuracy=evaluate(reloaded, held_out),
        held_out=len(held_out_set),
        seconds=seconds,
        images_per_second=settings.epochs * len(training_set) / seconds,
        parameters=sum(parameter.data().size for parameter in net.collect_params().values()),
        same_after_reload=np.array_equal(scores, predict(reloaded, held_out)),
        parameter_file=parameter_file,
        picture=picture,
    )


def digits() -> tuple[Dataset, Dataset]:
    """scikit-learn's handwritten digits, for training and held out: (8, 8, 1) images of type uint8, and labels."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = (images * (255 / 16)).astype("uint8").reshape(-1, 8, 8, 1)
    labels = labels.astype("int32")
    images, unseen_images, labels, unseen_labels = train_test_split(
        images, labels, test_size=HELD_OUT, stratify=labels, random_state=0
    )
    seen = ArrayDataset(mx.np.array(images, dtype="uint8"), labels)
    unseen = ArrayDataset(mx.np.array(unseen_images, dtype="uint8"), unseen_labels)
    return seen, unseen


def preprocessing(training: bool) -> gluon.Block:
    """From an image of bytes, channels last, to what a network takes: floats about zero, channels first."""
    shifts = [transforms.RandomCrop(IMAGE_SIZE, pad=2)] if training else []
    return transforms.Compose(
        [
            transforms.Resize(IMAGE_SIZE),
            *shifts,
            transforms.ToTensor(),
            transforms.Normalize(mean=0.3, std=0.35),
        ]
    )


def build(model: str) -> gluon.Block:
    """A ResNet of the zoo in the form for small images."""
    return vision.get_model(model, classes=CLASSES, thumbnail=True)


def fit(net: gluon.Block, batches: DataLoader, held_out: DataLoader, settings: Settings, console: Console) -> float:
    """Train `net` with a progress bar for each epoch; returns the seconds spent in training."""
    schedule = mx.lr_scheduler.CosineScheduler(
        max_update=settings.epochs * len(batches), base_lr=settings.learning_rate, final_lr=0
    )
    options = {"learning_rate": settings.learning_rate, "momentum": 0.9, "wd": 1e-4, "lr_scheduler": schedule}
    trainer = gluon.Trainer(net.collect_params(), "sgd", options)
    loss_function = gluon.loss.SoftmaxCrossEntropyLoss()

    seconds = 0.0
    with progress_bars(console) as progress:
        for epoch in range(1, settings.epochs + 1):
            bar = progress.add_task(f"epoch {epoch}/{settings.epochs}", total=len(batches), result="")
            start = time.perf_counter()
            loss = train_epoch(net, progress.track(batches, task_id=bar), trainer, loss_function)
            seconds += time.perf_counter() - start
            accuracy = evaluate(net, held_out)
            progress.update(bar, result=f"loss {loss:.4f}, {accuracy:.1%} of the held-out images right")
    return seconds


def train_epoch(
    net: gluon.Block, batches: Iterable[list[mx.np.ndarray]], trainer: gluon.Trainer, loss_function: gluon.loss.Loss
) -> float:
    """One pass over the training images; returns the mean loss."""
    mean_loss = gluon.metric.Loss()
    for images, labels in batches:
        with autograd.record():
            loss = loss_function(net(images), labels)
        loss.backward()
        trainer.step(batch_size=len(labels))
        mean_loss.update(None, loss)
    return mean_loss.get()[1]


def evaluate(net: gluon.Block, batches: Iterable[list[mx.np.ndarray]]) -> float:
    """The part of the images that `net` reads right."""
    accuracy = gluon.metric.Accuracy()
    for images, labels in batches:
        accuracy.update(labels, net(images))
    return accuracy.get()[1]


def predict(net: gluon.Block, batches: Iterable[list[mx.np.ndarray]]) -> np.ndarray:
    """The scores of all images, (images, classes)."""
    return np.concatenate([net(images).asnumpy() for images, _ in batches])


def draw(dataset: Dataset, predictions: np.ndarray, path: Path, rows: int = 5, columns: int = 10) -> None:
    """Draw the first images of `dataset`, each under what was predicted for it; mistakes in red."""
    figure = Figure(figsize=(columns, 1.3 * rows), layout="constrained")
    for position, axes in enumerate(figure.subplots(rows, columns).flat):
        image, label = dataset[position]
        predicted, label = int(predictions[position]), int(label)
        right = predicted == label
        axes.imshow(image.asnumpy()[:, :, 0], cmap="gray_r")
        axes.set_title(str(predicted) if right else f"{predicted}, not {label}", color="black" if right else "red")
        axes.axis("off")
    figure.savefig(path, dpi=100)


def progress_bars(console: Console) -> Progress:
    return Progress(*bar_columns(), TextColumn("{task.fields[result]}"), console=console)
