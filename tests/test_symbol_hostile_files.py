"""Files of graphs that no MXNet would write: they are refused with the file and the node, whatever they hold."""

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from graph_files import graph_of
from hypothesis import example, given
from references import load

from mxnet.base import MXNetError
from mxnet.formats import FileFormatError
from mxnet.operators import find
from mxnet.symbol import _read
from mxnet.symbol._infer import infer_shape
from mxnet.symbol._read import from_json
from mxnet.symbol._write import to_json

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VARIABLE = {"op": "null", "name": "x", "inputs": []}
RELU = {"op": "Activation", "attrs": {"act_type": "relu"}}
HOSTILE: dict[str, tuple[Any, str]] = {
    "nothing": ("", "not a graph"),
    "not UTF-8": (b"\xff{}", "not a graph"),
    "no JSON": ("{nodes: []}", "not a graph"),
    "a list": ([], "a JSON object, not a list"),
    "a number": (3, "a JSON object, not a number"),
    "empty": ({}, "nodes must be a list, not nothing"),
    "nodes are no list": (graph_of(RELU, nodes={}), "nodes must be a list, not an object"),
    "heads are missing": (graph_of(RELU, heads=None), "heads must be a list, not nothing"),
    "no heads": (graph_of(RELU, heads=[]), "at least one output"),
    "NaN": ('{"nodes": NaN, "heads": []}', "NaN is no JSON"),
    "Infinity": ('{"nodes": [], "heads": [[Infinity, 0]]}', "Infinity is no JSON"),
    "a billion digits": ('{"nodes": [], "heads": [[' + "9" * 10**6 + ", 0]]}", "not a graph"),
    "deep lists": ("[" * 100_000, "nested too deeply"),
    "deep objects": ('{"nodes": ' * 100_000, "nested too deeply"),
    "a lone surrogate": (
        '{"nodes": [{"op": "null", "name": "\\ud800", "inputs": []}], "heads": [[0, 0]]}',
        "not a graph",
    ),
    "a surrogate in text": ('{"nodes": "\ud800"}', "not a graph"),
    "a node is a string": (graph_of(RELU, nodes=["x"]), "node 0: a node is a JSON object, not a string"),
    "no op": (graph_of(RELU, nodes=[{"name": "x"}]), "node 0 'x' (None): a node needs an op and a name"),
    "no name": (graph_of(RELU, nodes=[{"op": "null"}]), "node 0 'None' (null): a node needs an op and a name"),
    "a number for a name": (graph_of(RELU, nodes=[{"op": "null", "name": 3}]), "both strings"),
    "attributes in a list": (graph_of({**RELU, "attrs": []}), "attrs must be an object of strings"),
    "an attribute is a number": (graph_of({**RELU, "attrs": {"act_type": 3}}), "attrs must be an object of strings"),
    "inputs are a string": (graph_of({**RELU, "inputs": "00"}), "inputs must be a list, not a string"),
    "an input is a number": (graph_of({**RELU, "inputs": [0]}), "lists of a node's and an output's number"),
    "an input is short": (graph_of({**RELU, "inputs": [[0]]}), "lists of a node's and an output's number"),
    "an input is long": (graph_of({**RELU, "inputs": [[0, 0, 0, 0]]}), "lists of a node's and an output's number"),
    "an input is fractional": (graph_of({**RELU, "inputs": [[0.5, 0, 0]]}), "not [0.5, 0, 0]"),
    "an input is true": (graph_of({**RELU, "inputs": [[False, 0, 0]]}), "not [False, 0, 0]"),
    "negative": (graph_of({**RELU, "inputs": [[-1, 0, 0]]}), "inputs name node -1"),
    "its own input": (graph_of({**RELU, "inputs": [[1, 0, 0]]}), "only the 1 nodes before this one"),
    "a later node": (graph_of({**RELU, "inputs": [[2, 0, 0]]}), "inputs name node 2"),
    "no such output": (graph_of({**RELU, "inputs": [[0, 1, 0]]}), "output 1 of node 0 'x', which has 1"),
    "a negative output": (graph_of({**RELU, "inputs": [[0, -1, 0]]}), "output -1"),
    "a hidden output": (graph_of({"op": "Dropout"}, heads=[[1, 1, 0]]), "output 1 of node 1 'y', which has 1"),
    "no such head": (graph_of(RELU, heads=[[2, 0, 0]]), "heads name node 2, but there are 2 nodes"),
    "a variable with inputs": (graph_of({"op": "null"}), "node 1 'y' (null): a variable has no inputs"),
    "an unknown operator": (
        graph_of({"op": "Telepathy"}),
        "node 1 'y' (Telepathy): this package has no operator 'Telepathy'",
    ),
    "an unknown attribute": (
        graph_of({**RELU, "attrs": {"beta": "2"}}),
        "Activation has no attribute 'beta'; it takes act_type",
    ),
    "an attribute is missing": (graph_of({"op": "Activation"}), "needs attribute 'act_type'"),
    "a wrong value": (graph_of({**RELU, "attrs": {"act_type": "x"}}), "must be one of 'log_sigmoid'"),
    "too many inputs": (graph_of({**RELU, "inputs": [[0, 0]] * 2}), "it takes 1 to 1 inputs (data), not 2"),
    "too few inputs": (graph_of({"op": "elemwise_add"}), "it takes 2 to 2 inputs (lhs, rhs), not 1"),
    "none of any number": (graph_of({"op": "Concat", "inputs": []}), "it needs at least one input"),
    "inputs counted wrongly": (
        graph_of({"op": "Concat", "attrs": {"num_args": "3"}}),
        "num_args must be the number of inputs, 1",
    ),
    "a type of number": (
        graph_of({"op": "_npi_full", "inputs": [], "attrs": {"value_type": "7"}}),
        "value_type must be 0, 1 or 2",
    ),
    "a data type": (
        graph_of({"op": "Cast", "attrs": {"dtype": "O,O,O"}}),
        "dtype must be the name of a data type, not 'O,O,O'",
    ),
    "no results": (graph_of({"op": "SliceChannel", "attrs": {"num_outputs": "-3"}}), "it would have -3 results"),
}
SHAPES = {
    "open brackets": "(" * 90_000,
    "nested brackets": "(" * 90 + ")" * 90,
    "a long number": "9" * 90_000,
    "too long": "9," * 10**6,
    "signs": "-" * 90_000 + "1",
    "a power": "2**10**10",
    "a product": "(1,) * 10**10",
    "a call": "__import__('os')",
    "a string": "'" + "x" * 1000 + "'",
    "a comprehension": "[x for x in ()]",
    "complex": "1+2j",
    "keywords": "1if 1else 1",
    "nothing": "",
    "a null byte": "(1, \0)",
    "digits of another script": "\u0663\u0663",
}


