"""Five training steps end where genuine MXNet's do: one small net of each zoo family, and every optimizer."""

import numpy as onp
import pytest
from references import load

import fill_rule  # isort: skip  (found through `references`)
import make_training  # isort: skip

RECORD = load("training.json")


def check(result, expected, rtol):
    """Compare losses, and mean, deviation and first values of each parameter against the size of its values."""
    onp.testing.assert_allclose(result["losses"], expected["losses"], rtol=rtol)
    assert list(result["parameters"]) == list(expected["parameters"])
    for name, numbers in expected["parameters"].items():
        size = abs(numbers[0]) + numbers[1]
        onp.testing.assert_allclose(result["parameters"][name], numbers, rtol=rtol, atol=rtol * size, err_msg=name)


def statistics_of_the_images(shape):
    """Mean and variance that a BatchNorm on the images themselves has gathered after the steps."""
    mean, variance = (fill_rule.parameter(f"features.0.running_{kind}", shape[1:2]) for kind in ("mean", "var"))
    for step in range(make_training.STEPS):
        images = fill_rule.images(shape, f"step {step}").astype(onp.float64)
        mean = 0.9 * mean + 0.1 * images.mean(axis=(0, 2, 3))
        variance = 0.9 * variance + 0.1 * images.var(axis=(0, 2, 3))
    return {"features.0.running_mean": mean, "features.0.running_var": variance}


@pytest.mark.parametrize("hybridize", [False, True], ids=["eager", "hybridized"])
@pytest.mark.parametrize("family", make_training.FAMILIES)
def test_family(family, hybridize):
    expected = RECORD["families"][family]
    if family.startswith("resnet") and family.endswith("v2"):
        # MXNet's CPU kernels update running statistics in the backward pass. The first BatchNorm of version 2, with
        # neither parameters nor an input to differentiate, has none; on a GPU and here the forward pass updates.
        gathered = statistics_of_the_images(make_training.FAMILIES[family][1])
        numbers = {name: make_training.describe(values) for name, values in gathered.items()}
        expected = {**expected, "parameters": {**expected["parameters"], **numbers}}
    check(make_training.train_family(family, hybridize), expected, rtol=1e-6)


@pytest.mark.parametrize("case", make_training.OPTIMIZERS)
def test_optimizer(case):
    check(make_training.train_optimizer(case), RECORD["optimizers"][case], rtol=1e-4)
