"""`mx.sym`: composing graphs and looking at them, compared with genuine MXNet; copies, files, depth, threads."""

import copy
import inspect
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as onp
import pytest
import torch
from references import load

import mxnet as mx
from mxnet import sym
from mxnet.operators import CATALOGUE, find
from mxnet.symbol import Symbol, _read
from mxnet.symbol._register import call

RECORDED = load("symbol.json")
DEEP = 5_000  # Python gives up at 1000


def _programs(part: str) -> list[Any]:
    return [pytest.param(program, expected, id=program) for program, expected in RECORDED[part]]


@pytest.mark.parametrize("program, expected", _programs("programs"))
def test_program_agrees_with_genuine(program: str, expected: Any) -> None:
    from symbol_programs import evaluate

    assert _as_json(evaluate(mx, program)) == expected


@pytest.mark.parametrize("program, expected", _programs("numpy") + _programs("only 1.9.1"))
def test_names_agree_with_genuine(program: str, expected: Any) -> None:
    from symbol_programs import evaluate

    assert _as_json(evaluate(mx, program, names_only=True)) == expected


def _as_json(value: Any) -> Any:
    return list(map(_as_json, value)) if isinstance(value, (list, tuple)) else value


# Names of inputs that nobody gave: MXNet has others for these than its own functions have, or more of them.
INPUTS_APART = set(
    "_cvcopyMakeBorder _cvimdecode _cvimresize _npi_arctan2 _npi_hypot _npi_logaddexp _npi_multinomial _npi_pareto "
    "_npi_powerd _npi_weibull".split()
)
OUTPUTS_APART = {"_npi_average"}  # the sum of weights is one of its results here, and hidden there


@pytest.mark.parametrize("name", sorted({op.name for op in CATALOGUE.values()}))
def test_every_operator_composes(name: str) -> None:
    from symbol_programs import names_of, required

    op = find(name)
    given = required(name, [key for key, attribute in op.attributes.items() if attribute.required])
    if op.variadic:
        given.setdefault("num_args", 1)
    symbol = call(name, name="n", **given)
    assert symbol.name == "n"
    assert len(symbol) == op.count(op.canonical(_own(op, given)), len(symbol.list_inputs()))
    expected = dict(RECORDED["operators"]).get(name)
    if expected is None:
        return
    found = names_of(symbol)
    if op.variadic:
        assert len(found[0].split()) == len(expected[0].split())
    elif name not in INPUTS_APART:
        assert found[:2] == expected[:2]
    if name not in OUTPUTS_APART:
        assert found[2] == expected[2]


def _own(op: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key in op.attributes}


@pytest.mark.parametrize("name", sorted({op.name for op in CATALOGUE.values()}))
def test_every_operator_survives_its_json(name: str) -> None:
    from symbol_programs import required

    op = find(name)
    given = required(name, [key for key, attribute in op.attributes.items() if attribute.required])
    if op.variadic:
        given.setdefault("num_args", 1)
    symbol = call(name, name="n", **given)
    again = sym.fromjson(symbol.tojson(remove_amp_cast=False))
    assert again.list_inputs() == symbol.list_inputs()
    assert again.list_outputs() == symbol.list_outputs()
    assert again._entries[0][0].attributes == symbol._entries[0][0].attributes


# The faces


def test_the_faces_have_the_functions_of_genuine() -> None:
    for name in ("FullyConnected", "concat", "contrib", "image", "linalg", "np", "npx", "op", "random", "zeros", "var"):
        assert name in sym.__all__ and hasattr(sym, name)
    assert sym.contrib.MultiBoxPrior.__name__ == "MultiBoxPrior"
    assert sym.linalg.gemm2 is sym.linalg.gemm2
    assert sym.Variable is sym.var and mx.symbol is sym
    assert "random_uniform" in dir(sym) and "gemm2" in dir(sym.linalg)
    assert {"uniform_like", "shuffle"} <= set(sym.random.__all__)


@pytest.mark.parametrize("room", [sym, sym.op, sym.contrib, sym.linalg, sym.image, sym.np, sym.npx, sym.np.random])
def test_everything_a_face_lists_is_there(room: Any) -> None:
    assert all(getattr(room, name) is not None for name in room.__all__)
    with pytest.raises(AttributeError, match="no_such_operator"):
        room.no_such_operator  # noqa: B018


