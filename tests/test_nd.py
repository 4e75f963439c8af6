"""`mx.nd`, compared with genuine MXNet; files, in-place operators, and the two faces side by side."""

from pathlib import Path
from typing import Any

import numpy as onp
import pytest
from expression_table import check_row, home_of, rows
from references import load
from test_operators_retired import TESTED_BELOW

import mxnet as mx
from mxnet import nd
from mxnet.operators import CATALOGUE, find


@pytest.mark.parametrize("name, expression, expected", rows("legacy.json"))
def test_agrees_with_genuine(name: str, expression: str, expected: dict[str, Any]) -> None:
    if not any(value for one in expected.get("grad", []) for value in (one or {}).get("values", [])):
        # MXNet gives zeros for what has no gradient (comparisons, places); here it is no part of the graph.
        expected = {key: value for key, value in expected.items() if key != "grad"}
    check_row(name, expression, expected, rtol=2e-5, atol=2e-6)


def test_every_operator_has_a_row() -> None:
    legacy = {op.name for op in CATALOGUE.values() if home_of(op).startswith("mxnet.operators.legacy")}
    tables = ("legacy.json", "neural.json", "retired.json")
    covered = {find(row[0]).name for table in tables for row in load(table) if row[0] != "methods"}
    assert legacy <= covered | TESTED_BELOW


def test_names_of_generated_modules() -> None:
    assert nd.op.FullyConnected(nd.ones((1, 2)), nd.ones((3, 2)), num_hidden=3, no_bias=True).shape == (1, 3)
    assert nd.contrib.div_sqrt_dim(nd.ones((1, 4))).asnumpy().tolist() == [[0.5] * 4]
    assert nd.linalg.potrf(nd.array([[4.0]])).asnumpy().tolist() == [[2]]


def test_results_keep_the_class() -> None:
    for value in (nd.ones(2) + 1, nd.ones(2) > 0, nd.ones(2).sum(), nd.ones((1, 2)).softmax(), nd.zeros(2)[0]):
        assert type(value) is nd.NDArray


def test_in_place_operators_write_to_the_array() -> None:
    array = nd.array([1, 2, 3], dtype="int32")
    same = array
    array += 1
    array *= 2.5
    assert array is same
    assert array.asnumpy().tolist() == [4, 6, 8]


def test_in_place_operators_are_refused_in_a_graph() -> None:
    array = nd.ones(2)
    array.attach_grad()
    with mx.autograd.record(), pytest.raises(mx.MXNetError, match="graph"):
        array += 1


def test_files_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "arrays"
    nd.save(path, {"a": nd.ones((2, 3)), "b": nd.array(3)})
    loaded = nd.load(path)
    assert list(loaded) == ["a", "b"] and loaded["a"].shape == (2, 3) and loaded["b"].shape == ()
    nd.save(path, [nd.ones(2), nd.zeros(1)])
    assert [array.shape for array in nd.load_frombuffer(path.read_bytes())] == [(2,), (1,)]
    nd.save(path, nd.ones(2))
    assert [type(array) for array in nd.load(path)] == [nd.NDArray]


def test_saving_arrays_of_the_other_face_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="savez"):
        nd.save(tmp_path / "file", [mx.np.ones(2)])
    with pytest.raises(ValueError, match="array"):
        nd.save(tmp_path / "file", [1])
    with pytest.raises(TypeError, match="bytes"):
        nd.load_frombuffer("text")
    assert not list(tmp_path.iterdir())


def test_empty_and_full_write_where_they_are_told() -> None:
    assert nd.empty((2, 3), dtype="int8").dtype == onp.int8
    out = nd.zeros(2)
    assert nd.full(2, 7, out=out) is out and out.asnumpy().tolist() == [7, 7]
    assert nd.zeros(2, ctx=mx.cpu(1)).ctx == mx.cpu(1)


def test_histogram_counts() -> None:
    counts, edges = nd.histogram(nd.array([0, 1, 2, 3, 4, 5]), 3)
    assert counts.asnumpy().tolist() == [2, 2, 2]
    onp.testing.assert_allclose(edges.asnumpy(), [0, 5 / 3, 10 / 3, 5], rtol=1e-6)


def test_cond_of_contrib_takes_functions_without_arguments() -> None:
    assert nd.contrib.cond(nd.array([0]), lambda: nd.ones(1), lambda: nd.zeros(1)).asscalar() == 0


def test_a_number_on_the_left_turns_the_comparison_around() -> None:
    array = nd.array([1, 2, 3])
    assert nd.greater(2, array).asnumpy().tolist() == [1, 0, 0]
    assert nd.lesser_equal(2, array).asnumpy().tolist() == [0, 1, 1]
    assert (2 > array).asnumpy().tolist() == [1, 0, 0]


def test_integers_do_not_divide_by_zero() -> None:
    with pytest.raises(mx.MXNetError, match="_div_scalar"):
        nd.array([1, 2], dtype="int32") / 0