def refuse(text: Any, words: str) -> None:
    text = text if isinstance(text, (str, bytes)) else json.dumps(text)
    with pytest.raises(FileFormatError) as caught:
        from_json(text, "graph.json")
    assert str(caught.value).startswith("graph.json: ")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 800


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused(case: str) -> None:
    refuse(*HOSTILE[case])


@pytest.mark.parametrize("place", ["op", "name", "inputs", "attrs", "heads"])
def test_no_depth_of_nesting_goes_unnoticed(place: str) -> None:
    for depth in (1, 10, *range(500, 1500, 10)):
        nested = "[" * depth + "]" * depth
        text = json.dumps(graph_of(RELU, heads="here") if place == "heads" else graph_of({**RELU, place: "here"}))
        refuse(text.replace('"here"', nested), "")


@pytest.mark.parametrize("case", SHAPES)
def test_hostile_attributes_are_refused(case: str) -> None:
    refuse(graph_of({"op": "Pooling", "attrs": {"kernel": SHAPES[case]}}), "node 1 'y' (Pooling): ")


@pytest.mark.parametrize("name", ["__shape__", "__dtype__"])
@pytest.mark.parametrize("text", [*SHAPES.values(), "1" * 60 + "!", "(" + "1 " * 60 + "!", "9" * 900, "O,O,O"])
def test_hostile_annotations_are_refused(name: str, text: str) -> None:
    variable = {**VARIABLE, "attrs": {name: text}}
    entries = from_json(json.dumps({"nodes": [variable], "heads": [[0, 0]]}), "graph.json")
    with pytest.raises(MXNetError, match=f"variable 'x': {name}") as caught:
        infer_shape(entries, {})
    assert len(str(caught.value)) < 1200


