"""Detection: augmenters, `ImageDetIter` and `ImageDetRecordIter` against genuine MXNet's, and their own promises.

Random ones are checked with boxes that are painted into the image: whatever happens, paint and box stay together.
"""

import inspect
import json
import random
import subprocess
import sys

import numpy as onp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references import load

import mxnet as mx
from mxnet.image import CreateDetAugmenter, DetRandomCropAug, DetRandomPadAug, ImageDetIter
from mxnet.io import ImageDetRecordIter
from mxnet.recordio import IRHeader, MXIndexedRecordIO, pack, pack_img

import image_detection_cases as cases  # isort: skip  (of reference/, found through references)

EXPECTED = load("image_detection.json.gz")

# Where this departs from genuine MXNet, as docs/differences.md says: the outcome here, or None if it is not compared.
DIFFERENT = {
    "seen(records(path_imglist=lst))": None,  # there a list gives no labels to a record file without an index
    "det(path_imgrec=flat, batch_size=1)": "ImageDetRecordIter",  # there the class has another name
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    cases.write(folder)
    return folder


@pytest.fixture(autouse=True)
def nothing_is_kept():
    """Only genuine MXNet cannot take its iterators down."""
    yield
    cases.KEPT.clear()


@pytest.mark.parametrize("group", ["records", "images", "augmenters"])
def test_every_row_was_recorded(group):
    rows = {"records": cases.RECORD_ROWS, "images": cases.ITER_ROWS, "augmenters": cases.AUGMENTER_ROWS}
    assert EXPECTED[group].keys() == set(rows[group])


@pytest.mark.parametrize("row", [row for rows in EXPECTED.values() for row in rows])
def test_equals_genuine(row, files):
    found = json.loads(json.dumps(cases.outcome(row, files)))
    (expected,) = [rows[row] for rows in EXPECTED.values() if row in rows]
    if row in DIFFERENT:
        assert DIFFERENT[row] in (None, found)
    elif expected == "raises RuntimeError":
        assert found == "raises mxnet.base.MXNetError"  # which is one
    else:
        assert found == expected


# Painted boxes


def painted(height, width, boxes):
    """A black image with each box (left, top, right, bottom, in pixels) in a colour of its own, and its objects."""
    image = onp.zeros((height, width, 3), "uint8")
    objects = []
    for number, (left, top, right, bottom) in enumerate(boxes):
        image[top:bottom, left:right, number] = 200
        objects.append([number, left / width, top / height, right / width, bottom / height, 0.5 + number])
    return mx.np.array(image, dtype="uint8"), onp.array(objects, "float32")


def painted_box(image, number):
    """The box of what is painted in the colour of an object, in shares of the image."""
    rows, columns = onp.nonzero(image.asnumpy()[:, :, number] == 200)
    height, width = image.shape[:2]
    return [columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height]


@st.composite
def pictures(draw):
    height, width = draw(st.integers(12, 60)), draw(st.integers(12, 60))
    boxes = []
    for _ in range(draw(st.integers(1, 3))):
        left, top = draw(st.integers(0, width - 4)), draw(st.integers(0, height - 4))
        boxes.append((left, top, draw(st.integers(left + 3, width)), draw(st.integers(top + 3, height))))
    return painted(height, width, boxes)


def check_paint(image, objects):
    for each in objects:
        assert 0 <= each[1] < each[3] <= 1 and 0 <= each[2] < each[4] <= 1
        assert each[5] == 0.5 + each[0], "what follows the box stays"
        assert painted_box(image, int(each[0])) == pytest.approx(each[1:5].tolist(), abs=1e-5)


@given(picture=pictures(), seed=st.integers(0, 2**32))
def test_mirrored_paint_and_boxes_stay_together(picture, seed):
    random.seed(seed)
    image, objects = mx.image.DetHorizontalFlipAug(0.7)(*picture)
    check_paint(image, objects)
    assert len(objects) == len(picture[1])


@given(
    picture=pictures(),
    seed=st.integers(0, 2**32),
    covered=st.sampled_from([0, 0.3, 0.9]),
    eject=st.sampled_from([0, 0.3, 0.9]),
    shares=st.sampled_from([(0.05, 1.0), (0.3, 0.6), (0.5, 3.0)]),
)
def test_cropped_paint_and_boxes_stay_together(picture, seed, covered, eject, shares):
    random.seed(seed)
    source, before = picture
    ratios = (0.75, 1.33)
    image, objects = DetRandomCropAug(covered, ratios, shares, eject)(source, before)
    check_paint(image, objects)
    height, width = image.shape[:2]
    if (height, width) == source.shape[:2]:
        assert len(objects) == len(before)
        return
    assert shares[0] <= height * width / (source.shape[0] * source.shape[1]) <= shares[1]
    assert ratios[0] - 0.5 / height <= width / height <= ratios[1] + 0.5 / height
    assert len(objects)
    for each in before:
        paint = (image.asnumpy()[:, :, int(each[0])] == 200).sum()
        share = paint / (source.asnumpy()[:, :, int(each[0])] == 200).sum()
        assert paint == 0 or share > covered - 1e-6
        kept = each[0] in objects[:, 0]
        assert kept if share > eject + 1e-4 else not (kept and share < eject - 1e-4)


@given(picture=pictures(), seed=st.integers(0, 2**32), shares=st.sampled_from([(1.0, 3.0), (1.5, 2.0), 4.0]))
def test_paint_and_boxes_stay_together_on_a_canvas(picture, seed, shares):
    random.seed(seed)
    source, before = picture
    image, objects = DetRandomPadAug(area_range=shares, pad_val=(7, 8, 9))(source, before)
    check_paint(image, objects)
    assert len(objects) == len(before)
    frame = image.asnumpy()
    inside = source.shape[0] * source.shape[1]
    assert (frame == (7, 8, 9)).all(-1).sum() == frame.shape[0] * frame.shape[1] - inside
    low, high = (shares, shares) if isinstance(shares, float) else shares
    if image.shape != source.shape:
        assert low * 0.8 <= frame.shape[0] * frame.shape[1] / inside <= high * 1.2


@given(picture=pictures(), seed=st.integers(0, 2**32))
@settings(max_examples=30)
def test_paint_and_boxes_stay_together_in_a_recipe(picture, seed):
    random.seed(seed)
    steps = CreateDetAugmenter((3, 96, 96), rand_crop=0.6, rand_pad=0.6, rand_mirror=True, inter_method=0)
    image, objects = picture
    for step in steps:
        image, objects = step(image, objects)
    assert image.shape == (96, 96, 3)
    for each in objects:
        # The nearest pixel may be one of the smaller image beside the edge.
        assert painted_box(image, int(each[0])) == pytest.approx(each[1:5].tolist(), abs=1.5 / 96)


def test_a_canvas_has_one_grey_in_all_channels():
    random.seed(1)
    image, _ = DetRandomPadAug(pad_val=9)(*painted(20, 30, [(0, 0, 30, 20)]))
    assert image.asnumpy()[-1, 0].tolist() == [9, 9, 9]


def test_augmenters_leave_what_they_are_given():
    image, objects = painted(20, 30, [(0, 2, 10, 20), (5, 5, 30, 20)])
    pixels, numbers = image.asnumpy(), objects.copy()
    for step in [mx.image.DetHorizontalFlipAug(1), DetRandomCropAug(0), DetRandomPadAug()]:
        step(image, objects)
    assert (image.asnumpy() == pixels).all() and (objects == numbers).all()


def test_legacy_arrays_stay_legacy():
    image, objects = painted(20, 30, [(0, 2, 10, 20)])
    for step in [mx.image.DetHorizontalFlipAug(1), DetRandomCropAug(0), DetRandomPadAug()]:
        assert type(step(image.as_nd_ndarray(), objects)[0]) is mx.nd.NDArray
        assert type(step(image, mx.np.array(objects))[1]) is onp.ndarray


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: DetRandomCropAug(aspect_ratio_range=(2, 1)), ValueError, "aspect_ratio_range .* from 2 to 1"),
        (lambda: DetRandomCropAug(aspect_ratio_range=(0, 1)), ValueError, "aspect_ratio_range must be positive"),
        (lambda: DetRandomCropAug(area_range=(0, 0)), ValueError, "area_range must be positive"),
        (lambda: DetRandomCropAug(area_range=(0, onp.inf)), ValueError, "area_range must be positive, finite"),
        (lambda: DetRandomPadAug(float("nan")), ValueError, "aspect_ratio_range must be positive, finite"),
        (
            lambda: mx.image.DetHorizontalFlipAug(1)(onp.zeros((2, 2, 3), "uint8"), onp.zeros((1, 5))),
            AssertionError,
            r"src must have NDArray type \(mx.np.array\), but is ndarray",
        ),
        (lambda: DetRandomCropAug(area_range=(1, 2, 3)), AssertionError, r"area_range must be a number or \(low, high"),
        (lambda: DetRandomCropAug([0.1, 0.5]), TypeError, "CreateMultiRandCropAugmenter takes a list"),
        (lambda: DetRandomPadAug(area_range=(0.2, 1)), ValueError, "must reach above 1"),
        (lambda: DetRandomPadAug(pad_val=None), AssertionError, "pad_val must be a number or a sequence"),
        (lambda: mx.image.DetBorrowAug(len), TypeError, "expected an mx.image.Augmenter"),
        (lambda: mx.image.DetRandomSelectAug([1]), ValueError, "Allow DetAugmenter in list only, not 1"),
        (
            lambda: mx.image.CreateMultiRandCropAugmenter([0.1, 0.2, 0.3], max_attempts=[1, 2]),
            AssertionError,
            "max_attempts has 2 values, where other parameters have 3",
        ),
        (lambda: CreateDetAugmenter((3, 4, 5), rand_pad=1, max_attempts=[(3, 4)]), TypeError, "rand_pad takes one"),
        (lambda: mx.image.DetAugmenter()(1, 2), NotImplementedError, "DetAugmenter must define __call__"),
    ],
)
def test_what_makes_no_sense_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


