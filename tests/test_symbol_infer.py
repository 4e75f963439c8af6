"""Shapes and types of graphs: compared with genuine MXNet, and with what running the graphs gives."""

import warnings
from typing import Any

import numpy as onp
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from references import load

import mxnet as mx
from mxnet.operators import find
from mxnet.symbol import Symbol
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._infer import infer_shape, infer_types
from mxnet.symbol._known import types_given
from mxnet.symbol._read import from_json

S = mx.sym
GRAPHS = [pytest.param(record, id=record["expression"]) for record in load("infer.json.gz")]

# Genuine MXNet says something else of these, or more.
SHAPES_APART = {
    "S.concat(a, b, dim=1)": "it takes a size that is not known for 0 in the sum",
    "S.Pad(a, mode='constant', pad_width=(0,0,0,0,1,1,2,2))": "it takes a size that is not known for -1 in the sum",
    "S.stack(a, b, axis=1)": "it takes one input for all",
    "S.np.stack([x, y], axis=1)": "it takes one input for all",
    "S.np.where(x, y, z)": "it takes the condition's shape for the result's",
    "S.np.dot(x, y)": "the common size of two operands is not completed",
    "S.np.matmul(x, y)": "the common size of two operands is not completed",
    "S.Convolution(a, kernel=(3,3), num_filter=8, dilate=(2,1), num_group=2, no_bias=True, name='conv')": "a rank only",
}
TYPES_APART = {
    "S.softmax_cross_entropy(a, b)": "it takes the label's type for the data's",
    "S.argmax(a, axis=1)": "places are float32",
    "S.np.mean(x, axis=0)": "float16 for float16, though its eager function gives float32",
    "S.np.exp(x)": "float16 for an unknown type",
    "S.Activation(S.Activation(a, act_type='tanh') * 2, act_type='relu') + b": "layers take no integers",
}


@pytest.fixture
def old_shapes() -> Any:
    """MXNet 1.x: a size of 0 is not known."""
    mx.util.reset_np()
    yield
    mx.util.set_np()


@pytest.mark.parametrize("record", GRAPHS)
def test_shapes_agree_with_genuine(record: dict[str, Any]) -> None:
    entries = from_json(record["json"], "infer.json.gz")
    for np_shape, known, expected, complete in record["shapes"]:
        if expected == "MXNetError" or (not complete and record["expression"] in SHAPES_APART):
            continue  # genuine MXNet refuses to look at some graphs while sizes are not known
        with mx.np_shape(np_shape):
            found = infer_shape(entries, {name: tuple(shape) for name, shape in known.items()}, partial=True)
            for ours, theirs in zip(sum(found, []), sum(expected, []), strict=True):
                assert _tells(ours, theirs, unknown=-1 if np_shape else 0)
            if complete:
                assert infer_shape(entries, {name: tuple(shape) for name, shape in known.items()}) == found


def _tells(ours: Any, theirs: Any, unknown: int) -> bool:
    """Whether a shape says all that another does."""
    if theirs is None or (theirs == [] and unknown == 0):
        return True
    return (
        ours is not None
        and len(ours) == len(theirs)
        and all(other in (one, unknown) for one, other in zip(ours, theirs, strict=True))
    )


@pytest.mark.parametrize("record", GRAPHS)
def test_types_agree_with_genuine(record: dict[str, Any]) -> None:
    entries = from_json(record["json"], "infer.json.gz")
    for known, expected, complete in record["types"]:
        if expected == "MXNetError" or record["expression"] in TYPES_APART:
            continue
        types = types_given(entries, (), known)
        found = [[dtype and onp.dtype(dtype).name for dtype in group] for group in infer_types(entries, types, True)]
        for ours, theirs in zip(sum(found, []), sum(expected, []), strict=True):
            assert theirs in (None, ours, f"{ours}_")  # bool_
        if complete:
            assert None not in infer_types(entries, types)


def test_lists_are_those_of_the_symbol() -> None:
    symbol = S.BatchNorm(S.Convolution(S.var("x"), kernel=(3, 3), num_filter=8, name="conv"), name="bn")
    arguments, outputs, states = symbol.infer_shape(x=(2, 3, 8, 8))
    assert dict(zip(symbol.list_arguments(), arguments, strict=True)) == {
        "x": (2, 3, 8, 8),
        "conv_weight": (8, 3, 3, 3),
        "conv_bias": (8,),
        "bn_gamma": (8,),
        "bn_beta": (8,),
    }
    assert dict(zip(symbol.list_auxiliary_states(), states, strict=True)) == {
        "bn_moving_mean": (8,),
        "bn_moving_var": (8,),
    }
    assert outputs == [(2, 8, 6, 6)]


