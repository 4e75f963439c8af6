"""A program over `mx.io` that runs here and under genuine MXNet: files to write, and rows to evaluate.

A row is an expression; of its value or its error both sides make a note. Names in it: `io` is `mx.io`; `passes(it)`
reads an iterator twice and `look(it)` what it says of itself; `rec`, `idx`, `lst`, `wide`, `csv`, `labels`, `digits`
and `numbers` are the files that `write` leaves; `n(...)` is `onp.arange(...)` of float32 in a shape.
"""

import os
import pathlib
import random
import struct
import zlib

import numpy as onp

import mxnet as mx

COUNT = 7
MEAN_FILE = [""]  # where the row that makes one puts it
HEIGHT, WIDTH = 10, 12


def picture(number, channels=3):
    """A smooth image (H, W, channels), another for each number."""
    y, x, c = onp.meshgrid(onp.arange(HEIGHT), onp.arange(WIDTH), onp.arange(channels), indexing="ij")
    return ((17 * number + 9 * y + 7 * x * (c + 1) + 40 * c) % 251).astype("uint8")


def png(image):
    """The PNG file of an image (H, W, 3) or (H, W, 1), by no library but zlib."""
    height, width, channels = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write(folder):
    """Write the files that the rows read."""
    folder = pathlib.Path(folder)
    pack = mx.recordio.pack
    record = mx.recordio.MXIndexedRecordIO(str(folder / "a.idx"), str(folder / "a.rec"), "w")
    for number in range(COUNT):
        record.write_idx(number, pack((0, float(number), 10 + number, 0), png(picture(number))))
    record.close()
    record = mx.recordio.MXIndexedRecordIO(str(folder / "wide.idx"), str(folder / "wide.rec"), "w")
    for number in range(COUNT):
        record.write_idx(number, pack((0, [number, number / 2, -number], number, 0), png(picture(number))))
    record.close()
    numbers = range(COUNT)
    lines = [f"{10 + each}\t{100 + each:f}\t{each / 4:f}\tpicture{each}.png\n" for each in numbers]
    (folder / "a.lst").write_text("".join(reversed(lines)))
    (folder / "keys.lst").write_text("".join(f"{each}\t{50 + each:f}\tx.png\n" for each in reversed(numbers)))
    (folder / "one.lst").write_text("".join(f"{10 + each}\t{50 + each:f}\tx.png\n" for each in (1, 3, 5)))
    (folder / "data.csv").write_text("".join(f"{each},{each}.5,{-each}\n" for each in numbers))
    (folder / "label.csv").write_text("".join(f"{each * each}\n" for each in numbers))
    (folder / "wide.csv").write_text("".join(f"{each},{each * each}\n" for each in numbers))
    images = onp.stack([picture(number, 1)[..., 0] for number in range(COUNT)])
    (folder / "images.idx").write_bytes(struct.pack(">4i", 2051, *images.shape) + images.tobytes())
    (folder / "labels.idx").write_bytes(struct.pack(">2i", 2049, COUNT) + bytes(range(COUNT)))


SHAPE = "batch_size=3, data_shape=(3, 10, 12)"
REC = "path_imgrec=rec, preprocess_threads=1, verbose=False"

