"""Elementwise, reducing, ordering and creating operators, against genuine MXNet and NumPy."""

from typing import Any

import numpy as onp
import pytest
from expression_table import called_operators, check_row, operators_of, rows
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from references import load

import mxnet as mx
from mxnet.operators import creation, elementwise, functions, reduction, sorting

TABLE = "numpy.json"
# In this order in each row of numpy_types.json.
TYPES = "float16 float32 float64 int8 int32 int64 uint8 bool".split()
NUMBERS = (True, 2, 2.5)
# MXNet computes these with integers, and cuts off what is behind the point.
CUT = ("arctan2", "hypot", "logaddexp")
# NumPy and torch have no common divisor of truth values.
DIVISORS = ("gcd", "lcm")


@pytest.mark.filterwarnings("ignore:(invalid value|divide by zero) encountered:RuntimeWarning")
@pytest.mark.parametrize("name, expression, expected", rows(TABLE))
def test_agrees_with_genuine(name: str, expression: str, expected: dict[str, Any]) -> None:
    half = "float16" in expression or "int8" in expression
    check_row(name, expression, expected, rtol=2e-3 if half else 2e-5, atol=1e-4 if half else 1e-6)


def test_every_operator_has_a_row_that_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = operators_of(creation, elementwise, functions, reduction, sorting)
    table = load(TABLE)
    called = called_operators(monkeypatch, [expression for _, expression, _ in table], names)
    assert names - called == set()


@pytest.mark.parametrize("name", load("numpy_types.json"))
def test_types_of_results(name: str) -> None:
    table = load("numpy_types.json")[name]
    function = getattr(mx.np, name)
    arrays = {kind: mx.np.array([3, 2], dtype=kind) for kind in TYPES}
    wrong = []

    def check(expected: str | None, *operands: Any) -> None:
        kinds = [arrays[value].dtype.kind if isinstance(value, str) else "n" for value in operands]
        if expected is None or (name in DIVISORS and "b" in kinds):
            return
        if name in CUT and not {"f"} & set(kinds) and expected != "float64":
            return
        made = [arrays[value] if isinstance(value, str) else value for value in operands]
        found = str(function(*made).dtype)
        if found != expected:
            wrong.append((*operands, found, expected))

    for a, row in zip(TYPES, table["pairs"], strict=True):
        for b, expected in zip(TYPES, row, strict=True):
            check(expected, a, b)
    for a, right, left in zip(TYPES, table["right"], table["left"], strict=True):
        for number, after, before in zip(NUMBERS, right, left, strict=True):
            check(after, a, number)
            check(before, number, a)
    assert wrong == []


def _shapes(draw: Any) -> tuple[tuple[int, ...], ...]:
    return draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0)).input_shapes


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "less", "arctan2", "mod"])
@given(data=st.data())
def test_broadcasting(name: str, data: st.DataObject) -> None:
    shapes = _shapes(data.draw)
    values = [
        data.draw(hnp.arrays(onp.float32, shape, elements=st.floats(-9, 9, width=16).filter(abs))) for shape in shapes
    ]
    found = getattr(mx.np, name)(*map(mx.np.array, values))
    onp.testing.assert_allclose(found.asnumpy(), getattr(onp, name)(*values), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "max", "argmin", "any", "std", "cumsum"])
@given(data=st.data())
def test_reduction(name: str, data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(max_dims=4, max_side=3))
    values = data.draw(hnp.arrays(onp.float64, shape, elements=st.integers(-4, 4).map(float)))
    one = st.integers(-len(shape), len(shape) - 1)
    several = st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1).map(tuple)
    axis = data.draw(st.none() | one if name in ("argmin", "cumsum") else st.none() | one | several)
    options = {} if name == "cumsum" else {"keepdims": data.draw(st.booleans())}
    found = getattr(mx.np, name)(mx.np.array(values, dtype="float64"), axis=axis, **options)
    expected = getattr(onp, name)(values, axis=axis, **options)
    assert found.shape == onp.shape(expected)
    onp.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-12, atol=1e-12)


