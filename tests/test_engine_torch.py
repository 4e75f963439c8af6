"""The reference engine: a graph's function does what the operators' bodies do, bit by bit."""

from typing import Any

import pytest
import torch
from recorded_calls import Call, recorded

from mxnet import _generators
from mxnet.base import DynamicShape
from mxnet.engines._torch import Compiled, compile_graph
from mxnet.operators import find
from mxnet.symbol._graph import Node

# torch refuses these gradients itself.
NO_GRADIENT = {"_npi_bincount", "_npi_pinv", "_npi_unique"}


def operand(call: Call, place: int) -> str:
    names = call.op.inputs
    return names[0] if call.op.variadic else names[place]


def arguments(call: Call, differentiable: bool) -> list[Any]:
    """Inputs of a call anew, with or without gradients; states have none."""
    given = []
    for place, value in enumerate(call.inputs):
        if value is not None:
            marked = differentiable and value.is_floating_point() and operand(call, place) not in call.op.mutates
            value = value.clone().requires_grad_(marked)
        given.append(value)
    return given


def compiled(call: Call, attributes: dict[str, Any], given: list[Any], results: int, training: bool) -> Compiled:
    """The call as a graph of one operator."""
    variables = [None if value is None else Node(None, f"input{place}") for place, value in enumerate(given)]
    node = Node(call.op, "call", attributes, [None if variable is None else (variable, 0) for variable in variables])
    tensors = [value for value in given if value is not None]
    examples = [torch.empty_like(each, device="meta").requires_grad_(each.requires_grad) for each in tensors]
    there = [variable for variable in variables if variable is not None]
    return compile_graph([(node, number) for number in range(results)], there, examples, training)


def outcome(function: Any, given: list[Any]) -> dict[str, Any]:
    """Results, gradients, written inputs and the state of the random generators afterwards."""
    before = _generators.get_state()
    found = function()
    results = [found] if isinstance(found, torch.Tensor) else list(found)
    leaves = [value for value in given if value is not None and value.requires_grad]
    heads = [result for result in results if result.requires_grad]
    gradients: Any = []
    if heads and leaves:
        weights = [torch.cos(torch.arange(head.numel())).reshape(head.shape).to(head.dtype) for head in heads]
        gradients = torch.autograd.grad(heads, leaves, weights, allow_unused=True)
    after = _generators.get_state()
    _generators.set_state(before)
    return {
        "results": [result.detach() for result in results],
        "gradients": list(gradients),
        "differentiable": [torch.tensor(result.requires_grad) for result in results],
        "inputs": [value.detach() for value in given if value is not None],
        "drawn": list(after.values()),
    }


def equal(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    if one is None or other is None:
        return one is other
    if one.dtype is not other.dtype or one.shape != other.shape:
        return False
    return torch.equal(one, other) or bool(torch.isclose(one, other, rtol=0, atol=0, equal_nan=True).all())


def differences(call: Call, training: bool, differentiable: bool) -> list[str]:
    """What a graph of one operator does otherwise than the operator's body."""
    attributes = {name: value for name, value in call.attributes.items() if name != "training"}
    mode = {"training": training} if call.op.modal else {}
    given, copied = arguments(call, differentiable), arguments(call, differentiable)
    expected = outcome(lambda: call.op.body(*given, **attributes, **mode), given)
    program = compiled(call, attributes, copied, len(expected["results"]), training)
    found = outcome(lambda: program.function(*[value for value in copied if value is not None]), copied)
    wrong = [
        key
        for key in expected
        if len(found[key]) != len(expected[key]) or not all(map(equal, found[key], expected[key]))
    ]
    # Zero gradients are due where the result has lost the gradient of an input.
    marked = any(value is not None and value.requires_grad for value in copied)
    for origin, has_gradient in zip(program.origins, found["differentiable"], strict=True):
        if bool(origin.ended) is not (marked and not has_gradient):
            wrong.append("ended")
    return wrong


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    return recorded()


@pytest.mark.parametrize("differentiable", [False, True])
def test_a_graph_of_one_operator_does_what_the_operator_does(calls: list[Call], differentiable: bool) -> None:
    wrong, dynamic = {}, set()
    for call in calls:
        if differentiable and call.op.name in NO_GRADIENT:
            continue
        for training in (False, True) if call.op.modal else (False,):
            try:
                found = differences(call, training, differentiable)
            except DynamicShape:
                dynamic.add(call.op.name)
                continue
            if found:
                wrong[str(call)] = found
    assert not wrong
    assert dynamic <= {name for name in dynamic if find(name).dynamic} | {"_npi_delete"}


FREQUENT = {
    "Activation": {"act_type": "relu"},
    "BatchNorm": {"fix_gamma": False},
    "Concat": {"dim": 0},
    "Convolution": {"kernel": (3, 3), "num_filter": 1},
    "Embedding": {"input_dim": 5, "output_dim": 2},
    "FullyConnected": {"num_hidden": 2},
    "LayerNorm": {},
    "Pooling": {"kernel": (2, 2)},
    "_npi_add": {},
    "_npi_multiply_scalar": {"scalar": 2.0},
    "softmax": {},
}


@pytest.mark.parametrize("name", FREQUENT)
def test_frequent_operators_are_written_as_torch_calls(name: str) -> None:
    op = find(name)
    first = (4,) if name == "Embedding" else (1, 1, 8, 8)
    shapes = {"Convolution": [first, (1, 1, 3, 3), (1,)], "Concat": [first, first], "_npi_add": [first, first]}
    names = op.expected_inputs(op.canonical(FREQUENT[name]))
    known = shapes.get(name) or op.complete_shapes([first, *[None] * (len(names) - 1)], FREQUENT[name])
    tensors = tuple([torch.ones(shape) for shape in known])
    call = Call(op, tensors, FREQUENT[name])
    for training in (False, True):
        assert "mxnet" not in compiled(call, FREQUENT[name], list(tensors), 1, training).source


def test_a_call_that_returns_its_input_without_values_is_still_called() -> None:
    image = Node(None, "image")
    light = Node(find("_image_random_lighting"), "light", {"alpha_std": 0.5}, [(image, 0)])
    program = compile_graph([(light, 0), (image, 0)], [image], [torch.empty(4, 5, 3, device="meta")], False)
    given = torch.rand(4, 5, 3)
    lit_image, same = program.function(given)
    assert same is given
    assert not torch.equal(lit_image, given)