ARRAY_ROWS = [
    "passes(io.NDArrayIter(n(7, 2), n(7), 3))",
    "passes(io.NDArrayIter(n(7, 2), n(7), 3, last_batch_handle='discard'))",
    "passes(io.NDArrayIter(n(7, 2), n(7), 3, last_batch_handle='roll_over'), 4)",
    "passes(io.NDArrayIter(n(8, 2), n(8), 3, last_batch_handle='roll_over'), 4)",
    "passes(io.NDArrayIter(n(6, 2), n(6), 3, last_batch_handle='roll_over'), 3)",
    "passes(io.NDArrayIter(n(2, 2), n(2), 3))",
    "passes(io.NDArrayIter(n(2, 2), n(2), 5))",
    "passes(io.NDArrayIter(n(2, 2), n(2), 3, last_batch_handle='discard'))",
    "passes(io.NDArrayIter(n(2, 2), n(2), 3, last_batch_handle='roll_over'), 4)",
    "passes(seeded(lambda: io.NDArrayIter(n(7, 1), n(7), 3, shuffle=True)))",
    "passes(seeded(lambda: io.NDArrayIter(n(7, 1), n(7), 3, True, 'discard')))",
    "passes(seeded(lambda: io.NDArrayIter(n(7, 1), n(7), 3, True, 'roll_over')), 4)",
    "passes(io.NDArrayIter(n(4, 2), batch_size=2))",
    "passes(io.NDArrayIter([n(4, 2), n(4, 1)], [n(4), 2 * n(4)], 2))",
    "passes(io.NDArrayIter({'b': n(4, 2), 'a': n(4, 1)}, {'z': n(4), 'y': 2 * n(4)}, 2))",
    "passes(io.NDArrayIter((n(4, 2), n(4, 1)), None, 2))",
    "passes(io.NDArrayIter(mx.nd.array(n(4, 2)), mx.nd.array(n(4)), 2))",
    "look(io.NDArrayIter(n(4, 2), n(4), 2))",
    "look(io.NDArrayIter(n(4, 2), n(4), 2, data_name='x', label_name='y'))",
    "look(io.NDArrayIter([n(4, 2), n(4, 1)], [n(4), 2 * n(4)], 2, data_name='x', label_name='y'))",
    "look(io.NDArrayIter({'b': n(4, 2), 'a': n(4, 1)}, {'z': n(4), 'y': 2 * n(4)}, 2))",
    "look(io.NDArrayIter([n(4, 2)], n(4), 2))",
    "look(io.NDArrayIter(n(4, 2), None, 2))",
    "look(io.NDArrayIter(n(4, 2), [], 2))",
    "look(io.NDArrayIter(n(4, 2).astype('float64'), n(4).astype('int32'), 2))",
    "look(io.NDArrayIter(n(4, 2).astype('uint8'), n(4).astype('int64'), 2))",
    "look(io.NDArrayIter(n(4, 2).astype('float16'), n(4).astype('bool'), 2))",
    "look(io.NDArrayIter(mx.nd.array(n(4, 2), dtype='int32'), mx.nd.array(n(4), dtype='float64'), 2))",
    "[str(d) for d in io.NDArrayIter(n(4, 2), n(4), 2).provide_data]",
    "io.NDArrayIter(None, n(4), 2)",
    "io.NDArrayIter([], n(4), 2)",
    "io.NDArrayIter('text', n(4), 2)",
    "io.NDArrayIter(5, n(4), 2)",
    "io.NDArrayIter([[1, 2], [3, 4]], None, 2)",
    "look(io.NDArrayIter([[1, 2], [3, 4]], None, 1))",
    "io.NDArrayIter({'a': 'text'}, None, 1)",
    "passes(io.NDArrayIter(n(4, 2), n(5), 2))",
    "passes(io.NDArrayIter(n(5, 2), n(4), 2))",
    "passes(io.NDArrayIter([n(5, 2), n(4, 2)], None, 2))",
    "io.NDArrayIter(n(4, 2), n(4), 2, last_batch_handle='keep')",
    "passes(io.NDArrayIter(n(4, 2), n(4), 2, last_batch_handle='keep'))",
    "io.NDArrayIter(n(4, 2), n(4), 0)",
    "steps(io.NDArrayIter(n(5, 1), n(5), 2))",
    "steps(io.NDArrayIter(n(5, 1), n(5), 2, last_batch_handle='roll_over'))",
    "steps(io.NDArrayIter(n(5, 1), n(5), 2, last_batch_handle='discard'))",
    "[it := io.NDArrayIter(n(5, 1), n(5), 2, last_batch_handle='roll_over'), passes(it, 1), "
    "it.hard_reset(), passes(it, 2)][1::2]",
    "[it := io.NDArrayIter(n(5, 1), n(5), 2), it.cursor, it.num_data, "
    "it.num_source, it.batch_size, next(it).pad, it.cursor][1:]",
    "io.NDArrayIter(n(5, 1), n(5), 2).getdata()",
    "passes(io.NDArrayIter(n(0, 2), n(0), 2))",
    # ResizeIter
    "passes(io.ResizeIter(io.NDArrayIter(n(5, 1), n(5), 2), 2), 3)",
    "passes(io.ResizeIter(io.NDArrayIter(n(5, 1), n(5), 2), 2, reset_internal=False), 3)",
    "passes(io.ResizeIter(io.NDArrayIter(n(5, 1), n(5), 2), 5), 2)",
    "passes(io.ResizeIter(io.NDArrayIter(n(5, 1), n(5), 2), 5, False), 2)",
    "look(io.ResizeIter(io.NDArrayIter(n(5, 1), n(5), 2), 5))",
    "passes(io.ResizeIter(io.NDArrayIter(n(5, 1), n(5), 2), 0))",
    "steps(io.ResizeIter(io.NDArrayIter(n(5, 1), n(5), 2), 2))",
    # PrefetchingIter
    "passes(io.PrefetchingIter(io.NDArrayIter(n(5, 1), n(5), 2)), 3)",
    "passes(io.PrefetchingIter([io.NDArrayIter(n(5, 1), n(5), 2), io.NDArrayIter(n(5, 2), 3 * n(5), 2)]))",
    "look(io.PrefetchingIter(io.NDArrayIter(n(5, 1), n(5), 2)))",
    "look(io.PrefetchingIter([io.NDArrayIter(n(5, 1), n(5), 2), io.NDArrayIter(n(5, 2), n(5), 2)], "
    "[{'data': 'a'}, {'data': 'b'}], [{'softmax_label': 'c'}, {'softmax_label': 'd'}]))",
    "io.PrefetchingIter([])",
    "steps(io.PrefetchingIter(io.NDArrayIter(n(5, 1), n(5), 2)))",
    # CSVIter
    "passes(io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=2), 3)",
    "passes(io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=2, round_batch=False), 3)",
    "passes(io.CSVIter(data_csv=csv, data_shape=(3,), label_csv=labels, batch_size=3), 3)",
    "passes(io.CSVIter(data_csv=csv, data_shape=(3,), label_csv=labels, label_shape=(1,), batch_size=3), 3)",
    "passes(io.CSVIter(data_csv=csv, data_shape=(3,), label_csv=wide, label_shape=(2,), batch_size=3), 3)",
    "passes(io.CSVIter(data_csv=csv, data_shape=(1, 3), batch_size=10), 3)",
    "passes(io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=10, round_batch=False), 2)",
    "passes(io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=4, dtype='int32'), 2)",
    "passes(io.CSVIter(data_csv=csv, data_shape='(3,)', batch_size='4', dtype='int64', round_batch='0'), 2)",
    "passes(io.CSVIter(data_csv=csv, data_shape=3, batch_size=7), 2)",
    "look(io.CSVIter(data_csv=csv, data_shape=(3,), label_csv=labels, batch_size=3))",
    "look(io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=3))",
    "look(io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=3, data_name='x', label_name='y'))",
    "steps(io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=3))",
    "io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=3, dtype='float64')",
    "io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=3, bogus=1)",
    "io.CSVIter(data_csv=csv, data_shape=(3,))",
    "io.CSVIter(data_shape=(3,), batch_size=3)",
    "io.CSVIter(data_csv='missing.csv', data_shape=(3,), batch_size=3)",
    "io.CSVIter(csv)",
    # MNISTIter
    "passes(io.MNISTIter(image=digits, label=numbers, batch_size=3, shuffle=False, silent=True), 2)",
    "passes(io.MNISTIter(image=digits, label=numbers, batch_size=3, shuffle=False, silent=True, flat=True), 2)",
    "passes(io.MNISTIter(image=digits, label=numbers, batch_size=2, shuffle=False, silent=True, num_parts=2), 2)",
    "passes(io.MNISTIter(image=digits, label=numbers, batch_size=2, shuffle=False, silent=True, "
    "num_parts=2, part_index=1), 2)",
    "look(io.MNISTIter(image=digits, label=numbers, batch_size=3, shuffle=False, silent=True))",
    "look(io.MNISTIter(image=digits, label=numbers, batch_size=3, shuffle=False, silent=True, flat=True))",
    "io.MNISTIter(image='missing', label=numbers, batch_size=3, silent=True)",
    "io.MNISTIter(image=digits, label=numbers, batch_size=3, silent=True, bogus=1)",
]

