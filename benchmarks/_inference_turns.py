"""A worker's side of `inference.py` and `training.py`: it prepares a program, says so, and times calls on demand.

Genuine MXNet's interpreters run this too, so it needs nothing but NumPy and the standard library.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from _harness import peak_megabytes, seconds

__all__ = ["IMAGES", "MODULE", "WEIGHTS", "Program", "Task", "onnx_file", "serve", "task_given"]

# In the folder that the workers for a network share.
WEIGHTS = "weights.params"
IMAGES = "images.npy"
MODULE = "module.pt"


def onnx_file(batch: int) -> str:
    return f"batch{batch}.onnx"


class Task(NamedTuple):
    """What a worker is to do: the JSON that it is started with."""

    engine: str
    precision: str
    model: str
    batch: int
    threads: int
    folder: str

    def file(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def images(self) -> np.ndarray:
        return np.load(self.file(IMAGES))[: self.batch].copy()

    @property
    def scores_file(self) -> str:
        """Where the worker leaves what it computes."""
        return self.file(f"scores-{self.engine}-{self.precision}.npy")


class Program(NamedTuple):
    """What a worker calls.

    Attributes
    ----------
    call : callable
        Predicts, and returns when the scores are in memory; or trains for a step.
    scores : callable
        Predicts, and returns the scores as NumPy's; or trains for a step, and returns the loss.
    chosen : callable
        The name of the engine that was chosen, where there was a choice.
    more : callable, optional
        What is compared beside the scores, computed after them.
    """

    call: Callable[[], Any]
    scores: Callable[[], np.ndarray]
    chosen: Callable[[], str] = str
    more: Callable[[], np.ndarray] | None = None


def serve(task: Task, make: Callable[[Task], Program]) -> None:
    """Say that everything is imported, then answer lines of JSON on standard input until it ends.

    The first line, of any content, is answered when the program has been made and has given its first result, which is
    the cold start. Each further one, ``{"warm": 2, "timed": 9}``, is answered with the seconds of the timed calls, the
    end with the peak memory.
    """
    reply = _replies()
    reply("imported")
    sys.stdin.readline()
    start = time.perf_counter()
    program = make(task)
    scores = program.scores()
    cold_start = time.perf_counter() - start
    if program.more is not None:
        scores = np.concatenate([scores, program.more()])
    np.save(task.scores_file, scores)
    reply({"cold_start": cold_start, "call": seconds(program.call), "chosen": program.chosen()})
    for line in sys.stdin:
        turn = json.loads(line)
        for _ in range(turn["warm"]):
            program.call()
        reply([seconds(program.call) for _ in range(turn["timed"])])
    reply(peak_megabytes())


def _replies() -> Callable[[Any], None]:
    """A function that writes a line to standard output, which from here on nobody else does."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print there; what they say belongs to the errors

    def reply(message: Any) -> None:
        output.write(json.dumps(message) + "\n")
        output.flush()

    return reply


def task_given() -> Task:
    """The task on the command line."""
    return Task(**json.loads(sys.argv[1]))
