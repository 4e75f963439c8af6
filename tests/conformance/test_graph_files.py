"""Genuine MXNet loads every operator with whatever attributes a file of ours holds, and counts its results alike."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from mxnet.operators import CATALOGUE
from mxnet.operators.attributes import Axes, Bounds, DType, Floats, Scalar, Shape, Shapes
from mxnet.operators.catalogue import Operator
from mxnet.symbol._graph import Node
from mxnet.symbol._write import to_json

SAMPLES = {
    **{bool: True, int: 2, float: 1.0, str: "x", DType: "float32"},
    **{Axes: 0, Bounds: (0,), Floats: (1.0,), Scalar: 1.5, Shape: (2, 2), Shapes: ((1, 1), (1, 1))},
}
OURS = {"_npi_cumprod", "_npi_multivariate_normal"}
"""Operators that MXNet 2.0 does in Python."""
NEWER = "gelu_erf|gelu_tanh|log_sigmoid|mish|NWC|get_prob"
"""Values and attributes that one of the two versions does not know, where users ask for them."""
NOT_WITHOUT = "pooling not supported"
"""A kernel is wanted with these attributes."""
OTHERS_IN_1_9 = {"_contrib_AdaptiveAvgPooling2D", "_npi_full", "_npi_linspace"}
"""Operators of one name whose attributes have other names in 1.9.1."""


def variants(op: Operator) -> Iterator[dict[str, Any]]:
    """The attributes that must be given, then one more with each of its values that are words or truth values."""
    base = {
        name: attribute.choices[0] if attribute.choices else SAMPLES[attribute.kind]
        for name, attribute in op.attributes.items()
        if attribute.required
    }
    base |= {name: 2 for name in ("num_args", "num_arrays", "num_outputs") if name in op.attributes}
    yield base
    for name, attribute in op.attributes.items():
        for value in (True, False) if attribute.kind is bool else attribute.choices:
            yield {**base, name: value}


def files() -> Iterator[tuple[str, str, int]]:
    """Name, text and number of outputs of a graph for every operator and its variants, in both spellings."""
    for op in sorted(set(CATALOGUE.values()), key=lambda op: op.name):
        for number, given in enumerate(variants(op)):
            attributes = op.canonical(given)
            inputs = [(Node(None, f"x{i}"), 0) for i in range(len(op.expected_inputs(attributes, 2)))]
            for scope in ({}, {"__profiler_scope__": "<unk>:"}):
                node = Node(op, "node", attributes, inputs, scope)
                entries = [(node, output) for output in range(node.outputs)]
                yield f"{op.name} {number} {len(scope)}", to_json(entries, remove_amp_cast=False), node.outputs


@pytest.fixture(scope="module")
def written() -> dict[str, tuple[str, int]]:
    return {name: (text, outputs) for name, text, outputs in files()}


@pytest.fixture(scope="module")
def seen(written, run_genuine, tmp_path_factory) -> dict[str, dict[str, Any]]:
    """What each genuine version sees in the files."""
    graphs = tmp_path_factory.mktemp("graphs") / "graphs.json"
    graphs.write_text(json.dumps({name: text for name, (text, _) in written.items()}))
    return {version: run_genuine(version, "graph_files.py", graphs).values for version in ("2.0.0b1", "1.9.1")}


def operator_of(name: str) -> str:
    return name.split()[0]


def test_every_operator_is_one_of_either_version(seen):
    unknown = [
        {operator_of(name) for name, result in results.items() if "is not registered" in result}
        for results in seen.values()
    ]
    assert set.intersection(*unknown) == OURS


def test_genuine_mxnet_loads_what_it_knows(seen, written, genuine_version):
    refused = {
        name: result
        for name, result in seen[genuine_version].items()
        if isinstance(result, str)
        and not re.search(f"is not registered|{NEWER}|{NOT_WITHOUT}", f"{result} {written[name][0]}")
        and not (genuine_version == "1.9.1" and operator_of(name) in OTHERS_IN_1_9)
    }
    assert not refused


def test_results_are_counted_alike(seen, written, genuine_version):
    for name, result in seen[genuine_version].items():
        text, outputs = written[name]
        if isinstance(result, list):
            assert result == [*json.loads(text)["node_row_ptr"][-2:], outputs], name