IMAGE_ROWS = [
    f"passes(io.ImageRecordIter({REC}, {SHAPE}), 3)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, round_batch=False), 3)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, path_imgidx=idx), 3)",
    f"passes(io.ImageRecordIter({REC}, batch_size=7, data_shape=(3, 10, 12)), 2)",
    f"passes(io.ImageRecordIter({REC}, batch_size=8, data_shape=(3, 10, 12)), 3)",
    f"passes(io.ImageRecordIter({REC}, batch_size=16, data_shape=(3, 10, 12)), 3)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, mean_r=10, mean_g=20, mean_b=30, std_r=2, std_g=4, std_b=8), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, mean_r=10, scale=0.5), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, std_g=3), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, scale=1/255), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, mirror=True), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 6, 5)), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 7, 9)), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 14, 9)), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 9, 15)), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 15, 15)), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 5, 5), resize=5), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 8, 8), resize=8), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 20, 20), resize=20), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 5, 5), resize=5, inter_method=0), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 5, 5), resize=5, inter_method=3), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 5, 5), resize=5, inter_method=9), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 16, 18), pad=3), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 16, 18), pad=3, fill_value=9), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(1, 10, 12)), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(1, 10, 12), mean_r=10, std_r=2), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(4, 10, 12)), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 4, 4), max_crop_size=6, min_crop_size=6), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 6, 6), rotate=90), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 10, 12), "
    f"min_random_scale=0.5, max_random_scale=0.5), 1)",
    f"passes(io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 6, 6), min_img_size=14), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, dtype='uint8'), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, dtype='float16', scale=0.25), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, dtype='int32'), 1)",
    f"passes(io.ImageRecordUInt8Iter({REC}, {SHAPE}), 2)",
    f"passes(io.ImageRecordUInt8Iter({REC}, {SHAPE}, mean_r=10), 1)",
    f"passes(io.ImageRecordInt8Iter({REC}, {SHAPE}), 2)",
    f"passes(io.ImageRecordInt8Iter({REC}, {SHAPE}, mean_r=100, mean_g=100, mean_b=100), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, num_parts=2, part_index=0), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, num_parts=2, part_index=1), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, num_parts=3, part_index=0), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, num_parts=3, part_index=1), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, num_parts=3, part_index=2), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, path_imgidx=idx, num_parts=2, part_index=0), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, path_imgidx=idx, num_parts=2, part_index=1), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, path_imgidx=idx, num_parts=3, part_index=2), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, path_imglist=lst), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, path_imglist=lst, label_width=2), 2)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, path_imglist=lst, path_imgidx=idx), 2)",
    f"passes(io.ImageRecordIter(path_imgrec=wide_rec, {SHAPE}, label_width=3, verbose=False), 1)",
    f"passes(io.ImageRecordIter(path_imgrec=wide_rec, {SHAPE}, label_width=2, verbose=False), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, dtype='int8', mean_g=100, std_r=2, scale=0.3), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, dtype='uint8', mean_g=100, std_r=2, scale=0.3), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, mean_r=123.68, mean_g=116.28, "
    f"mean_b=103.53, std_r=58.395, scale=0.7), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, rotate=30, fill_value=7), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, max_img_size=8), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, path_imglist=one_lst), 2)",
    f"passes(io.ImageRecordIter(path_imgrec=wide_rec, {SHAPE}, verbose=False), 1)",
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, part_index=3, num_parts=3), 1)",
    f"sorted(labels_of(io.ImageRecordIter({REC}, batch_size=7, data_shape=(3, 10, 12), shuffle=True)))",
    f"mean_of(io.ImageRecordIter({REC}, batch_size=7, data_shape=(3, 10, 12), mean_img=mean_file))",
    f"look(io.ImageRecordIter({REC}, {SHAPE}))",
    f"look(io.ImageRecordIter({REC}, {SHAPE}, data_name='x', label_name='y'))",
    f"look(io.ImageRecordIter(path_imgrec=wide_rec, {SHAPE}, label_width=3, verbose=False))",
    f"look(io.ImageRecordUInt8Iter({REC}, {SHAPE}))",
    f"look(io.ImageRecordInt8Iter({REC}, {SHAPE}))",
    f"steps(io.ImageRecordIter({REC}, {SHAPE}))",
    f"io.ImageRecordIter({REC}, {SHAPE}, bogus=1)",
    f"io.ImageRecordIter({REC}, batch_size=3)",
    f"io.ImageRecordIter({REC}, data_shape=(3, 10, 12))",
    f"io.ImageRecordIter({REC}, batch_size=3, data_shape=(3, 10))",
    f"io.ImageRecordIter({REC}, batch_size=3, data_shape='text')",
    "io.ImageRecordIter(path_imgrec='missing.rec', batch_size=3, data_shape=(3, 10, 12))",
    f"isinstance(io.ImageRecordIter({REC}, {SHAPE}), io.MXDataIter)",
]


