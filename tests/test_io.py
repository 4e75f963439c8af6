"""The iterators of `mx.io` and `mx.image.ImageIter` against what genuine MXNet gave, and their own promises."""

import inspect
import multiprocessing
import os
import struct
import threading
import warnings
from pathlib import Path

import cv2
import numpy as onp
import pytest
from references import load

import mxnet as mx
from mxnet.io import CSVIter, ImageRecordIter, MNISTIter, NDArrayIter, PrefetchingIter, ResizeIter
from mxnet.recordio import IRHeader, MXIndexedRecordIO, pack, pack_img

import iterator_cases as cases  # isort: skip  (of reference/, found through references)

EXPECTED = load("iterators.json.gz")
REC, SHAPE, ITER = cases.REC, cases.SHAPE, cases.ITER

# Where this departs from genuine MXNet, as docs/differences.md says: the outcome here, or None if it is not compared.
DIFFERENT = {
    # What only makes no sense is refused.
    "passes(io.NDArrayIter(n(4, 2), n(5), 2))": "raises ValueError",
    "passes(io.NDArrayIter(n(5, 2), n(4), 2))": "raises ValueError",
    "passes(io.NDArrayIter([n(5, 2), n(4, 2)], None, 2))": "raises ValueError",
    "io.NDArrayIter(n(4, 2), n(4), 2, last_batch_handle='keep')": "raises ValueError",
    "passes(io.NDArrayIter(n(4, 2), n(4), 2, last_batch_handle='keep'))": "raises ValueError",
    "io.NDArrayIter(n(4, 2), n(4), 0)": "raises ValueError",
    "io.CSVIter(csv)": "raises TypeError",
    "io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=3, bogus=1)": "raises mxnet.base.MXNetError",
    "io.MNISTIter(image=digits, label=numbers, batch_size=3, silent=True, bogus=1)": "raises mxnet.base.MXNetError",
    f"io.ImageRecordIter({REC}, {SHAPE}, bogus=1)": "raises mxnet.base.MXNetError",
    f"passes({ITER}, path_imgidx=idx, path_imglist=one_lst))": "raises mxnet.base.MXNetError",  # KeyError there
    f"{ITER}, path_imgidx='missing.idx')": "raises mxnet.base.MXNetError",  # FileNotFoundError there; it is both here
    # `iter_next` goes on to the next batch, and to none that is not whole.
    "steps(io.NDArrayIter(n(5, 1), n(5), 2, last_batch_handle='roll_over'))": None,
    "steps(io.NDArrayIter(n(5, 1), n(5), 2, last_batch_handle='discard'))": None,
    "steps(io.CSVIter(data_csv=csv, data_shape=(3,), batch_size=3))": None,
    f"steps(io.ImageRecordIter({REC}, {SHAPE}))": None,
    # What is refused or unsafe there.
    "passes(io.CSVIter(data_csv=csv, data_shape=(1, 3), batch_size=10), 3)": None,
    f"passes(io.ImageRecordIter({REC}, batch_size=16, data_shape=(3, 10, 12)), 3)": None,
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, dtype='float16', scale=0.25), 1)": None,
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, dtype='int32'), 1)": None,
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, path_imgidx=idx, num_parts=3, part_index=2), 2)": None,
    f"passes({ITER}, num_parts=2, part_index=1))": None,
    f"passes({ITER}, shuffle=True))": None,
    f"passes({ITER}, path_imglist=lst))": None,
    f"look({ITER}))": None,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    cases.write(folder)
    return folder


# How far values may be from genuine ones; else they are equal to the bit.
TOLERANCE = {
    f"passes(io.ImageRecordIter({REC}, {SHAPE}, rotate=30, fill_value=7), 1)": 6,  # OpenCV interpolates anew
    f"mean_of(io.ImageRecordIter({REC}, batch_size=7, data_shape=(3, 10, 12), mean_img=mean_file))": 1e-4,
}


