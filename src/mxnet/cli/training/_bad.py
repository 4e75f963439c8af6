"""What is wrong with the data: by name, counted, and never a reason to stop unless that is asked for."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from mxnet.base import MXNetError
from mxnet.formats._writer import atomic_write

__all__ = ["BadData", "printable"]

_SHOWN = 10


class BadData:
    """Files, records and classes with what is wrong with each; of one that is reported again the first counts."""

    def __init__(self, entries: Iterable[tuple[str, str]] = ()) -> None:
        self._problems: dict[str, str] = {}
        self.update(entries)

    def __len__(self) -> int:
        return len(self._problems)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._problems.items())

    def add(self, name: str, problem: str) -> bool:
        """Note a problem; returns whether it is new."""
        name = printable(name)
        if name in self._problems:
            return False
        self._problems[name] = printable(" ".join(problem.split()))
        return True

    def update(self, entries: Iterable[tuple[str, str]]) -> None:
        for name, problem in entries:
            self.add(name, problem)

    def total(self) -> str:
        """How many there are, in words: "3 bad entries in the data"."""
        return f"{len(self)} bad {'entry' if len(self) == 1 else 'entries'} in the data"

    def listed(self, most: int = _SHOWN) -> list[str]:
        """A line for each of the first problems, and one that says how many more there are."""
        lines = [f"{name}: {problem}" for name, problem in list(self)[:most]]
        if len(self) > most:
            lines.append(f"... and {len(self) - most} more")
        return lines

    def counted(self) -> list[tuple[str, int]]:
        """Kinds of problems, the most frequent first: what a problem says before its first colon."""
        return Counter(problem.partition(":")[0] for _, problem in self).most_common()

    def refuse(self) -> None:
        """Raise if there is any, for --strict.

        Raises
        ------
        MXNetError
        """
        if self._problems:
            raise MXNetError(f"--strict: {self.total()}:\n" + "\n".join(self.listed()))

    def write(self, path: Path) -> None:
        """A CSV file with the columns name and problem; an older one goes where there is nothing to tell."""
        if not self._problems:
            path.unlink(missing_ok=True)
            return
        text = io.StringIO()
        csv.writer(text).writerows([("name", "problem"), *self])
        with atomic_write(path) as file:
            file.write(text.getvalue().encode())


def printable(name: str) -> str:
    """A name with bytes that are no text, which file systems allow, as escapes; terminals and JSON take no others."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