def test_shapes_may_be_given_by_position() -> None:
    symbol = S.FullyConnected(S.var("x"), num_hidden=4, name="fc")
    assert symbol.infer_shape((2, 3)) == ([(2, 3), (4, 3), (4,)], [(2, 4)], [])
    assert symbol.infer_shape_partial(None, (4, 3))[0] == [None, (4, 3), None]
    assert symbol.infer_type(None, "float64")[0] == [onp.float64] * 3
    with pytest.raises(ValueError, match="not both"):
        symbol.infer_shape((2, 3), x=(2, 3))
    with pytest.raises(TypeError, match="'x' must be a tuple, not list"):
        symbol.infer_shape(x=[2, 3])
    for wrong in ((2, 3.5), ("a",)):
        with pytest.raises(TypeError, match="'x' must be a tuple of integers, not"):
            symbol.infer_shape(x=wrong)
    for huge in ((2**40, 2**40), (2**70, 2)):
        with pytest.raises(mx.MXNetError, match="'fc'"):
            symbol.infer_shape(x=huge)
    assert type(symbol.infer_shape(x=(onp.int64(2), 3))[1][0][0]) is int
    with pytest.raises(TypeError, match="'fc_weight'"):
        symbol.infer_type(fc_weight="float33")
    with pytest.raises(mx.MXNetError, match="4 shapes are given for 3 arguments: 'x', 'fc_weight', 'fc_bias'"):
        symbol.infer_shape((2, 3), None, None, (1,))


def test_a_name_that_is_no_argument_is_refused() -> None:
    symbol = S.relu(S.var("x"))
    with pytest.raises(mx.MXNetError, match="no argument 'y'; the arguments are 'x'"):
        symbol.infer_shape(y=(2,))
    with pytest.raises(mx.MXNetError, match="no argument 'y'"):
        symbol.infer_type(y="float16")


def test_what_cannot_be_decided_is_warned_of() -> None:
    symbol = S.FullyConnected(S.var("x"), num_hidden=4, name="fc")
    with pytest.warns(UserWarning, match=r"(?s)shape.*x: None.*fc_weight: None") as found:
        assert symbol.infer_shape() == (None, None, None)
    assert found[0].filename == __file__
    with pytest.warns(UserWarning, match=r"(?s)fc_weight: \(4, -1\)"):
        assert symbol.infer_shape(x=(2, -1)) == (None, None, None)
    with pytest.warns(UserWarning, match=r"(?s)type.*fc_bias: None"):
        assert symbol.infer_type() == (None, None, None)
    many = S.add_n(*[S.var(f"x{number}") for number in range(20)])
    with pytest.warns(UserWarning, match=r"(?s)x9: None\s+\.\.\.$"):
        many.infer_shape()


def test_contradictions_name_the_node_and_the_shapes() -> None:
    symbol = S.FullyConnected(S.var("x"), num_hidden=4, name="fc")
    with pytest.raises(mx.MXNetError, match=r"'fc' \(FullyConnected\).*data \(2, 3\), weight \(4, 5\), bias \(4,\)"):
        symbol.infer_shape(x=(2, 3), fc_weight=(4, 5))
    weight = S.var("w")
    twice = S.Group([S.FullyConnected(S.var("x"), weight, num_hidden=4, no_bias=True), S.relu(weight) + S.var("y")])
    with pytest.raises(mx.MXNetError, match=r"\(4, 3\).*\(7, 3\)|\(7, 3\).*\(4, 3\)"):
        twice.infer_shape(x=(2, 3), y=(7, 3))
    with pytest.raises(mx.MXNetError, match=r"data float16, weight float64"):
        symbol.infer_type(x="float16", fc_weight="float64")


def test_a_shape_found_at_one_use_serves_the_others() -> None:
    weight = S.var("w")
    first = S.FullyConnected(S.var("x"), weight, num_hidden=4, no_bias=True)
    second = S.FullyConnected(S.var("y"), weight, num_hidden=4, no_bias=True)
    found = S.Group([second, first]).infer_shape_partial(x=(2, 3), y=(5, -1))
    assert found[1] == [(5, 4), (2, 4)]
    assert S.elemwise_add(S.exp(weight), S.transpose(S.var("z"), axes=(1, 0))).infer_shape(w=(2, 3))[0] == [
        (2, 3),
        (3, 2),
    ]


def test_equal_unknown_sizes_stay_equal() -> None:
    x = S.var("x")
    left, right = (S.FullyConnected(x, num_hidden=6, name=name) for name in ("left", "right"))
    batch = S.reshape(left + right, shape=(0, 2, 3)) + S.var("y")
    arguments, outputs, _ = batch.infer_shape(x=(-1, 5), y=(7, 2, 3))
    assert arguments[0] == (7, 5) and outputs == [(7, 2, 3)]


