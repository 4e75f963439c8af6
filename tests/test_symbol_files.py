"""Graphs as files: what genuine MXNet wrote comes back as it was, old and hostile files included."""

import json
import re
from functools import cache
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given
from references import load

from mxnet.base import MXNetError
from mxnet.formats import FileFormatError
from mxnet.operators import CATALOGUE, find
from mxnet.symbol import _read
from mxnet.symbol._descriptions import annotation_name
from mxnet.symbol._dialect import prints_all
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._read import from_json
from mxnet.symbol._spelling import engine_text, number_text, python_text
from mxnet.symbol._write import to_json

Graph = dict[str, Any]

# Attributes that files are without where they have these values, so that 1.9.1 loads them.
LEFT_OUT = {
    ("Deconvolution", "target_shape"): "None",
    ("Pooling", "output_size"): "None",
    ("_npi_cholesky", "lower"): "1",
    ("_npi_pad", "constant_values"): "0",
}
# Names that genuine MXNet writes and cannot read.
CORRECTED = {
    ("_npi_around", "decimal"): "decimals",
    ("argsort", "is_ascend_s"): "is_ascend",
    ("sort", "is_ascend_s"): "is_ascend",
}
# Traces of genuine MXNet that it refuses to load, for a required attribute or the Python behind it is not in the file.
INCOMPLETE = {"Custom", "_npi_choice"}
# Operators under two of genuine MXNet's names that are one here.
MERGED = {"_copyto": "_copy", "_npi_dsplit": "_split_v2", "relu": "_npx_relu", "sigmoid": "_npx_sigmoid"}


def read(graph: Graph) -> list[Entry]:
    return from_json(json.dumps(graph), "graph.json")


@cache
def recorded(name: str) -> dict[str, Graph]:
    """Graphs of genuine MXNet 1.9 or 2.0, which are recorded without their version."""
    return {name: {**graph, "attrs": {"mxnet_version": ["int", 10901]}} for name, graph in load(name).items()}


def written(entries: list[Entry]) -> Graph:
    return json.loads(to_json(entries, remove_amp_cast=False))


def forget_spelling(entries: list[Entry]) -> list[Entry]:
    """The graph as it would be had it not been read from a file."""
    for node in topological(entries):
        node.written = None
    return entries


def edges(inputs: list[list[int]]) -> list[list[int]]:
    """Without the versions, which only tell how often an auxiliary state was used before."""
    return [edge[:2] for edge in inputs]


def expected_attributes(node: Graph) -> dict[str, str]:
    op = node["op"]
    return {
        CORRECTED.get((op, name), name): text
        for name, text in node.get("attrs", {}).items()
        if LEFT_OUT.get((op, name)) != text
    }


def assert_same(found: Graph, expected: Graph) -> None:
    """The same nodes, operators, attributes in the same words, edges and outputs."""
    assert len(found["nodes"]) == len(expected["nodes"])
    for one, other in zip(found["nodes"], expected["nodes"], strict=True):
        assert (one["name"], one["op"]) == (other["name"], other["op"])
        assert one.get("attrs", {}) == expected_attributes(other)
        assert edges(one["inputs"]) == edges(other["inputs"])
    assert found["node_row_ptr"] == expected["node_row_ptr"]
    assert edges(found["heads"]) == edges(expected["heads"])


def complete(node: Node) -> dict[str, Any]:
    return node.op.complete(node.attributes) if node.op else {}


@pytest.fixture(scope="module")
def calls() -> dict[str, Graph]:
    """One small graph for each expression of the tables of operators."""
    graphs = recorded("graphs/calls.json.gz")
    return {
        expression: graph
        for expression, graph in graphs.items()
        if not INCOMPLETE & {node["op"] for node in graph["nodes"]}
    }


@pytest.mark.parametrize("name", recorded("graphs/zoo.json.gz"))
def test_traces_of_the_zoo_come_back(name: str) -> None:
    graph = recorded("graphs/zoo.json.gz")[name]
    entries = read(graph)
    assert_same(written(entries), graph)
    assert_same(written(forget_spelling(entries)), graph)


