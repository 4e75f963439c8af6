"""A program over images with boxes that runs here and under genuine MXNet: files to write, and rows to evaluate.

A row is an expression; of its value or its error both sides make a note. Names in it: `det(...)` makes an
`ImageDetRecordIter` over the file that `write` leaves, `files(...)` an `ImageDetIter` over images in a list,
`records(...)` one over the record file; `seen(it)` reads an iterator twice; `after(augmenter)` is what two calls of an
augmenter make of an image and its boxes, its generator being seeded; `D` is `mx.image`; `label(...)` is an array.
"""

import os
import pathlib
import random
import zlib

import iterator_cases
import numpy as onp
from iterator_cases import mx_note, note_error, picture, png

import mxnet as mx

KEPT = []
"""Iterators of genuine MXNet, which cannot take down some of its own: a process that made them ends with `os._exit`."""

LABELS = [
    [2, 5, 0, 0.1, 0.2, 0.5, 0.6],
    [2, 5, 1, 0.3, 0.3, 0.9, 0.8, 2, 0, 0, 0.05, 0.05],
    [2, 5, 0, 0.1, 0.2, 0.3, 0.4, 1, 0.6, 0.3, 0.4, 0.5, 2, 0.3, 0.4, 0.5, 0.6],
    [3, 5, 9, 0, 0.5, 0.5, 0.7, 0.7],
    [2, 5, 3, 0.1, 0.1, 1, 1.25],
]
EXTRA = [[4, 6, 77, 88, 0, 0.1, 0.2, 0.5, 0.6, 1], [4, 6, 77, 88, *[0, 0.1, 0.2, 0.5, 0.6, 1] * 2]]
BAD = {
    "short": [2, 5],
    "thin": [2, 4, 0, 0.1, 0.2, 0.3],
    "alone": 3.0,
    "headless": [1, 5, 0, 0.1, 0.2, 0.3, 0.4],
    "uneven": [2, 5, 0, 0.1, 0.2, 0.3, 0.4, 1, 2],
    "flat": [2, 5, 0, 0.5, 0.2, 0.3, 0.4],
}
SIZES = ["(3, 20, 20)", "(3, 7, 9)", "(3, 8, 30)", "(3, 31, 6)"]

RECORD_ROWS = [
    "seen(det())",
    "seen(det(batch_size=5))",
    "seen(det(batch_size=7))",
    "seen(det(label_pad_width=30))",
    "seen(det(label_pad_width=-1))",
    "seen(det(label_pad_width=20, label_pad_value=7))",
    "seen(det(num_parts=2, part_index=0))",
    "seen(det(num_parts=2, part_index=1))",
    "seen(det(path_imglist=lst))",
    "seen(det(path_imgrec=extra, batch_size=2))",
    "seen(det(path_imgrec=extra, batch_size=2, rand_mirror_prob=1))",
    "seen(det(path_imgrec=flat, batch_size=1))",
    "seen(det(data_shape='(1, 10, 12)', mean_r=3, std_r=2))",
    "seen(det(rand_mirror_prob=1))",
    *[f"seen(det(data_shape={size}, resize_mode='{mode}'))" for size in SIZES for mode in ("force", "shrink", "fit")],
    "seen(det(resize=7))",
    "seen(det(inter_method=0, data_shape=(3, 7, 9)))",
    "seen(det(mean_r=10, mean_g=20, mean_b=30, scale=0.5))",
    "seen(det(std_r=2, mean_b=3))",
    "seen(det(std_r=0.5, std_g=4, std_b=2, mean_r=100, data_shape=(3, 8, 30), resize_mode='fit', fill_value=9))",
    "seen(det(max_random_contrast=0.5, max_random_hue=9, max_pad_scale=3))",
    "look(det())",
    "look(det(data_name='x', label_name='y', label_pad_width=20))",
    "det(label_pad_width=16)",
    "det(label_width=7)",
    *[f"det(path_imgrec={name}, batch_size=1)" for name in BAD],
    "det(path_imgrec='missing.rec')",
    "det(resize_mode='tight')",
    "det(crop_emit_mode='tight')",
    "det(inter_method=7)",
    "det(data_shape=(3, 10))",
    "det(preprocess_threads=0)",
    "det(data_shape=(4, 10, 12))",
    "det(min_crop_scales=(0.1, 0.2, 0.3), num_crop_sampler=2)",
    "det(max_crop_trials=(3, 4))",
    "det(min_crop_scales=0.6, max_crop_scales=0.6)",
    "det(min_crop_scales=-0.1)",
    "det(max_crop_scales=1.1)",
    *[
        f"det(min_crop_{name}=0.5, max_crop_{name}=0.3)"
        for name in ("aspect_ratios", "overlaps", "sample_coverages", "object_coverages")
    ],
]