def test_annotations_count_where_nothing_is_given() -> None:
    symbol = S.elemwise_add(S.var("x", shape=(2, 3), dtype="float64"), S.var("y"))
    assert symbol.infer_shape()[0] == [(2, 3), (2, 3)]
    assert symbol.infer_shape(x=(4, 3))[0] == [(4, 3), (4, 3)]
    assert symbol.infer_type()[1] == [onp.float64]
    exported = S.Convolution(S.var("x"), S.var("w", shape=(8, 0, 3, 3)), no_bias=True, kernel=(3, 3), num_filter=8)
    assert exported.infer_shape(x=(1, 5, 9, 9))[0][1] == (8, 5, 3, 3)
    for annotation in ({"__shape__": "(2, x)"}, {"__dtype__": "77"}):
        with pytest.raises(mx.MXNetError, match="variable 'v'"):
            infer_shape([(Node(None, "v", annotations=annotation), 0)], {})


def test_arrays_of_open_size_take_what_fits(old_shapes: Any) -> None:
    state = S.FullyConnected(S.zeros((0, 3)), num_hidden=4, name="h2h")
    cell = S.tanh(state + S.FullyConnected(S.var("x"), num_hidden=4, name="i2h"))
    arguments, outputs, _ = cell.infer_shape(x=(2, 5))
    assert outputs == [(2, 4)] and arguments[0] == (4, 3)
    assert S.Group([S.zeros((0, 3)) + S.zeros((2, 0))]).infer_shape()[1] == [(2, 3)]
    assert S.zeros((0, 3)).infer_shape_partial()[1] == [(0, 3)]
    with pytest.warns(UserWarning, match="shape"):
        assert S.zeros((0, 3)).infer_shape() == (None, None, None)


def test_what_broadcasts_tells_nothing_of_its_inputs() -> None:
    x, y = S.var("x"), S.var("y")
    total = S.elemwise_add(S.broadcast_add(x, y), S.var("z"))
    assert total.infer_shape_partial(z=(2, 3))[0] == [None, None, (2, 3)]


def test_results_of_one_type_tell_nothing_of_their_inputs() -> None:
    for symbol in (S.cast(S.var("x"), dtype="float32"), S.argmax(S.var("x"), axis=0)):
        assert S.elemwise_add(symbol, S.var("y")).infer_type_partial(y="float32")[0] == [None, onp.float32]


def test_sizes_of_zero_are_sizes_with_numpy_shapes() -> None:
    assert S.zeros((0, 3)).infer_shape()[1] == [(0, 3)]
    assert S.FullyConnected(S.var("x"), num_hidden=4).infer_shape(x=(0, 3))[1] == [(0, 4)]


def test_shapes_that_hang_on_values_are_not_known() -> None:
    nonzero = Node(find("_npx_nonzero"), "nonzero", {}, [(Node(None, "x"), 0)])
    assert infer_shape([(nonzero, 0)], {"x": (2, 3)}, partial=True) == ([(2, 3)], [None], [])
    assert infer_types([(nonzero, 0)], {"x": torch.float32}) == ([onp.float32], [onp.int64], [])


def test_nothing_is_drawn_and_no_state_is_written() -> None:
    symbol = S.Dropout(S.BatchNorm(S.random.normal(shape=(4, 3)), name="bn"), p=0.5)
    mx.random.seed(3)
    expected = mx.nd.random.normal(shape=(2,)).asnumpy()
    mx.random.seed(3)
    with mx.autograd.record():
        assert symbol.infer_shape()[1] == [(4, 3)]
        assert symbol.infer_type_partial()[1] == [onp.float32]
    assert mx.nd.random.normal(shape=(2,)).asnumpy().tolist() == expected.tolist()


def test_bodies_of_like_layers_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    body = find("Activation").body
    monkeypatch.setattr(find("Activation"), "body", lambda *args, **kwargs: calls.append(1) or body(*args, **kwargs))
    symbol = S.var("x")
    for _ in range(50):
        symbol = S.Activation(symbol, act_type="relu")
    assert symbol.infer_shape(x=(2, 3))[1] == [(2, 3)]
    assert len(calls) == 1


def test_graphs_may_be_deeper_than_the_stack() -> None:
    entry: Entry = (Node(None, "x"), 0)
    for number in range(3000):
        entry = (Node(find("exp"), f"exp{number}", {}, [entry]), 0)
    assert infer_shape([entry], {"x": (2, 3)})[1] == [(2, 3)]
    total = (Node(find("elemwise_add"), "sum", {}, [entry, (Node(None, "y"), 0)]), 0)
    assert infer_shape([total], {"y": (2, 3)})[0] == [(2, 3), (2, 3)]
    assert infer_types([total], {"y": torch.float64})[0] == [onp.float64] * 2