@pytest.mark.parametrize("name", recorded("graphs/blocks.json.gz"))
def test_traces_of_layers_come_back(name: str) -> None:
    graph = recorded("graphs/blocks.json.gz")[name]
    assert_same(written(read(graph)), graph)


def test_traces_of_all_operators_come_back(calls: dict[str, Graph]) -> None:
    for graph in calls.values():
        assert_same(written(read(graph)), graph)


@pytest.mark.parametrize("name", recorded("graphs/exports.json.gz"))
def test_exports_of_1_9_come_back(name: str) -> None:
    graph = recorded("graphs/exports.json.gz")[name]
    assert_same(written(read(graph)), graph)


def test_traces_are_spelled_as_genuine_mxnet_spells_them(calls: dict[str, Graph]) -> None:
    """An operator that prints all its attributes prints them in genuine MXNet's words; a few it prints besides."""
    for expression, graph in calls.items():
        nodes = topological(forget_spelling(read(graph)))
        for node, one, other in zip(nodes, written(read_again(graph))["nodes"], graph["nodes"], strict=True):
            if node.op is None or not prints_all(node.op) or "__profiler_scope__" in other.get("attrs", {}):
                continue
            wanted = {name: text.replace("-nan", "nan") for name, text in expected_attributes(other).items()}
            assert {name: one["attrs"].get(name) for name in wanted} == wanted, expression


def read_again(graph: Graph) -> list[Entry]:
    return forget_spelling(read(graph))


def test_attributes_mean_the_same_in_either_spelling(calls: dict[str, Graph]) -> None:
    for expression, graph in calls.items():
        before = topological(read(graph))
        after = topological(read(written(read_again(graph))))
        assert [node.op for node in after] == [node.op for node in before]
        for one, other in zip(after, before, strict=True):
            if not (one.op and one.op.name == "clip"):  # where None and infinity mean the same
                assert repr(complete(one)) == repr(complete(other)), expression


def test_which_operators_print_all_their_attributes(calls: dict[str, Graph]) -> None:
    """Those that genuine MXNet 2.0 prints so for a call of `mx.np` or `mx.npx`, or else for any call."""
    ways: dict[bool, dict[str, set[bool]]] = {True: {}, False: {}}
    for expression, graph in calls.items():
        of_2_0 = not re.search(r"\b(nd\.|op\(|n\(|l\()", expression)
        for node in graph["nodes"]:
            prints = "__profiler_scope__" not in node.get("attrs", {})
            ways[of_2_0].setdefault(node["op"], set()).add(prints)
    for name, seen in (ways[False] | ways[True]).items():
        if name != "slice" and name in CATALOGUE and find(name).name == name:  # slice does both, but says not all
            assert prints_all(find(name)) is (True in seen), name


@pytest.mark.parametrize("name", load("graphs/old.json"))
def test_old_files_are_read_as_1_9_reads_them(name: str) -> None:
    graph = load("graphs/old.json")[name]
    wanted = load("graphs/rewritten_1.json")[name]
    if wanted is None or name == "nodes in any order":  # no MXNet has ever written that
        with pytest.raises(FileFormatError, match=r"graph.json: node \d"):
            read(graph)
        return
    found = written(read(graph))
    for node in found["nodes"] + wanted["nodes"]:
        node["op"] = node["op"] if node["op"] == "null" else find(node["op"]).name
    assert_same(found, wanted)


def test_names_of_operators_are_kept_as_the_file_has_them() -> None:
    graph = load("graphs/old.json")["1.6: sparse names"]
    assert [node["op"] for node in written(read(graph))["nodes"][1:]] == ["_sparse_relu", "identity", "broadcast_plus"]


def test_attributes_without_effect_are_kept() -> None:
    graph = graph_of({"op": "Activation", "attrs": {"act_type": "relu", "workspace": "512", "__mood__": "good"}})
    ((node, _),) = read(graph)
    assert node.attributes == {"act_type": "relu"}
    assert node.annotations == {"workspace": "512", "__mood__": "good"}
    assert written([(node, 0)])["nodes"][1]["attrs"] == graph["nodes"][1]["attrs"]


