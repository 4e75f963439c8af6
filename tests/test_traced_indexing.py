"""Parts of arrays by operators alone: NumPy's rules, gradients, the operators MXNet 2.0 writes, hybridized blocks."""

import ast
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as onp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from references import load

import mxnet as mx
from mxnet import np
from mxnet.ndarray._traced_assignment import set_item
from mxnet.ndarray._traced_indexing import get_item

SHAPE = (3, 4, 2)


def _values(shape: tuple[int, ...] = SHAPE) -> onp.ndarray:
    return onp.arange(onp.prod(shape, dtype=int), dtype="float32").reshape(shape)


def _ours(key: Any) -> Any:
    """A key with its NumPy arrays as ours."""
    if isinstance(key, tuple):
        return tuple([_ours(item) for item in key])
    return mx.np.array(key, dtype=key.dtype) if isinstance(key, onp.ndarray) else key


def _names_twice(key: Any) -> bool:
    places = onp.arange(_values().size).reshape(SHAPE)[key]
    return onp.unique(places).size != onp.size(places)


@st.composite
def keys(draw: st.DrawFn) -> Any:
    """Keys for arrays of `SHAPE`: basic ones, masks, index arrays, and all of them mixed."""
    kind = draw(st.sampled_from(["basic", "mask", "mixed"]))
    if kind == "basic":
        return draw(hnp.basic_indices(SHAPE, allow_newaxis=True, allow_ellipsis=True))
    if kind == "mask":
        first = draw(st.integers(0, 2))
        mask = draw(hnp.arrays(bool, SHAPE[first : draw(st.integers(first + 1, 3))]))
        return (slice(None),) * first + (mask,) if first else mask
    shape = draw(hnp.broadcastable_shapes((2, 2), max_dims=2, min_side=1, max_side=2))

    def index(size: int) -> st.SearchStrategy[Any]:
        within = st.integers(-2, 1)  # what every axis has, since an ellipsis may move the items to other ones
        array = hnp.arrays("int64", st.sampled_from([shape, shape[-1:]]), elements=within)
        return within | st.slices(size) | array | array.map(onp.ndarray.tolist)

    items = [draw(index(size)) for size in SHAPE[: draw(st.integers(1, 3))]]
    for item in draw(st.lists(st.sampled_from([None, True, Ellipsis]), max_size=2, unique=True)):
        items.insert(draw(st.integers(0, len(items))), item)
    return tuple(items)


def _part_and_gradient(array: Any, part_of: Callable[[Any], Any]) -> tuple[onp.ndarray, onp.ndarray]:
    array.attach_grad()
    with mx.autograd.record():
        part = part_of(array)
        total = (part * np.arange(part.size).reshape(part.shape)).sum()
    total.backward()
    return part.asnumpy(), array.grad.asnumpy()


@given(keys())
def test_parts_as_numpy_and_as_eager(key: Any) -> None:
    values = _values()
    expected = values[key]
    part, gradient = _part_and_gradient(np.array(values), lambda array: get_item(array, _ours(key)))
    onp.testing.assert_array_equal(part, expected)
    assert part.shape == expected.shape
    eager_part, eager_gradient = _part_and_gradient(np.array(values), lambda array: array[_ours(key)])
    onp.testing.assert_array_equal(eager_part, part)
    onp.testing.assert_array_equal(eager_gradient, gradient)


@given(keys(), st.data())
def test_writing_as_numpy(key: Any, data: Any) -> None:
    values = _values()
    shape = values[key].shape
    if _names_twice(key):  # which of several values stays is nobody's promise
        value: Any = -1.5
    else:
        value = data.draw(st.sampled_from([-1.5, 7, "array", "row", "column", "more dimensions"]))
    if value == "array":
        value = -_values(shape) - 1
    elif value == "row":
        value = -_values(shape[1:]) - 1
    elif value == "column":
        value = (-_values(shape[:1]) - 1).reshape(shape[:1] + (1,) * (len(shape) - 1))
    elif value == "more dimensions":
        value = (-_values(shape) - 1).reshape((1, 1, *shape))
    expected = values.copy()
    try:
        expected[key] = value
    except (TypeError, ValueError):  # NumPy takes no value of more dimensions for a mask or a single element
        return
    array = np.array(values)
    found = set_item(array, _ours(key), _ours(value))
    onp.testing.assert_array_equal(found.asnumpy(), expected)
    onp.testing.assert_array_equal(array.asnumpy(), values)