# Random graphs


def _grown(draw: Any) -> Symbol:
    """A random graph over x, of shape (batch, 4, 6)."""
    made = [S.var("x")]
    rank = [3]
    for number in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(made) - 1))
        source, dims = made[place], rank[place]
        name = draw(st.sampled_from(sorted(_STEPS)))
        needed, step = _STEPS[name]
        if dims in needed:
            new, dims = step(source, dims, f"n{number}")
            made.append(new)
            rank.append(dims)
    return S.Group([made[-1], *made[:1]])


_ANY = (1, 2, 3, 4)
_STEPS: dict[str, tuple[tuple[int, ...], Any]] = {
    "relu": (_ANY, lambda x, rank, name: (S.relu(x), rank)),
    "softmax": (_ANY, lambda x, rank, name: (S.softmax(x), rank)),
    "scalar": (_ANY, lambda x, rank, name: (x * 2 + 1, rank)),
    "compare": (_ANY, lambda x, rank, name: (x > 0, rank)),
    "cast": (_ANY, lambda x, rank, name: (S.cast(x, dtype="float16"), rank)),
    "self": (_ANY, lambda x, rank, name: (x + x, rank)),
    "flatten": ((2, 3, 4), lambda x, rank, name: (S.Flatten(x), 2)),
    "expand": ((1, 2, 3), lambda x, rank, name: (S.expand_dims(x, axis=1), rank + 1)),
    "sum": ((2, 3, 4), lambda x, rank, name: (S.sum(x, axis=1), rank - 1)),
    "mean": ((2, 3, 4), lambda x, rank, name: (S.mean(x, axis=-1, keepdims=True), rank)),
    "broadcast": (_ANY, lambda x, rank, name: (S.broadcast_mul(x, S.mean(x, axis=-1, keepdims=True)), rank)),
    "swap": ((3,), lambda x, rank, name: (S.transpose(x, axes=(0, 2, 1)), 3)),
    "concat": ((2, 3), lambda x, rank, name: (S.concat(x, S.relu(x), dim=1), rank)),
    "slice": ((2, 3), lambda x, rank, name: (S.slice_axis(x, axis=1, begin=0, end=1), rank)),
    "dense": ((2, 3), lambda x, rank, name: (S.FullyConnected(S.cast(x, dtype="float32"), num_hidden=3, name=name), 2)),
    "conv": (
        (3,),
        lambda x, rank, name: (
            S.Convolution(S.cast(x, dtype="float32"), kernel=(1,), num_filter=4, name=name),
            3,
        ),
    ),
    "norm": ((2, 3), lambda x, rank, name: (S.BatchNorm(S.cast(x, dtype="float32"), name=name), rank)),
}


@settings(max_examples=60)
@given(data=st.data())
def test_shapes_and_types_are_those_of_running(data: st.DataObject) -> None:
    symbol = _grown(data.draw)
    arguments, outputs, states = symbol.infer_shape(x=(2, 4, 6))
    types = symbol.infer_type(x="float32")
    names = symbol.list_arguments() + symbol.list_auxiliary_states()
    arrays = {
        name: mx.nd.ones(shape, dtype=dtype)
        for name, shape, dtype in zip(names, arguments + states, types[0] + types[2], strict=True)
    }
    results = mx.executor.evaluate(symbol._entries, arrays)
    assert [array.shape for array in results] == outputs
    assert [array.dtype for array in results] == types[1]


@settings(max_examples=40)
@given(data=st.data())
def test_what_is_known_of_an_unknown_batch_holds_for_every_batch(data: st.DataObject) -> None:
    symbol = _grown(data.draw)
    partial = sum(symbol.infer_shape_partial(x=(-1, 4, 6)), [])
    for batch in (1, 5):
        exact = sum(symbol.infer_shape(x=(batch, 4, 6)), [])
        for known, size in zip(partial, exact, strict=True):
            assert known is not None and all(one in (-1, other) for one, other in zip(known, size, strict=True))


def test_no_warning_when_partial() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert S.relu(S.var("x")).infer_shape_partial() == ([None], [None], [])


def test_variables_of_one_name_are_given_one_shape() -> None:
    assert (S.var("x") * S.var("x")).infer_shape(x=(2, 3)) == ([(2, 3), (2, 3)], [(2, 3)], [])


def test_topological_order_does_not_matter() -> None:
    x, y = S.var("x"), S.var("y")
    last = S.elemwise_mul(S.relu(x), y)
    assert [node.name for node in topological(last._entries)][0] == "x"
    assert last.infer_shape(y=(2,)) == S.elemwise_mul(y, S.relu(x)).infer_shape(y=(2,))
