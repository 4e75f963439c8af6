"""Operators that rearrange, join, edit and index arrays, against genuine MXNet and NumPy."""

from typing import Any

import numpy as onp
import pytest
from expression_table import called_operators, check_row, operators_of, rows
from hypothesis import given
from hypothesis import strategies as st
from references import load

import mxnet as mx
from mxnet.operators import editing, indexing, joining, shape

TABLE = "numpy_shape.json"

# Where genuine MXNet is plainly wrong: the gradient is not that of the function it computes.
WRONG_GRADIENTS = {
    "np.rot90(x(2, 3))",
    "np.rot90(x(2, 3), -1, (1, 0))",
    "np.repeat(x(2, 3), 2)",
    "np.repeat(x(2, 3), 2, axis=1)",
    "np.repeat(x(2, 3), [1, 2], axis=0)",
    "np.repeat(x(2, 3), [1, 0, 2], axis=1)",
    "np.repeat(x(2), [3, 1])",
    "npx.gather_nd(x(2, 3), i([[0, -1]]))",
}
# What genuine MXNet refuses or gets wrong and this package computes as NumPy does.
LIKE_NUMPY = {
    "np.insert(x(4), slice(None, None, 2), 7.0)",
    "np.insert(x(4), np.array([1, 2], dtype='int64'), 7.0)",
    "np.repeat(x(2, 3), 0, axis=0)",
}


@pytest.mark.parametrize("name, expression, expected", rows(TABLE, LIKE_NUMPY))
def test_agrees_with_genuine(name: str, expression: str, expected: dict[str, Any]) -> None:
    if expression in WRONG_GRADIENTS:
        expected = {"out": expected["out"]}
    check_row(name, expression, expected)


def test_every_operator_has_a_row_that_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = operators_of(editing, indexing, joining, shape)
    assert names <= {name for name, _, _ in load(TABLE)}
    assert called_operators(monkeypatch, [expression for _, expression, _ in load(TABLE)], names) == names


VECTOR = onp.array([5.0, 6.0, 7.0, 8.0], dtype="float32")


@pytest.mark.parametrize(
    "function",
    [
        lambda np, a: np.insert(a, slice(None, None, 2), 7.0),
        lambda np, a: np.insert(a, np.array([1, 2], dtype="int64"), 7.0),
        lambda np, a: np.insert(a, [0, 4, -1], [1.0, 2.0, 3.0]),
        lambda np, a: np.insert(a, np.array([2], dtype="int64"), [1.0, 2.0]),
        lambda np, a: np.delete(a, [0, 2]),
        lambda np, a: np.delete(a, np.array([True, False, False, True], dtype=bool)),
        lambda np, a: np.repeat(a, 0),
        lambda np, a: np.repeat(np.reshape(a, (2, 2)), 0, axis=0),
        lambda np, a: np.pad(a, 1),
        lambda np, a: np.pad(np.reshape(a, (2, 2)), [(0, 1), (2, 0)], mode="edge"),
        lambda np, a: np.resize(a, (3, 3)),
        lambda np, a: np.take_along_axis(np.reshape(a, (2, 2)), np.array([1, 3], dtype="int64"), None),
        lambda np, a: np.take_along_axis(np.reshape(a, (2, 2)), np.array([[1], [0]], dtype="int64"), 1),
        lambda np, a: np.split(a, [1, 1, 3])[1],
        lambda np, a: np.split(a, [])[0],
        lambda np, a: np.intersect1d(a, np.array([8.0, 5.0, 1.0]), return_indices=True)[2],
        lambda np, a: np.setxor1d(a, np.array([8.0, 5.0, 1.0])),
        lambda np, a: np.union1d(a, np.array([8.0, 5.0, 1.0])),
        lambda np, a: np.setdiff1d(a, np.array([8.0, 5.0, 1.0])),
        lambda np, a: np.isin(np.reshape(a, (2, 2)), [8.0, 5.0], invert=True),
        lambda np, a: a[np.ix_([0, 3])],
        lambda np, a: np.reshape(a, (2, 2))[np.ix_([1, 0], [True, False])],
        lambda np, a: np.choose(np.array([0, 1, 3, -1], dtype="int64"), [a, -a], mode="wrap"),
        lambda np, a: np.choose(np.array([0, 1, 3, -1], dtype="int64"), [a, -a], mode="clip"),
        lambda np, a: np.unravel_index(np.array([3, 11], dtype="int64"), (3, 4))[0],
    ],
    ids=lambda function: None,
)  # fmt: skip
def test_agrees_with_numpy(function: Any) -> None:
    expected = function(onp, VECTOR)
    found = function(mx.np, mx.np.array(VECTOR))
    assert found.shape == expected.shape
    onp.testing.assert_array_equal(found.asnumpy(), expected)


