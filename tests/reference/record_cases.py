"""A program over record files that runs here and under genuine MXNet: files to write, and rows of misuse.

A row is an expression; of its value or its error both sides make a note. Names in it: `R` is `mx.recordio`; `plain`,
`keyed`, `words` and `images` are the files that `write` leaves, without their ending; `reader` has just opened `keyed`,
`writer` and `index_writer` a new file; `text(content)` opens `keyed` with an index of that content, `raw(content)`
reads everything from a record file of that content; `Records` and `Images` are Gluon's datasets.
"""

import copy
import os
import pathlib
import pickle
import struct

import numpy as onp

import mxnet as mx

IMAGES = pathlib.Path(__file__).parent / "images"
MAGIC = b"\x0a\x23\xd7\xce"

PAYLOADS = [
    b"", b"a", b"abc", b"abcd", b"abcde", bytes(range(256)),
    MAGIC, MAGIC + MAGIC, MAGIC * 5 + b"x", MAGIC[:3], b"abc" + MAGIC[:3],
    b"abcd" + MAGIC, MAGIC + b"abc", b"a" + MAGIC + b"bcd", b"ab" + MAGIC, b"abcd" + MAGIC + b"efgh" + MAGIC + b"i",
    b"abc" + MAGIC + b"x" + MAGIC + b"yz", b"a" + MAGIC + b"bcd" + MAGIC + MAGIC + b"\0\0", MAGIC + bytes(9),
]  # fmt: skip
HEADERS = [
    (0, 4.0, 2574, 0), (7, 1.5, 1, 2**64 - 1), (0, [1.0, 2.5, -3.0], 3, 0), (9, (1, 2), 4, 0), (0, [], 5, 0),
    (0, [[1, 2], [3, 4]], 6, 0), (0, True, 7, 0),
]  # fmt: skip
KEYS = [3, 1, 2, "12", 1]
WORDS = ["a b", "é", 7]
PICTURES = [("color.png", 1.5), ("gray.png", [1.0, 2.0, 3.0]), ("alpha.png", 0)]


def write(folder):
    """Write the files, named as genuine MXNet's in `recordio/`."""
    record = mx.recordio.MXRecordIO(os.path.join(folder, "plain.rec"), "w")
    for payload in PAYLOADS:
        record.write(payload)
    record.close()
    write_keys(folder, "keyed", int, [(key, b"record %d of " % at + MAGIC) for at, key in enumerate(KEYS)])
    write_keys(folder, "words", str, [(key, mx.recordio.pack((0, 1, 0, 0), b"word")) for key in WORDS])
    pictures = [(0, label, at, 0) for at, (_, label) in enumerate(PICTURES)]
    contents = [(IMAGES / name).read_bytes() for name, _ in PICTURES]
    rows = [mx.recordio.pack(header, content) for header, content in zip(pictures, contents, strict=True)]
    write_keys(folder, "images", int, enumerate(rows))


def write_keys(folder, name, key_type, rows):
    path = os.path.join(folder, name)
    record = mx.recordio.MXIndexedRecordIO(path + ".idx", path + ".rec", "w", key_type)
    for key, payload in rows:
        record.write_idx(key, payload)
    record.close()


def read(folder):
    """Everything in the files of `folder`, as this MXNet reads it."""
    found = {"plain": everything(mx.recordio.MXRecordIO(os.path.join(folder, "plain.rec"), "r"))}
    for name, key_type in [("keyed", int), ("words", str)]:
        path = os.path.join(folder, name)
        record = mx.recordio.MXIndexedRecordIO(path + ".idx", path + ".rec", "r", key_type)
        found[name] = [record.keys, record.idx, [record.read_idx(key) for key in record.keys], everything(record)]
        record.close()
    found["headers"] = [mx.recordio.unpack(mx.recordio.pack(header, b"payload")) for header in HEADERS]
    for flag in (0, 1):
        dataset = mx.gluon.data.vision.ImageRecordDataset(os.path.join(folder, "images.rec"), flag)
        found[f"images {flag}"] = [dataset[index] for index in range(len(dataset))]
    return plain(found)


def everything(record):
    """The records up to the end, from where the reader is; the reader is closed."""
    records = []
    payload = record.read()
    while payload is not None:
        records.append(payload)
        payload = record.read()
    record.close()
    return records


