"""How far `predict` has come: told to a function, or drawn in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mxnet._progress import bar_columns

__all__ = ["check_progress", "progress_of"]

Report = Callable[[int], Any]


def check_progress(progress: Any) -> None:
    """Refuse what `progress_of` does not take.

    Raises
    ------
    TypeError
    """
    if progress is not None and not isinstance(progress, bool) and not callable(progress):
        raise TypeError(f"predict: progress must be True, False, None or a function of (done, total), not {progress!r}")


@contextmanager
def progress_of(progress: Any, total: int | None) -> Iterator[Report]:
    """What is to be called with the number of samples done.

    Parameters
    ----------
    progress : bool, callable or None
        Whether to draw a bar on the standard error stream, None if it is a terminal; or ``progress(done, total)``.
    total : int or None
        The number of samples, if it is known.
    """
    if callable(progress):
        yield lambda done: progress(done, total)
    elif progress or (progress is None and sys.stderr.isatty()):
        with _bar() as bar:
            task = bar.add_task("predict", total=total, rate="")
            yield lambda done: _draw(bar, task, done)
    else:
        yield lambda done: None


def _draw(bar: Any, task: Any, done: int) -> None:
    speed = bar.tasks[0].speed
    bar.update(task, completed=done, rate="" if speed is None else f"{speed:.3g} samples/s")


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(
        *bar_columns("rate"),
        console=Console(stderr=True),
        redirect_stdout=False,  # what the program prints goes where it would without a bar
        redirect_stderr=False,
    )