ITER_ROWS = [
    "seen(files())",
    "seen(files(inter_method=1, mean=True, std=True))",
    "seen(files(resize=8, inter_method=1))",
    *[f"seen(files(last_batch_handle='{handle}'), 4)" for handle in ("pad", "discard", "roll_over")],
    "seen(files(batch_size=1))",
    "seen(files(batch_size=7))",
    "seen(seeded(lambda: files(shuffle=True)))",
    "seen(seeded(lambda: files(rand_crop=1, inter_method=1)))",
    "seen(seeded(lambda: files(rand_crop=0.6, min_object_covered=[0.1, 0.5, 0.9], inter_method=1)))",
    "seen(records())",
    "seen(records(path_imgidx=idx))",
    "seen(records(path_imglist=lst))",
    "seen(files(aug_list=[D.DetBorrowAug(D.ForceResizeAug((5, 4), 1))], data_shape=(3, 4, 5)))",
    "seen(files(aug_list=[nothing_of_the_first(), D.DetBorrowAug(D.ForceResizeAug((5, 4), 1))], data_shape=(3, 4, 5)))",
    "[(it := files()).label_shape, it.data_shape, it.batch_size]",
    "[(it := files()).reshape(label_shape=(6, 5)), it.label_shape, seen(it, 1)]",
    "[(it := files()).reshape(data_shape=(3, 4, 5)), it.data_shape]",
    "[(it := files()).sync_label_shape(other := few(8)) is other, it.label_shape, other.label_shape]",
    "[(it := few(8)).sync_label_shape(other := files()) is other, it.label_shape, other.label_shape]",
    "files().sync_label_shape(wide())",
    "files().sync_label_shape(None)",
    "files().sync_label_shape(D.ImageIter(1, (3, 4, 5), imglist=[[1, 'picture0.png']], path_root=folder))",
    *[f"files().check_label_shape({shape})" for shape in ("(3, 5)", "(9, 5)", "(2, 5)", "(9, 6)", "(9,)", "5")],
    *[f"files().reshape(data_shape={shape})" for shape in ("(1, 4, 5)", "(3, 4)")],
    "files().reshape(label_shape=(2, 5))",
    "files()._parse_label(label(2, 5, 0, 0.1, 0.2, 0.5, 0.6)).tolist()",
    "files()._parse_label(label(4, 6, 7, 8, 0, 0.25, 0.5, 0.75, 1, 9, 1, 0.5, 0.5, 0.25, 1, 3)).tolist()",
    *[f"files()._parse_label(label({numbers}))" for numbers in ("2, 5", "2, 4, 0, 0.1, 0.2, 0.5", "")],
    "files()._parse_label(label(2, 5, 0, 0.1, 0.2, 0.5, 0.6, 1))",
    "files()._parse_label(label(2, 5, 0, 0.6, 0.2, 0.5, 0.6))",
    "files()._estimate_label_shape()",
    *[f"one({numbers})" for numbers in BAD.values()],
    "few(2, 'missing.png').next()",
    "few(2, 'text.png').next()",
    "files(data_shape=(1, 4, 5))",
    "files(data_shape=(3, 4))",
    "files(bogus=1)",
    "D.ImageDetIter(2, (3, 4, 5))",
]  # fmt: skip

