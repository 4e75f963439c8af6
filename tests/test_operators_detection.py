"""Operators of object detection, compared with genuine MXNet, and with plain loops written in NumPy."""

import inspect
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as onp
import pytest
import torch
from expression_table import check_row, home_of, rows
from hypothesis import given
from hypothesis import strategies as st
from references import load

import mxnet as mx
from mxnet import nd, np, npx
from mxnet.operators import CATALOGUE, find
from mxnet.operators.detection import _greedy, _sampling

nan, inf = onp.nan, onp.inf


@pytest.fixture(autouse=True)
def fixed_torch_seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("name, expression, expected", rows("detection.json"))
def test_agrees_with_genuine(name: str, expression: str, expected: dict[str, Any]) -> None:
    check_row(name, expression, expected, rtol=5e-5, atol=2e-5)


def test_every_operator_has_a_row() -> None:
    detection = {op.name for op in CATALOGUE.values() if home_of(op).startswith("mxnet.operators.detection")}
    assert detection == {find(row[0]).name for row in load("detection.json")}


@pytest.mark.parametrize(
    "name, attributes",
    [
        ("box_nms", "data overlap_thresh valid_thresh topk coord_start score_index id_index background_id "
         "force_suppress in_format out_format"),
        ("box_iou", "lhs rhs format"),
        ("bipartite_matching", "data is_ascend threshold topk"),
        ("box_encode", "samples matches anchors refs means stds"),
        ("box_decode", "data anchors std0 std1 std2 std3 clip format"),
        ("multibox_prior", "data sizes ratios clip steps offsets"),
        ("multibox_target", "anchor label cls_pred overlap_threshold ignore_label negative_mining_ratio "
         "negative_mining_thresh minimum_negative_samples variances"),
        ("multibox_detection", "cls_prob loc_pred anchor clip threshold background_id nms_threshold force_suppress "
         "variances nms_topk"),
    ],
)  # fmt: skip
def test_functions_have_the_parameters_of_genuine(name: str, attributes: str) -> None:
    assert list(inspect.signature(getattr(npx, name)).parameters) == [*attributes.split(), "out", "name"]


# Plain loops

# Numbers with few digits: boxes touch, coincide and have no area, and scores are equal.
numbers = st.integers(-3, 6).map(lambda number: number / 4)
boxes = arrays.arrays("float32", st.tuples(st.integers(0, 6), st.just(4)), elements=numbers)


def area(box: onp.ndarray) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def overlap(a: onp.ndarray, b: onp.ndarray) -> float:
    shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    union = area(a) + area(b) - shared
    return shared / union if union > 0 else 0.0


@given(boxes, boxes)
def test_box_iou_is_what_a_loop_finds(first: onp.ndarray, second: onp.ndarray) -> None:
    expected = [[overlap(a, b) for b in second] for a in first]
    found = npx.box_iou(np.array(first), np.array(second)).asnumpy()
    onp.testing.assert_allclose(found, onp.reshape(expected, (len(first), len(second))), rtol=1e-6)


def plain_nms(
    data: onp.ndarray, threshold: float, valid: float, topk: int, by_class: bool, background: int = -1
) -> onp.ndarray:
    """Rows of class, score and corners."""
    left = [row for row in data if row[1] > valid and not (by_class and row[0] == background)]
    left.sort(key=lambda row: -row[1])
    left = left[: topk if topk > 0 else None]
    kept = []
    for row in left:
        rivals = [other for other in kept if not by_class or int(other[0]) == int(row[0])]
        if not any(overlap(other[2:], row[2:]) > threshold for other in rivals):
            kept.append(row)
    return onp.array(kept + [onp.full(6, -1.0)] * (len(data) - len(kept)), "float32").reshape(-1, 6)


@given(
    arrays.arrays("float32", st.tuples(st.integers(0, 12), st.just(6)), elements=numbers),
    st.sampled_from([0.0, 0.3, 0.7]),
    st.sampled_from([-1.0, 0.0, 0.5]),
    st.sampled_from([-1, 3, 100]),
    st.booleans(),
)
def test_box_nms_is_what_a_loop_finds(
    data: onp.ndarray, threshold: float, valid: float, topk: int, by_class: bool
) -> None:
    found = npx.box_nms(np.array(data), threshold, valid, topk, id_index=0 if by_class else -1)
    onp.testing.assert_array_equal(found.asnumpy(), plain_nms(data, threshold, valid, topk, by_class))


