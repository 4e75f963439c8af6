"""The array class: what it shows, what shares memory, where it lives, how it converts."""

import copy
import math
import pickle
from typing import Any

import numpy as onp
import pytest
import torch

import mxnet as mx
from mxnet import np


@pytest.mark.parametrize(
    ("array", "text"),
    # As genuine MXNet 2.0.0b1 prints them.
    [
        (lambda: np.array([1, 2]), "array([1., 2.])"),
        (lambda: np.array([]), "array([])"),
        (lambda: np.array(1.5), "array(1.5)"),
        (lambda: np.zeros((0, 3)), "array([], shape=(0, 3))"),
        (lambda: np.array([1.5, 2], dtype="float64"), "array([1.5, 2. ], dtype=float64)"),
        (lambda: np.array([1, 2], dtype="int64"), "array([1, 2], dtype=int64)"),
        (lambda: np.array([1, 2], dtype="uint8"), "array([1, 2], dtype=uint8)"),
        (lambda: np.array([True], dtype=bool), "array([ True])"),
        (lambda: np.array([1, 2], dtype="int32", device=mx.cpu(1)), "array([1, 2], dtype=int32)"),
        (lambda: np.array([1, 2], device=mx.cpu_pinned()), "array([1., 2.], device=cpu_pinned(0))"),
        (lambda: np.zeros((2, 0), dtype=bool), "array([], shape=(2, 0), dtype=bool)"),
        (
            lambda: np.arange(14, dtype="float16") / 3,
            "array([0.    , 0.3333, 0.6665, 1.    , 1.333 , 1.667 , 2.    , 2.334 ,\n"
            "       2.666 , 3.    , 3.334 , 3.666 , 4.    , 4.332 ], dtype=float16)",
        ),
        (lambda: np.array([1e10, 1.0]), "array([1.e+10, 1.e+00])"),
        (lambda: np.ones((2, 2)) * 1e-8, "array([[1.e-08, 1.e-08],\n       [1.e-08, 1.e-08]])"),
        (
            lambda: np.arange(2000),
            "array([0.000e+00, 1.000e+00, 2.000e+00, ..., 1.997e+03, 1.998e+03,\n       1.999e+03])",
        ),
    ],
)
def test_repr(array: Any, text: str) -> None:
    assert repr(array()) == text


def test_text() -> None:
    assert str(np.array([1, 2])) == f"{np.array([1, 2])}" == "[1. 2.]"
    assert f"{np.array(1.234):.2f}" == "1.23"
    with pytest.raises(TypeError, match="shape"):
        format(np.array([1.234]), ".2f")


def test_numbers() -> None:
    three = np.array([3], dtype="int32")
    assert (int(three), float(three), complex(three), [0, 1, 2, 3][np.array(1, dtype="int64")]) == (3, 3.0, 3 + 0j, 1)
    assert three.item() == 3 and np.array([[1, 2], [3, 4]]).item(1, 0) == 3.0
    assert np.array([[1, 2]]).tolist() == [[1.0, 2.0]]
    assert bool(np.array(2)) and not np.array([0]) and not np.array([])
    assert divmod(np.array([7.0]), 2) == (3, 1) and divmod(7, np.array([2.0])) == (3, 1)
    assert (math.floor(np.array([1.5])), math.ceil(np.array([1.5])), math.trunc(np.array([1.5]))) == (1, 2, 1)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: int(x), (TypeError, ValueError)),
        (lambda x: bool(x), ValueError),
        (lambda x: x.item(), ValueError),
        (lambda x: x.__index__(), TypeError),
        (lambda x: len(np.array(1)), TypeError),
        (lambda x: list(np.array(1)), TypeError),
        (lambda x: x + "a", mx.MXNetError),
        (lambda x: x * None, mx.MXNetError),
        (lambda x: x + 1j, TypeError),
        (lambda x: x + np.ones(3), mx.MXNetError),
        (lambda x: x.reshape(3), mx.MXNetError),
        (lambda x: x.astype("float31"), (TypeError, mx.MXNetError)),
        (lambda x: x.astype("int8", casting="safe"), ValueError),
        (lambda x: x.copy(order="F"), NotImplementedError),
        (lambda x: x.reshape_view(), AssertionError),
        (lambda x: x.nothing, AttributeError),
        (lambda x: x.mT, ValueError),
        (lambda x: x[5], IndexError),
        (lambda x: x[0, 0], IndexError),
        (lambda x: x.copyto(np.ones(3)), ValueError),
        (lambda x: x.copyto(3), TypeError),
        (lambda x: x.attach_grad("some"), KeyError),
        (lambda x: np.asarray(x, dtype="int8", copy=False), ValueError),
        (lambda x: mx.np.ndarray([1, 2]), TypeError),
        (lambda x: np.from_torch([1]), TypeError),
        (lambda x: np.exp(x, out=5), TypeError),
        (lambda x: np.exp("a"), TypeError),
        (lambda x: np.sum(None), mx.MXNetError),
        (lambda x: np.sum(x, axis=1.5), mx.MXNetError),
        (lambda x: np.arange(1e30), mx.MXNetError),
        (lambda x: np.arange(0, 1, 0), mx.MXNetError),
        (lambda x: np.percentile(x, 150), mx.MXNetError),
        (lambda x: np.percentile(x, [-1, 50]), mx.MXNetError),
        (lambda x: np.histogram(x, bins=np.array([1.0])), mx.MXNetError),
        (lambda x: np.zeros(2, device="abc"), mx.MXNetError),
        (lambda x: np.exp(x, where=x), TypeError),
        (lambda x: np.add(x, 1, casting="safe"), TypeError),
        (lambda x: np.average(x, weights=np.ones(5)), mx.MXNetError),
        (lambda x: np.array("a"), TypeError),
        (lambda x: np.array([[1], [1, 2]]), TypeError),
    ],
)
def test_wrong_calls(call: Any, error: Any) -> None:
    x = np.array([1.0, 2.0])
    with pytest.raises(error):
        call(x)
    assert x.tolist() == [1, 2]


