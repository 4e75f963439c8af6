"""Record files: genuine ones read and written byte for byte, round trips, every refusal, threads and processes."""

import builtins
import copy
import json
import mmap
import multiprocessing
import os
import pickle
import re
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as onp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import REFERENCE

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.formats import FileFormatError, records
from mxnet.gluon.data import DataLoader, RecordFileDataset
from mxnet.gluon.data.vision import ImageRecordDataset
from mxnet.recordio import IRHeader, MXIndexedRecordIO, MXRecordIO, pack, pack_img, unpack, unpack_img

import record_cases  # isort: skip  (of reference/, found through references)

GENUINE = REFERENCE / "recordio"
EXPECTED = json.loads((GENUINE / "expected.json").read_text())
MAGIC = record_cases.MAGIC

# Where this departs from genuine MXNet, as docs/differences.md says.
DIFFERENT = {
    "raw(head(1, 4) + b'abcd')": "raises mxnet.base.MXNetError",  # [] there: the record is lost without a word
    "R.pack((0, mx.nd.array([1, 2]), 1, 0), b'x')": EXPECTED["rows"]["R.pack((0, onp.array([1, 2]), 1, 0), b'x')"],
    "Images(keyed + '.rec')[0]": "raises mxnet.base.MXNetError",  # struct.error there
}


# As genuine MXNet


def test_files_are_genuine_ones_byte_for_byte(tmp_path):
    record_cases.write(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted({path.name for path in GENUINE.iterdir()} - {"expected.json"})
    for name in names:
        assert (tmp_path / name).read_bytes() == (GENUINE / name).read_bytes(), name


def test_genuine_files_are_read_as_there():
    seen = json.loads(json.dumps(record_cases.read(GENUINE)))
    assert seen == EXPECTED["read"]
    assert [bytes.fromhex(text.removeprefix("hex ")) for text in seen["plain"]] == record_cases.PAYLOADS


def test_every_row_was_recorded():
    assert EXPECTED["rows"].keys() == set(record_cases.ROWS)
    assert DIFFERENT.keys() <= set(record_cases.ROWS)


@pytest.mark.parametrize("row", record_cases.ROWS)
def test_row_is_as_there(row, tmp_path):
    seen = json.loads(json.dumps(record_cases.plain(record_cases.outcome(row, GENUINE, tmp_path))))
    expected = DIFFERENT.get(row, EXPECTED["rows"][row])
    if isinstance(expected, str) and expected.startswith("raises "):
        assert isinstance(seen, str) and issubclass(error_named(seen), error_named(expected)), (seen, expected)
    else:
        assert seen == expected


def error_named(text):
    """The class that a row names: "raises KeyError", "raises struct.error"."""
    module, _, name = text.removeprefix("raises ").rpartition(".")
    spaces = {"": builtins, "struct": struct, "mxnet.base": mx.base, "mxnet.formats._errors": mx.formats._errors}
    return getattr(spaces[module], name)


# Round trips


payloads = st.lists(st.binary(max_size=9) | st.just(MAGIC) | st.just(MAGIC[:2]), max_size=9).map(b"".join)


@given(st.lists(payloads, max_size=6))
def test_payloads_survive(tmp_path_factory, contents):
    path = str(tmp_path_factory.mktemp("records") / "data")
    writer = MXIndexedRecordIO(path + ".idx", path + ".rec", "w")
    for key, content in enumerate(contents):
        writer.write_idx(key, content)
    writer.close()
    reader = MXIndexedRecordIO(path + ".idx", path + ".rec", "r")
    assert [reader.read_idx(key) for key in reversed(reader.keys)] == contents[::-1]
    reader.reset()
    assert [reader.read() for _ in contents] == contents
    assert reader.read() is None
    reader.close()


labels = st.floats(width=32, allow_nan=False) | st.lists(st.floats(width=32, allow_nan=False), max_size=4)


@given(labels, st.integers(0, 2**64 - 1), st.binary(max_size=20))
def test_headers_survive(label, number, content):
    header, payload = unpack(pack(IRHeader(0, label, number, 1), content))
    assert (header.id, header.id2, payload) == (number, 1, content)
    if isinstance(label, list) and label:
        assert header.label.dtype == onp.float32 and header.label.flags.writeable
        assert (header.flag, header.label.tolist()) == (len(label), label)
    else:
        assert (header.flag, header.label) == (0, label or 0)


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4)])
@pytest.mark.parametrize("array", [onp.asarray, mx.np.array], ids=["numpy", "mxnet"])
def test_images_survive(shape, array):
    image = onp.arange(onp.prod(shape), dtype="uint8").reshape(shape)
    header, seen = unpack_img(pack_img((0, 3.0, 1, 0), array(image, dtype="uint8"), quality=3, img_fmt=".PNG"))
    assert (header, seen.tolist()) == ((0, 3.0, 1, 0), image.tolist())
    assert unpack_img(pack_img((0, 1, 2, 3), image, img_fmt=".png"), 0)[1].shape == (5, 4)
    assert unpack_img(pack_img((0, 1, 2, 3), image, img_fmt=".png"), 1)[1].shape == (5, 4, 3)