# ImageDetIter


def test_names_are_where_programs_look_for_them():
    from mxnet.image.detection import ImageDetIter as there

    assert there is mx.image.ImageDetIter is mx.image.det.ImageDetIter is mx.image.detection.ImageDetIter
    assert list(inspect.signature(there).parameters)[:8] == [
        "batch_size", "data_shape", "path_imgrec", "path_imglist", "path_root", "path_imgidx", "shuffle", "part_index",
    ]  # fmt: skip


def listed(files, *labels, **options):
    entries = [[label, f"picture{number}.png"] for number, label in enumerate(labels)]
    options = {"batch_size": 1, "data_shape": (3, 10, 12), **options}
    return ImageDetIter(imglist=entries, path_root=files, **options)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[2, 5]], r"picture0\.png: Label shape is invalid: \(2,\), but a label for detection has 7 numbers or more"),
        ([cases.LABELS[0], [1, 5, *[0.5] * 5]], r"picture1\.png: .*must not begin with \[1.0, 5.0\]"),
        ([[2, float("nan"), *[0.5] * 5]], "must not begin with"),
        ([[1e30, 5, *[0.5] * 5]], "behind a header of 1000"),
        ([[2, 5, 0, 0.1, 0.2, 0.3, 0.4, 1]], "behind a header of 2 there must be objects of 5 numbers each"),
        ([[2, 5, 0, 0.5, 0.2, 0.3, 0.4]], r"picture0\.png: .*no box of its label has an area"),
        ([cases.LABELS[0], cases.EXTRA[0]], r"picture1\.png: its objects have 6 numbers .*picture0\.png have 5"),
    ],
)
def test_malformed_labels_are_named_when_the_iterator_is_made(files, labels, message):
    with pytest.raises(mx.MXNetError, match=message):
        listed(files, *labels)


