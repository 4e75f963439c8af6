"""Which inputs operators take, and which of their shapes follow from others, compared with genuine MXNet's symbols."""

from typing import Any

import pytest
import torch
from references import load

from mxnet.operators import CATALOGUE, find

TABLE = load("shapes.json")

Shapes = list[tuple[int, ...] | None]


def tuples(shapes: list[list[int] | None]) -> Shapes:
    return [None if shape is None else tuple(shape) for shape in shapes]


@pytest.mark.parametrize("name, attributes, expected", TABLE["inputs"])
def test_inputs_hang_on_attributes(name: str, attributes: dict[str, Any], expected: list[str]) -> None:
    op = find(name)
    assert op.expected_inputs(op.canonical(attributes)) == tuple(expected)


def test_inputs_of_operators_that_take_any_number() -> None:
    assert find("Concat").expected_inputs({}) == ()
    assert find("Concat").expected_inputs({}, given=2) == ("arg0", "arg1")
    assert find("Crop").expected_inputs({"num_args": 1}, given=2) == ("arg0", "arg1")


def test_lengths_are_inputs_of_every_softmax() -> None:
    # Genuine MXNet takes none for these two, though they have the attribute.
    for name in ("log_softmax", "softmin"):
        assert find(name).expected_inputs({"use_length": True}) == ("data", "length")


@pytest.mark.parametrize("name, attributes, known, expected", TABLE["shapes"])
def test_shapes_follow(name: str, attributes: dict[str, Any], known: list[Any], expected: list[Any]) -> None:
    op = find(name)
    assert op.complete_shapes(tuples(known), op.canonical(attributes)) == tuples(expected)


# Operator, attributes, known shapes, completed shapes: where genuine MXNet leaves more to the user.
FURTHER: list[tuple[str, dict[str, Any], Shapes, Shapes]] = [
    ("BatchNorm_v1", {}, [(2, 3, 4, 5), None, None, None, None], [(2, 3, 4, 5), *[(3,)] * 4]),
    ("softmax_cross_entropy", {}, [(2, 3), None], [(2, 3), (2,)]),
    ("CTCLoss", {}, [(9, 2, 5), None], [(9, 2, 5), (2, -1)]),
    (
        "CTCLoss",
        {"use_data_lengths": True, "use_label_lengths": True},
        [(9, 2, 5), (2, 4), None, None],
        [(9, 2, 5), (2, 4), (2,), (2,)],
    ),
    ("log_softmax", {"use_length": True}, [(5, 2, 3), None], [(5, 2, 3), (5, 2)]),
    ("pick", {"axis": None}, [(5, 2), None], [(5, 2), None]),
    ("Concat", {"dim": None}, [(5, 2), None], [(5, 2), None]),
    ("FullyConnected", {"num_hidden": 3}, [(2, -1, 4), None, None], [(2, -1, 4), (3, -1), (3,)]),
    (
        "_npx_deformable_convolution",
        {"kernel": (3, 3), "num_filter": 4},
        [(1, 4, 8, -1), None, None, None],
        [(1, 4, 8, -1), (1, 18, 6, -1), (4, 4, 3, 3), (4,)],
    ),
    ("UpSampling", {"scale": 2, "sample_type": "nearest", "num_args": 2}, [(1, 2, 3, 3), None], [(1, 2, 3, 3), None]),
]


@pytest.mark.parametrize("name, attributes, known, expected", FURTHER)
def test_shapes_follow_further(name: str, attributes: dict[str, Any], known: Shapes, expected: Shapes) -> None:
    op = find(name)
    assert op.complete_shapes(known, op.canonical(attributes)) == expected


def test_known_shapes_stay() -> None:
    # What does not fit is left for the body to refuse.
    known = [(2, 3, 8, 8), (5, 3, 1), (7,)]
    attributes = {"kernel": (3, 3), "num_filter": 4}
    assert find("Convolution").complete_shapes(known, attributes) == known
    for shape in ((), (2,)):
        completed = find("Convolution").complete_shapes([shape, None, None], attributes)
        assert completed == [shape, (4, -1, 3, 3), (4,)]


def test_dense_layers_complete_their_data_from_their_result() -> None:
    # A state that begins as zeros of shape (0, n) gets its batch size so.
    op = find("FullyConnected")
    assert op.complete_shapes([(-1, 4), None, None], {"num_hidden": 3}, [(2, 3)]) == [(2, 4), (3, 4), (3,)]
    assert op.complete_shapes([None, None], {"num_hidden": 3, "no_bias": True}, [(2, 3)]) == [None, None]
    assert op.complete_shapes([None, None], {"num_hidden": 3, "flatten": False}, [(2, 5, 3)])[0] == (2, 5, -1)
    assert op.complete_shapes([(-1, 4), None], {"num_hidden": 3}, [None]) == [(-1, 4), (3, 4)]


def completed_by_parameters() -> list[Any]:
    return [row for row in TABLE["shapes"] if all(row[3]) and -1 not in sum(row[3], [])]


@pytest.mark.parametrize("name, attributes, known, expected", completed_by_parameters())
def test_bodies_take_the_completed_shapes(
    name: str, attributes: dict[str, Any], known: list[Any], expected: list[Any]
) -> None:
    op = find(name)
    result = op(*[torch.empty(shape, device="meta") for shape in tuples(expected)], **attributes)
    assert result.is_meta


def test_every_rule_leaves_unknown_shapes_alone() -> None:
    for op in set(CATALOGUE.values()):
        unknown = [None] * (2 if op.variadic else len(op.inputs))
        required = {name: None for name, attribute in op.attributes.items() if attribute.required}
        assert op.complete_shapes(unknown, required) == unknown