@given(keys())
def test_gradients_of_writing_go_where_the_values_stay(key: Any) -> None:
    values, shape = _values(), _values()[key].shape
    array, value = np.array(values), np.ones(shape)
    array.attach_grad(), value.attach_grad()
    with mx.autograd.record():
        total = set_item(array, _ours(key), value).sum()
    total.backward()
    kept = onp.ones(SHAPE)
    kept[key] = 0
    onp.testing.assert_array_equal(array.grad.asnumpy(), kept)
    if not _names_twice(key):
        onp.testing.assert_array_equal(value.grad.asnumpy(), onp.ones(shape))


@pytest.mark.parametrize("act", [get_item, lambda array, key: set_item(array, key, 1)], ids=["read", "write"])
@pytest.mark.parametrize(
    "key",
    [3, -4, (0, 4), (0, 0, 0, 0), (..., ...), [0, 3], ([0], [-5]), ([0, 1], [0, 1, 2]), onp.ones(4, bool)],
    ids=str,
)
def test_refused_keys(act: Callable[..., Any], key: Any) -> None:
    with pytest.raises(IndexError):
        act(np.array(_values()), key)


def test_refused_values_and_items() -> None:
    array = np.array(_values())
    with pytest.raises(mx.MXNetError, match=r"value of shape \(3,\) to a part of shape \(4, 2\)"):
        set_item(array, 0, np.ones(3))
    with pytest.raises(TypeError, match="cannot hold the number"):
        set_item(array, 0, 1j)
    with pytest.raises(ValueError, match="slicing with key 'a'"):
        get_item(array, "a")
    with pytest.raises(ValueError, match="step cannot be zero"):
        get_item(array, slice(None, None, 0))


# In hybridized blocks


class Expression(mx.gluon.HybridBlock):
    """A block of one expression or function."""

    def __init__(self, what: str | Callable[..., Any]) -> None:
        super().__init__()
        self.what = what

    def forward(self, x: Any, *more: Any) -> Any:
        if callable(self.what):
            return self.what(x, *more)
        return eval(self.what, {"mx": mx, "np": np, "onp": onp, "x": x})


def _nodes(text: str) -> list[list[Any]]:
    """The operators of an exported expression: name, attributes, numbers of the operators it takes."""
    block = Expression(text)
    block.hybridize()
    block(np.arange(60).reshape(3, 4, 5))
    numbers: dict[int, int] = {}
    written: list[list[Any]] = []
    for number, node in enumerate(json.loads(block.export(None)[0].tojson())["nodes"]):
        numbers[number] = 0 if node["op"] == "null" else len(written) + 1
        if node["op"] != "null":
            written.append([node["op"], node.get("attrs", {}), [numbers[entry[0]] for entry in node["inputs"]]])
    return written


