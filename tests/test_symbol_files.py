"""Graphs as files: what genuine MXNet wrote comes back as it was, old versions' files included."""

import json
import re
from functools import cache
from typing import Any

import hypothesis.strategies as st
import pytest
from graph_files import Graph, graph_of
from hypothesis import given
from references import load

from mxnet.formats import FileFormatError
from mxnet.operators import CATALOGUE, find
from mxnet.symbol._descriptions import annotation_name
from mxnet.symbol._dialect import prints_all
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._read import from_json
from mxnet.symbol._spelling import engine_text, number_text, python_text
from mxnet.symbol._write import to_json

# Attributes that files are without where they have these values, so that 1.9.1 loads them.
LEFT_OUT = {
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
    wanted = load("graphs/rewritten.json")[name]
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


@pytest.mark.parametrize("value, kind", [(2**63, "uint"), (-(2**63), "int"), (1.5, "double"), (float("inf"), "double")])
def test_numbers_are_stored_by_their_type(value: float, kind: str) -> None:
    full = find("_npi_full")
    text = to_json([(Node(full, "full", full.canonical({"shape": (2,), "value": value})), 0)])
    stored = json.loads(text)["nodes"][0]["attrs"]
    assert {name for name in ("int", "uint", "double") if stored[f"{name}_value"] != "0"} == {kind}
    ((again, _),) = from_json(text, "graph.json")
    assert again.attributes["value"] == value and type(again.attributes["value"]) is type(value)


def test_a_number_never_loses_digits() -> None:
    assert number_text(0.1, 17) == "0.10000000000000001"
    assert number_text(1234567.0) == "1234567.0"
    assert number_text(float("nan")) == "nan"


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