def test_quality_as_percent_compresses_png_most(capfd):
    assert pack_img((0, 1, 2, 3), picture(), img_fmt=".png") == pack_img((0, 1, 2, 3), picture(), 9, ".png")
    assert "WARN" not in capfd.readouterr().err


def test_quality_of_jpeg():
    image = picture()
    low, high = (pack_img((0, 1, 2, 3), image, quality) for quality in (5, 95))
    assert len(low) < len(high) == len(pack_img((0, 1, 2, 3), image, img_fmt=".jpeg"))
    assert abs(unpack_img(high)[1].astype(int) - image).mean() < 8


def picture():
    y, x = onp.mgrid[0:24, 0:32]
    return onp.stack([x * 7, y * 10, 240 - x * 4], -1).astype("uint8")


# What is refused


def part(kind, content, length=None, padding=None):
    """One part of a record as bytes."""
    length = len(content) if length is None else length
    padding = bytes(-len(content) % 4) if padding is None else padding
    return MAGIC + struct.pack("<I", kind << 29 | length) + content + padding


WHOLE = part(0, b"abc")
HOSTILE = {
    "no magic": (b"Hello, world", 0, "found 48 65 6c 6c"),
    "no magic after a record": (WHOLE + b"Hello, world", 12, "found 48 65 6c 6c"),
    "head cut": (WHOLE + MAGIC, 12, "only 4 remain"),
    "length of 512 MB": (part(0, b"abc", length=(1 << 29) - 1), 0, "536870911 bytes with their padding"),
    "padding missing": (part(0, b"abc", padding=b""), 0, "3 bytes with their padding do not fit in the 3"),
    "length runs into nothing": (part(0, b"", length=1), 0, "do not fit in the 0"),
    "begins in the middle": (part(2, b"abcd") + part(3, b"e"), 0, "a middle part stands where a record begins"),
    "begins with the end": (part(3, b"abcd"), 0, "a last part stands where a record begins"),
    "unknown kind": (part(5, b"abcd"), 0, "unknown kind 5"),
    "two beginnings": (part(1, b"abcd") + part(1, b"e"), 12, "a first part stands where a record goes on"),
    "whole within": (part(1, b"abcd") + WHOLE, 12, "a whole record stands where a record goes on"),
    "no end": (part(1, b"abcd"), 12, "only 0 remain"),
}


@pytest.mark.parametrize(("content", "offset", "cause"), HOSTILE.values(), ids=HOSTILE.keys())
def test_damaged_file_is_refused(tmp_path, content, offset, cause):
    path = tmp_path / "bad.rec"
    path.write_bytes(content)
    reader = MXRecordIO(path, "r")
    if content.startswith(WHOLE):
        assert reader.read() == b"abc"
    for _ in range(2):
        with pytest.raises(FileFormatError, match=re.escape(f"{path}: at byte {offset}: ") + ".*" + cause):
            reader.read()
    reader.close()
    sizes = records.RecordReader(path).sizes()
    if content.startswith(WHOLE):
        assert next(sizes) == 3
    with pytest.raises(FileFormatError, match=re.escape(f"{path}: at byte {offset}: ") + ".*" + cause):
        next(sizes)