CROPS = [
    f"after(D.DetRandomCropAug({covered}, {ratios}, {shares}, {eject}, {attempts}), {seed})"
    for seed, (covered, ratios, shares, eject, attempts) in enumerate(
        (covered, ratios, shares, eject, attempts)
        for covered in (0, 0.3, 0.8)
        for ratios in ((0.75, 1.33), (0.5, 0.6), 2)
        for shares in ((0.05, 1.0), (0.2, 0.5))
        for eject, attempts in ((0.3, 50), (0.7, 2))
    )
]
PADS = [
    f"after(D.DetRandomPadAug({ratios}, {shares}, {attempts}, (1, 2, 3)), {seed})"
    for seed, (ratios, shares, attempts) in enumerate(
        (ratios, shares, attempts)
        for ratios in ((0.75, 1.33), (0.5, 0.6), 2)
        for shares in ((1.0, 3.0), (1, 1.2), 2.5)
        for attempts in (1, 50)
    )
]
AUGMENTER_ROWS = [
    *CROPS,
    *PADS,
    *[f"after(D.DetHorizontalFlipAug(0.5), {seed})" for seed in range(4)],
    *[
        "after(D.DetRandomSelectAug([D.DetHorizontalFlipAug(0.8), D.DetRandomCropAug(), D.DetRandomPadAug()], 0.2), "
        f"{seed})"
        for seed in range(8)
    ],
    *[f"after(D.CreateMultiRandCropAugmenter([0.1, 0.5, 0.9], skip_prob=0.3), {seed})" for seed in range(4)],
    "after(D.DetBorrowAug(D.CastAug()), 0)",
    "D.DetAugmenter()(1, 2)",
    "D.DetBorrowAug(3)",
    "D.DetBorrowAug(D.DetHorizontalFlipAug(1))",
    "D.DetRandomSelectAug(3)",
    "D.DetRandomSelectAug([D.CastAug()])",
    "D.DetRandomCropAug(aspect_ratio_range=None)",
    "D.DetRandomPadAug(pad_val='grey')",
    "D.CreateMultiRandCropAugmenter([0.1, 0.2, 0.3], area_range=[(0.1, 1), (0.2, 1)])",
    "D.CreateMultiRandCropAugmenter([])",
    "D.CreateDetAugmenter((3, 4, 5), mean=[1, 2, 3])",
    "D.CreateDetAugmenter((3, 4, 5), mean=onp.array([1, 2]))",
    "D.CreateDetAugmenter((3, 4, 5), rand_pad=1, area_range=[(0.1, 1.5), (0.1, 2)])",
    *[
        f"dumps({made})"
        for made in (
            "D.DetAugmenter(a=onp.ones(2), b=3)",
            "D.DetHorizontalFlipAug(0.5)",
            "D.DetRandomCropAug(aspect_ratio_range=2)",
            "D.DetRandomPadAug(pad_val=4)",
            "D.DetBorrowAug(D.CastAug())",
            "D.DetRandomSelectAug(D.DetHorizontalFlipAug(1), 0.3)",
            "D.DetRandomSelectAug([])",
            "D.CreateMultiRandCropAugmenter([0.1, 0.2], [(0.5, 0.6), (0.7, 0.8)], max_attempts=[3], skip_prob=0.1)",
            "D.CreateDetAugmenter((3, 20, 30))",
            "D.CreateDetAugmenter((3, 20, 30), resize=30, rand_crop=0.5, rand_pad=0.5, rand_mirror=True, mean=True)",
            "D.CreateDetAugmenter((3, 20, 30), brightness=0.1, contrast=0.2, saturation=0.3, hue=0.1, pca_noise=0.1, "
            "rand_gray=0.2, std=onp.array([1, 2, 3]))",
            "D.CreateDetAugmenter((3, 20, 30), rand_crop=0.3, min_object_covered=[0.1, 0.5], "
            "area_range=[(0.1, 2.0), (0.2, 0.5)])",
            "D.CreateDetAugmenter((3, 20, 30), rand_pad=0.3, pad_val=5, inter_method=9, area_range=(1.2, 2.0))",
        )
    ],
    "D.DetRandomSelectAug([]).skip_prob",
    "[step.skip_prob for step in D.CreateDetAugmenter((3, 4, 5), rand_crop=0.25, rand_pad=1)[:2]]",
]


