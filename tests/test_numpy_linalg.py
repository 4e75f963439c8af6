"""Products of arrays and linear algebra, against genuine MXNet and NumPy."""

from typing import Any

import numpy as onp
import pytest
from expression_table import called_operators, check_row, operators_of, rows
from hypothesis import given
from hypothesis import strategies as st
from references import load

import mxnet as mx
from mxnet.operators import linalg, linalg_blas, products

TABLE = "linalg.json"

# Genuine MXNet multiplies these gradients with the head gradient twice, or forgets to sum over repeated matrices.
WRONG_GRADIENTS = {
    "np.matmul(x(2, 1, 3, 4), x(5, 4, 2))",
    "np.linalg.norm(x(2, 3), ord=1)",
    "np.linalg.norm(x(2, 3), ord=2)",
    "np.linalg.norm(x(2, 3), ord=inf)",
    "np.linalg.norm(x(2, 3, 4), ord=2, axis=(1, 2))",
    "np.linalg.norm(x(2, 3), ord=-2)",
}
# What genuine MXNet refuses and this package computes as NumPy does.
LIKE_NUMPY = {"np.cross(x(2, 3), x(3), axisc=0)", "op('norm')(n(2, 3), out_dtype='float64')"}


@pytest.mark.parametrize("name, expression, expected", rows(TABLE, LIKE_NUMPY))
def test_agrees_with_genuine(name: str, expression: str, expected: dict[str, Any]) -> None:
    if expression in WRONG_GRADIENTS:
        expected = {"out": expected["out"]}
    check_row(name, expression, expected)


def test_every_operator_has_a_row_that_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = operators_of(linalg, linalg_blas, products)
    assert names <= {name for name, _, _ in load(TABLE)}
    assert called_operators(monkeypatch, [expression for _, expression, _ in load(TABLE)], names) == names


def _noise(*shape: int) -> onp.ndarray:
    return onp.random.RandomState(len(shape)).uniform(-1, 1, shape).astype("float32")


def _numeric_gradient(function: Any, values: onp.ndarray, step: float = 1e-3) -> onp.ndarray:
    gradient = onp.zeros(values.size)
    for place in range(values.size):
        ends = []
        for sign in (1, -1):
            moved = values.astype("float64").ravel()
            moved[place] += sign * step
            ends.append(function(moved.reshape(values.shape)))
        gradient[place] = (ends[0] - ends[1]) / (2 * step)
    return gradient.reshape(values.shape)


@pytest.mark.parametrize(
    "shape, function",
    [
        ((2, 3), lambda np, x: np.linalg.norm(x, ord=1)),
        ((2, 3), lambda np, x: np.linalg.norm(x, ord=2)),
        ((2, 3), lambda np, x: np.linalg.norm(x, ord=-2)),
        ((2, 3), lambda np, x: np.linalg.norm(x, ord=np.inf)),
        ((2, 1, 2, 2), lambda np, x: np.matmul(x, np.ones((3, 2, 1)) * 2)),
        ((3, 3), lambda np, x: np.linalg.inv(x)),
        ((2, 3), lambda np, x: np.linalg.svd(x)[1]),
        ((3, 2), lambda np, x: np.linalg.pinv(x)),
        ((2, 3), lambda np, x: np.linalg.multi_dot([x, x.T, x])),
    ],
    ids=lambda value: None if callable(value) else str(value),
)
def test_gradient_is_that_of_the_function(shape: tuple[int, ...], function: Any) -> None:
    values = _noise(*shape)
    if function(onp, values).ndim:
        scaled = lambda np, x: (function(np, x) * 3).sum()  # noqa: E731
    else:
        scaled = lambda np, x: function(np, x) * 3  # noqa: E731
    x = mx.np.array(values, dtype="float64")
    x.attach_grad()
    with mx.autograd.record():
        y = scaled(mx.np, x)
    y.backward()
    expected = _numeric_gradient(lambda moved: scaled(onp, moved), values)
    if values.shape == (3, 2):  # genuine cannot pinv without rtol; NumPy's own is the judge
        assert onp.isfinite(expected).all()
    onp.testing.assert_allclose(x.grad.asnumpy(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "function",
    [
        lambda np, a: np.linalg.vecdot(a, a) if hasattr(np.linalg, "vecdot") else (a * a).sum(-1),
        lambda np, a: np.linalg.matrix_rank(a),
        lambda np, a: np.linalg.cond(a),
        lambda np, a: np.linalg.pinv(a),
        lambda np, a: np.linalg.norm(a[0], ord=np.inf),
        lambda np, a: np.linalg.norm(a[0], ord=-np.inf),
        lambda np, a: np.einsum("ij,kj", a, a),
        lambda np, a: np.tensordot(a, a, (1, 1)),
        lambda np, a: np.outer(a, [1.0, 2.0]),
        lambda np, a: np.dot(2.0, a),
        lambda np, a: np.cross(a, [1.0, 2.0, 4.0]),
        lambda np, a: np.cross(a, np.ones(3), axisc=0),
        lambda np, a: np.kron(a, np.eye(2)),
    ],
    ids=lambda function: None,
)  # fmt: skip
def test_agrees_with_numpy(function: Any) -> None:
    values = _noise(2, 3)
    expected = function(onp, values)
    found = function(mx.np, mx.np.array(values))
    assert found.shape == expected.shape
    onp.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-4, atol=1e-5)