GRADIENTS = {
    # What genuine MXNet leaves at zero or gets wrong.
    "std": lambda x: x.std(axis=1),
    "var": lambda x: x.var(correction=1),
    "median": lambda x: mx.np.median(x, axis=0),
    "percentile": lambda x: mx.np.percentile(x, 30),
    "interp": lambda x: mx.np.interp(x, mx.np.array([-3, 0, 3]), mx.np.array([1, 2, -5])),
    "polyval": lambda x: mx.np.polyval(mx.np.array([1, 2, 3], dtype="float64"), x),
    "arctan2": lambda x: mx.np.arctan2(2.5, x),
    "fmod": lambda x: mx.np.fmod(2.5, x),
    "fmod array": lambda x: mx.np.fmod(x, mx.np.array([0.7, -0.9, 1.3], dtype="float64")),
    "cumprod": lambda x: mx.np.cumprod(x),
    "mean": lambda x: x.mean(axis=0),
}


@pytest.mark.parametrize("function", GRADIENTS.values(), ids=GRADIENTS)
def test_gradient_against_finite_differences(function: Any) -> None:
    values = onp.array([[0.31, -1.7, 2.2], [1.45, 0.83, -0.62]])
    x = mx.np.array(values, dtype="float64")
    x.attach_grad()
    with mx.autograd.record():
        y = function(x)
    weight = onp.cos(onp.arange(y.size)).reshape(y.shape)
    y.backward(mx.np.array(weight, dtype=y.dtype))

    def objective(at: onp.ndarray) -> float:
        return float((function(mx.np.array(at, dtype="float64")).asnumpy() * weight).sum())

    step = 1e-6
    expected = onp.zeros_like(values)
    for place in onp.ndindex(values.shape):
        shift = onp.zeros_like(values)
        shift[place] = step
        expected[place] = (objective(values + shift) - objective(values - shift)) / (2 * step)
    onp.testing.assert_allclose(x.grad.asnumpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (mx.np.exp(x) * x).sum(),
        lambda x: mx.np.power(x, 3).sum(),
        lambda x: mx.np.tanh(x).mean(),
        lambda x: mx.np.max(x * x),
        lambda x: (mx.np.maximum(x, 0.5) ** 2).sum(),
    ],
)
def test_second_derivative(function: Any) -> None:
    x = mx.np.array([0.3, -1.2, 2.0], dtype="float64")
    x.attach_grad()
    with mx.autograd.record():
        (first,) = mx.autograd.grad(function(x), [x], create_graph=True)
        total = (first * mx.np.array([1, 2, 3], dtype="float64")).sum()
    total.backward()

    def slope(at: onp.ndarray) -> onp.ndarray:
        y = mx.np.array(at, dtype="float64")
        y.attach_grad()
        with mx.autograd.record():
            z = function(y)
        z.backward()
        return y.grad.asnumpy() @ onp.array([1.0, 2, 3])

    base, step = x.asnumpy(), 1e-6
    expected = [(slope(base + step * unit) - slope(base - step * unit)) / (2 * step) for unit in onp.eye(3)]
    onp.testing.assert_allclose(x.grad.asnumpy(), expected, rtol=1e-4, atol=1e-6)


def test_integers_divided_by_zero() -> None:
    a, zero = mx.np.array([5, -5], dtype="int32"), mx.np.array([0, 0], dtype="int32")
    assert (a // zero).tolist() == (a % zero).tolist() == (a // 0).tolist() == [0, 0]
    assert (a**-1).tolist() == [0, 0]


def test_numbers_beyond_the_type_wrap() -> None:
    small = mx.np.array([3, 100], dtype="int8")
    assert (small + 300).tolist() == [47, -112]
    assert (small & 300).tolist() == [0, 36]
    assert (mx.np.array([3], dtype="uint8") - 5).tolist() == [254]


def test_large_integers_are_compared_exactly_with_floats() -> None:
    assert (mx.np.array([16777217], dtype="int32") > 16777216.5).tolist() == [True]


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_nothing_has_no_extreme(name: str) -> None:
    with pytest.raises(mx.MXNetError, match=r"shape \(0, 3\)"):
        getattr(mx.np, name)(mx.np.zeros((0, 3)), axis=0)


def test_mean_is_at_least_float32() -> None:
    ones = {kind: mx.np.ones(3, dtype=kind) for kind in ("float16", "bfloat16", "float32", "float64", "int32", "bool")}
    assert [str(one.mean().dtype) for one in ones.values()] == ["float32"] * 3 + ["float64", "float32", "float32"]


def test_spread_of_integers_is_not_cut() -> None:
    values = [[1, 2], [3, 5]]
    found = mx.np.array(values, dtype="int32")
    assert found.std().dtype == found.var().dtype == mx.np.average(found).dtype == "float32"
    onp.testing.assert_allclose(found.std(axis=0).asnumpy(), onp.std(values, axis=0), rtol=1e-6)


def test_histogram_takes_its_range_from_the_data() -> None:
    values = onp.array([0.5, 2.0, 1.25, 2.0, 0.75])
    for found, expected in zip(mx.np.histogram(mx.np.array(values), 3), onp.histogram(values, 3), strict=True):
        onp.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-6)
    with pytest.raises(NotImplementedError):
        mx.np.histogram(mx.np.array(values), 3, density=True)


