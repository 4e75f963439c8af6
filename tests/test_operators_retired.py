"""Operators that old graphs may hold, compared with genuine MXNet 1.9.1, and the names they have there."""

from typing import Any

import numpy as onp
import pytest
import torch
from expression_table import check_row, rows

from mxnet.operators import CATALOGUE, find
from mxnet.operators.catalogue import add_names

# What 1.9.1's eager face refuses to run, and what only sparse arrays have there.
TESTED_BELOW = {"BatchNorm_v1", "IdentityAttachKLSparseReg", "_square_sum", "_zeros_without_dtype"}


@pytest.mark.parametrize("name, expression, expected", rows("retired.json"))
def test_agrees_with_genuine(name: str, expression: str, expected: dict[str, Any]) -> None:
    check_row(name, expression, expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_v1_returns_the_variance(training: bool) -> None:
    data = torch.linspace(-1, 2, 24).reshape(2, 3, 4)
    gamma, beta = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 0.0, -1.0])
    mean, var = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([1.0, 2.0, 0.5])
    used = (data.mean((0, 2)), data.var((0, 2), correction=0)) if training else (mean.clone(), var.clone())
    expected = (data - used[0].view(3, 1)) / (used[1].view(3, 1) + 0.01).sqrt() * gamma.view(3, 1) + beta.view(3, 1)
    result = find("BatchNorm_v1").body(
        data, gamma, beta, mean, var, eps=0.01, fix_gamma=False, output_mean_var=True, training=training
    )
    for found, wanted in zip(result, (expected, *used), strict=True):
        torch.testing.assert_close(found, wanted)


def test_sparsity_is_asked_for_in_training_only() -> None:
    # Recorded from genuine MXNet 1.9.1.
    data = torch.tensor([[0.1, 0.5], [0.3, 0.6], [0.2, 0.9]], requires_grad=True)
    average = torch.tensor([0.3, 0.4])
    op, attributes = find("IdentityAttachKLSparseReg"), {"sparseness_target": 0.2, "penalty": 0.01, "momentum": 0.8}
    assert op.body(data, average, **attributes) is data
    op.body(data, average, **attributes, training=True).sum().backward()
    torch.testing.assert_close(average, torch.tensor([0.28, 0.45333335]))
    torch.testing.assert_close(data.grad, torch.tensor([[1.0039682, 1.0102224]] * 3))


def test_sums_of_squares() -> None:
    values = torch.arange(6.0).reshape(2, 3)
    onp.testing.assert_array_equal(find("_square_sum")(values, axis=1, keepdims=True), [[5], [50]])
    assert find("_square_sum")(values).tolist() == [55]
    assert find("multi_sum_sq")(values, values, num_arrays=2, scale=2).tolist() == [220, 220]


def test_zeros_without_a_type_are_float32() -> None:
    made = find("_zeros_without_dtype")(shape="(2, 3)", dtype="-1")
    assert (made.dtype, made.tolist()) == (torch.float32, [[0] * 3] * 2)


def test_a_further_name_must_be_free() -> None:
    with pytest.raises(ValueError, match="'exp' is taken by <Operator exp"):
        add_names("log", "exp")
    assert find("_sparse_exp") is CATALOGUE["exp"]
    assert "_sparse_exp" in find("exp").aliases