def test_sizes_are_read_off_the_headers(tmp_path, monkeypatch):
    contents = [b"", b"abcde", b"abcd" + MAGIC + b"ef", MAGIC, MAGIC * 3, b"a" + MAGIC, bytes(1 << 20)]
    path = tmp_path / "x.rec"
    path.write_bytes(b"".join(map(records.record_bytes, contents)))
    reader = records.RecordReader(path)
    taken, pread = [], os.pread
    monkeypatch.setattr(os, "pread", lambda file, size, offset: taken.append(size) or pread(file, size, offset))
    assert list(reader.sizes()) == [len(content) for content in contents]
    assert set(taken) == {8}
    path.write_bytes(b"")
    assert list(records.RecordReader(path).sizes()) == []


def test_a_record_behind_the_end_of_its_file(tmp_path):
    """As the index of a whole file says of one that was cut; what is asked is the same for a record and its header."""
    path, index = tmp_path / "cut.rec", tmp_path / "cut.idx"
    path.write_bytes(WHOLE)
    index.write_text("0\t0\n1\t400\n")
    reader = MXIndexedRecordIO(index, path, "r")
    for ask in (lambda: reader.read_idx(1), lambda: reader._file.beginning(400, 24)):
        with pytest.raises(FileFormatError, match="at byte 400: no record can begin here, the file has 12 bytes"):
            ask()
    reader.close()


def test_file_cut_anywhere(tmp_path):
    """Whole records are read, what is left of the next is refused."""
    contents = [b"", b"abcde", b"abcd" + MAGIC + b"ef"]
    data = b"".join(map(records.record_bytes, contents))
    ends = [len(b"".join(map(records.record_bytes, contents[:count]))) for count in range(4)]
    path = tmp_path / "cut.rec"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        reader = MXRecordIO(path, "r")
        whole = sum(end <= size for end in ends[1:])
        assert [reader.read() for _ in range(whole)] == contents[:whole]
        if size in ends:
            assert reader.read() is None
        else:
            with pytest.raises(MXNetError, match=re.escape(f"{path}: at byte ") + r"\d+: "):
                reader.read()
        reader.close()


@given(st.binary(max_size=60) | st.lists(st.sampled_from([MAGIC, bytes(4), b"\1\0\0\x20"])).map(b"".join))
def test_random_bytes_are_records_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("random") / "x.rec"
    path.write_bytes(content)
    reader = MXRecordIO(path, "r")
    lengths, by_headers = [], []
    refused = said = None
    try:
        while (record := reader.read()) is not None:
            lengths.append(len(record))
    except FileFormatError as error:
        refused = str(error)
        assert re.match(re.escape(f"{path}: at byte ") + r"\d+: ", refused)
    reader.close()
    try:
        by_headers.extend(records.RecordReader(path).sizes())
    except FileFormatError as error:
        said = str(error)
    assert said == refused and (said or by_headers == lengths)


BAD_INDEX = {
    "no tab": (b"0\t0\n1 12\n", 4, "'1 12"),
    "key of another type": (b"one\t0\n", 0, "invalid literal"),
    "offset of another type": (b"0\tzero\n", 0, "invalid literal"),
    "negative offset": (b"0\t-8\n", 0, "no file has the offset -8"),
    "offset of no file": (b"0\t1180591620717411303424\n", 0, "no file has the offset 1180591620717411303424"),
    "blank line": (b"0\t0\n\n1\t12\n", 4, "in line 2"),
    "digits without end": (b"0\t" + b"9" * 10_000, 0, "999..."),
    "not text": (b"0\t0\n\xff\t0\n", 4, "utf-8"),
}