def graph_of(node: Graph, **fields: Any) -> Graph:
    """A variable and one node on it."""
    nodes = [{"op": "null", "name": "x", "inputs": []}, {"name": "y", "inputs": [[0, 0, 0]], **node}]
    versions = {"mxnet_version": ["int", 10900]}
    return {"nodes": nodes, "arg_nodes": [0], "heads": [[1, 0, 0]], "attrs": versions, **fields}


def test_a_changed_node_is_spelled_anew() -> None:
    ((node, _),) = read(graph_of({"op": "Activation", "attrs": {"act_type": "relu"}}))
    node.attributes["act_type"] = "tanh"
    assert written([(node, 0)])["nodes"][1]["attrs"] == {"act_type": "tanh"}


def test_casts_of_mixed_precision_are_left_out() -> None:
    x = Node(None, "x"), 0
    cast = Node(find("amp_cast"), "cast", find("amp_cast").canonical({"dtype": "float16"}), [x]), 0
    relu = Node(find("Activation"), "relu", {"act_type": "relu"}, [cast]), 0
    pair = Node(find("amp_multicast"), "pair", {"num_outputs": 2}, [x, relu])
    text = to_json([(pair, 1), (pair, 0)])
    assert "amp" not in text
    graph = json.loads(text)
    assert [node["op"] for node in graph["nodes"]] == ["null", "Activation"]
    assert graph["heads"] == [[1, 0, 0], [0, 0, 0]]
    assert "amp_multicast" in to_json([(pair, 0)], remove_amp_cast=False)
    assert relu[0].inputs == (cast,)  # the graph itself keeps them


def test_an_input_that_is_left_out_before_others_is_no_input_of_the_file() -> None:
    variables = [(Node(None, name), 0) for name in ("data", "label", "lengths")]
    loss = Node(find("CTCLoss"), "loss", {"use_label_lengths": True}, [*variables[:2], None, variables[2]])
    graph = written([(loss, 0)])
    assert graph["nodes"][-1]["inputs"] == [[0, 0, 0], [1, 0, 0], [2, 0, 0]]
    ((again, _),) = read(graph)
    assert [entry and entry[0].name for entry in again.inputs] == ["data", "label", None, "lengths"]


@pytest.mark.parametrize(
    "value, engine, python",
    [
        (True, "1", "True"),
        (None, "None", "None"),
        (3, "3", "3"),
        (0.1, "0.1", "0.1"),
        (1.0, "1", "1.0"),
        (1e-5, "1e-05", "1e-05"),
        (1e10, "1e+10", "10000000000.0"),
        (1 / 3, "0.3333333333333333", "0.3333333333333333"),
        (float("-inf"), "-inf", "-inf"),
        ((), "[]", "()"),
        ((3,), "[3]", "(3,)"),
        (((1, 2), (0, 0)), "[[1,2],[0,0]]", "((1, 2), (0, 0))"),
        ((None, 0), "[None,0]", "(None, 0)"),
        ("NCHW", "NCHW", "NCHW"),
        (find("Cast").canonical({"dtype": "float16"})["dtype"], "float16", "float16"),
    ],
)
def test_spellings(value: Any, engine: str, python: str) -> None:
    assert engine_text(value) == engine
    assert python_text(value) == python


def test_a_number_never_loses_digits() -> None:
    assert number_text(0.1, 17) == "0.10000000000000001"
    assert number_text(1234567.0) == "1234567.0"
    assert number_text(float("nan")) == "nan"


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
    "two variables of a name": (
        graph_of(RELU, nodes=[VARIABLE, VARIABLE]),
        "node 1 'x' (null): there is another variable",
    ),
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


@pytest.mark.parametrize("case", SHAPES)
def test_hostile_attributes_are_refused(case: str) -> None:
    refuse(graph_of({"op": "Pooling", "attrs": {"kernel": SHAPES[case]}}), "node 1 'y' (Pooling): ")