def random_boxes(*shape: int) -> onp.ndarray:
    corners = onp.random.rand(*shape, 2)
    return onp.concatenate([corners, corners + 0.2 * onp.random.rand(*shape, 2)], -1).astype("float32")


def test_box_nms_of_more_boxes_than_are_compared_at_once() -> None:
    data = onp.concatenate([onp.random.randint(0, 3, (2, 900, 1)), onp.random.rand(2, 900, 1)], -1)
    data = onp.concatenate([data, random_boxes(2, 900)], -1).astype("float32")
    found = npx.box_nms(np.array(data), 0.4, 0.1, id_index=0).asnumpy()
    for rows_found, given_rows in zip(found, data, strict=True):
        expected = plain_nms(given_rows, 0.4, 0.1, -1, True)
        assert 256 < (expected[:, 1] > 0).sum() < 800
        onp.testing.assert_array_equal(rows_found, expected)


@given(arrays.arrays("float32", st.tuples(st.integers(0, 5), st.integers(0, 5)), elements=numbers), st.booleans())
def test_bipartite_matching_is_what_a_loop_finds(scores: onp.ndarray, ascending: bool) -> None:
    threshold = 0.25
    rows_found, columns_found = npx.bipartite_matching(np.array(scores), ascending, threshold)
    expected = onp.full(scores.shape[0], -1.0), onp.full(scores.shape[1], -1.0)
    order = (scores if ascending else -scores).ravel().argsort(kind="stable")
    for row, column in zip(*onp.unravel_index(order, scores.shape), strict=True):
        good = scores[row, column] < threshold if ascending else scores[row, column] > threshold
        if good and expected[0][row] < 0 and expected[1][column] < 0:
            expected[0][row], expected[1][column] = column, row
    onp.testing.assert_array_equal(rows_found.asnumpy(), expected[0])
    onp.testing.assert_array_equal(columns_found.asnumpy(), expected[1])


# Values that are no numbers, and nothing at all


def test_numbers_that_are_not_finite_remove_nothing() -> None:
    data = [[0, 0.5, nan, 0, 1, 1], [0, nan, 0, 0, 1, 1], [0, 0.4, 0, 0, 1, 1], [0, 0.3, 0, 0, inf, inf]]
    found = npx.box_nms(np.array(data), 0.1).asnumpy()
    onp.testing.assert_allclose(found[:, 1], [0.5, 0.4, 0.3, -1], rtol=1e-6)
    rows_found, _ = npx.bipartite_matching(np.array([[nan, 1.0], [2.0, nan]]), threshold=0)
    assert rows_found.asnumpy().tolist() == [1, 0]
    scores = np.array([[[0.1, 0.1], [nan, 0.8]]])
    found = npx.multibox_detection(scores, np.zeros((1, 8)), np.array([[[0, 0, 1, 1], [0, 0, 0.5, 0.5]]]))
    onp.testing.assert_allclose(found.asnumpy()[0], [[0, 0.8, 0, 0, 0.5, 0.5], [-1] * 6], rtol=1e-6)


def test_a_target_that_asks_for_more_negatives_than_there_are_gets_those() -> None:
    anchors = np.array([[[0, 0, 1, 1], [0, 0, 0.5, 1], [0, 0, 0.3, 1]]])
    label = np.array([[[0, 0, 0, 1, 1.0]]])
    _, _, classes = npx.multibox_target(
        anchors, label, np.zeros((1, 2, 3)), negative_mining_ratio=2, negative_mining_thresh=0.4
    )
    assert classes.asnumpy().tolist() == [[1, -1, 0]]