@pytest.mark.parametrize("change", ["x += 1.5", "x /= 2", "x += np.ones((2, 2), dtype='int32')", "x -= y"])
def test_in_place_keeps_type_and_shape(change: str) -> None:
    scope = {"x": np.array([1, 2], dtype="int32"), "y": np.ones(2), "np": np}
    with pytest.raises(mx.MXNetError, match="out has"):
        exec(change, scope)
    assert scope["x"].tolist() == [1, 2]


def test_in_place_writes_to_the_memory() -> None:
    x = np.array([1.0, 5.0])
    same, part = x, x[1:]
    x += 1
    x *= np.array([2, 3], dtype="int32")
    x -= [1, 1]
    x **= 2
    x //= 2
    x %= 100
    assert same is x and x.tolist() == [4, 44] and part.tolist() == [44]
    bits = np.array([6, 5], dtype="int32")
    bits &= 12
    bits |= 1
    bits ^= 2
    bits <<= 1
    bits >>= np.array([0, 1], dtype="int32")
    assert bits.tolist() == [14, 7]
    square = np.array([[1.0, 2], [3, 4]])
    square @= np.array([[0.0, 1], [1, 0]])
    assert square.tolist() == [[2, 1], [4, 3]]


def test_comparison_with_what_is_no_operand() -> None:
    x = np.array([1.0])
    assert (x == None) is False  # noqa: E711
    assert (x != "a") is True
    assert x in [x] and hash(x) == hash(x)


def test_views_and_copies() -> None:
    x = np.arange(6).reshape(2, 3)
    x[0][1] = 9
    x[1, 1:][...] = 7
    assert x.tolist() == [[0, 9, 2], [3, 7, 7]]
    for apart in (x.reshape(6), x.T, x.copy(), x.flatten(), x[:, ::2], x[[0]], x.astype("float32"), np.array(x)):
        apart[...] = -1
        assert not np.shares_memory(x, apart)
    assert x.tolist() == [[0, 9, 2], [3, 7, 7]]
    assert np.shares_memory(x, x[0]) and np.shares_memory(x, x.detach()) and not np.shares_memory(x, [1])
    view = x.reshape_view(3, -1)
    view[0] = 5
    assert x.tolist() == [[5, 5, 2], [3, 7, 7]]
    assert x.astype("float32", copy=False) is x and np.asarray(x) is x


def test_writing_to_parts() -> None:
    x = np.zeros((2, 3))
    x[0] = [1, 2, 3]
    x[:, 1] = np.array([8, 9], dtype="int32")
    x[x == 0] = -1
    x[1, ::-1] = onp.array([1, 2, 3])
    assert x.tolist() == [[1, 8, 3], [3, 2, 1]]
    x[...] = 4
    x[()] += 1
    with pytest.raises(mx.MXNetError, match="shape"):
        x[0] = [1, 2]
    assert x.tolist() == [[5, 5, 5], [5, 5, 5]]


