"""`mx.image` and the transforms against what genuine MXNet made of the same images, and their own promises."""

import json

import numpy as onp
import pytest
from references import REFERENCE, load

import mxnet as mx

from image_cases import DUMPS, HANDLES, ROWS, dump, evaluate, picture, rounds  # isort: skip  (found by `references`)

EXPECTED = onp.load(REFERENCE / "image.npz")
RECORD = load("image.json")
IMAGES = REFERENCE / "images"


def tolerance(row, dtype):
    """Integers are equal, but for cubic steps, which OpenCV rounds anew since 3.4, and hues, cut after rounding."""
    if dtype.kind != "u":
        return 1e-3 if "Resize" in row or "imresize" in row or "hue" in row else 1e-4
    return 1 if "hue" in row or row.startswith(("image.imresize", "T.Resize")) and "2)" in row else 0


@pytest.mark.parametrize("row", ROWS)
def test_row_equals_genuine(row):
    expected, found = EXPECTED[row], evaluate(mx, row)
    if expected.dtype.kind == "U":
        accepted = {"RuntimeError": {"RuntimeError", "MXNetError"}}.get(str(expected), {str(expected)})
        assert str(found) in accepted
        return
    assert found.dtype == expected.dtype, found
    assert found.shape == expected.shape
    onp.testing.assert_allclose(
        found.astype("float64"), expected.astype("float64"), rtol=1e-5, atol=tolerance(row, expected.dtype)
    )


@pytest.mark.parametrize("row", DUMPS)
def test_augmenters_describe_themselves_as_genuine(row):
    assert json.loads(json.dumps(dump(mx, row))) == RECORD["dumps"][row]


@pytest.mark.parametrize("handle", HANDLES)
def test_image_iter_rounds_equal_genuine(handle):
    assert rounds(mx, handle) == RECORD["rounds"][handle]


@pytest.mark.parametrize("name", ["text.png", "truncated.png", "missing.png"])
def test_errors_name_the_file(name):
    with pytest.raises(mx.MXNetError, match=name):
        mx.image.imread(IMAGES / name)


def test_image_iter_reads_lists(tmp_path):
    (tmp_path / "a.lst").write_text("0\t1\t2\tcolor.png\n7\t3\t4\tcolor.jpg\n\n")
    batches = mx.image.ImageIter(
        2, (3, 5, 6), label_width=2, path_imglist=tmp_path / "a.lst", path_root=IMAGES, dtype="int32"
    )
    assert batches.provide_data == [("data", (2, 3, 5, 6))]
    assert batches.provide_label == [("softmax_label", (2, 2))]
    batch = next(batches)
    assert batch.data[0].shape == (2, 3, 5, 6)
    assert batch.label[0].asnumpy().tolist() == [[1, 2], [3, 4]]
    assert batch.label[0].dtype == "int32"
    with pytest.raises(StopIteration):
        next(batches)


@pytest.mark.parametrize("line", ["0\tcolor.png", "a\t1\tcolor.png", "0\tx\tcolor.png", "0 1 color.png"])
def test_broken_list_is_named_by_line(tmp_path, line):
    (tmp_path / "a.lst").write_text(f"0\t1\tcolor.png\n{line}\n")
    with pytest.raises(mx.MXNetError, match=r"a\.lst, line 2"):
        mx.image.ImageIter(1, (3, 5, 6), path_imglist=tmp_path / "a.lst", path_root=IMAGES)


def test_image_iter_wants_labels_of_the_width_said():
    batches = mx.image.ImageIter(1, (3, 5, 6), label_width=2, imglist=[[1, "color.png"]], path_root=IMAGES)
    with pytest.raises(mx.MXNetError, match="label_width is 2"):
        next(batches)


def test_color_normalize_leaves_its_input():
    image = mx.np.array(picture(), dtype="float32")
    mx.image.color_normalize(image, mx.np.array([1.0, 2, 3]))
    assert (image.asnumpy() == picture()).all()


def test_color_normalize_as_the_model_zoo_page_shows_it():
    image = mx.np.array(picture(), dtype="uint8")
    mean, std = onp.array([0.485, 0.456, 0.406], "f4"), onp.array([0.229, 0.224, 0.225], "f4")
    found = mx.image.color_normalize(image.astype("float32") / 255, mean=mx.np.array(mean), std=mx.np.array(std))
    onp.testing.assert_allclose(found.asnumpy(), (picture() / onp.float32(255) - mean) / std, rtol=1e-5, atol=1e-6)


def test_legacy_arrays_stay_legacy():
    image = mx.np.array(picture(), dtype="uint8").as_nd_ndarray()
    for changed in (
        mx.image.imresize(image, 4, 4),
        mx.nd.image.to_tensor(image),
        mx.image.center_crop(image, (3, 3))[0],
    ):
        assert type(changed) is mx.nd.NDArray


def test_decode_into_an_array():
    out = mx.np.zeros((13, 17, 3), dtype="uint8")
    assert mx.image.imdecode((IMAGES / "color.png").read_bytes(), out=out) is out
    assert (out.asnumpy() == picture()).all()


def test_batch_describes_itself():
    batch = mx.io.DataBatch([mx.np.zeros((2, 3))], [mx.np.zeros(2)])
    assert str(batch) == "DataBatch: data shapes: [(2, 3)] label shapes: [(2,)]"
    with pytest.raises(AssertionError, match="list of NDArrays"):
        mx.io.DataBatch(mx.np.zeros((2, 3)))
    description = mx.io.DataDesc("data", (2, 3), "float16", "NC")
    assert (description, description.dtype, description.layout) == (("data", (2, 3)), "float16", "NC")
    assert mx.io.DataDesc.get_batch_axis("TNC") == 1
    assert mx.io.DataDesc.get_list([("a", (1,))], [("a", "int8")])[0].dtype == "int8"
