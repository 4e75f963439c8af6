"""Reading and writing parts of arrays: NumPy's rules, MXNet's views and copies, gradients, errors."""

from typing import Any

import numpy as onp
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mxnet as mx

SHAPE = (3, 4, 2)


def _values(shape: tuple[int, ...] = SHAPE) -> onp.ndarray:
    return onp.arange(onp.prod(shape, dtype=int), dtype="float32").reshape(shape)


def _ours(key: Any) -> Any:
    """A key with its NumPy arrays as ours."""
    if isinstance(key, tuple):
        return tuple([_ours(item) for item in key])
    return mx.np.array(key, dtype=key.dtype) if isinstance(key, onp.ndarray) else key


def _agree(values: onp.ndarray, key: Any) -> None:
    """Reading and writing with a key do what they do in NumPy, in value or in refusal."""
    array = mx.np.array(values)
    try:
        expected = values[key]
    except IndexError:
        with pytest.raises(IndexError):
            array[_ours(key)]
        with pytest.raises(IndexError):
            array[_ours(key)] = 1
        return
    found = array[_ours(key)]
    assert found.shape == expected.shape
    onp.testing.assert_array_equal(found.asnumpy(), expected)
    for value in (onp.float32(-1), -_values(expected.shape) - 1):
        written, twin = mx.np.array(values), values.copy()
        written[_ours(key)] = mx.np.array(value)
        twin[key] = value
        if not _names_twice(values, key):  # which of several values stays is nobody's promise
            onp.testing.assert_array_equal(written.asnumpy(), twin)


def _names_twice(values: onp.ndarray, key: Any) -> bool:
    places = onp.arange(values.size).reshape(values.shape)[key]
    return onp.unique(places).size != onp.size(places)


@given(hnp.basic_indices(SHAPE, allow_newaxis=True, allow_ellipsis=True))
def test_basic_keys_as_numpy(key: Any) -> None:
    _agree(_values(), key)


@given(st.data())
def test_keys_with_arrays_as_numpy(data: Any) -> None:
    shape = data.draw(hnp.broadcastable_shapes((2, 2), max_dims=2, min_side=1, max_side=2))

    def index(size: int) -> st.SearchStrategy[Any]:
        within = st.integers(-size, size - 1)
        slices = st.slices(size).filter(lambda part: len(range(*part.indices(size))))  # torch checks no empty part
        return within | slices | hnp.arrays("int64", shape, elements=within)

    items = [data.draw(index(size)) for size in SHAPE[: data.draw(st.integers(1, 3))]]
    if data.draw(st.booleans()):
        items.insert(data.draw(st.integers(0, len(items))), data.draw(st.sampled_from([None, Ellipsis])))
    _agree(_values(), tuple(items))


@given(st.integers(1, 3), st.data())
def test_masks_as_numpy(dimensions: int, data: Any) -> None:
    mask = data.draw(hnp.arrays(bool, SHAPE[:dimensions]))
    _agree(_values(), mask)
    if dimensions == 1:
        _agree(_values(), (mask, data.draw(st.integers(0, 3))))
        _agree(_values(), (Ellipsis, data.draw(hnp.arrays(bool, SHAPE[-1:]))))