def test_arrays_without_elements_or_dimensions() -> None:
    empty, scalar = np.zeros((0, 3)), np.array(2.0)
    assert (empty.size, len(empty), empty.sum().item(), (empty + 1).shape) == (0, 0, 0.0, (0, 3))
    assert (scalar.shape, scalar.ndim, scalar[()].item(), (scalar + np.ones(2)).tolist()) == ((), 0, 2.0, [3, 3])
    assert empty.T.shape == (3, 0) and np.exp(empty).shape == (0, 3)


@pytest.mark.parametrize("kind", "float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 bool".split())
def test_every_type_converts_and_computes(kind: str) -> None:
    x = np.array([[1, 0], [2, 3]], dtype=kind)
    assert x.dtype == kind and x.astype("float64").sum() == (3 if kind == "bool" else 6)
    assert (x == x).all() and x.copy().dtype == kind and x[0].dtype == kind
    assert pickle.loads(pickle.dumps(x)).dtype == kind
    assert np.array(x).dtype == kind and np.array(x.asnumpy()).dtype == "float32"


@pytest.mark.parametrize("kind", "uint16 uint32 uint64".split())
def test_wide_unsigned_integers_are_kept_and_moved(kind: str) -> None:
    x = np.array([[1, 2], [3, 4]], dtype=kind)
    assert x.dtype == kind and x.T.copy().tolist() == [[1, 3], [2, 4]] and x.astype("float32").sum() == 10


def test_devices_are_kept() -> None:
    x = np.ones(2, device=mx.cpu(1))
    assert x.device == x.ctx == x.context == mx.cpu(1)
    assert (x + 1).device == x[0].device == x.sum().device == np.zeros_like(x).device == np.array(x).device == mx.cpu(1)
    assert x.as_in_ctx(mx.cpu(1)) is x and x.to_device(mx.cpu()).device == mx.cpu()
    moved = x.copyto(mx.cpu(2))
    moved += 1
    assert moved.device == mx.cpu(2) and x.tolist() == [1, 1]
    with mx.Device("cpu", 3):
        assert np.zeros(1).device == np.arange(2).device == np.array([1]).device == mx.cpu(3)
    assert np.zeros(1, ctx=mx.cpu(1)).device == mx.cpu(1) and np.zeros(1).device == mx.cpu(0)
    target = np.zeros(2)
    assert x.copyto(target) is target and target.tolist() == [1, 1]


def test_torch_without_a_copy() -> None:
    x = np.array([1.0, 2.0])
    tensor = x.as_torch()
    tensor[0] = 9
    assert x.tolist() == [9, 2] and not tensor.requires_grad
    back = np.from_torch(tensor)
    back[1] = 7
    assert x.tolist() == [9, 7]
    with pytest.raises(mx.MXNetError, match="float8"):
        np.from_torch(torch.zeros(1, dtype=torch.float8_e5m2))


def test_torch_in_the_middle_of_a_graph() -> None:
    x = np.array([1.0, 2.0])
    x.attach_grad()
    with mx.autograd.record():
        y = np.from_torch(torch.special.expit(x.as_torch() * 2)) * 3
    y.backward()
    s = 1 / (1 + onp.exp(-2 * x.asnumpy()))
    onp.testing.assert_allclose(x.grad.asnumpy(), 6 * s * (1 - s), rtol=1e-6)


def test_dlpack() -> None:
    x = np.array([1.0, 2.0])
    for other in (torch.from_dlpack(x), np.from_dlpack(x), np.from_dlpack(x.to_dlpack_for_read())):
        other[0] += 1
    assert x.tolist() == [4, 2] and x.__dlpack_device__()[1] == 0
    numbers = onp.arange(3.0)
    np.from_dlpack(numbers)[0] = 5
    assert numbers[0] == 5
    assert onp.from_dlpack(x).tolist() == [4, 2]


def test_numpy_calls_come_to_mxnet() -> None:
    x = np.array([1.0, 2.0])
    x.attach_grad()
    with mx.autograd.record():
        y = onp.exp(x) + onp.array([1.0, 2.0], dtype="float32") * onp.sum(x)
    y.backward()
    assert isinstance(y, np.ndarray) and y.dtype == "float32"
    onp.testing.assert_allclose(x.grad.asnumpy(), onp.exp([1, 2]) + 3, rtol=1e-6)
    assert isinstance(onp.concatenate([x, x]), np.ndarray) and isinstance(onp.linalg.norm(x), np.ndarray)
    assert isinstance(2.0 * x, np.ndarray) and (onp.float64(2) * x).dtype == "float32"
    assert (onp.array([1.5, 2]) + np.array([1, 2], dtype="int32")).dtype == "float64"
    out = np.zeros(2)
    assert onp.add(x, 1, out=out) is out and out.tolist() == [2, 3]
    numbers = onp.zeros(2)
    numbers += x
    assert type(numbers) is onp.ndarray and numbers.tolist() == [1, 2]
    with pytest.raises(TypeError):
        onp.add.reduce(x)