def test_proposals_of_a_map_that_is_smaller_than_its_image() -> None:
    regions = nd.contrib.Proposal(
        nd.ones((1, 2, 2, 2)), nd.zeros((1, 4, 2, 2)), nd.array([[90, 90, 1]]), scales=(2,), ratios=(1,),
        rpn_post_nms_top_n=1, rpn_min_size=1,
    )  # fmt: skip
    assert regions.asnumpy().tolist() == [[0, 0, 0, 23, 23]]


@pytest.mark.parametrize("options", [{"transform_type": "affine", "target_shape": (1, 3)}, {"transform_type": "warp"}])
def test_grids_one_pixel_high_are_finite(options: dict[str, Any]) -> None:
    data = nd.array([[1, 0, 0, 0, 1, 0]]) if "target_shape" in options else nd.zeros((1, 2, 1, 3))
    grid = nd.GridGenerator(data, **options)
    assert grid.asnumpy().tolist() == [[[[-1, 0, 1]], [[-1, -1, -1]]]]
    assert nd.BilinearSampler(nd.array([[[[1, 2, 3]]]]), grid).asnumpy().tolist() == [[[[1, 2, 3]]]]


@pytest.mark.parametrize("number", [-1, 2, nan])
@pytest.mark.parametrize("name", ["ROIPooling", "_contrib_ROIAlign"])
def test_regions_of_images_that_are_not_there_are_zeros(name: str, number: float) -> None:
    data = torch.ones(2, 3, 4, 4, requires_grad=True)
    rois = torch.tensor([[number, 0, 0, 2.0, 2], [1, 0, 0, 2, 2]])
    found = find(name)(data, rois, pooled_size=(2, 2), spatial_scale=1)
    assert found[0].eq(0).all() and found[1].eq(1).all()
    found.sum().backward()
    assert data.grad[0].eq(0).all() and data.grad[1].sum() == found[1].numel()


EMPTY = {
    "no regions": lambda: nd.contrib.ROIAlign(nd.ones((1, 2, 3, 3)), no_rows(5), pooled_size=(2, 2), spatial_scale=1),
    "no regions to pool": lambda: nd.ROIPooling(nd.ones((1, 2, 3, 3)), no_rows(5), pooled_size=(2, 2), spatial_scale=1),
    "no regions to turn": lambda: nd.contrib.RROIAlign(
        nd.ones((1, 2, 3, 3)), no_rows(6), pooled_size=(2, 2), spatial_scale=1
    ),
    "no regions with groups": lambda: nd.contrib.PSROIPooling(
        nd.ones((1, 8, 3, 3)), no_rows(5), pooled_size=2, spatial_scale=1, output_dim=2
    ),
    "no boxes": lambda: npx.box_iou(np.zeros((0, 4)), np.zeros((3, 4))),
    "no images": lambda: npx.multibox_target(np.zeros((1, 2, 4)), np.zeros((0, 1, 5)), np.zeros((0, 2, 2)))[0],
    "no references": lambda: npx.box_encode(
        np.ones((0, 2)), np.ones((0, 2)), np.ones((0, 2, 4)), np.ones((0, 0, 4)), np.ones(4), np.ones(4)
    )[0],
    "no places": lambda: nd.BilinearSampler(nd.ones((1, 1, 2, 2)), np.ones((1, 2, 0, 3)).as_nd_ndarray()),
}


def no_rows(columns: int) -> nd.NDArray:
    return np.zeros((0, columns)).as_nd_ndarray()


@pytest.mark.parametrize("call", EMPTY.values(), ids=list(EMPTY))
def test_empty_arrays_pass(call: Any) -> None:
    assert call().size == 0


def test_boxes_without_references_do_not_count() -> None:
    targets, masks = npx.box_encode(
        np.ones((1, 2)), np.zeros((1, 2)), np.ones((1, 2, 4)), np.ones((1, 0, 4)), np.zeros(4), np.ones(4)
    )
    assert not targets.any() and not masks.any()


# Regions