ITER = "mx.image.ImageIter(3, (3, 10, 12), path_imgrec=rec"
ITER_ROWS = [
    f"passes({ITER}))",
    f"passes({ITER}, path_imgidx=idx))",
    f"passes({ITER}, path_imgidx=idx, num_parts=2, part_index=1))",
    f"passes({ITER}, path_imgidx=idx, num_parts=3, part_index=2))",
    f"passes({ITER}, num_parts=2, part_index=1))",
    f"passes({ITER}, shuffle=True))",
    f"passes({ITER}, path_imgidx=idx, path_imglist=keys_lst))",
    f"passes({ITER}, path_imgidx=idx, path_imglist=one_lst))",
    f"passes({ITER}, path_imglist=lst))",
    f"passes({ITER}, path_imgidx=idx, last_batch_handle='discard'))",
    f"passes({ITER}, path_imgidx=idx, last_batch_handle='roll_over'), 4)",
    f"passes({ITER}, last_batch_handle='roll_over'), 4)",
    f"passes(seeded(lambda: {ITER}, path_imgidx=idx, shuffle=True)), 3)",
    f"passes({ITER}, path_imgidx=idx, inter_method=1, resize=8, mean=True, std=True))",
    "passes(mx.image.ImageIter(3, (3, 10, 12), path_imgrec=wide_rec, path_imgidx=wide_idx, label_width=3))",
    "passes(mx.image.ImageIter(3, (3, 10, 12), path_imgrec=wide_rec, path_imgidx=wide_idx))",
    f"look({ITER}))",
    f"[{ITER}, path_imgidx=idx).seq, {ITER}, path_imgidx=idx).num_image]",
    f"{ITER}, path_imgidx='missing.idx')",
    "mx.image.ImageIter(3, (3, 10, 12), path_imgrec='missing.rec')",
]