def comparable(row, found):
    """An outcome without what genuine MXNet leaves undefined: indices of images, and what fills the last batch up."""
    if not row.startswith("passes") or isinstance(found, str):
        return found
    short = "round_batch=False" in row or "round_batch='0'" in row
    kept = []
    for batches in found:
        rest = cases.COUNT
        for data, label, pad, index in batches:
            if short:  # there it is filled with whatever was in memory, and for images pad is 0
                (kind, shape, values) = data[0]
                data, label, pad, index = [kind, values[: len(values) // shape[0] * rest]], None, None, None
                rest -= shape[0]
            kept.append([data, label, pad, None if "Record" in row or "MNIST" in row else index])
        kept.append("end of the pass")
    return kept


def numbers(values):
    return [each for value in values for each in numbers(value)] if isinstance(values, list) else [values]


def rows_of(group):
    return [row for row in EXPECTED[group] if DIFFERENT.get(row, "") is not None and row not in DIFFERENT]


def check(row, group, files):
    found, expected = comparable(row, cases.outcome(row, files)), comparable(row, EXPECTED[group][row])
    if row in TOLERANCE:
        assert numbers(found) == pytest.approx(numbers(expected), abs=TOLERANCE[row])
    else:
        assert found == expected


@pytest.mark.parametrize("row", rows_of("arrays"))
def test_iterators_equal_genuine(row, files):
    check(row, "arrays", files)


@pytest.mark.parametrize("row", rows_of("records"))
def test_record_iterators_equal_genuine(row, files):
    check(row, "records", files)


@pytest.mark.parametrize("row", rows_of("images"))
def test_image_iter_equals_genuine(row, files):
    check(row, "images", files)


@pytest.mark.parametrize("row", [row for row, outcome in DIFFERENT.items() if outcome is not None])
def test_departures_are_as_documented(row, files):
    assert cases.outcome(row, files) == DIFFERENT[row]


def test_every_row_was_recorded():
    recorded = {row for group in EXPECTED.values() for row in group}
    assert recorded == {*cases.ARRAY_ROWS, *cases.IMAGE_ROWS, *cases.ITER_ROWS}
    assert DIFFERENT.keys() <= recorded


# Parameters


def options(files, **changes):
    return {"path_imgrec": files / "a.rec", "batch_size": 3, "data_shape": (3, 10, 12), **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preproces_threads": 2}, "no parameter 'preproces_threads'; did you mean preprocess_threads"),
        ({"colour": 2}, "no parameter 'colour'; it takes path_imgrec, batch_size"),
        ({"batch_size": "many"}, "parameter 'batch_size' must be an integer, not 'many'"),
        ({"batch_size": 0}, "batch_size must be positive, not 0"),
        ({"data_shape": (5, 10, 12)}, r"with 1, 3 or 4 channels, not \(5, 10, 12\)"),
        ({"label_width": 0}, "label_width must be positive"),
        ({"preprocess_threads": 0}, "preprocess_threads must be positive"),
        ({"std_r": 0}, "std must not be 0"),
        ({"num_parts": 2, "part_index": 2}, "no part 2 of 2"),
        ({"ctx": "tpu"}, "one of 'cpu', 'cpu_pinned', 'gpu'"),
        ({"path_imgidx": "missing.idx"}, "missing.idx"),
        ({"path_imglist": "missing.lst"}, "missing.lst"),
        ({"dtype": "text"}, "dtype"),
        ({"inter_method": 7}, "inter_method must be 0 to 4, 9"),
        (
            {"min_random_scale": 2},
            "min_random_scale must be above 0, not above max_random_scale, but they are 2.0 and 1",
        ),
        ({"min_random_area": 0}, "min_random_area must be above 0"),
        ({"max_crop_size": 5}, "min_crop_size must be above 0"),
        ({"max_aspect_ratio": 1}, "aspect ratios must be positive and in order, but go from 0.0 to 2.0"),
        ({"min_aspect_ratio": 2}, "aspect ratios .* from 2.0 to 0.0"),
        ({"min_crop_size": 20, "max_crop_size": 20}, "record 0 .*an image of 10 x 12 has no part of 20 x 20"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(files, changes, message):
    with pytest.raises(mx.MXNetError, match=message):
        ImageRecordIter(**options(files, **changes))


def test_required_parameters_are_asked_for():
    with pytest.raises(mx.MXNetError, match="ImageRecordIter needs the parameter 'path_imgrec', a string"):
        ImageRecordIter(batch_size=2, data_shape=(3, 8, 8))


def test_thin_images_are_not_enlarged_without_bound(tmp_path):
    record = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    record.write_idx(0, pack_img(IRHeader(0, 1, 0, 0), onp.zeros((1, 9000, 3), "uint8")))
    record.close()
    with pytest.raises(mx.MXNetError, match=r"would become 224 x 2016000: too large"):
        ImageRecordIter(path_imgrec=tmp_path / "b.rec", data_shape=(3, 224, 224), batch_size=1)


@pytest.mark.parametrize("method", [0, 2, 3, 4, 9, 10])
def test_every_interpolation_turns_and_resizes(files, method):
    changes = {"resize": 14, "max_rotate_angle": 9, "inter_method": method}
    assert everything(ImageRecordIter(**options(files, **changes)))[0][0].shape == (3, 3, 10, 12)


def test_signatures_tell_what_is_taken():
    signature = inspect.signature(ImageRecordIter)
    assert signature.parameters["preprocess_threads"].default == 4
    assert signature.parameters["path_imgrec"].default is inspect.Parameter.empty
    assert {parameter.kind for parameter in signature.parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


def test_sparse_iterator_says_what_to_use():
    with pytest.raises(AttributeError, match="load_svmlight_file"):
        _ = mx.io.LibSVMIter


# Record files of images


def everything(iterator):
    return [(batch.data[0].asnumpy(), batch.label[0].asnumpy(), batch.pad) for batch in iterator]


def same(first, second):
    return len(first) == len(second) and all(
        (a == b).all() and (c == d).all() and e == f for (a, c, e), (b, d, f) in zip(first, second, strict=True)
    )


AUGMENTATION = {
    "shuffle": True, "rand_crop": True, "rand_mirror": True, "max_rotate_angle": 20, "max_shear_ratio": 0.1,
    "max_aspect_ratio": 0.2, "min_random_scale": 0.8, "max_random_scale": 1.2, "brightness": 0.2, "contrast": 0.2,
    "saturation": 0.2, "pca_noise": 0.1, "random_h": 9, "random_s": 9, "random_l": 9, "max_random_contrast": 0.1,
    "max_random_illumination": 3, "pad": 1,
}  # fmt: skip


@pytest.mark.parametrize("augmentation", [AUGMENTATION, {"random_resized_crop": True, "min_random_area": 0.2}])
def test_a_seed_gives_the_same_batches_whatever_the_threads(files, augmentation):
    def two_passes(threads, seed, ahead=4):
        iterator = ImageRecordIter(
            **options(files, preprocess_threads=threads, prefetch_buffer=ahead, seed=seed, **augmentation)
        )
        first = everything(iterator)
        iterator.reset()
        return first + everything(iterator)

    once = two_passes(1, seed=7)
    assert same(once, two_passes(3, seed=7, ahead=1))
    assert not same(once, two_passes(1, seed=8))
    assert not same(once[:2], once[3:5])


@pytest.mark.parametrize("colour", ["brightness", "contrast", "saturation", "pca_noise", "random_h", "random_l"])
def test_each_change_of_colour_changes_images_a_little(files, colour):
    plain = everything(ImageRecordIter(**options(files)))[0][0]
    strength = 8 if colour.startswith("random") else 0.1
    changed = everything(ImageRecordIter(**options(files, **{colour: strength})))[0][0]
    difference = onp.abs(changed - plain)
    assert 0 < difference.mean() < 30


def test_brightness_and_contrast_are_what_they_say(files):
    plain = everything(ImageRecordIter(**options(files)))[0][0]
    brighter = everything(ImageRecordIter(**options(files, brightness=0.5)))[0][0]
    for image, bright in zip(plain, brighter, strict=True):
        cut = (bright > 0) & (bright < 255) & (image > 60)
        factors = bright[cut] / image[cut]
        assert factors.std() < 0.01 and 0.5 <= factors.mean() <= 1.5
    contrasted = everything(ImageRecordIter(**options(files, max_random_contrast=0.5, mean_r=9)))[0][0]
    for image, other in zip(plain, contrasted, strict=True):
        red = image[0] - 9
        factors = other[0][abs(red) > 5] / red[abs(red) > 5]
        assert factors.std() < 1e-5 and 0.5 <= factors.mean() <= 1.5


def test_shuffled_passes_have_every_record(files):
    iterator = ImageRecordIter(**options(files, batch_size=7, shuffle=True))
    orders = []
    for _ in range(4):
        orders.append(cases.labels_of(iterator))
        iterator.reset()
    assert all(sorted(order) == list(range(7)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4


def test_fillers_of_a_shuffled_pass_are_not_seen_twice(files):
    iterator = ImageRecordIter(**options(files, shuffle=True, seed=3))
    first = [label for batch in iterator for label in batch.label[0].asnumpy().tolist()]
    iterator.reset()
    second = [label for batch in iterator for label in batch.label[0].asnumpy().tolist()]
    assert sorted(first[:7]) == list(range(7))
    assert sorted(first[7:] + second[:5]) == list(range(7))


def test_reset_in_the_middle_begins_a_whole_pass(files):
    iterator = ImageRecordIter(**options(files))
    iterator.next()
    iterator.next()
    iterator.reset()
    assert [label for batch in iterator for label in batch.label[0].asnumpy()[: 3 - batch.pad]] == list(range(7))


def test_index_has_the_ids_of_the_records(files):
    batch = ImageRecordIter(**options(files)).next()
    assert batch.index.tolist() == [10, 11, 12]


def test_records_of_one_key_are_all_read(files, tmp_path):
    (tmp_path / "same.idx").write_text((files / "a.idx").read_text().replace("1\t", "0\t", 1))
    iterator = ImageRecordIter(**options(files, batch_size=7, path_imgidx=tmp_path / "same.idx"))
    assert iterator.next().label[0].asnumpy().tolist() == list(range(7))


def test_grey_and_alpha(files, tmp_path):
    image = onp.arange(10 * 12 * 4, dtype=onp.uint8).reshape(10, 12, 4)
    record = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    record.write_idx(0, pack_img(IRHeader(0, 1, 0, 0), image, 3, ".png"))
    record.close()
    batch = ImageRecordIter(path_imgrec=tmp_path / "b.rec", data_shape=(4, 10, 12), batch_size=1, mean_a=5).next()
    wanted = image[:, :, [2, 1, 0, 3]].transpose(2, 0, 1).astype("float32")
    wanted[3] -= 5
    assert (batch.data[0].asnumpy()[0] == wanted).all()
    with pytest.raises(mx.MXNetError, match=r"a\.rec, record 0 .*four channels"):
        ImageRecordIter(**options(files, data_shape=(4, 10, 12)))


@pytest.mark.parametrize("threads", [1, 3])
def test_broken_records_are_named(tmp_path, threads):
    record = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    for number in range(6):
        content = b"no image" if number == 4 else cases.png(cases.picture(number))
        record.write_idx(number, pack((0, 1.0, number, 0), content))
    record.close()
    iterator = ImageRecordIter(
        path_imgrec=tmp_path / "b.rec", data_shape=(3, 10, 12), batch_size=2, preprocess_threads=threads
    )
    assert len([iterator.next(), iterator.next()]) == 2
    with pytest.raises(mx.MXNetError, match=r"b\.rec, record 4 \(at byte \d+\): cannot decode the image"):
        iterator.next()
    iterator.close()


def test_truncated_and_foreign_files_are_refused(files, tmp_path):
    content = (files / "a.rec").read_bytes()
    for name, broken in (("cut.rec", content[:-5]), ("other.rec", b"something else"), ("empty.rec", b"")):
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(mx.MXNetError, match=name):
            ImageRecordIter(**options(files, path_imgrec=tmp_path / name))
    (tmp_path / "bad.idx").write_text(f"0\t{2**63}\n")
    with pytest.raises(mx.MXNetError, match="bad.idx: .*no file has the offset 9223372036854775808"):
        ImageRecordIter(**options(files, path_imgidx=tmp_path / "bad.idx"))
    (tmp_path / "bad.idx").write_text("0\t3\n")
    with pytest.raises(mx.MXNetError, match=r"a\.rec, record 0 .*no record begins here"):
        ImageRecordIter(**options(files, path_imgidx=tmp_path / "bad.idx"))


def ended(threads):
    for thread in threads:
        thread.join(timeout=30)
    return not any(thread.is_alive() for thread in threads)


def pool_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith(("ImageRecordIter", "CSVIter"))]


@pytest.mark.parametrize("end", ["close", "drop", "drop in the middle"])
def test_no_thread_is_left(files, end):
    others = set(pool_threads())  # of iterators that other tests have kept, or not ended yet
    iterator = ImageRecordIter(**options(files, preprocess_threads=3, prefetch_buffer=8))
    if end == "drop in the middle":
        iterator.next()
    threads = [thread for thread in pool_threads() if thread not in others]
    assert 1 <= len(threads) <= 3
    if end == "close":
        iterator.close()
    else:
        del iterator
    assert ended(threads)


def test_a_closed_iterator_says_so(files):
    iterator = ImageRecordIter(**options(files))
    iterator.close()
    assert list(iterator) == []
    with pytest.raises(mx.MXNetError, match="this ImageRecordIter is closed: make a new one"):
        iterator.reset()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_is_told_to_make_its_own(files):
    iterator = ImageRecordIter(**options(files))
    iterator.next()

    def read(results):
        try:
            iterator.next()
        except mx.MXNetError as error:
            results.put(str(error))

    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, which is the point here
        process = context.Process(target=read, args=(results,))
        process.start()
    process.join(timeout=60)
    assert process.exitcode == 0
    assert "works in the process that made it" in results.get()


def test_iterators_show_what_they_give(files):
    assert repr(ImageRecordIter(**options(files))) == "ImageRecordIter(data (3, 3, 10, 12), softmax_label (3,))"


def test_batches_ahead_are_bounded(files, monkeypatch):
    begun = []
    original = mx.io._finish.Finish.buffer
    monkeypatch.setattr(mx.io._finish.Finish, "buffer", lambda self, *how: begun.append(how) or original(self, *how))
    iterator = ImageRecordIter(**options(files, batch_size=1, prefetch_buffer=2, preprocess_threads=2))
    assert len(begun) == 1 + 2
    iterator.next()
    assert len(begun) == 1 + 2, "the first batch is there already"
    iterator.next()
    assert len(begun) == 2 + 2


def test_a_batch_is_the_users_to_keep(files):
    iterator = ImageRecordIter(**options(files, batch_size=2))
    kept = [batch.data[0] for batch in iterator]
    copies = [each.asnumpy().copy() for each in kept]
    iterator.reset()
    everything(iterator)
    assert all((each.asnumpy() == copy).all() for each, copy in zip(kept, copies, strict=True))


def test_jpeg_equals_opencv(tmp_path):
    noise = onp.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=onp.uint8)
    record = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    record.write_idx(0, pack_img(IRHeader(0, 1, 0, 0), noise, quality=90))
    record.close()
    batch = ImageRecordIter(path_imgrec=tmp_path / "b.rec", data_shape=(3, 60, 80), batch_size=1).next()
    wanted = cv2.imdecode(cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 90])[1], cv2.IMREAD_COLOR)
    assert (batch.data[0].asnumpy()[0] == wanted[:, :, ::-1].transpose(2, 0, 1)).all()


# Arrays and text


def test_slices_of_arrays_are_not_copied():
    data = mx.np.arange(8.0).reshape(4, 2)
    batch = NDArrayIter(data, batch_size=2).next()
    data[0, 0] = 9
    assert batch.data[0][0, 0] == 9


def test_faces_of_arrays_stay():
    batch = NDArrayIter(mx.nd.array([1, 2, 3]), mx.np.array([1, 2, 3]), 2, shuffle=True).next()
    assert type(batch.data[0]) is mx.nd.NDArray
    assert type(batch.label[0]) is mx.np.ndarray


def test_sparse_matrices_are_refused():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match=r"dense: give NDArrayIter value.toarray"):
        NDArrayIter(scipy_sparse.csr_matrix(onp.eye(3)), batch_size=1)


def test_iterators_feed_a_loop_of_epochs():
    iterator = PrefetchingIter(ResizeIter(NDArrayIter(cases.n(5, 1), cases.n(5), 2), 4))
    seen = []
    for _ in range(3):
        iterator.reset()
        seen.append([batch.label[0].asnumpy().tolist() for batch in iterator])
    assert seen == [[[0, 1], [2, 3], [4, 0], [0, 1]]] * 3


def test_prefetching_iter_raises_what_its_iterator_raises():
    class Fails(mx.io.DataIter):
        provide_data = [mx.io.DataDesc("data", (1,))]
        provide_label = []

        def next(self):
            raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        PrefetchingIter(Fails()).next()


def test_prefetching_iter_wants_iterators_that_agree():
    five, four = NDArrayIter(cases.n(5, 1), batch_size=2), NDArrayIter(cases.n(4, 1), batch_size=2)
    with pytest.raises(mx.MXNetError, match="same number of batches"):
        list(PrefetchingIter([five, four]))
    with pytest.raises(ValueError, match="rename_data needs a dict for each of the 1 iterators"):
        PrefetchingIter(five, [{}, {}])


@pytest.mark.parametrize("kind", [PrefetchingIter, lambda inner: ResizeIter(inner, 2)])
def test_no_current_batch_is_told(kind):
    iterator = kind(NDArrayIter(cases.n(4, 1), batch_size=2))
    with pytest.raises(mx.MXNetError, match="no current batch"):
        iterator.getdata()
    assert iterator.iter_next()
    assert iterator.getdata()[0].shape == (2, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3\n4,5\n", r"data\.csv, row 2: it has 2 numbers, but the shape \(3,\) takes 3"),
        ("1,2,3\n4,x,6\n", r"data\.csv, row 2: not all of it are numbers"),
        ("", r"data\.csv has no rows"),
        ("\n\r\n", r"data\.csv has no rows"),
        ("1,2,3\n", "has 1 rows, but .*label.csv 2"),
    ],
)
def test_broken_csv_is_named_by_row(tmp_path, content, message):
    (tmp_path / "data.csv").write_text(content)
    (tmp_path / "label.csv").write_text("1\n2\n")
    with pytest.raises(mx.MXNetError, match=message):
        CSVIter(data_csv=tmp_path / "data.csv", data_shape=(3,), batch_size=2, label_csv=tmp_path / "label.csv")


def test_csv_of_other_systems(tmp_path):
    (tmp_path / "data.csv").write_bytes(b"1, 2\r\n\r\n3,4e0\r\n5,-6")
    (batch,) = CSVIter(data_csv=tmp_path / "data.csv", data_shape=(2,), batch_size=3)
    assert batch.data[0].asnumpy().tolist() == [[1, 2], [3, 4], [5, -6]]


def test_mnist_is_shuffled_by_its_seed(files):
    def labels(seed):
        return cases.labels_of(
            MNISTIter(image=files / "images.idx", label=files / "labels.idx", batch_size=7, seed=seed)
        )

    assert sorted(labels(1)) == list(range(7))
    assert labels(1) == labels(1) != labels(2)
    assert sorted(labels(-1)) == list(range(7))


def test_broken_mnist_is_refused(files, tmp_path):
    (tmp_path / "cut.idx").write_bytes((files / "images.idx").read_bytes()[:-1])
    (tmp_path / "large.idx").write_bytes(struct.pack(">4I", 2051, 2**31, 2**31, 2**31))
    for name in ("cut.idx", "large.idx"):
        with pytest.raises(mx.MXNetError, match=name):
            MNISTIter(image=tmp_path / name, label=files / "labels.idx", batch_size=1)
    with pytest.raises(mx.MXNetError, match="batch_size must be between 1 and the 7 images"):
        MNISTIter(image=files / "images.idx", label=files / "labels.idx", batch_size=8)


# ImageIter


def test_image_iter_names_broken_records(tmp_path):
    record = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    record.write_idx(5, pack((0, 1.0, 5, 0), b"no image"))
    record.close()
    iterator = mx.image.ImageIter(1, (3, 4, 4), path_imgrec=tmp_path / "b.rec", path_imgidx=tmp_path / "b.idx")
    with pytest.raises(mx.MXNetError, match=r"record: 5 of .*b\.rec"):
        iterator.next()


def test_image_iter_labels_of_a_list_by_id(files):
    iterator = mx.image.ImageIter(
        7, (3, 10, 12), path_imgrec=files / "a.rec", path_imglist=files / "a.lst", label_width=2
    )
    assert iterator.next().label[0].asnumpy()[:, 0].tolist() == [100, 101, 102, 103, 104, 105, 106]


def test_image_iter_calls_its_own_steps(files):
    class Inverting(mx.image.ImageIter):
        def postprocess_data(self, datum):
            return 255 - super().postprocess_data(datum)

    plain = mx.image.ImageIter(2, (3, 10, 12), path_imgrec=Path(files, "a.rec")).next()
    inverted = Inverting(2, (3, 10, 12), path_imgrec=Path(files, "a.rec")).next()
    assert (inverted.data[0].asnumpy() == 255 - plain.data[0].asnumpy()).all()


def test_what_image_iter_has_left_over_is_not_lost_by_asking_again(files):
    iterator = mx.image.ImageIter(4, (3, 10, 12), path_imgrec=files / "a.rec", last_batch_handle="roll_over")
    assert len(list(iterator)) == 1
    with pytest.raises(StopIteration):
        iterator.next()
    iterator.reset()
    assert iterator.next().label[0].asnumpy().tolist() == [4, 5, 6, 0]