@pytest.mark.parametrize("options", [{}, {"sample_ratio": 2}, {"aligned": True}, {"position_sensitive": True}], ids=str)
def test_regions_are_pooled_each_by_itself(options: dict[str, Any]) -> None:
    data = torch.randn(2, 8, 6, 7, dtype=torch.float64, requires_grad=True)
    start = torch.rand(150, 2, dtype=torch.float64) * 4
    rois = torch.cat((torch.randint(0, 2, (150, 1)), start, start + torch.rand(150, 2) * 4), 1)

    def pooled(some: torch.Tensor) -> torch.Tensor:
        return find("_contrib_ROIAlign")(data, some, pooled_size=(2, 2), spatial_scale=0.9, **options)

    found = pooled(rois)
    torch.testing.assert_close(found, torch.cat([pooled(roi) for roi in rois.split(1)]))
    weights = torch.randn(found.shape, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(found, data, weights)
    # What a linear function gives, times the weights, is the data times the gradient.
    torch.testing.assert_close((gradient * data).sum(), (found * weights).sum())
    largest = find("ROIPooling")(data, rois, pooled_size=(2, 2), spatial_scale=0.9)
    one_by_one = [find("ROIPooling")(data, roi, pooled_size=(2, 2), spatial_scale=0.9) for roi in rois.split(1)]
    torch.testing.assert_close(largest, torch.cat(one_by_one))


def test_gradients_agree_with_differences() -> None:
    data = torch.randn(1, 4, 4, 5, dtype=torch.float64, requires_grad=True)
    rois = torch.tensor([[0, 0.3, 0.2, 3.1, 2.9], [0, 2, 1, 4, 3]], dtype=torch.float64)
    turned = torch.tensor([[0, 2, 2, 3, 2, 30]], dtype=torch.float64)
    moves = torch.rand(2, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    options = {"pooled_size": (2, 2), "spatial_scale": 1}
    groups = {"pooled_size": 2, "group_size": 2, "spatial_scale": 1, "output_dim": 1}
    check = torch.autograd.gradcheck
    assert check(lambda x: find("_contrib_ROIAlign")(x, rois, **options), data)
    assert check(lambda x: find("_contrib_RROIAlign")(x, turned, **options), data)
    assert check(lambda x: find("ROIPooling")(x, rois, **options), data)
    assert check(lambda x: find("_contrib_PSROIPooling")(x, rois, **groups), data)
    deformable = find("_contrib_DeformablePSROIPooling")
    assert check(lambda x, y: deformable(x, rois, y, trans_std=0.1, sample_per_part=2, **groups), (data, moves))


def test_box_nms_has_the_gradient_of_a_change_of_format() -> None:
    data = torch.rand(5, 6, dtype=torch.float64, requires_grad=True)
    nms = find("_contrib_box_nms")
    for given_format, wanted in (("center", "corner"), ("corner", "center")):
        assert torch.autograd.gradcheck(lambda x: nms(x, in_format=given_format, out_format=wanted), data)  # noqa: B023


# Graphs


ROIS = torch.tensor([[0, 0, 0, 4.0, 4], [1, 1, 2, 5, 3]])

# Inputs by their shapes, or as they are, and attributes.
GRAPHS = {
    "_contrib_box_nms": ([(2, 9, 6)], {"id_index": 0, "in_format": "center"}),
    "_contrib_bipartite_matching": ([(2, 3, 4)], {"threshold": 0.1}),
    "_contrib_MultiBoxTarget": ([(1, 6, 4), (2, 2, 5), (2, 3, 6)], {"negative_mining_ratio": 2}),
    "_contrib_MultiBoxDetection": ([(2, 3, 6), (2, 24), (1, 6, 4)], {"nms_topk": 4}),
    "_contrib_MultiProposal": (
        [(2, 2, 3, 4), (2, 4, 3, 4), torch.full((2, 3), 40.0)],
        {"scales": (2,), "ratios": (1,), "rpn_post_nms_top_n": 5, "output_score": True},
    ),
    "ROIPooling": ([(2, 4, 5, 6), ROIS], {"pooled_size": (2, 2), "spatial_scale": 1}),
    "_contrib_ROIAlign": ([(2, 4, 5, 6), ROIS], {"pooled_size": (2, 2), "spatial_scale": 1}),
    "_contrib_PSROIPooling": ([(2, 4, 5, 6), ROIS], {"pooled_size": 2, "spatial_scale": 1, "output_dim": 1}),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_what_hangs_on_values_is_one_call_in_a_graph(name: str) -> None:
    given_inputs, attributes = GRAPHS[name]
    inputs = [torch.rand(value) if isinstance(value, tuple) else value for value in given_inputs]
    body, attributes = find(name).body, find(name).canonical(attributes)
    torch._dynamo.reset()
    compiled = torch.compile(lambda *tensors: body(*tensors, **attributes), backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(*inputs), body(*inputs, **attributes))


def test_calls_say_what_they_do_to_shapes_and_gradients() -> None:
    data = torch.randn(2, 4, 5, 6)
    torch.library.opcheck(_greedy.suppress, (torch.rand(2, 9, 4), None, torch.rand(2, 9) > 0.3, 0.5, 0.0, False))
    torch.library.opcheck(_greedy.match, (torch.rand(2, 3, 4), 0.2, 2))
    torch.library.opcheck(_sampling.largest, (data, ROIS, [2, 3], 1.0))
    torch.library.opcheck(_sampling.average, (data.requires_grad_(), ROIS, [2, 2], 1.0, 0, True, False))


class Detector(mx.gluon.HybridBlock):
    """A head that chooses boxes, and features read from where they are."""

    def __init__(self) -> None:
        super().__init__()
        self.features = mx.gluon.nn.Conv2D(4, 3, padding=1)

    def forward(self, data: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = npx.box_nms(rows, 0.3, in_format="center", out_format="corner", topk=4)
        rois = np.concatenate([np.zeros((4, 1)), 8 * found[0, :4, 2:6]], axis=1)
        return found, npx.roi_pooling(self.features(data), rois, (2, 2), 1)


def test_hybridized_networks_detect_the_same() -> None:
    net = Detector()
    net.initialize()
    data, rows = np.random.normal(size=(1, 3, 8, 8)), np.random.uniform(size=(1, 9, 6))
    expected = net(data, rows)
    net.hybridize()
    for _ in range(2):
        for one, other in zip(net(data, rows), expected, strict=True):
            onp.testing.assert_allclose(one.asnumpy(), other.asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: npx.box_nms(np.ones((2, 6)), score_index=3), ["score_index=3", "coord_start=2"]),
        (lambda: npx.box_iou(np.ones((2, 5)), np.ones((2, 4))), ["lhs", "(2, 5)"]),
        (lambda: npx.multibox_prior(np.ones((1, 1, 2, 2)), steps=(1, -1)), ["steps=(1.0, -1.0)"]),
        (lambda: npx.multibox_detection(np.ones((1, 2, 3)), np.ones((1, 8)), np.ones((1, 3, 4))), ["(1, 8)", "4 * a"]),
        (lambda: nd.contrib.ROIAlign(nd.ones((1, 1, 4, 4)), nd.ones((1, 4)), pooled_size=(1, 1), spatial_scale=1),
         ["ROIAlign", "(1, 4)", "(regions, 5)"]),
        (lambda: nd.ROIPooling(nd.ones((1, 1, 4, 4)), nd.ones((1, 5)), pooled_size=(1, 1), spatial_scale=16),
         ["spatial_scale=16.0", "between 0 and 1"]),
        (lambda: nd.contrib.Proposal(nd.ones((1, 6, 2, 2)), nd.ones((1, 12, 2, 2)), nd.ones((1, 3))), ["24", "12"]),
        (lambda: nd.contrib.PSROIPooling(nd.ones((1, 7, 4, 4)), nd.ones((1, 5)), pooled_size=2, spatial_scale=1,
                                         output_dim=2), ["8 channels", "not 7"]),
        (lambda: nd.contrib.DeformablePSROIPooling(nd.ones((1, 8, 4, 4)), nd.ones((1, 5)), pooled_size=2,
                                                   spatial_scale=1, output_dim=2, group_size=2), ["no_trans=True"]),
    ],
)  # fmt: skip
def test_errors_say_what_was_given_and_what_is_taken(call: Any, words: list[str]) -> None:
    with pytest.raises(mx.MXNetError) as error:
        call()
    for word in words:
        assert word in str(error.value)