def write(folder):
    """Write the files that the rows read."""
    folder = pathlib.Path(folder)
    for name, labels in {"a": LABELS, "extra": EXTRA, **{name: [label] for name, label in BAD.items()}}.items():
        record = mx.recordio.MXIndexedRecordIO(str(folder / f"{name}.idx"), str(folder / f"{name}.rec"), "w")
        for number, label in enumerate(labels):
            record.write_idx(number, mx.recordio.pack((0, label, number, 0), png(picture(number))))
        record.close()
    for number in range(len(LABELS)):
        (folder / f"picture{number}.png").write_bytes(png(picture(number)))
    (folder / "text.png").write_text("no image")
    lines = []
    for number, label in enumerate(reversed(LABELS)):
        lines.append("\t".join([str(number), *[f"{each:f}" for each in label], f"picture{number}.png"]) + "\n")
    (folder / "a.lst").write_text("".join(lines))


class nothing_of_the_first:
    """An augmenter that leaves no object of the first image that it sees."""

    def __init__(self):
        self.first = True

    def __call__(self, src, label):
        first, self.first = self.first, False
        return src, label[:0] if first else label


def seen(iterator, times=2):
    found = []
    for number in range(times):
        if number:
            iterator.reset()
        found.append([[mx_note(batch.data[0]), mx_note(batch.label[0]), batch.pad] for batch in iterator])
    return found


def after(augmenter, seed):
    """What an augmenter makes of an image and its boxes, twice, and where that leaves the generator."""
    random.seed(seed)
    y, x = onp.mgrid[0:24, 0:30]
    image = mx.nd.array(onp.stack([x * 8, y * 10, (x * y) % 256], -1), dtype="uint8")
    boxes = [[0, 0.1, 0.2, 0.5, 0.6, 7], [1, 0.3, 0.25, 0.9, 0.75, 8], [2, 0, 0, 0.05, 0.05, 9]]
    objects = onp.array(boxes, dtype="float32")
    found = []
    for _ in range(2):
        image, objects = augmenter(image, objects)
        content = image.asnumpy()
        found.append([list(content.shape), zlib.crc32(content.tobytes()), objects.tolist()])
    return [*found, random.random()]


def dumps(made):
    return [step.dumps() for step in made] if isinstance(made, list) else made.dumps()


def outcomes(folder, rows):
    """What each row gives, the files being those of `write` in `folder`."""
    return {row: outcome(row, folder) for row in rows}


def outcome(row, folder):
    paths = {name: os.path.join(str(folder), f"{name}.rec") for name in ("a", "extra", *BAD)}
    listed = [[label, f"picture{number}.png"] for number, label in enumerate(LABELS)]

    def det(**changes):
        options = {"path_imgrec": paths["a"], "batch_size": 2, "data_shape": (3, 10, 12), "preprocess_threads": 1}
        KEPT.append(mx.io.ImageDetRecordIter(**{**options, "verbose": False, **changes}))
        return KEPT[-1]

    def files(imglist=listed, batch_size=2, data_shape=(3, 10, 12), **options):
        return mx.image.ImageDetIter(batch_size, data_shape, imglist=imglist, path_root=str(folder), **options)

    names = {
        **paths,
        "det": det,
        "files": files,
        "records": lambda **options: mx.image.ImageDetIter(2, (3, 10, 12), path_imgrec=paths["a"], **options),
        "few": lambda count, name="picture0.png": files([[[2, 5, *[0, 0.1, 0.2, 0.5, 0.6] * count], name]]),
        "wide": lambda: files([[EXTRA[0], "picture0.png"]]),
        "one": lambda label: files([[label, "picture0.png"]]),
        "label": lambda *numbers: onp.array(numbers, dtype="float32"),
        "lst": os.path.join(str(folder), "a.lst"),
        "idx": os.path.join(str(folder), "a.idx"),
        "folder": str(folder),
        "D": mx.image,
        "onp": onp,
        "look": iterator_cases.look,
        "seeded": iterator_cases.seeded,
        "nothing_of_the_first": nothing_of_the_first,
        "seen": seen,
        "after": after,
        "dumps": dumps,
    }
    try:
        found = eval(row, names)
    except Exception as error:
        return note_error(error)
    if isinstance(found, (mx.io.DataIter, mx.image.DetAugmenter)):
        return type(found).__name__
    return (
        [list(each) if isinstance(each, tuple) else each for each in found]
        if isinstance(found, (list, tuple))
        else found
    )