def test_decompositions_give_the_matrix_back() -> None:
    values = _noise(2, 3, 4)
    a = mx.np.array(values)
    left, numbers, right = mx.np.linalg.svd(a)
    onp.testing.assert_allclose(((left * numbers[..., None, :]) @ right).asnumpy(), values, atol=1e-5)
    q, r = mx.np.linalg.qr(a)
    onp.testing.assert_allclose((q @ r).asnumpy(), values, atol=1e-5)
    symmetric = a @ mx.np.linalg.matrix_transpose(a)
    numbers, vectors = mx.np.linalg.eigh(symmetric)
    again = (vectors * numbers[..., None, :]) @ mx.np.linalg.matrix_transpose(vectors)
    onp.testing.assert_allclose(again.asnumpy(), symmetric.asnumpy(), atol=1e-5)


def test_mixed_types_are_promoted() -> None:
    a, b = mx.np.ones((2, 2)), mx.np.ones((2, 2), dtype="float64")
    for product in (mx.np.dot, mx.np.matmul, mx.np.inner, mx.np.kron, lambda x, y: mx.np.einsum("ij,jk", x, y)):
        assert product(a, b).dtype == onp.float64
    assert mx.np.dot(mx.np.ones(2, dtype="bool"), mx.np.ones(2, dtype="bool")).dtype == onp.bool_


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: mx.np.linalg.inv(mx.np.ones((2, 3))), mx.MXNetError, "square, not 2 by 3"),
        (lambda: mx.np.linalg.cholesky(-mx.np.eye(2)), mx.MXNetError, "positive-definite"),
        (lambda: mx.np.linalg.pinv(mx.np.eye(2), hermitian=True), NotImplementedError, "hermitian"),
        (lambda: mx.np.linalg.eig(mx.np.array([[0, -1], [1, 0]])), mx.MXNetError, "complex eigenvalues"),
        (lambda: mx.np.matmul(mx.np.ones((2, 3)), mx.np.ones((2, 3))), mx.MXNetError, r"float32\[2, 3\]"),
        (lambda: mx.np.einsum("ij,jk", mx.np.ones((2, 3))), mx.MXNetError, "names 2 operands, but 1"),
        (lambda: mx.np.einsum("ij", mx.np.ones((2, 3)), foo=1), TypeError, "'foo'"),
        (lambda: mx.np.tensordot(mx.np.ones((1, 3)), mx.np.ones((2, 3)), ((0,), (0,))), mx.MXNetError, "differ along"),
    ],
)  # fmt: skip
def test_errors(call: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


LETTERS = "abcd"
SIZES = {"a": 2, "b": 3, "c": 1, "d": 0}


@given(
    st.lists(st.lists(st.sampled_from(LETTERS), max_size=3, unique=True).map("".join), min_size=1, max_size=3),
    st.data(),
)
def test_einsum_as_numpy(terms: list[str], data: Any) -> None:
    known = sorted(set("".join(terms)))
    result = "".join(data.draw(st.lists(st.sampled_from(known), unique=True))) if known else ""
    subscripts = f"{','.join(terms)}->{result}"
    values = [_noise(*[SIZES[letter] for letter in term]) for term in terms]
    expected = onp.einsum(subscripts, *values)
    for optimize in (False, True):
        found = mx.np.einsum(subscripts, *[mx.np.array(value) for value in values], optimize=optimize)
        assert found.shape == expected.shape
        onp.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-4, atol=1e-5)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_matmul_shapes_as_numpy(first: list[int], second: list[int]) -> None:
    one, other = onp.ones(first, dtype="float32"), onp.ones(second, dtype="float32")
    try:
        expected = onp.matmul(one, other)
    except ValueError:
        with pytest.raises(mx.MXNetError):
            mx.np.matmul(mx.np.array(one), mx.np.array(other))
        return
    onp.testing.assert_array_equal(mx.np.matmul(mx.np.array(one), mx.np.array(other)).asnumpy(), expected)