def test_functions_say_what_they_take() -> None:
    parameters = inspect.signature(sym.Convolution).parameters
    assert list(parameters)[:4] == ["data", "weight", "bias", "kernel"]
    assert list(parameters)[-3:] == ["name", "attr", "out"]
    assert "num_filter : an integer" in sym.Convolution.__doc__
    assert "data : Symbol" in sym.Convolution.__doc__
    assert inspect.signature(sym.np.sum) == inspect.signature(mx.np.sum)


def test_symbols_that_are_no_inputs_are_refused() -> None:
    with pytest.raises(mx.MXNetError, match="no input 'weights'"):
        sym.FullyConnected(sym.var("x"), weights=sym.var("w"), num_hidden=3)
    with pytest.raises(mx.MXNetError, match="takes no input 'bias'.*data, weight"):
        sym.FullyConnected(sym.var("x"), bias=sym.var("b"), num_hidden=3, no_bias=True)
    with pytest.raises(mx.MXNetError, match="'halves_output0', 'halves_output1'"):
        sym.exp(sym.split(sym.var("x"), num_outputs=2, name="halves"))
    with pytest.raises(mx.MXNetError, match="num_hidden, no_bias, flatten"):
        sym.FullyConnected(sym.var("x"), num_hiden=3)
    with pytest.raises(TypeError, match="name must be a string"):
        sym.exp(sym.var("x"), name=3)


def test_a_refused_call_leaves_the_names_as_they_were() -> None:
    with mx.name.NameManager():
        with pytest.raises(mx.MXNetError):
            sym.FullyConnected(sym.var("x"), num_hidden="many")
        assert sym.FullyConnected(sym.var("x"), num_hidden=3).name == "fullyconnected0"


def test_groups_are_made_of_lists() -> None:
    for given in ([], (each for each in [sym.var("x")]), sym.var("x"), [sym.var("x"), 3], None):
        with pytest.raises(TypeError, match="a list of at least one Symbol"):
            sym.Group(given)


def test_variables_are_told_what_fits() -> None:
    assert sym.var("x", shape=(onp.int64(2), 3)).attr("__shape__") == "(2, 3)"
    assert sym.var("x", shape=3).infer_shape()[0] == [(3,)]
    for wrong in ({"shape": "abc"}, {"shape": (2, 3.5)}, {"init": 3}, {"dtype": "complex64"}):
        with pytest.raises(TypeError, match=next(iter(wrong)).removeprefix("d")):
            sym.var("x", **wrong)
    with pytest.raises(KeyError, match="default, row_sparse, csr, not 'sparse'"):
        sym.var("x", stype="sparse")


def test_outputs_from_the_end() -> None:
    parts = sym.split(sym.var("x"), num_outputs=3, name="s")
    assert parts[-1].list_outputs() == ["s_output2"]
    assert parts[1:].list_outputs() == ["s_output1", "s_output2"]
    assert parts[::-1].list_outputs() == ["s_output2", "s_output1", "s_output0"]


def test_a_name_is_replaced_wherever_it_stands() -> None:
    both = sym.var("v") + sym.var("v")
    assert both(v=sym.var("d")).list_arguments() == ["d"]


# Evaluation: what is composed is what arrays compute

EVALUATED = [
    "S.np.sum(x * 2, axis=1) - 1",
    "2 ** (x / y) % 3",
    "(x > y) * x + (x <= 1.5)",
    "abs(-x) // 0.5",
    "x @ y.T",
    "x[0] + y[1]",
    "x[-1]",
    "x[:, 1:]",
    "x[1, ::-1]",
    "x.reshape(3, -1).astype('int32')",
    "x.max(axis=0, keepdims=True)",
    "S.np.concatenate([x, y], axis=1)",
    "S.np.split(x, 3, axis=1)[2]",
    "S.np.hsplit(x, [1])[1]",
    "S.np.where(x > y, x, 0.5)",
    "S.np.linalg.det(x @ y.T)",
    "S.np.clip(x, 0.5, 1.0)",
    "S.np.full((2, 3), 4.0) + x",
    "S.np.tensordot(x, y, axes=([0, 1], [0, 1]))",
    "S.np.stack([x, y]).transpose(2, 0, 1)",
    "S.np.maximum(x, 1) + S.np.minimum(1, y)",
    "S.npx.softmax(x, axis=-1)",
    "S.npx.relu(x - 1)",
    "S.npx.one_hot(S.np.argmax(x, axis=1), 3)",
    "S.npx.fully_connected(x, y, num_hidden=2)",
    "S.npx.pick(x, S.np.zeros((2,)))",
]


