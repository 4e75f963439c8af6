"""How the command speaks to its user when something is wrong."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

__all__ = ["fail", "pip_install", "printable"]


def fail(message: str, status: int = 1) -> NoReturn:
    """Say what went wrong and leave with a status other than 0."""
    Console(stderr=True).print(f"[bold red]Error:[/] {escape(printable(message))}", highlight=False, soft_wrap=True)
    raise typer.Exit(status)


def pip_install(package: str) -> str:
    """The command that installs a package for the Python that runs now."""
    return f"{sys.executable} -m pip install {package}"


def printable(text: str) -> str:
    """`text` without what would steer the terminal: names in a file may be anything."""
    return "".join(one if one.isprintable() or one in "\n\t" else ascii(one)[1:-1] for one in text)