@pytest.mark.parametrize(
    "shape, key",
    [
        ((), ()),
        ((), ...),
        ((), None),
        ((), (None, ..., None)),
        ((), 0),
        ((0, 3), slice(0, 1)),
        ((0, 3), (slice(None), 1)),
        ((0, 3), 0),
        ((0, 3), onp.zeros(0, "int64")),
        ((0, 3), slice(None, None, -1)),
        ((2, 3), (0, 0, 0)),
        ((2, 3), 2),
        ((2, 3), -3),
        ((2, 3), (slice(None), 3)),
        ((2, 3), onp.array([0, 2])),
        ((2, 3), onp.array([True, False, True])),
        ((2, 3), (Ellipsis, 0, Ellipsis)),
        ((2, 3), (onp.array([0, 1]), onp.array([0, 1, 2]))),
        ((2, 3), True),
        ((2, 3), False),
        ((2, 3), (True, 0)),
        ((2, 3), (slice(None, None, -2), slice(None, None, -1))),
        ((2, 3), (slice(1, 0, -1), None, slice(5, None, -2))),
        ((2, 3), (slice(None, None, -1), onp.array([0, 2]))),
        (SHAPE, (slice(None), 0, Ellipsis, onp.array([0, 1]))),
        (SHAPE, (slice(None, None, -1), onp.array([0, 1, 2]), None, Ellipsis, 1)),
        ((2, 3), (onp.array([1, 0]), slice(2, 0, -1))),
        ((2, 3, 4), (0, slice(None), onp.array([0, 1]))),
        ((2, 3, 4), (onp.array([0, 1]), slice(None), 1)),
        ((2, 3, 4), (onp.array([[0], [1]]), onp.array([0, 1]))),
        ((2, 3, 4), (onp.array([0, 1]), None, onp.array([1, 2]))),
        ((2, 3), onp.int64(1)),
        ((2, 3), onp.zeros((0,), "int64")),
    ],
)  # fmt: skip
def test_edges_as_numpy(shape: tuple[int, ...], key: Any) -> None:
    _agree(_values(shape), key)


@pytest.mark.parametrize(
    "key, twin",
    [
        ([0, 1], onp.array([0, 1])),
        ([[0, 1], [1, 0]], onp.array([[0, 1], [1, 0]])),
        (((0, 1), (1, 2)), (onp.array([0, 1]), onp.array([1, 2]))),
        ([], onp.zeros(0, int)),
        (range(2), onp.arange(2)),
        ([True, False], onp.array([True, False])),
        (mx.np.array([0.0, 1.2]), onp.array([0, 1])),
        (onp.array([1.9]), onp.array([1])),
        (mx.np.array([1, 0], dtype="uint8"), onp.array([1, 0])),
        (mx.np.array([-1], dtype="int8"), onp.array([-1])),
        (mx.np.array(1, dtype="int32"), 1),
        (slice(mx.np.array(0, dtype="int32"), mx.np.array(1, dtype="int32")), slice(0, 1)),
    ],
)  # fmt: skip
def test_keys_of_other_kinds(key: Any, twin: Any) -> None:
    values = _values((2, 3))
    onp.testing.assert_array_equal(mx.np.array(values)[key].asnumpy(), values[twin])


@pytest.mark.parametrize("key", ["x", {}, 1.0, None.__class__, ("x", 0), b"x"])
def test_keys_that_index_nothing(key: Any) -> None:
    with pytest.raises(ValueError, match="do not support slicing with key"):
        mx.np.ones((2, 3))[key]


def test_huge_integers_are_out_of_bounds() -> None:
    with pytest.raises(IndexError):
        mx.np.ones((2, 3))[10**30]


# Observed in genuine MXNet 2.0.0b1: whether writing to the part writes to the whole.
@pytest.mark.parametrize(
    "key, is_view",
    [
        (0, True), (slice(0, 1), True), (slice(None), True), (Ellipsis, True), ((), True), (None, True),
        ((slice(1, 2), slice(1, 3)), True), ((0, slice(1, 3)), True),
        ((slice(0, 2, 1), Ellipsis), True),
        ((1, 2), True), ((slice(None), 1), False), ((slice(None), slice(0, 2)), False),
        (slice(None, None, 2), False),
        (slice(None, None, -1), False), ([0], False), (onp.array([True, False, False]), False),
    ],
)  # fmt: skip
def test_contiguous_parts_are_views(key: Any, is_view: bool) -> None:
    array = mx.np.array(_values((3, 4)))
    part = array[key]
    part[...] = -5
    assert bool((array.asnumpy() == -5).any()) is is_view