class _Face:
    """The faces of arrays under the names of those of symbols."""

    np, npx = mx.np, mx.npx


@pytest.mark.parametrize("expression", EVALUATED)
def test_numpy_functions_compute_the_same(expression: str) -> None:
    arrays = {"x": mx.np.array([[0.5, 1.25, 2.0], [1.5, 0.25, 3.0]]), "y": mx.np.array([[1.0, 1, 0.5], [2, 0.5, 1.5]])}
    expected = eval(expression, {"S": _Face, **arrays})
    symbols = {name: sym.var(name).as_np_ndarray() for name in arrays}
    symbol = eval(expression, {"S": sym, **symbols})
    given = {name: array for name, array in arrays.items() if name in symbol.list_arguments()}
    (result,) = symbol.eval(**given)
    assert result.dtype == expected.dtype
    onp.testing.assert_allclose(result.asnumpy(), expected.asnumpy(), rtol=1e-6)


def test_legacy_functions_compute_the_same() -> None:
    x = mx.nd.array([[1.0, 2.0], [3.0, 4.0]])
    a = sym.var("a")
    for symbol, expected in (
        (2 / (a - 0.5) ** 2, 2 / (x - 0.5) ** 2),
        (sym.hypot(a, 3), (x * x + 9).sqrt()),
        (sym.maximum(3, a).reshape((4,)), mx.nd.array([3, 3, 3, 4])),
        (a.sum(axis=1) == 3, mx.nd.array([1, 0])),
        (sym.concat(a, -a, dim=0).slice_axis(axis=0, begin=1, end=3), mx.nd.array([[3, 4], [-1, -2]])),
        (a + sym.broadcast_mul(sym.ones((2, 2)), sym.arange(2)), x + mx.nd.array([[0, 1], [0, 1]])),
        (sym.split_v2(a, (1,), axis=1)[1], mx.nd.array([[2], [4]])),
    ):
        (result,) = symbol.eval(a=x)
        onp.testing.assert_allclose(result.asnumpy(), expected.asnumpy(), rtol=1e-6)
        assert type(result) is mx.nd.NDArray


def test_what_hangs_on_a_shape_is_not_to_be_had_for_symbols() -> None:
    with pytest.raises(mx.MXNetError, match="needs the shape, type or values"):
        sym.np.resize(sym.var("x").as_np_ndarray(), (2, 2))
    with pytest.raises(TypeError, match="must be a symbol"):
        sym.np.add(sym.var("x").as_np_ndarray(), mx.np.ones(2))
    with pytest.raises(mx.MXNetError, match="never written to"):
        sym.np.exp(sym.var("x").as_np_ndarray(), out=sym.var("y").as_np_ndarray())


# Copies and files


def _network() -> Symbol:
    data = sym.var("data", shape=(0, 3, 8, 8))
    body = sym.Convolution(data, kernel=(3, 3), num_filter=4, name="conv", attr={"__mood__": "calm"})
    body = sym.Activation(sym.BatchNorm(body, fix_gamma=False, name="bn"), act_type="relu", name="relu")
    return sym.SoftmaxOutput(sym.FullyConnected(body, num_hidden=10, name="fc"), name="softmax")


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda symbol: pickle.loads(pickle.dumps(symbol))])
def test_copies_are_equal_and_apart(make: Callable[[Symbol], Symbol]) -> None:
    symbol = _network()
    twin = make(symbol)
    assert (twin.debug_str(), twin.attr_dict()) == (symbol.debug_str(), symbol.attr_dict())
    twin._set_attr(__mood__="new")
    assert symbol.attr("__mood__") is None


