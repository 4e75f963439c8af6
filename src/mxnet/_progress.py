"""Progress bars in the terminal, which look alike wherever one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

__all__ = ["bar_columns"]


def bar_columns(*fields: str, width: int = 20) -> list[ProgressColumn]:
    """Columns for a `rich.progress.Progress`: what is done, as a bar and in numbers, and how long the rest takes.

    Parameters
    ----------
    *fields : str
        Fields of the tasks, whose texts stand before the time left.
    width : int, default 20
        Of the bar.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    return [
        TextColumn("{task.description}"),
        BarColumn(bar_width=width),
        MofNCompleteColumn(),
        *[TextColumn(f"{{task.fields[{field}]}}") for field in fields],
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    ]