def test_malformed_label_of_a_record_is_named(files):
    with pytest.raises(mx.MXNetError, match=r"record: 0 of .*uneven\.rec: Label shape"):
        ImageDetIter(1, (3, 10, 12), path_imgrec=files / "uneven.rec")


def test_an_index_that_points_beyond_the_file_is_told(files, tmp_path):
    (tmp_path / "a.idx").write_text("0\t100000\n")
    for iterator in (ImageDetIter, ImageDetRecordIter):
        options = {"path_imgrec": files / "a.rec", "path_imgidx": tmp_path / "a.idx"}
        with pytest.raises(mx.MXNetError, match="record.* at byte 100000: no record can begin here, the file has"):
            iterator(batch_size=1, data_shape=(3, 10, 12), **options)


class Doubling(mx.image.DetAugmenter):
    def __call__(self, src, label):
        return src, onp.concatenate([label, label])


class Nothing(mx.image.DetAugmenter):
    def __call__(self, src, label):
        return src, label[:0]


def test_objects_that_do_not_fit_are_named(files):
    batches = listed(files, cases.LABELS[0], aug_list=[Doubling()])
    with pytest.raises(mx.MXNetError, match=r"picture0\.png, its label has 2 objects .* label_shape is \(1, 5\)"):
        batches.next()
    batches.reshape(label_shape=(2, 5))
    batches.reset()
    assert batches.next().label[0].shape == (1, 2, 5)