def test_classes_survive_copies() -> None:
    symbol = sym.var("x").as_np_ndarray() + 1
    for twin in (copy.deepcopy(symbol), pickle.loads(pickle.dumps(symbol))):
        assert type(twin) is sym.np._Symbol
        assert twin.list_outputs() == symbol.list_outputs()
    assert type(symbol.as_nd_ndarray()) is Symbol


def test_pickles_are_json_as_those_of_genuine() -> None:
    symbol = _network()
    state = symbol.__getstate__()
    assert list(state) == ["handle"] and sym.fromjson(state["handle"]).debug_str() == symbol.debug_str()


def test_variables_of_one_name_come_back() -> None:
    symbol = sym.var("v") + sym.var("v")
    again = pickle.loads(pickle.dumps(symbol))
    assert again.list_arguments() == ["v", "v"]
    assert again.eval(v=mx.nd.array([1, 2]))[0].asnumpy().tolist() == [2, 4]
    assert again.to_torch({})(torch.tensor([1, 2])).tolist() == [2, 4]


def test_files_round_trip(tmp_path: Path) -> None:
    symbol = _network()
    symbol.save(str(tmp_path / "net-symbol.json"))
    assert sym.load(tmp_path / "net-symbol.json").debug_str() == symbol.debug_str()
    assert (tmp_path / "net-symbol.json").read_text() == symbol.tojson()


def test_files_that_are_no_graphs(tmp_path: Path) -> None:
    path = tmp_path / "net-symbol.json"
    with pytest.raises(FileNotFoundError, match="net-symbol.json"):
        sym.load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(mx.MXNetError, match="net-symbol.json.*UTF-8"):
        sym.load(path)
    with pytest.raises(mx.MXNetError, match="Is a directory"):
        sym.load(tmp_path)
    path.write_text("[]")
    with pytest.raises(mx.MXNetError, match="net-symbol.json"):
        sym.load(path)


def test_files_longer_than_any_graph_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net-symbol.json"
    path.write_text('{"nodes": [{"op": "null", "name": "x"}], "heads": [[0, 0]]}' + " " * 100)
    assert sym.load(path).name == "x"
    for module in (mx.symbol.symbol, _read):
        monkeypatch.setattr(module, "MAX_SIZE", 100)
    with pytest.raises(mx.MXNetError, match="net-symbol.json: more than the 100 bytes"):
        sym.load(path)


# Depth, threads


def test_a_deep_graph_is_no_deeper_than_any_other() -> None:
    symbol = sym.var("x")
    for _ in range(DEEP):
        symbol = symbol + 1
    assert len(symbol.get_internals()) == DEEP + 1
    for twin in (copy.deepcopy(symbol), pickle.loads(pickle.dumps(symbol)), symbol(x=sym.var("y"))):
        assert repr(twin) == repr(symbol)
        assert twin.list_outputs() == symbol.list_outputs()
        assert len(twin.attr_dict()) == DEEP + 1
        assert twin.debug_str().count("Op:") == DEEP
    del symbol, twin


def test_scopes_are_of_one_thread() -> None:
    seen: dict[str, Any] = {}

    def elsewhere() -> None:
        seen["attribute"] = sym.var("y").attr("mood")
        seen["name"] = mx.name.current()

    with mx.AttrScope(mood="calm"), mx.name.Prefix("p_") as prefix:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert sym.var("x").attr("mood") == "calm"
        assert mx.name.current() is prefix
    assert seen["attribute"] is None and seen["name"] is not prefix


def test_scopes_end_with_an_error() -> None:
    scope = mx.AttrScope(mood="calm")
    for _ in range(2):
        with pytest.raises(KeyError), scope, mx.AttrScope(other="1"):
            raise KeyError
        assert sym.var("x").list_attr() == sym.var("y").list_attr()
        assert "mood" not in sym.var("x").list_attr()
    assert scope.get(None) == {"mood": "calm"}
    with mx.AttrScope(other="1"), scope:
        assert scope.get(None) == {"mood": "calm", "other": "1"}
    assert scope.get(None) == {"mood": "calm"}
