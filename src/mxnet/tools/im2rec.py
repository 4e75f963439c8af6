"""Images to record files: ``python -m mxnet.tools.im2rec``.

First a list of the images below a folder, a class for each subfolder, then a record file of what is in the list:

    python -m mxnet.tools.im2rec --list --recursive prefix folder
    python -m mxnet.tools.im2rec --resize 256 --quality 90 --num-thread 8 prefix folder

The options are those of the program of this name in MXNet, and so are the files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from mxnet.base import MXNetError
from mxnet.tools._image_lists import EXTENSIONS, ListSettings, make_lists
from mxnet.tools._image_records import RecordSettings, lists_of, make_records
from mxnet.tools._reporting import progress, report

__all__ = ["attempt", "main", "run_list", "run_records"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status: 0, or 1 if something is wrong or ``--strict`` finds a bad image."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    return attempt(lambda: _run(options, console), console)


def attempt(run: Callable[[], int], console: Console) -> int:
    """What `run` returns, or 1 after saying what the user has to put right."""
    try:
        return run()
    except (OSError, ValueError, MXNetError) as error:
        console.print(f"im2rec: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True)
        return 1


def _run(options: argparse.Namespace, console: Console) -> int:
    if options.list:
        lists = ListSettings(
            recursive=options.recursive,
            shuffle=options.shuffle,
            chunks=options.chunks,
            train_ratio=options.train_ratio,
            test_ratio=options.test_ratio,
            exts=tuple(options.exts),
        )
        return run_list(options.prefix, options.root, lists, console)
    records = RecordSettings(
        pass_through=options.pass_through,
        resize=options.resize,
        center_crop=options.center_crop,
        quality=options.quality,
        color=options.color,
        encoding=options.encoding,
        pack_label=options.pack_label,
        threads=options.num_thread,
    )
    return run_records(options.prefix, options.root, records, console, options.strict)


def run_list(prefix: str, root: str, settings: ListSettings, console: Console) -> int:
    """Write the lists and say what is in them; returns an exit status."""
    made = make_lists(prefix, root, settings)
    for path, entries in made.files:
        console.print(f"{path}: {entries} images", markup=False, highlight=False, soft_wrap=True)
    for folder, label in made.classes.items():
        console.print(f"  {label}: {folder}", markup=False, highlight=False, soft_wrap=True)
    return 0


def run_records(prefix: str, root: str, settings: RecordSettings, console: Console, strict: bool) -> int:
    """Write a record file for each list, with a progress bar; returns an exit status."""
    bad = 0
    for path in lists_of(prefix):
        with progress(console, path) as advance:
            done = make_records(path, root, settings, advance)
        report(console, done)
        bad += len(done.bad)
    return int(strict and bad > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="im2rec",
        description="Make a list of the images below a folder (--list), or record files of the images in lists.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("prefix", help="beginning of the names of .lst and .rec files, or one .lst file")
    parser.add_argument("root", help="folder of the images")
    lists = parser.add_argument_group("lists of images")
    lists.add_argument("--list", action="store_true", help="write lists; without it, record files of the lists")
    lists.add_argument("--exts", nargs="+", default=list(EXTENSIONS), help="endings of image files")
    lists.add_argument("--chunks", type=int, default=1, help="number of parts, each with lists of its own")
    lists.add_argument("--train-ratio", type=float, default=1.0, help="share of the images for training")
    lists.add_argument("--test-ratio", type=float, default=0.0, help="share of the images for testing")
    lists.add_argument("--recursive", action="store_true", help="go into subfolders, each of which is a class")
    lists.add_argument(
        "--shuffle", type=_truth, nargs="?", const=True, default=True, help="shuffle the list (the same way each time)"
    )
    lists.add_argument("--no-shuffle", dest="shuffle", action="store_false", help="keep the order of names")
    records = parser.add_argument_group("record files")
    records.add_argument("--pass-through", action="store_true", help="take the files as they are")
    records.add_argument("--resize", type=int, default=0, help="length of the shorter side; 0 leaves the size")
    records.add_argument("--center-crop", action="store_true", help="crop the middle to a square, before resizing")
    records.add_argument("--quality", type=int, default=95, help="of JPEG, 1 to 100; compression of PNG, 1 to 9")
    records.add_argument("--num-thread", type=int, default=1, help="threads that read and encode")
    records.add_argument("--color", type=int, default=1, choices=[-1, 0, 1], help="1 colour, 0 grey, -1 as in the file")
    records.add_argument("--encoding", default=".jpg", choices=[".jpg", ".png"], help="how images are encoded")
    records.add_argument("--pack-label", action="store_true", help="store all numbers of a label, not only the first")
    records.add_argument("--strict", action="store_true", help="end with status 1 if an image could not be read")
    return parser


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "1", "yes", "false", "0", "no"):
        raise argparse.ArgumentTypeError(f"expected True or False, not {text!r}")
    return text.lower() in ("true", "1", "yes")


if __name__ == "__main__":
    sys.exit(main())