@pytest.mark.parametrize(
    "limit, value, words",
    [
        ("MAX_SIZE", 100, "are more than the 100 that a graph may have"),
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


def test_names_are_written_as_they_are() -> None:
    """Genuine MXNet's reader knows no escapes but those of quotes, slashes, tabs and ends of lines."""
    text = to_json([(Node(None, 'größe "\u4f60\\\t\n'), 0)])
    assert r"größe \"你\\\t\n" in text
    assert from_json(text, "graph.json")[0][0].name == 'größe "\u4f60\\\t\n'
    assert from_json("\ufeff".encode() + text.encode(), "graph.json")


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTEGERS = st.integers(-(2**40), 2**40)
FLOATS = st.floats(allow_nan=False)
TUPLES = st.lists(INTEGERS, max_size=3).map(tuple)
ATTRIBUTES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "Activation": st.fixed_dictionaries({"act_type": st.sampled_from(["relu", "tanh"])}),
    "Concat": st.fixed_dictionaries({}, optional={"dim": st.none() | INTEGERS}),
    "_npi_sum": st.fixed_dictionaries(
        {}, optional={"axis": st.none() | TUPLES, "keepdims": st.booleans(), "initial": FLOATS}
    ),
    "_npi_add_scalar": st.fixed_dictionaries({"scalar": FLOATS | INTEGERS, "is_int": st.booleans()}),
    "_plus_scalar": st.fixed_dictionaries({"scalar": FLOATS | INTEGERS}),
    "slice": st.fixed_dictionaries({"begin": st.lists(st.none() | INTEGERS).map(tuple), "end": TUPLES}),
    "SliceChannel": st.fixed_dictionaries({"num_outputs": st.integers(1, 4)}, optional={"squeeze_axis": st.booleans()}),
    "Cast": st.fixed_dictionaries({"dtype": st.sampled_from(["float16", "int8", "bool"])}),
    "_npi_full": st.fixed_dictionaries({"shape": TUPLES, "value": INTEGERS | FLOATS}, optional={"dtype": st.none()}),
    "_histogram": st.fixed_dictionaries({"bin_cnt": INTEGERS, "range": st.tuples(FLOATS, FLOATS)}),
}


@st.composite
def random_graphs(draw: st.DrawFn) -> list[Entry]:
    names = iter(draw(st.lists(NAMES, min_size=8, max_size=8, unique=True)))
    entries = [(Node(None, next(names), annotations=draw(st.dictionaries(NAMES, NAMES, max_size=2))), 0)]
    for name in names:
        op = find(draw(st.sampled_from([*ATTRIBUTES])))
        count = draw(st.integers(1, 3)) if op.variadic else len(op.inputs) - len(op.optional)
        inputs = [draw(st.sampled_from(entries)) for _ in range(count)]
        annotations = draw(st.dictionaries(NAMES.map(lambda text: f"__{text}__"), NAMES, max_size=1))
        node = Node(op, name, op.canonical(draw(ATTRIBUTES[op.name])), inputs, annotations)
        entries.append((node, draw(st.integers(0, node.outputs - 1))))
    return draw(st.lists(st.sampled_from(entries), min_size=1, max_size=3))


def shape_of(entries: list[Entry]) -> Any:
    nodes = topological(entries)
    places = {id(node): place for place, node in enumerate(nodes)}
    return (
        [(node.op, node.name, [(places[id(source)], number) for source, number in node.inputs]) for node in nodes],
        [(places[id(node)], number) for node, number in entries],
    )


@given(random_graphs())
def test_random_graphs_come_back(entries: list[Entry]) -> None:
    again = from_json(to_json(entries), "graph.json")
    assert shape_of(again) == shape_of(entries)
    for one, other in zip(topological(again), topological(entries), strict=True):
        assert complete(one) == complete(other)
        assert {name: text for name, text in one.annotations.items() if name != "__profiler_scope__"} == {
            annotation_name(name) if other.op is None else name: text for name, text in other.annotations.items()
        }
    assert json.loads(to_json(from_json(to_json(again), "graph.json"))) == json.loads(to_json(again))


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
