"""Traced graphs beside those that genuine MXNet 2.0.0b1 exports: node by node, and the same numbers by every way."""

import json
import warnings

import numpy as onp
import pytest
from references import load

import mxnet as mx
from mxnet import gluon, np, npx
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision

import make_graphs  # isort: skip  (found through `references`)

SCOPE = "__profiler_scope__"

# MXNet 1.9.1 refuses attributes that it does not know, so our files leave these out where they have this value.
LEFT_OUT = {"Pooling": {"output_size": "None"}}

# Blocks whose graph differs from genuine's, and why.
DIFFERENT = {
    "nn.SyncBatchNorm()": "one process has one batch: BatchNorm's own operator, which every engine runs",
    "nn.Dropout(0)": "it returns its input, genuine's a copy of it",
}

ZOO, BLOCKS = load("graphs/zoo.json.gz"), load("graphs/blocks.json.gz")


def exported(net, *shapes):
    """Our graph, in the form of the record."""
    net.initialize(mx.init.Zero())
    net.optimize_for(*[np.ones(shape) for shape in shapes])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # auxiliary classifiers are no part of the graph
        graph = json.loads(net.export(None)[0].tojson())
    return {key: graph[key] for key in ("nodes", "node_row_ptr", "heads")}


def comparable(graph):
    """A graph with its operators counted from 0 and without what we leave out."""
    nodes = [dict(node) for node in graph["nodes"]]
    count = 0
    for node in nodes:
        if node["op"] != "null":
            node["name"] = f"operator {count}"
            count += 1
        attrs = spelled_one_way(node["op"], node.get("attrs", {}))
        for key, default in LEFT_OUT.get(node["op"], {}).items():
            if attrs.get(key) == default:
                del attrs[key]
        node["attrs"] = attrs
    return {**graph, "nodes": nodes}


def spelled_one_way(op, attrs):
    """Genuine's npx.reshape spells what it is given, and its np.reshape everything; a node of ours everything."""
    if op != "_npx_reshape" or SCOPE not in attrs:
        return dict(attrs)
    given = {key: text.strip("()").replace(" ", "") for key, text in attrs.items() if key != SCOPE}
    return {"order": "C", "reverse": "0", **given, "newshape": f"[{given['newshape']}]"}


def numbers(graph):
    return [int(node["name"].removeprefix("node_")) for node in graph["nodes"] if node["op"] != "null"]


@pytest.mark.parametrize("name", ZOO)
def test_zoo_exports_genuines_graph(name):
    size = 299 if name.startswith("inception") else 224
    graph = exported(vision.get_model(name), (1, 3, size, size))
    assert comparable(graph) == comparable(ZOO[name])
    # The counter of genuine's names goes through the whole process; ours starts anew.
    ours, theirs = numbers(graph), numbers(ZOO[name])
    assert min(ours) == 0
    assert [number - min(theirs) for number in theirs] == ours


def block(source):
    return eval(source, {"gluon": gluon, "nn": nn, "npx": npx, "sequential": sequential})


def sequential(parent, *children):
    parent.add(*children)
    return parent


@pytest.mark.parametrize("source", [source for source in BLOCKS if source not in DIFFERENT])
def test_blocks_export_genuines_graph(source):
    assert comparable(exported(block(source), *make_graphs.BLOCKS[source])) == comparable(BLOCKS[source])


@pytest.mark.parametrize("source", DIFFERENT)
def test_blocks_that_export_another_graph(source):
    assert comparable(exported(block(source), *make_graphs.BLOCKS[source])) != comparable(BLOCKS[source])


SMALL = {name: model["input"] for name, model in load("zoo.json")["models"].items() if model["elements"] < 30e6}


@pytest.mark.parametrize(
    "name", [name for name in SMALL if name.startswith(("squeeze", "mobile", "resnet18", "resnet50"))]
)
def test_eager_hybridized_and_imported_agree(name, tmp_path):
    mx.random.seed(1)
    net = vision.get_model(name)
    net.initialize(mx.init.Xavier())
    images = np.array(onp.random.RandomState(1).rand(1, 3, 224, 224).astype("float32"))
    expected = net(images).asnumpy()
    assert onp.ptp(expected) > 0
    net.hybridize()
    onp.testing.assert_array_equal(net(images).asnumpy(), expected)
    net.export(tmp_path / "net")
    again = gluon.SymbolBlock.imports(tmp_path / "net-symbol.json", "data", tmp_path / "net-0000.params")
    onp.testing.assert_array_equal(again(images).asnumpy(), expected)