@pytest.mark.parametrize("function", ["rot90", "repeat"])
def test_gradients_that_genuine_gets_wrong(function: str) -> None:
    x = mx.np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    weights = onp.arange(12.0, dtype="float32")
    x.attach_grad()
    with mx.autograd.record():
        y = mx.np.rot90(x) if function == "rot90" else mx.np.repeat(x, 2, axis=1)
        weight = weights[: y.size].reshape(y.shape)
        loss = (y * mx.np.array(weight)).sum()
    loss.backward()
    expected = onp.rot90(weight, -1) if function == "rot90" else weight.reshape(2, 3, 2).sum(2)
    onp.testing.assert_array_equal(x.grad.asnumpy(), expected)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: mx.np.reshape(x, (3, 2)),
        lambda x: mx.npx.reshape(x, (-4,)),
        lambda x: mx.np.transpose(x),
        lambda x: mx.np.squeeze(x),
        lambda x: mx.np.expand_dims(x, 0),
        lambda x: mx.np.split(x, 1)[0],
        lambda x: mx.np.diagonal(x),
        lambda x: mx.np.broadcast_to(x, (2, 3)),
        lambda x: mx.np.rot90(x, 0),
        lambda x: mx.np.atleast_2d(x),
        lambda x: mx.np.ravel(x),
        lambda x: mx.npx.slice(x, begin=(0,), end=(1,)),
        lambda x: mx.np.concatenate([x]),
        lambda x: mx.np.take(x, mx.np.array([0, 1], dtype="int32"), axis=0),
    ],
    ids=lambda function: None,
)  # fmt: skip
def test_results_share_no_memory_with_the_input(function: Any) -> None:
    x = mx.np.ones((2, 3))
    y = function(x)
    y[...] = 5
    assert x.asnumpy().tolist() == [[1, 1, 1], [1, 1, 1]]


def test_out_is_written_and_returned() -> None:
    out = mx.np.zeros((3, 2))
    assert mx.np.reshape(mx.np.arange(6), (3, 2), out=out) is out
    assert out.asnumpy().tolist() == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(mx.MXNetError, match="shape"):
        mx.np.concatenate([mx.np.zeros(2)], out=out)


def test_errors_say_what_was_given() -> None:
    with pytest.raises(mx.MXNetError, match=r"\(2, 3\) by \(-5, -2\): no dimension is left for -2"):
        mx.npx.reshape(mx.np.ones((2, 3)), (-5, -2))
    with pytest.raises(mx.MXNetError, match=r"arg0=float32\[2, 2\], arg1=float32\[2, 3\]"):
        mx.np.concatenate([mx.np.ones((2, 2)), mx.np.ones((2, 3))])
    with pytest.raises(IndexError, match="index 9 is out of bounds for axis 1 with size 3"):
        mx.npx.gather_nd(mx.np.ones((2, 3)), mx.np.array([[0], [9]]))


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda np, a: np.concatenate([a, None]), mx.MXNetError),
        (lambda np, a: np.insert(a, None, 1), mx.MXNetError),
        (lambda np, a: np.fill_diagonal([[1]], 1), TypeError),
        (lambda np, a: np.reshape(a, "x"), mx.MXNetError),
        (lambda np, a: np.split(a, "x"), mx.MXNetError),
        (lambda np, a: np.roll(a, None), mx.MXNetError),
        (lambda np, a: np.take(a, "x"), mx.MXNetError),
        (lambda np, a: np.tile(a, (10**6, 10**6)), mx.MXNetError),
        (lambda np, a: np.where(a, a), ValueError),
    ],
)
def test_wrong_arguments(call: Any, error: type[Exception]) -> None:
    a = mx.np.ones((2, 3))
    with pytest.raises(error):
        call(mx.np, a)
    assert a.asnumpy().tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize("dtype", ["float16", "bool", "uint8", "int64", "bfloat16"])