def test_numpy_computes_what_mxnet_has_not() -> None:
    x = np.array([1.0, onp.nan, 3.0], device=mx.cpu(1))
    made = onp.gradient(x)
    assert isinstance(made, np.ndarray) and made.device == mx.cpu(1)
    assert np.nansum(x) == 4.0 and onp.nanmedian(x) == 2.0
    target = np.zeros(3, dtype="float64")
    assert np.vander(np.array([1.0, 2.0]), 2).tolist() == [[1, 1], [2, 1]]
    assert np.float_power(x, 2, out=target) is target and target.dtype == "float64"
    quotient, rest = np.divmod(np.array([7.0]), 2)
    assert (quotient.item(), rest.item()) == (3, 1)
    assert onp.asarray(x).dtype == "float32" and onp.array(x[:1], dtype="int8")[0] == 1


def test_pickle_and_copies() -> None:
    x = np.array([[1.5, 2.5]], dtype="float16")
    x.attach_grad()
    for twin in (pickle.loads(pickle.dumps(x)), copy.copy(x), copy.deepcopy(x)):
        assert type(twin) is type(x) and twin.dtype == x.dtype and twin.tolist() == x.tolist()
        twin[...] = 0
    assert x.tolist() == [[1.5, 2.5]]


def test_classes_are_named_as_in_mxnet() -> None:
    assert repr(np.ndarray) == "<class 'mxnet.numpy.ndarray'>"
    assert repr(mx.nd.NDArray) == "<class 'mxnet.ndarray.ndarray.NDArray'>"


def test_the_two_faces_of_an_array() -> None:
    x = np.array([1.0, 2.0])
    legacy = x.as_nd_ndarray()
    legacy[0] = 5
    assert type(legacy) is mx.nd.NDArray and legacy.as_np_ndarray().tolist() == x.tolist() == [5, 2]
    assert x.as_np_ndarray() is x and x.__array_namespace__() is mx.np
    assert x.stype == "default" and x.tostype("default") is x and x.writable
    with pytest.raises(mx.MXNetError, match="csr"):
        x.tostype("csr")
    x.wait_to_read()


def test_array_reads_what_it_is_given() -> None:
    assert np.array([np.array([1, 2]), np.array([3, 4])]).tolist() == [[1, 2], [3, 4]]
    assert (
        np.array(onp.array([1, 2], dtype="int8")).dtype == np.array(range(3)).dtype == np.array(True).dtype == "float32"
    )
    assert np.array(np.array([1], dtype="int8")).dtype == np.array(torch.ones(1, dtype=torch.int8)).dtype == "int8"
    assert onp.isnan(np.array(None).item())
    assert (np.add([1, 2], 1).tolist(), np.exp([0.0]).dtype, np.sum([1.5, 2]).item()) == ([2, 3], "float32", 3.5)
    assert (np.array([1.0, 2]) + [1, 2]).tolist() == ((1, 2) + np.array([1.0, 2])).tolist() == [2, 4]


@pytest.mark.gpu
def test_arrays_on_a_gpu() -> None:
    gpu = mx.gpu(0)
    made = [
        np.zeros(2, device=gpu),
        np.arange(2, device=gpu),
        np.ones(2).as_in_ctx(gpu),
        np.full((2,), 1.5, device=gpu),
    ]
    for x in made:
        assert x.device == (x + 1).device == (2 / x).device == x.mean().device == np.zeros_like(x).device == gpu
        assert repr(x).endswith("device=gpu(0))") and onp.asarray(x).shape == (2,)
    assert (made[2] + [1, 2]).tolist() == [2, 3] and onp.nanmedian(made[3]).item() == 1.5
    made[0][0] = made[2][1]
    assert made[0].tolist() == [1, 0]


@pytest.mark.parametrize("kind", [float, int, complex])
def test_only_one_element_is_a_number(kind):
    assert kind(np.array([[3.0]])) == kind(3)
    for shape in ((2, 3), (0,)):
        with pytest.raises(TypeError, match="only size-1 arrays"):
            kind(np.ones(shape))
