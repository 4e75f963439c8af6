"""Short trainings that the tests of `mxzoo train` share, and runs of them that are killed.

As a program it kills trainings until it has killed fifty, and compares what each comes to with the run that nobody
killed:

    python tests/training_runs.py [--kills 50] [--seed 0]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from mxnet.cli.training import Settings
from mxnet.cli.training._checkpoint import read_checkpoint
from mxnet.cli.training._run import Outcome, train
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision import ModelInfo, _registry
from mxnet.gluon.model_zoo.vision._base import VisionModel

COLOURS = {"blue": (40, 60, 220), "green": (40, 220, 60), "red": (220, 60, 40)}  # classes, and what they look like
SAVING = ("_checkpoint.py", "_writer.py", "_log.py", "_states.py")  # modules that write files


class Tiny(VisionModel):
    """A network that trains in no time, with a layer of every kind that resuming has to care for."""

    def __init__(self, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(minimum_size=4, **kwargs)
        self.features = nn.HybridSequential()
        self.features.add(nn.Conv2D(8, 3, strides=2), nn.BatchNorm(), nn.Activation("relu"), nn.Dropout(0.3))
        self.features.add(nn.GlobalAvgPool2D(), nn.Flatten())
        self.output = nn.Dense(classes)


@contextlib.contextmanager
def tiny_in_zoo() -> Iterator[None]:
    """Inside, the zoo has the model "tiny"."""
    info = ModelInfo("tiny", "tiny", 16, Tiny)
    _registry._models["tiny"] = _registry._by_spelling["tiny"] = info
    try:
        yield
    finally:
        del _registry._models["tiny"], _registry._by_spelling["tiny"]


def make_images(folder: Path, each: int, size: int = 20, seed: int = 0) -> Path:
    """A folder with a folder of noisy images for each colour."""
    draw = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            image = np.clip(draw.normal(colour, 60, (size, size + number % 3, 3)), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / name / f"{number:03}.png"), image[:, :, ::-1])
    return folder


def tiny_settings(data: Path, output: Path, **changes: Any) -> Settings:
    """Six steps in three epochs, a checkpoint after each, with everything that has a state."""
    options = {
        "model": "tiny", "image_size": 16, "epochs": 3, "batch_size": 9, "lr": 0.05, "augment": "strong",
        "mixup": 0.2, "ema": 0.9, "checkpoint_every": 1, "keep": 2, "val_fraction": 0.25, "device": "cpu",
    }  # fmt: skip
    return Settings(str(data), output=str(output), **{**options, **changes})


def run(settings: Settings, **options: Any) -> Outcome:
    return train(settings, Console(quiet=True), **options)


def final(output: Path) -> dict[str, bytes]:
    """What a finished training has come to: every file that must be the same whatever happened on the way."""
    checkpoint = read_checkpoint(output / "checkpoints" / "last")
    files = ("parameters.params", "average.params", "trainer.states", "random.safetensors")
    found = {name: (checkpoint.path / name).read_bytes() for name in files if (checkpoint.path / name).exists()}
    found["best.params"] = (output / "best.params").read_bytes()
    rows = [{name: row[name] for name in row if "second" not in name} for row in checkpoint.state["rows"]]
    found["rows"] = repr(rows).encode()
    return found


# Killing


def killed(work: Callable[[], Any], arm: Callable[[], Any] = lambda: None, seconds: float | None = None) -> bool:
    """Do `work` in a forked process, after `arm` there; returns whether it was killed before it was done.

    With `seconds` it is killed from here when so many have passed.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            cv2.setNumThreads(0)
            arm()
            work()
            status = 0
        finally:
            os._exit(status)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)  # not waited for yet, so the number is still its own
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status:
        raise AssertionError(f"the training ended with status {status} by itself")
    return False


def kill_at_call(number: int, modules: tuple[str, ...] = ()) -> Callable[[], None]:
    """Have this process killed when it makes its call of that number, of those made in `modules` if any are given."""

    def arm() -> None:
        calls = 0

        def count(frame: Any, event: str, argument: Any) -> None:
            nonlocal calls
            if not modules or frame.f_code.co_filename.endswith(modules):
                calls += 1
                if calls == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)

    return arm


def counted_calls(work: Callable[[], Any], modules: tuple[str, ...] = ()) -> int:
    """How many calls `kill_at_call` would count."""
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += not modules or frame.f_code.co_filename.endswith(modules)

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def main() -> None:
    """Kill until enough trainings have been killed; each that is not killed any more must come to the same end."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as place, tiny_in_zoo():
        root = Path(place)
        data = make_images(root / "images", each=8)
        calls = counted_calls(lambda: run(tiny_settings(data, root / "counted")))
        saving = counted_calls(lambda: run(tiny_settings(data, root / "counted-saving")), SAVING)
        begun = time.perf_counter()
        run(tiny_settings(data, root / "unbroken"))
        seconds = time.perf_counter() - begun
        expected = final(root / "unbroken")
        ways = [
            lambda: {"arm": kill_at_call(draw.randrange(1, calls))},
            lambda: {"arm": kill_at_call(draw.randrange(1, saving), SAVING)},
            lambda: {"seconds": draw.uniform(0, seconds)},
        ]
        kills = finished = 0
        while kills < arguments.kills:
            output = root / f"run-{finished}"
            while killed(lambda output=output: run(tiny_settings(data, output), resume=True), **draw.choice(ways)()):
                kills += 1
                print(f"killed {kills}", flush=True)
            finished += 1
            if final(output) != expected:
                raise SystemExit(f"run {finished} came to another end than the unbroken one")
            print(f"run {finished} is finished, and as if nobody had killed it", flush=True)
    print(f"{kills} kills, {finished} runs: every one came to the same parameters, bit for bit")


if __name__ == "__main__":
    main()