def test_images_without_objects_are_passed_over(files):
    with pytest.raises(StopIteration):
        listed(files, *cases.LABELS[:2], aug_list=[Nothing()]).next()
    steps = [cases.nothing_of_the_first()]
    (batch,) = listed(files, *cases.LABELS[:2], aug_list=steps, batch_size=2)
    assert batch.pad == 1


def test_refused_shapes_change_nothing(files):
    batches = listed(files, *cases.LABELS[:3])
    for shapes in [{"data_shape": (3, 4, 5), "label_shape": (1, 5)}, {"data_shape": (3, 4), "label_shape": (9, 5)}]:
        with pytest.raises(ValueError):
            batches.reshape(**shapes)
        assert (batches.data_shape, batches.label_shape) == ((3, 10, 12), (2, 5))
    assert batches.provide_label == [("label", (1, 2, 5))]


def test_changed_shapes_are_logged(files, caplog):
    caplog.set_level("INFO")
    listed(files, cases.LABELS[0]).sync_label_shape(listed(files, *cases.LABELS[:3]), verbose=True)
    assert "changes from (1, 5) to (2, 5)" in caplog.text


def test_every_augmenter_works_on_the_arrays_of_the_iterator(files):
    random.seed(1)
    batches = listed(files, *cases.LABELS, rand_crop=0.5, rand_pad=0.5, rand_mirror=True, brightness=0.1, mean=True)
    assert [batch.data[0].shape for batch in batches] == [(1, 3, 10, 12)] * 5


def test_drawn_boxes_are_where_the_objects_are(files):
    (picture,) = listed(files, [2, 5, 0, 0.25, 0.2, 0.75, 0.8], data_shape=(3, 50, 80)).draw_next((250, 20, 3), 1)
    assert (picture.dtype, picture.shape) == ("uint8", (50, 80, 3))
    rows, columns = onp.nonzero((picture == (3, 20, 250)).all(-1))
    edge = (rows == 10) | (rows == 40) | (columns == 20) | (columns == 60)
    assert len(rows) == 2 * (41 + 31) - 4 and edge.all()


def test_drawing_undoes_normalization_and_writes_names(files):
    def drawn(options, **drawing):
        return next(
            listed(files, cases.LABELS[0], data_shape=(3, 60, 80), inter_method=1, **options).draw_next(**drawing)
        )

    plain = drawn({}, color=(1, 2, 3))
    again = drawn({"mean": True, "std": True}, color=(1, 2, 3), mean=True, std=True)
    assert onp.abs(plain.astype(int) - again).max() <= 1
    named = drawn({}, color=(1, 2, 3), id2labels={0: "cat"})
    assert 20 < (named != plain).any(-1).sum() < 400
    assert (drawn({}, color=(1, 2, 3), id2labels={1: "dog"}) == plain).all()


def test_drawing_refuses_at_the_call(files):
    with pytest.raises(AssertionError, match="mean must be True or an array"):
        listed(files, cases.LABELS[0]).draw_next(mean=[1, 2, 3])


# ImageDetRecordIter