@pytest.mark.parametrize(("content", "offset", "cause"), BAD_INDEX.values(), ids=BAD_INDEX.keys())
def test_damaged_index_is_refused(tmp_path, content, offset, cause):
    (tmp_path / "a.rec").write_bytes(WHOLE)
    (tmp_path / "a.idx").write_bytes(content)
    with pytest.raises(FileFormatError, match=re.escape(f"{tmp_path / 'a.idx'}: at byte {offset}: ") + ".*" + cause):
        MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r")


@pytest.mark.parametrize(
    ("offset", "cause"),
    [(12, "the file ends where the record of key 7"), (13, "has 12 bytes"), (4, "found 03 00 00 00")],
)
def test_index_of_another_file_is_refused(tmp_path, offset, cause):
    (tmp_path / "a.rec").write_bytes(WHOLE)
    (tmp_path / "a.idx").write_text(f"7\t{offset}\n")
    reader = MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r")
    with pytest.raises(FileFormatError, match=re.escape(f"{tmp_path / 'a.rec'}: at byte {offset}: ") + ".*" + cause):
        reader.read_idx(7)
    reader.close()


@pytest.mark.parametrize("key", ["", " a", "a\tb", "a\nb"])
def test_key_that_no_index_can_hold_is_refused_first(tmp_path, key):
    writer = MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w", str)
    with pytest.raises(ValueError, match="cannot hold the key"):
        writer.write_idx(key, b"x")
    assert (writer.tell(), writer.keys) == (0, [])
    writer.close()


def test_payload_of_512_megabytes_is_refused(tmp_path):
    writer = MXRecordIO(tmp_path / "a.rec", "w")
    with mmap.mmap(-1, 1 << 29) as zeros, memoryview(zeros) as large:  # which take no memory until they are read
        with pytest.raises(MXNetError, match="at most 536870911 bytes, but 536870912"):
            writer.write(large)
    assert os.path.getsize(tmp_path / "a.rec") == 0
    writer.close()


@pytest.mark.parametrize("flag", ["r", "w"])
def test_what_the_system_refuses(tmp_path, flag):
    for path in (tmp_path, tmp_path / "missing" / "a.rec"):
        with pytest.raises(MXNetError, match=re.escape(str(path))) as caught:
            MXRecordIO(path, flag)
        assert isinstance(caught.value, OSError)
    if hasattr(os, "mkfifo") and flag == "r":
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(MXNetError, match="not a regular file"):
            MXRecordIO(tmp_path / "pipe", flag)


@pytest.mark.parametrize(
    ("record", "cause"),
    [(b"", "takes 24 bytes, but the record has 0"), (b"a" * 23, "has 23"),
     (struct.pack("<IfQQ", 3, 0, 0, 0) + bytes(11), "at byte 24.*3 labels do not fit in the 11"),
     (struct.pack("<IfQQ", 2**32 - 1, 0, 0, 0), "4294967295 labels")],
)  # fmt: skip
def test_short_record_is_refused(record, cause):
    with pytest.raises(FileFormatError, match=cause):
        unpack(record)


@pytest.mark.parametrize(
    ("make", "cause"),
    [(lambda: unpack_img(pack((0, 1, 2, 3), b"")), "empty"),
     (lambda: unpack_img(pack((0, 1, 2, 3), b"no image")), "8 bytes are not an image"),
     (lambda: pack_img((0, 1, 2, 3), onp.zeros((4, 4), "uint8"), img_fmt=".mp3"), r"uint8\[4, 4\] as '.mp3'"),
     (lambda: pack_img((0, 1, 2, 3), onp.zeros((4, 4, 7), "uint8")), "as '.jpg'"),
     (lambda: pack_img((0, 1, 2, 3), onp.zeros((0, 4), "uint8")), "as '.jpg'")],
)  # fmt: skip
def test_no_image_is_refused(make, cause):
    with pytest.raises(MXNetError, match=cause):
        make()


# Threads, processes, copies


@pytest.fixture
def hundred(tmp_path):
    """A record file of a hundred records, and its index."""
    path = str(tmp_path / "hundred")
    writer = MXIndexedRecordIO(path + ".idx", path + ".rec", "w")
    for key in range(100):
        writer.write_idx(key, pack((0, key, key, 0), b"%d" % key * (key + 1)))
    writer.close()
    return path