@pytest.mark.parametrize(
    "op, attributes",
    [
        ("Convolution", {"kernel": "()", "num_filter": "1"}),
        ("Convolution", {"kernel": "(1099511627776, 1099511627776)", "num_filter": "1"}),
        ("Convolution", {"kernel": "(1, 1)", "num_filter": "1099511627776"}),
        ("UpSampling", {"scale": "2", "sample_type": "nearest", "num_args": "1099511627776"}),
        ("_npx_deformable_convolution", {"kernel": "(1, 1)", "num_filter": "1", "pad": "(1, 1, 1)"}),
        ("_npi_exponential", {"size": "(2000000000,)", "scale": "1"}),
    ],
)
@pytest.mark.parametrize("inputs", [1, 3])
def test_sizes_that_no_memory_holds_take_none(op: str, attributes: dict[str, str], inputs: int) -> None:
    nodes = [{**VARIABLE, "name": f"x{number}"} for number in range(inputs)]
    graph = graph_of({"op": op, "attrs": attributes, "inputs": [[number, 0] for number in range(inputs)]})
    graph = {"nodes": [*nodes, graph["nodes"][-1]], "heads": [[inputs, 0]]}
    try:
        entries = from_json(json.dumps(graph), "graph.json")
        infer_shape(entries, {"x0": (2**20, 2**20, 2**20, 2**20)}, partial=True)
    except MXNetError:
        pass


@pytest.mark.parametrize(
    "limit, value, words",
    [
        ("MAX_SIZE", 100, "more than the 100 bytes that a graph may have"),
        ("MAX_VALUES", 10, "more than the 10 values"),
        ("MAX_NODES", 1, "nodes has 2 elements, more than the 1"),
        ("MAX_RESULTS", 0, "it would have 1 results; a graph's operators may have 0 in all"),
        ("MAX_INPUTS", 0, "node 1 'y' (Activation): inputs has 1 elements, more than the 0"),
        ("MAX_ATTRIBUTE", 3, "act_type has 4 characters, more than the 3 of an attribute"),
    ],
)
def test_limits(monkeypatch: pytest.MonkeyPatch, limit: str, value: int, words: str) -> None:
    monkeypatch.setattr(_read, limit, value)
    refuse(graph_of(RELU), words)


def test_a_long_chain_is_no_problem() -> None:
    nodes = [VARIABLE, *({"name": f"n{i}", "inputs": [[i, 0]], **RELU} for i in range(30_000))]
    entries = from_json(json.dumps({"nodes": nodes, "heads": [[30_000, 0]]}).encode(), "graph.json")
    assert len(json.loads(to_json(entries))["nodes"]) == 30_001


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES | st.sampled_from(["null", "Activation", "relu"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value that can be given another value."""
    if not isinstance(value, (dict, list)):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


def refuse_or_read(text: str | bytes) -> None:
    try:
        to_json(from_json(text, "graph.json"))
    except MXNetError as error:
        assert str(error).startswith("graph.json: ")


@given(st.data())
def test_changed_files_are_read_or_refused(data: st.DataObject) -> None:
    graph = json.loads(json.dumps(load("graphs/old.json")["0.8: convolutional network"]))
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places(graph)))
        holder[key] = data.draw(JSON)
        if data.draw(st.booleans()):
            del holder[key]
        if not places(graph):
            break
    refuse_or_read(json.dumps(graph))


@given(
    st.sampled_from(sorted({name for op in ("Pooling", "clip", "slice", "_npi_pad") for name in find(op).attributes})),
    st.data(),
)
def test_changed_attributes_are_read_or_refused(name: str, data: st.DataObject) -> None:
    op = next(op for op in ("Pooling", "clip", "slice", "_npi_pad") if name in find(op).attributes)
    text = data.draw(st.text("0123456789()[],.-+ eENone", max_size=12) | NAMES)
    refuse_or_read(json.dumps(graph_of({"op": op, "attrs": {name: text}})))


@given(st.text() | st.binary())
@example("{}")
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    refuse_or_read(text)