def detected(files, **changes):
    return ImageDetRecordIter(**{"path_imgrec": files / "a.rec", "batch_size": 2, "data_shape": (3, 10, 12), **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path_imgrec": "missing.rec"}, "missing.rec"),
        ({"min_crop_scale": 1}, "no parameter 'min_crop_scale'; did you mean min_crop_scales"),
        ({"label_pad_width": 5}, "label_pad_width: 5 smaller than estimated width: 17"),
        ({"label_width": 7}, "record 1 .*its label has 12 numbers, but label_width is 7"),
        ({"min_crop_overlaps": (0.1, 0.5)}, "min_crop_overlaps has 2 values for num_crop_sampler=1"),
        ({"min_crop_scales": 0.5, "max_crop_scales": 0.5}, "crop scales .* from 0.5 to 0.5"),
        ({"min_crop_overlaps": 0.5, "max_crop_overlaps": 0.4}, "crop_overlaps must be .* are 0.5 and 0.4"),
        ({"emit_overlap_thresh": -0.1}, "emit_overlap_thresh must be 0 or more, not -0.1"),
        ({"max_pad_scale": onp.inf}, "max_pad_scale must be finite, not inf"),
        ({"resize_mode": "tight"}, "one of 'fit', 'force', 'shrink'"),
        ({"rand_pad_prob": 1, "max_pad_scale": 1e5, "seed": 3}, "record . .*too large"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(files, changes, message):
    with pytest.raises(mx.MXNetError, match=message):
        detected(files, **changes)


@pytest.mark.parametrize("name", [name for name in cases.BAD if name != "flat"])
def test_malformed_labels_of_records_are_named(files, name):
    with pytest.raises(mx.MXNetError, match=rf"{name}\.rec, record 0 \(at byte 0\): .*[Ll]abel"):
        detected(files, path_imgrec=files / f"{name}.rec")


def test_damaged_image_is_named(tmp_path):
    record = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    record.write_idx(0, pack((0, cases.LABELS[0], 0, 0), b"no image"))
    record.close()
    with pytest.raises(mx.MXNetError, match=r"b\.rec, record 0 .*not an image"):
        detected(tmp_path, path_imgrec=tmp_path / "b.rec")


RANDOM = {
    "shuffle": True, "rand_mirror_prob": 0.5, "rand_pad_prob": 0.5, "max_pad_scale": 2, "rand_crop_prob": 0.8,
    "num_crop_sampler": 2, "min_crop_scales": (0.3, 0.6), "max_crop_trials": (5, 50), "min_crop_overlaps": (0, 0.2),
    "max_random_hue": 9, "random_hue_prob": 0.5, "max_random_saturation": 9, "random_saturation_prob": 0.5,
    "max_random_illumination": 9, "random_illumination_prob": 0.5, "max_random_contrast": 0.2,
    "random_contrast_prob": 0.5,
}  # fmt: skip


def test_a_seed_gives_the_same_batches_whatever_the_threads(files):
    def two_passes(**changes):
        iterator = detected(files, **RANDOM, **changes)
        return [pass_ for pass_ in cases.seen(iterator)]

    once = two_passes(preprocess_threads=1, seed=7)
    assert once == two_passes(preprocess_threads=3, seed=7, prefetch_buffer=1)
    assert once[0] != once[1]
    assert once != two_passes(preprocess_threads=1, seed=8)
    assert once != two_passes(preprocess_threads=1, seed=7, seed_aug=8)


@pytest.fixture(scope="module")
def paint(tmp_path_factory):
    """A record file of one image with two painted boxes, of 80 x 120 pixels."""
    folder = tmp_path_factory.mktemp("paint")
    image, objects = painted(80, 120, [(12, 8, 60, 40), (48, 20, 108, 72)])
    record = MXIndexedRecordIO(folder / "p.idx", folder / "p.rec", "w")
    header = IRHeader(0, [2, 6, *objects.ravel().tolist()], 0, 0)
    record.write_idx(0, pack_img(header, image.asnumpy()[:, :, ::-1], img_fmt=".png"))
    record.close()
    return folder / "p.rec"


def looks(path, count=40, **changes):
    """Images (H, W, C) and objects of many passes over a record file of one image."""
    iterator = ImageDetRecordIter(path_imgrec=path, batch_size=1, preprocess_threads=1, inter_method=0, **changes)
    found = []
    for _ in range(count):
        batch = iterator.next()
        row = batch.label[0].asnumpy()[0]
        _, height, width, length = row[:4].astype(int)
        image = batch.data[0].transpose((0, 2, 3, 1))[0]
        assert (image.asnumpy()[height:] == 0).all() and (image.asnumpy()[:, width:] == 0).all()
        assert (row[4 + length :] == -1).all()
        found.append((image[:height, :width], row[6 : 4 + length].reshape(-1, 6)))
        iterator.reset()
    return found


CHANGES = {
    "mirror": {"rand_mirror_prob": 0.5},
    "pad": {"rand_pad_prob": 0.7, "max_pad_scale": 2.5, "fill_value": 3},
    "crop": {"rand_crop_prob": 0.9, "min_crop_scales": 0.3},
    "overlap": {"rand_crop_prob": 1, "crop_emit_mode": "overlap", "min_crop_scales": 0.3},
    "all": {"rand_mirror_prob": 0.5, "rand_pad_prob": 0.5, "max_pad_scale": 2, "rand_crop_prob": 0.8, "resize": 100},
}


@pytest.mark.parametrize("mode", ["force", "shrink", "fit"])
@pytest.mark.parametrize("name", CHANGES)
def test_paint_and_boxes_stay_together_in_batches(paint, name, mode):
    counts = set()
    for image, objects in looks(paint, data_shape=(3, 160, 160), resize_mode=mode, **CHANGES[name]):
        counts.add(len(objects))
        height, width = image.shape[:2]
        for each in objects:
            box = onp.array(painted_box(image, int(each[0])))
            assert onp.abs(box - each[1:5])[[0, 2]].max() <= 2.01 / width
            assert onp.abs(box - each[1:5])[[1, 3]].max() <= 2.01 / height
            assert each[5] == 0.5 + each[0]
    assert counts <= {1, 2} and 2 in counts and (name not in {"crop", "all"} or 1 in counts)


def crops(paint, **changes):
    """Each crop of the image as its size in pixels, and as (share of the crop, share of the object) for each object."""
    found = []
    options = {"data_shape": (3, 300, 300), "resize_mode": "shrink", "rand_crop_prob": 1, "count": 60, **changes}
    for image, objects in looks(paint, **options):
        pixels = image.asnumpy() == 200
        area = image.shape[0] * image.shape[1]
        shares = [(pixels[..., each].sum() / area, pixels[..., each].sum() / whole) for each, whole in AREAS.items()]
        found.append((image.shape[:2], shares, objects[:, 0].tolist()))
    return [each for each in found if each[0] != (80, 120)]


AREAS = {0: 48 * 32, 1: 60 * 52}


@pytest.mark.parametrize(
    ("limits", "value"),
    [
        ({"min_crop_overlaps": 0.4}, lambda part, whole: 1 / (1 / part + 1 / whole - 1) if part else 0),
        ({"min_crop_sample_coverages": 0.5}, lambda part, whole: part),
        ({"min_crop_object_coverages": 0.8}, lambda part, whole: whole),
        ({"max_crop_object_coverages": 0.6}, lambda part, whole: whole),
        ({"min_crop_sample_coverages": 0.2, "max_crop_sample_coverages": 0.3}, lambda part, whole: part),
    ],
)
def test_an_object_meets_the_limits_of_a_crop(paint, limits, value):
    found = crops(paint, **limits, min_crop_scales=0.2)
    assert len(found) > 10
    low = next((limit for name, limit in limits.items() if name.startswith("min")), 0)
    high = next((limit for name, limit in limits.items() if name.startswith("max")), 1)
    for _, shares, _ in found:
        assert any(low - 1e-6 <= value(*each) <= high + 1e-6 for each in shares)


def test_crops_have_the_scales_and_ratios_asked_for(paint):
    found = crops(
        paint, min_crop_scales=0.4, max_crop_scales=0.6, min_crop_aspect_ratios=0.5, max_crop_aspect_ratios=0.8
    )
    for (height, width), _, _ in found:
        assert 0.35 < (height * width / 9600) ** 0.5 <= 0.6
        assert 0.45 < width / height < 0.85


def test_objects_belong_to_a_crop_by_their_middle_or_by_their_share(paint):
    for _, shares, kept in crops(paint, min_crop_scales=0.2, crop_emit_mode="overlap", emit_overlap_thresh=0.5):
        assert all((whole > 0.5) == (each in kept) for each, (_, whole) in enumerate(shares) if abs(whole - 0.5) > 1e-4)
    by_middle = crops(paint, min_crop_scales=0.2, max_crop_scales=0.5)
    assert any(shares[int(number)][1] < 0.5 for _, shares, kept in by_middle for number in kept)
    assert any(whole and each not in kept for _, shares, kept in by_middle for each, (_, whole) in enumerate(shares))


def test_samplers_are_tried_in_random_order(paint):
    both = crops(paint, num_crop_sampler=2, min_crop_scales=(0.4, 0.9), max_crop_scales=(0.41, 0.91), count=80)
    small = sum(height * width < 4800 for (height, width), _, _ in both)
    assert len(both) > 75 and 20 < small < 60
    assert not crops(paint, max_crop_trials=0)
    assert not crops(paint, num_crop_sampler=0)
    assert not crops(paint, min_crop_overlaps=0.99, min_crop_sample_coverages=0.99)


def test_objects_beyond_the_image_may_be_all_that_a_crop_has(tmp_path):
    record = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    image = onp.full((20, 30, 3), 200, "uint8")
    record.write_idx(0, pack_img(IRHeader(0, [2, 6, 0, 1.25, 1.25, 1.5, 1.5, 9], 0, 0), image, img_fmt=".png"))
    record.close()
    options = {"rand_pad_prob": 1, "max_pad_scale": 3, "fill_value": 5, "rand_crop_prob": 1, "max_crop_scales": 0.4}
    colours = {"max_random_hue": 9, "random_hue_prob": 1, "max_random_contrast": 0.1, "random_contrast_prob": 1}
    found = looks(tmp_path / "b.rec", data_shape=(3, 40, 40), **options, **colours)
    assert any((image.asnumpy() == 5).all() for image, _ in found)


BEYOND = {"left": [-0.5, 0.2, -0.25, 0.8], "above": [0.2, -0.5, 0.8, -0.25], "right": [1.25, 0.2, 1.5, 0.8]}


@pytest.mark.parametrize("side", BEYOND)
def test_a_crop_beyond_the_image_has_its_own_size_and_nothing_of_the_image(tmp_path, side):
    record = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    image = onp.full((40, 40, 3), 200, "uint8")
    record.write_idx(0, pack_img(IRHeader(0, [2, 6, 0, *BEYOND[side], 9], 0, 0), image, img_fmt=".png"))
    record.close()
    options = {"rand_pad_prob": 1, "max_pad_scale": 4, "fill_value": 5, "rand_crop_prob": 1, "max_crop_scales": 0.2}
    options |= {"max_crop_trials": 500, "data_shape": (3, 200, 200), "resize_mode": "shrink"}
    found = [(image.asnumpy(), objects) for image, objects in looks(tmp_path / "b.rec", **options)]
    assert sum((image == 5).all() for image, _ in found) > 10
    for image, objects in found:
        height, width = image.shape[:2]
        assert abs(height - width) <= 1, "canvas and crop are squares"
        ((_, *box, _),) = objects
        left, top, right, bottom = onp.rint(onp.clip(box, 0, 1) * height).astype(int)
        assert (image[top:bottom, left:right] == 5).all()


@pytest.mark.parametrize("name", ["hue", "saturation", "illumination", "contrast"])
def test_each_change_of_colour_has_its_probability(paint, name):
    strength = 0.3 if name == "contrast" else 30
    options = {f"max_random_{name}": strength, f"random_{name}_prob": 0.5, "data_shape": (3, 80, 120)}
    found = [image.asnumpy() for image, _ in looks(paint, **options)]
    plain = looks(paint, count=1, data_shape=(3, 80, 120))[0][0].asnumpy()
    unchanged = sum((image == plain).all() for image in found)
    assert 8 < unchanged < 35
    assert max(onp.abs(image - plain).mean() for image in found) > 0.2


def test_contrast_works_on_one_channel(paint):
    (image, _), *_ = looks(
        paint, count=1, data_shape=(1, 80, 120), max_random_contrast=0.4, random_contrast_prob=1, max_random_hue=9,
        random_hue_prob=1, rand_mirror_prob=1, seed=2,
    )  # fmt: skip
    assert image.shape == (80, 120, 1)


def test_a_mean_image_is_made_and_read_again(files, tmp_path):
    first = cases.seen(detected(files, mean_img=tmp_path / "mean.nd"), 1)
    assert cases.seen(detected(files, mean_img=tmp_path / "mean.nd"), 1) == first
    mean = mx.nd.load(str(tmp_path / "mean.nd"))["mean_img"].asnumpy()
    onp.testing.assert_allclose(mean, onp.mean([cases.picture(each).transpose(2, 0, 1) for each in range(5)], 0))


def test_labels_of_a_list_replace_those_of_the_records(files):
    rows = [row for batch in detected(files, path_imglist=files / "a.lst") for row in batch.label[0].asnumpy()]
    assert [row[3] for row in rows[:5]] == [7, 8, 12, 12, 7]
    assert rows[1][4:12] == pytest.approx(cases.LABELS[3])


def test_index_and_other_types_work_too(files):
    plain = detected(files).next()
    batch = detected(files, path_imgidx=files / "a.idx", dtype="uint8").next()
    assert batch.data[0].dtype == "uint8"
    assert (batch.data[0].asnumpy() == plain.data[0].asnumpy()).all()
    assert (batch.label[0].asnumpy() == plain.label[0].asnumpy()).all()


@pytest.mark.parametrize("count", [1, 25, 26, 300])
def test_labels_of_any_length_are_found_without_the_images(tmp_path, count):
    record = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    magic = onp.frombuffer(b"\x0a\x23\xd7\xce", "<f4")[0]  # cuts the record in two
    for number, extra in enumerate([1.5, magic]):
        label = onp.array([2, 6, *[0, 0.1, 0.2, 0.5, 0.6, extra] * (count + number)], "float32")
        record.write_idx(number, pack((0, label, number, 0), cases.png(cases.picture(number))))
    record.close()
    batches = ImageDetIter(2, (3, 10, 12), path_imgrec=tmp_path / "b.rec")
    assert batches.label_shape == (count + 1, 6)
    assert batches.next().label[0].asnumpy()[1, -1, -1] == magic
    batch = detected(tmp_path, path_imgrec=tmp_path / "b.rec").next()
    assert batch.label[0].shape == (2, 4 + 2 + 6 * (count + 1))
    assert batch.label[0].asnumpy()[1, -1] == magic


# From a list to batches


def test_a_list_packed_by_im2rec_is_read_by_both(files, tmp_path):
    command = [sys.executable, "-m", "mxnet.tools.im2rec", "--pack-label", "--encoding", ".png", "--quality", "9"]
    (tmp_path / "det.lst").write_text((files / "a.lst").read_text())
    subprocess.run([*command, str(tmp_path / "det"), str(files)], check=True, capture_output=True)
    from_list = [
        batch.label[0].asnumpy()
        for batch in ImageDetIter(5, (3, 10, 12), path_imglist=tmp_path / "det.lst", path_root=files)
    ]
    assert from_list[0].shape == (5, 2, 5)
    record = ImageDetIter(5, (3, 10, 12), path_imgrec=tmp_path / "det.rec", path_imgidx=tmp_path / "det.idx")
    images = [(batch.data[0].asnumpy(), batch.label[0].asnumpy()) for batch in record]
    onp.testing.assert_allclose(images[0][1], from_list[0], atol=1e-6)
    batch = ImageDetRecordIter(path_imgrec=tmp_path / "det.rec", batch_size=5, data_shape=(3, 10, 12)).next()
    assert (batch.data[0].asnumpy() == images[0][0]).all()
    for row, objects in zip(batch.label[0].asnumpy(), images[0][1], strict=True):
        assert row[:3].tolist() == [3, 10, 12]
        header, length = int(row[4]), int(row[3])
        found = row[4 + header : 4 + length].reshape(-1, 5)
        assert (found == objects[: len(found)]).all() and (objects[len(found) :] == -1).all()