def content_of(key):
    return b"%d" % key * (key + 1)


def test_threads_read_in_order_each_record_once(hundred):
    reader = MXRecordIO(hundred + ".rec", "r")
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: unpack(reader.read()), range(100)))
    assert sorted(header.id for header, _ in seen) == list(range(100))
    assert all(payload == content_of(header.id) for header, payload in seen)
    assert reader.read() is None
    reader.close()


def test_threads_read_by_key(hundred):
    reader = MXIndexedRecordIO(hundred + ".idx", hundred + ".rec", "r")
    keys = onp.random.permutation(100).tolist() * 5
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda key: unpack(reader.read_idx(key))[1], keys))
    assert seen == [content_of(key) for key in keys]
    reader.close()


def test_threads_write_whole_records(tmp_path, monkeypatch):
    write = records.Appender.write
    monkeypatch.setattr(records.Appender, "write", lambda self, data: (time.sleep(1e-4), write(self, data)))
    writer = MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: writer.write_idx(key, content_of(key)), range(100)))
    writer.close()
    reader = MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r")
    assert sorted(reader.keys) == list(range(100))
    assert [reader.read_idx(key) for key in range(100)] == [content_of(key) for key in range(100)]
    reader.close()


def in_child(function):
    """What the function returns or raises in a forked process."""
    ours, theirs = multiprocessing.get_context("fork").Pipe()

    def call():
        try:
            theirs.send(function())
        except Exception as error:
            theirs.send(error)

    process = multiprocessing.get_context("fork").Process(target=call)
    process.start()
    result = ours.recv() if ours.poll(60) else None
    process.join()
    return result


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@forks
def test_forked_process_reads_from_the_beginning(hundred):
    reader = MXIndexedRecordIO(hundred + ".idx", hundred + ".rec", "r")
    reader.seek(50)
    assert [unpack(record)[0].id for record in in_child(lambda: [reader.read(), reader.read()])] == [0, 1]
    assert unpack(in_child(lambda: reader.read_idx(7)))[0].id == 7
    assert in_child(reader.close) is None
    assert unpack(reader.read())[0].id == 50
    reader.close()


@forks
def test_forked_process_reads_though_a_thread_held_the_lock(hundred):
    reader = MXRecordIO(hundred + ".rec", "r")
    place = reader._place()
    with place.lock:
        assert unpack(in_child(reader.read))[0].id == 0
    reader.close()


@forks
def test_forked_process_must_not_write(tmp_path):
    writer = MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w")
    writer.write_idx(0, b"abc")
    for call in (lambda: writer.write(b"x"), lambda: writer.write_idx(1, b"x"), writer.reset):
        assert isinstance(error := in_child(call), RuntimeError) and "being written by process" in str(error)
    writer.write_idx(1, b"def")
    writer.close()
    assert (tmp_path / "a.rec").read_bytes() == WHOLE + part(0, b"def")
    assert (tmp_path / "a.idx").read_text() == "0\t0\n1\t12\n"


def test_copies_have_a_place_of_their_own(hundred):
    reader = MXIndexedRecordIO(hundred + ".idx", hundred + ".rec", "r")
    reader.seek(50)
    for other in (copy.copy(reader), copy.deepcopy(reader), pickle.loads(pickle.dumps(reader))):
        assert unpack(other.read())[0].id == 0
        assert other.keys == reader.keys
        other.close()
    assert unpack(reader.read())[0].id == 50
    assert len(pickle.dumps(reader)) < 1000, "the index does not travel"
    reader.close()
    assert not pickle.loads(pickle.dumps(reader)).is_open


def test_writer_cannot_be_copied(tmp_path):
    writer = MXRecordIO(tmp_path / "a.rec", "w")
    writer.write(b"abc")
    for make in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="would empty it"):
            make(writer)
    writer.close()
    assert (tmp_path / "a.rec").read_bytes() == WHOLE
    assert not copy.copy(writer).is_open


