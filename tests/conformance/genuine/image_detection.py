"""Evaluate rows of `image_detection_cases` over files that another MXNet wrote, and many random augmenters.

Arguments: the folder for the result, the folder of files written elsewhere, the folder for files of its own.
"""

import json
import os
import random
import sys
from pathlib import Path

import numpy as onp

import mxnet as mx

sys.path.append(str(Path(__file__).parents[2] / "reference"))
import image_detection_cases as cases  # noqa: E402

ROWS = [row for row in [*cases.RECORD_ROWS, *cases.ITER_ROWS] if row.startswith("seen(") and "path_imglist" not in row]
PROGRAMS = 1000


def outcomes(folder):
    """What each row gives, and each random program."""
    found = cases.outcomes(folder, ROWS)
    failed = {row: outcome for row, outcome in found.items() if isinstance(outcome, str)}
    assert not failed, failed
    with onp.errstate(all="ignore"):
        return [found, [program(number) for number in range(PROGRAMS)]]


def program(number):
    """Two calls of a random augmenter on a random image; numbers that lie on a grid of pixels hit every limit."""
    draw = onp.random.RandomState(number)
    height, width = draw.randint(4, 70, 2).tolist()
    count = draw.randint(1, 5)
    low = draw.rand(count, 2) * 0.9
    high = low + draw.rand(count, 2) * (1 - low) * (0.1 if draw.rand() < 0.2 else 1)
    if draw.rand() < 0.3:
        low, high = (
            onp.floor(low * [width, height]) / [width, height],
            onp.ceil(high * [width, height]) / [width, height],
        )
    objects = onp.concatenate([onp.arange(count)[:, None], low, high, draw.rand(count, draw.randint(0, 2))], 1)
    image = mx.nd.array(draw.randint(0, 256, (height, width, 3)), dtype="uint8")
    augmenter = [crop, pad, several][number % 3](draw)
    random.seed(number)
    objects = objects.astype("float32" if draw.rand() < 0.7 else "float64")
    for _ in range(2):
        image, objects = augmenter(image, objects)
    content = image.asnumpy()
    return [
        list(content.shape),
        int(content.astype("int64").sum()),
        str(objects.dtype),
        objects.tolist(),
        random.random(),
    ]


def crop(draw):
    shares = sorted((draw.rand(2) * draw.choice([1, 1, 2])).tolist())
    covered, eject = float(round(draw.rand(), 2)) * draw.choice([0, 1, 1]), float(round(draw.rand() * 0.9, 1))
    return mx.image.DetRandomCropAug(covered, ratios(draw), tuple(shares), eject, int(draw.randint(1, 6)))


def pad(draw):
    shares = sorted((draw.rand(2) * 2 + 1.01).tolist())
    return mx.image.DetRandomPadAug(ratios(draw), tuple(shares), int(draw.randint(1, 6)), (1, 2, 3))


def several(draw):
    steps = [mx.image.DetHorizontalFlipAug(0.5), mx.image.DetRandomCropAug(0.1), mx.image.DetRandomPadAug()]
    return mx.image.DetRandomSelectAug(steps, 0.2)


def ratios(draw):
    return tuple(sorted((draw.rand(2) * 2 + 0.2).tolist()))


if __name__ == "__main__":
    result, theirs, own = sys.argv[1:]
    cases.write(own)
    Path(result, "result.json").write_text(json.dumps(outcomes(theirs)))
    os._exit(0)  # see `cases.KEPT`