def _canonical(node: list[Any], shape: list[int]) -> list[Any]:
    """A node with its attributes as values; what a slice picks, as positions along each axis of `shape`."""
    name, attributes, inputs = node
    read = {key: _literal(value) for key, value in attributes.items() if not key.startswith("__")}
    if name == "slice":
        steps = read.get("step", (None,) * len(read["begin"]))
        parts = map(slice, read["begin"], read["end"], steps)
        read = {"picked": [range(*part.indices(size)) for part, size in zip(parts, shape, strict=False)]}
    elif name == "_npx_reshape":
        read = {"newshape": read["newshape"]}
    elif name == "_np_reshape":  # genuine MXNet writes a size where -1 stands for it, whatever the batch
        known = math.prod(size for size in read["newshape"] if size != -1)
        read = {"newshape": [math.prod(shape) // known if size == -1 else size for size in read["newshape"]]}
    return [name, read, inputs]


def _literal(text: str) -> Any:
    try:
        value = ast.literal_eval(text)
    except ValueError:
        return text
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


RECORDED = load("indexing.json")
# Its name in graphs that MXNet 1.9.1 loads too.
LOADABLE = {"_copyto": "_copy"}


@pytest.mark.parametrize("text", [text for text, nodes in RECORDED.items() if nodes is not None])
def test_operators_are_those_of_genuine_mxnet(text: str) -> None:
    expected = [[LOADABLE.get(name, name), *rest] for name, *rest in RECORDED[text]]
    found = _nodes(text)
    shape = [3, 4, 5]
    assert len(found) == len(expected)
    for mine, genuine in zip(found, expected, strict=True):
        assert _canonical(mine, shape) == _canonical(genuine, shape)
        if genuine[0] == "_npx_reshape" and _literal(genuine[1]["newshape"]) == (-3, -4):
            shape = shape[1:]


@pytest.mark.parametrize("text", [text for text, nodes in RECORDED.items() if nodes is None])
def test_keys_that_genuine_mxnet_refuses_make_graphs(text: str) -> None:
    _agree(text, _values((3, 4, 5)))


def test_sizes_are_not_written_into_graphs(tmp_path: Path) -> None:
    for text in ("x[-1]", "x[1:]", "x[:-1]", "x[..., -1, :]", "x[:, [0, -1]]", "x[:, None, 1:-1]"):
        block = Expression(text)
        block.hybridize()
        block(np.ones((2, 3, 4)))
        files = block.export(tmp_path / "net")
        values = _values((5, 6, 4))
        loaded = mx.gluon.SymbolBlock.imports(files[0], ["data"], files[1])
        onp.testing.assert_array_equal(loaded(np.array(values)).asnumpy(), eval(text, {"x": values}))


def _agree(what: str | Callable[..., Any], *inputs: Any) -> None:
    """A block does hybridized, as one graph, what it does otherwise."""
    results = []
    for hybrid in (False, True):
        block = Expression(what)
        if hybrid:
            block.hybridize(partition_if_dynamic=False)
        outcome = block(*[np.array(value, dtype=value.dtype) for value in inputs])
        results.append(outcome if isinstance(outcome, (list, tuple)) else [outcome])
    for plain, traced in zip(*results, strict=True):
        assert type(plain) is type(traced) and plain.dtype == traced.dtype
        onp.testing.assert_array_equal(plain.asnumpy(), traced.asnumpy())


@settings(max_examples=40)
@given(keys(), st.sampled_from([-1.5, onp.float32(-2), onp.full((1,), -3.0)]))
def test_hybridized_blocks_read_and_write_alike(key: Any, value: Any) -> None:
    def forward(x: Any) -> Any:
        written = x * 2
        written[key] = value
        return x[key] * 1, written, x.as_nd_ndarray()[key].as_np_ndarray() * 1

    _agree(forward, _values())


def test_positions_and_masks_that_are_computed() -> None:
    positions = onp.array([1, -2, 0])

    def read(x: Any, i: Any) -> Any:
        return x[i], x[:, i], x[i, :, i % 2], x[i[0]], x[i[0], :, i[1] % 2], x[:, i[:, None], i % 2]

    _agree(read, _values((3, 4, 2)), positions)

    def write(x: Any, i: Any) -> Any:
        x = x * 1
        x[i] = x[::-1]
        x[:, i] *= 2
        x[x > 9] = x[0, 0, 0]
        x[x[:, :, 0] > 30] = -x[0, 0]
        x[i % 2 == 0] = 3
        return x

    _agree(write, _values((3, 4, 2)), onp.array([1, 2, 0]))


def test_writing_to_views() -> None:
    def chained(x: Any) -> Any:
        x = x * 1
        x[0] += 1
        x[1][2] = 7
        x[2][1:][0] *= 2
        return x

    def views(x: Any) -> Any:
        x = x * 1
        row, part, same = x[0], x[1:], x[:]
        x += 1
        row *= 2
        part[0] = row
        same -= 1
        return x, row, part, same

    def memory(x: Any) -> Any:
        x = x * 1
        other, flat, stopped = x.as_nd_ndarray(), x.reshape_view(-1), x.detach()
        other += 1
        flat[3] = 5
        stopped *= 2
        x[0, 0] = 9
        return x, other.as_np_ndarray(), flat, stopped

    for forward in (chained, views, memory):
        _agree(forward, _values())


def test_writing_in_other_ways() -> None:
    def forward(x: Any) -> Any:
        into, summed = np.zeros((3, 4, 2)), x * 1
        np.exp(x / 30, out=into)
        x.copyto(summed)
        summed -= into
        return into, summed

    _agree(forward, _values())


def test_writing_refuses_other_types_as_eager_code_does() -> None:
    def forward(x: Any) -> Any:
        counts = x.astype("int32")
        counts += 0.5
        return counts

    for hybrid in (False, True):
        block = Expression(forward)
        block.hybridize(hybrid)
        with pytest.raises(mx.MXNetError, match="out has type int32, but the result has type float64"):
            block(np.ones(2))
