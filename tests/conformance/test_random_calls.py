"""Functions on arrays of random shapes: values and gradients side by side with genuine MXNet 2.0.0b1."""

import pytest
from expression_table import check_row

import random_calls  # isort: skip  (of genuine/, found through conftest)


@pytest.fixture(scope="module")
def results(run_genuine):
    return run_genuine("2.0.0b1", "random_calls.py").values


@pytest.mark.parametrize(("name", "expression"), random_calls.rows(), ids=lambda text: text.replace(" ", ""))
def test_call_agrees(results, name, expression):
    expected = results[expression]
    assert "out" in expected
    check_row(name, expression, expected, rtol=2e-4, atol=2e-5)


def test_most_calls_have_gradients_to_compare(results):
    assert sum("grad" in result for result in results.values()) > 0.8 * len(results)