def test_diff_with_values_at_its_ends() -> None:
    x = mx.np.array([[1, 2, 4], [0, 5, 9]])
    expected = onp.diff(x.asnumpy(), prepend=0, append=[[1], [2]])
    assert (mx.np.diff(x, prepend=0, append=mx.np.array([[1], [2]])).asnumpy() == expected).all()


@pytest.mark.parametrize("name", ["maximum", "fmax", "less", "true_divide", "arctan2"])
def test_meta_tensors_give_shape_and_type(name: str) -> None:
    import torch

    from mxnet.operators import find

    op = find({"maximum": "broadcast_maximum"}.get(name, f"_npi_{name}"))
    made = op(torch.empty(2, 1, device="meta"), torch.empty(3, device="meta", dtype=torch.int32))
    assert made.shape == (2, 3) and made.device.type == "meta"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_gradient_of_clip_counts_the_bounds_as_inside(dtype: str) -> None:
    x = mx.np.array([-1, -0.0, 0, 1e-30, 3, 6, 7], dtype=dtype)
    x.attach_grad()
    with mx.autograd.record():
        y = mx.np.clip(x, 0, 6)
    y.backward()
    assert x.grad.dtype == x.dtype
    assert x.grad.astype("float32").tolist() == [0, 1, 1, 1, 1, 1, 0]  # what genuine MXNet gives, bfloat16 left out


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_gradient_of_clip_at_the_numbers_next_to_its_bounds(dtype: str) -> None:
    import torch

    bounds = torch.tensor([1.5, 1.5, 1.5, -3, -3, -3], dtype=getattr(torch, dtype))
    directions = torch.tensor([-9, 1.5, 9, -9, -3, 9], dtype=bounds.dtype)
    x = mx.np.from_torch(torch.nextafter(bounds, directions))
    x.attach_grad()
    with mx.autograd.record():
        y = mx.np.clip(x, -3, 1.5)
    y.backward()
    assert x.grad.astype("float32").tolist() == [1, 1, 0, 0, 1, 1]


def test_second_gradient_of_clip() -> None:
    x = mx.np.array([-1.0, 0.5, 2.0, 7.0])
    x.attach_grad()
    with mx.autograd.record():
        (slope,) = mx.autograd.grad(mx.np.clip(x, 0, 6) ** 3, [x], create_graph=True)
    slope.backward()
    assert x.grad.tolist() == [0, 3, 12, 0]  # 6x inside


@pytest.mark.parametrize("name", ["std", "var"])
def test_spread_takes_numpys_ddof_and_the_standards_correction(name: str) -> None:
    values = onp.array([[1.0, 2.0, 4.0], [4.0, 5.0, 9.0]], dtype="float32")
    expected = getattr(onp, name)(values, axis=0, ddof=1)
    array = mx.np.array(values)
    for found in (
        getattr(array, name)(axis=0, ddof=1),
        getattr(array, name)(axis=0, correction=1),
        getattr(mx.np, name)(array, axis=0, ddof=1),
    ):
        onp.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["ceil", "floor", "trunc"])
def test_rounding_returns_integers_as_they_are(name: str) -> None:
    integers, out = mx.np.array([1, -2], dtype="int32"), mx.np.zeros(2)
    assert getattr(mx.np, name)(integers) is integers
    assert getattr(mx.np, name)(integers, out=out) is out
    assert out.tolist() == [1, -2]


def test_norms_of_vectors_without_bound() -> None:
    values = onp.array([[1, -4, 2], [3, 0, -5]])
    for order in (onp.inf, -onp.inf):
        for axis in (0, 1):
            found = mx.np.linalg.norm(mx.np.array(values, dtype="int32"), ord=order, axis=axis, keepdims=True)
            assert found.dtype == "float32"
            assert found.tolist() == onp.linalg.norm(values, order, axis, keepdims=True).tolist()