def test_a_view_follows_the_logical_order_not_the_memory() -> None:
    array = mx.np.from_torch(mx.np.array(_values((2, 3, 4, 4))).as_torch().to(memory_format=torch.channels_last))
    array[1][...] = -5
    assert (array.asnumpy()[1] == -5).all()
    part = array[:, 0]
    part[...] = -9
    assert not (array.asnumpy() == -9).any()


@pytest.mark.parametrize(
    "key",
    [0, (slice(None), 1), slice(None, None, -1), [0, 0], (slice(None), slice(None, None, -2)), None, (1, 2)],
)  # fmt: skip
def test_gradient_through_reading(key: Any) -> None:
    x = mx.np.array(_values((2, 3)))
    x.attach_grad()
    with mx.autograd.record():
        loss = (x[key] * 3).sum()
    loss.backward()
    expected = onp.zeros((2, 3), "float32")
    onp.add.at(expected, key, 3)
    onp.testing.assert_array_equal(x.grad.asnumpy(), expected)


def test_gradient_through_a_mask() -> None:
    x = mx.np.array(_values((2, 3)))
    x.attach_grad()
    with mx.autograd.record():
        loss = (x[x > 2] * 3).sum()
    loss.backward()
    assert x.grad.tolist() == [[0, 0, 0], [3, 3, 3]]


@pytest.mark.parametrize(
    "key, expected",
    [(0, [8, 16, 24]), (slice(None), [16, 32, 48]), (slice(None, None, -1), [16, 32, 48]), ([0, 1], [16, 32, 48])],
)  # fmt: skip
def test_gradient_through_writing_to_an_array_outside_the_graph(key: Any, expected: list[float]) -> None:
    y = mx.np.array([1.0, 2.0, 3.0])
    y.attach_grad()
    z = mx.np.ones((2, 3))
    with mx.autograd.record():
        z[key] = y * 2
        loss = (z * z).sum()
    loss.backward()
    assert y.grad.tolist() == expected


def test_arrays_in_a_graph_refuse_to_be_written() -> None:
    x = mx.np.ones((2, 3))
    x.attach_grad()
    with mx.autograd.record():
        y = x * 2
        for array in (x, y):
            with pytest.raises(mx.MXNetError, match="already in a computational graph"):
                array[0] = 1
    x[0] = 5  # outside it is allowed
    assert x.asnumpy()[0].tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    "key, value",
    [
        (0, [1, 2]),
        (slice(None), onp.ones((4, 3))),
        ((0, 0), onp.ones(2)),
        (slice(1, 2), onp.ones((3, 3))),
        ([0], onp.ones(2)),
        (slice(None, None, -1), onp.ones(2)),
        (onp.array([[True, False, True], [False, False, True]]), onp.ones(2)),
    ],
)
def test_values_that_do_not_fit(key: Any, value: Any) -> None:
    array = mx.np.ones((2, 3))
    with pytest.raises(mx.MXNetError, match="cannot write a value of shape"):
        array[key] = value
    assert array.asnumpy().tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize("value", ["x", None, 1 + 2j])
def test_values_that_are_no_numbers(value: Any) -> None:
    array = mx.np.ones((2, 3))
    with pytest.raises(TypeError):
        array[0] = value


def test_values_are_cast_and_broadcast() -> None:
    array = mx.np.zeros((2, 3), dtype="int32")
    array[0] = onp.array([1.9, -1.9, 3.0])
    array[1] = mx.np.ones((1, 1, 3))
    array[[0], 2] = mx.np.full((1, 1), 7)
    assert array.tolist() == [[1, -1, 7], [1, 1, 1]]


def test_overlapping_parts_of_one_array() -> None:
    array = mx.np.array([1.0, 2.0, 3.0, 4.0])
    array[1:] = array[:-1]
    assert array.tolist() == [1, 1, 2, 3]
    array[::-1] = array
    assert array.tolist() == [3, 2, 1, 1]