def test_address_of_a_file(tmp_path):
    writer = MXRecordIO(f"file://{tmp_path}/a.rec", "w")
    writer.write(b"abc")
    writer.close()
    assert (tmp_path / "a.rec").read_bytes() == WHOLE


def test_record_can_be_read_as_soon_as_it_is_written(tmp_path):
    writer, reader = MXRecordIO(tmp_path / "a.rec", "w"), MXRecordIO(tmp_path / "a.rec", "r")
    assert reader.read() is None
    writer.write(b"abc")
    assert (reader.read(), reader.read()) == (b"abc", None)
    reader.close()
    writer.close()


def test_subclass_travels_with_what_it_adds(hundred):
    reader = Numbered(hundred + ".rec", "r")
    reader.number = 5
    other = pickle.loads(pickle.dumps(reader))
    assert (type(other), other.number, other.is_open) == (Numbered, 5, True)
    other.close()
    reader.close()


class Numbered(MXRecordIO):
    """A reader with an attribute."""


# Datasets


WORKERS = [{}, {"num_workers": 2, "thread_pool": True}, {"num_workers": 2}]
NAMES = ["here", "threads", "processes"]


def id_and_length(record):
    header, payload = unpack(record)
    return header.id, len(payload)


@pytest.mark.parametrize("workers", WORKERS, ids=NAMES)
def test_record_dataset_in_a_loader(hundred, workers):
    loader = DataLoader(RecordFileDataset(hundred + ".rec").transform(id_and_length), 8, **workers)
    for _ in range(2):
        ids, lengths = zip(*[(part.asnumpy() for part in batch) for batch in loader], strict=True)
        assert onp.concatenate(ids).tolist() == list(range(100))
        assert onp.concatenate(lengths).tolist() == [len(content_of(key)) for key in range(100)]


@pytest.fixture
def pictures(tmp_path):
    """Twelve pictures with two labels each, as PNG."""
    path = str(tmp_path / "pictures")
    writer = MXIndexedRecordIO(path + ".idx", path + ".rec", "w")
    for key in range(12):
        writer.write_idx(key, pack_img((0, [key, key / 2], key, 0), picture() + key, 3, ".png"))
    writer.close()
    return path + ".rec"


@pytest.mark.parametrize("workers", WORKERS, ids=NAMES)
def test_image_dataset_in_a_loader(pictures, workers):
    batches = list(DataLoader(ImageRecordDataset(pictures), 4, **workers))
    images, labels = (onp.concatenate([batch[at].asnumpy() for batch in batches]) for at in (0, 1))
    expected = [(picture() + key)[:, :, ::-1] for key in range(12)]
    assert (images == onp.stack(expected)).all()
    assert (labels.dtype, labels.tolist()) == (onp.float32, [[key, key / 2] for key in range(12)])


def test_image_dataset_flag_and_transform(pictures):
    assert ImageRecordDataset(pictures, 0)[3][0].shape == (24, 32, 1)
    assert ImageRecordDataset(pictures, transform=lambda image, label: label.tolist())[3] == [3, 1.5]


@pytest.mark.parametrize(
    ("record", "cause"), [(b"short", "takes 24 bytes"), (pack((0, 1, 0, 0), b"no image"), "not an image")]
)
def test_record_without_an_image_is_named(tmp_path, record, cause):
    path = str(tmp_path / "a.rec")
    writer = MXIndexedRecordIO(str(tmp_path / "a.idx"), path, "w", int)
    writer.write_idx(17, record)
    writer.close()
    with pytest.raises(MXNetError, match=re.escape(f"{path}: record of key 17: ") + ".*" + cause):
        ImageRecordDataset(path)[0]


def test_dataset_travels_to_a_process_that_was_not_forked(hundred):
    dataset = pickle.loads(pickle.dumps(RecordFileDataset(hundred + ".rec")))
    assert (len(dataset), id_and_length(dataset[-1])) == (100, (99, 200))


def test_dataset_without_its_index(tmp_path):
    (tmp_path / "a.rec").write_bytes(WHOLE)
    with pytest.raises(FileNotFoundError, match=r"a\.idx"):
        RecordFileDataset(tmp_path / "a.rec")
