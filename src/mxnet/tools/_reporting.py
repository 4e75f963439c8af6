"""What `im2rec` tells its user while it works, and when it has done."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import Progress

from mxnet._progress import bar_columns
from mxnet.tools._image_records import Outcome

__all__ = ["progress", "report"]

_MOST_NAMED = 20


@contextlib.contextmanager
def progress(console: Console, path: str) -> Iterator[Callable[[int, int], None]]:
    """A bar to be moved with ``advance(done, total)``."""
    with Progress(*bar_columns("rate"), console=console) as bar:
        task = bar.add_task(os.path.basename(path), total=None, rate="")

        def advance(done: int, total: int) -> None:
            speed = bar.tasks[task].finished_speed or bar.tasks[task].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.0f} images/s" if speed else "")

        yield advance


def report(console: Console, outcome: Outcome) -> None:
    """Say how many images went where, and which could not be read."""

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    say(f"{outcome.record}: {outcome.images} images, {outcome.bytes / 1e6:,.1f} MB")
    for name, reason in outcome.bad[:_MOST_NAMED]:
        say(f"  left out: {name}: {reason}", "yellow")
    if len(outcome.bad) > _MOST_NAMED:
        say(f"  ... and {len(outcome.bad) - _MOST_NAMED} more", "yellow")
    if outcome.bad:
        say(f"  {len(outcome.bad)} of {outcome.images + len(outcome.bad)} images were left out", "bold yellow")
