"""`mxzoo im2rec`: images to lists and record files; the same as ``python -m mxnet.tools.im2rec``."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer
from rich.console import Console

from mxnet.tools.im2rec import attempt, run_list, run_records

__all__ = ["im2rec"]

_LISTS = "Lists of images"
_RECORDS = "Record files"


class Encoding(str, Enum):
    """How images are encoded in records."""

    jpg = ".jpg"
    png = ".png"


def im2rec(
    prefix: Annotated[str, typer.Argument(help="Beginning of the names of .lst and .rec files, or one .lst file.")],
    root: Annotated[str, typer.Argument(help="Folder of the images.")],
    make_list: Annotated[
        bool, typer.Option("--list", help="Write lists; without it, record files of the lists.", rich_help_panel=_LISTS)
    ] = False,
    exts: Annotated[
        list[str] | None,
        typer.Option(
            help="Ending of image files; may be repeated.", show_default=".jpeg .jpg .png", rich_help_panel=_LISTS
        ),
    ] = None,
    chunks: Annotated[int, typer.Option(help="Parts, each with lists of its own.", rich_help_panel=_LISTS)] = 1,
    train_ratio: Annotated[float, typer.Option(help="Share of the images for training.", rich_help_panel=_LISTS)] = 1.0,
    test_ratio: Annotated[float, typer.Option(help="Share of the images for testing.", rich_help_panel=_LISTS)] = 0.0,
    recursive: Annotated[
        bool, typer.Option("--recursive", help="Go into subfolders, each of which is a class.", rich_help_panel=_LISTS)
    ] = False,
    shuffle: Annotated[bool, typer.Option(help="Shuffle, the same way each time.", rich_help_panel=_LISTS)] = True,
    pass_through: Annotated[
        bool, typer.Option("--pass-through", help="Take the files as they are.", rich_help_panel=_RECORDS)
    ] = False,
    resize: Annotated[
        int, typer.Option(help="Length of the shorter side; 0 leaves the size.", rich_help_panel=_RECORDS)
    ] = 0,
    center_crop: Annotated[
        bool,
        typer.Option("--center-crop", help="Crop the middle to a square, before resizing.", rich_help_panel=_RECORDS),
    ] = False,
    quality: Annotated[
        int, typer.Option(help="Of JPEG, 1 to 100; compression of PNG, 1 to 9.", rich_help_panel=_RECORDS)
    ] = 95,
    num_thread: Annotated[int, typer.Option(help="Threads that read and encode.", rich_help_panel=_RECORDS)] = 1,
    color: Annotated[int, typer.Option(help="1 colour, 0 grey, -1 as in the file.", rich_help_panel=_RECORDS)] = 1,
    encoding: Annotated[
        Encoding, typer.Option(help="How images are encoded.", rich_help_panel=_RECORDS)
    ] = Encoding.jpg,
    pack_label: Annotated[
        bool,
        typer.Option(
            "--pack-label", help="Store all numbers of a label, not only the first.", rich_help_panel=_RECORDS
        ),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if an image could not be read.", rich_help_panel=_RECORDS)
    ] = False,
) -> None:
    """Make a list of the images below a folder (--list), or record files of the images in lists."""
    from mxnet.tools._image_lists import EXTENSIONS, ListSettings
    from mxnet.tools._image_records import RecordSettings

    console = Console(stderr=True)

    def run() -> int:
        if make_list:
            endings = tuple(exts or EXTENSIONS)
            return run_list(
                prefix, root, ListSettings(recursive, shuffle, chunks, train_ratio, test_ratio, endings), console
            )
        settings = RecordSettings(
            pass_through, resize, center_crop, quality, color, encoding.value, pack_label, num_thread
        )
        return run_records(prefix, root, settings, console, strict)

    raise typer.Exit(attempt(run, console))