def test_every_type_is_moved_about(dtype: str) -> None:
    x = mx.np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype)
    for y in (
        mx.np.transpose(x), mx.np.concatenate([x, x]), mx.np.pad(x, 1), mx.np.flip(x), mx.np.roll(x, 1), mx.np.tril(x),
        mx.np.repeat(x, 2), mx.np.tile(x, 2), mx.np.where(x, x, x), mx.np.take(x, mx.np.array([0]), axis=1),
        mx.np.insert(x, 1, 1), mx.np.delete(x, 1), mx.np.pad(x, 1, mode="edge"), mx.np.diag(x),
    ):  # fmt: skip
        assert y.dtype == x.dtype


SHAPES = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)


def _numbers(shape: tuple[int, ...], start: int = 0) -> onp.ndarray:
    return (onp.arange(onp.prod(shape, dtype=int)) + start).reshape(shape).astype("float32")


@given(SHAPES, st.data())
def test_concatenate_and_stack_as_numpy(shape: tuple[int, ...], data: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    parts = []
    for size in sizes:
        part = list(shape)
        part[axis] = size
        parts.append(_numbers(tuple(part), len(parts)))
    arrays = [mx.np.array(part) for part in parts]
    onp.testing.assert_array_equal(mx.np.concatenate(arrays, axis).asnumpy(), onp.concatenate(parts, axis))
    twins = [_numbers(shape), _numbers(shape, 7)]
    stacked = mx.np.stack([mx.np.array(twin) for twin in twins], axis)
    onp.testing.assert_array_equal(stacked.asnumpy(), onp.stack(twins, axis))


@given(SHAPES, st.data())
def test_splits_as_numpy_and_concatenate_undoes_it(shape: tuple[int, ...], data: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    values = _numbers(shape)
    where = data.draw(
        st.integers(1, 4) | st.lists(st.integers(0, shape[axis]), max_size=3).map(lambda places: tuple(sorted(places)))
    )
    parts = mx.np.array_split(mx.np.array(values), where, axis)
    for part, expected in zip(parts, onp.array_split(values, where, axis), strict=True):
        assert part.shape == expected.shape
        onp.testing.assert_array_equal(part.asnumpy(), expected)
    onp.testing.assert_array_equal(mx.np.concatenate(parts, axis).asnumpy(), values)


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["constant", "edge", "reflect", "symmetric", "maximum", "minimum"]),
    st.data(),
)
def test_pads_as_numpy(shape: tuple[int, ...], mode: str, data: Any) -> None:
    width = [tuple(data.draw(st.tuples(st.integers(0, 4), st.integers(0, 4)))) for _ in shape]
    values = _numbers(shape)
    found = mx.np.pad(mx.np.array(values), tuple(width), mode=mode)
    onp.testing.assert_array_equal(found.asnumpy(), onp.pad(values, width, mode=mode))


@given(SHAPES, st.data())
def test_tile_roll_and_flip_as_numpy(shape: tuple[int, ...], data: Any) -> None:
    values = _numbers(shape)
    array = mx.np.array(values)
    reps = data.draw(st.lists(st.integers(0, 3), max_size=4).map(tuple))
    onp.testing.assert_array_equal(mx.np.tile(array, reps).asnumpy(), onp.tile(values, reps))
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    shift = data.draw(st.integers(-5, 5))
    onp.testing.assert_array_equal(mx.np.roll(array, shift, axis).asnumpy(), onp.roll(values, shift, axis))
    onp.testing.assert_array_equal(mx.np.flip(array, axis).asnumpy(), onp.flip(values, axis))


@given(st.lists(st.integers(0, 4), max_size=8), st.lists(st.integers(0, 4), max_size=8))
def test_sets_as_numpy(first: list[int], second: list[int]) -> None:
    one, other = onp.array(first, dtype="int32"), onp.array(second, dtype="int32")
    arrays = mx.np.array(one, dtype="int32"), mx.np.array(other, dtype="int32")
    for name in ("union1d", "intersect1d", "setdiff1d", "setxor1d", "isin"):
        found, expected = getattr(mx.np, name)(*arrays), getattr(onp, name)(one, other)
        onp.testing.assert_array_equal(found.asnumpy(), expected, err_msg=name)
    found = mx.np.unique(arrays[0], True, True, True)
    for part, expected in zip(found, onp.unique(one, True, True, True), strict=True):
        onp.testing.assert_array_equal(part.asnumpy(), expected)
