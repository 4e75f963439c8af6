"""Folders of images, and runs of `im2rec` over them, here and under genuine MXNet."""

import pathlib

import iterator_cases

FOLDERS = {"cat": 3, "dog": 2, "dog/young": 2, "ant": 1}
LIST = ("--list", "--recursive")
RUNS = {
    "recursive": [LIST],
    "flat": [("--list",)],
    "in order": [(*LIST, "--no-shuffle")],
    "three": [(*LIST, "--train-ratio", "0.6", "--test-ratio", "0.2")],
    "two": [(*LIST, "--train-ratio", "0.5", "--test-ratio", "0.5")],
    "chunks": [(*LIST, "--chunks", "2", "--train-ratio", "0.7")],
    "endings": [(*LIST, "--exts", ".png", "--")],
    "pass through": [LIST, ("--pass-through",)],
    "colour": [LIST, ("--encoding", ".png", "--quality", "3")],
    "grey": [LIST, ("--encoding", ".png", "--quality", "9", "--color", "0")],
    "as it is": [LIST, ("--encoding", ".png", "--quality", "9", "--color", "-1")],
    "resized": [LIST, ("--encoding", ".png", "--quality", "9", "--resize", "6")],
    "square": [LIST, ("--encoding", ".png", "--quality", "9", "--center-crop", "--resize", "5")],
    "labels": ["several", ("--pass-through", "--pack-label")],
    "first label": ["several", ("--pass-through",)],
}


def plant(folder):
    """Make the images: small ones, some of them grey, one of them with another ending."""
    number = 0
    for name, count in FOLDERS.items():
        place = pathlib.Path(folder, name)
        place.mkdir(parents=True, exist_ok=True)
        for at in range(count):
            image = iterator_cases.picture(number, 1 if at == 1 else 3)[: 6 + number]
            ending = "JPEG" if at == 2 else "png"  # its content is what counts
            (place / f"p{at}.{ending}").write_bytes(iterator_cases.png(image))
            number += 1
    (pathlib.Path(folder) / "top.jpg").write_bytes(iterator_cases.png(iterator_cases.picture(9)))
    (pathlib.Path(folder) / "cat" / "notes.txt").write_text("no image")


def write_several(path):
    """A list whose labels have several numbers."""
    names = [f"{name}/p{at}.png" for name, count in FOLDERS.items() for at in range(min(count, 2))]
    lines = [f"{7 * at}\t{at:f}\t{at / 8:f}\t-2.000000\t{name}\n" for at, name in enumerate(names)]
    pathlib.Path(path).write_text("".join(lines))