def n(*shape):
    return onp.arange(int(onp.prod(shape)), dtype="float32").reshape(shape)


def seeded(make):
    onp.random.seed(3)
    random.seed(3)
    return make()


def note_batch(batch):
    index = batch.index
    return [
        [mx_note(part) for part in batch.data],
        None if batch.label is None else [mx_note(part) for part in batch.label],
        batch.pad,
        None if index is None else [int(each) for each in index],
    ]


def mx_note(value):
    value = value.asnumpy()
    return [str(value.dtype), list(value.shape), value.astype("float64").ravel().tolist()]


def passes(iterator, times=2):
    found = []
    for number in range(times):
        if number:
            iterator.reset()
        found.append([note_batch(batch) for batch in iterator])
    return found


def labels_of(iterator):
    return [label for batch in iterator for label in batch.label[0].asnumpy().tolist()]


def mean_of(iterator):
    """The mean image that an iterator has made, and its batches."""
    (mean,) = [mx_note(value) for name, value in mx.nd.load(MEAN_FILE[0]).items() if name == "mean_img"]
    return [mean, [mx_note(batch.data[0]) for batch in iterator]]


def look(iterator):
    def describe(descriptions):
        return [[d.name, list(d.shape), onp.dtype(d.dtype).name, d.layout] for d in descriptions]

    return [describe(iterator.provide_data), describe(iterator.provide_label), iterator.batch_size]


def steps(iterator):
    """The older way to read: `iter_next`, then each part."""
    found = []
    while iterator.iter_next() and len(found) < 10:
        data, label = iterator.getdata(), iterator.getlabel()
        parts = [data if isinstance(data, list) else [data], label if isinstance(label, list) else [label]]
        index = iterator.getindex()
        found.append([
            type(data).__name__ == "list",
            [[mx_note(part) for part in each] for each in parts],
            iterator.getpad(),
            None if index is None else [int(each) for each in index],
        ])  # fmt: skip
    return found


def outcomes(folder, rows):
    """What each row gives, the files being those of `write` in `folder`."""
    return {row: outcome(row, folder) for row in rows}


def outcome(row, folder):
    files = {
        "rec": "a.rec", "idx": "a.idx", "lst": "a.lst", "one_lst": "one.lst", "keys_lst": "keys.lst",
        "wide_rec": "wide.rec",
        "wide_idx": "wide.idx", "csv": "data.csv", "labels": "label.csv", "wide": "wide.csv",
        "digits": "images.idx", "numbers": "labels.idx",
    }  # fmt: skip
    names = {name: os.path.join(str(folder), file) for name, file in files.items()}
    MEAN_FILE[0] = names["mean_file"] = os.path.join(str(folder), "mean.nd")
    names.update(labels_of=labels_of, mean_of=mean_of)
    names.update(io=mx.io, mx=mx, onp=onp, n=n, seeded=seeded, passes=passes, look=look, steps=steps)
    try:
        found = eval(row, names)
    except Exception as error:
        return note_error(error)
    return type(found).__name__ if isinstance(found, mx.io.DataIter) else found


def note_error(error):
    known = ("mxnet.base", "builtins")  # a finer class counts as the one that genuine MXNet has
    kind = next(each for each in type(error).__mro__ if each.__module__ in known)
    return f"raises {kind.__module__}.{kind.__name__}".replace("builtins.", "")