ROWS = [
    "R.MXRecordIO(plain + '.rec', 'rb')",
    "R.MXRecordIO(plain + '.rec', 'a')",
    "R.MXRecordIO('missing.rec', 'r')",
    "R.MXRecordIO('missing/new.rec', 'w')",
    "R.MXIndexedRecordIO('missing.idx', plain + '.rec', 'r')",
    "R.MXIndexedRecordIO(keyed + '.idx', 'missing.rec', 'r')",
    "(reader.is_open, reader.writable, reader.flag, reader.keys, reader.idx)",
    "(index_writer.is_open, index_writer.writable, index_writer.flag, index_writer.keys, index_writer.idx)",
    "[reader.read() for _ in range(7)]",
    "[reader.read_idx(2), reader.read(), reader.read_idx(1), reader.read()]",
    "[reader.seek(2), reader.read(), reader.reset(), reader.read()]",
    "reader.read_idx(99)",
    "reader.read_idx('2')",
    "reader.seek(99)",
    "reader.tell()",
    "reader.write(b'x')",
    "reader.write_idx(1, b'x')",
    "writer.read()",
    "index_writer.read()",
    "index_writer.seek(1)",
    "index_writer.read_idx(1)",
    "[index_writer.tell(), index_writer.write_idx(5, b'x'), index_writer.tell(), index_writer.keys]",
    "[index_writer.write_idx('5', b'x'), index_writer.write_idx(5, b'yz'), index_writer.keys, index_writer.idx]",
    "index_writer.write_idx('five', b'x')",
    "writer.write('text')",
    "writer.write(None)",
    "writer.write(5.5)",
    "[writer.close(), writer.close(), writer.is_open]",
    "[writer.close(), writer.write(b'x')]",
    "[reader.close(), reader.is_open, reader.keys]",
    "[reader.read(), reader.close(), reader.read(), reader.is_open]",
    "[reader.close(), reader.read_idx(2), reader.is_open]",
    "[reader.read(), reader.open(), reader.read()]",
    "[reader.read(), pickle.loads(pickle.dumps(reader)).read()]",
    "[reader.read(), copy.copy(reader).read(), copy.deepcopy(reader).keys]",
    "[reader.close(), pickle.loads(pickle.dumps(reader)).is_open]",
    "text('').keys",
    "text('0\\t0').read_idx(0)",
    "text(' 0 \\t 0 \\n').read_idx(0)",
    "text('0\\t0\\t5\\n').read_idx(0)",
    "text('0\\t0\\r\\n').read_idx(0)",
    "[text('0\\t0\\n0\\t28\\n').keys, text('0\\t0\\n0\\t28\\n').read_idx(0)]",
    "text('x\\t0\\n')",
    "text('0\\tx\\n')",
    "text('\\n')",
    "text('0 0\\n')",
    "text('0\\t4\\n').read_idx(0)",
    "raw(b'')",
    "raw(head(0, 3) + b'abc')",
    "raw(head(0, 3) + b'abcd')",
    "raw(head(0, 3)[:7])",
    "raw(b'abcdefgh')",
    "raw(head(1, 4) + b'abcd' + head(3, 1) + b'e   ')",
    "raw(head(1, 0) + head(2, 0) + head(3, 0))",
    "raw(head(1, 4) + b'abcd')",
    "R.IRHeader(1, 2.5, 3, 4)._asdict()",
    "R.IRHeader(0, 1, 2)",
    "R.pack((0, 1, 2), b'x')",
    "R.pack((0, 1, 2**64, 0), b'x')",
    "R.pack((0, 1, -1, 0), b'x')",
    "R.pack((0, 1, 1.5, 0), b'x')",
    "R.pack((0, 'a', 1, 0), b'x')",
    "R.pack((0, None, 1, 0), b'x')",
    "R.pack((0, 1, 2, 3), 'text')",
    "R.pack((0, onp.float32(2), 1, 0), b'x')",
    "R.pack((0, onp.array(2.0), 1, 0), b'x')",
    "R.pack((0, onp.array([1, 2]), 1, 0), b'x')",
    "R.pack((0, mx.nd.array([1, 2]), 1, 0), b'x')",
    "R.unpack(bytearray(R.pack((0, 1, 2, 3), b'x')))[0]",
    "Records(keyed + '.rec')[0]",
    "(len(Records(keyed + '.rec')), Records(keyed + '.rec')[-1])",
    "Records(keyed + '.rec')[9]",
    "Records(keyed + '.rec')[0:2]",
    "Records('missing.rec')",
    "Images(keyed + '.rec')[0]",
    "Images(images + '.rec', transform=lambda image, label: (image.shape, label))[1]",
]


def outcomes(files, scratch):
    """What each row gives, files being those of `write` in one folder and new ones in the other."""
    return {row: plain(outcome(row, files, scratch)) for row in ROWS}


def outcome(row, files, scratch):
    new = os.path.join(scratch, "new")

    def text(content):
        pathlib.Path(new + "-text.idx").write_bytes(content.encode())
        return mx.recordio.MXIndexedRecordIO(new + "-text.idx", os.path.join(files, "keyed.rec"), "r")

    def raw(content):
        pathlib.Path(new + "-raw.rec").write_bytes(content)
        return everything(mx.recordio.MXRecordIO(new + "-raw.rec", "r"))

    names = {
        "R": mx.recordio, "mx": mx, "onp": onp, "copy": copy, "pickle": pickle, "text": text, "raw": raw,
        "head": lambda kind, length: MAGIC + struct.pack("<I", kind << 29 | length),
        "Records": mx.gluon.data.RecordFileDataset, "Images": mx.gluon.data.vision.ImageRecordDataset,
        **{name: os.path.join(files, name) for name in ("plain", "keyed", "words", "images")},
    }  # fmt: skip
    if "reader" in row:
        keyed = os.path.join(files, "keyed")
        names["reader"] = mx.recordio.MXIndexedRecordIO(keyed + ".idx", keyed + ".rec", "r")
    if "writer" in row:
        names["writer"] = mx.recordio.MXRecordIO(new + ".rec", "w")
        names["index_writer"] = mx.recordio.MXIndexedRecordIO(new + "-keyed.idx", new + "-keyed.rec", "w")
    try:
        return eval(row, names)
    except Exception as error:
        return f"raises {type(error).__module__}.{type(error).__name__}".replace("builtins.", "")


def plain(value):
    """A value as JSON can hold it, with its type where that could be mistaken."""
    if isinstance(value, bytes):
        return "hex " + value.hex()
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (onp.ndarray, mx.nd.NDArray)):
        array = value if isinstance(value, onp.ndarray) else value.asnumpy()
        return ["numpy" if array is value else "array", str(array.dtype), list(array.shape), array.ravel().tolist()]
    return value if value is None or isinstance(value, (bool, int, float, str)) else type(value).__name__
