"""Forms of results without values, found faster, are those that torch finds."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from recorded_calls import recorded

from mxnet.operators._forms import Forms


def forms(result: Any) -> list[Any]:
    results = [result] if isinstance(result, torch.Tensor) else list(result)
    return [(each.shape, each.dtype, each.device.type, each.requires_grad, each.is_contiguous()) for each in results]


def outcome(function: Any) -> Any:
    try:
        return forms(function())
    except RuntimeError as error:  # DynamicShape, or a gradient that torch refuses
        return type(error)


def test_bodies_of_all_operators() -> None:
    wrong = set()
    for call in recorded():
        for gradients in (False, True):
            given = [each if each is None else each.to("meta") for each in call.inputs]
            if gradients:
                names = call.op.inputs * len(given) if call.op.variadic else call.op.inputs
                for name, each in zip(names, given, strict=False):
                    if each is not None and each.is_floating_point() and name not in call.op.mutates:
                        each.requires_grad_()
            for mode in ({"training": True}, {"training": False}) if call.op.modal else ({},):
                attributes = {**call.attributes, **mode}
                expected = outcome(lambda: call.op.body(*given, **attributes))  # noqa: B023
                with Forms():
                    found = outcome(lambda: call.op.body(*given, **attributes))  # noqa: B023
                if found != expected:
                    wrong.add(str(call))
    assert not wrong


def empty(*shape: int, gradient: bool = False, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="meta").requires_grad_(gradient)


HALF, INTEGER = torch.float16, torch.int64


@pytest.mark.parametrize(
    "function",
    [
        lambda: torch.relu(empty(2, 3, gradient=True)),
        lambda: torch.add(empty(2, 3), empty(2, 3, gradient=True)),
        lambda: torch.add(empty(2, 3), empty(3, gradient=True)),
        lambda: torch.add(empty(2, 3), empty(2, 3, dtype=HALF)),
        lambda: empty(2, 3, dtype=INTEGER) * 2.5,
        lambda: empty(2, 3).t() * 2,
        lambda: torch.exp(empty(2, dtype=INTEGER)),
        lambda: torch.cat([empty(2, 3), empty(2, 1, gradient=True), empty(2, 0)], 1),
        lambda: torch.cat([empty(2, 3), empty(2, 1, dtype=HALF)], -1),
        lambda: torch.cat([empty(0), empty(2, 3)]),
        lambda: F.linear(empty(2, 3), empty(4, 3), empty(4, gradient=True)),
        lambda: F.linear(empty(5, 2, 3), empty(4, 3, gradient=True)),
        lambda: F.linear(empty(3), empty(4, 3), empty(4)),
        lambda: empty(2, 3, 4).mean((0, -1), True),
        lambda: torch.mean(empty(2, 3, 4, gradient=True), 1),
        lambda: empty(2, 3).mean(),
        lambda: F.adaptive_avg_pool2d(empty(2, 3, 4, 5), 1),
        lambda: F.adaptive_avg_pool2d(empty(2, 3, 4, 5), (1, 1)),
        lambda: F.adaptive_avg_pool2d(empty(2, 3, 4, 5), (2, 1)),
        lambda: F.adaptive_avg_pool2d(empty(3, 4, 5), 1),
        lambda: torch.batch_norm(
            empty(2, 3), empty(3, gradient=True), empty(3), empty(3), empty(3), False, 0, 1, False
        ),
        lambda: torch.native_batch_norm(empty(2, 3, gradient=True), empty(3), empty(3), None, None, True, 0, 1),
        lambda: torch.native_batch_norm(empty(2, 3, dtype=HALF), empty(3), empty(3), None, None, True, 0, 1),
        lambda: torch.softmax(empty(2, 3, gradient=True), 1, HALF),
        lambda: torch.softmax(empty(2, 3), 1),
        lambda: empty(3).lerp_(empty(3), 0.5),
        lambda: torch.clamp(empty(3, gradient=True), None, 6.0),
        lambda: torch.clamp(empty(2, 3), empty(3), None),
    ],
)
def test_functions(function: Any) -> None:
    with Forms():
        found = forms(function())
    assert found == forms(function())


@pytest.mark.parametrize(
    "function",
    [
        lambda: torch.cat([empty(2, 3), empty(3, 3)], 1),
        lambda: torch.cat([empty(2, 3)], 2),
        lambda: F.linear(empty(2, 3), empty(4, 2)),
        lambda: F.linear(empty(2, 3), empty(4, 3), empty(5)),
        lambda: torch.add(empty(2, 3), empty(2, 4)),
        lambda: empty(2, 3).mean(2),
        lambda: torch.clamp(empty(3), None, None),
    ],
)
def test_refusals(function: Any) -> None:
    for mode in (Forms(), torch.enable_grad()):
        with mode, pytest.raises((RuntimeError, IndexError, ValueError)):
            function()
